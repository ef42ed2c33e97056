//! `make demo`, unattended: it ends with success only if the position equals the lab's truth.

use std::{process::Command, time::Duration};

use caliper_tests::{process::Running, programs, servers};

#[test]
fn the_demo_finds_the_truth_and_leaves_nothing_running() {
    if let Some(reason) = servers::no_samba() {
        eprintln!("skipped: {reason}");
        return;
    }
    let mut demo = Command::new(programs::workspace().join("tests/demo.sh"));
    demo.env("DEMO_EXIT", "1").env("DEMO_ADDRESS", "127.0.0.71").env("DEMO_PAGES", "127.0.0.1:0").env("DEMO_SEED", "4");
    demo.env("DEMO_PROGRAMS", programs::caliper().parent().unwrap());
    let said = Running::start(&mut demo).wait(Duration::from_mins(3)).succeeded();
    assert!(said.output.contains("the position equals the truth"), "{}", said.output);
    assert!(said.output.contains("12 agents delivered"), "{}", said.output);
}
