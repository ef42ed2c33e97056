//! What can be wrong with a database file; each error names the byte offset, what was expected and what was found.

use std::io;

/// Why a database or a part of it cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum EseError {
    /// The operating system could not deliver the bytes.
    #[error("byte {offset}: cannot be read")]
    Io {
        /// Where in the file.
        offset: u64,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Neither copy of the header has the signature or a page size that exists.
    #[error("byte {offset}: {what}: expected {expected}, found {found}")]
    Damaged {
        /// Where in the file.
        offset: u64,
        /// Which structure.
        what: &'static str,
        /// What the format demands.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The file ends before a page that its tree needs.
    #[error("byte {offset}: page {page} lies beyond the end of the file at byte {length}: the copy is cut off")]
    CutOff {
        /// Where the page should be.
        offset: u64,
        /// Its number.
        page: u32,
        /// Length of the file.
        length: u64,
    },
}

impl EseError {
    #[expect(clippy::needless_pass_by_value, reason = "call sites read better without borrows")]
    pub(super) fn damaged(offset: u64, what: &'static str, expected: impl ToString, found: impl ToString) -> Self {
        Self::Damaged { offset, what, expected: expected.to_string(), found: found.to_string() }
    }
}

/// A value inside a record that does not follow its format; the record knows where it lies.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed {
    pub(super) what: &'static str,
    pub(super) expected: String,
    pub(super) found: String,
}

impl Malformed {
    #[expect(clippy::needless_pass_by_value, reason = "call sites read better without borrows")]
    pub(super) fn new(what: &'static str, expected: impl ToString, found: impl ToString) -> Self {
        Self { what, expected: expected.to_string(), found: found.to_string() }
    }

    pub(super) fn at(self, offset: u64) -> EseError {
        EseError::Damaged { offset, what: self.what, expected: self.expected, found: self.found }
    }
}

/// More sentences than this about one file help nobody; the rest is counted.
const MOST_WARNINGS: usize = 50;

/// Sentences about damage that was stepped over.
#[derive(Debug, Default)]
pub struct Warnings {
    kept: Vec<String>,
    more: usize,
}

impl Warnings {
    #[expect(clippy::needless_pass_by_value, reason = "call sites read better without borrows")]
    pub(super) fn push(&mut self, sentence: impl ToString) {
        if self.kept.len() < MOST_WARNINGS {
            self.kept.push(sentence.to_string());
        } else {
            self.more += 1;
        }
    }

    pub(super) fn take(&mut self) -> Vec<String> {
        let Self { mut kept, more } = std::mem::take(self);
        if more > 0 {
            kept.push(format!("and {more} more damaged places"));
        }
        kept
    }
}
