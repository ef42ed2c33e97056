//! Damaged files of every format that the planner reads: nothing panics, and what is still accepted keeps the laws of a
//! position. The same damage in every run.

use std::path::PathBuf;

use crate::estates::whole::{self, Draw};
use caliper_licensing::{
    Assessment, Estate, EstateFile, assess, assess_with,
    catalogue::{Catalogue, catalogue},
    planner::{Answers, Change, Switch, changed, curve, datacenter_from_machines, evidence, host_break_evens},
};

/// Numbers at the edges of what fields hold, and what is no number there.
const EXTREMES: [&str; 30] = [
    "0",
    "1",
    "-1",
    "2",
    "499",
    "500",
    "501",
    "4096",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967294",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "-9223372036854775808",
    "1.5",
    "1e308",
    "nan",
    "-inf",
    "\"\"",
    "\"2012 R2\"",
    "true",
    "0000-01-01",
    "9999-12-31",
    "[]",
];

const CATALOGUE: &str = r#"
format = "caliper.catalogue/1"
[[core_minimum]]
id = "windows-server"
per_processor = 8
per_server = 16
per_virtual_machine = 8
per_customer = 16
[[core_factor]]
id = "single-core"
numerator = 4
denominator = 1
[[right]]
id = "2016-standard"
instances = 2
[[price]]
sku = "windows-server-cal/user"
version = "2025"
units = 1
currency = "EUR"
minor = 4150
date = "2026-10-30"
[[equivalence]]
id = "microsoft-365-e3"
verified = true
[[cap]]
id = "essentials-2016"
users = 25
devices = 50
"#;

fn read(parts: &[&str]) -> String {
    let path: PathBuf = [&[env!("CARGO_MANIFEST_DIR")], parts].concat().iter().collect();
    fs_err::read_to_string(&path).unwrap()
}

const FILES: [&[&str]; 10] = [
    &["tests", "licensing", "estates", "everything.toml"],
    &["examples", "core-hosts.toml"],
    &["examples", "exemptions.toml"],
    &["examples", "instances-2008.toml"],
    &["examples", "processors-2012.toml"],
    &["examples", "seed-user-cals.toml"],
    &["examples", "shifts.toml"],
    &["examples", "small-office.toml"],
    &["examples", "standard-or-datacenter.toml"],
    &["examples", "versions.toml"],
];

/// Where the digits, words and strings of a text begin and end.
fn tokens(text: &str) -> Vec<(usize, usize)> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.\"/".contains(byte);
    let mut found = Vec::new();
    let mut from = None;
    for (at, byte) in text.bytes().chain([b' ']).enumerate() {
        match (is_part(&byte), from) {
            (true, None) => from = Some(at),
            (false, Some(start)) => {
                found.push((start, at));
                from = None;
            }
            _ => {}
        }
    }
    found
}

/// The text with one to three things wrong.
fn damaged(text: &str, draw: &mut Draw) -> String {
    let mut text = text.to_owned();
    for _ in 0..=draw.number(3) {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let line = draw.number(lines.len().max(1) as u64) as usize;
        let other = draw.number(lines.len().max(1) as u64) as usize;
        if lines.is_empty() {
            return text;
        }
        let is_number = |&(from, to): &(usize, usize)| text[from..to].bytes().all(|byte| byte.is_ascii_digit());
        let all = tokens(&text);
        match draw.number(8) {
            0 => drop(lines.remove(line)),
            1 => lines.insert(line, lines[other].clone()),
            2 => lines.swap(line, other),
            3 => lines.truncate(line + 1),
            // one byte
            4 => {
                let mut bytes = lines[line].clone().into_bytes();
                if !bytes.is_empty() {
                    let at = draw.number(bytes.len() as u64) as usize;
                    bytes[at] = draw.number(256) as u8;
                }
                lines[line] = String::from_utf8_lossy(&bytes).into_owned();
            }
            // one word by another, or a number by an extreme one
            kind => {
                let numbers: Vec<_> = all.iter().copied().filter(is_number).collect();
                let (from, to) = if kind > 5 && !numbers.is_empty() { draw.of(&numbers) } else { draw.of(&all) };
                let (other_from, other_to) = draw.of(&all);
                let word =
                    if kind == 5 { text[other_from..other_to].to_owned() } else { draw.of(&EXTREMES).to_owned() };
                text.replace_range(from..to, &word);
                continue;
            }
        }
        text = lines.join("\n");
    }
    text
}

/// Whether it could be assessed; if so, by everything that takes an estate.
fn try_out(estate: &Estate, catalogue: &Catalogue, with_plans: bool) -> bool {
    let assessment = match assess_with(estate, catalogue) {
        Ok(assessment) => assessment,
        Err(error) => {
            tells_what_to_do(&error.to_string());
            return false;
        }
    };
    adds_up(&assessment);
    if with_plans {
        let _ = curve(estate, catalogue, 5);
        let _ = host_break_evens(estate, &assessment);
        let _ = datacenter_from_machines(estate);
        let _ = evidence(estate, catalogue, &assessment, &Answers::default());
        let changes =
            [(Switch::Upgrade, "*=2025"), (Switch::ReplaceDevice, "pc*=personal"), (Switch::RemoveServer, "W*")];
        for (switch, value) in changes {
            match changed(estate, &assessment, &[Change { switch, value: value.into() }]) {
                Ok(after) => drop(assess_with(&after, catalogue).map(|after| adds_up(&after))),
                Err(error) => tells_what_to_do(&error.to_string()),
            }
        }
    }
    true
}

/// What a refusal asks for, in its last part: "line 3: `window_days`: …: correct it".
const ASKS: [&str; 13] =
    ["add", "begin", "check", "correct", "give", "keep", "leave", "lower", "name", "raise", "say", "use", "write"];

/// A refusal names the place before its first colon, or in backticks, and ends with what to do about it.
fn tells_what_to_do(error: &str) {
    let place = error.split_once(": ").is_some_and(|(place, _)| !place.is_empty()) || error.contains('`');
    let asks =
        error.split([':', ',', ';']).skip(1).any(|part| ASKS.contains(&part.split_whitespace().next().unwrap_or("")));
    assert!(place && asks, "does not say where and what to do: {error}");
}

/// The laws of every position.
fn adds_up(assessment: &Assessment) {
    let position = &assessment.position;
    for line in &position.lines {
        let sum = |one: u64, two: u64| one.checked_add(two).expect("no number wraps");
        assert_eq!(sum(line.owned, line.short), sum(line.needed, line.surplus), "{line:?}");
        assert!(!line.rules.is_empty(), "{line:?}");
    }
    assert!(position.optimum.lower_bound_minor <= position.optimum.cost_minor, "{:?}", position.optimum);
    if let Some(purchase) = &position.purchase {
        assert!(purchase.lower_bound_minor <= purchase.cost_minor, "{purchase:?}");
    }
    for interval in &position.intervals {
        assert!(interval.lowest <= interval.likely && interval.likely <= interval.highest, "{interval:?}");
    }
    assert!(position.to_do.is_sorted_by_key(|to_do| std::cmp::Reverse(to_do.may_add_minor)), "{:?}", position.to_do);
}

#[test]
fn damaged_estate_files() {
    let mut draw = Draw(3);
    let (mut accepted, mut all) = (0, 0);
    for (number, parts) in FILES.iter().enumerate() {
        let text = read(parts);
        let whole = EstateFile::read(&text).unwrap_or_else(|error| panic!("{parts:?}: {error}"));
        assert!(try_out(&whole.finish(), catalogue(), true), "{parts:?}");
        for round in 0..if number == 0 { 3_000 } else { 300 } {
            all += 1;
            match EstateFile::read(&damaged(&text, &mut draw)) {
                Ok(file) => accepted += usize::from(try_out(&file.finish(), catalogue(), round % 8 == 0)),
                Err(error) => tells_what_to_do(&error.to_string()),
            }
        }
    }
    // damage that nobody reads past proves nothing
    assert!(accepted > all / 8, "{accepted} of {all}");
}

#[test]
fn damaged_exported_estates() {
    let mut draw = Draw(4);
    let mut accepted = 0;
    for (number, parts) in FILES.iter().enumerate() {
        let estate = EstateFile::read(&read(parts)).unwrap().finish();
        let text = serde_json::to_string_pretty(&estate).unwrap();
        for round in 0..if number == 0 { 1_500 } else { 100 } {
            if let Ok(estate) = serde_json::from_str::<Estate>(&damaged(&text, &mut draw)) {
                accepted += usize::from(try_out(&estate, catalogue(), round % 8 == 0));
                let again = EstateFile::of(estate).finish();
                let _ = assess(&again);
            }
        }
    }
    assert!(accepted > 100, "{accepted}");
}

#[test]
fn damaged_catalogues() {
    let mut draw = Draw(5);
    let estate = EstateFile::read(&read(FILES[0])).unwrap().finish();
    let mut accepted = 0;
    for round in 0..1_500 {
        match Catalogue::with(&damaged(CATALOGUE, &mut draw)) {
            Ok(catalogue) => {
                let mut estate = estate.clone();
                catalogue.supplement(&mut estate);
                accepted += usize::from(try_out(&estate, &catalogue, round % 8 == 0));
            }
            Err(error) => tells_what_to_do(&error.to_string()),
        }
    }
    assert!(accepted > 30, "{accepted}");
}

#[test]
fn damaged_estates_with_something_of_everything() {
    let mut draw = Draw(6);
    for seed in 0..600 {
        let mut estate = whole::estate(seed, whole::EVERYTHING);
        let large = |draw: &mut Draw| draw.of(&[0, 1, 8, 65_536, u32::MAX - 1, u32::MAX]);
        for _ in 0..=draw.number(5) {
            let at = |draw: &mut Draw, count: usize| draw.number(count.max(1) as u64) as usize;
            let (host, server, person) = (
                at(&mut draw, estate.hosts.len()),
                at(&mut draw, estate.servers.len()),
                at(&mut draw, estate.people.len()),
            );
            let (price, entitlement) = (at(&mut draw, estate.prices.len()), at(&mut draw, estate.entitlements.len()));
            let number = large(&mut draw);
            match draw.number(8) {
                0 => drop(estate.hosts.get_mut(host).map(|host| host.processors = vec![number.max(1); 3])),
                1 => drop(estate.hosts.get_mut(host).map(|host| host.peak_virtual_machines = Some(number))),
                2 => drop(estate.hosts.get_mut(host).map(|host| host.isolated_containers = number)),
                3 => estate.servers[server].virtual_processors = Some(number),
                4 => drop(estate.people.get_mut(person).map(|person| person.stands_for = Some(number))),
                5 => drop(
                    estate
                        .prices
                        .get_mut(price)
                        .map(|price| price.minor = draw.of(&[1, 1 << 53, u64::MAX - 1, u64::MAX])),
                ),
                6 => drop(estate.entitlements.get_mut(entitlement).map(|owned| owned.quantity = number.into())),
                _ => estate.enabled_accounts = Some(draw.of(&[0, 1 << 53, u64::MAX])),
            }
        }
        try_out(&estate, catalogue(), seed % 8 == 0);
    }
}
