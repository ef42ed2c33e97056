//! `caliper optimise` and `caliper verify-certificate` as a user meets them, up to a real graph of
//! 312,283 pairs whose optima were found by another solver.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use caliper_aggregator::pairs;
use proptest::prelude::*;
use serde_json::Value;

fn caliper(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_caliper")).args(arguments).output().expect("caliper starts")
}

fn optimise(pairs: &Path, prices: (u64, u64), certificate: &Path) -> Value {
    let (user, device) = (prices.0.to_string(), prices.1.to_string());
    let output = caliper(&[
        "optimise",
        text(pairs),
        "--user-price",
        &user,
        "--device-price",
        &device,
        "--json",
        "--certificate",
        text(certificate),
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("test paths are text")
}

/// The one sentence of a command that has to fail.
fn failure(arguments: &[&str]) -> String {
    let output = caliper(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).expect("text")
}

fn file(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs_err::write(&path, content).expect("temporary file");
    path
}

/// Ann and Bob share KIOSK; Bob also has two machines of his own. At 5 and 4: Bob and KIOSK, 9.
const OFFICE: &str = "User,Device\nann,KIOSK\n\"Bob, jr.\",KIOSK\n\"Bob, jr.\",PC-1\n\
                      \"Bob, jr.\", PC-2\nann,KIOSK\n";

#[test]
fn a_small_office_is_optimised_and_verified() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let pairs = file(folder.path(), "pairs.csv", OFFICE.as_bytes());
    let certificate = folder.path().join("certificate");
    let found = optimise(&pairs, (5, 4), &certificate);
    assert_eq!((&found["users"], &found["devices"], &found["cost"]), (&1.into(), &1.into(), &9.into()));
    assert_eq!(found["proven"], true);
    assert_eq!(found["graph"], serde_json::json!({"users": 2, "devices": 3, "pairs": 4}));
    for step in ["read", "build", "solve"] {
        assert!(found["seconds"][step].as_f64().is_some_and(|seconds| seconds >= 0.0));
    }
    let verified = caliper(&["verify-certificate", text(&pairs), text(&certificate)]);
    assert_eq!(
        String::from_utf8_lossy(&verified.stdout),
        "The certificate holds: 1 User CALs at 5 and 1 Device CALs at 4 license every pair for 9, \
         and no mix is cheaper.\n"
    );

    let tampered = fs_err::read_to_string(&certificate).expect("text").replace("KIOSK", "PC-1");
    let tampered = file(folder.path(), "tampered", tampered.as_bytes());
    let said = failure(&["verify-certificate", text(&pairs), text(&tampered)]);
    assert!(said.starts_with("error: the certificate does not hold; ask for a new one: "), "{said}");
}

#[test]
fn sentences_are_printed_without_json() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let pairs = file(folder.path(), "pairs.csv", OFFICE.as_bytes());
    let output = caliper(&["optimise", text(&pairs), "--user-price", "5", "--device-price", "4"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.starts_with(
        "1 User CALs and 1 Device CALs license all 4 observed pairs of 2 people and 3 devices.\n\
         They cost 9; User CALs for everybody would cost 10, Device CALs for every device 12.\n\
         Proven: no mix is cheaper."
    ));
}

#[test]
fn the_optimum_follows_changes() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let pairs = file(folder.path(), "pairs.csv", OFFICE.as_bytes());
    let run = |changes: &str, more: &[&str]| {
        let changes = file(folder.path(), "changes.csv", changes.as_bytes());
        let fixed = ["optimise", text(&pairs), "--user-price", "5", "--device-price", "4", "--changes", text(&changes)];
        caliper(&[&fixed[..], more].concat())
    };
    // Bob gives his own machines up and Carl comes: three people on KIOSK, one Device CAL.
    let changes = "remove,\"Bob, jr.\",PC-1\nremove,\"Bob, jr.\", PC-2\nadd,carl,KIOSK\nremove,nobody,KIOSK\n";
    let certificate = folder.path().join("certificate");
    let output = run(changes, &["--json", "--certificate", text(&certificate)]);
    let found: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!((&found["users"], &found["devices"], &found["cost"]), (&0.into(), &1.into(), &4.into()));
    assert_eq!((&found["proven"], &found["graph"]["pairs"]), (&true.into(), &3.into()));
    let changed = &found["changes"];
    assert_eq!((&changed["added"], &changed["removed"], &changed["moved"]), (&1.into(), &2.into(), &1.into()));
    let later = file(folder.path(), "later.csv", b"ann,KIOSK\n\"Bob, jr.\",KIOSK\ncarl,KIOSK\n");
    assert!(caliper(&["verify-certificate", text(&later), text(&certificate)]).status.success());
    let said = String::from_utf8(run(changes, &[]).stdout).expect("text");
    assert!(said.starts_with("1 pairs came and 2 went: the optimum followed, 1 licences change hands ("), "{said}");

    for (changes, message) in [
        ("add,ann\n", ", line 1: 2 fields; each line must be add,user,device or remove,user,device\n"),
        ("add,ann,PC-1\nmove,ann,PC-1\n", ", line 2: \"move\"; each line must be "),
        ("add,ann,\n", ", line 1: a name is empty; each line must be "),
    ] {
        let output = run(changes, &[]);
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(!output.status.success() && said.contains(message), "{said}");
    }
}

/// Ann and Bob hold a User CAL each if both are owned, though the cheapest mix has a Device CAL.
#[test]
fn owned_cals_change_what_to_buy() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let pairs = file(folder.path(), "pairs.csv", OFFICE.as_bytes());
    let asked = |more: &[&str]| {
        let start = ["optimise", text(&pairs), "--user-price", "5", "--device-price", "4"];
        caliper(&[&start[..], more].concat())
    };
    // (User CALs owned, Device CALs owned, to buy, cost)
    for (users, devices, buy, cost) in [("2", "0", (0, 0), 0), ("1", "0", (0, 1), 4), ("0", "3", (0, 0), 0)] {
        let output = asked(&["--owned-users", users, "--owned-devices", devices, "--json"]);
        let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!((&found["buy_users"], &found["buy_devices"]), (&buy.0.into(), &buy.1.into()));
        assert_eq!(
            (&found["cost"], &found["lower_bound"], &found["proven"]),
            (&cost.into(), &cost.into(), &true.into())
        );
    }
    let said = asked(&["--owned-users", "1"]).stdout;
    let said = String::from_utf8_lossy(&said);
    assert!(said.starts_with(
        "1 people with a User CAL and 1 devices with a Device CAL license all 4 observed pairs of 2 people and 3 devices.\n\
         With 1 User CALs and 0 Device CALs owned, buy 0 User CALs and 1 Device CALs for 4.\n\
         Proven: no purchase is cheaper."
    ), "{said}");
}

/// Two people with a PC each, one of which needs level 2: a CAL of level 1 serves the other only.
#[test]
fn levels_decide_whom_owned_cals_serve() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let pairs = file(folder.path(), "pairs.csv", b"user,device,level\nann,PC-1,1\nbob,PC-2,2\nbob,PC-2,1\n");
    let certificate = folder.path().join("certificate");
    let asked = |more: &[&str]| {
        let start = ["optimise", text(&pairs), "--user-price", "5", "--device-price", "4"];
        caliper(&[&start[..], more].concat())
    };
    for (users, devices, cost) in [("2,0", "0,0", 4), ("0,2", "0,0", 0), ("1,0", "0,1", 0), ("0,0", "2,0", 4)] {
        let owned = ["--owned-users", users, "--owned-devices", devices, "--json", "--certificate", text(&certificate)];
        let found: Value = serde_json::from_slice(&asked(&owned).stdout).expect("JSON");
        assert_eq!((&found["cost"], &found["proven"]), (&cost.into(), &true.into()), "{users} {devices}");
        let verified = caliper(&["verify-certificate", text(&pairs), text(&certificate)]);
        let said = String::from_utf8_lossy(&verified.stdout);
        assert!(said.ends_with(&format!("what must be bought costs {cost}, and no purchase is cheaper.\n")), "{said}");
        let more = fs_err::read_to_string(&certificate).expect("text").replace("\nbound,", "\nbound,1");
        let more = file(folder.path(), "more", more.as_bytes());
        let said = failure(&["verify-certificate", text(&pairs), text(&more)]);
        assert!(said.starts_with("error: the certificate does not hold; ask for a new one: "), "{said}");
    }
    let said = asked(&["--owned-users", "1,0", "--owned-devices", "0,0"]).stdout;
    let said = String::from_utf8_lossy(&said);
    assert!(
        said.contains("\nWhat must be bought of the highest level costs 4.\nProven: no purchase is cheaper."),
        "{said}"
    );

    let plain = file(folder.path(), "plain.csv", OFFICE.as_bytes());
    let said = failure(&["verify-certificate", text(&plain), text(&certificate)]);
    assert!(said.contains("give the file with the column level"), "{said}");
    let bad = file(folder.path(), "bad.csv", b"user,device,level\nann,PC-1,0\n");
    for (pairs, owned, message) in [
        (
            &pairs,
            ["1,2", "1,2,3"],
            "--owned-users names 2 levels and --owned-devices 3; give one number for each level",
        ),
        (&pairs, ["1", "2"], "a pair needs level 2, but --owned-users and --owned-devices end at level 1"),
        (&plain, ["1,2", "1,2"], "CALs of 2 levels are owned, but the pairs name none; add a column level"),
        (&bad, ["1,2", "1,2"], "bad.csv, line 2: a level that is no number from 1 to 255"),
    ] {
        let start = ["optimise", text(pairs), "--user-price", "5", "--device-price", "4"];
        let said = failure(&[&start[..], &["--owned-users", owned[0], "--owned-devices", owned[1]]].concat());
        assert!(said.contains(message), "{said}");
    }
}

/// The binary layout of three pairs, by hand; the checksum is that of `orggraph`'s description.
fn binary_pairs() -> Vec<u8> {
    let pairs = [(0_u32, 1_u32), (1, 1), (1, 0)];
    let words = pairs.iter().flat_map(|&(user, device)| [user, device]);
    let checksum = words
        .clone()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, word| (hash ^ u64::from(word)).wrapping_mul(0x0100_0000_01B3));
    let mut bytes = b"ORGG".to_vec();
    for word in [1_u32, 2, 2] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(3_u64.to_le_bytes());
    bytes.extend(checksum.to_le_bytes());
    bytes.extend(words.flat_map(u32::to_le_bytes));
    bytes
}

#[test]
fn the_binary_layout_is_recognised_by_content() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let pairs = file(folder.path(), "pairs.csv", &binary_pairs());
    let found = optimise(&pairs, (5, 4), &folder.path().join("certificate"));
    assert_eq!(found["cost"], 8);
}

#[test]
fn broken_pairs_are_refused_in_one_sentence() {
    let good = binary_pairs();
    let mut damaged = good.clone();
    damaged[32] = 1;
    let mut version = good.clone();
    version[4] = 2;
    let mut huge = good.clone();
    huge[23] = 0xFF;
    let mut stranger = good.clone();
    stranger[36] = 9;
    let mut crowd = good.clone();
    crowd[10] = 0xFF;
    let cases: [(&[u8], &str); 11] = [
        (b"device,user\npc,ann\n", ", line 1: the columns the other way round; each line must be user,device\n"),
        (b"user,device\nann\n", ", line 2: 1 fields; each line must be user,device\n"),
        (b"ann,pc,srv\n", ", line 1: 3 fields; each line must be user,device\n"),
        (b"ann,\n", ", line 1: a name is empty; each line must be user,device\n"),
        (b"ann,pc\nb\xFF,pc\n", ", line 2: the text is not UTF-8; each line must be user,device\n"),
        (&damaged, ", offset 24: checksum "),
        (&version, ", offset 4: version 2, expected 1; write the file again\n"),
        (&huge, ", which a file of 56 bytes does not hold exactly; write the file again\n"),
        (
            &crowd,
            ", offset 8: 16711682 users and 2 devices, at most 1048576 expected for 3 pairs; write the file again\n",
        ),
        (&stranger, ", offset 32: the pair (0, 9) of 2 users and 2 devices; write the file again\n"),
        (&good[..20], ", header: 20 bytes, expected 32; write the file again\n"),
    ];
    let folder = tempfile::tempdir().expect("temporary folder");
    for (content, message) in cases {
        let pairs = file(folder.path(), "pairs", content);
        let said = failure(&["optimise", text(&pairs), "--user-price", "5", "--device-price", "4"]);
        assert!(said.starts_with("error: ") && said.contains(message), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let said = failure(&["optimise", "no-such-file", "--user-price", "5", "--device-price", "4"]);
    assert!(said.contains("no-such-file"), "{said}");
}

proptest! {
    /// Parsers refuse or read, but never panic, and nothing they read names a stranger.
    #[test]
    fn any_file_is_read_or_refused(cut in 0..57_usize, tail in any::<Vec<u8>>(), flip in 0..56_usize, binary: bool) {
        let mut content = if binary { binary_pairs() } else { OFFICE.into() };
        content[flip] ^= tail.first().copied().unwrap_or(0);
        content.truncate(cut);
        content.extend(&tail);
        let folder = tempfile::tempdir().expect("temporary folder");
        if let Ok(read) = pairs::read(&file(folder.path(), "pairs", &content)) {
            let known = |&(user, device): &(u32, u32)| user < read.users.count() && device < read.devices.count();
            prop_assert!(read.pairs.iter().all(known));
        }
    }
}

/// Who signed in on which computer at Los Alamos National Laboratory; the optima in
/// `expected.json` come from OR-tools.
#[test]
fn the_real_graph_has_the_optima_of_another_solver() {
    let graphs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/graphs");
    let packed = graphs.join("lanl-user-computer.csv.bz2");
    if !packed.exists() {
        eprintln!("skipped: {} is absent", packed.display());
        return;
    }
    let Ok(unpacked) = Command::new("bzip2").arg("-dc").arg(&packed).output() else {
        eprintln!("skipped: there is no bzip2: run tests/servers/setup.sh as root");
        return;
    };
    assert!(unpacked.status.success());
    let folder = tempfile::tempdir().expect("temporary folder");
    let pairs = file(folder.path(), "lanl.csv", &unpacked.stdout);
    let certificate = folder.path().join("certificate");
    let expected = fs_err::read(graphs.join("expected.json")).expect("readable");
    let expected: Value = serde_json::from_slice(&expected).expect("JSON");
    let expected = &expected["lanl-user-computer.csv.bz2"];
    let optima = expected["optimum"].as_array().expect("a list");
    assert_eq!(optima.len(), 5);
    for optimum in optima {
        let price = |side: &str| optimum[side].as_u64().expect("a price");
        let found = optimise(&pairs, (price("user_price"), price("device_price")), &certificate);
        assert_eq!(found["cost"], optimum["cost"]);
        assert_eq!(found["proven"], true);
        for (ours, theirs) in [("users", "users"), ("devices", "computers"), ("pairs", "pairs")] {
            assert_eq!(found["graph"][ours], expected[theirs]);
        }
        let verified = caliper(&["verify-certificate", text(&pairs), text(&certificate)]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    }
}
