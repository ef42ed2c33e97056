//! The state folder: identity, queue, the aggregator's configuration and the mark of the last collection.
//!
//! It knows how to write a file so that a crash leaves the old or the new content, and nothing of the content.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

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

    /// Folder of the queue.
    #[must_use]
    pub fn queue(&self) -> PathBuf {
        self.0.join("queue")
    }

    /// Makes the folder, for this account only, and proves that files can be written into it.
    pub fn prepare(&self) -> io::Result<()> {
        create_private(&self.0)?;
        tempfile::NamedTempFile::new_in(&self.0).map(drop)
    }
}

/// Makes a folder and its parents, readable by this account only.
pub fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", folder.display())))
}

/// Replaces `path` with `bytes`, readable by this account only; after a power cut it holds the old or the new content.
pub fn replace_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, bytes, true)
}

/// Like [`replace_durably`] without waiting for the disk: a power cut may leave nothing. For what can be found again.
pub fn replace_lazily(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, bytes, false)
}

fn replace(path: &Path, bytes: &[u8], durably: bool) -> io::Result<()> {
    // the parent of a bare file name is the empty path
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    // a temporary file is made for this account only (0600)
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(named)?;
    file.write_all(bytes).map_err(named)?;
    if durably {
        file.as_file().sync_all().map_err(named)?;
    }
    file.persist(path).map_err(|error| named(error.error))?;
    if durably { sync_folder(folder) } else { Ok(()) }
}

/// Makes the names in a folder durable. Windows has no such call; NTFS journals names by itself.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs_err::File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
