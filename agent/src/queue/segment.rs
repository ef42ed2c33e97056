//! One file of the queue: records in order behind a head that names the first sequence number.
//!
//! The head is durable before the file has its name, so that every segment in the folder has a whole one.

use std::{
    io::{self, Read as _, SeekFrom},
    path::{Path, PathBuf},
};

use super::{
    disk::{Disk, Handle, Use},
    record::{self, Reading, checksum},
};

const MAGIC: &[u8; 8] = b"CALIPERQ";

/// Bytes before the first record.
pub const HEAD: u64 = 24;

const ENDING: &str = "queue";
/// Until the head is durable.
const UNNAMED: &str = "new";

/// No agent ever counts that far; names beyond it are not ours.
pub const HIGHEST: u64 = 1 << 62;

/// A segment as the queue knows it.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Where it is.
    pub path: PathBuf,
    /// Sequence number of its first record.
    pub first: u64,
    /// Sequence number after its last committed record.
    pub next: u64,
    /// Bytes that are durable and whole.
    pub length: u64,
}

/// What a look through a segment found.
#[derive(Debug)]
pub struct Content {
    /// Sequence number after the last whole record.
    pub next: u64,
    /// Whole records.
    pub records: u64,
    /// End of the last whole record.
    pub length: u64,
    /// What stands there, if the file does not end with it.
    pub damage: Option<&'static str>,
}

impl Segment {
    /// Makes an empty segment, durably.
    pub fn create(disk: &dyn Disk, folder: &Path, first: u64) -> io::Result<(Self, Box<dyn Handle>)> {
        let path = folder.join(format!("{first:020}.{ENDING}"));
        let unnamed = path.with_extension(UNNAMED);
        let mut file = disk.create(&unnamed)?;
        file.write_all(MAGIC)?;
        file.write_all(&first.to_le_bytes())?;
        file.write_all(&checksum(&[MAGIC, &first.to_le_bytes()]))?;
        file.sync()?;
        drop(file);
        disk.rename(&unnamed, &path)?;
        disk.sync_folder(folder)?;
        let segment = Self { path, first, next: first, length: HEAD };
        let file = segment.extend(disk)?;
        Ok((segment, file))
    }

    /// Files that a crash kept from becoming segments.
    pub fn unnamed(disk: &dyn Disk, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let unnamed = |path: &PathBuf| path.extension().is_some_and(|ending| ending == UNNAMED);
        Ok(disk.list(folder)?.into_iter().map(|(path, _)| path).filter(unnamed).collect())
    }

    /// The segments of a folder by their names, lowest first; lengths are those of the files, records are not counted yet.
    pub fn list(disk: &dyn Disk, folder: &Path) -> io::Result<Vec<Self>> {
        let mut segments = Vec::new();
        for (path, length) in disk.list(folder)? {
            let ours = path.extension().is_some_and(|ending| ending == ENDING);
            let first = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
            if let (true, Some(first @ 1..=HIGHEST)) = (ours, first) {
                segments.push(Self { path, first, next: first, length });
            }
        }
        segments.sort_by_key(|segment| segment.first);
        Ok(segments)
    }

    /// Opens the file behind its head, or tells that the head is damaged.
    ///
    /// Nothing is read ahead: behind the committed part the writer may still change the file.
    pub fn open(&self, disk: &dyn Disk) -> io::Result<Option<Box<dyn Handle>>> {
        let mut file = disk.open(&self.path, Use::Read)?;
        let mut head = Vec::new();
        (&mut file).take(HEAD).read_to_end(&mut head)?;
        let first = self.first.to_le_bytes();
        let whole = [MAGIC.as_slice(), &first, &checksum(&[MAGIC, &first])].concat();
        Ok((head == whole).then_some(file))
    }

    /// Reads the whole segment and tells how far it is good.
    pub fn check(&self, disk: &dyn Disk) -> io::Result<Content> {
        let mut content = Content { next: self.first, records: 0, length: HEAD, damage: None };
        let Some(mut file) = self.open(disk)? else {
            return Ok(Content { length: 0, damage: Some("the head of the file is damaged"), ..content });
        };
        loop {
            match record::read(&mut file, self.length - content.length)? {
                Reading::Whole(record) if record.sequence == content.next => {
                    content.next += 1;
                    content.records += 1;
                    content.length += record::HEAD + record.payload.len() as u64;
                }
                Reading::Whole(_) => {
                    content.damage = Some("a record stands out of order");
                    return Ok(content);
                }
                Reading::End => return Ok(content),
                Reading::Damaged(what) => {
                    content.damage = Some(what);
                    return Ok(content);
                }
            }
        }
    }

    /// Opens the file for more records behind its good part, cutting off the rest.
    pub fn extend(&self, disk: &dyn Disk) -> io::Result<Box<dyn Handle>> {
        let mut file = disk.open(&self.path, Use::Write)?;
        file.cut(self.length)?;
        file.seek(SeekFrom::Start(self.length))?;
        file.sync()?;
        Ok(file)
    }
}
