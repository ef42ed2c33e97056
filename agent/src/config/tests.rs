//! What the file may say, and how a mistake in it is told.

use super::*;

pub fn environment() -> Environment {
    Environment {
        policy: Vec::new,
        usage: || None,
        services: || Ok(Vec::new()),
        now: caliper_proto::Instant::default,
        random: || 0,
        zone: || jiff::tz::TimeZone::UTC,
        host_name: "host".into(),
        config: "/nowhere/agent.toml".into(),
        state: "/var/lib/caliper-agent".into(),
    }
}

fn read(text: &str) -> Result<Config, ConfigError> {
    parse(text, Path::new("agent.toml"), &environment())
}

const WHOLE: &str = r#"server = "caliper.example.org:8444"
proxy = "http://proxy.example.org:3128"
site = "Munich"
tags = ["test", "tier 1"]
state = "/srv/caliper"

[collect]
every = "30m"
at = ["02:30", "14:00"]
jitter = "1h"
from = "/srv/artefacts"

[queue]
max_bytes = 1048576

[limit]
processor = 5
memory = 67108864

[log]
level = "debug"
"#;

#[test]
fn every_key_is_read_and_remembers_its_line() {
    let config = read(WHOLE).unwrap();
    let lines: Vec<String> = config
        .lines()
        .into_iter()
        .map(|(key, value, origin)| format!("{key}={} ({origin})", value.unwrap_or_default()))
        .collect();
    assert_eq!(
        lines,
        [
            "server=caliper.example.org:8444 (agent.toml, line 1)",
            "proxy=http://proxy.example.org:3128 (agent.toml, line 2)",
            "site=Munich (agent.toml, line 3)",
            "tags=test, tier 1 (agent.toml, line 4)",
            "state=/srv/caliper (agent.toml, line 5)",
            "collect.every=30m (agent.toml, line 8)",
            "collect.at=02:30, 14:00 (agent.toml, line 9)",
            "collect.jitter=1h (agent.toml, line 10)",
            "collect.from=/srv/artefacts (agent.toml, line 11)",
            "queue.max_bytes=1048576 (agent.toml, line 14)",
            "limit.processor=5 (agent.toml, line 17)",
            "limit.memory=67108864 (agent.toml, line 18)",
            "log.level=debug (agent.toml, line 21)",
            "heartbeat.every=1m (default)",
        ]
    );
}

#[test]
fn an_empty_file_leaves_the_defaults() {
    assert_eq!(read("").unwrap(), Config::defaults(&environment()));
    assert_eq!(Config::load(None, &environment()).unwrap(), Config::defaults(&environment()));
    assert!(matches!(Config::load(Some(Path::new("/nowhere/x")), &environment()), Err(ConfigError::Read(_))));
}

#[test]
fn a_mistake_is_told_with_file_line_key_and_what_to_do() {
    let cases = [
        ("sever = 1", 1, "sever", "unknown field `sever`"),
        ("\n[collect]\nevery = \"6h\"\nform = \"x\"", 4, "collect.form", "unknown field `form`"),
        ("[collect]\nevery = 6", 2, "collect.every", "invalid type: integer `6`"),
        ("[collect]\nevery = \"6 weeks\"", 2, "collect.every", "expected a time between `1s` and `30d`"),
        ("[collect]\nevery = \"0s\"", 2, "collect.every", "expected a time"),
        ("[collect]\nevery = \"31d\"", 2, "collect.every", "expected a time"),
        ("[collect]\nevery = \"99999999999999999999d\"", 2, "collect.every", "expected a time"),
        ("[collect]\nat = [\"2:30\"]", 2, "collect.at", "expected times of day, for example `[\"02:30\"]`"),
        ("[collect]\njitter = \"25h\"", 2, "collect.jitter", "expected a time up to `24h`"),
        ("[limit]\nprocessor = 0", 2, "limit.processor", "expected thousandths of a processor, 1 to 1000"),
        ("[limit]\nmemory = 1", 2, "limit.memory", "expected at least 33554432 bytes"),
        ("server = \"host\"", 1, "server", "expected `host:port`"),
        (
            "proxy = \"http://me:secret@proxy:3128\"",
            1,
            "proxy",
            "expected `http://host:port` without a user name and password",
        ),
        ("proxy = \"https://proxy:3128\"", 1, "proxy", "expected `http://host:port`"),
        ("server = \"ho st:1\"", 1, "server", "expected `host:port`"),
        ("site = \"a,b\"", 1, "site", "expected 1 to 64 characters without commas"),
        ("tags = [\"a\", \" b\"]", 1, "tags", "expected up to 16 texts"),
        ("server = \"https://host:1\"", 1, "server", "expected `host:port`"),
        ("state = \"\"", 1, "state", "expected a folder"),
        ("[queue]\nmax_bytes = 10", 2, "queue.max_bytes", "expected at least 1048576 bytes"),
        ("[queue]\nmax_bytes = -1", 2, "queue.max_bytes", "invalid value"),
        ("[log]\n\nlevel = \"loud\"", 3, "log.level", "expected one of `error`"),
        ("[queues]\nmax_bytes = 10", 1, "queues", "unknown field `queues`"),
        ("server = ", 1, "server", ""),
    ];
    for (text, line, key, problem) in cases {
        let error = read(text).unwrap_err().to_string();
        let start = format!("agent.toml, line {line}: `{key}`: {problem}");
        assert!(error.starts_with(&start), "{error}\nshould start with\n{start}");
        assert!(error.ends_with("; correct the line, then run `caliper-agent config check`"), "{error}");
    }
}

#[test]
fn the_aggregator_beats_the_file_within_reason() {
    let remote = |collect, heartbeat| Remote {
        etag: "e".into(),
        collect_every_seconds: collect,
        heartbeat_every_seconds: heartbeat,
        ..Remote::default()
    };
    let config = read(WHOLE).unwrap();
    assert_eq!(config.clone().with_remote(&remote(0, 0)), config);
    let set = config.clone().with_remote(&remote(7200, 5));
    assert_eq!(set.collect_every, Setting { value: Duration::from_hours(2), origin: Origin::Aggregator });
    assert_eq!(set.heartbeat_every, Setting { value: Duration::from_secs(5), origin: Origin::Aggregator });
    assert_eq!(set.with_remote(&remote(0, 0)), config, "what it no longer says, the file says again");
    let wild = config.with_remote(&remote(1, u32::MAX));
    assert_eq!(wild.collect_every.value, Duration::from_mins(1));
    assert_eq!(wild.heartbeat_every.value, Duration::from_hours(1));
    let timed =
        Remote { collect_at: vec!["03:15".into(), "noon".into()], collect_jitter_seconds: u32::MAX, ..remote(0, 0) };
    let schedule = read(WHOLE).unwrap().with_remote(&timed).schedule();
    assert_eq!(schedule.at, [jiff::civil::time(3, 15, 0, 0)], "what is no time of day is passed over");
    assert_eq!((schedule.every, schedule.jitter), (Duration::from_mins(30), Duration::from_hours(24)));
}

#[test]
fn the_aggregators_word_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Folder::new(folder.path());
    assert_eq!(Remote::load(&folder), Remote::default());
    let remote = Remote { etag: "e7".into(), collect_every_seconds: 90, ..Remote::default() };
    remote.save(&folder).unwrap();
    assert_eq!(Remote::load(&folder), remote);
    // as version 0.1.0 kept it
    fs_err::write(folder.remote(), r#"{"etag":"e7","collect_every_seconds":90,"heartbeat_every_seconds":0}"#).unwrap();
    assert_eq!(Remote::load(&folder), remote);
}

#[test]
fn durations_print_as_they_are_read() {
    for text in ["1s", "90s", "30m", "6h", "2d"] {
        assert_eq!(print_duration(value::read_duration(text).unwrap()), text);
    }
    assert_eq!(print_duration(Duration::from_hours(1)), "1h");
    for text in ["", "s", "5", "-5s", "1.5h", "5 s", "h6"] {
        assert_eq!(value::read_duration(text), None, "{text}");
    }
}
