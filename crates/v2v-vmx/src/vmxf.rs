//! The XML beside a configuration: `.vmxf` of a virtual machine, `.vmtm` of a team.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};

use crate::document::shown;
use crate::value::{Uuid, Value};
use crate::{FileName, ParseOptions};

/// How deep elements may be nested; real files have five levels.
const MAX_DEPTH: usize = 64;

/// How much text of one element is read.
const MAX_TEXT: usize = 64 << 10;

/// How many virtual machines one file may list.
const MAX_VMS: usize = 1024;

/// Ids and names out of a `.vmxf` or `.vmtm`.
///
/// VMware documents neither. Read are `VMId`, `vmxPathName` and, inside an element whose name ends in `Team`, an id and
/// a name; everything else is passed over.
///
/// ```
/// use v2v_vmx::{ParseOptions, Vmxf};
///
/// let text = b"<?xml version=\"1.0\"?><Foundry><VM>\
///     <VMId type=\"string\">52 b2 f3 ea b0 ea 8d 3a-22 be f1 52 b4 2e 9f 90</VMId>\
///     <vmxPathName type=\"string\">web01.vmx</vmxPathName></VM></Foundry>";
/// let vmxf = Vmxf::parse(text, &ParseOptions::default())?;
/// assert_eq!(vmxf.vms[0].path.as_ref().map(|path| path.text()), Some("web01.vmx"));
/// # Ok::<(), v2v_vmx::VmxfError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vmxf {
    /// The virtual machines, one in a `.vmxf`. A file that was copied may list itself twice.
    pub vms: Vec<VmxfVm>,
    /// Id of the team, as it is written.
    pub team_id: Option<String>,
    /// Name of the team.
    pub team_name: Option<String>,
}

/// One virtual machine of a [`Vmxf`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct VmxfVm {
    /// `VMId`, if it can be read.
    pub id: Option<Uuid>,
    /// `vmxPathName`: its configuration.
    pub path: Option<FileName>,
}

/// Why a file is no `.vmxf`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VmxfError {
    /// More bytes than [`ParseOptions::max_bytes`].
    #[error("file has {found} bytes, expected at most {limit}")]
    TooLarge {
        /// Length of the input.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// Not well-formed, or nested too deep.
    #[error("offset {offset}: expected XML as in a .vmxf: {what}")]
    Xml {
        /// Where, in bytes of the text as UTF-8.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// Well-formed, but something else.
    #[error("the outermost element is {found:?}, expected \"Foundry\"")]
    OtherRoot {
        /// Its name.
        found: String,
    },
}

impl Vmxf {
    /// Reads a `.vmxf` or `.vmtm`. Of the options, `max_bytes` and `encoding` count.
    ///
    /// # Errors
    ///
    /// If the file is too large, not XML, or other XML.
    pub fn parse(bytes: &[u8], options: &ParseOptions) -> Result<Self, VmxfError> {
        let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if found > options.max_bytes {
            let limit = options.max_bytes;
            return Err(VmxfError::TooLarge { found, limit });
        }
        let encoding = options.encoding.clone().or_else(|| declared(bytes));
        let encoding = encoding.as_deref().and_then(v2v_encoding::lookup);
        let (text, _) = encoding
            .unwrap_or(encoding_rs::UTF_8)
            .decode_with_bom_removal(bytes);
        Walk::default().run(&text)
    }
}

/// The encoding in the XML declaration.
fn declared(bytes: &[u8]) -> Option<String> {
    let start = String::from_utf8_lossy(bytes.get(..128).unwrap_or(bytes)).into_owned();
    let declaration = start.split_once("?>")?.0;
    let value = declaration
        .split_once("encoding")?
        .1
        .trim_start()
        .strip_prefix('=')?;
    let value = value.trim_start();
    let quote = value.chars().next()?;
    let name = value.strip_prefix(quote)?.split_once(quote)?.0;
    Some(name.to_owned())
}

#[derive(Default)]
struct Walk {
    found: Vmxf,
    /// Names of the open elements.
    open: Vec<String>,
    text: String,
}

impl Walk {
    fn run(mut self, xml: &str) -> Result<Vmxf, VmxfError> {
        let mut reader = Reader::from_str(xml);
        let mut seen_root = false;
        loop {
            let offset = reader.buffer_position();
            let wrong = |what: String| VmxfError::Xml { offset, what };
            let event = reader.read_event();
            match event.map_err(|error| wrong(shown(&error.to_string())))? {
                Event::Start(start) => {
                    let name = start.local_name().into_inner().to_owned();
                    self.start(name).map_err(wrong)?;
                    seen_root = true;
                }
                Event::End(_) => self.end(),
                Event::Text(text) => self.text(&text.xml10_content()),
                Event::CData(text) => self.text(&text.xml10_content()),
                Event::GeneralRef(reference) => self.reference(&reference),
                Event::Eof if !self.open.is_empty() => {
                    return Err(wrong("the file ends inside an element".to_owned()));
                }
                Event::Eof if !seen_root => return Err(wrong("no element".to_owned())),
                Event::Eof => return Ok(self.found),
                _ => {}
            }
            if let Some(found) = self.open.first().filter(|root| *root != "Foundry") {
                let found = shown(found);
                return Err(VmxfError::OtherRoot { found });
            }
        }
    }

    fn start(&mut self, name: String) -> Result<(), String> {
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} elements inside each other"));
        }
        if name == "VM" && self.found.vms.len() < MAX_VMS {
            self.found.vms.push(VmxfVm::default());
        }
        self.open.push(name);
        self.text.clear();
        Ok(())
    }

    fn end(&mut self) {
        let Some(name) = self.open.pop() else {
            return;
        };
        let text = std::mem::take(&mut self.text);
        let text = text.trim();
        let in_team = self.open.last().is_some_and(|name| name.ends_with("Team"));
        match name.as_str() {
            "VMId" => {
                if let Some(vm) = self.found.vms.last_mut() {
                    vm.id = vm.id.or_else(|| Uuid::read(text));
                }
            }
            "vmxPathName" => {
                if let Some(vm) = self.found.vms.last_mut() {
                    vm.path.get_or_insert_with(|| FileName::new(text));
                }
            }
            _ if !in_team || text.is_empty() => {}
            "displayName" | "name" => {
                self.found.team_name.get_or_insert_with(|| text.to_owned());
            }
            _ if name.ends_with("TeamName") => {
                self.found.team_name.get_or_insert_with(|| text.to_owned());
            }
            _ if name.ends_with("TeamId") => {
                self.found.team_id.get_or_insert_with(|| text.to_owned());
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.text.len().saturating_add(text.len()) <= MAX_TEXT {
            self.text.push_str(text);
        }
    }

    fn reference(&mut self, reference: &BytesRef<'_>) {
        if let Ok(Some(c)) = reference.resolve_char_ref() {
            self.text(c.encode_utf8(&mut [0; 4]));
        } else if let Some(text) = resolve_predefined_entity(reference) {
            self.text(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &[u8]) -> Result<Vmxf, VmxfError> {
        Vmxf::parse(text, &ParseOptions::default())
    }

    #[test]
    fn virtual_machines() {
        let vm = |id: &str, name: &str| {
            format!(
                "<VM>\n<VMId type=\"string\">{id}</VMId>\n<ClientMetaData>\n<clientMetaDataAttributes/>\n\
                 <HistoryEventList/></ClientMetaData>\n<vmxPathName type=\"string\">{name}</vmxPathName></VM>"
            )
        };
        let text = format!(
            "<?xml version=\"1.0\"?>\n<Foundry>\n{}{}</Foundry>\n",
            vm(
                "52 b2 f3 ea b0 ea 8d 3a-22 be f1 52 b4 2e 9f 90",
                "a &amp; b&#33;.vmx"
            ),
            vm("none", "c.vmx"),
        );
        let vmxf = parse(text.as_bytes()).unwrap();
        let [first, second] = vmxf.vms.as_slice() else {
            panic!("{vmxf:?}");
        };
        let id = first.id.unwrap().to_string();
        assert_eq!(id, "52b2f3ea-b0ea-8d3a-22be-f152b42e9f90");
        assert_eq!(first.path.as_ref().unwrap().text(), "a & b!.vmx");
        assert_eq!(second.id, None);
        assert_eq!(second.path.as_ref().unwrap().text(), "c.vmx");
    }

    #[test]
    fn teams() {
        let text = "<Foundry><VMTeam><VMTeamId>52 01</VMTeamId><displayName>Lab</displayName>\
            <VM><vmxPathName>dc/dc.vmx</vmxPathName><displayName>dc</displayName></VM></VMTeam></Foundry>";
        let vmxf = parse(text.as_bytes()).unwrap();
        assert_eq!(vmxf.team_id.as_deref(), Some("52 01"));
        assert_eq!(vmxf.team_name.as_deref(), Some("Lab"));
        assert_eq!(vmxf.vms.len(), 1);
    }

    #[test]
    fn declared_encoding() {
        let mut text = b"<?xml version='1.0' encoding = 'GBK'?><Foundry><VM><vmxPathName>".to_vec();
        text.extend_from_slice(b"\xce\xbb.vmx</vmxPathName></VM></Foundry>");
        let vmxf = parse(&text).unwrap();
        assert_eq!(vmxf.vms[0].path.as_ref().unwrap().text(), "位.vmx");
    }

    #[test]
    fn other_files() {
        let check = |text: &[u8], expected: &str| {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(b"", "no element");
        check(b"memsize = \"512\"", "no element");
        check(b"<domain/>", "no element");
        check(
            b"<domain></domain>",
            "the outermost element is \"domain\", expected \"Foundry\"",
        );
        check(b"<Foundry><VM>", "the file ends inside an element");
        check(b"<Foundry></VM>", "offset 9: expected XML");
        let deep = "<Foundry>".repeat(100_000);
        check(deep.as_bytes(), "more than 64 elements");
    }

    #[test]
    fn every_prefix_ends() {
        let text = b"<?xml version=\"1.0\"?><Foundry><VM><VMId type=\"string\">52 &amp; x</VMId></VM></Foundry>";
        for end in 0..text.len() {
            assert!(parse(&text[..end]).is_err(), "{end}");
        }
    }
}
