//! A choice kind by kind: all ways that may still be cheaper than the best plan known, as far as the work allows.

use std::cmp::Reverse;

use super::{Compiled, Model, Taken, bound::Weighed, short::shortage};

/// Ways kept side by side, and ways looked at in all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Width {
    kept: usize,
    work: usize,
}

/// To find a good plan.
pub(super) const NARROW: Width = Width { kept: 64, work: 400_000 };
/// To prove it.
pub(super) const WIDE: Width = Width { kept: 4_000, work: 3_000_000 };

/// Numbers of hosts of a kind looked at for one option of one way, on either side of the best.
const NUMBERS: u64 = 400;
/// Ways that a new one is compared with.
const COMPARED: usize = 48;

pub(super) struct Found {
    pub better: Option<(Vec<Taken>, i128)>,
    /// No choice costs less than this and less than the best plan known.
    pub lower_bound: i128,
}

/// One option of one kind; of the last two options what one leaves the other takes.
struct Step<'m> {
    cluster: usize,
    kind: usize,
    option: usize,
    needs: &'m Compiled,
    /// The last option, if this is the one before.
    rest: Option<(usize, &'m Compiled)>,
    is_first: bool,
    is_only: bool,
    /// Whether its cluster may be licensed together.
    switched: bool,
    count: u64,
    /// Per weights: this option, the cheapest of those after it, all kinds and clusters after this one.
    each: Vec<i128>,
    others: Vec<i128>,
    after: Vec<i128>,
}

/// All hosts of a cluster together, or each by itself.
struct Switch<'m> {
    cluster: usize,
    needs: &'m Compiled,
    together: Vec<i128>,
    after: Vec<i128>,
    after_cluster: Vec<i128>,
}

enum Stage<'m> {
    Switch(Switch<'m>),
    Step(Step<'m>),
}

#[derive(Clone)]
struct Way {
    /// Needs so far by class, money so far.
    at: Vec<i64>,
    money: i128,
    /// Hosts of the present kind that have not chosen.
    open: u64,
    /// Whether the present cluster is licensed together.
    together: bool,
    /// By weights, what is chosen less what is owned.
    worth: Vec<i128>,
    bound: i128,
    /// In the history: the way this one comes from, and the number taken.
    from: u32,
    took: u64,
}

impl Way {
    fn take(&mut self, option: &Compiled, number: u64) {
        option.needs.iter().for_each(|&(class, each)| self.at[class] += each * number.cast_signed());
        self.money += option.money * i128::from(number);
    }
}

/// Looks for a plan cheaper than `limit`.
pub(super) fn search(model: &Model<'_>, weights: &[Weighed], limit: i128, width: Width) -> Found {
    let Ahead { mut first, mut decided, steps: stages } = stages(model, weights, limit);
    first.worth = weights.iter().map(|weighed| fixed_worth(weighed, &first) - weighed.owned).collect();
    let kept = (width.work / stages.len().max(1)).clamp(8, width.kept);
    let mut left_out = i128::MAX;
    let mut history: Vec<Vec<(u32, u64)>> = Vec::with_capacity(stages.len());
    let mut ways = vec![first];
    for stage in &stages {
        let mut next = Vec::new();
        for (at, way) in (0_u32..).zip(&ways) {
            match stage {
                Stage::Switch(switch) => switch.extend(way, at, limit, &mut next),
                Stage::Step(step) => {
                    let beyond = step.extend(way, at, limit, &mut next);
                    left_out = left_out.min(beyond);
                }
            }
        }
        ways = fewest(next);
        if ways.len() > kept {
            ways.sort_by(|one, two| (one.bound, &one.at).cmp(&(two.bound, &two.at)));
            left_out = left_out.min(ways[kept].bound);
            ways.truncate(kept);
        }
        history.push(ways.iter().map(|way| (way.from, way.took)).collect());
    }
    let costs = ways.iter().map(|way| way.money + shortage(model, &way.at).cost);
    let best = costs.zip(0..).min().filter(|(cost, _)| *cost < limit);
    let better = best.map(|(cost, at)| {
        trace(&stages, &history, at, &mut decided);
        (decided, cost)
    });
    let reached = better.as_ref().map_or(limit, |better| better.1);
    let left_out = if left_out == i128::MAX { left_out } else { Model::whole(left_out) };
    Found { lower_bound: reached.min(left_out), better }
}

fn fixed_worth(weighed: &Weighed, way: &Way) -> i128 {
    let needs = way.at.iter().zip(&weighed.weights).map(|(&count, &weight)| i128::from(count) * weight);
    needs.sum::<i128>() + way.money * super::SCALE
}

/// Options of each kind that may be part of a plan cheaper than `limit`: one more of any other would exceed it (by the best
/// weights, which come first).
fn open_options(options: &[Compiled], weights: &[Weighed], limit: i128) -> Vec<usize> {
    let best = &weights[0];
    let least = options.iter().map(|option| best.of(option)).min().unwrap_or(0);
    let room = limit * super::SCALE - best.bound;
    let fits = |option: &Compiled| best.of(option) - least < room;
    let mut open: Vec<usize> = (0..options.len()).filter(|&at| fits(&options[at])).collect();
    if open.is_empty() {
        open.extend((0..options.len()).find(|&at| best.of(&options[at]) == least));
    }
    open
}

/// How much dearer the next best choice of a kind is, by the best weights.
fn certainty(options: &[Compiled], open: &[usize], weights: &[Weighed]) -> i128 {
    let mut worth: Vec<i128> = open.iter().map(|&at| weights[0].of(&options[at])).collect();
    worth.sort_unstable();
    worth.get(1).map_or(0, |second| second - worth[0])
}

/// Kinds of a cluster that have more than one option left, with these.
type OpenKinds = Vec<(usize, Vec<usize>)>;

struct Ahead<'m> {
    /// The needs of what is decided already.
    first: Way,
    decided: Vec<Taken>,
    steps: Vec<Stage<'m>>,
}

/// What is certain already, and what is left to choose, the most certain kinds first.
fn stages<'m>(model: &'m Model<'_>, weights: &[Weighed], limit: i128) -> Ahead<'m> {
    let mut first = Way {
        at: vec![0; model.prices.len()],
        money: 0,
        open: 0,
        together: false,
        worth: Vec::new(),
        bound: i128::MIN,
        from: 0,
        took: 0,
    };
    let mut decided = Vec::with_capacity(model.clusters.len());
    let mut clusters: Vec<(i128, usize, OpenKinds)> = Vec::new();
    for (at, cluster) in model.clusters.iter().enumerate() {
        let mut kinds = Vec::new();
        let mut counts: Vec<Vec<u64>> = cluster.kinds.iter().map(|(_, options)| vec![0; options.len()]).collect();
        for (kind, (count, options)) in cluster.kinds.iter().enumerate() {
            let open = open_options(options, weights, limit);
            if let ([only], None) = (&open[..], &cluster.together) {
                first.take(&options[*only], *count);
                counts[kind][*only] = *count;
            } else {
                kinds.push((kind, open));
            }
        }
        decided.push(Taken::Each(counts));
        if !kinds.is_empty() || cluster.together.is_some() {
            let certain = kinds.iter().map(|(kind, open)| certainty(&cluster.kinds[*kind].1, open, weights)).max();
            clusters.push((certain.unwrap_or(0), at, kinds));
        }
    }
    clusters.sort_by_key(|&(certain, at, _)| (Reverse(certain), at));
    let mut stages: Vec<Stage<'m>> = Vec::new();
    let mut after_cluster = vec![0; weights.len()];
    for (_, at, kinds) in clusters.iter().rev() {
        let cluster = &model.clusters[*at];
        let mut after = after_cluster.clone();
        let mut own = Vec::new();
        for (kind, open) in kinds.iter().rev() {
            let (count, options) = &cluster.kinds[*kind];
            let worth = |option: usize| weights.iter().map(|weighed| weighed.of(&options[option])).collect::<Vec<_>>();
            let least = |from: usize| -> Vec<i128> {
                let of = |weighed: &Weighed| open[from..].iter().map(|&at| weighed.of(&options[at])).min().unwrap_or(0);
                weights.iter().map(of).collect()
            };
            for place in (0..open.len().saturating_sub(1).max(1)).rev() {
                let is_last = place + 2 >= open.len();
                own.push(Stage::Step(Step {
                    cluster: *at,
                    kind: *kind,
                    option: open[place],
                    needs: &options[open[place]],
                    rest: open.get(place + 1).filter(|_| is_last).map(|&rest| (rest, &options[rest])),
                    is_first: place == 0,
                    is_only: open.len() == 1,
                    switched: cluster.together.is_some(),
                    count: *count,
                    each: worth(open[place]),
                    others: least(place + 1),
                    after: after.clone(),
                }));
            }
            after.iter_mut().zip(least(0)).for_each(|(after, least)| *after += least * i128::from(*count));
        }
        if let Some(needs) = &cluster.together {
            let together: Vec<i128> = weights.iter().map(|weighed| weighed.of(needs)).collect();
            let least: Vec<i128> = (after.iter().zip(&after_cluster).zip(&together))
                .map(|((after, rest), together)| (*after).min(rest + together))
                .collect();
            let after_cluster = std::mem::replace(&mut after_cluster, least);
            own.push(Stage::Switch(Switch { cluster: *at, needs, together, after, after_cluster }));
        } else {
            after_cluster = after;
        }
        stages.append(&mut own);
    }
    stages.reverse();
    Ahead { first, decided, steps: stages }
}

/// Leaves out ways that need no less of anything than another one.
fn fewest(mut ways: Vec<Way>) -> Vec<Way> {
    ways.sort_by(|one, two| {
        let key = |way: &Way| (way.open, way.together);
        (key(one), &one.at, one.money).cmp(&(key(two), &two.at, two.money))
    });
    let mut kept: Vec<Way> = Vec::with_capacity(ways.len());
    for way in ways {
        let no_more = |other: &Way| {
            (other.open, other.together) == (way.open, way.together)
                && other.money <= way.money
                && other.at.iter().zip(&way.at).all(|(one, two)| one <= two)
        };
        if !kept.iter().rev().take(COMPARED).any(no_more) {
            kept.push(way);
        }
    }
    kept
}

/// Writes down what the way at this place took at each stage.
fn trace(stages: &[Stage<'_>], history: &[Vec<(u32, u64)>], at: usize, decided: &mut [Taken]) {
    let mut at = at;
    let mut took = Vec::with_capacity(stages.len());
    for row in history.iter().rev() {
        let (from, number) = row[at];
        took.push(number);
        at = from as usize;
    }
    let mut open = 0;
    for (stage, number) in stages.iter().zip(took.into_iter().rev()) {
        match stage {
            Stage::Switch(switch) if number == 1 => decided[switch.cluster] = Taken::Together,
            Stage::Switch(_) => {}
            Stage::Step(step) => {
                let Taken::Each(kinds) = &mut decided[step.cluster] else { continue };
                if step.is_first {
                    open = step.count;
                }
                kinds[step.kind][step.option] = number;
                open -= number;
                if let Some((rest, _)) = step.rest {
                    kinds[step.kind][rest] = open;
                }
            }
        }
    }
}

impl Switch<'_> {
    fn extend(&self, way: &Way, from: u32, limit: i128, to: &mut Vec<Way>) {
        for together in [false, true] {
            let mut next = Way { open: 0, together, from, took: u64::from(together), ..way.clone() };
            let after = if together { &self.after_cluster } else { &self.after };
            if together {
                next.take(self.needs, 1);
                next.worth.iter_mut().zip(&self.together).for_each(|(worth, more)| *worth += more);
            }
            next.bound = next.worth.iter().zip(after).map(|(worth, after)| worth + after).max().unwrap_or(i128::MIN);
            if next.bound <= (limit - 1) * super::SCALE {
                to.push(next);
            }
        }
    }
}

impl Step<'_> {
    /// Adds what comes of a way; returns the bound of what was not looked at.
    fn extend(&self, way: &Way, from: u32, limit: i128, to: &mut Vec<Way>) -> i128 {
        if way.together && self.switched {
            // its bound stays: these hosts have chosen
            to.push(Way { from, took: 0, ..way.clone() });
            return i128::MAX;
        }
        let open = if self.is_first { self.count } else { way.open };
        let bound = |number: u64| {
            let (number, others) = (i128::from(number), i128::from(open - number));
            let all = way.worth.iter().zip(&self.each).zip(self.others.iter().zip(&self.after));
            all.map(|((worth, each), (other, after))| worth + each * number + other * others + after)
                .max()
                .unwrap_or(i128::MIN)
        };
        let may_be_cheaper = |bound: i128| bound <= (limit - 1) * super::SCALE;
        let mut add = |number: u64, bound: i128| {
            let others = open - number;
            let mut next = Way { open: others, bound, from, took: number, ..way.clone() };
            next.take(self.needs, number);
            let by_rest = self.rest.filter(|_| others > 0);
            if let Some((_, rest)) = by_rest {
                next.take(rest, others);
            }
            if self.rest.is_some() {
                next.open = 0;
            }
            for (at, worth) in next.worth.iter_mut().enumerate() {
                *worth += self.each[at] * i128::from(number);
                if by_rest.is_some() {
                    *worth += self.others[at] * i128::from(others);
                }
            }
            to.push(next);
        };
        if self.is_only {
            let all = bound(open);
            if may_be_cheaper(all) {
                add(open, all);
            }
            return i128::MAX;
        }
        // the bound is convex in the number
        let (mut low, mut high) = (0, open);
        while low < high {
            let middle = u64::midpoint(low, high);
            if bound(middle) <= bound(middle + 1) { high = middle } else { low = middle + 1 }
        }
        let mut beyond = i128::MAX;
        let mut look = |numbers: &mut dyn Iterator<Item = u64>| {
            for (looked, number) in (0_u64..).zip(numbers) {
                let bound = bound(number);
                if !may_be_cheaper(bound) {
                    break;
                }
                if looked == NUMBERS {
                    beyond = beyond.min(bound);
                    break;
                }
                add(number, bound);
            }
        };
        look(&mut (low..=open));
        look(&mut (0..low).rev());
        beyond
    }
}
