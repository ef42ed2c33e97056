//! Every example file says in its comments what must come out, worked out by hand; here is the same as a table.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use caliper_licensing::{Assessment, Estate, EstateFile, assess};

/// Sku, version, needed, owned, short.
type Line = (&'static str, &'static str, u64, u64, u64);

const USER: &str = "windows-server-cal/user";
const DEVICE: &str = "windows-server-cal/device";
const STANDARD: &str = "windows-server/standard/core";
const DATACENTER: &str = "windows-server/datacenter/core";
const STANDARD_LICENCE: &str = "windows-server/standard/licence";
const ENTERPRISE_LICENCE: &str = "windows-server/enterprise/licence";
const DATACENTER_LICENCE: &str = "windows-server/datacenter/licence";
const DATACENTER_PROCESSOR: &str = "windows-server/datacenter/processor";

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "examples"].iter().collect()
}

fn estate(name: &str) -> Estate {
    let text = fs_err::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut file = EstateFile::read(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    // accesses beside it
    if let Ok(rows) = fs_err::read_to_string(folder().join(name.replace(".toml", ".csv"))) {
        for row in rows.lines().filter(|row| *row != "user,device") {
            let (user, device) = row.split_once(',').expect("two fields");
            file.add(&row, user, device, "").unwrap();
        }
    }
    file.finish()
}

fn lines(assessment: &Assessment) -> Vec<(&str, &str, u64, u64, u64)> {
    let of = |line: &&caliper_licensing::Line| line.needed + line.owned > 0;
    let lines = assessment.position.lines.iter().filter(of);
    lines.map(|line| (line.sku.as_str(), line.version.as_str(), line.needed, line.owned, line.short)).collect()
}

/// File, lines, what closing all gaps costs.
fn table() -> Vec<(&'static str, Vec<Line>, u64)> {
    vec![
        ("small-office.toml", vec![(DEVICE, "2012", 3, 1, 2), (STANDARD_LICENCE, "2012 R2", 1, 0, 1)], 6000),
        (
            "shifts.toml",
            vec![(DEVICE, "2022", 30, 0, 30), (USER, "2022", 410, 400, 10), (STANDARD, "2022", 48, 0, 48)],
            40 * 4200 + 3 * 106_900,
        ),
        ("seed-device-cals.toml", vec![(DEVICE, "2012", 2, 0, 2), (STANDARD_LICENCE, "2012 R2", 1, 0, 1)], 0),
        (
            "seed-user-cals.toml",
            vec![(USER, "2008", 0, 5, 0), (USER, "2012", 15, 0, 15), (STANDARD_LICENCE, "2012 R2", 1, 0, 1)],
            0,
        ),
        // the line is counted by the price of one licence in the smallest pack: 126 x 133.63 / 2
        ("core-hosts.toml", vec![(STANDARD, "2022", 126, 0, 126)], 841_869),
        (
            "standard-or-datacenter.toml",
            vec![(DATACENTER, "2025", 16, 0, 16), (STANDARD, "2025", 80, 0, 80)],
            677_100 + 588_000,
        ),
        (
            "processors-2012.toml",
            vec![(DATACENTER_LICENCE, "2012", 1, 0, 1), (STANDARD_LICENCE, "2012", 12, 0, 12)],
            1_673_900,
        ),
        (
            "instances-2008.toml",
            vec![
                (DATACENTER_PROCESSOR, "2008 R2", 2, 0, 2),
                (ENTERPRISE_LICENCE, "2008 R2", 3, 0, 3),
                (STANDARD_LICENCE, "2008 R2", 2, 0, 2),
            ],
            0,
        ),
        (
            "versions.toml",
            vec![
                (USER, "2012", 0, 4, 0),
                (USER, "2016", 10, 8, 2),
                (USER, "2022", 5, 3, 2),
                (STANDARD, "2022", 16, 16, 0),
            ],
            4 * 4200,
        ),
        (
            "exemptions.toml",
            vec![
                (DEVICE, "2022", 1, 0, 1),
                (USER, "2022", 1, 0, 1),
                (STANDARD, "2025", 16, 0, 16),
                ("windows-server/web/licence", "2008 R2", 1, 0, 1),
            ],
            0,
        ),
    ]
}

#[test]
fn every_example_comes_out_as_its_comments_say() {
    for (name, expected, cost) in table() {
        let assessment = assess(&estate(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(lines(&assessment), expected, "{name}");
        let found: u64 = assessment.position.lines.iter().map(|line| line.cost_minor).sum();
        assert_eq!(found, cost, "{name}");
    }
}

#[test]
fn every_example_is_in_the_table() {
    let files = fs_err::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> =
        files.filter(|name| Path::new(name).extension().is_some_and(|end| end == "toml")).collect();
    let tested: BTreeSet<String> = table().into_iter().map(|(name, ..)| name.to_owned()).collect();
    assert_eq!(files, tested);
}

/// C.2: packs are not split between machines.
#[test]
fn the_packs_of_the_core_hosts() {
    let assessment = assess(&estate("core-hosts.toml")).unwrap();
    let packs: Vec<_> =
        assessment.position.shopping.iter().map(|item| (item.units, item.packs, item.cost_minor)).collect();
    assert_eq!(packs, [(16, 7, 748_300), (2, 7, 93_541)]);
}
