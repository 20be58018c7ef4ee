//! `|XX`: one byte in two hexadecimal digits.
//!
//! The dictionary code of open-vm-tools (`lib/misc/escape.c`) writes control characters, the quote, the pipe and `#` this
//! way; bytes of other encodings it leaves as they are.

use std::borrow::Cow;

use encoding_rs::Encoding;

/// A decoded value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unescaped<'a> {
    pub(super) text: Cow<'a, str>,
    /// What follows the first pipe without two digits, the pipe included.
    pub(super) stray: Option<&'a str>,
    /// A run of escaped bytes means nothing in the encoding.
    pub(super) undecodable: bool,
}

/// Replaces `|XX` in text that is decoded already.
///
/// Neighbouring escapes are one run of bytes, so that a character of several bytes can be escaped as a whole.
pub(super) fn unescape<'a>(text: &'a str, encoding: &'static Encoding) -> Unescaped<'a> {
    if !text.contains('|') {
        return Unescaped {
            text: Cow::Borrowed(text),
            stray: None,
            undecodable: false,
        };
    }
    let mut out = String::with_capacity(text.len());
    let mut run = Vec::new();
    let mut stray = None;
    let mut undecodable = false;
    let mut rest = text;
    while let Some((before, from_pipe)) = rest.find('|').and_then(|at| rest.split_at_checked(at)) {
        if !before.is_empty() {
            undecodable |= flush(&mut run, encoding, &mut out);
            out.push_str(before);
        }
        let after = from_pipe.get(1..).unwrap_or_default();
        if let Some((byte, left)) = hex_byte(after) {
            run.push(byte);
            rest = left;
        } else {
            undecodable |= flush(&mut run, encoding, &mut out);
            stray = stray.or(Some(from_pipe));
            out.push('|');
            rest = after;
        }
    }
    undecodable |= flush(&mut run, encoding, &mut out);
    out.push_str(rest);
    Unescaped {
        text: Cow::Owned(out),
        stray,
        undecodable,
    }
}

/// The byte in the first two characters, and what follows.
fn hex_byte(text: &str) -> Option<(u8, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let byte = u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    Some((byte, rest))
}

/// Appends the bytes of `run`; true if they are no text.
fn flush(run: &mut Vec<u8>, encoding: &'static Encoding, out: &mut String) -> bool {
    let (text, wrong) = encoding.decode_without_bom_handling(run);
    out.push_str(&text);
    run.clear();
    wrong
}

/// The text between the quotes for `value`, not yet encoded.
pub(super) fn escape(value: &str) -> Cow<'_, str> {
    let special = |c: char| c.is_ascii_control() || matches!(c, '"' | '|' | '#');
    if !value.contains(special) {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len().saturating_add(16));
    for c in value.chars() {
        if special(c) {
            out.push_str(&format!("|{:02X}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use encoding_rs::{GBK, UTF_8};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes() {
        for (written, meant) in [
            ("a|0Ab", "a\nb"),
            ("|22q|22", "\"q\""),
            ("|7C|7c", "||"),
            ("|7C0A", "|0A"),
            ("|23", "#"),
            ("|c3|a9", "é"),
        ] {
            let read = unescape(written, UTF_8);
            assert_eq!(read.text, meant);
            assert_eq!((read.stray, read.undecodable), (None, false), "{written}");
        }
        assert_eq!(unescape("|CE|BB", GBK).text, "位");
    }

    #[test]
    fn stray_pipes_stay() {
        for (written, stray) in [
            ("a|", "|"),
            ("a|0", "|0"),
            ("a|0Gb", "|0Gb"),
            ("|+1", "|+1"),
            ("||0A", "||0A"),
            ("|0é", "|0é"),
            ("|位", "|位"),
        ] {
            let read = unescape(written, UTF_8);
            assert_eq!(read.stray, Some(stray), "{written}");
            let expected = if written == "||0A" { "|\n" } else { written };
            assert_eq!(read.text, expected);
        }
    }

    #[test]
    fn bytes_that_are_no_text() {
        let read = unescape("x|C3y|A9", UTF_8);
        assert_eq!(read.text, "x\u{fffd}y\u{fffd}");
        assert!(read.undecodable);
    }

    #[test]
    fn what_vmware_escapes() {
        assert_eq!(escape("plain 位 \\"), "plain 位 \\");
        assert_eq!(escape("a\"b|c#d\ne\x7f"), "a|22b|7Cc|23d|0Ae|7F");
    }

    proptest! {
        #[test]
        fn escaped_text_comes_back(text in any::<String>()) {
            let written = escape(&text);
            let read = unescape(&written, UTF_8);
            prop_assert_eq!(&*read.text, &*text);
            prop_assert_eq!(read.stray, None);
        }
    }
}
