//! The accesses of one collection, added up in bounded memory.
//!
//! A [`Table`] takes rows in any order; what does not fit goes to disk in sorted runs, in files without a name, so that nothing is
//! left of them however the agent ends. [`Rows`] come out merged, in the order of their keys, one by one and as often as wanted.
//! Nothing here knows where rows come from or go.
//!
//! Rows of one key are joined (invariant 1). Only what one database or log says in parts adds up first: its tenants, its days, or
//! what a long log has said so far.

mod entry;
mod runs;

use std::{
    collections::BTreeSet,
    convert::Infallible,
    fs::File,
    io::{self, Read},
    mem,
    path::PathBuf,
};

use caliper_proto::Access;

use crate::state::create_private;
use entry::{Entry, Fold, Known};
use runs::{Finished, Reader, Run, damaged, merge};

/// Bytes of rows held in memory: some 1,700 rows.
const MOST_BYTES: usize = 256 << 10;
/// Runs made one at once, each read through a small buffer.
const MOST_RUNS: usize = 64;

/// Rows that are being collected. What the disk refuses is told by [`Table::finish`].
#[derive(Debug)]
pub struct Table {
    scratch: Option<PathBuf>,
    most_bytes: usize,
    most_runs: usize,
    held: Held,
    /// Runs on disk; one of a level is made of many of the level below.
    levels: Vec<Vec<Finished>>,
    /// Number of the database or log that is being read, from 1; rows that stand for themselves have 0.
    origin: u32,
    /// What this origin says stands from here on, among other things.
    begun: usize,
    /// Some of what this origin says is on disk.
    spilled: bool,
    forgotten: BTreeSet<u32>,
    error: Option<io::Error>,
}

impl Default for Table {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Table {
    /// An empty table. What it cannot hold goes into the folder `scratch`, or else into the system's for temporary files.
    #[must_use]
    pub fn new(scratch: Option<PathBuf>) -> Self {
        Self::bounded(scratch, MOST_BYTES, MOST_RUNS)
    }

    fn bounded(scratch: Option<PathBuf>, most_bytes: usize, most_runs: usize) -> Self {
        Self {
            scratch,
            most_bytes,
            most_runs,
            held: Held::with_room(most_bytes),
            levels: Vec::new(),
            origin: 0,
            begun: 0,
            spilled: false,
            forgotten: BTreeSet::new(),
            error: None,
        }
    }

    /// Takes a row that stands for itself.
    pub fn join(&mut self, access: &Access) {
        self.put(access, 0, "");
    }

    /// Begins a database or log, of which the parts of a row add up until [`Table::end`] or [`Table::forget`].
    pub fn begin(&mut self) {
        self.origin += 1;
        self.begun = self.held.places.len();
        self.spilled = false;
    }

    /// Takes a part of a row. The same part again is the same observation: the larger one counts.
    pub fn add(&mut self, access: &Access, part: &str) {
        self.put(access, self.origin, part);
    }

    /// Ends a database or log.
    pub fn end(&mut self) {
        if !self.spilled {
            // all of it is here, so only its sums are needed, and copies of it take no more room
            self.held.fold(self.begun, Some(self.origin), &self.forgotten);
        }
    }

    /// Ends a database or log that turned out to be unusable: as if it had said nothing.
    pub fn forget(&mut self) {
        self.forgotten.insert(self.origin);
    }

    /// Tells early that the disk has refused something; the table is of no use then.
    pub fn check(&mut self) -> io::Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }

    fn put(&mut self, access: &Access, origin: u32, part: &str) {
        if self.error.is_some() {
            return;
        }
        let row = entry::row(&access.key);
        self.held.push(Entry { row: &row, origin, part: part.as_bytes(), known: Known::of(access) });
        if self.held.bytes.len() > self.most_bytes
            && let Err(error) = self.make_room()
        {
            self.error = Some(error);
            self.held.clear();
        }
    }

    fn make_room(&mut self) -> io::Result<()> {
        self.held.fold(0, Some(0), &self.forgotten);
        self.begun = 0;
        if self.held.bytes.len() > self.most_bytes / 2 { self.spill() } else { Ok(()) }
    }

    /// Writes what is held as a run, and makes one of many.
    fn spill(&mut self) -> io::Result<()> {
        self.held.sort(0);
        let mut run = Run::new(self.create()?);
        self.held.entries().try_for_each(|entry| run.write(entry))?;
        let mut run = run.finish()?;
        self.held.clear();
        (self.begun, self.spilled) = (0, true);
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            self.levels[level].push(run);
            if self.levels[level].len() < self.most_runs {
                break;
            }
            let mut merged = Run::new(self.create()?);
            merge(&mut mem::take(&mut self.levels[level]), |entry| merged.write(entry))?;
            run = merged.finish()?;
        }
        Ok(())
    }

    /// A file that nobody else can open and that is gone once it is closed.
    fn create(&self) -> io::Result<File> {
        let Some(folder) = &self.scratch else { return tempfile::tempfile() };
        create_private(folder)?;
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", folder.display()));
        tempfile::tempfile_in(folder).map_err(named)
    }

    /// The rows, each once, in the order of their keys. An error of the disk is told here, whenever it was met.
    pub fn finish(mut self) -> io::Result<Rows> {
        self.check()?;
        if self.levels.is_empty() {
            self.held.fold(0, None, &self.forgotten);
            let Held { bytes, places } = self.held;
            return Ok(Rows { count: places.len() as u64, kept: Kept::Held(bytes) });
        }
        self.spill()?;
        self.held = Held::default();
        let mut runs: Vec<Finished> = mem::take(&mut self.levels).into_iter().flatten().collect();
        let mut whole = Run::new(self.create()?);
        let (mut count, mut bytes) = (0, Vec::new());
        let mut write = |entry: Entry<'_>| {
            count += 1;
            bytes.clear();
            entry.write(&mut bytes);
            whole.write(&bytes)
        };
        let mut fold = Fold::new(None, &self.forgotten);
        merge(&mut runs, |entry| fold.take(Entry::read(entry).ok_or_else(damaged)?, &mut write))?;
        fold.end(&mut write)?;
        Ok(Rows { count, kept: Kept::OnDisk(whole.finish()?) })
    }
}

/// Entries in memory.
#[derive(Debug, Default)]
struct Held {
    bytes: Vec<u8>,
    /// Where each entry begins.
    places: Vec<u32>,
}

impl Held {
    /// With room for the rows of a full table, or a common one if it has no bound: growing step by step leaves holes in memory, and
    /// what is never written to takes none.
    fn with_room(most_bytes: usize) -> Self {
        let bytes = most_bytes.min(MOST_BYTES);
        Self { bytes: Vec::with_capacity(bytes + bytes / 8), places: Vec::with_capacity(bytes / 64) }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
    }

    fn push(&mut self, entry: Entry<'_>) {
        self.places.push(self.bytes.len() as u32);
        entry.write(&mut self.bytes);
    }

    /// Brings those from a place on into the order of their keys.
    fn sort(&mut self, from: usize) {
        let bytes = &self.bytes;
        let key = |place: &u32| entry::key(&bytes[*place as usize..]);
        self.places[from..].sort_unstable_by(|one, other| key(one).cmp(key(other)));
    }

    fn entries(&self) -> impl Iterator<Item = &[u8]> {
        self.places.iter().map(|place| {
            let start = &self.bytes[*place as usize..];
            &start[..entry::length(start).unwrap_or_default()]
        })
    }

    /// Makes one of equal ones from a place on, and of the parts of origins that are whole; the order is that of their rows then.
    fn fold(&mut self, from: usize, whole: Option<u32>, forgotten: &BTreeSet<u32>) {
        let Some(start) = self.places[from..].iter().min().copied() else { return };
        self.sort(from);
        let mut folded = Held::with_room(self.bytes.len() - start as usize);
        let mut fold = Fold::new(whole, forgotten);
        let mut push = |entry: Entry<'_>| {
            folded.push(entry);
            Ok::<_, Infallible>(())
        };
        for place in &self.places[from..] {
            if let Some(entry) = Entry::read(&self.bytes[*place as usize..]) {
                let Ok(()) = fold.take(entry, &mut push);
            }
        }
        let Ok(()) = fold.end(&mut push);
        self.places.truncate(from);
        self.places.extend(folded.places.iter().map(|place| start + place));
        self.bytes.truncate(start as usize);
        self.bytes.extend(folded.bytes);
    }
}

/// The rows of a collection in the order of their keys, in memory if they are few.
#[derive(Debug)]
pub struct Rows {
    count: u64,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    Held(Vec<u8>),
    OnDisk(Finished),
}

impl Rows {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The rows from the first on. Ends after an error of the disk.
    pub fn read(&mut self) -> io::Result<impl Iterator<Item = io::Result<Access>>> {
        let (from, length): (Box<dyn Read + '_>, u64) = match &mut self.kept {
            Kept::Held(bytes) => (Box::new(bytes.as_slice()), bytes.len() as u64),
            Kept::OnDisk(run) => run.open().map(|(from, length)| (Box::new(from) as _, length))?,
        };
        let mut reader = Reader::new(from, length);
        let mut left = self.count;
        Ok(std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let access = reader
                .advance()
                .and_then(|_| Entry::read(reader.entry()).and_then(|entry| entry.access()).ok_or_else(damaged));
            if access.is_err() {
                left = 0;
            }
            Some(access)
        }))
    }
}

impl FromIterator<Access> for Rows {
    fn from_iter<I: IntoIterator<Item = Access>>(accesses: I) -> Self {
        let mut table = Table::bounded(None, usize::MAX, MOST_RUNS);
        accesses.into_iter().for_each(|access| table.join(&access));
        table.finish().expect("nothing goes to disk without a bound")
    }
}

#[cfg(test)]
mod tests;
