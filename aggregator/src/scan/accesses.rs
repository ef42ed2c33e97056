//! Evidence to accesses between people, devices and servers, in two passes over the rows: the first learns from the
//! machines' own accounts what was behind an address, the second counts.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
};

use caliper_licensing::{
    Access, Accesses, Confidence, Stay,
    catalogue::{Catalogue, RoleAccess},
};
use caliper_proto::{Days, Instant};
use jiff::civil::Date;
use rusqlite::Transaction;

use super::{Window, machines::Fleet};
use crate::{
    identity::{Client, Domain, Found, Machines, Nobody, Owner, Principal, Roster, Sightings, Years},
    store::{StoreError, evidence},
};

/// Names of domain controllers' own records, which stand for no machine.
const RECORDS: [&str; 4] = ["@", "gc", "domaindnszones", "forestdnszones"];

/// Services of event logs that are use of Remote Desktop (rules F.1, F.8, I.2), as the agent names them.
const DESKTOP_SESSIONS: [&str; 3] =
    ["remote desktop session", "cached remote desktop session", "Remote Desktop Gateway"];

/// Somebody or something with accesses, before it has a number in the estate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Somebody {
    /// Index into the roster.
    Known(u32),
    /// A principal nobody is known by.
    Unresolved(String),
}

/// The same for devices.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Something {
    /// Index into the machines.
    Machine(u32),
    /// An address and nothing else.
    Address(IpAddr),
}

/// When seen and how sure.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub first: Instant,
    pub last: Instant,
    pub confidence: Confidence,
    /// Client addresses, of devices.
    pub addresses: BTreeSet<String>,
}

/// Everything found. Accesses hold the positions of `people` and `devices`.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    pub people: Numbered<Somebody>,
    pub devices: Numbered<Something>,
    pub rows: Vec<Access>,
    /// People who need nothing any more (rule E.19).
    pub departed: BTreeMap<u32, Seen>,
    /// What was left out on purpose.
    pub left_out: BTreeMap<String, u64>,
    /// Of each server, whether it was used for anything but administration.
    pub used_otherwise: Vec<bool>,
    /// Of each server, first day of any evidence inside the window.
    pub since: Vec<Option<Instant>>,
    /// Accesses that need CALs of another family beside the base CAL, by family (rule I.1.7).
    pub uses: BTreeMap<String, Vec<Access>>,
    /// By family, servers with any such access, whoever stands behind it.
    pub used_on: BTreeMap<String, BTreeSet<u32>>,
    /// If asked for: the accesses with their first and last day instead, of people who left since as well; the base family and the
    /// others.
    pub stays: BTreeMap<Option<String>, Vec<Stay>>,
}

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// Who needs a CAL.
    Accesses,
    /// Who was where from when to when, whether they left since or not (rule E.19).
    Stays,
}

/// Things in the order of their arrival.
#[derive(Debug)]
pub(super) struct Numbered<T> {
    pub list: Vec<(T, Seen)>,
    numbers: HashMap<T, u32>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { list: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Numbered<T> {
    fn note(&mut self, thing: &T, (first, last): (Instant, Instant), confidence: Confidence) -> u32 {
        let number = *self.numbers.entry(thing.clone()).or_insert_with(|| {
            self.list.push((thing.clone(), Seen { first, last, confidence, addresses: BTreeSet::new() }));
            u32::try_from(self.list.len() - 1).unwrap_or(u32::MAX)
        });
        self.list[number as usize].1.widen((first, last), confidence);
        number
    }
}

impl Seen {
    fn widen(&mut self, (first, last): (Instant, Instant), confidence: Confidence) {
        self.first = self.first.min(first);
        self.last = self.last.max(last);
        self.confidence = self.confidence.min(confidence);
    }
}

/// Who a principal is.
#[derive(Debug, Clone)]
pub(super) enum Who {
    Nobody,
    Person { person: u32, administration: bool, confidence: Confidence },
    Service,
    Machine(u32),
    Unresolved(String),
}

/// Rows of one server, principal and client together.
pub(super) struct Group {
    server: u32,
    pub principal: i64,
    pub client: i64,
    pub years: Years,
    first: Instant,
    last: Instant,
    /// All of it DHCP or the like.
    infrastructure: bool,
    /// Any of it counts devices.
    of_devices: bool,
    /// Only what needs CALs of this family; `None`: everything.
    family: Option<Family>,
}

impl Group {
    /// First and last day with an access inside the window.
    fn dates(&self) -> Dates {
        let all = || self.years.iter().flat_map(|(year, days)| days.dates(*year));
        let first = all().next().unwrap_or_else(|| self.first.date());
        (first, all().last().unwrap_or(first))
    }
}

/// Index into the families of the roles.
type Family = u8;

/// What the texts of the evidence mean, each worked out once.
pub(super) struct Texts<'a> {
    tx: &'a Transaction<'a>,
    domains: &'a [Domain],
    roster: &'a Roster<'a>,
    pub machines: &'a mut Machines,
    principals: HashMap<i64, Who>,
    clients: HashMap<i64, Client>,
}

impl<'a> Texts<'a> {
    pub fn new(
        tx: &'a Transaction<'a>,
        domains: &'a [Domain],
        roster: &'a Roster<'a>,
        machines: &'a mut Machines,
    ) -> Self {
        Self { tx, domains, roster, machines, principals: HashMap::new(), clients: HashMap::new() }
    }

    pub fn principal(&mut self, number: i64) -> Result<Who, StoreError> {
        if let Some(who) = self.principals.get(&number) {
            return Ok(who.clone());
        }
        let who = self.who(&Principal::parse(&evidence::text(self.tx, number)?));
        self.principals.insert(number, who.clone());
        Ok(who)
    }

    fn who(&mut self, principal: &Principal) -> Who {
        if let Principal::Nobody(Nobody::Anonymous | Nobody::System) = principal {
            return Who::Nobody;
        }
        if let Some(found) = self.roster.find(principal, self.machines) {
            return match found.owner {
                Owner::Person(person) => {
                    Who::Person { person, administration: found.administration, confidence: found.confidence }
                }
                Owner::Service => Who::Service,
                Owner::Machine(machine) => Who::Machine(machine),
            };
        }
        let (name, domain) = match principal {
            Principal::Nobody(_) => return Who::Nobody,
            Principal::Sid(sid) => {
                return self.machines.by_sid(sid).map_or_else(|| Who::Unresolved(sid.clone()), Who::Machine);
            }
            Principal::Name { domain, name } => (name, domain.as_deref().unwrap_or_default()),
            Principal::Upn { name, domain } => (name, domain.as_str()),
        };
        let known = self.domains.iter().find(|known| known.is_called(domain));
        if let Some(machine) = name.strip_suffix('$') {
            // a machine of no directory is still a machine
            let full = known.map(|known| format!("{machine}.{}", known.dns));
            let found = full.and_then(|full| self.machines.known(&full));
            return Who::Machine(found.unwrap_or_else(|| self.machines.intern(machine)));
        }
        // one spelling for `lab\ghost`, `ghost@lab.net` and `lab.net\ghost`
        let label = known.map_or(domain, |known| if known.netbios.is_empty() { &known.dns } else { &known.netbios });
        Who::Unresolved(if label.is_empty() { name.clone() } else { format!("{label}\\{name}") })
    }

    pub fn client(&mut self, number: i64) -> Result<Client, StoreError> {
        if let Some(client) = self.clients.get(&number) {
            return Ok(client.clone());
        }
        let client = Client::parse(&evidence::text(self.tx, number)?);
        self.clients.insert(number, client.clone());
        Ok(client)
    }
}

/// Reads all evidence of the window.
pub(super) fn read(
    tx: &Transaction<'_>,
    (ask, window): (Ask, &Window),
    catalogue: &Catalogue,
    fleet: &Fleet,
    domains: &[Domain],
    roster: &Roster<'_>,
    machines: &mut Machines,
) -> Result<Evidence, StoreError> {
    let mut sightings = Sightings::default();
    for (at, server) in (0_u32..).zip(&fleet.servers) {
        for address in server.inventory.addresses.iter().map(|text| Client::parse(text)) {
            if let Client::Address(address) | Client::LinkLocal(address) = address {
                sightings.add_own(at, address);
            }
        }
        for record in &server.inventory.names {
            let name = record.host_name.trim_end_matches('.').to_lowercase();
            let means_machine = !name.is_empty() && !name.starts_with('_') && !RECORDS.contains(&name.as_str());
            if let (true, Client::Address(address)) = (means_machine, Client::parse(&record.address)) {
                sightings.add_name(address, machines.intern(&name), record.last);
            }
        }
    }
    let mut texts = Texts::new(tx, domains, roster, machines);
    let Roles { roles, families } = Roles::of(tx, catalogue)?;
    each_group(tx, window, &roles, fleet, |group| {
        if group.family.is_some() {
            return Ok(());
        }
        let Who::Machine(machine) = texts.principal(group.principal)? else { return Ok(()) };
        if let Client::Address(address) | Client::LinkLocal(address) = texts.client(group.client)? {
            if texts.machines.get(machine).server == Some(group.server) {
                sightings.add_own(group.server, address);
            } else {
                sightings.add(group.server, address, machine, &group.years);
            }
        }
        Ok(())
    })?;
    let mut counting = Counting {
        found: Evidence {
            used_otherwise: vec![false; fleet.servers.len()],
            since: vec![None; fleet.servers.len()],
            ..Evidence::default()
        },
        sightings,
        machine_accounts: BTreeMap::new(),
        families,
        ask,
    };
    each_group(tx, window, &roles, fleet, |group| {
        let (who, client) = (texts.principal(group.principal)?, texts.client(group.client)?);
        let span = window.clamp(group.first, group.last);
        let since = &mut counting.found.since[group.server as usize];
        *since = Some(since.map_or(span.0, |known| known.min(span.0)));
        counting.count(&group, who, &client, span, texts.machines, roster);
        Ok(())
    })?;
    Ok(counting.finish())
}

/// What a service's role means for a row (rule I.1.7).
#[derive(Debug, Clone, Default)]
pub(super) struct RoleUse {
    /// DHCP or the like (rule E.13).
    infrastructure: bool,
    /// A device counts although the row names no account.
    of_devices: bool,
    /// Families of CALs that it needs beside the base CAL.
    families: Vec<Family>,
}

/// The roles of all services.
struct Roles {
    /// By number of the service.
    roles: HashMap<i64, RoleUse>,
    /// Ids in the catalogue.
    families: Vec<String>,
}

impl Roles {
    fn of(tx: &Transaction<'_>, catalogue: &Catalogue) -> Result<Self, StoreError> {
        let mut all = Self { roles: HashMap::new(), families: Vec::new() };
        for (service, guid, name) in evidence::roles(tx)? {
            let row = catalogue.role(&guid);
            let mut additive = row.map_or(&[][..], |row| &row.additive).to_vec();
            if is_desktop_session(&guid, &name) {
                additive.push(REMOTE_DESKTOP.into());
            }
            let infrastructure = row.is_some_and(|row| row.access == RoleAccess::Infrastructure);
            let of_devices = row.is_some_and(|row| row.devices) && !infrastructure;
            let families = additive.into_iter().map(|family| all.number(family)).collect();
            all.roles.insert(service, RoleUse { infrastructure, of_devices, families });
        }
        Ok(all)
    }

    fn number(&mut self, family: String) -> Family {
        let known = self.families.iter().position(|known| *known == family);
        let at = known.unwrap_or_else(|| {
            self.families.push(family);
            self.families.len() - 1
        });
        Family::try_from(at).unwrap_or(Family::MAX)
    }
}

/// Id of the family in the catalogue.
const REMOTE_DESKTOP: &str = "rds";

/// A session on the desktop of a server that an event log tells of: use of Remote Desktop (rules F.1, I.2).
fn is_desktop_session(guid: &str, service: &str) -> bool {
    guid.is_empty() && DESKTOP_SESSIONS.contains(&service)
}

/// Hands groups of rows with at least one day inside the window to `each`: all of one server, principal and client together,
/// and then once more what of it needs CALs of each other family.
pub(super) fn each_group(
    tx: &Transaction<'_>,
    window: &Window,
    roles: &HashMap<i64, RoleUse>,
    fleet: &Fleet,
    mut each: impl FnMut(Group) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let none = RoleUse::default();
    let mut open: Option<i64> = None;
    let mut groups: Vec<Group> = Vec::new();
    evidence::each_access::<StoreError>(tx, window.year_range(), |row| {
        let days = window.cut(row.year, row.days, row.first, row.last);
        let Some(server) = fleet.of_row(row.server).filter(|_| !days.is_empty()) else { return Ok(()) };
        let of = |group: &Group| (group.principal, group.client);
        if open != Some(row.server) || groups.first().map(of) != Some((row.principal, row.client)) {
            open = Some(row.server);
            groups.drain(..).try_for_each(&mut each)?;
        }
        let role = roles.get(&row.service).unwrap_or(&none);
        for family in [None].into_iter().chain(role.families.iter().copied().map(Some)) {
            let at = groups.iter().position(|group| group.family == family).unwrap_or_else(|| {
                groups.push(Group {
                    server,
                    principal: row.principal,
                    client: row.client,
                    years: Years::new(),
                    first: row.first,
                    last: row.last,
                    infrastructure: true,
                    of_devices: false,
                    family,
                });
                groups.len() - 1
            });
            let group = &mut groups[at];
            let known: &mut Days = group.years.entry(row.year).or_default();
            *known = known.union(days);
            group.first = group.first.min(row.first);
            group.last = group.last.max(row.last);
            group.infrastructure &= role.infrastructure;
            group.of_devices |= role.of_devices;
        }
        Ok(())
    })?;
    groups.into_iter().try_for_each(each)
}

/// The second pass.
struct Counting {
    found: Evidence,
    sightings: Sightings,
    /// Servers that a device reached by its own account, with flags and days; the families apart.
    machine_accounts: BTreeMap<(Option<Family>, u32, u32), (u8, Dates)>,
    families: Vec<String>,
    ask: Ask,
}

/// First and last day.
type Dates = (Date, Date);

impl Counting {
    fn count(
        &mut self,
        group: &Group,
        who: Who,
        client: &Client,
        span: (Instant, Instant),
        machines: &mut Machines,
        roster: &Roster<'_>,
    ) {
        let (server, family) = (group.server, group.family);
        if let Some(family) = family {
            let name = self.families[usize::from(family)].clone();
            self.found.used_on.entry(name).or_default().insert(server);
        }
        let mut flags = if group.infrastructure { Accesses::INFRASTRUCTURE } else { 0 };
        let (somebody, confidence) = match who {
            Who::Nobody if group.infrastructure || group.of_devices => {
                for device in self.locate(group, client, span, machines) {
                    self.device_alone(device, group, flags, machines);
                }
                return;
            }
            Who::Nobody => {
                return self.leave_out(family, "accesses by the system or by nobody in particular (E.9a, I.2)");
            }
            Who::Machine(machine) if machines.get(machine).server == Some(server) => {
                return self.leave_out(family, "accesses of servers to themselves");
            }
            Who::Machine(machine) if machines.get(machine).is_server => {
                return self.leave_out(family, "accesses from server to server (E.6)");
            }
            Who::Machine(machine) => {
                // the account says which machine it is, whatever the address
                let device = self.device(&Something::Machine(machine), span, Confidence::H, client);
                let days = group.dates();
                let known = self.machine_accounts.entry((family, device, server)).or_insert((flags, days));
                *known = (known.0 & flags, (known.1.0.min(days.0), known.1.1.max(days.1)));
                return;
            }
            Who::Service => {
                let devices = self.locate(group, client, span, machines);
                if devices.is_empty() {
                    self.leave_out(family, "accesses by service accounts from machines that are not known (E.15)");
                }
                for device in devices {
                    self.device_alone(device, group, flags, machines);
                }
                return;
            }
            Who::Person { person, confidence, .. }
                if !roster.people()[person as usize].active && self.ask == Ask::Accesses =>
            {
                let first = Seen { first: span.0, last: span.1, confidence, addresses: BTreeSet::new() };
                self.found.departed.entry(person).or_insert(first).widen(span, confidence);
                return self.leave_out(family, "accesses by people whose accounts are all disabled or gone (E.19)");
            }
            Who::Person { person, administration, confidence } => {
                flags |= if administration { Accesses::ADMINISTRATION } else { 0 };
                (Somebody::Known(person), confidence)
            }
            Who::Unresolved(principal) => (Somebody::Unresolved(principal), Confidence::L),
        };
        let person = self.found.people.note(&somebody, span, confidence);
        let devices = self.locate(group, client, span, machines);
        self.found.used_otherwise[server as usize] |= flags & Accesses::ADMINISTRATION == 0;
        if devices.is_empty() {
            self.note(family, Access { person, device: Accesses::NONE, server, flags }, group.dates());
        }
        for device in devices {
            self.note(family, Access { person, device, server, flags }, group.dates());
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

    /// The devices behind a client; none if it cannot be counted as one.
    fn locate(
        &mut self,
        group: &Group,
        client: &Client,
        span: (Instant, Instant),
        machines: &mut Machines,
    ) -> Vec<u32> {
        let own = |server| machines.of_server(server).map(|machine| Found::Machine(machine, Confidence::H));
        let found = match client {
            Client::Unknown => vec![],
            // a person or a program on the server itself
            Client::Loopback => own(group.server).into_iter().collect(),
            Client::Address(address) | Client::LinkLocal(address) => {
                match self.sightings.owner(group.server, *address) {
                    Some(owner) => own(owner).into_iter().collect(),
                    None => self.sightings.find(group.server, *address, &group.years),
                }
            }
            Client::Name(name) => {
                let known = machines.known(name);
                let confidence =
                    if known.is_some_and(|at| machines.get(at).in_directory) { Confidence::H } else { Confidence::M };
                vec![Found::Machine(known.unwrap_or_else(|| machines.intern(name)), confidence)]
            }
        };
        let devices = found.into_iter().filter_map(|found| match found {
            Found::Machine(machine, confidence) => {
                Some(self.device(&Something::Machine(machine), span, confidence, client))
            }
            Found::Stranger(address) => Some(self.device(&Something::Address(address), span, Confidence::L, client)),
            Found::Nothing => None,
        });
        devices.collect()
    }

    fn device(&mut self, device: &Something, span: (Instant, Instant), confidence: Confidence, client: &Client) -> u32 {
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

    /// E.14, E.15: what a machine does by its own account it does for the people who work at it, so their CALs cover
    /// it; only a machine that nobody known works at counts by itself (rule E.28).
    fn finish(mut self) -> Evidence {
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
        for ((family, device, server), (flags, days)) in std::mem::take(&mut self.machine_accounts) {
            self.found.used_otherwise[server as usize] = true;
            match users.get(&device) {
                Some(people) => {
                    for &person in people {
                        self.note(family, Access { person, device, server, flags }, days);
                    }
                }
                None => self.note(family, Access { person: Accesses::NONE, device, server, flags }, days),
            }
        }
        self.found
    }
}
