#![no_main]
//! The input as the parts of a disk of plain extents.

libfuzzer_sys::fuzz_target!(|data: &[u8]| v2v_fuzz::vmdk::flat(data));
