//! The ledger of assignments (0.3, 0.4, C.11, C.16, C.24, C.26, E.20, E.21): what may move when. Days are counted by hand: a
//! licence given on 1 January 2026 is free again on 1 April, as January, February and March have 31 + 28 + 31 = 90.

use std::fmt::Write as _;

use crate::estates::warns;
use caliper_licensing::{Assessment, Estate, EstateError, EstateFile, assess};

const BASE: &str = r#"
format = "caliper.estate/1"
as_of = 2026-06-30
host = [{ id = "H1", farm = "north" }, { id = "H2", farm = "north" }, { id = "H3", farm = "south" }]
server = [{ id = "S", version = 2022, edition = "Standard" }]
person = [{ id = "ann" }, { id = "bob" }, { id = "cid" }]
device = [{ id = "pc1" }, { id = "pc2" }, { id = "pc3" }]
entitlement = [
    { id = "users", sku = "windows-server-cal/user", version = 2022, quantity = 2 },
    { id = "devices", sku = "windows-server-cal/device", version = 2022, quantity = 2 },
    { id = "oem-cals", sku = "windows-server-cal/user", version = 2022, quantity = 2, channel = "oem" },
    { id = "cores", sku = "windows-server/standard/core", version = 2022, quantity = 32 },
    { id = "oem-cores", sku = "windows-server/standard/core", version = 2022, quantity = 16, channel = "oem" },
    { id = "machines", sku = "windows-server/standard/virtual-core", version = 2022, quantity = 8, software_assurance_until = 2027-01-01 },
]
"#;

/// `ann 01-01, bob 03-31 departure` as rows of the ledger; days are of 2026, a third day is `temporary_until`.
fn estate(entitlement: &str, moves: &str) -> Estate {
    let rows: Vec<String> = moves
        .split(", ")
        .map(|one| {
            let words: Vec<&str> = one.split(' ').collect();
            let mut row = format!(r#"{{ entitlement = "{entitlement}", to = "{}", from = 2026-{}"#, words[0], words[1]);
            if let Some(reason) = words.get(2) {
                write!(row, r#", reason = "{reason}""#).expect("a text");
            }
            if let Some(until) = words.get(3) {
                write!(row, ", temporary_until = 2026-{until}").expect("a text");
            }
            row + " }"
        })
        .collect();
    with(&format!("assignment = [{}]", rows.join(", ")))
}

fn with(more: &str) -> Estate {
    EstateFile::read(&format!("{BASE}{more}")).unwrap_or_else(|error| panic!("{more}: {error}")).finish()
}

/// Rules and words of each violation.
fn violations(assessment: &Assessment) -> Vec<(String, String)> {
    let all = assessment.position.violations.iter();
    all.map(|one| (one.rules.join(" "), format!("{}: {} / {}", one.of, one.what, one.remedy))).collect()
}

/// Entitlement, who has its licence 1 from when on, rules and words of each violation.
type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

#[test]
fn what_may_move_when() {
    let table: &[Row<'_>] = &[
        // 0.4: from the 90th day after the assignment on
        ("users", "ann 01-01, bob 04-01", &[]),
        ("users", "ann 01-01, bob 03-31", &[("0.4 E.20", "89 days after its assignment on 2026-01-01")]),
        ("users", "ann 01-01, bob 03-31", &[("0.4 E.20", "free to move from 2026-04-01 on")]),
        // the day on which it heals is past, or still to come
        ("users", "ann 01-01, bob 03-31", &[("0.4 E.20", "from 2026-04-01 on the move is in order")]),
        ("users", "ann 05-01, bob 06-01", &[("0.4 E.20", "give it back until 2026-07-30")]),
        // written down again nothing begins anew
        ("users", "ann 01-01, ann 03-01, bob 04-01", &[]),
        // every move begins ninety days of its own
        ("users", "ann 01-01, bob 04-01, cid 05-01", &[("0.4 E.20", "30 days after")]),
        // 0.4: the end of employment, and hardware that failed for good
        ("users", "ann 01-01, bob 01-02 departure", &[]),
        ("devices", "pc1 01-01, pc2 01-02 hardware-failure", &[]),
        ("users", "ann 01-01, bob 01-02 hardware-failure", &[("0.4 E.20", "no person can have")]),
        ("devices", "pc1 01-01, pc2 01-02 departure", &[("0.4 E.20", "only a person can have")]),
        // E.20: to a stand-in and back
        ("users", "ann 01-01, bob 02-01 temporary 02-14, ann 02-15", &[]),
        ("users", "ann 01-01, bob 02-01 temporary 02-14, ann 02-15 temporary 02-15", &[("0.4 E.20", "is still there")]),
        ("users", "ann 01-01, bob 02-01 temporary 02-14, ann 02-20", &[("0.4 E.20", "went on only on 2026-02-20")]),
        ("users", "ann 01-01, bob 02-01 temporary 02-14", &[("0.4 E.20", "until 2026-02-14, is still there")]),
        ("users", "ann 01-01, bob 06-01 temporary 07-14", &[]),
        // another stand-in for the same, then back
        ("users", "ann 01-01, bob 02-01 temporary 02-14, cid 02-15 temporary 02-20, ann 02-21", &[]),
        // from the stand-in to a third, for no reason
        ("users", "ann 01-01, bob 02-01 temporary 02-14, cid 02-15", &[("0.4 E.20", "for no reason")]),
        // the absent one left meanwhile
        ("users", "ann 01-01, bob 02-01 temporary 02-14, cid 02-15 departure", &[]),
        // E.20: there and back only for that reason
        ("users", "ann 01-01, bob 04-01, ann 04-20", &[("0.4 E.20", "19 days after")]),
        ("users", "ann 01-01, bob 02-01 departure, ann 02-20 departure", &[("0.4 E.20", "back to one who had it")]),
        // 0.3
        ("users", "ann 01-01, bob 01-01", &[("0.3", "two at once on 2026-01-01")]),
        // E.21
        ("users", "pc1 01-01", &[("E.21", "by user and was assigned to a device")]),
        ("devices", "ann 01-01", &[("E.21", "by device and was assigned to a person")]),
        // C.11, C.26
        ("cores", "H1 01-01, H2 02-01", &[("0.4 C.11", "31 days after")]),
        ("cores", "H1 01-01, H2 04-01", &[]),
        ("cores", "H1 01-01, H2 01-02 hardware-failure", &[]),
        // C.16: at will within a farm, every 90 days between farms
        ("machines", "H1 01-01, H2 01-02, H1 01-03", &[]),
        ("machines", "H1 01-01, H3 01-02", &[("0.4 C.16", "1 days after")]),
        ("machines", "H1 01-01, H3 04-01", &[]),
        // C.24: never, whatever the reason and however late; CALs are ordinary ones
        ("oem-cores", "H1 01-01", &[]),
        ("oem-cores", "H1 01-01, H2 06-01 hardware-failure", &[("C.24", "stays with its first server")]),
        ("oem-cals", "ann 01-01, bob 04-01", &[]),
    ];
    for (entitlement, moves, expected) in table {
        let found = violations(&assess(&estate(entitlement, moves)).expect("a sound estate"));
        assert_eq!(found.len(), expected.len(), "{entitlement}: {moves}: {found:?}");
        for ((rules, words), (expected_rules, expected_words)) in found.iter().zip(*expected) {
            assert_eq!(rules, expected_rules, "{entitlement}: {moves}");
            assert!(words.contains(expected_words), "{entitlement}: {moves}: {words}");
            // who works where is for those who may see it
            assert!(!["ann", "bob", "cid"].iter().any(|name| words.contains(name)), "{words}");
        }
    }
}

#[test]
fn what_the_ledger_names_must_be_there() {
    let row = |more: &str| format!("assignment = [{{ from = 2026-01-01, {more} }}]");
    let table = [
        (row(r#"entitlement = "nothing", to = "ann""#), "`entitlement` of assignment 1 names entitlement `nothing`"),
        (row(r#"entitlement = "users", to = "dan""#), "`to` of assignment 1 names person `dan`"),
        (row(r#"entitlement = "devices", to = "pc9""#), "`to` of assignment 1 names device `pc9`"),
        (row(r#"entitlement = "cores", to = "ann""#), "`to` of assignment 1 names host `ann`"),
        (row(r#"entitlement = "users", to = "ann", number = 3"#), "`number` of assignment 1"),
        (row(r#"entitlement = "users", to = "ann", number = 0"#), "`number` of assignment 1"),
        (
            row(r#"entitlement = "users", to = "ann", temporary_until = 2026-02-01"#),
            "`temporary_until` of assignment 1: only for",
        ),
        (
            row(r#"entitlement = "users", to = "ann", reason = "temporary", temporary_until = 2025-12-31"#),
            "`temporary_until` of assignment 1: it is before",
        ),
    ];
    for (more, expected) in table {
        let error = assess(&with(&more)).expect_err(&more).to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let mut twice = with("");
    twice.entitlements[1].id = Some("users".into());
    assert_eq!(assess(&twice), Err(EstateError::Twice { kind: "entitlement", id: "users".into() }));
    let undated = BASE.replace("as_of = 2026-06-30", "").replace(", software_assurance_until = 2027-01-01", "")
        + &row(r#"entitlement = "users", to = "ann""#);
    let error = EstateFile::read(&undated).expect_err("no day").to_string();
    assert_eq!(error, "as_of: needed because licences are assigned from a day on: say as of which day to count");
}

#[test]
fn the_ledger_and_the_entitlement_say_the_same() {
    let both = |names: &str, moves: &str| {
        let mut estate = estate("users", moves);
        estate.entitlements[0].assigned_to = names.split_whitespace().map(str::to_owned).collect();
        assess(&estate).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(both("bob", "ann 01-01, bob 04-01"), Ok(()));
    // what is still to come does not count yet
    assert_eq!(both("ann", "ann 01-01, bob 07-01"), Ok(()));
    assert_eq!(
        both("ann", "ann 01-01, bob 04-01").unwrap_err(),
        "holders of entitlement `users`: `assigned_to` names ann, but the ledger's assignments come to bob: keep the right one"
    );
    let mut estate = with("");
    estate.entitlements[0].assigned_to = ["ann", "bob", "cid"].map(str::to_owned).to_vec();
    let found = violations(&assess(&estate).expect("sound"));
    assert_eq!(found[0].0, "0.3");
    assert!(found[0].1.contains("2 licences are assigned to 3"), "{found:?}");
}

/// G.1: who holds a suite by the ledger is covered by it, as if `assigned_to` named them.
#[test]
fn holders_by_the_ledger_count_like_those_assigned_for_good() {
    let suite = r#"
        access = [{ person = "ann", device = "pc1" }, { person = "bob", device = "pc2" }]
        [[entitlement]]
        id = "suite"
        sku = "core-cal-suite/user"
        version = 2022
        quantity = 1
    "#;
    let base = BASE.replace("entitlement = [", "price = [").replace("quantity = 2 }", "minor = 9 }");
    let base = base.split("price = [").next().expect("a beginning").to_owned();
    let read = |more: &str| EstateFile::read(&format!("{base}{suite}{more}")).expect("an estate").finish();
    let by_name = assess(&read(r#"assigned_to = ["bob"]"#)).expect("sound");
    let by_ledger = assess(&read(
        r#"
        [[assignment]]
        entitlement = "suite"
        to = "ann"
        from = 2026-01-01
        [[assignment]]
        entitlement = "suite"
        to = "bob"
        from = 2026-05-01
        "#,
    ));
    assert_eq!(by_ledger.expect("sound").position.lines, by_name.position.lines);
    assert!(by_name.people[1].reason.contains("Holds a suite"), "{}", by_name.people[1].reason);
}

#[test]
fn a_temporary_assignment_without_an_end_is_a_warning() {
    let assessment = assess(&estate("users", "ann 01-01, bob 06-01 temporary")).expect("sound");
    assert!(warns(&assessment, &["temporary_until", "E.20", "1"]));
    assert_eq!(violations(&assessment), []);
}

/// Laws: the order of the ledger changes nothing, nor do names.
#[test]
fn order_and_pseudonyms_change_nothing() {
    // from the stand-in to a third, from there to another, and late back
    let estate =
        estate("users", "ann 01-01, bob 02-01 temporary 02-14, cid 02-15, bob 03-01 temporary 03-05, cid 03-09");
    let expected = assess(&estate).expect("sound").position;
    assert_eq!(expected.violations.len(), 2, "{:?}", expected.violations);
    let count = estate.assignments.len();
    for turn in 0..count {
        let mut turned = estate.clone();
        turned.assignments.rotate_left(turn);
        assert_eq!(assess(&turned).expect("sound").position, expected);
        turned.assignments.reverse();
        assert_eq!(assess(&turned).expect("sound").position, expected);
    }
    let mut renamed = estate.clone();
    // the other way round in every order of names
    let other = |name: &str| format!("p-{}", 255 - name.as_bytes()[0]);
    renamed.people.iter_mut().for_each(|person| person.id = other(&person.id));
    renamed.assignments.iter_mut().for_each(|one| one.to = other(&one.to));
    assert_eq!(assess(&renamed).expect("sound").position, expected);
}

/// Hosts of 16 cores: `A` with two machines needs 16 of Standard, `B` nothing; `SQL` of 4 virtual processors runs on `A`.
fn to_run(entitlements: &str, more: &str) -> Assessment {
    let text = format!(
        r#"
        format = "caliper.estate/1"
        as_of = 2026-06-30
        currency = "USD"
        system_center = 2022
        host = [{{ id = "A", processors = [8, 8] }}, {{ id = "B", processors = [8, 8] }}, {{ id = "C", processors = [8, 8] }}]
        server = [
            {{ id = "SQL", version = 2022, edition = "Standard", virtual = true, virtual_processors = 4, host = "A", managed = true }},
            {{ id = "VM", version = 2022, edition = "Standard", virtual = true, host = "A" }},
        ]
        sql = [{{ id = "I", server = "SQL", version = 2022, edition = "Standard", model = "core" }}]
        price = [{{ sku = "windows-server/standard/core", minor = 10 }}, {{ sku = "windows-server/datacenter/core", minor = 100 }}]
        entitlement = [{entitlements}]
        {more}
        "#
    );
    assess(&EstateFile::read(&text).unwrap_or_else(|error| panic!("{error}: {text}")).finish()).expect("a sound estate")
}

/// 0.4, C.11: licences to run and to manage that their hosts do not need.
#[test]
fn licences_to_run_that_can_be_taken_back() {
    const CORES: &str = "windows-server/standard/core";
    // entitlement without its version, how many idle of whom and when, how many of them the lines count on
    type Row = (&'static str, Option<(u64, &'static str, &'static str, u64)>);
    let table: [Row; 11] = [
        (r#"sku = "windows-server/standard/core", quantity = 16, assigned_to = ["A"]"#, None),
        // nobody says who has them: they are free anyway
        (r#"sku = "windows-server/standard/core", quantity = 99"#, None),
        (
            r#"sku = "windows-server/standard/core", quantity = 40, assigned_to = ["A", "B"]"#,
            Some((24, "A, B", "24 90 days after", 0)),
        ),
        // the lines set them against the need of `A`, which they would leave short
        (
            r#"sku = "windows-server/standard/core", quantity = 16, assigned_to = ["B"]"#,
            Some((16, "B", "16 90 days after", 16)),
        ),
        (
            r#"sku = "windows-server/standard/core", quantity = 20, assigned_to = ["SCRAPPED"]"#,
            Some((20, "SCRAPPED", "20 may be given to others now", 16)),
        ),
        // Datacenter does for `A` as well
        (r#"sku = "windows-server/datacenter/core", quantity = 16, assigned_to = ["A"]"#, None),
        // four cores are what the instance needs
        (
            r#"sku = "sql-server/standard/core", quantity = 8, assigned_to = ["SQL"]"#,
            Some((4, "SQL", "4 90 days after", 0)),
        ),
        (
            r#"sku = "system-center/standard/core", quantity = 18, assigned_to = ["A"]"#,
            Some((2, "A", "2 90 days after", 0)),
        ),
        // a suite is both on one host
        (
            r#"sku = "core-infrastructure-suite/standard/core", quantity = 17, assigned_to = ["A"]"#,
            Some((1, "A", "1 90 days after", 0)),
        ),
        // stays with its server, and is told of by C.24
        (r#"sku = "windows-server/standard/core", quantity = 16, channel = "oem", assigned_to = ["A"]"#, None),
        // External Connectors are no licences to run
        (r#"sku = "windows-server/external-connector", quantity = 2, assigned_to = ["B"]"#, None),
    ];
    for (entitlement, expected) in table {
        let position = to_run(&format!("{{ version = 2022, {entitlement} }}"), "").position;
        let found: Vec<_> = position.reclaim.iter().filter(|row| row.rules.contains(&"C.11".into())).collect();
        match expected {
            None => assert!(found.is_empty(), "{entitlement}: {found:?}"),
            Some((quantity, from, when, saves)) => {
                let [row] = found[..] else { panic!("{entitlement}: {found:?}") };
                assert_eq!((row.quantity, row.from.as_str(), row.saves), (quantity, from, saves), "{entitlement}");
                assert!(row.why.contains(when), "{entitlement}: {}", row.why);
                assert_eq!(row.saves_minor, if row.sku == CORES { 10 * saves } else { 0 });
            }
        }
    }
    // by the ledger: 18 on `A` where 16 are needed, two of them since January, the others since June
    let entries = (1..=18).map(|number| {
        let from = if number < 3 { "2026-01-01" } else { "2026-06-01" };
        format!(r#"{{ entitlement = "E", number = {number}, to = "A", from = {from} }}"#)
    });
    // and one on `B` since 1 June: 90 days later is 30 August
    let entries: Vec<String> =
        entries.chain([r#"{ entitlement = "E", number = 19, to = "B", from = 2026-06-01 }"#.to_owned()]).collect();
    let owned = format!(r#"{{ id = "E", sku = "{CORES}", version = 2022, quantity = 19 }}"#);
    let position = to_run(&owned, &format!("assignment = [{}]", entries.join(", "))).position;
    let row = position.reclaim.iter().find(|row| row.sku == CORES).unwrap();
    assert_eq!((row.quantity, row.from.as_str(), row.saves), (3, "A, B", 0));
    assert!(row.why.contains("2 may be given to others now, 1 from 2026-08-30 on"), "{}", row.why);
}
