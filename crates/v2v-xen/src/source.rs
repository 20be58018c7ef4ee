//! What kind of Xen guest it is, read from the domain before anything is changed.

use v2v_xml::{Document, NodeId};

/// How the guest is virtualised on Xen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Virtualisation {
    /// Paravirtual: the guest's kernel knows Xen.
    Pv,
    /// A paravirtual start in a hardware container.
    Pvh,
    /// Fully virtual, with firmware and emulated devices.
    Hvm,
}

/// How the guest was started on Xen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boot {
    /// How it is virtualised.
    pub virtualisation: Virtualisation,
    /// A loader on the host that looks into the guest's disk: `/usr/bin/pygrub`.
    pub bootloader: Option<String>,
    /// A kernel on the host.
    pub kernel: Option<String>,
}

impl Boot {
    /// Reads it from the domain.
    pub(crate) fn of(document: &Document) -> Boot {
        let root = document.root();
        let text = |path: &str| {
            let id: NodeId = document.find(root, path)?;
            let text = document.text_trimmed(id).into_owned();
            (!text.is_empty()).then_some(text)
        };
        let kind = text("os/type").unwrap_or_default();
        let machine = document
            .find(root, "os/type")
            .and_then(|id| document.attribute(id, "machine"))
            .unwrap_or_default()
            .into_owned();
        let virtualisation = match (kind.as_str(), machine.as_str()) {
            ("xenpvh", _) | (_, "xenpvh") => Virtualisation::Pvh,
            ("hvm", _) => Virtualisation::Hvm,
            _ => Virtualisation::Pv,
        };
        Boot {
            virtualisation,
            bootloader: text("bootloader"),
            kernel: text("os/kernel"),
        }
    }

    /// Whether the guest has a kernel that knows Xen and no emulated devices.
    pub fn is_paravirtual(&self) -> bool {
        self.virtualisation != Virtualisation::Hvm
    }
}
