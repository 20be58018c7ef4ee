//! `info`: what a disk is and which files it consists of.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use v2v_cli::{ExitStatus, human_size, printable};
use v2v_codec::Compression;
use v2v_image::{Details, ExtentInfo, LinkFacts, Opened, Qcow2Facts, VmdkFacts};

use crate::PROGRAM;
use crate::args::{InfoArgs, Output};
use crate::facts;
use crate::output::print;
use crate::plan::open_source;

pub(crate) fn run(args: &InfoArgs) -> anyhow::Result<ExitStatus> {
    let opened = open_source(&args.source, &args.input)?;
    let shown = if args.backing_chain {
        opened.links.len()
    } else {
        1
    };
    match args.output {
        Output::Json => {
            let images = images(&opened);
            let value = if args.backing_chain {
                Value::Array(images)
            } else {
                images.into_iter().next().unwrap_or_default()
            };
            print(&format!("{}\n", serde_json::to_string_pretty(&value)?))?;
        }
        Output::Human => {
            let texts: Vec<String> = (0..shown).map(|index| human(&opened, index)).collect();
            print(&texts.join("\n"))?;
        }
    }
    for warning in &opened.warnings {
        v2v_cli::write_finding(&mut std::io::stderr(), PROGRAM, &facts::finding(warning))?;
    }
    Ok(ExitStatus::Done)
}

fn images(opened: &Opened) -> Vec<Value> {
    let parents = opened.links.iter().skip(1).map(Some).chain([None]);
    opened
        .links
        .iter()
        .zip(parents)
        .map(|(link, parent)| image(link, parent))
        .collect()
}

/// One image in qemu-img's words, what it has no word for below `v2v`.
fn image(link: &LinkFacts, parent: Option<&LinkFacts>) -> Value {
    let mut object = Map::new();
    object.insert("filename".into(), json!(link.file.to_string_lossy()));
    object.insert("format".into(), json!(link.format.name()));
    object.insert("virtual-size".into(), json!(link.virtual_size));
    object.insert("actual-size".into(), json!(link.allocated()));
    object.insert(
        "dirty-flag".into(),
        json!(matches!(&link.details, Details::Qcow2(facts) if facts.dirty)),
    );
    if let Some(parent) = parent {
        object.insert(
            "full-backing-filename".into(),
            json!(parent.file.to_string_lossy()),
        );
        object.insert(
            "backing-filename-format".into(),
            json!(parent.format.name()),
        );
    }
    match &link.details {
        Details::Vmdk(facts) => vmdk_fields(&mut object, facts),
        Details::Qcow2(facts) => qcow2_fields(&mut object, facts),
        _ => {}
    }
    let files: Vec<Value> = link
        .files
        .iter()
        .map(|file| json!({ "filename": file.path.to_string_lossy(), "size": file.len, "actual-size": file.allocated }))
        .collect();
    let mut ours = match object.remove("v2v") {
        Some(Value::Object(ours)) => ours,
        _ => Map::new(),
    };
    ours.insert("files".into(), Value::Array(files));
    object.insert("v2v".into(), Value::Object(ours));
    Value::Object(object)
}

fn vmdk_fields(object: &mut Map<String, Value>, facts: &VmdkFacts) {
    let descriptor = &facts.descriptor;
    let cid = |cid: Option<u32>| cid.map_or(Value::Null, |cid| json!(cid));
    if let Some(grain) = facts.extents.iter().find_map(|extent| extent.grain) {
        object.insert("cluster-size".into(), json!(grain));
    }
    if let Some(hint) = &descriptor.parent_hint {
        object.insert("backing-filename".into(), json!(hint.value.as_str()));
    }
    object.insert(
        "format-specific".into(),
        json!({
            "type": "vmdk",
            "data": {
                "cid": cid(descriptor.cid.as_ref().map(|cid| cid.value.0)),
                "parent-cid": cid(descriptor.parent_cid.as_ref().map(|cid| cid.value.0)),
                "create-type": descriptor.create_type.value.as_str(),
                "extents": facts.extents.iter().map(extent).collect::<Vec<_>>(),
            }
        }),
    );
    let geometry = descriptor.geometry();
    object.insert(
        "v2v".into(),
        json!({
            "adapter-type": descriptor.adapter_type(),
            "long-content-id": descriptor.long_content_id(),
            "virtual-hw-version": descriptor.virtual_hw_version(),
            "thin-provisioned": descriptor.thin_provisioned(),
            "encoding": descriptor.encoding.as_ref().map(|encoding| encoding.value.clone()),
            "geometry": geometry.map(|g| json!({ "cylinders": g.cylinders, "heads": g.heads, "sectors": g.sectors })),
            "change-tracking": descriptor.change_track_path.as_ref().map(|path| path.value.as_str().to_owned()),
        }),
    );
}

fn extent(extent: &ExtentInfo) -> Value {
    let mut object = Map::new();
    object.insert("format".into(), json!(extent.kind));
    object.insert("virtual-size".into(), json!(extent.len));
    if let Some(file) = &extent.file {
        object.insert("filename".into(), json!(file.to_string_lossy()));
    }
    if let Some(grain) = extent.grain {
        object.insert("cluster-size".into(), json!(grain));
    }
    if extent.compressed {
        object.insert("compressed".into(), json!(true));
    }
    object.insert(
        "v2v".into(),
        json!({ "access": extent.access, "offset": extent.file_offset }),
    );
    Value::Object(object)
}

fn qcow2_fields(object: &mut Map<String, Value>, facts: &Qcow2Facts) {
    object.insert("cluster-size".into(), json!(facts.cluster_size));
    if let Some(backing) = &facts.backing_file {
        object.insert("backing-filename".into(), json!(backing.text));
    }
    let mut data = Map::new();
    data.insert("compat".into(), json!(facts.compat));
    data.insert(
        "compression-type".into(),
        json!(compression_name(facts.compression)),
    );
    data.insert("lazy-refcounts".into(), json!(facts.lazy_refcounts));
    data.insert("refcount-bits".into(), json!(facts.refcount_bits));
    data.insert("corrupt".into(), json!(facts.corrupt));
    data.insert("extended-l2".into(), json!(facts.extended_l2));
    if let Some(file) = &facts.data_file {
        data.insert("data-file".into(), json!(file.text));
    }
    object.insert(
        "format-specific".into(),
        json!({ "type": "qcow2", "data": data }),
    );
    if !facts.snapshots.is_empty() {
        let snapshots: Vec<Value> = facts
            .snapshots
            .iter()
            .map(|snapshot| {
                json!({
                    "id": snapshot.id, "name": snapshot.name, "vm-state-size": snapshot.vm_state_size,
                    "date-sec": snapshot.date_seconds, "date-nsec": snapshot.date_nanos,
                })
            })
            .collect();
        object.insert("snapshots".into(), Value::Array(snapshots));
    }
}

fn compression_name(compression: Compression) -> &'static str {
    match compression {
        Compression::Deflate => "zlib",
        Compression::Zstd => "zstd",
    }
}

/// One image for people, beginning as `qemu-img info` does.
fn human(opened: &Opened, index: usize) -> String {
    let Some(link) = opened.links.get(index) else {
        return String::new();
    };
    let mut text = Lines::default();
    text.row("image", &link.file.display().to_string());
    text.row("file format", link.format.name());
    text.row(
        "virtual size",
        &format!(
            "{} ({} bytes)",
            human_size(link.virtual_size),
            link.virtual_size
        ),
    );
    text.row("disk size", &human_size(link.allocated()));
    match &link.details {
        Details::Vmdk(facts) => human_vmdk(&mut text, facts),
        Details::Qcow2(facts) => human_qcow2(&mut text, facts),
        _ => {}
    }
    if let Some(parent) = opened.links.get(index.saturating_add(1)) {
        text.row("backing file", &parent.file.display().to_string());
    }
    text.row("files", "");
    for file in &link.files {
        text.item(&format!(
            "{} ({}, {} on disk)",
            file.path.display(),
            human_size(file.len),
            human_size(file.allocated)
        ));
    }
    text.0
}

fn human_vmdk(text: &mut Lines, facts: &VmdkFacts) {
    let descriptor = &facts.descriptor;
    text.row("create type", descriptor.create_type.value.as_str());
    text.optional("adapter type", descriptor.adapter_type());
    text.optional(
        "cid",
        descriptor.cid.as_ref().map(|cid| cid.value.to_string()),
    );
    text.optional(
        "parent cid",
        descriptor
            .parent_cid
            .as_ref()
            .map(|cid| cid.value.to_string()),
    );
    text.optional(
        "parent",
        descriptor
            .parent_hint
            .as_ref()
            .map(|hint| hint.value.as_str().to_owned()),
    );
    text.optional(
        "hardware version",
        descriptor
            .virtual_hw_version()
            .map(|version| version.to_string()),
    );
    text.optional(
        "encoding",
        descriptor
            .encoding
            .as_ref()
            .map(|encoding| encoding.value.clone()),
    );
    text.row("extents", "");
    for extent in &facts.extents {
        let grain = extent.grain.map_or(String::new(), |grain| {
            format!(", grains of {}", human_size(grain))
        });
        let compressed = if extent.compressed {
            ", compressed"
        } else {
            ""
        };
        let size = human_size(extent.len);
        text.item(&format!(
            "{} {} {size}{grain}{compressed}",
            extent.access, extent.kind
        ));
    }
}

fn human_qcow2(text: &mut Lines, facts: &Qcow2Facts) {
    text.row("cluster_size", &facts.cluster_size.to_string());
    text.row("compat", facts.compat);
    text.row("compression type", compression_name(facts.compression));
    text.row("refcount bits", &facts.refcount_bits.to_string());
    if facts.extended_l2 {
        text.row("extended l2", "true");
    }
    for (name, set) in [("corrupt", facts.corrupt), ("dirty", facts.dirty)] {
        if set {
            text.row(name, "true");
        }
    }
    text.optional(
        "data file",
        facts.data_file.as_ref().map(|file| file.text.clone()),
    );
    if !facts.snapshots.is_empty() {
        text.row("snapshots", "");
        for snapshot in &facts.snapshots {
            text.item(&format!("{} {}", snapshot.id, snapshot.name));
        }
    }
}

/// Rows of `name: value`, with everything from the image made safe for a terminal.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn row(&mut self, name: &str, value: &str) {
        let gap = if value.is_empty() { "" } else { " " };
        // Writing to a String can't fail.
        let _ = writeln!(self.0, "{name}:{gap}{}", printable(value));
    }

    fn optional(&mut self, name: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.row(name, value.as_ref());
        }
    }

    fn item(&mut self, value: &str) {
        let _ = writeln!(self.0, "    {}", printable(value));
    }
}
