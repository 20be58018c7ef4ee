//! Where products go: standard output, which may be full or closed, and files.

use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use tempfile::Builder;
use v2v_disk::{Existing, FileId, TargetFile};

/// Prints a product. `println!` would panic where `| head` has read enough.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    written(
        io::stdout()
            .write_all(text.as_bytes())
            .and_then(|()| io::stdout().flush()),
    )
}

/// Says what could not be written.
pub(crate) fn written(result: io::Result<()>) -> anyhow::Result<()> {
    result.context("cannot write to standard output")
}

/// What becomes of a file that is there already.
pub(crate) fn existing(force: bool) -> Existing {
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

/// Writes one file of many, which has its name only when it is complete.
///
/// Unlike [`write_file`] it does not wait for the disk: a thousand waits take longer than the work, and what a power
/// loss takes can be made again.
pub(crate) fn write_one_of_many(target: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    let context = || format!("{}: cannot write", target.display());
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let mut builder = Builder::new();
    let prefix = format!(".{name}.");
    // tempfile's own default is 0600; the umask decides as for any file.
    builder
        .prefix(&prefix)
        .suffix(".part")
        .permissions(Permissions::from_mode(0o666));
    let dir = target.parent().unwrap_or(Path::new("."));
    let mut file = builder.tempfile_in(dir).with_context(context)?;
    file.write_all(text.as_bytes()).with_context(context)?;
    let named = match force {
        true => file.persist(target),
        false => file.persist_noclobber(target),
    };
    named.map_err(|error| error.error).with_context(context)?;
    Ok(())
}
