//! A descriptor in the form VMware writes it.

use std::fmt;
use std::io::Write as _;

use super::{Descriptor, Entry, Extent, ExtentKind, Text};

impl Descriptor {
    /// Returns the descriptor as the bytes of a file, in the encoding it was read in.
    ///
    /// Comments, blank lines and spellings are VMware's usual ones; values are what they were. Parsing the result gives
    /// an equal descriptor.
    ///
    /// The comment right above the extents has to stay: QEMU counts an extent twice that follows a blank line.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.render(Text::raw)
    }

    fn render(&self, bytes: fn(&Text) -> &[u8]) -> Vec<u8> {
        let mut out = Printer {
            out: Vec::new(),
            bytes,
        };
        out.line("# Disk DescriptorFile");
        out.line(&format!("version={}", self.version.value));
        if let Some(encoding) = &self.encoding {
            out.line(&format!("encoding=\"{}\"", encoding.value));
        }
        if let Some(cid) = &self.cid {
            out.line(&format!("CID={}", cid.value));
        }
        if let Some(cid) = &self.parent_cid {
            out.line(&format!("parentCID={}", cid.value));
        }
        if let Some(native) = &self.is_native_snapshot {
            out.line(if native.value {
                "isNativeSnapshot=\"yes\""
            } else {
                "isNativeSnapshot=\"no\""
            });
        }
        out.line(&format!("createType=\"{}\"", self.create_type.value));
        if let Some(hint) = &self.parent_hint {
            out.entry("parentFileNameHint=", hint);
        }
        for Entry { key, value } in self.header.iter().map(|entry| &entry.value) {
            out.entry(&format!("{key}="), value);
        }
        out.line("");
        out.line("# Extent description");
        for extent in &self.extents {
            out.extent(extent);
        }
        if let Some(path) = &self.change_track_path {
            out.line("");
            out.line("# Change Tracking File");
            out.entry("changeTrackPath=", path);
        }
        out.line("");
        // The blank before the line feed is VMware's.
        out.line("# The Disk Data Base ");
        out.line("#DDB");
        out.line("");
        for Entry { key, value } in self.ddb.iter().map(|entry| &entry.value) {
            out.entry(&format!("{key} = "), value);
        }
        out.out
    }
}

/// The descriptor as text: what [`Descriptor::to_bytes`] gives, with all values decoded. The same for UTF-8.
impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(
            &self.render(|text| text.as_str().as_bytes()),
        ))
    }
}

struct Printer {
    out: Vec<u8>,
    bytes: fn(&Text) -> &[u8],
}

impl Printer {
    fn line(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'\n');
    }

    fn entry(&mut self, start: &str, value: &Text) {
        self.out.extend_from_slice(start.as_bytes());
        let value = (self.bytes)(value);
        if reads_back_quoted(value) {
            self.quoted(value);
        } else {
            self.out.extend_from_slice(value);
        }
        self.out.push(b'\n');
    }

    fn extent(&mut self, extent: &Extent) {
        let (access, kind) = (extent.access.as_str(), extent.kind.as_str());
        // Writing to a Vec can't fail.
        let _ = write!(self.out, "{access} {} {kind}", extent.sectors);
        if let Some(name) = &extent.name {
            self.out.push(b' ');
            self.quoted((self.bytes)(name));
            if extent.kind == ExtentKind::Flat
                || extent.offset_sectors > 0
                || extent.partition_uuid.is_some()
            {
                let _ = write!(self.out, " {}", extent.offset_sectors);
            }
            if let Some(uuid) = &extent.partition_uuid {
                for field in [Some(uuid), extent.device_id.as_ref()]
                    .into_iter()
                    .flatten()
                {
                    self.out.push(b' ');
                    self.quoted((self.bytes)(field));
                }
            }
        }
        self.out.push(b'\n');
    }

    fn quoted(&mut self, value: &[u8]) {
        self.out.push(b'"');
        self.out.extend_from_slice(value);
        self.out.push(b'"');
    }
}

/// A value with quotes inside, read without quotes around it, may look as if it ended at the first one.
fn reads_back_quoted(value: &[u8]) -> bool {
    value
        .iter()
        .position(|&byte| byte == b'"')
        .and_then(|quote| value.get(quote.saturating_add(1)..))
        .is_none_or(|rest| !rest.trim_ascii_start().starts_with(b"#"))
}
