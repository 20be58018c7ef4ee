//! What a translation gives.

use v2v_domain::Domain;
use v2v_report::{BootReport, Finding, FindingId, NicReport, SettingReport, Severity};

use crate::finding::can_be_overruled;
use crate::guest::Guest;
use crate::policy::DiskFormat;

/// A domain, and what became of everything the source said.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Translation {
    /// The domain.
    pub domain: Domain,
    /// The guest, as far as the configuration tells.
    pub guest: Guest,
    /// Every setting in the order of the file, each with its fate.
    pub settings: Vec<SettingReport>,
    /// What a person may have to know, in the order of the rules.
    pub findings: Vec<Finding>,
    /// The hard disks in the order of the domain: what has to be converted to what.
    pub disks: Vec<DiskLink>,
    /// The network cards in the order of the source.
    pub nics: Vec<NicReport>,
    /// How the domain starts.
    pub boot: BootReport,
}

impl Translation {
    /// The findings that stop the work, without those whose ids are in `overruled` and that can be overruled.
    pub fn blockers<'a>(&'a self, overruled: &'a [FindingId]) -> impl Iterator<Item = &'a Finding> {
        self.findings.iter().filter(move |finding| {
            let is_overruled = overruled.contains(&finding.id) && can_be_overruled(&finding.id);
            finding.severity == Severity::Blocker && !is_overruled
        })
    }
}

/// One hard disk on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiskLink {
    /// Where it sat in the source: `scsi0:0`.
    pub slot: String,
    /// The file as the source names it.
    pub source: String,
    /// The file as it was found, if the caller looked.
    pub found: Option<String>,
    /// Its name in the domain: `vda`.
    pub target: String,
    /// The image in the domain.
    pub path: String,
    /// The format of that image.
    pub format: DiskFormat,
    /// What the guest sees, in bytes, if the caller looked.
    pub virtual_size: Option<u64>,
}
