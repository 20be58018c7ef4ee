//! What became of one configuration, and how that is told.

use std::io::Write;
use std::path::Path;

use v2v_report::{Report, Severity};

use crate::exit::ExitStatus;
use crate::line::{printable, write_error, write_finding};

/// What became of one configuration.
#[derive(Debug)]
pub struct Conversion {
    /// How it ended, so far: what is written later can still fail.
    pub status: ExitStatus,
    /// Everything that is known of it.
    pub report: Report,
    /// The XML; `None` if it was refused or failed.
    pub xml: Option<String>,
    /// Why it failed, beginning with the name of the file.
    pub error: Option<anyhow::Error>,
}

impl Conversion {
    /// One that ended with `status`. A report of it says so too.
    pub fn new(status: ExitStatus, report: Report, xml: Option<String>) -> Conversion {
        let mut conversion = Conversion {
            status,
            report,
            xml,
            error: None,
        };
        conversion.end(status);
        conversion
    }

    /// One that failed, or something about it that failed later. The first error is told, the last status counts.
    pub fn fail(&mut self, error: anyhow::Error, status: ExitStatus) {
        self.end(status);
        self.error.get_or_insert(error);
    }

    fn end(&mut self, status: ExitStatus) {
        self.status = status;
        self.report.finish(status.outcome(), status.code());
    }

    /// Writes its findings, then why it failed. Among several files each line names its own `file`. `quiet` leaves out
    /// what is for the record only.
    ///
    /// What can't be told does not make a result worse, so errors of writing are dropped.
    pub fn tell(&self, out: &mut dyn Write, program: &str, file: Option<&Path>, quiet: bool) {
        let name = match file {
            Some(file) => format!("{program}: {}", printable(&file.to_string_lossy())),
            None => program.to_owned(),
        };
        for finding in &self.report.findings {
            if finding.severity > Severity::Info || !quiet {
                let _ = write_finding(out, &name, finding);
            }
        }
        if let Some(error) = &self.error {
            // The error begins with the name of its file.
            let _ = write_error(out, program, format_args!("{error:#}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use v2v_report::{Finding, FindingId, Outcome};

    use super::*;

    #[test]
    fn the_first_error_is_told_behind_the_findings() {
        let mut report = Report::new("xen2kvm", "0.1.0");
        for severity in [Severity::Info, Severity::Warn] {
            let id = FindingId::new("nic-script");
            report.findings.push(Finding::new(id, severity, "vif-nat"));
        }
        let mut conversion = Conversion::new(ExitStatus::Done, report, Some("<domain/>".into()));
        assert_eq!(conversion.report.result, Outcome::Done);
        conversion.fail(anyhow::anyhow!("a.xml: full"), ExitStatus::Failed);
        conversion.fail(anyhow::anyhow!("a.report.json: full"), ExitStatus::Failed);
        assert_eq!(conversion.report.result, Outcome::Failed);
        let told = |file: Option<&str>, quiet| {
            let mut out = Vec::new();
            conversion.tell(&mut out, "xen2kvm", file.map(Path::new), quiet);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            told(None, false),
            "xen2kvm: info: nic-script: vif-nat\nxen2kvm: warn: nic-script: vif-nat\nxen2kvm: a.xml: full\n"
        );
        assert_eq!(
            told(Some("a.xml"), true),
            "xen2kvm: a.xml: warn: nic-script: vif-nat\nxen2kvm: a.xml: full\n"
        );
    }
}
