//! `caliper plan` as people run it: example files in, position or one clear sentence out.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};

fn plan(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_caliper")).arg("plan").args(arguments).output().expect("the program starts")
}

fn example(name: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("licensing/examples").join(name);
    path.to_str().expect("the checkout's path is UTF-8").to_owned()
}

fn position(arguments: &[&str]) -> Value {
    let output = plan(&[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// One file with `text`, planned; what it says on standard error.
fn refusal(text: &str, accesses: Option<&str>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("estate.toml");
    fs_err::write(&file, text).unwrap();
    let mut arguments = vec![file.to_str().unwrap().to_owned()];
    if let Some(text) = accesses {
        let file = folder.path().join("accesses.csv");
        fs_err::write(&file, text).unwrap();
        arguments.extend(["--accesses".to_owned(), file.to_str().unwrap().to_owned()]);
    }
    let output = plan(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

/// 15 people, 3 PCs: three Device CALs at 30 are cheaper than 15 User CALs at 38 (E.28); one is owned. One processor of
/// 2012 R2 without virtual machines is one Standard licence (A.5, row 45), for which no price is given.
#[test]
fn the_small_office_comes_out_as_worked_out_by_hand() {
    let rules = json!(["A.6", "E.1", "E.2", "E.3", "E.4", "E.28", "E.29"]);
    let devices = json!({
        "sku": "windows-server-cal/device", "version": "2012", "unit": "device", "needed": 3, "owned": 1, "short": 2,
        "surplus": 0, "cost_minor": 6000, "currency": "EUR", "rules": rules, "confidence": "H",
        "policies": ["population = \"observed\"", "window_days = 90"],
    });
    // E.30: no packs are priced
    let shopping = json!([{"sku": "windows-server-cal/device", "version": "2012", "units": 1, "packs": 2,
                           "cost_minor": 6000, "currency": "EUR"}]);
    assert_eq!(
        position(&[&example("small-office.toml")]),
        json!({
            "format": "caliper.position/1",
            "lines": [
                devices,
                {"sku": "windows-server/standard/licence", "version": "2012 R2", "unit": "licence", "needed": 1,
                 "owned": 0, "short": 1, "surplus": 0, "cost_minor": 0, "currency": "", "rules": ["A.5"],
                 "confidence": "H", "policies": ["spla = false"]},
            ],
            "optimum": {"cost_minor": 9000, "lower_bound_minor": 9000, "proven": true},
            // E.29: two more at 30; the one owned is used anyway
            "purchase": {"lines": [devices], "cost_minor": 6000, "lower_bound_minor": 6000, "proven": true,
                         "saving_minor": 0, "shopping": shopping},
            "shopping": shopping,
            "warnings": ["the cost of what is short leaves out what has no price: give prices for \
                          windows-server/standard/licence"],
        })
    );
}

/// Row 57 of the rules: 410 people with a PC of their own, 90 in three shifts on 30 PCs: 440 instead of 500. Two sets of
/// 24 cores for three virtual machines (C.1, C.6, row 16), cheaper than Datacenter (C.19). 300 CALs of 2022 are owned and
/// 100 of 2016 under Software Assurance, which count as 2025 and serve 2022.
#[test]
fn the_shifts_come_out_as_published() {
    let position = position(&[&example("shifts.toml"), "--accesses", &example("shifts.csv")]);
    let lines: Vec<Value> = (position["lines"].as_array().unwrap().iter())
        .map(|line| {
            json!([line["sku"], line["version"], line["needed"], line["owned"], line["short"], line["cost_minor"]])
        })
        .collect();
    assert_eq!(
        lines,
        [
            json!(["windows-server-cal/device", "2022", 30, 0, 30, 30 * 4200]),
            json!(["windows-server-cal/user", "2022", 410, 400, 10, 10 * 4200]),
            json!(["windows-server/standard/core", "2022", 48, 0, 48, 3 * 106_900]),
        ]
    );
    assert_eq!(position["optimum"], json!({"cost_minor": 440 * 4200, "lower_bound_minor": 440 * 4200, "proven": true}));
    assert_eq!(position["warnings"], json!([]));
}

#[test]
fn the_table_says_the_same_in_words() {
    let output = plan(&[&example("shifts.toml"), "--accesses", &example("shifts.csv")]);
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.starts_with("Windows Server 2022 User CAL")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[5..9], ["410", "400", "10", "0"], "{text}");
    assert!(text.contains("Proven: no mix is cheaper."), "{text}");
}

/// 30 people on one PC each of ten, 27 User CALs owned: 10 Device CALs at 4.00 are the cheapest mix, but the
/// 27 leave only one PC to be bought for (E.29). 20 cores are a pack of 16 and two of 2 (C.2, J.1 row 13).
#[test]
fn the_table_tells_the_cheapest_purchase_and_packs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("estate.toml");
    let text = r#"
        format = "caliper.estate/1"
        currency = "EUR"
        host = [{ id = "H", processors = [20], windows = true }]
        server = [{ id = "S", version = 2022, edition = "Standard", host = "H" }]
        entitlement = [{ sku = "windows-server-cal/user", version = 2022, quantity = 27 }]
        price = [
            { sku = "windows-server-cal/user", minor = 500 },
            { sku = "windows-server-cal/device", minor = 400 },
            { sku = "windows-server/standard/core", minor = 11025, units = 2 },
            { sku = "windows-server/standard/core", minor = 88200, units = 16 },
        ]"#;
    fs_err::write(&file, text).unwrap();
    let accesses = folder.path().join("accesses.csv");
    let rows: Vec<String> = (0..30).map(|person| format!("p{person},d{}", person % 10)).collect();
    fs_err::write(&accesses, rows.join("\n")).unwrap();
    let output = plan(&[file.to_str().unwrap(), "--accesses", accesses.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap().replace('\u{a0}', " ");
    for words in [
        // nine PCs of three people are freed by the 27, the tenth takes a Device CAL
        "- Windows Server CALs: the cheapest purchase costs 4.00 EUR, 36.00 EUR less than what is short above: ",
        "Windows Server 2022 User CAL: use 27, buy 0; ",
        "Windows Server 2022 Device CAL: use 0, buy 1; ",
        "; no purchase is cheaper.\n",
        "core licence: 1 × pack of 16, 882.00 EUR\n",
        "core licence: 2 × pack of 2, 220.50 EUR\n",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

/// The shifts' 90 people get PCs of their own: 500 User CALs instead of 410 + 30; Standard at 3,000 USD per 16 cores
/// would be 48 cores for 9,000, Datacenter 24 cores for 9,232.50.
#[test]
fn what_if_says_what_a_change_does() {
    let shifts = [&example("shifts.toml"), "--accesses", &example("shifts.csv")].map(ToOwned::to_owned);
    let shifts: Vec<&str> = shifts.iter().map(String::as_str).collect();
    let changes = ["--replace-device", "line-*=personal", "--price", "windows-server/standard/core=300000"];
    let output = plan(&[&shifts[..], &changes].concat());
    let text = String::from_utf8(output.stdout).unwrap().replace('\u{a0}', " ");
    let expected = "Against the estate without the changes:
  Windows Server 2022 Device CAL: needed 0, was 30; to buy 0, was 30; 1,260.00 USD less
  Windows Server 2022 User CAL: needed 500, was 410; to buy 100, was 10; 3,780.00 USD more
  Windows Server 2022 Standard, core licence: needed 48, was 48; 5,793.00 USD more
To buy what is short costs 13,200.00 USD, without the changes 4,887.00 USD: 8,313.00 USD more.
";
    assert!(text.ends_with(expected), "{text}");
    let json = position(&[&shifts[..], &changes].concat());
    assert_eq!(json["format"], "caliper.what-if/1");
    assert_eq!(
        json["changes"],
        json!(["--replace-device line-*=personal", "--price windows-server/standard/core=300000"])
    );
    assert_eq!(json["without"], position(&shifts));
    assert_eq!(json["difference"]["cost_minor"], 1_320_000);
    assert_eq!(json["difference"]["lines"][0]["after"], json!({"needed": 0, "owned": 0, "short": 0, "cost_minor": 0}));
    let output = plan(&[&shifts[..], &["--upgrade", "FS9=2025"]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: --upgrade FS9=2025: there is no server `FS9`, only APP1, DC1, FS1: name one of them, or use `*` for any \
         ending\n"
    );
}

/// Row 57: 410 private PCs tip over at a ratio of 1, 30 PCs of three people each at 1/3. Three machines are two sets of
/// Standard, 48 cores at 1,069 per 16 = 3,207 USD: 24 cores of Datacenter are cheaper below 3,207 x 16 / 24 = 2,138.
#[test]
fn the_curve_tells_where_recommendations_tip_over() {
    let shifts = [&example("shifts.toml"), "--accesses", &example("shifts.csv"), "--curve"].map(ToOwned::to_owned);
    let shifts: Vec<&str> = shifts.iter().map(String::as_str).collect();
    let text = String::from_utf8(plan(&shifts).stdout).unwrap().replace('\u{a0}', " ");
    let expected = "Mixes of Windows Server CALs that cover every access, each the cheapest at some price of a User CAL:

   User CALs   Device CALs  A User CAL costs, in Device CALs
           0           440  more than 1
         410            30  more than 1/3 (0.3333) and up to 1  <- at your prices
         500             0  up to 1/3 (0.3333)

At your prices a User CAL costs 1 Device CALs. While Device CALs cost what they cost, the mix stays the same with User CALs \
from 14.01 USD to 42.00 USD.

At your prices Datacenter by core is cheaper than Standard from 11 virtual machines on a host on, whatever its size (C.20).
Host HV1: 48 × Windows Server Standard, core licence; 24 × Windows Server Datacenter, core licence would be cheaper if a \
pack of 16 cost less than 2,138.00 USD, not 6,155.00 USD.
";
    assert_eq!(text, expected);
    let json = position(&shifts);
    assert_eq!((&json["format"], &json["datacenter_from_machines"]), (&json!("caliper.curve/1"), &json!(11)));
    assert_eq!(
        json["cals"]["corners"][1],
        json!({"users": 410, "devices": 30, "above": {"numerator": 1, "denominator": 3},
               "up_to": {"numerator": 1, "denominator": 1}, "exact": true})
    );
    // after a change
    let dear = position(&[&shifts[..], &["--price", "windows-server-cal/user=4201"]].concat());
    assert_eq!(dear["cals"]["at_prices"], 0);
}

#[test]
fn the_same_file_gives_the_same_bytes() {
    let run = || plan(&[&example("shifts.toml"), "--accesses", &example("shifts.csv"), "--json"]).stdout;
    assert_eq!(run(), run());
}

#[test]
fn one_person_with_two_accounts_counts_once() {
    // row 76 of the rules
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("estate.toml");
    let text = r#"
        format = "caliper.estate/1"
        server = [{ id = "S", version = 2022, edition = "Standard" }]
        person = [{ id = "anna", accounts = ['LAB\anna', 'LAB\adm-anna'] }]
    "#;
    fs_err::write(&file, text).unwrap();
    let accesses = folder.path().join("accesses.csv");
    fs_err::write(&accesses, "LAB\\anna,PC1\nLAB\\adm-anna,PC2\nLAB\\anna,PC2,S\n").unwrap();
    let position = position(&[file.to_str().unwrap(), "--accesses", accesses.to_str().unwrap()]);
    assert_eq!(position["lines"][0]["sku"], "windows-server-cal/user");
    assert_eq!(position["lines"][0]["needed"], 1);
}

#[test]
fn an_exported_estate_gives_the_same_position() {
    let folder = tempfile::tempdir().unwrap();
    let (estate, accesses) = (example("shifts.toml"), example("shifts.csv"));
    let read = caliper_aggregator::commands::plan::read(Path::new(&estate), Some(Path::new(&accesses))).unwrap();
    let exported = folder.path().join("estate.json");
    fs_err::write(&exported, serde_json::to_string(&read).unwrap()).unwrap();
    let expected = position(&[&estate, "--accesses", &accesses]);
    assert_eq!(position(&[exported.to_str().unwrap()]), expected);
}

#[test]
fn what_is_wrong_is_said_in_one_sentence_with_what_to_do() {
    let head = "format = \"caliper.estate/1\"\n";
    let one = format!("{head}[[server]]\nid = \"S\"\nversion = 2022\nedition = \"Standard\"\n");
    let table: &[(&str, Option<&str>, &[&str])] = &[
        ("format = \"caliper.estate/9\"", None, &["line 1", "caliper.estate/1"]),
        (&format!("{head}[[server]]\nid = \"S\"\nedittion = \"Standard\""), None, &["line 4", "edittion"]),
        (&format!("{head}[[server]]\nid = \"S\"\nversion = 2021"), None, &["line 4", "2021", "2012 R2, 2016"]),
        // a year of another product
        (&format!("{head}[[server]]\nid = \"S\"\nversion = 2018"), None, &["line 4", "2018", "2012 R2, 2016"]),
        (&format!("{one}[[access]]\nperson = \"bob\""), None, &["access 1", "bob", "add it or correct"]),
        (&format!("{one}host = \"H9\""), None, &["server `S`", "H9", "add it or correct"]),
        (&format!("{one}[[server]]\nid = \"S\""), None, &["`S` stands twice"]),
        (&format!("{one}[[price]]\nsku = \"windows-server-cal/user\"\nminor = 0"), None, &["price", "leave it out"]),
        (
            &format!(
                "{one}[[entitlement]]\nsku = \"x\"\nversion = 2016\nquantity = 1\nsoftware_assurance_until = 2026-01-01"
            ),
            None,
            &["as_of", "say as of which day"],
        ),
        (&one, Some("user,device\nanna,PC1\nbob\n"), &["line 3", "expected `user,device`", "1 field"]),
        (&one, Some("Device,User\nPC1,anna\n"), &["line 1", "expected `user,device`", "the other way round"]),
        (&one, Some("user,device\n,\n"), &["line 2", "neither a person nor a device"]),
        (&one, Some("anna,PC1,S9\n"), &["line 1", "S9", "add it or correct"]),
        (head, Some("anna,PC1\n"), &["line 1", "names no server", "default_server"]),
        ("{\"format\":\"caliper.estate/1\",\"peple\":[]}", None, &["exported", "peple"]),
    ];
    for (text, accesses, words) in table {
        let said = refusal(text, *accesses);
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        for word in *words {
            assert!(said.contains(word), "{word} in: {said}");
        }
    }
    let missing = plan(&["no-such-file.toml"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no-such-file.toml"));
}
