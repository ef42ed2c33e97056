//! What administrators call servers to find them again: a site, and tags.

/// Longest site or tag, in characters.
pub const LONGEST_LABEL: usize = 64;

/// Most tags of one server.
pub const MOST_TAGS: usize = 16;

/// Site and tags of a server. They decide nothing; lists are filtered by them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    /// Empty: not said.
    pub site: String,
    /// Each once, in the order given.
    pub tags: Vec<String>,
}

/// Why texts are no labels.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LabelError {
    /// Not a site.
    #[error("site: expected {form}", form = form())]
    Site,
    /// Not a tag.
    #[error("tags[{0}]: expected {form}", form = form())]
    Tag(usize),
    /// More than the cap.
    #[error("tags: {0} of them, at most {MOST_TAGS} expected")]
    TooMany(usize),
}

fn form() -> String {
    format!("1 to {LONGEST_LABEL} characters without commas, control characters or blanks around them")
}

/// Whether a text can be a site or a tag. A comma separates tags where there is only one line for them.
#[must_use]
pub fn is_label(text: &str) -> bool {
    let fits = (1..=LONGEST_LABEL).contains(&text.chars().count());
    fits && text.trim() == text && !text.contains(|letter: char| letter == ',' || letter.is_control())
}

impl Labels {
    /// Checks them; a tag that comes twice counts once.
    pub fn new(site: String, tags: Vec<String>) -> Result<Self, LabelError> {
        if tags.len() > MOST_TAGS {
            return Err(LabelError::TooMany(tags.len()));
        }
        if !site.is_empty() && !is_label(&site) {
            return Err(LabelError::Site);
        }
        let mut labels = Self { site, tags: Vec::with_capacity(tags.len()) };
        for (at, tag) in tags.into_iter().enumerate() {
            if !is_label(&tag) {
                return Err(LabelError::Tag(at));
            }
            if !labels.tags.contains(&tag) {
                labels.tags.push(tag);
            }
        }
        Ok(labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_short_lines_without_commas() {
        for (text, fits) in [
            ("München Süd", true),
            (&"ü".repeat(64), true),
            (&"ü".repeat(65), false),
            ("", false),
            (" Munich", false),
            ("Munich\n", false),
            ("a,b", false),
            ("a\u{1b}b", false),
        ] {
            assert_eq!(is_label(text), fits, "{text:?}");
        }
    }

    #[test]
    fn a_wrong_one_is_named_and_one_that_comes_twice_counts_once() {
        let labels =
            |site: &str, tags: &[&str]| Labels::new(site.into(), tags.iter().map(|tag| (*tag).to_owned()).collect());
        assert_eq!(labels("", &["b", "a", "b"]).unwrap().tags, ["b", "a"]);
        assert_eq!(labels("a,b", &[]), Err(LabelError::Site));
        assert_eq!(labels("Munich", &["a", ""]), Err(LabelError::Tag(1)));
        assert_eq!(labels("", &["a"; 17]), Err(LabelError::TooMany(17)));
        assert!(LabelError::Tag(1).to_string().starts_with("tags[1]: expected 1 to 64 characters without commas"));
    }
}
