//! Report files of servers without an agent.

use std::{
    io::Seek as _,
    path::{Path, PathBuf},
};

use caliper_proto::{Access, CheckedBatch, Instant, Inventory, ReportError, WireError, read_report, wire};

use crate::store::{
    Store, StoreError,
    access::{Names, merge},
    server::{self, Origin},
};

/// Rows handed to the store at once.
const ROWS: usize = 50_000;

/// Why a report was not imported. Nothing of it is stored then.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("the report cannot be read: name an existing file that this account may read")]
    Read(#[source] std::io::Error),
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
///
/// The file is read twice: whose it is and how new may stand behind its rows, of which only some are held at once.
pub fn import(store: &Store, path: &Path, now: Instant) -> Result<Imported, ImportError> {
    let mut file = fs_err::File::open(path).map_err(ImportError::Read)?;
    let mut latest = Instant::default();
    let (server, warnings) = read(&mut file, path, |access| latest = latest.max(access.last))?;
    // the same checks as for what comes over the wire
    let facts = wire::Inventory::from((&server, warnings.as_slice(), observed(&server, latest)));
    let (inventory, warnings, observed) = <(Inventory, Vec<String>, Instant)>::try_from(facts)
        .map_err(|source| ImportError::Value { path: path.to_owned(), source })?;
    if inventory.name.is_empty() {
        return Err(ImportError::Nameless { path: path.to_owned() });
    }
    let name = format!("{}.{}", inventory.name, inventory.domain).trim_end_matches('.').to_lowercase();
    file.rewind().map_err(ImportError::Read)?;
    store.write(|tx| {
        let origin = Origin::Import(&name);
        let server = server::find_or_insert(tx, origin, &inventory.name, now)?;
        server::seen(tx, origin, now)?;
        let facts = server::observe(tx, server, &inventory, &warnings, observed)?;
        let mut names = Names::default();
        let mut accesses = 0;
        let mut store = |rows: &mut Vec<Access>| {
            accesses += rows.len();
            let batch = CheckedBatch::try_from(wire::AccessBatch::from(rows.as_slice()))
                .map_err(|source| ImportError::Value { path: path.to_owned(), source })?;
            rows.clear();
            Ok::<_, ImportError>(merge(tx, &mut names, &[(server, &batch)])?)
        };
        let (mut rows, mut stored) = (Vec::new(), Ok(()));
        read(&mut file, path, |access| {
            if stored.is_ok() {
                rows.push(access);
                if rows.len() == ROWS {
                    stored = store(&mut rows);
                }
            }
        })?;
        stored?;
        store(&mut rows)?;
        Ok(Imported { server, name: name.clone(), accesses, facts })
    })
}

fn read(
    file: &mut fs_err::File,
    path: &Path,
    each: impl FnMut(Access),
) -> Result<(Inventory, Vec<String>), ImportError> {
    read_report(file, each).map_err(|source| ImportError::Report { path: path.to_owned(), source })
}

/// A report does not say when it was made; its latest evidence does, so that an older file never replaces a newer.
fn observed(server: &Inventory, latest: Instant) -> Instant {
    let roles = server.roles.iter().map(|role| role.last);
    let names = server.names.iter().map(|record| record.last);
    let machines = server.virtual_machines.iter().map(|machine| machine.last);
    roles.chain(names).chain(machines).fold(latest, Instant::max)
}
