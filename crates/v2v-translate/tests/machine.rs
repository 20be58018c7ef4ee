//! The machine itself: identity, memory, processors, firmware, clock. Lines of a .vmx in, XML and findings out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use v2v_report::SettingState;
use v2v_translate::policy::{CpuChoice, Firmware, HugePages, Machine, Profile, UuidOrder};
use v2v_translate::{Evidence, GuestEvidence, Policy, Translation, translate};
use v2v_vmx::{Document, ParseOptions};

/// A configuration with what every case would have to say again.
const BASE: &str = "displayName = \"web01\"\nmemsize = \"1024\"\nguestOS = \"debian12-64\"\n";

struct Case {
    text: String,
    policy: Policy,
    evidence: Evidence,
}

/// `lines` behind the base.
fn vmx(lines: &str) -> Case {
    only(&format!("{BASE}{lines}"))
}

/// `lines` and nothing else.
fn only(lines: &str) -> Case {
    Case {
        text: lines.to_owned(),
        policy: Policy::default(),
        evidence: Evidence::default(),
    }
}

impl Case {
    fn policy(mut self, set: impl FnOnce(&mut Policy)) -> Case {
        set(&mut self.policy);
        self
    }

    fn evidence(mut self, set: impl FnOnce(&mut Evidence)) -> Case {
        set(&mut self.evidence);
        self
    }

    fn translate(&self) -> Translation {
        let document = Document::parse(self.text.as_bytes(), &ParseOptions::default()).unwrap();
        translate(&document, &self.policy, &self.evidence)
    }

    /// The domain has these lines, blanks at their ends apart.
    fn gives(self, lines: &[&str]) -> Case {
        let xml = self.translate().domain.to_xml().unwrap();
        for line in lines {
            let found = xml.lines().any(|found| found.trim() == *line);
            assert!(found, "no line {line}\n{}\n{xml}", self.text);
        }
        self
    }

    /// The domain has no line that begins like this.
    fn lacks(self, start: &str) -> Case {
        let xml = self.translate().domain.to_xml().unwrap();
        assert!(
            !xml.lines().any(|line| line.trim().starts_with(start)),
            "{start}\n{xml}"
        );
        self
    }

    /// There is this finding: `severity id subject: text`.
    fn tells(self, expected: &str) -> Case {
        let findings = self.translate().findings;
        let lines: Vec<String> = findings
            .iter()
            .map(|it| {
                format!(
                    "{} {} {}: {}",
                    it.severity, it.id, it.subject, it.evidence.text
                )
            })
            .collect();
        assert!(
            lines.iter().any(|line| line == expected),
            "{expected}\n{lines:#?}"
        );
        self
    }

    /// There is no finding of this id.
    fn says_nothing_of(self, id: &str) -> Case {
        let findings = self.translate().findings;
        assert!(
            !findings.iter().any(|it| it.id.as_str() == id),
            "{findings:#?}"
        );
        self
    }

    /// What became of `key`.
    fn accounts(self, key: &str, state: SettingState, to_or_reason: &str) -> Case {
        let settings = self.translate().settings;
        let setting = settings.iter().find(|setting| setting.key == key).unwrap();
        assert_eq!(setting.state, state, "{setting:?}");
        let found = setting.to.as_deref().unwrap_or(&setting.reason);
        assert_eq!(found, to_or_reason, "{setting:?}");
        self
    }
}

#[test]
fn every_entry_is_accounted_for_in_its_order() {
    let case = vmx(
        "scsi9:3.foo = \"1\"\nsound.present = \"FALSE\"\nsound.virtualDev = \"hdaudio\"\nmine = \"x\"\n",
    );
    let settings = case.translate().settings;
    let keys: Vec<&str> = settings
        .iter()
        .map(|setting| setting.key.as_str())
        .collect();
    assert_eq!(
        keys,
        [
            "displayName",
            "memsize",
            "guestOS",
            "scsi9:3.foo",
            "sound.present",
            "sound.virtualDev",
            "mine"
        ]
    );
    case.accounts("sound.virtualDev", SettingState::Ignored, "sound is absent")
        .accounts("mine", SettingState::Unknown, "in no table of known keys")
        .tells("info config-unknown-key mine: mine in no table and left out");
}

#[test]
fn a_name_and_what_the_owner_wrote() {
    only("displayName = \"db/prod%2f1\"\nannotation = \"one|0Atwo <&>\"\nmemsize = \"64\"\n")
        .gives(&[
            "<name>db_prod_1</name>",
            "<title>db/prod/1</title>",
            "<description>one",
            "two &lt;&amp;&gt;</description>",
        ])
        .tells("info name-changed displayName: \"db/prod/1\" can't be a domain's name; it became \"db_prod_1\"");
    only("memsize = \"64\"\n")
        .evidence(|evidence| evidence.config_name = Some("from-file".to_owned()))
        .gives(&["<name>from-file</name>"])
        .tells(
            "info name-changed displayName: the VM has no name; the domain is called \"from-file\"",
        );
    vmx("")
        .policy(|policy| policy.name = Some("new".to_owned()))
        .gives(&["<name>new</name>", "<title>web01</title>"])
        .accounts("displayName", SettingState::Mapped, "/domain/title");
}

const UUID: &str = "uuid.bios = \"56 4d c7 7b 93 e5 fb d8-db ad 01 02 03 04 05 06\"\n";
const AS_IN_FILE: &str = "<uuid>564dc77b-93e5-fbd8-dbad-010203040506</uuid>";
const SWAPPED: &str = "<uuid>7bc74d56-e593-d8fb-dbad-010203040506</uuid>";

#[test]
fn the_guest_keeps_the_uuid_that_it_showed() {
    // Linux under the SMBIOS 2.4 of old hardware shows the bytes in order, under a newer one with groups swapped.
    vmx(UUID).gives(&[AS_IN_FILE]);
    vmx(&format!("{UUID}virtualHW.version = \"11\"\n")).gives(&[AS_IN_FILE]);
    vmx(&format!("{UUID}virtualHW.version = \"13\"\n")).gives(&[SWAPPED]);
    // Windows swaps under any.
    only(&format!(
        "{UUID}guestOS = \"windows7-64\"\nmemsize = \"64\"\n"
    ))
    .gives(&[SWAPPED]);
    vmx(UUID)
        .policy(|policy| policy.uuid_order = UuidOrder::Swapped)
        .gives(&[SWAPPED]);
    vmx(&format!("{UUID}virtualHW.version = \"19\"\n"))
        .policy(|policy| policy.uuid_order = UuidOrder::File)
        .gives(&[AS_IN_FILE])
        .accounts("uuid.bios", SettingState::Mapped, "/domain/uuid");
}

#[test]
fn the_serial_number_is_kept_if_asked_for() {
    vmx(UUID).lacks("<sysinfo").tells(
        "info smbios-serial-not-carried SMBIOS: the serial number that VMware made of the UUID is gone; \
         licences may be bound to it",
    );
    vmx(UUID)
        .policy(|policy| policy.keep.smbios = true)
        .gives(&[
            "<entry name='serial'>VMware-56 4d c7 7b 93 e5 fb d8-db ad 01 02 03 04 05 06</entry>",
            "<smbios mode='sysinfo'/>",
        ])
        .says_nothing_of("smbios-serial-not-carried");
    vmx("SMBIOS.reflectHost = \"TRUE\"\n").gives(&["<smbios mode='host'/>"]);
}

#[test]
fn a_generation_id_needs_both_halves() {
    vmx("vm.genid = \"-802103094701856339\"\nvm.genidX = \"-5104727847056752683\"\n")
        .gives(&["<genid>2f0de9ad-5b7c-f4de-d53f-23b1115d28b9</genid>"]);
    vmx("vm.genidX = \"5\"\n").lacks("<genid").tells(
        "info genid-incomplete vm.genid: one of the two numbers of the generation id is missing; it was left out",
    );
}

#[test]
fn memory_is_exact_and_never_a_silent_default() {
    only("memSize = 1283\n").gives(&["<memory unit='MiB'>1283</memory>"]);
    only("numvcpus = \"1\"\n")
        .gives(&["<memory unit='MiB'>32</memory>"])
        .tells("warn memory-default memsize: no memory size, which means 32 MiB");
    only("memsize = \"0\"\n")
        .tells("blocker memory-size memsize: memory is 0 MiB, expected 1 to 33554432");
    // 16 EiB
    only("memsize = \"17592186044416\"\n")
        .tells("blocker memory-size memsize: memory is 17592186044416 MiB, expected 1 to 33554432");
    only("memsize = \"lots\"\n")
        .tells("blocker memory-size memsize: memory is not readable, and a VM depends on it")
        .tells(
            "warn setting-bad-value memsize: found \"lots\", expected a whole number of at least 0",
        );
    only("memsize = \"lots\"\n")
        .policy(|policy| policy.memory = Some(512 << 20))
        .gives(&["<memory unit='MiB'>512</memory>"])
        .says_nothing_of("memory-size");
}

#[test]
fn memory_can_grow_if_there_is_an_upper_limit() {
    vmx("mem.hotadd = \"TRUE\"\n")
        .tells("info hotadd-not-carried mem.hotadd: memory could be added while the VM runs");
    vmx("mem.hotadd = \"TRUE\"\nnumvcpus = \"2\"\n")
        .policy(|policy| policy.memory_max = Some(4 << 30))
        .gives(&[
            "<maxMemory slots='16' unit='MiB'>4096</maxMemory>",
            "<cell id='0' cpus='0-1' memory='1048576' unit='KiB'/>",
        ])
        .says_nothing_of("hotadd-not-carried");
}

#[test]
fn reservations_and_limits_of_memory() {
    vmx("sched.mem.min = \"512\"\nsched.mem.pin = \"TRUE\"\n").tells(
        "info memory-reservation memory: 512 MiB was reserved on the host; KVM takes memory as the guest touches it",
    );
    vmx("sched.mem.min = \"512\"\n")
        .policy(|policy| policy.tuning.huge_pages = Some(HugePages::Size(2 << 20)))
        .gives(&["<page size='2048' unit='KiB'/>"])
        .accounts(
            "sched.mem.min",
            SettingState::Mapped,
            "/domain/memoryBacking/hugepages",
        );
    vmx("sched.mem.max = \"512\"\n")
        .tells("info memory-limit memory: the host gave at most 512 MiB of 1024 MiB");
    vmx("sched.mem.max = \"512\"\n")
        .policy(|policy| policy.keep.limits = true)
        .gives(&["<soft_limit unit='MiB'>512</soft_limit>"]);
    vmx("sched.mem.max = \"1024\"\nsched.mem.pshare.enable = \"FALSE\"\nsched.mem.shares = \"normal\"\n")
        .says_nothing_of("memory-limit")
        .gives(&["<nosharepages/>"]);
}

#[test]
fn the_topology_holds_all_processors() {
    let sockets = |count: u32, cores: u32| {
        vmx(&format!(
            "numvcpus = \"{count}\"\ncpuid.coresPerSocket = \"{cores}\"\n"
        ))
    };
    sockets(8, 4).gives(&[
        "<vcpu>8</vcpu>",
        "<topology sockets='2' cores='4' threads='1'/>",
    ]);
    sockets(6, 4)
        .gives(&["<vcpu>6</vcpu>", "<topology sockets='1' cores='6' threads='1'/>"])
        .tells(
            "warn cpu-topology-remainder cpuid.coresPerSocket: 6 processors do not fill sockets of 4 cores; \
             the domain has one socket of 6 cores",
        );
    sockets(2, 8).gives(&["<topology sockets='1' cores='2' threads='1'/>"]);
    sockets(4, 0).gives(&["<topology sockets='1' cores='4' threads='1'/>"]);
    vmx("numvcpus = \"3\"\n").gives(&["<topology sockets='3' cores='1' threads='1'/>"]);
    vmx("numvcpus = \"0\"\n")
        .gives(&["<vcpu>1</vcpu>"])
        .tells("warn cpu-count numvcpus: 0 processors, expected 1 to 4096; the domain has 1");
    vmx("numvcpus = \"two\"\n").tells(
        "warn cpu-count numvcpus: the number of processors is not readable; the domain has 1",
    );
}

#[test]
fn processors_can_grow_if_there_is_an_upper_limit() {
    vmx("numvcpus = \"4\"\ncpuid.coresPerSocket = \"2\"\nvcpu.hotadd = \"TRUE\"\n")
        .policy(|policy| policy.vcpu_max = Some(8))
        .gives(&[
            "<vcpu current='4'>8</vcpu>",
            "<topology sockets='4' cores='2' threads='1'/>",
        ])
        .accounts("vcpu.hotadd", SettingState::Mapped, "/domain/vcpu");
    // Four would fill sockets of two, the three of today do not.
    vmx("numvcpus = \"3\"\ncpuid.coresPerSocket = \"2\"\n")
        .policy(|policy| policy.vcpu_max = Some(4))
        .gives(&["<topology sockets='1' cores='4' threads='1'/>"]);
    vmx("vcpu.hotadd = \"TRUE\"\n")
        .tells("info hotadd-not-carried vcpu.hotadd: processors could be added while the VM runs");
}

#[test]
fn numa_nodes_set_by_hand() {
    vmx("numvcpus = \"8\"\nnuma.vcpu.maxPerVirtualNode = \"4\"\n").gives(&[
        "<cell id='0' cpus='0-3' memory='524288' unit='KiB'/>",
        "<cell id='1' cpus='4-7' memory='524288' unit='KiB'/>",
    ]);
    vmx("numvcpus = \"6\"\nnuma.vcpu.maxPerVirtualNode = \"4\"\n").lacks("<numa").tells(
        "info numa-not-carried numa.vcpu.maxPerVirtualNode: 6 processors do not fill nodes of 4; \
         the domain has one node",
    );
    vmx("numa.autosize.vcpu.maxPerVirtualNode = \"2\"\n").says_nothing_of("numa-not-carried");
}

#[test]
fn shares_and_limits_of_processors() {
    vmx("numvcpus = \"2\"\nsched.cpu.shares = \"high\"\n").gives(&["<shares>2048</shares>"]);
    vmx("numvcpus = \"2\"\nsched.cpu.shares = \"500\"\n").gives(&["<shares>256</shares>"]);
    vmx("sched.cpu.shares = \"99999999\"\n").gives(&["<shares>10000</shares>"]);
    vmx("sched.cpu.shares = \"normal\"\n").lacks("<cputune");
    vmx("numvcpus = \"8\"\nsched.cpu.max = \"12000\"\n")
        .policy(|policy| policy.host_mhz = Some(2400))
        .gives(&["<period>100000</period>", "<quota>62500</quota>"]);
    vmx("numvcpus = \"2\"\nsched.cpu.max = \"12000\"\n")
        .lacks("<quota")
        .tells(
            "info cpu-limit sched.cpu.max: at most 12000 MHz; on KVM a quota for each processor: \
         <period>100000</period><quota>100000 * 12000 / (2 * host MHz)</quota>",
        );
    vmx("sched.cpu.max = \"-1\"\nsched.cpu.min = \"0\"\n").says_nothing_of("cpu-limit");
    vmx("sched.cpu.affinity = \"0,1,4-7\"\n").tells(
        "info cpu-affinity sched.cpu.affinity: the VM ran on processors 0-1,4-7 of the old host",
    );
    vmx("sched.cpu.affinity = \"0,1,4-7\"\n")
        .policy(|policy| {
            policy.keep.affinity = true;
        })
        .gives(&["<vcpu cpuset='0-1,4-7'>1</vcpu>"]);
}

#[test]
fn what_the_guest_sees_of_the_processor() {
    vmx("").gives(&["<cpu mode='host-model'/>"]);
    vmx("")
        .policy(|policy| policy.cpu = CpuChoice::Named("x86-64-v2".to_owned()))
        .gives(&["<model fallback='forbid'>x86-64-v2</model>"]);
    vmx("vhv.enable = \"TRUE\"\nvpmc.enable = \"TRUE\"\nhypervisor.cpuid.v0 = \"FALSE\"\n").gives(
        &[
            "<feature policy='optional' name='vmx'/>",
            "<feature policy='optional' name='svm'/>",
            "<pmu state='on'/>",
            "<hidden state='on'/>",
        ],
    );
    vmx("cpuid.1.ecx = \"--------\"\nfeatMask.vm.cpuid.AVX = \"Val:0\"\n").tells(
        "info cpu-masks 2 keys: cpuid.1.ecx, featMask.vm.cpuid.AVX: a mask or feature of the old host's CPU; \
         --cpu chooses the new one",
    );
}

#[test]
fn very_many_processors_need_an_iommu() {
    vmx("numvcpus = \"300\"\n").gives(&[
        "<iommu model='intel'>",
        "<driver intremap='on' eim='on'/>",
        "<ioapic driver='qemu'/>",
    ]);
    vmx("numvcpus = \"300\"\n")
        .policy(|policy| policy.machine = Some(Machine::Pc))
        .tells("blocker cpu-count numvcpus: machine type pc has at most 255 processors, not 300");
}

#[test]
fn firmware_in_any_case() {
    for efi in ["efi", "EFI", "Efi"] {
        vmx(&format!("firmware = \"{efi}\"\n")).gives(&[
            "<os firmware='efi'>",
            "<feature enabled='no' name='secure-boot'/>",
        ]);
    }
    vmx("firmware = \"bios\"\nnvram = \"web01.nvram\"\n")
        .lacks("<os firmware")
        .says_nothing_of("nvram-not-carried");
    vmx("firmware = \"openfirmware\"\n")
        .evidence(|evidence| evidence.firmware = Some(Firmware::Efi))
        .gives(&["<os firmware='efi'>"])
        .tells(
            "warn firmware-unknown firmware: \"openfirmware\" is no firmware this program knows, \
             expected bios or efi; the domain has efi",
        );
    vmx("")
        .policy(|policy| policy.firmware = Some(Firmware::Efi))
        .gives(&["<os firmware='efi'>"]);
}

#[test]
fn the_disk_and_the_key_may_disagree_on_the_firmware() {
    vmx("firmware = \"efi\"\n")
        .evidence(|evidence| evidence.firmware = Some(Firmware::Bios))
        .gives(&["<os firmware='efi'>"])
        .tells("warn firmware-conflict firmware: the boot disk is made for bios, the configuration says efi");
}

#[test]
fn secure_boot_needs_keys_and_system_management_mode() {
    let text = "firmware = \"efi\"\nuefi.secureBoot.enabled = \"TRUE\"\n";
    vmx(text).gives(&[
        "<feature enabled='yes' name='enrolled-keys'/>",
        "<feature enabled='yes' name='secure-boot'/>",
        "<smm state='on'/>",
    ]);
    vmx(text)
        .policy(|policy| policy.machine = Some(Machine::Pc))
        .gives(&["<feature enabled='no' name='secure-boot'/>"])
        .tells("warn secure-boot uefi.secureBoot.enabled: Secure Boot needs machine type q35; it is off");
    vmx(text)
        .policy(|policy| policy.secure_boot = Some(false))
        .lacks("<smm");
}

#[test]
fn a_new_tpm_is_empty_and_secrets_are_not_shown() {
    let case = vmx("firmware = \"efi\"\nvtpm.present = \"TRUE\"\nvtpm.ekCRT = \"secret\"\nencryption.data = \"secret\"\n")
        .gives(&["<tpm model='tpm-crb'>", "<backend type='emulator' version='2.0'/>"])
        .tells(
            "warn vtpm-state-lost vtpm: the TPM of the domain is empty; what was sealed to the old one \
             (BitLocker, LUKS) stays shut",
        )
        .accounts("vtpm.present", SettingState::Mapped, "/domain/devices/tpm[1]")
        .accounts("vtpm.ekCRT", SettingState::NotCarried, "what the old TPM held stays with VMware");
    let translation = case.translate();
    assert!(
        !format!("{:?}{:?}", translation.settings, translation.findings).contains("\"secret\"")
    );
}

#[test]
fn the_clock_is_what_the_guest_takes_it_for() {
    vmx("").gives(&["<clock offset='utc'>"]).lacks("<hyperv");
    let windows = || only("guestOS = \"windows9-64\"\nmemsize = \"64\"\n");
    windows().gives(&[
        "<clock offset='localtime'>",
        "<timer name='hypervclock' present='yes'/>",
        "<spinlocks state='on' retries='8191'/>",
    ]);
    windows()
        .evidence(|evidence| {
            evidence.guest = Some(GuestEvidence {
                clock_is_utc: Some(true),
                ..GuestEvidence::default()
            });
        })
        .gives(&["<clock offset='utc'>"]);
    only("guestOS = \"winxppro\"\nmemsize = \"64\"\n").lacks("<hyperv");
    vmx("rtc.diffFromUTC = \"-3600\"\n")
        .gives(&["<clock offset='variable' adjustment='-3600' basis='utc'>"]);
    vmx("tools.syncTime = \"TRUE\"\n").tells(
        "info clock-timer-not-carried tools.syncTime: VMware Tools set the guest's clock; on KVM nothing does",
    );
}

#[test]
fn a_vm_that_is_not_shut_down() {
    vmx("checkpoint.vmState = \"web01-1a2b.vmss\"\n").tells(
        "blocker vm-suspended checkpoint.vmState: the VM is suspended: \"web01-1a2b.vmss\" holds what its disks lack",
    );
    vmx("checkpoint.vmState = \"\"\n").says_nothing_of("vm-suspended");
    vmx("cleanShutdown = \"FALSE\"\n").tells(
        "warn vm-maybe-running cleanShutdown: the VM was running when this was written, or has crashed",
    );
    vmx("")
        .evidence(|evidence| evidence.locks.push("web01.vmx.lck".to_owned()))
        .tells("blocker vm-maybe-running lock: \"web01.vmx.lck\" says that VMware has the VM open");
}

#[test]
fn guests_that_kvm_does_not_run() {
    vmx("architecture = \"arm64\"\n").tells(
        "blocker arch-unsupported architecture: the guest is made for \"arm64\", the domain is x86_64",
    );
    vmx("architecture = \"x86\"\n").says_nothing_of("arch-unsupported");
    let darwin = only("guestOS = \"darwin20-64\"\nmemsize = \"64\"\n").translate();
    assert!(
        darwin
            .findings
            .iter()
            .any(|it| it.id.as_str() == "guest-unsupported")
    );
}

#[test]
fn the_machine_follows_the_guest_and_the_caller() {
    vmx("").gives(&["<type arch='x86_64' machine='q35'>hvm</type>"]);
    only("guestOS = \"winxppro\"\nmemsize = \"64\"\n")
        .gives(&["<type arch='x86_64' machine='pc'>hvm</type>"]);
    vmx("")
        .policy(|policy| policy.profile = Profile::Legacy)
        .gives(&["<type arch='x86_64' machine='pc'>hvm</type>"]);
}

#[test]
fn odd_text_is_told_by_line() {
    let case = only("memsize = \"64\"\nno equals sign\nmemSize = \"128\"\nnumvcpus = 2\n")
        .tells("warn config-unreadable-line line 2: found `no equals sign`, expected `key = \"value\"` or a comment")
        .tells("warn config-duplicate-key memSize: the key is in line 1 already, with another value; the first counts")
        .tells("info config-loose-syntax numvcpus: the value has no quotes");
    let line = |id: &str| {
        let findings = case.translate().findings;
        findings
            .iter()
            .find(|it| it.id.as_str() == id)
            .unwrap()
            .evidence
            .line
    };
    assert_eq!(line("config-unreadable-line"), Some(2));
    assert_eq!(line("config-duplicate-key"), Some(3));
}

#[test]
fn the_emulator_and_block_weight_are_the_hosts_business() {
    vmx("").lacks("<emulator").lacks("<blkiotune");
    vmx("")
        .policy(|policy| {
            policy.emulator = Some("/usr/libexec/qemu-kvm".to_owned());
            policy.tuning.blkio_weight = Some(500);
            policy.tuning.memtune.set("hard_limit", 2 << 30).unwrap();
        })
        .gives(&[
            "<emulator>/usr/libexec/qemu-kvm</emulator>",
            "<weight>500</weight>",
            "<hard_limit unit='KiB'>2097152</hard_limit>",
        ]);
}
