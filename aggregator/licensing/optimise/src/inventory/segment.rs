//! The segment of the lower hull (rights needed against lefts allowed) over the number of lefts owned, by Newton's method on
//! the ratio: every cut halves what is open, so most of them are small.

use std::{cmp::Reverse, collections::BTreeSet};

use super::{
    blocks::{Block, blocks},
    front::Point,
    gap::Line,
    part::Part,
};
use crate::gcd;

/// Where the hull is straight over the number owned.
pub(super) struct Segment {
    pub line: Line,
    /// Covers with the whole graph's numbers on the segment: at most as many lefts as owned, and the next.
    pub around: [Vec<bool>; 2],
}

impl Segment {
    /// `covered` covers everything, `open` is what may change in it; `few` counts what it covers, and `owned` lies
    /// between its lefts and covering everything on the left.
    pub fn over(owned: u64, open: Part, few: Point, mut covered: Vec<bool>) -> Self {
        let (mut part, mut few) = (open, few);
        loop {
            // from covering the right side to covering the left one
            let shared = gcd(part.lefts(), part.rights());
            let (left, right) = (part.rights() / shared, part.lefts() / shared);
            let cover = part.cover(left, right);
            if cover.cost == u128::from(left) * u128::from(part.lefts()) {
                let least = u128::from(left) * u128::from(few.lefts) + u128::from(right) * u128::from(few.rights);
                let blocks = blocks(&part, &cover.demand);
                let around = around(&part, &blocks, owned - few.lefts, covered);
                return Self { line: Line { left, right, least }, around };
            }
            let [lower, upper] = part.split(&cover);
            if few.lefts + lower.lefts() >= owned {
                part = lower;
            } else {
                change(&mut covered, &lower, 0..lower.vertices.len() as u32);
                few = Point { lefts: few.lefts + lower.lefts(), rights: few.rights - lower.rights() };
                part = upper;
            }
        }
    }
}

/// Two covers next to `room` more lefts: by adding the largest block that fits as long as one does, and by adding the smallest
/// that does not fit then.
fn around(part: &Part, blocks: &[Block], room: u64, mut covered: Vec<bool>) -> [Vec<bool>; 2] {
    let mut waits_for: Vec<usize> = blocks.iter().map(|block| block.needs.len()).collect();
    let mut wanted_by = vec![Vec::new(); blocks.len()];
    for (block, number) in blocks.iter().zip(0_u32..) {
        block.needs.iter().for_each(|&other| wanted_by[other as usize].push(number));
    }
    let mut room = room as usize;
    let size = |block: u32| blocks[block as usize].lefts.len();
    let ready = (0..blocks.len() as u32).filter(|&block| waits_for[block as usize] == 0);
    let mut ready: BTreeSet<(Reverse<usize>, u32)> = ready.map(|block| (Reverse(size(block)), block)).collect();
    let exchange = |covered: &mut Vec<bool>, block: u32| {
        let Block { lefts, rights, .. } = &blocks[block as usize];
        change(covered, part, lefts.iter().chain(rights).copied());
    };
    while let Some(&(Reverse(lefts), block)) = ready.range((Reverse(room), 0)..).next() {
        ready.remove(&(Reverse(lefts), block));
        room -= lefts;
        exchange(&mut covered, block);
        for &then in &wanted_by[block as usize] {
            waits_for[then as usize] -= 1;
            if waits_for[then as usize] == 0 {
                ready.insert((Reverse(size(then)), then));
            }
        }
    }
    let mut above = covered.clone();
    if let Some(&(_, block)) = ready.last() {
        exchange(&mut above, block);
    }
    [covered, above]
}

/// Who was covered is not any more, and the reverse.
fn change(covered: &mut [bool], part: &Part, inside: impl IntoIterator<Item = u32>) {
    for at in inside {
        let covered = &mut covered[part.vertices[at as usize] as usize];
        *covered = !*covered;
    }
}
