//! Finding rows.

use super::{
    BuildRow, CalRow, CapRow, Catalogue, ChannelRow, CoreFactorRow, CoreMinimumRow, EditionIdRow, EditionRow,
    EquivalenceRow, IncludedRow, PolicyRow, Product, QuestionRow, RightRow, RoleRow, RuleRow, SourceRow, Terms,
    VersionRow,
};
use crate::version::VersionName;

/// Suffixes of `EditionID`s that do not change the edition (rule B.3), longer ones before their own ends.
const SUFFIXES: [&str; 9] = ["evalcor", "vcore", "acor", "core", "nano", "eval", "cor", "em", "v"];

/// What an `EditionID` says (rule B.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Normalised<'a> {
    /// Of the edition.
    pub row: &'a EditionIdRow,
    /// An evaluation copy, which grants no right to production use.
    pub evaluation: bool,
    /// An installation without desktop, which never matters for licences (rule B.2).
    pub core: bool,
}

impl Catalogue {
    /// The row of a version of Windows Server; for a year between two of them that of the older one.
    #[must_use]
    pub fn version(&self, version: VersionName) -> &VersionRow {
        // rows rise and the first is the oldest version there is, the check sees to it
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

    /// The row of an `EditionID` of the registry; case does not matter.
    #[must_use]
    pub fn edition_id(&self, id: &str) -> Option<&EditionIdRow> {
        self.edition_ids.iter().find(|row| row.ids.iter().any(|known| known.eq_ignore_ascii_case(id)))
    }

    /// An `EditionID` with what it says beside the edition (rule B.3): the row of a spelling that is known, else of what is left
    /// without its last suffix. `None` for one that nobody knows.
    #[must_use]
    pub fn normalised(&self, id: &str) -> Option<Normalised<'_>> {
        if let Some(row) = self.edition_id(id) {
            return Some(Normalised { row, evaluation: row.evaluation, core: row.core });
        }
        let lower = id.to_lowercase();
        let (suffix, rest) = SUFFIXES.iter().find_map(|suffix| Some((suffix, lower.strip_suffix(suffix)?)))?;
        let row = self.edition_id(rest)?;
        let core = row.core || suffix.ends_with("cor") || suffix.ends_with("core") || *suffix == "nano";
        Some(Normalised { row, evaluation: row.evaluation || suffix.starts_with("eval"), core })
    }

    /// The row of a SKU number.
    #[must_use]
    pub fn edition_sku(&self, sku: u32) -> Option<&EditionIdRow> {
        self.edition_ids.iter().find(|row| row.sku == sku)
    }

    /// The releases of a build; the first one is to be assumed if nothing tells them apart.
    pub fn builds(&self, build: u32) -> impl Iterator<Item = &BuildRow> {
        let of_build = move |row: &&BuildRow| row.build == build;
        let plain = self.builds.iter().filter(of_build).filter(|row| row.told_by.is_none());
        plain.chain(self.builds.iter().filter(of_build).filter(|row| row.told_by.is_some()))
    }

    /// A release by its name, for example `2019` or `SAC 1809`; the first build of it.
    #[must_use]
    pub fn release(&self, name: &str) -> Option<&BuildRow> {
        self.builds.iter().find(|row| row.release.eq_ignore_ascii_case(name))
    }

    /// The version of a product of a CAL family, by the number that an installation reports, for example `16.0.1000.6` (rule
    /// D.11); `None` for a number that is no build known.
    #[must_use]
    pub fn product_version(&self, family: &str, number: &str) -> Option<VersionName> {
        let mut parts = number.split('.').map(|part| part.trim().parse::<u32>().ok());
        let (major, minor) = (parts.next()??, parts.next()??);
        let known =
            self.product_builds.iter().filter(|row| row.family == family && row.major == major && row.minor <= minor);
        known.max_by_key(|row| row.minor).map(|row| row.version)
    }

    /// A release channel by id.
    #[must_use]
    pub fn channel(&self, id: &str) -> Option<&ChannelRow> {
        self.channels.iter().find(|row| row.id == id)
    }

    /// The limits of an edition in a version (rule A.4).
    #[must_use]
    pub fn cap(&self, edition: &str, version: VersionName) -> Option<&CapRow> {
        self.caps.iter().find(|row| row.edition == edition && row.versions.contains(&version))
    }

    /// The rights of an edition of Windows Server in a version under some terms (rules A.5, C.6, C.14); `None` if it has none
    /// of its own.
    #[must_use]
    pub fn right(&self, edition: &str, version: VersionName, terms: Terms) -> Option<&RightRow> {
        self.right_of(Product::WindowsServer, edition, version, terms)
    }

    /// The same of any product (rule G.7).
    #[must_use]
    pub fn right_of(&self, product: Product, edition: &str, version: VersionName, terms: Terms) -> Option<&RightRow> {
        self.rights_of(product)
            .find(|row| row.edition == edition && row.versions.contains(&version) && row.terms == terms)
    }

    /// All rights of a product.
    pub fn rights_of(&self, product: Product) -> impl Iterator<Item = &RightRow> {
        self.rights.iter().filter(move |row| row.product == product)
    }

    /// Core minima by id.
    #[must_use]
    pub fn core_minimum(&self, id: &str) -> Option<&CoreMinimumRow> {
        self.core_minima.iter().find(|row| row.id == id)
    }

    /// The core factor of a processor under a version of SQL Server; `None` for versions without factors (rule D.6).
    #[must_use]
    pub fn core_factor(&self, version: VersionName, model: &str, cores: u32) -> Option<&CoreFactorRow> {
        self.core_factors.iter().find(|row| row.fits(version, model, cores))
    }

    /// A CAL family by id.
    #[must_use]
    pub fn cal(&self, id: &str) -> Option<&CalRow> {
        self.cals.iter().find(|row| row.id == id)
    }

    /// The CAL family that a sku belongs to, be it the User CAL, the Device CAL or the External Connector.
    #[must_use]
    pub fn cal_of_sku(&self, sku: &str) -> Option<&CalRow> {
        let is = |known: &Option<String>| known.as_deref() == Some(sku);
        self.cals.iter().find(|row| is(&row.user) || is(&row.device) || is(&row.connector))
    }

    /// A family and every family needed beside it, each once, the nearest first.
    #[must_use]
    pub fn cal_and_beside(&self, id: &str) -> Vec<&CalRow> {
        let mut found: Vec<&CalRow> = self.cal(id).into_iter().collect();
        let mut at = 0;
        while let Some(&row) = found.get(at) {
            for other in row.beside.iter().filter_map(|id| self.cal(id)) {
                if found.iter().all(|known| known.id != other.id) {
                    found.push(other);
                }
            }
            at += 1;
        }
        found
    }

    /// A suite, bridge or plan by id.
    #[must_use]
    pub fn equivalence(&self, id: &str) -> Option<&EquivalenceRow> {
        self.equivalences.iter().find(|row| row.id == id)
    }

    /// CALs that come with a server licence (rule A.3).
    #[must_use]
    pub fn included(&self, sku: &str, version: VersionName) -> Option<&IncludedRow> {
        self.included.iter().find(|row| row.sku == sku && row.version == version)
    }

    /// A role by the GUID that User Access Logging stores; case and braces do not matter.
    #[must_use]
    pub fn role(&self, guid: &str) -> Option<&RoleRow> {
        let wanted = guid.trim_start_matches('{').trim_end_matches('}');
        self.roles.iter().find(|row| row.guid.as_deref().is_some_and(|guid| guid.eq_ignore_ascii_case(wanted)))
    }

    /// A switch by its name.
    #[must_use]
    pub fn policy(&self, name: &str) -> Option<&PolicyRow> {
        self.policies.iter().find(|row| row.name == name)
    }

    /// Open questions that touch a rule and that nobody has answered.
    pub fn questions_of(&self, rule: &str) -> impl Iterator<Item = &QuestionRow> {
        self.questions.iter().filter(move |row| row.answer.is_none() && row.rules.iter().any(|id| id == rule))
    }

    /// The row of a rule.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&RuleRow> {
        self.rules.iter().find(|row| row.id == id)
    }

    /// Days after its assignment from which on a licence may be assigned anew: one given on day d is free again on day
    /// d + 90 (rule 0.4).
    #[must_use]
    pub fn reassignment_days(&self) -> u32 {
        self.rule("0.4").and_then(|rule| rule.days).unwrap_or(90)
    }

    /// A page.
    #[must_use]
    pub fn source(&self, id: &str) -> Option<&SourceRow> {
        self.sources.iter().find(|row| row.id == id)
    }
}

/// Letters and digits without the words that every edition has.
pub(super) fn spelling(name: &str) -> String {
    let letters: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    letters.replace("windows", "").replace("server", "").replace("edition", "")
}
