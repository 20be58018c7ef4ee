//! The lines that programs write to stderr.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io::{self, Write};

use v2v_report::Finding;

/// `text` with everything escaped that would act on a terminal instead of being seen.
///
/// Names and paths come from files that others wrote. Control characters, line and paragraph separators, invisible
/// characters and those that change the direction of writing become `\n`, `\t`, `\r` or `\u{1b}`.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().fold(String::new(), |mut out, c| {
        if acts(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
        out
    }))
}

fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Writes a finding as one line: `program: severity: id: subject: what was seen; what to do`.
///
/// # Errors
///
/// If `out` cannot be written.
pub fn write_finding(out: &mut dyn Write, program: &str, finding: &Finding) -> io::Result<()> {
    let mut line = format!("{}: {}", finding.severity, finding.id);
    for part in [&finding.subject, &finding.evidence.text] {
        if !part.is_empty() {
            line.push_str(": ");
            line.push_str(part);
        }
    }
    if !finding.action.text.is_empty() {
        line.push_str("; ");
        line.push_str(&finding.action.text);
    }
    write_line(out, program, &line)
}

/// Writes an error as one line: `program: error`. For an `anyhow::Error` pass `format_args!("{err:#}")`, so that the
/// causes are part of it.
///
/// # Errors
///
/// If `out` cannot be written.
pub fn write_error(out: &mut dyn Write, program: &str, error: impl fmt::Display) -> io::Result<()> {
    let mut line = String::new();
    // Writing to a String fails only if the error's own Display does; then what it gave is shown.
    let _ = write!(line, "{error}");
    write_line(out, program, &line)
}

// One write call per line, so that lines of several processes on one terminal do not mix.
pub(crate) fn write_line(out: &mut dyn Write, program: &str, text: &str) -> io::Result<()> {
    out.write_all(format!("{program}: {}\n", printable(text)).as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use v2v_report::{Action, Evidence, FindingId, Severity};

    use super::*;

    fn line(finding: &Finding) -> String {
        let mut out = Vec::new();
        write_finding(&mut out, "vmx2libvirt", finding).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_finding_is_one_line() {
        let id = FindingId::new("nic-network-unmapped");
        let finding = Finding::new(id, Severity::Warn, "ethernet0")
            .evidence(
                Evidence::new("\"VM Network\" has no mapping")
                    .file("a.vmx")
                    .line(31),
            )
            .action(Action::manual("use --network-map or -b"));
        assert_eq!(
            line(&finding),
            "vmx2libvirt: warn: nic-network-unmapped: ethernet0: \"VM Network\" has no mapping; \
             use --network-map or -b\n"
        );
    }

    #[test]
    fn what_is_missing_leaves_no_gap() {
        let finding = Finding::new(FindingId::new("disk-zero"), Severity::Info, "");
        assert_eq!(line(&finding), "vmx2libvirt: info: disk-zero\n");
    }

    #[test]
    fn a_name_cannot_act_on_the_terminal() {
        let id = FindingId::new("disk-zero");
        let finding = Finding::new(
            id,
            Severity::Info,
            "a\u{1b}[2Jb\nvmx2libvirt: info: all is well",
        );
        assert_eq!(
            line(&finding),
            "vmx2libvirt: info: disk-zero: a\\u{1b}[2Jb\\nvmx2libvirt: info: all is well\n"
        );
        for (raw, shown) in [
            ("web 01 \"ü\" 東京 \\x", "web 01 \"ü\" 東京 \\x"),
            ("\u{7f}\u{9b}\0", "\\u{7f}\\u{9b}\\u{0}"),
            ("gpj.\u{202e}txt", "gpj.\\u{202e}txt"),
            ("a\u{200b}\u{feff}\u{2028}", "a\\u{200b}\\u{feff}\\u{2028}"),
        ] {
            assert_eq!(printable(raw), shown);
        }
        assert!(matches!(printable("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn an_error_is_one_line() {
        let mut out = Vec::new();
        write_error(
            &mut out,
            "vmdk2qcow2",
            format_args!("web\r01.vmdk: {}", "bad"),
        )
        .unwrap();
        assert_eq!(out, b"vmdk2qcow2: web\\r01.vmdk: bad\n");
    }
}
