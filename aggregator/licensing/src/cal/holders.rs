//! Who would hold which CAL in the cheapest purchase, an owned one or a new one, and which owned ones stay idle.

use super::Purchase;
use crate::{
    assessment::{CalHolder, IdleCals, PurchaseHolders},
    checked::Checked,
    owned::Quantities,
    version::VersionName,
};

/// `skus` and `owned` of User CALs, then of Device CALs.
pub(crate) fn holders(
    checked: &Checked<'_>,
    purchase: &Purchase,
    skus: [&str; 2],
    owned: &[Quantities; 2],
) -> PurchaseHolders {
    let estate = checked.estate;
    let mut idle = Vec::new();
    let mut side = |held: &[Option<VersionName>], which: usize, id: &dyn Fn(usize) -> String| {
        let (holders, left) = assigned(held, &owned[which]);
        for (version, quantity) in left.into_iter().filter(|(_, quantity)| *quantity > 0) {
            idle.push(IdleCals { sku: skus[which].into(), version, quantity });
        }
        let named = |(rank, needed, owned): (usize, VersionName, Option<VersionName>)| CalHolder {
            id: id(rank),
            needed,
            owned,
        };
        holders.into_iter().map(named).collect()
    };
    let people = side(&purchase.people_hold, 0, &|rank| estate.people[checked.people.index[rank] as usize].id.clone());
    let devices =
        side(&purchase.devices_hold, 1, &|rank| estate.devices[checked.devices.index[rank] as usize].id.clone());
    PurchaseHolders { people, devices, idle }
}

type Assigned = Vec<(usize, VersionName, Option<VersionName>)>;

/// E.29: the newest need takes the newest owned; among equal needs the order of ranks decides. In the order of ranks.
fn assigned(held: &[Option<VersionName>], owned: &Quantities) -> (Assigned, Quantities) {
    let mut left = owned.clone();
    let mut needs: Assigned =
        held.iter().enumerate().filter_map(|(rank, version)| version.map(|version| (rank, version, None))).collect();
    needs.sort_by_key(|&(rank, needed, _)| (std::cmp::Reverse(needed), rank));
    for (_, needed, taken) in &mut needs {
        let newest = left.range_mut(*needed..).rev().find(|(_, count)| **count > 0);
        if let Some((&version, count)) = newest {
            *count -= 1;
            *taken = Some(version);
        }
    }
    needs.sort_by_key(|need| need.0);
    (needs, left)
}
