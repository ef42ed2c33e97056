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

/// File, lines, what closing all gaps costs; `small-editions.toml` alone breaks a term.
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
        (
            "system-center.toml",
            vec![
                ("client-management-licence/ose", "2022", 2, 0, 2),
                ("client-management-licence/user", "2022", 30, 0, 30),
                ("core-infrastructure-suite/standard/core", "2022", 16, 16, 0),
                ("system-center/datacenter/core", "2022", 24, 0, 24),
                ("system-center/standard/core", "2022", 16, 16, 0),
                (DEVICE, "2022", 2, 0, 2),
                (USER, "2022", 30, 0, 30),
                (STANDARD, "2022", 64, 16, 48),
            ],
            320_700 + 541_050 + 180_000 + 10_000 + 138_000 + 7_600,
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
        ("contractors.toml", vec![(USER, "2022", 40, 0, 40), (STANDARD, "2022", 16, 0, 16)], 40 * 4200),
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
        (
            "remote-desktop.toml",
            vec![
                ("rds-cal/device", "2019", 10, 0, 10),
                ("rds-cal/user", "2022", 12, 10, 2),
                (DEVICE, "2019", 10, 0, 10),
                (USER, "2022", 12, 0, 12),
                (STANDARD, "2022", 16, 0, 16),
            ],
            2 * 12_000 + 10 * 11_000,
        ),
        (
            "external-connector.toml",
            vec![
                (USER, "2022", 15, 0, 15),
                ("windows-server-external-connector", "2022", 1, 0, 1),
                (STANDARD, "2022", 32, 0, 32),
            ],
            15 * 4200 + 199_900,
        ),
        ("cluster.toml", vec![(STANDARD, "2022", 216, 0, 216)], 1_443_150),
        (
            "virtual-machines.toml",
            vec![(USER, "2022", 10, 0, 10), ("windows-server/standard/virtual-core", "2022", 28, 16, 12)],
            0,
        ),
        (
            "sql-server.toml",
            vec![
                ("sql-server-cal/user", "2019", 20, 0, 20),
                ("sql-server/enterprise/core", "2012", 9, 0, 9),
                ("sql-server/standard/core", "2019", 6, 0, 6),
                ("sql-server/standard/licence", "2019", 1, 0, 1),
                (USER, "2022", 25, 0, 25),
                (STANDARD, "2022", 16, 0, 16),
                (STANDARD_LICENCE, "2012 R2", 1, 0, 1),
            ],
            0,
        ),
        (
            "suites-and-plans.toml",
            vec![
                ("core-cal-suite/user", "2022", 4, 4, 0),
                ("microsoft-365-e3/user", "2025", 3, 3, 0),
                ("rds-cal/user", "2022", 2, 0, 2),
                (USER, "2022", 3, 0, 3),
                (STANDARD, "2022", 16, 0, 16),
            ],
            0,
        ),
        (
            "rights-management.toml",
            vec![("ad-rms-cal/user", "2022", 15, 0, 15), (USER, "2022", 40, 0, 40), (STANDARD, "2022", 16, 0, 16)],
            0,
        ),
        (
            "azure.toml",
            vec![
                ("rds-cal/user", "2025", 4, 0, 4),
                (USER, "2022", 5, 0, 5),
                (STANDARD, "2025", 0, 8, 0),
                ("windows-server/standard/virtual-core", "2022", 8, 8, 0),
            ],
            0,
        ),
        (
            "small-editions.toml",
            vec![
                ("windows-server/essentials/licence", "2022", 1, 0, 1),
                ("windows-server/foundation/licence", "2012 R2", 1, 0, 1),
            ],
            0,
        ),
        (
            "included-cals.toml",
            vec![
                ("sbs-cal/user", "2011", 12, 5, 7),
                ("sbs/standard/licence", "2008 R2", 1, 1, 0),
                (USER, "2008", 60, 30, 30),
                (DATACENTER_PROCESSOR, "2008 R2", 2, 0, 2),
                (ENTERPRISE_LICENCE, "2008 R2", 1, 1, 0),
                (STANDARD_LICENCE, "2008 R2", 1, 1, 0),
            ],
            0,
        ),
        ("public-site.toml", vec![(USER, "2022", 38, 0, 38), (STANDARD, "2022", 16, 0, 16)], 0),
        (
            "mail-and-portal.toml",
            vec![
                ("exchange-enterprise-cal/user", "2019", 10, 0, 10),
                ("exchange-standard-cal/user", "2019", 50, 0, 50),
                ("sharepoint-standard-cal/user", "2019", 40, 0, 40),
                (USER, "2019", 55, 0, 55),
                (STANDARD, "2019", 32, 0, 32),
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
        let broken: Vec<_> = assessment.position.violations.iter().map(|broken| broken.of.as_str()).collect();
        assert_eq!(broken, if name == "small-editions.toml" { vec!["FND"] } else { vec![] }, "{name}");
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

/// 0.4, E.19: 105 people one after the other.
#[test]
fn the_pool_of_the_contractors() {
    let pool = assess(&estate("contractors.toml")).unwrap().position.pool.expect("all accesses have days");
    assert_eq!((pool.users, pool.user_holders, pool.devices, pool.version.as_str()), (45, 105, 0, "2022"));
    assert_eq!((pool.cost_minor, pool.lower_bound_minor, pool.proven), (45 * 4200, 45 * 4200, true));
}
