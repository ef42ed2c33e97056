//! The check-up: everything that delivery needs, from the inside out, one line each, with what to do.
//!
//! It changes nothing, and works while the agent runs.

#[cfg(windows)]
mod ask;
mod between;
mod local;
mod network;
#[cfg(any(windows, test))]
mod sources;

use std::path::Path;

use serde::Serialize;

use crate::{
    config::Config,
    connection::Target,
    enroll,
    environment::Environment,
    identity::{Identity, IdentityError},
    sentence::sentence,
};
use network::Caller;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// Works, but somebody should look.
    Warning,
    /// Does not work.
    Failed,
}

impl State {
    /// As printed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// How it ended.
    pub state: State,
    /// What was found, and what to do unless it is well.
    pub finding: String,
}

impl Check {
    fn ok(name: &'static str, finding: impl Into<String>) -> Self {
        Self { name, state: State::Ok, finding: finding.into() }
    }

    fn warning(name: &'static str, finding: impl Into<String>) -> Self {
        Self { name, state: State::Warning, finding: finding.into() }
    }

    fn failed(name: &'static str, finding: impl Into<String>) -> Self {
        Self { name, state: State::Failed, finding: finding.into() }
    }
}

/// Checks everything that can be checked; what needs something that failed is left out.
pub async fn examine(named: Option<&Path>, environment: &Environment) -> Vec<Check> {
    let config = match Config::load(named, environment) {
        Ok(config) => config,
        Err(error) => return vec![Check::failed("configuration", sentence(&error))],
    };
    let path = named.unwrap_or(&environment.config);
    let found = if path.exists() { "is correct" } else { "does not exist; defaults hold" };
    let mut checks = vec![Check::ok("configuration", format!("{} {found}", path.display()))];
    let folder = config.folder();
    checks.push(local::state_folder(&folder));
    checks.push(local::queue(&folder, config.queue_max_bytes.value));
    checks.extend(local::memory(&folder, (environment.now)()));
    match &config.collect_from.value {
        Some(from) => checks.push(local::evidence(from)),
        #[cfg(windows)]
        None => checks.extend(sources::judge(&ask::sources())),
        #[cfg(not(windows))]
        None => {}
    }
    let now = (environment.now)();
    let identity = match Identity::load(&folder) {
        Ok(identity) => identity,
        Err(IdentityError::Missing) if folder.token().exists() => {
            checks.extend(with_token(&folder.token(), &config, environment).await);
            return checks;
        }
        Err(error) => {
            checks.push(Check::failed("identity", sentence(&error)));
            return checks;
        }
    };
    checks.push(local::identity(&identity, &folder));
    checks.extend(local::certificate(&identity, now));
    let target = Target::of(&identity, &config.route());
    checks.extend(network::examine(&target, Caller::Agent(&identity), environment).await);
    checks
}

/// An agent that has not enrolled yet: whether its token would let it.
async fn with_token(file: &Path, config: &Config, environment: &Environment) -> Vec<Check> {
    let token = match enroll::read_token(file, std::io::empty()) {
        Ok(token) => token,
        Err(error) => return vec![Check::failed("token", format!("{}: {}", file.display(), sentence(&error)))],
    };
    let waiting = Check::warning("identity", "not enrolled yet; a token waits for the service, which enrols with it");
    let target = Target::of_token(&token, &config.route());
    let mut checks = vec![waiting];
    checks.extend(network::examine(&target, Caller::Newcomer(&token), environment).await);
    checks
}
