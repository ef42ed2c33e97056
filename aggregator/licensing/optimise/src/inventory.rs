//! The cheapest purchase for somebody who already owns licences (E.29: what is owned counts as free).
//!
//! Minimises `a * max(0, x - owned users) + b * max(0, y - owned devices)` over all covers of x users and y devices. Hitting
//! a count exactly is NP-hard, so every answer carries a lower bound with its proof and says whether it reaches it.
//! Knows nothing of versions and money.

mod blocks;
mod bound;
mod dense;
mod front;
mod gap;
mod improve;
mod part;
mod refine;
mod segment;
mod table;
#[cfg(test)]
mod tests;

use super::{Prices, cheapest_cover, gcd, graph::Graph};
pub use bound::LowerBound;
use gap::{Gap, Sides};
use segment::Segment;

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
    /// The part of `lower_bound` that `bound` shows; the rest was found by trying everything else.
    pub demanded: u128,
    /// Why no purchase can cost less than `demanded`.
    pub bound: LowerBound,
}

/// Work of the search for a better cover or bound: an amount, not a time, so that the answer is always the same. Some seconds at most.
const WORK: u64 = 3_000_000_000;
/// Graphs up to so many pairs are searched as a whole if their parts do not settle it.
const SMALL: usize = 2_000;

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
    cheapest_purchase_timed(graph, [user_price, device_price], [owned_users, owned_devices], &mut || ())
}

/// [`cheapest_purchase`], of prices and licences owned for users and for devices; calls `bounded` when the bound is known that the linear
/// program has, before anything better is searched: for whoever measures.
#[must_use]
pub fn cheapest_purchase_timed(
    graph: &Graph,
    [user_price, device_price]: [u64; 2],
    [owned_users, owned_devices]: [u64; 2],
    bounded: &mut dyn FnMut(),
) -> Purchase {
    // all costs are multiples of the common divisor, so a bound may be rounded up to one
    let unit = gcd(user_price, device_price).max(1);
    let terms = Terms { user_price: user_price / unit, device_price: device_price / unit, owned_users, owned_devices };
    let first = cheapest_cover(graph, Prices::Same(terms.user_price), Prices::Same(terms.device_price));
    let idle_users = (first.user_count() as u64) < owned_users;
    let mix = Mix { users: first.users, devices: first.devices };
    let bound = LowerBound { user_weight: terms.user_price, device_weight: terms.device_price, demand: first.demand };
    let (mut mix, mut least) = (mix, bound.value(&terms));
    let mut bound = bound;
    if mix.cost(&terms) == least {
        bounded();
    } else {
        (mix, bound, least) = use_idle(graph, &terms, mix, idle_users, bounded);
    }
    let (cost, lower_bound, demanded) = (mix.cost(&terms), least, bound.value(&terms));
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
        demanded: demanded * u128::from(unit),
        bound,
    }
}

/// Where the cheapest mix `first` leaves licences of one kind (the left) idle while those of the other (the right) must be bought.
///
/// The number of rights needed, as a function of lefts allowed, has a lower hull whose corners are cheapest covers at
/// other price ratios. The segment over the number of lefts owned is the bound; all cheapest covers at its ratio are a family
/// from few to many lefts, of which the one next to the number owned is taken. What gap remains is closed part by part.
fn use_idle(
    graph: &Graph,
    terms: &Terms,
    first: Mix,
    users_idle: bool,
    bounded: &mut dyn FnMut(),
) -> (Mix, LowerBound, u128) {
    let sides = Sides { users: graph.users() as usize, users_are_left: users_idle };
    let turned = if users_idle { *terms } else { terms.flipped() };
    let plain: Vec<bool> = first.users.iter().chain(&first.devices).copied().collect();
    let mix = |covered: Vec<bool>| {
        let mut users = covered;
        let devices = users.split_off(sides.users);
        Mix { users, devices }
    };
    let open = sides.open(graph, &plain);
    let few = sides.count(&plain);
    if few.lefts + open.lefts() <= turned.owned_users {
        let mut everybody = plain;
        open.vertices.iter().for_each(|&vertex| everybody[vertex as usize] = !everybody[vertex as usize]);
        bounded();
        return (mix(everybody), LowerBound::default(), 0);
    }
    let Segment { line, around } = Segment::over(turned.owned_users, open.clone(), few, plain.clone());
    let (user_weight, device_weight) = if users_idle { (line.left, line.right) } else { (line.right, line.left) };
    let cover = cheapest_cover(graph, Prices::Same(user_weight), Prices::Same(device_weight));
    let bound = LowerBound { user_weight, device_weight, demand: cover.demand };

    let mut least = bound.value(terms);
    bounded();
    let mixes = around.into_iter().map(mix).map(|mix| (mix.cost(terms), mix));
    let (mut cost, mut best) = mixes.min_by_key(|(cost, _)| *cost).expect("two of them");
    // first good covers, which leave less to be excluded, then what excludes better ones
    let mut work = WORK;
    let mut gaps: Vec<Gap<'_>> = Vec::new();
    for window in [[3, 5], [1, 8]] {
        if cost > least {
            let gap = Gap::around(&turned, &open, sides, plain.clone(), line, window);
            if let Some((_, covered)) = gap.combine(cost, least, &mut work) {
                best = mix(covered);
                cost = best.cost(terms);
            }
            gaps.push(gap);
        }
    }
    if cost > least && graph.pairs() <= SMALL {
        let everything = sides.all_rights(graph);
        gaps.push(Gap::around(&turned, &sides.open(graph, &everything), sides, everything, line, [0, 0]));
    }
    for gap in &mut gaps {
        if cost > least {
            let (found, proved) = gap.close(cost, least, &mut work);
            if let Some((_, covered)) = found {
                best = mix(covered);
                cost = best.cost(terms);
            }
            least = proved;
        }
    }
    if cost > least {
        let mirror = mirrored(graph);
        for mut mix in [best.clone(), first] {
            improve::mix(graph, &mirror, terms, &mut mix);
            if mix.cost(terms) < cost {
                cost = mix.cost(terms);
                best = mix;
            }
        }
    }
    (best, bound, least)
}

fn mirrored(graph: &Graph) -> Graph {
    let pairs: Vec<(u32, u32)> =
        (0..graph.users()).flat_map(|user| graph.devices_of(user).map(move |device| (device, user))).collect();
    Graph::new(graph.devices(), graph.users(), &pairs).expect("a graph as large as one that exists")
}
