//! The material in `deploy/windows` is well formed and says what the agent and its package understand.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use caliper_agent::config::{POLICIES, POLICY_KEY};
use caliper_tests::{process::finish, programs::workspace};

fn folder() -> PathBuf {
    workspace().join("deploy/windows")
}

fn text(path: &str) -> String {
    fs_err::read_to_string(folder().join(path)).unwrap()
}

/// All files below the folder with one of these endings.
fn files(endings: &[&str]) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder()]);
    while let Some(next) = folders.pop() {
        for entry in fs_err::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if endings.iter().any(|ending| entry.extension().is_some_and(|is| is == *ending)) {
                found.push(entry);
            }
        }
    }
    found.sort();
    found
}

/// Runs a line of Python on each file, which fails with a sentence of the reader.
fn read_by_python(line: &str, files: &[PathBuf]) {
    assert!(!files.is_empty());
    finish(Command::new("python3").args(["-c", line]).args(files)).succeeded();
}

#[test]
fn every_xml_file_is_well_formed() {
    let files = files(&["admx", "adml", "nuspec", "wxs"]);
    assert!(files.len() >= 4, "{files:?}");
    read_by_python("import sys, xml.dom.minidom as d\nfor f in sys.argv[1:]: d.parse(f)", &files);
}

#[test]
fn every_yaml_file_is_well_formed() {
    if !finish(Command::new("python3").args(["-c", "import yaml"])).status.success() {
        eprintln!("skipped: no Python module yaml");
        return;
    }
    read_by_python(
        "import sys, yaml\nfor f in sys.argv[1:]: assert yaml.safe_load(open(f)), f",
        &files(&["yml", "yaml"]),
    );
}

/// What stands between `before` and the next quotation mark, each time.
fn after<'a>(text: &'a str, before: &str) -> Vec<&'a str> {
    text.split(before).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn the_policy_template_sets_what_the_agent_reads() {
    let template = text("policy/caliper-agent.admx");
    let names: Vec<&str> = POLICIES.iter().map(|(name, _)| *name).collect();
    let set: BTreeSet<&str> = after(&template, " valueName=\"").into_iter().collect();
    assert_eq!(set, names.iter().copied().collect());
    assert!(after(&template, " key=\"").iter().all(|key| *key == POLICY_KEY));
    assert_eq!(after(&template, "<policy name=\"").len(), names.len());

    let words = text("policy/en-US/caliper-agent.adml");
    let known: BTreeSet<&str> = after(&words, "<string id=\"").into_iter().collect();
    let asked: BTreeSet<&str> =
        template.split("$(string.").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    assert_eq!(asked, known, "every text is there, and none is left over");
    let presentations: BTreeSet<&str> = after(&words, "<presentation id=\"").into_iter().collect();
    assert_eq!(presentations, set);
    let levels = after(&template, "<value><string>");
    let levels: Vec<&str> = levels.iter().map(|level| level.split('<').next().unwrap()).collect();
    assert_eq!(levels, ["error", "warn", "info", "debug", "trace"]);
}

/// Every property that a document or script hands to the package is one of its own, and the other way round.
#[test]
fn properties_are_those_of_the_package() {
    let package = text("agent.wxs");
    let known: BTreeSet<&str> = after(&package, "<Property Id=\"").into_iter().chain(["INSTALLFOLDER"]).collect();
    let used = files(&["ps1", "psm1", "yml", "md"]).into_iter().flat_map(|file| {
        let text = fs_err::read_to_string(&file).unwrap();
        let words: Vec<String> =
            text.split(|letter: char| !letter.is_ascii_uppercase() && letter != '=').map(str::to_owned).collect();
        words.into_iter().filter_map(|word| word.strip_suffix('=').map(str::to_owned)).filter(|word| word.len() > 4)
    });
    for property in used {
        assert!(known.contains(property.as_str()), "{property} is no property of the package");
    }
    for document in ["README.md"] {
        for property in &known {
            assert!(text(document).contains(&format!("| `{property}` |")), "{property} is missing in {document}");
        }
    }
    let code = after(&package, "UpgradeCode=\"")[0];
    assert!(text("winget/Caliper.Agent.installer.yaml").contains(&format!("'{{{code}}}'")));
}

#[test]
fn a_winget_manifest_holds_the_digest_of_its_package() {
    let place = tempfile::tempdir().unwrap();
    let (package, out) = (place.path().join("a.msi"), place.path().join("out"));
    fs_err::write(&package, "abc").unwrap();
    let make = |url: &str, version: &str| {
        let script = folder().join("winget/manifest.sh");
        finish(Command::new(script).arg(&package).args([url, version]).arg(&out))
    };
    for (url, version) in
        [("http://host/a.msi", "1.2.3"), ("https://host/a|b.msi", "1.2.3"), ("https://host/a.msi", "v1")]
    {
        let refused = make(url, version);
        assert_eq!(refused.status.code(), Some(2), "{url} {version}");
        assert!(refused.sentence().starts_with("manifest: "), "{}", refused.errors);
    }
    make("https://host/a.msi", "1.2.3").succeeded();
    let read = |name: &str| fs_err::read_to_string(out.join(name)).unwrap();
    let installer = read("Caliper.Agent.installer.yaml");
    // SHA-256 of "abc" (FIPS 180-2, B.1)
    assert!(installer.contains("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"), "{installer}");
    assert!(installer.contains("InstallerUrl: 'https://host/a.msi'") && !installer.contains('@'), "{installer}");
    for name in ["Caliper.Agent.yaml", "Caliper.Agent.locale.en-US.yaml", "Caliper.Agent.installer.yaml"] {
        assert!(read(name).contains("PackageVersion: 1.2.3\n"), "{name}");
    }
}

#[test]
fn every_way_of_deploying_is_documented() {
    let overview = text("README.md");
    for entry in fs_err::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(Path::new(&entry).join("README.md").exists(), "{name}");
        assert!(overview.contains(&format!("({name}/README.md)")), "{name} is not in the overview");
    }
}
