//! Elements with text from outside.

use v2v_xml::NewElement;

/// What text from a configuration needs on its way into elements.
pub(super) trait Build: Sized {
    /// Sets an attribute to a text that may hold anything.
    fn set(self, name: &str, value: &str) -> Self;
    /// Sets the attribute if there is a value.
    fn set_if(self, name: &str, value: Option<&str>) -> Self;
    /// Adds children.
    fn put(self, children: impl IntoIterator<Item = NewElement>) -> Self;
}

impl Build for NewElement {
    fn set(self, name: &str, value: &str) -> Self {
        self.attribute(name, writable(value))
    }

    fn set_if(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    fn put(self, children: impl IntoIterator<Item = NewElement>) -> Self {
        children.into_iter().fold(self, NewElement::child)
    }
}

/// An element without content.
pub(super) fn element(name: &str) -> NewElement {
    NewElement::new(name)
}

/// An element with nothing but text.
pub(super) fn leaf(name: &str, text: &str) -> NewElement {
    NewElement::new(name).text(writable(text))
}

/// `text` with U+FFFD for characters that XML 1.0 has no way to hold.
fn writable(text: &str) -> String {
    let replace = |c| {
        if is_writable(c) {
            c
        } else {
            char::REPLACEMENT_CHARACTER
        }
    };
    text.chars().map(replace).collect()
}

/// XML 1.0, production 2.
pub(super) fn is_writable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
