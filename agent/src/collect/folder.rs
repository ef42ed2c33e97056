//! The files of a folder and what they are, by content, never by name.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use caliper_evidence::{ese, event_log, registry, smbios};

use super::CollectError;

/// Deeper folders than this are left alone.
const DEEPEST: usize = 16;
/// More files than this are not looked at.
const MOST_FILES: usize = 100_000;
/// Enough for the second copy of a database header at the largest page size, and for the start of a report.
const START: u64 = 32_768 + 256;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An ESE database.
    Database,
    /// An event log.
    EventLog,
    /// A firmware table.
    Smbios,
    /// A report of this program or of a tool that speaks its format.
    Report,
    /// A registry hive.
    Hive,
    /// Text of `reg export`.
    RegistryExport,
}

/// The files that mean something, in order of their paths.
#[derive(Debug, Default)]
pub struct Folder {
    /// Recognised files.
    pub files: Vec<(PathBuf, Kind)>,
    /// Files that are nothing we know.
    pub ignored: usize,
    /// What was left out.
    pub warnings: Vec<String>,
}

impl Folder {
    /// Walks the folder. Links to files are read; links to folders are not followed, so there are no cycles.
    pub fn read(dir: &Path) -> Result<Self, CollectError> {
        let mut folder = Self::default();
        let mut pending = vec![(dir.to_owned(), 0)];
        let mut seen = 0;
        while let Some((path, depth)) = pending.pop() {
            let entries = match fs_err::read_dir(&path) {
                Ok(entries) => entries,
                Err(source) if depth == 0 => return Err(CollectError::Unreadable(source)),
                Err(error) => {
                    folder.warnings.push(format!("folder skipped: {error}"));
                    continue;
                }
            };
            for entry in entries {
                let entry = entry.map_err(CollectError::Unreadable)?;
                let at = entry.path();
                let is_link = entry.file_type().map_err(CollectError::Unreadable)?.is_symlink();
                let kind = match fs_err::metadata(&at) {
                    Ok(metadata) => metadata.file_type(),
                    Err(error) => {
                        folder.warnings.push(format!("file skipped: {error}"));
                        continue;
                    }
                };
                if kind.is_dir() && is_link {
                    folder.warnings.push(format!("{}: a link to a folder, not followed", at.display()));
                } else if kind.is_dir() && depth < DEEPEST {
                    pending.push((at, depth + 1));
                } else if kind.is_dir() {
                    folder.warnings.push(format!("{}: deeper than {DEEPEST} folders, skipped", at.display()));
                } else if kind.is_file() && seen < MOST_FILES {
                    seen += 1;
                    folder.add(at);
                } else if kind.is_file() && seen == MOST_FILES {
                    seen += 1;
                    folder.warnings.push(format!("only the first {MOST_FILES} files were looked at"));
                }
            }
        }
        folder.files.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(folder)
    }

    fn add(&mut self, path: PathBuf) {
        match start_of(&path) {
            Ok((start, length)) => match recognise(&start, length) {
                Some(kind) => self.files.push((path, kind)),
                None => self.ignored += 1,
            },
            Err(error) => self.warnings.push(format!("file skipped: {error}")),
        }
    }
}

fn start_of(path: &Path) -> std::io::Result<(Vec<u8>, u64)> {
    let file = fs_err::File::open(path)?;
    let length = file.metadata()?.len();
    let mut start = Vec::new();
    file.take(START).read_to_end(&mut start)?;
    Ok((start, length))
}

/// What the first bytes of a file of this length say.
pub fn recognise(start: &[u8], length: u64) -> Option<Kind> {
    let copies = [0, 2048, 4096, 8192, 16384, 32768];
    if copies.into_iter().any(|at| start.get(at..).is_some_and(ese::looks_like_ese)) {
        return Some(Kind::Database);
    }
    if event_log::looks_like_event_log(start) {
        return Some(Kind::EventLog);
    }
    if start.starts_with(b"regf") {
        return Some(Kind::Hive);
    }
    if registry::looks_like_export(start) {
        return Some(Kind::RegistryExport);
    }
    if is_report(start) {
        return Some(Kind::Report);
    }
    smbios::looks_like_smbios(start, length).then_some(Kind::Smbios)
}

/// A JSON object that names the format early on.
fn is_report(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    let head = String::from_utf8_lossy(&start[..start.len().min(4096)]);
    let head: String = head.chars().filter(|letter| !letter.is_whitespace()).collect();
    head.starts_with('{') && head.contains("\"format\":\"caliper.report/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn links_to_files_are_read_and_links_to_folders_end_the_walk() {
        let place = tempfile::tempdir().unwrap();
        let (dir, log) = (place.path().join("evidence"), place.path().join("elsewhere.evtx"));
        fs_err::create_dir(&dir).unwrap();
        fs_err::write(&log, b"ElfFile\0").unwrap();
        for (target, name) in [(log.as_path(), "log"), (dir.as_path(), "loop"), (Path::new("/nowhere"), "nothing")] {
            std::os::unix::fs::symlink(target, dir.join(name)).unwrap();
        }
        let mut folder = Folder::read(&dir).unwrap();
        assert_eq!(folder.files, [(dir.join("log"), Kind::EventLog)]);
        folder.warnings.sort();
        let path = dir.join("loop").display().to_string();
        assert_eq!(folder.warnings[0], format!("{path}: a link to a folder, not followed"));
        assert!(folder.warnings[1].contains("/nowhere") || folder.warnings[1].contains("nothing"), "{folder:?}");
        assert_eq!(folder.warnings.len(), 2);
    }

    #[test]
    fn content_decides() {
        let mut database = vec![0; 4096];
        database[4..8].copy_from_slice(&0x89AB_CDEF_u32.to_le_bytes());
        let copy = [vec![0xFF; 4096], database.clone()].concat();
        let cases: [(&str, &[u8], Option<Kind>); 10] = [
            ("database", &database, Some(Kind::Database)),
            ("database whose first header is lost", &copy, Some(Kind::Database)),
            ("event log", b"ElfFile\0rest", Some(Kind::EventLog)),
            ("hive", b"regf....", Some(Kind::Hive)),
            ("registry export", b"Windows Registry Editor Version 5.00\r\n", Some(Kind::RegistryExport)),
            ("report", b"\xEF\xBB\xBF{\n  \"format\" : \"caliper.report/1\",", Some(Kind::Report)),
            ("report of the future, refused later", b"{\"format\":\"caliper.report/2\"}", Some(Kind::Report)),
            ("other JSON", b"{\"format\":\"something\"}", None),
            ("text", b"LastWriteTime Length Name", None),
            ("nothing", b"", None),
        ];
        for (name, start, kind) in cases {
            assert_eq!(recognise(start, start.len() as u64), kind, "{name}");
        }
    }
}
