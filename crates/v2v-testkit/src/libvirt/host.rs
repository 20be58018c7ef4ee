//! What a domain wants from its host, replaced by what any machine has.
//!
//! A domain is written for a KVM host with its networks and disks. To ask libvirt and QEMU about it elsewhere, these
//! parts are replaced, and nothing else. Two steps, because the first is enough for a definition.

use std::path::Path;
use std::process::Command;

use super::tree::Element;

/// Memory of a started domain, in KiB. QEMU maps all of it, and the firmware never runs.
const MEMORY_KIB: u64 = 256 << 10;

/// Memory of each NUMA cell of a started domain, in KiB.
const CELL_KIB: u64 = 32 << 10;

/// Replaces what QEMU can do on one host and not on another: KVM, the host's CPU, and the modules that a distribution
/// may leave out (SPICE and QXL).
pub(super) fn for_any_qemu(domain: &mut Element) {
    if domain.has("type", "kvm") {
        domain.set("type", "qemu");
    }
    // TCG has no host CPU; its own best one takes the same topology, NUMA cells and features.
    for cpu in domain.all("cpu") {
        if cpu.has("mode", "host-passthrough") || cpu.has("mode", "host-model") {
            cpu.set("mode", "maximum");
            cpu.unset(&["check", "match"]);
            cpu.remove(&["model", "vendor", "cache", "maxphysaddr"]);
        }
    }
    for features in domain.all("features") {
        features.remove(&["pvspinlock"]);
    }
    // Memory encryption is a property of the host's CPU.
    domain.remove(&["launchSecurity"]);
    for devices in domain.all("devices") {
        devices.remove(&["emulator"]);
        without_spice(devices);
    }
}

/// The same display over VNC unless there is one, QXL as VGA.
fn without_spice(devices: &mut Element) {
    if devices
        .all("graphics")
        .any(|graphics| graphics.has("type", "vnc"))
    {
        devices.retain(|device| !(device.name == "graphics" && device.has("type", "spice")));
    }
    for graphics in devices.all("graphics") {
        if graphics.has("type", "spice") {
            *graphics = Element::new("graphics");
            graphics.set("type", "vnc");
        }
    }
    for video in devices.all("video") {
        for model in video.all("model") {
            if model.has("type", "qxl") {
                model.set("type", "vga");
                model.unset(&["ram", "vgamem", "vram64", "heads"]);
            }
        }
    }
    devices.retain(|device| !(device.has("type", "spicevmc") || device.has("type", "spiceport")));
}

/// Replaces what the host has to lend for a start. Small files for disks and directories go to `dir`.
pub(super) fn for_start(domain: &mut Element, dir: &Path) {
    // cgroups, processors and NUMA nodes of the host.
    domain.remove(&[
        "memtune",
        "blkiotune",
        "cputune",
        "numatune",
        "resource",
        "seclabel",
    ]);
    for vcpu in domain.all("vcpu") {
        vcpu.unset(&["cpuset"]);
    }
    memory(domain);
    // libvirt before 9.2 says -no-acpi, which QEMU 9 has dropped; then no domain without ACPI starts.
    domain.child_or_new("features").child_or_new("acpi");
    for os in domain.all("os") {
        // Not every machine lets its DMI tables be read.
        for smbios in os.all("smbios") {
            if smbios.has("mode", "host") {
                smbios.set("mode", "emulate");
            }
        }
        // The template stays, the guest's own copy of it is made anew.
        for nvram in os.all("nvram") {
            let template = nvram.attribute("template").map(str::to_owned);
            *nvram = Element::new("nvram");
            if let Some(template) = template {
                nvram.set("template", &template);
            }
        }
        os.retain(|part| part.name != "nvram" || part.attribute("template").is_some());
    }
    for devices in domain.all("devices") {
        start_devices(devices, dir);
    }
}

/// Cuts the memory, of the whole and of each NUMA cell, and takes it from anywhere.
fn memory(domain: &mut Element) {
    for backing in domain.all("memoryBacking") {
        backing.remove(&["hugepages", "locked", "allocation"]);
    }
    for name in ["memory", "currentMemory"] {
        for memory in domain.all(name) {
            let unit = memory.attribute("unit").unwrap_or("KiB");
            let kib = match unit.get(..1).unwrap_or_default() {
                "b" => 0,
                "K" | "k" => 1,
                "M" => 1 << 10,
                "G" => 1 << 20,
                _ => 1 << 30,
            };
            let value: u64 = memory.text().parse().unwrap_or(u64::MAX);
            if value.saturating_mul(kib) <= MEMORY_KIB && kib != 0 {
                continue;
            }
            memory.set("unit", "KiB");
            memory.set_text(&MEMORY_KIB.to_string());
        }
    }
    for cpu in domain.all("cpu") {
        for numa in cpu.all("numa") {
            for cell in numa.all("cell") {
                cell.set("unit", "KiB");
                cell.set("memory", &CELL_KIB.to_string());
            }
        }
    }
}

fn start_devices(devices: &mut Element, dir: &Path) {
    // Devices of the host: there are none, or not for us.
    devices.remove(&["hostdev", "vsock", "redirdev", "smartcard", "shmem"]);
    // virtiofs wants a daemon of its own; the 9p device is QEMU's.
    devices.retain(|device| {
        let driver = device
            .child("driver")
            .and_then(|driver| driver.attribute("type"));
        device.name != "filesystem" || (device.has("type", "mount") && driver != Some("virtiofs"))
    });
    for (index, device) in devices.children_mut().enumerate() {
        match device.name.as_str() {
            "disk" => disk(device, &dir.join(format!("disk{index}"))),
            "interface" => interface(device),
            "graphics" => graphics(device),
            "video" => video(device),
            "serial" | "parallel" | "console" | "channel" => character_device(device),
            "filesystem" => filesystem(device, &dir.join(format!("share{index}"))),
            "rng" => rng(device),
            "tpm" => tpm(device),
            _ => {}
        }
    }
}

/// A small new image of the same format. An empty drive stays empty.
fn disk(disk: &mut Element, file: &Path) {
    // No O_DIRECT on tmpfs, and native AIO needs it.
    let mut format = "raw".to_owned();
    for driver in disk.all("driver") {
        format = driver.attribute("type").unwrap_or("raw").to_owned();
        if driver.has("cache", "none") || driver.has("cache", "directsync") {
            driver.unset(&["cache", "io"]);
        }
    }
    if disk.has("device", "lun") {
        disk.set("device", "disk");
        disk.unset(&["sgio", "rawio"]);
    }
    disk.remove(&["backingStore", "mirror"]);
    let medium = disk.child("source").is_some_and(|source| {
        ["file", "dev", "name", "volume", "dir"]
            .iter()
            .any(|name| source.attribute(name).is_some())
    });
    disk.set("type", "file");
    disk.remove(&["source", "auth"]);
    if medium {
        let size = if disk.has("device", "floppy") {
            "1440K"
        } else {
            "1M"
        };
        create_image(file, &format, size);
        let mut source = Element::new("source");
        source.set("file", &file.display().to_string());
        disk.push(source);
    }
}

fn create_image(file: &Path, format: &str, size: &str) {
    let output = Command::new("qemu-img")
        .args(["create", "-q", "-f", format])
        .arg(file)
        .arg(size)
        .output()
        .unwrap_or_else(|err| super::cannot_run("qemu-img", &err));
    assert!(
        output.status.success(),
        "qemu-img create -f {format}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// QEMU's own network. The device with its address, place and boot order stays.
fn interface(interface: &mut Element) {
    const DEVICE: [&str; 8] = [
        "mac", "model", "link", "boot", "rom", "address", "alias", "acpi",
    ];
    interface.set("type", "user");
    interface.unset(&["managed", "trustGuestRxFilters"]);
    interface.retain(|part| DEVICE.contains(&part.name.as_str()));
}

/// A socket in libvirt's directory: ports are taken by others.
fn graphics(graphics: &mut Element) {
    if graphics.has("type", "vnc") {
        graphics.unset(&["port", "autoport", "websocket", "listen", "socket"]);
        graphics.remove(&["listen"]);
        let mut listen = Element::new("listen");
        listen.set("type", "socket");
        graphics.push(listen);
    }
}

/// 3D acceleration is the host's.
fn video(video: &mut Element) {
    for model in video.all("model") {
        model.remove(&["acceleration"]);
    }
}

/// The device stays, what it is connected to is nothing. Only a terminal and libvirt's own socket can be had anywhere.
fn character_device(device: &mut Element) {
    device.remove(&["log"]);
    let own_socket = device.has("type", "unix") && device.child("source").is_none();
    if !own_socket && !device.has("type", "pty") {
        device.set("type", "null");
        device.remove(&["source", "protocol"]);
    }
}

fn filesystem(filesystem: &mut Element, dir: &Path) {
    std::fs::create_dir(dir).unwrap();
    filesystem.remove(&["source"]);
    let mut source = Element::new("source");
    source.set("dir", &dir.display().to_string());
    filesystem.push(source);
}

/// Entropy out of QEMU.
fn rng(rng: &mut Element) {
    rng.remove(&["backend"]);
    let mut backend = Element::new("backend");
    backend.set("model", "builtin");
    rng.push(backend);
}

/// An emulated TPM, also for one of the host.
fn tpm(tpm: &mut Element) {
    for backend in tpm.all("backend") {
        if backend.has("type", "passthrough") {
            *backend = Element::new("backend");
            backend.set("type", "emulator");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `xml` as the QEMU driver gets it for a start.
    #[track_caller]
    fn check(xml: &str, expected: &str) {
        let dir = crate::temp::dir();
        let mut domain = Element::parse(&format!("<domain>{xml}</domain>")).unwrap();
        for_any_qemu(&mut domain);
        for_start(&mut domain, dir.path());
        let expected = Element::parse(&format!("<domain>{expected}</domain>")).unwrap();
        let dir = dir.path().display().to_string();
        let mut found = domain.print().replace(&dir, "DIR");
        if !xml.contains("features") {
            found = found.replace("<features><acpi></acpi></features>", "");
        }
        assert_eq!(found, expected.print());
    }

    #[test]
    fn memory_is_cut_in_any_unit() {
        for (large, unit) in [
            (262_145, "KiB"),
            (257, "M"),
            (1, "GiB"),
            (1, "TiB"),
            (u64::MAX, "b"),
        ] {
            check(
                &format!("<memory unit='{unit}'>{large}</memory>"),
                "<memory unit='KiB'>262144</memory>",
            );
        }
        check(
            "<memory unit='MiB'>256</memory>",
            "<memory unit='MiB'>256</memory>",
        );
        check("<memory>65536</memory>", "<memory>65536</memory>");
    }

    #[test]
    fn the_device_stays_and_its_host_side_goes() {
        check(
            "<devices><interface type='bridge'><mac address='a'/><source bridge='br0'/><target dev='vnet7'/>\
             <model type='e1000'/><bandwidth/><filterref filter='x'/><boot order='1'/></interface></devices>",
            "<devices><interface type='user'><mac address='a'/><model type='e1000'/><boot order='1'/></interface>\
             </devices>",
        );
        check(
            "<devices><serial type='tcp'><source mode='bind' host='h' service='1'/><protocol type='raw'/>\
             <target port='0'/></serial><console type='pty'/></devices>",
            "<devices><serial type='null'><target port='0'/></serial><console type='pty'/></devices>",
        );
        check(
            "<devices><disk type='block' device='lun'><driver type='raw' cache='none' io='native' discard='unmap'/>\
             <target dev='sda'/></disk><disk type='file' device='cdrom'><source startupPolicy='optional'/></disk>\
             </devices>",
            "<devices><disk device='disk' type='file'><driver type='raw' discard='unmap'/><target dev='sda'/></disk>\
             <disk device='cdrom' type='file'></disk></devices>",
        );
        check(
            "<devices><filesystem type='mount'><driver type='virtiofs'/></filesystem><vsock/><hostdev/></devices>",
            "<devices></devices>",
        );
    }

    #[test]
    fn firmware_keeps_its_template() {
        check(
            "<os><nvram template='/t'>/var/lib/x</nvram></os>",
            "<os><nvram template='/t'></nvram></os>",
        );
        check("<os><nvram>/var/lib/x</nvram></os>", "<os></os>");
        check(
            "<os><smbios mode='host'/></os>",
            "<os><smbios mode='emulate'></smbios></os>",
        );
    }

    #[test]
    fn features_keep_all_but_the_hosts() {
        check(
            "<features><pae/><pvspinlock state='on'/></features>",
            "<features><pae/><acpi/></features>",
        );
        check(
            "<features><acpi/></features><cpu mode='host-model' check='partial'><topology sockets='1'/></cpu>",
            "<features><acpi/></features><cpu mode='maximum'><topology sockets='1'/></cpu>",
        );
    }
}
