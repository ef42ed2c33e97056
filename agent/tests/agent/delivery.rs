//! Everything collected arrives, whatever happens on the way.

use std::time::Duration;

use caliper_agent::{connection::Trouble, run::RunError, uplink::WINDOW};
use caliper_proto::{merge_all, wire};
use tonic::Status;
use wire::to_agent::Body as Answer;

use crate::{
    fake::{Conduct, Fake},
    place::{Place, report},
};

#[tokio::test]
async fn one_run_delivers_the_inventory_and_every_row() {
    let fake = Fake::start().await;
    let place = Place::enrolled(&fake).await;
    place.deliver(report(12_001)).await.unwrap();
    let memory = fake.memory();
    assert_eq!(memory.sequences, [1, 2, 3, 4]);
    assert_eq!(memory.inventories.len(), 1);
    assert_eq!(memory.inventories[0].name, "SRV1");
    assert_eq!(memory.inventories[0].warnings, ["one warning"]);
    assert!(merge_all(memory.rows.clone()) == merge_all(report(12_001).accesses));
    assert_eq!(memory.rows.len(), 12_001);
    let hello = &memory.hellos[0];
    assert_eq!((hello.host_name.as_str(), hello.agent_version.as_str()), ("host-1", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn an_unchanged_collection_adds_only_a_heartbeat() {
    let fake = Fake::start().await;
    let place = Place::enrolled(&fake).await;
    place.deliver(report(10)).await.unwrap();
    place.deliver(report(10)).await.unwrap();
    {
        let memory = fake.memory();
        assert_eq!((memory.hellos.len(), memory.sequences.len()), (2, 2));
        assert_eq!(memory.heartbeats.len(), 2);
        assert_eq!(memory.heartbeats[1], wire::Heartbeat::default());
    }
    place.deliver(report(11)).await.unwrap();
    assert_eq!(fake.memory().sequences, [1, 2, 3, 4]);
}
