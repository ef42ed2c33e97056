//! How an error is told to a person: one line, what failed and then why; and how text of others is shown on a terminal.

use std::{
    error::Error,
    io::{self, Write},
};

use caliper_licensing::words::is_unseen;

/// Longest sentence, in characters: one that quotes a page of text helps nobody.
const LONGEST: usize = 2_000;

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
    let text = text.replace(is_unseen, " ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text,
    }
}

/// Passes text on to a terminal without what it would obey instead of showing it, line ends apart: files and evidence name
/// things as they like.
#[derive(Debug)]
pub struct Shown<W>(pub W);

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        // formatting hands over whole characters
        let shown = String::from_utf8_lossy(text).replace(|letter| letter != '\n' && is_unseen(letter), "\u{fffd}");
        self.0.write_all(shown.as_bytes())?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
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
        let page: &'static str = Box::leak("x".repeat(65_536).into_boxed_str());
        assert_eq!(sentence(&Told(page, None)).chars().count(), LONGEST + 2);
    }

    #[test]
    fn a_terminal_has_nothing_to_obey() {
        let mut shown = Vec::new();
        write!(Shown(&mut shown), "a\u{1b}[31m\u{202e}gpj.exe\r\nb").unwrap();
        assert_eq!(String::from_utf8(shown).unwrap(), "a\u{fffd}[31m\u{fffd}gpj.exe\u{fffd}\nb");
    }
}
