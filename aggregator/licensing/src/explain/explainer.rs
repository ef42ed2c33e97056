//! One assessment that can be asked why.

use super::{
    citations,
    explanation::{EXPLANATION_FORMAT, Explained, Explanation, Forcing},
    near::near,
    subject::Subject,
};
use crate::{
    assess::assess_keeping,
    assessment::Assessment,
    book::NO_CURRENCY,
    cal::Kept,
    catalogue::Catalogue,
    checked::Checked,
    estate::{Accesses, Estate, EstateError},
    ledger::Wanted,
    position::{Confidence, Position},
    words::Money,
};

/// Why there is no explanation.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ExplainError {
    /// Nothing of that name.
    #[error("there is no {kind} `{name}` here{}", near_in_words(.near))]
    Unknown {
        /// What was looked for, for example `person`.
        kind: &'static str,
        /// As asked.
        name: String,
        /// Names that look like it.
        near: Vec<String>,
    },
    /// There is nothing of that kind.
    #[error("there is nothing to explain about {0} here: ask about something else, or about the whole position")]
    Nothing(&'static str),
    /// A way not taken cannot be counted.
    #[error(transparent)]
    Estate(#[from] EstateError),
}

fn near_in_words(near: &[String]) -> String {
    if near.is_empty() {
        ": see the estate for its names".into()
    } else {
        let names: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
        format!(": did you mean {}?", names.join(", "))
    }
}

/// An assessed estate with what its numbers were counted from.
pub struct Explainer<'a> {
    pub(super) checked: Checked<'a>,
    pub(super) assessment: Assessment,
    /// By family of CALs, the base CAL first.
    pub(super) kept: Vec<Kept>,
    /// Who needs which CAL, by family.
    pub(super) wanted: Vec<Wanted>,
}

impl<'a> Explainer<'a> {
    /// Assesses the estate by this catalogue.
    pub fn of(estate: &'a Estate, catalogue: &'a Catalogue) -> Result<Self, EstateError> {
        let checked = Checked::of(estate, catalogue)?;
        let (assessment, kept, wanted) = assess_keeping(&checked)?;
        Ok(Self { checked, assessment, kept, wanted })
    }

    /// What is explained.
    #[must_use]
    pub fn assessment(&self) -> &Assessment {
        &self.assessment
    }

    /// Why one thing is as it is. Each question costs one pass over the accesses, and for each way not taken about as much
    /// as the mix itself.
    pub fn explain(&self, subject: &Subject) -> Result<Explained, ExplainError> {
        let explanations = match subject {
            Subject::Line(sku, version) => self.lines(sku, version.as_deref())?,
            Subject::Person(id) => self.person(id)?,
            Subject::Device(id) => self.device(id)?,
            Subject::Host(id) => self.host(id)?,
            Subject::Server(id) => self.server(id)?,
            Subject::Sql(id) => self.sql(id)?,
            Subject::Family(name) => self.family(name)?,
            Subject::Violation(of) => self.violation(of)?,
            Subject::Suites => some(self.suites(), "suites")?,
            Subject::Purchase => some(self.purchases(|_| true), "a purchase of CALs")?,
            Subject::Servers => {
                some(self.editions().into_iter().collect(), "editions given the server licences owned")?
            }
            Subject::Reclaim => some(self.reclaim(), "licences to take back")?,
            Subject::Transfers => some(self.transfers()?, "CALs that change hands")?,
            Subject::Pool => some(self.pools()?, "pools over time")?,
        };
        Ok(self.explained(explanations, None))
    }

    /// The whole position: every line, the purchase, suites and broken terms.
    pub fn whole(&self) -> Result<Explained, ExplainError> {
        let explanations = self.everything()?;
        Ok(self.explained(explanations, Some(self.assessment.position.clone())))
    }

    fn explained(&self, explanations: Vec<Explanation>, position: Option<Position>) -> Explained {
        let catalogue = self.catalogue();
        let rules = citations::rules(catalogue, &explanations);
        Explained {
            format: EXPLANATION_FORMAT.into(),
            as_of: self.estate().as_of.to_string(),
            currency: self.estate().currency.clone(),
            sources: citations::sources(catalogue, &rules),
            policy: citations::policy(catalogue, &self.estate().policy, &explanations),
            rules,
            explanations,
            position,
        }
    }

    pub(super) fn estate(&self) -> &'a Estate {
        self.checked.estate
    }

    pub(super) fn catalogue(&self) -> &'a Catalogue {
        self.checked.catalogue
    }

    pub(super) fn accesses<'k>(&'k self, kept: &'k Kept) -> &'k Accesses {
        kept.accesses.as_ref().unwrap_or(&self.estate().accesses)
    }

    pub(super) fn money(&self, minor: u64) -> Money {
        let stated = Some(self.estate().currency.as_str()).filter(|code| !code.is_empty());
        Money { minor, currency: stated.unwrap_or(NO_CURRENCY).into() }
    }

    /// An explanation with its rules, those that its sentences name among them, and the switches that belong to them.
    pub(super) fn finish(&self, mut about: About) -> Explanation {
        let catalogue = self.catalogue();
        let sentences = about.facts.iter().chain(&about.to_do).chain([&about.headline]);
        let named = sentences
            .chain(about.forced_by.iter().map(|forcing| &forcing.what))
            .chain(about.alternatives.iter().map(|way| &way.why))
            .flat_map(|sentence| citations::rules_in(catalogue, sentence));
        let rules = citations::in_order(std::mem::take(&mut about.rules).into_iter().chain(named.collect::<Vec<_>>()));
        let confidence = about.confidence.unwrap_or_else(|| citations::confidence(catalogue, &rules));
        Explanation {
            kind: about.kind.into(),
            id: about.id,
            version: about.version,
            headline: about.headline,
            forced_by: about.forced_by,
            facts: about.facts,
            alternatives: about.alternatives,
            to_do: about.to_do,
            policy: citations::switches(catalogue, &rules, about.policy),
            rules,
            confidence,
        }
    }

    /// The index of an id, or an error that names those near to it.
    pub(super) fn find<'n>(
        kind: &'static str,
        wanted: &str,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> Result<usize, ExplainError> {
        names.clone().position(|name| name == wanted).ok_or_else(|| ExplainError::Unknown {
            kind,
            name: wanted.into(),
            near: near(wanted, names),
        })
    }
}

/// At least one, or an error that says that there is nothing.
fn some(found: Vec<Explanation>, what: &'static str) -> Result<Vec<Explanation>, ExplainError> {
    if found.is_empty() { Err(ExplainError::Nothing(what)) } else { Ok(found) }
}

/// An explanation in the making.
#[derive(Debug, Default)]
pub(super) struct About {
    pub kind: &'static str,
    pub id: String,
    pub version: String,
    pub headline: String,
    pub forced_by: Vec<Forcing>,
    pub facts: Vec<String>,
    pub alternatives: Vec<super::explanation::Alternative>,
    pub to_do: Vec<String>,
    pub rules: Vec<String>,
    /// Switches beside those that belong to the rules.
    pub policy: Vec<String>,
    /// `None`: that of the rules.
    pub confidence: Option<Confidence>,
}

/// How many names are told.
const SHOWN: usize = 5;

impl About {
    /// Adds things that force it, if there are any.
    pub fn forced_by<'n>(&mut self, what: impl FnOnce(u64) -> String, names: impl Iterator<Item = &'n str>) {
        let mut count = 0_u64;
        let mut shown = Vec::new();
        for name in names {
            count += 1;
            if shown.len() < SHOWN {
                shown.push(name.to_owned());
            }
        }
        if count > 0 {
            self.forced_by.push(Forcing { what: what(count), count, names: shown });
        }
    }
}
