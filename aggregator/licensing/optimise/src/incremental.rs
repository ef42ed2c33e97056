//! A cheapest cover that stays cheapest while pairs come and go: each change is repaired where it happened
//! instead of solving everything anew.
//!
//! Knows users and devices as numbers only. The demand it keeps depends on the way it went; the cover it gives
//! does not: see [`StandingCover::cover`].

mod pool;
mod repair;
mod side;
#[cfg(test)]
mod tests;

use super::{Cover, Demand, Graph, GraphError, Prices, cheapest_cover, gcd};
use repair::{DEVICES, State, USERS};
use side::{MOST_VERTICES, Side, Vertex};

/// A pair that comes or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The pair was not there and is now.
    Add {
        /// Number of the user.
        user: u32,
        /// Number of the device.
        device: u32,
    },
    /// The pair was there and is no longer.
    Remove {
        /// Number of the user.
        user: u32,
        /// Number of the device.
        device: u32,
    },
}

impl Change {
    fn pair(self) -> (u32, u32) {
        match self {
            Self::Add { user, device } | Self::Remove { user, device } => (user, device),
        }
    }
}

/// What a batch of changes did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Pairs that were new.
    pub added: usize,
    /// Pairs that are no longer there.
    pub removed: usize,
    /// Users and devices on another side of the cut than before. The cover that [`StandingCover::cover`] gives may
    /// change by more or less, since of several cheapest ones it is always the same.
    pub moved: usize,
    /// Entries of the graph that the repairs looked at.
    pub touched: u64,
    /// Whether everything was solved anew, since the batch was too large or reached too far.
    pub anew: bool,
}

/// A graph under change with a cheapest cover of it.
#[derive(Debug, Clone)]
pub struct StandingCover {
    prices: [u64; 2],
    /// By which the prices are divided inside.
    unit: u64,
    pairs: usize,
    state: State,
}

/// With more changes at once than one per this many pairs, and more than a few, solving anew is quicker.
const PAIRS_PER_CHANGE: usize = 8;
const CHANGES_AT_LEAST: usize = 64;
/// Entries worth touching in a batch: what solving anew touches per pair, and this many for small graphs.
const TOUCHES_PER_PAIR: u64 = 2;
const TOUCHES_AT_LEAST: u64 = 4096;
/// Changes whose memory is touched ahead together.
const BATCH: usize = 32;

impl StandingCover {
    /// Solves `graph` at one price per side, as [`cheapest_cover`] does, and keeps what changes will need: some 50
    /// bytes per pair. Fails on more than 2^30 users, devices or pairs.
    pub fn of(graph: &Graph, user_price: u64, device_price: u64) -> Result<Self, GraphError> {
        let too_large = graph.users().max(graph.devices()) > MOST_VERTICES || graph.pairs() > MOST_VERTICES as usize;
        if too_large {
            let vertices = u64::from(graph.users()) + u64::from(graph.devices());
            return Err(GraphError::TooLarge { pairs: graph.pairs(), vertices });
        }
        let cover = cheapest_cover(graph, Prices::Same(user_price), Prices::Same(device_price));
        Ok(Self::continued(graph, &cover, user_price, device_price))
    }

    /// From the pairs, a cheapest cover and its demand.
    fn continued(graph: &Graph, cover: &Cover, user_price: u64, device_price: u64) -> Self {
        let unit = gcd(user_price, device_price).max(1);
        let count = |side: u32| vec![(0_u32, 0_u32); side as usize];
        let (mut users, mut devices) = (count(graph.users()), count(graph.devices()));
        for user in 0..graph.users() {
            for device in graph.devices_of(user) {
                users[user as usize].0 += 1;
                devices[device as usize].0 += 1;
            }
        }
        for demand in &cover.demand {
            users[demand.user as usize].1 += 1;
            devices[demand.device as usize].1 += 1;
        }
        let mut state =
            State::new([Side::new(&users, user_price / unit, true), Side::new(&devices, device_price / unit, false)]);
        let mut row = Vec::new();
        for user in 0..graph.users() {
            row.clear();
            row.extend(graph.devices_of(user));
            row.sort_unstable();
            for &device in &row {
                state.sides[USERS].connect(user, device);
                state.sides[DEVICES].connect(device, user);
            }
        }
        for demand in &cover.demand {
            let amount = demand.amount / unit;
            state.carry(demand.user, demand.device, amount);
            state.sides[USERS].vertices[demand.user as usize].residual -= amount;
            state.sides[DEVICES].vertices[demand.device as usize].residual -= amount;
            state.demand += u128::from(amount);
        }
        for (user, &covered) in state.sides[USERS].vertices.iter_mut().zip(&cover.users) {
            user.near = !covered;
        }
        for (device, &covered) in state.sides[DEVICES].vertices.iter_mut().zip(&cover.devices) {
            device.near = covered;
        }
        Self { prices: [user_price, device_price], unit, pairs: graph.pairs(), state }
    }

    /// Number of users.
    #[must_use]
    pub fn users(&self) -> u32 {
        self.state.sides[USERS].vertices.len() as u32
    }

    /// Number of devices.
    #[must_use]
    pub fn devices(&self) -> u32 {
        self.state.sides[DEVICES].vertices.len() as u32
    }

    /// Number of pairs.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    /// Makes room for users and devices numbered below `users` and `devices`, without pairs so far. Numbers are
    /// never given back; one without pairs costs nothing. Fails beyond 2^30.
    pub fn grow(&mut self, users: u32, devices: u32) -> Result<(), GraphError> {
        if users.max(devices) > MOST_VERTICES {
            return Err(GraphError::TooLarge { pairs: self.pairs, vertices: u64::from(users) + u64::from(devices) });
        }
        for (side, wanted) in [(USERS, users), (DEVICES, devices)] {
            let residual = self.prices[side] / self.unit;
            let side_state = &mut self.state.sides[side];
            for _ in side_state.vertices.len()..wanted as usize {
                side_state.add(residual, side == USERS, 2, 1);
            }
        }
        Ok(())
    }

    /// Makes the changes one after the other and keeps the cover cheapest. Adding a pair that is there, or removing
    /// one that is not, changes nothing. Fails, with nothing changed, on a number beyond those of [`Self::grow`].
    ///
    /// Usually a change costs a look at a few neighbours. Everything is solved anew when there are more changes than
    /// an eighth of the pairs, or once repairs have looked at twice as many entries as there are pairs.
    pub fn apply(&mut self, changes: &[Change]) -> Result<Applied, GraphError> {
        self.check(changes)?;
        Ok(self.apply_within(changes, self.pairs as u64 * TOUCHES_PER_PAIR + TOUCHES_AT_LEAST))
    }

    /// Solves anew once repairs have looked at more than `worth` entries.
    fn apply_within(&mut self, changes: &[Change], worth: u64) -> Applied {
        self.state.moved.clear();
        (self.state.touched, self.state.worth) = (0, worth);
        let anew = changes.len() > CHANGES_AT_LEAST && changes.len() > self.pairs / PAIRS_PER_CHANGE;
        let mut applied = Applied { anew, ..Applied::default() };
        for batch in changes.chunks(BATCH) {
            self.touch(batch);
            for &change in batch {
                self.make(change, &mut applied);
            }
        }
        applied.touched = self.state.touched;
        let mut moved = std::mem::take(&mut self.state.moved);
        let moved = odd_times(&mut moved);
        if applied.anew {
            applied.moved = self.solve_anew(moved);
        } else {
            applied.moved = moved.count();
            self.state.sides.iter_mut().for_each(Side::close_up);
        }
        applied
    }

    fn check(&self, changes: &[Change]) -> Result<(), GraphError> {
        let (users, devices) = (self.users(), self.devices());
        let outside = |change: &Change| change.pair().0 >= users || change.pair().1 >= devices;
        let Some(index) = changes.iter().position(outside) else {
            let pairs = self.pairs + changes.len();
            let vertices = u64::from(users) + u64::from(devices);
            let fits = pairs <= MOST_VERTICES as usize;
            return if fits { Ok(()) } else { Err(GraphError::TooLarge { pairs, vertices }) };
        };
        let (user, device) = changes[index].pair();
        Err(GraphError::OutOfRange { index, user, device, users, devices })
    }

    /// Reads what a batch is about to need, so that the cache misses overlap instead of following each other.
    fn touch(&self, batch: &[Change]) {
        let [users, devices] = &self.state.sides;
        let near = |change: &Change| {
            let (user, device) = change.pair();
            users.vertices[user as usize].near ^ devices.vertices[device as usize].near
        };
        std::hint::black_box(batch.iter().fold(false, |all, change| all ^ near(change)));
        let entries = |change: &Change| {
            let (user, device) = change.pair();
            users.peek(user) ^ devices.peek(device)
        };
        std::hint::black_box(batch.iter().fold(0, |all, change| all ^ entries(change)));
    }

    fn make(&mut self, change: Change, applied: &mut Applied) {
        let (user, device) = change.pair();
        let [users, devices] = &mut self.state.sides;
        let repaired = match change {
            Change::Add { .. } => {
                let known = if users.degree(user) < devices.degree(device) {
                    users.has(user, device)
                } else {
                    devices.has(device, user)
                };
                if known {
                    return;
                }
                users.connect(user, device);
                devices.connect(device, user);
                self.pairs += 1;
                applied.added += 1;
                if applied.anew { Ok(()) } else { self.state.after_adding(user, device) }
            }
            Change::Remove { .. } => {
                if !users.disconnect(user, device) {
                    return;
                }
                devices.disconnect(device, user);
                self.pairs -= 1;
                applied.removed += 1;
                if applied.anew { Ok(()) } else { self.state.after_removing(user, device) }
            }
        };
        // What is left of the batch only changes the rows.
        applied.anew |= repaired.is_err();
    }

    /// Solves the graph as it is; how many stand on another side of the cut than before the batch, during which
    /// `moved` changed theirs.
    fn solve_anew(&mut self, moved: impl Iterator<Item = (usize, u32)>) -> usize {
        let graph = self.graph();
        let [user_price, device_price] = self.prices;
        let cover = cheapest_cover(&graph, Prices::Same(user_price), Prices::Same(device_price));
        let new = Self::continued(&graph, &cover, user_price, device_price);
        let mut old = std::mem::replace(self, new).state.sides;
        for (side, vertex) in moved {
            let near = &mut old[side].vertices[vertex as usize].near;
            *near = !*near;
        }
        let differ = |(old, new): (&Side, &Side)| {
            old.vertices.iter().zip(&new.vertices).filter(|(old, new)| old.near != new.near).count()
        };
        old.iter().zip(&self.state.sides).map(differ).sum()
    }

    /// What a cheapest cover costs, in the unit of the prices.
    #[must_use]
    pub fn cost(&self) -> u128 {
        self.state.demand * u128::from(self.unit)
    }

    /// The graph as it is now.
    #[must_use]
    pub fn graph(&self) -> Graph {
        let users = &self.state.sides[USERS];
        let mut pairs = Vec::with_capacity(self.pairs);
        for user in 0..self.users() {
            pairs.extend(users.neighbours(user).map(|device| (user, device)));
        }
        Graph::new(self.users(), self.devices(), &pairs).expect("checked when the pairs came")
    }

    /// Of all cheapest covers the one with the most users, with its demand. It depends on the pairs and prices only,
    /// not on the changes that led here, and not on which of many maximum demands is kept:
    ///
    /// Take any maximum demand and any cheapest cover. Their sums are equal, so whoever is in the cover carries its full
    /// price, and no demand is carried between two who are both in it. Hence a user with price left over is in no cheapest
    /// cover; its devices are then in every one; and who shares demand with such a device is in none. Let all that
    /// follows like this be decided, and put the users left undecided in and the devices left undecided out: that covers
    /// every pair, each chosen one carries its full price, no demand is carried twice, so it is a cheapest cover. The users
    /// decided against are therefore exactly those in no cheapest cover at all, whichever demand they were found with.
    #[must_use]
    pub fn cover(&self) -> Cover {
        let [users, devices] = &self.state.sides;
        let mut let_off: Vec<bool> = users.vertices.iter().map(|user| user.residual > 0).collect();
        let mut queue: Vec<u32> = (0..self.users()).filter(|&user| let_off[user as usize]).collect();
        let mut covered = vec![false; devices.vertices.len()];
        while let Some(user) = queue.pop() {
            for device in users.neighbours(user) {
                if std::mem::replace(&mut covered[device as usize], true) {
                    continue;
                }
                for share in devices.shares(device) {
                    if !std::mem::replace(&mut let_off[share.other as usize], true) {
                        queue.push(share.other);
                    }
                }
            }
        }
        let pays = |(user, let_off): (&Vertex, &bool)| !let_off && user.is_active();
        let chosen: Vec<bool> = users.vertices.iter().zip(&let_off).map(pays).collect();
        let count = |side: &[bool]| side.iter().filter(|&&covered| covered).count() as u128;
        let [user_price, device_price] = self.prices.map(u128::from);
        let cost = count(&chosen) * user_price + count(&covered) * device_price;
        let demand_of = |user: u32| {
            users.shares(user).iter().map(move |share| Demand {
                user,
                device: share.other,
                amount: share.amount * self.unit,
            })
        };
        let demand = (0..self.users()).flat_map(demand_of).collect();
        Cover { users: chosen, devices: covered, cost, demand }
    }
}

/// Of those listed, each that is listed an odd number of times, once.
fn odd_times(listed: &mut [(usize, u32)]) -> impl Iterator<Item = (usize, u32)> {
    listed.sort_unstable();
    listed.chunk_by(|one, other| one == other).filter(|same| same.len() % 2 == 1).map(|same| same[0])
}
