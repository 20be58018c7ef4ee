//! The images of a domain: their format, by content. Everything is opened for reading only, and nothing outside of the
//! domain's directory that the caller did not allow.

use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use v2v_disk::{DirGate, FileName, GateError, OpenGate as _, Purpose, ReadAt};
use v2v_image::{Format, detect};
use v2v_xen::{Evidence, ImageEvidence};
use v2v_xml::Document;

/// Images that are looked at; a domain has some dozens.
const MAX_IMAGES: usize = 10_000;

/// Formats that QEMU reads and this project does not, with libvirt's names.
const OTHERS: &[(u64, &[u8], &str)] = &[
    (0, b"conectix", "vpc"),
    (0, b"vhdxfile", "vhdx"),
    (0, b"QED\0", "qed"),
    (0, b"QFI\xfb\0\0\0\x01", "qcow"),
    (0x40, b"\x7f\x10\xda\xbe", "vdi"),
];

/// Looks at the images of domains.
pub(crate) struct Looker {
    allow: Vec<PathBuf>,
}

impl Looker {
    /// One that may also look below the directories `allow`.
    ///
    /// # Errors
    ///
    /// If one of them does not exist.
    pub(crate) fn new(allow: &[PathBuf]) -> anyhow::Result<Looker> {
        let resolve = |dir: &PathBuf| {
            dir.canonicalize()
                .with_context(|| format!("--allow-path {}: cannot open", dir.display()))
        };
        Ok(Looker {
            allow: allow.iter().map(resolve).collect::<Result<_, _>>()?,
        })
    }

    /// What lies at the paths of the disks of `document`, which came from `file`, a path from the root without links.
    ///
    /// # Errors
    ///
    /// If its directory can't be opened.
    pub(crate) fn look(&self, document: &Document, file: &Path) -> anyhow::Result<Evidence> {
        let dir = file.parent().unwrap_or(Path::new("/"));
        let view = View {
            dir,
            gate: DirGate::new(file, &self.allow, &[])?,
            allow: [&[dir.to_path_buf()], self.allow.as_slice()].concat(),
        };
        let mut evidence = Evidence::default();
        for path in paths(document) {
            if let Some(found) = view.image(&path) {
                evidence.images.insert(path, found);
            }
        }
        Ok(evidence)
    }
}

/// The paths of the disks of `document`, as they stand there.
fn paths(document: &Document) -> Vec<String> {
    let sources = document.find_all(document.root(), "devices/disk/source");
    let path = |id| {
        let path = document
            .attribute(id, "file")
            .or_else(|| document.attribute(id, "dev"));
        path.map(std::borrow::Cow::into_owned)
    };
    let mut paths: Vec<String> = sources.into_iter().filter_map(path).collect();
    paths.sort_unstable();
    paths.dedup();
    paths.truncate(MAX_IMAGES);
    paths
}

/// What can be seen from one domain.
struct View<'a> {
    /// Where it lies, without links.
    dir: &'a Path,
    gate: DirGate,
    /// The directories whose files may be opened.
    allow: Vec<PathBuf>,
}

impl View<'_> {
    /// What lies at `path`; `None` if that may not be looked at, or tells nothing: a raw disk looks like nothing in
    /// particular.
    fn image(&self, path: &str) -> Option<ImageEvidence> {
        let place = self.dir.join(path);
        let Ok(real) = place.canonicalize() else {
            return self.is_missing(&place).then_some(ImageEvidence::Missing);
        };
        if !self.allow.iter().any(|dir| real.starts_with(dir)) {
            return None;
        }
        if fs::metadata(&real).is_ok_and(|found| found.file_type().is_block_device()) {
            return Some(ImageEvidence::Device);
        }
        match self.gate.open(&FileName::new(path), Purpose::Extent) {
            // A file of the same name beside the domain is not the one that is meant.
            Ok(source) if source.name().canonicalize().ok()? == real => {
                format(&*source).map(ImageEvidence::Format)
            }
            Err(GateError::Missing { .. }) => Some(ImageEvidence::Missing),
            _ => None,
        }
    }

    /// Whether nothing is at `place`, in a directory that is there and may be looked at.
    fn is_missing(&self, place: &Path) -> bool {
        let is_there = fs::symlink_metadata(place).is_ok();
        let dir = place.parent().and_then(|dir| dir.canonicalize().ok());
        let is_seen = dir.is_some_and(|dir| self.allow.iter().any(|seen| dir.starts_with(seen)));
        !is_there && is_seen
    }
}

/// The format of an image by its content, in libvirt's words.
fn format(image: &dyn ReadAt) -> Option<&'static str> {
    let has = |(at, magic, _): &&(u64, &[u8], &str)| {
        let mut bytes = vec![0; magic.len()];
        image.read_exact_at(*at, &mut bytes).is_ok() && bytes == *magic
    };
    // The first qcow begins as qcow2 does, but for the version.
    if let Some((_, _, name)) = OTHERS.iter().find(has) {
        return Some(name);
    }
    match detect(image) {
        Ok(Format::Raw) | Err(_) => None,
        Ok(format) => Some(format.name()),
    }
}

#[cfg(test)]
mod tests {
    use v2v_disk::Bytes;

    use super::*;

    #[test]
    fn formats_are_told_by_content_and_raw_is_not() {
        let told = |at: usize, magic: &[u8]| {
            let mut bytes = vec![0; 4096];
            bytes[at..at + magic.len()].copy_from_slice(magic);
            format(&Bytes::new("x", bytes))
        };
        for (at, magic, name) in OTHERS {
            assert_eq!(told(usize::try_from(*at).unwrap(), magic), Some(*name));
        }
        assert_eq!(told(0, b"QFI\xfb\0\0\0\x03"), Some("qcow2"));
        assert_eq!(told(510, b"\x55\xaa"), None);
        assert_eq!(told(0, b"\x1f\x8b"), None);
    }

    #[test]
    fn only_what_lies_below_is_looked_at() {
        let root = v2v_testkit::temp::dir();
        let root = root.path().canonicalize().unwrap();
        for dir in ["vm", "other", "allowed"] {
            fs::create_dir(root.join(dir)).unwrap();
            fs::write(root.join(dir).join("a.img"), b"QED\0").unwrap();
        }
        std::os::unix::fs::symlink("../other/a.img", root.join("vm/link.img")).unwrap();
        let file = root.join("vm/web01.xml");
        fs::write(&file, "").unwrap();
        let look = |path: &str| {
            let text =
                format!("<domain><devices><disk><source file='{path}'/></disk></devices></domain>");
            let document = Document::parse(text, &Default::default()).unwrap();
            let looker = Looker::new(&[root.join("allowed")]).unwrap();
            let evidence = looker.look(&document, &file).unwrap();
            evidence.images.get(path).cloned()
        };
        let at = |path: &str| root.join(path).display().to_string();
        let qed = Some(ImageEvidence::Format("qed"));
        assert_eq!(look(&at("vm/a.img")), qed);
        assert_eq!(look("a.img"), qed);
        assert_eq!(look(&at("allowed/a.img")), qed);
        assert_eq!(look(&at("vm/none.img")), Some(ImageEvidence::Missing));
        for outside in [
            at("other/a.img"),
            at("vm/link.img"),
            at("vm/../other/a.img"),
            at("none/a.img"),
        ] {
            assert_eq!(look(&outside), None, "{outside}");
        }
        assert_eq!(look("/nowhere/a.img"), None, "the one beside it is another");
    }
}
