//! What every command is given: where the data is, which configuration counts, what time it is.
//!
//! Only `main` makes one from the process's arguments, environment and clock (invariant 9); tests make their own.

use std::{fmt, path::PathBuf, sync::Arc};

use caliper_proto::Instant;

use crate::{
    config::{Config, ConfigError},
    store::{Store, StoreError},
};

/// Tells the time. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Instant + Send + Sync>);

impl Clock {
    /// A clock that asks `now` each time.
    pub fn new(now: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Instant {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}

/// Arguments and surroundings common to all commands.
#[derive(Debug, Clone)]
pub struct Context {
    /// The data folder, `--data`.
    pub data: PathBuf,
    /// The configuration file if one was named with `--config`.
    pub config_file: Option<PathBuf>,
    /// The clock.
    pub clock: Clock,
}

impl Context {
    /// The configuration: the file named, else `config.toml` in the data folder if there is one, else the defaults.
    pub fn config(&self) -> Result<Config, ConfigError> {
        match self.config_in_use() {
            Some(path) => Config::read(&path),
            None => Ok(Config::default()),
        }
    }

    /// Path of the configuration file that counts; `None` if the built-in defaults do.
    #[must_use]
    pub fn config_in_use(&self) -> Option<PathBuf> {
        self.config_file.clone().or_else(|| Some(self.data.join("config.toml")).filter(|path| path.exists()))
    }

    /// Opens the store in the data folder.
    pub fn store(&self) -> Result<Store, StoreError> {
        Store::open(&self.data)
    }
}
