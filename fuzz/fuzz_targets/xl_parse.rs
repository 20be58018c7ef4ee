#![no_main]
//! A Xen configuration is read, means something, and comes back from print.

libfuzzer_sys::fuzz_target!(|data: &[u8]| v2v_fuzz::xl::text(data));
