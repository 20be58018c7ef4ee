//! A text descriptor and the extents it names, in a directory.

use std::path::{Path, PathBuf};

use super::{
    Cowd, Descriptor, ExtentLine, Flavor, Generate, Lineage, SeSparse, Sparse, Stream, write_text,
};
use crate::SECTOR;
use crate::disk::{Content, Pattern, Run};
use crate::target::{SparseFile, Target};

/// One extent of a disk.
#[derive(Clone, Debug)]
pub struct Part {
    /// `RW`, `RDONLY` or `NOACCESS`. What the guest is expected to read from the last is zeros.
    pub access: &'static str,
    /// Name of the extent's file; `None` for VMware's name. Flat parts with one name share a file.
    pub file: Option<String>,
    /// The extent itself.
    pub store: Store,
}

/// How an extent is kept.
#[derive(Clone, Debug)]
pub enum Store {
    /// `ZERO`: so many sectors and no file.
    Zero(u64),
    /// `FLAT`: raw bytes behind `offset` sectors of something else.
    Flat {
        /// What the guest sees.
        content: Content,
        /// Sectors before it in the file, filled with the byte 0xA5.
        offset: u64,
    },
    /// `VMFS`: raw bytes.
    Vmfs(Content),
    /// `SPARSE`: a hosted sparse file.
    Sparse(Sparse),
    /// `VMFSSPARSE`.
    Cowd(Cowd),
    /// `SESPARSE`.
    SeSparse(SeSparse),
}

impl Part {
    /// A readable and writable extent.
    pub fn new(store: Store) -> Self {
        Self {
            access: "RW",
            file: None,
            store,
        }
    }

    /// The extent with another access word.
    #[must_use]
    pub fn access(self, access: &'static str) -> Self {
        Self { access, ..self }
    }

    /// The extent in a file called `name`.
    #[must_use]
    pub fn file(self, name: &str) -> Self {
        Self {
            file: Some(name.to_owned()),
            ..self
        }
    }

    fn content(&self) -> Content {
        let content = match &self.store {
            Store::Zero(sectors) => zeros(sectors * SECTOR),
            Store::Flat { content, .. } | Store::Vmfs(content) => opaque(content),
            Store::Sparse(sparse) => sparse.expected(),
            Store::Cowd(cowd) => cowd.expected(),
            Store::SeSparse(se) => se.expected(),
        };
        if self.access == "NOACCESS" {
            zeros(content.virtual_size())
        } else {
            content
        }
    }

    /// VMware's name for part number `number` (from 1) of `count`.
    fn usual_name(&self, stem: &str, number: usize, count: usize) -> String {
        let (alone, letter) = match self.store {
            Store::Flat { .. } | Store::Vmfs(_) => ("flat", 'f'),
            Store::Sparse(_) => ("s001", 's'),
            Store::Cowd(_) => ("delta", 'd'),
            Store::SeSparse(_) => ("sesparse", 'e'),
            Store::Zero(_) => ("zero", 'z'),
        };
        if count == 1 {
            format!("{stem}-{alone}.vmdk")
        } else {
            format!("{stem}-{letter}{number:03}.vmdk")
        }
    }

    fn line(&self, name: &str) -> ExtentLine {
        let sectors = self.content().sectors();
        let line = match &self.store {
            Store::Zero(_) => ExtentLine::zero(sectors),
            Store::Flat { offset, .. } => ExtentLine::flat(sectors, name, *offset),
            Store::Vmfs(_) => ExtentLine::vmfs(sectors, name),
            Store::Sparse(_) => ExtentLine::sparse(sectors, name),
            Store::Cowd(_) => ExtentLine::vmfs_sparse(sectors, name),
            Store::SeSparse(_) => ExtentLine::se_sparse(sectors, name),
        };
        line.access(self.access)
    }

    /// Writes the extent's file, if it has one; `again` if another part wrote to it.
    fn write(&self, path: &Path, again: bool) {
        let image: &dyn Generate = match &self.store {
            Store::Zero(_) => return,
            Store::Flat { content, offset } => return write_flat(path, content, *offset, again),
            Store::Vmfs(content) => return content.write_raw(path),
            Store::Sparse(sparse) => sparse,
            Store::Cowd(cowd) => cowd,
            Store::SeSparse(se) => se,
        };
        image.write_file(path);
    }
}

fn write_flat(path: &Path, content: &Content, offset: u64, again: bool) {
    let mut file = if again {
        SparseFile::append(path)
    } else {
        SparseFile::create(path)
    };
    if !again {
        file.put(0, &vec![0xA5; (offset * SECTOR) as usize]);
    }
    content.put_into(&mut file, offset * SECTOR);
}

fn zeros(size: u64) -> Content {
    Content::empty(size).with(Run::new(0, size, Pattern::Zero))
}

/// What a raw extent makes of a disk: every byte is its own, none is left to a parent.
fn opaque(content: &Content) -> Content {
    content.over(&zeros(content.virtual_size()))
}

/// A disk that was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// What to open: the descriptor, or the file that has it inside.
    pub path: PathBuf,
    /// All files, the one to open first.
    pub files: Vec<PathBuf>,
    /// What the disk holds itself, without a parent.
    pub content: Content,
    /// The text as written; a test that wants another writes it over [`Written::path`].
    pub descriptor: Descriptor,
}

/// Writes `<stem>.vmdk`, a text descriptor of `create_type`, with the extents `parts` beside it under VMware's names.
///
/// # Panics
///
/// If a file cannot be written.
pub fn write_parts(
    dir: &Path,
    stem: &str,
    create_type: &str,
    parts: &[Part],
    lineage: &Lineage,
) -> Written {
    let mut descriptor = Descriptor::new(create_type, lineage);
    let mut files = vec![dir.join(format!("{stem}.vmdk"))];
    let split = create_type.starts_with("twoGb") || create_type.starts_with("2Gb");
    let count = if split { usize::MAX } else { parts.len() };
    for (part, number) in parts.iter().zip(1..) {
        let name = part
            .file
            .clone()
            .unwrap_or_else(|| part.usual_name(stem, number, count));
        let path = dir.join(&name);
        descriptor.extents.push(part.line(&name));
        part.write(&path, files.contains(&path));
        if !files.contains(&path) && !matches!(part.store, Store::Zero(_)) {
            files.push(path);
        }
    }
    let contents: Vec<_> = parts.iter().map(Part::content).collect();
    let path = write_text(&files[0], &descriptor);
    Written {
        path,
        files,
        content: Content::concat(&contents),
        descriptor,
    }
}

/// The usual ways to keep a disk, for tests that go over all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One hosted sparse file.
    MonolithicSparse {
        /// Sectors in a grain.
        grain_sectors: u64,
    },
    /// One compressed file; a base only.
    StreamOptimized(Flavor),
    /// Descriptor and `-flat` file, hosted; a base only.
    MonolithicFlat,
    /// Descriptor and `-flat` file, ESXi; a base only.
    Vmfs,
    /// Pieces `-s001`...
    TwoGbMaxExtentSparse {
        /// Sectors in every piece but the last; any number, not only 2 GiB.
        split_sectors: u64,
        /// Sectors in a grain.
        grain_sectors: u64,
    },
    /// Pieces `-f001`...; a base only.
    TwoGbMaxExtentFlat {
        /// Sectors in every piece but the last.
        split_sectors: u64,
        /// Sectors before the data in every piece.
        offset: u64,
    },
    /// Descriptor and COWD `-delta` file.
    VmfsSparse {
        /// Sectors in a grain.
        grain_sectors: u64,
    },
    /// Descriptor and `-sesparse` file.
    SeSparse,
}

impl Kind {
    /// Writes `content` as `<stem>.vmdk`, with what belongs to it, into `dir`.
    ///
    /// # Panics
    ///
    /// If a file cannot be written.
    pub fn write(self, dir: &Path, stem: &str, content: &Content, lineage: &Lineage) -> Written {
        let content = content.clone();
        let parts = match self {
            Self::MonolithicSparse { grain_sectors } => {
                let descriptor = Sparse::embedded(&content, lineage, &format!("{stem}.vmdk"));
                let text = Some(descriptor.render());
                let image = Sparse {
                    grain_sectors,
                    descriptor: text,
                    ..Sparse::new(content)
                };
                return write_single(dir, stem, &image, descriptor);
            }
            Self::StreamOptimized(flavor) => {
                let descriptor = Stream::embedded(&content, lineage, "call-me-stream.vmdk");
                let image = Stream {
                    descriptor: descriptor.render(),
                    ..Stream::new(content, flavor)
                };
                return write_single(dir, stem, &image, descriptor);
            }
            Self::MonolithicFlat => vec![Store::Flat { content, offset: 0 }],
            Self::Vmfs => vec![Store::Vmfs(content)],
            Self::TwoGbMaxExtentSparse {
                split_sectors,
                grain_sectors,
            } => {
                let piece = |part| {
                    Store::Sparse(Sparse {
                        grain_sectors,
                        ..Sparse::piece(part)
                    })
                };
                split(&content, split_sectors)
                    .into_iter()
                    .map(piece)
                    .collect()
            }
            Self::TwoGbMaxExtentFlat {
                split_sectors,
                offset,
            } => {
                let piece = |part| Store::Flat {
                    content: part,
                    offset,
                };
                split(&content, split_sectors)
                    .into_iter()
                    .map(piece)
                    .collect()
            }
            Self::VmfsSparse { grain_sectors } => vec![Store::Cowd(Cowd {
                grain_sectors,
                ..Cowd::new(content)
            })],
            Self::SeSparse => vec![Store::SeSparse(SeSparse::new(content))],
        };
        let parts: Vec<_> = parts.into_iter().map(Part::new).collect();
        write_parts(dir, stem, self.create_type(), &parts, lineage)
    }

    /// The createType in the descriptor.
    pub fn create_type(self) -> &'static str {
        match self {
            Self::MonolithicSparse { .. } => "monolithicSparse",
            Self::StreamOptimized(_) => "streamOptimized",
            Self::MonolithicFlat => "monolithicFlat",
            Self::Vmfs => "vmfs",
            Self::TwoGbMaxExtentSparse { .. } => "twoGbMaxExtentSparse",
            Self::TwoGbMaxExtentFlat { .. } => "twoGbMaxExtentFlat",
            Self::VmfsSparse { .. } => "vmfsSparse",
            Self::SeSparse => "seSparse",
        }
    }

    /// Whether VMware makes deltas of this kind.
    pub fn can_be_delta(self) -> bool {
        let sparse = matches!(
            self,
            Self::MonolithicSparse { .. } | Self::TwoGbMaxExtentSparse { .. }
        );
        sparse || matches!(self, Self::VmfsSparse { .. } | Self::SeSparse)
    }
}

/// Pieces of `sectors` sectors; the last may be shorter.
fn split(content: &Content, sectors: u64) -> Vec<Content> {
    let (size, piece) = (content.virtual_size(), sectors * SECTOR);
    (0..size)
        .step_by(piece as usize)
        .map(|at| content.slice(at..(at + piece).min(size)))
        .collect()
}

fn write_single(dir: &Path, stem: &str, image: &dyn Generate, descriptor: Descriptor) -> Written {
    let path = dir.join(format!("{stem}.vmdk"));
    image.write_file(&path);
    Written {
        files: vec![path.clone()],
        path,
        content: image.expected(),
        descriptor,
    }
}
