//! Editions whose limits no CAL can lift (A.4), and what looks as if it were one of them (B.4).

use std::collections::{BTreeMap, HashSet};

use super::placement::Placement;
use crate::{
    catalogue::CapRow,
    checked::Checked,
    draft::Draft,
    estate::{Accesses, CappedCounts, LicensedBy, Server},
    position::{ToDo, Violation},
    version::VersionName,
};

/// Who and what used one server of such an edition.
#[derive(Default)]
struct Used {
    people: HashSet<u32>,
    devices: HashSet<u32>,
    /// Addresses of machines nobody knows.
    addresses: HashSet<u32>,
}

/// Writes broken limits and what to find out into the draft.
pub(super) fn check(checked: &Checked<'_>, placement: &Placement<'_>, draft: &mut Draft<'_>) {
    let estate = checked.estate;
    let mut capped: BTreeMap<u32, (&CapRow, Used)> = BTreeMap::new();
    for (at, server) in estate.servers.iter().enumerate() {
        if let Some(edition) = checked.edition_of(server)
            && let Some(cap) = checked.catalogue.cap(&edition.name, server.version.unwrap_or(VersionName::NEWEST))
        {
            capped.insert(at as u32, (cap, Used::default()));
        }
    }
    if !capped.is_empty() {
        for row in estate.accesses.rows() {
            let Some((_, used)) = capped.get_mut(&row.server) else { continue };
            if row.person != Accesses::NONE {
                used.people.insert(row.person);
            }
            if row.device != Accesses::NONE && !estate.devices[row.device as usize].server {
                let strange = estate.devices[row.device as usize].unresolved;
                if strange { &mut used.addresses } else { &mut used.devices }.insert(row.device);
            }
        }
    }
    for (at, (cap, used)) in &capped {
        users(checked, *at as usize, cap, used, draft);
        hardware(checked, placement, *at as usize, cap, draft);
    }
    look_alikes(checked, placement, draft);
}

fn broken(server: &Server, what: String, remedy: String, rules: &[&str]) -> Violation {
    Violation { of: server.id.clone(), what, remedy, rules: rules.iter().map(|id| (*id).to_owned()).collect() }
}

/// Accounts or people, and devices.
fn users(checked: &Checked<'_>, at: usize, cap: &CapRow, used: &Used, draft: &mut Draft<'_>) {
    let (estate, server) = (checked.estate, &checked.estate.servers[at]);
    let sum = |of: &dyn Fn(&crate::estate::Person) -> u64| {
        used.people.iter().fold(0_u64, |sum, &person| sum.saturating_add(of(&estate.people[person as usize])))
    };
    let people = sum(&|person| u64::from(person.stands_for.unwrap_or(1)));
    let (count, words) = match (estate.policy.capped_edition_counts, estate.enabled_accounts) {
        (CappedCounts::People, _) => (people, "people use it"),
        // the accounts of the directory, and never fewer than those seen
        (CappedCounts::Accounts, Some(enabled)) => {
            (enabled.max(sum(&|person| u64::from(person.accounts.unwrap_or(1)))), "accounts are enabled")
        }
        (CappedCounts::Accounts, None) => (sum(&|person| u64::from(person.accounts.unwrap_or(1))), "accounts use it"),
    };
    let remedy = |people: u64| {
        format!(
            "license {} as Standard and give everybody who uses it ({people}) a CAL: no CAL lifts the limit of {}",
            server.id, cap.edition
        )
    };
    if let Some(most) = cap.users.map(u64::from)
        && count > most
    {
        let what = format!("{count} {words} ({people} people seen), and {} allows {most} (A.4)", cap.edition);
        draft.violations.push(broken(server, what, remedy(people), &["A.4"]));
    }
    if let Some(most) = cap.devices.map(u64::from) {
        let (devices, addresses) = (used.devices.len() as u64, used.addresses.len() as u64);
        if devices > most {
            let what = format!("{devices} devices use it, and {} allows {most} (A.4)", cap.edition);
            draft.violations.push(broken(server, what, remedy(people), &["A.4"]));
        } else if devices + addresses > most {
            draft.to_do.push(ToDo {
                what: format!(
                    "find out which machines stand behind {addresses} addresses that use {}: with {devices} devices known, \
                     the limit of {most} may be passed",
                    server.id
                ),
                may_add: 0,
                may_add_minor: 0,
                rules: vec!["A.4".into()],
            });
        }
    }
}

/// Processors, cores, and whether it may be virtual.
fn hardware(checked: &Checked<'_>, placement: &Placement<'_>, at: usize, cap: &CapRow, draft: &mut Draft<'_>) {
    let server = &checked.estate.servers[at];
    let remedy =
        || format!("license {} as Standard with CALs for everybody, or move it to smaller hardware", server.id);
    if server.is_virtual && !cap.virtual_allowed {
        let what = format!("it runs in a virtual machine, which {} may not (A.4)", cap.edition);
        draft.violations.push(broken(server, what, remedy(), &["A.4"]));
    }
    let Some(&host) = placement.hosts(at).first() else { return };
    let processors = &checked.estate.hosts[host as usize].processors;
    let sockets = processors.len() as u64;
    if let Some(most) = cap.processors.map(u64::from)
        && sockets > most
    {
        let what = format!("it has {sockets} processors, and {} allows {most} (A.4)", cap.edition);
        draft.violations.push(broken(server, what, remedy(), &["A.4"]));
    }
    let cores: u64 = processors.iter().map(|&cores| u64::from(cores)).sum();
    if let Some(most) = cap.cores.map(u64::from)
        && cores > most
    {
        let what = format!("it has {cores} cores, and {} allows {most} (A.4)", cap.edition);
        draft.violations.push(broken(server, what, remedy(), &["A.4"]));
    }
}

/// B.4: Essentials that is only sold with hardware calls itself Standard. Never decided, only asked.
fn look_alikes(checked: &Checked<'_>, placement: &Placement<'_>, draft: &mut Draft<'_>) {
    let mut found: Vec<&str> = Vec::new();
    for (at, server) in checked.estate.servers.iter().enumerate() {
        let is_standard = checked.edition_of(server).is_some_and(|row| row.name == "Standard");
        if !is_standard || server.is_virtual || server.licensed_by != LicensedBy::Host || server.evaluation {
            continue;
        }
        let Some(cap) = server.version.and_then(|version| checked.catalogue.cap("Essentials", version)) else {
            continue;
        };
        let Some(&host) = placement.hosts(at).first() else { continue };
        let processors = &checked.estate.hosts[host as usize].processors;
        let cores: u64 = processors.iter().map(|&cores| u64::from(cores)).sum();
        let fits = |number: u64, most: Option<u32>| most.is_some_and(|most| number <= u64::from(most));
        if cap.oem_only
            && !processors.is_empty()
            && fits(processors.len() as u64, cap.processors)
            && fits(cores, cap.cores)
        {
            found.push(&server.id);
        }
    }
    let mut list = crate::findings::Warnings::default();
    list.about(found, |count, list| {
        format!(
            "look at the product key of {} where the system says Standard: Essentials says so, too, and would need neither \
             cores nor CALs: {list}",
            crate::findings::counted(count, "small server", "small servers")
        )
    });
    draft.to_do.extend(list.0.into_iter().map(|what| ToDo {
        what,
        may_add: 0,
        may_add_minor: 0,
        rules: vec!["B.4".into()],
    }));
}
