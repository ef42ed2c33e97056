//! What the optimiser finds beside HiGHS, an independent solver, on 50 made-up organisations of each kind: no bound above the
//! optimum, no cost below it, and both equal where a result is proven.

use std::process::Command;

use caliper_tests::programs;

#[test]
#[allow(clippy::disallowed_methods)] // only who runs the test can know whether packages may be installed
fn the_optimiser_agrees_with_highs() {
    if std::env::var_os("CALIPER_HIGHS").is_none() {
        eprintln!("skipped: HiGHS comes from Python's registry, which only `make test` asks (CALIPER_HIGHS=1)");
        return;
    }
    let folder = programs::caliper().parent().expect("a program lies in a folder");
    let choices = folder.join("examples/choices");
    assert!(choices.exists(), "{}: build it by `cargo build -p caliper-optimise --example choices`", choices.display());
    let mut compare = Command::new(programs::workspace().join("tests/bench/choices.py"));
    compare.args(["--check", "50", "--kinds", "mix", "purchase", "levels", "connectors", "modes", "--choices"]);
    assert!(compare.arg(choices).status().expect("python3 can be started").success(), "HiGHS disagrees, see above");
}
