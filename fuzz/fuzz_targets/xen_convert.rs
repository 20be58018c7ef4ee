#![no_main]
//! A Xen guest, XML or configuration, becomes a domain that can be read back, once and for all.

libfuzzer_sys::fuzz_target!(|data: &[u8]| v2v_fuzz::xen::guest(data));
