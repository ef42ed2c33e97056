//! How an error is told to a person: one line, what failed and then why.

use std::error::Error;

/// An error and its causes joined by colons; a cause that only repeats the one before is left out.
#[must_use]
pub fn sentence(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut told = text.clone();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !cause_text.contains(&told) && !told.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
            told = cause_text;
        }
        next = cause.source();
    }
    // also what a terminal would obey: errors quote files and names of others
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Told(&'static str, #[source] Option<Box<Told>>);

    #[test]
    fn says_each_thing_once_in_one_line() {
        let disk = Told("code 28: no space", None);
        let space = Told("no space", Some(Box::new(disk)));
        let top = Told("the backup cannot be\n\u{1b}written", Some(Box::new(space)));
        assert_eq!(sentence(&top), "the backup cannot be  written: no space");
    }
}
