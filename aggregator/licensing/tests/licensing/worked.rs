//! Every worked example of the rules by its number (section J): the estates stand in `worked`, each with the example in words
//! and the way to the numbers in its comment; what must come out stands in `worked.toml`. None of it was copied from a result.

use std::{collections::BTreeSet, path::PathBuf};

use caliper_licensing::{
    Assessment, Estate, EstateFile, Line, VersionName, assess, azure_machines, break_even_machines,
    catalogue::catalogue,
};
use serde::Deserialize;

/// The numbers of section J. Those missing in between were never given.
const NUMBERS: [u32; 81] = [
    1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 13, 15, 16, 17, 18, 20, 23, 24, 25, 26, 27, 28, 29, 30, // J.1
    31, 32, 34, 35, 36, 37, // J.2
    39, 40, 41, 42, 43, // J.3
    45, 46, 48, 49, 50, 52, 53, 54, // J.4
    55, 56, 57, 59, 60, 61, 62, 64, 65, 66, 68, 69, 70, 71, 73, 74, 76, 77, 78, 79, 81, 82, 83, 84, 85, 86, 87,
    89, // J.5
    90, 91, 93, 94, 96, 97, 98, 100, 101, 102, // J.6
];

/// The published numbers of J.7 that are wrong; T13 is no estate and stands below.
const WRONG: std::ops::RangeInclusive<u32> = 2..=12;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    row: Vec<Row>,
}

/// See the head of `worked.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    of: String,
    origin: String,
    source: String,
    lines: Vec<String>,
    packs: Option<Vec<String>>,
    hosts: Option<Vec<String>>,
    cost: Option<u64>,
    #[serde(default)]
    instead: Vec<String>,
    #[serde(default)]
    violations: Vec<String>,
    warns: Option<String>,
    wrong: Option<String>,
    break_even: Option<u64>,
    azure_cores: Option<u64>,
}

impl Row {
    /// `16a` and `16b` are cases of row 16.
    fn number(&self) -> &str {
        self.of.trim_end_matches(char::is_alphabetic)
    }
}

fn read(name: &str) -> String {
    let file: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", name].iter().collect();
    fs_err::read_to_string(file).unwrap_or_else(|error| panic!("{error}"))
}

fn rows() -> Vec<Row> {
    toml::from_str::<Table>(&read("worked.toml")).unwrap_or_else(|error| panic!("worked.toml: {error}")).row
}

fn estate(of: &str) -> Estate {
    EstateFile::read(&read(&format!("worked/{of}.toml"))).unwrap_or_else(|error| panic!("{of}: {error}")).finish()
}

/// As in the table.
fn written(line: &Line) -> String {
    let Line { sku, version, needed, owned, short, surplus, .. } = line;
    let entitled = if owned + surplus > 0 { format!(", {owned} owned, {short} short") } else { String::new() };
    let over = if *surplus > 0 { format!(", {surplus} over") } else { String::new() };
    format!("{needed} {sku} {version}{entitled}{over}")
}

fn sum(assessment: &Assessment, sku: &str) -> u64 {
    assessment.position.lines.iter().filter(|line| line.sku.starts_with(sku)).map(|line| line.needed).sum()
}

#[test]
fn every_worked_example_comes_out_as_the_rules_say() {
    for row in rows() {
        let of = &row.of;
        let estate = estate(of);
        let assessment = assess(&estate).unwrap_or_else(|error| panic!("{of}: {error}"));
        let position = &assessment.position;
        let lines: Vec<String> =
            position.lines.iter().filter(|line| line.needed + line.owned > 0).map(written).collect();
        assert_eq!(lines, row.lines, "row {of}");
        assert!(position.optimum.proven && assessment.uses.iter().all(|family| family.optimum.proven), "row {of}");
        if let Some(packs) = &row.packs {
            let found = position.shopping.iter().map(|item| format!("{} of {}", item.packs, item.units));
            assert_eq!(&found.collect::<Vec<_>>(), packs, "row {of}");
        }
        if let Some(hosts) = &row.hosts {
            let found = assessment.hosts.iter().map(|host| format!("{} {}", host.id, host.chosen.count));
            assert_eq!(&found.collect::<Vec<_>>(), hosts, "row {of}");
        }
        if let Some(cost) = row.cost {
            assert_eq!(position.lines.iter().map(|line| line.cost_minor).sum::<u64>(), cost, "row {of}");
        }
        for other in &row.instead {
            let option = |option: &caliper_licensing::HostOption| {
                option.cost_minor.is_some_and(|cost| format!("{cost} {}", option.sku) == *other)
            };
            assert!(assessment.hosts[0].options.iter().any(option), "row {of}: {:?}", assessment.hosts[0].options);
        }
        let broken = position.violations.iter().map(|broken| format!("{} {}", broken.of, broken.rules.join(" ")));
        assert_eq!(broken.collect::<Vec<_>>(), row.violations, "row {of}");
        if let Some(words) = &row.warns {
            assert!(position.warnings.iter().any(|warning| warning.contains(words)), "row {of}");
        }
        if let Some(wrong) = &row.wrong {
            let (number, sku) = wrong.split_once(' ').expect("a number and a product");
            assert_ne!(sum(&assessment, sku).to_string(), number, "row {of}");
        }
        if let Some(machines) = row.break_even {
            assert_eq!(break_even_machines(&estate, catalogue()), Some(machines), "row {of}: C.20");
        }
        if let Some(cores) = row.azure_cores {
            assert_eq!(azure_machines(catalogue(), cores), estate.servers.len() as u64, "row {of}: C.21");
        }
    }
}

#[test]
fn every_number_has_a_row_and_every_row_a_file_that_names_it() {
    let rows = rows();
    let found: BTreeSet<&str> = rows.iter().map(Row::number).collect();
    let numbers = NUMBERS.iter().map(u32::to_string).chain(WRONG.map(|number| format!("T{number}")));
    let expected: BTreeSet<String> = numbers.collect();
    assert_eq!(found, expected.iter().map(String::as_str).collect());

    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "worked"].iter().collect();
    let files = fs_err::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let named = rows.iter().map(|row| format!("{}.toml", row.of));
    assert_eq!(files.collect::<BTreeSet<_>>(), named.collect());
    for row in &rows {
        assert_eq!(row.wrong.is_some(), row.origin == "wrong", "{}", row.of);
        let start = format!("# Row {} ({}, {}): ", row.number(), row.origin, row.source);
        assert!(read(&format!("worked/{}.toml", row.of)).starts_with(&start), "{}: {start}", row.of);
        for id in row.source.split(' ') {
            let known = catalogue().source(id).is_some() || catalogue().rule(id).is_some() || id == "E(vi)";
            assert!(known, "{}: neither a source nor a rule: {id}", row.of);
        }
    }
}

/// T4 [S155] and T13 (a public forensic profile), which are facts of the catalogue.
#[test]
fn wrong_names_of_versions_and_roles() {
    assert!(VersionName::windows("2013").is_none());
    let role = |guid: &str| catalogue().role(guid).map(|role| role.id.as_str());
    assert_eq!(role("ad495fc3-0eaa-413d-ba7d-8b13fa7ec598"), Some("ad-ds"));
    assert_eq!(role("10a9226f-50ee-49d8-a393-9a501d47ce04"), Some("file-server"));
}
