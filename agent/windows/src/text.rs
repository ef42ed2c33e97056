//! Texts as Windows wants them: UTF-16 that ends with a zero.

/// For a call. A zero inside would end the text early, so what follows one is left out.
pub fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().take_while(|unit| *unit != 0).chain([0]).collect()
}

/// From an answer: up to the first zero; what is no UTF-16 is replaced.
pub fn narrow(units: &[u16]) -> String {
    let end = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
    String::from_utf16_lossy(&units[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for text in ["", "SRV1", "Größe 🙂"] {
            assert_eq!(narrow(&wide(text)), text);
        }
        assert_eq!(narrow(&wide("cut\0off")), "cut");
        assert_eq!(narrow(&[0x53, 0xD800]), "S\u{FFFD}");
    }
}
