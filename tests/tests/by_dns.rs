//! An aggregator that only DNS leads to. The name server is a fake; all else is real: the agent asks it over the network, as
//! `/etc/resolv.conf` of a view of the file system of its own says.

#[path = "../../agent/tests/agent/name_server.rs"]
mod name_server;

use caliper_lab::rows;
use caliper_tests::{
    agent::Agent,
    aggregator::{Aggregator, PLAIN},
    process::finish,
    resolver::with_resolver,
};
use name_server::FakeNameServer;

/// An address of this computer that nobody else uses: port 53 is all that can be named in `/etc/resolv.conf`.
const NAME_SERVER: &str = "127.53.84.44:53";
const MACHINE: &str = "caliper.nordwind.example";

#[test]
fn an_agent_finds_the_aggregator_by_dns_and_delivers() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    rows::write(&path("artefacts"), "NW-FS9", 50).unwrap();
    let aggregator = Aggregator::new(&path("data"), PLAIN);
    let serving = aggregator.serve();
    let Ok(names) = FakeNameServer::start(NAME_SERVER.parse().unwrap(), MACHINE, serving.grpc.port()) else {
        return eprintln!("skipped: no name server at {NAME_SERVER}: run as root");
    };
    fs_err::write(path("resolv.conf"), "nameserver 127.53.84.44\nsearch nordwind.example\n").unwrap();

    // one token leads to nobody, the other nowhere
    aggregator.token("127.0.0.1:1".parse().unwrap(), &path("moved"), &[]);
    let create = ["token", "create", "--without-address", "--output", &path("unnamed").display().to_string()];
    aggregator.run(&create).succeeded();
    for token in ["moved", "unnamed"] {
        let agent = Agent::new(&path(&format!("agent-{token}")), &path("artefacts"));
        let commands = [
            agent.command(&["enroll", "--token-file", &path(token).display().to_string()]),
            agent.command(&["run", "--once", "--timeout", "40"]),
            agent.command(&["doctor"]),
        ];
        for command in commands {
            let Some(mut command) = with_resolver(&command, &path("resolv.conf")) else { return };
            finish(&mut command).succeeded();
        }
    }
    assert_eq!(aggregator.count("agent"), 2);
    assert_eq!(aggregator.count("access"), 2 * 50);
    let asked = names.asked();
    assert!(asked.iter().any(|question| question.starts_with("SRV _caliper._tcp.")), "{asked:?}");
    assert!(asked.contains(&format!("A {MACHINE}")), "{asked:?}");
}
