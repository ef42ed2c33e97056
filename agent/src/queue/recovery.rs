//! Opening the queue: taking the lock, finding what is good on disk and cutting off what is not.

use std::{
    collections::VecDeque,
    io,
    path::Path,
    sync::{Arc, Mutex},
};

use tokio::sync::watch;

use super::{
    Dropped, Opened, Position, QueueError, Recovery, Shared, State,
    disk::{Disk, Real},
    dropped_path, lock_path, position_path,
    segment::Segment,
};

/// Opens the queue in `folder`, made if missing, for at most `most` bytes on disk.
///
/// Torn and damaged parts are cut off with a warning that names file and offset.
pub fn open(folder: &Path, most: u64) -> Result<Opened, QueueError> {
    open_on(Arc::new(Real), folder, most)
}

/// The same on any disk.
pub(super) fn open_on(disk: Arc<dyn Disk>, folder: &Path, most: u64) -> Result<Opened, QueueError> {
    let failed = |source| QueueError::Io { folder: folder.to_owned(), source };
    disk.make_folder(folder).map_err(failed)?;
    let lock = disk.lock(&lock_path(folder)).map_err(failed)?;
    let lock = lock.ok_or_else(|| QueueError::Locked(folder.to_owned()))?;
    let mut recovery = Recovery::default();
    let position = read_position(&*disk, folder, &mut recovery);
    let dropped = read_dropped(&*disk, folder, &mut recovery);
    // written anew below, so that each damage is told once
    let (position_lost, dropped_lost) = (position.is_none(), dropped.is_none());
    let mut position = position.unwrap_or_default();
    let dropped = dropped.unwrap_or_default().max(position.dropped);
    recovery.fresh = Segment::list(&*disk, folder).map_err(failed)?.is_empty();
    let Repaired { mut segments, end, next } = repair(&*disk, folder, &mut recovery).map_err(failed)?;

    // after a loss of the last segment nothing may get a number that was acknowledged already
    if let Some(oldest) = segments.front() {
        position.acknowledged = position.acknowledged.max(oldest.first - 1);
    }
    let next = next.max(position.acknowledged + 1);
    let file = match segments.back() {
        Some(last) if end == next => last.extend(&*disk).map_err(failed)?,
        _ => {
            let (segment, file) = Segment::create(&*disk, folder, next).map_err(failed)?;
            segments.push_back(segment);
            file
        }
    };
    let committed = next - 1;
    let shared = Shared {
        disk,
        folder: folder.to_owned(),
        most,
        committed: watch::Sender::new(committed),
        acknowledged: watch::Sender::new(position.acknowledged),
        state: Mutex::new(State { segments, committed, position, dropped }),
        _lock: lock,
    };
    if position_lost {
        shared.save(position)?;
    }
    if dropped_lost {
        shared.save_dropped(dropped)?;
    }
    shared.drop_acknowledged()?;
    Ok(Opened::new(shared, file, recovery))
}

/// `None`, with a warning, if it is damaged; a missing one is that of a new queue.
fn read_position(disk: &dyn Disk, folder: &Path, recovery: &mut Recovery) -> Option<Position> {
    let path = position_path(folder);
    let Ok(json) = disk.read(&path) else { return Some(Position::default()) };
    let read = Position::read(&json);
    if read.is_none() {
        recovery.warnings.push(format!("{}: damaged, starting from the oldest record", path.display()));
    }
    read
}

/// Likewise.
fn read_dropped(disk: &dyn Disk, folder: &Path, recovery: &mut Recovery) -> Option<u64> {
    let path = dropped_path(folder);
    let Ok(json) = disk.read(&path) else { return Some(0) };
    let read: Option<Dropped> = serde_json::from_slice(&json).ok();
    if read.is_none() {
        recovery.warnings.push(format!("{}: damaged, counting messages given up from 0", path.display()));
    }
    read.map(|read| read.dropped)
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
fn repair(disk: &dyn Disk, folder: &Path, recovery: &mut Recovery) -> io::Result<Repaired> {
    let mut repaired = Repaired { segments: VecDeque::new(), end: 1, next: 1 };
    for unnamed in Segment::unnamed(disk, folder)? {
        disk.remove(&unnamed)?;
    }
    for mut segment in Segment::list(disk, folder)? {
        let content = segment.check(disk)?;
        repaired.next = repaired.next.max(content.next);
        if let Some(problem) = content.damage {
            let lost = segment.length - content.length;
            recovery.warnings.push(format!(
                "{}, offset {}: {problem}; {lost} bytes cut off, the next collection queues their evidence again",
                segment.path.display(),
                content.length,
            ));
        }
        // one made while the disk failed stayed empty, and its numbers went into the one before it
        let passed_by = content.records == 0 && segment.first < repaired.end;
        if content.length == 0 || passed_by {
            disk.remove(&segment.path)?;
            continue;
        }
        segment.next = content.next;
        if content.length < segment.length {
            segment.length = content.length;
            segment.extend(disk)?;
        }
        repaired.end = content.next;
        repaired.segments.push_back(segment);
    }
    Ok(repaired)
}
