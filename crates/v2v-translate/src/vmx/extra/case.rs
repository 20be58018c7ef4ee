//! What the tests of the device rules look at: `.vmx` lines in; elements, findings and fates of keys out, as text.

use v2v_domain::Element;
use v2v_report::{Finding, SettingState};
use v2v_vmx::{Document, ParseOptions};

use crate::{Evidence, Policy, Translation, translate};

/// A 64-bit guest that drives virtio 1.0.
pub(in crate::vmx) const MODERN: &str = "guestOS = \"debian12-64\"\n";
/// A 64-bit guest that drives virtio 0.9.
pub(in crate::vmx) const LEGACY: &str = "guestOS = \"rhel6-64\"\n";
/// A Windows from before q35.
pub(in crate::vmx) const XP: &str = "guestOS = \"winxppro\"\n";

pub(in crate::vmx) struct Case {
    pub(in crate::vmx) translation: Translation,
}

pub(in crate::vmx) fn translated(lines: &str) -> Case {
    translated_with(lines, |_| ())
}

pub(in crate::vmx) fn translated_with(lines: &str, set: impl Fn(&mut Policy)) -> Case {
    let mut policy = Policy::default();
    set(&mut policy);
    let lines = format!("displayName = \"web01\"\nmemsize = \"512\"\n{lines}");
    let document = Document::parse(lines.as_bytes(), &ParseOptions::default()).unwrap();
    let translation = translate(&document, &policy, &Evidence::default());
    Case { translation }
}

impl Case {
    /// The devices of a kind, each in one line.
    pub(in crate::vmx) fn devices(&self, kind: &str) -> Vec<String> {
        let domain = self.translation.domain.to_element();
        let devices = domain.find("devices").unwrap();
        let found = devices.elements().filter(|device| device.name == kind);
        found.map(compact).collect()
    }

    /// The element of the domain, in one line.
    pub(in crate::vmx) fn element(&self, name: &str) -> String {
        let domain = self.translation.domain.to_element();
        domain.find(name).map(compact).unwrap_or_default()
    }

    /// The findings whose ids begin like that, each as `SEVERITY ID SUBJECT: TEXT -> ACTION`.
    pub(in crate::vmx) fn findings(&self, prefix: &str) -> Vec<String> {
        let findings = self.translation.findings.iter();
        let found = findings.filter(|finding| finding.id.as_str().starts_with(prefix));
        found.map(told).collect()
    }

    /// The fate of a key: an XPath, `ignored: REASON`, `not carried: REASON` or `unknown`.
    pub(in crate::vmx) fn fate(&self, key: &str) -> String {
        let mut settings = self.translation.settings.iter();
        let setting = settings.find(|setting| setting.key == key).unwrap();
        match setting.state {
            SettingState::Mapped => setting.to.clone().unwrap(),
            SettingState::Ignored => format!("ignored: {}", setting.reason),
            SettingState::NotCarried => format!("not carried: {}", setting.reason),
            SettingState::Unknown => "unknown".to_owned(),
        }
    }

    /// The keys in no table.
    pub(in crate::vmx) fn unknown(&self) -> Vec<&str> {
        let settings = self.translation.settings.iter();
        let unknown = settings.filter(|setting| setting.state == SettingState::Unknown);
        unknown.map(|setting| setting.key.as_str()).collect()
    }
}

fn told(finding: &Finding) -> String {
    let Finding {
        id,
        severity,
        subject,
        evidence,
        action,
        ..
    } = finding;
    let text = &evidence.text;
    match action.text.as_str() {
        "" => format!("{severity} {id} {subject}: {text}"),
        action => format!("{severity} {id} {subject}: {text} -> {action}"),
    }
}

fn compact(element: &Element) -> String {
    let name = &element.name;
    let attributes: String = element
        .attributes
        .iter()
        .map(|attribute| format!(" {}='{}'", attribute.name, attribute.value))
        .collect();
    let inside: String = element.elements().map(compact).collect();
    match format!("{}{inside}", element.content().trim()) {
        inside if inside.is_empty() => format!("<{name}{attributes}/>"),
        inside => format!("<{name}{attributes}>{inside}</{name}>"),
    }
}
