//! One family of CALs from what must be covered to the cheapest mix in money.

use super::{
    basis::Basis,
    connectors::Connectors,
    demand::{Demand, raise},
    family::Family,
    mix::{Mix, Weights, held, open_pairs},
    purchase::Purchase,
    servers::Need,
};
use crate::{
    assessment::{Proof, ProofPair},
    book::{Book, Needed},
    checked::Checked,
    draft::add,
    estate::{Accesses, EstateError},
    findings::Rules,
    ledger::Wanted,
    optimise::Graph,
    owned::Quantities,
    position::Optimum,
    prices::UnitPrice,
    version::VersionName,
};

/// The CALs of one family, counted.
pub(crate) struct Counted {
    pub demand: Demand,
    /// The pairs that leave a choice.
    pub graph: Graph,
    pub mix: Mix,
    pub weights: Weights,
    /// Of a User and a Device CAL, if both have one.
    pub prices: Option<(UnitPrice, UnitPrice)>,
    pub users: Quantities,
    pub devices: Quantities,
}

/// What the CALs of one family were counted from, for planning and explanations.
pub(crate) struct Kept {
    /// What its skus begin with, for example `rds-cal`.
    pub cal: String,
    /// By server.
    pub needs: Vec<Need>,
    /// That may need CALs of the family; `None`: all of the estate.
    pub accesses: Option<Accesses>,
    pub connectors: Connectors,
    pub counted: Counted,
}

impl Counted {
    pub fn of(basis: &Basis<'_>, family: &Family<'_>) -> Result<Self, EstateError> {
        let estate = basis.checked.estate;
        let prices = UnitPrice::of(estate, family.user).zip(UnitPrice::of(estate, family.device));
        let (user, device) = prices.map_or(Ok((1, 1)), |(user, device)| user.ratio(device))?;
        Self::from_demand(Demand::of(basis), Weights { user, device }, prices)
    }

    fn from_demand(
        demand: Demand,
        weights: Weights,
        prices: Option<(UnitPrice, UnitPrice)>,
    ) -> Result<Self, EstateError> {
        let graph = open_pairs(&demand)?;
        let mix = Mix::cheapest(&demand, &graph, weights)?;
        let (users, devices) = (held(&mix.people, &demand.heads), held(&mix.devices, &[]));
        Ok(Self { demand, graph, mix, weights, prices, users, devices })
    }

    /// The same accesses with some people and devices, by rank, forced to hold a CAL of at least that version.
    pub fn forcing(&self, people: &[(u32, VersionName)], devices: &[(u32, VersionName)]) -> Result<Self, EstateError> {
        let mut demand = self.demand.clone();
        for &(rank, cal) in people {
            raise(&mut demand.forced_people[rank as usize], cal);
        }
        for &(rank, cal) in devices {
            raise(&mut demand.forced_devices[rank as usize], cal);
        }
        Self::from_demand(demand, self.weights, self.prices)
    }

    /// The same accesses with these people, by rank, free to be covered by what they are seen at.
    pub fn releasing(&self, people: &[u32]) -> Result<Self, EstateError> {
        let mut demand = self.demand.clone();
        for &rank in people {
            demand.forced_people[rank as usize] = None;
        }
        Self::from_demand(demand, self.weights, self.prices)
    }

    /// (User CALs, Device CALs) needed.
    pub fn counts(&self) -> (u64, u64) {
        let sum = |quantities: &Quantities| quantities.values().fold(0, |sum: u64, count| sum.saturating_add(*count));
        (sum(&self.users), sum(&self.devices))
    }

    /// Who needs which version: in the mix of a purchase, else in the cheapest mix.
    pub fn wanted(&self, checked: &Checked<'_>, family: &Family<'_>, purchase: Option<&Purchase>) -> Wanted {
        let (people, devices) = match purchase {
            Some(purchase) => (&purchase.people_hold, &purchase.devices_hold),
            None => (&self.mix.people, &self.mix.devices),
        };
        Wanted::of_mix(checked, family, people, devices, self.demand.heads.is_empty())
    }

    pub fn optimum(&self) -> Result<Optimum, EstateError> {
        let (users, devices) = self.counts();
        let cost_minor = match self.prices {
            Some((user, device)) => add(user.cost(users)?, device.cost(devices)?)?,
            None => 0,
        };
        let proven = self.mix.proven && self.mix.cost == self.mix.lower_bound;
        Ok(Optimum { cost_minor, lower_bound_minor: if proven { cost_minor } else { 0 }, proven })
    }

    pub fn proof(&self, checked: &Checked<'_>) -> Proof {
        let must = |forced: &[Option<VersionName>], index: &[u32]| {
            let mut must: Vec<u32> =
                (forced.iter().zip(index)).filter(|(forced, _)| forced.is_some()).map(|(_, &index)| index).collect();
            must.sort_unstable();
            must
        };
        let pair = |demand: &crate::optimise::Demand| ProofPair {
            person: checked.people.index[demand.user as usize],
            device: checked.devices.index[demand.device as usize],
            amount: demand.amount,
        };
        Proof {
            user_weight: self.weights.user,
            device_weight: self.weights.device,
            must_people: must(&self.demand.forced_people, &checked.people.index),
            must_devices: must(&self.demand.forced_devices, &checked.devices.index),
            pairs: self.mix.demand.iter().map(pair).collect(),
        }
    }
}

/// Writes the lines of a family; those with nothing needed and nothing owned are none.
pub(crate) fn add_cals(
    book: &mut Book<'_>,
    family: &Family<'_>,
    [users, devices]: [Quantities; 2],
    [owned_users, owned_devices]: &[Quantities; 2],
    rules: &Rules,
) -> Result<(), EstateError> {
    for (sku, unit, by_version, owned) in
        [(family.device, "device", devices, owned_devices), (family.user, "user", users, owned_users)]
    {
        book.add(sku, unit, &Needed { by_version, rules: rules.clone(), ..Needed::default() }, owned)?;
    }
    Ok(())
}
