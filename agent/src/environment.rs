//! What the outside world gives the agent: clock, randomness, names and places (invariant 9).
//!
//! Only `main` fills it from the real machine; tests fill it with what they need.

use std::path::PathBuf;

use caliper_proto::Instant;

use crate::{config::Policy, connection::Resolver, limit::Usage};

/// The outside world as parameters.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The clock.
    pub now: fn() -> Instant,
    /// Sixty-four random bits; used only to spread reconnections.
    pub random: fn() -> u64,
    /// The time zone of the server's clock, which somebody may change.
    pub zone: fn() -> jiff::tz::TimeZone,
    /// Host name, for the aggregator's list of agents; never an identity.
    pub host_name: String,
    /// What Group Policy sets at the moment, by the names of registry values; empty elsewhere than on Windows.
    pub policy: fn() -> Policy,
    /// Asks DNS where the aggregator may be.
    pub services: Resolver,
    /// What this process has used; `None` where the system does not say.
    pub usage: fn() -> Option<Usage>,
    /// Configuration file read when none is named; it need not exist.
    pub config: PathBuf,
    /// State folder used when the configuration names none.
    pub state: PathBuf,
}
