//! Reading real directories: OpenLDAP and Samba as an Active Directory domain controller, and every way to fail.

mod changes;
mod controllers;
mod domain;
mod fake;
mod hostile;
mod limits;
mod openldap;
mod several;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use caliper_aggregator::{
    config::Config,
    directory::{self, DirectoryError, DirectorySettings, Outcome, Reading},
    store::{Store, directory as table},
};
use caliper_proto::Instant;

/// A directory server of a script in `servers/`; ends and leaves nothing when dropped.
struct Server {
    script: PathBuf,
    folder: PathBuf,
    _parent: tempfile::TempDir,
}

impl Server {
    /// One that is not running yet.
    fn new(script: &str) -> Self {
        let parent = tempfile::Builder::new().prefix("dir").tempdir_in("/tmp").unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("servers").join(script);
        Self { script, folder: parent.path().join("d"), _parent: parent }
    }

    fn start(script: &str, arguments: &[&str], ldif: &str) -> Self {
        let server = Self::new(script);
        server.run("start", arguments);
        server.load(ldif);
        server
    }

    fn load(&self, ldif: &str) {
        let file = self.folder.with_file_name("entries.ldif");
        fs_err::write(&file, ldif).unwrap();
        self.run("load", &[file.to_str().unwrap()]);
    }

    fn run(&self, action: &str, arguments: &[&str]) {
        self.run_with(action, arguments, &[]);
    }

    fn run_with(&self, action: &str, arguments: &[&str], variables: &[(&str, &str)]) {
        let log = self.folder.with_file_name("log");
        let output = fs_err::File::create(&log).unwrap().into_parts().0;
        let status = Command::new(&self.script)
            .arg(action)
            .arg(&self.folder)
            .args(arguments)
            .envs([("AD_REALM", "CORP.EXAMPLE"), ("AD_DOMAIN", "CORP"), ("AD_ADMIN_PW", "Passw0rd!Lab")])
            .envs([("LDAP_BASE", "dc=example,dc=com"), ("SLAPD_PW", "secret")])
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .status()
            .unwrap();
        assert!(status.success(), "{action}: {}", fs_err::read_to_string(&log).unwrap());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new(&self.script).arg("clean").arg(&self.folder).status();
    }
}

fn settings(folder: &Path, text: &str) -> DirectorySettings {
    let text = format!("[[directory]]\nname = \"corp\"\npassword_file = \"password\"\n{text}");
    Config::parse(&folder.join("config.toml"), &text).unwrap().directory.remove(0)
}

fn at(second: i64) -> Instant {
    Instant::from_micros(1_800_000_000_000_000 + second * 1_000_000).unwrap()
}

fn synchronise(store: &Store, settings: &DirectorySettings, second: i64) -> Result<Outcome, DirectoryError> {
    read(store, settings, Reading::Whole, second)
}

/// What changed since the last time.
fn update(store: &Store, settings: &DirectorySettings, second: i64) -> Outcome {
    read(store, settings, Reading::Changes, second).unwrap()
}

fn read(store: &Store, settings: &DirectorySettings, reading: Reading, second: i64) -> Result<Outcome, DirectoryError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(directory::synchronise(store, settings, reading, at(second)))
}

/// Changes a running directory with OpenLDAP's own client.
fn change(url: &str, authority: &Path, bind: &str, password: &str, ldif: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (secret, file) = (folder.path().join("secret"), folder.path().join("ldif"));
    fs_err::write(&secret, password).unwrap();
    fs_err::write(&file, ldif).unwrap();
    let output = Command::new("ldapmodify")
        .args(["-x", "-H", url, "-D", bind, "-y"])
        .arg(&secret)
        .arg("-f")
        .arg(&file)
        .env("LDAPTLS_CACERT", authority)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn accounts(store: &Store) -> Vec<table::StoredAccount> {
    let mut accounts: Vec<table::StoredAccount> = store.read(table::accounts).unwrap();
    accounts.sort_by(|a, b| a.account.name.cmp(&b.account.name));
    accounts
}

/// In base 64, or out of it, as the system's own program has it.
fn base64(arguments: &[&str], bytes: &[u8]) -> Vec<u8> {
    let mut program =
        Command::new("base64").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    program.stdin.take().unwrap().write_all(bytes).unwrap();
    program.wait_with_output().unwrap().stdout
}

/// Asks with OpenLDAP's own client; returns its exit code, which is LDAP's result, and what it printed.
fn search(url: &str, authority: &Path, bind: &str, password: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs_err::write(&secret, password).unwrap();
    let output = Command::new("ldapsearch")
        .args(["-x", "-LLL", "-o", "ldif-wrap=no", "-H", url, "-D", bind, "-y"])
        .arg(&secret)
        .args(arguments)
        .env("LDAPTLS_CACERT", authority)
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}
