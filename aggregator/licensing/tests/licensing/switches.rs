//! Every switch of the policy (section Y): its default, and that setting it otherwise changes the number as its rule says. Each
//! number was worked out by hand.

use std::{collections::BTreeSet, path::PathBuf};

use crate::estates::*;
use caliper_licensing::{Assessment, EstateFile, Policy, assess, catalogue::catalogue};

const USER: &str = "windows-server-cal/user";
const DEVICE: &str = "windows-server-cal/device";
const STANDARD: &str = "windows-server/standard/core";
const DATACENTER: &str = "windows-server/datacenter/core";
const FORMAT: &str = "format = \"caliper.estate/1\"\n";

/// What is compared.
#[derive(Clone, Copy)]
enum Number {
    /// Licences needed of a product.
    Needed(&'static str),
    /// Broken terms.
    Violations,
}

/// A switch.
struct Case {
    name: &'static str,
    estate: String,
    number: Number,
    /// A product whose lines name the switch.
    on: &'static str,
    /// Values and what comes out; the first is the default.
    values: &'static [(&'static str, u64)],
}

/// A worked example without its first line.
fn worked(of: &str) -> String {
    let file: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "worked", &format!("{of}.toml")].iter().collect();
    fs_err::read_to_string(file).unwrap().replace(FORMAT, "")
}

fn with(estate: &str, policy: &str) -> Assessment {
    let text = format!("{FORMAT}{policy}\n{estate}");
    let estate = EstateFile::read(&text).unwrap_or_else(|error| panic!("{error}: {text}")).finish();
    assess(&estate).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Four hosts of 16 cores in a cluster with 16 machines, four on each.
fn cluster() -> String {
    let host = |at: u32| format!(r#"{{ id = "H{at}", processors = [8, 8], cluster = "C" }}"#);
    let machine = |at: u32| {
        format!(
            r#"{{ id = "V{at}", version = 2022, edition = "Standard", virtual = true, cluster = "C", host = "H{}" }}"#,
            at % 4
        )
    };
    let list = |items: Vec<String>| items.join(", ");
    format!("host = [{}]\nserver = [{}]", list((0..4).map(host).collect()), list((0..16).map(machine).collect()))
}

fn cases() -> Vec<Case> {
    use Number::{Needed, Violations};
    let case = |name, estate: &str, number, on, values| Case { name, estate: estate.to_owned(), number, on, values };
    let one_server =
        r#"server = [{ id = "S", version = 2022, edition = "Standard", processors = [8, 8], web_workload = true }]"#;
    let by_machine = r#"licensed_by = "virtual-machine", virtual_processors = 8"#;
    vec![
        // E.19, D.5: the machine with SQL Server was on another host 30 days ago, 8 cores each
        case(
            "window_days",
            &worked("100a"),
            Needed("sql-server/enterprise/core"),
            "sql-server/enterprise/core",
            &[("90", 16), ("29", 8)],
        ),
        // I.5: 4 seen, 6 not
        case(
            "population",
            &format!(
                "{one_server}\nperson = [{{ id = \"seen\", count = 4 }}, {{ id = \"idle\", count = 6 }}]\naccess = [{{ person = \"seen\" }}]"
            ),
            Needed(USER),
            USER,
            &[("\"observed\"", 4), ("\"entitled\"", 10)],
        ),
        // E.7: three who only administer one server
        case("admin_exempt_per_server", &worked("73b"), Needed(USER), USER, &[("2", 1), ("0", 3), ("3", 0)]),
        // E.9c: 30 customers who sign in to a public web server
        case(
            "web_exempt",
            &format!(
                "{one_server}\nperson = [{{ id = \"customer\", count = 30, external = true }}]\naccess = [{{ person = \"customer\", web = true }}]"
            ),
            Needed(USER),
            USER,
            &[("\"anonymous-only\"", 30), ("\"public-web\"", 0)],
        ),
        // E.13: one person, and four phones that only got an address
        case(
            "infra_roles",
            &format!(
                "{one_server}\nperson = [{{ id = \"u\" }}]\ndevice = [{{ id = \"phone\", count = 4 }}]\naccess = [{{ person = \"u\" }}, {{ device = \"phone\", infrastructure = true }}]"
            ),
            Needed(DEVICE),
            USER,
            &[("\"interval\"", 0), ("\"strict\"", 4), ("\"ignore\"", 0)],
        ),
        // A.4: Foundation with 15 people, one of whom has two accounts, 16 in all
        case(
            "capped_edition_counts",
            r#"
            server = [{ id = "S", version = "2012 R2", edition = "Foundation", processors = [4] }]
            person = [{ id = "u", count = 14 }, { id = "ann", accounts = ["A/ann", "A/adm-ann"] }]
            access = [{ person = "u" }, { person = "ann" }]
            "#,
            Violations,
            "windows-server/foundation/licence",
            &[("\"accounts\"", 1), ("\"people\"", 0)],
        ),
        // C.12: 4 machines and a third of the 4 of a host that fails, 6: 3 sets; 4 seen: 2 sets; all 16: 8 sets; on four hosts
        case(
            "cluster_peak",
            &cluster(),
            Needed(STANDARD),
            STANDARD,
            &[("default", 4 * 48), ("\"n-plus-one\"", 4 * 48), ("\"observed\"", 4 * 32), ("\"worst-case\"", 4 * 128)],
        ),
        // C.5: 2 x 10 cores enabled of 2 x 16 fitted
        case(
            "disabled_cores_count",
            r#"
            host = [{ id = "H", processors = [10, 10], fitted = [16, 16] }]
            server = [{ id = "V", version = 2022, edition = "Datacenter", virtual = true, host = "H" }]
            "#,
            Needed(DATACENTER),
            DATACENTER,
            &[("true", 32), ("false", 20)],
        ),
        // C.18: one machine of a host by itself, the other by the host's cores
        case(
            "allow_mixed_host_vm",
            &format!(
                r#"
                host = [{{ id = "H", processors = [8, 8] }}]
                server = [
                    {{ id = "V", version = 2022, edition = "Standard", virtual = true, host = "H" }},
                    {{ id = "W", version = 2022, edition = "Standard", virtual = true, host = "H", {by_machine} }},
                ]
                "#
            ),
            Violations,
            STANDARD,
            &[("false", 1), ("true", 0)],
        ),
        // C.14, C.19: 3 machines of 4 processors on 24 cores: two sets, 48 x 66.82, against 3 x 8 = 24 x 100.22
        case(
            "per_virtual_machine",
            r#"
            host = [{ id = "H", processors = [12, 12] }]
            server = [
                { id = "V1", version = 2022, edition = "Standard", virtual = true, host = "H", virtual_processors = 4 },
                { id = "V2", version = 2022, edition = "Standard", virtual = true, host = "H", virtual_processors = 4 },
                { id = "V3", version = 2022, edition = "Standard", virtual = true, host = "H", virtual_processors = 4 },
            ]
            price = [
                { sku = "windows-server/standard/core", minor = 106900, units = 16 },
                { sku = "windows-server/datacenter/core", minor = 615500, units = 16 },
                { sku = "windows-server/standard/virtual-core", minor = 160350, units = 16 },
            ]
            "#,
            Needed(STANDARD),
            STANDARD,
            &[("false", 48), ("true", 0)],
        ),
        // C.17: 5 people at a machine licensed by itself, 5 CALs owned, none of them with Software Assurance
        case(
            "per_vm_requires_sa_cals",
            &format!(
                r#"
                server = [{{ id = "W", version = 2022, edition = "Standard", virtual = true, {by_machine} }}]
                person = [{{ id = "u", count = 5 }}]
                access = [{{ person = "u" }}]
                entitlement = [{{ sku = "windows-server-cal/user", version = 2022, quantity = 5 }}]
                "#
            ),
            Violations,
            USER,
            &[("\"warn\"", 0), ("\"require\"", 1), ("\"ignore\"", 0)],
        ),
        // A.5: 4 machines on 16 cores: two on each set; one on each from a provider
        case(
            "spla",
            r#"
            host = [{ id = "H", processors = [8, 8], peak_virtual_machines = 4 }]
            server = [{ id = "V", version = 2022, edition = "Standard", virtual = true, host = "H" }]
            "#,
            Needed(STANDARD),
            STANDARD,
            &[("false", 32), ("true", 64)],
        ),
        // D.8: 25 people behind a web application, SQL Server by core
        case("sql_core_needs_windows_cal", &worked("74b"), Needed(USER), USER, &[("true", 25), ("false", 0)]),
    ]
}

#[test]
fn every_switch_changes_the_number_as_its_rule_says() {
    for Case { name, estate, number, on, values } in cases() {
        for (at, (value, expected)) in values.iter().enumerate() {
            let is_default = at == 0;
            let policy = if is_default { String::new() } else { format!("policy = {{ {name} = {value} }}") };
            let assessment = with(&estate, &policy);
            let found = match number {
                Number::Needed(sku) => needed(&assessment, sku),
                Number::Violations => assessment.position.violations.len() as u64,
            };
            assert_eq!(found, *expected, "{name} = {value}: {:#?}", assessment.position);
            // the value stands on the lines that it decides about
            let switch = format!("{name} = {value}");
            for line in assessment.position.lines.iter().filter(|line| line.sku == on) {
                assert!(line.policies.contains(&switch), "{switch}: {:?}", line.policies);
            }
            // a default written down changes nothing
            if is_default && *value != "default" {
                let written = with(&estate, &format!("policy = {{ {name} = {value} }}"));
                assert_eq!(written, assessment, "{switch}");
            }
        }
    }
}

#[test]
fn every_switch_stands_in_the_table_and_in_the_catalogue_with_its_default() {
    let cases = cases();
    let tested: BTreeSet<&str> = cases.iter().map(|case| case.name).collect();
    let catalogued: BTreeSet<&str> = catalogue().policies.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(tested, catalogued);
    let defaults = toml::Table::try_from(Policy::default()).unwrap();
    assert!(defaults.keys().all(|name| catalogued.contains(name.as_str())), "{defaults:?}");
    for case in &cases {
        let row = catalogue().policy(case.name).unwrap();
        let value = case.values[0].0;
        assert_eq!(row.default, if value == "default" { "" } else { value.trim_matches('"') }, "{}", case.name);
        assert_eq!(defaults.get(case.name).map_or("default".into(), toml::Value::to_string), value, "{}", case.name);
        // every value that it can have
        let named: BTreeSet<&str> = case.values.iter().map(|(value, _)| value.trim_matches('"')).collect();
        assert!(row.values.iter().all(|value| named.contains(value.as_str())), "{}: {named:?}", case.name);
    }
}

/// E.13: machines known to the directory apart from strangers.
#[test]
fn infrastructure_tells_known_machines_from_strangers() {
    let position = with(
        r#"
        server = [{ id = "DHCP", version = 2022, edition = "Standard", processors = [8, 8] }]
        device = [{ id = "phone", count = 4 }, { id = "10.0.0.1", unresolved = true }, { id = "10.0.0.2", unresolved = true }]
        access = [
            { device = "phone", infrastructure = true }, { device = "10.0.0.1", infrastructure = true },
            { device = "10.0.0.2", infrastructure = true },
        ]
        "#,
        "",
    )
    .position;
    let interval = &position.intervals[0];
    assert_eq!((interval.lowest, interval.likely, interval.highest), (0, 0, 6));
    let lines: Vec<_> = position.to_do.iter().filter(|one| one.rules == ["E.13"]).map(|one| one.may_add).collect();
    assert_eq!(lines, [4, 2]);
    assert!(position.warnings.iter().any(|warning| warning.contains("4 known") && warning.contains("2 strangers")));
}

/// C.5: both numbers, and what lies between them in money: 12 cores at 384.69, sixteen of which cost 6,155.00.
#[test]
fn disabled_cores_show_the_saving() {
    let position = with(
        r#"
        currency = "USD"
        host = [{ id = "H", processors = [10, 10], fitted = [16, 16] }]
        server = [{ id = "V", version = 2022, edition = "Datacenter", virtual = true, host = "H" }]
        price = [{ sku = "windows-server/datacenter/core", minor = 615500, units = 16 }]
        "#,
        "",
    )
    .position;
    let reading = &position.readings[0];
    assert_eq!((reading.lines[0].needed, reading.lines[0].otherwise), (32, 20));
    assert!(reading.question.contains("4,616.25"), "12 / 16 x 6,155.00: {}", reading.question);
}

/// F.4 [S116]: RDS CALs of 2025 and a licence server of 2022; with one of 2025 all is well.
#[test]
fn a_licence_server_hands_out_what_the_table_says() {
    for (version, cals, asked) in [(2022, 2025, true), (2025, 2025, false), (2025, 2016, false), (2016, 2019, true)] {
        let assessment = with(
            &format!(
                r#"
                server = [{{ id = "LS", version = {version}, edition = "Standard", processors = [8, 8], licence_server = true }}]
                entitlement = [{{ sku = "rds-cal/user", version = {cals}, quantity = 5 }}]
                "#
            ),
            "",
        );
        let asks =
            assessment.position.to_do.iter().any(|one| one.rules == ["F.4"] && one.what.contains(&cals.to_string()));
        assert_eq!(asks, asked, "{cals} on {version}");
    }
}

/// X.7, X.10: what no text was found for is said.
#[test]
fn open_questions_of_editions_and_releases_are_said() {
    for (server, question) in [
        (r#"version = 2019, edition = "Standard", release = "SAC 1809""#, "X.7"),
        (r#"version = "2012 R2", edition = "Storage Server Workgroup""#, "X.10"),
        (r#"version = "2008 R2", edition = "HPC""#, "X.10"),
    ] {
        let assessment = with(&format!(r#"server = [{{ id = "S", processors = [8, 8], {server} }}]"#), "");
        assert!(warns(&assessment, &[question, "S"]), "{question}: {:?}", assessment.position.warnings);
    }
}

/// F.8, F.10: people behind a gateway, or at desktops on a virtualization host, need RDS CALs and the base CAL beside them (F.1).
#[test]
fn gateways_and_virtual_desktops_need_remote_desktop_cals() {
    let assessment = with(
        r#"
        server = [
            { id = "GATEWAY", version = 2022, edition = "Standard", processors = [8, 8] },
            { id = "DESKTOPS", version = 2022, edition = "Standard", host = "H" },
        ]
        host = [{ id = "H", processors = [8, 8], windows = true }]
        person = [{ id = "traveller", count = 3 }, { id = "tester", count = 4 }]
        access = [
            { person = "traveller", server = "GATEWAY", uses = ["rds-cal"] },
            { person = "tester", server = "DESKTOPS", uses = ["rds-cal"] },
        ]
        "#,
        "",
    );
    assert_eq!((needed(&assessment, "rds-cal/user"), needed(&assessment, USER)), (7, 7));
}

/// G.9: two people share a PC; one has a plan that carries the CAL, the other needs one, of his own or for the PC.
#[test]
fn plans_cover_nobody_else_at_a_device() {
    let assessment = with(
        r#"
        server = [{ id = "S", version = 2022, edition = "Standard", processors = [8, 8] }]
        person = [{ id = "ann" }, { id = "bob" }]
        device = [{ id = "pc" }]
        access = [{ person = "ann", device = "pc" }, { person = "bob", device = "pc" }]
        entitlement = [{ sku = "ems-e3/user", version = 2025, quantity = 1, assigned_to = ["ann"] }]
        "#,
        "",
    );
    let (users, devices) = cals(&assessment);
    assert_eq!(users + devices, 1);
}
