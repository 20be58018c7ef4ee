//! Names of disks on the kernel's command line, once the disks have their new ones.

use crate::rule::Rule;
use crate::work::Work;

pub(super) const RULES: &[Rule] = &[Rule {
    id: "cmdline-disks",
    xpath: "/domain/os/cmdline",
    when: "root= or resume= names a disk that has another name now",
    why: "the kernel looks for its root file system under the name KVM gives to the disk",
    apply: rename_disks,
}];

fn rename_disks(work: &mut Work<'_>) {
    let renamed = renamed_disks(work);
    if renamed.is_empty() {
        return;
    }
    for cmdline in work.all("os/cmdline") {
        let old = work.text(cmdline);
        let words: Vec<String> = old
            .split(' ')
            .map(|word| rename(word, &renamed).unwrap_or_else(|| word.to_owned()))
            .collect();
        work.set_text(cmdline, &words.join(" "));
    }
}

/// Old and new names, from what the rule for disks did.
fn renamed_disks(work: &Work<'_>) -> Vec<(String, String)> {
    let of_targets = work
        .changes
        .iter()
        .filter(|change| change.rule == "disk-target" && change.path == "/@dev");
    of_targets
        .filter_map(|change| Some((change.before.clone()?, change.after.clone()?)))
        .collect()
}

/// The word with its disk renamed, if it names one: `root=/dev/xvda2`, `resume=/dev/xvdb`.
fn rename(word: &str, renamed: &[(String, String)]) -> Option<String> {
    let (key, device) = word.split_once('=')?;
    if !matches!(key, "root" | "resume") {
        return None;
    }
    let name = device.strip_prefix("/dev/")?;
    // A bare file system was called a partition, and is a whole disk now.
    let whole = renamed.iter().find(|(old, _)| old == name);
    let new = match whole {
        Some((_, new)) => new.clone(),
        None => {
            let disk = name.trim_end_matches(|c: char| c.is_ascii_digit());
            let partition = name.strip_prefix(disk)?;
            let (_, new) = renamed.iter().find(|(old, _)| old == disk)?;
            format!("{new}{partition}")
        }
    };
    Some(format!("{key}=/dev/{new}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_renamed_with_its_partitions() {
        let renamed = [("xvda", "vda"), ("xvdc", "vdb"), ("xvdd1", "vdc")]
            .map(|(old, new)| (old.to_owned(), new.to_owned()));
        for (word, expected) in [
            ("root=/dev/xvda2", Some("root=/dev/vda2")),
            ("resume=/dev/xvdc", Some("resume=/dev/vdb")),
            ("root=/dev/xvdd1", Some("root=/dev/vdc")),
            ("root=/dev/xvde1", None),
            ("root=UUID=0a1b", None),
            ("root=/dev/mapper/vg-root", None),
            ("quiet", None),
            ("console=/dev/xvda", None),
        ] {
            assert_eq!(rename(word, &renamed).as_deref(), expected, "{word}");
        }
    }
}
