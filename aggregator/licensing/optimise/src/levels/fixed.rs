//! Numbers with a fixed point, for the linear program that says where to cut next. They round and saturate: nothing that is
//! promised depends on them.

use std::{
    iter::Sum,
    ops::{Add, Div, Mul, Neg, Sub, SubAssign},
};

/// Bits behind the point.
const BITS: u32 = 36;
const UNIT: i128 = 1 << BITS;

/// A number in units of 2^-36.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Fixed(i128);

impl Fixed {
    pub const ZERO: Self = Self(0);
    pub const ONE: Self = Self(UNIT);
    /// One part of two to the power of `bits`.
    pub const fn parts(bits: u32) -> Self {
        Self(UNIT >> bits)
    }

    pub fn whole(number: i128) -> Self {
        Self(number.saturating_mul(UNIT))
    }

    pub fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// The nearest whole number; 0 for one below 0.
    pub fn rounded(self) -> u64 {
        let half = 1 << (BITS - 1);
        u64::try_from(self.0.saturating_add(half).max(0) >> BITS).unwrap_or(u64::MAX)
    }

    /// So many times this, rounded down.
    pub fn times(self, many: i64) -> i64 {
        let product = self.0.saturating_mul(i128::from(many)) >> BITS;
        i64::try_from(product).unwrap_or(if product < 0 { i64::MIN } else { i64::MAX })
    }

    /// The whole number below; 0 for one below 0.
    pub fn rounded_down(self) -> u64 {
        u64::try_from(self.0.max(0) >> BITS).unwrap_or(u64::MAX)
    }
}

impl Add for Fixed {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Fixed {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl SubAssign for Fixed {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Neg for Fixed {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl Mul for Fixed {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self(self.0.saturating_mul(other.0).div_euclid(UNIT))
    }
}

impl Div for Fixed {
    type Output = Self;
    /// As far as it fits; by nothing it is nothing.
    fn div(self, other: Self) -> Self {
        Self(self.0.saturating_mul(UNIT).checked_div(other.0).unwrap_or(0))
    }
}

impl Sum for Fixed {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}
