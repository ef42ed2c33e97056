//! Two positions: what changed, and which differences between the estates moved which licences.
//!
//! The differences are made one group after another in a fixed order ([`Group`]), with an assessment after each. So what a
//! group moves is exact, and all groups together move what the whole moves.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    difference::{LineDifference, line_differences, total},
    explanation::Forcing,
    happened::happened,
    moved::moved,
    stages::{Group, Stages},
};
use crate::{
    assess_with,
    assessment::Assessment,
    catalogue::Catalogue,
    estate::{Estate, EstateError},
};

/// The value of the `format` key.
pub const CHANGES_FORMAT: &str = "caliper.changes/1";

/// What changed from one position to another, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// [`CHANGES_FORMAT`].
    pub format: String,
    /// Last day of the window before, ISO 8601.
    pub as_of_before: String,
    /// And after.
    pub as_of: String,
    /// ISO 4217, of the money after; empty: none stated.
    pub currency: String,
    /// The lines that differ.
    pub lines: Vec<LineDifference>,
    /// What buying all that is short costs before, the cheapest way known, minor units.
    pub cost_before_minor: u64,
    /// And after.
    pub cost_minor: u64,
    /// The groups of differences in the order in which they were made; those without differences are left out.
    pub steps: Vec<Step>,
}

/// One group of differences and what it moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// `window`, `policy`, `catalogue`, `prices`, `servers`, `people`, `accesses` or `entitlements`.
    pub group: String,
    /// The differences.
    pub happened: Vec<Forcing>,
    /// Lines before and after this step. The `after` of a line is the `before` of the next step that moves it.
    pub lines: Vec<LineDifference>,
    /// What buying all that is short costs before this step, minor units.
    pub cost_before_minor: u64,
    /// And after.
    pub cost_minor: u64,
    /// Who and what needs other licences than before this step.
    pub moved: Vec<Forcing>,
}

/// What changed from `before` to `after`, each assessed by its catalogue.
///
/// Costs two assessments and one more for each group that differs.
pub fn changes(before: (&Estate, &Catalogue), after: (&Estate, &Catalogue)) -> Result<Changes, EstateError> {
    let stages = Stages::of(before.0, after.0);
    let first = assess_with(before.0, before.1)?;
    let mut now = first.clone();
    let mut estate = Cow::Borrowed(before.0);
    let mut catalogue = before.1;
    let mut steps = Vec::new();
    for group in Group::ALL {
        let next = stages.apply(&estate, group);
        if group == Group::Catalogue {
            catalogue = after.1;
        }
        let happened = happened(group, &estate, &next, (before.1, after.1));
        // without a difference the order may be another, which changes nothing
        if !happened.is_empty() {
            let then = assess_with(&next, catalogue)?;
            steps.push(step(group, happened, (&estate, &now), (&next, &then), catalogue));
            now = then;
        }
        estate = Cow::Owned(next);
    }
    Ok(Changes {
        format: CHANGES_FORMAT.into(),
        as_of_before: before.0.as_of.to_string(),
        as_of: after.0.as_of.to_string(),
        currency: after.0.currency.clone(),
        lines: line_differences(&first.position, &now.position),
        cost_before_minor: total(&first.position),
        cost_minor: total(&now.position),
        steps,
    })
}

fn step(
    group: Group,
    happened: Vec<Forcing>,
    before: (&Estate, &Assessment),
    after: (&Estate, &Assessment),
    catalogue: &Catalogue,
) -> Step {
    Step {
        group: group.word().into(),
        happened,
        lines: line_differences(&before.1.position, &after.1.position),
        cost_before_minor: total(&before.1.position),
        cost_minor: total(&after.1.position),
        moved: moved(before.1, after.1, catalogue),
    }
}
