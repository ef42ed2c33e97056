//! Delivers access rows through the real agent, mutual TLS and the real aggregator into SQLite, beside a raw
//! prepared-statement upsert of the same rows into the same table in this process.
//!
//! `cargo run --release -p caliper-tests --bin bench-ingest [ROWS]`; both write with WAL and synchronous FULL.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use caliper_lab::rows;
use caliper_proto::Access;
use caliper_tests::{
    agent::Agent,
    aggregator::{Aggregator, PLAIN},
    process::Running,
};
use rusqlite::{Connection, params};

mod usage;

use usage::Usage;

const INSERT_TEXT: &str = "INSERT INTO text (value) VALUES (?) ON CONFLICT DO NOTHING";
const UPSERT: &str = "INSERT INTO access (server, principal, client, service, source, year, days, total, first, last)
    VALUES (1, ?, ?, 1, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET days = excluded.days, total = max(total, excluded.total),
        first = min(first, excluded.first), last = max(last, excluded.last)";
/// What both stores must agree on.
const DIGEST: &str = "SELECT count(*), sum(total), sum(first % 1000000007), sum(last % 1000000007),
    sum(length(days)), count(DISTINCT principal),
    count(DISTINCT client) FROM access";

fn main() -> anyhow::Result<()> {
    let count: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse()).context("ROWS is a number")?;
    let folder = tempfile::tempdir()?;
    let raw = raw(&folder.path().join("raw"), count)?;
    let delivery = delivery(folder.path(), count)?;
    ensure!(raw.digest == delivery.digest, "the stores differ: {:?} and {:?}", raw.digest, delivery.digest);

    let speed = |time: Duration| count as f64 / time.as_secs_f64();
    let row = |what: &str, time: Duration| {
        println!("{what:<58} {:>7.2} s {:>10.0} rows/s", time.as_secs_f64(), speed(time));
    };
    println!("{count} access rows, stored equal\n");
    row("raw upsert, texts numbered before", raw.upsert);
    row("raw upsert, texts numbered in the same transaction", raw.texts + raw.upsert);
    row("agent's queue, mTLS, merge, last acknowledgement", delivery.delivered);
    row("the whole `caliper-agent run --once`, with reading JSON", delivery.whole);
    println!(
        "\ndelivery at {:.0} % of the raw speed with texts, {:.0} % of that without",
        100.0 * (raw.texts + raw.upsert).as_secs_f64() / delivery.delivered.as_secs_f64(),
        100.0 * raw.upsert.as_secs_f64() / delivery.delivered.as_secs_f64()
    );
    for (name, usage) in [("agent", delivery.agent), ("aggregator", delivery.aggregator)] {
        println!("{name}: at most {} MiB resident, {:.2} s of CPU", usage.peak_kib / 1024, usage.seconds());
    }
    Ok(())
}

struct Raw {
    texts: Duration,
    upsert: Duration,
    digest: Vec<i64>,
}

/// One transaction, one prepared statement, rows in the order of the key.
fn raw(folder: &Path, count: u64) -> anyhow::Result<Raw> {
    drop(caliper_aggregator::store::Store::open(folder)?); // the same schema
    let mut connection = Connection::open(folder.join(caliper_aggregator::store::FILE_NAME))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -65536)?;
    connection.execute_batch(
        "INSERT INTO server (origin, origin_key, name, domain, inventory, observed, first_seen, last_seen)
             VALUES ('agent', '', '', '', '', 0, 0, 0);
         INSERT INTO service (name, role_guid) VALUES ('', '');",
    )?;
    let rows: Vec<Access> = (0..count).map(rows::access).collect();
    let start = Instant::now();
    let transaction = connection.transaction()?;
    let mut numbers = std::collections::HashMap::new();
    {
        let mut insert = transaction.prepare(INSERT_TEXT)?;
        for text in rows.iter().flat_map(|row| [&row.key.principal, &row.key.client]) {
            if !numbers.contains_key(text.as_str()) {
                numbers.insert(text.as_str(), insert.insert([text])?);
            }
        }
    }
    transaction.commit()?;
    let numbered: Vec<_> =
        rows.iter().map(|row| (numbers[row.key.principal.as_str()], numbers[row.key.client.as_str()], row)).collect();
    let texts = start.elapsed();
    let start = Instant::now();
    let transaction = connection.transaction()?;
    {
        let mut upsert = transaction.prepare(UPSERT)?;
        for (principal, client, row) in numbered {
            upsert.execute(params![
                principal,
                client,
                row.key.source.number(),
                row.key.year,
                row.days.to_bytes(),
                i64::try_from(row.total)?,
                row.first.micros(),
                row.last.micros()
            ])?;
        }
    }
    transaction.commit()?;
    Ok(Raw { texts, upsert: start.elapsed(), digest: digest(&connection)? })
}

struct Delivery {
    /// From the first row on the agent's disk to the last acknowledgement.
    delivered: Duration,
    whole: Duration,
    agent: Usage,
    aggregator: Usage,
    digest: Vec<i64>,
}

fn delivery(folder: &Path, count: u64) -> anyhow::Result<Delivery> {
    let artefacts = folder.join("artefacts");
    rows::write(&artefacts, "NW-FS9", count)?;
    let aggregator = Aggregator::new(&folder.join("data"), PLAIN);
    let serving = aggregator.serve();
    let agent = Agent::new(&folder.join("agent"), &artefacts);
    let token = folder.join("token");
    aggregator.token(serving.grpc, &token, &[]);
    agent.enroll(&token).succeeded();

    let queue = agent.folder.join("state").join("queue");
    let start = Instant::now();
    let mut process = Running::start(&mut agent.command(&["run", "--once"]));
    let (mut first, mut used) = (None, [Usage::default(); 2]);
    while !process.has_ended() {
        if first.is_none() && largest(&queue) > 32 * 1024 {
            first = Some(Instant::now());
        }
        for (used, id) in used.iter_mut().zip([process.id(), serving.process.id()]) {
            *used = Usage::of(id).unwrap_or(*used);
        }
        thread::park_timeout(Duration::from_millis(10));
    }
    let whole = start.elapsed();
    let delivered = first.context("nothing was queued")?.elapsed();
    process.wait(Duration::from_secs(1)).succeeded();
    let [agent, of_aggregator] = used;
    let digest = digest(&aggregator.read_store())?;
    serving.process.stop().succeeded();
    Ok(Delivery { delivered, whole, agent, aggregator: of_aggregator, digest })
}

fn digest(connection: &Connection) -> anyhow::Result<Vec<i64>> {
    Ok(connection.query_row(DIGEST, [], |row| (0..7).map(|column| row.get(column)).collect())?)
}

/// Length of the largest file.
fn largest(folder: &Path) -> u64 {
    let files = fs_err::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| Some(file.metadata().ok()?.len())).max().unwrap_or_default()
}
