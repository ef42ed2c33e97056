//! Group Policy: texts below one key of the registry, which beat the aggregator, the file and the default.

use std::path::Path;

use super::{Config, ConfigError, Origin, Setting, parse};
use crate::environment::Environment;

/// Where the template `caliper-agent.admx` writes them, below `HKEY_LOCAL_MACHINE`.
pub const KEY: &str = r"SOFTWARE\Policies\Caliper\Agent";

/// Names of the values, and the keys of the file that they stand for.
pub const VALUES: [(&str, &str); 9] = [
    ("Server", "server"),
    ("Proxy", "proxy"),
    ("Site", "site"),
    ("Tags", "tags"),
    ("CollectEvery", "collect.every"),
    ("CollectAt", "collect.at"),
    ("CollectJitter", "collect.jitter"),
    ("QueueMaxBytes", "queue.max_bytes"),
    ("LogLevel", "log.level"),
];

/// The values that are set: name and text.
pub type Policy = Vec<(String, String)>;

/// The policies as a configuration; what they leave open has the default's origin.
pub fn read(policy: &Policy, environment: &Environment) -> Result<Config, ConfigError> {
    let mut lines = Vec::new();
    for (name, key) in VALUES {
        let Some((_, text)) = policy.iter().find(|(set, _)| set.eq_ignore_ascii_case(name)) else { continue };
        let text = text.trim();
        lines.push((name, key, format!("{key} = {}", value(key, text))));
    }
    let document = lines.iter().map(|(_, _, line)| line.as_str()).collect::<Vec<_>>().join("\n");
    let source = Path::new("group policy");
    let mut config = parse(&document, source, environment).map_err(|error| match error {
        ConfigError::Wrong { line, key, problem, .. } => {
            let name = lines.get(line.saturating_sub(1)).map_or(key.as_str(), |(name, ..)| *name);
            ConfigError::Policy { name: name.to_owned(), problem }
        }
        other => other,
    })?;
    by_policy(&mut config.server);
    by_policy(&mut config.proxy);
    by_policy(&mut config.site);
    by_policy(&mut config.tags);
    by_policy(&mut config.collect_every);
    by_policy(&mut config.collect_at);
    by_policy(&mut config.collect_jitter);
    by_policy(&mut config.queue_max_bytes);
    by_policy(&mut config.log_level);
    Ok(config)
}

/// As the file would have it.
fn value(key: &str, text: &str) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    match key {
        "collect.at" | "tags" => {
            let texts: Vec<String> = text.split(',').map(|text| quoted(text.trim())).collect();
            format!("[{}]", texts.join(", "))
        }
        "queue.max_bytes" if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() => text.to_owned(),
        _ => quoted(text),
    }
}

fn by_policy<T>(setting: &mut Setting<T>) {
    if matches!(setting.origin, Origin::File(..)) {
        setting.origin = Origin::Policy;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::environment;

    fn policy(values: &[(&str, &str)]) -> Policy {
        values.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn every_value_is_read_and_beats_aggregator_and_file() {
        let environment = environment();
        let policy = policy(&[
            ("Server", "policy.example.org:8444"),
            ("Proxy", "http://proxy:3128"),
            ("Site", "Munich"),
            ("Tags", "test,tier 1"),
            ("collectevery", "3h"),
            ("CollectAt", "02:30, 14:00"),
            ("CollectJitter", "20m"),
            ("QueueMaxBytes", "2097152"),
            ("LogLevel", "warn"),
        ]);
        let file =
            parse("server = 'file:1'\n[collect]\nevery = '1h'\n", Path::new("agent.toml"), &environment).unwrap();
        let config = file.with_policy(&policy, &environment).unwrap();
        let remote = crate::config::Remote { collect_every_seconds: 60, ..crate::config::Remote::default() };
        let config = config.with_remote(&remote);
        let lines: Vec<String> = config
            .lines()
            .into_iter()
            .filter(|(_, _, origin)| *origin == Origin::Policy)
            .map(|(key, value, _)| format!("{key}={}", value.unwrap_or_default()))
            .collect();
        let expected = [
            "server=policy.example.org:8444",
            "proxy=http://proxy:3128",
            "site=Munich",
            "tags=test, tier 1",
            "collect.every=3h",
            "collect.at=02:30, 14:00",
            "collect.jitter=20m",
            "queue.max_bytes=2097152",
            "log.level=warn",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_wrong_value_is_named() {
        let environment = environment();
        for (name, text, part) in [
            ("Server", "nowhere", "expected `host:port`"),
            ("Proxy", "http://me:secret@proxy:3128", "without a user name and password"),
            ("Site", "a,b", "expected 1 to 64 characters"),
            ("Tags", "a,", "expected up to 16 texts"),
            ("CollectAt", "noon", "expected times of day"),
            ("QueueMaxBytes", "much", "invalid type: string"),
            ("QueueMaxBytes", "10", "expected at least 1048576 bytes"),
            ("LogLevel", "a\"b\n", "expected one of"),
        ] {
            let policy = policy(&[("CollectEvery", "1h"), (name, text)]);
            let error = Config::defaults(&environment).with_policy(&policy, &environment).unwrap_err().to_string();
            assert!(error.starts_with(&format!("group policy `{name}`: ")) && error.contains(part), "{error}");
        }
    }
}
