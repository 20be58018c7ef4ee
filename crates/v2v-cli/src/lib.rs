//! What the commands share, so that they behave alike.
//!
//! | for | there is |
//! |---|---|
//! | arguments | [`parse_size`], [`parse_rate`], [`CreationOptions`], [`ProgressArgs`], [`Policy`], [`ReportTarget`], [`spell_out`] |
//! | one text from another | [`read_source`], [`Conversion`], [`Many`], [`print`](fn@print), [`write_one_of_many`], [`validate`](fn@validate), [`explain_settings`] |
//! | stderr | [`write_finding`], [`write_error`], [`Progress`], [`start_log`] |
//! | the end | [`ExitStatus`], [`usage`](fn@usage), [`write_report`] |
//! | signals | [`Signals`] |
//! | the packager | [`Generate`] |
//!
//! This is the binaries' half of the workspace: it may look at terminals and signals, which a library does not.
//!
//! ```
//! assert_eq!(v2v_cli::parse_size("1.5G")?, 1_610_612_736);
//! assert_eq!(v2v_cli::human_size(1_610_612_736), "1.5 GiB");
//! # Ok::<(), v2v_cli::SizeError>(())
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

mod conversion;
mod creation_options;
mod exit;
mod explain;
mod generate;
mod line;
mod log;
mod many;
mod one_dash;
mod product;
mod progress;
mod report_file;
mod signals;
mod size;
mod usage;
mod validate;

pub use conversion::Conversion;
pub use creation_options::{CreationOptions, OptionError};
pub use exit::{ExitStatus, FailOn, Policy};
pub use explain::{count_settings, explain_settings};
pub use generate::Generate;
pub use line::{printable, write_error, write_finding};
pub use log::start_log;
pub use many::Many;
pub use one_dash::spell_out;
pub use product::{SourceText, print, read_source, shown, write_one_of_many, written};
pub use progress::{Phase, Progress, ProgressArgs, ProgressFormat};
pub use report_file::{ReportError, ReportTarget, write_report};
pub use signals::Signals;
pub use size::{Rate, SizeError, human_size, parse_rate, parse_size};
pub use usage::{is_usage, usage};
pub use validate::validate;
