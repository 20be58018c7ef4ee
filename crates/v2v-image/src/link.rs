//! One image of a chain: its reader, its facts, and what it says of the next.

use std::path::{Path, PathBuf};

use v2v_disk::{DiskImage, FileName, OpenGate, Source, UsedFile, Warning};
use v2v_qcow2::{Compression, Qcow2};
use v2v_raw::RawImage;
use v2v_vmdk::Vmdk;
use v2v_vmdk::descriptor::Cid;

use crate::{Error, Format, OpenOptions};

/// What is known of one image of a chain.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LinkFacts {
    /// The file that was opened for it.
    pub file: PathBuf,
    /// Its format.
    pub format: Format,
    /// Size in bytes of the disk as this image has it.
    pub virtual_size: u64,
    /// Every file it consists of, `file` first.
    pub files: Vec<UsedFile>,
    /// What only its format has.
    pub details: Details,
}

impl LinkFacts {
    /// Bytes that its files take on their file systems.
    pub fn allocated(&self) -> u64 {
        self.files
            .iter()
            .fold(0, |sum, file| sum.saturating_add(file.allocated))
    }
}

/// Facts that only one format has.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Details {
    /// A VMDK.
    Vmdk(Box<VmdkFacts>),
    /// A qcow2 image.
    Qcow2(Box<Qcow2Facts>),
    /// A raw image has none.
    Raw,
}

/// Facts of a VMDK.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct VmdkFacts {
    /// The descriptor, with adapter type, geometry, content ids and the rest.
    pub descriptor: v2v_vmdk::Descriptor,
    /// The extents as they were found.
    pub extents: Vec<ExtentInfo>,
}

/// One extent of a VMDK as it was found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ExtentInfo {
    /// Its type in the descriptor.
    pub kind: &'static str,
    /// What the descriptor allows the guest to do with it: `RW`, `RDONLY`, `NOACCESS`.
    pub access: &'static str,
    /// Bytes of the disk that it holds.
    pub len: u64,
    /// The file that was opened; none for zeros.
    pub file: Option<PathBuf>,
    /// Where it begins in the file, in bytes.
    pub file_offset: u64,
    /// Bytes in a grain of a sparse extent.
    pub grain: Option<u64>,
    /// Whether its grains are compressed.
    pub compressed: bool,
}

impl VmdkFacts {
    fn of(vmdk: &Vmdk) -> VmdkFacts {
        let extents = vmdk.extents().map(|extent| ExtentInfo {
            kind: extent.kind.as_str(),
            access: extent.access.as_str(),
            len: extent.len,
            file: extent.file.map(Path::to_path_buf),
            file_offset: extent.file_offset,
            grain: extent.grain,
            compressed: extent.compressed,
        });
        VmdkFacts {
            extents: extents.collect(),
            descriptor: vmdk.descriptor().clone(),
        }
    }
}

/// Facts of a qcow2 image.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Qcow2Facts {
    /// `0.10` or `1.1`.
    pub compat: &'static str,
    /// Bytes of a cluster.
    pub cluster_size: u64,
    /// Width of a reference count.
    pub refcount_bits: u32,
    /// How compressed clusters are compressed.
    pub compression: Compression,
    /// Whether clusters have subclusters.
    pub extended_l2: bool,
    /// Whether refcounts are brought up to date late.
    pub lazy_refcounts: bool,
    /// Whether a table was found broken.
    pub corrupt: bool,
    /// Whether the image was not closed.
    pub dirty: bool,
    /// Name of the backing file as the header has it.
    pub backing_file: Option<FileName>,
    /// Its declared format.
    pub backing_format: Option<String>,
    /// Name of the data file.
    pub data_file: Option<FileName>,
    /// Internal snapshots.
    pub snapshots: Vec<v2v_qcow2::Snapshot>,
}

impl Qcow2Facts {
    fn of(image: &Qcow2) -> Qcow2Facts {
        Qcow2Facts {
            compat: image.compat(),
            cluster_size: image.cluster_size(),
            refcount_bits: image.refcount_bits(),
            compression: image.compression(),
            extended_l2: image.extended_l2(),
            lazy_refcounts: image.lazy_refcounts(),
            corrupt: image.is_corrupt(),
            dirty: image.is_dirty(),
            backing_file: image.backing_file().cloned(),
            backing_format: image.backing_format().map(str::to_owned),
            data_file: image.data_file().cloned(),
            snapshots: image.snapshots().to_vec(),
        }
    }
}

/// An opened image and the image it builds on.
pub(crate) struct Link {
    pub(crate) image: Box<dyn DiskImage>,
    pub(crate) details: Details,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) cid: Option<Cid>,
    pub(crate) parent: Option<ParentRef>,
}

/// What an image says of its parent.
pub(crate) struct ParentRef {
    pub(crate) name: FileName,
    /// Declared format; a VMDK's parent is a VMDK.
    pub(crate) format: Format,
    pub(crate) cid: Option<Cid>,
}

pub(crate) fn open_link(
    source: Source,
    format: Format,
    gate: &dyn OpenGate,
    options: &OpenOptions,
    top: bool,
) -> Result<Link, Error> {
    let snapshot = options.snapshot.as_deref().filter(|_| top);
    if snapshot.is_some() && format != Format::Qcow2 {
        return Err(Error::NoSnapshots {
            file: source.name().to_path_buf(),
            format,
        });
    }
    match format {
        Format::Raw => Ok(Link {
            image: Box::new(RawImage::new(source)),
            details: Details::Raw,
            warnings: Vec::new(),
            cid: None,
            parent: None,
        }),
        Format::Vmdk => open_vmdk(source, gate, options),
        Format::Qcow2 => open_qcow2(source, gate, options, snapshot),
    }
}

fn open_vmdk(source: Source, gate: &dyn OpenGate, options: &OpenOptions) -> Result<Link, Error> {
    let file = source.name().to_path_buf();
    let reading = v2v_vmdk::Options::default()
        .with_limits(options.limits.clone())
        .with_allow_short(options.allow_short);
    let vmdk = Vmdk::open(source, gate, &reading)?;
    let parent = vmdk_parent(&file, vmdk.descriptor())?;
    Ok(Link {
        details: Details::Vmdk(Box::new(VmdkFacts::of(&vmdk))),
        warnings: vmdk.warnings(),
        cid: vmdk.cid(),
        parent,
        image: Box::new(vmdk),
    })
}

fn vmdk_parent(file: &Path, descriptor: &v2v_vmdk::Descriptor) -> Result<Option<ParentRef>, Error> {
    let Some(cid) = descriptor
        .parent_cid
        .as_ref()
        .map(|cid| cid.value)
        .filter(|cid| *cid != Cid::NONE)
    else {
        return Ok(None);
    };
    let Some(hint) = &descriptor.parent_hint else {
        return Err(Error::NoParentName {
            file: file.to_path_buf(),
            cid: cid.to_string(),
        });
    };
    let name = FileName {
        text: hint.value.as_str().to_owned(),
        raw: hint.value.raw().to_vec(),
    };
    Ok(Some(ParentRef {
        name,
        format: Format::Vmdk,
        cid: Some(cid),
    }))
}

fn open_qcow2(
    source: Source,
    gate: &dyn OpenGate,
    options: &OpenOptions,
    snapshot: Option<&str>,
) -> Result<Link, Error> {
    let file = source.name().to_path_buf();
    let mut reading = v2v_qcow2::Options::default();
    reading.limits = options.limits.clone();
    reading.allow_data_file = options.data_file;
    reading.snapshot = snapshot.map(str::to_owned);
    let image = Qcow2::open(source, gate, &reading)?;
    let facts = Qcow2Facts::of(&image);
    let parent = match (&facts.backing_file, &facts.backing_format) {
        (None, _) => None,
        (Some(name), None) => {
            return Err(Error::BackingFormat {
                file,
                name: name.text.clone(),
            });
        }
        (Some(name), Some(format)) => {
            let format = format.parse().map_err(|_| Error::ParentFormat {
                child: file,
                parent: PathBuf::from(&name.text),
                found: format.clone(),
                expected: "qcow2, raw or vmdk",
            })?;
            Some(ParentRef {
                name: name.clone(),
                format,
                cid: None,
            })
        }
    };
    Ok(Link {
        details: Details::Qcow2(Box::new(facts)),
        warnings: image.warnings(),
        cid: None,
        parent,
        image: Box::new(image),
    })
}
