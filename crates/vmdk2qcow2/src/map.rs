//! `map`: what backs each range of a disk.

use std::io::{BufWriter, Write};

use serde_json::{Map, Value, json};
use v2v_cli::ExitStatus;
use v2v_disk::{DiskImage as _, HostRange, MapKind, Mapping};

use crate::args::{MapArgs, Output};
use crate::output::written;
use crate::plan::open_source;

/// A range of the disk with one answer.
struct Row {
    start: u64,
    len: u64,
    depth: u32,
    present: bool,
    data: bool,
    compressed: bool,
    host: Option<HostRange>,
}

impl Row {
    fn new(start: u64, mapping: Mapping) -> Row {
        let (present, data, compressed, host) = match mapping.kind {
            MapKind::Data(host) => (true, true, false, host),
            MapKind::Compressed(_) => (true, true, true, None),
            MapKind::Zero => (true, false, false, None),
            _ => (false, false, false, None),
        };
        Row {
            start,
            len: mapping.len,
            depth: mapping.depth,
            present,
            data,
            compressed,
            host,
        }
    }

    /// Takes `next` in if it goes on where this ends, in the disk and in the file.
    fn join(&mut self, next: &Row) -> bool {
        let same = (self.depth, self.present, self.data, self.compressed)
            == (next.depth, next.present, next.data, next.compressed);
        let follows = match (&self.host, &next.host) {
            (None, None) => true,
            (Some(ours), Some(theirs)) => {
                ours.source.name() == theirs.source.name()
                    && ours.offset.saturating_add(self.len) == theirs.offset
            }
            _ => false,
        };
        if same && follows {
            self.len = self.len.saturating_add(next.len);
        }
        same && follows
    }

    fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("start".into(), json!(self.start));
        object.insert("length".into(), json!(self.len));
        object.insert("depth".into(), json!(self.depth));
        object.insert("present".into(), json!(self.present));
        object.insert("zero".into(), json!(!self.data));
        object.insert("data".into(), json!(self.data));
        object.insert("compressed".into(), json!(self.compressed));
        if let Some(host) = &self.host {
            object.insert("offset".into(), json!(host.offset));
            object.insert(
                "v2v".into(),
                json!({ "filename": host.source.name().to_string_lossy() }),
            );
        }
        Value::Object(object)
    }

    fn human(&self) -> String {
        let (place, file) = match &self.host {
            Some(host) => (
                format!("{:#x}", host.offset),
                host.source.name().display().to_string(),
            ),
            None => ("compressed".into(), String::new()),
        };
        format!(
            "{:<16} {:<16} {:<16} {}",
            format!("{:#x}", self.start),
            format!("{:#x}", self.len),
            place,
            v2v_cli::printable(&file)
        )
    }
}

pub(crate) fn run(args: &MapArgs) -> anyhow::Result<ExitStatus> {
    let opened = open_source(&args.source, &args.input)?;
    let size = opened.chain.virtual_size();
    let end = args
        .max_length
        .map_or(size, |len| args.start_offset.saturating_add(len).min(size));
    let mut printer = Printer {
        out: BufWriter::new(std::io::stdout().lock()),
        format: args.output,
        first: true,
    };
    written(printer.begin())?;
    let mut open_row: Option<Row> = None;
    let mut offset = args.start_offset;
    while offset < end {
        let mapping = opened.chain.map(offset, end.saturating_sub(offset))?;
        if mapping.len == 0 {
            break;
        }
        let row = Row::new(offset, mapping);
        offset = offset.saturating_add(row.len);
        if !open_row.as_mut().is_some_and(|open| open.join(&row))
            && let Some(done) = open_row.replace(row)
        {
            written(printer.row(&done))?;
        }
    }
    if let Some(row) = open_row {
        written(printer.row(&row))?;
    }
    written(printer.end())?;
    Ok(ExitStatus::Done)
}

/// Writes rows as they come: a large disk has millions.
struct Printer<W> {
    out: W,
    format: Output,
    first: bool,
}

impl<W: Write> Printer<W> {
    fn begin(&mut self) -> std::io::Result<()> {
        match self.format {
            Output::Json => write!(self.out, "["),
            Output::Human => writeln!(
                self.out,
                "{:<16} {:<16} {:<16} File",
                "Offset", "Length", "Mapped to"
            ),
        }
    }

    fn row(&mut self, row: &Row) -> std::io::Result<()> {
        match self.format {
            Output::Json => {
                let comma = if std::mem::take(&mut self.first) {
                    ""
                } else {
                    ",\n"
                };
                write!(self.out, "{comma}{}", row.json())
            }
            // As in qemu-img, people see the data only.
            Output::Human if row.data => writeln!(self.out, "{}", row.human()),
            Output::Human => Ok(()),
        }
    }

    fn end(&mut self) -> std::io::Result<()> {
        if self.format == Output::Json {
            writeln!(self.out, "]")?;
        }
        self.out.flush()
    }
}
