//! Shared folders: `sharedFolderN`.

use v2v_vmx::SharedFolder;

use super::TOLD;
use crate::finding;
use crate::vmx::Work;
use crate::vmx::text::quoted;

pub(super) fn tell(work: &mut Work<'_>) {
    let vm = work.vm;
    let folders = vm
        .shared_folders
        .iter()
        .filter(|folder| folder.presence.is_present());
    let mut count = 0_usize;
    for folder in folders {
        account(work, folder);
        if count < TOLD {
            tell_one(work, folder);
        }
        count = count.saturating_add(1);
    }
    let rest = count.saturating_sub(TOLD);
    if rest > 0 {
        let text = format!("{rest} more shared folders were left out");
        work.info(
            finding::SHARED_FOLDER_NOT_CARRIED,
            "sharedFolder",
            None,
            text,
        );
    }
}

fn account(work: &mut Work<'_>, folder: &SharedFolder) {
    for (id, field) in work.fields(&folder.ids) {
        let is_known = matches!(
            field,
            "present"
                | "enabled"
                | "readaccess"
                | "writeaccess"
                | "hostpath"
                | "guestname"
                | "expiration"
                | "followsymlinks"
        );
        if is_known {
            work.ledger
                .not_carried(id, "a folder of the old host over VMware's HGFS");
        }
    }
}

fn tell_one(work: &mut Work<'_>, folder: &SharedFolder) {
    let path = folder.host_path.as_ref();
    let from = path.map_or_else(String::new, |path| {
        format!(" {}", quoted(path.value.text()))
    });
    let name = folder.guest_name.as_ref();
    let to = name.map_or_else(String::new, |name| format!(" as {}", quoted(&name.value)));
    let text = format!(
        "the folder{from} was shared{to} over HGFS, which QEMU has not. virtiofs is the way here: \
         <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking> and \
         <filesystem type='mount'><driver type='virtiofs'/>...</filesystem>"
    );
    let seen = path.map(|path| path.id).or(folder.ids.first().copied());
    let subject = format!("sharedFolder{}", folder.index);
    work.info(finding::SHARED_FOLDER_NOT_CARRIED, subject, seen, text);
}
