//! Why bytes are not a configuration, and why a change to one is refused.

/// Why [`Document::parse`](crate::Document::parse) refuses a file.
///
/// The text names the place inside the file, what was found, what was expected and what to do. The caller adds the
/// file's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No bytes, or nothing but blanks.
    #[error("file is empty, expected lines such as `displayName = \"web01\"`")]
    Empty,

    /// More bytes than [`ParseOptions::max_bytes`](crate::ParseOptions::max_bytes).
    #[error("file has {found} bytes, expected at most {limit}; a .vmx has some kilobytes")]
    TooLarge {
        /// Length of the input.
        found: u64,
        /// The limit.
        limit: u64,
    },

    /// More lines or keys than the options allow.
    #[error("line {line}: more than {limit} {what}; a .vmx has some hundred")]
    TooMany {
        /// `lines` or `keys`.
        what: &'static str,
        /// The first line too many.
        line: u64,
        /// The limit.
        limit: usize,
    },

    /// [`ParseOptions::encoding`](crate::ParseOptions::encoding) names no known encoding.
    #[error(
        "encoding {name:?} is not known, expected a name such as UTF-8, windows-1252, GBK or Shift_JIS"
    )]
    UnknownEncoding {
        /// The name as it was given.
        name: String,
    },

    /// The text descriptor of a virtual disk.
    #[error(
        "line {line}: found a virtual disk's descriptor (.vmdk), expected a virtual machine's configuration (.vmx); \
         use vmdk2qcow2 for the disk and give the .vmx here"
    )]
    DiskDescriptor {
        /// The line that gives it away.
        line: u64,
    },

    /// A virtual disk itself.
    #[error(
        "offset 0: found {magic:?}, a virtual disk ({name}), expected a virtual machine's configuration (.vmx); \
         use vmdk2qcow2 for the disk and give the .vmx here"
    )]
    Disk {
        /// The first bytes as text.
        magic: String,
        /// What has these bytes.
        name: &'static str,
    },

    /// An OVF envelope.
    #[error(
        "offset {offset}: found an OVF descriptor, expected a virtual machine's configuration (.vmx)"
    )]
    Ovf {
        /// Where the XML begins.
        offset: usize,
    },

    /// Other XML, such as a `.vmxf` or a libvirt domain.
    #[error(
        "offset {offset}: found XML, expected a virtual machine's configuration (.vmx) with lines of `key = \"value\"`"
    )]
    Xml {
        /// Where the XML begins.
        offset: usize,
    },

    /// UTF-16 text, recognised by its byte order mark.
    #[error("offset 0: found UTF-16 text, expected UTF-8 or a code page; save the file as UTF-8")]
    Utf16,

    /// A file that is no text.
    #[error("offset {offset}: found {what}, expected a text file with lines of `key = \"value\"`")]
    Binary {
        /// Where it was seen.
        offset: usize,
        /// `an ELF program`, `a zip archive`, `a NUL byte`, ...
        what: &'static str,
    },

    /// The configuration is encrypted as a whole: nothing of the hardware can be read.
    #[error(
        "line {line}: {key} is all there is: the configuration is encrypted as a whole; \
         remove the virtual machine's encryption in VMware (Settings, Options, Access Control) first"
    )]
    Encrypted {
        /// Line of the key.
        line: u64,
        /// The key as it is spelt.
        key: String,
    },

    /// Text without a single `key = value`.
    #[error(
        "line {line}: found {found:?}, expected `key = \"value\"`; no line of the file has that form"
    )]
    NoEntries {
        /// The first line that is neither blank nor a comment; 1 if there is none.
        line: u64,
        /// Its start.
        found: String,
    },
}

/// Why a change of a [`Document`](crate::Document) is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The key can't be written so that it is read back.
    #[error(
        "key {key:?}: expected at most 1024 letters, digits and signs of ASCII without blanks, `=`, `#` and quotes"
    )]
    Key {
        /// The key.
        key: String,
    },

    /// [`push`](crate::Document::push) of a key the document has.
    #[error("key {key:?} is in line {line} already; use set")]
    Exists {
        /// The key.
        key: String,
        /// Where it is.
        line: u64,
    },

    /// The value has a character the document's encoding can't express.
    #[error("value of {key:?}: {text:?} can't be written in {encoding}")]
    Unencodable {
        /// The key.
        key: String,
        /// The start of the value.
        text: String,
        /// The document's encoding.
        encoding: &'static str,
    },

    /// Which encoding a reader will assume depends on bytes that this change may remove.
    #[error(
        "the text is read as {encoding} without saying so; call declare_encoding before changing it"
    )]
    EncodingNotDeclared {
        /// The encoding it is read in.
        encoding: &'static str,
    },

    /// Some values can't be decoded, so nobody knows what the encoding is.
    #[error("the text is not {encoding} as it says; give its encoding when parsing it")]
    EncodingWrong {
        /// The declared encoding.
        encoding: &'static str,
    },

    /// A change of `.encoding`, which would change the meaning of every other value.
    #[error(".encoding is {encoding} and stays so; build a new document for another encoding")]
    EncodingKey {
        /// The document's encoding.
        encoding: &'static str,
    },
}
