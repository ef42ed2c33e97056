//! What an aggregator says to its agents, and what they make of its silence: configuration, collections on request,
//! certificates that renew themselves, and three troubles told apart.

use std::{future::pending, path::Path, sync::Arc, time::Duration};

use caliper_agent::{
    collect::{Progress, collect_from},
    config::Config,
    environment::Environment,
    identity::Identity,
    rows::Table,
    run::Run,
    state::Folder,
    uplink::Backoff,
};
use caliper_lab::rows;
use caliper_proto::Instant;
use caliper_tests::{
    agent::Agent,
    aggregator::{Aggregator, PLAIN},
    process::{Running, finish},
};

/// An agent that is enrolled and has delivered once.
fn enrolled(folder: &Path, aggregator: &Aggregator, grpc: std::net::SocketAddr) -> Agent {
    let artefacts = folder.join("artefacts");
    rows::write(&artefacts, "NW-FS9", 10).unwrap();
    let agent = Agent::new(&folder.join("agent"), &artefacts);
    let token = folder.join("token");
    aggregator.token(grpc, &token, &[]);
    agent.enroll(&token).succeeded();
    agent.run(&["run", "--once"]).succeeded();
    agent
}

/// Configures the agents of an aggregator that is served at a port of its own from now on.
fn with_agents(aggregator: &Aggregator, grpc: Option<std::net::SocketAddr>, agents: &str) {
    let plain = grpc
        .map_or(PLAIN.to_owned(), |grpc| PLAIN.replacen("grpc = \"127.0.0.1:0\"", &format!("grpc = \"{grpc}\""), 1));
    fs_err::write(aggregator.data.join("config.toml"), format!("{plain}\n[agents]\n{agents}")).unwrap();
}

/// Key, value and origin, as the agent has them.
fn setting(agent: &Agent, key: &str) -> (String, String) {
    let shown = agent.run(&["config", "show", "--json"]).succeeded().output;
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let line = shown.as_array().unwrap().iter().find(|line| line["key"] == key).unwrap();
    (line["value"].as_str().unwrap_or_default().to_owned(), line["origin"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_schedule_set_at_the_aggregator_reaches_its_agents_and_can_be_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let aggregator = Aggregator::new(&folder.path().join("data"), PLAIN);
    with_agents(&aggregator, None, "collect_every_seconds = 7200\ncollect_at = [\"02:30\", \"14:00\"]\n");
    let serving = aggregator.serve();
    let grpc = serving.grpc;
    let agent = enrolled(folder.path(), &aggregator, grpc);
    let from_aggregator = |value: &str| (value.to_owned(), "aggregator".to_owned());
    assert_eq!(setting(&agent, "collect.at"), from_aggregator("02:30, 14:00"));
    assert_eq!(setting(&agent, "collect.every"), from_aggregator("2h"));
    assert_eq!(setting(&agent, "collect.jitter"), ("10m".into(), "default".into()));
    drop(serving);

    with_agents(&aggregator, Some(grpc), "collect_jitter_seconds = 1800\n");
    let _serving = aggregator.serve();
    agent.run(&["run", "--once"]).succeeded();
    assert_eq!(setting(&agent, "collect.at"), (String::new(), "default".into()));
    assert_eq!(setting(&agent, "collect.jitter"), from_aggregator("30m"));
}

#[test]
fn an_agent_that_runs_collects_when_the_aggregator_asks() {
    let folder = tempfile::tempdir().unwrap();
    let aggregator = Aggregator::new(&folder.path().join("data"), PLAIN);
    let serving = aggregator.serve();
    let agent = enrolled(folder.path(), &aggregator, serving.grpc);
    assert_eq!(aggregator.count("access"), 10);
    let running = Running::start(&mut agent.command(&["run"]));
    let wait = |rows| {
        let end = std::time::Instant::now() + Duration::from_mins(1);
        while aggregator.count("access") != rows {
            assert!(std::time::Instant::now() < end, "{} rows, {rows} expected", aggregator.count("access"));
            std::thread::park_timeout(Duration::from_millis(50));
        }
    };
    // what is new would otherwise be found an hour later; a request before it connects is kept for it
    rows::write(&folder.path().join("artefacts"), "NW-FS9", 25).unwrap();
    aggregator.run(&["agents", "collect-now"]).succeeded();
    wait(25);
    rows::write(&folder.path().join("artefacts"), "NW-FS9", 40).unwrap();
    aggregator.run(&["agents", "collect-now"]).succeeded();
    wait(40);
    running.stop().succeeded();
}

fn days_later(days: i64) -> Instant {
    Instant::from_micros(jiff::Timestamp::now().as_microsecond() + days * 86_400_000_000).unwrap()
}

/// One run in this process, so that its clock can be another one.
fn run_with_clock(agent: &Agent, now: fn() -> Instant) -> Result<(), String> {
    let environment = Environment {
        policy: Vec::new,
        usage: || None,
        services: || Ok(Vec::new()),
        now,
        random: || 0,
        zone: || jiff::tz::TimeZone::UTC,
        host_name: "NW-FS9".into(),
        config: agent.folder.join("agent.toml"),
        state: agent.folder.join("state"),
    };
    let config = Config::load(None, &environment).unwrap();
    let artefacts = config.collect_from.value.clone().unwrap();
    let collector = Arc::new(move |_: &Progress| collect_from(&artefacts, Table::default()));
    let run = Run { named: None, config, environment, collector, backoff: Backoff::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let delivered = runtime.block_on(run.once(Some(Duration::from_secs(30)), pending()));
    delivered.map_err(|error| error.to_string())
}

/// Certificates last ninety days and are due when thirty are left.
#[test]
fn a_certificate_renews_itself_when_a_third_of_its_life_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let aggregator = Aggregator::new(&folder.path().join("data"), PLAIN);
    let serving = aggregator.serve();
    let agent = enrolled(folder.path(), &aggregator, serving.grpc);
    let identity = || Identity::load(&Folder::new(agent.folder.join("state"))).unwrap();
    let first = identity();
    run_with_clock(&agent, || days_later(59)).unwrap();
    assert_eq!(identity(), first);
    run_with_clock(&agent, || days_later(61)).unwrap();
    let second = identity();
    assert!(second.key_pem != first.key_pem && second.certificate_pem != first.certificate_pem);
    assert_eq!(second.subject, first.subject);
    let store = aggregator.read_store();
    let serial: String = store.query_row("SELECT serial FROM agent", [], |row| row.get(0)).unwrap();
    agent.run(&["run", "--once"]).succeeded();
    assert_eq!(aggregator.count("agent"), 1, "renewed, not enrolled again: {serial}");
}

#[test]
fn an_outage_a_wrong_clock_and_being_shut_out_are_three_different_sentences() {
    let folder = tempfile::tempdir().unwrap();
    let aggregator = Aggregator::new(&folder.path().join("data"), PLAIN);
    let serving = aggregator.serve();
    let grpc = serving.grpc;
    let agent = enrolled(folder.path(), &aggregator, grpc);

    let early = run_with_clock(&agent, || days_later(-10)).unwrap_err();
    assert!(early.contains("this computer's clock says") && early.ends_with("set the clock"), "{early}");
    let late = run_with_clock(&agent, || days_later(100)).unwrap_err();
    assert!(late.contains("certificate ended on") && late.contains("if the clock is right, enrol"), "{late}");

    let listed = aggregator.run(&["agents", "list", "--json"]).succeeded().output;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let id = listed["agents"][0]["id"].as_str().unwrap();
    finish(&mut aggregator.command(&["agents", "revoke", id])).succeeded();
    let revoked = agent.run(&["run", "--once"]);
    assert_eq!(revoked.status.code(), Some(5), "{}", revoked.errors);
    assert!(
        revoked.sentence().contains("revoked") && revoked.sentence().contains("enrol again"),
        "{}",
        revoked.sentence()
    );
    drop(serving);
    let outage = agent.run(&["run", "--once", "--timeout", "2"]);
    assert_eq!(outage.status.code(), Some(6));
    assert!(outage.sentence().contains("cannot reach the aggregator at"), "{}", outage.sentence());
}
