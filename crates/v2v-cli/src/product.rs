//! What goes in and out of a program that makes one text of another: configurations, and the XML made of them.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// A configuration that was read.
#[derive(Debug, Clone)]
pub struct SourceText {
    /// Its bytes; of one that is longer than it may be, one byte more than that.
    pub bytes: Vec<u8>,
    /// Its length; of a pipe only as far as it was read.
    pub len: u64,
    /// Where it really lies, without links; `None` for a pipe, which has nothing beside it.
    pub place: Option<PathBuf>,
}

/// Reads a configuration, of `-` standard input, and not much more than `limit` bytes of it.
///
/// # Errors
///
/// I/O, and a directory: `inside` is what should be named instead (`the .vmx inside`).
pub fn read_source(file: &Path, limit: u64, inside: &str) -> anyhow::Result<SourceText> {
    if file == Path::new("-") {
        let bytes = read_some(io::stdin().lock(), limit).context("standard input: cannot read")?;
        return Ok(SourceText::of_pipe(bytes));
    }
    let open = File::open(file).and_then(|open| Ok((open.metadata()?, open)));
    let (metadata, open) = open.with_context(|| format!("{}: cannot open", file.display()))?;
    if metadata.is_dir() {
        bail!(
            "{}: is a directory, expected a file; name {inside}",
            file.display()
        );
    }
    let bytes =
        read_some(open, limit).with_context(|| format!("{}: cannot read", file.display()))?;
    let mut source = SourceText::of_pipe(bytes);
    // What lies beside a pipe says nothing of the VM; what lies beside a link's target does.
    if metadata.is_file() {
        source.len = source.len.max(metadata.len());
        source.place = file.canonicalize().ok();
    }
    Ok(source)
}

impl SourceText {
    fn of_pipe(bytes: Vec<u8>) -> SourceText {
        SourceText {
            len: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            bytes,
            place: None,
        }
    }
}

/// At most one byte more than `limit`.
fn read_some(from: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The name of a source in messages.
pub fn shown(file: &Path) -> String {
    match file == Path::new("-") {
        true => "standard input".to_owned(),
        false => file.display().to_string(),
    }
}

/// Prints a product to stdout. `println!` would panic where `| head` has read enough.
///
/// # Errors
///
/// If stdout is closed or full.
pub fn print(text: &str) -> anyhow::Result<()> {
    written(
        io::stdout()
            .write_all(text.as_bytes())
            .and_then(|()| io::stdout().flush()),
    )
}

/// Says what could not be written to stdout.
///
/// # Errors
///
/// That of `result`, with the place.
pub fn written(result: io::Result<()>) -> anyhow::Result<()> {
    result.context("cannot write to standard output")
}

/// Writes one file of many, which has its name only when it is complete. `force` replaces one that has the name.
///
/// It does not wait for the disk: a thousand waits take longer than the work, and what a power loss takes can be made
/// again.
///
/// # Errors
///
/// I/O, and a file that has the name if it is to be kept.
pub fn write_one_of_many(target: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    let context = || format!("{}: cannot write", target.display());
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let mut builder = tempfile::Builder::new();
    let prefix = format!(".{name}.");
    builder.prefix(&prefix).suffix(".part");
    // tempfile's own default is 0600; the umask decides as for any file.
    #[cfg(unix)]
    builder
        .permissions(<std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666));
    let dir = match target.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    let mut file = builder.tempfile_in(dir).with_context(context)?;
    file.write_all(text.as_bytes()).with_context(context)?;
    let named = match force {
        true => file.persist(target),
        false => file.persist_noclobber(target),
    };
    named.map_err(|error| error.error).with_context(context)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_than_the_limit_needs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("web01.cfg");
        std::fs::write(&path, "name = \"web01\"\n").unwrap();
        let whole = read_source(&path, 100, "the file").unwrap();
        assert_eq!((whole.len, whole.bytes.len()), (15, 15));
        assert_eq!(whole.place, path.canonicalize().ok());
        let cut = read_source(&path, 4, "the file").unwrap();
        assert_eq!((cut.len, cut.bytes.as_slice()), (15, &b"name "[..]));
    }

    #[test]
    fn a_directory_is_no_source() {
        let dir = tempfile::tempdir().unwrap();
        let error = read_source(dir.path(), 100, "the .vmx inside").unwrap_err();
        let text = format!(
            "{}: is a directory, expected a file; name the .vmx inside",
            dir.path().display()
        );
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn one_of_many_is_replaced_by_force_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("web01.xml");
        write_one_of_many(&path, "first", false).unwrap();
        let kept = write_one_of_many(&path, "second", false).unwrap_err();
        assert!(format!("{kept:#}").starts_with(&format!("{}: cannot write: ", path.display())));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first");
        write_one_of_many(&path, "second", true).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "second");
        assert_eq!(dir.path().read_dir().unwrap().count(), 1);
    }
}
