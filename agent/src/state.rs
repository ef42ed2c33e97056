//! The state folder: identity, queue, the aggregator's configuration and the mark of the last collection.
//!
//! It knows how to write a file so that a crash leaves the old or the new content, and nothing of the content.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

/// How often and how long a file that somebody else looks at is waited for.
const PATIENCE: u32 = 20;
const LOOK: Duration = Duration::from_millis(25);

const LOGS: &str = "logs";

/// Paths inside the state folder.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at `path`, which need not exist yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Key, certificate and address of the aggregator.
    #[must_use]
    pub fn identity(&self) -> PathBuf {
        self.0.join("identity.json")
    }

    /// The last configuration that the aggregator sent.
    #[must_use]
    pub fn remote(&self) -> PathBuf {
        self.0.join("aggregator.json")
    }

    /// Digest of the last collection that was queued whole.
    #[must_use]
    pub fn mark(&self) -> PathBuf {
        self.0.join("collection.json")
    }

    /// How often the agent ended itself for memory.
    #[must_use]
    pub fn ended(&self) -> PathBuf {
        self.0.join("ended.json")
    }

    /// A token that the service exchanges for an identity, put here by an installer.
    #[must_use]
    pub fn token(&self) -> PathBuf {
        self.0.join("token")
    }

    /// The log of the service.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.0.join(LOGS).join("agent.log")
    }

    /// Folder of the queue.
    #[must_use]
    pub fn queue(&self) -> PathBuf {
        self.0.join("queue")
    }

    /// Folder for what a collection cannot hold in memory. Its files have no names, or are gone when the agent ends.
    #[must_use]
    pub fn scratch(&self) -> PathBuf {
        self.0.join("scratch")
    }

    /// Deletes what a power cut may have left in the folder for collections; only for who knows that none is under way.
    pub fn clear_scratch(&self) -> io::Result<()> {
        let scratch = self.scratch();
        if scratch.exists() { fs_err::remove_dir_all(scratch) } else { Ok(()) }
    }

    /// Deletes what an agent keeps here, and the folder if nothing else is in it.
    pub fn delete(&self) -> io::Result<()> {
        let files = [self.identity(), self.remote(), self.mark(), self.ended(), self.token()];
        for file in files.iter().filter(|file| file.exists()) {
            fs_err::remove_file(file)?;
        }
        for folder in [self.queue(), self.scratch(), self.0.join(LOGS)].iter().filter(|folder| folder.exists()) {
            fs_err::remove_dir_all(folder)?;
        }
        if self.0.exists() && fs_err::read_dir(&self.0)?.next().is_none() {
            fs_err::remove_dir(&self.0)?;
        }
        Ok(())
    }

    /// Makes the folder, for this account only, and proves that files can be written into it.
    pub fn prepare(&self) -> io::Result<()> {
        create_private(&self.0)?;
        tempfile::NamedTempFile::new_in(&self.0).map(drop)
    }
}

/// Makes a folder and its parents, readable by this account only; on Windows by administrators too.
pub fn create_private(folder: &Path) -> io::Result<()> {
    create_for_us(folder).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", folder.display())))
}

#[cfg(not(windows))]
fn create_for_us(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(windows)]
fn create_for_us(folder: &Path) -> io::Result<()> {
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty() && !parent.is_dir()) {
        create_for_us(parent)?;
    }
    caliper_windows::private_folder::create(folder)
}

/// Replaces `path` with `bytes`, readable by this account only; after a power cut it holds the old or the new content.
pub fn replace_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, true, |file| file.write_all(bytes))
}

/// The same for what is written piece by piece.
pub fn write_durably(path: &Path, write: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>) -> io::Result<()> {
    replace(path, true, |file| {
        let mut file = BufWriter::new(file);
        write(&mut file)?;
        file.flush()
    })
}

/// Like [`replace_durably`] without waiting for the disk: a power cut may leave nothing. For what can be found again.
pub fn replace_lazily(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, false, |file| file.write_all(bytes))
}

fn replace(path: &Path, durably: bool, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    // the parent of a bare file name is the empty path
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    // a temporary file is made for this account only (0600)
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(named)?;
    write(file.as_file_mut()).map_err(named)?;
    if durably {
        file.as_file().sync_all().map_err(named)?;
    }
    rename(file, path).map_err(named)?;
    if durably { sync_folder(folder) } else { Ok(()) }
}

fn rename(mut file: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    for _ in 0..PATIENCE {
        match file.persist(path) {
            Ok(_) => return Ok(()),
            // Windows replaces no file while somebody looks at it, such as `doctor` or a virus scanner
            Err(refused) if cfg!(windows) && refused.error.kind() == io::ErrorKind::PermissionDenied => {
                file = refused.file;
                std::thread::sleep(LOOK);
            }
            Err(refused) => return Err(refused.error),
        }
    }
    file.persist(path).map(drop).map_err(|refused| refused.error)
}

/// Makes the names in a folder durable. Windows has no such call; NTFS journals names by itself.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs_err::File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_agent_keeps_is_deleted_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().join("state"));
        folder.delete().unwrap();
        create_private(&folder.queue()).unwrap();
        create_private(folder.log().parent().unwrap()).unwrap();
        create_private(&folder.scratch()).unwrap();
        for file in [
            folder.identity(),
            folder.token(),
            folder.mark(),
            folder.ended(),
            folder.log(),
            folder.queue().join("lock"),
        ] {
            replace_durably(&file, b"x").unwrap();
        }
        let foreign = folder.path().join("somebody else's");
        fs_err::write(&foreign, "x").unwrap();
        folder.delete().unwrap();
        let left: Vec<_> = fs_err::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left, std::slice::from_ref(&foreign));
        fs_err::remove_file(foreign).unwrap();
        folder.delete().unwrap();
        assert!(!folder.path().exists());
    }
}
