//! What was changed, as data.

/// One change to the domain.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The rule that made it.
    pub rule: &'static str,
    /// What was changed, as an XPath in the result: `/domain/devices/disk[1]/driver/@name`. What was removed has no
    /// number of its own.
    pub path: String,
    /// The line in the source; `None` for what was not there.
    pub line: Option<u64>,
    /// What stood there; `None` for what was added.
    pub before: Option<String>,
    /// What stands there now; `None` for what was removed.
    pub after: Option<String>,
    /// The element that was changed, added or removed, to find its lines.
    pub node: v2v_xml::NodeId,
    /// The element whose path begins `path`: the node, or the parent of one that is gone.
    pub(crate) place: v2v_xml::NodeId,
}
