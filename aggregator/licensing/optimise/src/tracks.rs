//! Spans on tracks of two kinds, of which the better one serves every span and the other one some: as few of the better ones as
//! possible (0.4, A.6: a CAL that changes hands serves one span after the other, a newer one older needs as well).
//!
//! Spans that overlap need tracks of their own, and as many tracks as spans overlap at most are enough. So at every start the better
//! tracks carry all spans that need them and so many of the others that the rest fits on the rest: a flow along time, which is exact.
//! Knows numbers only.

use std::collections::BTreeMap;

use super::flow::{ArcId, Flow, FlowError, Network};

/// From day `first` to day `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its first day.
    pub first: u32,
    /// Its last day, not before the first.
    pub last: u32,
    /// Whether only a better track serves it.
    pub needs_better: bool,
}

/// The fewest better tracks, and which spans run on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracks {
    /// How many.
    pub better: u64,
    /// Per span.
    pub on_better: Vec<bool>,
}

/// The fewest better tracks among `tracks` in all; `None` if more spans overlap than there are tracks.
pub fn fewest_better(spans: &[Span], tracks: u64) -> Result<Option<Tracks>, FlowError> {
    let line = TimeLine::of(spans);
    if line.all.iter().copied().max().unwrap_or(0) > tracks {
        return Ok(None);
    }
    let (mut low, mut high) = (line.better.iter().copied().max().unwrap_or(0), tracks);
    // with all of them better it is possible
    while low < high {
        let middle = low.midpoint(high);
        if line.flow(tracks, middle)?.is_some() { high = middle } else { low = middle + 1 }
    }
    let Some(mut carried) = line.flow(tracks, high)? else { return Ok(None) };
    let on_better = spans.iter().map(|span| {
        span.needs_better
            || carried.get_mut(&line.reach(span)).is_some_and(|left| {
                let any = *left > 0;
                *left = left.saturating_sub(1);
                any
            })
    });
    Ok(Some(Tracks { better: high, on_better: on_better.collect() }))
}

/// Spans by the starts they cover: from, to without the last.
type Counts = BTreeMap<(u32, u32), u64>;

/// Between two starts nothing begins, so what overlaps is most at a start.
struct TimeLine {
    starts: Vec<u32>,
    /// By start: spans that cover it.
    all: Vec<u64>,
    /// Of these, those that need better tracks.
    better: Vec<u64>,
    /// Others.
    others: Counts,
}

impl TimeLine {
    fn of(spans: &[Span]) -> Self {
        let mut starts: Vec<u32> = spans.iter().map(|span| span.first).collect();
        starts.sort_unstable();
        starts.dedup();
        let mut line = Self { all: Vec::new(), better: Vec::new(), others: BTreeMap::new(), starts };
        let mut changes = [vec![0_i64; line.starts.len() + 1], vec![0_i64; line.starts.len() + 1]];
        for span in spans {
            let (from, to) = line.reach(span);
            for changes in &mut changes[..=usize::from(span.needs_better)] {
                changes[from as usize] += 1;
                changes[to as usize] -= 1;
            }
            if !span.needs_better {
                *line.others.entry((from, to)).or_default() += 1;
            }
        }
        let sums = |changes: &[i64]| -> Vec<u64> {
            let mut sum = 0;
            let sums = changes.iter().map(|change| {
                sum += change;
                u64::try_from(sum).unwrap_or(0)
            });
            sums.take(changes.len() - 1).collect()
        };
        (line.all, line.better) = (sums(&changes[0]), sums(&changes[1]));
        line
    }

    /// The starts that a span covers: from, to without the last.
    fn reach(&self, span: &Span) -> (u32, u32) {
        let at = |day: u32| self.starts.partition_point(|start| *start < day) as u32;
        (at(span.first), self.starts.partition_point(|start| *start <= span.last) as u32)
    }

    /// How many of the others the better tracks carry, by what they cover; `None` if so few better tracks are not enough.
    fn flow(&self, tracks: u64, better: u64) -> Result<Option<Counts>, FlowError> {
        let starts = self.starts.len();
        let mut network = Network::new(starts as u32 + 1);
        // what the better tracks have left at each start is carried or stays idle, and as much idles as all tracks have left
        let left = |at: usize| self.better.get(at).map_or(0, |needed| better - needed);
        let mut supply = 0_u64;
        for at in 0..=starts {
            let before = if at == 0 { 0 } else { left(at - 1) };
            let more = left(at).saturating_sub(before);
            supply += more;
            network.add_supply(at as u32, more);
            network.add_drain(at as u32, before.saturating_sub(left(at)));
        }
        for (at, all) in self.all.iter().enumerate() {
            network.add_arc(at as u32, at as u32 + 1, tracks - all);
        }
        let others: Vec<((u32, u32), ArcId)> =
            (self.others.iter()).map(|(&(from, to), &count)| ((from, to), network.add_arc(from, to, count))).collect();
        let mut flow = Flow::new(&network)?;
        flow.augment();
        let carried = || others.iter().map(|&(reach, arc)| (reach, flow.through(arc))).collect();
        Ok((flow.value() == supply).then(carried))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether the spans fit on so many tracks.
    fn fit(spans: &[&Span], tracks: u64) -> bool {
        spans.iter().all(|one| {
            spans.iter().filter(|other| other.first <= one.first && one.first <= other.last).count() as u64 <= tracks
        })
    }

    /// Every choice of the others tried.
    fn brute_force(spans: &[Span], tracks: u64) -> Option<u64> {
        (0..=tracks).find(|&better| {
            (0..1_u32 << spans.len()).any(|chosen| {
                let on = |at: usize| spans[at].needs_better || chosen >> at & 1 == 1;
                let side = |wanted: bool| -> Vec<&Span> {
                    (0..spans.len()).filter(|&at| on(at) == wanted).map(|at| &spans[at]).collect()
                };
                fit(&side(true), better) && fit(&side(false), tracks - better)
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn no_choice_has_fewer_better_tracks(
            rows in prop::collection::vec((0_u32..12, 0_u32..6, any::<bool>()), 0..8),
            more in 0_u64..2,
        ) {
            let spans: Vec<Span> =
                rows.iter().map(|&(first, length, needs_better)| Span { first, last: first + length, needs_better }).collect();
            let all: Vec<&Span> = spans.iter().collect();
            let most = (0..8).find(|&tracks| fit(&all, tracks)).unwrap();
            let found = fewest_better(&spans, most + more).unwrap().unwrap();
            prop_assert_eq!(Some(found.better), brute_force(&spans, most + more));
            let side = |wanted: bool| -> Vec<&Span> {
                spans.iter().zip(&found.on_better).filter(|(_, on)| **on == wanted).map(|(span, _)| span).collect()
            };
            prop_assert!(fit(&side(true), found.better) && fit(&side(false), most + more - found.better));
            prop_assert!(spans.iter().zip(&found.on_better).all(|(span, on)| *on || !span.needs_better));
            if most > 0 {
                prop_assert_eq!(fewest_better(&spans, most - 1).unwrap(), None);
            }
        }
    }
}
