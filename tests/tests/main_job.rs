//! The main job end to end: real agents over mutual TLS, a real directory, scans by hand and by schedule; the command
//! line, the REST interface and the lab's truth agree.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use caliper_lab::{
    compare::{Position, compare},
    configuration::{Addresses, configuration},
    directory, evidence,
    plan::Organisation,
    truth::truth,
};
use caliper_tests::{
    agent::Agent,
    aggregator::{Aggregator, Serving},
    process::Running,
    servers::{self, DirectoryServer},
};
use serde_json::Value;

/// An organisation, its directory and an aggregator that every server of the organisation has reported to.
struct Reported {
    organisation: Organisation,
    aggregator: Aggregator,
    serving: Serving,
    _directory: DirectoryServer,
}

/// `None` where Samba cannot run. `cron` says when scans run by themselves.
fn report(folder: &Path, address: &str, seed: u64, cron: &str) -> Option<Reported> {
    let today = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC).date();
    let organisation = Organisation::new(50, seed, today);
    let ldif = folder.join("directory.ldif");
    fs_err::write(&ldif, directory::active_directory(&organisation)).unwrap();
    let server = servers::samba(address, &ldif)?;
    let password = folder.join("password");
    fs_err::write(&password, server.variable("AD_BIND_PW")).unwrap();
    let addresses = Addresses {
        pages: "127.0.0.1:0".parse().unwrap(),
        grpc: "127.0.0.1:0".parse().unwrap(),
        directory: format!("ldaps://{address}"),
        bind: server.variable("AD_BIND_DN").to_owned(),
        authority: server.variable("LDAPTLS_CACERT").into(),
        password_file: password,
        cron: cron.into(),
    };
    let aggregator = Aggregator::new(&folder.join("data"), &configuration(&organisation, &addresses));
    let serving = aggregator.serve();

    let mut running = Vec::new();
    for (at, server) in organisation.servers.iter().enumerate() {
        let (artefacts, token) = (folder.join(server.name), folder.join(format!("{}.token", server.name)));
        fs_err::create_dir_all(&artefacts).unwrap();
        fs_err::write(artefacts.join("report.json"), evidence::report(&organisation, at).to_json()).unwrap();
        aggregator.token(serving.grpc, &token, &["--label", server.name]);
        let agent = Agent::new(&folder.join("agents").join(server.name), &artefacts);
        agent.enroll(&token).succeeded();
        assert!(!token.exists(), "the token was left behind");
        running.push(Running::start(&mut agent.command(&["run", "--once", "--timeout", "40"])));
    }
    for agent in running {
        agent.wait(Duration::from_mins(1)).succeeded();
    }
    aggregator.run(&["directory", "sync"]).succeeded();
    Some(Reported { organisation, aggregator, serving, _directory: server })
}

impl Reported {
    #[track_caller]
    fn is_true(&self, position: &Value) {
        assert_eq!(position["format"], "caliper.position/1");
        let position: Position = serde_json::from_value(position.clone()).unwrap();
        let comparison = compare(&truth(&self.organisation), &position);
        assert!(comparison.equal, "\n{}", comparison.table);
    }

    /// Not only as many licences as in truth, but for the same people and machines: the lab makes sure that there is
    /// only one cheapest answer.
    #[track_caller]
    fn names_the_right_ones(&self) {
        let truth = truth(&self.organisation);
        let store = self.aggregator.read_store();
        let list = |sql: &str| -> Vec<String> {
            let mut select = store.prepare(sql).unwrap();
            let rows = select.query_map([], |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect()
        };
        let accounts = list("SELECT accounts FROM scan_person WHERE scan = 1 AND licence = 'user-cal'");
        let people = truth.people.iter().filter(|person| person.licence == "user-cal").map(|person| &person.login);
        let (mut found, mut expected) = (Vec::new(), people.cloned().collect::<Vec<_>>());
        for accounts in accounts {
            let accounts: Vec<String> = serde_json::from_str(&accounts).unwrap();
            let names: Vec<&str> = accounts.iter().filter_map(|account| account.split('\\').next_back()).collect();
            let of_person = expected.iter().find(|login| names.contains(&login.as_str()));
            found.push(of_person.cloned().unwrap_or_else(|| format!("{names:?}")));
        }
        found.sort();
        expected.sort();
        assert_eq!(found, expected);

        let devices = list("SELECT name FROM scan_device WHERE scan = 1 AND licence = 'device-cal' ORDER BY name");
        let mut expected: Vec<String> = truth.device_cals.iter().map(|name| name.to_lowercase()).collect();
        expected.sort();
        assert_eq!(devices, expected);
    }

    fn latest(&self) -> Value {
        let said = self.aggregator.run(&["report", "--scan", "latest", "--json"]).succeeded().output;
        serde_json::from_str(&said).unwrap()
    }
}

#[test]
fn by_hand_the_command_line_and_rest_tell_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let Some(reported) = report(folder.path(), "127.0.0.72", 7, "0 3 1 1 *") else { return };
    let aggregator = &reported.aggregator;
    aggregator.run(&["scan"]).succeeded();
    let position = reported.latest();
    reported.is_true(&position);
    reported.names_the_right_ones();

    // a program asks over REST, with a token of its own
    let password = folder.path().join("viewer.password");
    fs_err::write(&password, "four words are enough").unwrap();
    let password = password.display().to_string();
    aggregator.run(&["user", "create", "program", "--role", "viewer", "--password-file", &password]).succeeded();
    let token = aggregator.run(&["user", "api-token", "program"]).succeeded().output;
    let url = format!("{}/api/v1/position", reported.serving.pages);
    let bearer = format!("Bearer {}", token.trim());
    let mut answer = ureq::get(&url).header("Authorization", &bearer).call().unwrap();
    assert_eq!(answer.body_mut().read_json::<Value>().unwrap(), position);
    let refused = ureq::get(&url).call();
    assert!(matches!(refused, Err(ureq::Error::StatusCode(401))), "{refused:?}");
}

#[test]
fn by_schedule_scans_come_by_themselves_and_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    // every second
    let Some(reported) = report(folder.path(), "127.0.0.73", 8, "* * * * * *") else { return };
    let scheduled = "SELECT count(*) FROM scan WHERE state = 'done' AND trigger = 'schedule: nightly'";
    let done = || -> i64 {
        reported.aggregator.read_store().query_row(scheduled, [], |row| row.get(0)).expect("there is a table of scans")
    };
    // the next two began after everything had arrived
    let (already, until) = (done(), Instant::now() + Duration::from_secs(40));
    while done() < already + 3 {
        assert!(Instant::now() < until, "no scan came by schedule: {}", reported.serving.process.errors());
        thread::park_timeout(Duration::from_millis(100));
    }
    reported.is_true(&reported.latest());
}
