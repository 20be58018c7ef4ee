//! Why bytes are not a guest's configuration.

/// Why [`Config::parse`](crate::Config::parse) refuses a file.
///
/// The text names the place inside the file, what was found, what was expected and what to do. The caller adds the
/// file's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No bytes, or nothing but blanks and comments.
    #[error("file has no settings, expected lines such as `name = \"web01\"`")]
    Empty,

    /// More bytes than [`ParseOptions::max_bytes`](crate::ParseOptions::max_bytes).
    #[error(
        "file has {found} bytes, expected at most {limit}; a guest's configuration has some kilobytes"
    )]
    TooLarge {
        /// Length of the input.
        found: u64,
        /// The limit.
        limit: u64,
    },

    /// More of something than the options allow.
    #[error(
        "line {line}: more than {limit} {what}; a guest's configuration has fewer than a hundred"
    )]
    TooMany {
        /// `settings`, `list items`, `problems`.
        what: &'static str,
        /// The line with the first one too many.
        line: u64,
        /// The limit.
        limit: usize,
    },

    /// Lists inside lists inside lists.
    #[error(
        "line {line}: found more than {limit} lists inside each other, expected at most two as in vnuma"
    )]
    TooDeep {
        /// The line of the first bracket too many.
        line: u64,
        /// The limit.
        limit: usize,
    },

    /// A key that no program reads.
    #[error("line {line}: found a key of {length} bytes, expected at most {limit}")]
    KeyTooLong {
        /// Where.
        line: u64,
        /// How long.
        length: usize,
        /// The limit.
        limit: usize,
    },

    /// XML, such as a domain of libvirt.
    #[error(
        "offset {offset}: found XML, expected xl.cfg lines of `key = value`; this is XML: give it as it is, without asking for xl or xm"
    )]
    Xml {
        /// Where the XML begins.
        offset: usize,
    },

    /// The form xend keeps its domains in.
    #[error(
        "offset {offset}: found xend's internal form (SXP), expected xl.cfg lines of `key = value`; give the file the \
         guest was created from, or the output of `virsh dumpxml`"
    )]
    Sxp {
        /// Where the parenthesis stands.
        offset: usize,
    },

    /// The form `xl list -l` prints and libxl keeps.
    #[error(
        "offset {offset}: found JSON, expected xl.cfg lines of `key = value`; give the file the guest was created from, \
         or the output of `virsh dumpxml`"
    )]
    Json {
        /// Where the brace stands.
        offset: usize,
    },

    /// A virtual machine of VMware.
    #[error(
        "line {line}: found a VMware configuration (.vmx), expected a Xen guest's (xl.cfg); use vmx2libvirt"
    )]
    Vmx {
        /// The line that gives it away.
        line: u64,
    },

    /// A virtual disk.
    #[error(
        "offset 0: found {magic:?}, a virtual disk ({name}), expected a Xen guest's configuration (xl.cfg)"
    )]
    Disk {
        /// The first bytes as text.
        magic: String,
        /// What has these bytes.
        name: &'static str,
    },

    /// UTF-16 text, recognised by its byte order mark.
    #[error("offset 0: found UTF-16 text, expected UTF-8; save the file as UTF-8")]
    Utf16,

    /// A file that is no text.
    #[error("offset {offset}: found {what}, expected a text file with lines of `key = value`")]
    Binary {
        /// Where it was seen.
        offset: usize,
        /// `an ELF program`, `a gzip archive`, `a NUL byte`, ...
        what: &'static str,
    },

    /// Text without a single `key = value` and without Python code or half a list to report.
    #[error(
        "line {line}: found `{found}`, expected `key = value`; no line of the file has that form"
    )]
    NoEntries {
        /// The first line that is neither blank nor a comment.
        line: u64,
        /// Its start.
        found: String,
    },
}
