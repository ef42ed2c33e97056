//! Why no purchase of several levels can cost less: demand that no way to cover the pairs escapes, level by level.

use super::{Counts, Level, LevelNeeds, LevelTerms, chains::Chains, terms::Terms};
use crate::{Demand, verify::levels as verify};

/// Whoever holds a level accounts for the weights of that and all lower ones, and covers demand of at most as much: per user and
/// device, its pairs up to any level bear no more than the weights up to that level, less those of what it holds in any case.
/// So all holders together account for the sum of `demand` at least, beyond what is held in any case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LevelBound {
    /// Weight of level 1, 2, … of users, in parts of their price.
    pub user_weights: Vec<u64>,
    /// The same of devices, in parts as large.
    pub device_weights: Vec<u64>,
    /// Disjoint demand of pairs at these weights.
    pub demand: Vec<Demand>,
}

impl LevelBound {
    /// What the proof shows, checked from its definition alone in one pass over the sorted pairs: no purchase for `needs` at `terms`
    /// costs less. None if a number in it is wrong.
    #[must_use]
    pub fn verified(&self, needs: &LevelNeeds<'_>, terms: &LevelTerms<'_>) -> Option<u128> {
        verify::bound(self, needs, terms)
    }
}

/// The best cut so far: what it shows, its weights, and the demand on the graph of chains.
#[derive(Debug)]
pub(super) struct Best {
    /// Weight of all holders, less that of what is owned, in scaled prices.
    pub value: i128,
    pub weights: Counts,
    pub demand: Vec<Demand>,
}

impl Best {
    /// The same in parts finer by `by`.
    pub fn refine(&mut self, by: u64) {
        self.value *= i128::from(by);
        self.weights.iter_mut().for_each(|weight| *weight *= by);
        self.demand.iter_mut().for_each(|demand| demand.amount *= by);
    }

    /// As a proof about the pairs themselves.
    pub fn proof(self, chains: &Chains, terms: &Terms) -> LevelBound {
        if self.value <= 0 {
            let none = || vec![0; terms.levels];
            return LevelBound { user_weights: none(), device_weights: none(), demand: Vec::new() };
        }
        let demand = chains.demand_of_pairs(&self.weights, &self.demand);
        let (users, devices) = self.weights.split_at(terms.levels);
        LevelBound { user_weights: users.to_vec(), device_weights: devices.to_vec(), demand }
    }
}

/// What a pair bears, with the level that it needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Borne {
    pub ends: [u32; 2],
    pub level: Level,
    pub amount: u64,
}

/// Takes off what a vertex bears too much: pairs up to a level bear `room(vertex, level)` together at most. `borne` is sorted
/// by vertex of that side, then by level.
pub(super) fn fit(borne: &mut [Borne], side: usize, room: impl Fn(u32, Level) -> u64) {
    for own in borne.chunk_by_mut(|one, other| one.ends[side] == other.ends[side]) {
        let mut sum = 0_u128;
        for end in 0..own.len() {
            sum += u128::from(own[end].amount);
            let most = u128::from(room(own[end].ends[side], own[end].level));
            let mut at = end;
            while sum > most {
                let taken = (sum - most).min(u128::from(own[at].amount));
                own[at].amount -= taken as u64;
                sum -= taken;
                at = at.saturating_sub(1);
            }
        }
    }
}
