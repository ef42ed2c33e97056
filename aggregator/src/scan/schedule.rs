//! Scans at set times: a cron expression read in a time zone.
//!
//! [`Calendar`] is pure. [`run_due`] runs what is due at the present instant, each schedule at most once however long the
//! program was away; [`keep`] calls it again and again, so two scheduled scans never run at once.

use std::{str::FromStr, sync::Arc, time::Duration};

use caliper_proto::Instant;
use croner::Cron;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::{ScanError, Trigger, run};
use crate::{
    config::Config,
    context::Clock,
    directory::{self, Reading},
    store::{Store, StoreError, schedule as table},
};

/// The longest sleep between two looks at the clock, which may be set meanwhile.
const LOOK: Duration = Duration::from_mins(1);

/// `[[schedule]]` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSettings {
    /// Unique among schedules.
    pub name: String,
    /// Minute, hour, day of month, month, day of week.
    pub cron: String,
    /// IANA name, for example `Europe/Berlin`.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// Whether all directories are read before the scan.
    #[serde(default = "yes")]
    pub sync_directories: bool,
}

fn utc() -> String {
    "UTC".to_owned()
}

fn yes() -> bool {
    true
}

/// Why a schedule has no times.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// No cron expression.
    #[error(
        "`{cron}` is no cron expression: write minute, hour, day of month, month and day of week, for example \"0 3 * * *\""
    )]
    Cron {
        /// As configured.
        cron: String,
    },
    /// No such time zone.
    #[error("`{zone}` is no time zone: write an IANA name, for example \"Europe/Berlin\"")]
    Zone {
        /// As configured.
        zone: String,
    },
}

/// The times of a schedule.
#[derive(Debug, Clone)]
pub struct Calendar {
    cron: Cron,
    zone: TimeZone,
}

impl Calendar {
    /// Reads expression and time zone.
    pub fn of(settings: &ScheduleSettings) -> Result<Self, ScheduleError> {
        let cron = Cron::from_str(&settings.cron).map_err(|_| ScheduleError::Cron { cron: settings.cron.clone() })?;
        let zone =
            TimeZone::get(&settings.time_zone).map_err(|_| ScheduleError::Zone { zone: settings.time_zone.clone() })?;
        Ok(Self { cron, zone })
    }

    /// The first time after `after`; `None` if there is none. A time that a change of the clocks leaves out is moved
    /// behind the gap, a time that occurs twice counts once, the first time.
    #[must_use]
    pub fn next_due(&self, after: Instant) -> Option<Instant> {
        let mut civil = after.timestamp().to_zoned(self.zone.clone()).datetime();
        loop {
            civil = self.cron.find_next_occurrence(&civil, false).ok()?;
            let due: Instant = civil.to_zoned(self.zone.clone()).ok()?.timestamp().into();
            if due > after {
                return Some(due);
            }
        }
    }
}

/// Runs the schedules that are due; returns the numbers of their scans. A schedule seen for the first time
/// waits for its next time. What fails is logged and kept with the scan; the next time comes all the same.
pub async fn run_due(store: &Arc<Store>, config: &Arc<Config>, clock: &Clock) -> Result<Vec<u64>, StoreError> {
    let now = clock.now();
    let mut scans = Vec::new();
    for settings in &config.schedule {
        let Ok(calendar) = Calendar::of(settings) else { continue };
        let last: Option<Instant> = store.read(|tx| table::last_due(tx, &settings.name))?;
        let due = last.is_some_and(|last| calendar.next_due(last).is_some_and(|due| due <= now));
        if due || last.is_none() {
            // noted before the work, so that a crash in the middle does not repeat it for ever
            store.write(|tx| table::set_last_due(tx, &settings.name, now))?;
        }
        if !due {
            continue;
        }
        if settings.sync_directories {
            for directory in &config.directory {
                if let Err(error) = directory::synchronise(store, directory, Reading::Changes, now).await {
                    tracing::warn!(%error, "a directory could not be read before a scheduled scan; what is stored counts");
                }
            }
        }
        let trigger = Trigger::Schedule(settings.name.clone());
        let (store, config, clock) = (store.clone(), config.clone(), clock.clone());
        let scan = tokio::task::spawn_blocking(move || run(&store, &config, &trigger, &clock)).await;
        match scan {
            Ok(Ok(scan)) => scans.push(scan),
            Ok(Err(ScanError::Store(error))) => return Err(error),
            Ok(Err(error)) => tracing::warn!(%error, schedule = settings.name, "a scheduled scan failed"),
            Err(error) => tracing::error!(%error, schedule = settings.name, "a scheduled scan broke down"),
        }
    }
    Ok(scans)
}

/// Runs schedules until the task is dropped.
pub async fn keep(store: Arc<Store>, config: Arc<Config>, clock: Clock) {
    loop {
        if let Err(error) = run_due(&store, &config, &clock).await {
            tracing::warn!(%error, "schedules could not be looked at");
        }
        let now = clock.now();
        let next = config
            .schedule
            .iter()
            .filter_map(|settings| Calendar::of(settings).ok()?.next_due(now))
            .min()
            .map_or(LOOK, |due| Duration::from_micros((due.micros() - now.micros()).unsigned_abs()));
        tokio::time::sleep(next.min(LOOK)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(cron: &str, zone: &str) -> Calendar {
        let settings =
            ScheduleSettings { name: "x".into(), cron: cron.into(), time_zone: zone.into(), sync_directories: false };
        Calendar::of(&settings).unwrap()
    }

    fn instant(text: &str) -> Instant {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    #[test]
    fn times_follow_the_clocks_on_the_wall() {
        // Europe/Berlin: on 2026-03-29 02:00 becomes 03:00, on 2026-10-25 03:00 becomes 02:00
        for (cron, after, due) in [
            ("0 3 * * *", "2026-03-27T12:00:00Z", "2026-03-28T02:00:00Z"),
            ("0 3 * * *", "2026-03-28T02:00:00Z", "2026-03-29T01:00:00Z"),
            // 02:30 does not exist on that day: half an hour after the gap, and not left out
            ("30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"),
            ("30 2 * * *", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"),
            // 02:30 exists twice: the first one counts
            ("30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
            ("30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
            // from between the two
            ("30 2 * * *", "2026-10-25T01:10:00Z", "2026-10-26T01:30:00Z"),
            ("0 0 1 * *", "2026-10-25T01:10:00Z", "2026-10-31T23:00:00Z"),
            ("0 6 * * MON", "2026-11-21T00:00:00Z", "2026-11-23T05:00:00Z"),
        ] {
            assert_eq!(calendar(cron, "Europe/Berlin").next_due(instant(after)), Some(instant(due)), "{cron} {after}");
        }
        assert_eq!(calendar("0 0 30 2 *", "UTC").next_due(instant("2026-01-01T00:00:00Z")), None);
    }

    #[test]
    fn nonsense_is_refused_with_an_example() {
        let settings = |cron: &str, zone: &str| ScheduleSettings {
            name: "x".into(),
            cron: cron.into(),
            time_zone: zone.into(),
            sync_directories: true,
        };
        for (settings, part) in
            [(settings("at three", "UTC"), "\"0 3 * * *\""), (settings("0 3 * * *", "Berlin"), "\"Europe/Berlin\"")]
        {
            let text = Calendar::of(&settings).unwrap_err().to_string();
            assert!(text.contains(part), "{text}");
        }
    }

    #[tokio::test]
    async fn missed_times_run_once_and_leave_their_name() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(folder.path()).unwrap());
        let text = "[[schedule]]\nname = 'nightly'\ncron = '0 3 * * *'\n";
        let config = Arc::new(Config::parse(std::path::Path::new("c.toml"), text).unwrap());
        let mut ran = Vec::new();
        for at in [
            "2026-11-01T12:00:00Z", // first seen: waits
            "2026-11-02T02:59:59Z",
            "2026-11-02T03:00:00Z", // due
            "2026-11-02T03:00:30Z",
            "2026-11-09T12:00:00Z", // a week away: once
            "2026-11-09T12:01:00Z",
            "2026-11-10T03:00:00Z", // and in time again
        ] {
            ran.push(run_due(&store, &config, &Clock::new(move || instant(at))).await.unwrap().len());
        }
        assert_eq!(ran, [0, 0, 1, 0, 1, 0, 1]);
        let triggers: Vec<String> = store
            .read(|tx| {
                let mut select = tx.prepare("SELECT trigger FROM scan WHERE state = 'done' ORDER BY id")?;
                let rows = select.query_map([], |row| row.get(0))?;
                Ok::<_, StoreError>(rows.collect::<Result<_, _>>()?)
            })
            .unwrap();
        assert_eq!(triggers, ["schedule: nightly"; 3]);
    }
}
