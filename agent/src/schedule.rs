//! When to collect: every so often or at times of day, each put off a little at random, so that a fleet does not do it all
//! at once.
//!
//! Pure: time and randomness come in.

use std::time::Duration;

use jiff::{ToSpan as _, Zoned, civil::Time};

/// A clock that is so far from the time that has passed was set; smaller corrections are made all the time.
const CORRECTION: Duration = Duration::from_secs(30);

/// When to collect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Time between two collections; plays no part where there are times of day.
    pub every: Duration,
    /// Times of day on the server's clock.
    pub at: Vec<Time>,
    /// Each collection is put off by a random time up to this; between regular ones at most by a tenth of the interval.
    pub jitter: Duration,
}

impl Schedule {
    /// How long to wait for the next collection.
    #[must_use]
    pub fn next(&self, now: &Zoned, random: u64) -> Duration {
        let due = self.at.iter().filter_map(|at| until(now, *at)).min();
        match due {
            Some(due) => due + scaled(self.jitter, random),
            None => self.every + scaled(self.jitter.min(self.every / 10), random),
        }
    }
}

/// Whether somebody set the clock or changed its zone between two looks at it, `passed` apart.
#[must_use]
pub fn was_set(before: &Zoned, after: &Zoned, passed: Duration) -> bool {
    let shown = before.duration_until(after).as_nanos();
    let passed = i128::try_from(passed.as_nanos()).unwrap_or(i128::MAX);
    before.time_zone() != after.time_zone() || shown.abs_diff(passed) > CORRECTION.as_nanos()
}

/// How long until the clock shows a time: today, or else tomorrow. An hour that a day leaves out comes an hour later.
fn until(now: &Zoned, at: Time) -> Option<Duration> {
    let zone = now.time_zone();
    let days = [now.date(), now.date().checked_add(1.day()).ok()?];
    let due =
        days.into_iter().filter_map(|day| day.to_datetime(at).to_zoned(zone.clone()).ok()).find(|due| due > now)?;
    Duration::try_from(now.duration_until(&due)).ok()
}

/// A part of `most`: 0 is nothing, the highest number nearly all.
fn scaled(most: Duration, random: u64) -> Duration {
    let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(((u128::from(random) * u128::from(nanos)) >> 64) as u64)
}

/// Reads a time of day, `HH:MM`.
#[must_use]
pub fn read_time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let is_number = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |text: &str| if is_number(text) { text.parse().ok() } else { None };
    Time::new(number(hour)?, number(minute)?, 0, 0).ok()
}

/// The form that [`read_time`] reads.
#[must_use]
pub fn print_time(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn schedule(at: &[&str], jitter: Duration) -> Schedule {
        Schedule { every: 6 * HOUR, at: at.iter().map(|time| read_time(time).unwrap()).collect(), jitter }
    }

    fn now(text: &str) -> Zoned {
        text.parse().unwrap()
    }

    #[test]
    fn every_so_often_and_a_little_later() {
        let noon = now("2026-11-27T12:00[Europe/Berlin]");
        let schedule = |jitter| schedule(&[], jitter);
        assert_eq!(schedule(Duration::ZERO).next(&noon, u64::MAX), 6 * HOUR);
        assert_eq!(schedule(HOUR / 6).next(&noon, 1 << 63), 6 * HOUR + HOUR / 12);
        let most = schedule(10 * HOUR).next(&noon, u64::MAX);
        assert!(most <= 6 * HOUR + 6 * HOUR / 10 && most > 6 * HOUR + HOUR / 2, "a tenth at most: {most:?}");
    }

    #[test]
    fn at_times_of_day_the_next_one_counts() {
        let schedule = schedule(&["02:30", "14:00"], Duration::ZERO);
        for (at, minutes) in [
            ("2026-11-27T12:00[Europe/Berlin]", 120),
            ("2026-11-27T14:00[Europe/Berlin]", 12 * 60 + 30),
            ("2026-11-27T23:30[Europe/Berlin]", 180),
            ("2026-12-31T23:59[UTC]", 151),
        ] {
            assert_eq!(schedule.next(&now(at), 0), Duration::from_mins(minutes), "{at}");
        }
    }

    /// On 2027-03-28 the clock goes from 02:00 to 03:00, on 2026-10-25 from 03:00 back to 02:00.
    #[test]
    fn days_with_one_hour_less_or_more_have_one_collection() {
        let schedule = schedule(&["02:30"], Duration::ZERO);
        assert_eq!(schedule.next(&now("2027-03-28T01:30[Europe/Berlin]"), 0), HOUR);
        assert_eq!(schedule.next(&now("2026-10-25T01:30[Europe/Berlin]"), 0), HOUR);
        assert_eq!(schedule.next(&now("2026-10-25T02:30+01:00[Europe/Berlin]"), 0), 24 * HOUR, "the second 02:30");
    }

    #[test]
    fn a_clock_is_set_or_only_corrected() {
        let before = now("2026-11-27T12:00[Europe/Berlin]");
        for (after, minutes, set) in [
            ("2026-11-27T12:01:20[Europe/Berlin]", 1, false),
            ("2026-11-27T12:01:40[Europe/Berlin]", 1, true),
            ("2026-11-27T12:00[Europe/Berlin]", 1, true),
            ("2026-11-27T11:00[Europe/Berlin]", 1, true),
            ("2026-11-27T12:01[Europe/Paris]", 1, true),
        ] {
            assert_eq!(was_set(&before, &now(after), Duration::from_mins(minutes)), set, "{after}");
        }
        // summer time is no change of the zone
        let summer = [now("2027-03-28T01:59:30[Europe/Berlin]"), now("2027-03-28T03:00:30[Europe/Berlin]")];
        assert!(!was_set(&summer[0], &summer[1], Duration::from_mins(1)));
    }

    #[test]
    fn times_are_read_as_they_are_printed() {
        for text in ["00:00", "02:30", "23:59"] {
            assert_eq!(print_time(read_time(text).unwrap()), text);
        }
        for text in ["", "24:00", "2:30", "02:60", "0230", "02:30:00", "-1:30", "+2:30"] {
            assert_eq!(read_time(text), None, "{text}");
        }
    }

    proptest! {
        /// A fleet is spread over the jitter and never collects before its time.
        #[test]
        fn never_too_early_and_never_later_than_the_jitter(random: u64, minutes in 1_u64..600, of_day in any::<bool>()) {
            let jitter = Duration::from_mins(minutes);
            let schedule = schedule(if of_day { &["14:00"] } else { &[] }, jitter);
            let noon = now("2026-11-27T12:00[UTC]");
            let (due, most) = if of_day { (2 * HOUR, jitter) } else { (6 * HOUR, jitter.min(6 * HOUR / 10)) };
            let wait = schedule.next(&noon, random);
            prop_assert!(due <= wait && wait <= due + most);
        }
    }
}
