//! The configuration file: TOML in, [`Config`] or an error with file, line and key out.

use std::{ops::Range, path::Path, path::PathBuf, time::Duration};

use caliper_proto::{LONGEST_LABEL, Labels, MOST_TAGS, is_label};
use serde::Deserialize;
use toml::Spanned;

use super::{
    Config, ConfigError, Origin, Setting,
    value::{is_address, read_duration},
};
use crate::{connection::Proxy, environment::Environment, schedule::read_time};

/// Longest time between two collections.
pub const MOST_INTERVAL: Duration = Duration::from_hours(30 * 24);

/// Longest time a collection is put off.
pub const MOST_JITTER: Duration = Duration::from_hours(24);

/// Smallest bound of the queue: one of the largest messages and the next.
const LEAST_QUEUE: u64 = 1 << 20;

/// An agent that does nothing needs about half of it.
const LEAST_MEMORY: u64 = 32 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    server: Option<Spanned<String>>,
    proxy: Option<Spanned<String>>,
    site: Option<Spanned<String>>,
    tags: Option<Spanned<Vec<String>>>,
    state: Option<Spanned<PathBuf>>,
    #[serde(default)]
    collect: Collect,
    #[serde(default)]
    queue: Queue,
    #[serde(default)]
    limit: Limit,
    #[serde(default)]
    log: Log,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Collect {
    every: Option<Spanned<String>>,
    at: Option<Spanned<Vec<String>>>,
    jitter: Option<Spanned<String>>,
    from: Option<Spanned<PathBuf>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Queue {
    max_bytes: Option<Spanned<u64>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Limit {
    processor: Option<Spanned<u32>>,
    memory: Option<Spanned<u64>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Log {
    level: Option<Spanned<String>>,
}

/// The text of a file and its name, for errors that say where.
struct Source<'a> {
    text: &'a str,
    path: &'a Path,
}

impl Source<'_> {
    fn line(&self, offset: usize) -> usize {
        self.text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
    }

    fn wrong(&self, key: &str, span: &Range<usize>, problem: impl Into<String>) -> ConfigError {
        let line = self.line(span.start);
        ConfigError::Wrong { path: self.path.to_owned(), line, key: key.into(), problem: problem.into() }
    }

    /// Takes a value that passes `read`, or says what is expected.
    fn take<T, U>(
        &self,
        target: &mut Setting<U>,
        key: &str,
        value: Option<Spanned<T>>,
        expected: &str,
        read: impl FnOnce(T) -> Option<U>,
    ) -> Result<(), ConfigError> {
        let Some(value) = value else { return Ok(()) };
        let span = value.span();
        let value = read(value.into_inner()).ok_or_else(|| self.wrong(key, &span, format!("expected {expected}")))?;
        *target = Setting { value, origin: Origin::File(self.path.to_owned(), self.line(span.start)) };
        Ok(())
    }
}

/// Reads the text of the file at `path` over the defaults.
pub fn parse(text: &str, path: &Path, environment: &Environment) -> Result<Config, ConfigError> {
    let source = Source { text, path };
    let file: File = toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        source.wrong(&key_at(text, span.start), &span, error.message())
    })?;
    let mut config = Config::defaults(environment);
    let full = |path: PathBuf| (!path.as_os_str().is_empty()).then_some(path);
    let interval =
        |text: String| read_duration(&text).filter(|every| (Duration::from_secs(1)..=MOST_INTERVAL).contains(every));
    let level = |level: String| ["error", "warn", "info", "debug", "trace"].contains(&level.as_str()).then_some(level);
    source.take(
        &mut config.server,
        "server",
        file.server,
        "`host:port`, for example `caliper.example.org:8444`",
        |text| is_address(&text).then_some(Some(text)),
    )?;
    let proxy = "`http://host:port` without a user name and password, which this agent never sends to a proxy";
    source.take(&mut config.proxy, "proxy", file.proxy, proxy, |text| Proxy::read(&text).map(Some))?;
    let label = format!("1 to {LONGEST_LABEL} characters without commas, for example `Munich`");
    source.take(&mut config.site, "site", file.site, &label, |site| is_label(&site).then_some(Some(site)))?;
    let labels =
        format!("up to {MOST_TAGS} texts of 1 to {LONGEST_LABEL} characters without commas, for example `[\"test\"]`");
    source.take(&mut config.tags, "tags", file.tags, &labels, |tags| {
        Labels::new(String::new(), tags).ok().map(|labels| labels.tags)
    })?;
    source.take(&mut config.state, "state", file.state, "a folder", full)?;
    let every = "a time between `1s` and `30d`, for example `6h`";
    source.take(&mut config.collect_every, "collect.every", file.collect.every, every, interval)?;
    let times = "times of day, for example `[\"02:30\"]`";
    source.take(&mut config.collect_at, "collect.at", file.collect.at, times, |list: Vec<String>| {
        list.iter().map(|time| read_time(time)).collect()
    })?;
    let jitter = "a time up to `24h`, for example `10m`";
    source.take(&mut config.collect_jitter, "collect.jitter", file.collect.jitter, jitter, |text: String| {
        read_duration(&text).filter(|jitter| *jitter <= MOST_JITTER)
    })?;
    source
        .take(&mut config.collect_from, "collect.from", file.collect.from, "a folder", |path| full(path).map(Some))?;
    let bytes = format!("at least {LEAST_QUEUE} bytes");
    source.take(&mut config.queue_max_bytes, "queue.max_bytes", file.queue.max_bytes, &bytes, |most| {
        (most >= LEAST_QUEUE).then_some(most)
    })?;
    let thousandths = "thousandths of a processor, 1 to 1000";
    source.take(&mut config.limit_processor, "limit.processor", file.limit.processor, thousandths, |most| {
        (1..=1000).contains(&most).then_some(most)
    })?;
    let bytes = format!("at least {LEAST_MEMORY} bytes");
    source.take(&mut config.limit_memory, "limit.memory", file.limit.memory, &bytes, |most| {
        (most >= LEAST_MEMORY).then_some(most)
    })?;
    let levels = "one of `error`, `warn`, `info`, `debug`, `trace`";
    source.take(&mut config.log_level, "log.level", file.log.level, levels, level)?;
    Ok(config)
}

/// The full key of the line at `offset`: the TOML reader says where, not in which key.
fn key_at(text: &str, offset: usize) -> String {
    // what is missing at the end of the file belongs to its last line
    let offset = offset.min(text.len().saturating_sub(1));
    let mut section = "";
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let here = at + line.len() > offset;
        at += line.len();
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').trim();
            if here {
                return section.into();
            }
        } else if here {
            let key = line.split('=').next().unwrap_or_default().trim();
            return if section.is_empty() { key.into() } else { format!("{section}.{key}") };
        }
    }
    section.into()
}
