//! The configuration: what the file says, what the aggregator says and what holds otherwise, each with its origin.
//!
//! Group Policy beats the aggregator, the aggregator beats the file, the file beats the default: who runs the fleet decides
//! how often it reports, and who runs the servers has the last word.

mod file;
mod init;
mod policy;
mod value;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    time::Duration,
};

use caliper_proto::Labels;
use jiff::civil::Time;
use serde::{Deserialize, Serialize};

pub use file::{MOST_INTERVAL, MOST_JITTER, parse};
pub use init::{InitError, Initialised, Wishes, init};
pub use policy::{KEY as POLICY_KEY, Policy, VALUES as POLICIES};
pub(crate) use value::is_address;
pub use value::print_duration;

use crate::{
    connection::{Proxy, Route},
    environment::Environment,
    limit::Limit,
    schedule::{Schedule, print_time, read_time},
    state::{Folder, replace_durably},
};

/// Bytes that an agent may hold between two collections unless told otherwise: some six times what a day takes where it was
/// measured. Windows adds what WMI, RPC and the event log service hold in the program that asks them, which nobody has measured yet, and counts
/// pages of shared libraries as well.
const MEMORY: u64 = 64 << 20;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// The configuration file, with the line from 1.
    File(PathBuf, usize),
    /// Sent by the aggregator.
    Aggregator,
    /// Set by Group Policy.
    Policy,
    /// Learnt when the agent was enrolled.
    Enrolment,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}, line {line}", path.display()),
            Self::Aggregator => f.write_str("aggregator"),
            Self::Policy => f.write_str("group policy"),
            Self::Enrolment => f.write_str("enrolment"),
        }
    }
}

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Setting<T> {
    fn default(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }
}

/// Everything that can be configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `server`: host and port of the aggregator. Default: the address in the enrolment token.
    pub server: Setting<Option<String>>,
    /// `proxy`: what connects to the aggregator for us.
    pub proxy: Setting<Option<Proxy>>,
    /// `site`: where the server stands, for the aggregator's lists.
    pub site: Setting<Option<String>>,
    /// `tags`: what else the server is found by there.
    pub tags: Setting<Vec<String>>,
    /// `state`: folder of identity and queue.
    pub state: Setting<PathBuf>,
    /// `collect.every`: time between collections.
    pub collect_every: Setting<Duration>,
    /// `collect.at`: times of day to collect at, instead of every so often.
    pub collect_at: Setting<Vec<Time>>,
    /// `collect.jitter`: how much a collection is put off at random.
    pub collect_jitter: Setting<Duration>,
    /// `collect.from`: folder of artefacts to report instead of this machine.
    pub collect_from: Setting<Option<PathBuf>>,
    /// `queue.max_bytes`: bound of the queue on disk.
    pub queue_max_bytes: Setting<u64>,
    /// `limit.processor`: thousandths of one processor that collecting may take on average.
    pub limit_processor: Setting<u32>,
    /// `limit.memory`: bytes the agent may hold between two collections.
    pub limit_memory: Setting<u64>,
    /// `log.level`: error, warn, info, debug or trace.
    pub log_level: Setting<String>,
    /// Time between heartbeats; only the aggregator sets it.
    pub heartbeat_every: Setting<Duration>,
    /// What the file says where the aggregator says something else.
    own: Option<Box<Self>>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration: name another file with `--config`, or correct its permissions")]
    Read(#[source] io::Error),
    /// The file says something that cannot be.
    #[error(
        "{path}, line {line}: `{key}`: {problem}; correct the line, then run `caliper-agent config check`",
        path = path.display()
    )]
    Wrong {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// Full key, for example `collect.every`.
        key: String,
        /// What is wrong and what is expected.
        problem: String,
    },
    /// Group Policy says something that cannot be.
    #[error("group policy `{name}`: {problem}; correct it in the Group Policy object")]
    Policy {
        /// Of the registry value.
        name: String,
        /// What is wrong and what is expected.
        problem: String,
    },
}

/// What the aggregator configured, as kept in the state folder.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remote {
    /// Names this configuration when the agent reconnects.
    pub etag: String,
    /// 0: not set.
    pub collect_every_seconds: u32,
    /// 0: not set.
    pub heartbeat_every_seconds: u32,
    /// Times of day, `HH:MM`; empty: not set.
    #[serde(default)]
    pub collect_at: Vec<String>,
    /// 0: not set.
    #[serde(default)]
    pub collect_jitter_seconds: u32,
}

impl Remote {
    /// The one kept in the state folder; none yet, or an unreadable one, is the empty one, and is sent again.
    #[must_use]
    pub fn load(folder: &Folder) -> Self {
        fs_err::read(folder.remote()).ok().and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
    }

    /// Time between heartbeats, if set.
    #[must_use]
    pub fn heartbeat(&self) -> Option<Duration> {
        let seconds = u64::from(self.heartbeat_every_seconds).clamp(1, 60 * 60);
        (self.heartbeat_every_seconds != 0).then(|| Duration::from_secs(seconds))
    }

    /// Time between collections, if set, held within a minute and thirty days.
    #[must_use]
    pub fn collect(&self) -> Option<Duration> {
        let every = Duration::from_secs(u64::from(self.collect_every_seconds));
        (self.collect_every_seconds != 0).then(|| every.clamp(Duration::from_mins(1), MOST_INTERVAL))
    }

    /// Times of day to collect at, if set; what is none is passed over.
    #[must_use]
    pub fn at(&self) -> Vec<Time> {
        self.collect_at.iter().filter_map(|time| read_time(time)).collect()
    }

    /// How much a collection is put off, if set, held within a day.
    #[must_use]
    pub fn jitter(&self) -> Option<Duration> {
        let jitter = Duration::from_secs(u64::from(self.collect_jitter_seconds));
        (self.collect_jitter_seconds != 0).then(|| jitter.min(MOST_JITTER))
    }

    /// Keeps it.
    pub fn save(&self, folder: &Folder) -> io::Result<()> {
        replace_durably(&folder.remote(), serde_json::json!(self).to_string().as_bytes())
    }
}

impl Config {
    /// What holds when nobody says anything.
    #[must_use]
    pub fn defaults(environment: &Environment) -> Self {
        Self {
            server: Setting::default(None),
            proxy: Setting::default(None),
            site: Setting::default(None),
            tags: Setting::default(Vec::new()),
            state: Setting::default(environment.state.clone()),
            collect_every: Setting::default(Duration::from_hours(6)),
            collect_at: Setting::default(Vec::new()),
            collect_jitter: Setting::default(Duration::from_mins(10)),
            collect_from: Setting::default(None),
            queue_max_bytes: Setting::default(256 << 20),
            limit_processor: Setting::default(1),
            limit_memory: Setting::default(MEMORY),
            log_level: Setting::default("info".into()),
            heartbeat_every: Setting::default(Duration::from_mins(1)),
            own: None,
        }
    }

    /// Reads `named`, or the usual file if there is one, then what Group Policy says and what the aggregator sent.
    pub fn load(named: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        let config = Self::stated(named, environment)?;
        let remote = Remote::load(&config.folder());
        Ok(config.with_remote(&remote))
    }

    /// The same without what the aggregator sent.
    pub fn stated(named: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        let path = named.unwrap_or(&environment.config);
        let config = match fs_err::read_to_string(path) {
            Ok(text) => parse(&text, path, environment)?,
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => Self::defaults(environment),
            Err(error) => return Err(ConfigError::Read(error)),
        };
        config.with_policy(&(environment.policy)(), environment)
    }

    /// The same with what Group Policy says, which nothing overrules.
    pub fn with_policy(mut self, policy: &Policy, environment: &Environment) -> Result<Self, ConfigError> {
        let policy = policy::read(policy, environment)?;
        take(&mut self.server, policy.server);
        take(&mut self.proxy, policy.proxy);
        take(&mut self.site, policy.site);
        take(&mut self.tags, policy.tags);
        take(&mut self.collect_every, policy.collect_every);
        take(&mut self.collect_at, policy.collect_at);
        take(&mut self.collect_jitter, policy.collect_jitter);
        take(&mut self.queue_max_bytes, policy.queue_max_bytes);
        take(&mut self.log_level, policy.log_level);
        Ok(self)
    }

    /// The file's with what the aggregator configures, whatever it configured before.
    #[must_use]
    pub fn with_remote(self, remote: &Remote) -> Self {
        let own = self.without_remote();
        let with = own.clone().overruled(remote);
        if with == own { own } else { Self { own: Some(Box::new(own)), ..with } }
    }

    /// What file and Group Policy say, whatever the aggregator configured.
    #[must_use]
    pub fn without_remote(mut self) -> Self {
        self.own.take().map_or(self, |own| *own)
    }

    fn overruled(mut self, remote: &Remote) -> Self {
        if let Some(value) = remote.collect() {
            overrule(&mut self.collect_every, value);
        }
        let at = remote.at();
        if !at.is_empty() {
            overrule(&mut self.collect_at, at);
        }
        if let Some(value) = remote.jitter() {
            overrule(&mut self.collect_jitter, value);
        }
        if let Some(value) = remote.heartbeat() {
            overrule(&mut self.heartbeat_every, value);
        }
        self
    }

    /// When to collect.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        Schedule {
            every: self.collect_every.value,
            at: self.collect_at.value.clone(),
            jitter: self.collect_jitter.value,
        }
    }

    /// How to get to the aggregator.
    #[must_use]
    pub fn route(&self) -> Route {
        Route { server: self.server.value.clone(), proxy: self.proxy.value.clone() }
    }

    /// What the server is found by.
    #[must_use]
    pub fn labels(&self) -> Labels {
        Labels { site: self.site.value.clone().unwrap_or_default(), tags: self.tags.value.clone() }
    }

    /// How much the agent may use.
    #[must_use]
    pub fn limit(&self) -> Limit {
        Limit { processor: self.limit_processor.value, memory: self.limit_memory.value }
    }

    /// The state folder.
    #[must_use]
    pub fn folder(&self) -> Folder {
        Folder::new(&self.state.value)
    }

    /// Keys, values as they are written in the file, and origins, in the order of the documentation.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, Option<String>, Origin)> {
        let path = |path: &PathBuf| path.display().to_string();
        let list = |texts: Vec<String>| Some(texts.join(", ")).filter(|texts| !texts.is_empty());
        let times = list(self.collect_at.value.iter().map(|time| print_time(*time)).collect());
        vec![
            ("server", self.server.value.clone(), self.server.origin.clone()),
            ("proxy", self.proxy.value.as_ref().map(Proxy::to_string), self.proxy.origin.clone()),
            ("site", self.site.value.clone(), self.site.origin.clone()),
            ("tags", list(self.tags.value.clone()), self.tags.origin.clone()),
            ("state", Some(path(&self.state.value)), self.state.origin.clone()),
            ("collect.every", Some(print_duration(self.collect_every.value)), self.collect_every.origin.clone()),
            ("collect.at", times, self.collect_at.origin.clone()),
            ("collect.jitter", Some(print_duration(self.collect_jitter.value)), self.collect_jitter.origin.clone()),
            ("collect.from", self.collect_from.value.as_ref().map(path), self.collect_from.origin.clone()),
            ("queue.max_bytes", Some(self.queue_max_bytes.value.to_string()), self.queue_max_bytes.origin.clone()),
            ("limit.processor", Some(self.limit_processor.value.to_string()), self.limit_processor.origin.clone()),
            ("limit.memory", Some(self.limit_memory.value.to_string()), self.limit_memory.origin.clone()),
            ("log.level", Some(self.log_level.value.clone()), self.log_level.origin.clone()),
            ("heartbeat.every", Some(print_duration(self.heartbeat_every.value)), self.heartbeat_every.origin.clone()),
        ]
    }
}

/// Takes what Group Policy says, if it says anything.
fn take<T>(setting: &mut Setting<T>, policy: Setting<T>) {
    if policy.origin == Origin::Policy {
        *setting = policy;
    }
}

/// Takes what the aggregator says, unless Group Policy says something else.
fn overrule<T>(setting: &mut Setting<T>, value: T) {
    if setting.origin != Origin::Policy {
        *setting = Setting { value, origin: Origin::Aggregator };
    }
}

#[cfg(test)]
pub(crate) mod tests;
