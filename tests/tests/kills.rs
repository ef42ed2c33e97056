//! Killing the agent, the aggregator or both at any moment of a delivery loses no row, doubles none, changes none
//! (invariant 1: delivery is at least once, and merging is a join).

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use caliper_lab::rows;
use caliper_proto::{Access, Days, Source};
use caliper_tests::{
    agent::Agent,
    aggregator::{Aggregator, PLAIN},
    process::Running,
};

const KILLS: u64 = 10;

/// A number from outside: `CALIPER_KILL_ROWS` is how many rows to deliver, which `make test` sets to 1,000,000 for an
/// optimised build; `CALIPER_KILL_SEED` decides when who is killed.
#[allow(clippy::disallowed_methods)] // only who runs the test can know how long it may take
fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Chance without a clock, so that a failure can be repeated: `SplitMix64`.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (bits ^ (bits >> 31)) % end
    }
}

#[test]
fn ten_kills_during_a_delivery_change_nothing() {
    let (count, seed) = (setting("CALIPER_KILL_ROWS", 100_000), setting("CALIPER_KILL_SEED", 20_261_121));
    let folder = tempfile::tempdir().unwrap();
    let artefacts = folder.path().join("artefacts");
    rows::write(&artefacts, "NW-FS9", count).unwrap();
    let data = folder.path().join("data");
    let aggregator = Aggregator::new(&data, PLAIN);

    // the address has to survive the aggregator
    let serving = aggregator.serve();
    let address = serving.grpc;
    fs_err::write(data.join("config.toml"), PLAIN.replace("grpc = \"127.0.0.1:0\"", &format!("grpc = \"{address}\"")))
        .unwrap();
    let agent = Agent::new(&folder.path().join("agent"), &artefacts);
    let token = folder.path().join("token");
    aggregator.token(address, &token, &[]);
    agent.enroll(&token).succeeded();

    let mut chance = Chance(seed);
    let mut aggregating = Some(serving.process);
    let mut reporting: Option<Running> = None;
    for round in 0..KILLS {
        if aggregating.is_none() {
            aggregating = Some(aggregator.serve().process);
        }
        let agent_process = reporting.take().unwrap_or_else(|| Running::start(&mut agent.command(&["run"])));
        let stored = aggregator.count("access").unsigned_abs();
        // at any moment: right away, after some milliseconds, or once some more rows have arrived
        match chance.below(4) {
            0 => thread::park_timeout(Duration::from_millis(chance.below(400))),
            _ => wait_for(&aggregator, stored + 1 + chance.below((count - stored) / (KILLS - round) + 1), count),
        }
        let victims = chance.below(3);
        println!(
            "kill {round} at {} rows: {}",
            aggregator.count("access"),
            ["agent", "aggregator", "both"][victims as usize]
        );
        match victims {
            0 => agent_process.kill(),
            1 => {
                aggregating.take().expect("it was started above").kill();
                reporting = Some(agent_process);
            }
            _ => {
                agent_process.kill();
                aggregating.take().expect("it was started above").kill();
            }
        }
    }
    drop(reporting);
    let _aggregating = aggregating.unwrap_or_else(|| aggregator.serve().process);
    let delivery = Running::start(&mut agent.command(&["run", "--once", "--timeout", "300"]));
    let _ = delivery.wait(Duration::from_mins(6)).succeeded();
    let counted = check(&data, count);
    assert_eq!(counted, count, "seed {seed}");
}

/// Returns when `rows` rows are stored, all of them, or after half a minute.
fn wait_for(aggregator: &Aggregator, rows: u64, all: u64) {
    let until = Instant::now() + Duration::from_secs(30);
    while aggregator.count("access").unsigned_abs() < rows.min(all) && Instant::now() < until {
        thread::park_timeout(Duration::from_millis(15));
    }
}

/// Compares every stored row with the true one and returns how many there are; the key of the table makes each stand
/// there once.
fn check(data: &Path, count: u64) -> u64 {
    let store = Aggregator { data: data.to_owned() }.read_store();
    let mut statement = store
        .prepare(
            "SELECT p.value, c.value, s.name, s.role_guid, a.source, a.year, a.days, a.total, a.first, a.last
             FROM access a JOIN text p ON p.id = a.principal JOIN text c ON c.id = a.client
             JOIN service s ON s.id = a.service",
        )
        .unwrap();
    let mut found = statement.query([]).unwrap();
    let mut counted = 0;
    while let Some(row) = found.next().unwrap() {
        let (principal, client): (String, String) = (row.get(0).unwrap(), row.get(1).unwrap());
        let number = rows::number(&principal, &client).filter(|number| *number < count);
        let number = number.unwrap_or_else(|| panic!("nobody sent a row of {principal} at {client}"));
        let Access { key, days, total, first, last } = rows::access(number);
        let stored_days = Days::from_bytes(&row.get::<_, Vec<u8>>(6).unwrap()).unwrap();
        assert_eq!(
            (
                row.get::<_, String>(2).unwrap(),
                row.get::<_, String>(3).unwrap(),
                row.get::<_, u8>(4).map(Source::from_number).unwrap()
            ),
            (key.service, key.role_guid, Some(key.source)),
            "row {number}"
        );
        let numbers: (i16, i64, i64, i64) =
            (row.get(5).unwrap(), row.get(7).unwrap(), row.get(8).unwrap(), row.get(9).unwrap());
        assert_eq!(numbers, (key.year, total.cast_signed(), first.micros(), last.micros()), "row {number}");
        assert_eq!(stored_days, days, "row {number}");
        counted += 1;
    }
    counted
}
