//! How many User CALs go with how many Device CALs, at every ratio of their prices (rule E.28).
//!
//! Knows the optimiser and what must be covered. All numbers are whole, ratios are fractions in lowest terms.

use serde::{Deserialize, Serialize};

use crate::{
    assess::base_cals,
    cal::{Counted, Weights},
    catalogue::Catalogue,
    estate::{Estate, EstateError},
    optimise::{Prices, cheapest_cover, with_most_users},
    prices::divisor,
};

/// What a User CAL costs in Device CALs: `3/2` if two User CALs cost as much as three Device CALs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    /// Over the line.
    pub numerator: u64,
    /// Under the line, never 0.
    pub denominator: u64,
}

impl Ratio {
    fn of(numerator: u64, denominator: u64) -> Self {
        // the divisor of two numbers of 64 bits has no more
        let shared = divisor(numerator.into(), denominator.into()) as u64;
        Self { numerator: numerator / shared, denominator: denominator / shared }
    }

    /// So many ten thousandths, rounded down, for people to read.
    #[must_use]
    pub fn ten_thousandths(self) -> u128 {
        u128::from(self.numerator) * 10_000 / u128::from(self.denominator)
    }

    fn is_at_most(self, other: Self) -> bool {
        let product = |one: u64, two: u64| u128::from(one) * u128::from(two);
        product(self.numerator, other.denominator) <= product(other.numerator, self.denominator)
    }
}

/// A mix that is the cheapest at some prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Corner {
    /// User CALs.
    pub users: u64,
    /// Device CALs.
    pub devices: u64,
    /// The cheapest while a User CAL costs more than this; `None`: from 0 on.
    pub above: Option<Ratio>,
    /// The cheapest while a User CAL costs up to this; `None`: however much.
    pub up_to: Option<Ratio>,
    /// Whether both ends are exact: no mix between this one and its neighbours was left out.
    pub exact: bool,
}

/// All mixes that are the cheapest at some prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Curve {
    /// From the fewest User CALs to the most.
    pub corners: Vec<Corner>,
    /// Whether there are no others.
    pub complete: bool,
    /// The ratio of the estate's prices, if it has both.
    pub ratio: Option<Ratio>,
    /// Which of the corners is the cheapest at these.
    pub at_prices: Option<usize>,
    /// Smallest price of one User CAL at which that is so while Device CALs cost what they cost, minor units.
    pub user_minor_from: Option<u64>,
    /// Largest such price; `None`: however much.
    pub user_minor_to: Option<u64>,
}

/// The trade-off between User and Device CALs of Windows Server with at most `most` corners, at least 3. Those next to
/// the mix that is cheapest at the estate's prices are always among them.
pub fn curve(estate: &Estate, catalogue: &Catalogue, most: usize) -> Result<Curve, EstateError> {
    let counted = base_cals(estate, catalogue)?;
    let mut hull = Hull::of(&counted);
    let at_prices = match counted.prices {
        Some(_) => Some(hull.point_at(counted.weights.user, counted.weights.device)?),
        None => None,
    };
    if let Some(point) = at_prices {
        hull.insert(point);
        hull.settle_around(point)?;
    }
    hull.fill(most.max(3))?;
    let place = at_prices.and_then(|point| hull.points.iter().position(|&other| other == point));
    let corners = hull.corners();
    let near = place.map(|at| &corners[at]);
    let at_ratio = |ratio: Ratio| counted.prices.map(|(_, device)| device.times(ratio.numerator, ratio.denominator));
    Ok(Curve {
        complete: hull.settled.iter().all(|&settled| settled),
        ratio: counted.prices.map(|_| Ratio::of(counted.weights.user, counted.weights.device)),
        user_minor_from: near.map(|corner| corner.above.and_then(at_ratio).map_or(0, |minor| minor.saturating_add(1))),
        user_minor_to: near.and_then(|corner| corner.up_to.and_then(at_ratio)),
        at_prices: place,
        corners,
    })
}

/// Users and devices of a mix, without those forced.
type Point = (u64, u64);

/// Corners found so far, by rising number of users, falling number of devices.
struct Hull<'a> {
    counted: &'a Counted,
    points: Vec<Point>,
    /// Of each stretch between two neighbours: no mix lies below it.
    settled: Vec<bool>,
}

impl<'a> Hull<'a> {
    fn of(counted: &'a Counted) -> Self {
        let graph = &counted.graph;
        let active = (0..graph.users()).filter(|&user| graph.devices_of(user).next().is_some());
        let users: u64 = active.map(|user| heads(counted, user as usize)).fold(0, u64::saturating_add);
        let devices = graph.active_devices() as u64;
        let (points, settled) = if users == 0 {
            (vec![(0, 0)], Vec::new())
        } else {
            // no pair can be left to nobody, so with no user at all every device is needed, and the reverse
            (vec![(0, devices), (users, 0)], vec![false])
        };
        Self { counted, points, settled }
    }

    /// The corner that is the cheapest at these prices, of several the one with the most users.
    fn point_at(&self, user: u64, device: u64) -> Result<Point, EstateError> {
        let Counted { graph, demand, .. } = self.counted;
        let each = Weights { user, device }.of_people(demand)?;
        let user_prices = each.as_deref().map_or(Prices::Same(user), Prices::Each);
        let cover = cheapest_cover(graph, user_prices, Prices::Same(device));
        let (users, devices) = with_most_users(graph, &cover.demand, user_prices);
        let chosen = (0..).zip(&users).filter(|(_, chosen)| **chosen).map(|(user, _)| heads(self.counted, user));
        Ok((chosen.fold(0, u64::saturating_add), devices.iter().filter(|&&chosen| chosen).count() as u64))
    }

    fn insert(&mut self, point: Point) {
        if let Err(at) = self.points.binary_search(&point) {
            self.points.insert(at, point);
            self.settled.insert(at - 1, false);
        }
    }

    /// Looks below the stretch that begins at `at`: either nothing is there, or a new corner.
    fn look_below(&mut self, at: usize) -> Result<(), EstateError> {
        let (left, right) = (self.points[at], self.points[at + 1]);
        // at these prices both ends cost the same
        let (user, device) = (left.1 - right.1, right.0 - left.0);
        let found = self.point_at(user, device)?;
        let cost = |point: Point| u128::from(user) * u128::from(point.0) + u128::from(device) * u128::from(point.1);
        if cost(found) < cost(left) {
            self.insert(found);
        } else {
            self.settled[at] = true;
        }
        Ok(())
    }

    /// Until both stretches next to a corner are settled.
    fn settle_around(&mut self, point: Point) -> Result<(), EstateError> {
        loop {
            let Ok(at) = self.points.binary_search(&point) else { return Ok(()) };
            let mut beside = [at.checked_sub(1), Some(at)].into_iter().flatten();
            match beside.find(|&at| self.settled.get(at) == Some(&false)) {
                Some(at) => self.look_below(at)?,
                None => return Ok(()),
            }
        }
    }

    /// The largest stretches first, until all are settled or there are `most` corners.
    fn fill(&mut self, most: usize) -> Result<(), EstateError> {
        while self.points.len() < most {
            let size = |at: &usize| {
                let (left, right) = (self.points[*at], self.points[at + 1]);
                (u128::from(right.0 - left.0) * u128::from(left.1 - right.1), std::cmp::Reverse(*at))
            };
            let open = (0..self.settled.len()).filter(|&at| !self.settled[at]).max_by_key(size);
            match open {
                Some(at) => self.look_below(at)?,
                None => break,
            }
        }
        Ok(())
    }

    fn corners(&self) -> Vec<Corner> {
        let demand = &self.counted.demand;
        let people = (0..).zip(&demand.forced_people).filter(|(_, forced)| forced.is_some());
        let people = people.map(|(user, _)| heads(self.counted, user)).fold(0, u64::saturating_add);
        let forced = [people, demand.forced_devices.iter().flatten().count() as u64];
        let between = |at: usize| {
            let (left, right) = (self.points[at], self.points[at + 1]);
            Ratio::of(left.1 - right.1, right.0 - left.0)
        };
        let corner = |(at, &(users, devices)): (usize, &Point)| {
            // dearer User CALs favour the neighbour with fewer of them
            let next = (at + 1 < self.points.len()).then_some(at);
            let above = next.map(between);
            let up_to = at.checked_sub(1).map(between);
            let exact = [next, at.checked_sub(1)].into_iter().flatten().all(|stretch| self.settled[stretch]);
            Corner { users: users.saturating_add(forced[0]), devices: devices + forced[1], above, up_to, exact }
        };
        self.points.iter().enumerate().map(corner).collect()
    }
}

/// How many human beings a person stands for (0.8, E.16).
fn heads(counted: &Counted, rank: usize) -> u64 {
    counted.demand.heads.get(rank).copied().unwrap_or(1)
}

impl Curve {
    /// The corner that is the cheapest at a ratio, if the curve is complete; of two that cost the same the one with more
    /// User CALs.
    #[must_use]
    pub fn at(&self, ratio: Ratio) -> Option<&Corner> {
        let fits = |corner: &&Corner| corner.up_to.is_none_or(|up_to| ratio.is_at_most(up_to));
        self.corners.iter().rev().find(fits).filter(|_| self.complete)
    }
}
