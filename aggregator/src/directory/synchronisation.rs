//! The whole way: ask, understand, store.

use caliper_proto::Instant;

use super::{
    DirectoryError, DirectorySettings, Kind, Problem, Snapshot, active_directory, connection, plain, search::Search,
};
use crate::store::{Store, StoreError, directory as table};

/// `supportedCapabilities` of every Active Directory.
const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";

/// What a synchronisation changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// People's accounts in the answer.
    pub users: u64,
    /// Service accounts in the answer.
    pub services: u64,
    /// Computers in the answer.
    pub computers: u64,
    /// Accounts not known before.
    pub added: u64,
    /// Accounts missing for the first time.
    pub gone: u64,
    /// Accounts back again.
    pub returned: u64,
}

/// Reads the whole directory; nothing is stored.
pub async fn read(settings: &DirectorySettings, now: Instant) -> Result<Snapshot, DirectoryError> {
    let name = settings.name.clone();
    let settings = settings.clone();
    // its own task: `ldap3` panics on answers that are no LDAP
    let answer = tokio::spawn(async move { ask(&settings, now).await }).await;
    answer
        .unwrap_or_else(|_| Err(Problem::Damaged { detail: "it cannot be decoded".to_owned() }))
        .map_err(|problem| DirectoryError { name, problem })
}

async fn ask(settings: &DirectorySettings, now: Instant) -> Result<Snapshot, Problem> {
    let mut search = Search::new(connection::open(settings).await?, settings);
    let attributes = ["supportedCapabilities", "defaultNamingContext", "configurationNamingContext", "namingContexts"];
    let root = search.one("", &attributes).await?.unwrap_or_default();
    let capable = root.texts("supportedcapabilities").any(|capability| capability == ACTIVE_DIRECTORY);
    let kind = settings.kind.unwrap_or(if capable { Kind::ActiveDirectory } else { Kind::Ldap });
    let snapshot = match kind {
        Kind::ActiveDirectory => active_directory::read(&mut search, settings, &root, now).await?,
        Kind::Ldap => plain::read(&mut search, settings, &root).await?,
    };
    search.close().await;
    Ok(snapshot)
}

/// Reads the whole directory and stores it. After an error the accounts are as before; only the outcome says what happened.
pub async fn synchronise(store: &Store, settings: &DirectorySettings, now: Instant) -> Result<Outcome, DirectoryError> {
    let failed = |problem| DirectoryError { name: settings.name.clone(), problem };
    let done = match read(settings, now).await {
        Ok(snapshot) => keep(store, settings, &snapshot, now).map_err(failed),
        Err(error) => Err(error),
    };
    if let Err(error) = &done {
        let noted: Result<(), StoreError> =
            store.write(|tx| table::note_failure(tx, &settings.name, &error.problem.to_string()));
        noted.map_err(|error| failed(error.into()))?;
    }
    done
}

fn keep(store: &Store, settings: &DirectorySettings, snapshot: &Snapshot, now: Instant) -> Result<Outcome, Problem> {
    store.write(|tx| {
        let known = table::present(tx, &settings.name)?;
        // a right taken away looks like an empty directory; that must not empty the store
        if snapshot.accounts.is_empty() && known > 0 {
            return Err(Problem::Emptied { known, bind: settings.bind.clone() });
        }
        Ok(table::replace(tx, &settings.name, snapshot, now)?)
    })
}
