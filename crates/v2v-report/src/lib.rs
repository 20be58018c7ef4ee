//! Findings and conversion reports as data.
//!
//! A library that met something a person should know returns a [`Finding`]: what, where, why, what to do. A program
//! collects them in a [`Report`], which is the document behind `--report`. Nothing here prints or reads the environment.
//!
//! The JSON form has the schema [`SCHEMA`]. A reader ignores fields it does not know, so additions keep the number; what
//! is not known is left out instead of being written as `null`. Paths are [`PathText`], because a file name on Linux is
//! bytes and JSON text is not.
//!
//! ```
//! use v2v_report::{Action, Evidence, Finding, FindingId, Report, Severity};
//!
//! const UNMAPPED: FindingId = FindingId::new("nic-network-unmapped");
//!
//! let mut report = Report::new("vmx2libvirt", "0.1.0");
//! report.findings.push(
//!     Finding::new(UNMAPPED, Severity::Warn, "ethernet0")
//!         .evidence(Evidence::new("\"VM Network\" has no mapping").file("web01.vmx").line(31))
//!         .action(Action::manual("use --network-map or -b")),
//! );
//! assert_eq!(report.manual(), [UNMAPPED]);
//!
//! let json = report.to_json()?;
//! assert_eq!(Report::from_json(&json)?, report);
//! # Ok::<(), v2v_report::Error>(())
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

mod disk;
mod error;
mod finding;
mod id;
mod machine;
mod path;
mod report;
mod setting;
mod timing;

pub use disk::{DiskHash, DiskReport};
pub use error::{Error, IdError};
pub use finding::{Action, ActionKind, Evidence, Finding, Severity};
pub use id::FindingId;
pub use machine::{BootReport, NicReport, NicTarget};
pub use path::PathText;
pub use report::{Confidence, GuestOsReport, Outcome, Report, SCHEMA, SourceReport};
pub use setting::{SettingReport, SettingState};
pub use timing::Timing;
