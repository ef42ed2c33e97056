//! What an assessment gathers on its way: every section of the rules writes its part into it.

use crate::{
    assessment::{HostLicence, UseCoverage},
    book::Book,
    cal::Kept,
    checked::Checked,
    estate::EstateError,
    findings::Warnings,
    ledger::Wanted,
    position::{
        FamilyPool, FamilyPurchase, GivenSuites, Interval, Pool, Reading, Reclaim, Servers, SuiteOffer, ToDo, Violation,
    },
};

/// A position in the making.
pub(crate) struct Draft<'a> {
    pub book: Book<'a>,
    pub warnings: Warnings,
    pub hosts: Vec<HostLicence>,
    pub uses: Vec<UseCoverage>,
    pub purchases: Vec<FamilyPurchase>,
    pub intervals: Vec<Interval>,
    pub to_do: Vec<ToDo>,
    /// What CALs could come of instances of SQL Server that nobody declared (D.11), until the licences to run them are known.
    pub undeclared_sql: Option<ToDo>,
    pub violations: Vec<Violation>,
    pub readings: Vec<Reading>,
    pub reclaim: Vec<Reclaim>,
    pub given_suites: Option<GivenSuites>,
    pub suites: Option<SuiteOffer>,
    pub pool: Option<Pool>,
    pub pools: Vec<FamilyPool>,
    /// Of each family: who needs which of its CALs.
    pub wanted: Vec<Wanted>,
    pub server_suites: Option<SuiteOffer>,
    /// What CALs were counted from, the base CAL first.
    pub kept: Vec<Kept>,
    /// Whether an explanation will ask for those of the other families, too.
    pub keeps_all: bool,
    pub servers: Option<Servers>,
    /// Hosts that may take this product only: a way not taken, for explanations.
    pub tied: Option<Tied>,
}

/// Hosts that may take one product only.
#[derive(Clone)]
pub(crate) struct Tied {
    /// Ids.
    pub hosts: std::collections::BTreeSet<String>,
    pub sku: String,
}

impl<'a> Draft<'a> {
    pub fn of(checked: &Checked<'a>) -> Self {
        let mut warnings = checked.estate.notes.clone();
        if checked.ledger.endless > 0 {
            warnings.push(format!(
                "temporary assignments without `temporary_until`, so that nobody can tell whether they ended in time (E.20): {}",
                checked.ledger.endless
            ));
        }
        Self {
            book: Book::of(checked),
            warnings: Warnings(warnings),
            hosts: Vec::new(),
            uses: Vec::new(),
            purchases: Vec::new(),
            intervals: Vec::new(),
            to_do: Vec::new(),
            undeclared_sql: None,
            violations: checked.ledger.violations.clone(),
            readings: Vec::new(),
            reclaim: Vec::new(),
            given_suites: None,
            suites: None,
            pool: None,
            pools: Vec::new(),
            wanted: Vec::new(),
            server_suites: None,
            kept: Vec::new(),
            keeps_all: false,
            servers: None,
            tied: None,
        }
    }
}

/// Money added up.
pub(crate) fn add(one: u64, two: u64) -> Result<u64, EstateError> {
    one.checked_add(two).ok_or_else(|| EstateError::TooLarge("the cost of all licences".into()))
}
