//! Exit codes.

use std::process::ExitCode;

use clap::ValueEnum;
use v2v_report::{Finding, Outcome, Severity};

/// How a program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// 0: done; findings may exist.
    Done,
    /// 1: an error: I/O, a corrupt source, a target that exists.
    Failed,
    /// 2: wrong usage.
    Usage,
    /// 3: a blocker, or a source that is not supported; nothing was written.
    Refused,
    /// 4: what was read back differs from the source.
    Mismatch,
    /// 5: done, but with work left for a person; only if asked for by `--strict`.
    Manual,
    /// 128 + n: ended by signal n.
    Signal(i32),
}

impl ExitStatus {
    /// The number for the shell.
    pub fn code(self) -> u8 {
        match self {
            ExitStatus::Done => 0,
            ExitStatus::Failed => 1,
            ExitStatus::Usage => 2,
            ExitStatus::Refused => 3,
            ExitStatus::Mismatch => 4,
            ExitStatus::Manual => 5,
            // Linux has 64 signals, so the sum fits; anything else is still a failure.
            ExitStatus::Signal(number) => u8::try_from(number)
                .ok()
                .and_then(|n| n.checked_add(128))
                .unwrap_or(255),
        }
    }

    /// The same as a report says it.
    pub fn outcome(self) -> Outcome {
        match self {
            ExitStatus::Done | ExitStatus::Manual => Outcome::Done,
            ExitStatus::Failed | ExitStatus::Usage | ExitStatus::Signal(_) => Outcome::Failed,
            ExitStatus::Refused => Outcome::Refused,
            ExitStatus::Mismatch => Outcome::Mismatch,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> ExitCode {
        ExitCode::from(status.code())
    }
}

/// From which severity on a program refuses to begin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// At warnings and blockers.
    Warn,
    /// At blockers only.
    #[default]
    Blocker,
}

/// How findings decide the exit code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::Args)]
pub struct Policy {
    /// End with exit code 5 if work is left for a person
    #[arg(long)]
    pub strict: bool,

    /// Refuse to begin (exit code 3) at findings of this severity
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t)]
    pub fail_on: FailOn,
}

impl Policy {
    /// Whether the findings of the pre-check stop the program before the work; then it ends with
    /// [`ExitStatus::Refused`]. Findings that the user overruled are not to be among them as blockers.
    pub fn refuses(&self, findings: &[Finding]) -> bool {
        let limit = match self.fail_on {
            FailOn::Warn => Severity::Warn,
            FailOn::Blocker => Severity::Blocker,
        };
        findings.iter().any(|finding| finding.severity >= limit)
    }

    /// The status of a run whose work is complete: [`ExitStatus::Done`], or [`ExitStatus::Manual`] with `--strict` if
    /// a finding of at least [`Severity::Warn`] leaves something to do.
    pub fn status(&self, findings: &[Finding]) -> ExitStatus {
        let left = |finding: &Finding| finding.severity >= Severity::Warn && finding.needs_hand();
        if self.strict && findings.iter().any(left) {
            ExitStatus::Manual
        } else {
            ExitStatus::Done
        }
    }
}

#[cfg(test)]
mod tests {
    use v2v_report::{Action, FindingId};

    use super::*;

    fn finding(severity: Severity, action: Action) -> Finding {
        Finding::new(FindingId::new("disk-zero"), severity, "sda").action(action)
    }

    #[test]
    fn codes_and_outcomes() {
        for (status, code, outcome) in [
            (ExitStatus::Done, 0, Outcome::Done),
            (ExitStatus::Failed, 1, Outcome::Failed),
            (ExitStatus::Usage, 2, Outcome::Failed),
            (ExitStatus::Refused, 3, Outcome::Refused),
            (ExitStatus::Mismatch, 4, Outcome::Mismatch),
            (ExitStatus::Manual, 5, Outcome::Done),
            (ExitStatus::Signal(2), 130, Outcome::Failed),
            (ExitStatus::Signal(64), 192, Outcome::Failed),
            (ExitStatus::Signal(-1), 255, Outcome::Failed),
        ] {
            assert_eq!(status.code(), code);
            assert_eq!(status.outcome(), outcome);
            assert_eq!(ExitCode::from(status), ExitCode::from(code));
        }
    }

    #[test]
    fn findings_decide() {
        let plain = Policy::default();
        let strict = Policy {
            strict: true,
            ..plain
        };
        let careful = Policy {
            fail_on: FailOn::Warn,
            ..plain
        };
        for (severity, action, refused, refused_if_careful, status_if_strict) in [
            (
                Severity::Info,
                Action::manual("x"),
                false,
                false,
                ExitStatus::Done,
            ),
            (
                Severity::Warn,
                Action::none(),
                false,
                true,
                ExitStatus::Done,
            ),
            (
                Severity::Warn,
                Action::automatic("x").done(),
                false,
                true,
                ExitStatus::Done,
            ),
            (
                Severity::Warn,
                Action::manual("x"),
                false,
                true,
                ExitStatus::Manual,
            ),
            (
                Severity::Warn,
                Action::manual("x").done(),
                false,
                true,
                ExitStatus::Done,
            ),
            (
                Severity::Blocker,
                Action::manual("x"),
                true,
                true,
                ExitStatus::Manual,
            ),
        ] {
            let findings = [
                finding(Severity::Info, Action::none()),
                finding(severity, action),
            ];
            assert_eq!(plain.refuses(&findings), refused, "{findings:?}");
            assert_eq!(
                careful.refuses(&findings),
                refused_if_careful,
                "{findings:?}"
            );
            assert_eq!(plain.status(&findings), ExitStatus::Done, "{findings:?}");
            assert_eq!(strict.status(&findings), status_if_strict, "{findings:?}");
        }
        assert!(!careful.refuses(&[]));
        assert_eq!(strict.status(&[]), ExitStatus::Done);
    }
}
