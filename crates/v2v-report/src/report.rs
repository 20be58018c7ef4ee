//! The document behind `--report`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    BootReport, DiskReport, Error, Finding, FindingId, NicReport, PathText, SettingReport,
    Severity, Timing,
};

/// The schema of the JSON form. Additions keep it.
pub const SCHEMA: &str = "v2v-report/1";

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The product is complete; findings may exist.
    Done,
    /// An error stopped it.
    Failed,
    /// A blocker, or a source that is not supported; nothing was written.
    Refused,
    /// What was read back is not what the source has.
    Mismatch,
}

/// One run of one program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Wire", into = "Wire")]
#[non_exhaustive]
pub struct Report {
    /// The program: `vmdk2qcow2`.
    pub program: String,
    /// The program's version.
    pub version: String,
    /// How it ended.
    pub result: Outcome,
    /// The exit code that says the same.
    pub exit_code: u8,
    /// What was converted.
    pub source: Option<SourceReport>,
    /// Every setting of the source's configuration, in its order, and what became of it.
    pub settings: Vec<SettingReport>,
    /// The disks, in the source's order.
    pub disks: Vec<DiskReport>,
    /// The network cards, in the source's order.
    pub nics: Vec<NicReport>,
    /// How the target VM starts.
    pub boot: Option<BootReport>,
    /// What was met, in the order in which it was met.
    pub findings: Vec<Finding>,
    /// How long it took; `None` in a reproducible report.
    pub timing: Option<Timing>,
}

impl Report {
    /// The report of a run of `program` that has met nothing yet; it says [`Outcome::Done`] and 0 until
    /// [`finish`](Report::finish) says something else.
    pub fn new(program: impl Into<String>, version: impl Into<String>) -> Report {
        Report {
            program: program.into(),
            version: version.into(),
            result: Outcome::Done,
            exit_code: 0,
            source: None,
            settings: Vec::new(),
            disks: Vec::new(),
            nics: Vec::new(),
            boot: None,
            findings: Vec::new(),
            timing: None,
        }
    }

    /// Sets how the run ended.
    pub fn finish(&mut self, result: Outcome, exit_code: u8) {
        self.result = result;
        self.exit_code = exit_code;
    }

    /// The ids of the findings that leave something to do for a person, each once, in the order of the findings.
    pub fn manual(&self) -> Vec<FindingId> {
        let mut ids: Vec<FindingId> = Vec::new();
        for finding in self.findings.iter().filter(|finding| finding.needs_hand()) {
            if !ids.contains(&finding.id) {
                ids.push(finding.id.clone());
            }
        }
        ids
    }

    /// The severity of the worst finding; `None` without findings.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// The report as indented JSON, with a newline at the end.
    ///
    /// # Errors
    ///
    /// [`Error::Json`]; it has no known cause.
    pub fn to_json(&self) -> Result<String, Error> {
        let mut json = serde_json::to_string_pretty(self)?;
        json.push('\n');
        Ok(json)
    }

    /// The report that `json` is. Fields that this version does not know are ignored, `manual` is derived again.
    ///
    /// # Errors
    ///
    /// [`Error::Json`] if it is not JSON, has another schema, or a value is missing or of the wrong kind.
    pub fn from_json(json: &str) -> Result<Report, Error> {
        Ok(serde_json::from_str(json)?)
    }
}

/// What was converted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SourceReport {
    /// The kind of source: `vmdk`, `vmx`, `ova`.
    pub kind: String,
    /// The file or directory as it was named.
    pub path: PathText,
    /// What the source calls the VM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// SHA-256 of the configuration file, in lower-case hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The guest operating system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest_os: Option<GuestOsReport>,
}

impl SourceReport {
    /// A source of kind `kind` at `path`.
    pub fn new(kind: impl Into<String>, path: impl Into<PathText>) -> SourceReport {
        SourceReport {
            kind: kind.into(),
            path: path.into(),
            name: None,
            sha256: None,
            guest_os: None,
        }
    }
}

/// The guest operating system, and how sure that is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestOsReport {
    /// What the configuration says, in its own words: `rhel9-64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What is believed to be there: a libosinfo id where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// Where `found` is from.
    pub confidence: Confidence,
}

/// Where knowledge of the guest is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The configuration file, which somebody filled in once.
    File,
    /// The guest's own disk.
    Disk,
}

/// The JSON form, with what is constant or follows from the rest.
#[derive(Serialize, Deserialize)]
struct Wire {
    #[serde(deserialize_with = "schema")]
    schema: String,
    program: String,
    version: String,
    result: Outcome,
    exit_code: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<SourceReport>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    settings: Vec<SettingReport>,
    #[serde(default)]
    disks: Vec<DiskReport>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    nics: Vec<NicReport>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    boot: Option<BootReport>,
    #[serde(default)]
    findings: Vec<Finding>,
    #[serde(default, skip_deserializing)]
    manual: Vec<FindingId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timing: Option<Timing>,
}

fn schema<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let found = String::deserialize(deserializer)?;
    if found == SCHEMA {
        Ok(found)
    } else {
        Err(D::Error::custom(format!(
            "schema is {found:?}, expected {SCHEMA:?}"
        )))
    }
}

impl From<Report> for Wire {
    fn from(report: Report) -> Wire {
        let manual = report.manual();
        let Report {
            program,
            version,
            result,
            exit_code,
            source,
            settings,
            disks,
            nics,
            boot,
            findings,
            timing,
        } = report;
        Wire {
            schema: SCHEMA.to_owned(),
            program,
            version,
            result,
            exit_code,
            source,
            settings,
            disks,
            nics,
            boot,
            findings,
            manual,
            timing,
        }
    }
}

impl From<Wire> for Report {
    fn from(wire: Wire) -> Report {
        let Wire {
            schema: _,
            program,
            version,
            result,
            exit_code,
            source,
            settings,
            disks,
            nics,
            boot,
            findings,
            manual: _,
            timing,
        } = wire;
        Report {
            program,
            version,
            result,
            exit_code,
            source,
            settings,
            disks,
            nics,
            boot,
            findings,
            timing,
        }
    }
}
