//! From a row of `CLIENTS` to what Caliper calls an access: one per role, user, client and year.
//!
//! UAL keeps one row per role, **tenant**, user and address. Tenants are not part of an access, so within one file the
//! rows of different tenants are to be added up: days unite, totals add. Rows that repeat a tenant (a page that an unclean
//! database holds twice) are the same observation: the larger one counts. Files are to be joined, never added,
//! because the current year's `{GUID}.mdb` repeats `Current.mdb` row for row. The caller does that, who knows where to keep
//! millions of rows.

use jiff::Timestamp;

use super::Client;

/// From here on UAL stops counting accesses of a day.
const COUNTER_CAP: u32 = 65_535;

/// Use of a role by a user from a client in one calendar year, by one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Lower case with hyphens.
    pub role_guid: String,
    /// As stored; empty if the row names nobody (UAL writes `\` for that too).
    pub user: String,
    /// Canonical address, or the client's name where there is no address.
    pub client: String,
    /// Calendar year in UTC that the days count in.
    pub year: i16,
    /// Days of the year from 1, rising.
    pub days: Vec<u16>,
    /// Number of accesses.
    pub total: u64,
    /// Microseconds since 1970 UTC.
    pub first: i64,
    /// Microseconds since 1970 UTC.
    pub last: i64,
}

impl Client {
    /// The accesses of this row: one, or one for each of two years.
    ///
    /// A row belongs to the year of its last access. Only where it began in the year before are the days from its first
    /// one on put into that year: they cannot lie in the future of the last access.
    pub fn accesses(&self) -> impl Iterator<Item = Access> {
        let date =
            |micros| Timestamp::from_microsecond(micros).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).date();
        let (first, last) = (date(self.first), date(self.last));
        let begin = first.day_of_year().unsigned_abs();
        let over_new_year = first.year() + 1 == last.year() && self.days.iter().any(|(day, _)| *day >= begin);
        if !over_new_year {
            return [Some(Access { total: self.total, ..self.of(last.year(), |_| true) }), None].into_iter().flatten();
        }
        let after = self.days.iter().any(|(day, _)| *day < begin);
        let after = after.then(|| self.of(last.year(), |day| day < begin));
        [Some(self.of(first.year(), |day| day >= begin)), after].into_iter().flatten()
    }

    /// What this row says about some of its days.
    fn of(&self, year: i16, wanted: impl Fn(u16) -> bool) -> Access {
        let days = || self.days.iter().filter(|(day, _)| wanted(*day));
        let client = if self.address.is_empty() { self.client_name.to_lowercase() } else { self.address.clone() };
        Access {
            role_guid: self.role_guid.clone(),
            user: self.user.clone(),
            client,
            year,
            days: days().map(|(day, _)| *day).collect(),
            total: days().map(|(_, count)| u64::from(*count)).sum(),
            first: self.first,
            last: self.last,
        }
    }
}

/// More rows than this that contradict themselves are counted only.
const MOST_DOUBTS: usize = 100;

/// Rows whose days do not add up to their total, and days at the counter's end, in sentences.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    kept: Vec<String>,
    more: usize,
}

impl Doubts {
    pub(super) fn look(&mut self, row: &Client) {
        let sum: u64 = row.days.iter().map(|(_, count)| u64::from(*count)).sum();
        if sum != row.total {
            let total = row.total;
            self.add(row, &format!("the days add up to {sum}, the row says {total} accesses"));
        }
        if row.days.iter().any(|(_, count)| *count >= COUNTER_CAP) {
            self.add(row, &format!("UAL stopped counting at {COUNTER_CAP} a day, the total is a minimum"));
        }
    }

    fn add(&mut self, row: &Client, doubt: &str) {
        if self.kept.len() == MOST_DOUBTS {
            self.more += 1;
            return;
        }
        self.kept.push(format!("role {}, user `{}`, client {}: {doubt}", row.role_guid, row.user, row.address));
    }

    pub(super) fn sentences(mut self) -> Vec<String> {
        if self.more > 0 {
            self.kept.push(format!("and {} more contradictions of this kind", self.more));
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000;
    /// 2022-01-01T00:00:00Z
    const NEW_YEAR: i64 = 1_640_995_200_000_000;

    fn row(tenant: &str, total: u64, days: &[(u16, u32)]) -> Client {
        Client {
            role_guid: "ad495fc3-0eaa-413d-ba7d-8b13fa7ec598".into(),
            tenant: tenant.into(),
            total,
            first: NEW_YEAR,
            last: NEW_YEAR + 5 * DAY,
            address: "10.0.0.7".into(),
            user: "lab\\jane".into(),
            client_name: String::new(),
            days: days.to_vec(),
        }
    }

    #[test]
    fn a_row_over_new_year_keeps_each_day_in_its_year() {
        let mut over = row("a", 6, &[(3, 2), (364, 4)]);
        over.first = NEW_YEAR - 2 * DAY;
        let years: Vec<_> = over.accesses().map(|access| (access.year, access.days, access.total)).collect();
        assert_eq!(years, [(2021, vec![364], 4), (2022, vec![3], 2)]);
    }

    #[test]
    fn nobody_stays_as_the_server_wrote_it() {
        let mut nobody = row("a", 1, &[(1, 1)]);
        nobody.user = "\\".into(); // the aggregator knows that this names nobody
        assert_eq!(nobody.accesses().next().unwrap().user, "\\");
    }

    #[test]
    fn days_that_do_not_add_up_are_reported() {
        let mut doubts = Doubts::default();
        for wrong in [row("a", 5, &[(1, 3)]), row("b", 65_535, &[(1, 65_535)])] {
            doubts.look(&wrong);
        }
        let [days, cap] = doubts.sentences().try_into().unwrap();
        assert!(days.contains("the days add up to 3, the row says 5"), "{days}");
        assert!(cap.contains("stopped counting"), "{cap}");
    }
}
