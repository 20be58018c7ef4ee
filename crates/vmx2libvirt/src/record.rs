//! What is known of a configuration, put into its report.

use sha2::{Digest as _, Sha256};
use v2v_report::{Confidence, DiskReport, Finding, FindingId, GuestOsReport, Report, Severity};
use v2v_translate::{DiskLink, Evidence, FileEvidence, Translation};
use v2v_vmx::Document;

/// What the file itself says; `document` is `None` if nobody can read it.
pub(crate) fn source(report: &mut Report, bytes: &[u8], document: Option<&Document>) {
    let Some(about) = &mut report.source else {
        return;
    };
    let digest = Sha256::digest(bytes);
    about.sha256 = Some(digest.iter().map(|byte| format!("{byte:02x}")).collect());
    let value = |key| document?.get(key).map(|entry| entry.value().to_owned());
    about.name = value("displayname");
    about.guest_os = value("guestos").map(|hint| GuestOsReport {
        hint: Some(hint),
        found: None,
        confidence: Confidence::File,
    });
}

/// What became of it. A blocker that was overruled is a warning.
pub(crate) fn translation(
    report: &mut Report,
    translation: &Translation,
    evidence: &Evidence,
    overruled: &[FindingId],
) {
    if let Some(guest) = report
        .source
        .as_mut()
        .and_then(|about| about.guest_os.as_mut())
    {
        guest.found = translation.guest.libosinfo_id();
    }
    report.settings.clone_from(&translation.settings);
    report.nics.clone_from(&translation.nics);
    report.boot = Some(translation.boot.clone());
    report.disks = disks(translation, evidence);
    let blockers: Vec<&Finding> = translation.blockers(overruled).collect();
    let file = report.source.as_ref().map(|about| about.path.clone());
    report.findings = translation
        .findings
        .iter()
        .map(|finding| {
            let mut told = finding.clone();
            if finding.severity == Severity::Blocker && !blockers.contains(&finding) {
                told.severity = Severity::Warn;
            }
            if told.evidence.line.is_some() && told.evidence.file.is_none() {
                told.evidence.file.clone_from(&file);
            }
            told
        })
        .collect();
}

fn disks(translation: &Translation, evidence: &Evidence) -> Vec<DiskReport> {
    let report = |link: &DiskLink| {
        let source = link.found.as_ref().unwrap_or(&link.source);
        let size = link.virtual_size.unwrap_or_default();
        let mut disk = DiskReport::new(source.as_str(), link.path.as_str(), size);
        disk.slot = Some(link.slot.clone());
        disk.target = Some(link.target.clone());
        if let Some(FileEvidence::Disk(found)) = evidence.files.get(&link.source) {
            disk.chain = found
                .chain
                .iter()
                .map(|file| file.as_str().into())
                .collect();
        }
        disk
    };
    translation.disks.iter().map(report).collect()
}
