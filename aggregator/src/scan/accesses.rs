//! Evidence to accesses between people, devices and servers, in two passes over the rows: the first learns from the
//! machines' own accounts what was behind an address, the second counts.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, btree_map::Entry},
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
    identity::{Client, Domain, Found, Machines, Nobody, Owner, Principal, Roster, Sightings, Years, unite},
    store::{StoreError, evidence},
};

/// Names of domain controllers' own records, which stand for no machine.
const RECORDS: [&str; 4] = ["@", "gc", "domaindnszones", "forestdnszones"];

/// Product type of a domain controller.
const CONTROLLER: u32 = 2;

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
    /// An address that several devices share.
    Several(IpAddr),
}

impl Something {
    /// The id of whatever shares an address.
    pub fn several(&self) -> String {
        let Self::Several(address) = self else { return String::new() };
        format!("several at {address}")
    }
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
    /// If asked for: what each group of rows was counted as.
    pub matches: Vec<Matched>,
}

/// What rows of one server, principal and client were counted as on some days.
#[derive(Debug)]
pub(super) struct Matched {
    pub server: u32,
    pub principal: i64,
    pub client: i64,
    pub years: Years,
    pub who: Who,
    /// Position in `devices`.
    pub device: Option<u32>,
    /// How sure the device is.
    pub confidence: Option<Confidence>,
}

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// Who needs a CAL.
    Accesses,
    /// Who was where from when to when, whether they left since or not (rule E.19).
    Stays,
    /// What each row was counted as, whether they left since or not.
    Matches,
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
    pub server: u32,
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

    /// The same on some of its days only.
    fn of(&self, years: Years) -> Self {
        Self { years, ..*self }
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
    homes: HashMap<i64, Option<usize>>,
    /// Days on which a name began to mean somebody else, of the few names that did.
    turns: HashMap<i64, Vec<Date>>,
    /// Names without a domain.
    bare: HashMap<i64, String>,
    clients: HashMap<i64, Client>,
}

impl<'a> Texts<'a> {
    pub fn new(
        tx: &'a Transaction<'a>,
        domains: &'a [Domain],
        roster: &'a Roster<'a>,
        machines: &'a mut Machines,
    ) -> Self {
        Self {
            tx,
            domains,
            roster,
            machines,
            principals: HashMap::new(),
            homes: HashMap::new(),
            turns: HashMap::new(),
            bare: HashMap::new(),
            clients: HashMap::new(),
        }
    }

    pub fn principal(&mut self, number: i64) -> Result<Who, StoreError> {
        if let Some(who) = self.principals.get(&number) {
            return Ok(who.clone());
        }
        let principal = Principal::parse(&evidence::text(self.tx, number)?);
        if let Principal::Name { domain: None, name } = &principal {
            self.bare.insert(number, name.clone());
        }
        let turns = self.roster.turns(&principal);
        if !turns.is_empty() {
            self.turns.insert(number, turns);
        }
        let who = self.who(&principal, None);
        self.principals.insert(number, who.clone());
        Ok(who)
    }

    /// Who was meant by the name of a group on which of its days; nearly always the same one. On a controller of a domain, which has no accounts of
    /// its own, a name alone is one of the domain.
    fn in_turn(&mut self, group: Group, controlled: Option<usize>) -> Result<Vec<(Group, Who)>, StoreError> {
        let mut who = self.principal(group.principal)?;
        let mut turns = self.turns.get(&group.principal).cloned().unwrap_or_default();
        let qualified = controlled.and_then(|domain| {
            let (name, domain) = (self.bare.get(&group.principal)?.clone(), self.domains[domain].dns.clone());
            Some(Principal::Name { domain: Some(domain), name })
        });
        if let Some(qualified) = &qualified {
            let found = self.who(qualified, None);
            if !matches!(found, Who::Unresolved(_)) {
                who = found;
                turns = self.roster.turns(qualified);
            }
        }
        if turns.is_empty() {
            return Ok(vec![(group, who)]);
        }
        let principal = match qualified {
            Some(qualified) => qualified,
            None => Principal::parse(&evidence::text(self.tx, group.principal)?),
        };
        let mut parts: BTreeMap<usize, Years> = BTreeMap::new();
        for (year, days) in &group.years {
            for date in days.dates(*year) {
                let part = turns.iter().filter(|turn| **turn <= date).count();
                parts.entry(part).or_default().entry(*year).or_default().insert_date(date);
            }
        }
        let parts = parts.into_values().filter_map(|years| {
            let (year, days) = years.first_key_value()?;
            let day = days.dates(*year).next()?;
            Some((self.who(&principal, Some(day)), years))
        });
        Ok(parts.map(|(who, years)| (group.of(years), who)).collect())
    }

    /// The domain that a principal names, by its index.
    fn home(&mut self, number: i64) -> Result<Option<usize>, StoreError> {
        if let Some(home) = self.homes.get(&number) {
            return Ok(*home);
        }
        let home = match Principal::parse(&evidence::text(self.tx, number)?) {
            Principal::Name { domain: Some(domain), .. } | Principal::Upn { domain, .. } => {
                self.domains.iter().position(|known| known.is_called(&domain))
            }
            _ => None,
        };
        self.homes.insert(number, home);
        Ok(home)
    }

    /// Who is meant, on a day if it is named.
    fn who(&mut self, principal: &Principal, day: Option<Date>) -> Who {
        if let Principal::Nobody(Nobody::Anonymous | Nobody::System) = principal {
            return Who::Nobody;
        }
        let found = match day {
            Some(day) => self.roster.find_on(principal, day, self.machines),
            None => self.roster.find(principal, self.machines),
        };
        if let Some(found) = found {
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
    let homes_of: Vec<Option<usize>> = (fleet.servers.iter())
        .map(|server| server.inventory.domain.to_lowercase())
        .map(|domain| domains.iter().position(|known| known.is_called(&domain)))
        .collect();
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
                let fitting = machines.fitting(&name);
                let found = machines.of_domain(&fitting, homes_of[at as usize]);
                sightings.add_name(at, address, found.unwrap_or_else(|| machines.intern(&name)), record.last);
            }
        }
    }
    let controlled = |group: &Group| {
        let server = group.server as usize;
        homes_of[server].filter(|_| fleet.servers[server].inventory.product_type == Some(CONTROLLER))
    };
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
        machine_accounts: BTreeMap::new(),
        unsure: Vec::new(),
        behind: BTreeMap::new(),
        families,
        ask,
    };
    each_group(tx, window, &roles, fleet, |group| {
        let client = texts.client(group.client)?;
        // of machines with the same name the one of whoever is there, or else of the server, is meant
        let homes = match &client {
            Client::Name(_) => [texts.home(group.principal)?, homes_of[group.server as usize]],
            _ => [None, None],
        };
        let controlled = controlled(&group);
        let span = window.clamp(group.first, group.last);
        let since = &mut counting.found.since[group.server as usize];
        *since = Some(since.map_or(span.0, |known| known.min(span.0)));
        for (group, who) in texts.in_turn(group, controlled)? {
            let look = Look { sightings: &sightings, machines: texts.machines, roster, homes };
            counting.count(&group, &who, &client, span, look);
        }
        Ok(())
    })?;
    let mut by_day: HashMap<(u32, u32), Years> = HashMap::new();
    let restless: BTreeSet<u32> =
        counting.unsure.iter().filter(|unsure| unsure.is_restless()).map(|it| it.person).collect();
    if !restless.is_empty() {
        each_group(tx, window, &roles, fleet, |group| {
            let client = texts.client(group.client)?;
            let controlled = controlled(&group);
            if group.family.is_some() || !matches!(client, Client::Address(IpAddr::V4(_))) {
                return Ok(());
            }
            for (group, who) in texts.in_turn(group, controlled)? {
                let Some(person) = counting.number_of(&who).filter(|person| restless.contains(person)) else {
                    continue;
                };
                let mut look = Look { sightings: &sightings, machines: texts.machines, roster, homes: [None, None] };
                for (found, years) in locate(&group, &client, &mut look) {
                    if let Found::Machine(machine, _) = found {
                        unite(by_day.entry((person, machine)).or_default(), &years);
                    }
                }
            }
            Ok(())
        })?;
    }
    Ok(counting.finish(&sightings, texts.machines, &by_day))
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

/// What a group is looked up in.
struct Look<'a> {
    sightings: &'a Sightings,
    machines: &'a mut Machines,
    roster: &'a Roster<'a>,
    /// Domains in whose order a name is understood.
    homes: [Option<usize>; 2],
}

/// The second pass.
struct Counting {
    found: Evidence,
    /// Servers that a device reached by its own account; the families apart.
    machine_accounts: BTreeMap<(Option<Family>, u32, u32), OwnAccount>,
    /// Whose machine hangs on what else they use.
    unsure: Vec<Unsure>,
    /// People seen at an address that several devices share.
    behind: BTreeMap<IpAddr, BTreeSet<u32>>,
    families: Vec<String>,
    ask: Ask,
}

/// A machine's accesses by its own account.
struct OwnAccount {
    flags: u8,
    days: Dates,
    /// The address, if it was behind one that several devices share and nowhere else.
    behind: Option<IpAddr>,
}

/// Accesses of somebody at one of several machines.
struct Unsure {
    group: Group,
    years: Years,
    client: Client,
    span: (Instant, Instant),
    who: Who,
    person: u32,
    flags: u8,
    /// What it is if nothing tells.
    otherwise: Found,
}

impl Unsure {
    /// An address of the newer protocol that no machine was ever seen at, which may be of a single day.
    fn is_restless(&self) -> bool {
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

/// First and last day.
type Dates = (Date, Date);

impl Counting {
    fn count(&mut self, group: &Group, who: &Who, client: &Client, span: (Instant, Instant), mut look: Look<'_>) {
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
    fn number_of(&self, who: &Who) -> Option<u32> {
        let somebody = match who {
            Who::Person { person, .. } => Somebody::Known(*person),
            Who::Unresolved(principal) => Somebody::Unresolved(principal.clone()),
            Who::Nobody | Who::Service | Who::Machine(_) => return None,
        };
        self.found.people.numbers.get(&somebody).copied()
    }

    /// E.14, E.15: what a machine does by its own account it does for the people who work at it, so their CALs cover
    /// it; only a machine that nobody known works at counts by itself (rule E.28).
    fn finish(mut self, sightings: &Sightings, machines: &Machines, by_day: &HashMap<(u32, u32), Years>) -> Evidence {
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
fn locate(group: &Group, client: &Client, look: &mut Look<'_>) -> Vec<(Found, Years)> {
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
