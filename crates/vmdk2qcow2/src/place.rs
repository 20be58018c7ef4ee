//! Where a target lies among other files: what it may not replace, and what it builds on.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use v2v_disk::{FileId, TargetFile};
use v2v_image::{Format, OpenOptions, open};
use v2v_qcow2::Backing;

use crate::failure::usage;

/// A backing file as a reader of the target finds it: a relative name counts from the target's directory.
fn beside(target: &Path, file: &Path) -> PathBuf {
    target.parent().unwrap_or(Path::new("")).join(file)
}

/// The directory that a reader of the target must be allowed to open its backing file from.
pub(crate) fn backing_folder(target: &Path, file: &Path) -> Option<PathBuf> {
    let folder = beside(target, file).parent().map(Path::to_path_buf)?;
    Some(if folder == Path::new("") {
        PathBuf::from(".")
    } else {
        folder
    })
}

/// The target must not take the place of what it is made from or of what it builds on, neither under its name nor under
/// the one it has until it is complete.
pub(crate) fn check_target(
    target: &Path,
    source: &[FileId],
    backing: &[FileId],
) -> anyhow::Result<()> {
    for (files, role) in [
        (source, "a file of the source"),
        (backing, "its own backing file"),
    ] {
        if let Some(lost) = TargetFile::would_replace(target, files) {
            anyhow::bail!("{}: is {role}; name another target", lost.display());
        }
    }
    Ok(())
}

/// A backing file must be there, where the target will look for it, and be what it is said to be. Gives all files of
/// its chain too.
pub(crate) fn check_backing(
    file: &Path,
    format: Format,
    target: &Path,
) -> anyhow::Result<(Backing, Vec<FileId>)> {
    let place = beside(target, file);
    let mut options = OpenOptions::default();
    options.format = Some(format);
    let opened = open(&place, &options).context("backing file")?;
    let name = file
        .to_str()
        .ok_or_else(|| usage(format!("{}: the name is not UTF-8", file.display())))?;
    let backing = Backing {
        name: without_protocol(name),
        format: format.name().to_owned(),
    };
    Ok((backing, opened.ids()))
}

/// QEMU takes what stands before a colon in the first component for a protocol; `./` in front says it is a file.
fn without_protocol(name: &str) -> String {
    match name.find([':', '/']).and_then(|at| name.get(at..)) {
        Some(rest) if rest.starts_with(':') => format!("./{name}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_colon_in_a_backing_name_is_no_protocol() {
        for (name, written) in [
            ("base.qcow2", "base.qcow2"),
            ("web01:old.qcow2", "./web01:old.qcow2"),
            ("json:{}", "./json:{}"),
            ("a/b:c.qcow2", "a/b:c.qcow2"),
            ("/vm/a:b", "/vm/a:b"),
        ] {
            assert_eq!(without_protocol(name), written);
        }
    }

    #[test]
    fn neither_name_of_a_target_may_be_that_of_an_input() {
        let dir = tempfile::tempdir().unwrap();
        let (target, part) = (dir.path().join("x"), dir.path().join(".x.part"));
        std::fs::write(&part, "a source").unwrap();
        std::fs::write(&target, "a backing file").unwrap();
        let ids = [FileId::of(&part).unwrap()];
        let told = |source: &[FileId], backing: &[FileId]| {
            let error = check_target(&target, source, backing).unwrap_err();
            let root = format!("{}/", dir.path().display());
            error.to_string().replace(&root, "")
        };
        assert_eq!(
            told(&ids, &[]),
            ".x.part: is a file of the source; name another target"
        );
        assert_eq!(
            told(&[], &[FileId::of(&target).unwrap()]),
            "x: is its own backing file; name another target"
        );
        assert!(check_target(&dir.path().join("y"), &ids, &[]).is_ok());
    }
}
