//! Through a proxy, which is a fake, to a real aggregator.

#[path = "../../agent/tests/agent/proxy.rs"]
mod proxy;

use caliper_lab::rows;
use caliper_tests::{
    agent::Agent,
    aggregator::{Aggregator, PLAIN},
};
use proxy::{FakeProxy, Manner};

#[test]
fn a_real_agent_enrols_and_delivers_through_a_proxy_to_a_real_aggregator() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    rows::write(&path("artefacts"), "NW-FS9", 50).unwrap();
    let aggregator = Aggregator::new(&path("data"), PLAIN);
    let serving = aggregator.serve();
    aggregator.token(serving.grpc, &path("token"), &[]);
    let agent = Agent::new(&path("agent"), &path("artefacts"));
    let proxy = FakeProxy::start(Manner::Connects);
    let config = agent.folder.join("agent.toml");
    let text = fs_err::read_to_string(&config).unwrap();
    fs_err::write(&config, format!("proxy = '{}'\n{text}", proxy.url())).unwrap();
    agent.enroll(&path("token")).succeeded();
    agent.run(&["run", "--once", "--timeout", "40"]).succeeded();
    assert_eq!(aggregator.count("access"), 50);
    assert_eq!(proxy.asked(), vec![format!("CONNECT {} HTTP/1.1", serving.grpc); 2], "once to enrol, once to deliver");
}
