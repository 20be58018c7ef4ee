//! streamOptimized from a pipe.

use std::io::{Cursor, Read};

use v2v_disk::{DiskStream, Error};
use v2v_testkit::disk::Content;
use v2v_testkit::fault::patch;
use v2v_testkit::vmdk::{
    Cowd, Flavor, Generate, GrainFault, Lineage, Order, SeSparse, Sparse, Stream, ZeroGrains,
};
use v2v_vmdk::{Options, VmdkStream};

const SIZE: u64 = (1 << 20) + 3 * 512;

fn mixed() -> Content {
    Content::mixed(11, SIZE)
}

/// A reader that gives a few bytes at a time, as a pipe may.
struct Drops(Cursor<Vec<u8>>);

impl Read for Drops {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let len = buf.len().min(777);
        self.0.read(&mut buf[..len])
    }
}

fn open(bytes: Vec<u8>) -> Result<VmdkStream, Error> {
    VmdkStream::new(Drops(Cursor::new(bytes)), "pipe", &Options::default())
}

/// The whole disk.
pub(crate) fn read_stream(stream: &mut dyn DiskStream) -> Result<Vec<u8>, Error> {
    let mut disk = vec![0; usize::try_from(stream.virtual_size()).unwrap()];
    while let Some(grain) = stream.next_grain()? {
        let (at, len) = (grain.offset as usize, grain.len as usize);
        (grain.decode)(&mut disk[at..at + len])?;
    }
    assert!(stream.next_grain()?.is_none(), "the end stays the end");
    Ok(disk)
}

fn read(bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    read_stream(&mut open(bytes)?)
}

fn refused(bytes: Vec<u8>) -> String {
    match read(bytes) {
        Ok(_) => "read without an error".to_owned(),
        Err(err) => err.to_string(),
    }
}

fn flavors() -> [Flavor; 4] {
    [
        Flavor::Vddk,
        Flavor::FooterAndHead,
        Flavor::Qemu,
        Flavor::Export,
    ]
}

#[test]
fn every_flavor_reads_what_was_written() {
    for flavor in flavors() {
        for stream in [
            Stream::new(mixed(), flavor),
            Stream {
                short_last: true,
                ..Stream::new(mixed(), flavor)
            },
            Stream {
                level: 0,
                grain_sectors: 8,
                gtes_per_gt: 9,
                ..Stream::new(mixed(), flavor)
            },
            Stream {
                zero_grains: ZeroGrains::Store,
                grain_sectors: 1,
                ..Stream::new(mixed(), flavor)
            },
            Stream {
                tail: vec![0; 70_000],
                end_marker: true,
                ..Stream::new(mixed(), flavor)
            },
            Stream {
                tail: b"garbage".to_vec(),
                end_marker: true,
                ..Stream::new(mixed(), flavor)
            },
        ] {
            let mut input = open(stream.to_bytes()).unwrap();
            assert_eq!(input.virtual_size(), SIZE);
            assert_eq!(input.granularity(), stream.grain_sectors * 512);
            assert_eq!(input.create_type().as_str(), "streamOptimized");
            assert!(input.cid().is_some() && input.warnings().is_empty());
            let found = read_stream(&mut input).unwrap_or_else(|err| panic!("{flavor:?}: {err}"));
            assert!(found == mixed().to_vec(), "{flavor:?}");
        }
        let empty = Content::empty(SIZE);
        assert!(read(Stream::new(empty, flavor).to_bytes()).unwrap() == vec![0; SIZE as usize]);
    }
}

#[test]
fn a_stream_that_stops_early_is_refused_wherever_it_stops() {
    for flavor in flavors() {
        let stream = Stream {
            grain_sectors: 16,
            ..Stream::new(mixed(), flavor)
        };
        let (bytes, layout) = stream.build();
        let last = layout.grains.last().unwrap();
        let data_end = (last.offset + last.len) as usize;
        // From where on nothing is missing: behind the last grain where the head has the tables, else behind the end
        // marker.
        let whole = match flavor {
            Flavor::Export => layout.eos.unwrap() as usize + 16,
            _ => data_end,
        };
        for len in (0..whole).step_by(509).chain([whole - 1]) {
            let text = refused(bytes[..len].to_vec());
            assert!(
                text.starts_with("pipe: "),
                "{flavor:?} cut to {len}: {text}"
            );
        }
        assert!(
            read(bytes[..whole].to_vec()).unwrap() == mixed().to_vec(),
            "{flavor:?}"
        );
    }
}

#[test]
fn a_cut_stream_padded_with_zeros_is_refused() {
    for flavor in flavors() {
        let stream = Stream {
            grain_sectors: 16,
            ..Stream::new(mixed(), flavor)
        };
        let (mut bytes, layout) = stream.build();
        let cut = layout.grains[layout.grains.len() / 2].offset as usize;
        bytes[cut..].fill(0);
        let text = refused(bytes);
        let expected = match flavor {
            Flavor::Export => format!(
                "pipe: the file ends at {cut:#x} without footer and grain directory; it is cut off, copy it again or \
                 export the disk again"
            ),
            _ => format!(
                "pipe: the stream ends at {cut:#x} before the grain at {:#x} that its tables name; it is cut off, \
                 send it again",
                layout.grains.last().unwrap().offset
            ),
        };
        assert_eq!(text, expected, "{flavor:?}");
    }
}

#[test]
fn grains_out_of_order_and_twice_are_refused() {
    let stream = Stream {
        order: Order::Descending,
        ..Stream::new(mixed(), Flavor::Vddk)
    };
    let (bytes, layout) = stream.build();
    let second = layout.grains[1];
    assert_eq!(
        refused(bytes),
        format!(
            "pipe: grain marker at offset {:#x} is for sector {} after sector {}; save the stream to a file and \
             convert that",
            second.offset,
            second.grain * 128,
            layout.grains[0].grain * 128
        )
    );
    let number = layout.grains[3].grain;
    let stream = Stream {
        faults: vec![(number, GrainFault::Duplicate)],
        ..Stream::new(mixed(), Flavor::Export)
    };
    assert!(refused(stream.to_bytes()).contains(&format!("after sector {}", number * 128)));
}

#[test]
fn broken_grains_are_refused() {
    let grain = Stream::new(mixed(), Flavor::Vddk).build().1.grains[2];
    let (at, sector) = (grain.offset, grain.grain * 128);
    for (fault, expected) in [
        (
            GrainFault::MarkerLba(sector + 1),
            format!(
                "grain marker at offset {at:#x} is for sector {}, expected a multiple of 128 below 2051",
                sector + 1
            ),
        ),
        (
            GrainFault::MarkerLba(1 << 40),
            format!(
                "grain marker at offset {at:#x} is for sector 1099511627776, expected a multiple of 128 below 2051"
            ),
        ),
        (
            GrainFault::MarkerSize(73_793),
            format!("size in the grain marker at offset {at:#x} is 73793, expected 1 to 73792"),
        ),
        (
            GrainFault::TooShort,
            format!(
                "grain at offset {at:#x} for sector {sector} of the disk holds 65024 bytes, expected 65536"
            ),
        ),
        (
            GrainFault::TooLong,
            format!(
                "grain at offset {at:#x} for sector {sector} of the disk: zlib stream holds more than the 65536 bytes \
                 of its block"
            ),
        ),
    ] {
        let stream = Stream {
            faults: vec![(grain.grain, fault)],
            ..Stream::new(mixed(), Flavor::Vddk)
        };
        assert_eq!(
            refused(stream.to_bytes()),
            format!("pipe: {expected}"),
            "{fault:?}"
        );
    }
    for fault in [
        GrainFault::BadZlib,
        GrainFault::BadChecksum,
        GrainFault::RawDeflate,
    ] {
        let stream = Stream {
            faults: vec![(grain.grain, fault)],
            ..Stream::new(mixed(), Flavor::Vddk)
        };
        let text = refused(stream.to_bytes());
        let start = format!(
            "pipe: grain at offset {at:#x} for sector {sector} of the disk: zlib stream is corrupt"
        );
        assert!(text.starts_with(&start), "{fault:?}: {text}");
    }
}

#[test]
fn what_is_no_stream_says_what_to_do() {
    let small = || Content::full(1, 65536);
    for (bytes, what) in [
        (
            Sparse::new(small()).to_bytes(),
            "a VMDK that is not streamOptimized",
        ),
        (
            Sparse::piece(small()).to_bytes(),
            "a SPARSE extent without its descriptor",
        ),
        (Cowd::new(small()).to_bytes(), "a VMFSSPARSE extent"),
        (SeSparse::new(small()).to_bytes(), "a SESPARSE extent"),
        (
            b"# Disk DescriptorFile\nversion=1\n".to_vec(),
            "a VMDK descriptor",
        ),
    ] {
        let expected =
            format!("pipe: {what} can't be read from a stream; save it to a file and convert that");
        assert_eq!(refused(bytes), expected);
    }
    let text = "pipe: not a VMDK: it begins neither with the header of a VMDK extent nor with a text descriptor";
    assert_eq!(refused(b"hello".to_vec()), text);
    assert_eq!(refused(Vec::new()), text);
}

#[test]
fn a_snapshot_in_a_stream_is_refused() {
    let lineage = Lineage::delta(1, 0xABCD, "base.vmdk");
    let stream = Stream {
        descriptor: Stream::embedded(&mixed(), &lineage, "x.vmdk").render(),
        ..Stream::new(mixed(), Flavor::Vddk)
    };
    assert_eq!(
        refused(stream.to_bytes()),
        "pipe: the stream is a snapshot of the disk with CID 0000abcd; save it to a file beside its parent and convert \
         that"
    );
}

#[test]
fn the_descriptor_of_a_stream_is_held_against_its_header() {
    let embedded = |sectors: u64| {
        Stream::embedded(
            &Content::full(1, sectors * 512),
            &Lineage::default(),
            "x.vmdk",
        )
    };
    let with = |text: v2v_testkit::vmdk::Descriptor| Stream {
        descriptor: text.render(),
        ..Stream::new(mixed(), Flavor::Export)
    };
    let two = embedded(2051).extent(v2v_testkit::vmdk::ExtentLine::zero(8));
    assert_eq!(
        refused(with(two).to_bytes()),
        "pipe: embedded descriptor names 2 extents, expected the file itself alone"
    );
    let mut input = open(with(embedded(2050)).to_bytes()).unwrap();
    assert_eq!(input.warnings()[0].id, "vmdk-size-mismatch");
    assert!(read_stream(&mut input).unwrap() == mixed().to_vec());
}

#[test]
fn a_footer_of_another_disk_is_refused() {
    let (bytes, layout) = Stream::new(mixed(), Flavor::Export).build();
    let footer = layout.footer_marker.unwrap() as usize + 512;
    assert_eq!(
        refused(patch(footer + 12, 4096u64).on(&bytes)),
        format!(
            "pipe: footer at offset {footer:#x} has a capacity of 4096 sectors, the header 2051"
        )
    );
    let marker = layout.footer_marker.unwrap() as usize;
    assert_eq!(
        refused(patch(marker + 12, 9u32).on(&bytes)),
        format!("pipe: marker at offset {marker:#x} has type 9, expected 0 to 4")
    );
}
