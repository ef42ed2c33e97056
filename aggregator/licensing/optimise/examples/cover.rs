//! Measures the cheapest cover step by step: CPU time, memory above the pairs, and the whole against
//! building the adjacency alone. Linux only, since it reads `/proc`.
//!
//! `cargo run --release -p caliper-optimise --example cover FILE [USER-PRICE DEVICE-PRICE] [--sorted]`; the binary layout
//! of the file is that of `caliper optimise`. `tests/bench/optimise.py` compares with other solvers.

use std::fs::File;
use std::io::{self, BufReader, Read};

use caliper_optimise::{Graph, Prices, cheapest_cover_timed};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (options, plain): (Vec<&String>, Vec<&String>) = arguments.iter().partition(|one| one.starts_with("--"));
    let path = plain.first().ok_or("name a file of pairs")?;
    let price = |index: usize, default: u64| plain.get(index).map_or(Ok(default), |text| text.parse());
    let (user_price, device_price) = (price(1, 5)?, price(2, 4)?);
    let (users, devices, mut pairs) = read(path)?;
    if options.iter().any(|one| *one == "--sorted") {
        pairs.sort_unstable();
    }

    let count = pairs.len();
    let loaded = memory("VmRSS:")?;
    let start = cpu()?;
    let graph = Graph::taking(users, devices, pairs)?;
    let built = cpu()?;
    let mut steps: Vec<(&str, f64)> = Vec::new();
    let mut last = built;
    let cover = cheapest_cover_timed(&graph, Prices::Same(user_price), Prices::Same(device_price), &mut |step| {
        let now = cpu().unwrap_or(last);
        match steps.iter_mut().find(|(known, _)| *known == step) {
            Some((_, seconds)) => *seconds += now - last,
            None => steps.push((step, now - last)),
        }
        last = now;
    });
    let proven = cover.is_proven(&graph);
    let end = cpu()?;

    println!("{} pairs at {user_price} and {device_price}: cost {}, proven: {proven}", graph.pairs(), cover.cost);
    println!("{:>12} {:8.2} ms", "adjacency", (built - start) * 1e3);
    for (step, seconds) in steps {
        println!("{step:>12} {:8.2} ms", seconds * 1e3);
    }
    println!("{:>12} {:8.2} ms", "check", (end - last) * 1e3);
    println!(
        "{:>12} {:8.2} ms, {:.2} times the adjacency",
        "all",
        (end - start) * 1e3,
        (end - start) / (built - start)
    );
    let above = memory("VmHWM:")?.saturating_sub(loaded);
    println!("{:>12} {:8.2} bytes a pair above the pairs", "memory", above as f64 * 1024.0 / count as f64);
    Ok(())
}

type Input = (u32, u32, Vec<(u32, u32)>);

fn read(path: &str) -> io::Result<Input> {
    let mut input = BufReader::with_capacity(1 << 16, File::open(path)?);
    let mut word = || -> io::Result<u32> {
        let mut bytes = [0; 4];
        input.read_exact(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    };
    let mut header = [0; 8];
    for entry in &mut header {
        *entry = word()?;
    }
    let mut pairs = Vec::with_capacity(header[4] as usize);
    for _ in 0..header[4] {
        pairs.push((word()?, word()?));
    }
    Ok((header[2], header[3], pairs))
}

/// CPU seconds of this process so far.
fn cpu() -> io::Result<f64> {
    // The kernel brings the counter up to date whenever the scheduler runs.
    std::thread::yield_now();
    let text = io::read_to_string(File::open("/proc/self/schedstat")?)?;
    let nanoseconds = text.split(' ').next().and_then(|first| first.parse::<u64>().ok());
    Ok(nanoseconds.unwrap_or_default() as f64 / 1e9)
}

/// KiB, as the kernel counts them under `key`.
fn memory(key: &str) -> io::Result<u64> {
    let text = io::read_to_string(File::open("/proc/self/status")?)?;
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    Ok(line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default())
}
