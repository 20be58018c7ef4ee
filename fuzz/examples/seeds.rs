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

    /// Input of the writer's target is a random value; any bytes are one.
    fn disks(&self) {
        for seed in 0..3 {
            let bytes = Content::full(seed, 256).to_vec();
            self.put(&["qcow2_write"], &format!("random-{seed}"), &bytes);
        }
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
