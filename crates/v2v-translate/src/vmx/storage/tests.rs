//! `.vmx` lines in; drives, controllers and findings out.

use v2v_domain::{Devices, Domain, Memory};
use v2v_report::{SettingState, Severity};
use v2v_testkit::libvirt;
use v2v_vmx::{Document, ParseOptions};

use crate::evidence::{DiskEvidence, Evidence, FileEvidence, GuestEvidence};
use crate::policy::{Machine, Policy, Profile};
use crate::{Translation, translate};

mod boot;
mod buses;
mod disks;
mod evidence;
mod images;
mod removable;

/// How the ids of this module's findings begin.
const OWN: &[&str] = &[
    "boot-",
    "cdrom-",
    "controller-",
    "disk-",
    "floppy-",
    "no-disk",
    "pci-slots-",
    "setting-not-carried",
    "snapshots-",
    "windows-storage-",
];

/// A case: lines, what the caller wants, what it saw.
struct Case {
    lines: String,
    policy: Policy,
    evidence: Evidence,
}

/// A guest with the id `guest_os` and `lines`, in which single quotes stand for double ones.
fn case(guest_os: &str, lines: &str) -> Case {
    Case {
        lines: format!(
            "guestOS = \"{guest_os}\"\nmemsize = \"64\"\ndisplayName = \"web01\"\n{}",
            lines.replace('\'', "\"")
        ),
        policy: Policy::default(),
        evidence: Evidence::default(),
    }
}

impl Case {
    fn policy(mut self, set: impl FnOnce(&mut Policy)) -> Case {
        set(&mut self.policy);
        self
    }

    fn profile(self, profile: Profile) -> Case {
        self.policy(|policy| policy.profile = profile)
    }

    fn machine(self, machine: Machine) -> Case {
        self.policy(|policy| policy.machine = Some(machine))
    }

    fn sees(mut self, name: &str, file: FileEvidence) -> Case {
        self.evidence.files.insert(name.to_owned(), file);
        self
    }

    /// The disk `name` lies in `/vm`.
    fn sees_disk(self, name: &str) -> Case {
        self.sees(name, FileEvidence::Disk(found(name)))
    }

    fn sees_file(self, name: &str) -> Case {
        let path = format!("/vm/{name}");
        self.sees(name, FileEvidence::Plain { path, len: 1 })
    }

    fn document(&self) -> Document {
        let lines = self.lines.trim_start();
        Document::parse(lines.as_bytes(), &ParseOptions::default()).unwrap()
    }

    fn translate(&self) -> Translation {
        translate(&self.document(), &self.policy, &self.evidence)
    }

    /// The drives and their controllers as XML, and the findings about them. The domain is shown to libvirt.
    #[track_caller]
    fn becomes(&self, xml: &str, findings: &[&str]) {
        let translation = self.translate();
        assert_eq!(drives(&translation), lines(xml));
        assert_eq!(told(&translation), findings);
        let domain = translation.domain.to_xml().unwrap();
        if libvirt::wanted() && !domain.contains("bus='nvme'") {
            libvirt::validate(&domain);
            libvirt::qemu_define(&domain);
        }
    }

    /// Shows the domain to libvirt.
    #[track_caller]
    fn becomes_valid(&self) {
        if libvirt::wanted() {
            libvirt::qemu_define(&self.translate().domain.to_xml().unwrap());
        }
    }

    #[track_caller]
    fn tells(&self, findings: &[&str]) {
        assert_eq!(told(&self.translate()), findings);
    }

    /// Name, bus and address (controller, channel, target, unit) of each drive.
    fn seats(&self) -> Vec<String> {
        let translation = self.translate();
        let disks = &translation.domain.devices.as_ref().unwrap().disks;
        let seat = |disk: &v2v_domain::Disk| {
            let address = disk.address.as_ref().map(|address| match &address.kind {
                v2v_domain::AddressKind::Drive(drive) => format!(
                    "@{}:{}:{}:{}",
                    drive.controller.unwrap(),
                    drive.bus.unwrap(),
                    drive.target.unwrap(),
                    drive.unit.unwrap()
                ),
                other => panic!("{other:?}"),
            });
            let target = disk.target.as_ref().unwrap();
            let bus = target.bus.as_ref().unwrap();
            format!("{} {bus}{}", target.dev, address.unwrap_or_default())
        };
        disks.iter().map(seat).collect()
    }

    /// State, place and reason of `key`.
    fn fate(&self, key: &str) -> String {
        let translation = self.translate();
        let mut settings = translation.settings.iter();
        let setting = settings.find(|setting| setting.key == key).unwrap();
        let to = setting.to.as_deref().unwrap_or_default();
        match (setting.state, setting.reason.as_str()) {
            (SettingState::Mapped, "") => to.to_owned(),
            (SettingState::Mapped, reason) => format!("{to}: {reason}"),
            (state, reason) => format!("{}: {reason}", state.name()),
        }
    }
}

/// The disk image `name` in `/vm`, of 1 MiB.
fn found(name: &str) -> DiskEvidence {
    DiskEvidence {
        path: format!("/vm/{name}"),
        virtual_size: 1 << 20,
        chain: vec![format!("/vm/{name}")],
        ..DiskEvidence::default()
    }
}

fn drives(translation: &Translation) -> Vec<String> {
    let devices = translation.domain.devices.as_ref().unwrap();
    let is_for_drives = |controller: &&v2v_domain::Controller| {
        matches!(
            controller.kind.as_str(),
            "ide" | "scsi" | "sata" | "nvme" | "fdc"
        )
    };
    let controllers = devices.controllers.iter().filter(is_for_drives).cloned();
    let own = Devices::default()
        .disks(devices.disks.clone())
        .controllers(controllers);
    let domain = Domain::kvm("x", Memory::mib(1), 1).devices(own);
    let xml = domain.to_xml().unwrap();
    let (_, rest) = xml.split_once("<devices>\n").unwrap_or(("", ""));
    let (own, _) = rest.split_once("  </devices>").unwrap_or_default();
    lines(own)
}

fn lines(xml: &str) -> Vec<String> {
    let lines = xml.lines().map(|line| line.trim().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

fn told(translation: &Translation) -> Vec<String> {
    let is_own = |finding: &&v2v_report::Finding| {
        let id = finding.id.as_str();
        OWN.iter().any(|own| id.starts_with(own))
    };
    let own = translation.findings.iter().filter(is_own);
    own.map(|finding| {
        let severity = match finding.severity {
            Severity::Blocker => "blocker",
            Severity::Warn => "warn",
            Severity::Info => "info",
        };
        let action = match finding.action.text.as_str() {
            "" => String::new(),
            text => format!("; {text}"),
        };
        format!(
            "{severity} {} {}: {}{action}",
            finding.id.as_str(),
            finding.subject,
            finding.evidence.text
        )
    })
    .collect()
}
