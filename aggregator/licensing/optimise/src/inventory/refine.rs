//! Is there a cover with at most so many lefts and at most so many rights? Branch and bound within one part.
//!
//! NP-complete (Kuo and Fuchs 1987), so it may give up: after an amount of work, never after a time.

use super::{
    dense::{Bits, Dense, bits, count, count_both, has, insert, none},
    front::{Front, Point},
};

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

/// Lefts times rights at most.
const ROOM: u64 = 1 << 22;
/// Weights are multiplied until they reach this, so that those of one question are near those of the next.
const FINE: u64 = 1 << 12;

/// Who is covered already, and how many more may be.
struct Rest {
    covered: [Bits; 2],
    room: [u64; 2],
}

enum Bound {
    Cover([Bits; 2]),
    None,
    Open,
}

/// `work` counts steps of words that searches look at; what is used is taken off.
pub(super) fn cover_within(front: &Front, room: Point, work: &mut u64) -> Answer {
    let (lefts, rights) = (front.part.lefts(), front.part.rights());
    if lefts.saturating_mul(rights) > ROOM.min(*work) {
        return Answer::Unknown;
    }
    let (lefts, rights) = (lefts as usize, rights as usize);
    let graph = front.part.graph.adjacency();
    let pairs = (0..lefts)
        .flat_map(|left| graph.neighbours(left as u32).iter().map(move |&other| (left, other as usize - lefts)));
    let mut dense = Dense::of(lefts, rights, pairs);
    dense.steps = (lefts * rights) as u64;
    let mut open = vec![Rest { covered: [none(lefts), none(rights)], room: [room.lefts, room.rights] }];
    while let Some(mut rest) = open.pop() {
        if dense.steps > *work {
            *work = 0;
            return Answer::Unknown;
        }
        let Some(alive) = rest.reduced(&mut dense) else { continue };
        match rest.bounded(&mut dense, &alive) {
            Bound::None => {}
            Bound::Cover(more) => {
                *work -= dense.steps.min(*work);
                let covered = |side: usize, at: usize| has(&rest.covered[side], at) || has(&more[side], at);
                let covered: Vec<bool> =
                    (0..lefts).map(|at| covered(0, at)).chain((0..rights).map(|at| covered(1, at))).collect();
                let chosen = |side: &[bool]| side.iter().filter(|&&one| one).count() as u64;
                let point = Point { lefts: chosen(&covered[..lefts]), rights: chosen(&covered[lefts..]) };
                return Answer::Cover(point, covered);
            }
            Bound::Open => open.extend(rest.branches(&dense, &alive)),
        }
    }
    *work -= dense.steps.min(*work);
    Answer::None
}

impl Rest {
    /// Covers more, all of one side; whether there was room for them.
    fn cover(&mut self, side: usize, more: &[u64]) -> bool {
        let Some(room) = self.room[side].checked_sub(count(more)) else { return false };
        self.room[side] = room;
        self.covered[side].iter_mut().zip(more).for_each(|(one, more)| *one |= more);
        true
    }

    /// A vertex with more neighbours than there is room for must be covered itself. Who then still has open pairs; `None` if
    /// the room does not suffice.
    fn reduced(&mut self, dense: &mut Dense) -> Option<[Bits; 2]> {
        let (lefts, rights) = (self.covered[0].len() * 64, self.covered[1].len() * 64);
        'again: loop {
            let mut alive = [none(lefts), none(rights)];
            dense.steps += dense.size();
            for side in 0..2 {
                let bare: Bits = self.covered[1 - side].iter().map(|word| !word).collect();
                let mut must = none([lefts, rights][side]);
                let of = |at: usize| if side == 0 { dense.of_left(at) } else { dense.of_right(at) };
                for at in 0..dense.counts()[side] {
                    if has(&self.covered[side], at) {
                        continue;
                    }
                    let degree = count_both(of(at), &bare);
                    if degree > self.room[1 - side] {
                        insert(&mut must, at);
                    } else if degree > 0 {
                        insert(&mut alive[side], at);
                    }
                }
                if count(&must) > 0 {
                    if !self.cover(side, &must) {
                        return None;
                    }
                    continue 'again;
                }
            }
            return Some(alive);
        }
    }

    /// The hull over the lefts there is room for: cuts until the segment is found, one of them fits, or one excludes it.
    fn bounded(&self, dense: &mut Dense, alive: &[Bits; 2]) -> Bound {
        let [lefts, rights] = self.room;
        let [all_lefts, all_rights] = [count(&alive[0]), count(&alive[1])];
        if all_rights <= rights {
            return Bound::Cover([vec![0; alive[0].len()], alive[1].clone()]);
        }
        if all_lefts <= lefts {
            return Bound::Cover([alive[0].clone(), vec![0; alive[1].len()]]);
        }
        let mut few = [0, all_rights];
        let mut many = [all_lefts, 0];
        loop {
            let weights = [few[1] - many[1], many[0] - few[0]];
            let fine = (FINE / (weights[0] + weights[1])).max(1);
            let weights = weights.map(|weight| weight * fine);
            let weighed = |point: [u64; 2]| weights[0] * point[0] + weights[1] * point[1];
            let demand = dense.demand([&alive[0], &alive[1]], weights, weighed(self.room));
            if demand > weighed(self.room) {
                return Bound::None;
            }
            let cover = dense.cover();
            let corner = [count(&cover[0]), count(&cover[1])];
            if corner[0] <= lefts && corner[1] <= rights {
                return Bound::Cover(cover);
            }
            if demand == weighed(few) {
                return Bound::Open;
            }
            *(if corner[0] > lefts { &mut many } else { &mut few }) = corner;
        }
    }

    /// The vertex with the most neighbours decides most: without it, all of them are needed.
    fn branches(self, dense: &Dense, alive: &[Bits; 2]) -> impl Iterator<Item = Self> + use<> {
        let side_of = |side: usize| {
            let of = move |at: usize| if side == 0 { dense.of_left(at) } else { dense.of_right(at) };
            bits(&alive[side]).map(move |at| (count_both(of(at), &alive[1 - side]), side, at))
        };
        let most =
            side_of(0).chain(side_of(1)).max_by_key(|&(degree, side, at)| (degree, std::cmp::Reverse((side, at))));
        let (_, side, at) = most.expect("a part without pairs is covered");
        let mut itself = none(alive[side].len() * 64);
        insert(&mut itself, at);
        let row = if side == 0 { dense.of_left(at) } else { dense.of_right(at) };
        let neighbours: Bits = row.iter().zip(&alive[1 - side]).map(|(one, other)| one & other).collect();
        let mut with = Self { covered: self.covered.clone(), room: self.room };
        let mut without = self;
        let with = with.cover(side, &itself).then_some(with);
        let without = without.cover(1 - side, &neighbours).then_some(without);
        with.into_iter().chain(without)
    }
}
