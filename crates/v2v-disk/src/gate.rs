//! Files that another file names: every such name goes through the caller's gate.

use std::fmt;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use std::os::unix::ffi::OsStrExt;

use crate::{Class, Error, FileId, HostFile, MappedFile, ReadAt as _, Source, sys};

/// What a named file is for; it decides where it is looked for and how messages speak of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// A part of the disk itself.
    Extent,
    /// The image that a snapshot builds on.
    Parent,
    /// A qcow2 data file.
    DataFile,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Purpose::Extent => "extent",
            Purpose::Parent => "parent",
            Purpose::DataFile => "data file",
        })
    }
}

/// A file name as an image spells it: decoded, and the bytes it was decoded from.
///
/// A descriptor in GBK names its extents in GBK. Copied by one tool the files carry the name in UTF-8, by another the
/// bytes as they were, so both are tried.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileName {
    /// The name as text.
    pub text: String,
    /// The bytes in the image; the same as `text` for UTF-8.
    pub raw: Vec<u8>,
}

impl FileName {
    /// A name that needs no decoding.
    pub fn new(text: impl Into<String>) -> FileName {
        let text = text.into();
        FileName {
            raw: text.clone().into_bytes(),
            text,
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

/// Why a named file was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// It is not where the policy looks.
    #[error("{}: {purpose} {name} not found in {}; put it there or allow its directory (--allow-path)", by.display(), looked_in.display())]
    Missing {
        /// The file that names it.
        by: PathBuf,
        /// What it is for.
        purpose: Purpose,
        /// The name as the image spells it.
        name: FileName,
        /// The first directory that was searched.
        looked_in: PathBuf,
    },
    /// It lies outside what the policy allows.
    #[error(
        "{}: {purpose} {name} lies outside {}; allow its directory (--allow-path) if you trust this image",
        by.display(), allowed.display()
    )]
    Outside {
        /// The file that names it.
        by: PathBuf,
        /// What it is for.
        purpose: Purpose,
        /// The name as the image spells it.
        name: FileName,
        /// The directory of the image, the first that is allowed.
        allowed: PathBuf,
    },
    /// The name can't be one of a file beside the image.
    #[error("{}: {purpose} {name} is not a file name: {reason}", by.display())]
    BadName {
        /// The file that names it.
        by: PathBuf,
        /// What it is for.
        purpose: Purpose,
        /// The name as the image spells it.
        name: FileName,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It is there and can't be used.
    #[error("{}: cannot open {purpose} {name}: {error}", by.display())]
    Open {
        /// The file that names it.
        by: PathBuf,
        /// What it is for.
        purpose: Purpose,
        /// The name as the image spells it.
        name: FileName,
        /// What the system said.
        error: io::Error,
    },
}

impl GateError {
    /// What an embedder does about it.
    pub fn class(&self) -> Class {
        match self {
            GateError::Missing { .. } => Class::Missing,
            GateError::Outside { .. } => Class::Denied,
            GateError::BadName { .. } => Class::Corrupt,
            GateError::Open { .. } => Class::Io,
        }
    }
}

/// The caller's policy for files named by other files.
pub trait OpenGate: Send + Sync {
    /// Opens the file that `name` means, read-only, if the policy allows it.
    ///
    /// # Errors
    ///
    /// [`GateError`], which says where it was looked for or why it is refused.
    fn open(&self, name: &FileName, purpose: Purpose) -> Result<Source, GateError>;
}

/// A gate that opens nothing: for images that must be complete in themselves, and for fuzzing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoGate;

impl OpenGate for NoGate {
    fn open(&self, name: &FileName, purpose: Purpose) -> Result<Source, GateError> {
        Err(GateError::Outside {
            by: PathBuf::from("image"),
            purpose,
            name: name.clone(),
            allowed: PathBuf::from("the image itself"),
        })
    }
}

/// The default policy: regular files in the directory of the image and below it, plus what the caller adds.
///
/// A name is tried as written, then with the separators of Windows as ours, then by its last component in the directory of the naming file, then by its last
/// component in the added directories: images move, and a path of another machine says nothing here. Links and `..`
/// that lead out of an allowed directory are refused by the kernel (`openat2`), not by comparing strings.
#[derive(Debug, Clone)]
pub struct DirGate {
    by: PathBuf,
    here: PathBuf,
    policy: Arc<Policy>,
}

#[derive(Debug)]
struct Policy {
    /// Resolved directories below which files may be opened; the first is that of the top image.
    allowed: Vec<PathBuf>,
    /// Further places for parents.
    parents: Vec<PathBuf>,
    /// Whether files are read through a memory mapping.
    map: bool,
    opened: Mutex<Vec<UsedFile>>,
}

/// A file that an image consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsedFile {
    /// Where it was found.
    pub path: PathBuf,
    /// Device and inode number.
    pub id: FileId,
    /// Length in bytes.
    pub len: u64,
    /// Bytes it takes on its file system.
    pub allocated: u64,
}

impl UsedFile {
    /// The facts of an open file.
    pub fn of(file: &HostFile) -> UsedFile {
        UsedFile {
            path: file.path().to_path_buf(),
            id: file.id(),
            len: file.len(),
            allocated: file.allocated(),
        }
    }
}

impl DirGate {
    /// The gate for the image at `image`.
    ///
    /// Files may also lie below the directories of `allow`; `parents` are such directories too, and parents are looked
    /// for there by name.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the image or one of the directories does not exist.
    pub fn new(image: &Path, allow: &[PathBuf], parents: &[PathBuf]) -> crate::Result<DirGate> {
        DirGate::with_mapping(image, allow, parents, false)
    }

    /// The same, and with `map` files are read through a [`MappedFile`]; see there for what that risks.
    ///
    /// # Errors
    ///
    /// As for [`DirGate::new`].
    pub fn with_mapping(
        image: &Path,
        allow: &[PathBuf],
        parents: &[PathBuf],
        map: bool,
    ) -> crate::Result<DirGate> {
        let resolve = |dir: &Path| {
            dir.canonicalize()
                .map_err(|err| Error::io(dir, "open", err))
        };
        // A link to an image stands for the image: its extents lie where it really is.
        let here = resolve(image)?
            .parent()
            .map_or_else(|| PathBuf::from("/"), Path::to_path_buf);
        let parents = parents
            .iter()
            .map(|dir| resolve(dir))
            .collect::<crate::Result<Vec<_>>>()?;
        let mut allowed = vec![here.clone()];
        for dir in allow {
            allowed.push(resolve(dir)?);
        }
        allowed.extend(parents.iter().cloned());
        let policy = Policy {
            allowed,
            parents,
            map,
            opened: Mutex::default(),
        };
        Ok(DirGate {
            by: image.to_path_buf(),
            here,
            policy: Arc::new(policy),
        })
    }

    /// The same policy for names found in `image`, a file that this gate opened.
    pub fn inside(&self, image: &Path) -> DirGate {
        // As for the top image, what lies beside a linked image lies beside the real one. Whether it may be opened is
        // still up to the allowed directories.
        let real = image.canonicalize().unwrap_or_else(|_| image.to_path_buf());
        let here = real
            .parent()
            .map_or_else(|| self.here.clone(), Path::to_path_buf);
        DirGate {
            by: image.to_path_buf(),
            here,
            policy: Arc::clone(&self.policy),
        }
    }

    /// Every file that went through this policy so far, in order.
    pub fn opened(&self) -> Vec<UsedFile> {
        self.policy
            .opened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Opens `path` if it lies below an allowed directory; `None` if it does not.
    fn open_allowed(&self, path: &Path) -> Option<io::Result<HostFile>> {
        let path = normalize(path);
        let (root, rest) = self
            .policy
            .allowed
            .iter()
            .find_map(|root| Some((root, path.strip_prefix(root).ok()?)))?;
        if rest.as_os_str().is_empty() {
            return Some(Err(io::ErrorKind::IsADirectory.into()));
        }
        Some(sys::open_beneath(root, rest).and_then(|file| {
            if !file.metadata()?.is_file() {
                return Err(io::Error::other("not a regular file"));
            }
            HostFile::from_file(file, root.join(rest)).map_err(io::Error::other)
        }))
    }

    /// All places where `name` may lie, best first.
    fn candidates(&self, name: &Path, purpose: Purpose) -> Vec<PathBuf> {
        let mut places = vec![self.here.join(name)];
        let bytes = name.as_os_str().as_bytes();
        if bytes.contains(&b'\\') {
            // A relative name of a Windows host.
            let slashes: Vec<u8> = bytes
                .iter()
                .map(|&b| if b == b'\\' { b'/' } else { b })
                .collect();
            places.push(self.here.join(std::ffi::OsStr::from_bytes(&slashes)));
        }
        if let Some(last) = last_component(name) {
            places.push(self.here.join(&last));
            let further: &[PathBuf] = if purpose == Purpose::Parent {
                &self.policy.parents
            } else {
                self.policy.allowed.get(1..).unwrap_or_default()
            };
            places.extend(further.iter().map(|dir| dir.join(&last)));
            if purpose == Purpose::Parent {
                places.extend(
                    self.policy
                        .allowed
                        .iter()
                        .skip(1)
                        .map(|dir| dir.join(&last)),
                );
            }
        }
        places.dedup();
        places
    }
}

impl OpenGate for DirGate {
    fn open(&self, name: &FileName, purpose: Purpose) -> Result<Source, GateError> {
        let by = || self.by.clone();
        if let Some(reason) = bad_name(&name.text) {
            return Err(GateError::BadName {
                by: by(),
                purpose,
                name: name.clone(),
                reason,
            });
        }
        let mut outside = false;
        for spelling in spellings(name) {
            for place in self.candidates(spelling, purpose) {
                match self.open_allowed(&place) {
                    None => outside = true,
                    Some(Ok(file)) => {
                        let mut opened = self
                            .policy
                            .opened
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner);
                        opened.push(UsedFile::of(&file));
                        drop(opened);
                        return match self.policy.map {
                            false => Ok(Arc::new(file)),
                            true => MappedFile::new(file)
                                .map(|file| Arc::new(file) as Source)
                                .map_err(|err| {
                                    let error = io::Error::other(err);
                                    GateError::Open {
                                        by: by(),
                                        purpose,
                                        name: name.clone(),
                                        error,
                                    }
                                }),
                        };
                    }
                    Some(Err(error)) if is_missing(&error) => {}
                    // What `RESOLVE_BENEATH` says of a link that leads out.
                    Some(Err(error))
                        if error.raw_os_error() == Some(rustix::io::Errno::XDEV.raw_os_error()) =>
                    {
                        outside = true
                    }
                    Some(Err(error)) => {
                        return Err(GateError::Open {
                            by: by(),
                            purpose,
                            name: name.clone(),
                            error,
                        });
                    }
                }
            }
        }
        Err(if outside {
            let allowed = self.policy.allowed.first().cloned().unwrap_or_default();
            GateError::Outside {
                by: by(),
                purpose,
                name: name.clone(),
                allowed,
            }
        } else {
            GateError::Missing {
                by: by(),
                purpose,
                name: name.clone(),
                looked_in: self.here.clone(),
            }
        })
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename
    )
}

/// The decoded name, then the raw bytes if they differ.
fn spellings(name: &FileName) -> Vec<&Path> {
    let mut all = vec![Path::new(&name.text)];
    if name.raw != name.text.as_bytes() && !name.raw.contains(&0) {
        all.push(Path::new(std::ffi::OsStr::from_bytes(&name.raw)));
    }
    all
}

/// What makes a name impossible, whatever files exist.
fn bad_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("it is empty");
    }
    if name.contains('\0') {
        return Some("it contains a NUL");
    }
    // A one-letter scheme is a Windows drive.
    let scheme = name.split_once(':').map(|(scheme, _)| scheme);
    match scheme {
        Some(scheme) if scheme.len() > 1 && is_protocol(scheme, name) => {
            Some("it names a protocol")
        }
        _ => None,
    }
}

/// `json:`, `nbd://...` and the like; a colon in an ordinary name is none.
fn is_protocol(scheme: &str, name: &str) -> bool {
    let word = scheme
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '_'));
    word && (name.contains("://")
        || matches!(
            scheme,
            "json" | "fd" | "nbd" | "host_device" | "fat" | "vvfat"
        ))
}

/// The last component in Unix or Windows spelling.
fn last_component(name: &Path) -> Option<PathBuf> {
    let bytes = name.as_os_str().as_bytes();
    let last = bytes
        .rsplit(|&b| b == b'/' || b == b'\\')
        .next()
        .filter(|last| !last.is_empty())?;
    if last == b".." || last == b"." {
        return None;
    }
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(last)))
}

/// Resolves `.` and `..` by text; the kernel still checks what the names mean.
fn normalize(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place {
        dir: tempfile::TempDir,
        gate: DirGate,
    }

    /// A folder `vm` with the image, beside it a folder `other` with a file.
    fn place(allow_other: bool) -> Place {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        std::fs::create_dir_all(root.join("vm/sub")).unwrap();
        std::fs::create_dir(root.join("other")).unwrap();
        for name in [
            "vm/disk.vmdk",
            "vm/x-flat.vmdk",
            "vm/sub/y.vmdk",
            "other/base.vmdk",
        ] {
            std::fs::write(root.join(name), name).unwrap();
        }
        std::os::unix::fs::symlink("../other/base.vmdk", root.join("vm/link.vmdk")).unwrap();
        std::os::unix::fs::symlink("sub/y.vmdk", root.join("vm/inner.vmdk")).unwrap();
        let allow = if allow_other {
            vec![root.join("other")]
        } else {
            vec![]
        };
        let gate = DirGate::new(&root.join("vm/disk.vmdk"), &allow, &[]).unwrap();
        Place { dir, gate }
    }

    fn content(place: &Place, name: &str) -> String {
        match place.gate.open(&FileName::new(name), Purpose::Extent) {
            Ok(source) => {
                let mut buf = vec![0; source.len() as usize];
                source.read_exact_at(0, &mut buf).unwrap();
                String::from_utf8(buf).unwrap()
            }
            Err(err) => err
                .to_string()
                .replace(
                    &place
                        .dir
                        .path()
                        .canonicalize()
                        .unwrap()
                        .display()
                        .to_string(),
                    "T",
                )
                .replace(&place.dir.path().display().to_string(), "T"),
        }
    }

    #[test]
    fn names_beside_and_below_the_image_open() {
        let place = place(false);
        assert_eq!(content(&place, "x-flat.vmdk"), "vm/x-flat.vmdk");
        assert_eq!(content(&place, "sub/y.vmdk"), "vm/sub/y.vmdk");
        assert_eq!(content(&place, "./sub/../x-flat.vmdk"), "vm/x-flat.vmdk");
        assert_eq!(
            content(&place, "inner.vmdk"),
            "vm/sub/y.vmdk",
            "a link that stays inside"
        );
        assert_eq!(place.gate.opened().len(), 4);
    }

    #[test]
    fn a_foreign_path_counts_by_its_last_component() {
        let place = place(false);
        assert_eq!(
            content(&place, "/vmfs/volumes/5f/vm/x-flat.vmdk"),
            "vm/x-flat.vmdk"
        );
        assert_eq!(content(&place, r"C:\VMs\x-flat.vmdk"), "vm/x-flat.vmdk");
        assert_eq!(content(&place, r"..\x-flat.vmdk"), "vm/x-flat.vmdk");
        assert_eq!(content(&place, r"sub\y.vmdk"), "vm/sub/y.vmdk");
    }

    #[test]
    fn nothing_outside_opens() {
        let place = place(false);
        let outside = |name: &str| {
            format!(
                "T/vm/disk.vmdk: extent {name:?} lies outside T/vm; allow its directory (--allow-path) if you trust this image"
            )
        };
        for name in [
            "/etc/hostname",
            "../other/base.vmdk",
            "/dev/zero",
            "link.vmdk",
            r"..\other\base.vmdk",
            r"\etc\hostname",
        ] {
            assert_eq!(content(&place, name), outside(name));
        }
        assert!(place.gate.opened().is_empty());
    }

    #[test]
    fn an_allowed_directory_opens() {
        let place = place(true);
        assert_eq!(content(&place, "../other/base.vmdk"), "other/base.vmdk");
        assert_eq!(content(&place, "base.vmdk"), "other/base.vmdk");
    }

    #[test]
    fn a_missing_file_says_where_it_was_looked_for() {
        let place = place(false);
        assert_eq!(
            content(&place, "gone.vmdk"),
            "T/vm/disk.vmdk: extent \"gone.vmdk\" not found in T/vm; put it there or allow its directory (--allow-path)"
        );
    }

    #[test]
    fn what_is_no_file_name_is_refused() {
        let place = place(false);
        for (name, reason) in [
            ("", "empty"),
            ("a\0b", "NUL"),
            ("json:{}", "protocol"),
            ("nbd://host/x", "protocol"),
            ("http://h/x", "protocol"),
        ] {
            let text = content(&place, name);
            assert!(
                text.contains("is not a file name") && text.contains(reason),
                "{name:?}: {text}"
            );
        }
    }

    #[test]
    fn a_fifo_is_refused_without_waiting() {
        let place = place(false);
        let status = std::process::Command::new("mkfifo")
            .arg(place.dir.path().join("vm/pipe"))
            .status()
            .unwrap();
        assert!(status.success());
        assert!(content(&place, "pipe").ends_with("not a regular file"));
        assert!(content(&place, "sub").ends_with("not a regular file"));
    }

    #[test]
    fn a_name_in_raw_bytes_opens() {
        let place = place(false);
        let raw = b"\xce\xbb.vmdk".to_vec();
        std::fs::write(
            place
                .dir
                .path()
                .join("vm")
                .join(std::ffi::OsStr::from_bytes(&raw)),
            "raw",
        )
        .unwrap();
        let name = FileName {
            text: "位.vmdk".into(),
            raw,
        };
        assert_eq!(place.gate.open(&name, Purpose::Extent).unwrap().len(), 3);
    }

    #[test]
    fn beside_a_linked_image_is_where_it_really_lies() {
        let place = place(false);
        let root = place.dir.path();
        std::fs::write(root.join("vm/sub/y-flat.vmdk"), "flat").unwrap();
        let parent = place
            .gate
            .open(&FileName::new("inner.vmdk"), Purpose::Parent)
            .unwrap();
        let gate = place.gate.inside(parent.name());
        assert!(
            gate.open(&FileName::new("y-flat.vmdk"), Purpose::Extent)
                .is_ok()
        );
    }

    #[test]
    fn a_parent_is_found_in_the_parent_directory() {
        let place = place(false);
        let root = place.dir.path();
        let gate = DirGate::new(&root.join("vm/disk.vmdk"), &[], &[root.join("other")]).unwrap();
        assert!(
            gate.open(&FileName::new("/vmfs/volumes/x/base.vmdk"), Purpose::Parent)
                .is_ok()
        );
    }
}
