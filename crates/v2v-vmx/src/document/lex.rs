//! One line of the dialect.
//!
//! Everything is found in the bytes. That is sound in each encoding [`v2v_encoding::lookup`] gives: the second byte of a
//! character may be `\` or `|`, but never a quote, a blank, `=`, `#` or the end of a line.

/// What a line is. Ranges are offsets into the line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lexed<'a> {
    Blank,
    Comment,
    Entry(RawEntry<'a>),
    Unreadable,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct RawEntry<'a> {
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) ending: Ending<'a>,
    /// What an edit replaces: the value with its quotes, and whatever makes the line unreadable for VMware.
    pub(super) token: (usize, usize),
}

/// How the value ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending<'a> {
    Quote,
    QuoteAndComment,
    QuoteAndText(&'a [u8]),
    NoClosingQuote,
    Unquoted,
}

/// A carriage return is a blank, so that CRLF needs no case of its own.
fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

fn trim_start(bytes: &[u8]) -> &[u8] {
    let blanks = bytes.iter().take_while(|byte| is_blank(byte)).count();
    bytes.get(blanks..).unwrap_or_default()
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let kept = bytes.iter().rposition(|byte| !is_blank(byte));
    let kept = kept.map_or(0, |last| last.saturating_add(1));
    bytes.get(..kept).unwrap_or_default()
}

/// Whether `key` can stand left of the `=`.
pub(super) fn is_key(key: &[u8]) -> bool {
    let wrong = |byte: &u8| byte.is_ascii_control() || matches!(byte, b' ' | b'"' | b'#' | b'=');
    !key.is_empty() && !key.iter().any(wrong)
}

/// Reads a line, with or without its end.
pub(super) fn lex(line: &[u8]) -> Lexed<'_> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let text = trim_start(line);
    match text.first() {
        None => return Lexed::Blank,
        Some(b'#') => return Lexed::Comment,
        Some(_) => {}
    }
    let Some(equals) = text.iter().position(|&byte| byte == b'=') else {
        return Lexed::Unreadable;
    };
    let (key, rest) = text.split_at(equals);
    let key = trim_end(key);
    if !is_key(key) {
        return Lexed::Unreadable;
    }
    let rest = rest.get(1..).unwrap_or_default();
    Lexed::Entry(value(line, key, rest))
}

/// Reads what stands right of the `=`.
fn value<'a>(line: &[u8], key: &'a [u8], rest: &'a [u8]) -> RawEntry<'a> {
    let text = trim_end(trim_start(rest));
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let value = unquoted(rest);
        // Without a value the token is empty and stands right behind the `=`.
        let blanks = match value {
            [] => 0,
            _ => rest.iter().take_while(|byte| is_blank(byte)).count(),
        };
        return RawEntry {
            key,
            value,
            ending: Ending::Unquoted,
            token: span(line, rest, blanks, value.len()),
        };
    };
    let blanks = rest.iter().take_while(|byte| is_blank(byte)).count();
    let Some(end) = quoted.iter().position(|&byte| byte == b'"') else {
        return RawEntry {
            key,
            value: quoted,
            ending: Ending::NoClosingQuote,
            token: span(line, rest, blanks, text.len()),
        };
    };
    let (value, after) = quoted.split_at(end);
    let after = after.get(1..).unwrap_or_default();
    let with_quotes = value.len().saturating_add(2);
    let (ending, length) = match trim_start(after) {
        [] => (Ending::Quote, with_quotes),
        [b'#', ..] => (Ending::QuoteAndComment, with_quotes),
        found => (Ending::QuoteAndText(found), text.len()),
    };
    RawEntry {
        key,
        value,
        ending,
        token: span(line, rest, blanks, length),
    }
}

/// Where `rest`'s bytes from `skip` on, `length` of them, are in `line`; `rest` is the end of `line`.
fn span(line: &[u8], rest: &[u8], skip: usize, length: usize) -> (usize, usize) {
    let start = line.len().saturating_sub(rest.len()).saturating_add(skip);
    (start, start.saturating_add(length))
}

/// Up to a `#` behind a blank, or to the end.
fn unquoted(rest: &[u8]) -> &[u8] {
    let mut after_blank = false;
    let comment = rest.iter().position(|byte| {
        let found = after_blank && *byte == b'#';
        after_blank = is_blank(byte);
        found
    });
    let value = rest.get(..comment.unwrap_or(rest.len()));
    trim_end(trim_start(value.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, value: &str, ending: Ending<'_>, token: &str) {
        let Lexed::Entry(entry) = lex(line.as_bytes()) else {
            panic!("{line:?} is no entry");
        };
        assert_eq!(entry.key, b"k", "{line:?}");
        assert_eq!(entry.value, value.as_bytes(), "{line:?}");
        assert_eq!(entry.ending, ending, "{line:?}");
        let (start, end) = entry.token;
        assert_eq!(&line[start..end], token, "{line:?}");
    }

    #[test]
    fn values() {
        check("k = \"v\"\n", "v", Ending::Quote, "\"v\"");
        check("k=\"v\"", "v", Ending::Quote, "\"v\"");
        check("\tk \t=  \" v \"  \r\n", " v ", Ending::Quote, "\" v \"");
        check("k = \"\"\r\n", "", Ending::Quote, "\"\"");
        check("k = \"a#b\"", "a#b", Ending::Quote, "\"a#b\"");
        check("k = \"a=b\"", "a=b", Ending::Quote, "\"a=b\"");
        check("k = \"v\"  # c", "v", Ending::QuoteAndComment, "\"v\"");
        check("k = \"v\"# c", "v", Ending::QuoteAndComment, "\"v\"");
        check(
            "k = \"v\" x \r\n",
            "v",
            Ending::QuoteAndText(b"x"),
            "\"v\" x",
        );
        check(
            "k = \"v\"w\"",
            "v",
            Ending::QuoteAndText(b"w\""),
            "\"v\"w\"",
        );
        check("k = \"v w \n", "v w", Ending::NoClosingQuote, "\"v w");
        check("k = \"", "", Ending::NoClosingQuote, "\"");
        check("k = v w \r\n", "v w", Ending::Unquoted, "v w");
        check("k = v#w # c", "v#w", Ending::Unquoted, "v#w");
        check("k = v\"w", "v\"w", Ending::Unquoted, "v\"w");
        check("k =", "", Ending::Unquoted, "");
        check("k = # c\n", "", Ending::Unquoted, "");
        check("k =#c", "#c", Ending::Unquoted, "#c");
    }

    #[test]
    fn other_lines() {
        for blank in ["", "\n", " \t\r\n"] {
            assert_eq!(lex(blank.as_bytes()), Lexed::Blank, "{blank:?}");
        }
        for comment in ["#", "  # x = \"y\"\r\n", "#!/usr/bin/vmware\n"] {
            assert_eq!(lex(comment.as_bytes()), Lexed::Comment, "{comment:?}");
        }
        for wrong in [
            "k",
            "= \"v\"",
            "a b = \"v\"",
            "k # = \"v\"",
            "\"k\" = \"v\"",
            "\x01 = v",
        ] {
            assert_eq!(lex(wrong.as_bytes()), Lexed::Unreadable, "{wrong:?}");
        }
    }
}
