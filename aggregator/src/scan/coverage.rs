//! What was not watched: servers that only a directory knows, servers that went silent, days without evidence (rule I.4).

use std::collections::BTreeMap;

use caliper_licensing::{Estate, Unreported, VersionName};
use jiff::ToSpan;

use super::{Window, machines::Fleet};
use crate::{
    directory::AccountKind,
    identity::{KnownAccount, Machines, Roster},
};

/// One server that was not watched all the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// As in the estate, or as the directory calls it.
    pub server: String,
    /// `no-report`, `silent` or `part`.
    pub kind: &'static str,
    /// Version, or empty if unknown.
    pub version: String,
    /// Days of the window with evidence.
    pub days: u32,
    /// Last sign of life.
    pub last_seen: Option<caliper_proto::Instant>,
}

/// Enabled computers of the directory that run Windows Server and report nothing, by name.
pub(super) fn unreported(accounts: &[KnownAccount<'_>], machines: &Machines) -> Vec<Unreported> {
    let mut found = BTreeMap::new();
    for KnownAccount { account, present, .. } in accounts {
        if account.kind != AccountKind::Computer || !account.enabled || !present {
            continue;
        }
        let by_name = || machines.known(&account.name.trim_end_matches('$').to_lowercase());
        if let Some(at) = machines.by_sid(&account.sid.to_lowercase()).or_else(by_name) {
            let machine = machines.get(at);
            if machine.is_server && machine.server.is_none() {
                found.insert(machine.id.clone(), version(&account.operating_system));
            }
        }
    }
    found.into_iter().map(|(id, version)| Unreported { id, version }).collect()
}

/// The version in a text like `Windows Server 2012 R2 Standard`.
fn version(system: &str) -> Option<VersionName> {
    let named = VersionName::WINDOWS.into_iter().filter(|version| {
        let mut places = system.match_indices(version.name());
        places.any(|(at, name)| !system[at + name.len()..].starts_with(|next: char| next.is_ascii_alphanumeric()))
    });
    named.max_by_key(|version| version.name().len())
}

/// People with an active account who are not among the first `seen` numbers of the estate's people.
pub(super) fn unseen(roster: &Roster<'_>, seen: &Estate) -> u64 {
    let seen: std::collections::HashSet<&str> = seen.people.iter().map(|person| person.id.as_str()).collect();
    let active = roster.people().iter().filter(|person| person.active && !seen.contains(person.id.as_str()));
    active.map(|person| u64::from(person.stands_for.unwrap_or(1))).fold(0, u64::saturating_add)
}

/// All gaps, by server.
pub(super) fn gaps(estate: &Estate, fleet: &Fleet, window: &Window) -> Vec<Gap> {
    let name = |version: Option<VersionName>| version.map_or("", VersionName::name).to_owned();
    let mut gaps: Vec<Gap> = (estate.unreported.iter())
        .map(|server| Gap {
            server: server.id.clone(),
            kind: "no-report",
            version: name(server.version),
            days: 0,
            last_seen: None,
        })
        .collect();
    // of the last day there may be no report yet
    let yesterday = window.last.saturating_sub(1.day());
    for (server, reporting) in estate.servers.iter().zip(&fleet.servers) {
        let is_silent = reporting.last_seen.date() < yesterday;
        if is_silent || server.observed_days.is_some() {
            gaps.push(Gap {
                server: server.id.clone(),
                kind: if is_silent { "silent" } else { "part" },
                version: name(server.version),
                days: server.observed_days.unwrap_or(window.days()),
                last_seen: Some(reporting.last_seen),
            });
        }
    }
    gaps.sort_by(|a, b| a.server.cmp(&b.server));
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_directory_says() {
        for (system, expected) in [
            ("Windows Server 2019 Standard", Some(VersionName::V2019)),
            ("Windows Server 2012 R2 Datacenter", Some(VersionName::V2012R2)),
            ("Windows Server 2012 Standard", Some(VersionName::V2012)),
            ("Windows Server® 2008 Standard", Some(VersionName::V2008)),
            ("Hyper-V Server", None),
            ("Windows Server 20190", None),
            ("", None),
        ] {
            assert_eq!(version(system), expected, "{system}");
        }
    }
}
