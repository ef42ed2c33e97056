//! Access batches.

use std::collections::HashMap;

use super::{WireError, checked_text, instant};
use crate::{Access, AccessKey, Days, Instant, Source, wire};

/// Most rows in one batch.
const MOST_ROWS: usize = 100_000;

impl From<&[Access]> for wire::AccessBatch {
    fn from(rows: &[Access]) -> Self {
        let mut texts = vec![String::new()];
        let mut index: HashMap<&str, u32> = HashMap::from([("", 0)]);
        let mut number = |text| {
            *index.entry(text).or_insert_with(|| {
                texts.push(str::to_owned(text));
                texts.len() as u32 - 1
            })
        };
        let rows = rows
            .iter()
            .map(|Access { key, days, total, first, last }| wire::AccessRow {
                service: number(&key.service),
                role_guid: number(&key.role_guid),
                principal: number(&key.principal),
                client: number(&key.client),
                source: i32::from(key.source.number()),
                year: u32::from(key.year.unsigned_abs()),
                days: days.to_bytes(),
                total: *total,
                first_micros: first.micros(),
                last_micros: last.micros(),
            })
            .collect();
        Self { texts, rows }
    }
}

impl TryFrom<wire::AccessBatch> for Vec<Access> {
    type Error = WireError;

    fn try_from(batch: wire::AccessBatch) -> Result<Self, WireError> {
        let checked = CheckedBatch::try_from(batch)?;
        Ok(checked.rows().iter().map(|row| checked.access(row)).collect())
    }
}

/// A checked batch that still shares its texts: what a store wants that keeps each text once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckedBatch {
    texts: Vec<String>,
    rows: Vec<CheckedRow>,
}

/// A row of a [`CheckedBatch`]; the texts are indexes into [`CheckedBatch::texts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckedRow {
    /// See [`AccessKey::service`].
    pub service: u32,
    /// See [`AccessKey::role_guid`].
    pub role_guid: u32,
    /// See [`AccessKey::principal`].
    pub principal: u32,
    /// See [`AccessKey::client`].
    pub client: u32,
    /// See [`AccessKey::source`].
    pub source: Source,
    /// See [`AccessKey::year`].
    pub year: i16,
    /// See [`Access::days`].
    pub days: Days,
    /// See [`Access::total`].
    pub total: u64,
    /// See [`Access::first`].
    pub first: Instant,
    /// See [`Access::last`].
    pub last: Instant,
}

impl CheckedBatch {
    /// The texts; every index of a row is inside.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The rows in the order they came; the same key may occur twice.
    #[must_use]
    pub fn rows(&self) -> &[CheckedRow] {
        &self.rows
    }

    fn access(&self, row: &CheckedRow) -> Access {
        let text = |index: u32| self.texts[index as usize].clone();
        Access {
            key: AccessKey {
                service: text(row.service),
                role_guid: text(row.role_guid),
                principal: text(row.principal),
                client: text(row.client),
                source: row.source,
                year: row.year,
            },
            days: row.days,
            total: row.total,
            first: row.first,
            last: row.last,
        }
    }
}

impl TryFrom<wire::AccessBatch> for CheckedBatch {
    type Error = WireError;

    fn try_from(batch: wire::AccessBatch) -> Result<Self, WireError> {
        if batch.rows.len() > MOST_ROWS {
            return Err(WireError::new("rows", format!("{} rows, at most {MOST_ROWS} expected", batch.rows.len())));
        }
        let mut texts = batch.texts;
        if texts.is_empty() {
            texts.push(String::new()); // index 0 is always the empty text, even when it was left out
        }
        for (at, text) in texts.iter().enumerate() {
            checked_text("", text).map_err(|error| WireError::new(format!("texts[{at}]"), error.problem))?;
        }
        let rows = batch.rows.iter().enumerate().map(|(at, row)| read(texts.len(), at, row));
        let rows = rows.collect::<Result<_, WireError>>()?;
        Ok(Self { texts, rows })
    }
}

fn read(texts: usize, at: usize, row: &wire::AccessRow) -> Result<CheckedRow, WireError> {
    // called a million times: the path of a field is only written when it is refused
    let wrong = |name: &str, problem: String| WireError::new(format!("rows[{at}].{name}"), problem);
    let text = |name, index: u32| {
        let known = Some(index).filter(|index| (*index as usize) < texts);
        known.ok_or_else(|| wrong(name, format!("text {index} of {texts} does not exist")))
    };
    let time = |name, micros| instant("", micros).map_err(|error| wrong(name, error.problem));
    let source = u8::try_from(row.source)
        .ok()
        .and_then(Source::from_number)
        .ok_or_else(|| wrong("source", format!("{} is no evidence source", row.source)))?;
    let year = i16::try_from(row.year)
        .ok()
        .filter(|year| (1..=9999).contains(year))
        .ok_or_else(|| wrong("year", format!("{} is outside 1 to 9999", row.year)))?;
    let days = Days::from_bytes(&row.days).map_err(|error| wrong("days", error.to_string()))?;
    let first = time("first_micros", row.first_micros)?;
    let last = time("last_micros", row.last_micros)?;
    if last < first {
        return Err(wrong("last_micros", "before first_micros".into()));
    }
    if i64::try_from(row.total).is_err() {
        return Err(wrong("total", format!("{} is no count", row.total)));
    }
    Ok(CheckedRow {
        service: text("service", row.service)?,
        role_guid: text("role_guid", row.role_guid)?,
        principal: text("principal", row.principal)?,
        client: text("client", row.client)?,
        source,
        year,
        days,
        total: row.total,
        first,
        last,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row() -> impl Strategy<Value = Access> {
        let texts = ("[a-z ]{0,4}", "[0-9a-f-]{0,3}", "[a-zA-Z\\\\$]{0,5}", "[0-9.:]{0,4}");
        let rest = (0_usize..8, 1_i16..=9999, prop::collection::vec(1_u16..=366, 0..9), 0..=i64::MAX as u64);
        (texts, rest, 0..1_i64 << 50, 0..1_i64 << 40).prop_map(
            |((service, role_guid, principal, client), (source, year, numbers, total), first, span)| {
                let mut days = Days::default();
                for number in numbers {
                    days.insert(number).unwrap();
                }
                let source = Source::ALL[source];
                let key = AccessKey { service, role_guid, principal, client, source, year };
                let first_instant = Instant::from_micros(first).unwrap();
                let last = Instant::from_micros(first + span).unwrap();
                Access { key, days, total, first: first_instant, last }
            },
        )
    }

    proptest! {
        #[test]
        fn goes_both_ways(rows in prop::collection::vec(row(), 0..20)) {
            let batch = wire::AccessBatch::from(rows.as_slice());
            prop_assert_eq!(Vec::<Access>::try_from(batch).unwrap(), rows);
        }
    }

    #[test]
    fn refuses_what_contradicts_itself() {
        let good = wire::AccessRow { source: 1, year: 2024, last_micros: 1, ..wire::AccessRow::default() };
        let refused = |row| {
            let batch = wire::AccessBatch { texts: vec![String::new()], rows: vec![row] };
            Vec::<Access>::try_from(batch).unwrap_err().field
        };
        assert_eq!(refused(wire::AccessRow { principal: 1, ..good.clone() }), "rows[0].principal");
        assert_eq!(refused(wire::AccessRow { source: 0, ..good.clone() }), "rows[0].source");
        assert_eq!(refused(wire::AccessRow { source: 99, ..good.clone() }), "rows[0].source");
        assert_eq!(refused(wire::AccessRow { year: 0, ..good.clone() }), "rows[0].year");
        assert_eq!(refused(wire::AccessRow { days: vec![0; 47], ..good.clone() }), "rows[0].days");
        assert_eq!(refused(wire::AccessRow { first_micros: 2, ..good.clone() }), "rows[0].last_micros");
        assert_eq!(refused(wire::AccessRow { first_micros: i64::MIN, ..good.clone() }), "rows[0].first_micros");
        assert_eq!(refused(wire::AccessRow { total: u64::MAX, ..good }), "rows[0].total");
        let batch = wire::AccessBatch { texts: vec!["x".repeat(1025)], rows: vec![] };
        assert_eq!(Vec::<Access>::try_from(batch).unwrap_err().field, "texts[0]");
    }
}
