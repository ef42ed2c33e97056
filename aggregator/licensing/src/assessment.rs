//! What an assessment returns: the position, what it means for each person and device, and the proof.

use std::{borrow::Borrow, fmt::Display, ops::Deref, sync::Arc};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    position::{Optimum, Position},
    version::VersionName,
};

/// How somebody or something is licensed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Licence {
    /// This person needs a User CAL.
    UserCal,
    /// This device needs a Device CAL.
    DeviceCal,
    /// This person needs none: the devices used hold Device CALs.
    Devices,
    /// This device needs none: the people who use it hold User CALs.
    People,
    /// What was accessed needs no CAL, or this person or device is exempt.
    Exempt,
    /// Nothing that counts was accessed.
    None,
}

impl Licence {
    /// The word for it in stores and JSON, for example `user-cal`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::UserCal => "user-cal",
            Self::DeviceCal => "device-cal",
            Self::Devices => "devices",
            Self::People => "people",
            Self::Exempt => "exempt",
            Self::None => "none",
        }
    }
}

/// What the position means for one person or device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// As in the estate.
    pub id: String,
    /// How it is licensed.
    pub licence: Licence,
    /// Version of the CAL to hold; `None` when it needs none of its own.
    pub version: Option<VersionName>,
    /// Why: one sentence with the ids of the rules.
    pub reason: Reason,
}

/// A sentence that explains a coverage. Few sentences serve very many people, so it is kept once for all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Reason(Arc<str>);

impl Deref for Reason {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Reason {
    fn borrow(&self) -> &str {
        self
    }
}

impl From<String> for Reason {
    fn from(sentence: String) -> Self {
        Self(sentence.into())
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.to_string()
    }
}

impl Display for Reason {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(self)
    }
}

/// A pair of a person and a device that alone accounts for a part of the cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofPair {
    /// Index into `Estate::people`.
    pub person: u32,
    /// Index into `Estate::devices`.
    pub device: u32,
    /// In the unit of the weights.
    pub amount: u64,
}

/// Why no mix is cheaper: every person and device in `must` needs a CAL of its own, and the pairs are disjoint
/// demand, which sums per person and per device to no more than the weight of a CAL. So every mix costs at least
/// what these come to, and the mix found costs exactly that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Weight of a User CAL: its price, divided by what it shares with the other's.
    pub user_weight: u64,
    /// Weight of a Device CAL.
    pub device_weight: u64,
    /// Indexes of people who must hold a User CAL whatever the prices (rule E.28).
    pub must_people: Vec<u32>,
    /// Indexes of devices that must hold a Device CAL whatever the prices (rule E.28).
    pub must_devices: Vec<u32>,
    /// The disjoint demand.
    pub pairs: Vec<ProofPair>,
}

/// Everything that follows from an estate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// Demand against entitlements.
    pub position: Position,
    /// One per person, in the order of the estate.
    pub people: Vec<Coverage>,
    /// One per device, in the order of the estate.
    pub devices: Vec<Coverage>,
    /// That the CAL mix is the cheapest.
    pub proof: Proof,
    /// How each host is licensed, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostLicence>,
    /// CALs of other families, by id of the family.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<UseCoverage>,
    /// Who would hold which CAL in the cheapest purchase of the position, if there is one (E.29).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_holders: Option<PurchaseHolders>,
    /// Who gets which licence, for each family of CALs of which it is known who holds some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<Transfers>,
}

/// The fewest moves of CALs of one family with which no more is bought than must be (0.4, E.29).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfers {
    /// What the skus of the family begin with, for example `windows-server-cal`.
    pub cal: String,
    /// How many stay with those who hold and need them.
    pub keep: u64,
    /// Those handed out, moved or taken back.
    pub transfers: Vec<Transfer>,
    /// Who gets none of those owned today: new ones are to be bought, unless one that may move later can be waited for.
    pub buy: Vec<CalHolder>,
}

/// One CAL that changes hands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// As in the entitlement.
    pub sku: String,
    /// Version licensed.
    pub version: VersionName,
    /// Id of the entitlement, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entitlement: Option<String>,
    /// Number of the licence within it; `None`: a free one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// Who has it; `None`: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Who gets it; `None`: nobody needs it, it is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The day from which it may move (0.4); `None`: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Date>,
}

/// Who would hold which CAL in the cheapest purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseHolders {
    /// People with a User CAL, by id.
    pub people: Vec<CalHolder>,
    /// Devices with a Device CAL, by id.
    pub devices: Vec<CalHolder>,
    /// Owned CALs that nobody would hold: they can be reclaimed from whoever has them now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub idle: Vec<IdleCals>,
}

/// A person or device that holds a CAL of its own; twice if some are owned and some to be bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalHolder {
    /// As in the estate.
    pub id: String,
    /// Oldest version that will do.
    pub needed: VersionName,
    /// Version of the owned CAL to hold; `None`: one must be bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owned: Option<VersionName>,
    /// How many of them: more than one for an account with several people behind it (E.16).
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: u64,
}

fn one() -> u64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_one(count: &u64) -> bool {
    *count == 1
}

/// Owned CALs of one version that stay idle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdleCals {
    /// As in the position lines.
    pub sku: String,
    /// The version they count as.
    pub version: VersionName,
    /// How many.
    pub quantity: u64,
}

/// How one host (or one virtual machine licensed by itself) is licensed to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostLicence {
    /// As in the estate.
    pub id: String,
    /// Lowest version that will do.
    pub version: VersionName,
    /// What was chosen.
    pub chosen: HostOption,
    /// All that would do, the chosen one among them.
    pub options: Vec<HostOption>,
    /// What it takes in the cheapest choice given what is owned, if that is another one (position `servers`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_owned: Option<HostOption>,
    /// What the counts come from, in sentences without a full stop.
    pub facts: Vec<String>,
    /// Rule ids, sorted.
    pub rules: Vec<String>,
    /// Whether the number is only the least possible, for lack of facts.
    pub at_least: bool,
}

/// Licences that would do for one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostOption {
    /// As in a position line.
    pub sku: String,
    /// What is counted.
    pub unit: String,
    /// How many.
    pub count: u64,
    /// At list price, minor units; `None`: no price known.
    pub cost_minor: Option<u64>,
}

/// CALs of one family beside Windows Server's own: what it means for each person and device who used it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UseCoverage {
    /// Id of the family in the catalogue.
    pub cal: String,
    /// Of its mix.
    pub optimum: Optimum,
    /// People who used it.
    pub people: Vec<Coverage>,
    /// Devices it was used from.
    pub devices: Vec<Coverage>,
    /// That its mix is the cheapest; indexes as in the estate.
    pub proof: Proof,
    /// Who would hold which CAL in its cheapest purchase, if there is one (E.29).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_holders: Option<PurchaseHolders>,
}
