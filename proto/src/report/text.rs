//! The text of a report file as a JSON reader takes it: byte by byte, checked to be UTF-8, and never more of one thing at
//! once than was allowed.

use std::{
    cell::{Cell, RefCell},
    io::{self, Read},
    str,
};

use super::ReportError;

/// Bytes read at once.
const BLOCK: usize = 16 << 10;

/// What some editors and shells of Windows put in front.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// How much of the thing that is being read may still come, and why reading ended.
#[derive(Debug)]
pub struct Allowance {
    left: Cell<u64>,
    problem: RefCell<Option<ReportError>>,
}

impl Allowance {
    pub fn new(bytes: u64) -> Self {
        Self { left: Cell::new(bytes), problem: RefCell::new(None) }
    }

    /// Allows so many bytes from here on; returns what was left of before.
    pub fn replace(&self, bytes: u64) -> u64 {
        self.left.replace(bytes)
    }

    /// Keeps the first problem, of which the JSON reader would only say that there is one.
    pub fn fail(&self, problem: ReportError) -> io::Error {
        self.problem.borrow_mut().get_or_insert(problem);
        io::Error::other("see the problem that is kept")
    }

    pub fn problem(&self) -> Option<ReportError> {
        self.problem.borrow_mut().take()
    }
}

/// The text, read through a buffer of its own.
pub struct Text<'a, R> {
    input: R,
    allowance: &'a Allowance,
    buffer: Vec<u8>,
    /// What is handed out next.
    at: usize,
    /// The end of what is checked; behind it there may be the beginning of a character.
    checked: usize,
    /// Bytes of the file before the buffer.
    before: u64,
    is_begun: bool,
}

impl<'a, R: Read> Text<'a, R> {
    pub fn new(input: R, allowance: &'a Allowance) -> Self {
        let buffer = Vec::with_capacity(BLOCK);
        Self { input, allowance, buffer, at: 0, checked: 0, before: 0, is_begun: false }
    }

    /// Reads the next block; nothing is left to hand out then only at the end.
    fn fill(&mut self) -> io::Result<()> {
        self.before += self.checked as u64;
        self.buffer.drain(..self.checked);
        (self.at, self.checked) = (0, 0);
        let room = (BLOCK - self.buffer.len()) as u64;
        let read = self.input.by_ref().take(room).read_to_end(&mut self.buffer);
        read.map_err(|error| self.allowance.fail(ReportError::Read(error)))?;
        let is_end = self.buffer.len() < BLOCK;
        self.checked = match str::from_utf8(&self.buffer) {
            Ok(text) => text.len(),
            // a character may go on in the next block, and what stands before a wrong byte is read first
            Err(error) if error.valid_up_to() > 0 || (error.error_len().is_none() && !is_end) => error.valid_up_to(),
            Err(_) => return Err(self.allowance.fail(ReportError::NotText { offset: self.before })),
        };
        if !self.is_begun && self.buffer.starts_with(BYTE_ORDER_MARK) {
            self.at = BYTE_ORDER_MARK.len();
        }
        self.is_begun = true;
        Ok(())
    }
}

impl<R: Read> Read for Text<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.at == self.checked {
            self.fill()?;
        }
        let left = self.allowance.left.get();
        let next = &self.buffer[self.at..self.checked];
        if left == 0 && !next.is_empty() {
            return Err(self.allowance.fail(ReportError::TooLong { offset: self.before + self.at as u64 }));
        }
        let count = next.len().min(bytes.len()).min(usize::try_from(left).unwrap_or(usize::MAX));
        bytes[..count].copy_from_slice(&next[..count]);
        self.allowance.left.set(left - count as u64);
        self.at += count;
        Ok(count)
    }
}
