//! From bytes to a checked descriptor: cut into lines, find the encoding, then decode and check.
//!
//! Lines, keys, quotes and numbers are found in the bytes. That is sound in every encoding [`lookup`] gives: in Shift_JIS,
//! GBK, Big5 and the like the second byte of a character may be a letter, `\` or `|`, but never a quote, a blank, `=` or
//! `#`. The encoding may be declared in any line, so decoding comes second.

use encoding_rs::{Encoding, UTF_8};
use nom::branch::alt;
use nom::bytes::complete::{take_till, take_while1};
use nom::character::complete::{char, space0, space1};
use nom::combinator::{eof, peek, rest};
use nom::sequence::{delimited, preceded, separated_pair, terminated};
use nom::{IResult, Offset, Parser};
use v2v_encoding::lookup;

use super::refusal::is_encryption_key;
use super::{
    Access, Cid, CreateType, Descriptor, Entry, Error, Extent, ExtentKind, ExtentLine, Located,
    Options, Text, ddb_name,
};

/// Keys without a field of their own; a real descriptor has some 20.
const MAX_KEYS: usize = 16384;

/// Access, sectors, type, name, offset, partition uuid, device id.
const MAX_EXTENT_FIELDS: usize = 7;

/// The last sector a file can have: offsets are signed 64-bit numbers.
const MAX_SECTOR: u64 = i64::MAX.unsigned_abs() / 512;

const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

pub(super) fn parse(bytes: &[u8], options: &Options) -> Result<Descriptor, Error> {
    let text = text_of(bytes, options.max_bytes)?;
    let lines = Lines::read(bytes, text, options)?;
    let encoding = lines.encoding(options)?;
    let mut builder = Builder::default();
    for entry in &lines.entries {
        builder.entry(entry, encoding)?;
    }
    builder.extents(&lines.extents, encoding, options)?;
    builder.finish()
}

pub(super) fn sniff(bytes: &[u8]) -> bool {
    let head = bytes.get(..4096).unwrap_or(bytes);
    let Ok(text) = text_of(head, usize::MAX) else {
        return false;
    };
    for line in text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii) {
        if let Some(comment) = line.strip_prefix(b"#") {
            let title = comment.trim_ascii_start();
            if starts_with_no_case(title, b"disk descriptor")
                || starts_with_no_case(title, b"extent description")
            {
                return true;
            }
        } else if let Ok((_, (key, _))) = entry(line) {
            if is_any(key, &[b"createType", b"parentCID", b"parentFileNameHint"]) {
                return true;
            }
            if !is_any(key, &[b"version", b"encoding", b"CID", b"isNativeSnapshot"]) {
                return false;
            }
        } else if !line.is_empty() {
            return false;
        }
    }
    false
}

fn starts_with_no_case(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start))
}

fn is_any(key: &[u8], known: &[&[u8]]) -> bool {
    known.iter().any(|known| known.eq_ignore_ascii_case(key))
}

/// The text: without a byte order mark, up to the first NUL.
fn text_of(bytes: &[u8], max_bytes: usize) -> Result<&[u8], Error> {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err(Error::Utf16),
        [0, second, ..] if second.is_ascii_graphic() => return Err(Error::Utf16),
        [first, 0, 1..=0x7f, 0, ..] if first.is_ascii_graphic() => return Err(Error::Utf16),
        _ => {}
    }
    let text = bytes.strip_prefix(UTF8_BOM).unwrap_or(bytes);
    let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
    if text.len() > max_bytes {
        Err(Error::TooLong { limit: max_bytes })
    } else {
        Ok(text)
    }
}

/// The start of a piece of text, for an error.
fn snippet(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..80).unwrap_or(bytes)).into_owned()
}

/// A run of bytes yet to be decoded.
#[derive(Clone, Copy)]
struct Raw<'a> {
    bytes: &'a [u8],
    /// Where it starts in the input.
    offset: usize,
    line: u32,
}

impl Raw<'_> {
    fn decode(self, encoding: &'static Encoding) -> Result<Text, Error> {
        Text::decode(self.bytes, encoding).ok_or(Error::Undecodable {
            line: self.line,
            offset: self.offset,
            encoding: encoding.name(),
        })
    }
}

struct RawEntry<'a> {
    key: &'a str,
    value: Raw<'a>,
}

struct RawExtent<'a> {
    line: u32,
    access: Access,
    sectors: u64,
    kind: ExtentKind,
    name: Option<Raw<'a>>,
    offset_sectors: u64,
    partition_uuid: Option<Raw<'a>>,
    device_id: Option<Raw<'a>>,
}

struct Lines<'a> {
    entries: Vec<RawEntry<'a>>,
    extents: Vec<RawExtent<'a>>,
}

impl<'a> Lines<'a> {
    fn read(input: &'a [u8], text: &'a [u8], options: &Options) -> Result<Self, Error> {
        let mut lines = Self {
            entries: Vec::new(),
            extents: Vec::new(),
        };
        let mut number = 0u32;
        for line in text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii) {
            number = number.saturating_add(1);
            let raw = |bytes: &'a [u8]| Raw {
                bytes,
                offset: input.offset(bytes),
                line: number,
            };
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            if let Some(access) = access_of(line) {
                if lines.extents.len() >= options.max_extents {
                    return Err(Error::TooMany {
                        line: number,
                        what: "extents",
                        limit: options.max_extents,
                    });
                }
                lines.extents.push(extent(line, number, access, raw)?);
            } else if let Ok((_, (key, found))) = entry(line) {
                if lines.entries.len() >= MAX_KEYS {
                    return Err(Error::TooMany {
                        line: number,
                        what: "keys",
                        limit: MAX_KEYS,
                    });
                }
                // Only ASCII so far: see `entry`.
                let key = str::from_utf8(key).unwrap_or_default();
                lines.entries.push(RawEntry {
                    key,
                    value: raw(value(found, number)?),
                });
            } else {
                return Err(Error::Line {
                    line: number,
                    found: snippet(line),
                });
            }
        }
        Ok(lines)
    }

    fn values(&self) -> impl Iterator<Item = Raw<'a>> {
        let of_extent =
            |extent: &RawExtent<'a>| [extent.name, extent.partition_uuid, extent.device_id];
        let extents = self.extents.iter().flat_map(of_extent).flatten();
        self.entries.iter().map(|entry| entry.value).chain(extents)
    }

    /// Finds the encoding all values are in: the declared one, or UTF-8 if only that fits.
    fn encoding(&self, options: &Options) -> Result<&'static Encoding, Error> {
        if self.values().all(|value| value.bytes.is_ascii()) {
            return Ok(UTF_8);
        }
        let find = |key: &str| {
            self.entries
                .iter()
                .find(|entry| entry.key.eq_ignore_ascii_case(key))
        };
        let declared = find("encoding")
            .or_else(|| find("ddb.encoding"))
            .map(|entry| (entry.value.line, snippet(entry.value.bytes)))
            .or_else(|| options.encoding.clone().map(|name| (0, name)));
        let encoding = match declared {
            Some((line, name)) => lookup(&name).ok_or(Error::UnknownEncoding { line, name })?,
            None => UTF_8,
        };
        let wrong = self
            .values()
            .find(|value| Text::decode(value.bytes, encoding).is_none());
        match wrong {
            // Some editors and version control tools turn a file into UTF-8 and leave its encoding line alone.
            Some(_)
                if self
                    .values()
                    .all(|value| str::from_utf8(value.bytes).is_ok()) =>
            {
                Ok(UTF_8)
            }
            Some(value) => Err(Error::Undecodable {
                line: value.line,
                offset: value.offset,
                encoding: encoding.name(),
            }),
            None => Ok(encoding),
        }
    }
}

/// `key = rest`. Keys are printable ASCII without `=`, `"` and `#`.
fn entry(line: &[u8]) -> IResult<&[u8], (&[u8], &[u8])> {
    let key =
        take_while1(|byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'=' | b'"' | b'#'));
    separated_pair(key, (space0, char('='), space0), rest).parse(line)
}

fn quoted(input: &[u8]) -> IResult<&[u8], &[u8]> {
    delimited(char('"'), take_till(|byte| byte == b'"'), char('"')).parse(input)
}

/// The value of a key: all of it, or what stands between quotes.
fn value(found: &[u8], line: u32) -> Result<&[u8], Error> {
    if !found.starts_with(b"\"") {
        return Ok(found);
    }
    let Ok((behind, inner)) = quoted(found) else {
        return Err(Error::Unterminated {
            line,
            found: snippet(found),
        });
    };
    let behind = behind.trim_ascii_start();
    if behind.is_empty() || behind.starts_with(b"#") {
        return Ok(inner);
    }
    // There is no escape for quotes: those between the first and one at the very end belong to the value.
    found
        .strip_prefix(b"\"")
        .and_then(|inner| inner.strip_suffix(b"\""))
        .ok_or_else(|| Error::AfterQuote {
            line,
            found: snippet(behind),
        })
}

/// The access word, if the line is an extent: `RW = x` would be a key.
fn access_of(line: &[u8]) -> Option<Access> {
    let (behind, word) = bare(line).ok()?;
    let access = Access::ALL
        .into_iter()
        .find(|access| access.as_str().as_bytes().eq_ignore_ascii_case(word))?;
    (!behind.trim_ascii_start().starts_with(b"=")).then_some(access)
}

fn bare(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while1(|byte: u8| !matches!(byte, b' ' | b'\t' | b'"')).parse(input)
}

/// A field of an extent line and whether it had quotes.
type Field<'a> = (&'a [u8], bool);

fn field(input: &[u8]) -> IResult<&[u8], Field<'_>> {
    let end = || peek(alt((space1, eof)));
    let quoted = terminated(quoted, end()).map(|bytes| (bytes, true));
    let bare = terminated(bare, end()).map(|bytes| (bytes, false));
    preceded(space0, alt((quoted, bare))).parse(input)
}

/// `access sectors type ["name" [offset [partition-uuid [device-id]]]]`
fn extent<'a>(
    line: &'a [u8],
    number: u32,
    access: Access,
    raw: impl Fn(&'a [u8]) -> Raw<'a>,
) -> Result<RawExtent<'a>, Error> {
    let wrong =
        |field: &'static str, found: Option<Field<'_>>, expected: &'static str| Error::Extent {
            line: number,
            field,
            found: found.map_or_else(String::new, |(bytes, _)| snippet(bytes)),
            expected,
        };
    let mut fields: [Option<Field<'a>>; MAX_EXTENT_FIELDS] = [None; MAX_EXTENT_FIELDS];
    let mut left = line;
    for slot in &mut fields {
        left = left.trim_ascii_start();
        if left.is_empty() || left.starts_with(b"#") {
            break;
        }
        let (behind, found) = field(left).map_err(|_| match quoted(left) {
            Ok((behind, _)) => Error::AfterQuote {
                line: number,
                found: snippet(behind),
            },
            Err(_) if left.starts_with(b"\"") => Error::Unterminated {
                line: number,
                found: snippet(left),
            },
            Err(_) => wrong("a word", Some((left, false)), "no quote within it"),
        })?;
        *slot = Some(found);
        left = behind;
    }
    left = left.trim_ascii_start();
    if !left.is_empty() && !left.starts_with(b"#") {
        return Err(wrong(
            "the end",
            Some((left, false)),
            "nothing after the device id",
        ));
    }
    let [_, sectors, kind, name, offset, partition_uuid, device_id] = fields;

    let sectors = decimal(sectors)
        .filter(|&count| count > 0)
        .ok_or_else(|| wrong("size", sectors, "a number of sectors, at least 1"))?;
    let kind = kind.ok_or_else(|| wrong("type", None, "a word such as FLAT, SPARSE or VMFS"))?;
    let kind = ExtentKind::ALL
        .into_iter()
        .find(|known| !kind.1 && known.as_str().as_bytes().eq_ignore_ascii_case(kind.0))
        .ok_or_else(|| Error::ExtentType {
            line: number,
            found: snippet(kind.0),
        })?;
    if kind == ExtentKind::Zero {
        // Some tools write a name and an offset; there is nothing to be read.
        return Ok(RawExtent {
            line: number,
            access,
            sectors,
            kind,
            name: None,
            offset_sectors: 0,
            partition_uuid: None,
            device_id: None,
        });
    }

    if name.is_none() && access != Access::NoAccess {
        return Err(wrong("file name", None, "a name in quotes"));
    }
    if name.is_some_and(|(bytes, _)| bytes.is_empty() || bytes.iter().any(u8::is_ascii_control)) {
        return Err(wrong(
            "file name",
            name,
            "a name without control characters",
        ));
    }
    let offset_sectors = match offset {
        None => 0,
        Some(_) => decimal(offset).ok_or_else(|| {
            wrong(
                "offset",
                offset,
                "a number of sectors; a name with blanks needs quotes",
            )
        })?,
    };
    if offset_sectors
        .checked_add(sectors)
        .is_none_or(|end| end > MAX_SECTOR)
    {
        return Err(Error::ExtentRange {
            line: number,
            offset: offset_sectors,
            sectors,
        });
    }
    let raw = |(bytes, _): Field<'a>| raw(bytes);
    Ok(RawExtent {
        line: number,
        access,
        sectors,
        kind,
        name: name.map(raw),
        offset_sectors,
        partition_uuid: partition_uuid.map(raw),
        device_id: device_id.map(raw),
    })
}

fn decimal(field: Option<Field<'_>>) -> Option<u64> {
    // `parse` alone takes a sign.
    let (bytes, false) = field? else { return None };
    if !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(bytes).ok()?.parse().ok()
}

#[derive(Default)]
struct Builder {
    version: Option<Located<u32>>,
    encoding: Option<Located<String>>,
    cid: Option<Located<Cid>>,
    parent_cid: Option<Located<Cid>>,
    is_native_snapshot: Option<Located<bool>>,
    create_type: Option<Located<CreateType>>,
    parent_hint: Option<Located<Text>>,
    change_track_path: Option<Located<Text>>,
    extents: Vec<ExtentLine>,
    header: Vec<Located<Entry>>,
    ddb: Vec<Located<Entry>>,
}

impl Builder {
    fn entry(&mut self, entry: &RawEntry<'_>, encoding: &'static Encoding) -> Result<(), Error> {
        let line = entry.value.line;
        let value = entry.value.decode(encoding)?;
        let text = value.as_str();
        let wrong = |key, expected| Error::Value {
            line,
            key,
            found: snippet(text.as_bytes()),
            expected,
        };
        match entry.key.to_ascii_lowercase().as_str() {
            "version" => {
                let key = "version";
                let version = text.parse().map_err(|_| wrong(key, "1 to 3"))?;
                set(&mut self.version, line, key, version, u32::to_string)
            }
            "encoding" if text.is_empty() => Ok(()),
            "encoding" => {
                let key = "encoding";
                let name = word(text).ok_or_else(|| wrong(key, "the name of an encoding"))?;
                set(&mut self.encoding, line, key, name, String::clone)
            }
            "cid" => {
                let key = "CID";
                let cid = cid(text).ok_or_else(|| wrong(key, "8 hexadecimal digits"))?;
                set(&mut self.cid, line, key, cid, Cid::to_string)
            }
            "parentcid" => {
                let key = "parentCID";
                let cid = cid(text).ok_or_else(|| wrong(key, "8 hexadecimal digits"))?;
                set(&mut self.parent_cid, line, key, cid, Cid::to_string)
            }
            "isnativesnapshot" => {
                let key = "isNativeSnapshot";
                let native = match text.to_ascii_lowercase().as_str() {
                    "yes" | "true" | "1" => true,
                    "no" | "false" | "0" | "" => false,
                    _ => return Err(wrong(key, "yes or no")),
                };
                set(
                    &mut self.is_native_snapshot,
                    line,
                    key,
                    native,
                    bool::to_string,
                )
            }
            "createtype" => {
                let key = "createType";
                let name = word(text).ok_or_else(|| wrong(key, "the name of a disk type"))?;
                set(
                    &mut self.create_type,
                    line,
                    key,
                    CreateType::from_name(&name),
                    CreateType::to_string,
                )
            }
            "parentfilenamehint" if text.is_empty() => Ok(()),
            "parentfilenamehint" => {
                let key = "parentFileNameHint";
                if text.contains(char::is_control) {
                    return Err(wrong(key, "a path without control characters"));
                }
                set(&mut self.parent_hint, line, key, value, Text::to_string)
            }
            "changetrackpath" if text.is_empty() => Ok(()),
            "changetrackpath" => set(
                &mut self.change_track_path,
                line,
                "changeTrackPath",
                value,
                Text::to_string,
            ),
            _ => {
                let entries = if ddb_name(entry.key).is_some() {
                    &mut self.ddb
                } else {
                    &mut self.header
                };
                entries.push(Located::at(
                    line,
                    Entry {
                        key: entry.key.to_owned(),
                        value,
                    },
                ));
                Ok(())
            }
        }
    }

    fn extents(
        &mut self,
        extents: &[RawExtent<'_>],
        encoding: &'static Encoding,
        options: &Options,
    ) -> Result<(), Error> {
        let limit = options.max_capacity_bytes;
        let mut total = 0u64;
        self.extents.reserve_exact(extents.len());
        for extent in extents {
            let line = extent.line;
            total = total
                .checked_add(extent.sectors)
                .filter(|sectors| sectors.checked_mul(512).is_some_and(|bytes| bytes <= limit))
                .ok_or(Error::Capacity { line, limit })?;
            let decode = |raw: Option<Raw<'_>>| raw.map(|raw| raw.decode(encoding)).transpose();
            self.extents.push(Located::at(
                line,
                Extent {
                    access: extent.access,
                    sectors: extent.sectors,
                    kind: extent.kind,
                    name: decode(extent.name)?,
                    offset_sectors: extent.offset_sectors,
                    partition_uuid: decode(extent.partition_uuid)?,
                    device_id: decode(extent.device_id)?,
                },
            ));
        }
        Ok(())
    }

    fn finish(self) -> Result<Descriptor, Error> {
        let Some(create_type) = self.create_type else {
            return Err(
                match self
                    .header
                    .iter()
                    .find(|entry| is_encryption_key(&entry.key))
                {
                    Some(entry) => Error::Encrypted {
                        line: entry.line,
                        key: entry.key.clone(),
                    },
                    None => Error::Missing {
                        key: "createType",
                        example: "\"vmfs\"",
                    },
                },
            );
        };
        let version = self.version.ok_or(Error::Missing {
            key: "version",
            example: "1",
        })?;
        // ESXi 6.0 writes 4 for redo logs on vSAN, which are refused for a better reason than their version.
        let vsan = version.value == 4 && create_type.value == CreateType::VsanSparse;
        if !vsan && !(1..=3).contains(&version.value) {
            return Err(Error::Version {
                line: version.line,
                found: version.value,
            });
        }
        if self.extents.is_empty() {
            return Err(Error::NoExtents);
        }
        Ok(Descriptor {
            version,
            encoding: self.encoding,
            cid: self.cid,
            parent_cid: self.parent_cid,
            is_native_snapshot: self.is_native_snapshot,
            create_type,
            parent_hint: self.parent_hint,
            change_track_path: self.change_track_path,
            extents: self.extents,
            header: self.header,
            ddb: self.ddb,
        })
    }
}

/// Sets a field. Saying the same twice is harmless, saying two things is not.
fn set<T: PartialEq>(
    slot: &mut Option<Located<T>>,
    line: u32,
    key: &'static str,
    value: T,
    show: fn(&T) -> String,
) -> Result<(), Error> {
    match slot {
        Some(first) if first.value != value => Err(Error::Contradiction {
            line,
            key,
            found: show(&value),
            first_line: first.line,
            first: show(&first.value),
        }),
        Some(_) => Ok(()),
        None => {
            *slot = Some(Located::at(line, value));
            Ok(())
        }
    }
}

fn word(text: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'"' || byte == b' ';
    (!text.is_empty() && text.bytes().all(fits)).then(|| text.to_owned())
}

/// QEMU takes fewer digits as well; all writers give eight.
fn cid(text: &str) -> Option<Cid> {
    let digits = (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digits {
        u32::from_str_radix(text, 16).ok().map(Cid)
    } else {
        None
    }
}
