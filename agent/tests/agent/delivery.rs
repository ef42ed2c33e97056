//! Everything collected arrives, whatever happens on the way.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use caliper_agent::{config::Remote, connection::Trouble, limit::Usage, run::RunError, uplink::WINDOW};
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
    // the inventory, and 1,000 rows in a message
    assert_eq!(memory.sequences, (1..=14).collect::<Vec<_>>());
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

#[tokio::test]
async fn no_more_than_the_window_is_on_its_way() {
    let fake = Fake::start().await;
    // with one heartbeat a second, the second one after the window closed proves that nothing else was sent
    let configuration = wire::Configuration { heartbeat_every_seconds: 1, ..wire::Configuration::default() };
    fake.memory().greetings = vec![Answer::Configuration(configuration)];
    let place = Place::enrolled(&fake).await;
    place.queue_small_messages(40);
    fake.conduct([Conduct::Silent]);
    let stop = fake.until(|memory| memory.sequences.len() as u64 >= WINDOW && memory.heartbeats.len() >= 3);
    let error = place.run(report(0)).once(None, stop).await.unwrap_err();
    assert!(matches!(error, RunError::Stopped(41)), "{error}");
    assert_eq!(fake.memory().sequences, (1..=WINDOW).collect::<Vec<_>>());
    let queued: Vec<u64> = fake.memory().heartbeats.iter().map(|heartbeat| heartbeat.queued_messages).collect();
    assert!(queued.iter().skip(1).all(|messages| *messages == 41), "{queued:?}");

    // one acknowledgement for a whole window keeps the messages flowing
    fake.memory().sequences.clear();
    fake.conduct([Conduct::AcknowledgeEvery(WINDOW)]);
    let place_filled = async {
        fake.until(|memory| memory.sequences.last() == Some(&41)).await;
    };
    place.run(report(0)).once(None, place_filled).await.unwrap_err(); // the rest of a window stays unacknowledged
    assert_eq!(fake.memory().sequences, (1..=41).collect::<Vec<_>>());
}

#[tokio::test]
async fn after_a_broken_connection_delivery_goes_on_behind_the_last_acknowledgement() {
    let fake = Fake::start().await;
    let place = Place::enrolled(&fake).await;
    place.queue_small_messages(20);
    fake.conduct([
        Conduct::BreakAfter(3),
        Conduct::Refuse(Status::unavailable("starting")),
        Conduct::BreakAfter(5),
        Conduct::BreakAfter(0),
        Conduct::Acknowledge,
    ]);
    place.deliver(report(7)).await.unwrap();
    let memory = fake.memory();
    let expected: Vec<u64> = (1..=4).chain(4..=9).chain(9..=9).chain(9..=22).collect();
    assert_eq!(memory.sequences, expected);
    assert_eq!(memory.hellos.len(), 4);
    assert_eq!(merge_all(memory.rows.clone()).len(), 20 + 7);
}

#[tokio::test]
async fn each_trouble_that_does_not_pass_ends_a_single_run_with_its_own_sentence() {
    let fake = Fake::start().await;
    let place = Place::enrolled(&fake).await;
    let address = fake.address.to_string();
    let cases = [
        (Status::permission_denied("revoked"), Trouble::TurnedAway(address.clone(), "revoked".into())),
        (Status::unauthenticated("unknown"), Trouble::TurnedAway(address.clone(), "unknown".into())),
        (Status::invalid_argument("rows[3]"), Trouble::Rejected(address.clone(), "rows[3]".into())),
    ];
    for (status, expected) in cases {
        fake.conduct([Conduct::Refuse(status)]);
        match place.deliver(report(1)).await {
            Err(RunError::Trouble(trouble)) => assert_eq!(trouble, expected),
            other => panic!("{other:?}"),
        }
    }
    // and nothing is lost by it
    fake.conduct([Conduct::Acknowledge]);
    place.deliver(report(1)).await.unwrap();
    assert_eq!(fake.memory().rows, report(1).accesses);
}

#[tokio::test]
async fn a_run_that_cannot_deliver_in_time_says_what_stays_and_why() {
    let fake = Fake::start().await;
    let place = Place::enrolled(&fake).await;
    fake.conduct([Conduct::Refuse(Status::unavailable("out for lunch"))]);
    let error = place.run(report(1)).once(Some(Duration::from_millis(300)), pending()).await.unwrap_err().to_string();
    assert!(error.contains("2 messages stay queued") && error.contains("out for lunch"), "{error}");
}

#[tokio::test]
async fn a_configuration_is_kept_and_its_etag_sent_with_the_next_hello() {
    let fake = Fake::start().await;
    let place = Place::enrolled(&fake).await;
    let configuration = wire::Configuration {
        etag: "e1".into(),
        collect_every_seconds: 7200,
        heartbeat_every_seconds: 30,
        ..wire::Configuration::default()
    };
    fake.memory().greetings = vec![Answer::Configuration(configuration)];
    place.deliver(report(1)).await.unwrap();
    place.deliver(report(1)).await.unwrap();
    let etags: Vec<String> = fake.memory().hellos.iter().map(|hello| hello.configuration_etag.clone()).collect();
    assert_eq!(etags, ["", "e1"]);
    let kept = Remote::load(&place.folder());
    assert_eq!((kept.collect_every_seconds, kept.heartbeat_every_seconds), (7200, 30));
}

#[tokio::test]
async fn the_aggregator_can_ask_for_a_collection_and_a_stop_is_graceful() {
    let fake = Fake::start().await;
    let place = Place::enrolled(&fake).await;
    fake.memory().greetings = vec![Answer::CollectNow(wire::CollectNow { reason: "a scan".into() })];
    let collections = Arc::new(AtomicUsize::new(0));
    let mut run = place.run(report(0));
    let counted = Arc::clone(&collections);
    run.collector = Arc::new(move |_| Ok(report(1 + counted.fetch_add(1, Ordering::SeqCst)).into()));
    // one at the start, one asked for; six hours lie between them otherwise
    run.forever(fake.until(|memory| memory.inventories.len() == 2)).await.unwrap();
    assert_eq!(collections.load(Ordering::SeqCst), 2);
    assert_eq!(merge_all(fake.memory().rows.clone()), report(2).accesses);
}

/// With times of day a restart at noon collects nothing, unless nothing was ever collected.
#[tokio::test]
async fn times_of_day_are_kept_by_an_agent_that_starts_and_the_aggregator_can_set_them() {
    let fake = Fake::start().await;
    let mut place = Place::enrolled(&fake).await;
    place.deliver(report(1)).await.unwrap();
    // one second before midnight
    place.environment.now = || {
        let day = 86_400_000_000;
        let now = jiff::Timestamp::now().as_microsecond();
        caliper_proto::Instant::from_micros(now - now % day + day - 1_000_000).unwrap()
    };
    let beats = wire::Configuration { heartbeat_every_seconds: 1, ..wire::Configuration::default() };
    let collected = async |at: &str, greeting: wire::Configuration, heartbeats: usize| {
        let collections = Arc::new(AtomicUsize::new(0));
        fake.memory().heartbeats.clear();
        fake.memory().greetings = vec![Answer::Configuration(greeting)];
        fs_err::write(&place.environment.config, format!("[collect]\nat = ['{at}']\njitter = '0s'\n")).unwrap();
        let mut run = place.run(report(0));
        let counted = Arc::clone(&collections);
        run.collector = Arc::new(move |_| Ok(report(1 + counted.fetch_add(1, Ordering::SeqCst)).into()));
        run.forever(fake.until(|memory| memory.heartbeats.len() > heartbeats)).await.unwrap();
        collections.load(Ordering::SeqCst)
    };
    assert_eq!(collected("12:00", beats.clone(), 3).await, 0);
    assert!(collected("00:00", beats.clone(), 4).await >= 1, "a second later it is midnight");
    let set = wire::Configuration { collect_at: vec!["00:00".into()], ..beats.clone() };
    assert!(collected("12:00", set, 4).await >= 1, "the aggregator's word beats the file");
    assert_eq!(collected("12:00", beats, 3).await, 0, "and no longer holds when it is taken back");
}

static PROCESSOR_SECONDS: AtomicU64 = AtomicU64::new(0);

/// Twenty seconds of processor time at a thousandth of a processor are a rest of more than five hours.
#[tokio::test]
async fn an_expensive_collection_is_followed_by_a_long_rest_unless_the_aggregator_asks() {
    let fake = Fake::start().await;
    let mut place = Place::enrolled(&fake).await;
    place.environment.usage = || {
        let processor = Duration::from_secs(PROCESSOR_SECONDS.load(Ordering::SeqCst));
        Some(Usage { processor, memory: 20 << 20 })
    };
    let beats = Answer::Configuration(wire::Configuration { heartbeat_every_seconds: 1, ..Default::default() });
    fs_err::write(&place.environment.config, "[collect]\nevery = '1s'\n").unwrap();
    let collections = async |seconds: u64, more: Vec<Answer>| {
        fake.memory().heartbeats.clear();
        fake.memory().greetings = [vec![beats.clone()], more].concat();
        let counter = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&counter);
        let mut run = place.run(report(0));
        run.collector = Arc::new(move |_| {
            PROCESSOR_SECONDS.fetch_add(seconds, Ordering::SeqCst);
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(report(1).into())
        });
        run.forever(fake.until(|memory| memory.heartbeats.len() > 4)).await.unwrap();
        counter.load(Ordering::SeqCst)
    };
    assert_eq!(collections(20, Vec::new()).await, 1);
    let asked = Answer::CollectNow(wire::CollectNow { reason: "a scan".into() });
    assert_eq!(collections(20, vec![asked]).await, 2);
    assert!(collections(0, Vec::new()).await > 2, "one that costs nothing comes every second");
}

#[tokio::test]
async fn what_is_changed_in_the_file_holds_within_a_heartbeat() {
    let fake = Fake::start().await;
    let configuration = wire::Configuration { heartbeat_every_seconds: 1, ..wire::Configuration::default() };
    fake.memory().greetings = vec![Answer::Configuration(configuration)];
    let place = Place::enrolled(&fake).await;
    let write = |text: &str| fs_err::write(&place.environment.config, text).unwrap();
    write("site = 'Munich'\n");
    let collections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&collections);
    let mut run = place.run(report(1));
    run.collector = Arc::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(report(1).into())
    });
    let story = async {
        let said = |site, tags: &'static [&str]| {
            fake.until(move |memory| memory.hellos.last().is_some_and(|hello| hello.site == site && hello.tags == tags))
        };
        said("Munich", &[]).await;
        write("site = 'Berlin'\ntags = ['test']\n");
        said("Berlin", &["test"]).await;
        write("site = 7\n");
        let beats = fake.memory().heartbeats.len();
        fake.until(|memory| memory.heartbeats.len() > beats + 1).await;
        assert_eq!(fake.memory().hellos.len(), 2, "what is wrong changes nothing, and the connection stays");
        assert_eq!(collections.load(Ordering::SeqCst), 1, "the next one is due in six hours");
        write("site = 'Berlin'\ntags = ['test']\n[collect]\nevery = '1s'\n");
        fake.until(|_| collections.load(Ordering::SeqCst) > 2).await;
        assert_eq!(fake.memory().hellos.len(), 2, "the aggregator need not know");
    };
    run.forever(story).await.unwrap();
}

#[tokio::test]
async fn an_agent_that_does_not_give_memory_back_ends_and_says_so() {
    let fake = Fake::start().await;
    let mut place = Place::enrolled(&fake).await;
    place.environment.usage = || Some(Usage { processor: Duration::ZERO, memory: 1 << 30 });
    let error = place.run(report(1)).forever(pending()).await.unwrap_err().to_string();
    assert!(error.contains("holds 1073741824 bytes of memory where `limit.memory` allows 67108864"), "{error}");
    // what it had collected is not lost
    place.environment.usage = || None;
    place.deliver(report(1)).await.unwrap();
    assert_eq!(fake.memory().rows, report(1).accesses);
}

#[tokio::test]
async fn a_collection_larger_than_the_queue_goes_through_while_delivery_makes_room() {
    let fake = Fake::start().await;
    let place = Place::enrolled(&fake).await;
    let mut run = place.run(report(60_000));
    run.config.queue_max_bytes.value = 1 << 20; // the whole takes about three times as much
    run.once(None, pending()).await.unwrap();
    assert!(merge_all(fake.memory().rows.clone()) == merge_all(report(60_000).accesses));
}

#[tokio::test]
async fn a_queue_that_somebody_deleted_or_spoilt_makes_everything_go_out_again() {
    let fake = Fake::start().await;
    let place = Place::enrolled(&fake).await;
    place.deliver(report(3)).await.unwrap();
    fs_err::remove_dir_all(place.folder().queue()).unwrap();
    place.deliver(report(3)).await.unwrap();
    assert_eq!(fake.memory().sequences, [1, 2, 1, 2]);
    let segment = fs_err::read_dir(place.folder().queue())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "queue"))
        .unwrap();
    let length = fs_err::metadata(&segment).unwrap().len();
    fs_err::OpenOptions::new().write(true).open(&segment).unwrap().set_len(length - 1).unwrap();
    place.deliver(report(3)).await.unwrap();
    assert_eq!(fake.memory().sequences, [1, 2, 1, 2, 3, 4]);
}
