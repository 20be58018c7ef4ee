#![no_main]
//! libvirt domain XML: parse, print, parse again.

libfuzzer_sys::fuzz_target!(|data: &[u8]| v2v_fuzz::domain::xml(data));
