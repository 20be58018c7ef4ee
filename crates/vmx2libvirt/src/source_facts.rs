//! What a source has, for `--print-source`.

use std::fmt::Write as _;

use v2v_cli::{human_size, printable};
use v2v_vmx::{BlockKind, Medium, Vm};

use crate::convert::Translated;

/// The facts of a VM in the words of virt-v2v, one a line; lists are indented.
pub(crate) fn text(source: &Translated) -> String {
    use BlockKind::{CdromHost, CdromImage, FloppyHost, FloppyImage};
    let vm = Vm::new(&source.document);
    let translation = &source.translation;
    let mut text = Lines::default();
    let memory = vm.memory.size_mib.as_ref().map(|size| size.value);
    text.row("source name", vm.identity.name().as_deref());
    text.row("guest", Some(&translation.guest.name()));
    text.row("memory", memory.map(|mib| format!("{mib} MiB")).as_deref());
    let count = vm.cpu.count.as_ref().map(|count| count.value.to_string());
    text.row("nr vCPUs", count.as_deref());
    text.row("firmware", Some(&translation.boot.firmware));
    text.list("disks");
    for disk in &translation.disks {
        let size = disk.virtual_size.map_or("size unknown".into(), human_size);
        let file = disk.found.as_ref().unwrap_or(&disk.source);
        text.item(&format!("{} {file} ({size})", disk.slot));
    }
    text.list("removable media");
    for device in vm.present_block_devices() {
        let drive = match device.kind() {
            CdromImage | CdromHost => "CD-ROM",
            FloppyImage | FloppyHost => "floppy",
            _ => continue,
        };
        let medium = match device.medium() {
            Medium::Image(name) => name.text(),
            Medium::Empty(_) => "empty",
        };
        text.item(&format!("{} {drive} {medium}", device.slot));
    }
    text.list("NICs");
    for nic in &translation.nics {
        let (source, mac) = (nic.source.as_deref(), nic.mac.as_deref());
        let unknown = "unknown";
        text.item(&format!(
            "{} {:?} mac: {}",
            nic.slot,
            source.unwrap_or(unknown),
            mac.unwrap_or(unknown)
        ));
    }
    text.0
}

/// Rows of `name: value`, with everything from the source made safe for a terminal.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn row(&mut self, name: &str, value: Option<&str>) {
        // Writing to a String can't fail.
        let _ = writeln!(
            self.0,
            "{name:>15}: {}",
            printable(value.unwrap_or("not said"))
        );
    }

    fn list(&mut self, name: &str) {
        let _ = writeln!(self.0, "{name}:");
    }

    fn item(&mut self, value: &str) {
        let _ = writeln!(self.0, "    {}", printable(value));
    }
}
