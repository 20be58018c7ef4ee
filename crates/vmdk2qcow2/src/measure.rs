//! `measure`: how large the target will be, from the map alone.

use serde_json::json;
use v2v_cli::{ExitStatus, human_size};
use v2v_disk::{DiskImage, MapKind, Preallocation};
use v2v_image::TargetFormat;

use crate::args::{MeasureArgs, Output};
use crate::output::print;
use crate::plan::{TargetChoice, open_source, target_format};

pub(crate) fn run(args: &MeasureArgs) -> anyhow::Result<ExitStatus> {
    let format = target_format(args.output_format, &args.options, &TargetChoice::default())?;
    let opened = open_source(&args.source, &args.input)?;
    let size = opened.chain.virtual_size();
    let (required, full) = match &format {
        TargetFormat::Qcow2(options) => {
            let all = size.div_ceil(options.cluster_size);
            // The file has its full length with preallocation=metadata too; qemu-img does not count its holes.
            let used = match options.preallocation {
                Preallocation::Off => count_clusters(&opened.chain, options.cluster_size)?,
                _ => all,
            };
            (options.file_size(size, used), options.file_size(size, all))
        }
        TargetFormat::Raw(options) if options.preallocation != Preallocation::Off => (size, size),
        // Blocks of a file system are rarely smaller, and neither are the holes of a raw target.
        _ => (
            count_clusters(&opened.chain, 4096)?
                .saturating_mul(4096)
                .min(size),
            size,
        ),
    };
    match args.output {
        Output::Json => {
            let sizes = json!({ "required": required, "fully-allocated": full });
            print(&format!("{}\n", serde_json::to_string_pretty(&sizes)?))?;
        }
        Output::Human => print(&format!(
            "required size: {required} ({}, before zeros in the data are found)\n\
             fully allocated size: {full} ({})\n",
            human_size(required),
            human_size(full)
        ))?,
    }
    Ok(ExitStatus::Done)
}

/// How many aligned clusters of the disk hold stored data.
fn count_clusters(disk: &dyn DiskImage, cluster: u64) -> anyhow::Result<u64> {
    let size = disk.virtual_size();
    let (mut offset, mut count) = (0u64, 0u64);
    // The first cluster that is not counted yet.
    let mut next = 0u64;
    while offset < size {
        let mapping = disk.map(offset, size.saturating_sub(offset))?;
        let end = offset.saturating_add(mapping.len);
        if matches!(mapping.kind, MapKind::Data(_) | MapKind::Compressed(_)) {
            let first = offset.checked_div(cluster).unwrap_or(0).max(next);
            next = end.div_ceil(cluster).max(next);
            count = count.saturating_add(next.saturating_sub(first));
        }
        if mapping.len == 0 {
            break;
        }
        offset = end;
    }
    Ok(count)
}
