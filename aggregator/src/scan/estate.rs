//! The estate of a scan, with the names and times that the lists show beside it.

use std::collections::BTreeSet;

use caliper_licensing::{Access, Accesses, Confidence, Device, Estate, Person, Use, catalogue::Catalogue};
use caliper_proto::Instant;
use jiff::civil::Date;
use rusqlite::Transaction;

use super::{
    EstateSettings, Window,
    accesses::{self, Ask, Evidence, Seen, Somebody, Something},
    clusters,
    coverage::{self, Gap},
    earlier, history,
    machines::{Fleet, place},
    people::{Accounts, Sayings},
    sql, statements,
};
use crate::{
    identity::{Join, Machines, Roster},
    store::{StoreError, evidence, people::Taken},
};

/// An estate and what the lists show of its people and devices, in its order. Behind those the estate has people and
/// devices that were seen before the window only.
#[derive(Debug)]
pub struct Draft {
    /// The input of the assessment.
    pub estate: Estate,
    /// One per person.
    pub people: Vec<PersonFacts>,
    /// One per device.
    pub devices: Vec<DeviceFacts>,
    /// People who were seen and need nothing any more (rule E.19); not in the estate.
    pub departed: Vec<PersonFacts>,
    /// What every account of the directories is taken for.
    pub taken: Vec<Taken>,
    /// What was not watched.
    pub gaps: Vec<Gap>,
}

/// What is known of a person beside the licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonFacts {
    /// As in the estate.
    pub id: String,
    /// For people to read.
    pub name: String,
    /// Accounts joined into this person.
    pub accounts: Vec<String>,
    /// Why they are one person's.
    pub joins: Vec<Join>,
    /// How many people stand behind a shared account.
    pub stands_for: Option<u32>,
    /// For people to filter.
    pub department: String,
    /// Rule E.22.
    pub external: bool,
    /// How sure the accounts belong to this person.
    pub confidence: Confidence,
    /// Devices used within the window.
    pub devices: u32,
    /// Servers reached within the window.
    pub servers: u32,
    /// Within the window.
    pub first_seen: Option<Instant>,
    /// Within the window.
    pub last_seen: Option<Instant>,
}

/// What is known of a device beside the licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceFacts {
    /// As in the estate.
    pub id: String,
    /// For people to read.
    pub name: String,
    /// Seen within the window.
    pub addresses: Vec<String>,
    /// `computer`, `address`, `several` (behind one address) or `server`.
    pub kind: &'static str,
    /// How sure the accesses were its.
    pub confidence: Confidence,
    /// People who used it within the window.
    pub people: u32,
    /// Servers reached within the window.
    pub servers: u32,
    /// Within the window.
    pub first_seen: Option<Instant>,
    /// Within the window.
    pub last_seen: Option<Instant>,
}

/// Draws the estate of the window that ends on `as_of`. The same store and settings give the same estate.
pub(super) fn draw(
    tx: &Transaction<'_>,
    settings: &EstateSettings,
    sayings: Sayings,
    catalogue: &Catalogue,
    as_of: Date,
) -> Result<Draft, StoreError> {
    let window = Window::ending(as_of, settings.policy.window_days);
    let fleet = Fleet::of(evidence::servers(tx)?, catalogue);
    let accounts = Accounts::read(tx, sayings)?;
    let (domains, known) = (&accounts.domains, accounts.known());
    let servers = fleet.servers.iter().map(|server| (server.inventory.name.as_str(), server.inventory.domain.as_str()));
    let mut machines = Machines::new(domains, known.iter().map(|known| (known.domain, known.account)), servers);
    machines.name_earlier(domains, &known);
    let roster = Roster::new(domains, known.iter().copied(), &accounts.sayings());
    let unreported = coverage::unreported(&known, &machines);
    let ask = (Ask::Accesses, &window);
    let found = accesses::read(tx, ask, catalogue, &fleet, domains, &roster, &mut machines)?;
    let before = earlier::read(tx, as_of, &fleet, domains, &roster, &mut machines)?;

    let covered: Vec<Option<u32>> = fleet
        .servers
        .iter()
        .zip(&found.since)
        .map(|(server, since)| covered_days(&window, *since, server.last_seen))
        .collect();
    let (mut hosts, mut servers, mut notes) = place(&fleet, catalogue, &settings.host, &found.used_otherwise, &covered);
    clusters::join(&fleet, &settings.host, &mut hosts, &mut servers, &mut notes);
    statements::add(&fleet, &settings.server, &hosts, &mut servers, &mut notes);
    if !unreported.is_empty() {
        let names: Vec<&str> = unreported.iter().map(|server| server.id.as_str()).collect();
        notes.push(format!(
            "servers in the directory that report nothing, so that who uses them is not counted (I.4): {}, {}",
            names.len(),
            names.join(", ")
        ));
    }
    if accounts.unknown > 0 {
        notes.push(format!("accounts of `people.mapping` that no directory knows, left out: {}", accounts.unknown));
    }
    if roster.crowded() > 0 {
        notes.push(format!(
            "employee numbers and mail addresses that too many accounts share to tell people by, not used (E.16): {}",
            roster.crowded()
        ));
    }
    if fleet.workstations > 0 {
        notes.push(format!("machines that report but are workstations, no servers, left out: {}", fleet.workstations));
    }
    let used: Vec<u32> = found.used_on.get(sql::FAMILY).into_iter().flatten().copied().collect();
    let sql = sql::instances(&settings.sql, &fleet, &servers, &used, catalogue, &mut notes);
    let mut estate = Estate {
        as_of,
        currency: settings.currency.clone(),
        policy: settings.policy.clone(),
        hosts,
        servers,
        sql,
        entitlements: settings.entitlement.clone(),
        assignments: settings.assignment.clone(),
        prices: settings.price.clone(),
        notes,
        left_out: found.left_out.clone(),
        unreported,
        ..Estate::default()
    };
    let (people, devices) = number(&mut estate, &found, &roster, &machines);
    before.add_to(&mut estate, &roster, &machines);
    estate.unseen_people = Some(coverage::unseen(&roster, &estate)).filter(|_| !known.is_empty());
    if settings.pool_over_time {
        let year = Window::ending(as_of, history::YEAR + 1);
        let past = accesses::read(tx, (Ask::Stays, &year), catalogue, &fleet, domains, &roster, &mut machines)?;
        history::add_to(&mut estate, past, &window, &roster, &machines);
    }
    let departed = found.departed.iter().map(|(at, seen)| person_facts(&roster, *at, seen)).collect();
    let (taken, gaps) = (accounts.taken(&roster), coverage::gaps(&estate, &fleet, &window));
    Ok(Draft { estate, people, devices, departed, taken, gaps })
}

/// Days of the window from the first evidence to the last sign of life; `None` for all of them (rule I.4).
fn covered_days(window: &Window, since: Option<Instant>, last_seen: Instant) -> Option<u32> {
    let Some(since) = since else { return Some(0) };
    let (first, last) = (since.date().max(window.first), last_seen.date().min(window.last));
    let span = last.since(first).map_or(0, |span| span.get_days()) + 1;
    let days = u32::try_from(span).unwrap_or(0);
    (days < window.days()).then_some(days)
}

/// Puts people, devices and accesses into the estate in the order of their ids.
fn number(
    estate: &mut Estate,
    found: &Evidence,
    roster: &Roster<'_>,
    machines: &Machines,
) -> (Vec<PersonFacts>, Vec<DeviceFacts>) {
    let known: BTreeSet<&str> = roster.people().iter().map(|person| person.id.as_str()).collect();
    let mut people: Vec<(PersonFacts, bool, usize)> = found
        .people
        .list
        .iter()
        .enumerate()
        .map(|(at, (somebody, seen))| match somebody {
            Somebody::Known(person) => (person_facts(roster, *person, seen), false, at),
            Somebody::Unresolved(principal) => {
                let id = if known.contains(principal.as_str()) { format!("{principal}?") } else { principal.clone() };
                (stranger_facts(id, principal, seen), true, at)
            }
        })
        .collect();
    people.sort_by(|(a, ..), (b, ..)| a.id.cmp(&b.id));
    let mut devices: Vec<(DeviceFacts, usize)> = found
        .devices
        .list
        .iter()
        .enumerate()
        .map(|(at, (device, seen))| (device_facts(machines, device, seen), at))
        .collect();
    devices.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));

    let mut person_number = vec![Accesses::NONE; people.len()];
    let mut device_number = vec![Accesses::NONE; devices.len()];
    for (number, (_, _, at)) in (0_u32..).zip(&people) {
        person_number[*at] = number;
    }
    for (number, (_, at)) in (0_u32..).zip(&devices) {
        device_number[*at] = number;
    }
    let renumbered = |number: u32, numbers: &[u32]| numbers.get(number as usize).copied().unwrap_or(Accesses::NONE);
    let accesses = |rows: &[Access]| {
        let rows = rows.iter().map(|row| Access {
            person: renumbered(row.person, &person_number),
            device: renumbered(row.device, &device_number),
            ..*row
        });
        Accesses::of(rows.collect())
    };
    estate.accesses = accesses(&found.rows);
    let uses = found.uses.iter();
    estate.uses =
        uses.map(|(cal, rows)| Use { cal: cal.clone(), accesses: accesses(rows), ..Use::default() }).collect();
    let mut people: Vec<(PersonFacts, bool)> =
        people.into_iter().map(|(facts, unresolved, _)| (facts, unresolved)).collect();
    let mut devices: Vec<DeviceFacts> = devices.into_iter().map(|(facts, _)| facts).collect();
    count(&estate.accesses, &mut people, &mut devices);
    estate.people = people
        .iter()
        .map(|(facts, unresolved)| Person {
            id: facts.id.clone(),
            external: facts.external,
            unresolved: *unresolved,
            stands_for: facts.stands_for,
            ..Person::default()
        })
        .collect();
    estate.devices = devices
        .iter()
        .map(|facts| Device {
            id: facts.id.clone(),
            unresolved: matches!(facts.kind, "address" | "several"),
            server: facts.kind == "server",
            ..Device::default()
        })
        .collect();
    (people.into_iter().map(|(facts, _)| facts).collect(), devices)
}

/// Distinct partners of everybody and everything.
fn count(accesses: &Accesses, people: &mut [(PersonFacts, bool)], devices: &mut [DeviceFacts]) {
    let mut links: Vec<(u8, u32, u32)> = Vec::with_capacity(accesses.len() * 4);
    for row in accesses.rows() {
        let (person, device) = (row.person != Accesses::NONE, row.device != Accesses::NONE);
        if person {
            links.push((0, row.person, row.server));
        }
        if device {
            links.push((1, row.device, row.server));
        }
        if person && device {
            links.extend([(2, row.person, row.device), (3, row.device, row.person)]);
        }
    }
    links.sort_unstable();
    links.dedup();
    for (kind, of, _) in links {
        let at = of as usize;
        match kind {
            0 => people[at].0.servers += 1,
            1 => devices[at].servers += 1,
            2 => people[at].0.devices += 1,
            _ => devices[at].people += 1,
        }
    }
}

fn person_facts(roster: &Roster<'_>, at: u32, seen: &Seen) -> PersonFacts {
    let person = &roster.people()[at as usize];
    PersonFacts {
        name: person.name.clone(),
        accounts: person.accounts.clone(),
        joins: person.joins.clone(),
        stands_for: person.stands_for,
        department: person.department.clone(),
        external: person.external,
        ..stranger_facts(person.id.clone(), &person.id, seen)
    }
}

fn stranger_facts(id: String, principal: &str, seen: &Seen) -> PersonFacts {
    PersonFacts {
        id,
        name: principal.to_owned(),
        accounts: vec![principal.to_owned()],
        joins: Vec::new(),
        stands_for: None,
        department: String::new(),
        external: false,
        confidence: seen.confidence,
        devices: 0,
        servers: 0,
        first_seen: Some(seen.first),
        last_seen: Some(seen.last),
    }
}

pub(super) fn device_facts(machines: &Machines, device: &Something, seen: &Seen) -> DeviceFacts {
    let (id, name, kind) = match device {
        Something::Machine(at) => {
            let machine = machines.get(*at);
            (machine.id.clone(), machine.name.clone(), if machine.is_server { "server" } else { "computer" })
        }
        Something::Address(address) => (address.to_string(), address.to_string(), "address"),
        Something::Several(_) => (device.several(), device.several(), "several"),
    };
    DeviceFacts {
        id,
        name,
        addresses: seen.addresses.iter().cloned().collect(),
        kind,
        confidence: seen.confidence,
        people: 0,
        servers: 0,
        first_seen: Some(seen.first),
        last_seen: Some(seen.last),
    }
}
