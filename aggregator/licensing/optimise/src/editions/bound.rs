//! Weights of needs, and the lower bound that they prove.
//!
//! Whatever is chosen: a class is short by no less than its needs less what serves it, and each missing unit costs its price,
//! which no weight exceeds. So the needs at these weights, each host at its least, less every unit owned at the most that
//! it is worth, is a lower bound (the Lagrangian one). It is concave in the weights.

use super::{Compiled, Model, SCALE};

/// Weights by class, and what they prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Weighed {
    pub weights: Vec<i128>,
    /// In parts of the unit of the prices ([`SCALE`]).
    pub bound: i128,
    /// What is owned is worth so much.
    pub owned: i128,
}

impl Weighed {
    fn at(model: &Model<'_>, weights: Vec<i128>) -> Self {
        let mut found = Self { weights, bound: 0, owned: 0 };
        let worth = |classes: &[u32]| classes.iter().map(|&class| found.weights[class as usize]).max().unwrap_or(0);
        let supplies = model.supplies.iter().zip(&model.quantities).map(|(supply, &quantity)| {
            let turned = supply.turned.as_ref().map_or(0, |(units, serves)| i128::from(*units) * worth(serves));
            worth(&supply.serves).max(turned) * i128::from(quantity)
        });
        found.owned = supplies.sum();
        let needs = model.clusters.iter().map(|cluster| {
            let kinds = cluster.kinds.iter();
            let each = kinds
                .map(|(count, options)| {
                    i128::from(*count) * options.iter().map(|option| found.of(option)).min().unwrap_or(0)
                })
                .sum();
            cluster.together.as_ref().map_or(each, |together| found.of(together).min(each))
        });
        found.bound = needs.sum::<i128>() - found.owned;
        found
    }

    /// What an option is worth.
    pub fn of(&self, option: &Compiled) -> i128 {
        let needs = option.needs.iter().map(|&(class, count)| self.weights[class] * i128::from(count));
        needs.sum::<i128>() + option.money * SCALE
    }
}

/// How often all directions are tried.
const ROUNDS: usize = 6;
/// With more classes only each alone and all together are.
const PAIRS_UP_TO: usize = 8;

/// The best weights found, then some beside them, which tell states apart that the best do not.
pub(super) fn weights(model: &Model<'_>) -> Vec<Weighed> {
    let classes: Vec<usize> = (0..model.prices.len()).filter(|&class| model.served[class]).collect();
    let most: Vec<i128> = model.prices.iter().map(|price| price * SCALE).collect();
    let full = Weighed::at(model, most.clone());
    let nothing = Weighed::at(model, vec![0; most.len()]);
    let mut best = if full.bound > nothing.bound { full.clone() } else { nothing.clone() };
    let directions = directions(&classes, &most);
    for _ in 0..ROUNDS {
        let before = best.bound;
        for direction in &directions {
            best = along(model, best, direction, &most);
        }
        if best.bound == before {
            break;
        }
    }
    let mut found = vec![best.clone()];
    for &class in &classes {
        for weight in [0, most[class]] {
            let mut weights = best.weights.clone();
            weights[class] = weight;
            found.push(Weighed::at(model, weights));
        }
    }
    found.extend([full, nothing]);
    let mut seen: Vec<Weighed> = Vec::new();
    found.retain(|weighed| {
        let new = !seen.contains(weighed);
        if new {
            seen.push(weighed.clone());
        }
        new
    });
    found
}

/// Each class alone, two at once, all of one price.
fn directions(classes: &[usize], most: &[i128]) -> Vec<Vec<(usize, i128)>> {
    let mut directions: Vec<Vec<(usize, i128)>> = classes.iter().map(|&class| vec![(class, 1)]).collect();
    if classes.len() <= PAIRS_UP_TO {
        for (at, &one) in classes.iter().enumerate() {
            for &two in &classes[at + 1..] {
                directions.push(vec![(one, 1), (two, 1)]);
                directions.push(vec![(one, 1), (two, -1)]);
            }
        }
    }
    let mut prices: Vec<i128> = classes.iter().map(|&class| most[class]).collect();
    prices.sort_unstable();
    prices.dedup();
    for price in prices {
        let alike: Vec<(usize, i128)> =
            classes.iter().filter(|&&class| most[class] == price).map(|&class| (class, 1)).collect();
        if alike.len() > 2 {
            directions.push(alike);
        }
    }
    directions
}

/// The best weights on a line: the bound is concave, so halving finds them.
fn along(model: &Model<'_>, from: Weighed, direction: &[(usize, i128)], most: &[i128]) -> Weighed {
    let (mut low, mut high) = (i128::MIN, i128::MAX);
    for &(class, sign) in direction {
        let (down, up) = (from.weights[class], most[class] - from.weights[class]);
        let (down, up) = if sign > 0 { (down, up) } else { (up, down) };
        (low, high) = (low.max(-down), high.min(up));
    }
    let moved = |step: i128| {
        let mut weights = from.weights.clone();
        for &(class, sign) in direction {
            weights[class] += sign * step;
        }
        Weighed::at(model, weights)
    };
    while low < high {
        let middle = low + (high - low).div_euclid(2);
        if moved(middle).bound < moved(middle + 1).bound { low = middle + 1 } else { high = middle }
    }
    let found = moved(low);
    if found.bound > from.bound { found } else { from }
}
