//! The answer: demand against entitlements, `caliper.position/1`.
//!
//! The keys are a contract with other tools; they change only with the number in the format name.

use jiff::civil::Date;
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
    /// Switches of the policy that decide about it and how they stand, for example `infra_roles = "interval"`, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
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

/// The cheapest purchase of a family beside the base CAL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyPurchase {
    /// What its skus begin with, for example `rds-cal`.
    pub cal: String,
    /// The same keys as those of the base CAL's.
    #[serde(flatten)]
    pub purchase: Purchase,
}

/// The cheapest purchase of licences to run Windows Server and to manage with System Center, given those owned: an edition for every
/// host, or licences for its machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Servers {
    /// What to run on, as lines of the products that hosts may take and of suites that are both (G.8); the same as in the position
    /// if no other choice saves anything.
    pub lines: Vec<Line>,
    /// What it costs, the sum of its lines, minor units.
    pub cost_minor: u64,
    /// No choice of editions can cost less than this.
    pub lower_bound_minor: u64,
    /// Whether none is cheaper.
    pub proven: bool,
    /// How much less it costs than closing the gaps of the position's own lines of these products.
    pub saving_minor: u64,
    /// The cheapest packs for what its lines are short (C.2, E.30).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shopping: Vec<ShoppingItem>,
}

/// A licence position.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
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
    /// The same for each family beside the base CAL, in the order of the catalogue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purchases: Vec<FamilyPurchase>,
    /// Present if licences to run or to manage servers are owned that serve a need, and everything short has a price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub servers: Option<Servers>,
    /// The cheapest packs for each line that is short and has a price (C.2, E.30); they may cost more than the line, if
    /// only packs larger than the gap are sold, or less, if larger packs are cheaper by unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shopping: Vec<ShoppingItem>,
    /// What the reader must know before trusting a number.
    pub warnings: Vec<String>,
    /// How far what is not known may move the numbers (invariant 4); one per product whose number is not certain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intervals: Vec<Interval>,
    /// What to find out to make the numbers certain, most valuable first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to_do: Vec<ToDo>,
    /// Terms that are broken whatever is bought of the lines above, with the remedy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
    /// Where the contract may be read in two ways and they differ: what the other reading comes to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<Reading>,
    /// Licences that can be taken back or are not used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reclaim: Vec<Reclaim>,
    /// What is left to buy with the suites and plans where they are that nobody is named for, if there are any (G.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_suites: Option<GivenSuites>,
    /// CALs of all families bought together, if that is cheaper with suites (G.1); the lines stay those of single CALs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suites: Option<SuiteOffer>,
    /// The smallest pools of base CALs that lawfully served the whole period, if the estate tells who was where when (E.19).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<Pool>,
    /// The same for each family beside the base CAL, in the order of the catalogue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<FamilyPool>,
    /// Licences to run and to manage the same hosts bought together, if that is cheaper with suites (G.8); the lines stay
    /// those of single licences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_suites: Option<SuiteOffer>,
}

/// The smallest pools of User and Device CALs that lawfully served everybody who was there over a period (0.4, E.19): a CAL
/// may serve one after the other, each from the first to the last day there and for 90 days at least.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// First day of the period.
    pub from: Date,
    /// Last day of the period.
    pub to: Date,
    /// The newest version needed in the period; CALs of it alone would do.
    pub version: String,
    /// Several versions needed: how many CALs of each do. As few as possible are of the newest, which is proven; of the rest as few as
    /// then possible of the next, and so on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<PoolVersion>,
    /// What is left to buy of these pools given the CALs owned (E.29), if any are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_buy: Option<PoolToBuy>,
    /// First day on which the most User CALs are held; none if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busiest_of_users: Option<Date>,
    /// The same for Device CALs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busiest_of_devices: Option<Date>,
    /// User CALs held on the busiest day.
    pub users: u64,
    /// Device CALs held on the busiest day.
    pub devices: u64,
    /// People who hold one of them at some time.
    pub user_holders: u64,
    /// Devices that hold one of them at some time.
    pub device_holders: u64,
    /// Of both pools at list price, before owned ones are set against them, minor units of `currency`; 0 if no price is known.
    pub cost_minor: u64,
    /// No pools cost less; 0 if no price is known.
    pub lower_bound_minor: u64,
    /// Whether none are cheaper (without prices: smaller).
    pub proven: bool,
    /// ISO 4217; empty when no price is known.
    pub currency: String,
    /// Rule ids, sorted.
    pub rules: Vec<String>,
    /// Lowest of the rules.
    pub confidence: Confidence,
}

/// What must be bought of a pool given the CALs owned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolToBuy {
    /// User CALs.
    pub users: u64,
    /// Device CALs.
    pub devices: u64,
    /// Of both, minor units of `currency`; 0 if no price is known.
    pub cost_minor: u64,
    /// Whatever pools served the period, no less must be bought; 0 if no price is known.
    pub lower_bound_minor: u64,
}

/// CALs of a pool by version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolVersion {
    /// As in a line.
    pub version: String,
    /// User CALs of it.
    pub users: u64,
    /// Device CALs of it.
    pub devices: u64,
}

/// The smallest pools of a family beside the base CAL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyPool {
    /// What its skus begin with, for example `rds-cal`.
    pub cal: String,
    /// The same keys as those of the base CAL's.
    #[serde(flatten)]
    pub pool: Pool,
}

/// How good the choice is of who holds the suites and plans owned that nobody is named for (G.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenSuites {
    /// Families whose purchase hangs on it, by what their skus begin with.
    pub cals: Vec<String>,
    /// What is left to buy of them: the cheapest purchase of their CALs, and their External Connectors, minor units.
    pub cost_minor: u64,
    /// Whoever held the suites, no less would be left to buy.
    pub lower_bound_minor: u64,
    /// Whether both are equal.
    pub proven: bool,
}

/// The cheapest way to buy the licences of several products together, for one who owns none of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuiteOffer {
    /// Suites and single CALs by sku, sorted.
    pub buy: Vec<SuiteCount>,
    /// What they cost, minor units.
    pub cost_minor: u64,
    /// No way costs less.
    pub lower_bound_minor: u64,
    /// Whether both are equal.
    pub proven: bool,
    /// How much less it costs than the single CALs of the same families.
    pub saving_minor: u64,
}

/// So many of a product.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SuiteCount {
    /// For example `core-cal-suite/user`.
    pub sku: String,
    /// How many.
    pub count: u64,
}

/// How far a number is certain, in licences needed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Interval {
    /// A product, or several that serve the same need, for example `windows-server-cal`.
    pub of: String,
    /// What is counted: `cal`, `core` and so on.
    pub unit: String,
    /// If everything unknown turns out to need nothing more.
    pub lowest: u64,
    /// As in the lines.
    pub likely: u64,
    /// If everything unknown needs a licence.
    pub highest: u64,
    /// Whether no fact says how many at most, as where processors or hosts are not known (C.1, C.11): `highest` is then only
    /// what is counted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub open_ended: bool,
}

/// Whether a key may be left out.
#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_false(flag: &bool) -> bool {
    !flag
}

/// Something to find out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ToDo {
    /// What to do, a sentence that names the things (at most five, then how many more).
    pub what: String,
    /// How many licences hang on it.
    pub may_add: u64,
    /// What these would cost at list price, minor units; 0 if no price is known.
    pub may_add_minor: u64,
    /// Rule ids, sorted.
    pub rules: Vec<String>,
}

/// A term that is broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Violation {
    /// Id of the server, host or entitlement.
    pub of: String,
    /// What is wrong, a sentence with both numbers.
    pub what: String,
    /// What heals it.
    pub remedy: String,
    /// Rule ids, sorted.
    pub rules: Vec<String>,
}

/// The other reading of an open question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reading {
    /// The policy switch and its other value, for example `infra_roles = "strict"`.
    pub policy: String,
    /// What the question is, with rule ids.
    pub question: String,
    /// Lines whose need differs: product, version, needed here, needed in the other reading.
    pub lines: Vec<ReadingLine>,
}

/// A line that differs between two readings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReadingLine {
    /// As in the lines.
    pub sku: String,
    /// As in the lines; empty where only one reading has it.
    pub version: String,
    /// Here.
    pub needed: u64,
    /// In the other reading.
    pub otherwise: u64,
}

/// A licence that can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Reclaim {
    /// As in the lines.
    pub sku: String,
    /// Version owned.
    pub version: String,
    /// How many.
    pub quantity: u64,
    /// From whom, where it is known; at most five names, then how many more. People and their devices are counted, not named.
    pub from: String,
    /// Why, and from which day on (0.4), a sentence.
    pub why: String,
    /// Rule ids, sorted.
    pub rules: Vec<String>,
    /// How many more would be short if they stayed where they are: the lines count on these already.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub saves: u64,
    /// What those would cost, minor units; 0 if no price is known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub saves_minor: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands over a reference
fn is_zero(count: &u64) -> bool {
    *count == 0
}
