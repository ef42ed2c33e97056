//! How long a text out of foreign bytes may be.

/// Names of accounts, machines and models stay far below it; two of them with a separator fit into the wire's limit.
const LONGEST: usize = 500;

/// The text, cut to 500 bytes at a character's edge.
pub fn shortened(text: &str) -> &str {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_stay_whole() {
        assert_eq!(shortened("jane"), "jane");
        assert_eq!(shortened(&"ä".repeat(300)).len(), 500);
        assert_eq!(shortened(&format!("a{}", "ä".repeat(300))).len(), 499);
    }
}
