//! What ARCHITECTURE.md promises about the sources themselves: who knows whom, and what stands nowhere.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &str) -> String {
    fs_err::read_to_string(root().join(path)).unwrap()
}

/// All Rust files below a folder of the workspace, with their path from there.
fn files(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(next) = folders.pop() {
        for entry in fs_err::read_dir(&next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let name = entry.strip_prefix(root()).unwrap().display().to_string();
                found.push((name, fs_err::read_to_string(&entry).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "{folder}");
    found.sort();
    found
}

/// The files of a program without its tests and comments.
fn program(folder: &str) -> Vec<(String, String)> {
    let code = |text: &str| {
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let tests = |name: &str| name.ends_with("/tests.rs") || name.contains("/tests/");
    files(folder).into_iter().filter(|(name, _)| !tests(name)).map(|(name, text)| (name, code(&text))).collect()
}

/// Fails with file and word if a program holds one of the words outside the files named.
fn holds_none(folder: &str, words: &[&str], but: &[&str]) {
    for (name, code) in program(folder) {
        if but.iter().any(|place| name.starts_with(place)) {
            continue;
        }
        for word in words {
            assert!(!code.contains(word), "{name} holds `{word}`");
        }
    }
}

/// Names of the dependencies a manifest states for the program itself.
fn dependencies(manifest: &str) -> Vec<String> {
    let text = text(manifest);
    let lines = text.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let own = lines.take_while(|line| !line.starts_with('['));
    own.filter_map(|line| line.split(['.', ' ']).next()).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

const CLOCKS: [&str; 6] =
    ["SystemTime::now", "Timestamp::now", "Zoned::now", "std::time::Instant::now", "env::var", "env::args"];

#[test]
fn dependencies_point_one_way() {
    for (manifest, known) in [
        ("proto/Cargo.toml", &[][..]),
        ("agent/evidence/Cargo.toml", &[]),
        ("aggregator/licensing/optimise/Cargo.toml", &[]),
        ("aggregator/licensing/Cargo.toml", &["caliper-optimise"]),
        ("agent/windows/Cargo.toml", &[]),
        ("agent/Cargo.toml", &["caliper-evidence", "caliper-proto", "caliper-windows"]),
        ("aggregator/Cargo.toml", &["caliper-licensing", "caliper-proto"]),
        ("tests/lab/Cargo.toml", &["caliper-proto"]),
    ] {
        let ours: Vec<_> = dependencies(manifest).into_iter().filter(|name| name.starts_with("caliper-")).collect();
        assert_eq!(ours, known, "{manifest}");
    }
}

/// Invariant 2. Certificates are written to and read from what the caller hands in.
#[test]
fn the_licensing_crate_is_pure() {
    assert_eq!(dependencies("aggregator/licensing/optimise/Cargo.toml"), ["thiserror"]);
    assert_eq!(
        dependencies("aggregator/licensing/Cargo.toml"),
        ["caliper-optimise", "jiff", "serde", "thiserror", "toml"]
    );
    let impure =
        ["std::fs", "io::std", "std::net", "std::thread", "std::process", "async fn", "println!", "f32", "f64"];
    for folder in ["aggregator/licensing/src", "aggregator/licensing/optimise/src"] {
        holds_none(folder, &impure, &[]);
        holds_none(folder, &CLOCKS, &[]);
    }
}

/// Invariant 6.
#[test]
fn wire_types_and_sql_stop_at_the_edge() {
    holds_none(
        "aggregator/src",
        &["SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM", "PRAGMA"],
        &["aggregator/src/store"],
    );
    holds_none("aggregator/src", &["wire::"], &["aggregator/src/ingest/", "aggregator/src/serve.rs"]);
    let edge = ["agent/src/collection", "agent/src/uplink", "agent/src/enroll.rs", "agent/src/doctor/network.rs"];
    holds_none("agent/src", &["wire::"], &edge);
}

/// Invariant 8: no library to ask a directory, no call to list accounts, no other program to ask.
#[test]
fn the_agent_never_enumerates_accounts() {
    let asks = ["ldap", "NetUserEnum", "NetQueryDisplayInformation", "getpwent", "/etc/passwd", "process::Command"];
    for folder in ["agent/src", "agent/evidence/src", "agent/windows/src"] {
        holds_none(folder, &asks, &[]);
    }
    let libraries = [dependencies("agent/Cargo.toml"), dependencies("agent/evidence/Cargo.toml")].concat();
    assert!(libraries.iter().all(|name| !name.contains("ldap")), "{libraries:?}");
}

/// Invariant 9.
#[test]
fn time_randomness_and_environment_come_in() {
    for folder in ["proto/src", "agent/src", "agent/evidence/src", "aggregator/src"] {
        holds_none(folder, &CLOCKS, &["agent/src/main.rs", "aggregator/src/main.rs"]);
    }
    let random = ["SystemRandom", "Uuid::new_v4", "thread_rng", "getrandom"];
    holds_none("agent/src", &random, &["agent/src/main.rs"]);
    // keys, serial numbers, tokens and identities are made at the edge
    let edge = ["web/secret.rs", "authority.rs", "commands/token.rs", "ingest/enrolment.rs"];
    holds_none(
        "aggregator/src",
        &random,
        &edge.map(|name| format!("aggregator/src/{name}")).each_ref().map(String::as_str),
    );
}

/// The members of the workspace, as their folders.
fn members() -> Vec<String> {
    let workspace = text("Cargo.toml");
    let members = workspace.lines().find_map(|line| line.strip_prefix("members = ")).unwrap();
    members.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The compiler forbids it wherever the lints of the workspace hold.
#[test]
fn unsafe_stands_in_one_crate_and_says_why() {
    assert!(text("Cargo.toml").contains("[workspace.lints.rust]\nunsafe_code = \"forbid\"\n"));
    for member in members() {
        let bound = text(&format!("{member}/Cargo.toml")).contains("[lints]\nworkspace = true\n");
        assert_eq!(bound, member != "agent/windows", "{member}");
    }
    let blocks = ["unsafe {", "unsafe impl", "unsafe fn"];
    for (name, text) in files("agent/windows/src") {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| blocks.iter().any(|block| line.contains(block))) {
            let mut above = lines[..at].iter().rev().take_while(|line| line.trim_start().starts_with("//"));
            assert!(
                above.any(|line| line.contains("SAFETY:") || line.contains("# Safety")),
                "{name}:{}: {line}",
                at + 1
            );
        }
    }
}

#[test]
fn each_of_the_nine_invariants_names_tests_that_exist() {
    let sources: String = ["proto", "agent/src", "agent/tests", "agent/evidence", "aggregator", "tests/tests"]
        .into_iter()
        .flat_map(files)
        .map(|(_, text)| text)
        .collect();
    let page = text("ARCHITECTURE.md");
    let invariants = page.split("## Invariants").nth(1).and_then(|rest| rest.split("## ").next()).unwrap();
    let lists: Vec<&str> = invariants.split("   Tests: ").skip(1).filter_map(|rest| rest.split(".\n").next()).collect();
    assert_eq!(lists.len(), 9);
    for list in lists {
        for name in list.split('`').skip(1).step_by(2).filter(|name| *name != "clippy.toml") {
            assert!(sources.contains(&format!("fn {name}(")), "{name}");
        }
    }
}

#[test]
fn the_code_map_names_every_crate() {
    let map = text("ARCHITECTURE.md");
    for member in members() {
        assert!(map.contains(&format!("| `{member}/` |")), "{member}");
    }
}
