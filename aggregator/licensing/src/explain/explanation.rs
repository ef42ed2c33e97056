//! What an explanation says, `caliper.explanation/1`: plain data that pages and terminals lay out.
//!
//! The keys are a contract with other tools; they change only with the number in the format name.

use serde::{Deserialize, Serialize};

use crate::position::{Confidence, Position};

/// The value of the `format` key.
pub const EXPLANATION_FORMAT: &str = "caliper.explanation/1";

/// Explanations with everything they name, each rule, page and switch once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// [`EXPLANATION_FORMAT`].
    pub format: String,
    /// Last day of the window, ISO 8601.
    pub as_of: String,
    /// ISO 4217, of all money; empty: none stated.
    pub currency: String,
    /// One for each thing asked about.
    pub explanations: Vec<Explanation>,
    /// Rules that the explanations name, in their order.
    pub rules: Vec<RuleInWords>,
    /// Pages that the rules rest on, by id.
    pub sources: Vec<SourceInWords>,
    /// Switches of the policy that took part.
    pub policy: Vec<PolicyInWords>,
    /// The position, if the whole of it was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

/// Why one thing is as it is. Sentences are plain English, with rule ids in brackets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// What it is about, for example `line`, `person`, `host`, `purchase`, `reclaim`, `transfers`, `pool`.
    pub kind: String,
    /// Its name: an id of the estate, or a product as in a line.
    pub id: String,
    /// As in a line; empty for everything else.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The answer in one sentence.
    pub headline: String,
    /// Who and what forces it.
    pub forced_by: Vec<Forcing>,
    /// What else the numbers come from.
    pub facts: Vec<String>,
    /// What other ways would cost.
    pub alternatives: Vec<Alternative>,
    /// What to do.
    pub to_do: Vec<String>,
    /// Ids of rules, in their order.
    pub rules: Vec<String>,
    /// Names of switches of the policy.
    pub policy: Vec<String>,
    /// The lowest of the rules and of the evidence.
    pub confidence: Confidence,
}

/// Things of one kind that force a licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forcing {
    /// What they are and why they force it, a sentence without its full stop.
    pub what: String,
    /// How many.
    pub count: u64,
    /// The first of them, at most five.
    pub names: Vec<String>,
}

/// A way not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    /// The way, for example `User CALs for everybody`.
    pub what: String,
    /// Why it cannot be gone, or what it means; a sentence, may be empty.
    pub why: String,
    /// Whether it can be gone at all.
    pub possible: bool,
    /// What the same needs cost this way at list price, minor units; `None`: no prices, or not possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_minor: Option<u64>,
    /// What they cost as recommended, minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of_minor: Option<u64>,
    /// No way of this kind costs less, minor units; only where it was not proven that `cost_minor` is the least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower_bound_minor: Option<u64>,
    /// What is left to buy this way, where licences are owned that may serve the same needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_owned: Option<GivenOwned>,
}

/// What is left to buy, given the licences owned (E.29). Money in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenOwned {
    /// The least that is left to buy this way.
    pub cost_minor: u64,
    /// What is left to buy as recommended.
    pub instead_of_minor: u64,
    /// This way no less can be left to buy; only where it was not proven that `cost_minor` is the least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower_bound_minor: Option<u64>,
}

/// A rule in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleInWords {
    /// For example `E.3`.
    pub id: String,
    /// What it says, a sentence without its full stop.
    pub text: String,
    /// How sure its sources are.
    pub confidence: Confidence,
    /// Whether it may be relied upon without a human's word.
    pub verified: bool,
    /// Ids of pages.
    pub sources: Vec<String>,
    /// Open questions about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<String>,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceInWords {
    /// For example `S25`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Where it stood, or empty.
    pub address: String,
}

/// A switch of the policy with its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyInWords {
    /// As under `[policy]` of an estate.
    pub name: String,
    /// As it would be written there; empty: left open, `text` says what that means.
    pub value: String,
    /// Whether that is what counts if nothing is written.
    pub is_default: bool,
    /// What it decides.
    pub text: String,
    /// The rule it belongs to.
    pub rule: String,
}
