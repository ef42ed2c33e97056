//! What one licence lets run: rights to virtual machines, core minima, core factors, packs.

use serde::{Deserialize, Serialize};

use super::row::row;
use crate::version::VersionName;

/// How a need follows from processors p, cores, and instances i = virtual machines and the physical one if it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Formula {
    /// `ceil(i / instances)`, at least 1; processors do not matter.
    Instances,
    /// `ceil(p / processors)`; any number of instances.
    Processors,
    /// `max(ceil(p / processors), ceil(i / instances))`, at least 1: licences add up.
    ProcessorsAndInstances,
    /// `ceil(p / processors) * ceil(i / instances)`, at least 1: the whole set of processors again for each `instances`.
    ProcessorSets,
    /// The whole core set again for each `instances`; without `instances` once for any number.
    CoreSets,
    /// The virtual cores of each virtual machine, with the minimum of one and of the customer.
    VirtualMachines,
}

/// Terms under which a licence was got (rule 0.2), as far as rights differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Terms {
    /// Volume licensing, OEM or retail.
    #[default]
    Own,
    /// Rented from a provider.
    Spla,
    /// With active Software Assurance or as a subscription.
    SoftwareAssurance,
}

/// What a licence for servers lets do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Product {
    /// Run Windows Server.
    #[default]
    WindowsServer,
    /// Manage operating systems of servers with System Center (rule G.7).
    SystemCenter,
}

row! {
    /// Rights to virtual machines per licence (rules A.5, C.6, C.14).
    RightRow, "right", ["id"] {
        /// For example `2012-standard`.
        id: String,
        /// Of which product.
        #[serde(default)]
        product: Product,
        /// Normalised edition.
        edition: String,
        /// Versions it holds for.
        versions: Vec<VersionName>,
        /// Terms it holds for.
        #[serde(default)]
        terms: Terms,
        /// As in a position line.
        sku: String,
        /// How the need follows.
        formula: Formula,
        /// Processors that one licence covers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        processors: Option<u32>,
        /// Instances that one licence, or one core set, covers; none: any number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instances: Option<u32>,
        /// Id of the core minimum that applies.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minimum: Option<String>,
    }
}

row! {
    /// The fewest core licences (rules C.1, C.14, D.3, D.4, G.7).
    CoreMinimumRow, "core_minimum", ["id"] {
        /// For example `windows-server`.
        id: String,
        /// For each populated processor; 0: none.
        #[serde(default)]
        per_processor: u32,
        /// For each server; 0: none.
        #[serde(default)]
        per_server: u32,
        /// For each virtual machine; 0: none.
        #[serde(default)]
        per_virtual_machine: u32,
        /// For all virtual machines of a customer together; 0: none.
        #[serde(default)]
        per_customer: u32,
        /// Licences are bought in multiples of this.
        multiple: u32,
    }
}

row! {
    /// A core factor (rule D.2): physical cores times `numerator / denominator`. The first row that fits counts.
    CoreFactorRow, "core_factor", ["id"] {
        /// For example `amd-2012`.
        id: String,
        /// SQL Server versions.
        versions: Vec<VersionName>,
        /// Words that the processor's model must have, all of them; case does not matter.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        words: Vec<String>,
        /// Words that it must not have.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        without: Vec<String>,
        /// Model numbers, `x` for any digit; one of them must fit. Empty: any.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        models: Vec<String>,
        /// Fewest cores of the processor; 0: any.
        #[serde(default)]
        least_cores: u32,
        /// Most cores of the processor; 0: any.
        #[serde(default)]
        most_cores: u32,
        /// Factor above the line.
        numerator: u32,
        /// Factor below the line.
        denominator: u32,
    }
}

impl CoreFactorRow {
    /// Whether it is the row for a processor of that model and so many physical cores under a version of SQL Server.
    #[must_use]
    pub fn fits(&self, version: VersionName, model: &str, cores: u32) -> bool {
        let model = model.to_lowercase();
        let has = |word: &String| model.contains(&word.to_lowercase());
        let number = |wanted: &String| model.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| is(wanted, part));
        self.versions.contains(&version)
            && cores >= self.least_cores
            && (self.most_cores == 0 || cores <= self.most_cores)
            && self.words.iter().all(has)
            && !self.without.iter().any(has)
            && (self.models.is_empty() || self.models.iter().any(number))
    }
}

/// Whether a word is a model number: the same digits, `x` for any, letters behind them do not matter.
fn is(wanted: &str, part: &str) -> bool {
    let digits = part.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    digits.len() == wanted.len()
        && wanted
            .bytes()
            .zip(digits.bytes())
            .all(|(wanted, digit)| digit.is_ascii_digit() && (wanted.eq_ignore_ascii_case(&b'x') || wanted == digit))
}

row! {
    /// Sizes in which licences are sold (rules C.2, E.30).
    PackRow, "pack", ["id"] {
        /// For example `core-volume`.
        id: String,
        /// Units of position lines it holds for, for example `core`.
        units: Vec<String>,
        /// Ways of buying: `volume`, `oem`, `retail`.
        channels: Vec<String>,
        /// Licences in one pack, rising.
        sizes: Vec<u32>,
    }
}

row! {
    /// One licence for a server that is a licence of several products (rule G.8).
    ServerSuiteRow, "server_suite", ["id"] {
        /// What its skus begin with, in place of the product's own word.
        id: String,
        /// For people to read.
        name: String,
        /// At least two.
        covers: Vec<Product>,
    }
}

impl Product {
    /// What its skus begin with.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::WindowsServer => "windows-server",
            Self::SystemCenter => "system-center",
        }
    }
}
