//! Where every setting of a source went, one line each.

use std::fmt::Write as _;

use v2v_report::{SettingReport, SettingState};

use crate::line::printable;

/// Keys longer than this push their line to the right.
const KEY_WIDTH: usize = 32;

/// The fate of all settings: line, state, key, and where it went or why it went nowhere.
pub fn explain_settings(settings: &[SettingReport]) -> String {
    let mut text = String::new();
    for setting in settings {
        let to = setting.to.as_deref().map(|to| format!("-> {to}"));
        let reason = Some(setting.reason.clone()).filter(|reason| !reason.is_empty());
        let parts: Vec<String> = to.into_iter().chain(reason).collect();
        let value = setting
            .value
            .as_deref()
            .map_or("(not shown)".into(), |value| format!("{value:?}"));
        // Writing to a String can't fail.
        let _ = writeln!(
            text,
            "{:>5} {:<11} {:<KEY_WIDTH$} {}  {}",
            setting.line,
            setting.state.name(),
            printable(&setting.key),
            printable(&value),
            printable(&parts.join("; ")),
        );
    }
    text
}

/// How many settings met which fate: `61 settings: 40 mapped, 18 ignored, 2 not carried, 1 unknown`.
pub fn count_settings(settings: &[SettingReport]) -> String {
    let of = |state| {
        settings
            .iter()
            .filter(|setting| setting.state == state)
            .count()
    };
    format!(
        "{} settings: {} mapped, {} ignored, {} not carried, {} unknown",
        settings.len(),
        of(SettingState::Mapped),
        of(SettingState::Ignored),
        of(SettingState::NotCarried),
        of(SettingState::Unknown),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(key: &str, line: u64, state: SettingState) -> SettingReport {
        SettingReport::new(key, line, state)
    }

    #[test]
    fn a_line_says_what_became_of_a_key() {
        let mut mapped = setting("memsize", 3, SettingState::Mapped);
        mapped.value = Some("2048".into());
        mapped.to = Some("/domain/memory".into());
        let mut secret = setting("guestinfo.userdata", 120, SettingState::NotCarried);
        secret.reason = "QEMU has no guestinfo".into();
        let text = explain_settings(&[mapped.clone(), secret.clone()]);
        assert_eq!(
            text,
            "    3 mapped      memsize                          \"2048\"  -> /domain/memory\n  \
             120 not-carried guestinfo.userdata               (not shown)  QEMU has no guestinfo\n"
        );
        assert_eq!(
            count_settings(&[mapped, secret]),
            "2 settings: 1 mapped, 0 ignored, 1 not carried, 0 unknown"
        );
    }

    #[test]
    fn a_value_stays_on_its_line() {
        let mut unknown = setting("a\u{1b}b", 1, SettingState::Unknown);
        unknown.value = Some("x\ny\u{202e}".into());
        let text = explain_settings(&[unknown]);
        assert!(
            text.contains("a\\u{1b}b") && text.contains("\"x\\ny\\u{202e}\""),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1);
    }
}
