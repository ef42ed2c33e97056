//! What licences cost, exactly: a price may be that of a pack, so money is a fraction until it is shown.

use crate::estate::{Estate, EstateError};

/// A price for so many units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnitPrice {
    minor: u64,
    units: u32,
}

impl UnitPrice {
    /// That of the smallest pack: what one more licence costs. Larger ones only make the shopping list cheaper.
    pub fn of(estate: &Estate, sku: &str) -> Option<Self> {
        let price = estate.prices.iter().filter(|price| price.sku == sku).min_by_key(|price| price.units)?;
        Some(Self { minor: price.minor, units: price.units })
    }

    /// Of `count` units in minor units of the currency, a fraction of one rounded up.
    pub fn cost(self, count: u64) -> Result<u64, EstateError> {
        let cost = (u128::from(self.minor) * u128::from(count)).div_ceil(u128::from(self.units));
        u64::try_from(cost).map_err(|_| EstateError::TooLarge(format!("the price of {count} licences")))
    }

    /// Two prices as whole numbers in the same ratio, as small as possible.
    pub fn ratio(self, other: Self) -> Result<(u64, u64), EstateError> {
        let one = u128::from(self.minor) * u128::from(other.units);
        let two = u128::from(other.minor) * u128::from(self.units);
        let shared = divisor(one, two);
        let whole = |value: u128| {
            u64::try_from(value / shared)
                .map_err(|_| EstateError::TooLarge("the prices of User and Device CALs".into()))
        };
        Ok((whole(one)?, whole(two)?))
    }

    /// A sum of weights in minor units, a fraction of one rounded up; one of these weighs `weight`.
    pub fn of_weights(self, sum: u128, weight: u64) -> Result<u64, EstateError> {
        let scale = u128::from(weight) * u128::from(self.units);
        let minor = sum.checked_mul(u128::from(self.minor)).map(|product| product.div_ceil(scale));
        let minor = minor.and_then(|minor| u64::try_from(minor).ok());
        minor.ok_or_else(|| EstateError::TooLarge("the cost of all licences".into()))
    }

    /// Minor units of a pack, and how many licences that is.
    pub fn pack(self) -> (u64, u32) {
        (self.minor, self.units)
    }

    /// The price of one licence times a fraction, rounded down; saturates.
    pub fn times(self, numerator: u64, denominator: u64) -> u64 {
        let product = u128::from(self.minor).saturating_mul(u128::from(numerator));
        u64::try_from(product / (u128::from(denominator) * u128::from(self.units))).unwrap_or(u64::MAX)
    }

    /// How often another price goes into this one, rounded down; `None` if that is more than can be counted.
    pub fn whole_times(self, other: Self) -> Option<u64> {
        let product = |price: Self, units: u32| u128::from(price.minor) * u128::from(units);
        u64::try_from(product(self, other.units) / product(other, self.units)).ok()
    }

    /// What a pack of the other may cost so that `other_count` of the other cost as much as `count` of these, a fraction
    /// rounded up: any whole price below that is cheaper.
    pub fn equal_pack(self, count: u64, other: Self, other_count: u64) -> Result<u64, EstateError> {
        let too_large = || EstateError::TooLarge(format!("the price of {count} licences"));
        let all =
            u128::from(self.minor).checked_mul(u128::from(count)).and_then(|all| all.checked_mul(other.units.into()));
        let equal = all.ok_or_else(too_large)?.div_ceil(u128::from(self.units) * u128::from(other_count));
        u64::try_from(equal).map_err(|_| too_large())
    }

    /// Whether `count` of these cost less than `other_count` of the others.
    pub fn is_cheaper(self, count: u64, other: Self, other_count: u64) -> bool {
        // at most 64 + 32 bits times a count that fits into 32 bits of cores
        let one = u128::from(self.minor) * u128::from(count);
        let two = u128::from(other.minor) * u128::from(other_count);
        one.saturating_mul(u128::from(other.units)) < two.saturating_mul(u128::from(self.units))
    }
}

/// Prices as whole numbers in the same ratio, as small as possible.
pub(crate) fn in_ratio(prices: &[UnitPrice]) -> Result<Vec<u64>, EstateError> {
    let too_large = || EstateError::TooLarge("the prices of CALs and External Connectors".into());
    // 500 at most for each of a few sizes
    let units = prices.iter().fold(1_u128, |units, price| {
        let other = u128::from(price.units);
        units / divisor(units, other) * other
    });
    let whole = prices
        .iter()
        .map(|price| (units / u128::from(price.units)).checked_mul(u128::from(price.minor)).ok_or_else(too_large));
    let whole: Vec<u128> = whole.collect::<Result<_, _>>()?;
    let shared = whole.iter().copied().fold(0, divisor).max(1);
    whole.into_iter().map(|price| u64::try_from(price / shared).map_err(|_| too_large())).collect()
}

/// The greatest common divisor, at least 1.
pub(crate) fn divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_and_singles_compare_exactly() {
        // 16 cores for 882.00 against one for 55.13: the pack is cheaper by half a cent per core
        let pack = UnitPrice { minor: 88_200, units: 16 };
        let single = UnitPrice { minor: 5_513, units: 1 };
        assert!(pack.is_cheaper(1, single, 1));
        assert!(!single.is_cheaper(16, pack, 16));
        assert_eq!(pack.cost(24).unwrap(), 132_300);
        assert_eq!(pack.cost(1).unwrap(), 5_513, "5512.5 rounded up");
        assert_eq!(pack.ratio(single).unwrap(), (11_025, 11_026));
        assert!(UnitPrice { minor: u64::MAX, units: 1 }.cost(2).is_err());
    }
}
