//! Little-endian numbers out of foreign bytes, never past their end.

/// The `N` bytes at `at`, if they are there.
pub fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// Unsigned 16-bit number.
pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

/// Unsigned 32-bit number.
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

/// Exclusive or of all 32-bit words.
pub fn xor32(bytes: &[u8]) -> u32 {
    bytes.as_chunks::<4>().0.iter().fold(0, |sum, word| sum ^ u32::from_le_bytes(*word))
}

/// A GUID as Windows stores it, as text: lower case with hyphens.
#[must_use]
pub fn guid_text(bytes: [u8; 16]) -> String {
    // the first three fields are little-endian numbers, the rest is bytes
    let first = u32_at(&bytes, 0).unwrap_or_default();
    let [second, third] = [4, 6].map(|at| u16_at(&bytes, at).unwrap_or_default());
    format!("{first:08x}-{second:04x}-{third:04x}-{}-{}", hex(&bytes[8..10]), hex(&bytes[10..]))
}

/// Bytes as hexadecimal digits in lower case.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // writing to a string cannot fail
        let _ = write!(text, "{byte:02x}");
        text
    })
}
