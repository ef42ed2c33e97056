//! Evidence to accesses between people, devices and servers, in two passes over the rows: the first learns from the
//! machines' own accounts what was behind an address, the second counts.

mod counting;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
};

use caliper_licensing::{
    Access, Confidence, Stay,
    catalogue::{Catalogue, RoleAccess},
};
use caliper_proto::{Days, Instant};
use counting::{Counting, Look, locate};
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

/// First and last day.
type Dates = (Date, Date);

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
