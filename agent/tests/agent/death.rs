//! Killed at any moment, the agent loses nothing.

use std::process::{Child, Command, Stdio};

use caliper_proto::merge_all;

use crate::{
    fake::Fake,
    place::{Place, report, small_row, started},
};

fn start(place: &Place) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caliper-agent"));
    command.arg("--config").arg(&place.environment.config).args(["run", "--once"]);
    started(command.stdout(Stdio::null()).stderr(Stdio::null()))
}

/// Kills (no signal handler runs) when the aggregator has heard so much more each time, then lets one run end.
#[tokio::test]
async fn a_delivery_killed_again_and_again_ends_with_exactly_the_true_rows() {
    let fake = Fake::start().await;
    let place = Place::enrolled(&fake).await;
    place.queue_small_messages(60);
    // more rows than a collection holds in memory
    for (rows, heard) in [(15_001, 0), (15_002, 1), (15_003, 3), (15_004, 9), (15_005, 27)] {
        place.configure(&report(rows)); // something new each time, so that a collection is cut short, too
        let mut agent = start(&place);
        let before = fake.memory().sequences.len();
        fake.until(|memory| memory.sequences.len() >= before + heard).await;
        agent.kill().unwrap();
        agent.wait().unwrap();
    }
    let mut agent = start(&place);
    let ended = tokio::task::spawn_blocking(move || agent.wait().unwrap()).await.unwrap();
    assert!(ended.success(), "{ended}");
    let truth = report(15_005).accesses.into_iter().chain((0..60).map(small_row));
    assert!(merge_all(fake.memory().rows.clone()) == merge_all(truth));
    assert_eq!(fs_err::read_dir(place.folder().scratch()).unwrap().count(), 0, "and leaves nothing behind");
}
