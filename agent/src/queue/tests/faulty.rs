//! A disk in memory that fails when told to: power cut, full, refusing. It forgets as much as a real one may.
//!
//! What was not made durable survives a power cut in part: of written sectors any, of lengths any between the old and the
//! new, of names any change by itself. A journal that keeps their order would be kinder.

use std::{
    collections::BTreeMap,
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use crate::queue::disk::{Disk, Handle, Lock, Use};

/// Sectors survive whole or not at all.
const SECTOR: usize = 512;

/// What goes wrong, and when: operations that change something are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The power goes at this operation: it may have happened or not, and nothing works after it.
    Cut(u64),
    /// This operation is refused, once; half of a write is done.
    Refuse(u64),
    /// From this operation on there is no room for so many operations; deleting and cutting work.
    Full(u64, u64),
}

#[derive(Debug, Clone, Default)]
struct Content {
    durable: Vec<u8>,
    now: Vec<u8>,
    /// Before this byte both are the same.
    same: usize,
}

impl Content {
    fn sync(&mut self) {
        self.durable.truncate(self.same);
        self.durable.extend_from_slice(&self.now[self.same..]);
        self.same = self.now.len();
    }
}

#[derive(Debug, Clone)]
enum Name {
    Made(PathBuf, usize),
    Moved(PathBuf, PathBuf, usize),
    Gone(PathBuf),
}

#[derive(Debug)]
struct State {
    files: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    pending: Vec<Name>,
    operations: u64,
    fault: Fault,
    is_on: bool,
}

/// The disk; clones are the same one.
#[derive(Debug, Clone)]
pub struct Faulty(Arc<Mutex<State>>);

#[derive(Debug)]
struct Open {
    disk: Faulty,
    file: usize,
    at: usize,
}

/// What kind of change an operation is.
#[derive(Clone, Copy, PartialEq)]
enum Change {
    /// Needs room.
    Grows,
    /// Needs none.
    Shrinks,
}

impl Faulty {
    /// An empty disk.
    pub fn new(fault: Fault) -> Self {
        Self(Arc::new(Mutex::new(State {
            files: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            pending: Vec::new(),
            operations: 0,
            fault,
            is_on: true,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Operations so far.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    pub fn is_on(&self) -> bool {
        self.state().is_on
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        self.state().fault = Fault::None;
    }

    /// Names of all files as they are now.
    pub fn names(&self) -> Vec<PathBuf> {
        self.state().names.keys().cloned().collect()
    }

    /// Power comes back after a cut: `choice` decides what survived of that which was not durable. 0: nothing, 1: all.
    pub fn power_on(&self, choice: u64, fault: Fault) {
        let mut state = self.state();
        let mut chance = Chance(choice);
        let state = &mut *state;
        for name in std::mem::take(&mut state.pending) {
            if !chance.survives() {
                continue;
            }
            match name {
                Name::Made(path, file) => drop(state.durable_names.insert(path, file)),
                Name::Moved(from, to, file) => {
                    state.durable_names.remove(&from);
                    state.durable_names.insert(to, file);
                }
                Name::Gone(path) => drop(state.durable_names.remove(&path)),
            }
        }
        state.names = state.durable_names.clone();
        for file in &mut state.files {
            let (old, new) = (std::mem::take(&mut file.durable), std::mem::take(&mut file.now));
            let (shortest, longest) = (old.len().min(new.len()), old.len().max(new.len()));
            let length = match choice {
                0 => old.len(),
                1 => new.len(),
                _ => shortest + (chance.next() % (longest - shortest + 1) as u64) as usize,
            };
            let mut content = vec![0; length];
            for start in (0..length).step_by(SECTOR) {
                let sector = start..length.min(start + SECTOR);
                let source = if chance.survives() { &new } else { &old };
                if let Some(part) = source.get(sector.start..sector.end.min(source.len())) {
                    content[sector.start..sector.start + part.len()].copy_from_slice(part);
                }
            }
            *file = Content { same: content.len(), durable: content.clone(), now: content };
        }
        (state.is_on, state.operations, state.fault) = (true, 0, fault);
    }

    /// Counts a change and says whether it is to be done: `Err` if not at all, `false` if only in part.
    fn change(state: &mut State, change: Change) -> io::Result<bool> {
        if !state.is_on {
            return Err(io::Error::other("no power"));
        }
        state.operations += 1;
        match state.fault {
            Fault::Cut(at) if at == state.operations => {
                state.is_on = false;
                Ok(true)
            }
            Fault::Refuse(at) if at == state.operations => Ok(false),
            Fault::Full(from, length)
                if change == Change::Grows && (from..from + length).contains(&state.operations) =>
            {
                Ok(false)
            }
            _ => Ok(true),
        }
    }

    /// After a change: an error if it was the last one or was not done.
    fn after(state: &State, done: bool) -> io::Result<()> {
        match (done, state.is_on) {
            (true, true) => Ok(()),
            (true, false) => Err(io::Error::other("no power")),
            (false, _) => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    fn find(state: &State, path: &Path) -> io::Result<usize> {
        state.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Disk for Faulty {
    fn make_folder(&self, _folder: &Path) -> io::Result<()> {
        if self.is_on() { Ok(()) } else { Err(io::Error::other("no power")) }
    }

    fn lock(&self, _path: &Path) -> io::Result<Option<Lock>> {
        Ok(Some(Box::new(())))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
        let state = self.state();
        let here = state.names.iter().filter(|(path, _)| path.parent() == Some(folder));
        Ok(here.map(|(path, file)| (path.clone(), state.files[*file].now.len() as u64)).collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Handle>> {
        let mut state = self.state();
        let done = Self::change(&mut state, Change::Grows)?;
        let file = state.files.len();
        if done {
            state.files.push(Content::default());
            state.names.insert(path.to_owned(), file);
            state.pending.push(Name::Made(path.to_owned(), file));
        }
        Self::after(&state, done)?;
        Ok(Box::new(Open { disk: self.clone(), file, at: 0 }))
    }

    fn open(&self, path: &Path, _use: Use) -> io::Result<Box<dyn Handle>> {
        let file = Self::find(&self.state(), path)?;
        Ok(Box::new(Open { disk: self.clone(), file, at: 0 }))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let state = self.state();
        let file = Self::find(&state, path)?;
        Ok(state.files[file].now.clone())
    }

    fn replace(&self, path: &Path, bytes: &[u8], durably: bool) -> io::Result<()> {
        let unnamed = path.with_extension("temporary");
        let mut file = self.create(&unnamed)?;
        let written = file.write_all(bytes).and_then(|()| if durably { file.sync() } else { Ok(()) });
        if let Err(error) = written {
            let _ = self.remove(&unnamed);
            return Err(error);
        }
        self.rename(&unnamed, path)?;
        if durably { self.sync_folder(path.parent().unwrap()) } else { Ok(()) }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        let file = Self::find(&state, from)?;
        let done = Self::change(&mut state, Change::Shrinks)?;
        if done {
            state.names.remove(from);
            state.names.insert(to.to_owned(), file);
            state.pending.push(Name::Moved(from.to_owned(), to.to_owned(), file));
        }
        Self::after(&state, done)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        Self::find(&state, path)?;
        let done = Self::change(&mut state, Change::Shrinks)?;
        if done {
            state.names.remove(path);
            state.pending.push(Name::Gone(path.to_owned()));
        }
        Self::after(&state, done)
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        let mut state = self.state();
        let done = Self::change(&mut state, Change::Shrinks)?;
        Self::after(&state, done)?;
        state.durable_names = state.names.clone();
        state.pending.clear();
        Ok(())
    }
}

impl Handle for Open {
    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.state();
        let done = Faulty::change(&mut state, Change::Shrinks)?;
        Faulty::after(&state, done)?;
        state.files[self.file].sync();
        Ok(())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        let done = Faulty::change(&mut state, Change::Shrinks)?;
        if done {
            let content = &mut state.files[self.file];
            content.now.resize(length as usize, 0);
            content.same = content.same.min(length as usize);
        }
        Faulty::after(&state, done)
    }
}

impl Read for Open {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let state = self.disk.state();
        let content = &state.files[self.file].now;
        let start = self.at.min(content.len());
        let length = buffer.len().min(content.len() - start);
        buffer[..length].copy_from_slice(&content[start..start + length]);
        self.at = start + length;
        Ok(length)
    }
}

impl Write for Open {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.disk.state();
        let done = Faulty::change(&mut state, Change::Grows)?;
        let bytes = if done { bytes } else { &bytes[..bytes.len() / 2] };
        let content = &mut state.files[self.file];
        let end = self.at + bytes.len();
        if content.now.len() < end {
            content.now.resize(end, 0);
        }
        content.now[self.at..end].copy_from_slice(bytes);
        content.same = content.same.min(self.at);
        self.at = end;
        Faulty::after(&state, done)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Open {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Start(at) = to else { unreachable!("the queue counts from the start") };
        self.at = at as usize;
        Ok(at)
    }
}

/// Numbers that look like chance and are the same every time.
struct Chance(u64);

impl Chance {
    /// 0 and 1 are no chance: nothing or everything.
    fn survives(&mut self) -> bool {
        match self.0 {
            0 => false,
            1 => true,
            _ => self.next() & 1 == 1,
        }
    }

    fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15) | 2;
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
