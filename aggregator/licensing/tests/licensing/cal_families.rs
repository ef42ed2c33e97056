//! Worked examples on CALs beside the base CAL, on exemptions and on people who stand for several; numbers as in section J.

use crate::estates::*;
use caliper_licensing::{Assessment, EstateFile, Licence, assess};

/// An estate file without its first line.
fn position(text: &str) -> Assessment {
    let text = format!("format = \"caliper.estate/1\"\n{text}");
    let estate = EstateFile::read(&text).unwrap_or_else(|error| panic!("{error}: {text}")).finish();
    assess(&estate).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The need of each sku, in any order.
fn check(row: &str, text: &str, expected: &[(&str, u64)]) -> Assessment {
    let assessment = position(text);
    for &(sku, count) in expected {
        assert_eq!(needed(&assessment, sku), count, "row {row}: {sku} in {:#?}", assessment.position.lines);
    }
    assessment
}

const BASE_USER: &str = "windows-server-cal/user";
const BASE_DEVICE: &str = "windows-server-cal/device";
const RDS_USER: &str = "rds-cal/user";
const RDS_DEVICE: &str = "rds-cal/device";
const SQL_USER: &str = "sql-server-cal/user";

#[test]
fn remote_desktop_needs_its_own_cal_beside_the_base_cal() {
    let farm = |people: u32, rds: u32| {
        format!(
            r#"
            host = [{{ id = "H", processors = [8, 8], windows = true, virtualization_only = true }}]
            server = [{{ id = "S", version = 2022, edition = "Standard", virtual = true, host = "H" }}]
            person = [{{ id = "office", count = {}, }}, {{ id = "remote", count = {rds} }}]
            access = [{{ person = "office" }}, {{ person = "remote", uses = ["rds-cal"] }}]
            "#,
            people - rds
        )
    };
    // row 26 [S150]: 20 staff, 5 of them by Remote Desktop
    check("26", &farm(20, 5), &[(BASE_USER, 20), (RDS_USER, 5), (RDS_DEVICE, 0)]);
    // row 81 [S118]: everybody by Remote Desktop
    let assessment = check("81", &farm(30, 30), &[(BASE_USER, 30), (RDS_USER, 30)]);
    assert_eq!(assessment.uses.len(), 1);
    assert_eq!(assessment.uses[0].cal, "rds-cal");
    assert_eq!(assessment.uses[0].people.len(), 30);
    assert!(assessment.uses[0].optimum.proven);
    assert!(assessment.uses[0].people[0].reason.contains("Remote Desktop Services User CAL of 2022"));
}

#[test]
fn two_administrators_connect_without_remote_desktop_cals() {
    // row 82 [S115]: by RDP to a server without the role; F.2: a third one counts
    for (administrators, cals) in [(2, 0), (3, 1)] {
        let text = format!(
            r#"
            server = [{{ id = "S", version = 2022, edition = "Standard" }}]
            person = [{{ id = "admin", count = {administrators} }}]
            access = [{{ person = "admin", administration = true, uses = ["rds-cal"] }}]
            "#
        );
        let assessment = check("82", &text, &[(RDS_USER, cals), (BASE_USER, cals)]);
        assert!(assessment.uses[0].people[0].reason.contains("F.2"), "{:?}", assessment.uses[0].people[0]);
    }
}

#[test]
fn session_hosts_take_cals_of_their_version_or_newer() {
    // F.3 [S116, S19]: session host, CAL owned, whether it serves
    let table = [
        ("2025", "2025", true),
        ("2025", "2022", false),
        ("2022", "2022", true),
        ("2022", "2025", true),
        ("2022", "2019", false),
        ("2019", "2019", true),
        ("2019", "2016", false),
        ("2016", "2016", true),
        ("2016", "2012", false),
        ("2012 R2", "2012", true),
        ("2012 R2", "2008", false),
        ("2008 R2", "2008", true),
    ];
    for (host, owned, serves) in table {
        let text = format!(
            r#"
            server = [{{ id = "S", version = "{host}", edition = "Standard" }}]
            person = [{{ id = "u", count = 7 }}]
            access = [{{ person = "u", uses = ["rds-cal"] }}]
            entitlement = [{{ sku = "rds-cal/user", version = "{owned}", quantity = 7 }}]
            "#
        );
        let short: u64 = lines(&position(&text), RDS_USER).iter().map(|line| line.3).sum();
        assert_eq!(short, if serves { 0 } else { 7 }, "{owned} for {host}");
    }
}

#[test]
fn a_host_that_counts_one_kind_leaves_no_choice() {
    // F.6: ten people share two devices
    let text = |mode: &str| {
        format!(
            r#"
            server = [{{ id = "S", version = 2022, edition = "Standard"{mode} }}]
            person = [{{ id = "u", count = 10 }}]
            device = [{{ id = "d", count = 2 }}]
            access = [{{ person = "u", device = "d", uses = ["rds-cal"] }}]
            "#
        )
    };
    for (mode, expected) in
        [("", (0, 2)), (r#", remote_desktop = "per-user""#, (10, 0)), (r#", remote_desktop = "per-device""#, (0, 2))]
    {
        // the base CAL is free to be either
        let expected = [(RDS_USER, expected.0), (RDS_DEVICE, expected.1), (BASE_USER, 0), (BASE_DEVICE, 2)];
        let assessment = check("F.6", &text(mode), &expected);
        if mode.contains("user") {
            assert_eq!(assessment.uses[0].devices[0].licence, Licence::People);
            assert!(assessment.uses[0].people[0].reason.contains("F.6"));
        }
    }
}

#[test]
fn servers_paid_with_the_machine_need_no_base_cal() {
    // rows 83 [S96, S97] and 84 [S40]; E.11: own licences on Azure need CALs, a provider rents out both kinds
    let table = [
        ("83", "azure", false, (0, 0)),
        ("83", "azure", true, (0, 40)),
        ("84", "pay-as-you-go", false, (0, 0)),
        ("F.7", "pay-as-you-go", true, (0, 40)),
        ("E.11", "provider", true, (0, 0)),
        ("E.11", "azure-hybrid-benefit", false, (40, 0)),
        ("E.1", "host", false, (40, 0)),
    ];
    for (row, licensed_by, remote, (base, rds)) in table {
        let uses = if remote { r#", uses = ["rds-cal"]"# } else { "" };
        let text = format!(
            r#"
            server = [{{ id = "S", version = 2025, edition = "Datacenter", virtual = true, licensed_by = "{licensed_by}" }}]
            person = [{{ id = "u", count = 40 }}]
            access = [{{ person = "u"{uses} }}]
            "#
        );
        let assessment = check(row, &text, &[(BASE_USER, base), (BASE_DEVICE, 0), (RDS_USER, rds)]);
        let in_azure = licensed_by == "azure" && remote;
        assert_eq!(warns(&assessment, &["Software Assurance", "F.7"]), in_azure, "row {row}");
        if base == 0 {
            assert!(assessment.people[0].reason.contains("E.11"), "row {row}");
        }
    }
}

#[test]
fn cals_that_came_with_a_server_licence_are_owned() {
    // rows 53 and 54 (A.3): a box with CALs, 15 users; the server counts for itself
    for (row, edition, included, buy) in [("53", "standard", 5, 10), ("54", "enterprise", 25, 0)] {
        let text = format!(
            r#"
            server = [{{ id = "S", version = "2008 R2", edition = "{edition}" }}]
            person = [{{ id = "u", count = 15 }}]
            access = [{{ person = "u" }}]
            [[entitlement]]
            sku = "windows-server/{edition}/licence"
            version = "2008 R2"
            quantity = 1
            included_cals = {{ count = {included} }}
            "#
        );
        let assessment = position(&text);
        let found = lines(&assessment, BASE_USER);
        assert_eq!(found.iter().map(|line| line.3).sum::<u64>(), buy, "row {row}");
        assert_eq!(found[0].0, "2008", "row {row}");
        // A.3: never inferred from what runs
        let without = position(&text.replace(&format!("included_cals = {{ count = {included} }}"), ""));
        assert_eq!(lines(&without, BASE_USER)[0].3, 15, "row {row}");
    }
    // none since 2012, and none for Datacenter, whatever somebody writes down
    for (sku, version) in
        [("windows-server/standard/licence", "2012 R2"), ("windows-server/datacenter/processor", "2008 R2")]
    {
        let text = format!(
            r#"
            server = [{{ id = "S", version = "{version}", edition = "Standard" }}]
            person = [{{ id = "u", count = 15 }}]
            access = [{{ person = "u" }}]
            entitlement = [{{ sku = "{sku}", version = "{version}", quantity = 1, included_cals = {{ count = 5 }} }}]
            "#
        );
        let assessment = position(&text);
        assert_eq!(lines(&assessment, BASE_USER)[0].3, 15, "{sku} {version}");
        assert!(warns(&assessment, &["A.3", sku]), "{sku} {version}");
    }
    // designated as Device CALs they serve devices
    let devices = position(
        r#"
        server = [{ id = "S", version = 2008, edition = "Standard" }]
        device = [{ id = "d", count = 7 }]
        access = [{ device = "d" }]
        entitlement = [{ sku = "windows-server/standard/licence", version = 2008, quantity = 1, included_cals = { count = 5, device = true } }]
        "#,
    );
    assert_eq!(lines(&devices, BASE_DEVICE)[0].3, 2);
}

#[test]
fn small_business_server_has_cals_of_its_own() {
    // row 89 [S22]: 40 users, 5 CALs included
    let text = r#"
        server = [{ id = "S", version = "2008 R2", edition = "SBS" }]
        person = [{ id = "u", count = 40 }]
        access = [{ person = "u" }]
        entitlement = [{ sku = "sbs/standard/licence", version = "2008 R2", quantity = 1, included_cals = { count = 5 } }]
    "#;
    let assessment = check("89", text, &[("sbs-cal/user", 40), (BASE_USER, 0)]);
    assert_eq!(lines(&assessment, "sbs-cal/user"), [("2011", 40, 5, 35, 0)]);
    assert!(assessment.people[0].reason.contains("A.1"));
}

#[test]
fn multipoint_needs_its_cal_and_the_base_cal() {
    // A.1 [S1]
    let text = r#"
        server = [{ id = "S", version = 2016, edition = "MultiPoint Premium" }]
        person = [{ id = "u", count = 12 }]
        access = [{ person = "u" }]
    "#;
    check("A.1", text, &[("multipoint-cal/user", 12), (BASE_USER, 12)]);
}

#[test]
fn people_behind_one_account_count_each() {
    let text = |model: &str| {
        format!(
            r#"
            server = [{{ id = "DB", version = 2022, edition = "Standard" }}]
            sql = [{{ id = "DB/MSSQLSERVER", server = "DB", version = 2019, edition = "Standard", model = "{model}" }}]
            person = [{{ id = "web application", stands_for = 25 }}]
            device = [{{ id = "WEB", server = true }}]
            access = [{{ person = "web application", device = "WEB", uses = ["sql-server-cal"] }}]
            "#
        )
    };
    // row 74 [S13]: 25 people through one account; by core no SQL Server CAL, but the base CAL (D.8)
    let assessment = check("74", &text("server-cal"), &[(SQL_USER, 25), (BASE_USER, 25)]);
    assert_eq!(lines(&assessment, SQL_USER)[0].0, "2019");
    assert!(assessment.people[0].reason.contains("25 people"));
    check("74", &text("core"), &[(SQL_USER, 0), (BASE_USER, 25)]);
    check("D.8", &format!("policy = {{ sql_core_needs_windows_cal = false }}\n{}", text("core")), &[(BASE_USER, 0)]);

    // E.16: a shared account of three people on one PC, on two PCs, on five
    for (devices, expected) in [(1, (0, 1)), (2, (0, 2)), (5, (3, 0))] {
        let text = format!(
            r#"
            server = [{{ id = "S", version = 2022, edition = "Standard" }}]
            person = [{{ id = "reception", stands_for = 3 }}]
            device = [{{ id = "pc", count = {devices} }}]
            access = [{{ person = "reception", device = "pc" }}]
            "#
        );
        let assessment = check("E.16", &text, &[(BASE_USER, expected.0), (BASE_DEVICE, expected.1)]);
        assert!(assessment.position.optimum.proven);
    }
    // row 76: one person with an account for work and one for administration
    let text = r#"
        server = [{ id = "S", version = 2022, edition = "Standard" }]
        person = [{ id = "ann", accounts = ["A\\ann", "A\\adm-ann"] }]
        access = [{ person = "A\\ann" }, { person = "A\\adm-ann", administration = true }]
    "#;
    check("76", text, &[(BASE_USER, 1)]);
}

#[test]
fn visitors_of_public_web_content() {
    let text = |web_exempt: &str, person: &str, access: &str, public: bool| {
        format!(
            r#"
            policy = {{ web_exempt = "{web_exempt}" }}
            server = [
                {{ id = "WEB", version = 2022, edition = "Standard", web_workload = {public} }},
                {{ id = "FS", version = 2022, edition = "Standard" }},
            ]
            person = [{{ id = "u", {person} }}]
            access = [{access}]
            "#
        )
    };
    let crowd = "external = true, stands_for = 1000000";
    let customers = "external = true, count = 30";
    let signed_in = r#"{ person = "u", server = "WEB", web = true }"#;
    let files_too = r#"{ person = "u", server = "WEB", web = true }, { person = "u", server = "FS" }"#;
    let other_role = r#"{ person = "u", server = "WEB", web = true }, { person = "u", server = "WEB" }"#;
    let table = [
        // row 77 [SEED0, SEED2]: a million visitors whom nobody can tell apart
        ("77", "anonymous_only", crowd, r#"{ person = "u", server = "WEB", web = true, anonymous = true }"#, true, 0),
        // E.9c: those who sign in count by the strict reading, not by the other one
        ("E.9c", "anonymous_only", customers, signed_in, true, 30),
        ("E.9c", "public_web", customers, signed_in, true, 0),
        ("E.9c", "public_web", customers, signed_in, false, 30),
        ("E.9c", "public_web", customers, files_too, true, 30),
        ("E.9c", "public_web", customers, other_role, true, 30),
        // employees are never exempt
        ("E.9c", "public_web", "count = 30", signed_in, true, 30),
    ];
    for (row, policy, person, access, public, expected) in table {
        let policy = policy.replace('_', "-");
        check(row, &text(&policy, person, access, public), &[(BASE_USER, expected)]);
    }
}

#[test]
fn a_printer_is_covered_by_those_who_use_it() {
    // E.14 [S98, S143]: scans to a share on its own; two people seen at it, or nobody
    let text = |people: &str, kind: &str| {
        format!(
            r#"
            server = [{{ id = "S", version = 2022, edition = "Standard" }}]
            person = [{{ id = "u", count = 2 }}]
            device = [{{ id = "p", kind = "{kind}" }}, {{ id = "pc", count = 5 }}]
            access = [{{ person = "u", device = "pc" }}, {{ device = "p" }}{people}]
            "#
        )
    };
    check("E.14", &text("", "printer"), &[(BASE_USER, 2), (BASE_DEVICE, 1)]);
    check("E.14", &text(r#", { person = "u", device = "p" }"#, "printer"), &[(BASE_USER, 2), (BASE_DEVICE, 0)]);
    check("E.1", &text(r#", { person = "u", device = "p" }"#, "pc"), &[(BASE_USER, 2), (BASE_DEVICE, 1)]);
}

#[test]
fn everybody_who_could_sign_in_counts_if_the_policy_says_so() {
    // I.5, E.4: by the newest server there is
    for (population, expected) in [("observed", vec![("2019", 4)]), ("entitled", vec![("2019", 4), ("2022", 6)])] {
        let text = format!(
            r#"
            policy = {{ population = "{population}" }}
            server = [
                {{ id = "S", version = 2019, edition = "Standard" }},
                {{ id = "N", version = 2022, edition = "Standard" }},
            ]
            person = [{{ id = "seen", count = 4 }}, {{ id = "idle", count = 6 }}, {{ id = "svc", unresolved = true }}]
            access = [{{ person = "seen", server = "S" }}]
            "#
        );
        let found: Vec<_> = lines(&position(&text), BASE_USER)
            .iter()
            .map(|line| (line.0, line.1))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|(version, count)| (version.to_owned(), count))
            .collect();
        assert_eq!(found, expected.iter().map(|(version, count)| ((*version).to_owned(), *count)).collect::<Vec<_>>());
    }
}

#[test]
fn other_products_need_their_cal_beside_the_base_cal() {
    // section H: an Enterprise CAL stands on the Standard CAL; externals need none of these (E.26), but the base CAL
    let text = r#"
        server = [{ id = "MX", version = 2019, edition = "Standard", products = { "exchange-standard-cal" = 2016, "exchange-enterprise-cal" = 2016 } }]
        person = [{ id = "u", count = 10 }, { id = "boss", count = 2 }, { id = "guest", count = 3, external = true }]
        access = [
            { person = "u", uses = ["exchange-standard-cal"] },
            { person = "boss", uses = ["exchange-enterprise-cal"] },
            { person = "guest", uses = ["exchange-standard-cal"] },
        ]
    "#;
    let expected = [("exchange-standard-cal/user", 12), ("exchange-enterprise-cal/user", 2), (BASE_USER, 15)];
    let assessment = check("H.2", text, &expected);
    assert_eq!(lines(&assessment, "exchange-standard-cal/user")[0].0, "2016");
    assert!(!warns(&assessment, &["products"]));
    let unnamed = position(
        &text.replace(r#", products = { "exchange-standard-cal" = 2016, "exchange-enterprise-cal" = 2016 }"#, ""),
    );
    assert_eq!(lines(&unnamed, "exchange-standard-cal/user")[0].0, "SE");
    assert!(warns(&unnamed, &["products", "B.5", "MX"]));
    let unknown = position(&text.replace("exchange-enterprise-cal", "exchange-entreprise-cal"));
    assert!(warns(&unknown, &["exchange-entreprise-cal"]));
}

#[test]
fn what_is_not_known_is_an_interval_and_something_to_find_out() {
    let text = r#"
        currency = "EUR"
        server = [{ id = "S", version = 2022, edition = "Standard", observed_days = 30 }]
        person = [
            { id = "u", count = 4 }, { id = "idle", count = 6 }, { id = "x", unresolved = true },
            { id = "y", unresolved = true, stands_for = 3 }, { id = "traveller" },
        ]
        device = [{ id = "10.0.0.1", unresolved = true }, { id = "10.0.0.2", unresolved = true }, { id = "lamp", count = 2 }]
        access = [
            { person = "u" }, { person = "x" }, { person = "y" }, { device = "10.0.0.1" },
            { person = "traveller", device = "10.0.0.2" }, { device = "lamp", infrastructure = true },
        ]
        price = [{ sku = "windows-server-cal/user", minor = 5000 }, { sku = "windows-server-cal/device", minor = 4000 }]
    "#;
    let position = check("E.13", text, &[(BASE_USER, 5), (BASE_DEVICE, 0)]).position;
    let interval = position.intervals.iter().find(|interval| interval.of == "windows-server-cal").unwrap();
    assert_eq!(interval.unit, "cal");
    // the traveller's address may be a machine with a CAL; 4 behind accounts, 1 address, 2 lamps, 6 idle people
    assert_eq!((interval.lowest, interval.likely, interval.highest), (4, 5, 5 + 4 + 1 + 2 + 6));
    let to_do: Vec<_> = position.to_do.iter().map(|one| (one.may_add, one.may_add_minor)).collect();
    // 5,000 for the traveller, whose CAL may be one too many (E.28)
    // C.1: and at least 16 cores of S, whose processors are not known and have no price
    assert_eq!(to_do, [(6, 30_000), (4, 20_000), (2, 8_000), (1, 5_000), (1, 4_000), (16, 0)], "most valuable first");
}

#[test]
fn an_undeclared_model_is_an_interval_and_something_to_find_out() {
    // D.11: by server licence 30 people would need CALs; Express never does
    let text = |edition: &str| {
        format!(
            r#"
            currency = "EUR"
            server = [{{ id = "DB", version = 2022, edition = "Standard" }}]
            sql = [{{ id = "DB/X", server = "DB", version = 2022, edition = "{edition}" }}]
            person = [{{ id = "u", count = 30 }}]
            access = [{{ person = "u", uses = ["sql-server-cal"] }}]
            price = [{{ sku = "sql-server-cal/user", minor = 20000 }}]
            "#
        )
    };
    let position = check("D.11", &text("Standard"), &[(SQL_USER, 0), (BASE_USER, 30)]).position;
    let interval = position.intervals.iter().find(|interval| interval.of == "sql-server-cal").unwrap();
    assert_eq!((interval.lowest, interval.likely, interval.highest), (0, 0, 30));
    assert_eq!((position.to_do[0].may_add, position.to_do[0].may_add_minor), (30, 600_000));
    assert!(position.to_do[0].what.contains("DB/X"));
    let express = check("D.7", &text("Express"), &[(SQL_USER, 0)]).position.intervals;
    assert!(express.iter().all(|interval| !interval.of.starts_with("sql-server")), "{express:?}");
}
