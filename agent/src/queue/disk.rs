//! The file operations of the queue: those of the system here, and in tests those of a disk that fails when told to.

use std::{
    any::Any,
    fmt,
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

use fs_err::File;

use crate::state::{create_private, replace_durably, replace_lazily, sync_folder};

/// Held as long as it lives; the system lets go of it when the process dies.
pub type Lock = Box<dyn Any + Send + Sync>;

/// Where a queue lies.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Makes a folder for this account only, if it is missing.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;
    /// Takes a lock that one process holds at most; `None` if another has it.
    fn lock(&self, path: &Path) -> io::Result<Option<Lock>>;
    /// The files of a folder with their lengths.
    fn list(&self, folder: &Path) -> io::Result<Vec<(PathBuf, u64)>>;
    /// Makes an empty file, in place of one that is there.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Handle>>;
    /// Opens a file at its start.
    fn open(&self, path: &Path, use_: Use) -> io::Result<Box<dyn Handle>>;
    /// The whole content of a small file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Puts a small file in the place of `path`. Unless `durably`, a power cut may leave anything there.
    fn replace(&self, path: &Path, bytes: &[u8], durably: bool) -> io::Result<()>;
    /// Gives a file another name, in place of a file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Deletes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Reading only.
    Read,
    /// Writing, too.
    Write,
}

/// An open file.
pub trait Handle: Read + Write + Seek + fmt::Debug + Send {
    /// Makes content and length durable.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts the file off at `length`.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

/// The file system.
#[derive(Debug)]
pub struct Real;

impl Disk for Real {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        create_private(folder)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
        let entry = |entry: io::Result<fs_err::DirEntry>| {
            let entry = entry?;
            Ok((entry.path(), entry.metadata()?.len()))
        };
        fs_err::read_dir(folder)?.map(entry).collect()
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Handle>> {
        Ok(Box::new(File::create(path)?))
    }

    fn open(&self, path: &Path, use_: Use) -> io::Result<Box<dyn Handle>> {
        Ok(Box::new(File::options().read(true).write(use_ == Use::Write).open(path)?))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs_err::read(path)
    }

    fn replace(&self, path: &Path, bytes: &[u8], durably: bool) -> io::Result<()> {
        if durably { replace_durably(path, bytes) } else { replace_lazily(path, bytes) }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs_err::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs_err::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        sync_folder(folder)
    }
}

impl Handle for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}
