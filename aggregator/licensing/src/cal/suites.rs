//! Suites, bridges and plans (section G): who is covered in several families at once by what is owned.
//!
//! Those assigned by name come first. Others may go to anybody, so they go where they save most (`gifts`). Rights of a suite are those of its version once Software Assurance has lapsed; those of a plan are always new.

use std::collections::{BTreeMap, BTreeSet};

use super::{basis::Held, family::Family};
use crate::{
    book::Needed,
    catalogue::{EquivalenceKind, EquivalenceRow},
    checked::Checked,
    draft::Draft,
    estate::{Entitlement, EstateError},
    findings::Rules,
    optimise::Holder,
    owned::Quantities,
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

/// Suites that serve alike and that nobody is named for.
pub(super) struct Group {
    pub holder: Holder,
    /// Per family the version up to which they cover it.
    pub covers: Vec<Option<VersionName>>,
    pub free: u64,
    verified: bool,
    /// Which suites they are.
    members: Vec<usize>,
}

/// What suites and plans come to.
pub(crate) struct Suites<'a> {
    suites: Vec<Suite<'a>>,
    /// Whether nothing that is owned could be given to anybody better.
    pub proven: bool,
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

    /// Those that may still go to anybody, as many of a kind at once: whom they may go to, up to which version each of these families
    /// is covered, and how many.
    pub fn groups<'f>(&self, checked: &Checked<'_>, families: &[&'f Family<'f>]) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for (at, suite) in self.suites.iter().enumerate().filter(|(_, suite)| suite.free > 0) {
            let covers: Vec<_> = families.iter().map(|family| suite.covers(checked, family)).collect();
            if covers.iter().all(Option::is_none) {
                continue;
            }
            let verified = suite.row.verified;
            let is =
                |group: &&mut Group| (group.holder, &group.covers, group.verified) == (suite.holder, &covers, verified);
            match groups.iter_mut().find(is) {
                Some(group) => {
                    group.free = group.free.saturating_add(suite.free);
                    group.members.push(at);
                }
                None => {
                    groups.push(Group { holder: suite.holder, covers, free: suite.free, verified, members: vec![at] });
                }
            }
        }
        groups
    }

    /// Gives those of each group to these, by rank; whatever was given before is taken back.
    pub fn hand_out(&mut self, groups: &[Group], gift: &[Vec<u32>]) {
        for (group, ranks) in groups.iter().zip(gift) {
            let mut ranks = ranks.iter().copied();
            for &member in &group.members {
                let suite = &mut self.suites[member];
                suite.given = ranks.by_ref().take(usize::try_from(suite.free).unwrap_or(usize::MAX)).collect();
            }
        }
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
                 save more, how much at most is stated with it (G.1): assign them by name to be certain"
                    .into(),
            );
        }
        Ok(())
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
