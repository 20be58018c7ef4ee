//! A Xen configuration as the domain that libvirt makes of it.
//!
//! The elements and their order are those of libvirt's own reader of xl and xm files, so that a domain made here goes
//! through the same rules as one from `virsh dumpxml`. Where that reader drops what the guest needs (a driver domain, a
//! limit of processor time, the bridge that xl would have chosen), the domain says it in libvirt's words. What libvirt
//! has no words for is a finding.

mod boot;
mod build;
mod cpu;
mod disk;
mod display;
mod domain;
mod draft;
mod features;
mod host;
mod interface;
mod ledger;
mod leftover;
mod port;
mod problem;
mod target;

use v2v_report::{Finding, SettingReport};
use v2v_xl::{Config, Guest};
use v2v_xml::Document;

use draft::Draft;

/// A configuration as the Xen domain that libvirt makes of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FromXl {
    /// The domain, of type xen. It has the passwords of the displays; the rest of this has none.
    pub document: Document,
    /// Every setting in the order of the file, each with its fate. Where it went is an XPath in [`document`](Self::document).
    pub settings: Vec<SettingReport>,
    /// What a person may have to know, in the order of the subjects.
    pub findings: Vec<Finding>,
}

/// Makes a Xen domain of a configuration.
///
/// Nothing is refused here: what the file gets wrong is a finding, and Python code is a blocker for each line of it. A
/// domain without a name or UUID has none here either; libvirt makes up a UUID, and a name is the caller's to give.
///
/// ```
/// use v2v_xl::{Config, ParseOptions};
///
/// let text = b"name = 'web01'\nmemory = 1024\ndisk = [ 'phy:/dev/vg/web01,xvda,w' ]\n";
/// let config = Config::parse(text, &ParseOptions::default())?;
/// let xen = v2v_xen::from_xl(&config);
/// let xml = xen.document.to_string();
/// assert!(xml.contains("<memory unit='KiB'>1048576</memory>"));
/// assert!(xml.contains("<source dev='/dev/vg/web01'/>"));
/// assert_eq!(xen.settings[2].to.as_deref(), Some("/domain/devices/disk"));
/// # Ok::<(), v2v_xl::Error>(())
/// ```
pub fn from_xl(config: &Config) -> FromXl {
    let guest = Guest::new(config);
    let mut draft = Draft::new(config, &guest);
    problem::tell(&mut draft);
    let domain = domain::domain(&mut draft);
    leftover::settle(&mut draft);
    let document = document(domain);
    let (settings, findings) = draft.close();
    FromXl {
        document,
        settings,
        findings,
    }
}

#[expect(
    clippy::expect_used,
    reason = "names are constants and given once, and `build` lets no character through that XML can't hold"
)]
fn document(domain: v2v_xml::NewElement) -> Document {
    Document::new(domain).expect("an element that can be written")
}
