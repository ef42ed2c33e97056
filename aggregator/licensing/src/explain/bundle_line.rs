//! Why a line of suites or plans has its number, and what single licences would cost instead.

use std::collections::BTreeSet;

use super::{
    difference::{line_differences, total},
    explainer::{About, ExplainError, Explainer},
    explanation::{Alternative, GivenOwned},
};
use crate::{
    assess_with,
    cal::cause,
    catalogue::EquivalenceKind,
    position::Line,
    words::{Count, product},
};

/// How many lines that differ are told.
const SHOWN: usize = 5;

impl Explainer<'_> {
    /// Whether it carries the licences of several products or families.
    pub(super) fn is_bundle(&self, sku: &str) -> bool {
        !self.carried(sku).is_empty()
    }

    pub(super) fn is_plan(&self, sku: &str) -> bool {
        let row = sku.split('/').next().and_then(|id| self.catalogue().equivalence(id));
        row.is_some_and(|row| row.kind == EquivalenceKind::Plan)
    }

    /// What it carries, in words.
    fn carried(&self, sku: &str) -> Vec<String> {
        let catalogue = self.catalogue();
        let id = sku.split('/').next().unwrap_or(sku);
        if let Some(row) = catalogue.equivalence(id) {
            return row.covers.iter().filter_map(|family| catalogue.cal(family)).map(|row| row.name.clone()).collect();
        }
        if catalogue.server_suites.iter().any(|row| row.id == id) {
            return vec![
                "the licence to run Windows Server".into(),
                "the licence of System Center to manage it".into(),
            ];
        }
        Vec::new()
    }

    pub(super) fn bundle_line(&self, line: &Line, about: &mut About) -> Result<(), ExplainError> {
        about.facts.push(format!("each carries: {}", self.carried(&line.sku).join(", ")));
        let (mut people, mut devices) = (BTreeSet::new(), BTreeSet::new());
        for kept in self.kept.iter().filter(|_| self.catalogue().equivalence(id_of(&line.sku)).is_some()) {
            let demand = &kept.counted.demand;
            let covered = |causes: &[u32]| -> Vec<u32> {
                (0_u32..).zip(causes).filter(|(_, causes)| **causes & cause::HELD != 0).map(|(rank, _)| rank).collect()
            };
            people.extend(covered(&demand.people_left_out));
            devices.extend(covered(&demand.devices_left_out));
        }
        let named = |ranks: &BTreeSet<u32>, index: &[u32], id: &dyn Fn(usize) -> String| -> Vec<String> {
            ranks.iter().map(|&rank| id(index[rank as usize] as usize)).collect()
        };
        let estate = self.estate();
        let people = named(&people, &self.checked.people.index, &|at| estate.people[at].id.clone());
        let devices = named(&devices, &self.checked.devices.index, &|at| estate.devices[at].id.clone());
        about.forced_by(
            |count| {
                let who = if count == 1 { "person needs" } else { "people need" };
                format!("{who} no CAL of their own where a suite or plan covers them")
            },
            people.iter().map(String::as_str),
        );
        about.forced_by(
            |count| {
                let who = if count == 1 { "device needs" } else { "devices need" };
                format!("{who} no CAL of their own where a suite covers them")
            },
            devices.iter().map(String::as_str),
        );
        about.alternatives.push(self.without_bundle(&line.sku)?);
        Ok(())
    }

    /// The whole position if these were not owned.
    fn without_bundle(&self, sku: &str) -> Result<Alternative, ExplainError> {
        let mut estate = self.estate().clone();
        let gone: BTreeSet<Option<String>> =
            estate.entitlements.iter().filter(|one| one.sku == sku).map(|one| one.id.clone()).collect();
        estate.entitlements.retain(|one| one.sku != sku);
        estate.assignments.retain(|one| !gone.contains(&Some(one.entitlement.clone())));
        let then = assess_with(&estate, self.catalogue())?;
        let now = &self.assessment.position;
        let differs = line_differences(now, &then.position);
        let more = differs.iter().filter(|line| line.sku != sku && line.before.short != line.after.short);
        let lines: Vec<String> = more
            .map(|line| {
                format!(
                    "{} × {} instead of {}",
                    Count(line.after.short),
                    product(&line.sku, &line.version),
                    Count(line.before.short)
                )
            })
            .take(SHOWN)
            .collect();
        let why = if lines.is_empty() {
            "Nothing more would have to be bought".to_owned()
        } else {
            format!("To buy then: {}", lines.join("; "))
        };
        let unpriced = then.position.lines.iter().any(|line| line.short > 0 && line.currency.is_empty());
        Ok(Alternative {
            what: format!("Doing without {}, with single licences instead", product(sku, "")),
            why,
            possible: true,
            cost_minor: None,
            instead_of_minor: None,
            lower_bound_minor: None,
            given_owned: (!unpriced).then(|| GivenOwned {
                cost_minor: total(&then.position),
                instead_of_minor: total(now),
                lower_bound_minor: None,
            }),
        })
    }
}

fn id_of(sku: &str) -> &str {
    sku.split('/').next().unwrap_or(sku)
}
