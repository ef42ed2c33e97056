//! The collecting half of the agent: one collection after the other, when it is time or when the aggregator asks.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until},
};

use super::{Collector, RunError};
use crate::{
    collection::{self, Outcome},
    config::{Config, Remote},
    environment::Environment,
    limit::{Ended, Usage},
    queue::{QueueError, Writer},
    schedule::{Schedule, was_set},
    sentence::sentence,
    state::Folder,
    uplink::Notice,
};

/// How often to look at memory during a collection, and at the clock between two.
pub const LOOK: Duration = Duration::from_secs(10);

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
    /// [`LOOK`], or less where a test has no patience.
    pub look: Duration,
}

impl Cycle {
    /// Collects whenever it is time or the aggregator asks; at once, unless times of day are set and it has collected before.
    pub async fn forever(&mut self) -> Result<(), RunError> {
        if let Some(ended) = Ended::load(&self.folder) {
            let rest = ended.rest((self.environment.now)());
            tracing::warn!(
                times = ended.times,
                bytes = ended.held,
                seconds = rest.as_secs(),
                "the agent ended itself for memory: it rests before it collects, longer each time; raise `limit.memory` and report it"
            );
            self.wait(Duration::ZERO, rest).await;
        } else if !self.schedule.at.is_empty() && self.folder.mark().exists() {
            self.wait_for_time(Duration::ZERO).await;
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
            Ended::forget(&self.folder);
            self.wait_for_time(rest).await;
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

    /// What the server's clock shows.
    fn clock(&self) -> jiff::Zoned {
        let now = jiff::Timestamp::from_microsecond((self.environment.now)().micros()).unwrap_or_default();
        now.to_zoned((self.environment.zone)())
    }

    /// How long from now until the next collection.
    fn next(&self) -> Duration {
        let wait = self.schedule.next(&self.clock(), (self.environment.random)());
        tracing::debug!(seconds = wait.as_secs(), "the next collection");
        wait
    }

    /// Keeps for the next start that this one ended for memory.
    pub fn note_end(&self, error: &RunError) {
        if let RunError::Memory { held, .. } = error
            && let Err(error) = Ended::note(&self.folder, (self.environment.now)(), *held)
        {
            tracing::error!("the end for memory could not be noted: {error}");
        }
    }

    /// Waits for the time of the next collection, and for so long at least.
    async fn wait_for_time(&mut self, rest: Duration) {
        let next = self.next();
        if rest > next {
            tracing::warn!(
                seconds = rest.as_secs(),
                "the collection took so much processor time that the next one is put off, to stay within `limit.processor`"
            );
        }
        self.wait(next, rest).await;
    }

    /// Waits until `next` and for `rest` at least, unless the aggregator asks.
    async fn wait(&mut self, next: Duration, rest: Duration) {
        let begun = Instant::now();
        // a start after a rest needs no time of day
        let soonest = next.is_zero();
        let mut time = std::pin::pin!(sleep_until(begun + next.max(rest)));
        let (mut clock, mut looked) = (self.clock(), Instant::now());
        let mut looks = looks(self.look);
        loop {
            tokio::select! {
                () = &mut time => return,
                _ = looks.tick(), if !soonest && !self.schedule.at.is_empty() => {
                    let (before, since) = (std::mem::replace(&mut clock, self.clock()), looked);
                    looked = Instant::now();
                    if was_set(&before, &clock, looked - since) {
                        tracing::info!("the clock or its zone was changed: the time of the next collection is worked out anew");
                        time.as_mut().reset((looked + self.next()).max(begun + rest));
                    }
                }
                wish = self.wishes.recv() => match wish {
                    Some(Notice::CollectNow(reason)) => {
                        tracing::info!(reason, "the aggregator asks for a collection");
                        return;
                    }
                    Some(Notice::Configuration(remote)) => {
                        let config = self.config.clone().with_remote(&remote);
                        if self.adopt(config) && !soonest {
                            time.as_mut().reset((Instant::now() + self.next()).max(begun + rest));
                        }
                    }
                    Some(Notice::Settings(config)) => {
                        let config = config.with_remote(&Remote::load(&self.folder));
                        if self.adopt(config) && !soonest {
                            time.as_mut().reset((Instant::now() + self.next()).max(begun + rest));
                        }
                    }
                    None => time.as_mut().await, // the delivery has ended, and with it soon this
                },
            }
        }
    }

    /// Takes schedule and limits of a configuration; returns whether the schedule changed.
    fn adopt(&mut self, config: Config) -> bool {
        self.config = config;
        let schedule = self.config.schedule();
        let changed = schedule != self.schedule;
        if changed {
            tracing::info!(seconds = schedule.every.as_secs(), "the schedule of collections was changed");
        }
        self.schedule = schedule;
        changed
    }

    pub async fn collect(&mut self, patience: impl Future<Output = ()>) -> Result<Outcome, RunError> {
        let collector = Arc::clone(&self.collector);
        let progress = collection::progress(&self.folder, &self.subject);
        let mut work = tokio::task::spawn_blocking(move || collector(&progress));
        let mut looks = looks(self.look);
        let mut collected = loop {
            tokio::select! {
                collected = &mut work => break collected.map_err(|_| RunError::CollectorDied)??,
                // nobody can stop the work, but the process can end
                _ = looks.tick() => if let Some(usage) = (self.environment.usage)()
                    && let Some(most) = self.config.limit().exceeded_collecting(usage)
                {
                    return Err(RunError::Memory { held: usage.memory, most });
                }
            }
        };
        for warning in &collected.warnings {
            tracing::warn!("{warning}");
        }
        tracing::info!(rows = collected.rows.count(), "collected");
        let now = (self.environment.now)();
        let folder = &self.folder;
        let queued = collection::enqueue(&mut collected, now, &self.subject, folder, &mut self.writer, patience);
        Ok(Box::pin(queued).await?)
    }
}

/// Ticks from one `look` from now on; those that nobody had time for are left out.
fn looks(look: Duration) -> tokio::time::Interval {
    let mut looks = interval_at(Instant::now() + look, look);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    };

    use caliper_proto::{Inventory, Report};

    use super::*;
    use crate::{queue, schedule::read_time};

    const SOON: Duration = Duration::from_millis(5);

    fn cycle(folder: &std::path::Path, environment: Environment, collector: Collector) -> Cycle {
        let mut config = Config::defaults(&environment);
        config.collect_at.value = vec![read_time("14:00").unwrap()];
        config.collect_jitter.value = Duration::ZERO;
        // nobody else keeps the sending end, and `wait` does without it
        let (_, wishes) = mpsc::unbounded_channel();
        Cycle {
            collector,
            environment,
            schedule: config.schedule(),
            config,
            subject: "s".into(),
            folder: Folder::new(folder),
            writer: queue::open(&folder.join("queue"), 1 << 20).unwrap().writer,
            wishes,
            look: SOON,
        }
    }

    fn environment() -> Environment {
        Environment {
            policy: Vec::new,
            usage: || None,
            services: || Ok(Vec::new()),
            now: caliper_proto::Instant::default,
            random: || 0,
            zone: || jiff::tz::TimeZone::UTC,
            host_name: "host".into(),
            config: "agent.toml".into(),
            state: "state".into(),
        }
    }

    fn nothing() -> Report {
        Report { server: Inventory::default(), accesses: Vec::new(), warnings: Vec::new() }
    }

    #[tokio::test]
    async fn a_clock_that_is_set_brings_its_time_nearer() {
        /// 2026-11-27T12:00Z, and then a moment before 14:00.
        static NOW: AtomicI64 = AtomicI64::new(1_795_780_800_000_000);
        let dir = tempfile::tempdir().unwrap();
        let now = || caliper_proto::Instant::from_micros(NOW.load(Ordering::SeqCst)).unwrap();
        let environment = Environment { now, ..environment() };
        let mut cycle = cycle(dir.path(), environment, Arc::new(|_| Ok(nothing().into())));
        let (_kept, wishes) = mpsc::unbounded_channel();
        cycle.wishes = wishes;
        assert_eq!(cycle.next(), Duration::from_hours(2));
        let set = async {
            tokio::time::sleep(4 * SOON).await;
            NOW.fetch_add(2 * 3_600_000_000 - 20_000, Ordering::SeqCst);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = cycle.wait_for_time(Duration::ZERO) => {}
            () = set => unreachable!(),
            () = tokio::time::sleep(Duration::from_mins(1)) => panic!("it waits for two hours of the old clock"),
        }
    }

    /// The clock does not stand still for it: half a second is left of the rest.
    #[tokio::test]
    async fn after_an_end_for_memory_it_rests_before_it_collects_and_forgets_when_it_stays_within() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path());
        let second = |micros: i64| caliper_proto::Instant::from_micros(micros).unwrap();
        let now = || caliper_proto::Instant::from_micros(15 * 60_000_000 - 500_000).unwrap();
        Ended::note(&folder, second(0), 1 << 30).unwrap();
        let environment = Environment { now, ..environment() };
        let collected = Arc::new(tokio::sync::Notify::new());
        let heard = Arc::clone(&collected);
        let collector = move |_: &crate::collect::Progress| {
            heard.notify_one();
            Ok(nothing().into())
        };
        let mut cycle = cycle(dir.path(), environment, Arc::new(collector));
        let (_kept, wishes) = mpsc::unbounded_channel();
        cycle.wishes = wishes;
        let begun = Instant::now();
        tokio::select! {
            ended = cycle.forever() => panic!("{ended:?}"),
            () = collected.notified() => {}
        }
        assert!(begun.elapsed() >= Duration::from_millis(499), "{:?}", begun.elapsed());
        // the collection that was under way is left; a whole one forgets
        let mut cycle = cycle;
        tokio::select! {
            ended = cycle.forever() => panic!("{ended:?}"),
            () = async { while folder.ended().exists() { tokio::time::sleep(SOON).await; } } => {}
        }

        let end = RunError::Memory { held: 9, most: 8 };
        cycle.note_end(&end);
        cycle.note_end(&RunError::CollectorDied);
        assert_eq!(Ended::load(&folder).map(|ended| (ended.times, ended.held)), Some((1, 9)));
    }

    #[tokio::test]
    async fn memory_is_looked_at_during_a_collection() {
        static HELD: AtomicU64 = AtomicU64::new(0);
        let dir = tempfile::tempdir().unwrap();
        let usage = || Some(Usage { memory: HELD.load(Ordering::SeqCst), ..Usage::default() });
        let environment = Environment { usage, ..environment() };
        let collector = |_: &crate::collect::Progress| {
            HELD.store((256 << 20) + 1, Ordering::SeqCst);
            while HELD.load(Ordering::SeqCst) > 0 {
                std::thread::yield_now();
            }
            Ok(nothing().into())
        };
        let mut cycle = cycle(dir.path(), environment, Arc::new(collector));
        let ended = cycle.collect(std::future::pending()).await;
        HELD.store(0, Ordering::SeqCst);
        let error = ended.unwrap_err().to_string();
        assert!(error.contains("holds 268435457 bytes of memory where `limit.memory` allows 268435456"), "{error}");
    }
}
