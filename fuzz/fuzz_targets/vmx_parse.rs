#![no_main]
//! A configuration comes back byte for byte, and what its keys mean can be read.

libfuzzer_sys::fuzz_target!(|data: &[u8]| v2v_fuzz::vmx::text(data));
