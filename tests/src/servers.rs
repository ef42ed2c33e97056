//! Real directory servers for tests, or one clear line why there is none.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{process::finish, programs::workspace};

/// A running directory server; it ends and its folder is deleted when this is dropped.
pub struct DirectoryServer {
    script: PathBuf,
    folder: PathBuf,
    variables: BTreeMap<String, String>,
    // where the folder lies; dropped after the server has ended
    _parent: tempfile::TempDir,
}

/// Why Samba cannot run here, if it cannot.
#[must_use]
pub fn no_samba() -> Option<&'static str> {
    let said = |program: &str, argument: &str| finish(Command::new(program).arg(argument)).output;
    if said("id", "-u").trim() != "0" {
        Some("a domain controller needs root")
    } else if !Path::new("/usr/sbin/samba").exists() {
        Some("there is no Samba: run tests/servers/setup.sh as root")
    } else {
        None
    }
}

/// The domain of the lab in Samba as an Active Directory domain controller, filled from an LDIF file.
///
/// `None`, after one line on standard error, if this machine cannot run it.
#[must_use]
pub fn samba(address: &str, ldif: &Path) -> Option<DirectoryServer> {
    if let Some(reason) = no_samba() {
        eprintln!("skipped: {reason}");
        return None;
    }
    let variables = [
        ("AD_REALM", caliper_lab::plan::DOMAIN.to_uppercase()),
        ("AD_DOMAIN", caliper_lab::plan::NETBIOS.to_owned()),
        ("AD_DOMAIN_SID", caliper_lab::plan::DOMAIN_SID.to_owned()),
    ];
    Some(start("samba-ad.sh", address, &variables, ldif))
}

/// The lab's people in OpenLDAP.
///
/// `None`, after one line on standard error, if this machine cannot run it.
#[must_use]
pub fn slapd(address: &str, ldif: &Path) -> Option<DirectoryServer> {
    if !Path::new("/usr/sbin/slapd").exists() {
        eprintln!("skipped: there is no OpenLDAP: run tests/servers/setup.sh as root");
        return None;
    }
    let base = caliper_lab::directory::BASE.to_lowercase();
    Some(start("slapd.sh", address, &[("LDAP_BASE", base)], ldif))
}

fn start(script: &str, address: &str, variables: &[(&str, String)], ldif: &Path) -> DirectoryServer {
    // a short path: unix sockets lie in it
    let parent = tempfile::Builder::new().prefix("cal").tempdir_in("/tmp").expect("a folder can be made");
    let log = parent.path().join("log");
    let mut server = DirectoryServer {
        script: workspace().join("tests/servers").join(script),
        folder: parent.path().join("d"),
        variables: BTreeMap::new(),
        _parent: parent,
    };
    for (command, argument) in [("start", Path::new(address)), ("load", ldif)] {
        // its daemons would keep a pipe open, so it writes into a file
        let file = fs_err::File::create(&log).expect("a log can be written").into_parts().0;
        let errors = file.try_clone().expect("a file can be shared");
        let mut script = server.command(command);
        script.arg(argument).envs(variables.iter().map(|(name, value)| (name, value)));
        let status = script.stdin(Stdio::null()).stdout(file).stderr(errors).status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "{command} {}: {}",
            argument.display(),
            fs_err::read_to_string(&log).unwrap_or_default()
        );
    }
    for line in finish(&mut server.command("env")).succeeded().output.lines() {
        if let Some((name, value)) = line.trim_start_matches("export ").split_once('=') {
            // quoted for a shell; ours need no more than their backslashes removed
            server.variables.insert(name.to_owned(), value.replace('\\', ""));
        }
    }
    server
}

impl DirectoryServer {
    fn command(&self, command: &str) -> Command {
        let mut script = Command::new(&self.script);
        script.arg(command).arg(&self.folder);
        script
    }

    /// One of the variables that clients need, as the script's `env` names them.
    #[must_use]
    pub fn variable(&self, name: &str) -> &str {
        self.variables.get(name).map_or("", String::as_str)
    }
}

impl Drop for DirectoryServer {
    fn drop(&mut self) {
        let _ = self.command("clean").status();
    }
}
