//! The check-up: everything that delivery needs, from the inside out, one line each, with what to do.
//!
//! It changes nothing, and works while the agent runs.

mod local;
mod network;

use std::path::Path;

use serde::Serialize;

use crate::{config::Config, connection::Target, environment::Environment, identity::Identity, sentence::sentence};

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
    let identity = match Identity::load(&folder) {
        Ok(identity) => identity,
        Err(error) => {
            checks.push(Check::failed("identity", sentence(&error)));
            return checks;
        }
    };
    checks.push(local::identity(&identity, &folder));
    checks.extend(local::certificate(&identity, (environment.now)()));
    let target = Target::of(&identity, config.server.value.as_deref());
    checks.extend(network::examine(&target, &identity).await);
    checks
}
