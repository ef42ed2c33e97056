//! The second pass over the evidence: each group of rows becomes accesses of somebody at something, and what hangs on the others is settled
//! at the end.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, btree_map::Entry},
    net::IpAddr,
};

use caliper_licensing::{Access, Accesses, Confidence, Stay};
use caliper_proto::Instant;

use super::{Ask, Dates, Evidence, Family, Group, Matched, Seen, Somebody, Something, Who};
use crate::identity::{Client, Found, Machines, Roster, Sightings, Years};

/// What a group is looked up in.
pub(super) struct Look<'a> {
    pub(super) sightings: &'a Sightings,
    pub(super) machines: &'a mut Machines,
    pub(super) roster: &'a Roster<'a>,
    /// Domains in whose order a name is understood.
    pub(super) homes: [Option<usize>; 2],
}

/// The second pass.
pub(super) struct Counting {
    pub(super) found: Evidence,
    /// Servers that a device reached by its own account; the families apart.
    pub(super) machine_accounts: BTreeMap<(Option<Family>, u32, u32), OwnAccount>,
    /// Whose machine hangs on what else they use.
    pub(super) unsure: Vec<Unsure>,
    /// People seen at an address that several devices share.
    pub(super) behind: BTreeMap<IpAddr, BTreeSet<u32>>,
    pub(super) families: Vec<String>,
    pub(super) ask: Ask,
}

/// A machine's accesses by its own account.
pub(super) struct OwnAccount {
    flags: u8,
    days: Dates,
    /// The address, if it was behind one that several devices share and nowhere else.
    behind: Option<IpAddr>,
}

/// Accesses of somebody at one of several machines.
pub(super) struct Unsure {
    group: Group,
    years: Years,
    client: Client,
    span: (Instant, Instant),
    who: Who,
    pub(super) person: u32,
    flags: u8,
    /// What it is if nothing tells.
    otherwise: Found,
}

impl Unsure {
    /// An address of the newer protocol that no machine was ever seen at, which may be of a single day.
    pub(super) fn is_restless(&self) -> bool {
        matches!(self.otherwise, Found::Stranger(IpAddr::V6(_)))
    }

    /// Whether it may have been that machine.
    fn fits(&self, machine: u32, sightings: &Sightings, machines: &Machines) -> bool {
        match &self.client {
            Client::Address(address) | Client::LinkLocal(address) => {
                sightings.was_at(self.group.server, *address, machine)
            }
            Client::Name(name) => machines.fitting(name).contains(&machine),
            Client::Unknown | Client::Loopback => false,
        }
    }

    /// The machine that somebody was at by the older protocol, on days on which it was one only.
    fn that_day(&self, known: &BTreeSet<u32>, by_day: &HashMap<(u32, u32), Years>) -> Vec<(Found, Years)> {
        let mut found: BTreeMap<Found, Years> = BTreeMap::new();
        for (year, days) in &self.years {
            for day in days.iter() {
                let at = |machine: &&u32| {
                    let seen = by_day.get(&(self.person, **machine)).and_then(|years| years.get(year));
                    seen.is_some_and(|days| days.contains(day))
                };
                let mut there = known.iter().filter(at);
                let only = there.next().filter(|_| there.next().is_none());
                let what = only.map_or(self.otherwise.clone(), |machine| Found::Machine(*machine, Confidence::L));
                let _ = found.entry(what).or_default().entry(*year).or_default().insert(day);
            }
        }
        found.into_iter().collect()
    }
}

impl Counting {
    pub(super) fn count(
        &mut self,
        group: &Group,
        who: &Who,
        client: &Client,
        span: (Instant, Instant),
        mut look: Look<'_>,
    ) {
        let (server, family) = (group.server, group.family);
        if let Some(family) = family {
            let name = self.families[usize::from(family)].clone();
            self.found.used_on.entry(name).or_default().insert(server);
        }
        let mut flags = if group.infrastructure { Accesses::INFRASTRUCTURE } else { 0 };
        let (somebody, confidence) = match who {
            Who::Nobody if group.infrastructure || group.of_devices => {
                for (found, years) in locate(group, client, &mut look) {
                    let sure = found.confidence();
                    if let Some(device) = self.device(found, span, client) {
                        self.matched(group, who, Some(device), sure, &years);
                        self.device_alone(device, group, flags, look.machines);
                    }
                }
                return;
            }
            Who::Nobody => {
                return self.leave_out(family, "accesses by the system or by nobody in particular (E.9a, I.2)");
            }
            Who::Machine(machine) if look.machines.get(*machine).server == Some(server) => {
                return self.leave_out(family, "accesses of servers to themselves");
            }
            Who::Machine(machine) if look.machines.get(*machine).is_server => {
                return self.leave_out(family, "accesses from server to server (E.6)");
            }
            Who::Machine(machine) => return self.own_account(group, *machine, client, span, flags, look.sightings),
            Who::Service => {
                let mut unknown = true;
                for (found, years) in locate(group, client, &mut look) {
                    let sure = found.confidence();
                    let device = self.device(found, span, client);
                    self.matched(group, who, device, sure, &years);
                    if let Some(device) = device {
                        unknown = false;
                        self.device_alone(device, group, flags, look.machines);
                    }
                }
                if unknown {
                    self.leave_out(family, "accesses by service accounts from machines that are not known (E.15)");
                }
                return;
            }
            Who::Person { person, confidence, .. }
                if !look.roster.people()[*person as usize].active && self.ask == Ask::Accesses =>
            {
                let first = Seen { first: span.0, last: span.1, confidence: *confidence, addresses: BTreeSet::new() };
                self.found.departed.entry(*person).or_insert(first).widen(span, *confidence);
                return self.leave_out(family, "accesses by people whose accounts are all disabled or gone (E.19)");
            }
            Who::Person { person, administration, confidence } => {
                flags |= if *administration { Accesses::ADMINISTRATION } else { 0 };
                (Somebody::Known(*person), *confidence)
            }
            Who::Unresolved(principal) => (Somebody::Unresolved(principal.clone()), Confidence::L),
        };
        let person = self.found.people.note(&somebody, span, confidence);
        self.found.used_otherwise[server as usize] |= flags & Accesses::ADMINISTRATION == 0;
        let places = locate(group, client, &mut look);
        if places.is_empty() {
            self.matched(group, who, None, None, &group.years);
            self.note(family, Access { person, device: Accesses::NONE, server, flags }, group.dates());
        }
        for (found, years) in places {
            let otherwise = match found {
                Found::Unsure(otherwise) => Ok(otherwise),
                // a machine takes another address of the newer protocol every day
                Found::Stranger(IpAddr::V6(_)) => Ok(Box::new(found)),
                found => Err(found),
            };
            let found = match otherwise {
                Ok(otherwise) => {
                    let (group, client, who) = (group.of(years.clone()), client.clone(), who.clone());
                    self.unsure.push(Unsure { group, years, client, span, who, person, flags, otherwise: *otherwise });
                    continue;
                }
                Err(found) => found,
            };
            let sure = found.confidence();
            let device = self.device(found, span, client);
            self.matched(group, who, device, sure, &years);
            let device = device.unwrap_or(Accesses::NONE);
            self.note(family, Access { person, device, server, flags }, dates(&years, group));
        }
    }

    /// Accesses of a machine by its own account, which says which machine it is, whatever the address.
    fn own_account(
        &mut self,
        group: &Group,
        machine: u32,
        client: &Client,
        span: (Instant, Instant),
        flags: u8,
        sightings: &Sightings,
    ) {
        let device = self.device_of(&Something::Machine(machine), span, Confidence::H, client);
        self.matched(group, &Who::Machine(machine), Some(device), Some(Confidence::H), &group.years);
        let days = group.dates();
        let shared = match client {
            Client::Address(address) if sightings.is_shared(group.server, *address, &group.years) => Some(*address),
            _ => None,
        };
        match self.machine_accounts.entry((group.family, device, group.server)) {
            Entry::Vacant(new) => drop(new.insert(OwnAccount { flags, days, behind: shared })),
            Entry::Occupied(known) => {
                let known = known.into_mut();
                known.flags &= flags;
                known.days = (known.days.0.min(days.0), known.days.1.max(days.1));
                known.behind = known.behind.and(shared);
            }
        }
    }

    /// Writes an access of a family down.
    fn note(&mut self, family: Option<Family>, row: Access, (first, last): Dates) {
        let name = family.map(|family| self.families[usize::from(family)].clone());
        if self.ask == Ask::Stays {
            let Access { person, device, server, flags } = row;
            let stay = Stay { person, device, server, first, last, flags };
            return self.found.stays.entry(name).or_default().push(stay);
        }
        match name {
            None => self.found.rows.push(row),
            Some(name) => self.found.uses.entry(name).or_default().push(row),
        }
    }

    /// Notes what a group was counted as, if somebody asks.
    fn matched(&mut self, group: &Group, who: &Who, device: Option<u32>, sure: Option<Confidence>, years: &Years) {
        if self.ask == Ask::Matches && group.family.is_none() {
            let (server, principal, client) = (group.server, group.principal, group.client);
            self.found.matches.push(Matched {
                server,
                principal,
                client,
                years: years.clone(),
                who: who.clone(),
                device,
                confidence: sure,
            });
        }
    }

    /// The number of what was found; none if it cannot be counted as a device.
    fn device(&mut self, found: Found, span: (Instant, Instant), client: &Client) -> Option<u32> {
        let (something, confidence) = match found {
            Found::Machine(machine, confidence) => (Something::Machine(machine), confidence),
            Found::Stranger(address) => (Something::Address(address), Confidence::L),
            Found::Several(address) => (Something::Several(address), Confidence::L),
            Found::Nothing => return None,
            Found::Unsure(otherwise) => return self.device(*otherwise, span, client),
        };
        Some(self.device_of(&something, span, confidence, client))
    }

    fn device_of(
        &mut self,
        device: &Something,
        span: (Instant, Instant),
        confidence: Confidence,
        client: &Client,
    ) -> u32 {
        let number = self.found.devices.note(device, span, confidence);
        if let Client::Address(address) | Client::LinkLocal(address) = client {
            self.found.devices.list[number as usize].1.addresses.insert(address.to_string());
        }
        number
    }

    /// An access that no person stands behind (rules E.13, E.15).
    fn device_alone(&mut self, device: u32, group: &Group, flags: u8, machines: &Machines) {
        let (server, family) = (group.server, group.family);
        if let Something::Machine(machine) = self.found.devices.list[device as usize].0
            && machines.get(machine).is_server
        {
            return self.leave_out(family, "accesses from server to server (E.6)");
        }
        self.found.used_otherwise[server as usize] = true;
        self.note(family, Access { person: Accesses::NONE, device, server, flags }, group.dates());
    }

    /// Counts what was left out, once whatever families it belongs to.
    fn leave_out(&mut self, family: Option<Family>, reason: &str) {
        if family.is_some() {
            return;
        }
        match self.found.left_out.get_mut(reason) {
            Some(count) => *count += 1,
            None => drop(self.found.left_out.insert(reason.to_owned(), 1)),
        }
    }

    /// Machines that people were seen at, of those of whom it is not told otherwise everywhere.
    fn machines_of(&self, unsure: &[Unsure]) -> HashMap<u32, BTreeSet<u32>> {
        let mut machines: HashMap<u32, BTreeSet<u32>> =
            unsure.iter().map(|unsure| (unsure.person, BTreeSet::new())).collect();
        let of_base = self.found.stays.get(&None).into_iter().flatten().map(|stay| (stay.person, stay.device));
        for (person, device) in self.found.rows.iter().map(|row| (row.person, row.device)).chain(of_base) {
            if let (Some(known), true) = (machines.get_mut(&person), device != Accesses::NONE)
                && let Something::Machine(machine) = self.found.devices.list[device as usize].0
            {
                known.insert(machine);
            }
        }
        machines
    }

    /// Somebody who is seen at only one of the machines that it may have been was there.
    fn settle(&mut self, sightings: &Sightings, machines: &Machines, by_day: &HashMap<(u32, u32), Years>) {
        // what a name suggests first: it tells of the machines of people whose addresses all change hands
        let unsure = std::mem::take(&mut self.unsure);
        let (named, other): (Vec<_>, Vec<_>) =
            unsure.into_iter().partition(|unsure| matches!(unsure.otherwise, Found::Machine(..)));
        for round in [named, other] {
            let machines_of = self.machines_of(&round);
            for unsure in round {
                let known = &machines_of[&unsure.person];
                let mut fitting = known.iter().filter(|machine| unsure.fits(**machine, sightings, machines));
                let only = fitting.next().filter(|_| fitting.next().is_none());
                match only {
                    Some(only) => self.settle_as(&unsure, Found::Machine(*only, Confidence::M), &unsure.years),
                    None if unsure.is_restless() => {
                        for (found, years) in unsure.that_day(known, by_day) {
                            self.settle_as(&unsure, found, &years);
                        }
                    }
                    None => self.settle_as(&unsure, unsure.otherwise.clone(), &unsure.years),
                }
            }
        }
    }

    fn settle_as(&mut self, unsure: &Unsure, found: Found, years: &Years) {
        let Unsure { group, client, span, who, person, flags, .. } = unsure;
        if let (Found::Several(address), Who::Person { .. }) = (&found, who) {
            self.behind.entry(*address).or_default().insert(*person);
        }
        let sure = found.confidence();
        let device = self.device(found, *span, client);
        self.matched(group, who, device, sure, years);
        let row =
            Access { person: *person, device: device.unwrap_or(Accesses::NONE), server: group.server, flags: *flags };
        self.note(group.family, row, dates(years, group));
    }

    /// The number of a person or of an account of nobody known.
    pub(super) fn number_of(&self, who: &Who) -> Option<u32> {
        let somebody = match who {
            Who::Person { person, .. } => Somebody::Known(*person),
            Who::Unresolved(principal) => Somebody::Unresolved(principal.clone()),
            Who::Nobody | Who::Service | Who::Machine(_) => return None,
        };
        self.found.people.numbers.get(&somebody).copied()
    }

    /// E.14, E.15: what a machine does by its own account it does for the people who work at it, so their CALs cover
    /// it; only a machine that nobody known works at counts by itself (rule E.28).
    pub(super) fn finish(
        mut self,
        sightings: &Sightings,
        machines: &Machines,
        by_day: &HashMap<(u32, u32), Years>,
    ) -> Evidence {
        self.settle(sightings, machines, by_day);
        let mut users: HashMap<u32, BTreeSet<u32>> = HashMap::new();
        let of_base = self.found.stays.get(&None).into_iter().flatten();
        let of_base = of_base.map(|stay| (stay.person, stay.device, stay.flags));
        for (person, device, flags) in
            self.found.rows.iter().map(|row| (row.person, row.device, row.flags)).chain(of_base)
        {
            let known =
                person != Accesses::NONE && matches!(self.found.people.list[person as usize].0, Somebody::Known(_));
            if known && device != Accesses::NONE && flags & Accesses::ADMINISTRATION == 0 {
                users.entry(device).or_default().insert(person);
            }
        }
        let of_people_behind = self.of_people_behind(&users);
        for ((family, device, server), OwnAccount { flags, days, .. }) in std::mem::take(&mut self.machine_accounts) {
            self.found.used_otherwise[server as usize] = true;
            match users.get(&device) {
                Some(people) => {
                    for &person in people {
                        self.note(family, Access { person, device, server, flags }, days);
                    }
                }
                None if of_people_behind.contains(&device) => self.leave_out(
                    family,
                    "accesses by machines behind an address that several share, which stand for the people seen there (E.14)",
                ),
                None => self.note(family, Access { person: Accesses::NONE, device, server, flags }, days),
            }
        }
        self.found
    }

    /// Machines that were seen behind an address that several share and nowhere else: those people work at them who were seen there and
    /// whose machine is not known, as many as there are.
    fn of_people_behind(&self, users: &HashMap<u32, BTreeSet<u32>>) -> BTreeSet<u32> {
        let mut devices: BTreeMap<u32, Option<IpAddr>> = BTreeMap::new();
        for ((_, device, _), account) in &self.machine_accounts {
            let known = devices.entry(*device).or_insert(account.behind);
            *known = known.and(account.behind);
        }
        let mut left: HashMap<IpAddr, usize> = self.behind.iter().map(|(at, people)| (*at, people.len())).collect();
        let mut stand: BTreeSet<u32> = BTreeSet::new();
        for (device, behind) in devices {
            let room = behind.filter(|_| !users.contains_key(&device)).and_then(|address| left.get_mut(&address));
            if let Some(room) = room.filter(|room| **room > 0) {
                *room -= 1;
                stand.insert(device);
            }
        }
        stand
    }
}

/// What is behind a client on which days; nothing if there is nothing to be said of it.
pub(super) fn locate(group: &Group, client: &Client, look: &mut Look<'_>) -> Vec<(Found, Years)> {
    let Look { sightings, machines, homes, .. } = look;
    let own = |server| machines.of_server(server).map(|machine| Found::Machine(machine, Confidence::H));
    let found = match client {
        Client::Unknown => None,
        // a person or a program on the server itself
        Client::Loopback => own(group.server),
        Client::Address(address) | Client::LinkLocal(address) => match sightings.owner(group.server, *address) {
            Some(owner) => own(owner),
            None => return sightings.find(group.server, *address, &group.years),
        },
        Client::Name(name) => Some(match machines.fitting(name).as_slice() {
            [] => Found::Machine(machines.intern(name), Confidence::M),
            [only] if machines.get(*only).in_directory => Found::Machine(*only, Confidence::H),
            [only] => Found::Machine(*only, Confidence::M),
            several => {
                let mut meant = homes.iter().filter_map(|home| machines.of_domain(several, *home));
                let meant = meant.next().map_or(Found::Nothing, |machine| Found::Machine(machine, Confidence::L));
                Found::Unsure(Box::new(meant))
            }
        }),
    };
    found.map(|found| (found, group.years.clone())).into_iter().collect()
}

/// First and last of these days, or of the group if there is none.
fn dates(years: &Years, group: &Group) -> Dates {
    let mut all = years.iter().flat_map(|(year, days)| days.dates(*year));
    let first = all.next();
    first.map_or_else(|| group.dates(), |first| (first, all.last().unwrap_or(first)))
}
