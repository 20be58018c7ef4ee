//! Tokens. The rules are those of xl's lexer (`libxlu_cfg_l.l`) and, where it stops, of Python's.

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A key or, anywhere else, a variable.
    Name(&'a str),
    /// Begins with a digit.
    Number(&'a str),
    Text(Text),
    /// A string that the end of the line, or of the file, cuts off.
    OpenText,
    /// `=`
    Assign,
    /// `+=`
    Append,
    Semicolon,
    Comma,
    Open(u8),
    Close(u8),
    Newline,
    End,
    /// Any other byte.
    Other(u8),
}

/// A string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) value: String,
    pub(super) is_utf8: bool,
    /// The first escape that does not mean the same to xl and xm.
    pub(super) escape: Option<String>,
}

/// How much of a line goes into a message; lines may be as long as the file.
const LINE_SHOWN: usize = 400;

#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
    line_start: usize,
    /// Where the last token stood.
    token_at: usize,
    token_line: u64,
    token_line_start: usize,
    /// Where the token before that ended.
    before_end: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            line: 1,
            line_start: 0,
            token_at: 0,
            token_line: 1,
            token_line_start: 0,
            before_end: 0,
        }
    }

    /// The line of the last token.
    pub(super) fn token_line(&self) -> u64 {
        self.token_line
    }

    /// The start of the line the last token stands in, enough of it for a message.
    pub(super) fn token_line_text(&self) -> &'a [u8] {
        let rest = self.bytes.get(self.token_line_start..).unwrap_or_default();
        let rest = rest.get(..LINE_SHOWN).unwrap_or(rest);
        let end = rest
            .iter()
            .position(|&byte| byte == b'\n')
            .unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default().trim_ascii()
    }

    /// How many blanks stand before the last token, if it is the first of its line.
    pub(super) fn indent(&self) -> Option<usize> {
        let is_first = self.before_end <= self.token_line_start;
        is_first.then(|| self.token_at.saturating_sub(self.token_line_start))
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn advance(&mut self, count: usize) {
        let skipped = self.rest().get(..count).unwrap_or_else(|| self.rest());
        for (offset, byte) in skipped.iter().enumerate() {
            if *byte == b'\n' {
                self.line = self.line.saturating_add(1);
                self.line_start = self.at.saturating_add(offset).saturating_add(1);
            }
        }
        self.at = self.at.saturating_add(skipped.len());
    }

    fn advance_while(&mut self, belongs: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let length = rest
            .iter()
            .position(|&byte| !belongs(byte))
            .unwrap_or(rest.len());
        self.advance(length);
        rest.get(..length).unwrap_or_default()
    }

    /// Goes to the newline that ends the current line, without reading tokens.
    pub(super) fn skip_line(&mut self) {
        self.advance_while(|byte| byte != b'\n');
    }

    /// Blanks, comments, and line ends behind a backslash (Python).
    fn skip_blanks(&mut self) {
        loop {
            self.advance_while(is_blank);
            match self.rest() {
                [b'#', ..] => self.skip_line(),
                [b'\\', b'\n', ..] => self.advance(2),
                [b'\\', b'\r', b'\n', ..] => self.advance(3),
                _ => return,
            }
        }
    }

    pub(super) fn next(&mut self) -> Token<'a> {
        self.before_end = self.at;
        self.skip_blanks();
        self.token_at = self.at;
        self.token_line = self.line;
        self.token_line_start = self.line_start;
        let Some(byte) = self.peek() else {
            return Token::End;
        };
        match byte {
            b'"' | b'\'' => return self.text(byte),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => return Token::Name(self.word()),
            b'0'..=b'9' => return Token::Number(self.word()),
            _ => {}
        }
        if self.rest().starts_with(b"+=") {
            self.advance(2);
            return Token::Append;
        }
        // `==` and `!=` are operators.
        if self.rest().starts_with(b"==") {
            self.advance(2);
            return Token::Other(b'=');
        }
        self.advance(1);
        match byte {
            b'\n' => Token::Newline,
            b'=' => Token::Assign,
            b';' => Token::Semicolon,
            b',' => Token::Comma,
            b'[' | b'(' | b'{' => Token::Open(byte),
            b']' | b')' | b'}' => Token::Close(byte),
            _ => Token::Other(byte),
        }
    }

    fn word(&mut self) -> &'a str {
        let word = self.advance_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        std::str::from_utf8(word).unwrap_or_default()
    }

    /// A string in one or three quotes; the latter go over several lines.
    fn text(&mut self, quote: u8) -> Token<'a> {
        let triple = [quote; 3];
        let is_triple = self.rest().starts_with(&triple);
        let end = if is_triple {
            &triple[..]
        } else {
            triple.get(..1).unwrap_or_default()
        };
        self.advance(end.len());
        let mut raw = Vec::new();
        let mut escape = None;
        loop {
            let run = self.advance_while(|byte| {
                byte != quote && byte != b'\\' && (byte != b'\n' || is_triple)
            });
            raw.extend_from_slice(run);
            match self.peek() {
                Some(b'\\') => self.escape(&mut raw, &mut escape),
                Some(byte) if byte == quote && self.rest().starts_with(end) => {
                    self.advance(end.len());
                    return decode(raw, escape);
                }
                Some(byte) if byte == quote => {
                    raw.push(byte);
                    self.advance(1);
                }
                // The newline stays: it ends the statement.
                _ => return Token::OpenText,
            }
        }
    }

    /// Both programs know C's short escapes. Python also takes numbers, and lets anything else stand for itself.
    fn escape(&mut self, out: &mut Vec<u8>, odd: &mut Option<String>) {
        let rest = self.rest();
        let Some(&code) = rest.get(1) else {
            self.advance(1);
            return;
        };
        let short = match code {
            b'\\' | b'\'' | b'"' => Some(code),
            b'a' => Some(0x07),
            b'b' => Some(0x08),
            b'f' => Some(0x0c),
            b'n' => Some(b'\n'),
            b'r' => Some(b'\r'),
            b't' => Some(b'\t'),
            b'v' => Some(0x0b),
            _ => None,
        };
        if let Some(byte) = short {
            out.push(byte);
            self.advance(2);
            return;
        }
        let length = match (code, rest.get(2)) {
            (b'\n', _) => 2,
            (b'\r', Some(b'\n')) => 3,
            _ => {
                let (length, byte) = numeric(rest);
                odd.get_or_insert_with(|| {
                    super::problem::shown_bytes(rest.get(..length.max(2)).unwrap_or(rest))
                });
                match byte {
                    Some(byte) => out.push(byte),
                    None => out.push(b'\\'),
                }
                length
            }
        };
        self.advance(length);
    }
}

/// The length of `\x41` or `\101` and its byte; a backslash alone, and no byte, for anything else.
fn numeric(rest: &[u8]) -> (usize, Option<u8>) {
    let digits = |from: usize, radix: u32, most: usize| {
        let rest = rest.get(from..).unwrap_or_default();
        let digits = rest
            .iter()
            .take(most)
            .map_while(|&byte| char::from(byte).to_digit(radix));
        digits.fold((0_usize, 0_u32), |(count, sum), digit| {
            (
                count.saturating_add(1),
                sum.saturating_mul(radix).saturating_add(digit),
            )
        })
    };
    match rest.get(1) {
        Some(b'x') => match digits(2, 16, 2) {
            (2, byte) => (4, u8::try_from(byte).ok()),
            _ => (1, None),
        },
        Some(b'0'..=b'7') => {
            let (count, byte) = digits(1, 8, 3);
            // Python keeps the low byte of \400 and above.
            (count.saturating_add(1), u8::try_from(byte & 0xff).ok())
        }
        _ => (1, None),
    }
}

fn decode(raw: Vec<u8>, escape: Option<String>) -> Token<'static> {
    let (value, is_utf8) = match String::from_utf8(raw) {
        Ok(value) => (value, true),
        Err(error) => (
            String::from_utf8_lossy(error.as_bytes()).into_owned(),
            false,
        ),
    };
    Token::Text(Text {
        value,
        is_utf8,
        escape,
    })
}

/// A carriage return counts as one, so that lines may end as on Windows.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | 0x0c)
}
