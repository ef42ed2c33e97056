//! The configuration file, values of Group Policy and what the aggregator sent: `policy lines | NUL | file`.

#![no_main]

use std::path::Path;

use caliper_agent::{
    config::{Config, Policy, parse},
    environment::Environment,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (policy, file) = text.split_once('\0').unwrap_or(("", text));
    let policy: Policy =
        policy.lines().filter_map(|line| line.split_once('=')).map(|(name, text)| (name.into(), text.into())).collect();
    let environment = Environment {
        policy: Vec::new,
        usage: || None,
        services: || Ok(Vec::new()),
        now: caliper_proto::Instant::default,
        random: || 0,
        zone: || jiff::tz::TimeZone::UTC,
        host_name: String::new(),
        config: "/nowhere/agent.toml".into(),
        state: "/nowhere".into(),
    };
    for config in [parse(file, Path::new("agent.toml"), &environment), Ok(Config::defaults(&environment))] {
        let Ok(config) = config else { continue };
        let _ = config.lines();
        let Ok(config) = config.with_policy(&policy, &environment) else { continue };
        let _ = (config.lines(), config.schedule(), config.limit());
    }
});
