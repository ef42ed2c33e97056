//! From needs to holdings: what each user and device holds for the families it needs, and what that costs to buy.

use super::{BundleProblem, Holder, Holding, LEFT_OUT, cut::Layout, cut::Needs};

/// What everybody holds: a set of offers each, bit by bit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    users: Vec<u64>,
    devices: Vec<u64>,
    /// Families that each covers by what it holds.
    covered: Needs,
}

impl Assignment {
    /// Per offer: how many are held.
    pub(super) fn held(&self, problem: &BundleProblem<'_>) -> Vec<u64> {
        let mut held = vec![0; problem.offers.len()];
        for set in self.users.iter().chain(&self.devices) {
            members(*set).for_each(|offer| held[offer] += 1);
        }
        held
    }

    /// Whether nothing is held beyond what is owned unless it is on sale, and all that was needed could be covered.
    pub(super) fn is_possible(&self, problem: &BundleProblem<'_>) -> bool {
        let bare = |set: &u64| *set == IMPOSSIBLE;
        !self.users.iter().chain(&self.devices).any(bare)
            && self
                .held(problem)
                .iter()
                .zip(problem.offers)
                .all(|(&held, offer)| offer.price.is_some() || held <= offer.owned)
    }

    pub(super) fn cost(&self, problem: &BundleProblem<'_>) -> u128 {
        let held = self.held(problem);
        let buy = held
            .iter()
            .zip(problem.offers)
            .map(|(&held, offer)| u128::from(held.saturating_sub(offer.owned)) * u128::from(offer.price.unwrap_or(0)));
        buy.sum()
    }

    pub(super) fn needs(&self) -> Needs {
        self.covered.clone()
    }

    pub(super) fn into_holdings(self, problem: &BundleProblem<'_>) -> (Vec<Holding>, Vec<u64>) {
        let held = self.held(problem);
        let buy = held.iter().zip(problem.offers).map(|(held, offer)| held.saturating_sub(offer.owned)).collect();
        let of = |side: &[u64]| -> Vec<Holding> {
            let each = (0..)
                .zip(side)
                .flat_map(|(vertex, &set)| members(set).map(move |offer| Holding { offer: offer as u32, vertex }));
            each.collect()
        };
        let mut holdings = of(&self.users);
        holdings.extend(of(&self.devices));
        holdings.sort_unstable();
        (holdings, buy)
    }
}

/// Stands for a need that no offer covers. All bits: nobody holds every offer of both sides.
const IMPOSSIBLE: u64 = u64::MAX;

fn members(set: u64) -> impl Iterator<Item = usize> {
    (0..64).filter(move |offer| set != IMPOSSIBLE && set >> offer & 1 == 1)
}

/// The cheapest sets of offers at some weights.
pub(super) struct Terms<'a> {
    problem: &'a BundleProblem<'a>,
    users: Table,
    devices: Table,
}

/// The cheapest set for every set of families, found when asked for.
#[derive(Clone)]
struct Table {
    /// Offers of one side: (position, families, weight).
    offers: Vec<(usize, u32, u64)>,
    best: Vec<Option<(u64, u64)>>,
}

impl Table {
    fn new(problem: &BundleProblem<'_>, holder: Holder, weight: impl Fn(usize) -> Option<u64>) -> Self {
        let of_side = problem.offers.iter().enumerate().filter(|(_, offer)| offer.holder == holder);
        let offers = of_side.filter_map(|(index, offer)| Some((index, offer.families, weight(index)?))).collect();
        let mut best = vec![None; 1 << problem.families.len()];
        best[0] = Some((0, 0));
        Self { offers, best }
    }

    /// Weight and members of the cheapest set that covers `families`.
    fn cheapest(&mut self, families: u32) -> (u64, u64) {
        if let Some(known) = self.best[families as usize] {
            return known;
        }
        // Every set covers the lowest family; what is left is a smaller question.
        let lowest = families & families.wrapping_neg();
        let mut best = (u64::MAX, IMPOSSIBLE);
        for index in 0..self.offers.len() {
            let (offer, covers, weight) = self.offers[index];
            if covers & lowest != 0 {
                let (rest, set) = self.cheapest(families & !covers);
                if set != IMPOSSIBLE {
                    best = best.min((rest.saturating_add(weight), set | 1 << offer));
                }
            }
        }
        self.best[families as usize] = Some(best);
        best
    }
}

impl<'a> Terms<'a> {
    pub(super) fn new(problem: &'a BundleProblem<'a>, weights: &[u64]) -> Self {
        let usable = |index: usize| {
            Some(weights[index]).filter(|&weight| weight != LEFT_OUT && problem.offers[index].can_be_held())
        };
        let users = Table::new(problem, Holder::User, usable);
        let devices = Table::new(problem, Holder::Device, usable);
        Self { problem, users, devices }
    }

    fn covered(&self, sets: &[u64]) -> Vec<u32> {
        let covers = |set: &u64| members(*set).fold(0, |mask, offer| mask | self.problem.offers[offer].families);
        sets.iter().map(covers).collect()
    }

    fn finish(&self, users: Vec<u64>, devices: Vec<u64>) -> Assignment {
        let covered = Needs { users: self.covered(&users), devices: self.covered(&devices) };
        Assignment { users, devices, covered }
    }

    /// To everybody the cheapest set at the weights.
    pub(super) fn assign(&mut self, needs: &Needs) -> Assignment {
        let users = needs.users.iter().map(|&families| self.users.cheapest(families).1).collect();
        let devices = needs.devices.iter().map(|&families| self.devices.cheapest(families).1).collect();
        self.finish(users, devices)
    }

    /// Whatever is owned is free until it is used up, first for those who would cost most.
    pub(super) fn assign_owned_first(&self, needs: &Needs) -> Assignment {
        let problem = self.problem;
        let mut left: Vec<u64> = problem.offers.iter().map(|offer| offer.owned).collect();
        let mut side = |holder: Holder, needs: &[u32]| -> Vec<u64> {
            let mut full = Table::new(problem, holder, |index| problem.offers[index].price);
            let mut order: Vec<u32> = (0..needs.len() as u32).collect();
            order.sort_by_key(|&vertex| std::cmp::Reverse(full.cheapest(needs[vertex as usize]).0));
            let now = |left: &[u64]| {
                Table::new(problem, holder, |index| if left[index] > 0 { Some(0) } else { problem.offers[index].price })
            };
            let mut table = now(&left);
            let mut sets = vec![0; needs.len()];
            for vertex in order {
                let set = table.cheapest(needs[vertex as usize]).1;
                sets[vertex as usize] = set;
                let mut ran_out = false;
                for offer in members(set).filter(|&offer| problem.offers[offer].owned > 0) {
                    ran_out |= left[offer] == 1;
                    left[offer] = left[offer].saturating_sub(1);
                }
                if ran_out {
                    table = now(&left);
                }
            }
            sets
        };
        let users = side(Holder::User, &needs.users);
        let devices = side(Holder::Device, &needs.devices);
        self.finish(users, devices)
    }

    /// Lets devices off what users hold anyhow, then users off what devices hold: bundles cover more than was needed.
    pub(super) fn relieved(&mut self, layout: &Layout, start: Assignment) -> Assignment {
        let mut current = start;
        for _ in 0..2 {
            let mut devices = layout.forced_devices.clone();
            for &(user, device, families) in &layout.pairs {
                devices[device as usize] |= families & !current.covered.users[user as usize];
            }
            let needs = Needs { users: current.covered.users.clone(), devices };
            let held: Vec<u64> = needs.devices.iter().map(|&families| self.devices.cheapest(families).1).collect();
            current = self.finish(std::mem::take(&mut current.users), held);
            let mut users = layout.forced_users.clone();
            for &(user, device, families) in &layout.pairs {
                users[user as usize] |= families & !current.covered.devices[device as usize];
            }
            let held: Vec<u64> = users.iter().map(|&families| self.users.cheapest(families).1).collect();
            current = self.finish(held, std::mem::take(&mut current.devices));
        }
        current
    }
}
