//! Writes the seeds: small valid files that the fuzzer begins with, `corpus/TARGET/seed-NAME`.
//!
//!     cargo run --manifest-path fuzz/Cargo.toml --example seeds
//!
//! What else lies in `corpus` was found by the fuzzer. The VMDK files come from the generators of `v2v-testkit`, the
//! qcow2 files from `qemu-img` and `qemu-io`, which must be installed; those in the repository are of QEMU 10.0.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use v2v_testkit::disk::{Content, Pattern, Run};
use v2v_testkit::qemu;
use v2v_testkit::vmdk::{
    Cowd, Descriptor, ExtentLine, Flavor, Generate, KeyCase, Lineage, MarkerForm, Order, Place,
    SeSparse, SeZero, Sparse, Stream, ZeroGrains, descriptor_only,
};

fn main() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let seeds = Seeds { corpus };
    seeds.descriptors();
    seeds.sparse();
    seeds.streams();
    seeds.deltas();
    seeds.flat();
    seeds.qcow2();
    seeds.disks();
    seeds.domains();
    seeds.configurations();
    seeds.documents();
}

struct Seeds {
    corpus: PathBuf,
}

impl Seeds {
    fn put(&self, targets: &[&str], name: &str, bytes: &[u8]) {
        for target in targets {
            let dir = self.corpus.join(target);
            fs::create_dir_all(&dir).expect("a directory");
            fs::write(dir.join(format!("seed-{name}")), bytes).expect("a seed");
        }
    }

    fn descriptors(&self) {
        let base = Lineage::base(0x0172_e8a4);
        let delta = Lineage::delta(1, 0x0172_e8a4, "/vmfs/volumes/5f/web01.vmdk");
        let zeros = Descriptor::new("custom", &base)
            .extent(ExtentLine::zero(2048))
            .extent(ExtentLine::zero(4096).access("NOACCESS"));
        let split = Descriptor {
            newline: "\r\n",
            key_case: KeyCase::Lower,
            equals: " = ",
            bom: true,
            blank_lines_before_extents: 1,
            tail: vec![0; 5],
            ..Descriptor::new("twoGbMaxExtentFlat", &base)
        }
        .extent(ExtentLine::flat(4_192_256, "disk f001.vmdk", 0))
        .extent(ExtentLine::flat(100, r"C:\VMs\disk-f002.vmdk", 63).access("RDONLY"));
        let child = Descriptor::new("vmfsSparse", &delta)
            .change_tracking("web01-ctk.vmdk")
            .extent(ExtentLine::vmfs_sparse(2048, "web01-000001-delta.vmdk"));
        let gbk = Descriptor::new("vmfs", &base)
            .set("encoding", "\"GBK\"")
            .extent(ExtentLine {
                name: Some(b"\xce\xbb-flat.vmdk".to_vec()),
                ..ExtentLine::vmfs(2048, "")
            });
        let device = Descriptor::new("vmfsRawDeviceMap", &base).extent(ExtentLine::new(
            2048,
            "VMFSRDM",
            Some("x-rdm.vmdk"),
            None,
        ));
        for (name, text) in [
            ("zeros", zeros),
            ("split", split),
            ("child", child),
            ("gbk", gbk),
            ("device", device),
        ] {
            self.put(&["vmdk_descriptor", "vmdk_file"], name, &text.render());
        }
    }

    fn sparse(&self) {
        let content = Content::scattered(1, 300 << 10, 4096, 3);
        let fresh = |content: &Content| {
            let text = short(Sparse::embedded(content, &Lineage::base(7), "disk.vmdk"));
            Sparse {
                grain_sectors: 8,
                gtes_per_gt: 16,
                descriptor: Some(text),
                descriptor_sectors: 1,
                ..Sparse::new(content.clone())
            }
        };
        let odd = Sparse {
            version: 2,
            redundant: false,
            tables: Place::Tail,
            absent_tables: true,
            zero_grains: ZeroGrains::Entry,
            order: Order::Shuffled(3),
            unaligned: true,
            unclean: 1,
            ..fresh(&content.clone().with(Run::new(8192, 8192, Pattern::Zero)))
        };
        let pieces = [fresh(&content), odd];
        for (image, name) in pieces.into_iter().zip(["usual", "odd"]) {
            self.put(&["vmdk_file"], name, &image.to_bytes());
            let piece = Sparse {
                descriptor: None,
                ..image
            };
            self.put(&["vmdk_sparse"], name, &piece.to_bytes());
        }
        let text = Descriptor::new("custom", &Lineage::base(7)).extent(ExtentLine::zero(2048));
        self.put(
            &["vmdk_file"],
            "header-and-text",
            &descriptor_only(&short(text)),
        );
    }

    fn streams(&self) {
        let text = |at, len| Run::new(at, len, Pattern::Text(at));
        let runs = [
            text(0, 8192),
            text(24 << 10, 20 << 10),
            text(200 << 10, 512),
        ];
        let random = Run::new(100 << 10, 512, Pattern::Random(1));
        let content = Content::from_runs((200 << 10) + 512, runs).with(random);
        let text = short(Stream::embedded(&content, &Lineage::base(7), "x.vmdk"));
        let fresh = |flavor| Stream {
            grain_sectors: 16,
            gtes_per_gt: 16,
            descriptor: text.clone(),
            ..Stream::new(content.clone(), flavor)
        };
        for (name, stream) in [
            ("vddk", fresh(Flavor::Vddk)),
            ("footer", fresh(Flavor::FooterAndHead)),
            ("qemu", fresh(Flavor::Qemu)),
            ("export", fresh(Flavor::Export)),
            (
                "size-only",
                Stream {
                    markers: MarkerForm::SizeOnly,
                    short_last: true,
                    ..fresh(Flavor::Vddk)
                },
            ),
            (
                "tail",
                Stream {
                    order: Order::Descending,
                    tail: vec![0; 700],
                    ..fresh(Flavor::Export)
                },
            ),
        ] {
            let bytes = stream.to_bytes();
            self.put(&["vmdk_stream", "vmdk_file", "vmdk_sparse"], name, &bytes);
        }
    }

    fn deltas(&self) {
        let content = Content::scattered(3, (2 << 20) + 8192, 2048, 4);
        for grain_sectors in [1, 8] {
            let cowd = Cowd {
                grain_sectors,
                ..Cowd::new(content.clone())
            };
            let name = format!("grain-{grain_sectors}");
            self.put(&["vmdk_cowd"], &name, &cowd.to_bytes());
        }
        let content = Content::scattered(4, 17 << 20, 4096, 4).with(Run::new(
            64 << 10,
            16 << 10,
            Pattern::Zero,
        ));
        let usual = SeSparse::new(content.clone());
        let odd = SeSparse {
            zero_grains: SeZero::Mixed,
            order: Order::Shuffled(5),
            reverse_tables: true,
            ..SeSparse::new(content)
        };
        self.put(&["vmdk_sesparse"], "usual", &usual.to_bytes());
        self.put(&["vmdk_sesparse"], "odd", &odd.to_bytes());
    }

    fn flat(&self) {
        let bytes = |head: [u8; 4], sectors: usize| [&head[..], &vec![7; sectors * 512]].concat();
        self.put(&["vmdk_flat"], "whole", &bytes([4, 2, 1, 0], 5));
        self.put(&["vmdk_flat"], "short", &bytes([9, 3, 2, 1], 4));
    }

    fn qcow2(&self) {
        let dir = v2v_testkit::temp::dir();
        let base = dir.path().join("base.raw");
        fs::write(&base, vec![0; 1 << 20]).expect("a base");
        for (name, size, options) in [
            ("small", "256K", "cluster_size=512"),
            ("old", "1M", "cluster_size=1K,compat=0.10"),
            ("deflate", "300K", "cluster_size=4K"),
            ("zstd", "300K", "cluster_size=4K,compression_type=zstd"),
            ("subclusters", "1M", "cluster_size=16K,extended_l2=on"),
            (
                "backing",
                "64K",
                "cluster_size=2K,backing_file=base.raw,backing_fmt=raw,lazy_refcounts=on",
            ),
            ("snapshots", "64K", "cluster_size=1K,refcount_bits=8"),
            ("bits", "64K", "cluster_size=512,refcount_bits=1"),
        ] {
            let path = dir.path().join(name);
            let file = path.to_str().expect("a plain name");
            run(
                "qemu-img",
                &["create", "-q", "-f", "qcow2", "-o", options, file, size],
            );
            let write = |commands: &[&str]| {
                let mut args = vec!["-f", "qcow2", "-d", "unmap"];
                commands.iter().for_each(|text| args.extend(["-c", text]));
                run("qemu-io", &[&args[..], &[file]].concat());
            };
            match name {
                "deflate" | "zstd" => write(&[
                    "write -c -P 5 0 4k",
                    "write -c -P 6 8k 4k",
                    "write -c -P 8 12k 4k",
                    "write -P 7 64k 4k",
                ]),
                _ => write(&["write -P 9 0 3k", "write -P 1 40k 2k", "write -z 8k 4k"]),
            }
            if name == "snapshots" {
                run("qemu-img", &["snapshot", "-c", "before", file]);
                write(&["write -P 3 1k 2k"]);
                run("qemu-img", &["snapshot", "-c", "later", file]);
            }
            qemu::check(&path, "qcow2");
            let mut bytes = fs::read(&path).expect("an image");
            clear_dates(&mut bytes);
            self.put(&["qcow2_read"], name, &bytes);
        }
    }

    fn configurations(&self) {
        let workstation = "#!/usr/bin/vmware\r\n.encoding = \"windows-1252\"\r\nmemsize = \"512\"\r\n\
            numvcpus = 2\r\nscsi0.present = \"TRUE\"\r\nscsi0.virtualDev = \"lsilogic\"\r\n\
            scsi0:0.present = \"TRUE\"\r\nscsi0:0.fileName = \"web01-000001.vmdk\"\r\n\
            ide1:0.deviceType = \"cdrom-raw\"\r\nide1:0.fileName = \"auto detect\"\r\n\
            Ethernet0.connectionType = \"nat\"\r\nethernet0.generatedAddress = \"00:0c:29:01:02:03\"\r\n\
            annotation = \"a|0Ab\" # c\r\nusb:1.deviceType = \"hub\"\r\nhpet0.present = \"FALSE\"";
        let esx = ".encoding = \"UTF-8\"\ndisplayName = \"web%2f01\"\nfirmware = \"efi\"\n\
            uuid.bios = \"56 4d c7 7b 93 e5 fb d8-db ad 01 02 03 04 05 06\"\nvm.genid = \"-1\"\n\
            sched.scsi0:1.throughputCap = \"off\"\nscsi0:1.mode = \"independent-persistent\"\n\
            sched.cpu.affinity = \"0-3,7\"\nbios.bootOrder = \"allow:hdd,ethernet0\"\n\
            guestInfo.detailed.data = \"bitness='64' prettyName='Linux'\"\nfloppy0.fileName = \"a.flp\"\n\
            serial0.fileType = \"pipe\"\nsound.present = \"FALSE\"\nvtpm.present = \"TRUE\"\n";
        let snapshots = "snapshot.current = \"2\"\nsnapshot0.uid = \"1\"\nsnapshot1.uid = \"2\"\n\
            snapshot1.parent = \"1\"\nsnapshot1.disk0.node = \"scsi0:0\"\nsnapshot1.createTimeLow = \"-1\"\n";
        let team = "<?xml version=\"1.0\"?>\n<Foundry>\n<VM>\n<VMId type=\"string\">52 01 &amp;</VMId>\n\
            <vmxPathName type=\"string\">web01.vmx</vmxPathName></VM></Foundry>\n";
        let odd = "\u{feff}\n  # note\nx\ny = \"cut\nz = \"a\" b\nZ=|0|7C\n";
        for (name, text) in [
            ("workstation", workstation),
            ("esx", esx),
            ("snapshots", snapshots),
            ("team", team),
            ("odd", odd),
        ] {
            self.put(&["vmx_parse"], name, text.as_bytes());
        }
        let gbk = b".encoding = \"GBK\"\ndisplayName = \"\xce\xbb \x8b\x7c41|0A\"\n";
        self.put(&["vmx_parse"], "gbk", gbk);
        let shift_jis = b"x = \"\x83\x5c\x83\x7c\"\n.encoding = \"Shift_JIS\"\ny = \"\xff\"\n";
        self.put(&["vmx_parse"], "shift-jis", shift_jis);
    }

    /// The first 16 bytes choose elements and changes, see `xml::edit`.
    fn documents(&self) {
        let lines = "<?xml version='1.0'?>\n<domain type=\"xen\" id='3'>\n  <!-- web -->\n  <name>a &amp; b</name>\n  \
            <devices>\n    <disk type='file'>\n      <target dev='xvda' />\n    </disk> <!-- root -->\n    \
            <console/>\n  </devices>\n</domain>\n";
        let one_line =
            "<d><a b='&#x41;' c = \"'\"/><e> <f/> <g/></e>t<![CDATA[<]]><!----><?p q?></d>";
        let odd = "\u{feff}<x:d\r\n\txmlns:x='u'\r\n>\r\n\t<a>\r\n\r\n\t</a >\r\n<b></b><c/></x:d>\r\n<!-- e -->";
        for (name, changes, text) in [
            (
                "lines",
                *b"\x01\x07\x02\x08\x03\x09\x04\x05\0\0\x01\x03\x02\x0a\x01\x06",
                lines,
            ),
            (
                "one-line",
                *b"\x01\x01\x02\x09\x03\x05\x03\x06\x01\x09\0\x0b\0\x0b\0\x0b",
                one_line,
            ),
            (
                "odd",
                *b"\x01\x09\x02\x09\x03\x08\x01\x04\x04\x02\0\x01\x05\x0a\0\x0a",
                odd,
            ),
            // Found by the fuzzer: a `\r` alone ends no line.
            (
                "lone-cr",
                *b"\x02\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
                "<d><f/> \t\r\t<g/></d>",
            ),
        ] {
            self.put(
                &["xml_edit"],
                name,
                &[&changes[..], text.as_bytes()].concat(),
            );
        }
    }

    /// Input of the writer's target is a random value; any bytes are one.
    fn disks(&self) {
        for seed in 0..3 {
            let bytes = Content::full(seed, 256).to_vec();
            self.put(&["qcow2_write"], &format!("random-{seed}"), &bytes);
        }
    }

    fn domains(&self) {
        let testdata = self.corpus.join("../../testdata/domain");
        for name in ["everything", "sources", "xen-pv"] {
            let text = fs::read(testdata.join(format!("{name}.xml"))).expect("a domain");
            self.put(&["domain_xml"], name, &text);
        }
        let odd = "<?xml version='1.0'?>\r\n<!-- c --><domain type='kvm' xmlns:qemu='u'>t<name><![CDATA[a]]>&#x41;</name>\
            <memory unit='parsec'>x</memory><features><acpi a='b'/><acpi/></features><?p i?><![CDATA[]]>\
            <devices><disk><address/></disk><disk type='tape'/> <qemu:arg/></devices><qemu:commandline/></domain>";
        self.put(&["domain_xml"], "odd", odd.as_bytes());
    }
}

/// A descriptor without what is optional: small seeds are quick ones.
fn short(mut text: Descriptor) -> Vec<u8> {
    text.ddb.truncate(1);
    text.render()
}

/// The times in the snapshot table would make the seeds differ with each run.
fn clear_dates(bytes: &mut [u8]) {
    let be = |bytes: &[u8], at: usize, len: usize| {
        let number = bytes[at..at + len].iter();
        number.fold(0, |number, &byte| number << 8 | usize::from(byte))
    };
    let mut at = be(bytes, 64, 8);
    for _ in 0..be(bytes, 60, 4) {
        bytes[at + 16..at + 32].fill(0);
        let names = be(bytes, at + 12, 2) + be(bytes, at + 14, 2);
        at = (at + 40 + be(bytes, at + 36, 4) + names).next_multiple_of(8);
    }
}

fn run(tool: &str, args: &[&str]) {
    let output = Command::new(tool).args(args).output().expect("the tool");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tool} {args:?}: {text}");
}
