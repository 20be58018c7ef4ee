//! The file that a product becomes.

use std::path::Path;

use v2v_disk::{Existing, FileId, TargetFile};

/// What becomes of a file that is there already.
fn existing(force: bool) -> Existing {
    match force {
        true => Existing::Replace,
        false => Existing::Keep,
    }
}

/// Refuses a target that is there already or that is the source itself, before anything is done.
pub(crate) fn check_target(target: &Path, source: &Path, force: bool) -> anyhow::Result<()> {
    TargetFile::check(target, existing(force))?;
    // A source that can't be opened has no identity, and is told as such later.
    let ids: Vec<FileId> = FileId::of(source).into_iter().collect();
    match TargetFile::would_replace(target, &ids) {
        Some(lost) => anyhow::bail!("{}: is the source; name another target", lost.display()),
        None => Ok(()),
    }
}

/// Writes a file that has its name only when it is complete and on the disk.
pub(crate) fn write_file(target: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    let file = TargetFile::create(target, existing(force))?;
    file.write_all_at(0, text.as_bytes())?;
    file.commit()?;
    Ok(())
}
