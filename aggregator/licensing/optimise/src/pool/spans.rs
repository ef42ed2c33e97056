//! From stays to spans, and how many of them meet on one day. Only days on which a largest set of spans meets matter: the
//! last first day before a span ends.

use super::{PoolProblem, Stay};

/// Days on which somebody holds a CAL, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub first: u32,
    pub last: u32,
}

/// One side: users or devices.
#[derive(Debug, Clone)]
pub(super) struct Side {
    /// Per vertex; none without a stay.
    pub spans: Vec<Option<Span>>,
    /// Whether each holds a CAL whatever is chosen.
    pub forced: Vec<bool>,
    /// The days that matter, ascending.
    pub days: Vec<u32>,
    /// Per vertex: the days of its span, as positions from and up to.
    pub within: Vec<(u32, u32)>,
}

/// Users and devices.
pub(super) fn sides(problem: &PoolProblem<'_>) -> (Side, Side) {
    let side = |count: u32, end: fn(&Stay) -> Option<u32>, other: fn(&Stay) -> Option<u32>| {
        let mut spans: Vec<Option<Span>> = vec![None; count as usize];
        let mut forced = vec![false; count as usize];
        for stay in problem.stays {
            let Some(vertex) = end(stay) else { continue };
            let span = spans[vertex as usize].get_or_insert(Span { first: stay.first, last: stay.last });
            span.first = span.first.min(stay.first);
            span.last = span.last.max(stay.last);
            forced[vertex as usize] |= other(stay).is_none();
        }
        for span in spans.iter_mut().flatten() {
            span.last = span.last.max(span.first.saturating_add(problem.minimum_days));
        }
        Side::new(spans, forced)
    };
    (
        side(problem.users, |stay| stay.user, |stay| stay.device),
        side(problem.devices, |stay| stay.device, |stay| stay.user),
    )
}

impl Side {
    fn new(spans: Vec<Option<Span>>, forced: Vec<bool>) -> Self {
        let mut firsts: Vec<u32> = spans.iter().flatten().map(|span| span.first).collect();
        let mut lasts: Vec<u32> = spans.iter().flatten().map(|span| span.last).collect();
        firsts.sort_unstable();
        firsts.dedup();
        lasts.sort_unstable();
        // A day matters if a span ends before the next one begins.
        let mut days = Vec::new();
        for (index, &first) in firsts.iter().enumerate() {
            let end = lasts.partition_point(|&last| last < first);
            let next = firsts.get(index + 1);
            if lasts.get(end).is_some_and(|last| next.is_none_or(|next| last < next)) {
                days.push(first);
            }
        }
        let position = |day: u32| days.partition_point(|&one| one < day) as u32;
        let after = |day: u32| days.partition_point(|&one| one <= day) as u32;
        let within =
            spans.iter().map(|span| span.map_or((0, 0), |span| (position(span.first), after(span.last)))).collect();
        Self { spans, forced, days, within }
    }

    /// Per day that matters: how many of those chosen hold a CAL.
    pub(super) fn loads(&self, chosen: &[bool]) -> Vec<u64> {
        let mut begin = vec![0_u64; self.days.len() + 1];
        let mut end = begin.clone();
        for (&(from, to), _) in self.within.iter().zip(chosen).filter(|(_, chosen)| **chosen) {
            begin[from as usize] += 1;
            end[to as usize] += 1;
        }
        let mut held = 0;
        let sums = begin.iter().zip(&end).take(self.days.len()).map(|(begin, end)| {
            held = held + begin - end;
            held
        });
        sums.collect()
    }

    pub(super) fn peak(&self, chosen: &[bool]) -> u64 {
        self.loads(chosen).into_iter().max().unwrap_or(0)
    }

    /// All weight on the first of the days on which those chosen hold most.
    pub(super) fn peak_only(&self, chosen: &[bool], weight: u64) -> Vec<u64> {
        let loads = self.loads(chosen);
        let busiest = (0..loads.len()).max_by_key(|&day| (loads[day], std::cmp::Reverse(day)));
        (0..loads.len()).map(|day| if Some(day) == busiest { weight } else { 0 }).collect()
    }

    /// Per vertex: what the days of its span weigh together.
    pub(super) fn weigh(&self, weights: &[u64]) -> Vec<u64> {
        let mut sums = vec![0];
        for (day, weight) in weights.iter().enumerate() {
            sums.push(sums[day] + weight);
        }
        self.within.iter().map(|&(from, to)| sums[to as usize] - sums[from as usize]).collect()
    }
}
