//! Through a proxy, which is a fake, to an aggregator, with TLS all the way: what works, and what is told where it does not.

use caliper_agent::{
    connection::Trouble,
    doctor::{self, Check, State},
    enroll::{self, EnrolError},
    run::RunError,
};
use caliper_proto::EnrolToken;

use crate::{
    fake::Fake,
    place::{Place, report},
    proxy::{FakeProxy, Manner},
};

/// An agent that is enrolled and then told to use the proxy.
async fn behind(fake: &Fake, proxy: &str) -> Place {
    let place = Place::enrolled(fake).await;
    place.configure(&report(3));
    let file = fs_err::read_to_string(&place.environment.config).unwrap();
    fs_err::write(&place.environment.config, format!("proxy = '{proxy}'\n{file}")).unwrap();
    place
}

async fn failure(place: &Place) -> Check {
    let checks = doctor::examine(None, &place.environment).await;
    let mut failed: Vec<Check> = checks.into_iter().filter(|check| check.state == State::Failed).collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    failed.remove(0)
}

#[tokio::test]
async fn enrolment_renewal_delivery_and_the_check_up_go_through_it() {
    let fake = Fake::start().await;
    let proxy = FakeProxy::start(Manner::Connects);
    let place = behind(&fake, &proxy.url()).await;
    let config = caliper_agent::config::Config::load(None, &place.environment).unwrap();
    fake.memory().lifetime = (90, 1); // to be renewed at once
    enroll::enrol(&fake.token(), &config.route(), &place.folder(), &place.environment).await.unwrap();
    assert_eq!(place.identity().address, fake.address.to_string(), "the address of the token, not of the proxy");
    fake.memory().lifetime = (1, 90);
    place.deliver(report(3)).await.unwrap();
    assert_eq!(fake.memory().rows.len(), 3);
    assert_eq!(fake.memory().renewals, 1);
    let checks = doctor::examine(None, &place.environment).await;
    assert!(checks.iter().all(|check| check.state == State::Ok), "{checks:?}");
    let names: Vec<&str> = checks.iter().map(|check| check.name).collect();
    assert!(names.contains(&"proxy") && !names.contains(&"name") && !names.contains(&"port"), "{names:?}");
    let line = format!("CONNECT {} HTTP/1.1", fake.address);
    // enrolment, renewal, delivery, and two of the check-up
    assert_eq!(proxy.asked(), vec![line; 5]);
}

#[tokio::test]
async fn each_way_to_fail_has_a_sentence_of_its_own() {
    let fake = Fake::start().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let place = behind(&fake, &format!("http://{closed}")).await;
    let found = failure(&place).await;
    let sentence = format!("cannot reach the proxy http://{closed} (");
    assert!(found.name == "proxy" && found.finding.starts_with(&sentence), "{found:?}");
    assert!(found.finding.ends_with("check `proxy` in the configuration, that it runs, and the firewall"), "{found:?}");

    for (answer, part) in [
        ("HTTP/1.1 407 Proxy Authentication Required", "which this agent does not send: let it connect there without"),
        ("HTTP/1.1 403 Forbidden", "let it connect to this address and port"),
        ("HTTP/1.1 504 Gateway Timeout", "it cannot reach the aggregator"),
        ("220 mail.example.org ESMTP", "it is no HTTP proxy"),
    ] {
        let proxy = FakeProxy::start(Manner::Answers(answer));
        let place = behind(&fake, &proxy.url()).await;
        let found = failure(&place).await;
        let start =
            format!("the proxy {} does not connect to the aggregator at {} (`{answer}`): ", proxy.url(), fake.address);
        assert!(
            found.name == "proxy" && found.finding.starts_with(&start) && found.finding.contains(part),
            "{found:?}"
        );
        // and delivery says the same
        let ended = place.run(report(1)).once(Some(std::time::Duration::from_secs(1)), std::future::pending()).await;
        match ended.unwrap_err() {
            RunError::Trouble(trouble @ Trouble::Barred { passes: false, .. }) => {
                assert_eq!(trouble.to_string(), found.finding);
            }
            RunError::Timeout { because, .. } => assert_eq!(because, format!("; {}", found.finding)),
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn broken_tls_behind_it_is_not_blamed_on_reaching_it() {
    let fake = Fake::start().await;
    for (instead, part) in [
        (
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            "something that speaks HTTP and not TLS answers there (`HTTP/1.1 400 Bad Request`)",
        ),
        (b"", "the connection is closed before TLS begins"),
    ] {
        let proxy = FakeProxy::start(Manner::Instead(instead));
        let place = behind(&fake, &proxy.url()).await;
        let checks = doctor::examine(None, &place.environment).await;
        assert!(checks.iter().any(|check| check.name == "proxy" && check.state == State::Ok), "{checks:?}");
        let found = failure(&place).await;
        assert!(found.name == "tls" && found.finding.contains(part), "{found:?}");
        assert!(found.finding.contains(&format!("{} through the proxy {}", fake.address, proxy.url())), "{found:?}");
    }
    // a proxy that opens TLS, or anything else with another authority, is not trusted
    let proxy = FakeProxy::start(Manner::Connects);
    let place = behind(&fake, &proxy.url()).await;
    let config = caliper_agent::config::Config::load(None, &place.environment).unwrap();
    let other = Fake::start().await;
    let token = EnrolToken { authority: other.token().authority, ..fake.token() };
    let error = enroll::enrol(&token, &config.route(), &place.folder(), &place.environment).await.unwrap_err();
    assert!(matches!(error, EnrolError::Trouble(Trouble::ForeignAuthority(_))), "{error}");
}
