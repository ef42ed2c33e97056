//! What the aggregator remembers, in one SQLite file inside the data folder.
//!
//! Every table's SQL lives in one submodule here and nowhere else; database rows stop at this edge (invariant 6).
//! Knows nothing of gRPC, LDAP, pages or rules.

pub mod directory;
pub mod evidence;
pub mod login;
pub mod people;
pub mod scan;
pub mod schedule;
pub mod view;

use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use caliper_proto::Instant;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

pub mod access;
pub mod agent;
pub mod backup;
pub mod server;
pub mod token;

/// Name of the database inside the data folder.
pub const FILE_NAME: &str = "caliper.sqlite";

/// Number of the schema this program writes.
pub const SCHEMA: u32 = 5;

/// The schema, step by step; `user_version` counts the steps taken.
const MIGRATIONS: [&str; SCHEMA as usize] = [
    include_str!("../migrations/0001.sql"),
    include_str!("../migrations/0002.sql"),
    include_str!("../migrations/0003.sql"),
    include_str!("../migrations/0004.sql"),
    include_str!("../migrations/0005.sql"),
];

/// Why the store cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or file cannot be used at all.
    #[error("the data folder `{}` cannot be used: create it, or give the account of the aggregator the right to write there", path.display())]
    Folder {
        /// The data folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// SQLite refuses to open it.
    #[error("the database `{}` {}", path.display(), advice(source))]
    Open {
        /// The database file.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// The folder was in use, but the database is gone or empty.
    #[error("the database `{}` is missing or empty although this data folder was in use: put the last backup in its place, or name another folder with --data", path.display())]
    Missing {
        /// The database file.
        path: PathBuf,
    },
    /// A check of the whole file found damage.
    #[error("the database `{}` is damaged ({finding}): stop the aggregator and put the last backup in its place", path.display())]
    Check {
        /// The database file.
        path: PathBuf,
        /// What SQLite's check says first.
        finding: String,
    },
    /// Written by a newer program.
    #[error("the database is of schema {found}, this program knows {known}: use the newer program that wrote it")]
    Newer {
        /// In the file.
        found: u32,
        /// Of this program.
        known: u32,
    },
    /// A statement failed.
    #[error("the database {}", advice(.0))]
    Sql(#[from] rusqlite::Error),
    /// A stored value is not what this program wrote there.
    #[error("the database holds a damaged {what}: restore the last backup")]
    Damaged {
        /// Which value.
        what: String,
    },
}

/// What to do about an error of SQLite, as the second half of a sentence about the database.
fn advice(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            "is damaged: stop the aggregator and put the last backup in its place"
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "cannot be written: give the account of the aggregator the right to write in its data folder"
        }
        Some(ErrorCode::DiskFull) => "has no room left: free some disk space, then try again",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "is kept busy by another program: wait for it to end, then try again"
        }
        Some(ErrorCode::SystemIoFailure) => "cannot be read or written: check the disk",
        _ => "refused a statement",
    }
}

/// An open store. Cheap to share behind an `Arc`; writers wait for each other, readers do not wait for the writer.
pub struct Store {
    folder: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

impl Store {
    /// Opens the store in `folder`, making it when it does not exist and bringing its schema up to date.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        private_folder(folder).map_err(|source| StoreError::Folder { path: folder.to_owned(), source })?;
        let path = folder.join(FILE_NAME);
        // the authority is made after the database: a folder that has one without the other has lost something,
        // and starting anew in silence would hide that
        let used = folder.join(crate::authority::FOLDER).exists();
        if used && path.metadata().map_or(0, |file| file.len()) == 0 {
            return Err(StoreError::Missing { path });
        }
        // SQLite would make it as the umask says, readable by everybody on most systems; its log and index beside it
        // take over the mode of the file. A file that cannot be made here is told by SQLite in the next line.
        let _ = fs_err::OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path);
        let open = |source| StoreError::Open { path: path.clone(), source };
        let mut writer =
            connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE).map_err(open)?;
        migrate(&mut writer).map_err(|error| match error {
            StoreError::Sql(source) => open(source),
            other => other,
        })?;
        Ok(Self { folder: folder.to_owned(), writer: Mutex::new(writer), readers: Mutex::new(Vec::new()) })
    }

    /// Reads the whole database and fails if it is damaged.
    pub fn check(&self) -> Result<(), StoreError> {
        let path = self.folder.join(FILE_NAME);
        let finding = self.read::<String, StoreError>(|tx| {
            let first = tx.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
            first.map_err(|source| StoreError::Open { path: path.clone(), source })
        })?;
        let finding = finding.lines().last().unwrap_or_default().to_owned();
        if finding == "ok" { Ok(()) } else { Err(StoreError::Check { path, finding }) }
    }

    /// Moves everything from the write-ahead log into the database file, so that the file alone is the whole store.
    pub fn settle(&self) -> Result<(), StoreError> {
        // a row comes back that says how far it got; readers of other programs may keep it from the end, no harm
        lock(&self.writer).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs `work` in one write transaction; commits when it returns `Ok`, changes nothing otherwise.
    pub fn write<T, E: From<StoreError>>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut connection = lock(&self.writer);
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
        let done = work(&transaction)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(done)
    }

    /// Runs `work` on a connection that sees one consistent state of the store and cannot write.
    pub fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, E>) -> Result<T, E> {
        let pooled = lock(&self.readers).pop();
        let mut connection = match pooled {
            Some(connection) => connection,
            None => {
                connect(&self.folder.join(FILE_NAME), OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(StoreError::from)?
            }
        };
        let done = {
            let transaction = connection.transaction().map_err(StoreError::from)?;
            work(&transaction)
        };
        lock(&self.readers).push(connection);
        done
    }
}

/// Makes a folder and its parents for the owner only, if they are not there; one that is there keeps its mode.
pub(crate) fn private_folder(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(30))?;
    if flags.contains(OpenFlags::SQLITE_OPEN_READ_WRITE) {
        // WAL with NORMAL: a crash of the program loses nothing; FULL also survives a power cut, and what we
        // acknowledge to an agent must survive it
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        access::register(&connection)?;
    }
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -65536)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > SCHEMA {
        return Err(StoreError::Newer { found, known: SCHEMA });
    }
    for step in &MIGRATIONS[found as usize..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", SCHEMA)?;
    transaction.commit()?;
    Ok(())
}

/// An instant from a column of microseconds.
fn instant(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Instant> {
    let micros = row.get(column)?;
    Instant::from_micros(micros).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, micros))
}

/// Texts out of a column that holds a JSON array.
fn texts(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Vec<String>> {
    let text: String = row.get(at)?;
    let damaged = |error| rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, Box::new(error));
    serde_json::from_str(&text).map_err(damaged)
}

/// A poisoned lock only means that another thread panicked; SQLite rolled its transaction back.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_twice_and_refuses_a_newer_schema() {
        let folder = tempfile::tempdir().unwrap();
        drop(Store::open(folder.path()).unwrap());
        let store = Store::open(folder.path()).unwrap();
        store.write(|tx| Ok::<_, StoreError>(tx.pragma_update(None, "user_version", 99)?)).unwrap();
        drop(store);
        assert!(matches!(Store::open(folder.path()), Err(StoreError::Newer { found: 99, .. })));
    }

    /// What a store of the first schema holds is still there after every later step.
    #[test]
    fn an_older_schema_is_brought_up_to_date() {
        let folder = tempfile::tempdir().unwrap();
        let old = Connection::open(folder.path().join(FILE_NAME)).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.execute_batch(
            "INSERT INTO token VALUES ('t', x'00', 'agent', 'l', 0, 0, 0, NULL);
             INSERT INTO agent (id, role, token, host_name, serial, enrolled, certificate_expires)
                 VALUES ('a', 'agent', 't', 'FS1', '00', 0, 0);
             PRAGMA user_version = 1;",
        )
        .unwrap();
        drop(old);
        let agents = Store::open(folder.path()).unwrap().read(agent::list).unwrap();
        assert_eq!((agents[0].host_name.as_str(), agents[0].site.as_str(), agents[0].tags.len()), ("FS1", "", 0));
        let again = Store::open(folder.path()).unwrap();
        let version: u32 = again
            .read(|tx| Ok::<_, StoreError>(tx.pragma_query_value(None, "user_version", |row| row.get(0))?))
            .unwrap();
        assert_eq!(version, SCHEMA);
    }

    #[test]
    fn only_the_owner_reads_what_is_stored() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        // the temporary folder itself is private already
        let data = folder.path().join("made/data");
        let store = Store::open(&data).unwrap();
        store.write(|tx| Ok::<_, StoreError>(tx.execute("INSERT INTO text (value) VALUES ('x')", [])?)).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&data), mode(data.parent().unwrap())), (0o700, 0o700));
        for name in ["caliper.sqlite", "caliper.sqlite-wal", "caliper.sqlite-shm"] {
            assert_eq!(mode(&data.join(name)), 0o600, "{name}");
        }
    }

    #[test]
    fn a_failed_write_changes_nothing_and_readers_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let insert = "INSERT INTO text (value) VALUES ('x')";
        let failed: Result<(), StoreError> = store.write(|tx| {
            tx.execute(insert, [])?;
            Err(StoreError::Damaged { what: "test".into() })
        });
        assert!(failed.is_err());
        let count: i64 = store
            .read(|tx| Ok::<_, StoreError>(tx.query_row("SELECT count(*) FROM text", [], |row| row.get(0))?))
            .unwrap();
        assert_eq!(count, 0);
        assert!(store.read(|tx| Ok::<_, StoreError>(tx.execute(insert, [])?)).is_err());
    }

    #[test]
    fn a_damaged_or_lost_database_is_never_taken_for_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        fs_err::create_dir(folder.path().join(crate::authority::FOLDER)).unwrap();
        store.settle().unwrap();
        drop(store);
        let path = folder.path().join(FILE_NAME);
        let whole = fs_err::read(&path).unwrap();
        let cut = &whole[..whole.len() / 2 / 4096 * 4096];
        for (content, part) in
            [(&b"hello hello hello hello"[..], "is damaged"), (cut, "is damaged"), (b"", "is missing")]
        {
            fs_err::write(&path, content).unwrap();
            let text = Store::open(folder.path()).err().unwrap().to_string();
            assert!(text.contains(part) && text.contains("put the last backup in its place"), "{text}");
            assert_eq!(fs_err::read(&path).unwrap(), content, "it is left as it was found");
        }
        fs_err::remove_file(&path).unwrap();
        assert!(matches!(Store::open(folder.path()), Err(StoreError::Missing { .. })));
        // a page of garbage is found by the check after a kill
        let mut holed = whole.clone();
        holed[4096 * 3..4096 * 4].fill(0xaa);
        fs_err::write(&path, &holed).unwrap();
        let found = Store::open(folder.path()).and_then(|store| store.check());
        assert!(found.unwrap_err().to_string().contains("damaged"));
        fs_err::write(&path, &whole).unwrap();
        Store::open(folder.path()).unwrap().check().unwrap();
    }
}
