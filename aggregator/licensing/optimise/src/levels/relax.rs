//! The best weights: cuts at weights that the covers met so far suggest, until nothing more is to be learned.

use super::{
    Counts, Holding, Level,
    bound::Best,
    chains::{Chains, Cut},
    fixed::Fixed,
    master::{Master, Next},
    terms::Terms,
};

/// What the cuts came to.
#[derive(Debug)]
pub(super) struct Relaxed {
    /// No purchase within the range costs less.
    pub bound: u128,
    /// Covers met on the way, in order.
    pub covers: Vec<Holding>,
    /// The covers of the best mixture and the share of each.
    pub mixture: Vec<(usize, Fixed)>,
    /// How much of either kind is bought in it.
    pub bought: [Fixed; 2],
    /// The best cut.
    pub center: Best,
    /// Pairs that the cuts looked at, and what the program between them took.
    pub work: u64,
}

impl Relaxed {
    /// The cheapest cover met.
    pub fn cheapest(&self) -> Option<&Holding> {
        self.covers.iter().min_by_key(|holding| holding.cost)
    }

    /// Covers of the best mixture.
    pub fn mixed(&self) -> impl Iterator<Item = (&Holding, Fixed)> {
        self.mixture.iter().map(|&(cover, share)| (&self.covers[cover], share))
    }
}

/// Where to begin and when to end.
pub(super) struct Start {
    /// Covers that are known.
    pub covers: Vec<Vec<Level>>,
    /// Weights to cut at first, at least one.
    pub weights: Vec<Counts>,
    /// Cuts at most.
    pub cuts: usize,
    /// Ends when the bound reaches this.
    pub enough: u128,
}

/// Cuts from `start` on. `terms` are made finer where that leads further.
pub(super) fn relaxed(chains: &Chains, terms: &mut Terms, start: Start) -> Relaxed {
    let mut master = Master::new(terms);
    let mut covers: Vec<Holding> = Vec::new();
    let mut enough = start.enough;
    for levels in start.covers {
        let holding = chains.holding(&levels, terms);
        master.add(&chains.counts(&holding.levels), covers.len());
        enough = enough.min(holding.cost);
        covers.push(holding);
    }
    let none = vec![0; 2 * terms.levels];
    let mut center = Best { value: i128::MIN, weights: none, demand: Vec::new() };
    let (mut bound, mut work) = (0, 0);
    let mut first = start.weights.into_iter();
    for _ in 0..start.cuts {
        let weights = match first.next() {
            Some(weights) => weights,
            None => match master.next(terms, &center, bound) {
                Next::Weights(weights) => weights,
                Next::Reached => break,
                Next::TooCoarse => {
                    let Some(finer) = terms.refine() else { break };
                    center.refine(finer);
                    master.forget();
                    continue;
                }
            },
        };
        work += chains.size();
        let Cut { least, levels, demand } = chains.lightest(&weights);
        let value = terms.shown(least, &weights);
        if value > center.value {
            center = Best { value, weights, demand };
        }
        bound = bound.max(terms.unscaled(value));
        let holding = chains.holding(&levels, terms);
        master.add(&chains.counts(&holding.levels), covers.len());
        enough = enough.min(holding.cost);
        covers.push(holding);
        if bound >= enough {
            break;
        }
    }
    let (mixture, bought) = master.mixture();
    Relaxed { bound, covers, mixture, bought, center, work: work + master.work }
}
