//! What is measured, and the goal of each case.

/// A source made from the same raw disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Stream,
    Sparse,
    Split,
}

/// One row: the same conversion by both programs.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) source: Source,
    /// Format of the result.
    pub(crate) format: &'static str,
    pub(crate) ours: &'static [&'static str],
    pub(crate) theirs: &'static [&'static str],
    pub(crate) goal: &'static str,
}

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "streamOptimized -> qcow2",
        source: Source::Stream,
        format: "qcow2",
        ours: &["-O", "qcow2"],
        theirs: &["-O", "qcow2"],
        goal: "0.25",
    },
    Case {
        name: "monolithicSparse -> qcow2",
        source: Source::Sparse,
        format: "qcow2",
        ours: &["-O", "qcow2"],
        theirs: &["-O", "qcow2"],
        goal: "0.5, CPU 0.7",
    },
    Case {
        name: "split sparse -> raw",
        source: Source::Split,
        format: "raw",
        ours: &["-O", "raw"],
        theirs: &["-O", "raw"],
        goal: "0.5",
    },
    Case {
        name: "sparse -> qcow2 -c (deflate)",
        source: Source::Sparse,
        format: "qcow2",
        ours: &["-c", "-O", "qcow2"],
        theirs: &["-c", "-O", "qcow2"],
        goal: "0.3, not larger",
    },
    Case {
        name: "sparse -> qcow2 -c (zstd)",
        source: Source::Sparse,
        format: "qcow2",
        ours: &["-c", "-O", "qcow2", "-o", "compression_type=zstd"],
        theirs: &["-c", "-O", "qcow2", "-o", "compression_type=zstd"],
        goal: "0.8, not larger",
    },
];
