//! Demand against what is owned: a licence of version N serves versions up to N, the newest need takes the newest first.

use std::collections::{BTreeMap, HashMap};

use crate::{
    estate::{Entitlement, Estate},
    run::stock::{has_ended, is_assured},
    version::VersionName,
};

/// Quantities by version.
pub(crate) type Quantities = BTreeMap<VersionName, u64>;

/// One version of one product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Balance {
    pub version: VersionName,
    pub needed: u64,
    pub owned: u64,
    pub short: u64,
    pub surplus: u64,
}

/// What is owned of `sku`. Licences under Software Assurance or a subscription on the last day of the window count as the newest
/// version (rule A.6); `version` maps the others to the version they count as.
pub(crate) fn owned(estate: &Estate, sku: &str, version: impl Fn(VersionName) -> VersionName) -> Quantities {
    let mut found = Quantities::new();
    for entitlement in estate.entitlements.iter().filter(|entitlement| entitlement.sku == sku) {
        add(&mut found, estate, entitlement, &version);
    }
    found
}

/// The same of every product at once.
pub(crate) fn owned_by_sku(estate: &Estate) -> HashMap<&str, Quantities> {
    let mut found: HashMap<&str, Quantities> = HashMap::new();
    for entitlement in &estate.entitlements {
        add(found.entry(entitlement.sku.as_str()).or_default(), estate, entitlement, &|version| version);
    }
    found
}

fn add(to: &mut Quantities, estate: &Estate, entitlement: &Entitlement, version: &impl Fn(VersionName) -> VersionName) {
    if has_ended(estate, entitlement) {
        return;
    }
    let counts_as = if is_assured(estate, entitlement) { VersionName::NEWEST } else { version(entitlement.version) };
    let quantity = to.entry(counts_as).or_default();
    *quantity = quantity.saturating_add(entitlement.quantity);
}

/// E.29: sets what is owned against what is needed, the newest need first. What is left over stands on the newest line
/// that it could serve, or on a line of its own if it is too old for all of them.
pub(crate) fn balance(needed: &Quantities, owned: &Quantities) -> Vec<Balance> {
    let mut left = owned.clone();
    let mut lines: Vec<Balance> = Vec::new();
    for (&version, &needed) in needed.iter().rev() {
        let mut short = needed;
        for (_, left) in left.range_mut(version..).rev() {
            let taken = short.min(*left);
            short -= taken;
            *left -= taken;
        }
        lines.push(Balance { version, needed, owned: needed - short, short, surplus: 0 });
    }
    for (version, surplus) in left.into_iter().rev().filter(|(_, left)| *left > 0) {
        if let Some(line) = lines.iter_mut().find(|line| line.version <= version && line.needed > 0) {
            line.surplus += surplus;
            line.owned += surplus;
        } else {
            lines.push(Balance { version, needed: 0, owned: surplus, short: 0, surplus });
        }
    }
    lines.sort_by_key(|line| line.version);
    lines
}

#[cfg(test)]
mod tests {
    use VersionName::{V2012, V2016, V2019, V2022, V2025};

    use super::*;

    fn line(version: VersionName, needed: u64, owned: u64, short: u64, surplus: u64) -> Balance {
        Balance { version, needed, owned, short, surplus }
    }

    #[test]
    fn the_newest_need_takes_the_newest_owned() {
        let cases = [
            // row 69: 100 CALs of 2016 do not help with a server of 2019
            (vec![(V2019, 100)], vec![(V2016, 100)], vec![line(V2016, 0, 100, 0, 100), line(V2019, 100, 0, 100, 0)]),
            // row 71: CALs of 2022 serve 2016
            (vec![(V2016, 5)], vec![(V2022, 5)], vec![line(V2016, 5, 5, 0, 0)]),
            // E.29: the older need gets what is left
            (
                vec![(V2016, 10), (V2022, 10)],
                vec![(V2025, 12), (V2016, 3)],
                vec![line(V2016, 10, 5, 5, 0), line(V2022, 10, 10, 0, 0)],
            ),
            (vec![], vec![(V2012, 7)], vec![line(V2012, 0, 7, 0, 7)]),
            (vec![(V2012, 2)], vec![(V2025, 7)], vec![line(V2012, 2, 7, 0, 5)]),
        ];
        for (needed, owned, expected) in cases {
            assert_eq!(balance(&needed.into_iter().collect(), &owned.into_iter().collect()), expected);
        }
    }
}
