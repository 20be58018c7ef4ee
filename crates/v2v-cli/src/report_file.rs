//! Where a report goes.

use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use v2v_report::Report;

/// The value of `--report`: a file, or `-` for stdout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportTarget {
    /// `-`.
    Stdout,
    /// A file.
    File(PathBuf),
}

impl ReportTarget {
    /// Says whether [`write_report`] would replace a file that is no report: `--report web01.vmx` lacks a word. To be
    /// asked before the work.
    ///
    /// # Errors
    ///
    /// [`ReportError::Taken`], and [`ReportError::Read`] if what is there can't be read.
    pub fn check(&self) -> Result<(), ReportError> {
        let ReportTarget::File(path) = self else {
            return Ok(());
        };
        if !path.metadata().is_ok_and(|found| found.is_file()) {
            return Ok(());
        }
        let mut head = Vec::new();
        File::open(path)
            .and_then(|file| file.take(256).read_to_end(&mut head))
            .map_err(|source| ReportError::Read {
                path: path.clone(),
                source,
            })?;
        let head = String::from_utf8_lossy(&head);
        if head.starts_with('{') && head.contains(v2v_report::SCHEMA) {
            return Ok(());
        }
        Err(ReportError::Taken { path: path.clone() })
    }
}

impl From<OsString> for ReportTarget {
    fn from(value: OsString) -> ReportTarget {
        if value == "-" {
            ReportTarget::Stdout
        } else {
            ReportTarget::File(value.into())
        }
    }
}

/// A report that could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file that is no report has its name.
    #[error("{}: exists and is no report; name another file for --report", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// A file that has its name can't be read.
    #[error("{}: cannot read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// To a file.
    #[error("{}: cannot write the report", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// To stdout.
    #[error("cannot write the report to stdout")]
    Stdout(#[source] io::Error),
    /// As JSON.
    #[error(transparent)]
    Json(#[from] v2v_report::Error),
}

/// Writes `report` as JSON to `target`; `stdout` is what `-` stands for.
///
/// A file gets its name when it is complete, and replaces one that exists. What exists and is no regular file (a pipe,
/// `/dev/null`) is written to as it is.
///
/// # Errors
///
/// [`ReportError`], with the place.
pub fn write_report(
    report: &Report,
    target: &ReportTarget,
    stdout: &mut dyn Write,
) -> Result<(), ReportError> {
    let json = report.to_json()?;
    match target {
        ReportTarget::Stdout => stdout
            .write_all(json.as_bytes())
            .and_then(|()| stdout.flush())
            .map_err(ReportError::Stdout),
        ReportTarget::File(path) => {
            write_file(path, json.as_bytes()).map_err(|source| ReportError::File {
                path: path.clone(),
                source,
            })
        }
    }
}

fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match path.metadata() {
        // A link is kept; the file it leads to is replaced.
        Ok(found) if found.is_file() => replace(&path.canonicalize()?, bytes),
        Ok(_) => File::options().write(true).open(path)?.write_all(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => replace(path, bytes),
        Err(error) => Err(error),
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".report-").suffix(".part");
    // tempfile's own default is 0600; the umask decides as for any file.
    #[cfg(unix)]
    builder.permissions(<Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666));
    let mut file = builder.tempfile_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report::new("vmdk2qcow2", "0.1.0")
    }

    fn write(path: &Path) -> Result<(), ReportError> {
        write_report(
            &report(),
            &ReportTarget::File(path.to_owned()),
            &mut io::sink(),
        )
    }

    fn read(path: &Path) -> Report {
        Report::from_json(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn a_dash_is_stdout() {
        let mut stdout = Vec::new();
        write_report(&report(), &OsString::from("-").into(), &mut stdout).unwrap();
        assert_eq!(
            Report::from_json(&String::from_utf8(stdout).unwrap()).unwrap(),
            report()
        );
        assert_eq!(
            ReportTarget::from(OsString::from("-x")),
            ReportTarget::File("-x".into())
        );
    }

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("web01.report.json");
        for _ in 0..2 {
            write(&path).unwrap();
            assert_eq!(read(&path), report());
            assert_eq!(dir.path().read_dir().unwrap().count(), 1);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_has_usual_permissions() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let (ours, usual) = (dir.path().join("ours"), dir.path().join("usual"));
        write(&ours).unwrap();
        File::create(&usual).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&usual));
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_stay() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        std::fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        write(&link).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(read(&file), report());

        let null = dir.path().join("null");
        std::os::unix::fs::symlink("/dev/null", &null).unwrap();
        write(&null).unwrap();
        assert!(null.symlink_metadata().unwrap().is_symlink());
        assert!(!Path::new("/dev/null").metadata().unwrap().is_file());
    }

    #[test]
    fn only_a_report_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let target = ReportTarget::File(path.clone());
        target.check().unwrap();
        write(&path).unwrap();
        target.check().unwrap();
        std::fs::write(&path, "{\"name\": \"web01\"}").unwrap();
        assert_eq!(
            target.check().unwrap_err().to_string(),
            format!(
                "{}: exists and is no report; name another file for --report",
                path.display()
            )
        );
        ReportTarget::Stdout.check().unwrap();
    }

    #[test]
    fn an_error_names_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("missing/report.json");
        let error = write(&path).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{}: cannot write the report", path.display())
        );
    }
}
