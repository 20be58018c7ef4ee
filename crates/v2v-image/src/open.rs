//! From a path to a disk.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use v2v_disk::{
    Chain, DirGate, DiskImage, FileId, HostFile, Limits, MappedFile, OpenGate as _, Purpose,
    ReadAt, Source, UsedFile, Warning,
};
use v2v_vmdk::descriptor::Cid;

use crate::link::{Link, open_link};
use crate::{Error, Format, LinkFacts, detect};

/// How an image is opened.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct OpenOptions {
    /// The format of the top image; by default told by content, and never raw.
    pub format: Option<Format>,
    /// Directories below which extents and parents may lie, besides the image's own.
    pub allow: Vec<PathBuf>,
    /// Directories in which parents are looked for by name.
    pub parent_dirs: Vec<PathBuf>,
    /// Take a parent whose content id is not the one its child names, with a warning.
    pub ignore_cid: bool,
    /// Take flat extents that are shorter than declared, with a warning; what is missing reads as zeros.
    pub allow_short: bool,
    /// Internal snapshot of a qcow2 image, by id or name.
    pub snapshot: Option<String>,
    /// Allow a qcow2 image to keep its data in another file.
    pub data_file: bool,
    /// The image of the chain to begin with: everything above it is left out.
    pub chain_top: Option<PathBuf>,
    /// Read through memory mappings; see [`MappedFile`] for the risk.
    pub memory_map: bool,
    /// What the images may ask for.
    pub limits: Limits,
}

/// An opened disk with its history.
#[non_exhaustive]
pub struct Opened {
    /// The disk as the guest sees it.
    pub chain: Chain,
    /// The facts of each image, top first.
    pub links: Vec<LinkFacts>,
    /// The facts of the images above [`OpenOptions::chain_top`]: of the source, and not read.
    pub above: Vec<LinkFacts>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

impl Opened {
    /// Every file that is read, each once.
    pub fn files(&self) -> Vec<&UsedFile> {
        let mut seen = HashSet::new();
        self.links
            .iter()
            .flat_map(|link| &link.files)
            .filter(|file| seen.insert(file.id))
            .collect()
    }

    /// The identities of all files of the source, those above the chosen level too, to keep a target from replacing one
    /// of them.
    pub fn ids(&self) -> Vec<FileId> {
        let links = self.above.iter().chain(&self.links);
        links
            .flat_map(|link| &link.files)
            .map(|file| file.id)
            .collect()
    }
}

/// Opens the image at `path` and everything it builds on.
///
/// # Errors
///
/// [`Error`] with the file it is about: a missing or changed parent, an extent outside the allowed directories, a
/// broken or unsupported image.
pub fn open(path: &Path, options: &OpenOptions) -> Result<Opened, Error> {
    let mut walk = Walk {
        options,
        links: Vec::new(),
        images: Vec::new(),
        warnings: Vec::new(),
        seen: HashSet::new(),
    };
    let gate = DirGate::with_mapping(
        path,
        &options.allow,
        &options.parent_dirs,
        options.memory_map,
    )?;
    let file = HostFile::open(path)?;
    let source: Source = match options.memory_map {
        true => Arc::new(MappedFile::new(file)?),
        false => Arc::new(file),
    };
    let format = match options.format {
        Some(format) => format,
        None => detect(&*source)?,
    };
    let mut next = Some(Next {
        source,
        format,
        gate,
        wanted_by: None,
    });
    while let Some(step) = next {
        next = walk.step(step)?;
    }
    walk.finish(path)
}

/// The image to open next.
struct Next {
    source: Source,
    format: Format,
    gate: DirGate,
    /// The child and the content id it expects.
    wanted_by: Option<(PathBuf, Option<Cid>)>,
}

struct Walk<'a> {
    options: &'a OpenOptions,
    links: Vec<LinkFacts>,
    images: Vec<Box<dyn DiskImage>>,
    warnings: Vec<Warning>,
    seen: HashSet<FileId>,
}

impl Walk<'_> {
    /// Opens one image and finds the file of its parent.
    fn step(&mut self, next: Next) -> Result<Option<Next>, Error> {
        let file = next.source.name().to_path_buf();
        let own = next.source.host_file().map(UsedFile::of);
        if own.as_ref().is_some_and(|own| !self.seen.insert(own.id)) {
            return Err(Error::Loop { file });
        }
        if self.links.len() >= self.options.limits.chain_depth {
            return Err(Error::Depth {
                file,
                limit: self.options.limits.chain_depth,
            });
        }
        let before = next.gate.opened().len();
        let link = open_link(
            next.source,
            next.format,
            &next.gate,
            self.options,
            self.links.is_empty(),
        )?;
        self.check_cid(&file, &next.wanted_by, &link)?;
        tracing::info!(file = %file.display(), format = %next.format, depth = self.links.len(), "opened");
        let extents = next.gate.opened().into_iter().skip(before);
        self.links.push(LinkFacts {
            file: file.clone(),
            format: next.format,
            virtual_size: link.image.virtual_size(),
            files: own.into_iter().chain(extents).collect(),
            details: link.details,
        });
        self.images.push(link.image);
        self.warnings.extend(link.warnings);
        let Some(parent) = link.parent else {
            return Ok(None);
        };
        let source = next
            .gate
            .open(&parent.name, Purpose::Parent)
            .map_err(v2v_disk::Error::from)?;
        check_format(&file, &*source, parent.format)?;
        let gate = next.gate.inside(source.name());
        Ok(Some(Next {
            source,
            format: parent.format,
            gate,
            wanted_by: Some((file, parent.cid)),
        }))
    }

    /// A parent that was written to after the snapshot gives wrong bytes without any other sign.
    fn check_cid(
        &mut self,
        file: &Path,
        wanted: &Option<(PathBuf, Option<Cid>)>,
        link: &Link,
    ) -> Result<(), Error> {
        let Some((child, Some(expected))) = wanted else {
            return Ok(());
        };
        if link.cid == Some(*expected) {
            return Ok(());
        }
        let error = Error::CidMismatch {
            child: child.clone(),
            parent: file.to_path_buf(),
            expected: expected.to_string(),
            found: link
                .cid
                .map_or_else(|| "missing".into(), |cid| cid.to_string()),
        };
        if !self.options.ignore_cid {
            return Err(error);
        }
        self.warnings
            .push(Warning::new("vmdk-cid-mismatch", file, error.to_string()));
        Ok(())
    }

    fn finish(mut self, path: &Path) -> Result<Opened, Error> {
        let mut above = Vec::new();
        if let Some(wanted) = &self.options.chain_top {
            let id = FileId::of(wanted).map_err(|err| v2v_disk::Error::io(wanted, "open", err))?;
            let is_wanted = |link: &LinkFacts| link.files.first().is_some_and(|file| file.id == id);
            let Some(level) = self.links.iter().position(is_wanted) else {
                let chain = self
                    .links
                    .iter()
                    .map(|link| link.file.display().to_string())
                    .collect();
                return Err(Error::NotInChain {
                    wanted: wanted.clone(),
                    file: path.to_path_buf(),
                    chain,
                });
            };
            above = self.links.drain(..level).collect();
            self.images.drain(..level);
        }
        Ok(Opened {
            chain: Chain::new(self.images),
            links: self.links,
            above,
            warnings: self.warnings,
        })
    }
}

/// The parent must be what its child declares: a raw file that looks like a qcow2 image was made so by a guest.
fn check_format(child: &Path, parent: &dyn ReadAt, declared: Format) -> Result<(), Error> {
    if declared == Format::Raw {
        return Ok(());
    }
    match detect(parent) {
        Ok(found) if found == declared => Ok(()),
        Ok(found) => Err(Error::ParentFormat {
            child: child.to_path_buf(),
            parent: parent.name().to_path_buf(),
            found: found.to_string(),
            expected: declared.name(),
        }),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_above_the_chosen_level_belong_to_the_source() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| dir.path().join(name);
        let write = |name: &str, ids: &str| {
            let flat = format!("{name}-flat.vmdk");
            std::fs::write(file(&flat), [7; 4096]).unwrap();
            let text = format!(
                "# Disk DescriptorFile\nversion=1\n{ids}\ncreateType=\"monolithicFlat\"\nRW 8 FLAT \"{flat}\" 0\n"
            );
            std::fs::write(file(name), text).unwrap();
        };
        write("base.vmdk", "CID=11111111\nparentCID=ffffffff");
        write(
            "top.vmdk",
            "CID=22222222\nparentCID=11111111\nparentFileNameHint=\"base.vmdk\"",
        );
        let options = OpenOptions {
            chain_top: Some(file("base.vmdk")),
            ..OpenOptions::default()
        };
        let opened = open(&file("top.vmdk"), &options).unwrap();
        assert_eq!((opened.links.len(), opened.above.len()), (1, 1));
        assert_eq!(opened.files().len(), 2, "what is read");
        for name in ["top.vmdk", "top.vmdk-flat.vmdk", "base.vmdk"] {
            let id = FileId::of(&file(name)).unwrap();
            assert!(opened.ids().contains(&id), "{name}");
        }
    }
}
