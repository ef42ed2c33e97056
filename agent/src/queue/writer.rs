//! The collecting half of the queue.

use std::{
    io::{self, SeekFrom},
    sync::Arc,
};

use tokio::sync::watch;

use super::{Fill, QueueError, Shared, disk::Handle, record, segment, segment::Segment};

/// Appends records. There is one per queue.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<Shared>,
    file: Box<dyn Handle>,
    /// Number of the next record.
    next: u64,
    /// Bytes written to the last segment, committed or not.
    length: u64,
    /// A write or flush failed: what is on disk is unknown until the queue is opened again.
    broken: bool,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, file: Box<dyn Handle>) -> Self {
        let state = shared.state();
        let next = state.committed + 1;
        let length = state.segments.back().map_or(segment::HEAD, |segment| segment.length);
        drop(state);
        Self { shared, file, next, length, broken: false }
    }

    /// Appends a record and returns its number. It is neither durable nor visible before [`Writer::commit`].
    ///
    /// `message` gets the number and returns the payload.
    pub fn append(&mut self, message: impl FnOnce(u64) -> Vec<u8>) -> Result<u64, QueueError> {
        if self.broken {
            return Err(QueueError::Broken(self.shared.folder.clone()));
        }
        self.leave_acknowledged()?;
        let payload = message(self.next);
        let needed = record::HEAD + payload.len() as u64;
        let most = self.shared.most;
        if payload.len() > record::LONGEST || needed + 2 * segment::HEAD > most {
            return Err(QueueError::TooLong(payload.len(), most.min(record::LONGEST as u64)));
        }
        let used = self.used();
        if used + needed + segment::HEAD > most {
            return Err(QueueError::Full { used, most });
        }
        if self.length > segment::HEAD && self.length + needed > self.segment_size() {
            self.start_segment()?;
        }
        let bytes = record::encode(self.next, &payload);
        if let Err(error) = self.file.write_all(&bytes) {
            // a full disk: take the half record back; if even that fails, opening the queue again will
            self.broken = self.take_back().is_err();
            return Err(self.shared.io(error));
        }
        self.length += bytes.len() as u64;
        self.next += 1;
        Ok(self.next - 1)
    }

    /// Makes everything appended durable, then visible to the reader.
    pub fn commit(&mut self) -> Result<(), QueueError> {
        if self.broken {
            return Err(QueueError::Broken(self.shared.folder.clone()));
        }
        if self.next - 1 == self.shared.state().committed {
            return Ok(());
        }
        if let Err(error) = self.file.sync() {
            self.broken = true; // after a failed flush the system may have forgotten the pages
            return Err(self.shared.io(error));
        }
        let committed = self.next - 1;
        let mut state = self.shared.state();
        state.committed = committed;
        if let Some(last) = state.segments.back_mut() {
            (last.length, last.next) = (self.length, self.next);
        }
        drop(state);
        self.shared.committed.send_replace(committed);
        Ok(())
    }

    /// Counts messages that were never queued because the queue was full, durably.
    pub fn gave_up(&mut self, messages: u64) -> Result<(), QueueError> {
        let dropped = {
            let mut state = self.shared.state();
            state.dropped = state.dropped.saturating_add(messages);
            state.dropped
        };
        self.shared.save_dropped(dropped)
    }

    /// Changes whenever the aggregator acknowledged something, that is when there may be room again.
    #[must_use]
    pub fn room(&self) -> watch::Receiver<u64> {
        self.shared.acknowledged.subscribe()
    }

    /// How full the queue is.
    #[must_use]
    pub fn fill(&self) -> Fill {
        self.shared.fill()
    }

    fn used(&self) -> u64 {
        let state = self.shared.state();
        let older: u64 = state.segments.iter().rev().skip(1).map(|segment| segment.length).sum();
        older + self.length
    }

    /// Small enough that acknowledged space comes back soon, large enough that files stay few.
    fn segment_size(&self) -> u64 {
        (self.shared.most / 8).clamp(64 << 10, 8 << 20)
    }

    /// When all is acknowledged, the last segment can go as well.
    fn leave_acknowledged(&mut self) -> Result<(), QueueError> {
        let all = self.shared.state().position.acknowledged + 1 == self.next;
        if all && self.length > segment::HEAD {
            self.start_segment()?;
            self.shared.drop_acknowledged()?;
        }
        Ok(())
    }

    fn start_segment(&mut self) -> Result<(), QueueError> {
        self.commit()?;
        let (segment, file) = Segment::create(&*self.shared.disk, &self.shared.folder, self.next)
            .map_err(|source| self.shared.io(source))?;
        self.file = file;
        self.length = segment.length;
        self.shared.state().segments.push_back(segment);
        Ok(())
    }

    fn take_back(&mut self) -> io::Result<()> {
        self.file.cut(self.length)?;
        self.file.seek(SeekFrom::Start(self.length)).map(drop)
    }
}
