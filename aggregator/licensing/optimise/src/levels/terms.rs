//! Prices and what is owned, as the search needs them.

use super::LevelTerms;
use crate::gcd;

/// What holders cost, less what is owned.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    pub levels: usize,
    pub prices: [u64; 2],
    /// Owned per level or higher and not yet held, users then devices; below 0 where more are held than owned.
    pub owned: Vec<i64>,
    /// Weights are prices times this.
    pub scale: u64,
    /// Of either kind, at least so many are bought and at most.
    pub range: [[u64; 2]; 2],
}

/// Weights are prices in parts: the best are nearly always simple fractions of a price, and cuts are quick on small numbers.
const PARTS: [u64; 4] = [1, 12, 60, 240];
/// The dearer price has at least so many parts.
const FINE: u64 = 1_000;
/// Parts are made finer by this where the coarse ones lead no further.
const FINER: u64 = 16;
/// The dearer price never has more parts than this.
const FINEST: u64 = 1 << 24;
/// More than anybody can need.
const MANY: u64 = 1 << 33;
/// What one more than the range allows costs, in prices. Below the price of what cannot be had, so bounds stay bounds.
const BEYOND: u64 = 16;

impl Terms {
    pub fn of(terms: &LevelTerms<'_>) -> Self {
        let levels = terms.owned_users.len();
        assert_eq!(levels, terms.owned_devices.len(), "as many levels of users as of devices");
        let prices = [terms.user_price, terms.device_price];
        assert!(prices.iter().all(|price| (1..1 << 32).contains(price)), "prices are at least 1 and below 2^32");
        let mut owned = Vec::with_capacity(2 * levels);
        for side in [terms.owned_users, terms.owned_devices] {
            let or_higher = |level: usize| side[level..].iter().fold(0_u64, |sum, &count| sum.saturating_add(count));
            // more than everybody needs is never of use, and must not overflow
            owned.extend((0..levels).map(|level| or_higher(level).min(MANY).cast_signed()));
        }
        let dearer = prices[0].max(prices[1]);
        let fine = PARTS.into_iter().find(|parts| dearer * parts >= FINE);
        Self { levels, prices, owned, scale: fine.unwrap_or(PARTS[3]), range: [[0, MANY]; 2] }
    }

    /// Makes weights finer; by how much, or none if they are fine enough.
    pub fn refine(&mut self) -> Option<u64> {
        let dearer = self.prices[0].max(self.prices[1]);
        (dearer * self.scale * FINER <= FINEST).then(|| {
            self.scale *= FINER;
            FINER
        })
    }

    pub fn scaled(&self, side: usize) -> u64 {
        self.prices[side] * self.scale
    }

    /// What the weights of a side may add up to, in prices.
    pub fn most(&self, side: usize) -> u64 {
        if self.room(side).is_some() { BEYOND } else { 1 }
    }

    /// How many may be bought above the least of the range, if there is a limit.
    pub fn room(&self, side: usize) -> Option<u64> {
        let [from, to] = self.range[side];
        (to < MANY).then(|| to - from)
    }

    /// The levels of a side.
    pub fn of_side(&self, side: usize) -> std::ops::Range<usize> {
        side * self.levels..(side + 1) * self.levels
    }

    /// What a cut of all holders shows at these weights, in scaled prices: whatever is bought, within the range, costs as much.
    pub fn shown(&self, least: u128, weights: &[u64]) -> i128 {
        let owned = weights.iter().zip(&self.owned).map(|(&weight, &owned)| i128::from(weight) * i128::from(owned));
        let mut shown = least.cast_signed() - owned.sum::<i128>();
        for (side, [from, to]) in self.range.into_iter().enumerate() {
            let weight: i128 = weights[self.of_side(side)].iter().map(|&weight| i128::from(weight)).sum();
            let rest = i128::from(self.scaled(side)) - weight;
            shown += rest * i128::from(if rest < 0 { to } else { from });
        }
        shown
    }

    /// A bound in scaled prices as a bound in prices: the next multiple of what divides both.
    pub fn unscaled(&self, value: i128) -> u128 {
        let unit = gcd(self.prices[0], self.prices[1]);
        let units = u128::try_from(value).unwrap_or(0).div_ceil(u128::from(self.scale) * u128::from(unit));
        units * u128::from(unit)
    }

    /// By how much the holders of a level exceed what is owned.
    fn beyond(&self, counts: &[u64], at: usize) -> u128 {
        u128::try_from(i128::from(counts[at]) - i128::from(self.owned[at])).unwrap_or(0)
    }

    /// What must be bought for so many holders, and the price of all that is held beyond what is owned, level by level.
    pub fn worth(&self, counts: &[u64]) -> (u128, u128) {
        let priced = |at: usize| self.beyond(counts, at) * u128::from(self.prices[at / self.levels]);
        (self.cost(counts), (0..counts.len()).map(priced).sum())
    }

    /// What must be bought for so many holders.
    pub fn cost(&self, counts: &[u64]) -> u128 {
        let short = |side: usize| self.of_side(side).map(|at| self.beyond(counts, at)).max().unwrap_or(0);
        (0..2).map(|side| short(side) * u128::from(self.prices[side])).sum()
    }
}
