//! What is known of a disk beside a configuration.

use std::path::Path;

use v2v_disk::{DiskImage as _, Source};
use v2v_image::{Details, LinkFacts, Opened};
use v2v_translate::{DiskEvidence, FileEvidence};
use v2v_vmdk::descriptor::{Descriptor, Options, Refusal};

/// Longest text descriptor.
const MAX_DESCRIPTOR_BYTES: usize = 1 << 20;

/// A path in XML and messages.
pub(crate) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The facts of a disk that could be opened.
pub(crate) fn readable(path: &Path, opened: &Opened) -> DiskEvidence {
    let mut descriptors = opened.links.iter().filter_map(descriptor);
    let top = opened.links.first().and_then(descriptor);
    DiskEvidence {
        path: text(path),
        virtual_size: opened.chain.virtual_size(),
        create_type: top.map(|descriptor| descriptor.create_type.value.as_str().to_owned()),
        uuid: descriptors.find_map(uuid),
        chain: opened
            .links
            .iter()
            .rev()
            .map(|link| text(&link.file))
            .collect(),
        ..DiskEvidence::default()
    }
}

fn descriptor(link: &LinkFacts) -> Option<&Descriptor> {
    match &link.details {
        Details::Vmdk(facts) => Some(&facts.descriptor),
        _ => None,
    }
}

fn uuid(descriptor: &Descriptor) -> Option<String> {
    let entry = descriptor.ddb("uuid")?;
    let text = entry.value.value.as_str();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A disk that can't be opened: one that is a device of its old host, or a broken one.
pub(crate) fn unreadable(path: &Path, source: &Source, error: &str) -> FileEvidence {
    match device(source) {
        Some(descriptor) => FileEvidence::Disk(DiskEvidence {
            path: text(path),
            virtual_size: descriptor.total_sectors().saturating_mul(512),
            create_type: Some(descriptor.create_type.value.as_str().to_owned()),
            uuid: uuid(&descriptor),
            is_device: true,
            ..DiskEvidence::default()
        }),
        None => FileEvidence::Broken {
            path: text(path),
            error: error.to_owned(),
        },
    }
}

/// The descriptor of a disk whose data is a device, a LUN or an object of a datastore.
fn device(source: &Source) -> Option<Descriptor> {
    let len = usize::try_from(source.len()).ok()?;
    if len > MAX_DESCRIPTOR_BYTES {
        return None;
    }
    let mut bytes = vec![0; len];
    source.read_exact_at(0, &mut bytes).ok()?;
    let descriptor = Descriptor::parse(&bytes, &Options::default()).ok()?;
    let refusal = descriptor.refusal()?;
    matches!(
        refusal,
        Refusal::RawDeviceMap { .. } | Refusal::Device { .. }
    )
    .then_some(descriptor)
}
