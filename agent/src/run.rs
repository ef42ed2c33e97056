//! The agent at work: collect, queue, deliver; once or for ever.
//!
//! Knows nothing of what is collected: the collection comes in as a function.

mod cycle;

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::{sleep, timeout},
};

use crate::{
    collect::{CollectError, Collected, Progress},
    collection::{self, QueueingError},
    config::Config,
    connection::Trouble,
    environment::Environment,
    identity::{Identity, IdentityError},
    queue::{self, Opened, QueueError},
    settings::Settings,
    uplink::{Backoff, Goal, Uplink, UplinkError},
};
use cycle::Cycle;

/// How long a stopping agent waits for the aggregator; whatever is not acknowledged stays in the queue.
const STOPPING: Duration = Duration::from_secs(10);

/// Makes a report that goes on where the last one that was queued whole had got.
pub type Collector = Arc<dyn Fn(&Progress) -> Result<Collected, CollectError> + Send + Sync>;

/// What a run needs.
pub struct Run {
    /// Configuration file, looked at for changes; `None` is the usual one.
    pub named: Option<PathBuf>,
    /// Intervals, bounds, folders.
    pub config: Config,
    /// Clock, randomness, host name.
    pub environment: Environment,
    /// Makes a report; runs on a thread of its own.
    pub collector: Collector,
    /// Waiting times between attempts to connect.
    pub backoff: Backoff,
}

/// Why a run ended other than by being told to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Never enrolled, or the identity is damaged.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The collection could not be queued.
    #[error(transparent)]
    Queueing(QueueingError),
    /// Nothing could be collected.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// The collection broke down.
    #[error("the collection broke down: report this with the log")]
    CollectorDied,
    /// The aggregator cannot be talked to.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// Not everything was delivered in the time given.
    #[error(
        "not everything was delivered within {seconds} seconds, {messages} messages stay queued: run it again or raise \
         `--timeout`{because}"
    )]
    Timeout {
        /// The time given.
        seconds: u64,
        /// What stays.
        messages: u64,
        /// The last trouble, with a leading semicolon; or nothing.
        because: String,
    },
    /// Memory was not given back.
    #[error(
        "the agent holds {held} bytes of memory where `limit.memory` allows {most}: it ends, so that the service manager starts \
         it anew; if this comes again, raise the limit and report it"
    )]
    Memory {
        /// Bytes held.
        held: u64,
        /// The limit, which is higher during a collection than between two.
        most: u64,
    },
    /// Somebody stopped it before everything was delivered.
    #[error("stopped before everything was delivered, {0} messages stay queued: run it again")]
    Stopped(u64),
}

impl From<UplinkError> for RunError {
    fn from(error: UplinkError) -> Self {
        match error {
            UplinkError::Trouble(trouble) => Self::Trouble(trouble),
            UplinkError::Identity(error) => Self::Identity(error),
            UplinkError::Queue(error) => Self::Queue(error),
        }
    }
}

impl From<QueueingError> for RunError {
    fn from(error: QueueingError) -> Self {
        match error {
            QueueingError::Queue(error) => Self::Queue(error),
            error @ (QueueingError::Mark(_) | QueueingError::Rows(_)) => Self::Queueing(error),
        }
    }
}

impl Run {
    /// Collects and delivers until `stop` resolves.
    pub async fn forever(self, stop: impl Future<Output = ()>) -> Result<(), RunError> {
        let (mut parts, goal) = self.start(Goal::Forever)?;
        let trouble = watch::Sender::new(None);
        let mut uplink = std::pin::pin!(parts.uplink.run(&trouble));
        tokio::select! {
            ended = &mut uplink => return ended.map_err(RunError::from),
            ended = parts.cycle.forever() => return ended.inspect_err(|error| parts.cycle.note_end(error)),
            () = stop => tracing::info!("stopping"),
        }
        goal.send_replace(Goal::Stop);
        // being cut off here loses nothing
        match timeout(STOPPING, uplink).await {
            Ok(ended) => ended.map_err(RunError::from),
            Err(_) => Ok(()),
        }
    }

    /// Collects once, delivers everything that is queued and returns when the aggregator has acknowledged it.
    pub async fn once(self, most: Option<Duration>, stop: impl Future<Output = ()>) -> Result<(), RunError> {
        let (Parts { mut uplink, mut cycle }, goal) = self.start(Goal::Collecting)?;
        let trouble = watch::Sender::new(None);
        let collected = async {
            // with this patience a full queue is waited for, so nothing is given up
            cycle.collect(std::future::pending()).await?;
            goal.send_replace(Goal::Drain);
            Ok::<_, RunError>(())
        };
        let delivered = async { uplink.run(&trouble).await.map_err(RunError::from) };
        tokio::select! {
            ended = async { tokio::try_join!(collected, delivered) } => return ended.map(drop),
            () = stop => return Err(RunError::Stopped(cycle.writer.fill().messages)),
            () = limit(most) => {}
        }
        let because = trouble.borrow().as_ref().map(|trouble| format!("; {trouble}")).unwrap_or_default();
        let messages = cycle.writer.fill().messages;
        Err(RunError::Timeout { seconds: most.unwrap_or_default().as_secs(), messages, because })
    }

    fn start(self, goal: Goal) -> Result<(Parts, watch::Sender<Goal>), RunError> {
        let folder = self.config.folder();
        let identity = Identity::load(&folder)?;
        let Opened { writer, reader, recovery } = queue::open(&folder.queue(), self.config.queue_max_bytes.value)?;
        for warning in &recovery.warnings {
            tracing::warn!("{warning}");
        }
        if recovery.fresh || !recovery.warnings.is_empty() {
            collection::forget(&folder);
        }
        // nobody else collects into this folder, as nobody else has its queue
        if let Err(error) = folder.clear_scratch() {
            tracing::warn!("{error}");
        }
        let (goal, reached) = watch::channel(goal);
        let (notices, wishes) = mpsc::unbounded_channel();
        let uplink = Uplink {
            reader,
            folder: folder.clone(),
            settings: Settings::new(self.named, self.environment.clone(), self.config.clone()),
            environment: self.environment.clone(),
            heartbeat: self.config.heartbeat_every.value,
            backoff: self.backoff,
            notices,
            goal: reached,
        };
        let cycle = Cycle {
            collector: self.collector,
            environment: self.environment,
            schedule: self.config.schedule(),
            config: self.config,
            subject: identity.subject,
            folder,
            writer,
            wishes,
            look: cycle::LOOK,
        };
        Ok((Parts { uplink, cycle }, goal))
    }
}

struct Parts {
    uplink: Uplink,
    cycle: Cycle,
}

async fn limit(most: Option<Duration>) {
    match most {
        Some(most) => sleep(most).await,
        None => std::future::pending().await,
    }
}
