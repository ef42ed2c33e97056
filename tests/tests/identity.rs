//! People told from people and machines from machines, in organisations that the lab makes as muddled as real ones.

use caliper_lab::identity::{
    People, Scenario,
    evaluation::{Evaluation, Match, Position, Truth, evaluate},
    folder::{self, DIRECTORIES},
};
use caliper_tests::aggregator::Aggregator;

const AS_OF: &str = "2026-11-20";

/// What Caliper makes of the organisation of a seed: both exports of its directories read one after the other, every server's report, a scan.
fn evaluated(seed: u64, people: usize, of: People) -> Evaluation {
    let place = tempfile::tempdir().unwrap();
    folder::write(&Scenario::new(people, of, seed, AS_OF.parse().unwrap()), place.path()).unwrap();
    let text = |name: &str| fs_err::read_to_string(place.path().join(name)).unwrap();
    let aggregator = Aggregator::new(&place.path().join("data"), &text("config.toml"));
    fs_err::create_dir_all(aggregator.data.join("directory")).unwrap();
    for export in ["before", "after"] {
        for file in DIRECTORIES {
            fs_err::copy(place.path().join(export).join(file), aggregator.data.join("directory").join(file)).unwrap();
        }
        aggregator.run(&["directory", "sync"]).succeeded();
    }
    let reports = fs_err::read_dir(place.path().join("reports")).unwrap().map(|entry| entry.unwrap().path());
    let mut import = aggregator.command(&["import"]);
    caliper_tests::process::finish(import.args(reports)).succeeded();
    aggregator.run(&["scan", "--as-of", AS_OF]).succeeded();
    let position: Position = serde_json::from_str(&aggregator.run(&["report", "--json"]).succeeded().output).unwrap();
    let matches = aggregator.run(&["matches", "--json", "--as-of", AS_OF]).succeeded().output;
    let matches: Vec<Match> = matches.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let truth: Truth = serde_json::from_str(&text("truth.json")).unwrap();
    evaluate(&truth, &matches, &position)
}

#[test]
fn people_and_machines_are_told_from_each_other() {
    for seed in [4101, 4102] {
        let evaluation = evaluated(seed, 120, People::Muddled);
        assert!(evaluation.passes(0.99), "{}", evaluation.text);
    }
}
