//! What a scan said of each device.

use caliper_proto::Instant;
use rusqlite::{Row, Transaction};
use serde::Serialize;

use super::{
    list::{List, Listing, Sort, instant, number},
    people::{Group, read_groups},
};
use crate::store::{StoreError, texts};

/// One device of one scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Device {
    /// Id inside the scan's estate.
    pub device: String,
    /// Name, or the address.
    pub name: String,
    /// Addresses it used.
    pub addresses: Vec<String>,
    /// `computer`, `address`, `several` (behind one address) or `server`.
    pub kind: String,
    /// `device-cal`, `people`, `exempt` or `none`.
    pub licence: String,
    /// Version of the CAL needed, or empty.
    pub version: String,
    /// One sentence with the rule id.
    pub why: String,
    /// Of the match.
    pub confidence: String,
    /// People seen at it.
    pub people: u64,
    /// Servers reached.
    pub servers: u64,
    /// First access within the window.
    pub first_seen: Option<Instant>,
    /// Last access within the window.
    pub last_seen: Option<Instant>,
}

/// What the list keeps.
#[derive(Debug, Clone, Default)]
pub struct Devices {
    /// Which scan.
    pub scan: i64,
    /// In the name or an address.
    pub text: String,
    /// A licence kind, or empty.
    pub licence: String,
    /// A CAL version, or empty.
    pub version: String,
    /// A kind, or empty.
    pub kind: String,
}

impl Listing for Devices {
    type Item = Device;
    const FROM: &'static str = "scan_device";
    const KEY: &'static str = "device";
    const COLUMNS: &'static str = "device, name, addresses, kind, licence, version, why, confidence, people, servers, \
                                   first_seen, last_seen";
    const SORTS: &'static [Sort] = &[
        Sort { name: "name", column: "name COLLATE NOCASE", descending: false },
        Sort { name: "kind", column: "kind", descending: false },
        Sort { name: "licence", column: "licence", descending: false },
        Sort { name: "people", column: "people", descending: true },
        Sort { name: "servers", column: "servers", descending: true },
        Sort { name: "last", column: "last_seen", descending: true },
    ];

    fn narrow(&self, list: &mut List) {
        list.equal("scan", self.scan);
        list.holding(&["name", "addresses"], &self.text);
        list.equal_unless_empty("licence", &self.licence);
        list.equal_unless_empty("version", &self.version);
        list.equal_unless_empty("kind", &self.kind);
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Device> {
        Ok(Device {
            device: row.get(0)?,
            name: row.get(1)?,
            addresses: texts(row, 2)?,
            kind: row.get(3)?,
            licence: row.get(4)?,
            version: row.get(5)?,
            why: row.get(6)?,
            confidence: row.get(7)?,
            people: number(row, 8)?,
            servers: number(row, 9)?,
            first_seen: instant(row, 10)?,
            last_seen: instant(row, 11)?,
        })
    }
}

/// Devices of a scan in numbers.
pub fn groups(tx: &Transaction<'_>, scan: i64) -> Result<Vec<Group>, StoreError> {
    let sql = "SELECT licence, version, kind, count(*) FROM scan_device WHERE scan = ?1
               GROUP BY licence, version, kind ORDER BY licence, version, kind";
    read_groups(tx, sql, scan)
}
