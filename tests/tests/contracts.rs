//! The parts of the command line that other tools rely on: formats, keys, integers. They change only with a version.

use std::path::Path;

use caliper_lab::plan::Organisation;
use caliper_tests::{
    process::finish,
    programs::{caliper, caliper_agent},
};
use serde_json::Value;

fn json(command: &mut std::process::Command) -> Value {
    let said = finish(command).succeeded().output;
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error} in:\n{said}"))
}

#[track_caller]
fn has_keys(value: &Value, keys: &[&str]) {
    for key in keys {
        assert!(value.get(key).is_some(), "`{key}` is missing in {value:#}");
    }
}

fn artefacts(folder: &Path) {
    let organisation = Organisation::new(20, 1, "2026-11-21".parse().unwrap());
    let report = caliper_lab::evidence::report(&organisation, organisation.server("NW-FS1"));
    fs_err::write(folder.join("NW-FS1.json"), report.to_json()).unwrap();
}

#[test]
fn collect_prints_a_report() {
    let folder = tempfile::tempdir().unwrap();
    artefacts(folder.path());
    let report =
        json(std::process::Command::new(caliper_agent()).args(["collect", "--json", "--from"]).arg(folder.path()));
    assert_eq!(report["format"], "caliper.report/1");
    has_keys(&report, &["server", "accesses", "warnings"]);
    has_keys(
        &report["server"],
        &[
            "name",
            "domain",
            "edition",
            "version",
            "build",
            "product_type",
            "model",
            "manufacturer",
            "uuid",
            "sockets",
            "cores",
            "logical_processors",
        ],
    );
    assert_eq!(report["server"]["name"], "NW-FS1");
    let access = &report["accesses"][0];
    has_keys(access, &["source", "service", "role_guid", "principal", "client", "first", "last", "total", "days"]);
    let day = access["days"][0].as_str().unwrap();
    assert!(day.parse::<jiff::civil::Date>().is_ok(), "{day}");
    let first = access["first"].as_str().unwrap();
    assert!(first.ends_with('Z') && first.parse::<jiff::Timestamp>().is_ok(), "{first}");
}

/// Two people at a shared machine, one of them also at two others; a User CAL at 42 and a Device CAL at 36: the shared
/// machine and the second person, 78.
#[test]
fn optimise_prints_integers_and_its_certificate_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let (pairs, certificate) = (folder.path().join("pairs.csv"), folder.path().join("certificate"));
    fs_err::write(&pairs, "user,device\nann,kiosk\nbob,kiosk\nbob,desk\nbob,laptop\n").unwrap();
    let mut command = std::process::Command::new(caliper());
    command.arg("optimise").arg(&pairs).args(["--user-price", "42", "--device-price", "36", "--json", "--certificate"]);
    let answer = json(command.arg(&certificate));
    assert_eq!((&answer["users"], &answer["devices"], &answer["cost"]), (&1.into(), &1.into(), &78.into()));
    assert_eq!(answer["proven"], true);
    has_keys(&answer["seconds"], &["read", "build", "solve"]);

    let verify = |certificate: &Path| {
        finish(std::process::Command::new(caliper()).arg("verify-certificate").arg(&pairs).arg(certificate))
    };
    verify(&certificate).succeeded();
    fs_err::write(&pairs, "user,device\nann,kiosk\nbob,kiosk\nbob,desk\nbob,laptop\ncid,tablet\n").unwrap();
    assert!(!verify(&certificate).status.success(), "a certificate of other accesses verifies");
}

/// The same with one User and one Device CAL owned at 42 and 36: nothing must be bought; with two Device CALs owned and no other, a
/// User CAL for the second person is missing, or a third Device CAL at 36.
#[test]
fn a_purchase_has_a_certificate_that_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let (pairs, certificate) = (folder.path().join("pairs.csv"), folder.path().join("certificate"));
    fs_err::write(&pairs, "user,device\nann,kiosk\nbob,kiosk\nbob,desk\nbob,laptop\n").unwrap();
    for (users, devices, cost) in [("1", "1", 0), ("0", "2", 36), ("0", "0", 78)] {
        let mut command = std::process::Command::new(caliper());
        command.arg("optimise").arg(&pairs).args(["--user-price", "42", "--device-price", "36", "--json"]);
        command.args(["--owned-users", users, "--owned-devices", devices, "--certificate"]);
        let answer = json(command.arg(&certificate));
        assert_eq!((&answer["cost"], &answer["lower_bound"]), (&cost.into(), &cost.into()));
        let text = fs_err::read_to_string(&certificate).unwrap();
        assert!(text.starts_with("caliper.purchase-certificate/1\n"), "{text}");
        let verify =
            || finish(std::process::Command::new(caliper()).arg("verify-certificate").arg(&pairs).arg(&certificate));
        let said = verify().succeeded().output;
        assert!(said.contains(&format!("what must be bought costs {cost}")), "{said}");
        fs_err::write(&certificate, text.replace("\nbound,", "\nbound,1")).unwrap();
        assert!(!verify().status.success(), "a bound that the demand does not show");
    }
}

/// Rule C.1 by hand: 4 processors of 4 cores count 8 each, 32; two virtual machines need one set.
#[test]
fn plan_prints_a_position() {
    let folder = tempfile::tempdir().unwrap();
    let estate = folder.path().join("estate.toml");
    fs_err::write(
        &estate,
        r#"
        format = "caliper.estate/1"
        as_of = "2026-11-21"
        currency = "EUR"

        [[host]]
        id = "h"
        processors = [4, 4, 4, 4]

        [[server]]
        id = "a"
        version = "2022"
        edition = "Standard"
        host = "h"
        virtual = true

        [[server]]
        id = "b"
        version = "2019"
        edition = "Standard"
        host = "h"
        virtual = true

        [[price]]
        sku = "windows-server/standard/core"
        minor = 7350

        [[price]]
        sku = "windows-server/datacenter/core"
        minor = 42319
        "#,
    )
    .unwrap();
    let position = json(std::process::Command::new(caliper()).arg("plan").arg(&estate).arg("--json"));
    assert_eq!(position["format"], "caliper.position/1");
    has_keys(&position, &["lines", "optimum", "warnings"]);
    has_keys(&position["optimum"], &["cost_minor", "lower_bound_minor", "proven"]);
    let line = position["lines"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["sku"] == "windows-server/standard/core")
        .unwrap_or_else(|| panic!("no Standard cores in {position:#}"));
    has_keys(
        line,
        &[
            "sku",
            "version",
            "unit",
            "needed",
            "owned",
            "short",
            "surplus",
            "cost_minor",
            "currency",
            "rules",
            "confidence",
        ],
    );
    assert_eq!((&line["version"], &line["unit"], &line["needed"]), (&"2022".into(), &"core".into(), &32.into()));
    assert_eq!((&line["short"], &line["cost_minor"], &line["currency"]), (&32.into(), &235_200.into(), &"EUR".into()));
}

#[test]
fn usage_errors_end_with_code_two() {
    for program in [caliper(), caliper_agent()] {
        let finished = finish(std::process::Command::new(program).arg("no-such-command"));
        assert_eq!(finished.status.code(), Some(2), "{}", finished.errors);
    }
}
