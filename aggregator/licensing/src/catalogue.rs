//! The catalogue: versions, editions and rules as data, each row with its source and how sure it is.
//!
//! The data is `catalogue.toml`, part of the program. Knows nothing of estates.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::{position::Confidence, version::VersionName};

/// How a version of Windows Server is licensed to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Server licence of 2003: not computed yet.
    Server,
    /// Per running instance: 2008 and 2008 R2.
    Instances,
    /// One licence covers two processors: 2012 and 2012 R2.
    Processors,
    /// Per physical core: 2016 and later.
    Cores,
}

/// How an edition is licensed to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunLicence {
    /// As its version says.
    ByVersion,
    /// A licence of its own kind, not computed yet.
    Own,
    /// None.
    Free,
}

/// One version.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionRow {
    /// The version.
    pub name: VersionName,
    /// The oldest CAL that suffices for it.
    pub cal: VersionName,
    /// How it is licensed to run.
    pub model: Model,
    /// Rule id.
    pub rule: String,
    /// Title of the page it was read on.
    pub source: String,
    /// How sure the source is.
    pub confidence: Confidence,
}

/// One edition.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditionRow {
    /// Normalised name (rule B.3).
    pub name: String,
    /// Other spellings.
    #[serde(default)]
    pub also: Vec<String>,
    /// Whether access to it needs a CAL.
    pub cal: bool,
    /// How it is licensed to run.
    pub licence: RunLicence,
    /// Rule id.
    pub rule: String,
    /// Title of the page it was read on.
    pub source: String,
    /// How sure the source is.
    pub confidence: Confidence,
}

/// One rule that positions cite.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleRow {
    /// For example `C.1`.
    pub id: String,
    /// What it says, short.
    pub text: String,
    /// Title of the page it was read on.
    pub source: String,
    /// How sure the source is.
    pub confidence: Confidence,
}

/// All of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Versions, rising.
    #[serde(rename = "version")]
    pub versions: Vec<VersionRow>,
    /// Editions.
    #[serde(rename = "edition")]
    pub editions: Vec<EditionRow>,
    /// Rules.
    #[serde(rename = "rule")]
    pub rules: Vec<RuleRow>,
}

/// The catalogue of this program.
#[must_use]
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> =
        LazyLock::new(|| toml::from_str(include_str!("catalogue.toml")).expect("a test reads this very text"));
    &CATALOGUE
}

impl Catalogue {
    /// The row of a version of Windows Server; for a year between two of them that of the older one.
    #[must_use]
    pub fn version(&self, version: VersionName) -> &VersionRow {
        // the first row is the oldest version there is, see the test
        self.versions.iter().rev().find(|row| row.name <= version).unwrap_or(&self.versions[0])
    }

    /// The oldest CAL that suffices for a server of this version: R2 releases have none of their own (rule A.6).
    #[must_use]
    pub fn cal_version(&self, version: VersionName) -> VersionName {
        self.version(version).cal
    }

    /// The row of an edition, in whatever spelling; `None` for one nobody knows (rule A.2: never guessed).
    #[must_use]
    pub fn edition(&self, name: &str) -> Option<&EditionRow> {
        let wanted = spelling(name);
        self.editions
            .iter()
            .find(|row| spelling(&row.name) == wanted || row.also.iter().any(|other| spelling(other) == wanted))
    }

    /// The row of a rule.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&RuleRow> {
        self.rules.iter().find(|row| row.id == id)
    }
}

/// Letters and digits without the words that every edition has.
fn spelling(name: &str) -> String {
    let letters: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    letters.replace("windows", "").replace("server", "").replace("edition", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rule A.6, copied from Microsoft's OEM CAL page and the 2016 licence terms.
    #[test]
    fn cal_versions_are_those_of_the_published_table() {
        let table = [
            ("2003", "2003"),
            ("2003 R2", "2003"),
            ("2008", "2008"),
            ("2008 R2", "2008"),
            ("2012", "2012"),
            ("2012 R2", "2012"),
            ("2016", "2016"),
            ("2019", "2019"),
            ("2022", "2022"),
            ("2025", "2025"),
        ];
        assert_eq!(catalogue().versions.len(), VersionName::WINDOWS.len());
        for ((version, cal), row) in table.into_iter().zip(&catalogue().versions) {
            assert_eq!(row.name.name(), version);
            assert_eq!(catalogue().cal_version(VersionName::from_name(version).unwrap()).name(), cal);
        }
    }

    #[test]
    fn every_row_has_a_source_and_no_id_or_spelling_stands_twice() {
        let catalogue = catalogue();
        let mut ids: Vec<_> = catalogue.rules.iter().map(|row| &row.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), catalogue.rules.len());
        assert!(catalogue.rules.iter().all(|row| !row.source.is_empty() && !row.text.is_empty()));
        assert!(catalogue.versions.iter().all(|row| !row.source.is_empty()));
        let mut spellings = Vec::new();
        for row in &catalogue.editions {
            assert!(!row.source.is_empty(), "{}", row.name);
            spellings.push(spelling(&row.name));
            spellings.extend(row.also.iter().map(|other| spelling(other)));
        }
        let all = spellings.len();
        spellings.sort();
        spellings.dedup();
        assert_eq!(spellings.len(), all);
    }

    #[test]
    fn editions_are_found_in_any_spelling_and_never_guessed() {
        for (given, name) in [
            ("Standard", "Standard"),
            ("Windows Server Datacenter", "Datacenter"),
            ("ServerStandard", "Standard"),
            ("Storage Server Workgroup", "Storage"),
            ("Hyper-V Server", "Hyper-V"),
            ("Web Server", "Web"),
            ("Datacenter: Azure Edition", "Datacenter Azure"),
        ] {
            assert_eq!(catalogue().edition(given).map(|row| row.name.as_str()), Some(name), "{given}");
        }
        assert!(catalogue().edition("SE").is_none());
        assert!(catalogue().edition("").is_none());
    }
}
