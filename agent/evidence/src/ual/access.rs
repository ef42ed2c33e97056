//! From rows of `CLIENTS` to what Caliper calls an access: one per role, user, client and year.
//!
//! UAL keeps one row per role, **tenant**, user and address. Tenants are not part of an access, so within one file the
//! rows of different tenants are added up: days unite, totals add. Rows that repeat a tenant (a page that an unclean
//! database holds twice) are the same observation: the larger one counts. Across files the caller joins, never adds,
//! because the current year's `{GUID}.mdb` repeats `Current.mdb` row for row.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Client, UalFile};

/// From here on UAL stops counting accesses of a day.
const COUNTER_CAP: u32 = 65_535;

/// Use of a role by a user from a client in one calendar year.
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
    /// Accesses over all tenants.
    pub total: u64,
    /// Microseconds since 1970 UTC.
    pub first: i64,
    /// Microseconds since 1970 UTC.
    pub last: i64,
}

type Key = (String, String, String, i16);

impl UalFile {
    /// Warns of rows whose days do not add up to their total, and of days at the counter's end.
    pub(super) fn check_totals(&mut self) {
        for row in &self.clients {
            let sum: u64 = row.days.iter().map(|(_, count)| u64::from(*count)).sum();
            let named = format!("role {}, user `{}`, client {}", row.role_guid, row.user, row.address);
            if sum != row.total {
                let total = row.total;
                self.warnings.push(format!("{named}: the days add up to {sum}, the row says {total} accesses"));
            }
            if row.days.iter().any(|(_, count)| *count >= COUNTER_CAP) {
                self.warnings
                    .push(format!("{named}: UAL stopped counting at {COUNTER_CAP} a day, the total is a minimum"));
            }
        }
    }

    /// The accesses of this file, in order of role, user, client and year.
    #[must_use]
    pub fn accesses(&self) -> Vec<Access> {
        let mut by_tenant: BTreeMap<(Key, &str), Access> = BTreeMap::new();
        for row in &self.clients {
            for access in years(row) {
                let key = (access.role_guid.clone(), access.user.clone(), access.client.clone(), access.year);
                match by_tenant.get_mut(&(key.clone(), row.tenant.as_str())) {
                    Some(known) => known.unite(&access, u64::max),
                    None => drop(by_tenant.insert((key, row.tenant.as_str()), access)),
                }
            }
        }
        let mut merged: BTreeMap<Key, Access> = BTreeMap::new();
        for ((key, _), access) in by_tenant {
            match merged.get_mut(&key) {
                Some(known) => known.unite(&access, u64::saturating_add),
                None => drop(merged.insert(key, access)),
            }
        }
        merged.into_values().collect()
    }
}

impl Access {
    fn unite(&mut self, other: &Self, totals: fn(u64, u64) -> u64) {
        self.days.extend(&other.days);
        self.days.sort_unstable();
        self.days.dedup();
        self.total = totals(self.total, other.total);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// A row belongs to the year of its last access. Only where it began in the year before are the days from its first
/// one on put into that year: they cannot lie in the future of the last access.
fn years(row: &Client) -> Vec<Access> {
    let date =
        |micros| Timestamp::from_microsecond(micros).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).date();
    let (first, last) = (date(row.first), date(row.last));
    let client = if row.address.is_empty() { row.client_name.to_lowercase() } else { row.address.clone() };
    let access = |year, days: Vec<u16>, total| Access {
        role_guid: row.role_guid.clone(),
        user: row.user.clone(),
        client: client.clone(),
        year,
        days,
        total,
        first: row.first,
        last: row.last,
    };
    let days = |wanted: &dyn Fn(u16) -> bool| -> (Vec<u16>, u64) {
        let chosen = row.days.iter().filter(|(day, _)| wanted(*day));
        chosen.fold((Vec::new(), 0), |(mut days, sum), (day, count)| {
            days.push(*day);
            (days, sum + u64::from(*count))
        })
    };
    if first.year() + 1 == last.year() {
        let begin = first.day_of_year().unsigned_abs();
        let (before, sum) = days(&|day| day >= begin);
        if !before.is_empty() {
            let (after, rest) = days(&|day| day < begin);
            let mut parts = vec![access(first.year(), before, sum)];
            if !after.is_empty() {
                parts.push(access(last.year(), after, rest));
            }
            return parts;
        }
    }
    vec![access(last.year(), days(&|_| true).0, row.total)]
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

    fn file(clients: Vec<Client>) -> UalFile {
        UalFile { clients, ..UalFile::default() }
    }

    #[test]
    fn tenants_add_up_and_repeated_rows_do_not() {
        let rows = vec![
            row("a", 5, &[(1, 3), (2, 2)]),
            row("b", 2, &[(2, 1), (4, 1)]),
            row("a", 5, &[(1, 3), (2, 2)]), // the same page twice
        ];
        let [access] = file(rows).accesses().try_into().unwrap();
        assert_eq!((access.total, access.days.as_slice(), access.year), (7, [1, 2, 4].as_slice(), 2022));
    }

    #[test]
    fn a_row_over_new_year_keeps_each_day_in_its_year() {
        let mut over = row("a", 6, &[(3, 2), (364, 4)]);
        over.first = NEW_YEAR - 2 * DAY;
        let accesses = file(vec![over]).accesses();
        let years: Vec<_> = accesses.iter().map(|access| (access.year, access.days.clone(), access.total)).collect();
        assert_eq!(years, [(2021, vec![364], 4), (2022, vec![3], 2)]);
    }

    #[test]
    fn nobody_stays_as_the_server_wrote_it() {
        let mut nobody = row("a", 1, &[(1, 1)]);
        nobody.user = "\\".into(); // the aggregator knows that this names nobody
        assert_eq!(file(vec![nobody]).accesses()[0].user, "\\");
    }

    #[test]
    fn days_that_do_not_add_up_are_reported() {
        let mut wrong = file(vec![row("a", 5, &[(1, 3)]), row("b", 65_535, &[(1, 65_535)])]);
        wrong.check_totals();
        assert_eq!(wrong.warnings.len(), 2);
        assert!(wrong.warnings[0].contains("the days add up to 3, the row says 5"), "{:?}", wrong.warnings);
        assert!(wrong.warnings[1].contains("stopped counting"), "{:?}", wrong.warnings);
    }
}
