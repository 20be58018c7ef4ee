#![no_main]
//! What parses prints, and what was printed parses to the same.

libfuzzer_sys::fuzz_target!(|data: &[u8]| v2v_fuzz::vmdk::text(data));
