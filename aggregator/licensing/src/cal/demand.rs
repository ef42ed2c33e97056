//! From accesses to what must be covered: pairs of a person and a device, and those who must hold a CAL themselves.
//!
//! Numbers people and devices by rank, so that the order of the estate cannot matter.

use super::{
    administrators::Administrators,
    servers::{Need, ServerNeeds},
};
use crate::{
    checked::Checked,
    estate::{Access, Accesses, InfraRoles},
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

/// Why accesses of somebody did not count, as bits.
pub(crate) mod cause {
    pub const EDITION: u8 = 1;
    pub const HYPER_V_HOST: u8 = 2;
    pub const ADMINISTRATION: u8 = 4;
    pub const INFRASTRUCTURE: u8 = 8;
    pub const SERVER: u8 = 16;
    pub const UNRESOLVED: u8 = 32;
    /// A device used by an exempt administrator.
    pub const USED_BY_ADMINISTRATOR: u8 = 64;
}

/// What must be covered. Vectors by person or device are in the order of ranks.
pub(crate) struct Demand {
    /// Sorted; each pair once with the newest version.
    pub pairs: Vec<Pair>,
    /// E.28: people seen from an unknown device, with the version needed for that alone.
    pub forced_people: Vec<Option<VersionName>>,
    /// E.28: devices that acted without a person.
    pub forced_devices: Vec<Option<VersionName>>,
    /// Accesses by unresolved principals or from unresolved addresses without a person (invariant 4).
    pub strangers: Vec<Loose>,
    /// Accesses to DHCP, DNS and the like (E.13), unless the policy counts or ignores them.
    pub infrastructure: Vec<Loose>,
    /// Bits of [`cause`].
    pub people_left_out: Vec<u8>,
    /// Bits of [`cause`].
    pub devices_left_out: Vec<u8>,
    pub rules: Rules,
}

impl Demand {
    pub fn of(checked: &Checked<'_>, servers: &ServerNeeds) -> Self {
        let estate = checked.estate;
        let administrators = Administrators::of(checked, &servers.needs);
        let mut demand = Self {
            pairs: Vec::with_capacity(estate.accesses.len()),
            forced_people: vec![None; estate.people.len()],
            forced_devices: vec![None; estate.devices.len()],
            strangers: Vec::new(),
            infrastructure: Vec::new(),
            people_left_out: vec![0; estate.people.len()],
            devices_left_out: vec![0; estate.devices.len()],
            rules: Rules::of(&["A.6", "E.1", "E.2", "E.3", "E.4", "E.28"]),
        };
        demand.rules.extend(&servers.rules);
        for access in estate.accesses.rows() {
            demand.add(checked, servers.needs[access.server as usize], &administrators, access);
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
        demand
    }

    fn add(&mut self, checked: &Checked<'_>, need: Need, administrators: &Administrators, access: Access) {
        let estate = checked.estate;
        let person = (access.person != Accesses::NONE).then(|| checked.people.rank[access.person as usize]);
        let device = (access.device != Accesses::NONE).then(|| checked.devices.rank[access.device as usize]);
        let cal = match need {
            Need::Cal(cal) => cal,
            Need::Nothing("E.8") => return self.leave_out(person, device, cause::HYPER_V_HOST),
            Need::Nothing(_) => return self.leave_out(person, device, cause::EDITION),
        };
        // E.7
        let exempt = |side: &[bool], rank: Option<u32>| rank.is_some_and(|rank| side[rank as usize]);
        if exempt(&administrators.people, person) {
            self.rules.add("E.7");
            self.leave_out(person, None, cause::ADMINISTRATION);
            return self.leave_out(None, device, cause::USED_BY_ADMINISTRATOR);
        }
        if person.is_none() && exempt(&administrators.devices, device) {
            self.rules.add("E.7");
            return self.leave_out(None, device, cause::ADMINISTRATION);
        }
        // E.13
        if access.flags & Accesses::INFRASTRUCTURE != 0 && estate.policy.infra_roles != InfraRoles::Strict {
            self.rules.add("E.13");
            if estate.policy.infra_roles == InfraRoles::Interval {
                self.infrastructure.push(Loose { person, device, cal });
            }
            return self.leave_out(person, device, cause::INFRASTRUCTURE);
        }
        let is_server = device.is_some() && estate.devices[access.device as usize].server;
        let is_address = device.is_some() && estate.devices[access.device as usize].unresolved;
        let is_stranger = person.is_some() && estate.people[access.person as usize].unresolved;
        match (person, device) {
            _ if is_stranger => {
                // a server in between can hold no CAL for the people behind it (E.6)
                self.strangers.push(Loose { person, device: device.filter(|_| !is_server && !is_address), cal });
                self.leave_out(person, device, cause::UNRESOLVED);
            }
            // E.6: a server needs none itself; the person behind it counts
            (None, Some(_)) if is_server => {
                self.rules.add("E.6");
                self.leave_out(None, device, cause::SERVER);
            }
            (None, Some(_)) if is_address => {
                self.strangers.push(Loose { person, device, cal });
                self.leave_out(None, device, cause::UNRESOLVED);
            }
            (Some(person), Some(device)) if !is_server && !is_address => self.pairs.push(Pair { person, device, cal }),
            (Some(person), _) => {
                if is_server {
                    self.rules.add("E.6");
                }
                raise(&mut self.forced_people[person as usize], cal);
                let why = if is_server { cause::SERVER } else { cause::UNRESOLVED };
                self.leave_out(None, device, why);
            }
            (None, Some(device)) => raise(&mut self.forced_devices[device as usize], cal),
            (None, None) => unreachable!("an access without both ends was refused"),
        }
    }

    fn leave_out(&mut self, person: Option<u32>, device: Option<u32>, cause: u8) {
        if let Some(person) = person {
            self.people_left_out[person as usize] |= cause;
        }
        if let Some(device) = device {
            self.devices_left_out[device as usize] |= cause;
        }
    }
}

/// E.5: the newest version needed.
pub(crate) fn raise(known: &mut Option<VersionName>, cal: VersionName) {
    *known = (*known).max(Some(cal));
}
