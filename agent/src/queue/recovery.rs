//! Opening the queue: taking the lock, finding what is good on disk and cutting off what is not.

use std::{collections::VecDeque, io, path::Path, sync::Mutex};

use fs_err::File;
use tokio::sync::watch;

use super::{Opened, Position, QueueError, Recovery, Shared, State, lock_path, position_path, segment::Segment};
use crate::state::create_private;

/// Opens the queue in `folder`, made if missing, for at most `most` bytes on disk.
///
/// Torn and damaged parts are cut off with a warning that names file and offset.
pub fn open(folder: &Path, most: u64) -> Result<Opened, QueueError> {
    let failed = |source| QueueError::Io { folder: folder.to_owned(), source };
    create_private(folder).map_err(failed)?;
    let lock = lock(folder)?;
    let mut recovery = Recovery::default();
    let mut position = read_position(folder, &mut recovery);
    recovery.fresh = Segment::list(folder).map_err(failed)?.is_empty();
    let Repaired { mut segments, end, next } = repair(folder, &mut recovery).map_err(failed)?;

    // after a loss of the last segment nothing may get a number that was acknowledged already
    if let Some(oldest) = segments.front() {
        position.acknowledged = position.acknowledged.max(oldest.first - 1);
    }
    let next = next.max(position.acknowledged + 1);
    let file = match segments.back() {
        Some(last) if end == next => last.extend().map_err(failed)?,
        _ => {
            let (segment, file) = Segment::create(folder, next).map_err(failed)?;
            segments.push_back(segment);
            file
        }
    };
    let committed = next - 1;
    let shared = Shared {
        folder: folder.to_owned(),
        most,
        committed: watch::Sender::new(committed),
        acknowledged: watch::Sender::new(position.acknowledged),
        state: Mutex::new(State { segments, committed, position }),
        _lock: lock,
    };
    shared.drop_acknowledged()?;
    Ok(Opened::new(shared, file, recovery))
}

fn lock(folder: &Path) -> Result<File, QueueError> {
    let failed = |source| QueueError::Io { folder: folder.to_owned(), source };
    let file = File::options().create(true).truncate(false).write(true).open(lock_path(folder)).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(QueueError::Locked(folder.to_owned())),
        Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn read_position(folder: &Path, recovery: &mut Recovery) -> Position {
    let path = position_path(folder);
    match fs_err::read(&path) {
        Ok(json) => Position::read(&json).unwrap_or_else(|| {
            recovery.warnings.push(format!("{}: damaged, starting from the oldest record", path.display()));
            Position::default()
        }),
        Err(_) => Position::default(),
    }
}

/// The good segments.
struct Repaired {
    segments: VecDeque<Segment>,
    /// Number after the last record of the last segment.
    end: u64,
    /// The lowest number that no record ever had.
    next: u64,
}

/// Checks every segment and cuts it to its good part.
fn repair(folder: &Path, recovery: &mut Recovery) -> io::Result<Repaired> {
    let mut repaired = Repaired { segments: VecDeque::new(), end: 1, next: 1 };
    for mut segment in Segment::list(folder)? {
        let content = segment.check()?;
        repaired.next = repaired.next.max(content.next);
        if let Some(problem) = content.damage {
            let lost = segment.length - content.length;
            recovery.warnings.push(format!(
                "{}, offset {}: {problem}; {lost} bytes cut off, the next collection queues their evidence again",
                segment.path.display(),
                content.length,
            ));
        }
        if content.length == 0 {
            fs_err::remove_file(&segment.path)?;
            continue;
        }
        if content.length < segment.length {
            segment.length = content.length;
            segment.extend()?;
        }
        repaired.end = content.next;
        repaired.segments.push_back(segment);
    }
    Ok(repaired)
}
