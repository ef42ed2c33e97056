//! The durable queue between collection and delivery: segments of records on disk, one [`Writer`], one [`Reader`].
//!
//! A record is durable and visible to the reader after [`Writer::commit`], and stays on disk until the aggregator has
//! acknowledged it; being killed at any moment loses none and damages nothing. The queue knows nothing of what the
//! records mean.
//!
//! It is bounded. When full it refuses **new** records instead of dropping old ones: what was accepted is never lost,
//! and of all evidence the newest is the one most surely still in Windows' own logs at the next collection, which
//! queues it again. What was refused for good is counted ([`Writer::gave_up`]) and told to the aggregator.

mod disk;
mod health;
mod reader;
mod record;
mod recovery;
mod segment;
mod writer;

use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

pub use health::{Health, inspect};
pub use reader::Reader;
pub use record::{LONGEST, Record};
pub use recovery::open;
pub use writer::Writer;

use disk::{Disk, Handle, Lock};
use segment::Segment;

/// Why the queue could not do something.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The file system said no.
    #[error("cannot use the queue in {folder}: free some space or correct the permissions")]
    Io {
        /// Folder of the queue.
        folder: PathBuf,
        /// Names the file.
        #[source]
        source: io::Error,
    },
    /// Somebody else has it.
    #[error("another caliper-agent is using the queue in {0}: stop it first")]
    Locked(PathBuf),
    /// No room for one more record until older ones are acknowledged.
    #[error("the queue is full: {used} of {most} bytes used; raise `queue.max_bytes` or see why nothing is delivered")]
    Full {
        /// Bytes on disk.
        used: u64,
        /// The bound.
        most: u64,
    },
    /// One record that no queue of this size or kind can hold.
    #[error("a message of {0} bytes does not fit into the queue, which takes {1}")]
    TooLong(usize, u64),
    /// A file changed under us or the disk lost something.
    #[error("{path}, offset {offset}: {problem}; restart the agent, which repairs its queue")]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// What.
        problem: &'static str,
    },
    /// A record holds no message: written by another program or version.
    #[error("message {0} of the queue cannot be read: install the version of the agent that wrote it")]
    Foreign(u64),
    /// An earlier write or flush failed, so that nobody knows what is on the disk.
    #[error("an earlier write to the queue in {0} failed: free some space, then restart the agent")]
    Broken(PathBuf),
}

/// What opening the queue found and repaired.
#[derive(Debug, Default)]
pub struct Recovery {
    /// One sentence per repair, naming file and offset.
    pub warnings: Vec<String>,
    /// Whether there was no queue before: whatever was queued once is gone or was never there.
    pub fresh: bool,
}

/// How full the queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fill {
    /// Messages not acknowledged yet.
    pub messages: u64,
    /// Bytes on disk; 0 when there are no messages.
    pub bytes: u64,
    /// Messages given up because the queue was full, since the agent was installed.
    pub dropped: u64,
}

/// What is remembered beside the segments. Written lazily, as delivery is at least once, so a power cut may spoil it.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Position {
    acknowledged: u64,
    /// Version 0.1.0 noted here what is in [`Dropped`] now.
    #[serde(default, skip_serializing)]
    dropped: u64,
}

/// Messages given up since the agent was installed. Durable: nothing could tell it again.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dropped {
    dropped: u64,
}

impl Position {
    fn read(json: &[u8]) -> Option<Self> {
        let position: Self = serde_json::from_slice(json).ok()?;
        (position.acknowledged < segment::HIGHEST).then_some(position)
    }
}

#[derive(Debug)]
struct State {
    segments: VecDeque<Segment>,
    committed: u64,
    position: Position,
    dropped: u64,
}

/// What writer and reader share.
#[derive(Debug)]
struct Shared {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    most: u64,
    state: Mutex<State>,
    committed: watch::Sender<u64>,
    acknowledged: watch::Sender<u64>,
    /// Held as long as either half lives.
    _lock: Lock,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // every change of the state is whole before the lock is released
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fill(&self) -> Fill {
        let state = self.state();
        // counted by segment: numbers between two may be missing, lost to a damage
        let open = |segment: &Segment| segment.next.saturating_sub(segment.first.max(state.position.acknowledged + 1));
        let messages = state.segments.iter().map(open).sum();
        let bytes = if messages == 0 { 0 } else { state.segments.iter().map(|segment| segment.length).sum() };
        Fill { messages, bytes, dropped: state.dropped }
    }

    fn io(&self, source: io::Error) -> QueueError {
        QueueError::Io { folder: self.folder.clone(), source }
    }

    fn save(&self, position: Position) -> Result<(), QueueError> {
        let json = serde_json::json!(position).to_string();
        self.disk.replace(&position_path(&self.folder), json.as_bytes(), false).map_err(|source| self.io(source))
    }

    fn save_dropped(&self, dropped: u64) -> Result<(), QueueError> {
        let json = serde_json::json!(Dropped { dropped }).to_string();
        self.disk.replace(&dropped_path(&self.folder), json.as_bytes(), true).map_err(|source| self.io(source))
    }
}

fn position_path(folder: &Path) -> PathBuf {
    folder.join("position.json")
}

fn dropped_path(folder: &Path) -> PathBuf {
    folder.join("dropped.json")
}

fn lock_path(folder: &Path) -> PathBuf {
    folder.join("lock")
}

/// The two halves of an open queue and what was repaired.
#[derive(Debug)]
pub struct Opened {
    /// For the collection.
    pub writer: Writer,
    /// For the delivery.
    pub reader: Reader,
    /// What was repaired.
    pub recovery: Recovery,
}

impl Opened {
    fn new(shared: Shared, file: Box<dyn Handle>, recovery: Recovery) -> Self {
        let shared = Arc::new(shared);
        let writer = Writer::new(Arc::clone(&shared), file);
        Self { writer, reader: Reader::new(shared), recovery }
    }
}

#[cfg(test)]
mod tests;
