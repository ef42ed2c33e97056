//! What goes wrong outside the program gives one clear sentence with what to do, a non-zero exit, and loses nothing
//! that was stored.

use std::{net::TcpListener, path::Path, process::Command};

use caliper_proto::EnrolToken;
use caliper_tests::{
    agent::Agent,
    aggregator::{Aggregator, PLAIN},
    process::{Finished, Running, finish},
    programs, servers,
};

const ROWS: u64 = 500;

/// An aggregator that holds imported evidence, so that there is something to lose.
fn furnished(folder: &Path) -> Aggregator {
    let aggregator = Aggregator::new(&folder.join("data"), PLAIN);
    let artefacts = folder.join("artefacts");
    caliper_lab::rows::write(&artefacts, "NW-FS9", ROWS).unwrap();
    finish(aggregator.command(&["import"]).arg(artefacts.join("rows-000.json"))).succeeded();
    assert_eq!(aggregator.count("access"), 500);
    aggregator
}

/// One sentence at the end, which holds what happened and what to do about it; lines of the log may come before it.
#[track_caller]
fn refused(finished: &Finished, happened: &str, remedy: &str) {
    assert!(!finished.status.success(), "it succeeded: {}", finished.output);
    let is_sentence = |line: &&str| line.starts_with("error: ") || line.starts_with("caliper-agent: ");
    assert_eq!(finished.errors.lines().filter(is_sentence).count(), 1, "one sentence expected:\n{}", finished.errors);
    let sentence = finished.sentence();
    assert!(is_sentence(&sentence), "something after the sentence:\n{}", finished.errors);
    for part in [happened, remedy] {
        assert!(sentence.contains(part), "`{part}` is not in: {sentence}");
    }
    assert!(!finished.errors.contains("panicked"), "{}", finished.errors);
}

#[track_caller]
fn keeps_everything(aggregator: &Aggregator) {
    assert_eq!((aggregator.count("access"), aggregator.count("server")), (500, 1));
}

#[test]
fn a_wrong_token() {
    let folder = tempfile::tempdir().unwrap();
    let aggregator = furnished(folder.path());
    let serving = aggregator.serve();
    let file = folder.path().join("token");
    aggregator.token(serving.grpc, &file, &[]);
    let mut token = EnrolToken::from_line(fs_err::read_to_string(&file).unwrap().trim()).unwrap();
    token.secret = token.secret.chars().rev().collect();
    fs_err::write(&file, token.to_line()).unwrap();

    let agent = Agent::new(&folder.path().join("agent"), folder.path());
    refused(&agent.enroll(&file), "token", "ask for a new");
    assert_eq!(aggregator.count("agent"), 0);
    keeps_everything(&aggregator);
}

#[test]
fn an_expired_token() {
    let folder = tempfile::tempdir().unwrap();
    let aggregator = furnished(folder.path());
    let serving = aggregator.serve();
    let file = folder.path().join("token");
    aggregator.token(serving.grpc, &file, &[]);
    let agent = Agent::new(&folder.path().join("agent"), folder.path());
    let state = agent.folder.join("state");
    fs_err::create_dir_all(&state).unwrap();
    fs_err::copy(&file, state.join("token")).unwrap();
    let line = |finished: Finished| {
        finished.output.lines().find(|line| line.split_whitespace().nth(1) == Some("token")).unwrap().to_owned()
    };
    let good = line(agent.run(&["doctor"]));
    assert!(good.starts_with("ok") && good.contains("the service will enrol with it"), "{good}");

    // as if its time had passed
    let store = rusqlite::Connection::open(aggregator.data.join("caliper.sqlite")).unwrap();
    assert_eq!(store.execute("UPDATE token SET expires = created - 1", []).unwrap(), 1);
    let late = line(agent.run(&["doctor"]));
    assert!(late.starts_with("failed") && late.contains("expired") && late.contains("ask for a new"), "{late}");
    assert_eq!(aggregator.count("agent"), 0, "asking used nothing up");
    refused(&agent.enroll(&file), "expired", "ask for a new");
    assert_eq!(aggregator.count("agent"), 0);
    keeps_everything(&aggregator);
}

/// An agent of one aggregator that is sent to another one: neither trusts the other.
#[test]
fn a_certificate_of_another_authority() {
    let folder = tempfile::tempdir().unwrap();
    let (home, other) = (Aggregator::new(&folder.path().join("home"), PLAIN), furnished(folder.path()));
    let (at_home, elsewhere) = (home.serve(), other.serve());
    let artefacts = folder.path().join("artefacts");
    let enrolled = |name: &str, at: &Aggregator, address| {
        let (agent, file) = (Agent::new(&folder.path().join(name), &artefacts), folder.path().join("token"));
        at.token(address, &file, &[]);
        agent.enroll(&file).succeeded();
        agent
    };

    let stray = enrolled("stray", &home, at_home.grpc);
    let identity = stray.folder.join("state/identity.json");
    let mut json: serde_json::Value = serde_json::from_slice(&fs_err::read(&identity).unwrap()).unwrap();
    json["address"] = elsewhere.grpc.to_string().into();
    fs_err::write(&identity, json.to_string()).unwrap();
    refused(&stray.run(&["run", "--once", "--timeout", "20"]), "certificate", "enrol");

    // trusting the other one does not make it trusted there
    let local = enrolled("local", &other, elsewhere.grpc);
    let trusted: serde_json::Value =
        serde_json::from_slice(&fs_err::read(local.folder.join("state/identity.json")).unwrap()).unwrap();
    json["authority_pem"] = trusted["authority_pem"].clone();
    fs_err::write(&identity, json.to_string()).unwrap();
    refused(&stray.run(&["run", "--once", "--timeout", "20"]), "certificate", "enrol");
    keeps_everything(&other);
}

#[test]
fn a_truncated_database() {
    let folder = tempfile::tempdir().unwrap();
    let aggregator = furnished(folder.path());
    aggregator.serve().process.stop().succeeded();
    let file = aggregator.data.join("caliper.sqlite");
    let whole = fs_err::read(&file).unwrap();
    fs_err::write(&file, &whole[..whole.len() / 2]).unwrap();
    let half = fs_err::read(&file).unwrap();

    refused(&aggregator.run(&["serve"]), "caliper.sqlite", "backup");
    assert_eq!(fs_err::read(&file).unwrap(), half, "what is left of the database is untouched");
    fs_err::write(&file, &whole).unwrap();
    keeps_everything(&aggregator);
}

#[test]
fn a_directory_with_a_wrong_password() {
    let folder = tempfile::tempdir().unwrap();
    let organisation = caliper_lab::plan::Organisation::new(20, 5, "2026-11-21".parse().unwrap());
    let ldif = folder.path().join("people.ldif");
    fs_err::write(&ldif, caliper_lab::directory::plain(&organisation)).unwrap();
    let Some(server) = servers::slapd("127.0.0.74", &ldif) else { return };
    let aggregator = furnished(folder.path());
    let section = format!(
        "\n[[directory]]\nname = \"lab\"\nurl = \"{}\"\nauthority = \"{}\"\nbind = \"{}\"\npassword_file = \"password\"\n\
         base = \"{}\"\n",
        server.variable("LDAPS_URL"),
        server.variable("LDAPTLS_CACERT"),
        server.variable("LDAP_BIND_DN"),
        server.variable("LDAP_BASE"),
    );
    fs_err::write(aggregator.data.join("config.toml"), format!("{PLAIN}{section}")).unwrap();
    let password = aggregator.data.join("password");
    fs_err::write(&password, server.variable("LDAP_BIND_PW")).unwrap();
    aggregator.run(&["directory", "sync"]).succeeded();
    let accounts = aggregator.count("account");
    assert!(accounts >= 20, "{accounts} accounts");

    fs_err::write(&password, "not the password").unwrap();
    refused(&aggregator.run(&["directory", "sync"]), "lab", "password");
    assert_eq!(aggregator.count("account"), accounts);
    let gone = "SELECT count(*) FROM account WHERE gone IS NOT NULL";
    assert_eq!(aggregator.read_store().query_row(gone, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    keeps_everything(&aggregator);
}

#[test]
fn a_port_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let aggregator = furnished(folder.path());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for key in ["grpc", "pages"] {
        let config = PLAIN.replace(&format!("{key} = \"127.0.0.1:0\""), &format!("{key} = \"{address}\""));
        fs_err::write(aggregator.data.join("config.toml"), config).unwrap();
        refused(&aggregator.run(&["serve"]), &address, &format!("listen.{key}"));
        keeps_everything(&aggregator);
    }
}

#[test]
fn a_read_only_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let aggregator = furnished(folder.path());
    // root may write whatever the modes say: for it the folder is mounted read-only, in a name space of its own
    let script = r#"mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@""#;
    let serve = |arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user", "--user", "sh", "-c", script, "sh"]).arg(&aggregator.data);
        command.arg(programs::caliper()).arg("--data").arg(&aggregator.data).args(arguments);
        Running::start(&mut command).wait(std::time::Duration::from_secs(30))
    };
    let version = serve(&["version"]);
    if !version.status.success() {
        eprintln!("skipped: this machine allows no name spaces ({})", version.sentence());
        return;
    }
    let file = aggregator.data.join("caliper.sqlite");
    let before = fs_err::read(&file).unwrap();
    refused(&serve(&["serve"]), "data folder", "right to write");
    assert_eq!(fs_err::read(&file).unwrap(), before);
    keeps_everything(&aggregator);
}
