//! From rows of `CLIENTS` to what Caliper calls an access: one per role, user, client and year.
//!
//! UAL keeps one row per role, **tenant**, user and address. Tenants are not part of an access, so within one file the
//! rows of different tenants are added up: days unite, totals add. Rows that repeat a tenant (a page that an unclean
//! database holds twice) are the same observation: the larger one counts. Across files the caller joins, never adds,
//! because the current year's `{GUID}.mdb` repeats `Current.mdb` row for row.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, btree_map::Entry},
    rc::Rc,
};

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

/// Adds rows of `CLIENTS` up to accesses. Texts are kept once: a million rows repeat a few thousand names.
#[derive(Debug, Default)]
pub struct Accesses {
    texts: Vec<Rc<str>>,
    numbers: HashMap<Rc<str>, u32>,
    rows: BTreeMap<Key, Sum>,
}

/// Numbers of role, user and client, the year, the number of the tenant.
type Key = ([u32; 3], i16, u32);

/// What is known of an access.
#[derive(Debug)]
struct Sum {
    days: Days,
    total: u64,
    first: i64,
    last: i64,
}

/// A bit for each day of a year, from 1.
#[derive(Debug, Clone, Copy, Default)]
struct Days([u64; 6]);

impl Days {
    fn insert(&mut self, day: u16) {
        if let Some(word) = self.0.get_mut(usize::from(day) / 64) {
            *word |= 1 << (day % 64);
        }
    }

    fn to_list(self) -> Vec<u16> {
        (1..=366).filter(|day| self.0[usize::from(*day) / 64] >> (day % 64) & 1 == 1).collect()
    }
}

impl Sum {
    fn unite(&mut self, other: &Self, totals: fn(u64, u64) -> u64) {
        for (own, others) in self.days.0.iter_mut().zip(other.days.0) {
            *own |= others;
        }
        self.total = totals(self.total, other.total);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

impl Accesses {
    /// Takes a row.
    pub fn add(&mut self, row: &Client) {
        let client = if row.address.is_empty() {
            row.client_name.to_lowercase().into()
        } else {
            Cow::from(row.address.as_str())
        };
        let names = [row.role_guid.as_str(), row.user.as_str(), &client].map(|text| self.number(text));
        let tenant = self.number(&row.tenant);
        for (year, sum) in years(row) {
            match self.rows.entry((names, year, tenant)) {
                Entry::Vacant(place) => drop(place.insert(sum)),
                Entry::Occupied(known) => known.into_mut().unite(&sum, u64::max),
            }
        }
    }

    /// The accesses, in order of role, user, client and year.
    pub fn finish(self) -> impl Iterator<Item = Access> {
        let Self { texts, numbers, rows } = self;
        drop(numbers);
        // tenants of an access stand side by side
        let mut merged: Vec<([u32; 3], i16, Sum)> = Vec::with_capacity(rows.len());
        for ((names, year, _), sum) in rows {
            match merged.last_mut() {
                Some((known, of, total)) if *known == names && *of == year => total.unite(&sum, u64::saturating_add),
                _ => merged.push((names, year, sum)),
            }
        }
        merged.sort_unstable_by(|(one, year, _), (other, of, _)| {
            let text = |number: &u32| &texts[*number as usize];
            one.iter().map(text).cmp(other.iter().map(text)).then(year.cmp(of))
        });
        merged.into_iter().map(move |([role, user, client], year, sum)| {
            let text = |number: u32| texts[number as usize].to_string();
            Access {
                role_guid: text(role),
                user: text(user),
                client: text(client),
                year,
                days: sum.days.to_list(),
                total: sum.total,
                first: sum.first,
                last: sum.last,
            }
        })
    }

    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        let text: Rc<str> = text.into();
        self.texts.push(Rc::clone(&text));
        self.numbers.insert(text, number);
        number
    }
}

impl UalFile {
    /// The accesses of this file, in order of role, user, client and year.
    #[must_use]
    pub fn accesses(&self) -> Vec<Access> {
        let mut accesses = Accesses::default();
        self.clients.iter().for_each(|row| accesses.add(row));
        accesses.finish().collect()
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

/// A row belongs to the year of its last access. Only where it began in the year before are the days from its first
/// one on put into that year: they cannot lie in the future of the last access.
fn years(row: &Client) -> impl Iterator<Item = (i16, Sum)> {
    let date =
        |micros| Timestamp::from_microsecond(micros).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).date();
    let (first, last) = (date(row.first), date(row.last));
    let sum = |wanted: &dyn Fn(u16) -> bool| {
        let mut sum = Sum { days: Days::default(), total: 0, first: row.first, last: row.last };
        for (day, count) in row.days.iter().filter(|(day, _)| wanted(*day)) {
            sum.days.insert(*day);
            sum.total += u64::from(*count);
        }
        sum
    };
    let begin = first.day_of_year().unsigned_abs();
    let over_new_year = first.year() + 1 == last.year() && row.days.iter().any(|(day, _)| *day >= begin);
    if !over_new_year {
        return [Some((last.year(), Sum { total: row.total, ..sum(&|_| true) })), None].into_iter().flatten();
    }
    let after = row.days.iter().any(|(day, _)| *day < begin).then(|| (last.year(), sum(&|day| day < begin)));
    [Some((first.year(), sum(&|day| day >= begin))), after].into_iter().flatten()
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
        let mut doubts = Doubts::default();
        for wrong in [row("a", 5, &[(1, 3)]), row("b", 65_535, &[(1, 65_535)])] {
            doubts.look(&wrong);
        }
        let [days, cap] = doubts.sentences().try_into().unwrap();
        assert!(days.contains("the days add up to 3, the row says 5"), "{days}");
        assert!(cap.contains("stopped counting"), "{cap}");
    }
}
