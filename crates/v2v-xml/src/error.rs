//! Why bytes are not a document, and why a change to one is refused.

use std::fmt;

/// A place in the text that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Line, the first is 1. Lines end with `\n`, as for editors and `diff`.
    pub line: u64,
    /// Column in characters, the first is 1. A byte order mark is not counted.
    pub column: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why [`Document::parse`](crate::Document::parse) refuses a text.
///
/// The message names the place, what was found and what was expected. The caller adds the file's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No bytes, or nothing but blanks.
    #[error("file is empty, expected an XML document")]
    Empty,

    /// More bytes than [`ParseOptions::max_bytes`](crate::ParseOptions::max_bytes).
    #[error("file has {found} bytes, expected at most {limit}")]
    TooLarge {
        /// Length of the input.
        found: u64,
        /// The limit.
        limit: u64,
    },

    /// More nodes or attributes than the options allow.
    #[error("{position}: more than {limit} {what}")]
    TooMany {
        /// The first one too many.
        position: Position,
        /// `nodes` or `attributes of one element`.
        what: &'static str,
        /// The limit.
        limit: usize,
    },

    /// Elements in elements, deeper than [`ParseOptions::max_depth`](crate::ParseOptions::max_depth).
    #[error("{position}: elements are nested more than {limit} deep")]
    TooDeep {
        /// The first element too deep.
        position: Position,
        /// The limit.
        limit: usize,
    },

    /// The text is not UTF-8, by its first bytes or by its own declaration.
    #[error(
        "{position}: encoding is {name}, expected UTF-8; convert the file, for example with iconv"
    )]
    Encoding {
        /// Where it shows.
        position: Position,
        /// The encoding's name.
        name: String,
    },

    /// Bytes that are no UTF-8.
    #[error("{position}: found byte {byte:#04x}, expected UTF-8")]
    NotUtf8 {
        /// Where the first of them is.
        position: Position,
        /// The first of them.
        byte: u8,
    },

    /// XML of another version than 1.0.
    #[error("{position}: XML version is {found:?}, expected \"1.0\"")]
    Version {
        /// Where the declaration is.
        position: Position,
        /// The version.
        found: String,
    },

    /// A document type declaration or a part of one. Entities are the way to make a small file large or to read other
    /// files, and no domain needs them.
    #[error(
        "{position}: found {found}; document types and entity declarations are not accepted, remove them"
    )]
    Dtd {
        /// Where it is.
        position: Position,
        /// `<!DOCTYPE`, `<!ENTITY`, ...
        found: &'static str,
    },

    /// A character that XML 1.0 has no way to hold.
    #[error("{position}: found character U+{:04X}, which XML can't hold", u32::from(*found))]
    Character {
        /// Where it is.
        position: Position,
        /// The character.
        found: char,
    },

    /// `&...` that stands for nothing.
    #[error(
        "{position}: reference {found:?} is not known, expected &amp; &lt; &gt; &quot; &apos; or a character reference such as &#233;"
    )]
    Reference {
        /// Where it is.
        position: Position,
        /// Its start as it is written.
        found: String,
    },

    /// Two attributes of one element have the same name.
    #[error("{position}: attribute {name:?} is here twice, expected each name once")]
    DuplicateAttribute {
        /// The second one.
        position: Position,
        /// The name.
        name: String,
    },

    /// An end tag for another element than the one that is open.
    #[error(
        "{position}: found </{found}>, expected </{expected}> for the element of line {opened}"
    )]
    Mismatch {
        /// Where the end tag is.
        position: Position,
        /// Its name.
        found: String,
        /// Name of the open element.
        expected: String,
        /// Line of the open element.
        opened: u64,
    },

    /// The text ends within an element.
    #[error(
        "{position}: found the end of the file, expected </{name}> for the element of line {opened}"
    )]
    Unclosed {
        /// The end of the text.
        position: Position,
        /// Name of the innermost open element.
        name: String,
        /// Its line.
        opened: u64,
    },

    /// Anything else that is not well-formed.
    #[error("{position}: found {found}, expected {expected}")]
    Syntax {
        /// Where it is.
        position: Position,
        /// What is there.
        found: String,
        /// What may be there.
        expected: &'static str,
    },
}

/// Why a change is refused. The document is as before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The node is no part of the document: it was removed, or its id is of another document.
    #[error("node is not part of the document (any more)")]
    NotInDocument,

    /// Attributes, names and text belong to elements.
    #[error("node is not an element")]
    NotAnElement,

    /// The document has exactly one root element, and the XML declaration stays.
    #[error(
        "root element, XML declaration and the document itself can't be removed and have no siblings"
    )]
    Root,

    /// Text can't be set where it would delete elements.
    #[error("element <{name}> has child elements, so its text can't be set")]
    HasElements {
        /// The element.
        name: String,
    },

    /// A name that XML does not allow.
    #[error("{name:?} is no XML name")]
    Name {
        /// The name.
        name: String,
    },

    /// One attribute is given twice.
    #[error("attribute {name:?} is given twice")]
    DuplicateAttribute {
        /// Its name.
        name: String,
    },

    /// A character that XML 1.0 has no way to hold, not even as a reference.
    #[error("character U+{:04X} of {text:?} can't be written in XML", u32::from(*found))]
    Character {
        /// The character.
        found: char,
        /// The start of the text that has it.
        text: String,
    },

    /// A comment that would end before its end.
    #[error("comment {text:?} has `--` or ends with `-`")]
    Comment {
        /// Its start.
        text: String,
    },
}

/// Why a [`Path`](crate::Path) can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("path {path:?}: found {found:?}, expected {expected}")]
pub struct PathError {
    /// The path as it was given.
    pub path: String,
    /// What can't be read, to the end of its step.
    pub found: String,
    /// What may be there.
    pub expected: &'static str,
}
