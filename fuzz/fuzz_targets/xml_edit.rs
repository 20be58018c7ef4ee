#![no_main]
//! XML comes back byte for byte, and after any changes it is what the nodes say.

libfuzzer_sys::fuzz_target!(|data: &[u8]| v2v_fuzz::xml::edit(data));
