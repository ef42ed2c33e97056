//! From a token to a certificate, and every way in which that fails.

use caliper_agent::{
    config::Config,
    connection::{Route, Trouble},
    enroll::{self, EnrolError},
    identity::Identity,
    run::RunError,
    settings::Settings,
    uplink::Backoff,
};
use caliper_proto::{EnrolToken, Instant};
use tokio::net::TcpListener;
use tonic::Status;

use crate::{
    fake::{Authority, Fake, NAME},
    place::{Place, report},
};

async fn trouble(token: &EnrolToken) -> Trouble {
    match enroll::enrol(token, &Route::default(), &Place::new().folder(), &Place::new().environment).await {
        Err(EnrolError::Trouble(trouble)) => trouble,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_token_becomes_an_identity_with_a_key_of_its_own() {
    let fake = Fake::start().await;
    let place = Place::enrolled(&fake).await;
    let identity = place.identity();
    assert_eq!(identity.address, fake.address.to_string());
    assert_eq!(identity.subject, "6c1b5f0e-0000-4000-8000-000000000001");
    assert!(identity.is_consistent());
    assert_ne!(Place::enrolled(&fake).await.identity().key_pem, identity.key_pem);
}

#[tokio::test]
async fn a_token_that_the_aggregator_refuses_is_told_in_its_words() {
    let fake = Fake::start().await;
    let refusals = [Status::unauthenticated("it expired yesterday"), Status::permission_denied("it is used up")];
    for status in refusals {
        fake.memory().refusal = Some(status.clone());
        let place = Place::new();
        let error =
            enroll::enrol(&fake.token(), &Route::default(), &place.folder(), &place.environment).await.unwrap_err();
        assert!(matches!(&error, EnrolError::Token { message, .. } if message == status.message()), "{error}");
        assert!(!place.folder().identity().exists());
    }
    fake.memory().refusal = None;
    let wrong = EnrolToken { secret: "wrong-secret".into(), ..fake.token() };
    let error = enroll::enrol(&wrong, &Route::default(), &Place::new().folder(), &Place::new().environment)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.ends_with("the token is not known here: ask for a new one"), "{error}");
    assert!(!error.contains("wrong-secret"));
}

#[tokio::test]
async fn a_foreign_authority_a_wrong_name_a_wrong_clock_and_a_closed_port_are_told_apart() {
    let fake = Fake::start().await;
    let address = fake.address.to_string();
    let foreign = EnrolToken { authority: Authority::new().certificate.der().to_vec(), ..fake.token() };
    assert_eq!(trouble(&foreign).await, Trouble::ForeignAuthority(address.clone()));
    let misnamed = EnrolToken { name: "somebody-else".into(), ..fake.token() };
    assert_eq!(trouble(&misnamed).await, Trouble::WrongName(address));
    for lifetime in [(10, -1), (-1, 10)] {
        let wrong_time = Fake::start_with(lifetime, NAME).await;
        assert_eq!(trouble(&wrong_time.token()).await, Trouble::Clock(wrong_time.address.to_string()));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = EnrolToken { address: listener.local_addr().unwrap().to_string(), ..fake.token() };
    drop(listener);
    let found = trouble(&closed).await;
    assert!(matches!(&found, Trouble::Outage { detail, .. } if detail.contains("refused")), "{found}");
    assert_eq!(fake.memory().enrolments, 0, "nobody was told the secret");
}

/// As a service does it, which may be there before its token is good.
#[tokio::test]
async fn a_token_in_the_state_folder_is_tried_until_it_is_accepted_and_then_deleted() {
    let fake = Fake::start().await;
    fake.memory().refusal = Some(Status::unauthenticated("ask for a new one"));
    let place = Place::new();
    let folder = place.folder();
    folder.prepare().unwrap();
    let elsewhere = EnrolToken { address: "127.0.0.1:1".into(), ..fake.token() };
    fs_err::write(folder.token(), elsewhere.to_line()).unwrap();
    let relent = async {
        while fake.memory().enrolments < 3 {
            tokio::task::yield_now().await;
        }
        assert!(folder.token().exists());
        fake.memory().refusal = None;
    };
    let config = Config::load(None, &place.environment).unwrap();
    let mut settings = Settings::new(None, place.environment.clone(), config);
    // set right while it waits
    fs_err::write(&place.environment.config, format!("server = '{}'\n", fake.address)).unwrap();
    let awaited = enroll::awaited(&folder, &mut settings, &place.environment, Backoff::default());
    let (identity, ()) = tokio::join!(awaited, relent);
    assert_eq!(identity.unwrap(), place.identity());
    assert!(!folder.token().exists());
    let again = enroll::awaited(&folder, &mut settings, &place.environment, Backoff::default()).await.unwrap();
    assert_eq!((again, fake.memory().enrolments), (place.identity(), 4), "an identity needs no token");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_found_before_the_token_is_used() {
    let fake = Fake::start().await;
    let place = Place::new();
    fs_err::write(place.path("state"), "a file where the folder should be").unwrap();
    let error = enroll::enrol(&fake.token(), &Route::default(), &place.folder(), &place.environment).await.unwrap_err();
    assert!(matches!(error, EnrolError::Folder(_)), "{error}");
    assert_eq!(fake.memory().enrolments, 0);
}

#[tokio::test]
async fn a_certificate_near_its_end_is_renewed_with_a_new_key_before_delivery() {
    let fake = Fake::start().await;
    fake.memory().lifetime = (80, 10);
    let place = Place::enrolled(&fake).await;
    let before = place.identity();
    fake.memory().lifetime = (1, 90);
    place.deliver(report(1)).await.unwrap();
    place.deliver(report(2)).await.unwrap();
    let after = place.identity();
    assert_eq!(fake.memory().renewals, 1);
    assert_eq!(fake.memory().hellos.len(), 2);
    assert!(after.is_consistent() && after.key_pem != before.key_pem);
    assert!(after.validity().unwrap().until > before.validity().unwrap().until);
}

#[tokio::test]
async fn a_renewal_that_fails_does_not_hold_up_delivery() {
    let fake = Fake::start().await;
    fake.memory().lifetime = (80, 10);
    let place = Place::enrolled(&fake).await;
    let before = place.identity();
    fake.memory().refusal = Some(Status::internal("the authority is locked"));
    place.deliver(report(1)).await.unwrap();
    assert_eq!(fake.memory().renewals, 1);
    assert_eq!(place.identity(), before);
}

#[tokio::test]
async fn an_agent_knows_that_its_certificate_or_its_clock_is_wrong_without_asking() {
    let fake = Fake::start().await;
    let mut place = Place::enrolled(&fake).await;
    place.environment.now = || Instant::from_micros(0).unwrap(); // 1970
    let early = place.deliver(report(1)).await.unwrap_err();
    assert!(matches!(early, RunError::Trouble(Trouble::NotYet(..))), "{early}");
    place.environment.now = || Instant::from_micros(4_102_444_800_000_000).unwrap(); // 2100
    let late = place.deliver(report(1)).await.unwrap_err();
    assert!(matches!(late, RunError::Trouble(Trouble::Expired(..))), "{late}");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_and_told() {
    let (fake, other) = (Fake::start().await, Fake::start().await);
    let place = Place::enrolled(&fake).await;
    let theirs = Place::enrolled(&other).await.identity();
    let mixed =
        Identity { address: other.address.to_string(), authority_pem: theirs.authority_pem, ..place.identity() };
    mixed.save(&place.folder()).unwrap();
    let error = place.deliver(report(1)).await.unwrap_err();
    assert!(matches!(&error, RunError::Trouble(Trouble::Refused(..))), "{error}");
    assert!(other.memory().hellos.is_empty());
}
