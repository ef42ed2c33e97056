//! Adding records up to rows, with the one rule that looks at two records: a remote desktop session is one access.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};

use super::rules::{NETWORK, Origin, REMOTE_DESKTOP, SignIn};

/// A network sign-in this long before a remote desktop session of the same principal from the same client is the one
/// by which the session announced itself (network level authentication). The rules give no number; sessions follow
/// within seconds.
const ANNOUNCED_WITHIN: i64 = 60_000_000;
/// Held back at most so many sign-ins: more different ones than an ordinary server sees within the minute above (an assumption). Where more come, the oldest are released, so many at
/// once; they become rows, which take much more memory.
const MOST_HELD: usize = 2_000;
const RELEASED: usize = 200;

/// More rows than this are handed on in between.
const MOST_ROWS: usize = 2_000;

/// Use of a service by a principal from a client in one calendar year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// What was used, by whom, from where, and which log says so.
    pub sign_in: SignIn,
    /// Calendar year in UTC.
    pub year: i16,
    /// Days of that year from 1, rising.
    pub days: Vec<u16>,
    /// Number of records.
    pub total: u64,
    /// Microseconds since 1970 UTC.
    pub first: i64,
    /// Microseconds since 1970 UTC.
    pub last: i64,
}

/// Rows so far, and the latest network sign-in of each principal and client, held back until it is known to be one.
#[derive(Debug, Default)]
pub struct Tally {
    rows: BTreeMap<(SignIn, i16), Use>,
    held: BTreeMap<SignIn, i64>,
}

impl Tally {
    /// Takes a record; records come in the order of the log.
    pub fn add(&mut self, sign_in: SignIn, micros: i64) {
        if sign_in.origin == Origin::Security && sign_in.service == NETWORK {
            if self.held.len() >= MOST_HELD {
                self.release_oldest();
            }
            if let Some(at) = self.held.insert(sign_in.clone(), micros) {
                self.count(sign_in, at);
            }
            return;
        }
        if sign_in.origin == Origin::Security && sign_in.service == REMOTE_DESKTOP {
            let announcement = SignIn { service: NETWORK, ..sign_in.clone() };
            if let Some(at) = self.held.remove(&announcement)
                && !(0..=ANNOUNCED_WITHIN).contains(&micros.saturating_sub(at))
            {
                self.count(announcement, at);
            }
        }
        self.count(sign_in, micros);
    }

    /// Whether it holds so many rows that they should be taken.
    pub fn is_large(&self) -> bool {
        self.rows.len() >= MOST_ROWS
    }

    /// The rows so far, in the order of their keys; counting begins again, but for what is held back.
    pub fn take_rows(&mut self) -> impl Iterator<Item = Use> + use<> {
        std::mem::take(&mut self.rows).into_values()
    }

    /// The rest. Those of one row that are many come apart.
    pub fn finish(mut self) -> impl Iterator<Item = Use> {
        let mut held = std::mem::take(&mut self.held).into_iter();
        for (sign_in, at) in held.by_ref().take(RELEASED) {
            self.count(sign_in, at);
        }
        self.take_rows().chain(held.map(|(sign_in, at)| once(sign_in, at)))
    }

    fn release_oldest(&mut self) {
        let mut times: Vec<i64> = self.held.values().copied().collect();
        let (_, limit, _) = times.select_nth_unstable(RELEASED);
        let mut free = Vec::new();
        self.held.retain(|sign_in, at| {
            let stays = *at > *limit;
            if !stays {
                free.push((sign_in.clone(), *at));
            }
            stays
        });
        for (sign_in, at) in free {
            self.count(sign_in, at);
        }
    }

    fn count(&mut self, sign_in: SignIn, micros: i64) {
        let (year, day) = day(micros);
        let key = (sign_in, year);
        let Some(row) = self.rows.get_mut(&key) else {
            let row = once(key.0.clone(), micros);
            self.rows.insert(key, row);
            return;
        };
        if let Err(at) = row.days.binary_search(&day) {
            row.days.insert(at, day);
        }
        row.total += 1;
        row.first = row.first.min(micros);
        row.last = row.last.max(micros);
    }
}

/// Calendar year and day of the year.
fn day(micros: i64) -> (i16, u16) {
    let date = Timestamp::from_microsecond(micros).unwrap_or_default().to_zoned(TimeZone::UTC).date();
    (date.year(), date.day_of_year().unsigned_abs())
}

/// The row of one record.
fn once(sign_in: SignIn, micros: i64) -> Use {
    let (year, day) = day(micros);
    Use { sign_in, year, days: vec![day], total: 1, first: micros, last: micros }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;
    /// 2024-12-31T23:59:30Z
    const EVENING: i64 = 1_735_689_570_000_000;

    fn of(service: &'static str, client: &str) -> SignIn {
        SignIn { service, principal: "lab\\jane".into(), client: client.into(), origin: Origin::Security }
    }

    /// (service, second, client) of records; (service, total) of rows.
    fn totals(records: &[(&'static str, i64, &str)]) -> Vec<(&'static str, u64)> {
        let mut tally = Tally::default();
        for (service, second, client) in records {
            tally.add(of(service, client), EVENING + second * SECOND);
        }
        tally.finish().map(|row| (row.sign_in.service, row.total)).collect()
    }

    #[test]
    fn a_remote_desktop_session_is_one_access() {
        let a = "10.0.0.7";
        assert_eq!(totals(&[(NETWORK, 0, a), (REMOTE_DESKTOP, 3, a)]), [(REMOTE_DESKTOP, 1)]);
        // the announcement is the last sign-in before it; earlier ones stand for themselves
        assert_eq!(
            totals(&[(NETWORK, 0, a), (NETWORK, 1, a), (REMOTE_DESKTOP, 3, a)]),
            [(NETWORK, 1), (REMOTE_DESKTOP, 1)]
        );
        // another client, or long before: two accesses
        assert_eq!(totals(&[(NETWORK, 0, "10.0.0.8"), (REMOTE_DESKTOP, 3, a)]), [(NETWORK, 1), (REMOTE_DESKTOP, 1)]);
        assert_eq!(totals(&[(NETWORK, 0, a), (REMOTE_DESKTOP, 61, a)]), [(NETWORK, 1), (REMOTE_DESKTOP, 1)]);
        // the session first: the later sign-in is a use of its own
        assert_eq!(totals(&[(REMOTE_DESKTOP, 0, a), (NETWORK, 3, a)]), [(NETWORK, 1), (REMOTE_DESKTOP, 1)]);
    }

    /// Thirty times as many as are held back, each by somebody else; the sessions of the latest are still known when they begin.
    #[test]
    fn of_many_sign_ins_the_latest_are_held_back_and_none_is_lost() {
        let mut tally = Tally::default();
        let (mut rows, mut most) = (0, 0);
        let all = 30 * i64::try_from(MOST_HELD).unwrap();
        for number in 0..all {
            tally.add(of(NETWORK, &number.to_string()), EVENING + number * 1_000);
            most = most.max(tally.rows.len());
            if tally.is_large() {
                rows += tally.take_rows().map(|row| row.total).sum::<u64>();
            }
        }
        assert!(most < MOST_ROWS + 2 * RELEASED, "{most} rows were held at once");
        assert!((MOST_HELD - RELEASED - 1..=MOST_HELD).contains(&tally.held.len()));
        let last = all - 1;
        tally.add(of(REMOTE_DESKTOP, &last.to_string()), EVENING + last * 1_000);
        let (sessions, others): (Vec<Use>, Vec<Use>) =
            tally.finish().partition(|row| row.sign_in.service == REMOTE_DESKTOP);
        assert_eq!(sessions.len(), 1);
        assert_eq!(rows + others.iter().map(|row| row.total).sum::<u64>(), last.unsigned_abs());
    }

    #[test]
    fn years_are_rows_of_their_own() {
        let mut tally = Tally::default();
        for second in [0, 10, 40] {
            tally.add(of("file share", "10.0.0.7"), EVENING + second * SECOND);
        }
        let rows: Vec<_> = tally.finish().map(|row| (row.year, row.days, row.total)).collect();
        assert_eq!(rows, [(2024, vec![366], 2), (2025, vec![1], 1)]);
    }
}
