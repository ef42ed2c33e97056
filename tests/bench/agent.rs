//! What the agent as it is shipped (profile `small`) takes of a server, and how fast it reads a folder.
//!
//! ```text
//! cargo run -p caliper-tests --bin bench-agent -- day [ROWS [PROGRAMS]]    memory and processor time of a simulated day
//! cargo run -p caliper-tests --bin bench-agent -- folder [MB [PROGRAMS]]   collect --from so many megabytes, beside evtx and esedbexport
//! ```
//! Both need the real artefacts beside the checkout (`../shared/data`): the records of event logs, with other names, addresses and times
//! each time, and, for `folder`, some databases are repeated from them. Databases of different rows and report files are made here.
//! Peaks are the kernel's (`VmHWM`).

use std::{
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use caliper_lab::rows;
use caliper_proto::{Report, Source, write_report};
use caliper_tests::{
    agent::Agent,
    aggregator::{Aggregator, PLAIN},
    process::Running,
    programs,
};

mod artefacts;
mod usage;

use artefacts::{EventLogs, Until};
use usage::Usage;

const EVENTS: u64 = 100_000;
const SESSIONS: u64 = 1_000;
/// Collections of a day, by default.
const COLLECTIONS: u64 = 4;
/// How long the idle agent is watched.
const IDLE: Duration = Duration::from_secs(90);
const PATIENCE: Duration = Duration::from_mins(30);

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |default: u64| arguments.get(1).map_or(Ok(default), |text| text.parse()).context("a number is expected");
    match arguments.first().map(String::as_str) {
        Some("day") => day(number(1_000_000)?, shipped(arguments.get(2))?),
        Some("folder") => folder(number(1_000)?, shipped(arguments.get(2))?),
        _ => bail!(
            "usage: bench-agent day [ROWS [PROGRAMS]] | folder [MB [PROGRAMS]]; PROGRAMS is a folder such as target/small"
        ),
    }
}

/// The agent and the reader of event logs beside it, built as they are shipped; or those of another folder.
fn shipped(other: Option<&String>) -> anyhow::Result<[PathBuf; 2]> {
    if let Some(folder) = other {
        return Ok(["caliper-agent", "examples/evtx_alone"].map(|name| Path::new(folder).join(name)));
    }
    let target = programs::target();
    for what in [["caliper-agent", "--bin", "caliper-agent"], ["caliper-evidence", "--example", "evtx_alone"]] {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--profile", "small", "-p"]).args(what).arg("--target-dir").arg(&target);
        programs::forget_cargo(&mut cargo);
        ensure!(cargo.current_dir(programs::workspace()).status()?.success(), "{what:?} cannot be built");
    }
    Ok([target.join("small/caliper-agent"), target.join("small/examples/evtx_alone")])
}

fn day(count: u64, [program, _]: [PathBuf; 2]) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let evidence = folder.path().join("evidence");
    fs_err::create_dir_all(&evidence)?;
    artefacts::user_access(&evidence.join("Current.mdb"), 0..count)?;
    let events = EventLogs::real()?.write(&evidence.join("Security.evtx"), 0, Until::Events(EVENTS))?;
    let mut sessions: Vec<_> = (0..SESSIONS).map(rows::access).collect();
    for row in &mut sessions {
        row.key.source = Source::SmbSessions;
    }
    let report = Report { server: rows::server("NW-FS9"), accesses: sessions, warnings: Vec::new() };
    fs_err::write(evidence.join("sessions.json"), report.to_json())?;

    let aggregator = Aggregator::new(&folder.path().join("data"), PLAIN);
    let serving = aggregator.serve();
    let agent = Agent::new(&folder.path().join("agent"), &evidence);
    let token = folder.path().join("token");
    aggregator.token(serving.grpc, &token, &[]);
    agent.enroll(&token).succeeded();
    let mut command = Command::new(program);
    command.arg("--config").arg(agent.folder.join("agent.toml")).arg("run");
    let mut process = Running::start(&mut command);
    let mut used = Vec::new();
    for collection in 1..=COLLECTIONS as usize {
        if collection > 1 {
            aggregator.run(&["agents", "collect-now"]).succeeded();
        }
        wait_for(&mut process, "used by the collection", collection)?;
        if collection == 1 {
            delivered(&aggregator, &mut process, count + SESSIONS)?;
        }
        let usage = Usage::of(process.id()).context("the agent has ended")?;
        println!(
            "after collection {collection}: {:.1} MB resident, at most {:.1} MB; {:.2} s of processor time since the start",
            megabytes(usage.resident_kib),
            megabytes(usage.peak_kib),
            usage.seconds()
        );
        used.push(usage);
    }
    thread::park_timeout(IDLE);
    let after = Usage::of(process.id()).context("the agent has ended")?;
    let idle = (after.seconds() - used[used.len() - 1].seconds()) / IDLE.as_secs_f64();
    // as if each collection of the day had found something new and delivered everything again
    let busy = used[0].seconds() * COLLECTIONS as f64 / 86_400.0;
    println!("\n{count} rows of User Access Logging, {events} events, {SESSIONS} sessions; {COLLECTIONS} collections");
    println!("resident after the day: {:.1} MB (goal: at most 10)", megabytes(after.resident_kib));
    println!(
        "processor: {:.4} % of a core, of which {:.4} % idle (goal: at most 0.1 %)",
        100.0 * (busy + idle),
        100.0 * idle
    );
    process.stop().succeeded();
    serving.process.stop().succeeded();
    Ok(())
}

/// Waits until the agent's log holds so many lines with these words.
fn wait_for(process: &mut Running, words: &str, times: usize) -> anyhow::Result<()> {
    let until = Instant::now() + PATIENCE;
    while process.errors().matches(words).count() < times {
        ensure!(!process.has_ended(), "the agent has ended:\n{}", process.errors());
        ensure!(Instant::now() < until, "no `{words}`:\n{}", process.errors());
        thread::park_timeout(Duration::from_millis(200));
    }
    Ok(())
}

fn delivered(aggregator: &Aggregator, process: &mut Running, least: u64) -> anyhow::Result<()> {
    let until = Instant::now() + PATIENCE;
    let mut seen = -1;
    loop {
        let rows = aggregator.count("access");
        if rows >= i64::try_from(least)? && rows == seen {
            println!("{rows} rows delivered");
            return Ok(());
        }
        seen = rows;
        ensure!(!process.has_ended(), "the agent has ended:\n{}", process.errors());
        ensure!(Instant::now() < until, "only {rows} rows came");
        thread::park_timeout(Duration::from_secs(2));
    }
}

fn folder(size: u64, [program, evtx_alone]: [PathBuf; 2]) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (logs, databases) = (folder.path().join("evidence/logs"), folder.path().join("evidence/databases"));
    fs_err::create_dir_all(&logs)?;
    artefacts::databases(&databases, size * 300_000)?;
    let real = EventLogs::real()?;
    let mut left = size * 700_000;
    for number in 0.. {
        // as large as a Security log is by default on a domain controller
        let bytes = left.min(128 << 20);
        real.write(&logs.join(format!("{number:03}.evtx")), number, Until::Bytes(bytes))?;
        left -= bytes;
        if left == 0 {
            break;
        }
    }
    let report = folder.path().join("report.json");
    let collect = |from: &Path| {
        let mut command = Command::new(&program);
        command.args(["collect", "--from"]).arg(from).arg("--output").arg(&report);
        command
    };
    println!("{:<40} {:>6} {:>8} {:>9} {:>12} {:>8}", "", "MB", "MB/s", "s of CPU", "MB/s of CPU", "MB peak");
    measure(
        "event logs and databases",
        &folder.path().join("evidence"),
        vec![collect(&folder.path().join("evidence"))],
    )?;
    measure("event logs", &logs, vec![collect(&logs)])?;
    let said = Command::new(&program).args(["collect", "--from"]).arg(&logs).output()?;
    let said = String::from_utf8_lossy(&said.stdout);
    println!("{}", said.lines().find(|line| line.starts_with("accesses")).unwrap_or_default());
    let mut alone = Command::new(evtx_alone);
    alone.args(artefacts::files(&logs)?);
    measure("event logs, the crate evtx alone", &logs, vec![alone])?;
    measure("databases", &databases, vec![collect(&databases)])?;
    let different = folder.path().join("different");
    let rows = artefacts::different_databases(&different, size * 300_000)?;
    measure(&format!("databases, {rows} different rows"), &different, vec![collect(&different)])?;
    for log in artefacts::files(&logs)? {
        fs_err::hard_link(&log, different.join(log.file_name().context("a file has a name")?))?;
    }
    measure("the same and the event logs", &different, vec![collect(&different)])?;
    let reports = folder.path().join("reports");
    fs_err::create_dir_all(&reports)?;
    let mut file = BufWriter::new(fs_err::File::create(reports.join("SRV.caliper"))?);
    write_report(&mut file, &rows::server("NW-FS9"), (0..size * 500).map(|row| Ok(rows::access(row))), &[])?;
    file.flush()?;
    measure("a report file", &reports, vec![collect(&reports)])?;
    if Command::new("esedbexport").arg("-V").output().is_ok() {
        let exports = artefacts::files(&databases)?.into_iter().enumerate().map(|(at, file)| {
            let mut command = Command::new("esedbexport");
            command.arg("-t").arg(folder.path().join(format!("export-{at}"))).arg(file);
            command
        });
        measure("databases, esedbexport of libesedb", &databases, exports.collect())?;
    } else {
        println!("esedbexport is not installed (Debian: libesedb-utils)");
    }
    Ok(())
}

/// Runs commands one after the other and prints how fast they took these files.
fn measure(what: &str, folder: &Path, commands: Vec<Command>) -> anyhow::Result<()> {
    let bytes: u64 = artefacts::files(folder)?.iter().map(|file| fs_err::metadata(file).map_or(0, |is| is.len())).sum();
    let start = Instant::now();
    let (mut seconds, mut peak) = (0.0, 0);
    for mut command in commands {
        let mut process = Running::start(&mut command);
        let mut used = Usage::default();
        while !process.has_ended() {
            used = Usage::of(process.id()).unwrap_or(used);
            thread::park_timeout(Duration::from_millis(2));
        }
        process.wait(Duration::from_secs(1)).succeeded();
        seconds += used.seconds();
        peak = peak.max(used.peak_kib);
    }
    let size = bytes as f64 / 1e6;
    let speed = size / start.elapsed().as_secs_f64();
    // a busy machine slows the clock's figure only
    let of_processor = size / seconds.max(0.01);
    println!("{what:<40} {size:>6.0} {speed:>8.1} {seconds:>9.2} {of_processor:>12.1} {:>8.1}", megabytes(peak));
    Ok(())
}

fn megabytes(kib: u64) -> f64 {
    kib as f64 * 1024.0 / 1e6
}
