//! Is there a cover with at most so many lefts and so many rights? Branch and bound within one part.
//!
//! NP-complete (Kuo and Fuchs 1987), so it may give up: after an amount of work, never after a time.

use super::{
    front::{Front, Point},
    part::Part,
};
use crate::optimise::gcd;

/// What became of the question.
#[derive(Debug)]
pub(super) enum Answer {
    /// Such a cover, in the numbering of the part.
    Cover(Point, Vec<bool>),
    /// There is none.
    None,
    /// The work was used up.
    Unknown,
}

/// A part left to be covered with so many, and who is covered already, in the numbering of the first part.
#[derive(Clone)]
struct Rest {
    part: Part,
    room: Point,
    covered: Vec<u32>,
}

/// `work` counts pairs that cuts look at; what is used is taken off.
pub(super) fn cover_within(front: &Front, room: Point, work: &mut u64) -> Answer {
    let vertices = front.part.vertices.len();
    let own = Part { graph: front.part.graph.clone(), vertices: (0..vertices as u32).collect() };
    let mut open = vec![Rest { part: own, room, covered: Vec::new() }];
    while let Some(rest) = open.pop() {
        let Some(rest) = rest.reduced() else { continue };
        let fits = match rest.bounded(work) {
            Bound::None => continue,
            Bound::Unknown => return Answer::Unknown,
            Bound::Open => None,
            Bound::Cover(cover) => Some(cover),
        };
        if let Some(cover) = fits {
            let mut covered = vec![false; vertices];
            for &vertex in rest.covered.iter().chain(&cover) {
                covered[vertex as usize] = true;
            }
            let lefts = front.part.lefts() as usize;
            let count = |side: &[bool]| side.iter().filter(|&&one| one).count() as u64;
            let point = Point { lefts: count(&covered[..lefts]), rights: count(&covered[lefts..]) };
            return Answer::Cover(point, covered);
        }
        // the vertex with the most neighbours decides most: without it, all of them are needed
        let graph = rest.part.graph.adjacency();
        let vertex = (0..graph.vertices() as u32).rev().max_by_key(|&vertex| graph.neighbours(vertex).len());
        let vertex = vertex.expect("an empty part is covered");
        open.extend(rest.with(&[vertex]));
        open.extend(rest.with(graph.neighbours(vertex)));
    }
    Answer::None
}

enum Bound {
    Cover(Vec<u32>),
    None,
    Open,
    Unknown,
}

impl Rest {
    /// What is left when `more`, all of one side, are covered, too; `None` if there is no room for them.
    fn with(&self, more: &[u32]) -> Option<Self> {
        let graph = self.part.graph.adjacency();
        let Some(&first) = more.first() else { return Some(self.clone()) };
        let mut room = self.room;
        let side = if first < graph.split() { &mut room.lefts } else { &mut room.rights };
        *side = side.checked_sub(more.len() as u64)?;
        let mut gone = vec![false; graph.vertices()];
        for &vertex in more {
            gone[vertex as usize] = true;
        }
        let more = more.iter().map(|&vertex| self.part.vertices[vertex as usize]);
        let covered = self.covered.iter().copied().chain(more).collect();
        Some(Self { part: self.part.without(&gone), room, covered })
    }

    /// A vertex with more neighbours than there is room for must be covered itself. `None` if the room does not suffice.
    fn reduced(mut self) -> Option<Self> {
        loop {
            let graph = self.part.graph.adjacency();
            let over = |side: std::ops::Range<u32>, room: u64| -> Vec<u32> {
                side.filter(|&vertex| graph.neighbours(vertex).len() as u64 > room).collect()
            };
            let mut must = over(0..graph.split(), self.room.rights);
            if must.is_empty() {
                must = over(graph.split()..graph.vertices() as u32, self.room.lefts);
            }
            if must.is_empty() {
                return Some(self);
            }
            self = self.with(&must)?;
        }
    }

    /// The hull over the lefts there is room for: cuts until the segment is found, one of them fits, or one excludes it.
    fn bounded(&self, work: &mut u64) -> Bound {
        let Point { lefts, rights } = self.room;
        let inside = |cover: &[u32]| cover.iter().map(|&vertex| self.part.vertices[vertex as usize]).collect();
        let split = self.part.graph.users();
        if self.part.rights() <= rights {
            return Bound::Cover(inside(&(split..self.part.vertices.len() as u32).collect::<Vec<_>>()));
        }
        if self.part.lefts() <= lefts {
            return Bound::Cover(inside(&(0..split).collect::<Vec<_>>()));
        }
        let mut few = Point { lefts: 0, rights: self.part.rights() };
        let mut many = Point { lefts: self.part.lefts(), rights: 0 };
        loop {
            let cost = self.part.graph.pairs() as u64 + self.part.vertices.len() as u64;
            let Some(left) = work.checked_sub(cost) else { return Bound::Unknown };
            *work = left;
            let shared = gcd(few.rights - many.rights, many.lefts - few.lefts);
            let weights = ((few.rights - many.rights) / shared, (many.lefts - few.lefts) / shared);
            let cover = self.part.cover(weights.0, weights.1);
            let weighed = |point: Point| {
                u128::from(weights.0) * u128::from(point.lefts) + u128::from(weights.1) * u128::from(point.rights)
            };
            if cover.cost > weighed(self.room) {
                return Bound::None;
            }
            let corner = Point { lefts: cover.user_count() as u64, rights: cover.device_count() as u64 };
            if corner.lefts <= lefts && corner.rights <= rights {
                let chosen = |side: &[bool], first: u32| -> Vec<u32> {
                    (first..).zip(side).filter(|(_, covered)| **covered).map(|(vertex, _)| vertex).collect()
                };
                let mut all = chosen(&cover.users, 0);
                all.extend(chosen(&cover.devices, split));
                return Bound::Cover(inside(&all));
            }
            if cover.cost == weighed(few) {
                return Bound::Open;
            }
            *(if corner.lefts > lefts { &mut many } else { &mut few }) = corner;
        }
    }
}
