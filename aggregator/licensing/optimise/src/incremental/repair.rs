//! Repairs the maximum demand and the cut after one pair has come or gone.
//!
//! Between repairs, with *near* for the users' side of the cut and *far* for the devices':
//! (1) a user that can still bear demand is near, a device that can is far;
//! (2) no pair joins a near user and a far device;
//! (3) no demand is carried by a far user and a near device.
//! By (2) far users and near devices cover every pair; by (1) they all carry their full price and by (3) none
//! of it twice, so the demand adds up to the cost. That is the whole proof; how the state came about is nothing to it.
//!
//! A search therefore never leaves its side of the cut. It looks for a vertex that can still bear demand: a user
//! among the near or a device among the far. If there is none, all that it saw may change sides.

use super::side::Side;

pub(super) const USERS: usize = 0;
pub(super) const DEVICES: usize = 1;

/// The repairs of a batch touched more of the graph than solving anew would.
#[derive(Debug)]
pub(super) struct TooMuch;

/// A vertex seen by a search.
#[derive(Debug, Clone, Copy)]
struct Seen {
    side: usize,
    vertex: u32,
    /// Position among all seen of the one that it was seen from; its own for the first.
    from: usize,
}

/// A breadth-first search for a vertex of side `sought` that can still bear demand.
#[derive(Debug, Clone, Default)]
pub(super) struct Search {
    sought: usize,
    seen: Vec<Seen>,
    /// The one to go on with.
    next: usize,
    /// Where in its row.
    place: u32,
}

/// How a search stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Going,
    /// At the last one seen.
    Found,
    Failed,
}

/// Entries of a row looked at before a search running beside has its turn.
const TURN: u32 = 64;

/// Demand, cut, and what the repairs did to them.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub sides: [Side; 2],
    /// Sum of all demand.
    pub demand: u128,
    /// Entries of rows and shares looked at so far, up to which it is worth while.
    pub touched: u64,
    pub worth: u64,
    /// Who changed sides, as often as that happened.
    pub moved: Vec<(usize, u32)>,
    /// Number of the present search.
    now: u32,
    searches: [Search; 2],
}

impl State {
    pub fn new(sides: [Side; 2]) -> Self {
        let searches = <[Search; 2]>::default();
        Self { sides, demand: 0, touched: 0, worth: u64::MAX, moved: Vec::new(), now: 0, searches }
    }

    /// Carries `amount` on a pair.
    pub fn carry(&mut self, user: u32, device: u32, amount: u64) {
        self.sides[USERS].give(user, device, amount);
        self.sides[DEVICES].give(device, user, amount);
    }

    fn carry_less(&mut self, user: u32, device: u32, amount: u64) {
        self.sides[USERS].take(user, device, amount);
        self.sides[DEVICES].take(device, user, amount);
    }

    fn is_near(&self, side: usize, vertex: u32) -> bool {
        self.sides[side].vertices[vertex as usize].near
    }

    fn residual(&mut self, side: usize, vertex: u32) -> &mut u64 {
        &mut self.sides[side].vertices[vertex as usize].residual
    }

    /// Repairs after the pair was added to the rows.
    pub fn after_adding(&mut self, user: u32, device: u32) -> Result<(), TooMuch> {
        if !self.is_near(USERS, user) || self.is_near(DEVICES, device) {
            return Ok(());
        }
        let [mut back, mut forth] = std::mem::take(&mut self.searches);
        let done = loop {
            self.begin();
            let mut ways =
                [self.start(&mut back, USERS, (USERS, user)), self.start(&mut forth, DEVICES, (DEVICES, device))];
            while !ways.contains(&Progress::Failed) && ways.contains(&Progress::Going) {
                for (search, way) in [&mut back, &mut forth].into_iter().zip(&mut ways) {
                    if *way == Progress::Going {
                        *way = self.advance(search);
                    }
                }
                if self.touched > self.worth {
                    break;
                }
            }
            if ways[0] == Progress::Failed {
                self.change_sides(&back);
            } else if ways[1] == Progress::Failed {
                self.change_sides(&forth);
            } else if ways == [Progress::Found; 2] {
                let amount = self.most_along(&back).min(self.most_along(&forth));
                self.push_along(&back, amount);
                self.push_along(&forth, amount);
                self.carry(user, device, amount);
                self.demand += u128::from(amount);
                continue;
            } else {
                break Err(TooMuch);
            }
            break Ok(());
        };
        self.searches = [back, forth];
        done
    }

    /// Repairs after the pair was taken from the rows.
    pub fn after_removing(&mut self, user: u32, device: u32) -> Result<(), TooMuch> {
        let near = self.is_near(USERS, user);
        if near != self.is_near(DEVICES, device) {
            return Ok(());
        }
        let freed = self.sides[USERS].take(user, device, u64::MAX);
        if freed == 0 {
            return Ok(());
        }
        self.sides[DEVICES].take(device, user, u64::MAX);
        self.demand -= u128::from(freed);
        *self.residual(USERS, user) += freed;
        *self.residual(DEVICES, device) += freed;
        let (sought, bare) = if near { (USERS, (DEVICES, device)) } else { (DEVICES, (USERS, user)) };
        let mut search = std::mem::take(&mut self.searches[0]);
        let mut done = Ok(());
        while *self.residual(bare.0, bare.1) > 0 && done.is_ok() {
            self.begin();
            let mut way = self.start(&mut search, sought, bare);
            while way == Progress::Going && self.touched <= self.worth {
                way = self.advance(&mut search);
            }
            match way {
                Progress::Going => done = Err(TooMuch),
                Progress::Failed => {
                    self.change_sides(&search);
                    break;
                }
                Progress::Found => {
                    let amount = self.most_along(&search).min(*self.residual(bare.0, bare.1));
                    self.push_along(&search, amount);
                    *self.residual(bare.0, bare.1) -= amount;
                    self.demand += u128::from(amount);
                }
            }
        }
        self.searches[0] = search;
        done
    }

    /// Makes what earlier searches saw unseen.
    fn begin(&mut self) {
        if self.now == u32::MAX {
            self.sides.iter_mut().flat_map(|side| &mut side.vertices).for_each(|vertex| vertex.seen = 0);
            self.now = 0;
        }
        self.now += 1;
    }

    fn start(&mut self, search: &mut Search, sought: usize, (side, vertex): (usize, u32)) -> Progress {
        search.seen.clear();
        (search.sought, search.next, search.place) = (sought, 0, 0);
        self.see(search, Seen { side, vertex, from: 0 })
    }

    fn see(&mut self, search: &mut Search, new: Seen) -> Progress {
        let vertex = &mut self.sides[new.side].vertices[new.vertex as usize];
        vertex.seen = self.now;
        search.seen.push(new);
        if new.side == search.sought && vertex.residual > 0 { Progress::Found } else { Progress::Going }
    }

    /// One step: from a sought vertex to those whose demand it could take over, since by (3) they are on the same
    /// side of the cut; from others to their neighbours on that side.
    fn advance(&mut self, search: &mut Search) -> Progress {
        let from = search.next;
        let Some(&Seen { side, vertex, .. }) = search.seen.get(from) else { return Progress::Failed };
        let other_side = 1 - side;
        if side == search.sought {
            for place in 0..self.sides[side].shares(vertex).len() {
                let other = self.sides[side].shares(vertex)[place].other;
                self.touched += 1;
                if self.sides[other_side].vertices[other as usize].seen != self.now {
                    self.see(search, Seen { side: other_side, vertex: other, from });
                }
            }
            search.next += 1;
            return Progress::Going;
        }
        let Self { sides, touched, now, .. } = self;
        let [users, devices] = sides;
        let (this, others) = if side == USERS { (users, devices) } else { (devices, users) };
        let near = search.sought == USERS;
        for other in this.some_of_row(vertex, search.place, TURN) {
            *touched += 1;
            let Some(other) = other else { continue };
            let found = &mut others.vertices[other as usize];
            if found.seen != *now && found.near == near {
                found.seen = *now;
                search.seen.push(Seen { side: other_side, vertex: other, from });
                if found.residual > 0 {
                    return Progress::Found;
                }
            }
        }
        search.place += TURN;
        if search.place >= this.row_length(vertex) {
            (search.next, search.place) = (from + 1, 0);
        }
        Progress::Going
    }

    /// The vertices from the one found back to the first, two by two.
    fn way(search: &Search) -> impl Iterator<Item = (Seen, Seen)> {
        let mut at = search.seen.len() - 1;
        std::iter::from_fn(move || {
            let step = search.seen[at];
            (step.from != at).then(|| {
                at = step.from;
                (step, search.seen[at])
            })
        })
    }

    /// How much the one found can take, and those on the way can hand on.
    fn most_along(&mut self, search: &Search) -> u64 {
        let found = search.seen[search.seen.len() - 1];
        let mut most = *self.residual(found.side, found.vertex);
        for (step, towards) in Self::way(search) {
            if step.side != search.sought {
                most = most.min(self.sides[step.side].share(step.vertex, towards.vertex));
            }
        }
        most
    }

    /// The one found takes `amount`, and everybody on the way hands as much on.
    fn push_along(&mut self, search: &Search, amount: u64) {
        let found = search.seen[search.seen.len() - 1];
        *self.residual(found.side, found.vertex) -= amount;
        for (step, towards) in Self::way(search) {
            let (user, device) =
                if step.side == USERS { (step.vertex, towards.vertex) } else { (towards.vertex, step.vertex) };
            if step.side == search.sought {
                self.carry(user, device, amount);
            } else {
                self.carry_less(user, device, amount);
            }
        }
    }

    fn change_sides(&mut self, search: &Search) {
        for &Seen { side, vertex, .. } in &search.seen {
            let near = &mut self.sides[side].vertices[vertex as usize].near;
            *near = !*near;
            self.moved.push((side, vertex));
        }
    }
}
