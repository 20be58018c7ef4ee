//! A base disk and snapshots over it.

use std::path::{Path, PathBuf};

use super::{Kind, Lineage, Written};
use crate::disk::Content;

/// A chain to be written, base first: `<stem>.vmdk`, `<stem>-000001.vmdk`, ...
#[derive(Clone, Debug)]
pub struct Chain {
    links: Vec<(Kind, Content)>,
}

impl Chain {
    /// A chain of a base alone.
    pub fn new(kind: Kind, content: Content) -> Self {
        Self {
            links: vec![(kind, content)],
        }
    }

    /// The chain with a delta on top. What `content` does not allocate shows the disks below; its size may differ.
    ///
    /// # Panics
    ///
    /// If VMware makes no deltas of `kind`.
    #[must_use]
    pub fn delta(mut self, kind: Kind, content: Content) -> Self {
        assert!(kind.can_be_delta(), "{kind:?} is no kind of delta");
        self.links.push((kind, content));
        self
    }

    /// Writes every disk of the chain into `dir`, with right content IDs and hints.
    ///
    /// # Panics
    ///
    /// If a file cannot be written.
    pub fn write(&self, dir: &Path, stem: &str) -> WrittenChain {
        let mut disks: Vec<Written> = Vec::new();
        let mut content = Content::empty(0);
        for ((kind, own), number) in self.links.iter().zip(0..) {
            let lineage = match number {
                0 => Lineage::base(cid(0)),
                _ => Lineage::delta(
                    cid(number),
                    cid(number - 1),
                    &format!("{}.vmdk", name(stem, number - 1)),
                ),
            };
            let disk = kind.write(dir, &name(stem, number), own, &lineage);
            content = disk.content.over(&content);
            disks.push(disk);
        }
        let top = disks[disks.len() - 1].path.clone();
        WrittenChain {
            top,
            disks,
            content,
        }
    }
}

/// A chain that was written.
#[derive(Clone, Debug)]
pub struct WrittenChain {
    /// What to open.
    pub top: PathBuf,
    /// The disks, base first, each with what it holds itself.
    pub disks: Vec<Written>,
    /// What the guest reads from the top.
    pub content: Content,
}

/// The content ID of disk `number`, 0 being the base.
fn cid(number: u32) -> u32 {
    0xc1d0_0001_u32.wrapping_add(number.wrapping_mul(0x0101_0101))
}

fn name(stem: &str, number: u32) -> String {
    if number == 0 {
        stem.to_owned()
    } else {
        format!("{stem}-{number:06}")
    }
}
