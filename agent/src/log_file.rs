//! What is logged, and the log of a service in two files of bounded size: the one at work, and the one before it.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use fs_err::File;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

/// The agent's own entries of this level and above, and warnings of the libraries.
///
/// Plain names of targets: the language of `EnvFilter` would bring a compiler for regular expressions along.
#[must_use]
pub fn filter(level: &str) -> Targets {
    let own = level.parse().unwrap_or(LevelFilter::INFO);
    Targets::new().with_default(LevelFilter::WARN).with_target("caliper_agent", own)
}

/// The file at work; when it is full it takes the place of the older one, and an empty one follows.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    most: u64,
    /// `None` while it changes place: Windows renames no file that is open.
    file: Option<File>,
    length: u64,
}

impl LogFile {
    /// Goes on with the file at `path`, made if missing; each of the two files holds about `most` bytes.
    pub fn open(path: &Path, most: u64) -> io::Result<Self> {
        let mut log = Self { path: path.to_owned(), most, file: None, length: 0 };
        log.reopen()?;
        Ok(log)
    }

    fn reopen(&mut self) -> io::Result<()> {
        let file = File::options().create(true).append(true).open(&self.path)?;
        self.length = file.metadata()?.len();
        self.file = Some(file);
        Ok(())
    }
}

impl Write for LogFile {
    /// Writes a whole entry, so that none is cut in two.
    fn write(&mut self, entry: &[u8]) -> io::Result<usize> {
        if self.length > 0 && self.length + entry.len() as u64 > self.most {
            self.file = None;
            // while somebody looks at the file Windows does not rename it: it grows until the next entry
            let _ = fs_err::rename(&self.path, self.path.with_extension("old.log"));
        }
        if self.file.is_none() {
            self.reopen()?;
        }
        if let Some(file) = &mut self.file {
            file.write_all(entry)?;
        }
        self.length += entry.len() as u64;
        Ok(entry.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn the_level_is_for_the_agents_own_entries() {
        let filter = filter("debug");
        for (target, level, passes) in [
            ("caliper_agent::run", Level::DEBUG, true),
            ("caliper_agent::run", Level::TRACE, false),
            ("caliper_agent", Level::DEBUG, true),
            ("hyper", Level::INFO, false),
            ("hyper", Level::WARN, true),
        ] {
            assert_eq!(filter.would_enable(target, &level), passes, "{target} {level}");
        }
    }

    #[test]
    fn the_newest_entries_are_kept_whole_in_two_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.log");
        let read = |name: &str| fs_err::read_to_string(folder.path().join(name)).unwrap();
        let mut log = LogFile::open(&path, 30).unwrap();
        for entry in 1..=3 {
            log.write_all(format!("entry number {entry}\n").as_bytes()).unwrap();
        }
        assert_eq!(
            (read("agent.old.log"), read("agent.log")),
            ("entry number 1\nentry number 2\n".into(), "entry number 3\n".into())
        );
        // another start goes on
        drop(log);
        let mut log = LogFile::open(&path, 30).unwrap();
        for entry in 4..=5 {
            log.write_all(format!("entry number {entry}\n").as_bytes()).unwrap();
        }
        assert_eq!(
            (read("agent.old.log"), read("agent.log")),
            ("entry number 3\nentry number 4\n".into(), "entry number 5\n".into())
        );
        log.write_all(&[b'x'; 100]).unwrap();
        assert_eq!(read("agent.log").len(), 100, "one that is too long for any file has one to itself");
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 2);
    }
}
