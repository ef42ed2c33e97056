//! Access rows and their merge, which is a join (invariant 1), as fast as SQLite takes rows.

use std::collections::HashMap;

use caliper_proto::{CheckedBatch, CheckedRow, Days};
use rusqlite::{Connection, OptionalExtension as _, Transaction, functions::FunctionFlags, params};

use super::StoreError;

/// Most texts remembered with their numbers; at 100 bytes each about 100 MiB.
const MOST_REMEMBERED: usize = 1 << 20;

/// Teaches a connection the union of two day maps, `days_union(a, b)`.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("days_union", 2, flags, |call| {
        let days = |at| {
            let bytes = call.get_raw(at).as_blob().map_err(|error| rusqlite::Error::UserFunctionError(error.into()))?;
            Days::from_bytes(bytes).map_err(|error| rusqlite::Error::UserFunctionError(error.into()))
        };
        Ok(days(0)?.union(days(1)?).to_bytes())
    })
}

/// Numbers of texts and services met before. Belongs to one writer; wrong after a failed transaction, so that the
/// writer must [`Names::forget`] then.
#[derive(Debug, Default)]
pub struct Names {
    texts: HashMap<Box<str>, i64>,
    services: HashMap<(Box<str>, Box<str>), i64>,
}

impl Names {
    /// Forgets everything.
    pub fn forget(&mut self) {
        self.texts.clear();
        self.services.clear();
    }

    fn text(&mut self, tx: &Transaction<'_>, text: &str) -> Result<i64, StoreError> {
        if let Some(id) = self.texts.get(text) {
            return Ok(*id);
        }
        let known =
            tx.prepare_cached("SELECT id FROM text WHERE value = ?")?.query_row([text], |row| row.get(0)).optional()?;
        let id = match known {
            Some(id) => id,
            None => tx.prepare_cached("INSERT INTO text (value) VALUES (?)")?.insert([text])?,
        };
        if self.texts.len() >= MOST_REMEMBERED {
            self.texts.clear();
        }
        self.texts.insert(text.into(), id);
        Ok(id)
    }

    fn service(&mut self, tx: &Transaction<'_>, name: &str, role_guid: &str) -> Result<i64, StoreError> {
        let key = (name.into(), role_guid.into());
        if let Some(id) = self.services.get(&key) {
            return Ok(*id);
        }
        let known = tx
            .prepare_cached("SELECT id FROM service WHERE name = ? AND role_guid = ?")?
            .query_row([name, role_guid], |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => id,
            None => {
                tx.prepare_cached("INSERT INTO service (name, role_guid) VALUES (?, ?)")?.insert([name, role_guid])?
            }
        };
        if self.services.len() >= MOST_REMEMBERED / 16 {
            self.services.clear();
        }
        self.services.insert(key, id);
        Ok(id)
    }
}

/// A row with all its texts replaced by numbers, in the order of the primary key.
struct Numbered {
    key: (i64, i64, i64, i64, u8, i16),
    row: CheckedRow,
}

/// Merges batches, each of one server, into the store. The order of batches and rows and repetition change nothing.
pub fn merge(tx: &Transaction<'_>, names: &mut Names, batches: &[(i64, &CheckedBatch)]) -> Result<(), StoreError> {
    let mut rows = Vec::with_capacity(batches.iter().map(|(_, batch)| batch.rows().len()).sum());
    for (server, batch) in batches {
        number(tx, names, *server, batch, &mut rows)?;
    }
    // neighbours in the table are written together: fewer pages are touched
    rows.sort_unstable_by_key(|numbered| numbered.key);
    let mut upsert = tx.prepare_cached(
        "INSERT INTO access (server, principal, client, service, source, year, days, total, first, last)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET days = days_union(days, excluded.days), total = max(total, excluded.total),
             first = min(first, excluded.first), last = max(last, excluded.last)
         WHERE excluded.total > total OR excluded.first < first OR excluded.last > last
             OR days_union(days, excluded.days) <> days",
    )?;
    for Numbered { key: (server, principal, client, service, source, year), row } in &rows {
        upsert.execute(params![
            server,
            principal,
            client,
            service,
            source,
            year,
            row.days.to_bytes(),
            row.total.cast_signed(), // checked at the edge to be one
            row.first.micros(),
            row.last.micros(),
        ])?;
    }
    Ok(())
}

/// Numbers the rows of one batch; each text and service of the batch is looked up once.
fn number(
    tx: &Transaction<'_>,
    names: &mut Names,
    server: i64,
    batch: &CheckedBatch,
    rows: &mut Vec<Numbered>,
) -> Result<(), StoreError> {
    let texts = batch.texts();
    let mut numbers: Vec<Option<i64>> = vec![None; texts.len()];
    let mut services: HashMap<(u32, u32), i64> = HashMap::new();
    for row in batch.rows() {
        let mut text = |index: u32| -> Result<i64, StoreError> {
            let index = index as usize;
            let number = if let Some(number) = numbers[index] { number } else { names.text(tx, &texts[index])? };
            numbers[index] = Some(number);
            Ok(number)
        };
        let principal = text(row.principal)?;
        let client = text(row.client)?;
        let service = if let Some(number) = services.get(&(row.service, row.role_guid)) {
            *number
        } else {
            let (name, role_guid) = (&texts[row.service as usize], &texts[row.role_guid as usize]);
            let number = names.service(tx, name, role_guid)?;
            services.insert((row.service, row.role_guid), number);
            number
        };
        let key = (server, principal, client, service, row.source.number(), row.year);
        rows.push(Numbered { key, row: *row });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use caliper_proto::{Access, AccessKey, Instant, Source, merge_all, wire};
    use proptest::prelude::*;

    use super::*;
    use crate::store::{
        Store,
        server::{Origin, find_or_insert},
    };

    fn row() -> impl Strategy<Value = Access> {
        let key = (0_u8..2, 0_u8..3, 0_u8..3, 0_usize..2, 2023_i16..2025);
        let facts = (prop::collection::vec(1_u16..=366, 0..4), 0_u64..100, 0_i64..1000, 0_i64..1000);
        (key, facts).prop_map(|((service, principal, client, source, year), (numbers, total, first, span))| {
            let mut days = Days::default();
            for number in numbers {
                days.insert(number).unwrap();
            }
            let key = AccessKey {
                service: format!("service {service}"),
                role_guid: ["", "guid"][usize::from(service)].into(),
                principal: format!("LAB\\u{principal}"),
                client: ["", "10.0.0.1", "::1"][usize::from(client)].into(),
                source: Source::ALL[source],
                year,
            };
            let [first, last] = [first, first + span].map(|micros| Instant::from_micros(micros).unwrap());
            Access { key, days, total, first, last }
        })
    }

    fn stored(store: &Store) -> Vec<Access> {
        let rows = store.read::<_, StoreError>(|tx| {
            let mut statement = tx.prepare(
                "SELECT service.name, service.role_guid, principal.value, client.value, source, year, days, total,
                     first, last
                 FROM access JOIN service ON service.id = access.service
                 JOIN text AS principal ON principal.id = principal JOIN text AS client ON client.id = client",
            )?;
            let rows = statement.query_map([], |row| {
                let instant = |at| Ok::<_, rusqlite::Error>(Instant::from_micros(row.get(at)?).unwrap());
                Ok(Access {
                    key: AccessKey {
                        service: row.get(0)?,
                        role_guid: row.get(1)?,
                        principal: row.get(2)?,
                        client: row.get(3)?,
                        source: Source::from_number(row.get(4)?).unwrap(),
                        year: row.get(5)?,
                    },
                    days: Days::from_bytes(&row.get::<_, Vec<u8>>(6)?).unwrap(),
                    total: row.get::<_, i64>(7)?.unsigned_abs(),
                    first: instant(8)?,
                    last: instant(9)?,
                })
            })?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        });
        merge_all(rows.unwrap())
    }

    fn write(store: &Store, names: &mut Names, batches: &[&[Access]]) {
        let batches: Vec<CheckedBatch> =
            batches.iter().map(|rows| wire::AccessBatch::from(*rows).try_into().unwrap()).collect();
        store
            .write::<_, StoreError>(|tx| {
                let server = find_or_insert(tx, Origin::Agent("a"), "a", Instant::default())?;
                merge(tx, names, &batches.iter().map(|batch| (server, batch)).collect::<Vec<_>>())
            })
            .unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        /// Two writers, each in its own order, some rows twice, transactions of any size: the rows of `merge_all`.
        #[test]
        fn storing_is_a_join(rows in prop::collection::vec(row(), 1..40), turn in 0_usize..40, size in 1_usize..9) {
            let folder = tempfile::tempdir().unwrap();
            let (one, two) = (Store::open(folder.path()).unwrap(), Store::open(folder.path()).unwrap());
            let mut turned = rows.clone();
            turned.rotate_left(turn % rows.len());
            turned.reverse();
            let (mut names_one, mut names_two) = (Names::default(), Names::default());
            for (forth, back) in rows.chunks(size).zip(turned.chunks(size)) {
                write(&one, &mut names_one, &[forth, forth]);
                write(&two, &mut names_two, &[back]);
            }
            prop_assert_eq!(stored(&one), merge_all(rows));
        }
    }
}
