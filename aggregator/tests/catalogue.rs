//! `caliper catalogue` and files of one's own as people use them.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

fn caliper(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caliper"));
    command.arg("--data").arg(folder).args(arguments).current_dir(folder);
    command.output().expect("the program starts")
}

fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = caliper(folder, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = caliper(folder, arguments);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

fn written(folder: &Path, name: &str, text: &str) -> PathBuf {
    let file = folder.join(name);
    fs_err::write(&file, text).unwrap();
    file
}

const OWN: &str = "format = \"caliper.catalogue/1\"
[[equivalence]]
id = \"microsoft-365-e3\"
verified = true
[[price]]
sku = \"windows-server-cal/user\"
version = \"2022\"
units = 1
currency = \"EUR\"
minor = 4000
date = \"2026-10\"
[[price]]
sku = \"windows-server-cal/device\"
version = \"2022\"
units = 1
currency = \"EUR\"
minor = 3000
date = \"2026-10\"
";

/// Two people at one device: without prices one Device CAL is fewest.
const ESTATE: &str = "format = \"caliper.estate/1\"
[[server]]
id = \"fs\"
version = 2022
edition = \"Standard\"
processors = [8]
[[person]]
id = \"people\"
count = 2
[[device]]
id = \"kiosk\"
[[access]]
person = \"people\"
device = \"kiosk\"
";

#[test]
fn a_file_of_ones_own_is_checked_and_says_what_it_touches() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), "own.toml", OWN);
    assert_eq!(
        printed(folder.path(), &["catalogue", "check", "own.toml"]),
        "own.toml: fine, 3 rows of its own over 2026-11-28\n  \
         equivalence microsoft-365-e3  [H, your own]\n  \
         price windows-server-cal/user 2022 1 EUR  [H, your own]\n  \
         price windows-server-cal/device 2022 1 EUR  [H, your own]\n"
    );
    written(folder.path(), "bad.toml", &OWN.replace("2026-10", "soon"));
    assert_eq!(
        refused(folder.path(), &["catalogue", "check", "bad.toml"]),
        "error: `bad.toml` cannot be used as a catalogue: the file, price `windows-server-cal/user 2022 1 EUR`: `soon` is no \
         date: write 2026, 2026-05 or 2026-05-31\n"
    );
    fs_err::write(folder.path().join("binary"), [0xff, 0xfe]).unwrap();
    assert_eq!(
        refused(folder.path(), &["catalogue", "check", "binary"]),
        "error: `binary` is no text in UTF-8: name the right file, or save it as UTF-8\n"
    );
    // the limit falls into the middle of a letter
    fs_err::write(folder.path().join("large"), "ä".repeat((2 << 20) + 1)).unwrap();
    assert_eq!(
        refused(folder.path(), &["catalogue", "check", "large"]),
        "error: `large` cannot be used as a catalogue: the file is larger than 4 MiB, which no catalogue is: name the right \
         file\n"
    );
    assert!(refused(folder.path(), &["catalogue", "check", "none.toml"]).starts_with(
        "error: the catalogue cannot be read: correct the file's name or its rights: failed to open file"
    ));
}

#[test]
fn rows_are_shown_with_all_that_they_rest_on() {
    let folder = tempfile::tempdir().unwrap();
    let show = |arguments: &[&str]| printed(folder.path(), &[&["catalogue", "show"], arguments].concat());
    assert!(show(&[]).contains("\nrole             22\n"), "{}", show(&[]));
    assert!(show(&["cal"]).contains("\nrds  Remote Desktop Services CAL (Terminal Services CAL until 2008)  [H]\n"));
    let row = show(&["rule", "e.7"]);
    for part in
        ["[[rule]]  [M]\n", "# open question X.1: are two administrators", "# source S3: Windows Server 2016 licence"]
    {
        assert!(row.contains(part), "{row}");
    }
    assert!(show(&["edition_id", "0x4f"]).contains("STANDARD_EVALUATION_SERVER"));
    let json: Value = serde_json::from_str(&show(&["role", "file-server", "--json"])).unwrap();
    assert_eq!(json["version"], "2026-11-28");
    assert_eq!(json["rows"][0]["row"]["guid"], "10a9226f-50ee-49d8-a393-9a501d47ce04");
    assert_eq!(json["rows"].as_array().unwrap().len(), 1);
    assert_eq!(
        refused(folder.path(), &["catalogue", "show", "rules"]),
        "error: there is no kind `rules` in the catalogue: name one of version, channel, build, product_build, edition, edition_id, cap, right, \
         server_suite, core_minimum, core_factor, cal, equivalence, included, licence_server, role, pack, price, policy, question, rule, source\n"
    );
    assert_eq!(
        refused(folder.path(), &["catalogue", "show", "rule", "E.99"]),
        "error: there is no rule `E.99` in the catalogue: see `caliper catalogue show rule`\n"
    );
}

#[test]
fn what_waits_for_a_human_is_listed_until_it_is_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), "own.toml", OWN);
    let waiting = printed(folder.path(), &["catalogue", "unverified"]);
    let row = "equivalence microsoft-365-e3  Microsoft 365 E3  [M, unverified]\n";
    assert!(waiting.contains(row) && waiting.contains("question X.3  which plans carry"), "{waiting}");
    assert!(waiting.contains("price windows-server/standard/core 2025 16 USD  1176.00 (2026-05)  [M, unverified]\n"));
    let fewer = printed(folder.path(), &["catalogue", "unverified", "--catalogue", "own.toml"]);
    assert!(!fewer.contains(row) && !fewer.contains("EUR"), "{fewer}");
}

#[test]
fn a_plan_uses_the_prices_confirmed_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), "own.toml", OWN);
    written(folder.path(), "estate.toml", ESTATE);
    let plan = |more: &[&str]| -> Value {
        serde_json::from_str(&printed(folder.path(), &[&["plan", "estate.toml", "--json"], more].concat())).unwrap()
    };
    // without a human's word no price is money
    assert_eq!(plan(&[])["optimum"]["cost_minor"], 0);
    let own = plan(&["--catalogue", "own.toml"]);
    assert_eq!(own["optimum"]["cost_minor"], 3000);
    let warnings = own["warnings"].to_string();
    assert!(warnings.contains("rows of the catalogue that your own file confirms, changes or adds: 3"), "{warnings}");
}

#[test]
fn the_configuration_names_a_catalogue_and_refuses_a_bad_one() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), "config.toml", "[estate]\ncatalogue = \"own.toml\"\n");
    written(folder.path(), "own.toml", OWN);
    assert!(printed(folder.path(), &["config", "check"]).ends_with("config.toml: fine\n"));
    assert!(!printed(folder.path(), &["catalogue", "unverified"]).contains("microsoft-365-e3"));
    written(folder.path(), "own.toml", "[[rule]]\nid = \"E.7\"\nconfidence = \"sure\"\n");
    let message = refused(folder.path(), &["config", "check"]);
    assert!(
        message.contains("config.toml`: `estate.catalogue` cannot be used: `")
            && message.ends_with("the file, rule `E.7`: the confidence is `sure`: write H, M, L or K\n"),
        "{message}"
    );
}
