//! Solves mixes, purchases, connectors, modes, pools or bundles on a file of accesses and prints the result with CPU time, for
//! benches.
//!
//! `choices mix|purchase|levels|connectors|modes|pool|bundles FILE [PRICE …]`: FILE is CSV with the columns user, device, server, level,
//! external, rds, first, last, all numbers. Prices: user, device, connector (5, 4, 235); for bundles the user's suite; for
//! purchases user, device, and how many are owned for users and for devices, of levels one number for each, the lowest first.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
};

use caliper_optimise::{
    BundleProblem, ConnectorProblem, ExternalAccess, Family, Graph, Holder, HostAccess, Level, LevelNeeds, LevelTerms,
    ModeProblem, Offer, PoolProblem, Prices, Stay, cheapest_bundles, cheapest_cover, cheapest_level_purchase,
    cheapest_modes, cheapest_pool, cheapest_purchase_timed, cheapest_with_connectors, rolling_peak,
};

struct Row {
    user: u32,
    device: u32,
    server: u32,
    level: u32,
    external: bool,
    remote: bool,
    first: u32,
    last: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, path, prices @ ..] = arguments.as_slice() else { return Err("KIND and FILE are needed".into()) };
    let given = prices.iter().map(|price| price.parse()).collect::<Result<Vec<u64>, _>>()?;
    let price = |index: usize, otherwise: u64| given.get(index).copied().unwrap_or(otherwise);
    let (user_price, device_price) = (price(0, 5), price(1, 4));
    let rows = read(path)?;
    let users = rows.iter().map(|row| row.user + 1).max().unwrap_or(0);
    let devices = rows.iter().map(|row| row.device + 1).max().unwrap_or(0);
    let line = match kind.as_str() {
        "mix" => mix(&rows, users, devices, [user_price, device_price])?,
        "purchase" => purchase(&rows, users, devices, [user_price, device_price, price(2, 0), price(3, 0)])?,
        "levels" => levels(&rows, users, devices, [user_price, device_price], given.get(2..).unwrap_or_default()),
        "connectors" => connectors(&rows, users, devices, [user_price, device_price, price(2, 235)])?,
        "modes" => modes(&rows, users, devices, [user_price, device_price])?,
        "pool" => pool(&rows, users, devices, [user_price, device_price])?,
        "bundles" => bundles(&rows, users, devices, [user_price, device_price, price(2, 8)])?,
        _ => return Err("mix, purchase, levels, connectors, modes, pool or bundles".into()),
    };
    println!("{line}");
    Ok(())
}

fn read(path: &str) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    for line in BufReader::new(File::open(path)?).lines().skip(1) {
        let fields = line?.split(',').map(str::parse).collect::<Result<Vec<u32>, _>>()?;
        let [user, device, server, level, external, remote, first, last] = fields[..] else {
            return Err("8 fields".into());
        };
        rows.push(Row { user, device, server, level, external: external == 1, remote: remote == 1, first, last });
    }
    rows.sort_by_key(|row| (row.user, row.device));
    Ok(rows)
}

/// CPU seconds of this process.
fn now() -> f64 {
    // the kernel brings the counter up to date whenever the scheduler runs
    std::thread::yield_now();
    let mut text = String::new();
    let read = File::open("/proc/self/schedstat").and_then(|mut file| file.read_to_string(&mut text));
    let nanoseconds = read.ok().and_then(|_| text.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.unwrap_or(f64::NAN) / 1e9
}

fn pairs_of<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<(u32, u32)> {
    let mut pairs: Vec<_> = rows.map(|row| (row.user, row.device)).collect();
    pairs.dedup();
    pairs
}

fn count(side: &[bool]) -> usize {
    side.iter().filter(|&&one| one).count()
}

fn result(cost: u128, bound: u128, started: f64, more: &str) -> String {
    format!("{{\"cost\": {cost}, \"lower_bound\": {bound}, \"seconds\": {:.6}{more}}}", now() - started)
}

fn mix(rows: &[Row], users: u32, devices: u32, [a, b]: [u64; 2]) -> Result<String, Box<dyn Error>> {
    let pairs = pairs_of(rows.iter());
    let started = now();
    let graph = Graph::new(users, devices, &pairs)?;
    let cover = cheapest_cover(&graph, Prices::Same(a), Prices::Same(b));
    let bound = if cover.is_proven(&graph) { cover.cost } else { 0 };
    Ok(result(cover.cost, bound, started, &format!(", \"pairs\": {}", pairs.len())))
}

fn purchase(rows: &[Row], users: u32, devices: u32, terms: [u64; 4]) -> Result<String, Box<dyn Error>> {
    let pairs = pairs_of(rows.iter());
    let started = now();
    let graph = Graph::new(users, devices, &pairs)?;
    let mut bounded = f64::NAN;
    let [user_price, device_price, owned_users, owned_devices] = terms;
    let (prices, owned) = ([user_price, device_price], [owned_users, owned_devices]);
    let found = cheapest_purchase_timed(&graph, prices, owned, &mut || bounded = now() - started);
    let more =
        format!(", \"demanded\": {}, \"bound_seconds\": {bounded:.6}, \"pairs\": {}", found.demanded, pairs.len());
    Ok(result(found.cost, found.lower_bound, started, &more))
}

/// As many levels as there are versions of servers.
fn levels(rows: &[Row], users: u32, devices: u32, [a, b]: [u64; 2], owned: &[u64]) -> String {
    let known: BTreeSet<u32> = rows.iter().map(|row| row.level).collect();
    let level = |version: u32| known.range(..=version).count() as Level;
    let mut needed: BTreeMap<(u32, u32), Level> = BTreeMap::new();
    for row in rows {
        let of_pair = needed.entry((row.user, row.device)).or_default();
        *of_pair = (*of_pair).max(level(row.level));
    }
    let pairs: Vec<(u32, u32, Level)> =
        needed.into_iter().map(|((user, device), level)| (user, device, level)).collect();
    let nobody = [vec![0; users as usize], vec![0; devices as usize]];
    let owned = |side: usize| -> Vec<u64> {
        (0..known.len()).map(|level| owned.get(side * known.len() + level).copied().unwrap_or(0)).collect()
    };
    let (owned_users, owned_devices) = (owned(0), owned(1));
    let started = now();
    let found = cheapest_level_purchase(
        &LevelNeeds { pairs: &pairs, users: &nobody[0], devices: &nobody[1] },
        &LevelTerms { user_price: a, device_price: b, owned_users: &owned_users, owned_devices: &owned_devices },
    );
    let more = format!(", \"pairs\": {}, \"levels\": {}", pairs.len(), known.len());
    result(found.cost, found.lower_bound, started, &more)
}

fn connectors(rows: &[Row], users: u32, devices: u32, [a, b, c]: [u64; 3]) -> Result<String, Box<dyn Error>> {
    let pairs = pairs_of(rows.iter().filter(|row| !row.external));
    let mut number = BTreeMap::new();
    let outside = rows.iter().filter(|row| row.external);
    let externals: Vec<_> = outside
        .map(|row| {
            let next = number.len() as u32;
            let candidate = *number.entry(row.server).or_insert(next);
            ExternalAccess { user: Some(row.user), device: Some(row.device), candidate }
        })
        .collect();
    let candidates = vec![c; number.len()];
    let problem = ConnectorProblem {
        users,
        devices,
        user_prices: Prices::Same(a),
        device_prices: Prices::Same(b),
        pairs: &pairs,
        forced_users: &[],
        forced_devices: &[],
        candidates: &candidates,
        externals: &externals,
    };
    let started = now();
    let plan = cheapest_with_connectors(&problem)?;
    let (bought, branches) = (count(&plan.connectors), plan.proof.len());
    let size = (pairs.len(), externals.len(), number.len());
    let more = format!(
        ", \"connectors\": {bought}, \"branches\": {branches}, \"pairs\": {}, \"externals\": {}, \"candidates\": {}",
        size.0, size.1, size.2
    );
    let line = result(plan.cost, plan.lower_bound, started, &more);
    assert_eq!(plan.verified_bound(&problem), Some(plan.lower_bound), "the proof shows the bound");
    Ok(line)
}

fn modes(rows: &[Row], users: u32, devices: u32, [a, b]: [u64; 2]) -> Result<String, Box<dyn Error>> {
    let accesses: Vec<_> = rows
        .iter()
        .filter(|row| row.remote)
        .map(|row| HostAccess { user: Some(row.user), host: row.server, device: Some(row.device) })
        .collect();
    let hosts = vec![None; accesses.iter().map(|access| access.host as usize + 1).max().unwrap_or(0)];
    let (user_prices, device_prices) = (Prices::Same(a), Prices::Same(b));
    let problem = ModeProblem { users, devices, hosts: &hosts, accesses: &accesses, user_prices, device_prices };
    let started = now();
    let plan = cheapest_modes(&problem)?;
    let line = result(plan.cost, plan.cost, started, &format!(", \"accesses\": {}", accesses.len()));
    assert!(plan.is_proven(&problem), "the flow proves the cost");
    Ok(line)
}

fn pool(rows: &[Row], users: u32, devices: u32, [a, b]: [u64; 2]) -> Result<String, Box<dyn Error>> {
    let stays: Vec<_> = rows
        .iter()
        .map(|row| Stay { user: Some(row.user), device: Some(row.device), first: row.first, last: row.last })
        .collect();
    let problem = PoolProblem { users, devices, stays: &stays, user_price: a, device_price: b, minimum_days: 90 };
    let started = now();
    let plan = cheapest_pool(&problem)?;
    let peaks =
        format!(", \"users\": {}, \"devices\": {}, \"stays\": {}", plan.user_peak, plan.device_peak, stays.len());
    let line = result(plan.cost, plan.lower_bound, started, &peaks);
    assert_eq!(rolling_peak(&problem, &plan.users, &plan.devices), Ok((plan.user_peak, plan.device_peak)));
    Ok(line)
}

/// Two families, base and remote desktop, and a user's suite of both.
fn bundles(rows: &[Row], users: u32, devices: u32, [a, b, suite]: [u64; 3]) -> Result<String, Box<dyn Error>> {
    let base = pairs_of(rows.iter());
    let remote = pairs_of(rows.iter().filter(|row| row.remote));
    let families = [Family { pairs: &base, ..Family::default() }, Family { pairs: &remote, ..Family::default() }];
    let offer = |holder, families, price| Offer { holder, families, price: Some(price), owned: 0 };
    let offers = [
        offer(Holder::User, 1, a),
        offer(Holder::User, 2, a),
        offer(Holder::User, 3, suite),
        offer(Holder::Device, 1, b),
        offer(Holder::Device, 2, b),
    ];
    let started = now();
    let plan = cheapest_bundles(&BundleProblem { users, devices, families: &families, offers: &offers })?;
    Ok(result(plan.cost, plan.lower_bound, started, &format!(", \"pairs\": {}", base.len() + remote.len())))
}
