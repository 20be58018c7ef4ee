#![no_main]
//! A configuration becomes a domain that can be read back, and no entry is lost.

libfuzzer_sys::fuzz_target!(|data: &[u8]| v2v_fuzz::translate::vmx(data));
