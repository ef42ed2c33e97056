//! Adding records up to rows, with the one rule that looks at two records: a remote desktop session is one access.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};

use super::rules::{NETWORK, Origin, REMOTE_DESKTOP, SignIn};

/// A network sign-in this long before a remote desktop session of the same principal from the same client is the one
/// by which the session announced itself (network level authentication). The rules give no number; sessions follow
/// within seconds.
const ANNOUNCED_WITHIN: i64 = 60_000_000;
/// Held back at most so many sign-ins; on a busier server the oldest are released early.
const MOST_HELD: usize = 10_000;

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
    held: BTreeMap<(String, String), (SignIn, i64)>,
}

impl Tally {
    /// Takes a record; records come in the order of the log.
    pub fn add(&mut self, sign_in: SignIn, micros: i64) {
        if sign_in.origin == Origin::Security && sign_in.service == NETWORK {
            if self.held.len() >= MOST_HELD {
                self.release_before(micros.saturating_sub(ANNOUNCED_WITHIN));
            }
            if self.held.len() >= MOST_HELD {
                self.release_before(i64::MAX);
            }
            let who = (sign_in.principal.clone(), sign_in.client.clone());
            if let Some((earlier, at)) = self.held.insert(who, (sign_in, micros)) {
                self.count(earlier, at);
            }
            return;
        }
        if sign_in.origin == Origin::Security && sign_in.service == REMOTE_DESKTOP {
            let who = (sign_in.principal.clone(), sign_in.client.clone());
            if let Some((announcement, at)) = self.held.remove(&who)
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

    /// The rest, in the order of their keys.
    pub fn finish(mut self) -> impl Iterator<Item = Use> {
        self.release_before(i64::MAX);
        self.take_rows()
    }

    fn release_before(&mut self, limit: i64) {
        let (free, held) = std::mem::take(&mut self.held).into_iter().partition(|(_, (_, at))| *at < limit);
        self.held = held;
        for (sign_in, at) in BTreeMap::into_values(free) {
            self.count(sign_in, at);
        }
    }

    fn count(&mut self, sign_in: SignIn, micros: i64) {
        let date = Timestamp::from_microsecond(micros).unwrap_or_default().to_zoned(TimeZone::UTC).date();
        let day = date.day_of_year().unsigned_abs();
        let row = self.rows.entry((sign_in.clone(), date.year())).or_insert_with(|| Use {
            sign_in,
            year: date.year(),
            days: Vec::new(),
            total: 0,
            first: micros,
            last: micros,
        });
        if let Err(at) = row.days.binary_search(&day) {
            row.days.insert(at, day);
        }
        row.total += 1;
        row.first = row.first.min(micros);
        row.last = row.last.max(micros);
    }
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
