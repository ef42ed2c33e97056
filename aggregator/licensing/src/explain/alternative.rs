//! What a way not taken would cost, solved anew with one person or device tied to it.

use super::explanation::Alternative;
use crate::{
    cal::{Counted, Demand},
    draft::add,
    estate::EstateError,
    findings::counted as in_words,
    version::VersionName,
    words::Count,
};

/// People or devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    People,
    Devices,
}

/// How many CALs of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cals {
    pub users: u64,
    pub devices: u64,
}

impl Cals {
    pub fn of(counted: &Counted) -> Self {
        let (users, devices) = counted.counts();
        Self { users, devices }
    }

    /// At list price; `None` without both prices.
    pub fn cost(self, counted: &Counted) -> Result<Option<u64>, EstateError> {
        let Some((user, device)) = counted.prices else { return Ok(None) };
        add(user.cost(self.users)?, device.cost(self.devices)?).map(Some)
    }

    /// For example `3 User CALs and 1 Device CAL`.
    pub fn in_words(self) -> String {
        let kind =
            |count: u64, one: &str, many: &str| format!("{} {}", Count(count), if count == 1 { one } else { many });
        let users = kind(self.users, "User CAL", "User CALs");
        let devices = kind(self.devices, "Device CAL", "Device CALs");
        match (self.users, self.devices) {
            (0, 0) => "no CAL".into(),
            (_, 0) => users,
            (0, _) => devices,
            _ => format!("{users} and {devices}"),
        }
    }
}

/// Who is at the other end of each pair, with the version needed.
pub(super) fn partners(demand: &Demand, side: Side, rank: u32) -> Vec<(u32, VersionName)> {
    match side {
        Side::People => {
            // pairs stand in the order of people
            let from = demand.pairs.partition_point(|pair| pair.person < rank);
            let own = demand.pairs[from..].iter().take_while(|pair| pair.person == rank);
            own.map(|pair| (pair.device, pair.cal)).collect()
        }
        Side::Devices => {
            demand.pairs.iter().filter(|pair| pair.device == rank).map(|pair| (pair.person, pair.cal)).collect()
        }
    }
}

/// The cheapest mix in which this one holds none: everybody at the other ends holds one. Not for one that must.
pub(super) fn without(counted: &Counted, side: Side, rank: u32) -> Result<Cals, EstateError> {
    let others = partners(&counted.demand, side, rank);
    let found = match side {
        Side::People => counted.forcing(&[], &others)?,
        Side::Devices => counted.forcing(&others, &[])?,
    };
    Ok(Cals::of(&found))
}

/// The cheapest mix in which this one holds one.
pub(super) fn with(counted: &Counted, side: Side, rank: u32) -> Result<Cals, EstateError> {
    let cal = partners(&counted.demand, side, rank).into_iter().map(|(_, cal)| cal).max().unwrap_or_default();
    let found = match side {
        Side::People => counted.forcing(&[(rank, cal)], &[])?,
        Side::Devices => counted.forcing(&[], &[(rank, cal)])?,
    };
    Ok(Cals::of(&found))
}

/// CALs of one kind wherever they can do; whoever must hold the other kind keeps it.
pub(super) fn of_one_kind(demand: &Demand, side: Side) -> Cals {
    let mut people = held(&demand.forced_people);
    let mut devices = held(&demand.forced_devices);
    for pair in &demand.pairs {
        let (person, device) = (pair.person as usize, pair.device as usize);
        match side {
            Side::People => people[person] |= demand.forced_devices[device].is_none(),
            Side::Devices => devices[device] |= demand.forced_people[person].is_none(),
        }
    }
    let users = (0..).zip(&people).filter(|(_, held)| **held).map(|(rank, _)| demand.heads_of(rank));
    let users = users.fold(0, u64::saturating_add);
    Cals { users, devices: devices.iter().filter(|held| **held).count() as u64 }
}

fn held(forced: &[Option<VersionName>]) -> Vec<bool> {
    forced.iter().map(Option::is_some).collect()
}

/// A way with its cost beside the recommended one.
pub(super) fn way(what: String, counted: &Counted, cals: Cals) -> Result<Alternative, EstateError> {
    let now = Cals::of(counted);
    let why = if cals == now {
        format!("The numbers stay the same: {}", now.in_words())
    } else {
        format!("{} instead of {}", cals.in_words(), now.in_words())
    };
    Ok(Alternative {
        what,
        why,
        possible: true,
        cost_minor: cals.cost(counted)?,
        instead_of_minor: now.cost(counted)?,
        lower_bound_minor: None,
    })
}

/// A way that cannot be gone.
pub(super) fn no_way(what: String, why: String) -> Alternative {
    Alternative { what, why, possible: false, cost_minor: None, instead_of_minor: None, lower_bound_minor: None }
}

/// `3 devices`.
pub(super) fn devices(count: usize) -> String {
    in_words(count, "device", "devices")
}

/// `3 people`.
pub(super) fn people(count: usize) -> String {
    in_words(count, "person", "people")
}
