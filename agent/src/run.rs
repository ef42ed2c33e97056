//! The agent at work: collect, queue, deliver; once or for ever.
//!
//! Knows nothing of what is collected: the collection comes in as a function.

use std::{sync::Arc, time::Duration};

use caliper_proto::Report;
use tokio::{
    sync::{mpsc, watch},
    time::{sleep, timeout},
};

use crate::{
    collect::CollectError,
    collection::{self, Outcome, QueueingError},
    config::{Config, Remote},
    connection::Trouble,
    environment::Environment,
    identity::{Identity, IdentityError},
    queue::{self, Opened, QueueError, Writer},
    state::Folder,
    uplink::{Backoff, Goal, Notice, Uplink, UplinkError},
};

/// How long a stopping agent waits for the aggregator; whatever is not acknowledged stays in the queue.
const STOPPING: Duration = Duration::from_secs(10);

/// What a run needs.
pub struct Run {
    /// Intervals, bounds, folders.
    pub config: Config,
    /// Clock, randomness, host name.
    pub environment: Environment,
    /// Makes a report; runs on a thread of its own.
    pub collector: Arc<dyn Fn() -> Result<Report, CollectError> + Send + Sync>,
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
            error @ QueueingError::Mark(_) => Self::Queueing(error),
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
            ended = parts.cycle.forever() => return ended,
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
        let (goal, reached) = watch::channel(goal);
        let (notices, wishes) = mpsc::unbounded_channel();
        let uplink = Uplink {
            reader,
            folder: folder.clone(),
            address: self.config.server.value.clone(),
            environment: self.environment.clone(),
            heartbeat: self.config.heartbeat_every.value,
            backoff: self.backoff,
            notices,
            goal: reached,
        };
        let cycle = Cycle {
            collector: self.collector,
            environment: self.environment,
            every: self.config.collect_every.value,
            subject: identity.subject,
            folder,
            writer,
            wishes,
        };
        Ok((Parts { uplink, cycle }, goal))
    }
}

struct Parts {
    uplink: Uplink,
    cycle: Cycle,
}

/// The collecting half of the agent.
struct Cycle {
    collector: Arc<dyn Fn() -> Result<Report, CollectError> + Send + Sync>,
    environment: Environment,
    every: Duration,
    subject: String,
    folder: Folder,
    writer: Writer,
    wishes: mpsc::UnboundedReceiver<Notice>,
}

impl Cycle {
    /// Collects at once and then whenever it is time or the aggregator asks.
    async fn forever(&mut self) -> Result<(), RunError> {
        loop {
            // a full queue is waited for until the next collection would begin
            match self.collect(sleep(self.every)).await {
                Ok(Outcome::Unchanged) => tracing::info!("nothing new since the last collection"),
                Ok(Outcome::Queued(messages)) => tracing::info!(messages, "collection queued"),
                Ok(Outcome::GaveUp(messages)) => {
                    tracing::error!(
                        messages,
                        "the queue is full: this part of the collection was left out; the next one tries again"
                    );
                }
                // delivery goes on, and the next collection tries again
                Err(
                    error @ (RunError::Collect(_) | RunError::Queueing(_) | RunError::Queue(QueueError::Io { .. })),
                ) => {
                    tracing::error!("{}", crate::sentence::sentence(&error));
                }
                Err(error) => return Err(error),
            }
            self.wait().await;
        }
    }

    async fn wait(&mut self) {
        let mut time = std::pin::pin!(sleep(self.every));
        loop {
            tokio::select! {
                () = &mut time => return,
                wish = self.wishes.recv() => match wish {
                    Some(Notice::CollectNow(reason)) => {
                        tracing::info!(reason, "the aggregator asks for a collection");
                        return;
                    }
                    Some(Notice::Configuration(remote)) => {
                        if self.adopt(&remote) {
                            time.as_mut().reset(tokio::time::Instant::now() + self.every);
                        }
                    }
                    None => time.as_mut().await, // the delivery has ended, and with it soon this
                },
            }
        }
    }

    /// Takes the interval of a configuration; returns whether it changed.
    fn adopt(&mut self, remote: &Remote) -> bool {
        let every = remote.collect().unwrap_or(self.every);
        let changed = every != self.every;
        if changed {
            tracing::info!(seconds = every.as_secs(), "the aggregator changed the time between collections");
        }
        self.every = every;
        changed
    }

    async fn collect(&mut self, patience: impl Future<Output = ()>) -> Result<Outcome, RunError> {
        let collector = Arc::clone(&self.collector);
        let report = tokio::task::spawn_blocking(move || collector()).await.map_err(|_| RunError::CollectorDied)??;
        for warning in &report.warnings {
            tracing::warn!("{warning}");
        }
        tracing::info!(rows = report.accesses.len(), "collected");
        let now = (self.environment.now)();
        let folder = &self.folder;
        Ok(collection::enqueue(&report, now, &self.subject, folder, &mut self.writer, patience).await?)
    }
}

async fn limit(most: Option<Duration>) {
    match most {
        Some(most) => sleep(most).await,
        None => std::future::pending().await,
    }
}
