//! From a report to messages in the queue: cut into batches, checked, and only if something changed.
//!
//! Knows nothing of where the report came from or how the queue is delivered.

mod messages;

use std::io;

use caliper_proto::{Instant, wire};
use prost::Message as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wire::from_agent::Body;

pub use messages::{MOST_BYTES, MOST_ROWS, messages};

use crate::{
    collect::{Collected, Progress},
    queue::{QueueError, Writer},
    state::{Folder, replace_durably},
};

/// Messages between two flushes: enough that flushing costs little, few enough that delivery begins early.
const MESSAGES_PER_COMMIT: u64 = 8;

/// The last collection that was queued whole.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    /// The aggregator gave this identity; another one has seen nothing yet.
    subject: String,
    /// SHA-256 of all messages, hexadecimal.
    digest: String,
    /// How far it read what only grows.
    #[serde(default)]
    progress: Progress,
}

impl Mark {
    /// The one in the state folder, unless another identity's aggregator has seen it.
    fn load(folder: &Folder, subject: &str) -> Option<Self> {
        let json = fs_err::read(folder.mark()).ok()?;
        serde_json::from_slice::<Self>(&json).ok().filter(|mark| mark.subject == subject)
    }

    fn save(&self, folder: &Folder) -> Result<(), QueueingError> {
        replace_durably(&folder.mark(), serde_json::json!(self).to_string().as_bytes()).map_err(QueueingError::Mark)
    }
}

/// How far the last collection that was queued whole has read for this identity's aggregator.
#[must_use]
pub fn progress(folder: &Folder, subject: &str) -> Progress {
    Mark::load(folder, subject).map(|mark| mark.progress).unwrap_or_default()
}

/// What became of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The same as the last one that was queued whole; nothing was queued.
    Unchanged,
    /// Queued whole, as so many messages.
    Queued(u64),
    /// The queue stayed full: so many messages were left out, and the next collection tries again.
    GaveUp(u64),
}

/// Why a collection was not queued.
#[derive(Debug, thiserror::Error)]
pub enum QueueingError {
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The mark of the last collection could not be written.
    #[error("cannot note the collection in the state folder: free some space or correct the permissions")]
    Mark(#[source] io::Error),
    /// What was collected could not be read back.
    #[error(
        "what was collected cannot be read back from its temporary file: check the disk; the next collection tries again"
    )]
    Rows(#[source] io::Error),
}

/// Queues a collection unless it is what was queued last. Waits for room while the queue is full, until `patience` ends.
pub async fn enqueue(
    collected: &mut Collected,
    observed: Instant,
    subject: &str,
    folder: &Folder,
    writer: &mut Writer,
    patience: impl Future<Output = ()>,
) -> Result<Outcome, QueueingError> {
    let progress = collected.progress.clone();
    if let Some(known) = Mark::load(folder, subject)
        && known.digest == digest(collected).map_err(QueueingError::Rows)?
    {
        if known.progress != progress {
            Mark { progress, ..known }.save(folder)?;
        }
        return Ok(Outcome::Unchanged);
    }
    let mut patience = std::pin::pin!(patience);
    let mut room = writer.room();
    let mut hash = Digest::default();
    let (mut queued, mut refused) = (0, 0);
    for body in messages(collected, observed).map_err(QueueingError::Rows)? {
        let body = body.map_err(QueueingError::Rows)?;
        if refused > 0 {
            refused += 1; // no batch after the first one left out, only their number
            continue;
        }
        let encoded = hash.add(body);
        loop {
            room.mark_unchanged();
            match writer.append(|sequence| numbered(sequence, &encoded)) {
                Ok(_) => break queued += 1,
                Err(QueueError::Full { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            writer.commit()?;
            tokio::select! {
                _ = room.changed() => {}
                () = &mut patience => {
                    refused = 1;
                    break;
                }
            }
        }
        if queued % MESSAGES_PER_COMMIT == 0 {
            writer.commit()?;
        }
        tokio::task::yield_now().await; // encoding is work; let the delivery have its turn
    }
    writer.commit()?;
    if refused > 0 {
        writer.gave_up(refused)?;
        return Ok(Outcome::GaveUp(refused));
    }
    // only now: a collection that was queued in part must be read and queued again
    Mark { subject: subject.into(), digest: hash.text(), progress }.save(folder)?;
    Ok(Outcome::Queued(queued))
}

/// A message with its number: in protobuf a message is the fields of its parts one after the other.
fn numbered(sequence: u64, body: &[u8]) -> Vec<u8> {
    let mut payload = wire::FromAgent { sequence, body: None }.encode_to_vec();
    payload.extend(body);
    payload
}

/// Forgets what was queued last, so that the next collection is queued whatever it says.
pub fn forget(folder: &Folder) {
    // a mark that cannot be removed is reported when it cannot be written
    let _ = fs_err::remove_file(folder.mark());
}

/// The same for the same facts whenever they are observed.
fn digest(collected: &mut Collected) -> io::Result<String> {
    let mut hash = Digest::default();
    for body in messages(collected, Instant::default())? {
        hash.add(body?);
    }
    Ok(hash.text())
}

/// SHA-256 over messages, whatever their numbers and whenever observed.
#[derive(Default)]
struct Digest(Sha256);

impl Digest {
    /// Adds a message and returns it encoded without a number.
    fn add(&mut self, body: Body) -> Vec<u8> {
        let timeless = match &body {
            Body::Inventory(inventory) => {
                let body = Some(Body::Inventory(wire::Inventory { observed_micros: 0, ..inventory.clone() }));
                Some(wire::FromAgent { sequence: 0, body }.encode_to_vec())
            }
            _ => None,
        };
        let encoded = wire::FromAgent { sequence: 0, body: Some(body) }.encode_to_vec();
        let hashed = timeless.as_ref().unwrap_or(&encoded);
        self.0.update((hashed.len() as u64).to_le_bytes());
        self.0.update(hashed);
        encoded
    }

    fn text(self) -> String {
        use std::fmt::Write as _;
        self.0.finalize().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

#[cfg(test)]
mod tests;
