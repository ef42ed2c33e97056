//! Which machines are licensed by themselves, given that all of a customer's have a least number of cores together (C.14).
//!
//! With as many cores as that or more every host decides for itself. With fewer the last ones are paid for nothing, so one
//! more machine may cost less, and so may none.

use std::cmp::Reverse;

use super::{Candidate, Carrier, Choice, Machines, edition, fit, least_of_all};
use crate::{checked::Checked, estate::EstateError};

/// Cores so far, no more than the least, and the machine that carries what is missing; the money saved by hosts, less is better.
#[derive(Debug, Clone, Copy)]
struct State<'a> {
    cores: u64,
    carrier: Option<Carrier<'a>>,
    money: i128,
    /// Place of the state before the last candidate, and whether that is taken.
    from: usize,
    taken: bool,
}

/// Which candidates are licensed by machine: those with which everything costs least at list price, none that saves nothing.
pub(super) fn taken<'a>(
    checked: &Checked<'a>,
    machines: &Machines<'_, 'a>,
    candidates: &[Candidate<'a>],
) -> Result<Vec<bool>, EstateError> {
    let least = least_of_all(checked.catalogue, machines.product);
    let in_any_case = machines.in_any_case.iter();
    let start = State {
        cores: in_any_case.clone().fold(0_u64, |sum, need| sum.saturating_add(need.chosen.count)).min(least),
        carrier: in_any_case.map(|need| (need.version, Reverse(need.chosen.sku))).max(),
        money: 0,
        from: 0,
        taken: false,
    };
    let saves = |candidate: &Candidate<'a>| candidate.by_machine < candidate.by_host;
    // what is owned only: in their order as far as it goes
    let mut left = machines.assured_left();
    let mut simple = vec![false; candidates.len()];
    for (candidate, taken) in candidates.iter().zip(&mut simple) {
        *taken = saves(candidate) && (machines.may_be_bought || fit(candidate.by_edition, left));
        if *taken {
            left.iter_mut().zip(candidate.by_edition).for_each(|(left, cores)| *left = left.saturating_sub(cores));
        }
    }
    let chosen = candidates.iter().zip(&simple).filter(|(_, taken)| **taken);
    let cores = chosen.clone().fold(start.cores, |sum, (candidate, _)| sum.saturating_add(candidate.count));
    if cores >= least || candidates.is_empty() {
        return Ok(simple);
    }
    if !machines.may_be_bought {
        // all that the minimum asks for would have to be owned, too
        let mut state = start;
        chosen.for_each(|(candidate, _)| state = state.with(candidate, least, 0));
        let pays =
            state.sum(checked, least)?.zip(start.sum(checked, least)?).is_some_and(|(with, without)| with < without);
        let owned = state.carrier.is_none_or(|(_, Reverse(sku))| least - state.cores <= left[edition(sku)]);
        return Ok(if pays && owned { simple } else { vec![false; candidates.len()] });
    }
    cheapest(checked, least, start, candidates)
}

/// Of all choices the cheapest; of equally cheap ones the one found first, without what saves nothing.
fn cheapest<'a>(
    checked: &Checked<'a>,
    least: u64,
    start: State<'a>,
    candidates: &[Candidate<'a>],
) -> Result<Vec<bool>, EstateError> {
    let mut layers: Vec<Vec<State<'a>>> = vec![vec![start]];
    for candidate in candidates {
        let before = layers.last().map_or(&[][..], Vec::as_slice);
        let mut layer: Vec<State<'a>> = Vec::new();
        for (from, state) in before.iter().enumerate() {
            for next in [State { from, taken: false, ..*state }, state.with(candidate, least, from)] {
                let alike = |other: &&mut State<'a>| (other.cores, other.carrier) == (next.cores, next.carrier);
                match layer.iter_mut().find(alike) {
                    Some(known) if next.money < known.money => *known = next,
                    Some(_) => {}
                    None => layer.push(next),
                }
            }
        }
        layers.push(layer);
    }
    let mut best: Option<(i128, usize)> = None;
    for (at, state) in layers.last().into_iter().flatten().enumerate() {
        if let Some(sum) = state.sum(checked, least)?
            && best.is_none_or(|best| sum < best.0)
        {
            best = Some((sum, at));
        }
    }
    let mut taken = vec![false; candidates.len()];
    let mut at = best.map_or(0, |best| best.1);
    for (layer, taken) in layers.iter().skip(1).zip(&mut taken).rev() {
        *taken = layer[at].taken;
        at = layer[at].from;
    }
    Ok(taken)
}

impl<'a> State<'a> {
    fn with(self, candidate: &Candidate<'a>, least: u64, from: usize) -> Self {
        Self {
            cores: self.cores.saturating_add(candidate.count).min(least),
            carrier: self.carrier.max(candidate.carrier),
            money: self.money + candidate.by_machine - candidate.by_host,
            from,
            taken: true,
        }
    }

    /// With what the minimum asks for; `None` without its price.
    fn sum(&self, checked: &Checked<'_>, least: u64) -> Result<Option<i128>, EstateError> {
        let missing = least - self.cores;
        match self.carrier {
            Some((_, Reverse(sku))) if missing > 0 => {
                let cost = Choice { sku, count: missing }.cost(checked.estate)?;
                Ok(cost.map(|cost| self.money + i128::from(cost)))
            }
            _ => Ok(Some(self.money)),
        }
    }
}
