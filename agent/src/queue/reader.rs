//! The delivering half of the queue: reads record by record from the files, whatever their number.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Fill, QueueError, Shared, disk::Handle, record, record::Reading, record::Record, segment};

/// Reads committed records in order and forgets acknowledged ones. There is one per queue.
#[derive(Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    /// Number of the next record.
    next: u64,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    first: u64,
    file: Box<dyn Handle>,
    offset: u64,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let next = shared.state().position.acknowledged + 1;
        Self { shared, next, open: None }
    }

    /// The next committed record, or `None` until there are more.
    pub fn read(&mut self) -> Result<Option<Record>, QueueError> {
        loop {
            let (committed, segment, last) = {
                let state = self.shared.state();
                if self.next > state.committed {
                    return Ok(None);
                }
                let at = state.segments.partition_point(|segment| segment.first <= self.next).saturating_sub(1);
                (state.committed, state.segments[at].clone(), at + 1 == state.segments.len())
            };
            let open = match self.open.take() {
                Some(open) if open.first == segment.first => open,
                _ => match segment.open(&*self.shared.disk).map_err(|source| self.shared.io(source))? {
                    Some(file) => Open { first: segment.first, file, offset: segment::HEAD },
                    None => return Err(damaged(&segment, 0, "the head of the file is damaged")),
                },
            };
            let open = self.open.insert(open);
            let room = segment.length - open.offset;
            match record::read(&mut open.file, room).map_err(|source| self.shared.io(source))? {
                Reading::Whole(record) => {
                    open.offset += record::HEAD + record.payload.len() as u64;
                    // rewound into the middle of a segment: pass over what is acknowledged
                    if record.sequence < self.next {
                        continue;
                    }
                    self.next = record.sequence + 1;
                    return Ok(Some(record));
                }
                // numbers missing between two segments were lost to a damage and reported when the queue was opened
                Reading::End if !last => {
                    let state = self.shared.state();
                    let following = state.segments.iter().find(|other| other.first > segment.first);
                    self.next = following.map_or(committed + 1, |other| other.first);
                }
                Reading::End => {
                    self.next = committed + 1;
                    return Ok(None);
                }
                Reading::Damaged(problem) => {
                    return Err(damaged(&segment, open.offset, problem));
                }
            }
        }
    }

    /// Starts again behind the last acknowledged record, for a new connection.
    pub fn rewind(&mut self) {
        self.next = self.shared.state().position.acknowledged + 1;
        self.open = None;
    }

    /// Forgets every record up to `sequence`.
    pub fn acknowledge(&mut self, sequence: u64) -> Result<(), QueueError> {
        let position = {
            let mut state = self.shared.state();
            // an aggregator cannot acknowledge what it was never sent
            let sequence = sequence.min(self.next - 1);
            if sequence <= state.position.acknowledged {
                return Ok(());
            }
            state.position.acknowledged = sequence;
            state.position
        };
        if let Err(error) = self.shared.save(position) {
            // a full disk must not hold up the delivery that frees it; a restart repeats a few messages
            tracing::warn!("the position in the queue was not noted: {}", crate::sentence::sentence(&error));
        }
        if self.shared.fill().messages == 0 {
            // the writer leaves this segment now, and Windows deletes no file that somebody has open
            self.open = None;
        }
        self.shared.drop_acknowledged()?;
        self.shared.acknowledged.send_replace(position.acknowledged);
        Ok(())
    }

    /// Number of the last acknowledged record.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.shared.state().position.acknowledged
    }

    /// Changes whenever more records are committed.
    #[must_use]
    pub fn committed(&self) -> watch::Receiver<u64> {
        self.shared.committed.subscribe()
    }

    /// How full the queue is.
    #[must_use]
    pub fn fill(&self) -> Fill {
        self.shared.fill()
    }
}

fn damaged(segment: &segment::Segment, offset: u64, problem: &'static str) -> QueueError {
    QueueError::Damaged { path: segment.path.clone(), offset, problem }
}

impl Shared {
    /// Deletes the segments of which every record is acknowledged, except the last one, which the writer has open.
    pub(super) fn drop_acknowledged(&self) -> Result<(), QueueError> {
        loop {
            let path = {
                let mut state = self.state();
                match state.segments.front() {
                    Some(oldest) if state.segments.len() > 1 && oldest.next <= state.position.acknowledged + 1 => {}
                    _ => return Ok(()),
                }
                state.segments.pop_front().map(|segment| segment.path)
            };
            if let Some(path) = path {
                self.disk.remove(&path).map_err(|source| self.io(source))?;
            }
        }
    }
}
