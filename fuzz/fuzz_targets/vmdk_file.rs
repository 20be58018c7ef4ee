#![no_main]
//! Any file taken for a VMDK: descriptor, single sparse file, stream-optimized file.

libfuzzer_sys::fuzz_target!(|data: &[u8]| v2v_fuzz::vmdk::file(data));
