//! What becomes of a configuration: the lines of the Xen domain, the fate of each setting, the findings.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use v2v_report::{SettingReport, SettingState};
use v2v_testkit::{corpus, libvirt};
use v2v_xen::{FromXl, from_xl};
use v2v_xl::{Config, ParseOptions};

/// What every small configuration begins with, so that its findings and fates are those of its own lines.
const HEAD: &str = "name = 'g'; uuid = '2c474d2e-28ba-4730-a5ba-88de9d25652a'; memory = 64\n";
const HEAD_SETTINGS: usize = 3;

fn read(text: &[u8]) -> FromXl {
    let config = Config::parse(text, &ParseOptions::default()).unwrap();
    let xen = from_xl(&config);
    assert_eq!(xen.settings.len(), config.entries().len());
    for (setting, entry) in xen.settings.iter().zip(config.entries()) {
        assert_eq!(
            (setting.key.as_str(), setting.line),
            (entry.key(), entry.line())
        );
        check_fate(&xen, setting);
    }
    for finding in &xen.findings {
        assert!(
            !finding.subject.is_empty() && !finding.evidence.text.is_empty(),
            "{finding:?}"
        );
    }
    xen
}

/// A setting that went somewhere is there, and all others say why.
fn check_fate(xen: &FromXl, setting: &SettingReport) {
    match &setting.to {
        Some(to) => {
            assert_eq!(setting.state, SettingState::Mapped, "{setting:?}");
            let (path, attribute) = match to.rsplit_once("/@") {
                Some((path, attribute)) => (path, Some(attribute)),
                None => (to.as_str(), None),
            };
            let document = &xen.document;
            let found = document.find_all(document.root(), path);
            let is_there = found.iter().any(|id| match attribute {
                Some(name) => document.attribute(*id, name).is_some(),
                None => true,
            });
            assert!(is_there, "{setting:?} is not in\n{document}");
        }
        None => {
            assert_ne!(setting.state, SettingState::Mapped, "{setting:?}");
            assert!(!setting.reason.is_empty(), "{setting:?}");
        }
    }
}

/// `key: state /to (reason)`
fn fate(setting: &SettingReport) -> String {
    let mut out = format!("{}: {}", setting.key, setting.state.name());
    if let Some(to) = &setting.to {
        out.push_str(&format!(" {}", to.trim_start_matches("/domain")));
    }
    if !setting.reason.is_empty() {
        out.push_str(&format!(" ({})", setting.reason));
    }
    out
}

/// `severity id, subject: text`
fn findings(xen: &FromXl) -> Vec<String> {
    let findings = xen.findings.iter();
    findings
        .map(|finding| {
            let (id, text) = (finding.id.as_str(), &finding.evidence.text);
            format!("{} {id}, {}: {text}", finding.severity, finding.subject)
        })
        .collect()
}

/// The configuration `text` gives a domain with these lines (not with those behind `!`), its settings have these fates,
/// and these findings are all.
#[track_caller]
fn check(text: &str, lines: &[&str], fates: &[&str], expected: &[&str]) {
    let xen = read(format!("{HEAD}{text}").as_bytes());
    let xml = xen.document.to_string();
    let found: Vec<&str> = xml.lines().map(str::trim).collect();
    let mut from = 0;
    for line in lines {
        match line.strip_prefix('!') {
            Some(absent) => assert!(!xml.contains(absent), "{absent} is in\n{xml}"),
            None => {
                let at = found[from..].iter().position(|found| found == line);
                from += at
                    .unwrap_or_else(|| panic!("{line} is not there, or not in this order:\n{xml}"));
            }
        }
    }
    let settings: Vec<String> = xen.settings[HEAD_SETTINGS..].iter().map(fate).collect();
    assert_eq!(settings, fates, "\n{xml}");
    assert_eq!(findings(&xen), expected, "\n{xml}");
}

#[test]
fn a_small_guest() {
    let xen = read(
        b"name = 'web01'\nuuid = '2c474d2e-28ba-4730-a5ba-88de9d25652a'\nmemory = '1024'\nvcpus = 2\n\
        bootloader = 'pygrub'\ndisk = [ 'phy:/dev/vg/web01,xvda,w' ]\nvif = [ 'bridge=br0 ,mac=00:16:3e:01:02:03' ]\n",
    );
    assert_eq!(findings(&xen), [""; 0]);
    assert_eq!(
        xen.document.to_string(),
        "<domain type='xen'>
  <name>web01</name>
  <uuid>2c474d2e-28ba-4730-a5ba-88de9d25652a</uuid>
  <memory unit='KiB'>1048576</memory>
  <currentMemory unit='KiB'>1048576</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <bootloader>pygrub</bootloader>
  <os>
    <type arch='x86_64' machine='xenpv'>linux</type>
  </os>
  <clock offset='utc' adjustment='reset'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <disk type='block' device='disk'>
      <driver name='phy' type='raw'/>
      <source dev='/dev/vg/web01'/>
      <target dev='xvda' bus='xen'/>
    </disk>
    <controller type='xenbus' index='0'/>
    <interface type='bridge'>
      <mac address='00:16:3e:01:02:03'/>
      <source bridge='br0'/>
    </interface>
    <console type='pty'>
      <target type='xen' port='0'/>
    </console>
    <input type='mouse' bus='xen'/>
    <input type='keyboard' bus='xen'/>
    <memballoon model='xen'/>
  </devices>
</domain>
"
    );
}

#[test]
fn who_it_is() {
    let xen = read(b"memory = 64\n");
    assert_eq!(
        findings(&xen),
        [
            "warn name-missing, name: the file gives the guest no name, and libvirt takes no domain without one",
            "info uuid-missing, uuid: the file has no UUID that can be read, so Xen made one up at each start; libvirt \
             makes one up when the domain is defined",
        ]
    );
    check(
        "type = 'hvm'; vnc = 0; ms_vm_genid = 'generate'",
        &["<genid/>"],
        &[
            "type: mapped /os/type",
            "vnc: ignored (of a display that the guest does not have)",
            "ms_vm_genid: mapped /genid",
        ],
        &[],
    );
}

#[test]
fn memory_and_processors() {
    check(
        "maxmem = 128",
        &[
            "<memory unit='KiB'>131072</memory>",
            "<currentMemory unit='KiB'>65536</currentMemory>",
        ],
        &["maxmem: mapped /memory"],
        &[],
    );
    check(
        "maxmem = 32",
        &[
            "<memory unit='KiB'>65536</memory>",
            "<currentMemory unit='KiB'>65536</currentMemory>",
        ],
        &["maxmem: mapped /memory"],
        &[],
    );
    check(
        "maxmem = 0x4000000000000000",
        &["<memory unit='KiB'>65536</memory>"],
        &["maxmem: not-carried (4611686018427387904 MiB is a size that no guest has)"],
        &["warn memory-size, maxmem: 4611686018427387904 MiB is a size that no guest has"],
    );
    let xen = read(b"name = 'g'; uuid = '2c474d2e-28ba-4730-a5ba-88de9d25652a'");
    assert!(
        xen.document
            .to_string()
            .contains("<memory unit='KiB'>32768</memory>")
    );
    assert_eq!(
        findings(&xen),
        [
            "warn memory-default, memory: the file gives no memory that can be used; libxl takes 32 MiB, and so is written"
        ]
    );
    check(
        "vcpus = 4; maxvcpus = '8'",
        &["<vcpu placement='static' current='4'>8</vcpu>"],
        &["vcpus: mapped /vcpu", "maxvcpus: mapped /vcpu"],
        &[],
    );
    check(
        "vcpus = 0",
        &["<vcpu placement='static'>1</vcpu>"],
        &["vcpus: not-carried (0 is a number of processors that no guest has)"],
        &["warn cpu-count, vcpus: 0 is a number of processors that no guest has"],
    );
    check(
        "vcpus = 'two'",
        &["<vcpu placement='static'>1</vcpu>"],
        &["vcpus: not-carried (the value can't be read)"],
        &["warn setting-bad-value, vcpus: found `two`, expected a whole number of 0 to 4294967295"],
    );
}

#[test]
fn where_processors_run() {
    check(
        "cpus = '0-7,^2,12'",
        &["<vcpu placement='static' cpuset='0-1,3-7,12'>1</vcpu>"],
        &["cpus: mapped /vcpu"],
        &[],
    );
    check(
        "vcpus = 2; cpus = ['2', '4-5', '6']",
        &[
            "<vcpu placement='static'>2</vcpu>",
            "<cputune>",
            "<vcpupin vcpu='0' cpuset='2'/>",
            "<vcpupin vcpu='1' cpuset='4-5'/>",
            "!vcpu='2'",
        ],
        &["vcpus: mapped /vcpu", "cpus: mapped /cputune/vcpupin"],
        &[],
    );
    check(
        "cpus = 'all'; pool = 'Pool-1'",
        &["!cpuset"],
        &[
            "cpus: ignored (any processor of the host)",
            "pool: ignored (a pool of processors of the Xen host)",
        ],
        &[],
    );
    check(
        "cpus = 'node:1'",
        &["!cpuset"],
        &["cpus: not-carried (places on the Xen host by its NUMA nodes, or none at all)"],
        &["info cpu-affinity, cpus: places on the Xen host by its NUMA nodes, or none at all"],
    );
    check(
        "cpu_weight = 512; cap = 150",
        &[
            "<cputune>",
            "<shares>2048</shares>",
            "<global_period>100000</global_period>",
            "<global_quota>150000</global_quota>",
        ],
        &[
            "cpu_weight: mapped /cputune/shares (four times Xen's weight)",
            "cap: mapped /cputune/global_quota (percent of one processor, for the guest as a whole)",
        ],
        &[],
    );
    check(
        "cpu_weight = 256; cap = 0",
        &["!cputune"],
        &[
            "cpu_weight: ignored (the normal weight)",
            "cap: ignored (no cap)",
        ],
        &[],
    );
}

#[test]
fn what_processors_can_do() {
    check(
        "nestedhvm = 1",
        &["<cpu mode='host-passthrough'/>"],
        &["nestedhvm: mapped /cpu"],
        &[],
    );
    check(
        "nestedhvm = 0",
        &["!<cpu"],
        &["nestedhvm: ignored (off, as it is for KVM guests)"],
        &[],
    );
    check(
        "cpuid = 'host,sse3=0'",
        &[
            "<cpu mode='host-passthrough'>",
            "<feature policy='disable' name='pni'/>",
            "<feature policy='disable' name='vmx'/>",
            "<feature policy='disable' name='svm'/>",
        ],
        &["cpuid: mapped /cpu"],
        &[],
    );
    check(
        "cpuid = ['1:ecx=0']",
        &["!<cpu"],
        &[
            "cpuid: not-carried (masks of CPUID registers of the Xen host; --cpu chooses the processor on KVM)",
        ],
        &[
            "info cpu-masks, cpuid: masks of CPUID registers of the Xen host; --cpu chooses the processor on KVM",
        ],
    );
    check(
        "vcpus = 2; vnuma = [ ['pnode=0', 'size=32', 'vcpus=0'], ['size=32', 'vcpus=1', 'vdistances=20,10'] ]",
        &[
            "<cpu>",
            "<numa>",
            "<cell id='0' cpus='0' memory='32768' unit='KiB'/>",
            "<cell id='1' cpus='1' memory='32768' unit='KiB'>",
            "<distances>",
            "<sibling id='0' value='20'/>",
            "<sibling id='1' value='10'/>",
        ],
        &["vcpus: mapped /vcpu", "vnuma: mapped /cpu/numa"],
        &[],
    );
}

#[test]
fn how_it_is_virtualised() {
    check(
        "builder = 'linux'",
        &["<type arch='x86_64' machine='xenpv'>linux</type>"],
        &["builder: mapped /os/type"],
        &[],
    );
    check(
        "type = 'pvh'",
        &[
            "<type arch='x86_64' machine='xenpvh'>xenpvh</type>",
            "!<boot",
        ],
        &["type: mapped /os/type"],
        &[],
    );
    check(
        "type = 'hvm'",
        &[
            "<type arch='x86_64' machine='xenfv'>hvm</type>",
            "<loader type='rom' format='raw'>/usr/lib/xen/boot/hvmloader</loader>",
            "<boot dev='hd'/>",
            "<features>",
            "<acpi/>",
            "<apic/>",
            "<pae/>",
            "<clock offset='variable' adjustment='0' basis='utc'/>",
            "<input type='mouse' bus='ps2'/>",
            "<graphics type='vnc' port='-1' autoport='yes'>",
            "<model type='cirrus' vram='8192' heads='1' primary='yes'/>",
        ],
        &["type: mapped /os/type"],
        &[],
    );
    check(
        "type = 'hvm'; builder = 'linux'",
        &["machine='xenpv'"].map(|_| "<type arch='x86_64' machine='xenpv'>linux</type>"),
        &[
            "type: ignored (it says nothing that counts)",
            "builder: not-carried (the value can't be read)",
        ],
        &["blocker setting-bad-value, builder: found `builder`, expected the same as type says"],
    );
}

#[test]
fn what_paravirtual_guests_boot() {
    check(
        "bootloader = '/usr/bin/pygrub'; bootloader_args = ['-q', 'x']",
        &[
            "<bootloader>/usr/bin/pygrub</bootloader>",
            "<bootloader_args>-q x</bootloader_args>",
        ],
        &[
            "bootloader: mapped /bootloader",
            "bootloader_args: mapped /bootloader_args",
        ],
        &[],
    );
    check(
        "kernel = '/boot/vmlinuz'; ramdisk = '/boot/i'; root = '/dev/xvda2 ro'; extra = 'quiet'",
        &[
            "<kernel>/boot/vmlinuz</kernel>",
            "<initrd>/boot/i</initrd>",
            "<cmdline>root=/dev/xvda2 ro quiet</cmdline>",
        ],
        &[
            "kernel: mapped /os/kernel",
            "ramdisk: mapped /os/initrd",
            "root: mapped /os/cmdline",
            "extra: mapped /os/cmdline",
        ],
        &[],
    );
    check(
        "kernel = '/k'; cmdline = 'a'; extra = 'b'",
        &["<cmdline>a</cmdline>"],
        &[
            "kernel: mapped /os/kernel",
            "cmdline: mapped /os/cmdline",
            "extra: ignored (cmdline counts instead)",
        ],
        &[],
    );
    check(
        "type = 'pvh'; firmware = 'pvgrub64'; boot = 'c'",
        &["<kernel>/usr/lib/xen/boot/pv-grub-x86_64.gz</kernel>"],
        &[
            "type: mapped /os/type",
            "firmware: mapped /os/kernel",
            "boot: ignored (paravirtual guests boot a kernel, not a device)",
        ],
        &[],
    );
    check(
        "bootargs = 'x'",
        &["!bootloader"],
        &["bootargs: ignored (there is no boot loader)"],
        &[],
    );
}

#[test]
fn what_fully_virtual_guests_boot() {
    const VNC: &str = "vnc: ignored (of a display that the guest does not have)";
    const TYPE: &str = "type: mapped /os/type";
    check(
        "type = 'hvm'; vnc = 0; boot = 'ndcca'",
        &[
            "<boot dev='network'/>",
            "<boot dev='cdrom'/>",
            "<boot dev='hd'/>",
            "<boot dev='fd'/>",
        ],
        &[TYPE, VNC, "boot: mapped /os/boot"],
        &[],
    );
    check(
        "type = 'hvm'; vnc = 0; bios = 'ovmf'",
        &["<loader readonly='yes' type='pflash' format='raw'>/usr/lib/xen/boot/ovmf.bin</loader>"],
        &[TYPE, VNC, "bios: mapped /os/loader"],
        &[],
    );
    check(
        "type = 'hvm'; vnc = 0; firmware = 'uefi'; bios_path_override = '/opt/efi/code.bin'",
        &[
            "<os firmware='efi'>",
            "<loader readonly='yes' type='pflash' format='raw'>/opt/efi/code.bin</loader>",
        ],
        &[
            TYPE,
            VNC,
            "firmware: mapped /os/loader",
            "bios_path_override: mapped /os/loader",
        ],
        &[],
    );
    check(
        "type = 'hvm'; vnc = 0; kernel = '/usr/lib/xen-4.4/boot/hvmloader'; root = '/dev/hda1'",
        &[
            "<loader type='rom' format='raw'>/usr/lib/xen-4.4/boot/hvmloader</loader>",
            "!<kernel",
            "!<cmdline",
        ],
        &[
            TYPE,
            VNC,
            "kernel: mapped /os/loader",
            "root: ignored (there is no kernel that would take it)",
        ],
        &[],
    );
    check(
        "type = 'hvm'; vnc = 0; bootloader = 'pygrub'; device_model = '/usr/lib/xen/bin/qemu-dm'",
        &[
            "!<bootloader",
            "<emulator>/usr/lib/xen/bin/qemu-dm</emulator>",
        ],
        &[
            TYPE,
            VNC,
            "bootloader: ignored (only paravirtual guests have a boot loader on the host)",
            "device_model: mapped /devices/emulator",
        ],
        &[],
    );
    check(
        "type = 'hvm'; vnc = 0; smbios_firmware = '/t'",
        &[],
        &[
            TYPE,
            VNC,
            "smbios_firmware: not-carried (SMBIOS tables in /t of the Xen host)",
        ],
        &["warn setting-not-carried, smbios_firmware: SMBIOS tables in /t of the Xen host"],
    );
}

#[test]
fn features_and_clock() {
    const VNC: &str = "vnc: ignored (of a display that the guest does not have)";
    const TYPE: &str = "type: mapped /os/type";
    check(
        "type = 'hvm'; vnc = 0; acpi = 0; hap = 0; viridian = ['base', '!stimer']; nx = 1",
        &["!<acpi", "<apic/>", "<hap state='off'/>", "<viridian/>"],
        &[
            TYPE,
            VNC,
            "acpi: mapped  (without features/acpi)",
            "hap: mapped /features/hap",
            "viridian: mapped /features/viridian (as a whole, without its groups)",
            "nx: ignored (every processor of today has it)",
        ],
        &[],
    );
    check(
        "acpi = 1; hpet = 1",
        &["!<acpi", "!hpet"],
        &[
            "acpi: ignored (of a fully virtual machine, which this is not)",
            "hpet: ignored (of a fully virtual machine, which this is not)",
        ],
        &[],
    );
    check(
        "localtime = 1; rtc_timeoffset = 0",
        &["<clock offset='localtime' adjustment='reset'/>"],
        &["localtime: mapped /clock", "rtc_timeoffset: mapped /clock"],
        &[],
    );
    check(
        "rtc_timeoffset = -3600",
        &["<clock offset='variable' adjustment='-3600' basis='utc'/>"],
        &["rtc_timeoffset: mapped /clock"],
        &[],
    );
    check(
        "tsc_mode = 1; timer_mode = 'one_missed_tick_pending'; vpt_align = 1",
        &["<timer name='tsc' present='yes' mode='emulate'/>"],
        &[
            "tsc_mode: mapped /clock/timer[@name='tsc']",
            "timer_mode: not-carried (how Xen's timers catch up; KVM's are chosen with <timer tickpolicy>)",
            "vpt_align: ignored (timers of Xen)",
        ],
        &[
            "info clock-timer-not-carried, timer_mode: how Xen's timers catch up; KVM's are chosen with <timer tickpolicy>",
        ],
    );
    check(
        "on_crash = 'coredump-restart'; on_reboot = 'soft-reset'; on_watchdog = 'destroy'; on_soft_reset = 'preserve'",
        &[
            "<on_reboot>restart</on_reboot>",
            "<on_crash>coredump-restart</on_crash>",
        ],
        &[
            "on_crash: mapped /on_crash",
            "on_reboot: mapped /on_reboot",
            "on_watchdog: ignored (what Xen does anyway)",
            "on_soft_reset: not-carried (libvirt has no element for it on Xen; a <watchdog> with an action does this on KVM)",
        ],
        &[
            "info lifecycle-action-changed, on_soft_reset: libvirt has no element for it on Xen; a <watchdog> with an action does this on KVM",
        ],
    );
}

const DISK: &str = "disk: mapped /devices/disk";

#[test]
fn disks_of_every_form() {
    for (item, lines) in [
        (
            "/dev/vg/a,raw,xvda,rw",
            &[
                "<disk type='block' device='disk'>",
                "<driver name='phy' type='raw'/>",
                "<source dev='/dev/vg/a'/>",
                "<target dev='xvda' bus='xen'/>",
            ][..],
        ),
        ("vg/a,,xvda", &["<source dev='/dev/vg/a'/>"]),
        (
            "file:/a.img,xvda,w",
            &[
                "<disk type='file' device='disk'>",
                "<driver name='file' type='raw'/>",
                "<source file='/a.img'/>",
            ],
        ),
        (
            "tap:qcow2:/a.img,xvda,w",
            &["<driver name='tap' type='qcow2'/>"],
        ),
        (
            "/a.vhd,vhd,xvda,rw,discard",
            &["<driver name='qemu' type='vhd' discard='unmap'/>"],
        ),
        (
            "format=qed,vdev=xvda,access=ro,no-discard,target=/a,b.img",
            &[
                "<driver name='qemu' type='qed' discard='ignore'/>",
                "<source file='/a,b.img'/>",
                "<readonly/>",
            ],
        ),
        (
            "/dev/vg/a,raw,xvda,w!,backend=storage",
            &[
                "<backenddomain name='storage'/>",
                "<target dev='xvda' bus='xen'/>",
                "<shareable/>",
            ],
        ),
        (
            "/dev/vg/a,raw,xvda1,rw,backend=0",
            &["<target dev='xvda1' bus='xen'/>", "!backenddomain"],
        ),
        ("/dev/vg/a,raw,sda,rw", &["<target dev='sda' bus='xen'/>"]),
        (
            ",hdc:cdrom,r",
            &[
                "<disk type='block' device='cdrom'>",
                "!<source",
                "<target dev='hdc' bus='xen'/>",
                "<readonly/>",
            ],
        ),
        (
            "file:/a.iso,xvdb:cdrom,r",
            &[
                "<disk type='file' device='cdrom'>",
                "<source file='/a.iso'/>",
                "<readonly/>",
            ],
        ),
    ] {
        check(&format!("disk = [ '{item}' ]"), lines, &[DISK], &[]);
    }
}

#[test]
fn emulated_disks() {
    let hvm = |rest: &str| format!("type = 'hvm'; vnc = 0; {rest}");
    const HVM: [&str; 2] = [
        "type: mapped /os/type",
        "vnc: ignored (of a display that the guest does not have)",
    ];
    let fates = |rest: &[&'static str]| [&HVM[..], rest].concat();
    check(
        &hvm("disk = [ '/a,raw,hda,rw', '/b,raw,sda,rw', '/c,raw,xvdc,rw' ]"),
        &[
            "<target dev='hda' bus='ide'/>",
            "<target dev='sda' bus='scsi'/>",
            "<target dev='xvdc' bus='xen'/>",
            "<controller type='ide' index='0'/>",
        ],
        &fates(&[DISK]),
        &[],
    );
    check(
        &hvm("disk = [ '/a,raw,hda,rw' ]; hdtype = 'ahci'"),
        &["<target dev='hda' bus='sata'/>", "!type='ide'"],
        &fates(&[
            DISK,
            "hdtype: mapped /devices/disk (the bus of hd disks is sata)",
        ]),
        &[],
    );
    check(
        &hvm("fda = '/dos.img'"),
        &[
            "<disk type='file' device='floppy'>",
            "<source file='/dos.img'/>",
            "<target dev='fda' bus='fdc'/>",
        ],
        &fates(&["fda: mapped /devices/disk"]),
        &[],
    );
}

#[test]
fn disks_that_need_a_hand() {
    check(
        "disk = [ '/dev/vg/a,raw,51712,rw' ]",
        &["<target dev='xvda' bus='xen'/>"],
        &[DISK],
        &["info pv-name-guess, xvda: the vdev is xenstore's number 51712, which names xvda"],
    );
    check(
        "disk = [ '/a,raw,xvda,rw', '/b,raw,disk2,rw' ]",
        &[
            "<source file='/a'/>",
            "<target dev='xvda' bus='xen'/>",
            "<source file='/b'/>",
            "<target dev='xvdb' bus='xen'/>",
        ],
        &[DISK],
        &[
            "warn setting-bad-value, disk: item 2 (`/b,raw,disk2,rw`): found `disk2`, expected a vdev such as xvda, hdc, sdb1 or d0p1",
            "warn pv-name-guess, xvdb: item 2 of disk has no vdev that can be read; it is written as xvdb",
        ],
    );
    check(
        "disk = [ 'drbd:web01,xvda,w' ]",
        &["<disk type='block' device='disk'>", "<source dev='web01'/>"],
        &[DISK],
        &[
            "blocker disk-device-backed, xvda: the script block-drbd of the Xen host made a device of web01",
        ],
    );
    check(
        "disk = [ 'vdev=xvda,script=block-iscsi,target=iqn.2001-05.com:x' ]",
        &["<source dev='iqn.2001-05.com:x'/>"],
        &[DISK],
        &[
            "blocker disk-device-backed, xvda: the script block-iscsi of the Xen host made a device of iqn.2001-05.com:x",
        ],
    );
    check(
        "disk = [ 'vdev=xvda,target=gluster://h/v/a' ]",
        &["<source file='gluster://h/v/a'/>"],
        &[DISK],
        &[
            "blocker disk-device-backed, xvda: gluster://h/v/a is reached by a protocol of QEMU or a driver of the Xen host",
        ],
    );
    check(
        "disk = [ '/a,raw,xvda,rw,colo,colo-port=1' ]",
        &[],
        &[DISK],
        &[
            "info setting-not-carried, xvda: colo, colo-port of the Xen host's disk driver: not carried",
        ],
    );
}

#[test]
fn ceph_images() {
    let target = r"rbd:pool/image:id=admin:key=AQBsecret==:conf=/etc/c\\:1.conf:mon_host=[\\:\\:1]\\:6321\\;mon2";
    check(
        &format!("disk = [ 'vdev=xvda,format=raw,target={target}' ]"),
        &[
            "<disk type='network' device='disk'>",
            "<driver name='qemu' type='raw'/>",
            "<source protocol='rbd' name='pool/image'>",
            "<host name='::1' port='6321'/>",
            "<host name='mon2'/>",
            "<config file='/etc/c:1.conf'/>",
            "!AQB",
        ],
        &[DISK],
        &[
            "warn setting-not-carried, xvda: the Ceph image needs a user and a key, which libvirt keeps as a secret",
        ],
    );
}

const VIF: &str = "vif: mapped /devices/interface";

#[test]
fn network_cards() {
    let mac = "mac=00:16:3e:01:02:03";
    for (item, lines) in [
        (
            "bridge=br0,script=vif-bridge,vifname=web,model=e1000,mtu=9000",
            &[
                "<interface type='bridge'>",
                "<mac address='00:16:3e:01:02:03'/>",
                "<source bridge='br0'/>",
                "<script path='vif-bridge'/>",
                "<target dev='web'/>",
                "<model type='e1000'/>",
                "<mtu size='9000'/>",
            ][..],
        ),
        (
            "bridge=ovs0.42,script=/etc/xen/scripts/vif-openvswitch",
            &[
                "<source bridge='ovs0'/>",
                "<vlan>",
                "<tag id='42'/>",
                "<virtualport type='openvswitch'/>",
            ],
        ),
        (
            "bridge=ovs0:10:20,script=vif-openvswitch",
            &[
                "<source bridge='ovs0'/>",
                "<vlan trunk='yes'>",
                "<tag id='10'/>",
                "<tag id='20'/>",
            ],
        ),
        (
            "bridge=ovs0.a,script=vif-openvswitch",
            &["<source bridge='ovs0.a'/>", "!vlan"],
        ),
        (
            "ip=192.0.2.1 2001:db8::1/64 x,script=vif-route",
            &[
                "<interface type='ethernet'>",
                "!bridge",
                "<ip family='ipv4' address='192.0.2.1'/>",
                "<ip family='ipv6' address='2001:db8::1' prefix='64'/>",
                "<script path='vif-route'/>",
            ],
        ),
        (
            "bridge=br0,rate=10Mb/s@20ms",
            &["<bandwidth>", "<outbound average='1250'/>"],
        ),
        (
            "bridge=br0,backend=net,devid=2",
            &["<backenddomain name='net'/>"],
        ),
        ("bridge=br0,type=vif", &["!<model"]),
    ] {
        check(&format!("vif = [ '{mac},{item}' ]"), lines, &[VIF], &[]);
    }
    check(
        &format!("type = 'hvm'; vnc = 0; vif = [ '{mac},bridge=br0,type=netfront' ]"),
        &["<model type='netfront'/>"],
        &[
            "type: mapped /os/type",
            "vnc: ignored (of a display that the guest does not have)",
            VIF,
        ],
        &[],
    );
}

#[test]
fn network_cards_that_need_a_hand() {
    check(
        "vif = [ '' ]",
        &[
            "<interface type='bridge'>",
            "<source bridge='xenbr0'/>",
            "!<mac",
        ],
        &[VIF],
        &[
            "info nic-network-unmapped, interface 1: the file names no bridge, so xl took that of xl.conf; xenbr0, its \
             default, is written",
        ],
    );
    check(
        "vif = [ 'mac=00:16:3e:01:02:03,bridge=br0,gatewaydev=eth1,accel=x' ]",
        &[],
        &[VIF],
        &[
            "info setting-not-carried, interface 00:16:3e:01:02:03: accel, gatewaydev of the Xen host's network: not carried",
        ],
    );
}

#[test]
fn displays_of_paravirtual_guests() {
    check(
        "vfb = [ 'vnc=1,vnclisten=0.0.0.0,vncdisplay=3,keymap=de' ]",
        &[
            "<graphics type='vnc' port='5903' autoport='no' listen='0.0.0.0' keymap='de'>",
            "<listen type='address' address='0.0.0.0'/>",
            "<model type='xen' vram='4096' heads='1' primary='yes'/>",
        ],
        &["vfb: mapped /devices/graphics"],
        &[],
    );
    check(
        "vfb = [ 'type=sdl,xauthority=/root/.Xauthority,display=:0' ]",
        &["<graphics type='sdl' display=':0' xauth='/root/.Xauthority'/>"],
        &["vfb: mapped /devices/graphics"],
        &[],
    );
    check(
        "vnc = 1; vnclisten = '127.0.0.1:7'",
        &[
            "<graphics type='vnc' port='5907' autoport='no' listen='127.0.0.1'>",
            "<model type='xen' vram='4096' heads='1' primary='yes'/>",
        ],
        &[
            "vnc: mapped /devices/graphics[@type='vnc']",
            "vnclisten: mapped /devices/graphics[@type='vnc']",
        ],
        &[],
    );
    check(
        "vnc = 0; vga = 'cirrus'; keymap = 'de'",
        &["!graphics", "!video"],
        &[
            "vnc: ignored (of a display that the guest does not have)",
            "vga: ignored (of a display that the guest does not have)",
            "keymap: ignored (of a display that the guest does not have)",
        ],
        &[],
    );
}

#[test]
fn displays_of_fully_virtual_guests() {
    const TYPE: &str = "type: mapped /os/type";
    const VNC: &str = "mapped /devices/graphics[@type='vnc']";
    check(
        "type = 'hvm'; vnc = 1; vncunused = 0; vncdisplay = 2; keymap = 'fr'; stdvga = 1; videoram = 8",
        &[
            "<graphics type='vnc' port='5902' autoport='no' keymap='fr'>",
            "<listen type='address'/>",
            "<model type='vga' vram='8192' heads='1' primary='yes'/>",
        ],
        &[
            TYPE,
            &format!("vnc: {VNC}"),
            &format!("vncunused: {VNC}"),
            &format!("vncdisplay: {VNC}"),
            "keymap: mapped /devices/graphics/@keymap",
            "stdvga: mapped /devices/video",
            "videoram: mapped /devices/video",
        ],
        &[],
    );
    check(
        "type = 'hvm'; nographic = 1; vga = 'none'",
        &["!graphics", "<model type='none'/>"],
        &[
            TYPE,
            "nographic: ignored (whether there is a display at all)",
            "vga: mapped /devices/video",
        ],
        &[],
    );
    check(
        "type = 'hvm'; sdl = 1; opengl = 1",
        &["<graphics type='sdl'/>"],
        &[
            TYPE,
            "sdl: mapped /devices/graphics[@type='sdl']",
            "opengl: ignored (how the window is drawn)",
        ],
        &[],
    );
    const SPICE: &str = "mapped /devices/graphics[@type='spice']";
    check(
        "type = 'hvm'; spice = 1; spiceport = 6000; spicedisable_ticketing = 1; spicevdagent = 1; spiceagent_mouse = 1; spice_clipboard_sharing = 1; spiceusbredirection = 2; vga = 'qxl'",
        &[
            "<graphics type='spice' port='6000' autoport='no'>",
            "<mouse mode='client'/>",
            "<clipboard copypaste='yes'/>",
            "<channel type='spicevmc'>",
            "<target type='virtio' name='com.redhat.spice.0'/>",
            "<redirdev bus='usb' type='spicevmc'/>",
            "<redirdev bus='usb' type='spicevmc'/>",
            "<model type='qxl' vram='65536' heads='1' primary='yes'/>",
        ],
        &[
            TYPE,
            &format!("spice: {SPICE}"),
            &format!("spiceport: {SPICE}"),
            &format!("spicedisable_ticketing: {SPICE}"),
            "spicevdagent: mapped /devices/channel",
            &format!("spiceagent_mouse: {SPICE}"),
            &format!("spice_clipboard_sharing: {SPICE}"),
            "spiceusbredirection: mapped /devices/redirdev",
            "vga: mapped /devices/video",
        ],
        &[],
    );
}

#[test]
fn passwords_are_in_the_domain_and_nowhere_else() {
    let text = "name = 'g'; type = 'hvm'; memory = 64\nvnc = 1; vncpasswd = 'hunter2'\nspice = 1; spicepasswd = 'hunter2'\n";
    let xen = read(text.as_bytes());
    let xml = xen.document.to_string();
    assert_eq!(xml.matches("passwd='hunter2'").count(), 2, "{xml}");
    check_hidden(&xen);
    // A comma ends the password, and what follows is no parameter that may be shown.
    let text = "name = 'g'; memory = 64\nvfb = [ 'vnc=1,vncpasswd=x,hunter2' ]\nvncpasswd = [ 'hunter2' ]\n";
    check_hidden(&read(text.as_bytes()));
    check_hidden(&read(b"name = 'g'; memory = 64\nvncpasswd = 'hunter2'\nvncpasswd = 'hunter2'\nvncpasswd hunter2\n"));
}

#[track_caller]
fn check_hidden(xen: &FromXl) {
    let said = format!("{:?} {:?}", xen.settings, xen.findings);
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn ports_sound_and_input() {
    const VNC: &str = "vnc: ignored (of a display that the guest does not have)";
    const TYPE: &str = "type: mapped /os/type";
    let hvm = |rest: &str| format!("type = 'hvm'; vnc = 0; {rest}");
    for (value, lines) in [
        (
            "'tcp:127.0.0.1:7777,server,nowait'",
            &[
                "<serial type='tcp'>",
                "<source mode='bind' host='127.0.0.1' service='7777'/>",
                "<protocol type='raw'/>",
                "<target port='0'/>",
                "<console type='tcp'>",
            ][..],
        ),
        (
            "'telnet::23'",
            &[
                "<source mode='connect' host='0.0.0.0' service='23'/>",
                "<protocol type='telnet'/>",
            ],
        ),
        (
            "'udp:192.0.2.1:7@:8'",
            &[
                "<serial type='udp'>",
                "<source mode='connect' host='192.0.2.1' service='7'/>",
                "<source mode='bind' host='0.0.0.0' service='8'/>",
            ],
        ),
        (
            "'/dev/ttyS1'",
            &["<serial type='dev'>", "<source path='/dev/ttyS1'/>"],
        ),
        (
            "['none', 'pty']",
            &[
                "<serial type='pty'>",
                "<target port='1'/>",
                "<console type='pty'>",
                "<target type='serial' port='1'/>",
            ],
        ),
    ] {
        check(
            &hvm(&format!("serial = {value}")),
            lines,
            &[TYPE, VNC, "serial: mapped /devices/serial"],
            &[],
        );
    }
    check(
        &hvm("parallel = 'none'"),
        &["!parallel", "!console"],
        &[TYPE, VNC, "parallel: ignored (no port)"],
        &[],
    );
    check(
        "serial = 'pty'",
        &[
            "!<serial",
            "<console type='pty'>",
            "<target type='xen' port='0'/>",
        ],
        &["serial: ignored (paravirtual guests have no such port)"],
        &[],
    );
    check(
        "channel = [ 'connection=socket,path=/run/c,name=c' ]",
        &[
            "<channel type='unix'>",
            "<source mode='bind' path='/run/c'/>",
            "<target type='xen' name='c'/>",
        ],
        &["channel: mapped /devices/channel"],
        &[],
    );
    check(
        &hvm("soundhw = 'hda,gus'"),
        &["<sound model='ich6'/>"],
        &[TYPE, VNC, "soundhw: mapped /devices/sound"],
        &["info setting-not-carried, soundhw: gus is a sound card that libvirt does not know"],
    );
    check(
        &hvm("usb = 1; usbdevice = ['tablet', 'host:1.3', 'host:0951:1625', 'braille']"),
        &[
            "<input type='tablet' bus='usb'/>",
            "<hostdev mode='subsystem' type='usb' managed='no'>",
            "<address bus='1' device='3'/>",
            "<vendor id='0x0951'/>",
            "<product id='0x1625'/>",
        ],
        &[
            TYPE,
            VNC,
            "usb: ignored (libvirt adds a USB controller where one is needed)",
            "usbdevice: mapped /devices/input[@bus='usb']",
        ],
        &[
            "info usb-device-not-carried, usbdevice: braille is a USB device of QEMU that libvirt's reader does not know",
        ],
    );
    check(
        &hvm("usb = 0; usbdevice = ['tablet', 'host:1.3']"),
        &["!bus='usb'", "!hostdev"],
        &[
            TYPE,
            VNC,
            "usb: ignored (libvirt adds a USB controller where one is needed)",
            "usbdevice: ignored (there is no emulated USB controller)",
        ],
        &[],
    );
}

#[test]
fn devices_of_the_host() {
    check(
        "pci = [ '01:1a.1,permissive=1', '0001:02:00.*' ]; pci_seize = 1",
        &[
            "<hostdev mode='subsystem' type='pci' managed='no'>",
            "<source writeFiltering='no'>",
            "<address domain='0x0000' bus='0x01' slot='0x1a' function='0x1'/>",
            "<address domain='0x0001' bus='0x02' slot='0x00' function='0x0'/>",
        ],
        &[
            "pci: mapped /devices/hostdev[@type='pci']",
            "pci_seize: ignored (how Xen hands devices of the host over)",
        ],
        &[
            "warn passthrough-not-carried, 0001:02:00.*: all functions of 0001:02:00.*; only the first is written",
        ],
    );
    check(
        "gfx_passthru = 'igd'; iomem = [ 'a0,1' ]",
        &["!hostdev"],
        &[
            "gfx_passthru: not-carried (a graphics card of the Xen host as the guest's first)",
            "iomem: not-carried (hardware of the Xen host that the guest uses directly)",
        ],
        &[
            "warn passthrough-not-carried, gfx_passthru: a graphics card of the Xen host as the guest's first",
            "warn passthrough-not-carried, iomem: hardware of the Xen host that the guest uses directly",
        ],
    );
    check(
        "vtpm = [ 'backend=vtpm1' ]; p9 = [ 'tag=share,path=/srv,security_model=none' ]; pvcalls = [ 'backend=0' ]",
        &[],
        &[
            "vtpm: not-carried (the state of the virtual TPM stays in its own domain on the Xen host)",
            "p9: not-carried (/srv of the Xen host, which the guest mounts as share)",
            "pvcalls: not-carried (network calls that another domain of Xen makes for the guest)",
        ],
        &[
            "warn vtpm-state-lost, vtpm: the state of the virtual TPM stays in its own domain on the Xen host",
            "info shared-folder-not-carried, p9: /srv of the Xen host, which the guest mounts as share",
            "warn setting-not-carried, pvcalls: network calls that another domain of Xen makes for the guest",
        ],
    );
}

#[test]
fn settings_without_an_element() {
    check(
        "nomigrate = 1; max_grant_frames = 64; oos = 1; seclabel = ''",
        &["<controller type='xenbus' index='0' maxGrantFrames='64'/>"],
        &[
            "nomigrate: ignored (moving between Xen hosts)",
            "max_grant_frames: mapped /devices/controller/@maxGrantFrames",
            "oos: ignored (scheduling and memory of the Xen host)",
            "seclabel: ignored (it is empty)",
        ],
        &[],
    );
    check(
        "initrd = '/i'; colour = 'red'",
        &["!initrd"],
        &[
            "initrd: unknown (neither xl nor xm knows it)",
            "colour: unknown (neither xl nor xm knows it)",
        ],
        &["info config-unknown-key, initrd: neither xl nor xm knows initrd, colour"],
    );
}

#[test]
fn text_that_is_wrong() {
    check(
        "vcpus = 1\nvcpus = 2\nvcpus = 2\n",
        &["<vcpu placement='static'>2</vcpu>"],
        &[
            "vcpus: ignored (assigned again in line 4, which counts)",
            "vcpus: ignored (assigned again in line 4, which counts)",
            "vcpus: mapped /vcpu",
        ],
        &[
            "warn config-duplicate-key, vcpus: the key is assigned again in line 3, with another value; the last counts",
            "info config-duplicate-key, vcpus: the key is assigned again in line 4, with the same value; the last counts",
        ],
    );
    check(
        "vif = [ 'mac=00:16:3e:01:02:03,bridge=a' ]\nvif += [ 'mac=00:16:3e:01:02:04,bridge=b' ]\n",
        &["<source bridge='a'/>", "<source bridge='b'/>"],
        &[VIF, VIF],
        &[],
    );
    check(
        "import os\ninstall-method = debootstrap\ndisk = [ '/a,raw,xvda,rw'\n",
        &["!<disk"],
        &[],
        &[
            "blocker config-code, line 2: found Python code, `import os`, expected a plain value; it is not executed",
            "warn config-unreadable-line, line 3: found `install-method = debootstrap`, expected `key = value`",
            "warn config-unreadable-line, disk: the list of disk has no closing bracket and was not read",
        ],
    );
    check(
        "localtime = True\n",
        &["<clock offset='localtime' adjustment='reset'/>"],
        &["localtime: mapped /clock"],
        &[
            "info config-loose-syntax, line 2: found Python's True, expected a number; it was read as 1",
        ],
    );
    check(
        "extra = 'a\\x01b'\n",
        &["<cmdline>a\u{fffd}b</cmdline>"],
        &["extra: mapped /os/cmdline"],
        &[
            "info config-loose-syntax, line 2: found `\\x01` in a string, which xl and xm read differently; it was read as xm does",
            "warn setting-bad-value, extra: a character that XML can't hold; U+FFFD stands in its place",
        ],
    );
    check(
        "vif = 'bridge=br0'\n",
        &["!interface"],
        &["vif: not-carried (the value can't be read)"],
        &["warn setting-bad-value, vif: found `bridge=br0`, expected a list in brackets"],
    );
}

/// The time of a file is that of its length, whatever is in it.
#[test]
fn ten_thousand_disks_and_pins() {
    let mut text = HEAD.to_owned();
    text.push_str("vcpus = 1000\ndisk = [\n");
    for at in 0..10_000 {
        text.push_str(&format!("'/dev/vg/{at},raw,nonsense,rw',\n"));
    }
    text.push_str("]\ncpus = [\n");
    for _ in 0..200 {
        text.push_str(&format!("'{}',\n", "0-4095,".repeat(100)));
    }
    text.push_str("]\n");
    let xen = read(text.as_bytes());
    let names = xen
        .document
        .find_all(xen.document.root(), "devices/disk/target");
    assert_eq!(names.len(), 10_000);
    assert_eq!(
        xen.document
            .find_all(xen.document.root(), "cputune/vcpupin")
            .len(),
        200
    );
}

#[test]
fn real_configurations_are_accounted_for() {
    if !corpus::wanted() {
        return;
    }
    let mut seen = 0;
    for folder in ["xl", "xm", "wild"] {
        for entry in std::fs::read_dir(corpus::file("xen").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "cfg") {
                continue;
            }
            let xen = read(&std::fs::read(&path).unwrap());
            let unknown = xen
                .settings
                .iter()
                .filter(|setting| setting.state == SettingState::Unknown);
            let unknown: Vec<&str> = unknown.map(|setting| setting.key.as_str()).collect();
            let expected: &[&str] = match path.file_stem().unwrap().to_str().unwrap() {
                "pv-invalid-line-comment-in-list" => &["initrd"],
                _ => &[],
            };
            assert_eq!(unknown, expected, "{}", path.display());
            seen += 1;
        }
    }
    assert_eq!(seen, 56, "the corpus has other files than this test knows");
}

#[test]
fn what_is_made_is_a_domain_for_libvirt() {
    if !corpus::wanted() || !libvirt::wanted() {
        return;
    }
    let mut domains = Vec::new();
    for name in [
        "hvm-windows-hda-phy",
        "hvm-xvda-phy-no-newline",
        "pv-duplicate-extra-utf8-comments",
        "pv-file-cdrom-suffix",
        "pv-invalid-line-comment-in-list",
        "pv-pygrub-plus-ramdisk",
        "pv-xentools-multiline-lists",
    ] {
        let bytes = std::fs::read(corpus::file(&format!("xen/wild/{name}.cfg"))).unwrap();
        // New in libvirt 9.2; the schema here may be older.
        let xml = read(&bytes)
            .document
            .to_string()
            .replace("<loader type='rom' format='raw'>", "<loader type='rom'>");
        domains.push((name, xml));
    }
    libvirt::validate_all(&domains);
}
