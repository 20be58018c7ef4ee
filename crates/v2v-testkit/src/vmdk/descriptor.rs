//! The text descriptor, with every spelling seen in files.

/// Where a disk stands in a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// The disk's own content ID.
    pub cid: u32,
    /// What it is a delta of.
    pub parent: Option<Parent>,
}

/// The parent as a child's descriptor names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    /// The content ID the parent had when the child was made.
    pub cid: u32,
    /// `parentFileNameHint`, verbatim.
    pub hint: String,
}

impl Lineage {
    /// A disk without a parent.
    pub fn base(cid: u32) -> Self {
        Self { cid, parent: None }
    }

    /// A delta of the disk `hint` whose content ID is `parent_cid`.
    pub fn delta(cid: u32, parent_cid: u32, hint: &str) -> Self {
        Self {
            cid,
            parent: Some(Parent {
                cid: parent_cid,
                hint: hint.to_owned(),
            }),
        }
    }
}

impl Default for Lineage {
    fn default() -> Self {
        Self::base(0xc1d0_0001)
    }
}

/// How keys are spelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyCase {
    /// As VMware does: `parentCID`.
    #[default]
    Usual,
    /// `PARENTCID`.
    Upper,
    /// `parentcid`.
    Lower,
}

/// One line of the extent section: `ACCESS SECTORS TYPE "NAME" OFFSET TAIL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtentLine {
    /// `RW`, `RDONLY`, `NOACCESS` or nonsense.
    pub access: String,
    /// Text, so that it may be no number.
    pub sectors: String,
    /// `FLAT`, `SPARSE`, `ZERO`, `VMFS`, `VMFSSPARSE`, `VMFSRDM`, `VMFSRAW`, `SESPARSE` or nonsense.
    pub kind: String,
    /// Written between quotes; any bytes, as encodings differ.
    pub name: Option<Vec<u8>>,
    /// Sectors from the start of the file; only `FLAT` has it.
    pub offset: Option<u64>,
    /// Put behind, after a space, if not empty.
    pub tail: Vec<u8>,
}

impl ExtentLine {
    /// An `RW` line.
    pub fn new(sectors: u64, kind: &str, name: Option<&str>, offset: Option<u64>) -> Self {
        Self {
            access: "RW".to_owned(),
            sectors: sectors.to_string(),
            kind: kind.to_owned(),
            name: name.map(|name| name.as_bytes().to_vec()),
            offset,
            tail: Vec::new(),
        }
    }

    /// `RW n FLAT "name" offset`.
    pub fn flat(sectors: u64, name: &str, offset: u64) -> Self {
        Self::new(sectors, "FLAT", Some(name), Some(offset))
    }

    /// `RW n SPARSE "name"`.
    pub fn sparse(sectors: u64, name: &str) -> Self {
        Self::new(sectors, "SPARSE", Some(name), None)
    }

    /// `RW n VMFS "name"`.
    pub fn vmfs(sectors: u64, name: &str) -> Self {
        Self::new(sectors, "VMFS", Some(name), None)
    }

    /// `RW n VMFSSPARSE "name"`.
    pub fn vmfs_sparse(sectors: u64, name: &str) -> Self {
        Self::new(sectors, "VMFSSPARSE", Some(name), None)
    }

    /// `RW n SESPARSE "name"`.
    pub fn se_sparse(sectors: u64, name: &str) -> Self {
        Self::new(sectors, "SESPARSE", Some(name), None)
    }

    /// `RW n ZERO`.
    pub fn zero(sectors: u64) -> Self {
        Self::new(sectors, "ZERO", None, None)
    }

    /// The line with another access word.
    #[must_use]
    pub fn access(mut self, access: &str) -> Self {
        access.clone_into(&mut self.access);
        self
    }

    fn render(&self) -> Vec<u8> {
        let mut line = format!("{} {} {}", self.access, self.sectors, self.kind).into_bytes();
        if let Some(name) = &self.name {
            line.extend_from_slice(b" \"");
            line.extend_from_slice(name);
            line.push(b'"');
        }
        if let Some(offset) = self.offset {
            line.extend_from_slice(format!(" {offset}").as_bytes());
        }
        if !self.tail.is_empty() {
            line.push(b' ');
            line.extend_from_slice(&self.tail);
        }
        line
    }
}

/// A descriptor. [`Descriptor::new`] is what VMware writes; every field may then be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Begin with a UTF-8 byte order mark.
    pub bom: bool,
    /// Line end: `"\n"`, `"\r\n"`.
    pub newline: &'static str,
    /// Blank lines before everything.
    pub leading_blank_lines: usize,
    /// The first line.
    pub signature: Vec<u8>,
    /// Spelling of the header's keys.
    pub key_case: KeyCase,
    /// Between key and value in the header; VMware writes `=` without spaces.
    pub equals: &'static str,
    /// The header's keys in order, with their values verbatim: quotes are part of the value.
    pub header: Vec<(String, Vec<u8>)>,
    /// Fill comments in before `parentFileNameHint` until it begins at this byte or later.
    pub hint_from: usize,
    /// Whether `# Extent description` stands above the extents.
    pub extent_comment: bool,
    /// Blank lines directly above the extents.
    pub blank_lines_before_extents: usize,
    /// The extents in order.
    pub extents: Vec<ExtentLine>,
    /// Between key and value in the disk database; VMware writes spaces around.
    pub ddb_equals: &'static str,
    /// The disk database, `ddb.` being part of the key, values verbatim.
    pub ddb: Vec<(String, Vec<u8>)>,
    /// Whether the last line ends.
    pub final_newline: bool,
    /// Bytes behind the text: NULs, garbage.
    pub tail: Vec<u8>,
}

impl Descriptor {
    /// A descriptor of `create_type` as VMware writes it, without extents.
    pub fn new(create_type: &str, lineage: &Lineage) -> Self {
        let mut text = Self {
            bom: false,
            newline: "\n",
            leading_blank_lines: 0,
            signature: b"# Disk DescriptorFile".to_vec(),
            key_case: KeyCase::Usual,
            equals: "=",
            header: Vec::new(),
            hint_from: 0,
            extent_comment: true,
            blank_lines_before_extents: 0,
            extents: Vec::new(),
            ddb_equals: " = ",
            ddb: Vec::new(),
            final_newline: true,
            tail: Vec::new(),
        }
        .set("version", "1")
        .set("encoding", "\"UTF-8\"");
        text.inherit(lineage);
        text.set("isNativeSnapshot", "\"no\"")
            .set("createType", &format!("\"{create_type}\""))
            .usual_ddb(lineage.cid)
    }

    fn inherit(&mut self, lineage: &Lineage) {
        let parent = lineage
            .parent
            .as_ref()
            .map_or(u32::MAX, |parent| parent.cid);
        let mut text = self.clone().set("CID", &format!("{:08x}", lineage.cid));
        text = text.set("parentCID", &format!("{parent:08x}"));
        if let Some(parent) = &lineage.parent {
            text = text.set("parentFileNameHint", &format!("\"{}\"", parent.hint));
        }
        *self = text;
    }

    fn usual_ddb(self, cid: u32) -> Self {
        self.set_ddb("adapterType", "lsilogic")
            .set_ddb("geometry.cylinders", "2")
            .set_ddb("geometry.heads", "64")
            .set_ddb("geometry.sectors", "32")
            .set_ddb(
                "longContentID",
                &format!("5a17e0f3b2c4d6889e0a1b2c{cid:08x}"),
            )
            .set_ddb("uuid", "60 00 C2 9a 01 23 45 67-89 ab cd ef 01 23 45 67")
            .set_ddb("virtualHWVersion", "13")
    }

    /// With the header's `key` set to `value`, verbatim and quotes included; a new key goes last.
    #[must_use]
    pub fn set(self, key: &str, value: &str) -> Self {
        self.set_bytes(key, value.as_bytes())
    }

    /// As [`Descriptor::set`], with any bytes.
    #[must_use]
    pub fn set_bytes(mut self, key: &str, value: &[u8]) -> Self {
        put(&mut self.header, key, value);
        self
    }

    /// With `ddb.<key>` set to `value`, which is put between quotes.
    #[must_use]
    pub fn set_ddb(mut self, key: &str, value: &str) -> Self {
        put(
            &mut self.ddb,
            &format!("ddb.{key}"),
            format!("\"{value}\"").as_bytes(),
        );
        self
    }

    /// Without the header's `key`.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.header.retain(|(name, _)| name != key);
        self
    }

    /// With the header's `key` in the first place.
    #[must_use]
    pub fn first(mut self, key: &str) -> Self {
        self.header.sort_by_key(|(name, _)| name != key);
        self
    }

    /// With another extent behind those there are.
    #[must_use]
    pub fn extent(mut self, line: ExtentLine) -> Self {
        self.extents.push(line);
        self
    }

    /// With change tracking on, as ESXi marks it: `version=3` and the name of the tracking file.
    #[must_use]
    pub fn change_tracking(self, path: &str) -> Self {
        self.set("version", "3")
            .set("changeTrackPath", &format!("\"{path}\""))
    }

    /// The bytes of the text.
    pub fn render(&self) -> Vec<u8> {
        let mut out = if self.bom {
            b"\xEF\xBB\xBF".to_vec()
        } else {
            Vec::new()
        };
        out.extend(self.newline.repeat(self.leading_blank_lines).bytes());
        self.line(&mut out, &self.signature);
        for (key, value) in &self.header {
            self.header_line(&mut out, key, value);
        }
        self.extent_section(&mut out);
        self.ddb_section(&mut out);
        if !self.final_newline {
            out.truncate(out.len() - self.newline.len());
        }
        out.extend_from_slice(&self.tail);
        out
    }

    fn header_line(&self, out: &mut Vec<u8>, key: &str, value: &[u8]) {
        if key == "parentFileNameHint" {
            while out.len() < self.hint_from {
                self.line(out, b"# padding, so that the hint comes late in the text");
            }
        }
        let key = match self.key_case {
            KeyCase::Usual => key.to_owned(),
            KeyCase::Upper => key.to_uppercase(),
            KeyCase::Lower => key.to_lowercase(),
        };
        self.line(
            out,
            &[key.as_bytes(), self.equals.as_bytes(), value].concat(),
        );
    }

    fn extent_section(&self, out: &mut Vec<u8>) {
        self.line(out, b"");
        if self.extent_comment {
            self.line(out, b"# Extent description");
        }
        out.extend(self.newline.repeat(self.blank_lines_before_extents).bytes());
        for extent in &self.extents {
            self.line(out, &extent.render());
        }
    }

    fn ddb_section(&self, out: &mut Vec<u8>) {
        for text in ["", "# The Disk Data Base", "#DDB", ""] {
            self.line(out, text.as_bytes());
        }
        for (key, value) in &self.ddb {
            self.line(
                out,
                &[key.as_bytes(), self.ddb_equals.as_bytes(), value].concat(),
            );
        }
    }

    fn line(&self, out: &mut Vec<u8>, text: &[u8]) {
        out.extend_from_slice(text);
        out.extend_from_slice(self.newline.as_bytes());
    }
}

fn put(pairs: &mut Vec<(String, Vec<u8>)>, key: &str, value: &[u8]) {
    match pairs.iter_mut().find(|(name, _)| name == key) {
        Some(pair) => pair.1 = value.to_vec(),
        None => pairs.push((key.to_owned(), value.to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(descriptor: &Descriptor) -> String {
        String::from_utf8(descriptor.render()).unwrap()
    }

    #[test]
    fn the_usual_text() {
        let descriptor = Descriptor::new("vmfs", &Lineage::base(0xabc))
            .extent(ExtentLine::vmfs(2048, "a-flat.vmdk"));
        let expected = "# Disk DescriptorFile\nversion=1\nencoding=\"UTF-8\"\nCID=00000abc\nparentCID=ffffffff\n\
                        isNativeSnapshot=\"no\"\ncreateType=\"vmfs\"\n\n# Extent description\n\
                        RW 2048 VMFS \"a-flat.vmdk\"\n\n# The Disk Data Base\n#DDB\n\nddb.adapterType = \"lsilogic\"\n";
        assert!(
            text(&descriptor).starts_with(expected),
            "{}",
            text(&descriptor)
        );
    }

    #[test]
    fn every_knob_shows() {
        let lineage = Lineage::delta(1, 2, "base.vmdk");
        let odd = Descriptor {
            bom: true,
            newline: "\r\n",
            key_case: KeyCase::Upper,
            equals: " = ",
            hint_from: 11_000,
            blank_lines_before_extents: 2,
            final_newline: false,
            tail: b"\0\0".to_vec(),
            ..Descriptor::new("seSparse", &lineage)
        };
        let odd = odd
            .change_tracking("x-ctk.vmdk")
            .without("encoding")
            .extent(ExtentLine {
                tail: b"uuid dev".to_vec(),
                ..ExtentLine::flat(8, "a b", 63).access("RDONLY")
            });
        let text = text(&odd);
        assert!(
            text.starts_with("\u{feff}# Disk DescriptorFile\r\nVERSION = 3\r\nCID = 00000001\r\n")
        );
        assert!(text.find("PARENTFILENAMEHINT = \"base.vmdk\"").unwrap() > 11_000);
        assert!(
            text.contains("# Extent description\r\n\r\n\r\nRDONLY 8 FLAT \"a b\" 63 uuid dev\r\n")
        );
        assert!(text.ends_with("\"13\"\0\0") && !text.contains("ENCODING"));
    }
}
