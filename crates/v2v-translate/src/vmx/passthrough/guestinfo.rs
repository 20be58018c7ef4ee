//! What VMware hands to the guest by name: `guestinfo.*`. Values may be secrets, so names are all that is told.

use v2v_vmx::EntryId;

use crate::finding;
use crate::vmx::Work;

/// Names that a finding lists.
const LISTED: usize = 12;

/// Where cloud-init and OVF environments are, behind `guestinfo.`.
const DATA_SOURCES: [&str; 5] = [
    "userdata",
    "metadata",
    "vendordata",
    "ovfenv",
    "network-config",
];

/// What VMware Tools leave there for VMware, behind `guestinfo.`; a table has the reason.
const TOOLS: &str = "vmtools.";

pub(super) fn tell(work: &mut Work<'_>) {
    let (sources, others): (Vec<EntryId>, Vec<EntryId>) =
        keys(work).into_iter().partition(|id| is_source(work, *id));
    for id in sources.iter().chain(&others) {
        work.ledger.not_carried(*id, "QEMU has no guestinfo");
    }
    if !sources.is_empty() {
        let text = format!(
            "cloud-init or an appliance reads {} from VMware, and finds nothing on KVM",
            names(work, &sources)
        );
        let action =
            "give the data on a NoCloud seed image (`cloud-localds`), attached as a CD-ROM";
        let seen = sources.first().copied();
        work.warn(
            finding::GUESTINFO_DATA_SOURCE,
            "guestinfo",
            seen,
            text,
            action,
        );
    }
    if !others.is_empty() {
        let text = format!(
            "{}: QEMU has no guestinfo; values for the guest go over fw_cfg or SMBIOS",
            names(work, &others)
        );
        let seen = others.first().copied();
        work.info(finding::SETTING_NOT_CARRIED, "guestinfo", seen, text);
    }
}

/// The keys that are VMware's way into the guest, without those of VMware Tools.
fn keys(work: &Work<'_>) -> Vec<EntryId> {
    let is_open = |id: &&EntryId| {
        let name = name(work, **id);
        work.ledger.is_open(**id) && !name.starts_with(TOOLS)
    };
    work.vm.guest_info.iter().filter(is_open).copied().collect()
}

/// What follows `guestinfo.` in the key, in lower case.
fn name<'a>(work: &Work<'a>, id: EntryId) -> &'a str {
    let document = work.document;
    let key = document.entry(id).map_or("", |entry| entry.key_lower());
    key.split_once('.').map_or("", |(_, name)| name)
}

fn is_source(work: &Work<'_>, id: EntryId) -> bool {
    let name = name(work, id);
    // `userdata.encoding` says how `userdata` is written.
    DATA_SOURCES.contains(&name.strip_suffix(".encoding").unwrap_or(name))
}

fn names(work: &Work<'_>, ids: &[EntryId]) -> String {
    let names: Vec<String> = ids.iter().take(LISTED).map(|id| work.key(*id)).collect();
    let rest = ids.len().saturating_sub(LISTED);
    let more = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    format!("{}{more}", names.join(", "))
}
