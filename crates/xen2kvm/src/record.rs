//! What is known of a domain, put into its report.

use sha2::{Digest as _, Sha256};
use v2v_report::{
    BootReport, Confidence, DiskReport, Finding, FindingId, GuestOsReport, NicReport, NicTarget,
    Report, SettingReport, SettingState, Severity,
};
use v2v_xen::{Change, Conversion};
use v2v_xml::{Document, NodeId};

use crate::args::Kind;
use crate::explain::{holds_password, why};

/// What the bytes themselves say.
pub(crate) fn source(report: &mut Report, bytes: &[u8], kind: Kind) {
    if let Some(about) = &mut report.source {
        let digest = Sha256::digest(bytes);
        kind.name().clone_into(&mut about.kind);
        about.sha256 = Some(digest.iter().map(|byte| format!("{byte:02x}")).collect());
    }
}

/// What became of it. A blocker that was overruled is a warning.
pub(crate) fn conversion(
    report: &mut Report,
    kind: Kind,
    xen: &Document,
    conversion: &Conversion,
    overruled: &[FindingId],
) {
    let kvm = &conversion.document;
    if let Some(about) = &mut report.source {
        about.name = text(xen, "name");
        about.guest_os = Some(GuestOsReport {
            hint: None,
            found: conversion.guest.libosinfo_id(),
            confidence: Confidence::File,
        });
    }
    if kind == Kind::Xml {
        report.settings = conversion.changes.iter().map(setting).collect();
    }
    report.disks = disks(xen, kvm);
    report.nics = nics(xen, kvm);
    report.boot = boot(kvm);
    let found = conversion.findings.iter().cloned();
    report.findings.extend(found.map(|finding| match kind {
        Kind::Xml => finding,
        Kind::Xl | Kind::Xm => without_line(finding),
    }));
    let file = report.source.as_ref().map(|about| about.path.clone());
    for finding in &mut report.findings {
        let is_overruled = overruled.contains(&finding.id);
        if finding.severity == Severity::Blocker && is_overruled {
            finding.severity = Severity::Warn;
        }
        if finding.evidence.line.is_some() && finding.evidence.file.is_none() {
            finding.evidence.file.clone_from(&file);
        }
    }
}

/// A line of the domain that was made of a configuration is none of the configuration's.
fn without_line(mut finding: Finding) -> Finding {
    finding.evidence.line = None;
    finding
}

/// A change, as the fate of what stood there.
fn setting(change: &Change) -> SettingReport {
    let state = match change.after {
        Some(_) => SettingState::Mapped,
        None => SettingState::Ignored,
    };
    let is_open = |text: &&String| !holds_password(&change.path, text);
    let mut setting = SettingReport::new(&*change.path, change.line.unwrap_or_default(), state);
    setting.value = change.before.as_ref().filter(is_open).cloned();
    setting.to = change.after.as_ref().map(|_| change.path.clone());
    setting.reason = match change.after.as_ref().filter(is_open) {
        Some(after) => format!("{}: now {after:?}; {}", change.rule, why(change.rule)),
        None => format!("{}: {}", change.rule, why(change.rule)),
    };
    setting
}

fn text(document: &Document, path: &str) -> Option<String> {
    let id = document.find(document.root(), path)?;
    Some(document.text_trimmed(id).into_owned()).filter(|text| !text.is_empty())
}

/// An attribute of a child element.
fn of_child(document: &Document, id: NodeId, child: &str, names: &[&str]) -> Option<String> {
    let child = document.child(id, child)?;
    let value = |name: &&str| document.attribute(child, name);
    names
        .iter()
        .find_map(value)
        .map(std::borrow::Cow::into_owned)
}

/// The elements at `path` that are in both documents.
fn both<'a>(xen: &'a Document, kvm: &'a Document, path: &str) -> impl Iterator<Item = NodeId> + 'a {
    let ids = xen.find_all(xen.root(), path);
    ids.into_iter().filter(|id| kvm.contains(*id))
}

fn disks(xen: &Document, kvm: &Document) -> Vec<DiskReport> {
    let report = |id| {
        let path = |document| of_child(document, id, "source", &["file", "dev", "name"]);
        let mut disk = DiskReport::new(&*path(xen)?, &*path(kvm)?, 0);
        disk.slot = of_child(xen, id, "target", &["dev"]);
        disk.target = of_child(kvm, id, "target", &["dev"]);
        Some(disk)
    };
    both(xen, kvm, "devices/disk").filter_map(report).collect()
}

fn nics(xen: &Document, kvm: &Document) -> Vec<NicReport> {
    const SOURCES: &[&str] = &["bridge", "network", "dev"];
    let report = |id| {
        let mac = of_child(kvm, id, "mac", &["address"]);
        let kind = kvm.attribute(id, "type").unwrap_or_default().into_owned();
        let target = NicTarget {
            kind,
            name: of_child(kvm, id, "source", SOURCES),
        };
        let model = of_child(kvm, id, "model", &["type"]).unwrap_or_default();
        let slot = mac
            .as_ref()
            .map_or("interface".to_owned(), |mac| format!("interface {mac}"));
        let mut nic = NicReport::new(slot, target, model);
        nic.mac = mac;
        nic.source = of_child(xen, id, "source", SOURCES);
        nic
    };
    both(xen, kvm, "devices/interface").map(report).collect()
}

fn boot(kvm: &Document) -> Option<BootReport> {
    let os = kvm.child(kvm.root(), "os")?;
    let is_efi = kvm
        .attribute(os, "firmware")
        .is_some_and(|name| name == "efi");
    let mut boot = BootReport::new(if is_efi { "efi" } else { "bios" });
    let devices = kvm.find_all(os, "boot");
    boot.order = devices
        .into_iter()
        .filter_map(|id| Some(kvm.attribute(id, "dev")?.into_owned()))
        .collect();
    Some(boot)
}
