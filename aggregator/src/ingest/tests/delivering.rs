use caliper_proto::wire::{self, from_agent::Body, to_agent};
use tonic::Code;

use super::aggregator::{Aggregator, accesses, inventory, message, now, stored};
use crate::{
    ingest::connected::Connected,
    store::{agent, token::Role},
};

#[tokio::test]
async fn what_is_acknowledged_is_stored_under_the_name_in_the_certificate() {
    let aggregator = Aggregator::start().await;
    let (one, two) = (aggregator.enrol(Role::Agent).await, aggregator.enrol(Role::Agent).await);
    for (agent, principal) in [(&one, "LAB\\ann"), (&two, "LAB\\bob")] {
        let mut stream = aggregator.deliver(agent).await.unwrap();
        // invariant 5: both call themselves by the same name, neither touches the other's server
        stream.send(1, inventory("FS1", 5)).await;
        stream.send(2, Body::Accesses(accesses(&[principal]))).await;
        stream.acknowledged(2).await.unwrap();
    }
    let expected = [(&one, "LAB\\ann"), (&two, "LAB\\bob")]
        .map(|(agent, principal)| ("FS1".to_owned(), agent.id.clone(), vec![principal.to_owned()]));
    assert_eq!(stored(&aggregator.store), expected);
}

#[tokio::test]
async fn delivered_twice_and_in_any_order_is_stored_once() {
    let aggregator = Aggregator::start().await;
    let agent = aggregator.enrol(Role::Agent).await;
    for order in [[1, 2, 3], [3, 2, 1]] {
        let mut stream = aggregator.deliver(&agent).await.unwrap();
        for sequence in order {
            let body = match sequence {
                1 => inventory("FS1", 5),
                2 => Body::Accesses(accesses(&["LAB\\ann", "LAB\\bob"])),
                _ => Body::Accesses(accesses(&["LAB\\bob", "LAB\\cid"])),
            };
            stream.send(sequence, body).await;
        }
        // the last one sent is done last
        drop(stream.messages);
        while stream.answers.message().await.unwrap().is_some() {}
    }
    let principals = ["LAB\\ann", "LAB\\bob", "LAB\\cid"].map(str::to_owned).to_vec();
    assert_eq!(stored(&aggregator.store), [("FS1".to_owned(), agent.id, principals)]);
}

#[tokio::test]
async fn an_older_inventory_never_replaces_a_newer_one() {
    let aggregator = Aggregator::start().await;
    let agent = aggregator.enrol(Role::Agent).await;
    let mut stream = aggregator.deliver(&agent).await.unwrap();
    for (sequence, name, observed, expected) in
        [(1, "B", 20, "B"), (2, "A", 10, "B"), (3, "C", 30, "C"), (4, "D", 29, "C")]
    {
        stream.send(sequence, inventory(name, observed)).await;
        stream.acknowledged(sequence).await.unwrap();
        assert_eq!(stored(&aggregator.store)[0].0, expected, "after {name} of {observed}");
    }
}

#[tokio::test]
async fn a_bad_batch_is_refused_by_name_and_harms_nobody() {
    let aggregator = Aggregator::start().await;
    let (good, bad) = (aggregator.enrol(Role::Agent).await, aggregator.enrol(Role::Agent).await);
    let mut good_stream = aggregator.deliver(&good).await.unwrap();
    let mut bad_stream = aggregator.deliver(&bad).await.unwrap();
    bad_stream.send(1, Body::Accesses(accesses(&["LAB\\eve"]))).await;
    bad_stream.acknowledged(1).await.unwrap();
    let mut batch = accesses(&["LAB\\eve", "LAB\\mal"]);
    batch.rows[1].year = 0;
    bad_stream.send(2, Body::Accesses(batch)).await;
    let status = bad_stream.acknowledged(2).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.message(), "message 2 cannot be stored: rows[1].year: 0 is outside 1 to 9999");
    good_stream.send(1, Body::Accesses(accesses(&["LAB\\ann"]))).await;
    good_stream.acknowledged(1).await.unwrap();
    let principals: Vec<_> = stored(&aggregator.store).into_iter().map(|(_, _, principals)| principals).collect();
    assert_eq!(principals, [["LAB\\eve"], ["LAB\\ann"]], "all of a batch or nothing");
}

#[tokio::test]
async fn a_stream_begins_with_hello_and_numbers_what_counts() {
    let aggregator = Aggregator::start().await;
    let agent = aggregator.enrol(Role::Agent).await;
    let mut stream = aggregator.deliver(&agent).await.unwrap();
    stream.send(0, inventory("FS1", 5)).await;
    assert!(stream.acknowledged(1).await.unwrap_err().message().starts_with("sequence: 0"));

    let (messages, outbound) = tokio::sync::mpsc::channel(1);
    messages.send(message(1, inventory("FS1", 5))).await.unwrap();
    let channel = aggregator.channel(Some(&agent.identity)).await;
    let mut client = wire::delivery_client::DeliveryClient::new(channel);
    let outbound = tokio_stream::wrappers::ReceiverStream::new(outbound);
    let mut answers = client.deliver(outbound).await.unwrap().into_inner();
    assert_eq!(answers.message().await.unwrap_err().code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn configuration_is_sent_to_those_that_have_another() {
    let aggregator = Aggregator::start().await;
    let agent = aggregator.enrol(Role::Agent).await;
    let mut stream = aggregator.deliver(&agent).await.unwrap();
    let first = stream.answers.message().await.unwrap().unwrap();
    let Some(to_agent::Body::Configuration(configuration)) = first.body else { panic!("{first:?}") };
    assert_eq!((configuration.collect_every_seconds, configuration.heartbeat_every_seconds), (3600, 60));
    drop(stream);

    let hello = wire::Hello { configuration_etag: configuration.etag, ..wire::Hello::default() };
    let (messages, outbound) = tokio::sync::mpsc::channel(2);
    messages.send(message(0, Body::Hello(hello))).await.unwrap();
    messages.send(message(1, inventory("FS1", 5))).await.unwrap();
    let channel = aggregator.channel(Some(&agent.identity)).await;
    let outbound = tokio_stream::wrappers::ReceiverStream::new(outbound);
    let mut client = wire::delivery_client::DeliveryClient::new(channel);
    let mut answers = client.deliver(outbound).await.unwrap().into_inner();
    let first = answers.message().await.unwrap().unwrap();
    assert!(matches!(first.body, Some(to_agent::Body::Acknowledgement(_))), "{first:?}");
}

#[tokio::test]
async fn a_revoked_agent_is_cut_off_in_the_middle_of_its_stream() {
    let aggregator = Aggregator::start().await;
    let agent = aggregator.enrol(Role::Agent).await;
    let mut stream = aggregator.deliver(&agent).await.unwrap();
    stream.send(1, Body::Accesses(accesses(&["LAB\\ann"]))).await;
    stream.acknowledged(1).await.unwrap();
    aggregator.store.write(|tx| agent::revoke(tx, &agent.id, now())).unwrap();
    stream.send(2, Body::Accesses(accesses(&["LAB\\bob"]))).await;
    let status = stream.acknowledged(2).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::PermissionDenied, crate::ingest::peer::REVOKED));
    assert_eq!(stored(&aggregator.store)[0].2, ["LAB\\ann"], "what it delivered before stays, what came later is not");
    assert_eq!(aggregator.deliver(&agent).await.err().unwrap().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn heartbeats_and_requests_to_collect_pass_through_the_store() {
    let aggregator = Aggregator::start().await;
    let agent = aggregator.enrol(Role::Agent).await;
    let mut stream = aggregator.deliver(&agent).await.unwrap();
    stream.send(0, Body::Heartbeat(wire::Heartbeat { queued_messages: 3, queued_bytes: 4, dropped_messages: 5 })).await;
    stream.send(1, inventory("FS1", 5)).await;
    stream.acknowledged(1).await.unwrap();
    let listed = aggregator.store.read(agent::list).unwrap().remove(0);
    assert_eq!((listed.queued_messages, listed.queued_bytes, listed.dropped_messages), (3, 4, 5));
    assert_eq!((listed.version.as_deref(), listed.host_name.as_str()), (Some("1.2.3"), "FS1"));
    assert!(listed.last_seen.is_some());

    // one that is not connected is told when it is
    let connected = Connected::default();
    let asked = aggregator.store.write(|tx| agent::request_collection(tx, None, now())).unwrap();
    assert_eq!(asked, 1);
    let elsewhere = aggregator.store.write(|tx| agent::request_collection(tx, Some("nobody"), now())).unwrap();
    assert_eq!(elsewhere, 0);
    connected.tell(&aggregator.store).unwrap();
    let mut told = connected.enter(&agent.id);
    assert!(told.try_recv().is_err());
    connected.tell(&aggregator.store).unwrap();
    assert!(told.try_recv().is_ok());
    connected.tell(&aggregator.store).unwrap();
    assert!(told.try_recv().is_err(), "told once");
}

#[tokio::test]
async fn site_and_tags_come_with_the_greeting_and_wrong_ones_are_refused_with_their_field() {
    let aggregator = Aggregator::start().await;
    let agent = aggregator.enrol(Role::Agent).await;
    let greet = async |site: &str, tags: &[&str]| {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let hello = wire::Hello { host_name: "FS1".into(), site: site.into(), tags, ..wire::Hello::default() };
        aggregator.greet(&agent, hello).await.unwrap()
    };
    let mut stream = greet("Munich", &["test", "tier 1"]).await;
    stream.send(1, inventory("FS1", 5)).await;
    stream.acknowledged(1).await.unwrap();
    let listed = aggregator.store.read(agent::list).unwrap().remove(0);
    assert_eq!((listed.site.as_str(), listed.tags), ("Munich", vec!["test".to_owned(), "tier 1".into()]));

    for (site, tags, field) in
        [("a\nb", &[][..], "hello.site: expected"), ("", &["a", "b,c"], "hello.tags[1]: expected")]
    {
        let status = greet(site, tags).await.acknowledged(1).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().starts_with(field), "{}", status.message());
    }
    let many = greet("", &["a"; 17]).await.acknowledged(1).await.unwrap_err();
    assert_eq!(many.message(), "hello.tags: 17 of them, at most 16 expected; correct it in the agent's configuration");

    // what is no longer said is no longer there
    let mut stream = greet("", &[]).await;
    stream.send(2, inventory("FS1", 6)).await;
    stream.acknowledged(2).await.unwrap();
    let listed = aggregator.store.read(agent::list).unwrap().remove(0);
    assert_eq!((listed.site.as_str(), listed.tags.len()), ("", 0));
}

#[tokio::test]
async fn closing_stores_what_was_handed_over_and_leaves_the_folder_in_order() {
    let aggregator = Aggregator::start().await;
    let agent = aggregator.enrol(Role::Agent).await;
    let mut stream = aggregator.deliver(&agent).await.unwrap();
    stream.send(1, Body::Accesses(accesses(&["LAB\\ann"]))).await;
    stream.acknowledged(1).await.unwrap();
    let folder = aggregator.stop().await;
    assert!(stream.answers.message().await.unwrap().is_none(), "the stream ended in order");
    assert_eq!(folder.path().join("caliper.lock").metadata().unwrap().len(), 0);
    let again = Aggregator::start_in(folder).await;
    assert_eq!(stored(&again.store)[0].2, ["LAB\\ann"]);
}
