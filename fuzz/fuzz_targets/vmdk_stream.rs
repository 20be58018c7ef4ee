#![no_main]
//! The input as a stream-optimized disk on a pipe.

libfuzzer_sys::fuzz_target!(|data: &[u8]| v2v_fuzz::vmdk::stream(data));
