//! Patterns as administrators write them: `*` stands for any text, everything else for itself, whatever the case.

/// Whether all of `text` is like `pattern`.
#[must_use]
pub fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    let mut pieces = pattern.split('*');
    let head = pieces.next().unwrap_or_default();
    let Some(tail) = pieces.next_back() else { return head == text };
    let Some(rest) = text.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail)) else { return false };
    // the first place for each piece leaves most room for those behind it
    pieces.try_fold(rest, |rest, piece| rest.find(piece).map(|at| &rest[at + piece.len()..])).is_some()
}

/// What `*` stands for in a pattern with one `*`, in lower case.
#[must_use]
pub fn middle(pattern: &str, text: &str) -> Option<String> {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    let (head, tail) = pattern.split_once('*')?;
    let middle = text.strip_prefix(head)?.strip_suffix(tail)?;
    (!middle.is_empty()).then(|| middle.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, expected) in [
            ("svc-*", "SVC-sql", true),
            ("svc-*", "my-svc-sql", false),
            ("*-robot", "scan-robot", true),
            ("backup", "backup", true),
            ("backup", "backup2", false),
            ("*", "", true),
            ("a*a", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*ou=shared*", "CN=x,OU=Shared,DC=corp", true),
            ("Ö*", "ölaf", true),
            ("", "x", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
        // no pattern costs more than the text is long for each of its pieces
        assert!(!fits(&"*a".repeat(50), &"a".repeat(49)));
        assert!(fits(&"*a".repeat(50), &"a".repeat(500)));
    }

    #[test]
    fn the_middle_is_the_everyday_name() {
        for (pattern, text, expected) in [
            ("adm-*", "ADM-Jane", Some("jane")),
            ("*.adm", "jane.adm", Some("jane")),
            ("adm-*", "adm-", None),
            ("adm-*", "jane", None),
            ("a*a", "aba", Some("b")),
            ("a*a", "a", None),
        ] {
            assert_eq!(middle(pattern, text).as_deref(), expected, "{pattern} {text}");
        }
    }
}
