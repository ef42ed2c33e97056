//! The program as people and scripts meet it: what it prints, where, and how it ends.

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

use caliper_proto::{EnrolToken, Report};
use tonic::Status;

use crate::{
    fake::{Authority, Conduct, Fake, SECRET},
    place::{Place, report, started},
};

/// A command line that uses the configuration of the place.
fn agent(place: &Place, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caliper-agent"));
    command.arg("--config").arg(&place.environment.config).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn run(place: &Place, arguments: &[&str]) -> Answer {
    run_with(place, arguments, "").await
}

async fn run_with(place: &Place, arguments: &[&str], input: &str) -> Answer {
    let (mut command, input) = (agent(place, arguments), input.to_owned());
    let work = move || {
        let mut child = started(&mut command);
        // a program that does not read its input closes it, which is fine
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    };
    Answer(tokio::task::spawn_blocking(work).await.unwrap())
}

struct Answer(Output);

impl Answer {
    fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    /// The last line of standard error: the sentence.
    fn sentence(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).lines().last().unwrap_or_default().to_owned()
    }
}

fn configured() -> Place {
    let place = Place::new();
    place.configure(&report(9));
    place
}

#[tokio::test]
async fn help_names_every_command_and_never_takes_a_secret() {
    let place = configured();
    let help = run(&place, &["--help"]).await;
    assert_eq!(help.code(), 0);
    for line in [
        "collect  Collect once and show the result; nothing is sent",
        "enroll   Exchange a token of the aggregator for a certificate",
        "run      Collect and deliver, until stopped",
        "doctor   Check everything that delivery needs and say what to do",
        "config   Show or check the configuration",
        "version  Print the version",
    ] {
        assert!(help.out().contains(line), "{line}\nis missing in\n{}", help.out());
    }
    let enroll = run(&place, &["enroll", "--help"]).await.out();
    assert!(enroll.contains("--token-file <FILE>") && !enroll.contains("--token <"), "{enroll}");
    for wrong in
        [&["frobnicate"] as &[&str], &["enroll"], &["run", "--timeout", "5"], &["collect", "--json", "--output", "x"]]
    {
        assert_eq!(run(&place, wrong).await.code(), 2, "{wrong:?}");
    }
}

#[tokio::test]
async fn version_is_printed_for_people_and_programs() {
    let place = configured();
    assert_eq!(run(&place, &["version"]).await.out(), format!("caliper-agent {}\n", env!("CARGO_PKG_VERSION")));
    let json: serde_json::Value = serde_json::from_str(&run(&place, &["version", "--json"]).await.out()).unwrap();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn collect_shows_a_summary_the_contract_or_a_file() {
    let place = configured();
    let evidence = place.path("evidence").display().to_string();
    let json = run(&place, &["collect", "--from", &evidence, "--json"]).await;
    assert_eq!(json.code(), 0, "{}", json.sentence());
    assert_eq!(Report::from_json(&json.out()).unwrap().accesses, report(9).accesses);
    let file = place.path("report.json").display().to_string();
    assert_eq!(run(&place, &["collect", "--output", &file]).await.code(), 0);
    assert_eq!(Report::from_json(&fs_err::read_to_string(&file).unwrap()).unwrap().accesses, report(9).accesses);
    let summary = run(&place, &["collect"]).await.out();
    assert!(summary.contains("server      SRV1 lab.net\n"), "{summary}");
    assert!(summary.contains("accesses    9 rows, 3 principals, 9 clients\n"), "{summary}");
    let missing = run(&place, &["collect", "--from", "/nowhere/at/all"]).await;
    assert_eq!(missing.code(), 1);
    assert!(missing.sentence().contains("/nowhere/at/all"), "{}", missing.sentence());
}

/// The shell bounds the size of files, which refuses as a full disk does.
#[tokio::test]
#[cfg(unix)]
async fn a_disk_without_room_for_what_memory_cannot_hold_is_said_and_then_all_is_delivered() {
    let fake = Fake::start().await;
    let place = Place::enrolled(&fake).await;
    place.configure(&report(20_000));
    let run = |most: &str| {
        let mut shell = std::process::Command::new("sh");
        let script = format!("trap '' XFSZ; ulimit -f {most}; exec \"$0\" --config \"$1\" run --once");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_caliper-agent")]).arg(&place.environment.config);
        tokio::task::spawn_blocking(move || shell.output().unwrap())
    };
    let refused = run("8").await.unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot be kept on disk: free some space"), "{said}");
    assert!(fake.memory().rows.is_empty(), "no part of a collection");
    // what a power cut may leave where files without names are not to be had
    fs_err::create_dir_all(place.folder().scratch()).unwrap();
    fs_err::write(place.folder().scratch().join(".tmp123"), "stale").unwrap();
    let done = run("unlimited").await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let [came, truth] = [fake.memory().rows.clone(), report(20_000).accesses].map(caliper_proto::merge_all);
    assert!(came == truth);
    assert_eq!(fs_err::read_dir(place.folder().scratch()).unwrap().count(), 0);
}

#[tokio::test]
#[cfg(unix)]
async fn a_report_goes_into_the_folder_one_stands_in_and_never_replaces_a_device() {
    let place = configured();
    let mut command = agent(&place, &["collect", "--output", "report.json"]);
    command.current_dir(place.path(""));
    let done = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let written = fs_err::read_to_string(place.path("report.json")).unwrap();

    let link = place.path("device");
    std::os::unix::fs::symlink("/dev/stdout", &link).unwrap();
    let printed = run(&place, &["collect", "--output", &link.display().to_string()]).await;
    assert_eq!((printed.code(), printed.out()), (0, written));
    assert!(fs_err::symlink_metadata(&link).unwrap().is_symlink());
}

#[tokio::test]
async fn the_configuration_is_shown_with_its_origins_and_checked() {
    let place = configured();
    let show = run(&place, &["config", "show"]).await.out();
    let config = place.environment.config.display();
    assert!(show.contains(&format!("({config}, line 1)")) && show.contains("(default)"), "{show}");
    let json: serde_json::Value =
        serde_json::from_str(&run(&place, &["config", "show", "--json"]).await.out()).unwrap();
    let every = serde_json::json!({"key": "collect.every", "value": "6h", "origin": "default"});
    assert!(json.as_array().unwrap().contains(&every), "{json}");
    let check = run(&place, &["config", "check"]).await;
    assert_eq!((check.code(), check.out()), (0, format!("{config} is correct\n")));

    fs_err::write(&place.environment.config, "[collect]\nevry = '6h'\n").unwrap();
    for command in [&["config", "check"] as &[&str], &["run"], &["collect"]] {
        let answer = run(&place, command).await;
        assert_eq!(answer.code(), 2);
        let expected = format!(
            "caliper-agent: {config}, line 2: `collect.evry`: unknown field `evry`, expected one of `every`, `at`, \
             `jitter`, `from`; correct the line, then run `caliper-agent config check`"
        );
        assert_eq!(answer.sentence(), expected);
    }
    fs_err::remove_file(&place.environment.config).unwrap();
    let absent = run(&place, &["config", "check"]).await;
    assert_eq!(absent.code(), 2, "a file that was named must exist");
}

#[tokio::test]
async fn a_first_configuration_is_written_once() {
    let place = Place::new();
    let config = place.environment.config.display().to_string();
    let init = async |level: &str| {
        run(&place, &["config", "init", "--server", "", "--token-file", "", "--log-level", level]).await
    };
    let wrong = init("loud").await;
    assert_eq!(wrong.code(), 2, "{}", wrong.sentence());
    assert_eq!(init("debug").await.out(), format!("{config} is written\n"));
    assert_eq!(init("trace").await.out(), format!("{config} is there already and stays as it is\n"));
    assert_eq!(fs_err::read_to_string(&place.environment.config).unwrap(), "[log]\nlevel = \"debug\"\n");
}

#[tokio::test]
async fn enroll_reads_the_token_from_a_file_and_deletes_it_or_from_standard_input() {
    let fake = Fake::start().await;
    let place = configured();
    let file = place.path("token");
    fs_err::write(&file, format!("{}\n", fake.token().to_line())).unwrap();
    let answer = run(&place, &["enroll", "--token-file", &file.display().to_string()]).await;
    assert_eq!(answer.code(), 0, "{}", answer.sentence());
    assert_eq!(answer.out(), format!("enrolled at {} as 6c1b5f0e-0000-4000-8000-000000000001\n", fake.address));
    assert!(!file.exists());
    let unnamed = EnrolToken { address: String::new(), ..fake.token() }.to_line();
    let told =
        run_with(&place, &["enroll", "--token-file", "-", "--server", &fake.address.to_string()], &unnamed).await;
    assert_eq!((told.out(), place.identity().address), (answer.out(), fake.address.to_string()), "and it is kept");
    let wrong = run_with(&place, &["enroll", "--token-file", "-", "--server", "nowhere"], &unnamed).await;
    assert_eq!(wrong.code(), 2, "{}", wrong.sentence());
    let again = run_with(&place, &["enroll", "--token-file", "-"], &fake.token().to_line()).await;
    assert_eq!(again.code(), 0, "{}", again.sentence());
    assert_eq!(run(&place, &["run", "--once"]).await.code(), 0);
    assert_eq!(fake.memory().rows, report(9).accesses);
}

#[tokio::test]
async fn every_failure_has_its_sentence_and_its_exit_code() {
    let fake = Fake::start().await;
    let place = configured();
    let enroll = ["enroll", "--token-file", "-"];

    let answer = run(&place, &["run"]).await;
    assert_eq!(answer.code(), 3);
    let expected = "caliper-agent: this agent is not enrolled: run `caliper-agent enroll --token-file FILE`";
    assert_eq!(answer.sentence(), expected);

    let answer = run_with(&place, &enroll, "caliper1.garbage").await;
    assert_eq!(answer.code(), 1);
    assert!(answer.sentence().contains("copy the whole line"), "{}", answer.sentence());

    let foreign = EnrolToken { authority: Authority::new().certificate.der().to_vec(), ..fake.token() };
    let answer = run_with(&place, &enroll, &foreign.to_line()).await;
    assert_eq!(answer.code(), 5);
    assert!(answer.sentence().contains("not from the authority this agent trusts"), "{}", answer.sentence());

    let wrong = EnrolToken { secret: "wrong".into(), ..fake.token() };
    let answer = run_with(&place, &enroll, &wrong.to_line()).await;
    assert_eq!(answer.code(), 5);
    let expected = format!(
        "caliper-agent: the aggregator at {} does not accept the token: the token is not known here: ask for a new one",
        fake.address
    );
    assert_eq!(answer.sentence(), expected);

    let closed = EnrolToken { address: "127.0.0.1:9".into(), ..fake.token() };
    let answer = run_with(&place, &enroll, &closed.to_line()).await;
    assert_eq!(answer.code(), 4);
    assert!(
        answer.sentence().ends_with("check that it runs, the name, the port and the firewall"),
        "{}",
        answer.sentence()
    );

    assert_eq!(run_with(&place, &enroll, &fake.token().to_line()).await.code(), 0);
    fake.conduct([Conduct::Refuse(Status::unavailable("starting"))]);
    let answer = run(&place, &["run", "--once", "--timeout", "1"]).await;
    assert_eq!(answer.code(), 6);
    assert!(answer.sentence().contains("2 messages stay queued"), "{}", answer.sentence());
    fake.conduct([Conduct::Refuse(Status::permission_denied("left the company"))]);
    let answer = run(&place, &["run", "--once"]).await;
    assert_eq!(answer.code(), 5);
    assert!(answer.sentence().contains("turns this agent away: left the company"), "{}", answer.sentence());
    let everything = format!("{:?}", answer.0);
    assert!(!everything.contains(SECRET) && !everything.contains("PRIVATE KEY"));
}

#[tokio::test]
async fn doctor_goes_through_everything_and_fails_where_something_fails() {
    let fake = Fake::start().await;
    let place = configured();
    let names = |answer: &Answer| -> Vec<(String, String)> {
        let checks: serde_json::Value = serde_json::from_str(&answer.out()).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        checks.as_array().unwrap().iter().map(|check| (text(&check["name"]), text(&check["state"]))).collect()
    };
    let before = run(&place, &["doctor", "--json"]).await;
    assert_eq!(before.code(), 1);
    assert!(names(&before).contains(&("identity".into(), "failed".into())));

    assert_eq!(run_with(&place, &["enroll", "--token-file", "-"], &fake.token().to_line()).await.code(), 0);
    let healthy = run(&place, &["doctor", "--json"]).await;
    let expected = [
        "configuration",
        "state folder",
        "queue",
        "evidence",
        "identity",
        "clock",
        "certificate",
        "name",
        "port",
        "tls",
        "delivery",
        "clocks",
    ];
    assert_eq!(names(&healthy), expected.map(|name| (name.to_owned(), "ok".to_owned())));
    assert_eq!(healthy.code(), 0);

    assert!(fake.memory().hellos.is_empty(), "a stream would take the place of the running agent's");

    fake.memory().refusal = Some(Status::permission_denied("left the company"));
    let revoked = run(&place, &["doctor"]).await;
    assert_eq!(revoked.code(), 1);
    assert!(revoked.out().contains("failed   delivery           the aggregator at"), "{}", revoked.out());
    assert!(revoked.sentence().ends_with("at least one check failed: do what its line says"));

    drop(fake);
    fs_err::write(&place.environment.config, "server = '127.0.0.1:9'\nstate = '").unwrap();
    let config = fs_err::read_to_string(&place.environment.config).unwrap();
    let state = place.environment.state.display();
    fs_err::write(&place.environment.config, format!("{config}{state}'\n")).unwrap();
    let closed = run(&place, &["doctor", "--json"]).await;
    assert_eq!(names(&closed).last(), Some(&("port".into(), "failed".into())));
}
