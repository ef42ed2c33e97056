//! Firmware tables in all layouts.

#![no_main]

use caliper_evidence::smbios;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = smbios::looks_like_smbios(bytes, bytes.len() as u64);
    let Ok(firmware) = smbios::read(bytes) else { return };
    let _ = (firmware.sockets(), firmware.cores(), firmware.threads());
});
