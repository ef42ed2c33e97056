//! `caliper decide` as people run it.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

fn decide(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caliper"));
    command.arg("decide").args(arguments).stdin(Stdio::null()).output().expect("the program starts")
}

fn text(arguments: &[&str]) -> String {
    let output = decide(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().replace('\u{a0}', " ")
}

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("licensing/examples").join(name);
    path.to_str().expect("the checkout's path is UTF-8").to_owned()
}

/// Row 57 by hand: 500 people, 18 % of them on 30 shared PCs.
#[test]
fn answers_by_hand() {
    let by_hand = [
        "--users",
        "500",
        "--devices-unshared-percent",
        "82",
        "--devices-shared-percent",
        "18",
        "--shared-devices",
        "30",
    ];
    let found = text(&by_hand);
    for words in [
        "Recommended: a mix of User and Device CALs\n",
        "  Recommended              410 User CALs and 30 Device CALs\n",
        "  A User CAL for everybody 500 User CALs and 0 Device CALs\n",
        "  A CAL for every device   0 User CALs and 440 Device CALs\n",
        "- find out which CALs you own",
        "no licence position",
    ] {
        assert!(found.contains(words), "{words}: {found}");
    }
    let more = ["--user-price", "42", "--device-price", "42", "--device-kind", "laptop=100", "--json"];
    let json: Value = serde_json::from_str(&text(&[&by_hand[..], &more].concat())).unwrap();
    assert_eq!(json["format"], "caliper.decision/1");
    assert_eq!(json["recommendation"]["counted"], json!({"users": 410, "devices": 30, "cost": 18_480}));
}

#[test]
fn answers_from_evidence() {
    let found = text(&[&example("shifts.toml"), "--accesses", &example("shifts.csv"), "--devices-growing", "yes"]);
    let expected = "1. How many people use your servers, employees and on-site contractors?
   500: 500 people reached a server that needs a CAL within the window
2. Which CALs do you own now: user, device, mix, nothing or unknown?
   user: 400 User CALs and 0 Device CALs are entered as owned
3. Of a hundred people, how many have devices that they do not share?
   82 %: 410 people used a device that nobody else used
4. What do these use, for example desktop=100 laptop=50 phone=80?
   open: the kinds of their devices are not known
5. How well can you count the devices: well or badly?
   well: every address was matched with a device
6. Will people have more devices in two or three years: yes or no?
   yes: as you answered
7. Of a hundred people, how many use shared devices?
   18 %: 90 people used a device that others used too
8. How many shared devices are there?
   30: 30 devices were used by two or more people

Recommended: a mix of User and Device CALs
  410 User CALs and 30 Device CALs cover every access, out of 500 people and 440 devices that were seen; no mix is cheaper, \
which is proven (E.28).

  Recommended              410 User CALs and 30 Device CALs, 18,480.00 USD
  A User CAL for everybody 500 User CALs and 0 Device CALs, 21,000.00 USD
  A CAL for every device   0 User CALs and 440 Device CALs, 18,480.00 USD
";
    assert!(found.starts_with(expected), "{found}");
}

#[test]
fn what_is_wrong_is_said() {
    for (arguments, status, words) in [
        (&[][..], 1, "nothing is answered and nobody is there to ask"),
        (&["--shared-devices", "3"], 1, "how many people use your servers is not answered"),
        (&["--users", "5", "--devices-shared-percent", "101"], 1, "people on shared devices: 101 % is more than all"),
        (&["--users", "5", "--device-kind", "laptop"], 2, "write KIND=PERCENT"),
        (&["x.toml", "--users", "5"], 2, "cannot be used with"),
        (&["missing.toml"], 1, "missing.toml"),
    ] {
        let output = decide(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(said.contains(words), "{words}: {said}");
    }
}
