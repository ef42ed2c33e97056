//! What a scan said of each person.

use caliper_proto::Instant;
use rusqlite::{Row, Transaction};
use serde::Serialize;

use super::list::{List, Listing, Sort, instant, number};
use crate::{
    identity::Join,
    store::{StoreError, texts},
};

/// One person of one scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Person {
    /// Id inside the scan's estate.
    pub person: String,
    /// Display name.
    pub name: String,
    /// Accounts joined into this person.
    pub accounts: Vec<String>,
    /// Why they are one person's.
    pub joins: Vec<Join>,
    /// As the directory says.
    pub department: String,
    /// Neither employee nor on-site contractor.
    pub external: bool,
    /// `user-cal`, `devices`, `exempt` or `none`.
    pub licence: String,
    /// Version of the CAL needed, or empty.
    pub version: String,
    /// One sentence with the rule id.
    pub why: String,
    /// Of the match.
    pub confidence: String,
    /// Devices used.
    pub devices: u64,
    /// Servers reached.
    pub servers: u64,
    /// First access within the window.
    pub first_seen: Option<Instant>,
    /// Last access within the window.
    pub last_seen: Option<Instant>,
}

/// What the list keeps.
#[derive(Debug, Clone, Default)]
pub struct People {
    /// Which scan.
    pub scan: i64,
    /// In the name, an account, the department.
    pub text: String,
    /// A licence kind, or empty.
    pub licence: String,
    /// A CAL version, or empty.
    pub version: String,
    /// `yes`, `no`, or empty.
    pub external: String,
}

impl Listing for People {
    type Item = Person;
    const FROM: &'static str = "scan_person";
    const KEY: &'static str = "person";
    const COLUMNS: &'static str = "person, name, accounts, department, external, licence, version, why, confidence, \
                                   devices, servers, first_seen, last_seen, joins";
    const SORTS: &'static [Sort] = &[
        Sort { name: "name", column: "name COLLATE NOCASE", descending: false },
        Sort { name: "department", column: "department COLLATE NOCASE", descending: false },
        Sort { name: "licence", column: "licence", descending: true },
        Sort { name: "devices", column: "devices", descending: true },
        Sort { name: "servers", column: "servers", descending: true },
        Sort { name: "last", column: "last_seen", descending: true },
    ];

    fn narrow(&self, list: &mut List) {
        list.equal("scan", self.scan);
        list.holding(&["name", "accounts", "department"], &self.text);
        list.equal_unless_empty("licence", &self.licence);
        list.equal_unless_empty("version", &self.version);
        match self.external.as_str() {
            "yes" => list.such_that("external <> 0"),
            "no" => list.such_that("external = 0"),
            _ => {}
        }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Person> {
        Ok(Person {
            person: row.get(0)?,
            name: row.get(1)?,
            accounts: texts(row, 2)?,
            joins: serde_json::from_str(&row.get::<_, String>(13)?).unwrap_or_default(),
            department: row.get(3)?,
            external: row.get(4)?,
            licence: row.get(5)?,
            version: row.get(6)?,
            why: row.get(7)?,
            confidence: row.get(8)?,
            devices: number(row, 9)?,
            servers: number(row, 10)?,
            first_seen: instant(row, 11)?,
            last_seen: instant(row, 12)?,
        })
    }
}

/// How many people or devices are alike, without a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Licence kind.
    pub licence: String,
    /// CAL version, or empty.
    pub version: String,
    /// `external` or empty for people; the kind for devices.
    pub kind: String,
    /// How many.
    pub count: u64,
}

/// People of a scan in numbers.
pub fn groups(tx: &Transaction<'_>, scan: i64) -> Result<Vec<Group>, StoreError> {
    let sql = "SELECT licence, version, CASE external WHEN 0 THEN '' ELSE 'external' END AS kind, count(*)
               FROM scan_person WHERE scan = ?1 GROUP BY licence, version, kind ORDER BY licence, version, kind";
    read_groups(tx, sql, scan)
}

/// Reads groups in the order of their columns.
pub(super) fn read_groups(tx: &Transaction<'_>, sql: &str, scan: i64) -> Result<Vec<Group>, StoreError> {
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map([scan], |row| {
        Ok(Group { licence: row.get(0)?, version: row.get(1)?, kind: row.get(2)?, count: number(row, 3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
