//! Demand, and what a vertex can bear of it, as an integer: 8 bits when all prices fit, divided by what they have in
//! common, as they mostly do, so that what all vertices can bear stays in the cache.

use std::fmt::Debug;
use std::ops::{AddAssign, SubAssign};

/// An integer of the width that the prices of a graph need.
pub(super) trait Amount: Copy + Ord + Default + Debug + AddAssign + SubAssign + Into<u64> {
    /// The amount `price`, which fits.
    fn of(price: u64) -> Self;

    /// Nothing left to bear.
    fn is_zero(self) -> bool {
        self == Self::default()
    }
}

impl Amount for u8 {
    fn of(price: u64) -> Self {
        debug_assert!(u8::try_from(price).is_ok());
        price as u8
    }
}

impl Amount for u32 {
    fn of(price: u64) -> Self {
        debug_assert!(u32::try_from(price).is_ok());
        price as u32
    }
}

impl Amount for u64 {
    fn of(price: u64) -> Self {
        price
    }
}
