//! The one writer of what agents deliver: takes what is waiting from all of them, commits it in one transaction,
//! then tells each of them. Many small batches cost one flush to the disk together.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
    thread,
};

use caliper_proto::{CheckedBatch, Instant, Inventory, Labels};
use rusqlite::Transaction;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tonic::Status;

use super::{peer, unavailable};
use crate::{
    context::Clock,
    sentence::sentence,
    store::{
        Store, StoreError,
        access::{Names, merge},
        agent::{self, Queue, Standing},
        server::{self, Origin},
    },
};

/// Most that waits in memory, of all agents together, in shares of [`SHARE`] bytes: 64 MiB; then agents wait.
const MOST_WAITING: u32 = 1 << 19;
/// Bytes of one share: about a row of accesses.
const SHARE: usize = 128;
/// Most messages in one transaction.
const MOST_MESSAGES: usize = 64;

/// What an agent says, checked.
#[derive(Debug)]
pub enum Message {
    /// Opens a stream.
    Greeting {
        /// Of the agent's program.
        version: String,
        /// What its server is found by.
        labels: Labels,
    },
    /// What its server says of itself.
    Inventory {
        /// The facts.
        inventory: Box<Inventory>,
        /// Warnings met while collecting.
        warnings: Vec<String>,
        /// When.
        observed: Instant,
    },
    /// Accesses of its server.
    Accesses(CheckedBatch),
    /// A sign of life.
    Heartbeat(Queue),
}

impl Message {
    /// Shares of memory it takes until it is stored. Long texts count, too: an agent that sends nothing but the longest
    /// ones must not get more room than others.
    fn weight(&self) -> usize {
        fn texts<'a>(texts: impl IntoIterator<Item = &'a String>) -> usize {
            texts.into_iter().map(|text| 1 + text.len() / SHARE).sum()
        }
        match self {
            Self::Accesses(batch) => batch.rows().len() + texts(batch.texts()),
            Self::Inventory { inventory, warnings, .. } => {
                texts(warnings)
                    + texts(&inventory.addresses)
                    + texts(inventory.processors.iter().map(|processor| &processor.model))
                    + texts(inventory.roles.iter().flat_map(|role| [&role.role_guid, &role.name]))
                    + texts(inventory.names.iter().flat_map(|name| [&name.address, &name.host_name]))
                    + texts(inventory.virtual_machines.iter().flat_map(|vm| [&vm.vm_guid, &vm.bios_guid, &vm.name]))
                    + texts(&inventory.installed.features)
                    + texts(&inventory.installed.licence_servers)
                    + texts(&inventory.installed.cluster_nodes)
                    + texts(inventory.installed.sql_instances.iter().map(|instance| &instance.name))
                    + texts(inventory.installed.sql_instances.iter().flat_map(|instance| &instance.edition))
                    + texts(inventory.installed.sql_instances.iter().flat_map(|instance| &instance.version))
            }
            Self::Greeting { .. } | Self::Heartbeat(_) => 0,
        }
    }
}

/// Who says it.
#[derive(Debug)]
pub struct Speaker {
    /// From the certificate (invariant 5).
    pub id: String,
    /// As it calls itself, until an inventory says more.
    pub host_name: String,
}

struct Job {
    speaker: Arc<Speaker>,
    sequence: u64,
    message: Message,
    reply: mpsc::UnboundedSender<Result<u64, Status>>,
    /// Its share of [`MOST_WAITING`], given back when the job is done.
    _share: OwnedSemaphorePermit,
}

/// The way to the writer. Cheap to clone; the writer ends when the last one is gone.
#[derive(Clone)]
pub struct Writer {
    jobs: mpsc::UnboundedSender<Job>,
    room: Arc<Semaphore>,
}

impl Writer {
    /// Starts the writer's thread.
    pub fn start(store: Arc<Store>, clock: Clock) -> std::io::Result<(Self, thread::JoinHandle<()>)> {
        let (jobs, waiting) = mpsc::unbounded_channel();
        let thread = thread::Builder::new().name("writer".into()).spawn(move || run(&store, &clock, waiting))?;
        Ok((Self { jobs, room: Arc::new(Semaphore::new(MOST_WAITING as usize)) }, thread))
    }

    /// Hands a message over, waiting while there is no room. `reply` gets its number after the commit.
    pub async fn hand_over(
        &self,
        speaker: &Arc<Speaker>,
        sequence: u64,
        message: Message,
        reply: &mpsc::UnboundedSender<Result<u64, Status>>,
    ) -> Result<(), Status> {
        let weight = u32::try_from(message.weight()).unwrap_or(MOST_WAITING).clamp(1, MOST_WAITING);
        let gone = || Status::unavailable("the aggregator is shutting down: try again later");
        let share = Arc::clone(&self.room).acquire_many_owned(weight).await.map_err(|_| gone())?;
        let (speaker, reply) = (Arc::clone(speaker), reply.clone());
        self.jobs.send(Job { speaker, sequence, message, reply, _share: share }).map_err(|_| gone())
    }
}

fn run(store: &Store, clock: &Clock, mut waiting: mpsc::UnboundedReceiver<Job>) {
    let mut names = Names::default();
    let mut jobs = Vec::new();
    while waiting.blocking_recv_many(&mut jobs, MOST_MESSAGES) > 0 {
        let now = clock.now();
        let outcomes = store.write::<_, StoreError>(|tx| write(tx, &mut names, &jobs, now));
        match outcomes {
            Ok(outcomes) => {
                for (job, outcome) in jobs.drain(..).zip(outcomes) {
                    // whoever has hung up meanwhile sends it again: merging is a join
                    let _ = job.reply.send(outcome.map(|()| job.sequence));
                }
            }
            Err(error) => {
                // numbers given in the failed transaction are void
                names.forget();
                tracing::error!("nothing was stored of {} messages: {}", jobs.len(), sentence(&error));
                for job in jobs.drain(..) {
                    let _ = job.reply.send(Err(unavailable(&error)));
                }
            }
        }
    }
}

/// Stores all jobs of speakers that are not shut out; one outcome for each job.
fn write(
    tx: &Transaction<'_>,
    names: &mut Names,
    jobs: &[Job],
    now: Instant,
) -> Result<Vec<Result<(), Status>>, StoreError> {
    let mut standings: HashMap<&str, Standing> = HashMap::new();
    let mut batches = Vec::new();
    let mut outcomes = Vec::with_capacity(jobs.len());
    for Job { speaker, message, .. } in jobs {
        let standing = match standings.entry(&speaker.id) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(entry) => {
                let standing = *entry.insert(agent::standing(tx, &speaker.id)?);
                if matches!(standing, Standing::Good(_)) {
                    server::seen(tx, Origin::Agent(&speaker.id), now)?;
                }
                standing
            }
        };
        if !matches!(standing, Standing::Good(_)) {
            outcomes.push(Err(Status::permission_denied(peer::REVOKED)));
            continue;
        }
        let server = || server::find_or_insert(tx, Origin::Agent(&speaker.id), &speaker.host_name, now);
        match message {
            Message::Greeting { version, labels } => {
                agent::greet(tx, &speaker.id, version, &speaker.host_name, labels, now)?;
            }
            Message::Heartbeat(queue) => agent::heartbeat(tx, &speaker.id, *queue, now)?,
            Message::Inventory { inventory, warnings, observed } => {
                server::observe(tx, server()?, inventory, warnings, *observed)?;
            }
            Message::Accesses(batch) => batches.push((server()?, batch)),
        }
        outcomes.push(Ok(()));
    }
    merge(tx, names, &batches)?;
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An inventory may hold 4 MiB of warnings and nothing else; 64 MiB may wait, so 16 of these.
    #[test]
    fn whatever_a_message_is_made_of_takes_its_room() {
        let text = "x".repeat(1024);
        let warnings = vec![text.clone(); 4096];
        let inventory = Box::new(Inventory::default());
        let warned = Message::Inventory { inventory, warnings, observed: Instant::default() };
        let batch = caliper_proto::wire::AccessBatch { texts: vec![text; 4096], rows: Vec::new() };
        let named = Message::Accesses(CheckedBatch::try_from(batch).unwrap());
        for message in [warned, named] {
            let fit = MOST_WAITING as usize / message.weight();
            assert!((10..=16).contains(&fit), "{fit} fit");
        }
    }
}
