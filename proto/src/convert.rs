//! The only place that knows both the generated wire types and the domain types (invariant 6).

mod access;
mod installed;
mod inventory;

pub use access::{CheckedBatch, CheckedRow};

/// Why a message of the wire is refused: names the field and what is wrong with it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{field}: {problem}")]
pub struct WireError {
    /// Path of the field inside the message.
    pub field: String,
    /// What is wrong.
    pub problem: String,
}

impl WireError {
    fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

/// Longest text taken from the wire, in bytes; Windows paths and names stay far below it.
const LONGEST_TEXT: usize = 1024;

fn checked_text(field: &str, text: &str) -> Result<(), WireError> {
    if text.len() > LONGEST_TEXT {
        return Err(WireError::new(field, format!("{} bytes long, at most {LONGEST_TEXT} expected", text.len())));
    }
    Ok(())
}

/// Replaces control characters: what others call themselves is printed on terminals, which would obey them.
#[must_use]
pub fn printable(text: String) -> String {
    if text.contains(char::is_control) { text.replace(char::is_control, "\u{fffd}") } else { text }
}

fn instant(field: &str, micros: i64) -> Result<crate::Instant, WireError> {
    crate::Instant::from_micros(micros)
        .ok_or_else(|| WireError::new(field, format!("{micros} microseconds are outside the years 1 to 9999")))
}
