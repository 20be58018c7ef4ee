//! A source as a Xen domain, whatever it is written in.

use v2v_report::{Finding, SettingReport};
use v2v_xen::from_xl;
use v2v_xl::Config;
use v2v_xml::Document;

use crate::args::Kind;

/// A Xen domain, and what a configuration had to say beside it.
pub(crate) struct Source {
    pub(crate) document: Document,
    /// The settings of a configuration with their fate; none of XML.
    pub(crate) settings: Vec<SettingReport>,
    pub(crate) findings: Vec<Finding>,
}

/// What `bytes` are: XML begins with `<`, a configuration never does.
pub(crate) fn kind_of(bytes: &[u8]) -> Kind {
    // UTF-16 is not read, but the right parser should say so.
    let is_before =
        |byte: &&u8| byte.is_ascii_whitespace() || b"\xef\xbb\xbf\xff\xfe\0".contains(byte);
    match bytes.iter().find(|byte| !is_before(byte)) {
        Some(b'<') => Kind::Xml,
        _ => Kind::Xl,
    }
}

/// Longest source that is read.
pub(crate) fn max_bytes() -> u64 {
    let xml = v2v_xml::ParseOptions::default().max_bytes;
    xml.max(v2v_xl::ParseOptions::default().max_bytes)
}

/// The Xen domain that `bytes` are.
///
/// # Errors
///
/// What is wrong with XML, or why a text is no configuration.
pub(crate) fn parse(bytes: &[u8], len: u64, kind: Kind) -> anyhow::Result<Source> {
    if kind == Kind::Xml {
        let options = v2v_xml::ParseOptions::default();
        check_xml_len(len, options.max_bytes)?;
        return Ok(Source {
            document: Document::parse(bytes, &options)?,
            settings: Vec::new(),
            findings: Vec::new(),
        });
    }
    let options = v2v_xl::ParseOptions::default();
    if len > options.max_bytes {
        let (found, limit) = (len, options.max_bytes);
        return Err(v2v_xl::Error::TooLarge { found, limit }.into());
    }
    let xen = from_xl(&Config::parse(bytes, &options)?);
    Ok(Source {
        document: xen.document,
        settings: xen.settings,
        findings: xen.findings,
    })
}

fn check_xml_len(found: u64, limit: u64) -> Result<(), v2v_xml::Error> {
    match found > limit {
        true => Err(v2v_xml::Error::TooLarge { found, limit }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_character_tells_xml() {
        for (text, kind) in [
            (&b"<domain/>"[..], Kind::Xml),
            (b"\xef\xbb\xbf\n <domain/>", Kind::Xml),
            (b"\xff\xfe<\0d\0", Kind::Xml),
            (b"name = 'web'\n# <domain/>\n", Kind::Xl),
            (b"", Kind::Xl),
            (b"\0\0\0", Kind::Xl),
        ] {
            assert_eq!(kind_of(text), kind, "{text:?}");
        }
    }
}
