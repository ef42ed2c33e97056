//! Better purchases near the best mixture: what its covers agree on is settled, and the rest, a smaller problem, is searched by
//! branch and bound. Nothing that is found so is a bound.

use super::{
    Counts, Holding, Level, Work,
    chains::Chains,
    core::Core,
    relax::{Relaxed, Start, relaxed},
    terms::Terms,
    tree,
};

/// Cuts of the rest at most, before it is searched.
const CUTS: usize = 40;

/// `best` or a cheaper purchase; nothing is cheaper than `bound`.
pub(super) fn from(
    chains: &Chains,
    terms: &Terms,
    found: &Relaxed,
    best: Holding,
    bound: u128,
    work: &mut Work,
) -> Holding {
    let mixed: Vec<&[Level]> =
        found.mixed().map(|(holding, _)| holding.levels.as_slice()).chain([best.levels.as_slice()]).collect();
    let least = |vertex: usize| mixed.iter().map(|levels| levels[vertex]).min().unwrap_or(0);
    let core = Core::of(chains, terms, (0..chains.vertices()).map(least).collect());
    if core.is_empty() || !work.take(chains.size()) {
        return best;
    }
    let covers = mixed.iter().map(|levels| core.inner(levels)).collect();
    let weights: Vec<Counts> = vec![found.center.weights.clone()];
    let mut terms = core.terms.clone();
    let inner = relaxed(&core.chains, &mut terms, Start { covers, weights, cuts: CUTS, enough: bound });
    work.take(inner.work);
    if inner.bound >= best.cost {
        return best;
    }
    let known = Holding { levels: core.inner(&best.levels), cost: best.cost };
    let start = inner.cheapest().filter(|one| one.cost < known.cost).cloned().unwrap_or(known);
    let (better, _) = tree::search(&core.chains, &terms, &inner, start, work);
    if better.cost < best.cost { Holding { levels: core.outer(&better.levels), cost: better.cost } } else { best }
}
