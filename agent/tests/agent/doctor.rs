//! The check-up against real causes: each is named in one sentence that ends with what to do.

use std::io::{Read as _, Write as _};

use caliper_agent::{
    doctor::{self, Check, State},
    identity::Identity,
    limit, queue,
};
use caliper_proto::Instant;
use tonic::Status;

use crate::{
    fake::{Authority, Conduct, Fake, NAME},
    place::{Place, report},
};

async fn checks(place: &Place) -> Vec<Check> {
    doctor::examine(None, &place.environment).await
}

/// The one check that failed.
async fn failure(place: &Place) -> Check {
    let checks = checks(place).await;
    let mut failed: Vec<Check> = checks.into_iter().filter(|check| check.state == State::Failed).collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    failed.remove(0)
}

fn says(check: &Check, name: &str, parts: &[&str]) {
    assert_eq!(check.name, name, "{}", check.finding);
    for part in parts {
        assert!(check.finding.contains(part), "{}\nlacks\n{part}", check.finding);
    }
}

fn at(place: &Place, address: &str) {
    let (state, evidence) = (place.environment.state.display(), place.path("evidence").display().to_string());
    let text = format!("server = '{address}'\nstate = '{state}'\n[collect]\nfrom = '{evidence}'\n");
    fs_err::write(&place.environment.config, text).unwrap();
}

async fn enrolled(fake: &Fake) -> Place {
    let place = Place::enrolled(fake).await;
    place.configure(&report(1));
    place
}

/// Answers every connection with these bytes and closes it.
fn answering(answer: &'static [u8]) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if !answer.is_empty() {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer);
            }
        }
    });
    address
}

#[tokio::test]
async fn a_name_nobody_knows_and_a_port_nobody_listens_at() {
    let fake = Fake::start().await;
    let place = enrolled(&fake).await;
    at(&place, "no-such-host.invalid:8444");
    let failed = failure(&place).await;
    says(&failed, "name", &["no-such-host.invalid:8444 is not known (", "check `server` in the configuration"]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = listener.local_addr().unwrap().to_string();
    drop(listener);
    at(&place, &closed);
    let failed = failure(&place).await;
    says(&failed, "port", &[&closed, "refused", "check that the aggregator runs, the port and the firewall"]);
}

#[tokio::test]
async fn a_certificate_of_another_authority_names_who_issued_it() {
    let fake = Fake::start().await;
    let place = enrolled(&fake).await;
    let other = Authority::new().certificate.pem();
    Identity { authority_pem: other, ..place.identity() }.save(&place.folder()).unwrap();
    let failed = failure(&place).await;
    let parts =
        ["not from the authority this agent trusts", "issued by `CN=rcgen self signed cert`", "except the aggregator"];
    says(&failed, "tls", &parts);
}

#[tokio::test]
async fn a_proxy_in_between_is_told_from_an_aggregator_that_is_down() {
    let fake = Fake::start().await;
    let place = enrolled(&fake).await;
    let proxy = answering(b"HTTP/1.1 400 Bad Request\r\nVia: 1.1 proxy7\r\nContent-Length: 0\r\n\r\n");
    at(&place, &proxy);
    let failed = failure(&place).await;
    says(
        &failed,
        "tls",
        &["speaks HTTP and not TLS", "`HTTP/1.1 400 Bad Request`", "connect to the aggregator directly"],
    );
    at(&place, &answering(b""));
    says(&failure(&place).await, "tls", &["closed before TLS begins", "let it through"]);
}

/// The certificates are valid all the time; only the clocks differ.
#[tokio::test]
async fn a_clock_that_is_wrong_by_an_hour_is_seen_by_the_aggregators() {
    let fake = Fake::start().await;
    let mut place = enrolled(&fake).await;
    place.environment.now = || Instant::from_micros(jiff::Timestamp::now().as_microsecond() + 3_600_000_000).unwrap();
    says(&failure(&place).await, "clocks", &["seconds ahead of the aggregator's: set the clock that is wrong"]);
    place.environment.now = || Instant::from_micros(jiff::Timestamp::now().as_microsecond() - 3_600_000_000).unwrap();
    says(&failure(&place).await, "clocks", &["seconds behind the aggregator's"]);
    place.environment.now = || Instant::from_micros(0).unwrap();
    let failed = checks(&place).await;
    let clock = failed.iter().find(|check| check.name == "clock").unwrap();
    says(clock, "clock", &["1970-01-01", "before the certificate was made", "set this computer's clock"]);
}

#[tokio::test]
async fn a_certificate_of_the_aggregator_that_is_not_valid_now() {
    let fake = Fake::start_with((10, -1), NAME).await;
    let place = Place::new();
    place.configure(&report(1));
    place.folder().prepare().unwrap();
    fs_err::write(place.folder().token(), fake.token().to_line()).unwrap();
    says(&failure(&place).await, "tls", &["not valid at this computer's time: set this computer's clock"]);
}

#[tokio::test]
async fn a_token_that_waits_is_tried_without_being_used() {
    let fake = Fake::start().await;
    let place = Place::new();
    place.configure(&report(1));
    place.folder().prepare().unwrap();
    fs_err::write(place.folder().token(), fake.token().to_line()).unwrap();
    let well = checks(&place).await;
    assert!(well.iter().all(|check| check.state != State::Failed), "{well:?}");
    assert!(well.iter().any(|check| check.name == "token" && check.state == State::Ok), "{well:?}");
    assert!(!place.folder().identity().exists() && place.folder().token().exists());

    fake.memory().refusal = Some(Status::permission_denied("the token ended on 2026-11-20: ask for a new one"));
    let failed = failure(&place).await;
    says(&failed, "token", &["does not accept the token: the token ended on 2026-11-20: ask for a new one"]);
    fs_err::write(place.folder().token(), "caliper1.half").unwrap();
    says(&failure(&place).await, "token", &["copy the whole line"]);
}

#[tokio::test]
async fn a_queue_without_room() {
    let fake = Fake::start().await;
    let place = enrolled(&fake).await;
    let config = fs_err::read_to_string(&place.environment.config).unwrap();
    fs_err::write(&place.environment.config, format!("{config}[queue]\nmax_bytes = 1048576\n")).unwrap();
    let mut queue = queue::open(&place.folder().queue(), 1 << 20).unwrap();
    while queue.writer.append(|_| vec![0; 5_000]).is_ok() {}
    queue.writer.commit().unwrap();
    drop(queue);
    says(&failure(&place).await, "queue", &["full: new evidence is given up", "raise `queue.max_bytes`"]);
}

#[tokio::test]
async fn an_agent_that_ended_itself_for_memory() {
    let fake = Fake::start().await;
    let place = enrolled(&fake).await;
    let now = (place.environment.now)();
    limit::Ended::note(&place.folder(), now, 600_000_000).unwrap();
    limit::Ended::note(&place.folder(), now, 700_000_000).unwrap();
    let found = checks(&place).await.into_iter().find(|check| check.name == "memory").unwrap();
    assert_eq!(found.state, State::Warning);
    says(&found, "memory", &["2 times in a row", "700000000 bytes", "raise `limit.memory` and report it"]);
}

#[tokio::test]
async fn evidence_that_is_not_there() {
    let fake = Fake::start().await;
    let place = enrolled(&fake).await;
    fs_err::remove_dir_all(place.path("evidence")).unwrap();
    says(&failure(&place).await, "evidence", &["evidence", "correct `collect.from`, or the permissions"]);
    fs_err::create_dir(place.path("evidence")).unwrap();
    says(&failure(&place).await, "evidence", &["is empty: copy artefacts into it"]);
}

/// As another account than the one whose folder it is.
#[tokio::test]
#[cfg(unix)]
async fn a_folder_that_this_account_may_not_use() {
    use std::os::unix::{fs::PermissionsExt as _, process::CommandExt as _};
    const NOBODY: u32 = 65_534;
    let fake = Fake::start().await;
    let place = enrolled(&fake).await;
    let open = std::fs::Permissions::from_mode(0o755);
    fs_err::set_permissions(place.dir.path(), open).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_caliper-agent"));
    command.arg("--config").arg(&place.environment.config).arg("doctor").uid(NOBODY).current_dir("/");
    let ran = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let Ok(output) = ran else {
        eprintln!("skipped: only root can try what another account may not do");
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.contains("state folder")).unwrap();
    assert!(line.starts_with("failed") && line.contains("cannot be written (Permission denied"), "{text}");
    assert!(line.ends_with("run as the account of the agent, or correct the permissions"), "{text}");
}

#[tokio::test]
async fn an_agent_that_was_shut_out_or_whose_certificate_ended() {
    let fake = Fake::start().await;
    let place = enrolled(&fake).await;
    fake.conduct([Conduct::Acknowledge]);
    fake.memory().refusal = Some(Status::permission_denied("this certificate was revoked: enrol again"));
    says(&failure(&place).await, "delivery", &["turns this agent away: this certificate was revoked: enrol again"]);
    fake.memory().refusal = None;
    fake.memory().lifetime = (10, -1);
    let place = enrolled(&fake).await;
    let failed = checks(&place).await;
    let certificate = failed.iter().find(|check| check.name == "certificate").unwrap();
    says(certificate, "certificate", &["ended on", "if the clock is right, enrol with a new token"]);
    let refused = failed.iter().find(|check| check.name == "tls" && check.state == State::Failed);
    let refused = refused.or_else(|| failed.iter().find(|check| check.name == "delivery")).unwrap();
    assert!(refused.finding.contains("does not accept this agent's certificate, which is expired"), "{refused:?}");
}
