//! Characters, names and references: XML 1.0 (fifth edition), productions 2, 4, 5, 66 and 68.

use std::borrow::Cow;

use crate::EditError;

/// What separates tokens: production 3.
pub(crate) const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// The blanks that a text begins with, up to the end of the line. A lone `\r` ends none, as for editors.
pub(crate) fn leading_blanks(text: &str) -> &str {
    let rest = text.trim_start_matches(BLANKS);
    let blanks = text.strip_suffix(rest).unwrap_or_default();
    match blanks.split_once('\n') {
        Some((line, _)) => line.strip_suffix('\r').unwrap_or(line),
        None => blanks,
    }
}

pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| BLANKS.contains(&c))
}

/// Whether a document can hold the character, be it as itself or as a reference.
pub(crate) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

pub(crate) fn is_name_start(c: char) -> bool {
    matches!(c,
        ':' | '_' | 'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

pub(crate) fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(is_name_start) && text.chars().all(is_name_char)
}

/// The character that the inside of `&...;` stands for. `None` if it is no predefined entity and no reference to a
/// character that a document can hold.
pub(crate) fn resolve(reference: &str) -> Option<char> {
    let digits = |text: &str, radix: u32| {
        // `from_str_radix` would take a sign.
        let plain = text.chars().all(|c| c.is_digit(radix));
        let number = u32::from_str_radix(text, radix).ok().filter(|_| plain)?;
        char::from_u32(number).filter(|&c| is_char(c))
    };
    match reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match reference.strip_prefix("#x") {
            Some(hex) => digits(hex, 16),
            None => digits(reference.strip_prefix('#')?, 10),
        },
    }
}

/// The first reference that stands for nothing: the text before it and the reference, up to its end or 40 characters.
pub(crate) fn bad_reference(raw: &str) -> Option<(&str, &str)> {
    let mut from = raw;
    while let Some((_, after)) = from.split_once('&') {
        match after.split_once(';') {
            Some((inside, rest)) if resolve(inside).is_some() => from = rest,
            _ => {
                let start = raw.len().saturating_sub(after.len()).saturating_sub(1);
                let (before, reference) = raw.split_at_checked(start)?;
                let name = after.chars().take_while(|&c| is_name_char(c) || c == '#');
                let end = name.take(40).map(char::len_utf8).sum::<usize>();
                let end = end.saturating_add(1);
                let semicolon = reference
                    .get(end..)
                    .is_some_and(|rest| rest.starts_with(';'));
                let end = end.saturating_add(usize::from(semicolon));
                return Some((before, reference.get(..end)?));
            }
        }
    }
    None
}

/// What raw text means: references replaced and line ends made `\n` (XML 1.0, 2.11).
pub(crate) fn unescape_text(raw: &str) -> Cow<'_, str> {
    if raw.contains(['&', '\r']) {
        Cow::Owned(resolve_all(&line_ends(raw)))
    } else {
        Cow::Borrowed(raw)
    }
}

/// What a raw attribute value means: blanks are spaces as well (XML 1.0, 3.3.3).
pub(crate) fn unescape_attribute(raw: &str) -> Cow<'_, str> {
    if raw.contains(['&', '\r', '\n', '\t']) {
        Cow::Owned(resolve_all(&line_ends(raw).replace(['\n', '\t'], " ")))
    } else {
        Cow::Borrowed(raw)
    }
}

pub(crate) fn line_ends(raw: &str) -> Cow<'_, str> {
    if raw.contains('\r') {
        Cow::Owned(raw.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(raw)
    }
}

fn resolve_all(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        rest = after;
        if let Some((inside, behind)) = after.split_once(';')
            && let Some(c) = resolve(inside)
        {
            text.push(c);
            rest = behind;
        } else {
            text.push('&');
        }
    }
    text.push_str(rest);
    text
}

/// Text as it is written between tags.
pub(crate) fn escape_text(text: &str) -> Result<String, EditError> {
    escape(text, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '\r' => Some("&#13;"),
        _ => None,
    })
}

/// A value as it is written between two `quote`s. Tabs and line ends would be read back as spaces, so they become
/// references.
pub(crate) fn escape_attribute(value: &str, quote: char) -> Result<String, EditError> {
    escape(value, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' if quote == '"' => Some("&quot;"),
        '\'' if quote == '\'' => Some("&apos;"),
        '\t' => Some("&#9;"),
        '\n' => Some("&#10;"),
        '\r' => Some("&#13;"),
        _ => None,
    })
}

fn escape(
    text: &str,
    reference: impl Fn(char) -> Option<&'static str>,
) -> Result<String, EditError> {
    check_chars(text)?;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match reference(c) {
            Some(reference) => out.push_str(reference),
            None => out.push(c),
        }
    }
    Ok(out)
}

pub(crate) fn check_chars(text: &str) -> Result<(), EditError> {
    match text.chars().find(|&c| !is_char(c)) {
        Some(found) => Err(EditError::Character {
            found,
            text: shown(text),
        }),
        None => Ok(()),
    }
}

pub(crate) fn check_name(name: &str) -> Result<(), EditError> {
    if is_name(name) {
        Ok(())
    } else {
        Err(EditError::Name { name: shown(name) })
    }
}

/// The start of a text that goes into a message.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut start: String = text.chars().take(LONGEST).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}
