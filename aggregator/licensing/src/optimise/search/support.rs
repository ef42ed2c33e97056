//! Who puts demand on whom: per vertex of one side, the vertices of the other it shares demand with.
//! Room is laid out once: a vertex of capacity `c` and degree `d` never has more than `min(c, d)`.

use super::super::amount::Amount;
use super::super::graph::Adjacency;
use super::super::peel::Push;

struct Room {
    start: u32,
    len: u32,
}

/// Demand that a root puts on the vertex whose room this stands in.
#[derive(Debug, Clone, Copy, Default)]
struct Share<A> {
    root: u32,
    amount: A,
}

/// The demand of every pair with any, by the side that is not searched from.
pub(super) struct Supports<A> {
    /// The first vertex of the side.
    first: u32,
    rooms: Vec<Room>,
    shares: Vec<Share<A>>,
}

impl<A: Amount> Supports<A> {
    /// No demand yet, on the users' or the devices' side.
    pub fn new(graph: &Adjacency, users: bool, capacity: impl Fn(u32) -> A) -> Self {
        let side = super::side(graph, users);
        let mut end = 0;
        let rooms = side
            .clone()
            .map(|vertex| {
                let start = end;
                let degree = graph.neighbours(vertex).len() as u64;
                end += capacity(vertex).into().min(degree) as u32;
                Room { start, len: 0 }
            })
            .collect();
        Self { first: side.start, rooms, shares: vec![Share::default(); end as usize] }
    }

    fn index(&self, vertex: u32, place: u32) -> usize {
        (self.rooms[(vertex - self.first) as usize].start + place) as usize
    }

    pub fn len(&self, vertex: u32) -> u32 {
        self.rooms[(vertex - self.first) as usize].len
    }

    pub fn root(&self, vertex: u32, place: u32) -> u32 {
        self.shares[self.index(vertex, place)].root
    }

    pub fn amount(&self, vertex: u32, place: u32) -> A {
        self.shares[self.index(vertex, place)].amount
    }

    /// More demand on a pair, new or known.
    pub fn add(&mut self, vertex: u32, root: u32, amount: A) {
        let room = &mut self.rooms[(vertex - self.first) as usize];
        let (start, end) = (room.start as usize, (room.start + room.len) as usize);
        if let Some(known) = self.shares[start..end].iter_mut().find(|share| share.root == root) {
            known.amount += amount;
        } else {
            self.shares[end] = Share { root, amount };
            room.len += 1;
        }
    }

    /// Moves `amount` of the demand at `place` over to `root`.
    pub fn exchange(&mut self, vertex: u32, place: u32, root: u32, amount: A) {
        let index = self.index(vertex, place);
        self.shares[index].amount -= amount;
        if self.shares[index].amount.is_zero() {
            // The last one takes the empty place, so that a scan standing there misses nobody.
            self.shares[index] = self.shares[self.index(vertex, self.len(vertex) - 1)];
            self.rooms[(vertex - self.first) as usize].len -= 1;
        }
        self.add(vertex, root, amount);
    }

    /// Adds all demand to `log`.
    pub fn push_all(&self, log: &mut Vec<Push>) {
        for (vertex, room) in (self.first..).zip(&self.rooms) {
            let shares = &self.shares[room.start as usize..(room.start + room.len) as usize];
            log.extend(shares.iter().map(|share| Push { leaf: vertex, hub: share.root, amount: share.amount.into() }));
        }
    }
}
