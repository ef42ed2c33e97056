//! The whole way: ask, understand, store.

use std::{collections::HashSet, net::SocketAddr};

use caliper_proto::Instant;

use super::{
    Changes, DirectoryError, DirectorySettings, Kind, Mark, Problem, Snapshot, active_directory, connection, export,
    locate::{self, Server},
    plain,
    search::Search,
};
use crate::store::{Store, StoreError, directory as table};

/// `supportedCapabilities` of every Active Directory.
const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";

/// What is asked of a server about itself.
const ROOT: [&str; 6] = [
    "supportedCapabilities",
    "defaultNamingContext",
    "configurationNamingContext",
    "namingContexts",
    "highestCommittedUSN",
    "dsServiceName",
];

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Everything.
    Whole,
    /// What has changed, where that suffices and the server can tell.
    Changes,
}

/// What a synchronisation changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// People's accounts there are.
    pub users: u64,
    /// Service accounts there are.
    pub services: u64,
    /// Computers there are.
    pub computers: u64,
    /// Accounts not known before.
    pub added: u64,
    /// Accounts known before of which something else is known now.
    pub changed: u64,
    /// Accounts missing for the first time.
    pub gone: u64,
    /// Accounts back again.
    pub returned: u64,
    /// Members of its groups that count who are in no directory that was read.
    pub unresolved: u64,
    /// Whether everything was read.
    pub whole: bool,
}

/// What is known of a directory that was read before.
struct Known {
    mark: Mark,
    /// Of stored accounts, in normal form.
    dns: HashSet<String>,
}

enum Answer {
    Whole(Box<Snapshot>),
    Changes(Box<Changes>),
}

/// Reads the whole directory; nothing is stored.
pub async fn read(settings: &DirectorySettings, now: Instant) -> Result<Snapshot, DirectoryError> {
    match ask_all(settings, None, now).await {
        Ok(Answer::Whole(snapshot)) => Ok(*snapshot),
        // nothing is known, so nothing but everything is an answer
        Ok(Answer::Changes(_)) => Err(Problem::NoBase),
        Err(problem) => Err(problem),
    }
    .map_err(|problem| DirectoryError { name: settings.name.clone(), problem })
}

/// Asks one server after the other until one answers.
async fn ask_all(settings: &DirectorySettings, known: Option<Known>, now: Instant) -> Result<Answer, Problem> {
    settings.check()?;
    if let Some(file) = &settings.file {
        return Ok(Answer::Whole(Box::new(export::read(file, settings, now)?)));
    }
    let servers = match &settings.domain {
        Some(domain) => locate::servers(settings, domain).await?,
        None => settings.url.iter().map(|url| Server { url: url.clone(), addresses: Vec::new() }).collect(),
    };
    let (known, several) = (known.map(std::sync::Arc::new), servers.len() > 1);
    let mut problems = Vec::new();
    for Server { url, addresses } in servers {
        let (one, known) = (settings.with(&url), known.clone());
        // its own task: `ldap3` panics on answers that are no LDAP
        let answer = tokio::spawn(async move { ask(&one, &addresses, known.as_deref(), now).await }).await;
        match answer.unwrap_or_else(|_| Err(Problem::Damaged { detail: "it cannot be decoded".to_owned() })) {
            Err(problem) if problem.is_of_the_server() && several => problems.push(problem),
            other => {
                for problem in problems {
                    tracing::warn!(directory = settings.name, %problem, "a server could not be read, so the next was asked");
                }
                return other;
            }
        }
    }
    Err(Problem::Everywhere(problems))
}

async fn ask(
    settings: &DirectorySettings,
    addresses: &[SocketAddr],
    known: Option<&Known>,
    now: Instant,
) -> Result<Answer, Problem> {
    let mut search = Search::new(connection::open(settings, addresses).await?, settings);
    let root = search.one("", &ROOT).await?.unwrap_or_default();
    let capable = root.texts("supportedcapabilities").any(|capability| capability == ACTIVE_DIRECTORY);
    let kind = settings.kind.unwrap_or(if capable { Kind::ActiveDirectory } else { Kind::Ldap });
    if let Some(Known { mark, dns }) = known {
        let changes = match kind {
            Kind::ActiveDirectory => {
                active_directory::changes(&mut search, settings, &root, &mark.point, dns, now).await
            }
            Kind::Ldap => plain::changes(&mut search, settings, &root, &mark.point, dns).await,
        };
        match changes {
            Ok(Some(changes)) => {
                search.close().await;
                return Ok(Answer::Changes(Box::new(changes)));
            }
            Ok(None) => {}
            // a cookie of another life of the directory, say
            Err(problem @ (Problem::Partial { .. } | Problem::Damaged { .. } | Problem::Base { .. })) => {
                tracing::info!(directory = settings.name, %problem, "changes are not told, so everything is read");
            }
            Err(other) => return Err(other),
        }
    }
    let snapshot = match kind {
        Kind::ActiveDirectory => active_directory::read(&mut search, settings, &root, now).await?,
        Kind::Ldap => plain::read(&mut search, settings, &root).await?,
    };
    search.close().await;
    Ok(Answer::Whole(Box::new(snapshot)))
}

/// Reads a directory and stores what it says. After an error the accounts are as before; only the outcome says what happened.
pub async fn synchronise(
    store: &Store,
    settings: &DirectorySettings,
    reading: Reading,
    now: Instant,
) -> Result<Outcome, DirectoryError> {
    let failed = |problem| DirectoryError { name: settings.name.clone(), problem };
    let known = match reading {
        Reading::Whole => None,
        Reading::Changes => store
            .read(|tx| match table::mark(tx, &settings.name)? {
                Some(mark) if mark.holds(settings, now) => {
                    Ok(Some(Known { mark, dns: table::places(tx, &settings.name)? }))
                }
                _ => Ok(None),
            })
            .map_err(|error: StoreError| failed(error.into()))?,
    };
    let mark = known.as_ref().map(|known| known.mark.clone());
    let done = match ask_all(settings, known, now).await {
        Ok(answer) => keep(store, settings, answer, mark, now),
        Err(problem) => Err(problem),
    };
    if let Err(problem) = &done {
        let noted: Result<(), StoreError> =
            store.write(|tx| table::note_failure(tx, &settings.name, &problem.to_string()));
        noted.map_err(|error| failed(error.into()))?;
    }
    done.map_err(failed)
}

fn keep(
    store: &Store,
    settings: &DirectorySettings,
    answer: Answer,
    mark: Option<Mark>,
    now: Instant,
) -> Result<Outcome, Problem> {
    store.write(|tx| {
        let known = table::present(tx, &settings.name)?;
        let outcome = match answer {
            Answer::Whole(snapshot) => {
                let mark = snapshot.point.clone().map(|point| Mark::after_all(settings, point, now));
                table::replace(tx, &settings.name, &snapshot, mark.as_ref(), now)?
            }
            Answer::Changes(changes) => {
                let mark = mark.map(|mark| mark.moved(changes.point.clone()));
                table::apply(tx, &settings.name, *changes, mark.as_ref(), now)?
            }
        };
        // a right taken away looks like an empty directory; that must not empty the store
        if outcome.users + outcome.services + outcome.computers == 0 && known > 0 {
            let suspect = match &settings.file {
                Some(file) => format!("what was exported to `{}`", file.display()),
                None => format!("`base` and the rights of `{}`", settings.bind),
            };
            return Err(Problem::Emptied { known, suspect });
        }
        Ok(outcome)
    })
}
