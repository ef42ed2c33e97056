//! Closes the gap of small pools: somebody holds a CAL, or all of those who then must do. Each part has its own bound; the
//! least of them is one of the whole. A fixed amount of work, so that the answer never depends on the machine.

use super::{super::graph::Graph, Choice, PoolBound, PoolBranch, Search, spans::Side};

/// Pairs, and people and devices, of pools that are small enough.
const SMALL: usize = 1_500;
/// Passes over the prices of days in each part.
const PASSES: usize = 10;
/// Pairs, people, devices and days to look at in all parts together.
const PATIENCE: usize = 8_000_000;

pub(super) struct Branching {
    pub prices: [u64; 2],
    pub unit: u64,
    pub scale: u64,
    pub best: Option<Choice>,
    left: usize,
}

/// Whether a gap of such pools is worth the work.
pub(super) fn is_small(sides: [&Side; 2], pairs: usize) -> bool {
    pairs <= SMALL && sides.iter().all(|side| side.spans.len() <= SMALL)
}

impl Branching {
    pub fn new(search: &Search<'_>, scale: u64) -> Self {
        let Search { prices, unit, best, .. } = search;
        Self { prices: *prices, unit: *unit, scale, best: best.clone(), left: PATIENCE }
    }

    /// The least bound of both parts, and the parts; `bound` is that of the whole, at these shares of days.
    pub fn split(
        &mut self,
        sides: [&Side; 2],
        pairs: &[(u32, u32)],
        shares: &[Vec<u64>; 2],
        bound: (u128, PoolBound),
    ) -> (u128, Vec<PoolBranch>) {
        let Some((side, vertex)) = busiest(sides, pairs).filter(|_| self.left > 0 && self.is_open(bound.0)) else {
            return (bound.0, vec![PoolBranch::Part(bound.1)]);
        };
        let mut held = sides[side].clone();
        held.forced[vertex as usize] = true;
        let mut others = sides[1 - side].clone();
        for pair in pairs {
            let ends = [pair.0, pair.1];
            if ends[side] == vertex {
                others.forced[ends[1 - side] as usize] = true;
            }
        }
        let parts = match side {
            0 => [[&held, sides[1]], [sides[0], &others]],
            _ => [[sides[0], &held], [&others, sides[1]]],
        };
        let mut least = u128::MAX;
        let mut branches = vec![if side == 0 { PoolBranch::User(vertex) } else { PoolBranch::Device(vertex) }];
        for part in parts {
            let (bound, part) = self.part(part, pairs, shares, &bound);
            least = least.min(bound);
            branches.extend(part);
        }
        if least > bound.0 { (least, branches) } else { (bound.0, vec![PoolBranch::Part(bound.1)]) }
    }

    fn part(
        &mut self,
        sides: [&Side; 2],
        pairs: &[(u32, u32)],
        shares: &[Vec<u64>; 2],
        whole: &(u128, PoolBound),
    ) -> (u128, Vec<PoolBranch>) {
        let [users, devices] = sides;
        let open = |pair: &&(u32, u32)| !users.forced[pair.0 as usize] && !devices.forced[pair.1 as usize];
        let pairs: Vec<(u32, u32)> = pairs.iter().filter(open).copied().collect();
        let counts = sides.map(|side| side.spans.len() as u32);
        let Ok(graph) = Graph::new(counts[0], counts[1], &pairs) else {
            return (whole.0, vec![PoolBranch::Part(whole.1.clone())]);
        };
        let mut search =
            Search { graph: &graph, sides, prices: self.prices, unit: self.unit, best: self.best.take(), bound: None };
        let shares = search.run(self.scale, PASSES, shares.clone());
        self.best = search.best;
        let work: usize = sides.iter().map(|side| side.spans.len() + side.days.len()).sum();
        self.left = self.left.saturating_sub((PASSES + 1) * (pairs.len() + work));
        match search.bound {
            Some(bound) => self.split(sides, &pairs, &shares, bound),
            None => (whole.0, vec![PoolBranch::Part(whole.1.clone())]),
        }
    }

    fn is_open(&self, bound: u128) -> bool {
        self.best.as_ref().is_some_and(|best| bound < best.cost)
    }
}

/// The side and number of the one with the most pairs.
fn busiest(sides: [&Side; 2], pairs: &[(u32, u32)]) -> Option<(usize, u32)> {
    let mut degrees = sides.map(|side| vec![0_u32; side.spans.len()]);
    for &(user, device) in pairs {
        degrees[0][user as usize] += 1;
        degrees[1][device as usize] += 1;
    }
    let most = |side: usize| {
        let numbered = degrees[side].iter().zip(0_u32..);
        numbered.map(|(&degree, vertex)| (degree, std::cmp::Reverse((side, vertex)))).max()
    };
    let (degree, std::cmp::Reverse(found)) = most(0).into_iter().chain(most(1)).max()?;
    (degree > 0).then_some(found)
}
