//! What a change costs when the cheapest cover is kept, beside solving everything anew.
//!
//! `cargo run --release -p caliper-optimise --example churn -- GRAPH.bin [USER_PRICE DEVICE_PRICE [PER_MILLE]]`
//! takes a graph in the binary layout of `caliper optimise`. On day 0 a thousandth of its pairs is held back; these
//! then come while as many others go. Best of five, the last result checked against solving anew.

use std::{error::Error, hint::black_box, time::Instant};

use caliper_optimise::{Change, Graph, Prices, StandingCover, cheapest_cover};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("name a graph in the binary layout")?;
    let mut number = |default: u64| arguments.next().map_or(Ok(default), |text| text.parse());
    let (user_price, device_price, per_mille) = (number(5)?, number(4)?, number(1)?);
    let (users, devices, pairs) = read(&path)?;

    // a shuffle that is the same everywhere
    let mut order: Vec<(u32, u32)> = pairs;
    let mut chance = 1_u64;
    for last in (1..order.len()).rev() {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(last, ((chance >> 33) % (last as u64 + 1)) as usize);
    }
    let count = order.len() * per_mille as usize / 1000;
    let (held_back, mut day_0) = (order[..count].to_vec(), order[count..].to_vec());
    let add = held_back.iter().map(|&(user, device)| Change::Add { user, device });
    let remove = day_0[..count].iter().map(|&(user, device)| Change::Remove { user, device });
    let changes: Vec<Change> = add.zip(remove).flat_map(|(add, remove)| [remove, add]).collect();
    day_0.sort_unstable();

    let graph = Graph::new(users, devices, &day_0)?;
    let start = Instant::now();
    let standing = StandingCover::of(&graph, user_price, device_price)?;
    let prepared = start.elapsed();
    let mut best = f64::INFINITY;
    let mut last = None;
    for _ in 0..5 {
        let mut copy = standing.clone();
        let start = Instant::now();
        let applied = copy.apply(&changes)?;
        best = best.min(start.elapsed().as_secs_f64());
        last = Some((copy, applied));
    }
    let (changed, applied) = last.ok_or("no run")?;
    let mut worst = 0.0_f64;
    let mut single = standing.clone();
    for change in &changes {
        let start = Instant::now();
        single.apply(std::slice::from_ref(change))?;
        worst = worst.max(start.elapsed().as_secs_f64());
    }

    let start = Instant::now();
    let cover = changed.cover();
    let reading = start.elapsed().as_secs_f64();
    let graph = changed.graph();
    let mut cold = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        black_box(cheapest_cover(&graph, Prices::Same(user_price), Prices::Same(device_price)));
        cold = cold.min(start.elapsed().as_secs_f64());
    }
    let again = StandingCover::of(&graph, user_price, device_price)?.cover();
    assert_eq!((&cover.users, &cover.devices, cover.cost), (&again.users, &again.devices, again.cost));
    assert!(cover.is_proven(&graph) && changed.cost() == cover.cost && single.cost() == cover.cost);
    let before = standing.cover();
    let differ = |old: &[bool], new: &[bool]| old.iter().zip(new).filter(|(old, new)| old != new).count();
    let moved = differ(&before.users, &cover.users) + differ(&before.devices, &cover.devices);

    println!(
        "{path} {user_price}:{device_price}, {} changes: {:.0} ns each, {:.2} ms together, worst {:.0} us, {} entries touched, {}{} moved",
        changes.len(),
        best * 1e9 / changes.len() as f64,
        best * 1e3,
        worst * 1e6,
        applied.touched,
        applied.moved,
        if applied.anew { " (solved anew)" } else { "" }
    );
    println!(
        "  cold {:.1} ms, {:.0} times as long; preparing {:.0} ms; reading the cover {:.1} ms, {moved} licences change hands",
        cold * 1e3,
        cold / best,
        prepared.as_secs_f64() * 1e3,
        reading * 1e3
    );
    Ok(())
}

type Pairs = Vec<(u32, u32)>;

/// Numbers of users and devices, and the pairs.
fn read(path: &str) -> Result<(u32, u32, Pairs), Box<dyn Error>> {
    let mut file = std::fs::File::open(path)?;
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut file, &mut bytes)?;
    if bytes.len() < 32 || !bytes.starts_with(b"ORGG") {
        return Err("not in the binary layout".into());
    }
    let word = |bytes: &[u8]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let pairs = bytes[32..].chunks_exact(8).map(|pair| (word(pair), word(&pair[4..]))).collect();
    Ok((word(&bytes[8..]), word(&bytes[12..]), pairs))
}
