//! Who would hold which CAL in the cheapest purchase, an owned one or a new one, and which owned ones stay idle.

use super::{Purchase, demand::Demand};
use crate::{
    assessment::{CalHolder, IdleCals, PurchaseHolders},
    checked::Checked,
    owned::Quantities,
    version::VersionName,
};

/// `skus` and `owned` of User CALs, then of Device CALs. Accounts hold one for each of the people behind them (0.8, E.16).
pub(crate) fn holders(
    checked: &Checked<'_>,
    purchase: &Purchase,
    skus: [&str; 2],
    owned: &[Quantities; 2],
    demand: &Demand,
) -> PurchaseHolders {
    let estate = checked.estate;
    let mut idle = Vec::new();
    let mut side = |held: &[Option<VersionName>], which: usize, id: &dyn Fn(usize) -> String| {
        let heads = |rank: usize| if which == 0 { demand.heads_of(rank as u32) } else { 1 };
        let (holders, left) = assigned(held, &heads, &owned[which]);
        for (version, quantity) in left.into_iter().filter(|(_, quantity)| *quantity > 0) {
            idle.push(IdleCals { sku: skus[which].into(), version, quantity });
        }
        let named =
            |one: Assigned| CalHolder { id: id(one.rank), needed: one.needed, owned: one.owned, count: one.count };
        holders.into_iter().map(named).collect()
    };
    let people = side(&purchase.people_hold, 0, &|rank| estate.people[checked.people.index[rank] as usize].id.clone());
    let devices =
        side(&purchase.devices_hold, 1, &|rank| estate.devices[checked.devices.index[rank] as usize].id.clone());
    PurchaseHolders { people, devices, idle }
}

/// So many CALs of one holder, all owned in one version or all to be bought.
struct Assigned {
    rank: usize,
    needed: VersionName,
    owned: Option<VersionName>,
    count: u64,
}

/// E.29: the newest need takes the newest owned; among equal needs the order of ranks decides. In the order of ranks.
fn assigned(
    held: &[Option<VersionName>],
    heads: &dyn Fn(usize) -> u64,
    owned: &Quantities,
) -> (Vec<Assigned>, Quantities) {
    let mut left = owned.clone();
    let mut needs: Vec<(usize, VersionName)> =
        held.iter().enumerate().filter_map(|(rank, version)| version.map(|version| (rank, version))).collect();
    needs.sort_by_key(|&(rank, needed)| (std::cmp::Reverse(needed), rank));
    let mut found = Vec::new();
    for (rank, needed) in needs {
        let mut open = heads(rank);
        while open > 0 {
            let newest = left.range_mut(needed..).rev().find(|(_, count)| **count > 0);
            let (owned, count) = match newest {
                Some((&version, left)) => {
                    let count = open.min(*left);
                    *left -= count;
                    (Some(version), count)
                }
                None => (None, open),
            };
            open -= count;
            found.push(Assigned { rank, needed, owned, count });
        }
    }
    found.sort_by_key(|one| one.rank);
    (found, left)
}
