//! From the store to a stored position: evidence and directory become an estate, the rules assess it, all of it is kept.
//!
//! Knows nothing of LDAP, gRPC or pages, and no rule about money: those are `caliper_licensing`'s.

mod accesses;
mod clusters;
mod coverage;
mod earlier;
mod estate;
mod history;
mod machines;
mod mapping;
mod matches;
mod people;
mod preview;
mod schedule;
mod settings;
mod sql;
mod statements;
#[cfg(test)]
mod tests;
mod window;

pub use coverage::Gap;
pub use estate::{DeviceFacts, Draft, PersonFacts};
pub use mapping::MappingError;
pub use matches::Match;
pub use preview::{Preview, Reclassified, RuleChange, preview};
pub use schedule::{Calendar, ScheduleError, ScheduleSettings, keep as keep_schedules, run_due};
pub use settings::{EstateSettings, HostSettings, ServerSettings};
pub use window::Window;

use caliper_licensing::{Assessment, EstateError, Position, assess_with};
use caliper_proto::Instant;
use jiff::civil::Date;
use people::Sayings;
use sha2::{Digest, Sha256};

use crate::{
    config::Config,
    context::Clock,
    own_catalogue::{self, OwnCatalogueError},
    sentence::sentence,
    store::{
        Store, StoreError,
        people::{self as store_people, StoredRule},
        scan as table,
    },
};

/// What started a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// Somebody on the command line.
    Hand,
    /// Somebody on the pages or a program over REST.
    Api,
    /// A schedule of this name.
    Schedule(String),
}

impl std::fmt::Display for Trigger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hand => f.write_str("hand"),
            Self::Api => f.write_str("api"),
            Self::Schedule(name) => write!(f, "schedule: {name}"),
        }
    }
}

/// Why a scan has no position.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The evidence or the configuration contradicts itself.
    #[error("the estate cannot be assessed, correct the [estate] part of the configuration")]
    Estate(#[from] EstateError),
    /// The catalogue of one's own.
    #[error(transparent)]
    Catalogue(#[from] OwnCatalogueError),
    /// The file that says whose accounts are whose.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// Not to be written as text.
    #[error("the {what} of the scan cannot be written: report this as a fault of the program")]
    Text {
        /// Estate or position.
        what: &'static str,
        /// What the writer says.
        #[source]
        source: serde_json::Error,
    },
}

/// What a finished scan found.
#[derive(Debug)]
pub struct Finished {
    /// Its estate as exported: the text of which the digest is taken.
    pub estate: String,
    /// SHA-256 of `estate`, hex.
    pub estate_sha256: String,
    /// Its position as JSON.
    pub position: String,
    /// Beside the position, what it means for each person and device.
    pub assessment: Assessment,
    /// Names and times for the lists.
    pub draft: Draft,
}

impl Finished {
    /// Money that closing all gaps costs, minor units.
    #[must_use]
    pub fn cost_minor(&self) -> u64 {
        cost_minor(&self.assessment.position)
    }
}

fn cost_minor(position: &Position) -> u64 {
    position.lines.iter().map(|line| line.cost_minor).fold(0, u64::saturating_add)
}

/// Runs a scan of the window that ends today. Returns its number; a scan that fails is stored with its sentence.
pub fn run(store: &Store, config: &Config, trigger: &Trigger, clock: &Clock) -> Result<u64, ScanError> {
    run_as_of(store, config, trigger, clock.now().date(), clock)
}

/// Runs a scan of the window that ends on `as_of`, for evidence of an earlier time.
pub fn run_as_of(
    store: &Store,
    config: &Config,
    trigger: &Trigger,
    as_of: Date,
    clock: &Clock,
) -> Result<u64, ScanError> {
    let scan: u64 = store.write(|tx| table::start(tx, &trigger.to_string(), clock.now()))?;
    let finished = prepare(store, config, as_of);
    let kept: Result<(), ScanError> =
        finished.and_then(|finished| Ok(store.write(|tx| table::finish(tx, scan, &finished, clock.now()))?));
    if let Err(error) = &kept {
        let text = sentence(error);
        store.write(|tx| table::fail(tx, scan, &text, clock.now()))?;
    }
    kept.map(|()| scan)
}

/// Everything of a scan except keeping it.
pub fn prepare(store: &Store, config: &Config, as_of: Date) -> Result<Finished, ScanError> {
    prepare_with(store, config, as_of, |_| {})
}

/// The same with other rules for accounts than those stored.
fn prepare_with(
    store: &Store,
    config: &Config,
    as_of: Date,
    change: impl Fn(&mut Vec<StoredRule>),
) -> Result<Finished, ScanError> {
    let catalogue = own_catalogue::read(config.estate.catalogue.as_deref())?;
    let mapping = config.people.mapping.as_deref().map(mapping::read).transpose()?.unwrap_or_default();
    let mut draft = store.read(|tx| {
        let sayings = sayings(tx, config, &mapping, &change)?;
        estate::draw(tx, &config.estate, sayings, &catalogue, as_of)
    })?;
    catalogue.supplement(&mut draft.estate);
    let assessment = assess_with(&draft.estate, &catalogue)?;
    let text = |what| move |source| ScanError::Text { what, source };
    let estate = serde_json::to_string(&draft.estate).map_err(text("estate"))?;
    // as `caliper plan --json` prints it, byte for byte
    let position = serde_json::to_string_pretty(&assessment.position).map_err(text("position"))?;
    let estate_sha256 = Sha256::digest(estate.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        use std::fmt::Write as _;
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    Ok(Finished { estate, estate_sha256, position, assessment, draft })
}

/// Everything that says who is who, with other rules than those stored.
fn sayings(
    tx: &rusqlite::Transaction<'_>,
    config: &Config,
    mapping: &[mapping::Mapped],
    change: impl Fn(&mut Vec<StoredRule>),
) -> Result<Sayings, StoreError> {
    let mut rules = store_people::rules(tx)?;
    change(&mut rules);
    Ok(Sayings {
        rules: rules.into_iter().map(|stored| stored.rule).chain(config.people.rule.iter().cloned()).collect(),
        administrator_patterns: config.people.administrator_patterns.clone(),
        mapping: mapping.to_vec(),
        decisions: store_people::decisions(tx)?,
    })
}

/// Hands over what each row of the window that ends on `as_of` stands for by what is stored now, until `each` says `false`. Rows without a
/// person or a device behind them, as those between servers, are left out.
pub fn matches(store: &Store, config: &Config, as_of: Date, each: impl FnMut(Match) -> bool) -> Result<(), ScanError> {
    let catalogue = own_catalogue::read(config.estate.catalogue.as_deref())?;
    let mapping = config.people.mapping.as_deref().map(mapping::read).transpose()?.unwrap_or_default();
    Ok(store.read(|tx| {
        let sayings = sayings(tx, config, &mapping, |_| {})?;
        matches::read(tx, &config.estate, sayings, &catalogue, as_of, each)
    })?)
}

/// Scans that a crash left unfinished become failed ones. To be called when the program starts, before any scan.
pub fn recover(store: &Store, now: Instant) -> Result<u64, StoreError> {
    store.write(|tx| table::fail_unfinished(tx, now))
}
