//! Who should hold the suites that nobody is named for, as one problem of bundles without versions.
//!
//! Two readings of it: in the strict one only what serves every need counts, so that what it promises can be had; in the loose one
//! whatever serves any need counts for all of them, so that nothing can cost less than it says.

use super::{needs::Need, problem::Problem};
use crate::{
    cal::demand::Demand,
    estate::EstateError,
    optimise::{self, BundleProblem, Holder, MOST_FAMILIES, MOST_OFFERS, Offer, cheapest_bundles},
    version::VersionName,
};

/// How what serves a part of the needs only is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    Strict,
    Loose,
}

/// Who holds what, and how good it is within the problem.
pub(super) struct Plan {
    /// Per group of suites: to whom they go, by rank.
    pub gift: Vec<Vec<u32>>,
    /// No way to cover everything weighs less.
    pub lower_bound: u128,
    /// Whether the plan weighs just that.
    pub proven: bool,
    /// Whether the reading left nothing out and added nothing.
    pub exact: bool,
}

/// `weights` are those of a User and a Device CAL of each planned family. With more kinds of suites than the optimiser takes the
/// others stay where they are, and nothing is known of what it costs at least.
pub(super) fn plan(problem: &Problem<'_, '_>, weights: &[u64], reading: Reading) -> Result<Plan, EstateError> {
    let checked = problem.checked();
    let demands: Vec<&Demand> = problem.demands(reading).take(MOST_FAMILIES).collect();
    let mut exact = demands.len() == problem.touched.len();
    let mut offers: Vec<Offer> = Vec::new();
    for (at, demand) in demands.iter().enumerate() {
        // E.29: who has a CAL anyway saves nothing by a suite
        let owned = problem.family(at).owned(checked).map(|owned| {
            let of = |from: Option<VersionName>| match from {
                Some(from) => owned.range(from..).fold(0_u64, |sum, (_, count)| sum.saturating_add(*count)),
                None => 0,
            };
            exact &= of(demand.oldest()) == of(demand.newest());
            of(if reading == Reading::Strict { demand.newest() } else { demand.oldest() }).min(u64::from(u32::MAX))
        });
        for (side, holder) in [Holder::User, Holder::Device].into_iter().enumerate() {
            let price = Some(weights[2 * at + side]);
            offers.push(Offer { holder, families: 1 << at, price, owned: owned[side] });
        }
    }
    let singles = offers.len();
    for group in &problem.groups {
        let mut families = 0;
        for (at, demand) in demands.iter().enumerate() {
            let Some(version) = group.covers[at] else { continue };
            let (all, some) = (demand.newest() <= Some(version), problem.oldest[at] <= Some(version));
            exact &= all || !some;
            families |= u32::from(if reading == Reading::Strict { all } else { some }) << at;
        }
        let owned = group.free.min(u64::from(u32::MAX));
        offers.push(Offer { holder: group.holder, families, price: None, owned });
    }
    let fits = offers.len() <= MOST_OFFERS;
    exact &= fits;
    offers.truncate(MOST_OFFERS);
    let needs: Vec<Need> = demands
        .iter()
        .map(|demand| if reading == Reading::Strict { Need::of(demand) } else { Need::relaxed(demand) })
        .collect();
    exact &= demands.iter().all(|demand| !Need::of(demand).left_out);
    let [people, devices] = &problem.places;
    let needs: Vec<Need> = needs.into_iter().map(|need| need.renumbered(&people.of_rank, &devices.of_rank)).collect();
    let families: Vec<optimise::Family<'_>> = needs.iter().map(Need::as_family).collect();
    let found = cheapest_bundles(&BundleProblem {
        users: checked.people.len() as u32,
        devices: checked.devices.len() as u32,
        families: &families,
        offers: &offers,
    })
    .map_err(|error| EstateError::TooLarge(format!("suites and plans ({error})")))?;
    let mut gift = vec![Vec::new(); problem.groups.len()];
    for holding in found.holdings.iter().filter(|holding| holding.offer as usize >= singles) {
        let at = holding.offer as usize - singles;
        let places = if problem.groups[at].holder == Holder::User { people } else { devices };
        let rank = places.rank_at[holding.vertex as usize];
        // whoever shares an account holds no more than one
        if problem.groups[at].holder == Holder::Device || problem.is_alone(rank) {
            gift[at].push(rank);
        }
    }
    let lower_bound = if fits { found.lower_bound } else { 0 };
    Ok(Plan { gift, lower_bound, proven: found.proven, exact })
}
