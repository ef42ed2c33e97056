//! Report files of servers without an agent.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use caliper_proto::{CheckedBatch, Instant, Report, ReportError, WireError, wire};

use crate::store::{
    Store, StoreError,
    access::{Names, merge},
    server::{self, Origin},
};

/// Largest report read, in bytes: some ten million rows.
const LARGEST: u64 = 4 << 30;
/// Rows handed to the store at once.
const ROWS: usize = 50_000;

/// Why a report was not imported. Nothing of it is stored then.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("the report cannot be read: name an existing file that this account may read")]
    Read(#[source] std::io::Error),
    /// Longer than anything `collect` writes.
    #[error("`{}` is longer than {LARGEST} bytes: this is no report of one server", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// No UTF-8.
    #[error("`{}`, byte {offset}: not UTF-8 text: name a file that `caliper-agent collect --output` wrote", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// From 0.
        offset: usize,
    },
    /// No report.
    #[error("`{}` was not imported: name a file that `caliper-agent collect --output` wrote", path.display())]
    Report {
        /// The file.
        path: PathBuf,
        /// Where and what.
        #[source]
        source: ReportError,
    },
    /// A value no server has.
    #[error("`{}` was not imported: correct it or collect again", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// Field and problem.
        #[source]
        source: WireError,
    },
    /// It does not say whose report it is.
    #[error("`{}` does not name its server: fill in `server.name` and import it again", path.display())]
    Nameless {
        /// The file.
        path: PathBuf,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Imported {
    /// Number of the server.
    pub server: i64,
    /// Lower-case `name.domain`.
    pub name: String,
    /// Access rows in the file.
    pub accesses: usize,
    /// Whether the server's own facts were stored; not if something observed later is known.
    pub facts: bool,
}

/// Imports one file in one transaction. Importing it again changes nothing but when the server was last heard of.
pub fn import(store: &Store, path: &Path, now: Instant) -> Result<Imported, ImportError> {
    let report = read(path)?;
    let wrong = |source| ImportError::Value { path: path.to_owned(), source };
    let observed = observed(&report);
    // the same checks as for what comes over the wire
    let facts = wire::Inventory::from((&report.server, report.warnings.as_slice(), observed));
    let (inventory, warnings, observed) =
        <(caliper_proto::Inventory, Vec<String>, Instant)>::try_from(facts).map_err(wrong)?;
    if inventory.name.is_empty() {
        return Err(ImportError::Nameless { path: path.to_owned() });
    }
    let name = format!("{}.{}", inventory.name, inventory.domain).trim_end_matches('.').to_lowercase();
    let batches = report
        .accesses
        .chunks(ROWS)
        .map(|rows| CheckedBatch::try_from(wire::AccessBatch::from(rows)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(wrong)?;
    store.write(|tx| {
        let origin = Origin::Import(&name);
        let server = server::find_or_insert(tx, origin, &inventory.name, now)?;
        server::seen(tx, origin, now)?;
        let facts = server::observe(tx, server, &inventory, &warnings, observed)?;
        merge(tx, &mut Names::default(), &batches.iter().map(|batch| (server, batch)).collect::<Vec<_>>())?;
        Ok(Imported { server, name: name.clone(), accesses: report.accesses.len(), facts })
    })
}

fn read(path: &Path) -> Result<Report, ImportError> {
    let file = fs_err::File::open(path).map_err(ImportError::Read)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(ImportError::Read)?;
    if bytes.len() as u64 > LARGEST {
        return Err(ImportError::TooLong { path: path.to_owned() });
    }
    let text = String::from_utf8(bytes)
        .map_err(|error| ImportError::Text { path: path.to_owned(), offset: error.utf8_error().valid_up_to() })?;
    // editors and shells of Windows put a byte order mark in front
    let text = text.trim_start_matches('\u{feff}');
    Report::from_json(text).map_err(|source| ImportError::Report { path: path.to_owned(), source })
}

/// A report does not say when it was made; its latest evidence does, so that an older file never replaces a newer.
fn observed(report: &Report) -> Instant {
    let server = &report.server;
    let accesses = report.accesses.iter().map(|access| access.last);
    let roles = server.roles.iter().map(|role| role.last);
    let names = server.names.iter().map(|record| record.last);
    let machines = server.virtual_machines.iter().map(|machine| machine.last);
    accesses.chain(roles).chain(names).chain(machines).max().unwrap_or_default()
}
