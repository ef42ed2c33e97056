//! Who puts demand on whom: per vertex of one side, the vertices of the other it shares demand with.
//! Room is laid out once: a vertex of capacity `c` and degree `d` never has more than `min(c, d)`.

use super::super::amount::Amount;
use super::super::graph::Graph;
use super::super::peel::Push;

struct Room {
    start: u32,
    len: u32,
}

/// The demand of every pair with any, by the side that is not searched from.
pub(super) struct Supports<A> {
    /// The first vertex of the side.
    first: u32,
    rooms: Vec<Room>,
    roots: Vec<u32>,
    amounts: Vec<A>,
}

impl<A: Amount> Supports<A> {
    /// No demand yet, on the users' or the devices' side.
    pub fn new(graph: &Graph, users: bool, capacity: impl Fn(u32) -> A) -> Self {
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
        let (roots, amounts) = (vec![0; end as usize], vec![A::default(); end as usize]);
        Self { first: side.start, rooms, roots, amounts }
    }

    fn index(&self, vertex: u32, place: u32) -> usize {
        (self.rooms[(vertex - self.first) as usize].start + place) as usize
    }

    pub fn len(&self, vertex: u32) -> u32 {
        self.rooms[(vertex - self.first) as usize].len
    }

    pub fn root(&self, vertex: u32, place: u32) -> u32 {
        self.roots[self.index(vertex, place)]
    }

    pub fn amount(&self, vertex: u32, place: u32) -> A {
        self.amounts[self.index(vertex, place)]
    }

    /// More demand on a pair, new or known.
    pub fn add(&mut self, vertex: u32, root: u32, amount: A) {
        let len = self.len(vertex);
        let start = self.index(vertex, 0);
        let known = self.roots[start..start + len as usize].iter().position(|&one| one == root);
        if let Some(place) = known {
            self.amounts[start + place] += amount;
        } else {
            let end = start + len as usize;
            self.roots[end] = root;
            self.amounts[end] = amount;
            self.rooms[(vertex - self.first) as usize].len += 1;
        }
    }

    /// Moves `amount` of the demand at `place` over to `root`.
    pub fn exchange(&mut self, vertex: u32, place: u32, root: u32, amount: A) {
        let index = self.index(vertex, place);
        self.amounts[index] -= amount;
        if self.amounts[index].is_zero() {
            // The last one takes the empty place, so that a scan standing there misses nobody.
            let last = self.index(vertex, self.len(vertex) - 1);
            self.roots[index] = self.roots[last];
            self.amounts[index] = self.amounts[last];
            self.rooms[(vertex - self.first) as usize].len -= 1;
        }
        self.add(vertex, root, amount);
    }

    pub fn into_pushes(self) -> Vec<Push<A>> {
        let used = self.rooms.iter().map(|room| room.len as usize).sum();
        let mut pushes = Vec::with_capacity(used);
        for (vertex, room) in (self.first..).zip(&self.rooms) {
            for index in room.start as usize..(room.start + room.len) as usize {
                pushes.push(Push { leaf: vertex, hub: self.roots[index], amount: self.amounts[index] });
            }
        }
        pushes
    }
}
