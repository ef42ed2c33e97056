//! What is short once everything owned serves the needs that cost most.

use super::Model;

/// How what is owned serves needs.
pub(super) struct Served {
    pub cost: i128,
    /// By supply and class.
    pub given: Vec<Vec<u64>>,
    /// By supply.
    pub turned: Vec<u64>,
}

/// The least money for what is short of these needs (by class).
pub(super) fn shortage(model: &Model<'_>, needed: &[i64]) -> Served {
    let mut turned = vec![0_i64; model.supplies.len()];
    // no two turn into the same, and the cost is convex in each number, so one after the other is exact
    for supply in (0..turned.len()).filter(|&at| model.supplies[at].turned.is_some()) {
        let (mut low, mut high) = (0, model.quantities[supply]);
        while low < high {
            let middle = i64::midpoint(low, high);
            let mut cost = |count: i64| {
                turned[supply] = count;
                serve(model, needed, &turned).0
            };
            // of equally cheap numbers the least
            if cost(middle) <= cost(middle + 1) { high = middle } else { low = middle + 1 }
        }
        turned[supply] = low;
    }
    let (cost, given) = serve(model, needed, &turned);
    let whole = |row: Vec<i64>| row.into_iter().map(i64::unsigned_abs).collect();
    Served {
        cost,
        given: given.into_iter().map(whole).collect(),
        turned: turned.into_iter().map(i64::unsigned_abs).collect(),
    }
}

/// The dearest class takes first and never gives back what it got: classes that can be served together form a matroid.
fn serve(model: &Model<'_>, needed: &[i64], turned: &[i64]) -> (i128, Vec<Vec<i64>>) {
    let count = model.supplies.len();
    // the second half is what is turned
    let mut left: Vec<i64> = (0..count).map(|at| model.quantities[at] - turned[at]).collect();
    left.extend((0..count).map(|at| {
        let units = model.supplies[at].turned.as_ref().map_or(0, |turned| turned.0);
        i64::try_from(units).unwrap_or(i64::MAX).saturating_mul(turned[at])
    }));
    let serves = |supply: usize, class: usize| {
        let classes = match (&model.supplies[supply % count].turned, supply < count) {
            (Some((_, classes)), false) => classes,
            (None, false) => return false,
            (_, true) => &model.supplies[supply].serves,
        };
        classes.contains(&(class as u32))
    };
    let mut given = vec![vec![0_i64; needed.len()]; left.len()];
    let mut order: Vec<usize> = (0..needed.len()).filter(|&class| needed[class] > 0).collect();
    order.sort_by_key(|&class| (std::cmp::Reverse(model.prices[class]), class));
    let mut cost = 0;
    for class in order {
        let mut open = needed[class];
        while open > 0 {
            let Some((way, most)) = way(class, &left, &given, &serves) else { break };
            let amount = open.min(most);
            let mut to = class;
            for (supply, next) in way {
                given[supply][to] += amount;
                match next {
                    Some(other) => {
                        given[supply][other] -= amount;
                        to = other;
                    }
                    None => left[supply] -= amount,
                }
            }
            open -= amount;
        }
        cost += model.prices[class] * i128::from(open);
    }
    (cost, given)
}

/// Each supply, and the class that it leaves to another supply for the way; none at the last.
type Way = Vec<(usize, Option<usize>)>;

/// The shortest way to units that are left: from a class to a supply, from there to a class it serves, and so on.
fn way(class: usize, left: &[i64], given: &[Vec<i64>], serves: &impl Fn(usize, usize) -> bool) -> Option<(Way, i64)> {
    if left.is_empty() {
        return None;
    }
    let mut queue = vec![(class, usize::MAX, usize::MAX)];
    let mut seen = vec![false; left.len()];
    let mut known = vec![false; given.first().map_or(0, Vec::len)];
    known[class] = true;
    let mut at = 0;
    while at < queue.len() {
        let from = queue[at].0;
        for supply in 0..left.len() {
            if seen[supply] || !serves(supply, from) {
                continue;
            }
            seen[supply] = true;
            if left[supply] > 0 {
                let (mut way, mut most, mut here) = (vec![(supply, None)], left[supply], at);
                while queue[here].1 != usize::MAX {
                    let (class, supply, before) = queue[here];
                    most = most.min(given[supply][class]);
                    way.push((supply, Some(class)));
                    here = before;
                }
                way.reverse();
                return Some((way, most));
            }
            for other in 0..known.len() {
                if !known[other] && given[supply][other] > 0 {
                    known[other] = true;
                    queue.push((other, supply, at));
                }
            }
        }
        at += 1;
    }
    None
}
