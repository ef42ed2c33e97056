//! What an assessment gathers on its way: every section of the rules writes its part into it.

use crate::{
    assessment::{HostLicence, UseCoverage},
    book::Book,
    checked::Checked,
    estate::EstateError,
    findings::Warnings,
    position::{Interval, Reading, Reclaim, SuiteOffer, ToDo, Violation},
};

/// A position in the making.
pub(crate) struct Draft<'a> {
    pub book: Book<'a>,
    pub warnings: Warnings,
    pub hosts: Vec<HostLicence>,
    pub uses: Vec<UseCoverage>,
    pub intervals: Vec<Interval>,
    pub to_do: Vec<ToDo>,
    pub violations: Vec<Violation>,
    pub readings: Vec<Reading>,
    pub reclaim: Vec<Reclaim>,
    pub suites: Option<SuiteOffer>,
}

impl<'a> Draft<'a> {
    pub fn of(checked: &Checked<'a>) -> Self {
        Self {
            book: Book::of(checked),
            warnings: Warnings(checked.estate.notes.clone()),
            hosts: Vec::new(),
            uses: Vec::new(),
            intervals: Vec::new(),
            to_do: Vec::new(),
            violations: Vec::new(),
            readings: Vec::new(),
            reclaim: Vec::new(),
            suites: None,
        }
    }
}

/// Money added up.
pub(crate) fn add(one: u64, two: u64) -> Result<u64, EstateError> {
    one.checked_add(two).ok_or_else(|| EstateError::TooLarge("the cost of all licences".into()))
}
