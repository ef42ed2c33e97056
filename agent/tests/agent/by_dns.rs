//! An aggregator that has moved, or that the token does not name, and is found by DNS. The name service is a fake: a function that
//! answers what a test says, or, where the agent asks by itself, a name server made for the purpose.

use std::sync::Mutex;

use caliper_agent::{
    connection::{Route, ServiceRecord, Trouble},
    doctor::{self, Check, State},
    enroll::{self, EnrolError},
    run::RunError,
};
use caliper_proto::EnrolToken;

use crate::{
    fake::Fake,
    place::{Place, report},
};

/// What the fake name service answers; each test has one of its own, as a function cannot hold anything.
type Answer = Mutex<Result<Vec<ServiceRecord>, String>>;

fn record(priority: u16, address: &str) -> ServiceRecord {
    let (target, port) = address.rsplit_once(':').unwrap();
    ServiceRecord { priority, weight: 0, port: port.parse().unwrap(), target: target.into() }
}

/// An address at which nobody listens.
fn nowhere() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

async fn moved(fake: &Fake) -> Place {
    let place = Place::enrolled(fake).await;
    place.configure(&report(3));
    let identity = caliper_agent::identity::Identity { address: nowhere(), ..place.identity() };
    identity.save(&place.folder()).unwrap();
    place
}

fn state(checks: &[Check], name: &str) -> Vec<State> {
    checks.iter().filter(|check| check.name == name).map(|check| check.state).collect()
}

#[tokio::test]
async fn targets_are_tried_in_order_and_delivery_renewal_and_the_check_up_find_the_one() {
    static ANSWER: Answer = Mutex::new(Ok(Vec::new()));
    let (fake, impostor) = (Fake::start().await, Fake::start().await);
    let mut place = moved(&fake).await;
    place.environment.services = || ANSWER.lock().unwrap().clone();
    let here = fake.address.to_string();
    let records = [record(30, &here), record(10, &nowhere()), record(20, &impostor.address.to_string())];
    *ANSWER.lock().unwrap() = Ok(records.to_vec());
    let kept = place.identity().address;

    fake.memory().lifetime = (90, 1); // to be renewed at once
    enroll::enrol(
        &EnrolToken { address: kept.clone(), ..fake.token() },
        &Route::default(),
        &place.folder(),
        &place.environment,
    )
    .await
    .unwrap();
    fake.memory().lifetime = (1, 90);
    place.deliver(report(3)).await.unwrap();
    assert_eq!(fake.memory().rows.len(), 3);
    assert_eq!(fake.memory().renewals, 1);
    assert_eq!(
        place.identity().address,
        kept,
        "where it was found is not kept: the address of the token is asked first again"
    );
    assert!(
        impostor.memory().hellos.is_empty(),
        "DNS names an address, and the token's authority decides who is there"
    );

    let checks = doctor::examine(None, &place.environment).await;
    assert!(checks.iter().all(|check| check.state != State::Failed), "{checks:?}");
    assert_eq!(state(&checks, "port"), [State::Warning, State::Warning, State::Ok, State::Ok], "{checks:?}");
    assert_eq!(state(&checks, "tls"), [State::Warning, State::Ok], "{checks:?}");
    let found = checks.iter().find(|check| check.name == "service record").unwrap();
    assert!(found.finding.starts_with("`_caliper._tcp` of this computer's domain names 127.0.0.1:"), "{found:?}");
    assert!(found.finding.ends_with(&here), "{found:?}");
}

#[tokio::test]
async fn where_nothing_leads_there_the_sentence_is_about_the_address_of_the_token() {
    static ANSWER: Answer = Mutex::new(Ok(Vec::new()));
    let fake = Fake::start().await;
    let mut place = moved(&fake).await;
    place.environment.services = || ANSWER.lock().unwrap().clone();
    let address = place.identity().address;
    for answer in [Ok(Vec::new()), Err("the name service is away".to_owned()), Ok(vec![record(1, &nowhere())])] {
        *ANSWER.lock().unwrap() = answer;
        let ended =
            place.run(report(1)).once(Some(std::time::Duration::from_millis(700)), std::future::pending()).await;
        let RunError::Timeout { because, .. } = ended.unwrap_err() else { panic!("an outage passes") };
        assert!(because.contains(&format!("cannot reach the aggregator at {address}")), "{because}");
        let checks = doctor::examine(None, &place.environment).await;
        assert_eq!(checks.iter().filter(|check| check.state == State::Failed).count(), 1, "{checks:?}");
    }
}

/// Elsewhere than on Windows the agent asks name servers by itself.
#[cfg(not(windows))]
#[tokio::test]
async fn a_name_server_is_asked_over_the_network() {
    use crate::name_server::FakeNameServer;
    use caliper_agent::connection::NameService;

    static SERVER: Mutex<Option<FakeNameServer>> = Mutex::new(None);
    let fake = Fake::start().await;
    let server = FakeNameServer::start(([127, 0, 0, 1], 0).into(), "localhost", fake.address.port()).unwrap();
    *SERVER.lock().unwrap() = Some(server);
    let mut place = moved(&fake).await;
    place.environment.services = || {
        let server = SERVER.lock().unwrap();
        NameService(vec![server.as_ref().unwrap().address]).services("_caliper._tcp.example.org", 5)
    };
    place.deliver(report(2)).await.unwrap();
    assert_eq!(fake.memory().rows.len(), 2);
    assert_eq!(SERVER.lock().unwrap().as_ref().unwrap().asked(), ["SRV _caliper._tcp.example.org"]);
}

#[tokio::test]
async fn a_token_without_an_address_leads_where_dns_or_the_configuration_says() {
    static ANSWER: Answer = Mutex::new(Ok(Vec::new()));
    let fake = Fake::start().await;
    let token = EnrolToken { address: String::new(), ..fake.token() };
    let mut place = Place::new();
    place.environment.services = || ANSWER.lock().unwrap().clone();
    let folder = place.folder();
    for answer in [Ok(Vec::new()), Err("the name service is away".to_owned()), Ok(vec![record(1, &nowhere())])] {
        *ANSWER.lock().unwrap() = answer;
        let error = enroll::enrol(&token, &Route::default(), &folder, &place.environment).await.unwrap_err();
        assert!(matches!(error, EnrolError::Trouble(Trouble::Nowhere)), "{error}");
    }
    folder.prepare().unwrap();
    fs_err::write(folder.token(), token.to_line()).unwrap();
    *ANSWER.lock().unwrap() = Ok(Vec::new());
    let checks = doctor::examine(None, &place.environment).await;
    assert_eq!(state(&checks, "service record"), [State::Failed], "{checks:?}");

    *ANSWER.lock().unwrap() = Ok(vec![record(1, &fake.address.to_string())]);
    let checks = doctor::examine(None, &place.environment).await;
    assert!(checks.iter().all(|check| check.state != State::Failed), "{checks:?}");
    assert_eq!(state(&checks, "token"), [State::Ok], "{checks:?}");
    enroll::enrol(&token, &Route::default(), &folder, &place.environment).await.unwrap();
    assert_eq!(place.identity().address, "", "where it was found is not kept");
    place.deliver(report(1)).await.unwrap();
    assert_eq!(fake.memory().rows.len(), 1);

    // and where the configuration names it, nobody is asked
    place.environment.services = || panic!("nobody is to be asked");
    let route = Route { server: Some(fake.address.to_string()), ..Route::default() };
    enroll::enrol(&token, &route, &folder, &place.environment).await.unwrap();
    fs_err::write(&place.environment.config, format!("server = '{}'\n", fake.address)).unwrap();
    place.deliver(report(2)).await.unwrap();
    assert_eq!(fake.memory().rows.len(), 3);
}

#[tokio::test]
async fn an_address_of_the_configuration_is_the_last_word() {
    let fake = Fake::start().await;
    let mut place = moved(&fake).await;
    place.environment.services = || panic!("nobody is to be asked");
    let route = Route { server: Some(nowhere()), ..Route::default() };
    let error = enroll::enrol(&fake.token(), &route, &place.folder(), &place.environment).await.unwrap_err();
    assert!(matches!(error, EnrolError::Trouble(Trouble::Outage { .. })), "{error}");
    // and where the token leads there, DNS is not asked either
    enroll::enrol(&fake.token(), &Route::default(), &place.folder(), &place.environment).await.unwrap();
    place.deliver(report(1)).await.unwrap();
}
