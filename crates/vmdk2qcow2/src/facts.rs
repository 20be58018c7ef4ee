//! From what the libraries noticed to findings.

use std::ops::Range;

use v2v_disk::Warning;
use v2v_image::{Details, LinkFacts, Opened};
use v2v_report::{Action, Evidence, Finding, FindingId, Severity};

const UNREADABLE: FindingId = FindingId::new("disk-unreadable");
const CHAIN_TOP: FindingId = FindingId::new("disk-snapshot-level");

/// A library's warning as a finding.
pub(crate) fn finding(warning: &Warning) -> Finding {
    let id = warning.id.parse().unwrap_or(FindingId::new("disk-warning"));
    Finding::new(id, Severity::Warn, warning.file.display().to_string())
        .evidence(Evidence::new(warning.text.clone()).file(warning.file.clone()))
}

/// Findings about an opened source.
pub(crate) fn of_source(opened: &Opened) -> Vec<Finding> {
    let mut findings: Vec<Finding> = opened.warnings.iter().map(finding).collect();
    if let [top, .., base] = opened.links.as_slice() {
        let text = format!(
            "snapshot: {} images are merged, down to {}",
            opened.links.len(),
            base.file.display()
        );
        findings.push(
            Finding::new(CHAIN_TOP, Severity::Info, top.file.display().to_string())
                .evidence(Evidence::new(text).file(top.file.clone())),
        );
    }
    findings
}

/// One finding for each range that `--salvage` filled with zeros.
pub(crate) fn of_unreadable(
    source: &std::path::Path,
    ranges: &[Range<u64>],
    first: Option<&str>,
) -> Vec<Finding> {
    let mut reason = first;
    ranges
        .iter()
        .map(|range| {
            let mut text = format!(
                "{:#x} to {:#x} can't be read and holds zeros now",
                range.start, range.end
            );
            if let Some(first) = reason.take() {
                text.push_str(&format!(" ({first})"));
            }
            Finding::new(UNREADABLE, Severity::Warn, source.display().to_string())
                .evidence(
                    Evidence::new(text)
                        .file(source.to_path_buf())
                        .offset(range.start),
                )
                .action(Action::manual(
                    "restore this range from a backup or check the guest's file systems",
                ))
        })
        .collect()
}

/// What a disk is, in a few words: `streamOptimized`, `qcow2`, `vmfsSparse over vmfs`.
pub(crate) fn kind(links: &[LinkFacts]) -> String {
    let mut names: Vec<String> = links.iter().map(link_kind).collect();
    names.dedup();
    names.join(" over ")
}

fn link_kind(link: &LinkFacts) -> String {
    match &link.details {
        Details::Vmdk(facts) => facts.descriptor.create_type.value.as_str().to_owned(),
        _ => link.format.to_string(),
    }
}
