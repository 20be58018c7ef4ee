#![no_main]
//! Any file taken for a qcow2 image.

libfuzzer_sys::fuzz_target!(|data: &[u8]| v2v_fuzz::qcow2::read(data));
