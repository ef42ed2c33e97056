//! Servers as agents and imports described them last.

use caliper_proto::{Instant, Inventory};
use rusqlite::{Row, types::Type};
use serde::Serialize;

use super::list::{List, Listing, Sort, instant};
use crate::store::texts;

/// One server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Server {
    /// Number.
    pub id: i64,
    /// `agent` or `import`.
    pub origin: String,
    /// The agent's UUID, or the name again.
    pub origin_key: String,
    /// Host name.
    pub name: String,
    /// Domain or workgroup.
    pub domain: String,
    /// Its own facts.
    pub inventory: Inventory,
    /// What could not be read there, in words.
    pub warnings: Vec<String>,
    /// When first heard of.
    pub first_seen: Instant,
    /// When last heard of.
    pub last_seen: Instant,
}

/// What the list keeps.
#[derive(Debug, Clone, Default)]
pub struct Servers {
    /// In the name or domain.
    pub text: String,
    /// An edition, whatever its case, or empty.
    pub edition: String,
    /// A version, or empty.
    pub version: String,
    /// `physical`, `virtual`, `unknown`, or empty.
    pub kind: String,
    /// `agent`, `import`, or empty.
    pub origin: String,
}

impl Listing for Servers {
    type Item = Server;
    const FROM: &'static str = "server";
    const KEY: &'static str = "id";
    const COLUMNS: &'static str = "id, origin, origin_key, name, domain, inventory, warnings, first_seen, last_seen";
    const SORTS: &'static [Sort] = &[
        Sort { name: "name", column: "name COLLATE NOCASE", descending: false },
        Sort { name: "version", column: "inventory ->> '$.version'", descending: false },
        Sort { name: "edition", column: "inventory ->> '$.edition'", descending: false },
        Sort { name: "cores", column: "inventory ->> '$.cores'", descending: true },
        Sort { name: "last", column: "last_seen", descending: true },
    ];

    fn narrow(&self, list: &mut List) {
        list.holding(&["name", "domain"], &self.text);
        list.equal_unless_empty("lower(inventory ->> '$.edition')", &self.edition.to_lowercase());
        list.equal_unless_empty("inventory ->> '$.version'", &self.version);
        list.equal_unless_empty("origin", &self.origin);
        match self.kind.as_str() {
            "virtual" => list.such_that("inventory ->> '$.is_virtual' = 1"),
            "physical" => list.such_that("inventory ->> '$.is_virtual' = 0"),
            "unknown" => list.such_that("inventory ->> '$.is_virtual' IS NULL"),
            _ => {}
        }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Server> {
        let inventory: String = row.get(5)?;
        let damaged = |error| rusqlite::Error::FromSqlConversionFailure(5, Type::Text, Box::new(error));
        Ok(Server {
            id: row.get(0)?,
            origin: row.get(1)?,
            origin_key: row.get(2)?,
            name: row.get(3)?,
            domain: row.get(4)?,
            inventory: serde_json::from_str(&inventory).map_err(damaged)?,
            warnings: texts(row, 6)?,
            first_seen: instant(row, 7)?.unwrap_or_default(),
            last_seen: instant(row, 8)?.unwrap_or_default(),
        })
    }
}
