//! Every way a network map can be wrong.

use super::{MAX_BYTES, MAX_RULES};

/// A network map, or an option that adds to it, is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// The file is larger than any map.
    #[error("network map of {found} bytes, expected at most {MAX_BYTES}")]
    TooLarge {
        /// Its size in bytes.
        found: usize,
    },
    /// A place in the file.
    #[error("line {line}, column {column}: {problem}")]
    File {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in characters.
        column: usize,
        /// What is wrong there.
        problem: Problem,
    },
    /// The argument of an option.
    #[error("{option} {argument:?}: {problem}")]
    Option {
        /// The option, `-b`, `-n` or `--mac`.
        option: &'static str,
        /// Its argument, cut if it is long.
        argument: String,
        /// What is wrong with it.
        problem: Problem,
    },
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file is neither XML nor TOML, or has keys a map does not have.
    #[error("{message}")]
    Syntax {
        /// In the words of the parser.
        message: String,
    },
    /// A document type declaration: nothing of a map needs one.
    #[error("a document type declaration; a network map has none")]
    DocumentType,
    /// Elements inside elements without end.
    #[error("elements more than {limit} levels deep")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// An element of an XML map without an attribute it needs.
    #[error("<network> without the attribute {attribute:?}")]
    NoAttribute {
        /// The attribute.
        attribute: &'static str,
    },
    /// An attribute that an element has twice, or more attributes than any has.
    #[error("<network> with {found}, expected \"type\" and \"name\" once each")]
    Attributes {
        /// What it has.
        found: &'static str,
    },
    /// The type of a network in an XML map.
    #[error("network type {found:?}, expected \"bridge\" or \"network\"")]
    NetworkType {
        /// The value.
        found: String,
    },
    /// An outer network of an XML map holds the target: one inner network.
    #[error("{found} <network> elements inside this <network>, expected one")]
    InnerNetworks {
        /// How many there are.
        found: usize,
    },
    /// The value of `to`.
    #[error("target {found:?}, expected \"bridge:NAME\", \"network:NAME\" or \"none\"")]
    Target {
        /// The value.
        found: String,
    },
    /// A hardware address.
    #[error(
        "hardware address {found:?}, expected six pairs of hexadecimal digits such as 52:54:00:12:34:56"
    )]
    Mac {
        /// The text.
        found: String,
    },
    /// A VLAN tag.
    #[error("vlan {found}, expected 1 to 4094")]
    Vlan {
        /// The number.
        found: i64,
    },
    /// A name nothing can have.
    #[error("{what} {found:?}, expected a name of 1 to 1024 bytes without control characters")]
    Name {
        /// What is called so.
        what: &'static str,
        /// The name, cut if it is long.
        found: String,
    },
    /// A port group belongs to a network of libvirt.
    #[error("portgroup with the target {found:?}; only \"network:NAME\" has port groups")]
    Portgroup {
        /// The target.
        found: String,
    },
    /// A card's model.
    #[error("model {found:?}, expected letters, digits and dashes")]
    Model {
        /// The text.
        found: String,
    },
    /// Two rules for one source.
    #[error("second rule for {from:?}, the first is {first}")]
    Duplicate {
        /// The source.
        from: String,
        /// Where the first rule is.
        first: String,
    },
    /// More rules than anybody writes.
    #[error("more than {MAX_RULES} rules")]
    TooManyRules,
    /// The argument of an option has another form than it takes.
    #[error("expected {expected}")]
    Form {
        /// The form.
        expected: &'static str,
    },
    /// An address in `--mac MAC:ip:...`.
    #[error("{what} {found:?}, expected {expected}")]
    Address {
        /// Which part of the argument.
        what: &'static str,
        /// The text.
        found: String,
        /// What it can be.
        expected: &'static str,
    },
}
