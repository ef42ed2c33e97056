//! From a CSV of accesses to the position by `caliper plan`, beside plainly reading the same file.
//!
//! `cargo run --release -p caliper-tests --bin bench-plan [ROWS [FOLDER]]`; the organisation is that of `graph.py`, written
//! to the folder (`target/bench`) once. CPU time, best of three, one after the other.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use caliper_aggregator::pairs;
use caliper_tests::programs;

mod usage;

use usage::Usage;

const RUNS: usize = 3;
const SERVERS: u32 = 40;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let rows: usize = arguments.next().map_or(Ok(10_000_000), |text| text.parse()).context("ROWS is a number")?;
    let folder = arguments.next().map_or_else(|| programs::workspace().join("target/bench"), PathBuf::from);
    let accesses = folder.join(format!("accesses-{rows}.csv"));
    if !accesses.exists() {
        write(&folder, rows, &accesses)?;
    }
    let estate = folder.join("estate.toml");
    fs_err::write(&estate, text_of_estate())?;

    let mut best = [u64::MAX; 3];
    let (mut peak_kib, mut said) = (0, String::new());
    for _ in 0..RUNS {
        let before = own_ticks()?;
        ensure!(fields(&accesses)? == 3 * (rows as u64 + 1), "another number of rows");
        let between = own_ticks()?;
        ensure!(commas(&accesses)? == 2 * (rows as u64 + 1), "another number of rows");
        let after = own_ticks()?;
        let (plan, output) = plan(&estate, &accesses)?;
        for (best, ticks) in best.iter_mut().zip([between - before, after - between, plan.ticks]) {
            *best = ticks.min(*best);
        }
        peak_kib = plan.peak_kib.max(peak_kib);
        ensure!(said.is_empty() || said == output, "another position for the same file");
        said = output;
    }
    println!("{rows} accesses, {} MB of CSV\n", fs_err::metadata(&accesses)?.len() / 1_000_000);
    let names = ["fields with the csv crate", "lines and commas only", "caliper plan"];
    for (name, ticks) in names.into_iter().zip(best) {
        let ratio = ticks as f64 / best[0].max(1) as f64;
        println!("{name:<26} {:>6.2} s of CPU, {ratio:>5.1} times", ticks as f64 / 100.0);
    }
    println!(
        "caliper plan: at most {} MiB resident, {} bytes an access",
        peak_kib / 1024,
        peak_kib * 1024 / rows as u64
    );
    Ok(())
}

/// The organisation's pairs as accesses to a few servers.
fn write(folder: &Path, rows: usize, accesses: &Path) -> anyhow::Result<()> {
    fs_err::create_dir_all(folder)?;
    let graph = folder.join(format!("organisation-{rows}.bin"));
    let mut python = Command::new("python3");
    python.arg(programs::workspace().join("tests/bench/graph.py")).args(["--pairs", &rows.to_string(), "--out"]);
    ensure!(python.arg(&graph).status().context("python3 is needed")?.success(), "no graph was written");
    let partial = accesses.with_extension("partial");
    let mut out = BufWriter::new(fs_err::File::create(&partial)?);
    writeln!(out, "user,device,server")?;
    for (user, device) in pairs::read(&graph)?.pairs {
        let server = (7 * u64::from(user) + u64::from(device)) % u64::from(SERVERS);
        writeln!(out, "EXAMPLE\\u{user:07},PC{device:07}.corp.example,FS{server:02}")?;
    }
    out.flush()?;
    fs_err::remove_file(graph)?;
    Ok(fs_err::rename(partial, accesses)?)
}

fn text_of_estate() -> String {
    let mut text = "format = \"caliper.estate/1\"\nas_of = \"2026-11-21\"\ncurrency = \"EUR\"\n".to_owned();
    for server in 0..SERVERS {
        let version = [2016, 2019, 2022][server as usize % 3];
        let _ = write!(
            text,
            "[[server]]\nid = \"FS{server:02}\"\nversion = {version}\nedition = \"Standard\"\nprocessors = [8, 8]\n"
        );
    }
    for (kind, minor) in [("user", 4700), ("device", 3600)] {
        let _ = write!(text, "[[price]]\nsku = \"windows-server-cal/{kind}\"\nminor = {minor}\n");
    }
    text
}

/// Fields, with the parser that the program uses too.
fn fields(path: &Path) -> anyhow::Result<u64> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(fs_err::File::open(path)?);
    let (mut record, mut count) = (csv::ByteRecord::new(), 0);
    while reader.read_byte_record(&mut record)? {
        count += record.len() as u64;
    }
    Ok(count)
}

/// Commas, line by line: about the least that a look at every byte costs.
fn commas(path: &Path) -> anyhow::Result<u64> {
    let mut reader = BufReader::with_capacity(1 << 18, fs_err::File::open(path)?);
    let (mut line, mut count) = (Vec::new(), 0);
    while reader.read_until(b'\n', &mut line)? > 0 {
        count += line.iter().map(|&byte| u64::from(byte == b',')).sum::<u64>();
        line.clear();
    }
    Ok(count)
}

fn own_ticks() -> anyhow::Result<u64> {
    Ok(Usage::of(std::process::id()).context("/proc is needed")?.ticks)
}

fn plan(estate: &Path, accesses: &Path) -> anyhow::Result<(Usage, String)> {
    let output = estate.with_extension("json");
    let mut process = Command::new(programs::caliper())
        .arg("plan")
        .arg(estate)
        .arg("--accesses")
        .arg(accesses)
        .arg("--json")
        .stdout(Stdio::from(fs_err::File::create(&output)?.into_file()))
        .spawn()?;
    let mut used = Usage::default();
    let ended = loop {
        used = Usage::of(process.id()).unwrap_or(used);
        if let Some(ended) = process.try_wait()? {
            break ended;
        }
        thread::park_timeout(Duration::from_millis(5));
    };
    ensure!(ended.success(), "caliper plan failed");
    Ok((used, fs_err::read_to_string(output)?))
}
