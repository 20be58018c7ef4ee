//! The JSON lines, version 1.

use serde::Serialize;
use v2v_report::{Finding, Outcome};

/// Additions keep the number.
const VERSION: u32 = 1;

#[derive(Serialize)]
pub(super) struct Line<'a> {
    v: u32,
    #[serde(flatten)]
    event: Event<'a>,
}

impl<'a> Line<'a> {
    pub(super) fn new(event: Event<'a>) -> Line<'a> {
        Line { v: VERSION, event }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Event<'a> {
    Start {
        program: &'a str,
        version: &'a str,
    },
    Phase {
        phase: &'static str,
        #[serde(skip_serializing_if = "str::is_empty")]
        subject: &'a str,
    },
    Progress {
        phase: &'static str,
        #[serde(skip_serializing_if = "str::is_empty")]
        subject: &'a str,
        done: u64,
        total: u64,
        unit: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        rate: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        eta_s: Option<u64>,
    },
    Finding(&'a Finding),
    End {
        result: Outcome,
        exit_code: u8,
    },
}
