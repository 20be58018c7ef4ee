//! Text encodings under the names VMware writes.
//!
//! VMware programs write the encoding of a descriptor or configuration under the name their Unicode library has for the
//! host's code page: an IANA name (`Shift_JIS`, `GBK`) or an ICU converter name (`windows-949-2000`, `ibm-943_P130-1999`). The list is in
//! open-vm-tools, `lib/unicode/unicodeSimpleTypes.c`.
//!
//! ```
//! let encoding = v2v_encoding::lookup("windows-949-2000").ok_or("unknown")?;
//! assert_eq!(encoding.name(), "EUC-KR");
//! assert!(v2v_encoding::lookup("UTF-16").is_none());
//! # Ok::<(), &str>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::arithmetic_side_effects,
        reason = "tests"
    )
)]

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, IBM866, KOI8_R, SHIFT_JIS, UTF_8, WINDOWS_874,
    WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255,
    WINDOWS_1256, WINDOWS_1257, WINDOWS_1258,
};

/// Returns the encoding with this name: any WHATWG label, an ICU converter name, or a code page (`cp949`, `ms932`).
/// Case and surrounding blanks don't matter.
///
/// `None` for names nobody knows, and for encodings in which ASCII bytes may be part of another character (UTF-16,
/// ISO-2022): a text in one of these can't be cut into lines and quoted names byte by byte.
#[must_use]
pub fn lookup(name: &str) -> Option<&'static Encoding> {
    let encoding = Encoding::for_label(name.as_bytes()).or_else(|| by_code_page_name(name))?;
    encoding.is_ascii_compatible().then_some(encoding)
}

/// `windows-949-2000`, `ibm-943_P15A-2003`, `cp936`, `8859_1`, `euc-jp-2007`: the number says which.
fn by_code_page_name(name: &str) -> Option<&'static Encoding> {
    let name = name.trim().to_ascii_lowercase();
    if let Some(part) = name
        .strip_prefix("8859_")
        .or_else(|| name.strip_prefix("iso-8859_"))
    {
        let part = part.split('-').next()?;
        return Encoding::for_label(format!("iso-8859-{part}").as_bytes());
    }
    if name.starts_with("euc-jp") || name.starts_with("eucjp") {
        return Some(EUC_JP);
    }
    let (prefix, rest) = name.split_at(name.find(|c: char| c.is_ascii_digit())?);
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(end);
    let known = matches!(
        prefix.trim_end_matches(['-', '_']),
        "windows" | "ibm" | "cp" | "ms" | "x-windows" | "x-ibm" | "x-ms-cp" | ""
    );
    // `_P110-1999` and `-2000` are versions of a table, `c` a variant (cp943c).
    let version = suffix.is_empty() || suffix == "c" || suffix.starts_with(['-', '_']);
    if known && version {
        code_page(number.parse().ok()?)
    } else {
        None
    }
}

/// Windows numbers, and the IBM numbers ICU has for the same tables.
fn code_page(number: u32) -> Option<&'static Encoding> {
    Some(match number {
        367 | 1252 | 5348 | 20127 => WINDOWS_1252,
        866 => IBM866,
        874 | 1162 | 9067 => WINDOWS_874,
        878 | 20866 => KOI8_R,
        932 | 942 | 943 => SHIFT_JIS,
        936 | 1386 => GBK,
        949 | 970 | 1363 | 51949 => EUC_KR,
        950 | 951 | 1370 | 1373 | 1375 | 5471 => BIG5,
        954 | 20932 | 33722 | 51932 => EUC_JP,
        1208 | 65001 => UTF_8,
        1250 | 5346 => WINDOWS_1250,
        1251 | 5347 => WINDOWS_1251,
        1253 | 5349 => WINDOWS_1253,
        1254 | 5350 => WINDOWS_1254,
        1255 | 9447 => WINDOWS_1255,
        1256 | 9448 => WINDOWS_1256,
        1257 | 9449 => WINDOWS_1257,
        1258 | 5354 => WINDOWS_1258,
        1392 | 54936 => GB18030,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::lookup;

    #[test]
    fn names() {
        for (name, expected) in [
            ("UTF-8", "UTF-8"),
            ("utf8", "UTF-8"),
            ("windows-1252", "windows-1252"),
            ("US-ASCII", "windows-1252"),
            ("ISO-8859-1", "windows-1252"),
            ("8859_2", "ISO-8859-2"),
            ("iso-8859_10-1998", "ISO-8859-10"),
            ("GBK", "GBK"),
            ("gb2312", "GBK"),
            ("windows-936-2000", "GBK"),
            ("cp936", "GBK"),
            ("ibm-1386_P100-2001", "GBK"),
            ("gb18030", "gb18030"),
            ("Big5", "Big5"),
            ("windows-950-2000", "Big5"),
            ("Big5-HKSCS", "Big5"),
            ("Shift_JIS", "Shift_JIS"),
            ("windows-31j", "Shift_JIS"),
            ("ibm-943_P15A-2003", "Shift_JIS"),
            ("ibm-943_P130-1999", "Shift_JIS"),
            ("ms932", "Shift_JIS"),
            ("cp943c", "Shift_JIS"),
            ("EUC-JP", "EUC-JP"),
            ("euc-jp-2007", "EUC-JP"),
            ("ibm-33722_P12A_P12A-2004_U2", "EUC-JP"),
            ("EUC-KR", "EUC-KR"),
            ("windows-949-2000", "EUC-KR"),
            ("CP949", "EUC-KR"),
            ("KS_C_5601-1987", "EUC-KR"),
            ("ibm-970_P110_P110-2006_U2", "EUC-KR"),
            ("ibm-5348_P100-1997", "windows-1252"),
            (" ibm-5347_P100-1998 ", "windows-1251"),
            ("windows-874-2000", "windows-874"),
            ("KOI8-R", "KOI8-R"),
        ] {
            assert_eq!(lookup(name).map(|e| e.name()), Some(expected), "{name}");
        }
        for name in [
            "",
            "no such",
            "UTF-16",
            "UTF-16LE",
            "ISO-2022-JP",
            "ISO-2022-KR",
            "ibm-437_P100-1995",
            "cp949x",
            "949é",
        ] {
            assert_eq!(lookup(name), None, "{name}");
        }
    }
}
