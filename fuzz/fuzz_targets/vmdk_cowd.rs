#![no_main]
//! The input as the VMFSSPARSE extent of a disk.

libfuzzer_sys::fuzz_target!(|data: &[u8]| v2v_fuzz::vmdk::cowd(data));
