//! The configuration file `config.toml`: every key has a default, an unknown key is refused.
//!
//! Each section is a struct; sections of other parts of the program live in the modules below this one.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{
    directory::DirectorySettings,
    identity::PeopleSettings,
    own_catalogue::{self, OwnCatalogueError},
    scan::{Calendar, EstateSettings, ScheduleSettings},
};

/// Everything that can be configured.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where `serve` listens.
    pub listen: Listen,
    /// How agents reach and recognise the aggregator.
    pub grpc: Grpc,
    /// How the pages are served.
    pub pages: Pages,
    /// Life of the certificates handed out.
    pub certificates: Certificates,
    /// What agents are told to do.
    pub agents: Agents,
    /// `[[directory]]`: where people and computers are known.
    pub directory: Vec<DirectorySettings>,
    /// What accounts stand for and whose they are, where the directory does not say.
    pub people: PeopleSettings,
    /// What evidence cannot tell: licences owned, prices, policy, hosts.
    pub estate: EstateSettings,
    /// `[[schedule]]`: when to scan.
    pub schedule: Vec<ScheduleSettings>,
}

/// `[listen]`: addresses of the two ports; port 0 lets the system choose one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// Pages and REST.
    pub pages: SocketAddr,
    /// gRPC: agents and other programs.
    pub grpc: SocketAddr,
}

/// `[grpc]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grpc {
    /// Name in the server certificate that agents insist on, whatever address they dial.
    pub name: String,
    /// Hosts or `host:port` by which agents reach the aggregator; all go into the certificate, the first into tokens.
    pub addresses: Vec<String>,
}

/// `[pages]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pages {
    /// Whether the pages speak TLS; without it they are served on a loopback address only.
    pub tls: bool,
}

/// `[certificates]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Certificates {
    /// Days that a client certificate is valid, 1 to 825.
    pub days: u32,
}

/// `[agents]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Agents {
    /// Seconds between two collections, 60 to 604,800.
    pub collect_every_seconds: u32,
    /// Seconds between two signs of life, 5 to 86,400.
    pub heartbeat_every_seconds: u32,
    /// Times of day to collect at on each server's own clock, `HH:MM`, instead of every so often.
    pub collect_at: Vec<String>,
    /// Seconds by which a collection is put off at most, at random; 0 leaves it to the agents. At most 86,400.
    pub collect_jitter_seconds: u32,
}

impl Default for Listen {
    fn default() -> Self {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self { pages: local(8443), grpc: local(8444) }
    }
}

impl Default for Grpc {
    fn default() -> Self {
        Self { name: "caliper".into(), addresses: Vec::new() }
    }
}

impl Default for Pages {
    fn default() -> Self {
        Self { tls: true }
    }
}

impl Default for Certificates {
    fn default() -> Self {
        Self { days: 90 }
    }
}

impl Default for Agents {
    fn default() -> Self {
        Self {
            collect_every_seconds: 3600,
            heartbeat_every_seconds: 60,
            collect_at: Vec::new(),
            collect_jitter_seconds: 0,
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration cannot be read: name an existing file with --config")]
    Read(#[source] std::io::Error),
    /// No TOML, an unknown key or a value of the wrong kind.
    #[error("`{}`, line {line}: {problem}: correct it, then run `caliper config check`", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// The key and what is wrong with it.
        problem: String,
    },
    /// The catalogue that it names cannot be used.
    #[error("`{}`: `estate.catalogue` cannot be used", path.display())]
    Catalogue {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: OwnCatalogueError,
    },
    /// A value that no program could follow.
    #[error("`{}`: `{key}` {problem}: correct it, then run `caliper config check`", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// Section and key.
        key: String,
        /// What is wrong.
        problem: String,
    },
}

/// A value that contradicts itself or another one; `(key, problem)`.
pub type Objection = (String, String);

impl Config {
    /// Reads and checks a file, and the catalogue that it names.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let config = Self::parse(path, &fs_err::read_to_string(path).map_err(ConfigError::Read)?)?;
        let refused = |source| ConfigError::Catalogue { path: path.to_owned(), source };
        own_catalogue::read(config.estate.catalogue.as_deref()).map_err(refused)?;
        Ok(config)
    }

    /// Reads and checks a text; `path` only names it in errors.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let mut config: Self = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start).min(text.len());
            let before = text.get(..at).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let key = text.lines().nth(line - 1).unwrap_or_default().split('=').next().unwrap_or_default().trim();
            // serde names an unknown key itself
            let named = key.is_empty() || error.message().contains(&format!("`{key}`"));
            let message = error.message().trim_end().replace('\n', ", ");
            let problem = if named { message } else { format!("`{key}`: {message}") };
            ConfigError::Line { path: path.to_owned(), line, problem }
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        config.directory.iter_mut().for_each(|directory| directory.resolve(folder));
        config.people.resolve(folder);
        config.estate.resolve(folder);
        match config.objection() {
            Some((key, problem)) => Err(ConfigError::Value { path: path.to_owned(), key, problem }),
            None => Ok(config),
        }
    }

    /// The first value that cannot be followed.
    fn objection(&self) -> Option<Objection> {
        let wrong = |key: &str, problem: String| Some((key.to_owned(), problem));
        if !self.pages.tls && !self.listen.pages.ip().is_loopback() {
            return wrong(
                "pages.tls",
                format!("is false, but `listen.pages` is {}, no loopback address", self.listen.pages),
            );
        }
        if self.grpc.name.is_empty() {
            return wrong("grpc.name", "is empty".into());
        }
        for (at, directory) in self.directory.iter().enumerate() {
            if self.directory[..at].iter().any(|other| other.name == directory.name) {
                return wrong("directory.name", format!("is `{}` twice", directory.name));
            }
            if let Err(problem) = directory.check() {
                return wrong("directory.url", format!("of `{}`: {problem}", directory.name));
            }
        }
        if let Some(objection) = self.people.objection() {
            return Some(objection);
        }
        for (at, schedule) in self.schedule.iter().enumerate() {
            if self.schedule[..at].iter().any(|other| other.name == schedule.name) {
                return wrong("schedule.name", format!("is `{}` twice", schedule.name));
            }
            if let Err(problem) = Calendar::of(schedule) {
                return wrong("schedule", format!("`{}`: {problem}", schedule.name));
            }
        }
        if let Some(time) = self.agents.collect_at.iter().find(|time| !is_time_of_day(time)) {
            return wrong("agents.collect_at", format!("holds `{time}`, which is no time of day such as 02:30"));
        }
        let ranges = [
            ("estate.policy.window_days", self.estate.policy.window_days, 1, 366),
            ("certificates.days", self.certificates.days, 1, 825),
            ("agents.collect_every_seconds", self.agents.collect_every_seconds, 60, 604_800),
            ("agents.heartbeat_every_seconds", self.agents.heartbeat_every_seconds, 5, 86_400),
            ("agents.collect_jitter_seconds", self.agents.collect_jitter_seconds, 0, 86_400),
        ];
        ranges
            .into_iter()
            .find(|(_, value, least, most)| !(least..=most).contains(&value))
            .and_then(|(key, value, least, most)| wrong(key, format!("is {value}, outside {least} to {most}")))
    }
}

/// `HH:MM`, as agents read it.
fn is_time_of_day(text: &str) -> bool {
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |text: &str, most: u8| digits(text) && text.parse::<u8>().is_ok_and(|number| number <= most);
    text.split_once(':').is_some_and(|(hour, minute)| number(hour, 23) && number(minute, 59))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Config::parse(Path::new("c.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(Config::parse(Path::new("c.toml"), "").unwrap(), Config::default());
    }

    #[test]
    fn the_example_holds_the_defaults_and_every_key() {
        let config = Config::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.toml")).unwrap();
        assert_eq!(config, Config::default());
    }

    #[test]
    fn a_wrong_key_is_refused_with_file_line_and_key() {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/wrong-key.toml");
        let text = Config::read(&fixture).unwrap_err().to_string();
        assert!(text.contains("wrong-key.toml`, line 5: unknown field `pagez`, expected `pages` or `grpc`"), "{text}");
        assert!(text.ends_with("run `caliper config check`"), "{text}");
    }

    #[test]
    fn wrong_values_name_their_key() {
        for (text, part) in [
            ("[listen]\ngrpc = \"nowhere\"\n", "line 2: `grpc`: invalid socket address syntax"),
            ("[pages]\ntls = 1\n", "line 2: `tls`: invalid type: integer `1`, expected a boolean"),
            ("[pages]\ntls = false\n[listen]\npages = \"0.0.0.0:80\"\n", "`pages.tls` is false, but"),
            ("[agents]\ncollect_at = [\"2:30\"]\n", "`agents.collect_at` holds `2:30`, which is no time of day"),
            ("[agents]\ncollect_jitter_seconds = 86401\n", "`agents.collect_jitter_seconds` is 86401, outside 0 to"),
            ("[[people.rule]]\nfield = 'name'\nlike = '*'\nis = 'service'\n", "`people.rule` like `*` would fit every"),
            (
                "[[people.rule]]\nfield = 'sid'\n",
                "line 2: `field`: unknown variant `sid`, expected one of `name`, `dn`",
            ),
            ("[people]\nadministrator_patterns = ['adm']\n", "`people.administrator_patterns` holds `adm`: write one"),
            ("[certificates]\ndays = 0\n", "`certificates.days` is 0, outside 1 to 825"),
            ("[grpc\n", "line 1: "),
        ] {
            let problem = refused(text);
            assert!(problem.contains(part), "{problem}");
        }
    }
}
