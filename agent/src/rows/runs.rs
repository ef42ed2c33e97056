//! Sorted runs of entries on disk, and their merge.

use std::{
    cmp::Ordering,
    collections::{BinaryHeap, binary_heap::PeekMut},
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek as _, Write as _},
};

use super::entry::{key, length};

/// Bytes read and written at once.
const BUFFER: usize = 8 << 10;

/// What a disk must not do.
pub fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a temporary file does not hold what was written to it")
}

/// A run that is being written.
#[derive(Debug)]
pub struct Run {
    file: BufWriter<File>,
    length: u64,
}

impl Run {
    pub fn new(file: File) -> Self {
        Self { file: BufWriter::with_capacity(BUFFER, file), length: 0 }
    }

    pub fn write(&mut self, entry: &[u8]) -> io::Result<()> {
        self.length += entry.len() as u64;
        self.file.write_all(entry)
    }

    pub fn finish(self) -> io::Result<Finished> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Finished { file, length: self.length })
    }
}

/// A run that is whole; there is one reading at a time, as all share a place in the file.
#[derive(Debug)]
pub struct Finished {
    file: File,
    length: u64,
}

impl Finished {
    /// Its bytes from the first on, and how many they are.
    pub fn open(&mut self) -> io::Result<(BufReader<&File>, u64)> {
        self.file.rewind()?;
        Ok((BufReader::with_capacity(BUFFER, &self.file), self.length))
    }
}

/// Entries one by one.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    left: u64,
    entry: Vec<u8>,
}

impl<R: Read> Reader<R> {
    pub fn new(from: R, left: u64) -> Self {
        Self { from, left, entry: Vec::new() }
    }

    /// Goes to the next entry; false at the end.
    pub fn advance(&mut self) -> io::Result<bool> {
        self.entry.clear();
        if self.left == 0 {
            return Ok(false);
        }
        self.want(8)?;
        // without its days, of which then the number is known
        for _ in 0..2 {
            let length = length(&self.entry).ok_or_else(damaged)?;
            self.want(length)?;
        }
        Ok(true)
    }

    /// The entry, once [`Reader::advance`] has said that there is one.
    pub fn entry(&self) -> &[u8] {
        &self.entry
    }

    /// Reads until the entry has so many bytes.
    fn want(&mut self, length: usize) -> io::Result<()> {
        let have = self.entry.len();
        let more = (length - have) as u64;
        // never more than was written, so a disk that lies cannot ask for much memory
        self.left = self.left.checked_sub(more).ok_or_else(damaged)?;
        self.entry.resize(length, 0);
        self.from.read_exact(&mut self.entry[have..])
    }
}

/// Hands on all entries of the runs in the order of their keys.
pub fn merge(runs: &mut [Finished], mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut heads = BinaryHeap::with_capacity(runs.len());
    for run in runs {
        let (bytes, length) = run.open()?;
        let mut head = Head(Reader::new(bytes, length));
        if head.0.advance()? {
            heads.push(head);
        }
    }
    while let Some(mut head) = heads.peek_mut() {
        each(head.0.entry())?;
        if !head.0.advance()? {
            PeekMut::pop(head);
        }
    }
    Ok(())
}

/// The one with the least key is the greatest, as a heap has it.
struct Head<'run>(Reader<BufReader<&'run File>>);

impl Ord for Head<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        key(other.0.entry()).cmp(key(self.0.entry()))
    }
}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head<'_> {}
