//! What becomes of everything but the devices: exact text for small domains, and what is said about it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use v2v_target::Policy;
use v2v_target::policy::{BootChoice, CpuChoice, Firmware, HugePages, Machine, Profile};
use v2v_testkit::libvirt;
use v2v_xen::{Conversion, Error, Evidence, RuleChoice, convert, rules};
use v2v_xml::{Document, ParseOptions};

/// Converts with the rules that are not about devices.
fn convert_with(xen: &str, set: impl Fn(&mut Policy)) -> Conversion {
    let mut policy = Policy::default();
    set(&mut policy);
    let mut choice = RuleChoice::default();
    let devices = rules().filter(|rule| rule.xpath.starts_with("/domain/devices"));
    choice.skip = devices.map(|rule| rule.id.to_owned()).collect();
    let document = Document::parse(xen, &ParseOptions::default()).unwrap();
    convert(document, &policy, &Evidence::default(), &choice).unwrap()
}

fn findings(conversion: &Conversion) -> Vec<String> {
    let findings = conversion.findings.iter();
    findings
        .map(|finding| {
            let (severity, id) = (finding.severity.name(), finding.id.as_str());
            format!("{severity} {id} {}", finding.subject)
        })
        .collect()
}

/// `xen` becomes `kvm`, with these findings and no other.
#[track_caller]
fn check_with(xen: &str, set: impl Fn(&mut Policy), kvm: &str, expected: &[&str]) {
    let conversion = convert_with(xen, set);
    assert_eq!(conversion.document.to_string(), kvm);
    assert_eq!(findings(&conversion), expected);
}

#[track_caller]
fn check(xen: &str, kvm: &str, expected: &[&str]) {
    check_with(xen, |_| (), kvm, expected);
}

/// The lines that a rule changes in a fully virtual guest that is otherwise done: what stands for `part` afterwards.
#[track_caller]
fn check_hvm_with(part: &str, set: impl Fn(&mut Policy), after: &str, expected: &[&str]) {
    check_with(&hvm("xen", part), set, &hvm("kvm", after), expected);
}

#[track_caller]
fn check_hvm(part: &str, after: &str, expected: &[&str]) {
    check_hvm_with(part, |_| (), after, expected);
}

const OS: &str = "  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <boot dev='hd'/>
  </os>
";
const CPU: &str = "  <cpu mode='host-model'/>\n";

/// A fully virtual domain with `part` in it, and with an `<os>` and a `<cpu>` unless `part` has one.
fn hvm(kind: &str, part: &str) -> String {
    let os = if part.contains("<os") { "" } else { OS };
    let cpu = if part.contains("<cpu ") || part.contains("<cpu>") {
        ""
    } else {
        CPU
    };
    format!(
        "<domain type='{kind}'>\n  <name>a</name>\n  <memory>524288</memory>\n{os}{part}{cpu}</domain>\n"
    )
}

#[test]
fn a_paravirtual_domain() {
    check(
        "<domain type='xen' id='6'>
  <name>pv</name>
  <uuid>596a5d21-71f4-8fb2-e068-e2386a5c413e</uuid>
  <title>kept</title>
  <genid>596a5d21-71f4-8fb2-e068-e2386a5c413f</genid>
  <memory unit='KiB'>430080</memory>
  <currentMemory unit='KiB'>204800</currentMemory>
  <vcpu placement='static' current='1'>2</vcpu>
  <bootloader>/usr/bin/pygrub</bootloader>
  <bootloader_args>-q</bootloader_args>
  <os>
    <type arch='x86_64' machine='xenpv'>linux</type>
  </os>
  <clock offset='utc' adjustment='reset'/>
  <on_poweroff>preserve</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>preserve</on_crash>
  <pm>
    <suspend-to-mem enabled='no'/>
  </pm>
</domain>
",
        "<domain type='kvm'>
  <name>pv</name>
  <uuid>596a5d21-71f4-8fb2-e068-e2386a5c413e</uuid>
  <title>kept</title>
  <genid>596a5d21-71f4-8fb2-e068-e2386a5c413f</genid>
  <memory unit='KiB'>430080</memory>
  <currentMemory unit='KiB'>204800</currentMemory>
  <vcpu placement='static' current='1'>2</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
    <apic/>
  </features>
  <cpu mode='host-model'/>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>preserve</on_crash>
  <pm>
    <suspend-to-mem enabled='no'/>
  </pm>
</domain>
",
        &[
            "warn vm-maybe-running domain",
            "warn pv-boot-method boot",
            "info lifecycle-action-changed on_poweroff",
        ],
    );
}

#[test]
fn a_domain_of_old_without_os() {
    check(
        "<domain type='xen'>\n  <name>a</name>\n  <memory>524288</memory>\n  <bootloader/>\n</domain>\n",
        "<domain type='kvm'>
  <name>a</name>
  <memory>524288</memory>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
    <apic/>
  </features>
  <cpu mode='host-model'/>
</domain>
",
        &["warn pv-boot-method boot"],
    );
}

/// `<os>` of a domain before and after.
#[track_caller]
fn check_os(before: &str, set: impl Fn(&mut Policy), after: &str, expected: &[&str]) {
    let xen = format!("<domain type='xen'><name>a</name><memory>524288</memory>{before}</domain>");
    let conversion = convert_with(&xen, set);
    let document = &conversion.document;
    let os = document.find(document.root(), "os").unwrap();
    assert_eq!(document.print_node(os), after);
    assert_eq!(findings(&conversion), expected);
}

const HD: &str = "<os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os>";

#[test]
fn what_started_the_guest() {
    let pv = "<os><type>linux</type></os>";
    let told = &["warn pv-boot-method boot"];
    check_os(
        &format!("<bootloader>/usr/bin/pygrub</bootloader>{pv}"),
        |_| (),
        HD,
        told,
    );
    check_os(pv, |_| (), HD, told);
    check_os(
        &format!(
            "<bootloader>/usr/bin/pypxeboot</bootloader><bootloader_args>mac=x</bootloader_args>{pv}"
        ),
        |_| (),
        "<os><type arch='x86_64' machine='q35'>hvm</type><boot dev='network'/></os>",
        told,
    );
    let told = &["warn pv-boot-method kernel"];
    let kernel = "<os><type arch='x86_64' machine='xenpvh'>xenpvh</type><kernel>/boot/vmlinuz</kernel><initrd>/boot/initrd</initrd>\
                  <cmdline>root=/dev/xvda1 console=hvc0</cmdline></os>";
    check_os(kernel, |_| (), HD, told);
    check_os(
        kernel,
        |policy| policy.xen.boot = Some(BootChoice::Direct),
        "<os><type arch='x86_64' machine='q35'>hvm</type><kernel>/boot/vmlinuz</kernel><initrd>/boot/initrd</initrd>\
         <cmdline>root=/dev/xvda1 console=tty0 console=ttyS0,115200</cmdline><boot dev='hd'/></os>",
        told,
    );
    let grub = "<os><type>linux</type><kernel>/usr/lib/xen/boot/pv-grub-x86_64.gz</kernel><cmdline>(hd0)/menu.lst</cmdline></os>";
    check_os(grub, |_| (), HD, told);
    check_os(
        grub,
        |policy| policy.xen.boot = Some(BootChoice::Direct),
        HD,
        told,
    );
    check_os(
        "<bootloader>pygrub</bootloader><os><type>linux</type><cmdline>root=/dev/xvda2</cmdline></os>",
        |_| (),
        HD,
        &["warn pv-boot-method boot", "warn pv-boot-method kernel"],
    );
    // What was in the file is in the finding, so that nothing is lost.
    let xen = format!("<domain type='xen'><name>a</name>{kernel}</domain>");
    let finding = &convert_with(&xen, |_| ()).findings[0];
    assert_eq!(
        finding.evidence.text,
        "kernel \"/boot/vmlinuz\", initrd \"/boot/initrd\", cmdline \"root=/dev/xvda1 console=hvc0\": files of the Xen \
         host, not in the guest; the domain boots from its disk"
    );
}

#[test]
fn firmware_of_the_xen_host() {
    let loader = |loader: &str| {
        format!("<os><type arch='x86_64' machine='xenfv'>hvm</type>{loader}<boot dev='hd'/></os>")
    };
    let efi = "<os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type><firmware><feature enabled='no' \
               name='enrolled-keys'/><feature enabled='no' name='secure-boot'/></firmware><boot dev='hd'/></os>";
    check_os(
        &loader("<loader>/usr/lib/xen/boot/hvmloader</loader>"),
        |_| (),
        HD,
        &[],
    );
    check_os(
        &loader("<kernel>/usr/lib/xen/boot/hvmloader</kernel>"),
        |_| (),
        HD,
        &[],
    );
    let ovmf = "<loader readonly='yes' type='pflash'>/usr/share/qemu/ovmf-x86_64-xen.bin</loader>";
    check_os(&loader(ovmf), |_| (), efi, &[]);
    check_os(
        &loader(ovmf),
        |policy| policy.firmware = Some(Firmware::Bios),
        HD,
        &[],
    );
    let nvram = format!("{ovmf}<nvram>/var/lib/xen/nvram</nvram>");
    check_os(
        &loader(&nvram),
        |_| (),
        efi,
        &["warn nvram-not-carried nvram"],
    );
    check_os(
        &loader("<loader>/opt/my.rom</loader>"),
        |_| (),
        HD,
        &["warn firmware-unknown loader"],
    );
    check_os(
        &loader(ovmf),
        |policy| policy.secure_boot = Some(true),
        &efi.replace("'no'", "'yes'"),
        &[],
    );
    check_os(
        &loader("<acpi><table type='rawset'>/sys/firmware/acpi/tables/SLIC</table></acpi>"),
        |_| (),
        HD,
        &["warn setting-not-carried ACPI table"],
    );
    check_os(
        &loader("<smbios mode='sysinfo'/><bootmenu enable='yes'/>"),
        |_| (),
        "<os><type arch='x86_64' machine='q35'>hvm</type><smbios mode='sysinfo'/><bootmenu enable='yes'/><boot dev='hd'/></os>",
        &[],
    );
}

#[test]
fn machine_and_architecture() {
    let os = "<os><type>hvm</type><boot dev='hd'/></os>";
    check_os(os, |_| (), HD, &[]);
    let pc = HD.replace("q35", "pc");
    check_os(os, |policy| policy.machine = Some(Machine::Pc), &pc, &[]);
    let ide = "<devices><disk><target dev='hda'/></disk></devices>";
    check_os(&format!("{os}{ide}"), |_| (), &pc, &[]);
    check_os(
        &format!("{os}{ide}"),
        |policy| policy.profile = Profile::Virtio,
        HD,
        &[],
    );
    check_os(
        &format!(
            "{os}<devices><disk device='cdrom'><target dev='hdc' bus='ide'/></disk></devices>"
        ),
        |_| (),
        HD,
        &[],
    );
    check_os(
        "<os><type arch='i686'>hvm</type><boot dev='cdrom'/></os>",
        |_| (),
        "<os><type arch='i686' machine='q35'>hvm</type><boot dev='cdrom'/></os>",
        &[],
    );
    check_os(
        "<os><type arch='aarch64'>hvm</type><boot dev='cdrom'/></os>",
        |_| (),
        "<os><type arch='aarch64' machine='q35'>hvm</type><boot dev='cdrom'/></os>",
        &["blocker arch-unsupported arch"],
    );
    check_os(
        "<os><type>hvm</type></os><devices><disk><boot order='1'/></disk></devices>",
        |_| (),
        "<os><type arch='x86_64' machine='q35'>hvm</type></os>",
        &[],
    );
}

#[test]
fn the_guest_of_the_metadata_decides() {
    let metadata = "<metadata><libosinfo:libosinfo xmlns:libosinfo='http://libosinfo.org/xmlns/libvirt/domain/1.0'>\
                    <libosinfo:os id='http://microsoft.com/win/xp'/></libosinfo:libosinfo></metadata>";
    let os = "<os><type>hvm</type><boot dev='hd'/></os>";
    check_os(
        &format!("{metadata}{os}"),
        |_| (),
        &HD.replace("q35", "pc"),
        &[],
    );
    let other = metadata.replace("http://libosinfo.org/xmlns", "urn:x");
    check_os(&format!("{other}{os}"), |_| (), HD, &[]);
}

#[test]
fn features() {
    check_hvm(
        "  <features>\n    <acpi/>\n    <apic/>\n    <pae/>\n    <hap state='off'/>\n    <xen>\n      <e820_host \
         state='on'/>\n    </xen>\n  </features>\n",
        "  <features>\n    <acpi/>\n    <apic/>\n    <pae/>\n  </features>\n",
        &[],
    );
    check_hvm(
        "  <features>\n    <viridian/>\n  </features>\n  <clock offset='localtime' adjustment='reset'/>\n",
        "  <features>
    <hyperv>
      <relaxed state='on'/>
      <vapic state='on'/>
      <spinlocks state='on' retries='8191'/>
    </hyperv>
  </features>
  <clock offset='localtime'>
    <timer name='hypervclock' present='yes'/>
  </clock>
",
        &[],
    );
    check_hvm(
        "  <features>\n    <viridian state='off'/>\n  </features>\n",
        "  <features>\n  </features>\n",
        &[],
    );
    check_hvm(
        "  <features>
    <hyperv>
      <stimer state='on'/>
      <vpindex state='off'/>
    </hyperv>
  </features>
  <clock offset='utc'>
    <timer name='hypervclock' present='yes'/>
  </clock>
",
        "  <features>
    <hyperv>
      <stimer state='on'/>
      <vpindex state='on'/>
      <synic state='on'/>
    </hyperv>
  </features>
  <clock offset='utc'>
    <timer name='hypervclock' present='yes'/>
  </clock>
",
        &[],
    );
}

#[test]
fn clock_and_timers() {
    for clock in [
        "  <clock offset='variable' adjustment='3600' basis='localtime'/>\n",
        "  <clock offset='localtime' adjustment='-3600'/>\n",
        "  <clock offset='utc'>\n    <timer name='rtc' tickpolicy='catchup'/>\n  </clock>\n",
    ] {
        check_hvm(clock, clock, &[]);
    }
    check_hvm(
        "  <clock offset='utc' adjustment='reset'>\n    <!-- of old -->\n    <timer name='tsc' present='yes' mode='native'/>\n    \
         <timer name='pit'/>\n    <timer name='hpet' present='yes'/>\n  </clock>\n",
        "  <clock offset='utc'>\n    <!-- of old -->\n    <timer name='pit'/>\n  </clock>\n",
        &[
            "info clock-timer-not-carried timer tsc",
            "info clock-timer-not-carried timer hpet",
        ],
    );
}

#[test]
fn processors() {
    check_hvm(
        "  <vcpu placement='static' cpuset='0-3,^2' current='1'>4</vcpu>
  <cputune>
    <shares>2048</shares>
    <vcpupin vcpu='0' cpuset='1'/>
  </cputune>
  <numatune>
    <memory mode='strict' nodeset='1'/>
  </numatune>
",
        "  <vcpu placement='static' current='1'>4</vcpu>\n  <cputune>\n    <shares>2048</shares>\n  </cputune>\n",
        &[
            "info cpu-affinity vcpu",
            "info cpu-affinity cputune",
            "info numa-not-carried numatune",
        ],
    );
    let numa = "  <vcpu cpuset='1'>2</vcpu>\n  <cputune>\n    <vcpupin vcpu='0' cpuset='1'/>\n  </cputune>\n  <cpu \
                mode='host-passthrough'>\n    <numa>\n      <cell id='0' cpus='0-1' memory='524288' unit='KiB'/>\n    \
                </numa>\n  </cpu>\n";
    let nested = "info nested-virtualisation cpu";
    check_hvm_with(numa, |policy| policy.keep.affinity = true, numa, &[nested]);
    check_hvm(
        numa,
        "  <vcpu>2</vcpu>\n  <cpu mode='host-passthrough'>\n  </cpu>\n",
        &[
            "info cpu-affinity vcpu",
            "info cpu-affinity cputune",
            "info numa-not-carried numa",
            nested,
        ],
    );
    check_hvm_with(
        "  <vcpu>2</vcpu>\n",
        |policy| policy.vcpu_max = Some(8),
        "  <vcpu current='2'>8</vcpu>\n",
        &[],
    );
}

#[test]
fn the_processor_the_guest_sees() {
    check_hvm(
        "  <cpu mode='host-passthrough'>
    <feature policy='force' name='pni'/>
    <feature policy='forbid' name='vmx'/>
    <feature policy='require' name='svm'/>
  </cpu>
",
        "  <cpu mode='host-passthrough'>\n    <feature policy='disable' name='vmx'/>\n    <feature policy='optional' \
         name='svm'/>\n  </cpu>\n",
        &["info nested-virtualisation cpu", "info cpu-masks cpu"],
    );
    check_hvm(
        "  <vcpu>4</vcpu>\n  <cpu>\n    <topology sockets='1' cores='2' threads='1'/>\n  </cpu>\n",
        "  <vcpu>4</vcpu>\n  <cpu mode='host-model'>\n  </cpu>\n",
        &["warn cpu-topology-remainder cpu"],
    );
    let topology = "  <vcpu>4</vcpu>\n  <cpu mode='host-model'>\n    <topology sockets='1' cores='4' threads='1'/>\n  </cpu>\n";
    check_hvm(topology, topology, &[]);
    check_hvm_with(
        "  <cpu mode='host-passthrough' migratable='on'>\n    <topology sockets='1' cores='1' threads='1'/>\n  </cpu>\n",
        |policy| policy.cpu = CpuChoice::Named("Haswell".to_owned()),
        "  <cpu mode='custom' match='exact'>\n    <model>Haswell</model>\n    <topology sockets='1' cores='1' \
         threads='1'/>\n  </cpu>\n",
        &["info nested-virtualisation cpu"],
    );
}

#[test]
fn memory() {
    let size = "<domain type='xen'><name>a</name><memory unit='GiB'>1</memory><currentMemory unit='GiB'>1</currentMemory>\
                <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os><cpu mode='maximum'/></domain>";
    let kvm = size.replace("'xen'", "'kvm'");
    check(size, &kvm, &[]);
    let twice = kvm.replace("unit='GiB'>1", "unit='KiB'>2097152");
    check_with(size, |policy| policy.memory = Some(2 << 30), &twice, &[]);
    check_hvm(
        "  <maxMemory slots='2' unit='GiB'>4</maxMemory>\n  <memtune>\n    <hard_limit unit='KiB'>600000</hard_limit>\n  \
         </memtune>\n  <memoryBacking>\n    <hugepages/>\n    <nosharepages/>\n  </memoryBacking>\n",
        "  <memoryBacking>\n    <hugepages/>\n    <nosharepages/>\n  </memoryBacking>\n",
        &[
            "info hotadd-not-carried memory",
            "info memory-limit memory",
            "info memory-reservation memory",
        ],
    );
    let mut asked = Policy::default();
    asked.tuning.huge_pages = Some(HugePages::Size(2 << 20));
    asked.tuning.memtune.hard_limit = Some(1 << 30);
    asked.keep.limits = true;
    let conversion = convert_with(&hvm("xen", ""), |policy| *policy = asked.clone());
    let kvm = conversion.document.to_string();
    let tuned = "  <memtune>
    <hard_limit unit='KiB'>1048576</hard_limit>
  </memtune>
  <memoryBacking>
    <hugepages>
      <page size='2048' unit='KiB'/>
    </hugepages>
  </memoryBacking>
";
    assert!(kvm.contains(tuned), "{kvm}");
    let none = hvm("xen", "").replace("  <memory>524288</memory>\n", "");
    let none_kvm = none.replace("'xen'", "'kvm'");
    check(&none, &none_kvm, &["warn memory-size memory"]);
}

#[test]
fn lifecycle() {
    let check = |event: &str, old: &str, new: &str| {
        let line = |action| format!("  <on_{event}>{action}</on_{event}>\n");
        let told = format!("info lifecycle-action-changed on_{event}");
        let told = [told.as_str()];
        let told = if old == new { &[][..] } else { &told[..] };
        check_hvm(&line(old), &line(new), told);
    };
    for (event, old, new) in [
        ("poweroff", "destroy", "destroy"),
        ("poweroff", "restart", "restart"),
        ("poweroff", "preserve", "destroy"),
        ("poweroff", "rename-restart", "destroy"),
        ("reboot", "preserve", "restart"),
        ("reboot", "rename-restart", "restart"),
        ("reboot", "soft-reset", "restart"),
        ("reboot", "destroy", "destroy"),
        ("crash", "rename-restart", "restart"),
        ("crash", "preserve", "preserve"),
        ("crash", "coredump-destroy", "coredump-destroy"),
        ("crash", "coredump-restart", "coredump-restart"),
    ] {
        check(event, old, new);
    }
    check_hvm(
        "  <on_poweroff>restart</on_poweroff>\n  <on_reboot>destroy</on_reboot>\n",
        "  <on_poweroff>destroy</on_poweroff>\n  <on_reboot>destroy</on_reboot>\n",
        &["info lifecycle-action-changed on_poweroff"],
    );
}

#[test]
fn the_domain_itself() {
    let bare = |rest: &str, inner: &str| {
        format!(
            "<domain type='xen'{rest}>{inner}<memory>524288</memory>{HD}<cpu mode='maximum'/></domain>"
        )
    };
    let kvm = |rest: &str, inner: &str| bare(rest, inner).replace("'xen'", "'kvm'");
    let name = "<name>a</name>";
    let command = "<xen:commandline><xen:arg value='-x'/></xen:commandline>";
    let namespace = " xmlns:xen='http://libvirt.org/schemas/domain/xen/1.0'";
    check(
        &bare(namespace, &format!("{name}{command}")),
        &kvm("", name),
        &["warn setting-not-carried xen:commandline"],
    );
    // Somebody else's element with the prefix needs the declaration.
    let used = "<name>a</name><metadata><xen:mine/></metadata>";
    check(&bare(namespace, used), &kvm(namespace, used), &[]);
    check(
        &bare(
            "",
            "<name>a</name><seclabel type='static' model='flask'><label>x</label></seclabel>",
        ),
        &kvm("", name),
        &["info setting-not-carried seclabel"],
    );
    check(
        &bare("", "<name>a/b</name>"),
        &kvm("", "<name>a_b</name><title>a/b</title>"),
        &["info name-changed name"],
    );
    check_with(
        &bare("", name),
        |policy| policy.name = Some("web".to_owned()),
        &kvm("", "<name>web</name><title>a</title>"),
        &[],
    );
}

#[test]
fn refused_by_name() {
    let refused = |xml: &str| {
        let document =
            Document::parse(xml, &ParseOptions::default()).map_err(|error| error.to_string())?;
        let choice = RuleChoice::default();
        convert(document, &Policy::default(), &Evidence::default(), &choice)
            .map(|conversion| conversion.document.to_string())
            .map_err(|error: Error| error.to_string())
    };
    for (xml, expected) in [
        (
            "<domain type='vmware'/>",
            "the domain is of type \"vmware\", expected \"xen\"; give the .vmx to vmx2libvirt",
        ),
        (
            "<domain type='lxc'/>",
            "the domain is of type \"lxc\", expected \"xen\"; a container has no hardware that KVM could take over",
        ),
        (
            "<domain type='hyperv'/>",
            "the domain is of type \"hyperv\", expected \"xen\"; convert it with the tools of its own hypervisor first",
        ),
        (
            "<domain/>",
            "the domain is of type \"\", expected \"xen\"; say type='xen' if it is one",
        ),
        (
            "<network/>",
            "the root element is <network>, expected <domain>; give what `virsh dumpxml` prints",
        ),
    ] {
        assert_eq!(refused(xml), Err(expected.to_owned()), "{xml}");
    }
    for broken in [
        "<domain type='xen'>\n  <name>a</nam>\n</domain>",
        "<domain type='xen'>\n  <name>a",
        "<domain type='xen'>\n  <name \0/>",
    ] {
        let error = refused(broken).unwrap_err();
        assert!(error.starts_with("line 2, column "), "{error}");
    }
    for entities in [
        "<!DOCTYPE domain []><domain/>",
        "<domain type='xen'>&lol;</domain>",
    ] {
        let error = refused(entities).unwrap_err();
        assert!(error.starts_with("line 1, column "), "{error}");
    }
    let kvm = "<domain type='kvm' id='3'><bootloader/></domain>";
    assert_eq!(refused(kvm), Ok(kvm.to_owned()));
}

/// A domain with all that a Xen host writes about processors, memory, clock and firmware.
const RICH: &str =
    "<domain type='xen' id='4' xmlns:xen='http://libvirt.org/schemas/domain/xen/1.0'>
  <name>rich</name>
  <genid>596a5d21-71f4-8fb2-e068-e2386a5c413f</genid>
  <maxMemory slots='4' unit='GiB'>8</maxMemory>
  <memory unit='MiB'>512</memory>
  <currentMemory unit='MiB'>256</currentMemory>
  <memtune>
    <hard_limit unit='MiB'>600</hard_limit>
  </memtune>
  <memoryBacking>
    <locked/>
    <nosharepages/>
  </memoryBacking>
  <vcpu placement='static' cpuset='0-1' current='2'>4</vcpu>
  <cputune>
    <shares>1024</shares>
    <period>100000</period>
    <quota>50000</quota>
    <vcpupin vcpu='0' cpuset='0'/>
  </cputune>
  <numatune>
    <memory mode='strict' nodeset='0'/>
  </numatune>
  <os>
    <type arch='x86_64' machine='xenfv'>hvm</type>
    <loader readonly='yes' type='pflash'>/usr/lib/xen/boot/ovmf.bin</loader>
    <nvram>/var/lib/xen/rich.fd</nvram>
    <acpi>
      <table type='slic'>/sys/firmware/acpi/tables/SLIC</table>
    </acpi>
    <boot dev='hd'/>
    <boot dev='network'/>
    <smbios mode='sysinfo'/>
  </os>
  <sysinfo type='smbios'>
    <system>
      <entry name='manufacturer'>Xen</entry>
    </system>
  </sysinfo>
  <features>
    <apic/>
    <pae/>
    <hap state='on'/>
    <hyperv>
      <relaxed state='on'/>
      <vapic state='on'/>
      <stimer state='on'/>
      <tlbflush state='on'/>
      <ipi state='on'/>
      <frequencies state='on'/>
    </hyperv>
    <xen>
      <passthrough state='on' mode='share_pt'/>
    </xen>
  </features>
  <cpu mode='host-passthrough'>
    <topology sockets='1' cores='2' threads='1'/>
    <feature policy='force' name='pni'/>
    <feature policy='forbid' name='vmx'/>
    <numa>
      <cell id='0' cpus='0-3' memory='512' unit='MiB'/>
    </numa>
  </cpu>
  <clock offset='variable' adjustment='-60' basis='localtime'>
    <timer name='tsc' present='yes' mode='emulate'/>
    <timer name='hpet' present='no'/>
  </clock>
  <on_poweroff>rename-restart</on_poweroff>
  <on_reboot>rename-restart</on_reboot>
  <on_crash>coredump-destroy</on_crash>
  <pm>
    <suspend-to-mem enabled='no'/>
    <suspend-to-disk enabled='no'/>
  </pm>
  <seclabel type='static' model='flask'>
    <label>system_u:system_r:domU_t</label>
  </seclabel>
  <xen:commandline>
    <xen:arg value='-x'/>
  </xen:commandline>
</domain>
";

type Choice = fn(&mut Policy);

#[test]
fn libvirt_takes_what_the_rules_make() {
    if !libvirt::wanted() {
        return;
    }
    let pv = "<domain type='xen'><name>a</name><memory>262144</memory><os><type>linux</type><kernel>/boot/vmlinuz</kernel>\
              <initrd>/boot/initrd</initrd><cmdline>root=/dev/xvda1</cmdline></os></domain>";
    let viridian = hvm("xen", "  <features>\n    <viridian/>\n  </features>\n");
    let cases: &[(&str, Choice)] = &[
        (RICH, |_| ()),
        (RICH, |policy| policy.secure_boot = Some(true)),
        (RICH, |policy| policy.firmware = Some(Firmware::Bios)),
        (RICH, |policy| policy.machine = Some(Machine::Pc)),
        (RICH, |policy| {
            policy.keep.affinity = true;
            policy.keep.limits = true;
        }),
        (RICH, |policy| {
            policy.cpu = CpuChoice::Named("qemu64".to_owned());
            policy.memory = Some(1 << 30);
            policy.vcpu_max = Some(8);
            policy.tuning.huge_pages = Some(HugePages::Size(2 << 20));
            policy.tuning.memtune.soft_limit = Some(1 << 29);
        }),
        (RICH, |policy| policy.cpu = CpuChoice::Maximum),
        (pv, |_| ()),
        (pv, |policy| policy.xen.boot = Some(BootChoice::Direct)),
        (&viridian, |_| ()),
    ];
    for (xen, set) in cases {
        let kvm = convert_with(xen, set).document.to_string();
        libvirt::validate(&kvm);
        libvirt::define(&kvm);
        libvirt::qemu_argv(&kvm);
    }
}

#[test]
fn libvirt_takes_every_action_that_stays() {
    if !libvirt::wanted() {
        return;
    }
    for poweroff in ["destroy", "restart", "preserve", "rename-restart"] {
        for reboot in ["destroy", "restart", "preserve", "rename-restart"] {
            let actions = format!(
                "  <on_poweroff>{poweroff}</on_poweroff>\n  <on_reboot>{reboot}</on_reboot>\n"
            );
            let kvm = convert_with(&hvm("xen", &actions), |_| ())
                .document
                .to_string();
            libvirt::qemu_define(&kvm);
        }
    }
}

#[test]
fn each_rule_alone_is_done_once() {
    let xen = "<domain type='xen' id='1'><name>a/b</name><vcpu cpuset='0'>2</vcpu><bootloader>pygrub</bootloader><os>\
               <type>linux</type><loader>x</loader><kernel>k</kernel></os><features><viridian/><hap/></features>\
               <cpu><topology sockets='1' cores='1' threads='1'/><numa/><feature name='vmx'/><feature name='x'/></cpu>\
               <clock adjustment='reset'><timer name='tsc'/></clock><on_poweroff>preserve</on_poweroff><devices>\
               <disk><driver name='file'/><target dev='xvda' bus='xen'/></disk><interface><script/><target dev='vif1'/>\
               </interface><console/><serial/><input bus='xen'/></devices></domain>";
    let all: BTreeSet<&str> = rules().map(|rule| rule.id).collect();
    for rule in all {
        let apply = |xml: &str| {
            let mut choice = RuleChoice::default();
            choice.only = vec![rule.to_owned()];
            let document = Document::parse(xml, &ParseOptions::default()).unwrap();
            convert(document, &Policy::default(), &Evidence::default(), &choice).unwrap()
        };
        let once = apply(xen).document.to_string();
        let again = apply(&once);
        assert_eq!(again.document.to_string(), once, "{rule}");
        assert_eq!(again.changes, [], "{rule}");
    }
}

/// Elements that no rule knows, and comments, at any place of a domain.
fn unknown() -> impl Strategy<Value = String> {
    let word = "[a-z]{1,8}";
    prop_oneof![
        word.prop_map(|text| format!("<!-- {text} -->")),
        (word, word).prop_map(|(name, value)| format!("<x-{name} y=\"{value}\"/>")),
        (word, word).prop_map(|(name, text)| format!("<x-{name}>\n      {text}</x-{name} >")),
        word.prop_map(|text| format!("<?{text}?>")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// What no rule knows is in the result byte for byte and in its order.
    #[test]
    fn unknown_elements_comments_and_attributes_stay(
        unknown in prop::collection::vec(unknown(), 12),
        attribute in "[a-z]{1,6}",
        is_pv in any::<bool>(),
        shuffle in any::<bool>(),
    ) {
        let part = |index: usize| unknown[index].clone();
        let (kind, loader) = if is_pv { ("linux", "<bootloader>pygrub</bootloader>") } else { ("hvm", "") };
        let features = format!("<features x-{attribute}='1'>\n    {}\n    <hap/>\n  </features>", part(0));
        let clock = format!("<clock offset='utc' x-{attribute}='2' adjustment='reset'>{}</clock>", part(1));
        let (first, second) = if shuffle { (&clock, &features) } else { (&features, &clock) };
        let xen = format!(
            "<?xml version='1.0'?>\n{}\n<domain x-{attribute}='3' type='xen'>\n  {}\n  <name>a</name>\n  <memory>524288</memory>\n  \
             {loader}\n  <os x-{attribute}='4'>\n    {}\n    <type x-{attribute}='5'>{kind}</type>\n  </os>\n  {first}\n  {second}\n  {}\n  \
             <vcpu x-{attribute}='6' cpuset='1'>2</vcpu>\n  <devices>\n    {}\n    <disk type='file' x-{attribute}='7'>\n      \
             {}\n      <driver name='file'/>\n      <source file='/a'/>\n      <target dev='xvda' bus='xen'/>\n    \
             </disk>\n    {}\n    <interface type='bridge'>\n      {}\n      <source bridge='b'/>\n    </interface>\n  \
             </devices>\n  {}\n</domain>\n{}\n",
            "<!-- before -->", part(2), part(3), part(4), part(5), part(6), part(7), part(8), part(9), "<!-- after -->",
        );
        let document = Document::parse(&xen, &ParseOptions::default()).unwrap();
        let choice = RuleChoice::default();
        let conversion = convert(document, &Policy::default(), &Evidence::default(), &choice).unwrap();
        let kvm = conversion.document.to_string();
        let mut rest = kvm.as_str();
        let order = [2, 3, if shuffle { 1 } else { 0 }, if shuffle { 0 } else { 1 }, 4, 5, 6, 7, 8, 9];
        for index in order {
            let at = rest.find(&unknown[index]);
            prop_assert!(at.is_some(), "{} is missing in\n{kvm}", unknown[index]);
            rest = &rest[at.unwrap_or_default() + unknown[index].len()..];
        }
        for number in 1..=7 {
            let attribute = format!(" x-{attribute}='{number}'");
            prop_assert!(kvm.contains(&attribute), "{attribute} is missing in\n{kvm}");
        }
        let again = Document::parse(&kvm, &ParseOptions::default()).unwrap();
        let again = convert(again, &Policy::default(), &Evidence::default(), &choice).unwrap();
        prop_assert_eq!(again.document.to_string(), kvm);
    }
}

/// Where a change was made, for reports: in the result, with the places of brothers and sisters.
#[test]
fn a_change_says_where() {
    let xen = "<domain type='xen'><name>a</name><bootloader>/usr/bin/pygrub</bootloader><devices>\
        <disk type='file'><driver name='qemu'/><target dev='xvda' bus='xen'/></disk>\
        <disk type='file'><driver name='file'/><target dev='xvdb' bus='xen'/></disk></devices></domain>";
    let document = Document::parse(xen, &Default::default()).unwrap();
    let choice = RuleChoice::default();
    let conversion = convert(document, &Policy::default(), &Evidence::default(), &choice).unwrap();
    let path = |rule: &str, end: &str| {
        let mut changes = conversion.changes.iter();
        let found = changes.find(|change| change.rule == rule && change.path.ends_with(end));
        found.map(|change| change.path.clone()).unwrap_or_default()
    };
    assert_eq!(path("domain-type", ""), "/domain/@type");
    assert_eq!(path("bootloader", ""), "/domain/bootloader");
    assert_eq!(
        path("disk-driver", "@name"),
        "/domain/devices/disk[2]/driver/@name"
    );
}
