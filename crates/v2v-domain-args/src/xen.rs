//! What is different for a Xen domain: choices that only it leaves open, and options that mean nothing for it.

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use v2v_cli::usage;
use v2v_target::Policy;
use v2v_target::policy::{BootChoice, VideoModel};

use crate::domain::{DEVICES, DISKS, VideoChoice, one_of};

/// Choices that only a Xen domain leaves open.
#[derive(Debug, clap::Args)]
pub struct XenArgs {
    /// Keep disks that are partitions (xvda1 without an xvda) as one image each, instead of asking for a merged one
    #[arg(long, help_heading = DISKS)]
    keep_layout: bool,

    /// How the guest starts: disk (by the boot loader inside it) or direct (kernel, initrd and command line from files
    /// of the new host); without it from its disk where it has one
    #[arg(long, value_name = "METHOD", value_parser = one_of::<BootChoice>(&["disk", "direct"]), help_heading = DEVICES)]
    boot: Option<BootChoice>,
}

impl XenArgs {
    /// Puts what was asked for into `policy`.
    pub fn apply(&self, policy: &mut Policy) {
        policy.xen.keep_layout = self.keep_layout;
        policy.xen.boot = self.boot;
    }
}

/// Options of [`DomainArgs`](crate::DomainArgs) without a meaning for a Xen domain, by their id, with the reason.
const UNUSED: &[(&str, &str)] = &[
    (
        "disk_format",
        "images are not converted here; QEMU reads those of Xen as they are",
    ),
    (
        "disk_dir",
        "images stay where the source has them; use --disk-map OLD=NEW",
    ),
    ("keep_paths", "images stay where the source has them anyway"),
    (
        "uuid_order",
        "a Xen guest sees the UUID as it stands in the source",
    ),
    ("host_mhz", "Xen has no limits in MHz"),
    (
        "keep_smbios",
        "SMBIOS values of a Xen domain are carried anyway",
    ),
    (
        "blkio_weight",
        "not written for a Xen domain; add <blkiotune> to the result",
    ),
    (
        "iothreads",
        "not written for a Xen domain; add <iothreads> to the result",
    ),
];

/// Words of help that are different for a Xen domain.
const HELP: &[(&str, &str)] = &[
    ("keep_limits", "Carry the limits of the old host's memory"),
    (
        "disk_bus",
        "Bus of the disks, or of the one the source calls SLOT (xvda): virtio, scsi, sata, ide, usb; repeatable",
    ),
    (
        "profile",
        "How devices are chosen where no option says it: auto (virtio where the guest is known to drive it, else what it \
         drives), virtio, source (the models that Xen emulated), legacy (pc, IDE, e1000 or rtl8139, Cirrus)",
    ),
    (
        "video",
        "Video card; keep is that of the source where KVM has it",
    ),
    (
        "hostdev",
        "Pass a PCI device of the new host for one of the source: 0000:07:10.1=0000:03:00.0; repeatable",
    ),
    (
        "iotune",
        "Limits of block I/O for all disks, or for the one the source calls SLOT (xvda): \
         {total,read,write}_{bytes,iops}_sec= and the same with _max; repeatable",
    ),
];

/// The command of a program for Xen domains, whose arguments hold [`DomainArgs`](crate::DomainArgs): what means nothing
/// there is not shown, the rest is in Xen's words, and `--video` takes `keep`. Use it with [`check_xen`].
#[must_use]
pub fn for_xen(command: Command) -> Command {
    let command = UNUSED.iter().fold(command, |command, (id, _)| {
        command.mut_arg(id, |arg| arg.hide(true))
    });
    let command = HELP.iter().fold(command, |command, (id, help)| {
        command.mut_arg(id, |arg| arg.help(*help))
    });
    let names = VideoModel::NAMES.iter().copied().chain(["keep"]);
    let video = PossibleValuesParser::new(names).try_map(|name| match name.as_str() {
        "keep" => Ok(VideoChoice::Keep),
        name => name.parse().map(VideoChoice::Model),
    });
    command.mut_arg("video", |arg| arg.value_parser(video))
}

/// Refuses what [`for_xen`] does not show.
///
/// # Errors
///
/// Wrong usage, with the reason.
pub fn check_xen(matches: &ArgMatches) -> anyhow::Result<()> {
    let is_given = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
    match UNUSED.iter().find(|(id, _)| is_given(id)) {
        Some((id, reason)) => {
            let option = id.replace('_', "-");
            Err(usage(format!("--{option}: {reason}")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, FromArgMatches as _};

    use super::*;
    use crate::DomainArgs;

    #[derive(clap::Parser)]
    struct Args {
        #[command(flatten)]
        domain: DomainArgs,
        #[command(flatten)]
        xen: XenArgs,
    }

    fn policy(args: &[&str]) -> Result<Policy, String> {
        let all = ["program"].iter().chain(args);
        let matches = for_xen(Args::command())
            .try_get_matches_from(all)
            .map_err(|error| error.to_string())?;
        let args = Args::from_arg_matches(&matches).map_err(|error| error.to_string())?;
        let mut policy = Policy::default();
        check_xen(&matches)
            .and_then(|()| args.domain.apply(&mut policy))
            .map_err(|error| error.to_string())?;
        args.xen.apply(&mut policy);
        Ok(policy)
    }

    #[test]
    fn choices_of_a_xen_domain() {
        assert_eq!(policy(&[]), Ok(Policy::default()));
        let chosen = policy(&["--keep-layout", "--boot", "direct", "--video", "keep"]).unwrap();
        assert!(chosen.xen.keep_layout && chosen.xen.keep_video);
        assert_eq!(chosen.xen.boot, Some(BootChoice::Direct));
        let model = policy(&["--video", "virtio"]).unwrap();
        assert_eq!(model.video, Some(VideoModel::Virtio));
        assert!(!model.xen.keep_video);
        let wrong = policy(&["--video", "quake"]).unwrap_err();
        assert!(
            wrong.contains("virtio") && wrong.contains("keep"),
            "{wrong}"
        );
    }

    #[test]
    fn what_means_nothing_is_refused_and_not_shown() {
        let help = for_xen(Args::command()).render_help().to_string();
        for (id, reason) in UNUSED {
            let option = format!("--{}", id.replace('_', "-"));
            assert!(!help.contains(&format!("{option} ")), "{option}: {help}");
            let args: &[&str] = match *id {
                "disk_format" => &["--disk-format", "raw"],
                "disk_dir" => &["--disk-dir", "/srv"],
                "uuid_order" => &["--uuid-order", "file"],
                "host_mhz" => &["--host-mhz", "2000"],
                "blkio_weight" => &["--blkio-weight", "500"],
                "iothreads" => &["--iothreads", "2"],
                _ => &[option.as_str()],
            };
            assert_eq!(policy(args), Err(format!("{option}: {reason}")));
        }
    }

    #[test]
    fn help_is_in_words_of_xen() {
        let help = for_xen(Args::command()).render_help().to_string();
        for word in ["VMware", "scsi0:0", "pciPassthru0"] {
            assert!(!help.contains(word), "{word}: {help}");
        }
    }
}
