//! CD-ROM and floppy drives.

use v2v_domain::{Disk, DiskBus as TargetBus, DiskFormat as ImageFormat, DiskSource};
use v2v_vmx::{BlockDevice, FileName, Medium, NoMedium, Presence};

use super::image::mapped_path;
use super::layout::{Layout, Seat};
use super::{Plan, account};
use crate::evidence::FileEvidence;
use crate::finding;
use crate::ledger::shown;
use crate::vmx::text::quoted;
use crate::vmx::{Work, device_path};

/// Floppy drives of a PC.
const FLOPPIES: u32 = 2;

/// What is in a drive of the target.
#[derive(Debug, PartialEq, Eq)]
enum Content {
    /// This image, an absolute path.
    Image(String),
    /// Nothing, as in the source.
    Empty,
    /// Nothing, because of this.
    Lost(String),
}

/// A floppy drive that comes along.
#[derive(Debug)]
pub(super) struct Floppy<'a> {
    pub(super) device: &'a BlockDevice,
    image: String,
}

/// Writes the CD-ROM and floppy drives.
pub(super) fn write(work: &mut Work<'_>, plan: &Plan, layout: &Layout) {
    let vm = work.vm;
    for (cdrom, seat) in plan.cdroms.iter().zip(&layout.cdroms) {
        if let Some(device) = vm.block_devices.get(cdrom.device) {
            write_cdrom(work, device, seat);
        }
    }
    for floppy in floppies(work, plan) {
        write_floppy(work, &floppy);
    }
    for at in &plan.floppies {
        if let Some(device) = vm.block_devices.get(*at) {
            drop_floppy(work, device);
        }
    }
}

fn write_cdrom(work: &mut Work<'_>, device: &BlockDevice, seat: &Seat) {
    let path = device_path("disk", work.domain.devices_mut().disks.len());
    let content = content(work, device);
    let source = match &content {
        Content::Image(image) => DiskSource::file(image),
        Content::Empty | Content::Lost(_) => DiskSource::empty(),
    };
    let mut disk = Disk::cdrom(source, seat.dev.clone(), seat.bus.clone()).format(ImageFormat::Raw);
    disk.address.clone_from(&seat.address);
    work.domain.devices_mut().disks.push(disk);
    account_identity(work, device, &path);
    if let Some(name) = &device.file_name {
        match content {
            Content::Image(_) => work.ledger.mapped(name.id, format!("{path}/source/@file")),
            Content::Empty => work.ledger.ignored(name.id, "the drive is empty"),
            Content::Lost(why) => {
                let text = format!("the drive is empty: {why}");
                work.info(
                    finding::CDROM_EMPTIED,
                    device.slot.to_string(),
                    name.id,
                    text,
                );
                work.ledger.not_carried(name.id, why);
            }
        }
    }
    account::rest(work, device);
    account::ignore_device(work, device, "means nothing for a CD-ROM");
}

fn account_identity(work: &mut Work<'_>, device: &BlockDevice, path: &str) {
    if let Presence::Declared(id) = device.presence {
        work.ledger.mapped(id, path);
    }
    let kind = device.device_type.map(|kind| kind.id);
    let file_type = device.file_type.map(|kind| kind.id);
    for id in kind.into_iter().chain(file_type) {
        work.ledger.mapped(id, format!("{path}/@device"));
    }
}

/// What is in the drive: an image, if it was found or the caller says where it is.
fn content(work: &Work<'_>, device: &BlockDevice) -> Content {
    let name = match device.medium() {
        Medium::Image(name) => name,
        Medium::Empty(why) => return no_medium(device, why),
    };
    let is_off = device
        .start_connected
        .is_some_and(|connected| !connected.value);
    if is_off {
        let text = format!("{} was not connected at the start", quoted(name.text()));
        return Content::Lost(text);
    }
    match image(work, name) {
        Ok(path) => Content::Image(path),
        Err(why) => Content::Lost(why),
    }
}

fn no_medium(device: &BlockDevice, why: NoMedium) -> Content {
    let name = device.name().map_or("", FileName::text).trim();
    let is_empty = name.is_empty() || name.eq_ignore_ascii_case("emptyBackingString");
    Content::Lost(match why {
        _ if is_empty => return Content::Empty,
        NoMedium::AutoDetect => "the medium was in whatever drive the old host has".to_owned(),
        NoMedium::ClientDevice => {
            "the medium was in a drive of whoever looks at the console".to_owned()
        }
        NoMedium::ToolsImage => format!("{} has VMware's tools", quoted(name)),
        _ => format!("{} is a drive of the old host", quoted(name)),
    })
}

/// Where the image is, or why there is none.
fn image(work: &Work<'_>, name: &FileName) -> Result<String, String> {
    let quoted_name = quoted(name.text());
    let found = mapped_path(work.policy, name);
    let path = match (found, work.evidence.files.get(name.text())) {
        (Some(path), _) => path,
        (None, Some(FileEvidence::Plain { path, .. })) => path.clone(),
        (None, Some(FileEvidence::Missing { .. })) => {
            return Err(format!("{quoted_name} is not there"));
        }
        (None, Some(FileEvidence::Outside { .. })) => {
            return Err(format!(
                "{quoted_name} lies outside of the configuration's directory"
            ));
        }
        (None, Some(FileEvidence::Disk(_))) => {
            return Err(format!("{quoted_name} is an image of a hard disk"));
        }
        (None, Some(FileEvidence::Broken { error, .. })) => {
            return Err(format!("{quoted_name} can't be read: {}", shown(error)));
        }
        (None, None) => return Err(format!("nobody looked for {quoted_name}")),
    };
    let is_wrong = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    if path.contains(is_wrong) {
        return Err(format!("XML can't hold the name {quoted_name}"));
    }
    if path.starts_with('/') {
        Ok(path)
    } else {
        Err(format!("{} is no absolute path", quoted(&path)))
    }
}

/// The floppy drives that come along, which are those with an image.
pub(super) fn floppies<'a>(work: &Work<'a>, plan: &Plan) -> Vec<Floppy<'a>> {
    let devices = plan
        .floppies
        .iter()
        .filter_map(|at| work.vm.block_devices.get(*at));
    devices
        .filter(|device| device.slot.unit < FLOPPIES)
        .filter_map(|device| match content(work, device) {
            Content::Image(image) => Some(Floppy { device, image }),
            Content::Empty | Content::Lost(_) => None,
        })
        .collect()
}

fn write_floppy(work: &mut Work<'_>, floppy: &Floppy<'_>) {
    let device = floppy.device;
    let path = device_path("disk", work.domain.devices_mut().disks.len());
    let dev = TargetBus::Fdc.target_name(device.slot.unit);
    let disk = Disk::floppy(DiskSource::file(&floppy.image), dev).format(ImageFormat::Raw);
    work.domain.devices_mut().disks.push(disk);
    account_identity(work, device, &path);
    if let Some(name) = &device.file_name {
        work.ledger.mapped(name.id, format!("{path}/source/@file"));
    }
    account::rest(work, device);
    account::ignore_device(work, device, "means nothing for a floppy");
}

/// A drive without an image; one that is there only because VMware has one by default goes without a word.
fn drop_floppy(work: &mut Work<'_>, device: &BlockDevice) {
    let why = match content(work, device) {
        _ if device.slot.unit >= FLOPPIES => "a PC has two floppy drives".to_owned(),
        Content::Image(_) => return,
        Content::Empty => "it has no image".to_owned(),
        Content::Lost(why) => why,
    };
    if device.presence == Presence::Default {
        account::ignore_device(work, device, "an empty floppy drive");
        return;
    }
    let at = device
        .file_name
        .as_ref()
        .map(|name| name.id)
        .or(device.ids.first().copied());
    let text = format!("the drive is left out: {why}");
    work.info(finding::FLOPPY_DROPPED, device.slot.to_string(), at, text);
    account::drop_device(work, device, &why);
}

/// Whether there is something in the drive to start from.
pub(super) fn has_medium(work: &Work<'_>, device: &BlockDevice) -> bool {
    matches!(content(work, device), Content::Image(_))
}
