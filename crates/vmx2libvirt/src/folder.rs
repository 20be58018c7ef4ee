//! What lies beside a configuration: the names, read once for all configurations of a directory.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Names that are looked at; a directory of a VM has some dozens.
const MAX_NAMES: usize = 100_000;

/// The names in a directory.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    path: PathBuf,
    names: BTreeSet<OsString>,
}

impl Folder {
    /// The names in `path`; none if it can't be read, as then nothing else in it can be found either.
    fn read(path: &Path) -> Folder {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        Folder {
            path: path.to_path_buf(),
            names: entries
                .map(|entry| entry.file_name())
                .take(MAX_NAMES)
                .collect(),
        }
    }

    /// The locks of VMware processes on `files`, names in this directory.
    ///
    /// Workstation and ESXi on VMFS make `NAME.lck`, a directory with a file for each process or a file; an empty
    /// directory is left over. ESXi on NFS makes `.lck-ID`, which does not say of which file.
    pub(crate) fn locks(&self, files: &BTreeSet<OsString>) -> Vec<String> {
        let is_lock = |name: &&OsString| {
            let bytes = name.as_bytes();
            match bytes.strip_suffix(b".lck") {
                Some(of) => files.contains(OsStr::from_bytes(of)) && self.is_held(name),
                None => bytes.starts_with(b".lck-"),
            }
        };
        self.names
            .iter()
            .filter(is_lock)
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }

    fn is_held(&self, lock: &OsStr) -> bool {
        let path = self.path.join(lock);
        match std::fs::read_dir(&path) {
            Ok(mut entries) => entries.next().is_some(),
            Err(_) => path.is_file(),
        }
    }

    /// The disks that have the name of a snapshot level of the disk called `file`, it and its base too:
    /// `web.vmdk`, `web-000001.vmdk`.
    pub(crate) fn levels(&self, file: &OsStr) -> impl Iterator<Item = PathBuf> {
        let stem = stem(file.as_bytes()).map(<[u8]>::to_vec);
        self.names
            .iter()
            .filter(move |name| stem.is_some() && self::stem(name.as_bytes()) == stem.as_deref())
            .map(|name| self.path.join(name))
    }
}

/// `web` of `web.vmdk` and of `web-000001.vmdk`.
fn stem(name: &[u8]) -> Option<&[u8]> {
    let (stem, end) = name.split_at_checked(name.len().checked_sub(5)?)?;
    if !end.eq_ignore_ascii_case(b".vmdk") {
        return None;
    }
    let level = stem
        .len()
        .checked_sub(7)
        .and_then(|at| stem.split_at_checked(at));
    match level {
        Some((base, [b'-', digits @ ..])) if digits.iter().all(u8::is_ascii_digit) => Some(base),
        _ => Some(stem),
    }
}

/// The directory that was read last: the files of one are translated one after the other.
#[derive(Debug, Default)]
pub(crate) struct Folders(Mutex<Arc<Folder>>);

impl Folders {
    /// The names in `path`.
    pub(crate) fn read(&self, path: &Path) -> Arc<Folder> {
        let Ok(mut last) = self.0.lock() else {
            return Arc::new(Folder::read(path));
        };
        if last.path != path {
            *last = Arc::new(Folder::read(path));
        }
        Arc::clone(&last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_a_disk_have_its_stem() {
        for (name, expected) in [
            ("web.vmdk", Some("web")),
            ("web-000012.VMDK", Some("web")),
            ("web-00012.vmdk", Some("web-00012")),
            ("-000001.vmdk", Some("")),
            ("web.vmx", None),
            ("vmdk", None),
        ] {
            assert_eq!(stem(name.as_bytes()), expected.map(str::as_bytes), "{name}");
        }
    }

    #[test]
    fn a_lock_is_held_by_what_lies_in_it() {
        let dir = v2v_testkit::temp::dir();
        for name in ["web.vmx.lck", "left.vmdk.lck", "other.vmdk.lck"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        for name in [
            "web.vmx.lck/M1.lck",
            "other.vmdk.lck/M2.lck",
            "esx.vmdk.lck",
            ".lck-1f00",
        ] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let files = ["web.vmx", "left.vmdk", "esx.vmdk"].map(OsString::from);
        let locks = Folder::read(dir.path()).locks(&BTreeSet::from(files));
        assert_eq!(locks, [".lck-1f00", "esx.vmdk.lck", "web.vmx.lck"]);
    }
}
