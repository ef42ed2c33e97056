//! `caliper explain` as people run it: every worked example of the rules explained and compared with a text that was read,
//! questions about one thing, and names that do not exist.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

/// Set to rewrite the texts; read each of them before it is kept.
const REWRITE: &str = "CALIPER_REWRITE_EXPLANATIONS";

fn explain(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_caliper")).arg("explain").args(arguments).output().expect("the program starts")
}

fn text(arguments: &[&str]) -> String {
    let output = explain(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Names without their ending of the files of a folder that end so.
fn names(folder: &Path, ending: &str) -> BTreeSet<String> {
    let files = fs_err::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    files.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect()
}

fn example(name: &str) -> String {
    folder("licensing/examples").join(name).to_str().expect("the checkout's path is UTF-8").to_owned()
}

/// Where two texts first differ, for a failure.
fn first_difference(one: &str, other: &str) -> String {
    let lines = one.lines().map(Some).chain(std::iter::repeat(None));
    let others = other.lines().map(Some).chain(std::iter::repeat(None));
    let differs = lines.zip(others).enumerate().find(|(_, (one, other))| one != other);
    match differs {
        Some((at, (one, other))) => format!("line {}: {other:?} became {one:?}", at + 1),
        None => "only the end of the last line".into(),
    }
}

/// Section J by number: the estates are those of the licensing crate's worked examples.
#[test]
#[allow(clippy::disallowed_methods)] // rewriting is asked for by the environment
fn every_worked_example_is_explained_as_it_was_read() {
    let (estates, texts) = (folder("licensing/tests/worked"), folder("tests/explain"));
    let (wanted, mut there) = (names(&estates, ".toml"), names(&texts, ".txt"));
    assert!(!wanted.is_empty());
    let rewrite = std::env::var_os(REWRITE).is_some();
    let mut wrong = Vec::new();
    for name in &wanted {
        let said = text(&[estates.join(format!("{name}.toml")).to_str().unwrap()]);
        let file = texts.join(format!("{name}.txt"));
        if rewrite {
            fs_err::write(&file, &said).unwrap();
            there.insert(name.clone());
        } else if there.contains(name) {
            let read = fs_err::read_to_string(&file).unwrap();
            if said != read {
                wrong.push(format!("{name}: {}", first_difference(&said, &read)));
            }
        }
    }
    wrong.extend(wanted.difference(&there).map(|name| format!("{name}: has no text")));
    for name in there.difference(&wanted) {
        if rewrite {
            fs_err::remove_file(texts.join(format!("{name}.txt"))).unwrap();
        } else {
            wrong.push(format!("{name}: the text belongs to no example"));
        }
    }
    assert!(
        wrong.is_empty(),
        "run with {REWRITE}=1, read what changed in aggregator/tests/explain, and keep it only if it is right:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn names_that_do_not_exist_are_refused_with_those_near_to_them() {
    let (estate, accesses) = (example("shifts.toml"), example("shifts.csv"));
    for (question, expected) in [
        (&["host", "HV"][..], "there is no host `HV` here: did you mean `HV1`?"),
        (&["person", "office-41"], "did you mean"),
        (&["line", "windows-server-cal/usr"], "did you mean `windows-server-cal/user`?"),
        (&["line", "windows-server-cal/user", "2016"], "did you mean `windows-server-cal/user 2022`?"),
        (&["suites"], "there is nothing to explain about suites here"),
        (&["weather"], "`weather` is nothing that can be explained: ask for line SKU [VERSION], person ID"),
        (&["person"], "`person` is nothing that can be explained"),
    ] {
        let output = explain(&[&[estate.as_str(), "--accesses", &accesses], question].concat());
        assert_eq!(output.status.code(), Some(1), "{question:?}");
        assert!(output.stdout.is_empty());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(expected), "{question:?}: {error}");
    }
    let output = explain(&[]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("name an estate file, or a stored scan"));
}

/// Row 57: 410 people with a PC of their own, 90 in three shifts on 30 PCs, all at 42.00. By hand: User CALs for everybody are
/// 500 × 42.00 = 21,000.00; Device CALs are 410 + 30 = 440, as many as the mix.
#[test]
fn the_json_names_reasons_other_ways_rules_and_pages() {
    let (estate, accesses) = (example("shifts.toml"), example("shifts.csv"));
    let said: Value =
        serde_json::from_str(&text(&[&estate, "--accesses", &accesses, "line", "windows-server-cal/user", "--json"]))
            .unwrap();
    assert_eq!(said["format"], "caliper.explanation/1");
    let line = &said["explanations"][0];
    assert_eq!((line["kind"].as_str(), line["version"].as_str()), (Some("line"), Some("2022")));
    assert_eq!(line["forced_by"][0]["count"], 410);
    let ways: Vec<_> = line["alternatives"].as_array().unwrap().iter().map(|way| &way["cost_minor"]).collect();
    assert_eq!(ways, [500 * 4200, 440 * 4200]);
    assert_eq!(line["alternatives"][0]["instead_of_minor"], 440 * 4200);
    let rule = said["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == "E.3").unwrap();
    let source = &rule["sources"][0];
    assert!(said["sources"].as_array().unwrap().iter().any(|page| page["id"] == *source));
    assert!(said.get("position").is_none());
    let whole: Value = serde_json::from_str(&text(&[&estate, "--accesses", &accesses, "--json"])).unwrap();
    assert_eq!(whole["position"]["format"], "caliper.position/1");
    assert_eq!(whole["explanations"].as_array().unwrap().len(), whole["position"]["lines"].as_array().unwrap().len());
}

/// As in `caliper explain … | head`: nobody reads any more, and that is no error.
#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_caliper"));
    program.args(["explain", &example("small-office.toml")]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = program.spawn().expect("the program starts");
    drop(running.stdout.take());
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
