//! The cheapest packs for a number of licences (rules C.2, E.30): sizes may be mixed, a few more than needed may be cheaper.

use std::{cmp::Reverse, collections::BTreeMap};

use crate::estate::{Estate, EstateError};

/// With several sizes none may be larger: the table below has at most the square of it.
pub(crate) const LARGEST: u32 = 500;

/// A size to be bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pack {
    pub units: u32,
    /// Of one pack, in minor units.
    pub minor: u64,
}

impl Pack {
    /// Of so many packs, in minor units.
    pub fn cost(self, packs: u64) -> Result<u64, EstateError> {
        let too_large = || EstateError::TooLarge(format!("the price of {packs} packs of {}", self.units));
        self.minor.checked_mul(packs).ok_or_else(too_large)
    }
}

/// Sizes on sale of one product, the one with the cheapest unit first; of equally cheap ones the largest.
pub(crate) struct Packs(Vec<Pack>);

impl Packs {
    pub fn of(estate: &Estate, sku: &str) -> Self {
        let prices = estate.prices.iter().filter(|price| price.sku == sku);
        let mut packs: Vec<Pack> = prices.map(|price| Pack { units: price.units, minor: price.minor }).collect();
        packs.sort_by(|one, two| {
            let per_unit = |pack: &Pack, other: &Pack| u128::from(pack.minor) * u128::from(other.units);
            (per_unit(one, two), Reverse(one.units)).cmp(&(per_unit(two, one), Reverse(two.units)))
        });
        Self(packs)
    }

    /// The packs for all lots together if none may be shared between two (C.2).
    pub fn for_lots(&self, lots: &[u64]) -> Result<Vec<(Pack, u64)>, EstateError> {
        let mut alike: BTreeMap<u64, u64> = BTreeMap::new();
        for &lot in lots {
            *alike.entry(lot).or_default() += 1;
        }
        let mut bought: BTreeMap<Reverse<u32>, (Pack, u64)> = BTreeMap::new();
        for (count, lots) in alike {
            for (pack, packs) in self.for_licences(count) {
                let sum = &mut bought.entry(Reverse(pack.units)).or_insert((pack, 0)).1;
                *sum = packs
                    .checked_mul(lots)
                    .and_then(|packs| sum.checked_add(packs))
                    .ok_or_else(|| EstateError::TooLarge(format!("the packs of {} licences", pack.units)))?;
            }
        }
        Ok(bought.into_values().collect())
    }

    /// How many of each size make up at least `count` licences for the least money; of equally cheap ways one with the
    /// fewest packs. Sizes that are not bought are left out; nothing if there is no price.
    ///
    /// Of the sizes other than the cheapest by unit, of size u, fewer than u packs are ever bought: among u packs some
    /// make up a multiple of u, and packs of size u cost no more. So beyond a table for the last few only those are added.
    fn for_licences(&self, count: u64) -> Vec<(Pack, u64)> {
        let Some(&best) = self.0.first() else { return Vec::new() };
        let size = u64::from(best.units);
        let largest = self.0.iter().map(|pack| u64::from(pack.units)).max().unwrap_or(size);
        // a single size needs no table
        let table = if self.0.len() == 1 { 0 } else { (size - 1) * largest + size };
        let mut bought: Vec<u64> = vec![0; self.0.len()];
        bought[0] = count.saturating_sub(table).div_ceil(size);
        let rest = count.saturating_sub(bought[0].saturating_mul(size)) as usize;

        // per number of licences: least money, fewest packs, and the place of one of these packs
        let mut cheapest: Vec<(u128, u64, usize)> = Vec::with_capacity(rest + 1);
        cheapest.push((0, 0, 0));
        for licences in 1..=rest {
            let with = |(place, pack): (usize, &Pack)| {
                let (minor, packs, _) = cheapest[licences.saturating_sub(pack.units as usize)];
                (minor + u128::from(pack.minor), packs + 1, place)
            };
            let least = self.0.iter().enumerate().map(with).min();
            cheapest.extend(least);
        }
        let mut left = rest;
        while left > 0 {
            let (.., place) = cheapest[left];
            bought[place] += 1;
            left = left.saturating_sub(self.0[place].units as usize);
        }
        self.0.iter().copied().zip(bought).filter(|(_, packs)| *packs > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Price;

    fn packs(sizes: &[(u32, u64)]) -> Packs {
        let prices = sizes.iter().map(|&(units, minor)| Price { sku: "it".into(), minor, units }).collect();
        Packs::of(&Estate { prices, ..Estate::default() }, "it")
    }

    /// (size, packs), the largest first.
    fn bought(sizes: &[(u32, u64)], count: u64) -> Vec<(u32, u64)> {
        let found = packs(sizes).for_licences(count);
        let mut found: Vec<_> = found.into_iter().map(|(pack, packs)| (pack.units, packs)).collect();
        found.sort_unstable_by_key(|&(units, _)| Reverse(units));
        found
    }

    /// Sizes and prices, licences needed, (size, packs).
    type Case<'a> = (&'a [(u32, u64)], u64, Vec<(u32, u64)>);

    #[test]
    fn packs_of_the_rules() {
        // C.3: the price of a core is the same in both packs, so fewest packs win
        let cores: &[(u32, u64)] = &[(2, 11_025), (16, 88_200)];
        // E.30: 1, 5, 10, 50, each larger one a little cheaper
        let cals: &[(u32, u64)] = &[(1, 4_000), (5, 19_000), (10, 36_000), (50, 170_000)];
        let cases: [Case<'_>; 9] = [
            (cores, 16, vec![(16, 1)]),         // J.1 row 5
            (cores, 20, vec![(16, 1), (2, 2)]), // J.1 row 13, not two of 16 (J.7 T2)
            (cores, 18, vec![(16, 1), (2, 1)]), // J.1 row 15 in mixed packs
            (cores, 17, vec![(16, 1), (2, 1)]), // C.2: rounded up to pairs
            (cals, 3, vec![(1, 3)]),
            (cals, 9, vec![(5, 1), (1, 4)]), // 35,000: less than a pack of ten
            (cals, 49, vec![(50, 1)]),       // one too many is cheaper than 4 x 10 + 5 + 4
            (cals, 1_000_044, vec![(50, 20_000), (10, 4), (1, 4)]),
            (&[], 7, vec![]),
        ];
        for (sizes, count, expected) in cases {
            assert_eq!(bought(sizes, count), expected, "{count}");
        }
        // a single size
        assert_eq!(bought(&[(5, 100)], u64::MAX), [(5, u64::MAX / 5)]);
        assert!(Pack { units: 1, minor: 2 }.cost(u64::MAX).is_err());
    }

    #[test]
    fn no_pack_is_split_between_servers() {
        // C.2: two servers of 24 cores take 2 x (16 + 8), not 3 x 16
        let found = packs(&[(2, 11_025), (16, 88_200)]).for_lots(&[24, 0, 24]).unwrap();
        assert_eq!(found.iter().map(|(pack, packs)| (pack.units, *packs)).collect::<Vec<_>>(), [(16, 2), (2, 8)]);
    }

    proptest! {
        /// Against a table over the whole number, without the argument about multiples.
        #[test]
        fn nothing_is_cheaper(
            sizes in prop::collection::btree_map(1..13_u32, 1..60_u64, 1..5), count in 0..600_u64,
        ) {
            let sizes: Vec<(u32, u64)> = sizes.into_iter().collect();
            let mut least = vec![0_u64];
            for licences in 1..=count as usize {
                let ways = sizes.iter().map(|&(units, minor)| minor + least[licences.saturating_sub(units as usize)]);
                least.push(ways.min().unwrap());
            }
            let found = packs(&sizes).for_licences(count);
            prop_assert_eq!(found.iter().map(|(pack, packs)| pack.minor * packs).sum::<u64>(), least[count as usize]);
            prop_assert!(found.iter().map(|(pack, packs)| u64::from(pack.units) * packs).sum::<u64>() >= count);
        }
    }
}
