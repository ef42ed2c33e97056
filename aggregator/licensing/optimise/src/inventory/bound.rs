//! Why no purchase can cost less: demand that no cover escapes, at prices that may differ from the real ones.

use super::{
    super::{Demand, gcd},
    Terms,
};

/// Every cover of x users and y devices has `user_weight * x + device_weight * y` at least the sum of `demand`, because
/// per user and per device the amounts stay within the weight.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LowerBound {
    /// Price of a user in the proof.
    pub user_weight: u64,
    /// Price of a device in the proof.
    pub device_weight: u64,
    /// Disjoint demand at these prices.
    pub demand: Vec<Demand>,
}

impl LowerBound {
    /// What follows for a purchase: with the largest t for which `t * weights` stay within the prices, buying costs at
    /// least `t * (demand - weights * owned)`, rounded up since costs are whole; never less than 0.
    pub(super) fn value(&self, terms: &Terms) -> u128 {
        let Self { user_weight, device_weight, .. } = *self;
        let demanded: u128 = self.demand.iter().map(|demand| u128::from(demand.amount)).sum();
        let product = |one: u64, two: u64| u128::from(one) * u128::from(two);
        let owned = product(user_weight, terms.owned_users).saturating_add(product(device_weight, terms.owned_devices));
        let rest = demanded.saturating_sub(owned);
        let users_bind = device_weight == 0
            || (user_weight > 0
                && product(terms.user_price, device_weight) <= product(terms.device_price, user_weight));
        let (price, weight) =
            if users_bind { (terms.user_price, user_weight) } else { (terms.device_price, device_weight) };
        if weight == 0 {
            return 0;
        }
        let shared = gcd(price, weight).max(1);
        // 0 is always true, should the product not fit
        let scaled = rest.checked_mul(u128::from(price / shared)).unwrap_or(0);
        scaled.div_ceil(u128::from(weight / shared))
    }
}
