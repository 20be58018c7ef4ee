//! From tokens to settings. Every token is read once: what is wrong is skipped forwards, never read again.

use std::collections::HashMap;

use super::lex::{Scanner, Text, Token};
use super::problem::{shown, shown_bytes};
use super::sniff::{UTF8_BOM, refuse_others};
use super::value::read_number;
use super::{Config, Entry, EntryId, Number, Operator, ParseOptions, Problem, ProblemKind, Value};
use crate::Error;

/// Words that begin a statement of Python.
const KEYWORDS: &[&str] = &[
    "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else",
    "except", "exec", "finally", "for", "from", "global", "if", "import", "lambda", "nonlocal",
    "pass", "print", "raise", "return", "try", "while", "with", "yield",
];

const SETTING: &str = "`key = value`";
const END: &str = "the end of the line, a comment or `;`";
const VALUE: &str = "a string in quotes, a number or a list";
const ITEM_END: &str = "`,` or `]`";

pub(super) fn parse(bytes: &[u8], options: &ParseOptions) -> Result<Config, Error> {
    refuse_others(bytes, options)?;
    let text = bytes.strip_prefix(UTF8_BOM).unwrap_or(bytes);
    let config = Config {
        entries: Vec::new(),
        by_key: HashMap::new(),
        problems: Vec::new(),
    };
    let mut parser = Parser {
        scanner: Scanner::new(text),
        options,
        config,
        items: 0,
        depth: 0,
        block: None,
    };
    while parser.statement()? {}
    let mut config = parser.config;
    config.problems.sort_by_key(|problem| problem.line);
    if config.entries.is_empty() {
        refuse_nothing(&config)?;
    }
    Ok(config)
}

/// No settings: half a list and code are worth a report, other texts are something else.
fn refuse_nothing(config: &Config) -> Result<(), Error> {
    let is_line = |problem: &&Problem| matches!(problem.kind, ProblemKind::UnreadableLine { .. });
    if config.problems.iter().any(|problem| !is_line(&problem)) {
        return Ok(());
    }
    Err(match config.problems.first() {
        Some(Problem {
            line,
            kind: ProblemKind::UnreadableLine { found, .. },
        }) => Error::NoEntries {
            line: *line,
            found: found.clone(),
        },
        _ => Error::Empty,
    })
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    options: &'a ParseOptions,
    config: Config,
    /// List items so far, in all lists.
    items: usize,
    /// Brackets of any kind that are open.
    depth: usize,
    /// The indentation of the code that the following, further indented lines belong to.
    block: Option<usize>,
}

/// Why a value was not read. The token that tells it has been taken from the scanner.
enum Trouble<'a> {
    Stop(Error),
    Code,
    Number(&'a str),
    OpenText,
    Unexpected(Token<'a>, &'static str),
    /// The next setting begins inside a list, with this name and operator.
    NextSetting(Setting<'a>),
}

impl From<Error> for Trouble<'_> {
    fn from(error: Error) -> Self {
        Self::Stop(error)
    }
}

/// The name and the operator of a setting, and its line.
type Setting<'a> = (&'a str, Operator, u64);

impl<'a> Parser<'a> {
    fn next(&mut self) -> Token<'a> {
        let token = self.scanner.next();
        match token {
            Token::Open(_) => self.depth = self.depth.saturating_add(1),
            Token::Close(_) => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        token
    }

    /// Reads one statement; `false` at the end of the file.
    fn statement(&mut self) -> Result<bool, Error> {
        self.depth = 0;
        let token = self.next();
        let line = self.scanner.token_line();
        if matches!(token, Token::Newline | Token::Semicolon) {
            return Ok(true);
        }
        if token == Token::End {
            return Ok(false);
        }
        if let (Some(block), Some(indent)) = (self.block, self.scanner.indent()) {
            if indent > block {
                let found = shown_bytes(self.scanner.token_line_text());
                self.problem(line, ProblemKind::Code { found })?;
                self.skip_statement(token);
                return Ok(true);
            }
            self.block = None;
        }
        match token {
            Token::Name(name) => self.named(name, line)?,
            token => self.unreadable(self.scanner.token_line_text(), &token, line)?,
        }
        Ok(true)
    }

    /// A statement that begins with a name.
    fn named(&mut self, name: &'a str, line: u64) -> Result<(), Error> {
        let text = self.scanner.token_line_text();
        let indent = self.scanner.indent();
        match self.next() {
            Token::Assign => self.assignment((name, Operator::Assign, line)),
            Token::Append => self.assignment((name, Operator::Append, line)),
            token => {
                // `exec "..."`, `f(x)`, `a.b = c`, `a, b = c`; but `install-method = x` is no code.
                let is_keyword = KEYWORDS.contains(&name);
                let is_code = is_keyword
                    || matches!(token, Token::Open(_) | Token::Comma | Token::Other(b'.'));
                if !is_code {
                    return self.unreadable(text, &token, line);
                }
                self.problem(
                    line,
                    ProblemKind::Code {
                        found: shown_bytes(text),
                    },
                )?;
                if self.skip_statement(token) && is_keyword {
                    self.block = indent;
                }
                Ok(())
            }
        }
    }

    /// What follows the equals sign. Settings that begin inside a half list are read here as well, one after the other.
    fn assignment(&mut self, setting: Setting<'a>) -> Result<(), Error> {
        let mut next = Some(setting);
        while let Some(setting) = next.take() {
            let (name, _, line) = setting;
            if name.len() > self.options.max_key_bytes {
                let (length, limit) = (name.len(), self.options.max_key_bytes);
                return Err(Error::KeyTooLong {
                    line,
                    length,
                    limit,
                });
            }
            self.depth = 0;
            let known = self.config.problems.len();
            let token = self.next();
            let is_list = token == Token::Open(b'[');
            let value = self.value(token, 0);
            let last_line = self.scanner.token_line();
            match value.and_then(|value| self.ended(value)) {
                Ok(value) => self.add(setting, last_line, value)?,
                Err(trouble) => {
                    // What was odd in a value nobody gets is no news.
                    self.config.problems.truncate(known);
                    next = match is_list {
                        true => self.give_up_list(name, line, trouble)?,
                        false => self.give_up(line, trouble).map(|()| None)?,
                    };
                }
            }
        }
        Ok(())
    }

    /// Nothing may follow a value in its line.
    fn ended(&mut self, value: Value) -> Result<Value, Trouble<'a>> {
        match self.next() {
            Token::Newline | Token::Semicolon | Token::End => Ok(value),
            token if joins(&token) => Err(Trouble::Code),
            token => Err(Trouble::Unexpected(token, END)),
        }
    }

    /// Reports a value that can't be read and goes to the end of its line.
    fn give_up(&mut self, line: u64, trouble: Trouble<'a>) -> Result<(), Error> {
        let found = shown_bytes(self.scanner.token_line_text());
        let kind = match trouble {
            Trouble::Stop(error) => return Err(error),
            Trouble::Code => ProblemKind::Code { found },
            Trouble::Number(text) => ProblemKind::Number { found: shown(text) },
            Trouble::OpenText => ProblemKind::OpenString { found },
            Trouble::Unexpected(token, expected) => {
                let found = shown_bytes(self.scanner.token_line_text());
                self.problem(line, ProblemKind::UnreadableLine { found, expected })?;
                if !matches!(token, Token::Newline | Token::End) {
                    self.scanner.skip_line();
                }
                return Ok(());
            }
            Trouble::NextSetting(_) => return Ok(()),
        };
        self.problem(line, kind)?;
        self.skip_brackets();
        Ok(())
    }

    /// Reports a list that can't be read and goes behind it, or to the setting that begins inside it.
    fn give_up_list(
        &mut self,
        key: &'a str,
        line: u64,
        trouble: Trouble<'a>,
    ) -> Result<Option<Setting<'a>>, Error> {
        let at_line = self.scanner.token_line();
        let found = shown_bytes(self.scanner.token_line_text());
        let key = key.to_owned();
        let expected = match trouble {
            Trouble::Stop(error) => return Err(error),
            Trouble::Code => {
                self.problem(at_line, ProblemKind::Code { found })?;
                return Ok(self.skip_brackets());
            }
            Trouble::NextSetting(next) => {
                self.problem(line, ProblemKind::OpenList { key })?;
                return Ok(Some(next));
            }
            Trouble::Unexpected(Token::End, _) => {
                self.problem(line, ProblemKind::OpenList { key })?;
                return Ok(None);
            }
            Trouble::Number(_) => "a whole number or a string in quotes",
            Trouble::OpenText => "a closing quote in the same line",
            Trouble::Unexpected(_, expected) => expected,
        };
        self.problem(
            line,
            ProblemKind::BrokenList {
                key,
                at_line,
                found,
                expected,
            },
        )?;
        Ok(self.skip_brackets())
    }

    fn value(&mut self, token: Token<'a>, depth: usize) -> Result<Value, Trouble<'a>> {
        match token {
            Token::Text(text) => Ok(Value::String(self.text(text)?)),
            Token::OpenText => Err(Trouble::OpenText),
            Token::Number(text) => number("", text),
            Token::Other(b'-') => match self.next() {
                Token::Number(text) => number("-", text),
                Token::Name(_) | Token::Open(_) => Err(Trouble::Code),
                token => Err(Trouble::Unexpected(token, VALUE)),
            },
            Token::Open(b'[') => self.list(depth),
            Token::Name("True") => self.constant("True", 1),
            Token::Name("False") => self.constant("False", 0),
            Token::Name(_) | Token::Open(_) => Err(Trouble::Code),
            token => Err(Trouble::Unexpected(token, VALUE)),
        }
    }

    fn constant(&mut self, found: &'static str, value: i64) -> Result<Value, Trouble<'a>> {
        let line = self.scanner.token_line();
        self.problem(line, ProblemKind::Constant { found })?;
        Ok(Value::Number(Number::from(value)))
    }

    fn text(&mut self, text: Text) -> Result<String, Error> {
        let line = self.scanner.token_line();
        if let Some(found) = text.escape {
            self.problem(line, ProblemKind::Escape { found })?;
        }
        if !text.is_utf8 {
            self.problem(line, ProblemKind::NotUtf8)?;
        }
        Ok(text.value)
    }

    /// The items behind an opening bracket, to the closing one. Recursion ends at the depth limit.
    fn list(&mut self, depth: usize) -> Result<Value, Trouble<'a>> {
        let limit = self.options.max_depth;
        if depth >= limit {
            let line = self.scanner.token_line();
            return Err(Error::TooDeep { line, limit }.into());
        }
        let mut items = Vec::new();
        loop {
            match self.next_in_list()? {
                Token::Close(b']') => return Ok(Value::List(items)),
                token => {
                    self.count_item()?;
                    items.push(self.value(token, depth.saturating_add(1))?);
                }
            }
            match self.next_in_list()? {
                Token::Comma => {}
                Token::Close(b']') => return Ok(Value::List(items)),
                token if joins(&token) => return Err(Trouble::Code),
                token => return Err(Trouble::Unexpected(token, ITEM_END)),
            }
        }
    }

    /// The next token that is no newline. A setting in here means that the bracket was never closed.
    fn next_in_list(&mut self) -> Result<Token<'a>, Trouble<'a>> {
        loop {
            match self.next() {
                Token::Newline => {}
                Token::Name(name) if self.scanner.indent().is_some() => {
                    let line = self.scanner.token_line();
                    let mut ahead = self.scanner.clone();
                    let operator = match ahead.next() {
                        Token::Assign => Operator::Assign,
                        Token::Append => Operator::Append,
                        _ => return Ok(Token::Name(name)),
                    };
                    self.scanner = ahead;
                    return Err(Trouble::NextSetting((name, operator, line)));
                }
                token => return Ok(token),
            }
        }
    }

    fn count_item(&mut self) -> Result<(), Error> {
        self.items = self.items.saturating_add(1);
        if self.items <= self.options.max_items {
            return Ok(());
        }
        let (line, limit) = (self.scanner.token_line(), self.options.max_items);
        Err(Error::TooMany {
            what: "list items",
            line,
            limit,
        })
    }

    fn add(&mut self, setting: Setting<'a>, last_line: u64, value: Value) -> Result<(), Error> {
        let (key, operator, line) = setting;
        let limit = self.options.max_entries;
        let id = EntryId(u32::try_from(self.config.entries.len()).unwrap_or(u32::MAX));
        if id.index() >= limit {
            return Err(Error::TooMany {
                what: "settings",
                line,
                limit,
            });
        }
        if operator == Operator::Append {
            let first = self
                .config
                .get(key)
                .filter(|first| !can_add(first.value(), &value));
            if let Some(to_line) = first.map(Entry::line) {
                let key = key.to_owned();
                return self.problem(line, ProblemKind::Append { key, to_line });
            }
        } else {
            for old in self.config.by_key.remove(key).unwrap_or_default() {
                self.superseded(old, id, line, &value)?;
            }
        }
        let key = key.to_owned();
        self.config.by_key.entry(key.clone()).or_default().push(id);
        self.config.entries.push(Entry {
            id,
            line,
            last_line,
            key,
            operator,
            value,
        });
        Ok(())
    }

    fn superseded(
        &mut self,
        old: EntryId,
        by: EntryId,
        by_line: u64,
        value: &Value,
    ) -> Result<(), Error> {
        let Some(old) = self.config.entry(old) else {
            return Ok(());
        };
        let (line, id, equal) = (old.line, old.id, old.value == *value);
        self.problem(
            line,
            ProblemKind::Duplicate {
                id,
                by,
                by_line,
                equal,
            },
        )
    }

    fn problem(&mut self, line: u64, kind: ProblemKind) -> Result<(), Error> {
        let limit = self.options.max_problems;
        if self.config.problems.len() >= limit {
            return Err(Error::TooMany {
                what: "problems",
                line,
                limit,
            });
        }
        self.config.problems.push(Problem { line, kind });
        Ok(())
    }

    /// Reports a line that begins with `text`; the last token read of it is `token`.
    fn unreadable(&mut self, text: &[u8], token: &Token<'a>, line: u64) -> Result<(), Error> {
        let found = shown_bytes(text);
        self.problem(
            line,
            ProblemKind::UnreadableLine {
                found,
                expected: SETTING,
            },
        )?;
        if !matches!(token, Token::Newline | Token::End) {
            self.scanner.skip_line();
        }
        Ok(())
    }

    /// Goes to the end of a statement of code whose last token read is `token`. Whether a block follows: it ends in a
    /// colon.
    fn skip_statement(&mut self, token: Token<'a>) -> bool {
        let mut token = token;
        let mut is_colon = false;
        loop {
            match token {
                Token::End => return is_colon,
                Token::Newline if self.depth == 0 => return is_colon,
                Token::Newline => {}
                _ => is_colon = token == Token::Other(b':'),
            }
            token = self.next();
        }
    }

    /// Goes behind the brackets that are open and to the end of that line. A line that begins with a setting ends it
    /// as well and is returned.
    fn skip_brackets(&mut self) -> Option<Setting<'a>> {
        loop {
            let token = match self.depth {
                0 => self.next(),
                _ => match self.next_in_list() {
                    Ok(token) => token,
                    Err(Trouble::NextSetting(setting)) => return Some(setting),
                    Err(_) => return None,
                },
            };
            match token {
                Token::End => return None,
                Token::Newline if self.depth == 0 => return None,
                _ => {}
            }
        }
    }
}

fn number<'a>(sign: &str, text: &'a str) -> Result<Value, Trouble<'a>> {
    let written = format!("{sign}{text}");
    match read_number(&written) {
        Some(value) => Ok(Value::Number(Number {
            value,
            text: written,
        })),
        None => Err(Trouble::Number(text)),
    }
}

/// `+=` joins like with like. xl would join numbers as text, which nobody means.
fn can_add(to: &Value, more: &Value) -> bool {
    matches!(
        (to, more),
        (Value::List(_), Value::List(_)) | (Value::String(_), Value::String(_))
    )
}

/// Whether a token behind a value makes it a longer expression of Python: `"a" % b`, `512 * 2`, `"".join(a)`,
/// `1 if a else 2`.
fn joins(token: &Token<'_>) -> bool {
    match token {
        Token::Name(name) => matches!(*name, "if" | "for" | "in" | "and" | "or" | "not" | "is"),
        Token::Open(bracket) => *bracket == b'(',
        Token::Other(byte) => b"+-*/%.|&<>=!^".contains(byte),
        _ => false,
    }
}
