//! What can be wrong with a document or with a model that is to be written.

/// Why a document could not be read.
///
/// `line` and `column` count from 1; columns count characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Larger than [`ParseOptions::max_bytes`](crate::ParseOptions::max_bytes).
    #[error("the document has {found} bytes, at most {limit} are read")]
    TooLarge {
        /// Bytes of the document.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// Elements nested deeper than [`ParseOptions::max_depth`](crate::ParseOptions::max_depth).
    #[error("line {line}, column {column}: elements are nested more than {limit} deep")]
    TooDeep {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
        /// The limit.
        limit: usize,
    },
    /// More of something than an option allows.
    #[error("line {line}, column {column}: more than {limit} {what}")]
    TooMany {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
        /// What there are too many of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// An encoding other than UTF-8.
    #[error("the document is in {found}, only UTF-8 is read; convert it first")]
    Encoding {
        /// Name of the encoding as declared, or as its byte order mark says.
        found: String,
    },
    /// A byte sequence that is no UTF-8.
    #[error("line {line}, column {column}: byte {byte:#04x} is not UTF-8")]
    Utf8 {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
        /// First byte of the sequence.
        byte: u8,
    },
    /// A character that XML 1.0 does not allow.
    #[error("line {line}, column {column}: character U+{code:04X} is not allowed in XML")]
    Character {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
        /// Its number.
        code: u32,
    },
    /// A document type declaration; entities cannot be declared.
    #[error("line {line}, column {column}: document type declarations (DTD) are refused")]
    DocumentType {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// A reference to an entity other than `lt`, `gt`, `amp`, `apos` and `quot`.
    #[error("line {line}, column {column}: entity reference &{name}; is unknown")]
    Entity {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
        /// Name of the entity.
        name: String,
    },
    /// The text is not well-formed XML.
    #[error("line {line}, column {column}: {what}")]
    Malformed {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
        /// What is wrong.
        what: String,
    },
    /// The root element is not `<domain>`.
    #[error("line {line}, column {column}: the root element is <{found}>, expected <domain>")]
    NoDomain {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
        /// Name of the root element.
        found: String,
    },
    /// Something that every domain has is missing or cannot be read.
    #[error("line {line}, column {column}: <domain> has no readable {missing}")]
    Incomplete {
        /// Line of the root element.
        line: usize,
        /// Column of the root element.
        column: usize,
        /// What is missing.
        missing: String,
    },
}

/// Why a model could not be written: XML has no form for something in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A character that XML 1.0 cannot hold, not even as a reference.
    #[error("{place}: character U+{code:04X} cannot be written in XML")]
    Character {
        /// Element or attribute, for example `/domain/devices/disk/source/@file`.
        place: String,
        /// Its number.
        code: u32,
    },
    /// A name that is none in XML.
    #[error("{place}: {name:?} is not a name in XML")]
    Name {
        /// Element it stands in.
        place: String,
        /// The name.
        name: String,
    },
    /// Two attributes of one name.
    #[error("{place}: the attribute {name} is there twice")]
    Duplicate {
        /// Element it stands in.
        place: String,
        /// The name.
        name: String,
    },
    /// The end mark of a comment, CDATA section or processing instruction inside of it.
    #[error("{place}: {what} cannot hold {found:?}")]
    Delimiter {
        /// Element it stands in.
        place: String,
        /// What it was to be written in.
        what: &'static str,
        /// The end mark.
        found: &'static str,
    },
    /// Elements nested deeper than any reader of this crate allows.
    #[error("{place}: elements are nested more than {limit} deep")]
    TooDeep {
        /// The element.
        place: String,
        /// The limit.
        limit: usize,
    },
}
