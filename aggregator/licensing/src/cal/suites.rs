//! Suites, bridges and plans (section G): who is covered in several families at once by what is owned.
//!
//! Those assigned by name come first. Others may go to anybody, so they go where they save most, which the optimiser plans
//! with a bound. Rights of a suite are those of its version once Software Assurance has lapsed; those of a plan are always new.

use std::collections::{BTreeMap, BTreeSet};

use super::{basis::Held, demand::Demand, family::Family};
use crate::{
    book::Needed,
    catalogue::{EquivalenceKind, EquivalenceRow},
    checked::Checked,
    draft::Draft,
    estate::{Entitlement, EstateError},
    findings::Rules,
    optimise::{self, BundleProblem, Holder, MOST_FAMILIES, MOST_OFFERS, Offer, cheapest_bundles},
    owned::Quantities,
    prices::{UnitPrice, in_ratio},
    version::VersionName,
};

/// One entitlement to a suite or plan.
struct Suite<'a> {
    row: &'a EquivalenceRow,
    entitlement: &'a Entitlement,
    holder: Holder,
    /// Ranks of those it is assigned to.
    named: Vec<u32>,
    /// How many may go to anybody.
    free: u64,
    /// Ranks of those who got one of these.
    given: Vec<u32>,
}

impl Suite<'_> {
    /// The version up to which it covers a family; `None`: not at all.
    fn covers(&self, checked: &Checked<'_>, family: &Family<'_>) -> Option<VersionName> {
        self.row.covers.contains(&family.row.id).then(|| match self.row.kind {
            // G.6
            EquivalenceKind::Plan | EquivalenceKind::Bridge => family.newest(),
            // G.2
            EquivalenceKind::Suite => family.version_of(checked, self.entitlement),
        })
    }
}

/// What suites and plans come to.
pub(crate) struct Suites<'a> {
    suites: Vec<Suite<'a>>,
    /// Whether nothing that is owned could be given to anybody better.
    proven: bool,
}

impl<'a> Suites<'a> {
    /// The suites owned, with nobody but those named holding one.
    pub fn of(checked: &Checked<'a>, draft: &mut Draft<'_>) -> Self {
        let estate = checked.estate;
        let people: BTreeMap<&str, u32> =
            estate.people.iter().zip(&checked.people.rank).map(|(person, &rank)| (person.id.as_str(), rank)).collect();
        let devices: BTreeMap<&str, u32> = estate
            .devices
            .iter()
            .zip(&checked.devices.rank)
            .map(|(device, &rank)| (device.id.as_str(), rank))
            .collect();
        let mut suites: Vec<Suite<'a>> = Vec::new();
        let (mut ended, mut nothing, mut unverified) = (Vec::new(), Vec::new(), Vec::new());
        for entitlement in &estate.entitlements {
            let Some((row, holder)) = suite_of(checked, &entitlement.sku) else { continue };
            draft.book.assessed.insert(entitlement.sku.clone());
            // G.6: a subscription that has ended gives nothing
            let over = entitlement.software_assurance_until.is_some_and(|until| until < estate.as_of);
            if over && row.kind != EquivalenceKind::Suite {
                ended.push(entitlement.sku.as_str());
                continue;
            }
            if row.covers.is_empty() {
                nothing.push(entitlement.sku.as_str());
                continue;
            }
            if !row.verified {
                unverified.push(entitlement.sku.as_str());
            }
            // G.9: plans of users cover nobody else at their devices
            let ranks = if holder == Holder::User { &people } else { &devices };
            let assigned_to = checked.ledger.assigned_to(entitlement);
            let mut named: Vec<u32> = assigned_to.iter().filter_map(|id| ranks.get(id).copied()).collect();
            named.sort_unstable();
            named.dedup();
            let free = entitlement.quantity.saturating_sub(assigned_to.len() as u64);
            suites.push(Suite { row, entitlement, holder, named, free, given: Vec::new() });
        }
        suites.sort_by(|one, two| {
            let key = |suite: &Suite<'_>| {
                (suite.entitlement.sku.clone(), suite.entitlement.version, suite.named.clone(), suite.free)
            };
            key(one).cmp(&key(two))
        });
        pair_bridges(checked, &mut suites, draft);
        draft.warnings.about(ended, |count, list| {
            format!("{count} subscription(s) have ended and give no rights any more (G.6): {list}")
        });
        draft.warnings.about(nothing, |count, list| {
            format!(
                "{count} product(s) owned carry no CALs by the catalogue (G.5), so nothing is covered by them: {list}"
            )
        });
        draft.warnings.about(unverified, |count, list| {
            format!(
                "{count} product(s) owned count as CALs though nobody has confirmed it in the catalogue (G.5, question X.3); \
                 the readings show the need without them: {list}"
            )
        });
        Self { suites, proven: true }
    }

    pub fn has_unverified(&self) -> bool {
        self.suites.iter().any(|suite| !suite.row.verified)
    }

    /// Whether something owned may still go to anybody.
    pub fn has_free(&self) -> bool {
        self.suites.iter().any(|suite| suite.free > 0)
    }

    /// Whom they cover in a family, those without confirmation left out if asked for.
    pub fn held(&self, checked: &Checked<'_>, family: &Family<'_>, only_verified: bool) -> Held {
        let mut held = Held::default();
        for suite in self.suites.iter().filter(|suite| suite.row.verified || !only_verified) {
            let Some(version) = suite.covers(checked, family) else { continue };
            let (side, count) = match suite.holder {
                Holder::User => (&mut held.people, checked.people.len()),
                Holder::Device => (&mut held.devices, checked.devices.len()),
            };
            side.resize(count, None);
            for &rank in suite.named.iter().chain(&suite.given) {
                side[rank as usize] = side[rank as usize].max(Some(version));
            }
        }
        held
    }

    /// Gives what is free to those who save most; `demands` are what is left once those named are covered.
    pub fn give(&mut self, checked: &Checked<'_>, demands: &[(Family<'_>, Demand)]) -> Result<(), EstateError> {
        let open: Vec<&(Family<'_>, Demand)> = demands
            .iter()
            .filter(|(_, demand)| !demand.pairs.is_empty() || demand.has_forced())
            .take(MOST_FAMILIES)
            .collect();
        let prices: Option<Vec<UnitPrice>> = open
            .iter()
            .flat_map(|(family, _)| [family.user, family.device])
            .map(|sku| UnitPrice::of(checked.estate, sku))
            .collect();
        let weights = prices.map_or(Ok(vec![1; 2 * open.len()]), |prices| in_ratio(&prices))?;
        let mut offers: Vec<Offer> = Vec::new();
        for (at, (family, demand)) in open.iter().enumerate() {
            // E.29: who has a CAL anyway saves nothing by a suite
            let [users, devices] = family.owned(checked).map(|owned| {
                let of = |from: Option<VersionName>| match from {
                    Some(from) => owned.range(from..).fold(0_u64, |sum, (_, count)| sum.saturating_add(*count)),
                    None => 0,
                };
                // those that serve the older needs only are not thought through
                self.proven &= of(demand.oldest()) == of(demand.newest());
                of(demand.newest()).min(u64::from(u32::MAX))
            });
            let [of_users, of_devices] = [weights[2 * at], weights[2 * at + 1]];
            for (holder, weight, owned) in [(Holder::User, of_users, users), (Holder::Device, of_devices, devices)] {
                offers.push(Offer { holder, families: 1 << at, price: Some(weight), owned });
            }
        }
        let singles = offers.len();
        let mut of_offer = Vec::new();
        for (index, suite) in self.suites.iter().enumerate().filter(|(_, suite)| suite.free > 0) {
            let mut families = 0;
            for (at, (family, demand)) in open.iter().enumerate() {
                match suite.covers(checked, family) {
                    // one too old for a part of the need is not thought through for the other part
                    Some(version) if demand.newest() > Some(version) => self.proven = false,
                    Some(_) => families |= 1 << at,
                    None => {}
                }
            }
            if families != 0 && offers.len() < MOST_OFFERS {
                let free = suite.free.min(u64::from(u32::MAX));
                offers.push(Offer { holder: suite.holder, families, price: None, owned: free });
                of_offer.push(index);
            }
        }
        if of_offer.is_empty() {
            return Ok(());
        }
        let needs: Vec<Need> = open.iter().map(|(_, demand)| Need::of(demand)).collect();
        if needs.iter().any(|need| need.left_out) {
            self.proven = false;
        }
        // numbered so that of equally good plans names do not decide
        let standing = checked.standing();
        let people = Places::of(&checked.people.index, &standing.people);
        let devices = Places::of(&checked.devices.index, &standing.devices);
        let needs: Vec<Need> =
            needs.into_iter().map(|need| need.renumbered(&people.of_rank, &devices.of_rank)).collect();
        let families: Vec<optimise::Family<'_>> = needs.iter().map(Need::as_family).collect();
        let problem = BundleProblem {
            users: checked.people.len() as u32,
            devices: checked.devices.len() as u32,
            families: &families,
            offers: &offers,
        };
        let plan =
            cheapest_bundles(&problem).map_err(|error| EstateError::TooLarge(format!("suites and plans ({error})")))?;
        self.proven &= plan.proven;
        for holding in plan.holdings.iter().filter(|holding| holding.offer as usize >= singles) {
            let suite = &mut self.suites[of_offer[holding.offer as usize - singles]];
            let places = if suite.holder == Holder::User { &people } else { &devices };
            suite.given.push(places.rank_at[holding.vertex as usize]);
        }
        Ok(())
    }

    /// Writes a line for each product owned: how many are in use.
    pub fn write(&self, draft: &mut Draft<'_>) -> Result<(), EstateError> {
        let mut lines: BTreeMap<(&str, &str), (Quantities, Quantities, Rules)> = BTreeMap::new();
        for suite in &self.suites {
            let unit = if suite.holder == Holder::User { "user" } else { "device" };
            let (needed, owned, rules) = lines.entry((&suite.entitlement.sku, unit)).or_default();
            let used = (suite.named.len() + suite.given.len()) as u64;
            let version = suite.entitlement.version;
            if used > 0 {
                *needed.entry(version).or_default() += used;
            }
            let count = owned.entry(version).or_default();
            *count = count.saturating_add(suite.entitlement.quantity);
            rules.extend(&Rules::of(match suite.row.kind {
                EquivalenceKind::Suite => &["G.1", "G.2"],
                EquivalenceKind::Bridge => &["G.3", "G.4"],
                EquivalenceKind::Plan => &["G.5", "G.6"],
            }));
        }
        for ((sku, unit), (by_version, owned, rules)) in lines {
            draft.book.add(sku, unit, &Needed { by_version, rules, ..Needed::default() }, &owned)?;
        }
        if !self.proven {
            draft.warnings.0.push(
                "suites and plans owned without a name went to those who save most as far as was found; another choice may \
                 save more (G.1): assign them by name to be certain"
                    .into(),
            );
        }
        Ok(())
    }
}

/// Between ranks, which go by name, and places, which do not.
struct Places {
    of_rank: Vec<u32>,
    rank_at: Vec<u32>,
}

impl Places {
    /// `places` by index into the estate.
    fn of(index: &[u32], places: &[u32]) -> Self {
        let of_rank: Vec<u32> = index.iter().map(|&index| places[index as usize]).collect();
        let mut rank_at = vec![0; of_rank.len()];
        of_rank.iter().zip(0..).for_each(|(&place, rank)| rank_at[place as usize] = rank);
        Self { of_rank, rank_at }
    }
}

/// What must be covered in one family, as the optimiser takes it; people who share an account can hold no suite.
pub(super) struct Need {
    pairs: Vec<(u32, u32)>,
    forced_users: Vec<u32>,
    forced_devices: Vec<u32>,
    /// Whether there are such people.
    pub left_out: bool,
}

impl Need {
    pub fn of(demand: &Demand) -> Self {
        let alone = |person: u32| demand.heads_of(person) == 1;
        let forced = |side: &[Option<VersionName>]| -> Vec<u32> {
            (0..).zip(side).filter(|(_, forced)| forced.is_some()).map(|(rank, _)| rank).collect()
        };
        let mut forced_users = forced(&demand.forced_people);
        let pairs: Vec<_> = demand.pairs.iter().map(|pair| (pair.person, pair.device)).collect();
        let all = pairs.len() + forced_users.len();
        let pairs: Vec<_> = pairs.into_iter().filter(|&(person, _)| alone(person)).collect();
        forced_users.retain(|&person| alone(person));
        let left_out = pairs.len() + forced_users.len() < all;
        Self { pairs, forced_users, forced_devices: forced(&demand.forced_devices), left_out }
    }

    /// The same by other numbers.
    fn renumbered(self, people: &[u32], devices: &[u32]) -> Self {
        let of = |side: Vec<u32>, places: &[u32]| {
            let mut found: Vec<u32> = side.into_iter().map(|rank| places[rank as usize]).collect();
            found.sort_unstable();
            found
        };
        let pairs = self.pairs.into_iter().map(|(person, device)| (people[person as usize], devices[device as usize]));
        let mut pairs: Vec<(u32, u32)> = pairs.collect();
        pairs.sort_unstable();
        Self {
            pairs,
            forced_users: of(self.forced_users, people),
            forced_devices: of(self.forced_devices, devices),
            left_out: self.left_out,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty() && self.forced_users.is_empty() && self.forced_devices.is_empty() && !self.left_out
    }

    pub fn as_family(&self) -> optimise::Family<'_> {
        optimise::Family { pairs: &self.pairs, forced_users: &self.forced_users, forced_devices: &self.forced_devices }
    }
}

/// The row of a suite or plan, and who holds it, by the sku of an entitlement.
fn suite_of<'a>(checked: &Checked<'a>, sku: &str) -> Option<(&'a EquivalenceRow, Holder)> {
    let (id, unit) = sku.rsplit_once('/')?;
    let row = checked.catalogue.equivalence(id)?;
    match unit {
        "user" if row.user => Some((row, Holder::User)),
        "device" if row.device => Some((row, Holder::Device)),
        _ => None,
    }
}

/// G.3: a bridge counts only beside one of the plans it completes, one for one and with the same person.
fn pair_bridges(checked: &Checked<'_>, suites: &mut [Suite<'_>], draft: &mut Draft<'_>) {
    let (estate, ledger) = (checked.estate, &checked.ledger);
    let mut alone = BTreeSet::new();
    for suite in suites.iter_mut().filter(|suite| suite.row.kind == EquivalenceKind::Bridge) {
        let with = |sku: &str| suite.row.paired_with.iter().any(|id| sku.strip_suffix("/user") == Some(id));
        let plans: Vec<&Entitlement> = estate
            .entitlements
            .iter()
            .filter(|plan| {
                let active = plan.software_assurance_until.is_none_or(|until| until >= estate.as_of);
                with(&plan.sku) && active
            })
            .collect();
        let names: BTreeSet<&str> = plans.iter().flat_map(|plan| ledger.assigned_to(plan)).collect();
        let free: u64 = plans
            .iter()
            .map(|plan| plan.quantity.saturating_sub(ledger.assigned_to(plan).len() as u64))
            .fold(0, u64::saturating_add);
        let known: BTreeSet<&str> = ledger.assigned_to(suite.entitlement).into_iter().collect();
        let lost = known.difference(&names).count();
        // plans without a name may belong to those the bridge names
        let kept = (lost as u64).min(free);
        if lost as u64 > kept || suite.free > free - kept {
            alone.insert(suite.entitlement.sku.as_str());
        }
        let rest = free - kept;
        if lost as u64 > kept {
            suite.named.clear();
        }
        suite.free = suite.free.min(rest);
    }
    draft.warnings.about(alone, |count, list| {
        format!(
            "{count} bridge(s) are not paired one for one with a plan they complete, so those without one do not count (G.3): \
             {list}"
        )
    });
}
