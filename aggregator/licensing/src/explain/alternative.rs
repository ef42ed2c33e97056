//! What a way not taken would cost, solved anew with one person or device tied to it.

use super::explanation::Alternative;
use crate::{
    cal::{Counted, Demand, Family, Purchase, by_version, raise},
    draft::add,
    estate::EstateError,
    findings::counted as in_words,
    owned::{Quantities, balance},
    prices::UnitPrice,
    version::VersionName,
    words::Count,
};

/// People or devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    People,
    Devices,
}

/// What User and Device CALs of a family are owned.
pub(super) type Owned = [Quantities; 2];

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
    pub fn in_words(self, family: &Family<'_>) -> String {
        let kind = |count: u64, one: &str, rest: &str| {
            format!("{} {one}{}{rest}", Count(count), if count == 1 { "" } else { "s" })
        };
        let (users, devices) = if family.is_management() {
            (kind(self.users, "Client ML", " by user"), kind(self.devices, "Client ML", " by operating system"))
        } else {
            (kind(self.users, "User CAL", ""), kind(self.devices, "Device CAL", ""))
        };
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
pub(super) fn without(counted: &Counted, side: Side, rank: u32) -> Result<Counted, EstateError> {
    let others = partners(&counted.demand, side, rank);
    match side {
        Side::People => counted.forcing(&[], &others),
        Side::Devices => counted.forcing(&others, &[]),
    }
}

/// The cheapest mix in which this one holds one.
pub(super) fn with(counted: &Counted, side: Side, rank: u32) -> Result<Counted, EstateError> {
    let cal = partners(&counted.demand, side, rank).into_iter().map(|(_, cal)| cal).max().unwrap_or_default();
    match side {
        Side::People => counted.forcing(&[(rank, cal)], &[]),
        Side::Devices => counted.forcing(&[], &[(rank, cal)]),
    }
}

/// Who holds which version, by rank.
pub(super) struct Held {
    pub people: Vec<Option<VersionName>>,
    pub devices: Vec<Option<VersionName>>,
}

impl Held {
    /// CALs of one kind wherever they can do; whoever must hold the other kind keeps it.
    pub fn of_one_kind(demand: &Demand, side: Side) -> Self {
        let (mut people, mut devices) = (demand.forced_people.clone(), demand.forced_devices.clone());
        for pair in &demand.pairs {
            let (person, device) = (pair.person as usize, pair.device as usize);
            // E.5: where the other end must hold one anyway, that one is new enough for both
            let holder = match side {
                Side::People if demand.forced_devices[device].is_none() => &mut people[person],
                Side::Devices if demand.forced_people[person].is_some() => &mut people[person],
                _ => &mut devices[device],
            };
            raise(holder, pair.cal);
        }
        Self { people, devices }
    }

    pub fn cals(&self, demand: &Demand) -> Cals {
        let users = (0..).zip(&self.people).filter(|(_, held)| held.is_some()).map(|(rank, _)| demand.heads_of(rank));
        let users = users.fold(0, u64::saturating_add);
        Cals { users, devices: self.devices.iter().flatten().count() as u64 }
    }
}

/// A way with its cost beside the recommended one.
pub(super) fn way(
    what: String,
    counted: &Counted,
    cals: Cals,
    family: &Family<'_>,
) -> Result<Alternative, EstateError> {
    let now = Cals::of(counted);
    let why = if cals == now {
        format!("The numbers stay the same: {}", now.in_words(family))
    } else {
        format!("{} instead of {}", cals.in_words(family), now.in_words(family))
    };
    Ok(Alternative {
        what,
        why,
        possible: true,
        cost_minor: cals.cost(counted)?,
        instead_of_minor: now.cost(counted)?,
        lower_bound_minor: None,
        given_owned: None,
    })
}

/// What is left to buy of a fixed choice of holders; `None` without both prices.
pub(super) fn left_to_buy(counted: &Counted, held: &Held, owned: &Owned) -> Result<Option<u64>, EstateError> {
    let Some((user, device)) = counted.prices else { return Ok(None) };
    let needed = [by_version(&held.people, &counted.demand.heads), by_version(&held.devices, &[])];
    Ok(Some(gap([user, device], &needed, owned)?))
}

/// The cheapest purchase of what was counted, with the least it could cost (E.29); `None` without prices, or if nothing
/// that is owned is of any use.
pub(super) fn least_to_buy(counted: &Counted, owned: &Owned) -> Result<Option<(u64, u64)>, EstateError> {
    let Some((user, device)) = counted.prices else { return Ok(None) };
    let Counted { demand, graph, mix, weights, .. } = counted;
    let Some(found) = Purchase::cheapest(demand, graph, mix, *weights, [&owned[0], &owned[1]])? else {
        return Ok(None);
    };
    let cost = gap([user, device], &[found.users, found.devices], owned)?;
    let bound = if found.cost == found.lower_bound {
        cost
    } else {
        user.of_weights(found.lower_bound, weights.user)?.min(cost)
    };
    Ok(Some((cost, bound)))
}

/// What the gap between needed and owned costs.
fn gap(prices: [UnitPrice; 2], needed: &Owned, owned: &Owned) -> Result<u64, EstateError> {
    let mut cost = 0;
    for side in [0, 1] {
        let short =
            balance(&needed[side], &owned[side]).iter().fold(0, |sum: u64, line| sum.saturating_add(line.short));
        cost = add(cost, prices[side].cost(short)?)?;
    }
    Ok(cost)
}

/// A way that cannot be gone.
pub(super) fn no_way(what: String, why: String) -> Alternative {
    Alternative {
        what,
        why,
        possible: false,
        cost_minor: None,
        instead_of_minor: None,
        lower_bound_minor: None,
        given_owned: None,
    }
}

/// `3 devices`.
pub(super) fn devices(count: usize) -> String {
    in_words(count, "device", "devices")
}

/// `3 people`.
pub(super) fn people(count: usize) -> String {
    in_words(count, "person", "people")
}
