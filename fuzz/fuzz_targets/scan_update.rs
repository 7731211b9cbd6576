//! See the function of the same name in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| samsyn_fuzz::scan_update(bytes));
