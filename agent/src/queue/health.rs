//! A look at the queue from outside, also while an agent uses it: nothing is changed.

use std::{io, path::Path};

use fs_err::File;

use super::{Dropped, Position, disk::Real, dropped_path, lock_path, position_path, segment::Segment};

/// What the files say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Whether an agent is using it right now.
    pub in_use: bool,
    /// Records not acknowledged yet.
    pub messages: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Messages given up because the queue was full, since the agent was installed.
    pub dropped: u64,
    /// Damages, each with file and offset. A running agent may be in the middle of a record.
    pub damages: Vec<String>,
}

/// Reads the queue in `folder`; a missing one is empty.
pub fn inspect(folder: &Path) -> io::Result<Health> {
    let mut health = Health::default();
    if !folder.exists() {
        return Ok(health);
    }
    let position: Position =
        fs_err::read(position_path(folder)).ok().and_then(|json| Position::read(&json)).unwrap_or_default();
    let dropped: Dropped =
        fs_err::read(dropped_path(folder)).ok().and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
    health.dropped = dropped.dropped.max(position.dropped);
    if let Ok(lock) = File::open(lock_path(folder)) {
        health.in_use = matches!(lock.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock));
    }
    for segment in Segment::list(&Real, folder)? {
        let content = match segment.check(&Real) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue, // delivered meanwhile
            Err(error) => return Err(error),
        };
        health.messages += content.next.saturating_sub(segment.first.max(position.acknowledged + 1));
        health.bytes += segment.length;
        if let Some(problem) = content.damage {
            health.damages.push(format!("{}, offset {}: {problem}", segment.path.display(), content.length));
        }
    }
    Ok(health)
}
