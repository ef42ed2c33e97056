//! From accesses to what must be covered: pairs of a person and a device, and those who must hold a CAL themselves.
//!
//! Numbers people and devices by rank, so that the order of the estate cannot matter.

use std::collections::BTreeMap;

use super::{
    administrators::Administrators,
    basis::{Basis, SetsApart, heads, is_printer},
    servers::Need,
};
use crate::{
    estate::{Access, Accesses, InfraRoles, Population, RemoteDesktopMode, WebExempt},
    findings::Rules,
    version::VersionName,
};

/// A person who used a device to reach a server that needs CALs; either of them must hold one of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    pub person: u32,
    pub device: u32,
    pub cal: VersionName,
}

/// An access that cannot be put down to anybody for certain; it counts in the highest number only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Loose {
    pub person: Option<u32>,
    pub device: Option<u32>,
    pub cal: VersionName,
}

/// An access with its server: of somebody who is no employee, which an External Connector may serve (rule E.23), or on a
/// host that may count users or devices (rule F.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Apart {
    /// Index into the estate.
    pub server: u32,
    pub person: Option<u32>,
    /// `None`: it can hold no CAL.
    pub device: Option<u32>,
    pub cal: VersionName,
}

/// Why accesses of somebody did not count, or counted in an unusual way, as bits.
pub(crate) mod cause {
    pub const EDITION: u32 = 1;
    pub const HYPER_V_HOST: u32 = 1 << 1;
    pub const ADMINISTRATION: u32 = 1 << 2;
    pub const INFRASTRUCTURE: u32 = 1 << 3;
    pub const SERVER: u32 = 1 << 4;
    pub const UNRESOLVED: u32 = 1 << 5;
    /// A device used by an exempt administrator.
    pub const USED_BY_ADMINISTRATOR: u32 = 1 << 6;
    pub const WEB: u32 = 1 << 7;
    pub const CONNECTOR: u32 = 1 << 8;
    /// Holds a suite or plan.
    pub const HELD: u32 = 1 << 9;
    /// The other end holds one.
    pub const HELD_BY_OTHER: u32 = 1 << 10;
    pub const CLOUD: u32 = 1 << 11;
    pub const SERVER_LICENCE: u32 = 1 << 12;
    pub const BY_CORE: u32 = 1 << 13;
    /// Its edition has CALs of another family.
    pub const OTHER_FAMILY: u32 = 1 << 14;
    /// The mode of the host left no choice (F.6).
    pub const MODE: u32 = 1 << 15;
    /// Was not seen, but could sign in (I.5).
    pub const UNSEEN: u32 = 1 << 16;
}

/// What must be covered. Vectors by person or device are in the order of ranks.
#[derive(Clone)]
pub(crate) struct Demand {
    /// Sorted; each pair once with the newest version.
    pub pairs: Vec<Pair>,
    /// E.28: people seen from an unknown device, with the version needed for that alone.
    pub forced_people: Vec<Option<VersionName>>,
    /// E.28: devices that acted without a person.
    pub forced_devices: Vec<Option<VersionName>>,
    /// How many human beings each person stands for; empty: one each (E.16).
    pub heads: Vec<u64>,
    /// Accesses by unresolved principals or from unresolved addresses without a person (invariant 4).
    pub strangers: Vec<Loose>,
    /// Accesses to DHCP, DNS and the like (E.13), unless the policy counts or ignores them.
    pub infrastructure: Vec<Loose>,
    /// What the basis asks to be set apart instead of counted.
    pub apart: Vec<Apart>,
    /// People of whom nothing was seen and who count all the same (I.5).
    pub unseen: u64,
    /// Bits of [`cause`].
    pub people_left_out: Vec<u32>,
    /// Bits of [`cause`].
    pub devices_left_out: Vec<u32>,
    pub rules: Rules,
}

impl Demand {
    pub fn of(basis: &Basis<'_>) -> Self {
        Self::build(basis, |demand, counting, access| demand.add(basis, counting, access))
    }

    /// The same, with what each access asks for.
    pub fn of_each(basis: &Basis<'_>) -> (Self, Vec<Asked>) {
        let mut asked = Vec::with_capacity(basis.accesses.len());
        let demand = Self::build(basis, |demand, counting, access| {
            asked.push(demand.add_and_tell(basis, counting, access));
        });
        (demand, asked)
    }

    fn build(basis: &Basis<'_>, mut add: impl FnMut(&mut Self, &mut Counting, Access)) -> Self {
        let estate = basis.checked.estate;
        let administrators = Administrators::of(basis);
        let (people, devices) = (estate.people.len(), estate.devices.len());
        let mut demand = Self {
            pairs: Vec::with_capacity(basis.accesses.len()),
            forced_people: vec![None; people],
            forced_devices: vec![None; devices],
            heads: Vec::new(),
            strangers: Vec::new(),
            infrastructure: Vec::new(),
            apart: Vec::new(),
            unseen: 0,
            people_left_out: vec![0; people],
            devices_left_out: vec![0; devices],
            rules: Rules::of(if basis.is_management { &["E.28"] } else { &["E.1", "E.2", "E.3", "E.4", "E.28"] }),
        };
        demand.rules.extend(&basis.rules);
        if estate.people.iter().any(|person| heads(person) > 1) {
            demand.heads = basis.checked.people.index.iter().map(|&at| heads(&estate.people[at as usize])).collect();
            demand.rules.add("0.8");
            demand.rules.add("E.16");
        }
        let mut counting = Counting { administrators, elsewhere: Elsewhere::of(basis), printers: Printers::default() };
        for access in basis.accesses.rows() {
            add(&mut demand, &mut counting, access);
        }
        demand.cover_printers(counting.printers);
        if basis.is_base && basis.policy.population == Population::Entitled {
            demand.add_unseen(basis);
        }
        demand.pairs.sort_unstable();
        // the last of each pair has the newest version
        demand.pairs.reverse();
        demand.pairs.dedup_by_key(|pair| (pair.person, pair.device));
        demand.pairs.reverse();
        for loose in [&mut demand.strangers, &mut demand.infrastructure] {
            loose.sort_unstable();
            loose.dedup();
        }
        demand.apart.sort_unstable();
        demand.apart.dedup();
        demand
    }

    pub fn has_forced(&self) -> bool {
        self.forced_people.iter().chain(&self.forced_devices).any(Option::is_some)
    }

    /// The newest version needed.
    pub fn newest(&self) -> Option<VersionName> {
        let forced = self.forced_people.iter().chain(&self.forced_devices).flatten().copied();
        self.pairs.iter().map(|pair| pair.cal).chain(forced).max()
    }

    /// The oldest version needed.
    pub fn oldest(&self) -> Option<VersionName> {
        let forced = self.forced_people.iter().chain(&self.forced_devices).flatten().copied();
        self.pairs.iter().map(|pair| pair.cal).chain(forced).min()
    }

    /// How many CALs the person of that rank needs if it is covered by User CALs.
    pub fn heads_of(&self, rank: u32) -> u64 {
        self.heads.get(rank as usize).copied().unwrap_or(1)
    }

    fn add_and_tell(&mut self, basis: &Basis<'_>, counting: &mut Counting, access: Access) -> Asked {
        let checked = basis.checked;
        let person = (access.person != Accesses::NONE).then(|| checked.people.rank[access.person as usize]);
        let device = (access.device != Accesses::NONE).then(|| checked.devices.rank[access.device as usize]);
        let mut take = |side: fn(&mut Self) -> &mut Vec<Option<VersionName>>, rank: Option<u32>| {
            rank.and_then(|rank| side(self)[rank as usize].take())
        };
        let before =
            (take(|demand| &mut demand.forced_people, person), take(|demand| &mut demand.forced_devices, device));
        let pairs = self.pairs.len();
        self.add(basis, counting, access);
        let mut asked = Asked::Nothing;
        if let Some(rank) = device {
            let forced = &mut self.forced_devices[rank as usize];
            asked = if forced.is_some() { Asked::Device(rank) } else { asked };
            *forced = (*forced).max(before.1);
        }
        if let Some(rank) = person {
            let forced = &mut self.forced_people[rank as usize];
            asked = if forced.is_some() { Asked::Person(rank) } else { asked };
            *forced = (*forced).max(before.0);
        }
        self.pairs.get(pairs).map_or(asked, |pair| Asked::Either(pair.person, pair.device))
    }

    fn add(&mut self, basis: &Basis<'_>, counting: &mut Counting, access: Access) {
        let Counting { administrators, elsewhere, printers } = counting;
        let (checked, estate) = (basis.checked, basis.checked.estate);
        let person = (access.person != Accesses::NONE).then(|| checked.people.rank[access.person as usize]);
        let device = (access.device != Accesses::NONE).then(|| checked.devices.rank[access.device as usize]);
        let cal = match basis.needs[access.server as usize] {
            Need::Cal(cal) => cal,
            Need::Nothing("E.8") => return self.leave_out(person, device, cause::HYPER_V_HOST),
            Need::Nothing("E.11") => return self.leave_out(person, device, cause::CLOUD),
            Need::Nothing("A.1") => return self.leave_out(person, device, cause::OTHER_FAMILY),
            Need::Nothing("D.7") => return self.leave_out(person, device, cause::BY_CORE),
            Need::Nothing(_) => return self.leave_out(person, device, cause::EDITION),
        };
        let known_person = person.map(|_| &estate.people[access.person as usize]);
        let known_device = device.map(|_| &estate.devices[access.device as usize]);
        let is_external = known_person.is_some_and(|person| person.external);
        if basis.is_base && elsewhere.is_exempt(basis, access, is_external) {
            self.rules.add(if access.flags & Accesses::ANONYMOUS == 0 { "E.9b" } else { "E.9a" });
            return self.leave_out(person, device, cause::WEB);
        }
        if is_external && basis.externals_need_none {
            self.rules.add("E.26");
            return self.leave_out(person, device, cause::SERVER_LICENCE);
        }
        // D.8
        if basis.only_sql_by_core.binary_search(&(access.person, access.device, access.server)).is_ok() {
            self.rules.add("D.8");
            return self.leave_out(person, device, cause::BY_CORE);
        }
        // G: what one holds already; whoever shares an account holds no more than one
        let holds = basis.held.person(person, cal) && person.is_some_and(|rank| self.heads_of(rank) == 1);
        if holds || basis.held.device(device, cal) {
            let (of_person, of_device) =
                if holds { (cause::HELD, cause::HELD_BY_OTHER) } else { (cause::HELD_BY_OTHER, cause::HELD) };
            self.rules.add("G.1");
            self.leave_out(person, None, of_person);
            self.leave_out(None, device, of_device);
            return printers.note_covered(device, cal, known_device.is_some_and(is_printer));
        }
        // E.7, F.2
        let exempt = |side: &[bool], rank: Option<u32>| rank.is_some_and(|rank| side[rank as usize]);
        let rule = basis.administrators.map_or("E.7", |administrators| administrators.rule);
        if exempt(&administrators.people, person) {
            self.rules.add(rule);
            self.leave_out(person, None, cause::ADMINISTRATION);
            return self.leave_out(None, device, cause::USED_BY_ADMINISTRATOR);
        }
        if person.is_none() && exempt(&administrators.devices, device) {
            self.rules.add(rule);
            return self.leave_out(None, device, cause::ADMINISTRATION);
        }
        // E.13
        let infra_roles = if basis.is_base { basis.policy.infra_roles } else { InfraRoles::Strict };
        if access.flags & Accesses::INFRASTRUCTURE != 0 && infra_roles != InfraRoles::Strict {
            self.rules.add("E.13");
            if infra_roles == InfraRoles::Interval {
                self.infrastructure.push(Loose { person, device, cal });
            }
            return self.leave_out(person, device, cause::INFRASTRUCTURE);
        }
        let is_printer = known_device.is_some_and(is_printer) && !basis.is_management;
        let is_server = known_device.is_some_and(|device| device.server);
        let is_address = known_device.is_some_and(|device| device.unresolved);
        let is_stranger = known_person.is_some_and(|person| person.unresolved);
        // a server in between can hold no CAL for the people behind it (E.6)
        let holder = device.filter(|_| !is_server && !is_address);
        if is_stranger {
            self.strangers.push(Loose { person, device: holder, cal });
            return self.leave_out(person, device, cause::UNRESOLVED);
        }
        if let (true, Some(person)) = (is_external, person) {
            self.rules.add("E.22");
            if basis.connected.get(access.server as usize) == Some(&true) {
                self.rules.add("E.23");
                return self.leave_out(Some(person), device, cause::CONNECTOR);
            }
            if basis.sets_apart == SetsApart::Externals {
                return self.apart.push(Apart { server: access.server, person: Some(person), device: holder, cal });
            }
        }
        if basis.sets_apart == SetsApart::All && (person.is_some() || holder.is_some()) {
            return self.apart.push(Apart { server: access.server, person, device: holder, cal });
        }
        match (person, device) {
            // E.6: a server needs none itself; the person behind it counts
            (None, Some(_)) if is_server => {
                self.rules.add("E.6");
                self.leave_out(None, device, cause::SERVER);
            }
            (None, Some(_)) if is_address => {
                self.strangers.push(Loose { person, device, cal });
                self.leave_out(None, device, cause::UNRESOLVED);
            }
            (Some(person), Some(device)) if !is_server && !is_address => {
                match estate.servers[access.server as usize].remote_desktop.filter(|_| basis.has_modes) {
                    Some(RemoteDesktopMode::PerUser) => {
                        self.rules.add("F.6");
                        raise(&mut self.forced_people[person as usize], cal);
                        self.leave_out(Some(person), None, cause::MODE);
                        self.leave_out(None, Some(device), cause::HELD_BY_OTHER | cause::MODE);
                    }
                    Some(RemoteDesktopMode::PerDevice) => {
                        self.rules.add("F.6");
                        raise(&mut self.forced_devices[device as usize], cal);
                        self.leave_out(None, Some(device), cause::MODE);
                        self.leave_out(Some(person), None, cause::HELD_BY_OTHER | cause::MODE);
                    }
                    None => {
                        self.pairs.push(Pair { person, device, cal });
                        printers.note_user(person, device, is_printer);
                    }
                }
            }
            (Some(person), _) => {
                if is_server {
                    self.rules.add("E.6");
                }
                raise(&mut self.forced_people[person as usize], cal);
                let why = if is_server { cause::SERVER } else { cause::UNRESOLVED };
                self.leave_out(None, device, why);
            }
            (None, Some(device)) if is_printer => printers.note_alone(device, cal),
            (None, Some(device)) => raise(&mut self.forced_devices[device as usize], cal),
            (None, None) => unreachable!("an access without both ends was refused"),
        }
    }

    /// E.14: a printer that acted on its own needs a Device CAL, unless everybody seen at it holds a User CAL. That is
    /// one pair with each of them.
    fn cover_printers(&mut self, printers: Printers) {
        for (device, printer) in printers.0 {
            let Some(cal) = printer.alone else { continue };
            self.rules.add("E.14");
            if !printer.users.is_empty() {
                self.pairs.extend(printer.users.into_iter().map(|person| Pair { person, device, cal }));
            } else if printer.covered < Some(cal) {
                raise(&mut self.forced_devices[device as usize], cal);
            }
        }
    }

    /// I.5: everybody who could sign in, seen or not, by the newest server there is.
    fn add_unseen(&mut self, basis: &Basis<'_>) {
        let newest = basis.needs.iter().filter_map(|need| match need {
            Need::Cal(cal) => Some(*cal),
            Need::Nothing(_) => None,
        });
        let Some(cal) = newest.max() else { return };
        self.rules.add("I.5");
        let estate = basis.checked.estate;
        let mut seen = vec![false; estate.people.len()];
        basis.accesses.person.iter().filter(|&&at| at != Accesses::NONE).for_each(|&at| seen[at as usize] = true);
        for (index, person) in estate.people.iter().enumerate() {
            let rank = basis.checked.people.rank[index];
            if !seen[index] && !person.unresolved && !person.gone && !basis.held.person(Some(rank), cal) {
                raise(&mut self.forced_people[rank as usize], cal);
                self.leave_out(Some(rank), None, cause::UNSEEN);
                self.unseen += self.heads_of(rank);
            }
        }
    }

    fn leave_out(&mut self, person: Option<u32>, device: Option<u32>, cause: u32) {
        if let Some(person) = person {
            self.people_left_out[person as usize] |= cause;
        }
        if let Some(device) = device {
            self.devices_left_out[device as usize] |= cause;
        }
    }
}

/// What an access asks for, by ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Nothing,
    Person(u32),
    Device(u32),
    Either(u32, u32),
}

/// What the accesses are counted with.
struct Counting {
    administrators: Administrators,
    elsewhere: Elsewhere,
    printers: Printers,
}

/// Who reached which server by anything but the web server role, and so counts (E.9).
struct Elsewhere(Vec<(u32, u32)>);

impl Elsewhere {
    fn of(basis: &Basis<'_>) -> Self {
        if !basis.is_base || basis.policy.web_exempt != WebExempt::PublicWeb {
            return Self(Vec::new());
        }
        let servers = &basis.checked.estate.servers;
        let counts = |access: &Access| {
            servers[access.server as usize].web_workload && access.flags & (Accesses::WEB | Accesses::ANONYMOUS) == 0
        };
        let mut found: Vec<_> = basis.accesses.rows().filter(counts).map(|row| (row.person, row.server)).collect();
        found.sort_unstable();
        found.dedup();
        Self(found)
    }

    /// E.9a: nobody can tell who it was. E.9b, E.9c: somebody external on a public web server, and nothing else there.
    fn is_exempt(&self, basis: &Basis<'_>, access: Access, is_external: bool) -> bool {
        access.flags & Accesses::ANONYMOUS != 0
            || (basis.policy.web_exempt == WebExempt::PublicWeb
                && is_external
                && access.flags & Accesses::WEB != 0
                && basis.checked.estate.servers[access.server as usize].web_workload
                && self.0.binary_search(&(access.person, access.server)).is_err())
    }
}

/// Printers and the like, by rank (E.14).
#[derive(Default)]
struct Printers(BTreeMap<u32, Printer>);

#[derive(Default)]
struct Printer {
    /// The version it needs for what it did on its own.
    alone: Option<VersionName>,
    /// The version up to which somebody at it is covered otherwise.
    covered: Option<VersionName>,
    users: Vec<u32>,
}

impl Printers {
    fn note_alone(&mut self, device: u32, cal: VersionName) {
        raise(&mut self.0.entry(device).or_default().alone, cal);
    }

    fn note_covered(&mut self, device: Option<u32>, cal: VersionName, is_printer: bool) {
        if let (true, Some(device)) = (is_printer, device) {
            raise(&mut self.0.entry(device).or_default().covered, cal);
        }
    }

    fn note_user(&mut self, person: u32, device: u32, is_printer: bool) {
        if is_printer {
            self.0.entry(device).or_default().users.push(person);
        }
    }
}

/// E.5: the newest version needed.
pub(crate) fn raise(known: &mut Option<VersionName>, cal: VersionName) {
    *known = (*known).max(Some(cal));
}
