//! What Caliper made of the organisation beside the truth: who was told from whom, machine from machine, and the number of CALs.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Write as _,
    hash::Hash,
};

use serde::Deserialize;

use super::Expect;
pub use super::Truth;

/// One line of `caliper matches --json`.
#[derive(Debug, Clone, Deserialize)]
pub struct Match {
    /// `name.domain`.
    pub server: String,
    /// As the log wrote it.
    pub principal: String,
    /// As the log wrote it.
    pub client: String,
    /// Days, with spaces between.
    pub days: String,
    /// Person; empty: nobody.
    pub person: String,
    /// `known`, `unresolved`, `service`, `machine` or `nobody`.
    pub who: String,
    /// Device; empty: none that could be named.
    pub device: String,
    /// `computer`, `server`, `address`, `several` (behind one address) or empty.
    pub kind: String,
}

/// The part of `caliper.position/1` that counts here.
#[derive(Debug, Clone, Deserialize)]
pub struct Position {
    lines: Vec<Line>,
    #[serde(default)]
    intervals: Vec<Interval>,
}

#[derive(Debug, Clone, Deserialize)]
struct Line {
    sku: String,
    needed: u64,
}

#[derive(Debug, Clone, Deserialize)]
struct Interval {
    of: String,
    lowest: u64,
    highest: u64,
}

/// Of pairs that are together in one answer, how many are in the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pairwise {
    /// Of those found together, the part that is.
    pub precision: f64,
    /// Of those that are together, the part found so.
    pub recall: f64,
}

/// Both side by side.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// Accounts in people.
    pub accounts: Pairwise,
    /// Names of accounts, as logs write them, in people.
    pub names: Pairwise,
    /// Rows in devices.
    pub rows: Pairwise,
    /// CALs in truth, found, and from lowest to highest.
    pub cals: [u64; 4],
    /// For people to read.
    pub text: String,
}

impl Evaluation {
    /// Whether people and devices are told with at least this precision and recall, and the number of CALs is within a hundredth of the truth,
    /// with the truth inside the interval.
    #[must_use]
    pub fn passes(&self, least: f64) -> bool {
        let [truth, found, lowest, highest] = self.cals;
        [self.accounts, self.names, self.rows].iter().all(|pair| pair.precision >= least && pair.recall >= least)
            && truth.abs_diff(found) * 100 <= truth
            && (lowest..=highest).contains(&truth)
    }
}

/// Counts of pairs of items: each with what it is in truth and what it was found to be.
fn pairwise<T: Hash + Eq + Clone, F: Hash + Eq + Clone>(items: &HashMap<(T, F), u64>) -> Pairwise {
    let pairs = |count: u64| count * count.saturating_sub(1) / 2;
    let (mut truth, mut found): (HashMap<T, u64>, HashMap<F, u64>) = (HashMap::new(), HashMap::new());
    for ((is, said), count) in items {
        *truth.entry(is.clone()).or_default() += count;
        *found.entry(said.clone()).or_default() += count;
    }
    let both: u64 = items.values().map(|count| pairs(*count)).sum();
    let part = |of: u64| if of == 0 { 1.0 } else { both as f64 / of as f64 };
    let (truth, found): (u64, u64) =
        (truth.values().map(|count| pairs(*count)).sum(), found.values().map(|count| pairs(*count)).sum());
    Pairwise { precision: part(found), recall: part(truth) }
}

/// Compares.
#[must_use]
pub fn evaluate(truth: &Truth, matches: &[Match], position: &Position) -> Evaluation {
    let mut found: HashMap<(&str, &str, &str, &str), &Match> = HashMap::new();
    for one in matches {
        for day in one.days.split(' ') {
            found.insert((&one.server, &one.principal, &one.client, day), one);
        }
    }
    let mut matrix: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut rows: HashMap<(String, String), u64> = HashMap::new();
    // names of an account, each with whom most of its rows were put down to
    let mut names: HashMap<(&str, &str), HashMap<String, u64>> = HashMap::new();
    let mut owner: HashMap<&str, &str> = HashMap::new();
    // devices as most of their rows call them, to tell the right one from a wrong one
    let mut called: HashMap<&str, HashMap<&str, u64>> = HashMap::new();
    for row in &truth.rows {
        for day in &row.days {
            let one = found.get(&(row.server.as_str(), row.principal.as_str(), row.client.as_str(), day.as_str()));
            if let Some(one) = one.filter(|one| !one.device.is_empty()) {
                *called.entry(&one.device).or_default().entry(&row.device).or_default() += 1;
            }
        }
    }
    let most = |device: &str| called.get(device).and_then(|of| of.iter().max_by_key(|(name, count)| (**count, **name)));
    let mut wrong: BTreeMap<String, u64> = BTreeMap::new();
    for (number, row) in truth.rows.iter().enumerate() {
        for (at, day) in row.days.iter().enumerate() {
            let one =
                found.get(&(row.server.as_str(), row.principal.as_str(), row.client.as_str(), day.as_str())).copied();
            if !row.person.is_empty() {
                owner.insert(&row.account, &row.person);
                let said = one.map_or(String::new(), |one| format!("{} {}", one.who, one.person));
                let said = if said.is_empty() { format!("missing {number}") } else { said };
                *names.entry((&row.principal, &row.account)).or_default().entry(said).or_default() += 1;
            }
            if !row.active {
                continue;
            }
            let (device, kind) = one.map_or(("", ""), |one| (one.device.as_str(), one.kind.as_str()));
            // several devices behind one address are not told from each other
            let (device, kind) = if kind == "several" { ("", "") } else { (device, kind) };
            let is = match row.expect {
                Expect::Name => "named in truth",
                Expect::Address => "an address of its own",
                Expect::Nothing => "not to be told",
            };
            let right = most(device).is_some_and(|(name, _)| *name == row.device);
            let said = match kind {
                "" => "nothing",
                "address" if row.expect == Expect::Address && right => "right",
                "address" => "address only",
                _ if right => "right",
                _ => "wrong",
            };
            *matrix.entry((is, said)).or_default() += 1;
            if said == "wrong" || row.expect == Expect::Name && said != "right" {
                *wrong
                    .entry(format!(
                        "{said}: {} {} {} is {}, said {device}",
                        row.server, row.principal, row.client, row.device
                    ))
                    .or_default() += 1;
            }
            // who says nothing is right where nothing can be told, and puts the row together with no other elsewhere
            let is_silent = device.is_empty();
            if row.expect != Expect::Nothing || !is_silent {
                let said = if is_silent { format!("{number} {at}") } else { device.to_owned() };
                *rows.entry((row.device.clone(), said)).or_default() += 1;
            }
        }
    }
    let mut of_names: HashMap<(String, String), u64> = HashMap::new();
    let mut of_accounts: HashMap<&str, HashMap<&str, u64>> = HashMap::new();
    let mut strangers: BTreeMap<String, u64> = BTreeMap::new();
    for ((principal, account), said) in &names {
        let (whom, _) = said.iter().max_by_key(|(name, count)| (**count, *name)).expect("each has a row");
        *of_names.entry((owner[account].to_owned(), whom.clone())).or_default() += 1;
        if !whom.starts_with("known ") {
            *strangers.entry(format!("{principal} of {account}: {whom}")).or_default() += 1;
        }
        for (whom, count) in said {
            *of_accounts.entry(account).or_default().entry(whom).or_default() += count;
        }
    }
    let mut accounts: HashMap<(String, String), u64> = HashMap::new();
    for (account, said) in &of_accounts {
        let (whom, _) = said.iter().max_by_key(|(name, count)| (**count, **name)).expect("each has a row");
        *accounts.entry((owner[account].to_owned(), (*whom).to_owned())).or_default() += 1;
    }
    let cals = cals(truth, position);
    let mut evaluation = Evaluation {
        accounts: pairwise(&accounts),
        names: pairwise(&of_names),
        rows: pairwise(&rows),
        cals,
        text: String::new(),
    };
    evaluation.text = text(&evaluation, truth, &matrix);
    details(&mut evaluation.text, &accounts, &of_accounts, &owner, &strangers, &wrong);
    evaluation
}

/// In truth, found, lowest, highest.
fn cals(truth: &Truth, position: &Position) -> [u64; 4] {
    let found =
        position.lines.iter().filter(|line| line.sku.starts_with("windows-server-cal/")).map(|line| line.needed).sum();
    let interval = position.intervals.iter().find(|interval| interval.of == "windows-server-cal");
    let (lowest, highest) = interval.map_or((found, found), |interval| (interval.lowest, interval.highest));
    [truth.cals, found, lowest, highest]
}

fn text(evaluation: &Evaluation, truth: &Truth, matrix: &BTreeMap<(&str, &str), u64>) -> String {
    let mut text = format!("seed {}\n{:<24} {:>10} {:>10}\n", truth.seed, "pairs", "precision", "recall");
    for (name, pair) in [
        ("accounts in people", evaluation.accounts),
        ("names in people", evaluation.names),
        ("rows in devices", evaluation.rows),
    ] {
        let _ = writeln!(text, "{name:<24} {:>10.4} {:>10.4}", pair.precision, pair.recall);
    }
    let columns = ["right", "wrong", "address only", "nothing"];
    let _ = writeln!(
        text,
        "{:<24} {:>10} {:>10} {:>13} {:>10}",
        "rows by device", columns[0], columns[1], columns[2], columns[3]
    );
    for is in ["named in truth", "an address of its own", "not to be told"] {
        let of = |said| matrix.get(&(is, said)).copied().unwrap_or(0);
        let _ = writeln!(
            text,
            "{is:<24} {:>10} {:>10} {:>13} {:>10}",
            of("right"),
            of("wrong"),
            of("address only"),
            of("nothing")
        );
    }
    let [truth, found, lowest, highest] = evaluation.cals;
    let _ = writeln!(text, "CALs: {truth} in truth, {found} found, between {lowest} and {highest}");
    text
}

/// Most of what went wrong, so that somebody can look.
fn details(
    text: &mut String,
    accounts: &HashMap<(String, String), u64>,
    of_accounts: &HashMap<&str, HashMap<&str, u64>>,
    owner: &HashMap<&str, &str>,
    strangers: &BTreeMap<String, u64>,
    wrong: &BTreeMap<String, u64>,
) {
    let mut people: HashMap<&str, HashSet<&str>> = HashMap::new();
    let mut said: HashMap<&str, HashSet<&str>> = HashMap::new();
    for (is, found) in accounts.keys() {
        people.entry(is).or_default().insert(found);
        said.entry(found).or_default().insert(is);
    }
    let mut lines: Vec<String> = Vec::new();
    for (account, whom) in of_accounts {
        let is = owner[account];
        let torn = people.get(is).is_some_and(|found| found.len() > 1);
        let (first, _) = whom.iter().max_by_key(|(name, count)| (**count, **name)).expect("each has a row");
        let mixed = said.get(first).is_some_and(|of| of.len() > 1);
        if torn || mixed {
            lines.push(format!("{} {is}: {account} is said to be of {first}", if torn { "torn " } else { "mixed" }));
        }
    }
    lines.sort();
    let mut put = |title: &str, lines: &mut dyn Iterator<Item = String>| {
        let lines: Vec<String> = lines.collect();
        if !lines.is_empty() {
            let _ = writeln!(text, "{title}: {}", lines.len());
            for line in lines.iter().take(40) {
                let _ = writeln!(text, "  {line}");
            }
        }
    };
    put("accounts not with their people", &mut lines.into_iter());
    put("names of nobody known", &mut strangers.keys().cloned());
    let mut wrong: Vec<(&String, &u64)> = wrong.iter().collect();
    wrong.sort_by_key(|(line, count)| (std::cmp::Reverse(**count), *line));
    put(
        "rows not at their device, with days",
        &mut wrong.into_iter().map(|(line, count)| format!("{count:>4} {line}")),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: a a b found as x x x: one right pair of three found, of one that is.
    #[test]
    fn pairs_by_hand() {
        let items = HashMap::from([(("a", "x"), 2), (("b", "x"), 1)]);
        let pair = pairwise(&items);
        assert!((pair.precision - 1.0 / 3.0).abs() < 1e-9);
        assert!((pair.recall - 1.0).abs() < 1e-9);
        // torn in two: nothing found together, one pair is
        assert_eq!(
            pairwise(&HashMap::from([(("a", "x"), 1), (("a", "y"), 1)])),
            Pairwise { precision: 1.0, recall: 0.0 }
        );
    }
}
