//! The answer: demand against entitlements, `caliper.position/1`.
//!
//! The keys are a contract with other tools; they change only with the number in the format name.

use serde::{Deserialize, Serialize};

/// The value of the `format` key.
pub const POSITION_FORMAT: &str = "caliper.position/1";

/// How sure the sources of a rule are; a line carries the lowest of its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Confidence {
    /// General knowledge; no page was seen. A human should confirm.
    K,
    /// One weak source, or inference.
    L,
    /// Several independent sources agree, or Microsoft's text was seen in part.
    M,
    /// Microsoft's text, or a faithful copy, was seen.
    H,
}

/// One licence line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// For example `windows-server-cal/user` or `windows-server/standard/core`.
    pub sku: String,
    /// Lowest version that will do, for example `2019`.
    pub version: String,
    /// What is counted: `user`, `device`, `core`, `licence`.
    pub unit: String,
    /// Needed by the demand.
    pub needed: u64,
    /// Owned and usable for this line.
    pub owned: u64,
    /// `needed - owned`, or 0.
    pub short: u64,
    /// Owned of this product and not needed here or on another line, or 0.
    pub surplus: u64,
    /// What closing the gap costs, minor units of `currency`; 0 when no price is known (a warning says so).
    pub cost_minor: u64,
    /// ISO 4217; empty when no price is known.
    pub currency: String,
    /// Rule ids, sorted.
    pub rules: Vec<String>,
    /// Lowest of the rules and of the evidence.
    pub confidence: Confidence,
}

/// The proof that the CAL mix is the cheapest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Optimum {
    /// Cost of all needed User and Device CALs at list price, before owned ones are set against them, minor units.
    pub cost_minor: u64,
    /// No mix can cost less than this.
    pub lower_bound_minor: u64,
    /// Whether both are equal.
    pub proven: bool,
}

/// Packs to be bought for a line that is short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShoppingItem {
    /// As in the line.
    pub sku: String,
    /// As in the line.
    pub version: String,
    /// Licences in one pack.
    pub units: u32,
    /// How many of these packs.
    pub packs: u64,
    /// What they cost together, minor units of `currency`.
    pub cost_minor: u64,
    /// ISO 4217.
    pub currency: String,
}

/// The cheapest purchase of User and Device CALs that covers every access, given those owned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// The mix to choose for it, as lines of the two CALs; the same as in the position if no other mix saves anything.
    pub lines: Vec<Line>,
    /// What it costs, the sum of its lines, minor units.
    pub cost_minor: u64,
    /// No purchase can cost less than this.
    pub lower_bound_minor: u64,
    /// Whether both are equal.
    pub proven: bool,
    /// How much less it costs than closing the gaps of the position's own CAL lines.
    pub saving_minor: u64,
    /// The cheapest packs for what its lines are short (E.30).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shopping: Vec<ShoppingItem>,
}

/// A licence position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// [`POSITION_FORMAT`].
    pub format: String,
    /// One per product, version and unit, sorted by these.
    pub lines: Vec<Line>,
    /// Of the CAL mix.
    pub optimum: Optimum,
    /// Present if CALs are owned that serve a need, and both kinds have a price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase: Option<Purchase>,
    /// The cheapest packs for each line that is short and has a price (C.2, E.30); they may cost more than the line, if
    /// only packs larger than the gap are sold, or less, if larger packs are cheaper by unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shopping: Vec<ShoppingItem>,
    /// What the reader must know before trusting a number.
    pub warnings: Vec<String>,
}
