//! Programs for Windows, built by `tests/windows/cross.sh` and run under Wine, or one clear line why they are not.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{
    process::{Finished, Running, finish},
    programs::{self, workspace},
};

/// Longest wait for a build on a slow machine.
const BUILD: Duration = Duration::from_mins(40);
/// Longest wait for tests that are built; they take a minute.
const TESTS: Duration = Duration::from_mins(10);

/// The Wine folder, for one test at a time; all its programs end when this is dropped.
pub struct Windows {
    home: PathBuf,
    /// Held by the system for this process.
    _alone: std::fs::File,
}

/// Tools and Wine folder; `None`, after one line on standard error, if this machine has none.
#[must_use]
pub fn windows() -> Option<Windows> {
    let found = finish(script().arg("where"));
    if !found.status.success() {
        eprintln!("skipped: {}", found.sentence());
        return None;
    }
    let home = PathBuf::from(found.output.trim());
    let alone = fs_err::File::create(home.join("in-use")).expect("a file can be made").into_parts().0;
    alone.lock().expect("the Wine folder can be had alone");
    let windows = Windows { home, _alone: alone };
    stop();
    Some(windows)
}

fn script() -> Command {
    Command::new(workspace().join("tests/windows/cross.sh"))
}

/// Where cargo puts what it builds for Windows: beside the rest, as another compiler makes it.
fn results() -> PathBuf {
    programs::target().join("windows")
}

/// Ends whatever runs in the Wine folder.
fn stop() {
    finish(script().arg("stop"));
}

/// Runs a command of cargo with Windows as its target.
fn cargo(command: &str, arguments: &[&str], patience: Duration) {
    let mut cargo = script();
    cargo.args(["cargo", command, "--quiet", "--target-dir"]).arg(results()).args(arguments).current_dir(workspace());
    programs::forget_cargo(&mut cargo);
    let _ = Running::start(&mut cargo).wait(patience).succeeded();
}

impl Windows {
    /// Builds the tests of these packages and runs them, which all must pass.
    pub fn test(&self, packages: &[&str]) {
        cargo("test", &[packages, &["--no-run"]].concat(), BUILD);
        cargo("test", packages, TESTS);
    }

    /// Builds the agent.
    #[must_use]
    pub fn agent(&self) -> PathBuf {
        cargo("build", &["-p", "caliper-agent"], BUILD);
        results().join("x86_64-pc-windows-gnu/debug/caliper-agent.exe")
    }

    /// Runs a Windows program to its end.
    pub fn run(&self, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Finished {
        finish(&mut self.command(program, arguments))
    }

    /// The command that runs a Windows program.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
        let mut command = script();
        command.arg("wine").arg(program).args(arguments);
        command
    }

    /// Where a path of Windows' drive C lies.
    #[must_use]
    pub fn drive_c(&self, path: &str) -> PathBuf {
        self.home.join("wine/drive_c").join(path)
    }
}

impl Drop for Windows {
    fn drop(&mut self) {
        stop();
    }
}

/// A path as Windows programs know it: Wine shows the whole file system as drive Z.
#[must_use]
pub fn drive_z(path: &Path) -> String {
    format!("Z:{}", path.display()).replace('/', "\\")
}
