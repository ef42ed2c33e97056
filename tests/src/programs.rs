//! Where the programs under test are. `CARGO_BIN_EXE_…` does not cross packages, so they are built here, once.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The aggregator's program.
#[must_use]
pub fn caliper() -> &'static Path {
    &programs().caliper
}

/// The agent's program.
#[must_use]
pub fn caliper_agent() -> &'static Path {
    &programs().agent
}

/// The lab's program.
#[must_use]
pub fn caliper_lab() -> &'static Path {
    &programs().lab
}

struct Programs {
    caliper: PathBuf,
    agent: PathBuf,
    lab: PathBuf,
}

/// Brings the programs of the running test's own profile up to date, whoever runs the test and wherever its target
/// folder is. Cargo makes that a matter of a moment when `make test` has built everything before.
fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let profile = profile();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--workspace", "--bins", "--target-dir"]).arg(target());
        forget_cargo(&mut cargo);
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        let built = cargo.current_dir(workspace()).status().expect("cargo can be started");
        assert!(built.success(), "the programs under test do not compile");
        let program = |name: &str| profile.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        Programs { caliper: program("caliper"), agent: program("caliper-agent"), lab: program("caliper-lab") }
    })
}

/// The folder of the running test's profile: of TARGET/PROFILE/deps/NAME-HASH, of a bench TARGET/PROFILE/NAME.
fn profile() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let mut folders = test.ancestors().skip(1);
    folders.find(|folder| !folder.ends_with("deps")).expect("a test lies in its profile's folder").to_owned()
}

/// The target folder of the running test, wherever it is.
#[must_use]
pub fn target() -> PathBuf {
    profile().parent().expect("a profile lies in the target folder").to_owned()
}

/// Takes away what cargo tells a test about itself: it would look like a change to the build scripts of dependencies.
pub fn forget_cargo(command: &mut Command) {
    #[allow(clippy::disallowed_methods)] // the environment is only taken away from, never read
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_"].iter().any(|start| text.starts_with(start)) {
            command.env_remove(&name);
        }
    }
}

/// Root of the workspace.
#[must_use]
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace")
}
