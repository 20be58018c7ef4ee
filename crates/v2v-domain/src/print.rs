//! Tree -> text, laid out as `virsh dumpxml` does.

use crate::element::{Element, Node, is_char, is_name};
use crate::error::WriteError;
use crate::parse::{DEEPEST, instruction_target};

/// Two spaces a level, single quotes, `<a/>` for an empty element, a line feed at the end.
///
/// An element with text keeps all its children on one line, because white space would become part of the text.
pub(crate) fn print(root: &Element) -> Result<String, WriteError> {
    let mut printer = Printer {
        out: String::new(),
        path: Vec::new(),
    };
    printer.element(root, true)?;
    printer.out.push('\n');
    Ok(printer.out)
}

struct Printer<'a> {
    out: String,
    path: Vec<&'a str>,
}

impl<'a> Printer<'a> {
    fn element(&mut self, element: &'a Element, lines: bool) -> Result<(), WriteError> {
        self.path.push(&element.name);
        if self.path.len() > DEEPEST {
            let place = self.place("");
            return Err(WriteError::TooDeep {
                place,
                limit: DEEPEST,
            });
        }
        self.name(&element.name)?;
        self.out.push('<');
        self.out.push_str(&element.name);
        self.attributes(element)?;
        let empty = |node: &Node| matches!(node, Node::Text(text) if text.is_empty());
        if element.children.iter().all(empty) {
            self.out.push_str("/>");
        } else {
            self.out.push('>');
            self.children(element, lines)?;
            self.out.push_str("</");
            self.out.push_str(&element.name);
            self.out.push('>');
        }
        self.path.pop();
        Ok(())
    }

    fn attributes(&mut self, element: &Element) -> Result<(), WriteError> {
        let mut before: Vec<&str> = Vec::new();
        for attribute in &element.attributes {
            self.name(&attribute.name)?;
            if before.contains(&attribute.name.as_str()) {
                let (place, name) = (self.place(""), attribute.name.clone());
                return Err(WriteError::Duplicate { place, name });
            }
            before.push(&attribute.name);
            self.out.push(' ');
            self.out.push_str(&attribute.name);
            self.out.push_str("='");
            self.characters(&attribute.value, Some(&attribute.name))?;
            self.out.push('\'');
        }
        Ok(())
    }

    fn children(&mut self, element: &'a Element, lines: bool) -> Result<(), WriteError> {
        let mixed = element.children.iter().any(|node| node.as_text().is_some());
        let lines = lines && !mixed;
        for node in &element.children {
            if lines {
                self.line(self.path.len());
            }
            self.node(node, lines)?;
        }
        if lines {
            self.line(self.path.len().saturating_sub(1));
        }
        Ok(())
    }

    fn line(&mut self, level: usize) {
        self.out.push('\n');
        (0..level).for_each(|_| self.out.push_str("  "));
    }

    fn node(&mut self, node: &'a Node, lines: bool) -> Result<(), WriteError> {
        match node {
            Node::Element(element) => self.element(element, lines),
            Node::Text(text) => self.characters(text, None),
            Node::CData(text) => self.delimited("<![CDATA[", text, "]]>", "a CDATA section"),
            Node::Comment(text) if text.contains("--") || text.ends_with('-') => {
                Err(self.delimiter("a comment", "--"))
            }
            Node::Comment(text) => self.delimited("<!--", text, "-->", "a comment"),
            Node::Instruction(text) => {
                let target = instruction_target(text);
                self.name(target)?;
                if target.eq_ignore_ascii_case("xml") {
                    return Err(self.delimiter("a processing instruction", "xml"));
                }
                self.delimited("<?", text, "?>", "a processing instruction")
            }
        }
    }

    fn delimited(
        &mut self,
        open: &str,
        text: &str,
        close: &'static str,
        what: &'static str,
    ) -> Result<(), WriteError> {
        if text.contains(close) {
            return Err(self.delimiter(what, close));
        }
        // A carriage return would be read back as a line feed, and references do not work in here.
        if let Some(c) = text.chars().find(|c| !is_char(*c) || *c == '\r') {
            return Err(self.unwritable(c, None));
        }
        self.out.push_str(open);
        self.out.push_str(text);
        self.out.push_str(close);
        Ok(())
    }

    /// Escapes as libvirt does; white space that reading would change becomes a reference.
    fn characters(&mut self, text: &str, attribute: Option<&str>) -> Result<(), WriteError> {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '\'' if attribute.is_some() => self.out.push_str("&apos;"),
                '"' if attribute.is_some() => self.out.push_str("&quot;"),
                '\n' if attribute.is_some() => self.out.push_str("&#10;"),
                '\t' if attribute.is_some() => self.out.push_str("&#9;"),
                '\r' => self.out.push_str("&#13;"),
                c if is_char(c) => self.out.push(c),
                c => return Err(self.unwritable(c, attribute)),
            }
        }
        Ok(())
    }

    fn name(&self, name: &str) -> Result<(), WriteError> {
        if is_name(name) {
            return Ok(());
        }
        let (place, name) = (self.place(""), name.to_owned());
        Err(WriteError::Name { place, name })
    }

    fn unwritable(&self, c: char, attribute: Option<&str>) -> WriteError {
        let place = match attribute {
            Some(name) => self.place(&format!("/@{name}")),
            None => self.place(""),
        };
        let code = u32::from(c);
        WriteError::Character { place, code }
    }

    fn delimiter(&self, what: &'static str, found: &'static str) -> WriteError {
        let place = self.place("");
        WriteError::Delimiter { place, what, found }
    }

    fn place(&self, tail: &str) -> String {
        format!("/{}{tail}", self.path.join("/"))
    }
}
