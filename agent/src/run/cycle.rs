//! The collecting half of the agent: one collection after the other, when it is time or when the aggregator asks.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

use super::{Collector, RunError};
use crate::{
    collection::{self, Outcome},
    config::{Config, Remote},
    environment::Environment,
    limit::Usage,
    queue::{QueueError, Writer},
    schedule::Schedule,
    sentence::sentence,
    state::Folder,
    uplink::Notice,
};

/// Collects and queues; there is never more than one collection at a time.
pub struct Cycle {
    pub collector: Collector,
    pub environment: Environment,
    pub config: Config,
    pub schedule: Schedule,
    pub subject: String,
    pub folder: Folder,
    pub writer: Writer,
    pub wishes: mpsc::UnboundedReceiver<Notice>,
}

impl Cycle {
    /// Collects whenever it is time or the aggregator asks; at once, unless times of day are set and it has collected before.
    pub async fn forever(&mut self) -> Result<(), RunError> {
        if !self.schedule.at.is_empty() && self.folder.mark().exists() {
            self.wait(Duration::ZERO).await;
        }
        loop {
            let before = (self.environment.usage)();
            // a full queue is waited for until the next collection would begin
            let patience = sleep(self.next());
            match self.collect(patience).await {
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
                    tracing::error!("{}", sentence(&error));
                }
                Err(error) => return Err(error),
            }
            let rest = self.rest(before)?;
            self.wait(rest).await;
        }
    }

    /// How long to rest because of what the last collection used.
    fn rest(&self, before: Option<Usage>) -> Result<Duration, RunError> {
        let limit = self.config.limit();
        let Some((before, after)) = before.zip((self.environment.usage)()) else { return Ok(Duration::ZERO) };
        if limit.is_exceeded(after) {
            return Err(RunError::Memory { held: after.memory, most: limit.memory });
        }
        let spent = after.processor.saturating_sub(before.processor);
        tracing::info!(milliseconds = spent.as_millis(), memory = after.memory, "used by the collection");
        Ok(limit.rest(spent))
    }

    /// How long from now until the next collection.
    fn next(&self) -> Duration {
        let now = jiff::Timestamp::from_microsecond((self.environment.now)().micros()).unwrap_or_default();
        let wait = self.schedule.next(&now.to_zoned(self.environment.zone.clone()), (self.environment.random)());
        tracing::debug!(seconds = wait.as_secs(), "the next collection");
        wait
    }

    /// Waits for the time of the next collection, and for so long at least unless the aggregator asks.
    async fn wait(&mut self, rest: Duration) {
        let begun = Instant::now();
        let next = self.next();
        if rest > next {
            tracing::warn!(
                seconds = rest.as_secs(),
                "the collection took so much processor time that the next one is put off, to stay within `limit.processor`"
            );
        }
        let mut time = std::pin::pin!(sleep_until(begun + next.max(rest)));
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
                            time.as_mut().reset((Instant::now() + self.next()).max(begun + rest));
                        }
                    }
                    None => time.as_mut().await, // the delivery has ended, and with it soon this
                },
            }
        }
    }

    /// Takes the schedule of a configuration; returns whether it changed.
    fn adopt(&mut self, remote: &Remote) -> bool {
        self.config = self.config.clone().with_remote(remote);
        let schedule = self.config.schedule();
        let changed = schedule != self.schedule;
        if changed {
            tracing::info!(seconds = schedule.every.as_secs(), "the aggregator changed the schedule of collections");
        }
        self.schedule = schedule;
        changed
    }

    pub async fn collect(&mut self, patience: impl Future<Output = ()>) -> Result<Outcome, RunError> {
        let collector = Arc::clone(&self.collector);
        let progress = collection::progress(&self.folder, &self.subject);
        let collected = tokio::task::spawn_blocking(move || collector(&progress)).await;
        let collected = collected.map_err(|_| RunError::CollectorDied)??;
        let report = &collected.report;
        for warning in &report.warnings {
            tracing::warn!("{warning}");
        }
        tracing::info!(rows = report.accesses.len(), "collected");
        let now = (self.environment.now)();
        let folder = &self.folder;
        Ok(collection::enqueue(&collected, now, &self.subject, folder, &mut self.writer, patience).await?)
    }
}
