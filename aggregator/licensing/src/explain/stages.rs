//! One estate turned into another group by group, so that each group's part in a change can be counted.
//!
//! Knows how an estate hangs together, nothing of licences. An access comes with the last of its server, person and device to
//! come, and goes with the first of them to go; what is left are accesses among those that both estates have.

use std::collections::{HashMap, HashSet};

use crate::estate::{Access, Accesses, Estate, Stay, Use};

/// What changes together, in the order in which it is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    /// The last day, and what is known of the evidence.
    Window,
    Policy,
    Catalogue,
    /// With the currency.
    Prices,
    /// With hosts and instances of SQL Server.
    Servers,
    /// With devices.
    People,
    Accesses,
    /// With assignments.
    Entitlements,
}

impl Group {
    pub const ALL: [Self; 8] = [
        Self::Window,
        Self::Policy,
        Self::Catalogue,
        Self::Prices,
        Self::Servers,
        Self::People,
        Self::Accesses,
        Self::Entitlements,
    ];

    /// In JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Policy => "policy",
            Self::Catalogue => "catalogue",
            Self::Prices => "prices",
            Self::Servers => "servers",
            Self::People => "people",
            Self::Accesses => "accesses",
            Self::Entitlements => "entitlements",
        }
    }
}

/// Where things of one estate stand in another one, by id.
pub(super) struct Places {
    pub people: Vec<Option<u32>>,
    pub devices: Vec<Option<u32>>,
    pub servers: Vec<Option<u32>>,
}

impl Places {
    pub fn of(from: &Estate, to: &Estate) -> Self {
        Self {
            people: places(
                from.people.iter().map(|person| person.id.as_str()),
                to.people.iter().map(|person| person.id.as_str()),
            ),
            devices: places(
                from.devices.iter().map(|device| device.id.as_str()),
                to.devices.iter().map(|device| device.id.as_str()),
            ),
            servers: places(
                from.servers.iter().map(|server| server.id.as_str()),
                to.servers.iter().map(|server| server.id.as_str()),
            ),
        }
    }
}

fn places<'a>(from: impl Iterator<Item = &'a str>, to: impl Iterator<Item = &'a str>) -> Vec<Option<u32>> {
    let number: HashMap<&str, u32> = to.zip(0..).collect();
    from.map(|id| number.get(id).copied()).collect()
}

/// Both estates with the ways between them.
pub(super) struct Stages<'a> {
    pub before: &'a Estate,
    pub after: &'a Estate,
    there: Places,
    back: Places,
}

impl<'a> Stages<'a> {
    pub fn of(before: &'a Estate, after: &'a Estate) -> Self {
        Self { before, after, there: Places::of(before, after), back: Places::of(after, before) }
    }

    /// `so_far` with a group as it is afterwards.
    pub fn apply(&self, so_far: &Estate, group: Group) -> Estate {
        let after = self.after;
        let mut next = so_far.clone();
        match group {
            Group::Window => {
                next.as_of = after.as_of;
                next.notes.clone_from(&after.notes);
                next.left_out.clone_from(&after.left_out);
            }
            Group::Policy => next.policy.clone_from(&after.policy),
            Group::Catalogue => {}
            Group::Prices => {
                next.currency.clone_from(&after.currency);
                next.prices.clone_from(&after.prices);
            }
            Group::Servers => {
                next.hosts.clone_from(&after.hosts);
                next.servers.clone_from(&after.servers);
                next.sql.clone_from(&after.sql);
                self.with_rows(&mut next, |row| self.server_moved(row), |row| self.on_new_server(row));
                release(&mut next);
            }
            Group::People => {
                next.people.clone_from(&after.people);
                next.devices.clone_from(&after.devices);
                next.enabled_accounts = after.enabled_accounts;
                self.with_rows(&mut next, |row| self.all_moved(row), |row| self.of_anything_new(row));
                release(&mut next);
            }
            Group::Accesses => {
                next.accesses.clone_from(&after.accesses);
                next.uses.clone_from(&after.uses);
                next.stays.clone_from(&after.stays);
            }
            Group::Entitlements => next = after.clone(),
        }
        next
    }

    /// Rows of before that `kept` leaves, and those of after that `come`.
    fn with_rows(
        &self,
        next: &mut Estate,
        kept: impl Fn(Access) -> Option<Access>,
        come: impl Fn(Access) -> Option<Access>,
    ) {
        let joined = |before: &[&Accesses], after: &[&Accesses]| {
            let kept = before.iter().flat_map(|rows| rows.rows()).filter_map(&kept);
            let come = after.iter().flat_map(|rows| rows.rows()).filter_map(&come);
            Accesses::of(kept.chain(come).collect())
        };
        next.accesses = joined(&[&self.before.accesses], &[&self.after.accesses]);
        let of = |estate: &'a Estate, cal: &str| -> Vec<&'a Accesses> {
            estate.uses.iter().filter(|used| used.cal == cal).map(|used| &used.accesses).collect()
        };
        let mut families: Vec<&str> =
            self.before.uses.iter().chain(&self.after.uses).map(|used| used.cal.as_str()).collect();
        families.sort_unstable();
        families.dedup();
        let moved = |stay: &Stay, to: &dyn Fn(Access) -> Option<Access>| {
            let Stay { person, device, server, .. } = *stay;
            to(Access { person, device, server, flags: 0 }).map(|Access { person, device, server, .. }| Stay {
                person,
                device,
                server,
                ..*stay
            })
        };
        let joined_stays = |before: &[&'a [Stay]], after: &[&'a [Stay]]| -> Vec<Stay> {
            let stayed = before.iter().copied().flatten().filter_map(|stay| moved(stay, &kept));
            stayed.chain(after.iter().copied().flatten().filter_map(|stay| moved(stay, &come))).collect()
        };
        next.stays = joined_stays(&[&self.before.stays], &[&self.after.stays]);
        let stays_of = |estate: &'a Estate, cal: &str| -> Vec<&'a [Stay]> {
            estate.uses.iter().filter(|used| used.cal == cal).map(|used| used.stays.as_slice()).collect()
        };
        let uses = families.into_iter().map(|cal| Use {
            cal: cal.to_owned(),
            accesses: joined(&of(self.before, cal), &of(self.after, cal)),
            stays: joined_stays(&stays_of(self.before, cal), &stays_of(self.after, cal)),
        });
        next.uses = uses.filter(|used| !used.accesses.is_empty() || !used.stays.is_empty()).collect();
    }

    fn server_moved(&self, row: Access) -> Option<Access> {
        Some(Access { server: self.there.servers[row.server as usize]?, ..row })
    }

    fn on_new_server(&self, row: Access) -> Option<Access> {
        if self.back.servers[row.server as usize].is_some() {
            return None;
        }
        let (person, device) = (end(row.person, &self.back.people)?, end(row.device, &self.back.devices)?);
        Some(Access { person, device, ..row })
    }

    fn all_moved(&self, row: Access) -> Option<Access> {
        let (person, device) = (end(row.person, &self.there.people)?, end(row.device, &self.there.devices)?);
        Some(Access { person, device, server: self.there.servers[row.server as usize]?, ..row })
    }

    fn of_anything_new(&self, row: Access) -> Option<Access> {
        let known = self.back.servers[row.server as usize].is_some()
            && end(row.person, &self.back.people).is_some()
            && end(row.device, &self.back.devices).is_some();
        // what is on a new server by those known came with the server
        (!known).then_some(row)
    }
}

/// Licences assigned to what is gone are free.
fn release(estate: &mut Estate) {
    if estate.assignments.is_empty() {
        return;
    }
    let holders = (estate.people.iter().map(|person| &person.id))
        .chain(estate.devices.iter().map(|device| &device.id))
        .chain(estate.hosts.iter().map(|host| &host.id))
        .chain(estate.servers.iter().map(|server| &server.id));
    let holders: HashSet<String> = holders.cloned().collect();
    estate.assignments.retain(|assignment| holders.contains(&assignment.to));
}

/// Somebody unknown stays unknown.
fn end(index: u32, places: &[Option<u32>]) -> Option<u32> {
    if index == Accesses::NONE { Some(index) } else { places[index as usize] }
}
