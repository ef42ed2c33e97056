//! People and machines that were seen before the window, up to a year back, and those who hold licences by the ledger: what
//! can be taken back hangs on them (rule E.19).
//!
//! A machine is told by its own account or its name; behind an address alone nobody can say who it was so long ago.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use caliper_licensing::{Device, Estate, Person};
use jiff::civil::Date;
use rusqlite::Transaction;

use super::{
    Window,
    accesses::{Texts, Who, each_group},
    machines::Fleet,
};
use crate::{
    identity::{Client, Domain, Machines, Roster, Years},
    store::StoreError,
};

/// Days back, the last day of the window not counted.
const YEAR: u32 = 365;

/// Last day on which each was seen, by number in the roster and among the machines.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    people: BTreeMap<u32, Date>,
    machines: BTreeMap<u32, Date>,
}

/// Reads the evidence of a year.
pub(super) fn read(
    tx: &Transaction<'_>,
    as_of: Date,
    fleet: &Fleet,
    domains: &[Domain],
    roster: &Roster<'_>,
    machines: &mut Machines,
) -> Result<Earlier, StoreError> {
    let mut earlier = Earlier::default();
    let mut texts = Texts::new(tx, domains, roster, machines);
    let note = |days: &mut BTreeMap<u32, Date>, at: u32, day: Date| {
        let known = days.entry(at).or_insert(day);
        *known = (*known).max(day);
    };
    each_group(tx, &Window::ending(as_of, YEAR + 1), &HashMap::new(), fleet, |group| {
        let Some(day) = last_day(&group.years) else { return Ok(()) };
        match texts.principal(group.principal)? {
            Who::Person { person, .. } => note(&mut earlier.people, person, day),
            Who::Machine(machine) => note(&mut earlier.machines, machine, day),
            Who::Nobody | Who::Service | Who::Unresolved(_) => {}
        }
        if let Client::Name(name) = texts.client(group.client)?
            && let Some(machine) = texts.machines.known(&name)
        {
            note(&mut earlier.machines, machine, day);
        }
        Ok(())
    })?;
    Ok(earlier)
}

fn last_day(years: &Years) -> Option<Date> {
    years.iter().rev().find_map(|(year, days)| days.dates(*year).last())
}

impl Earlier {
    /// Adds those who are not in the estate yet, by id, and notes those whom the ledger names and nobody knows.
    pub fn add_to(&self, estate: &mut Estate, roster: &Roster<'_>, machines: &Machines) {
        let mut people: BTreeMap<String, Person> = BTreeMap::new();
        for (&at, &day) in &self.people {
            let person = &roster.people()[at as usize];
            people.insert(person.id.clone(), as_person(person, Some(day)));
        }
        let mut devices: BTreeMap<String, Device> = BTreeMap::new();
        for (&at, &day) in &self.machines {
            let machine = machines.get(at);
            if !machine.is_server {
                let id = machine.id.clone();
                devices.insert(id.clone(), Device { id, last_seen: Some(day), ..Device::default() });
            }
        }
        // the ledger tells of times before all evidence
        let mut unknown: BTreeSet<&str> = BTreeSet::new();
        let known: HashMap<&str, _> = roster.people().iter().map(|person| (person.id.as_str(), person)).collect();
        for (sku, name) in holders(estate) {
            if sku.ends_with("/user") && !people.contains_key(name) {
                let person = known.get(name).map_or_else(
                    || Person { id: name.to_owned(), gone: true, ..Person::default() },
                    |person| as_person(person, None),
                );
                if !known.contains_key(name) && !estate.people.iter().any(|person| person.id == name) {
                    unknown.insert(name);
                }
                people.insert(name.to_owned(), person);
            } else if sku.ends_with("/device") && !devices.contains_key(name) {
                let found = machines.all().iter().any(|machine| machine.id == name);
                if !found && !estate.devices.iter().any(|device| device.id == name) {
                    unknown.insert(name);
                }
                devices.insert(name.to_owned(), Device { id: name.to_owned(), gone: !found, ..Device::default() });
            }
        }
        if !unknown.is_empty() {
            let note = "holders of licences by the ledger whom neither evidence nor the directory knows, which count as gone (E.19)";
            let note = format!("{note}: {}", unknown.len());
            estate.notes.push(note);
        }
        for person in &estate.people {
            people.remove(&person.id);
        }
        for device in &estate.devices {
            devices.remove(&device.id);
        }
        estate.people.extend(people.into_values());
        estate.devices.extend(devices.into_values());
    }
}

/// Skus and names of the ledger.
fn holders(estate: &Estate) -> impl Iterator<Item = (&str, &str)> {
    let skus: HashMap<&str, &str> = (estate.entitlements.iter())
        .filter_map(|entitlement| Some((entitlement.id.as_deref()?, entitlement.sku.as_str())))
        .collect();
    let of = move |id: &str| skus.get(id).copied();
    estate.assignments.iter().filter_map(move |one| Some((of(&one.entitlement)?, one.to.as_str())))
}

fn as_person(person: &crate::identity::Person, last_seen: Option<Date>) -> Person {
    Person {
        id: person.id.clone(),
        external: person.external,
        stands_for: person.stands_for,
        gone: !person.active,
        last_seen,
        ..Person::default()
    }
}
