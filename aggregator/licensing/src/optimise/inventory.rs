//! The cheapest purchase for somebody who already owns licences (E.29: what is owned counts as free).
//!
//! Minimises `a * max(0, x - owned users) + b * max(0, y - owned devices)` over all covers of x users and y devices. Hitting
//! a count exactly is NP-hard, so every answer carries a lower bound with its proof and says whether it reaches it.
//! Knows nothing of versions and money.

mod bound;
mod family;
mod improve;
#[cfg(test)]
mod tests;

use super::{Demand, Prices, cheapest_cover, gcd, graph::Graph, ties::with_most_users};
pub use bound::LowerBound;
use family::Family;

/// What to cover and to buy when some licences are owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// Per user: does it get a licence, owned or bought?
    pub users: Vec<bool>,
    /// Per device: does it get a licence, owned or bought?
    pub devices: Vec<bool>,
    /// User licences to buy.
    pub buy_users: u64,
    /// Device licences to buy.
    pub buy_devices: u64,
    /// What they cost, in the unit of the prices.
    pub cost: u128,
    /// No purchase can cost less.
    pub lower_bound: u128,
    /// Whether every pair is covered and both are equal.
    pub proven: bool,
    /// Why no purchase can cost less.
    pub bound: LowerBound,
}

/// Prices and what is owned.
#[derive(Debug, Clone, Copy)]
struct Terms {
    user_price: u64,
    device_price: u64,
    owned_users: u64,
    owned_devices: u64,
}

impl Terms {
    fn flipped(self) -> Self {
        Self {
            user_price: self.device_price,
            device_price: self.user_price,
            owned_users: self.owned_devices,
            owned_devices: self.owned_users,
        }
    }

    fn cost(&self, users: u64, devices: u64) -> u128 {
        u128::from(self.user_price) * u128::from(users.saturating_sub(self.owned_users))
            + u128::from(self.device_price) * u128::from(devices.saturating_sub(self.owned_devices))
    }
}

/// Who is covered.
#[derive(Debug, Clone)]
struct Mix {
    users: Vec<bool>,
    devices: Vec<bool>,
}

impl Mix {
    fn flipped(self) -> Self {
        Self { users: self.devices, devices: self.users }
    }

    fn cost(&self, terms: &Terms) -> u128 {
        terms.cost(count(&self.users), count(&self.devices))
    }
}

fn count(side: &[bool]) -> u64 {
    side.iter().filter(|&&covered| covered).count() as u64
}

/// The cheapest purchase found for all pairs of `graph`, and how far from the best it may be. Deterministic, one thread.
///
/// Proven in one cut where the cheapest mix uses up what is owned, or needs less than is owned. Otherwise licences of
/// one kind would lie idle: then covers that use more of that kind are searched along the edge of what is possible.
#[must_use]
pub fn cheapest_purchase(
    graph: &Graph,
    user_price: u64,
    device_price: u64,
    owned_users: u64,
    owned_devices: u64,
) -> Purchase {
    // all costs are multiples of the common divisor, so a bound may be rounded up to one
    let unit = gcd(user_price, device_price).max(1);
    let terms = Terms { user_price: user_price / unit, device_price: device_price / unit, owned_users, owned_devices };
    let first = cheapest_cover(graph, Prices::Same(terms.user_price), Prices::Same(terms.device_price));
    let idle_users = (first.user_count() as u64) < owned_users;
    let mix = Mix { users: first.users, devices: first.devices };
    let bound = LowerBound { user_weight: terms.user_price, device_weight: terms.device_price, demand: first.demand };
    let (mix, bound) = if mix.cost(&terms) == bound.value(&terms) {
        (mix, bound)
    } else {
        let mirror = mirrored(graph);
        if idle_users {
            use_idle_users(graph, &mirror, &terms, mix)
        } else {
            let (mix, bound) = use_idle_users(&mirror, graph, &terms.flipped(), mix.flipped());
            (mix.flipped(), bound.flipped())
        }
    };
    let (cost, lower_bound) = (mix.cost(&terms), bound.value(&terms));
    let is_covered = (0..graph.users())
        .filter(|&user| !mix.users[user as usize])
        .all(|user| graph.devices_of(user).all(|device| mix.devices[device as usize]));
    Purchase {
        buy_users: count(&mix.users).saturating_sub(owned_users),
        buy_devices: count(&mix.devices).saturating_sub(owned_devices),
        users: mix.users,
        devices: mix.devices,
        cost: cost * u128::from(unit),
        lower_bound: lower_bound * u128::from(unit),
        proven: is_covered && cost == lower_bound,
        bound,
    }
}

/// Where the cheapest mix `first` leaves user licences idle while devices must be bought.
///
/// The number of devices needed, as a function of users allowed, has a lower hull whose corners are cheapest covers at
/// other price ratios. The segment over the number of users owned is the bound (Newton on the ratio); all cheapest
/// covers at its ratio are a family from few to many users, of which the one next to the number owned is taken.
fn use_idle_users(graph: &Graph, mirror: &Graph, terms: &Terms, first: Mix) -> (Mix, LowerBound) {
    let active: Vec<bool> = (0..graph.users()).map(|user| graph.devices_of(user).next().is_some()).collect();
    let everybody = Mix { users: active, devices: vec![false; graph.devices() as usize] };
    let mut many = (count(&everybody.users), 0);
    if many.0 <= terms.owned_users {
        return (everybody, LowerBound::default());
    }
    let mut few = (count(&first.users), count(&first.devices));
    let bound = loop {
        // neither point dominates the other, so both differences are positive
        let (user_weight, device_weight) = (few.1 - many.1, many.0 - few.0);
        let cover = cheapest_cover(graph, Prices::Same(user_weight), Prices::Same(device_weight));
        let line = u128::from(user_weight) * u128::from(many.0) + u128::from(device_weight) * u128::from(many.1);
        if cover.cost == line {
            break LowerBound { user_weight, device_weight, demand: cover.demand };
        }
        let corner = (cover.user_count() as u64, cover.device_count() as u64);
        *(if corner.0 >= terms.owned_users { &mut many } else { &mut few }) = corner;
    };

    let (users, devices) = with_most_users(graph, &bound.demand, Prices::Same(bound.user_weight));
    let most = Mix { users, devices };
    let backwards: Vec<Demand> = bound.demand.iter().map(|&demand| flipped(demand)).collect();
    let (devices, users) = with_most_users(mirror, &backwards, Prices::Same(bound.device_weight));
    let fewest = Mix { users, devices };
    let [below, above] = Family::between(mirror, &fewest, &most, &bound.demand).around(terms.owned_users);

    let mut best: Option<(u128, Mix)> = None;
    let least = bound.value(terms);
    for mut mix in [below, above, first] {
        improve::mix(graph, mirror, terms, &mut mix);
        let cost = mix.cost(terms);
        if best.as_ref().is_none_or(|(lowest, _)| cost < *lowest) {
            best = Some((cost, mix));
        }
        if best.as_ref().is_some_and(|(lowest, _)| *lowest == least) {
            break;
        }
    }
    (best.map_or(everybody, |(_, mix)| mix), bound)
}

fn mirrored(graph: &Graph) -> Graph {
    let pairs: Vec<(u32, u32)> =
        (0..graph.users()).flat_map(|user| graph.devices_of(user).map(move |device| (device, user))).collect();
    Graph::new(graph.devices(), graph.users(), &pairs).expect("a graph as large as one that exists")
}

fn flipped(demand: Demand) -> Demand {
    Demand { user: demand.device, device: demand.user, amount: demand.amount }
}
