use caliper_proto::wire::{self, enrolment_client::EnrolmentClient, query_client::QueryClient};
use rcgen::{CertificateParams, KeyPair};
use tonic::Code;

use super::aggregator::{Aggregator, now};
use crate::{
    authority::Authority,
    store::{
        agent,
        token::{self, Role},
    },
};

#[tokio::test]
async fn each_token_that_may_not_enter_is_told_why() {
    let aggregator = Aggregator::start().await;
    aggregator.token("once", Role::Agent, 1);
    aggregator.token("revoked", Role::Agent, 1);
    aggregator.store.write(|tx| token::revoke(tx, "revoked", now())).unwrap();
    let enrolled = aggregator.try_enrol("once", "secret").await.unwrap();
    assert_eq!(enrolled.certificate.subject.len(), 36, "a UUID of our choice, not a name the request asked for");
    for (id, secret, code, part) in [
        ("once", "secret", Code::PermissionDenied, "used as often as it may be: ask for a new one"),
        ("once", "wrong", Code::Unauthenticated, "not known here: copy the whole line again"),
        ("nobody", "secret", Code::Unauthenticated, "not known here: copy the whole line again"),
        ("revoked", "secret", Code::PermissionDenied, "was revoked: ask for a new one"),
    ] {
        let status = aggregator.try_enrol(id, secret).await.err().unwrap();
        assert_eq!(status.code(), code, "{status}");
        assert!(status.message().contains(part), "{status}");
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_signed_does_not_use_up_the_token() {
    let aggregator = Aggregator::start().await;
    aggregator.token("once", Role::Agent, 1);
    let mut client = EnrolmentClient::new(aggregator.channel(None).await);
    let request = wire::EnrolRequest {
        token_id: "once".into(),
        token_secret: "secret".into(),
        request: b"garbage".to_vec(),
        host_name: String::new(),
    };
    assert_eq!(client.enrol(request).await.unwrap_err().code(), Code::InvalidArgument);
    aggregator.try_enrol("once", "secret").await.unwrap();
}

#[tokio::test]
async fn renewing_keeps_identity_and_role_and_needs_a_certificate_that_is_not_revoked() {
    let aggregator = Aggregator::start().await;
    let enrolled = aggregator.enrol(Role::Reader).await;
    let renew = async |identity| {
        let key = KeyPair::generate().unwrap();
        let request = CertificateParams::default().serialize_request(&key).unwrap().der().to_vec();
        let mut client = EnrolmentClient::new(aggregator.channel(identity).await);
        client.renew(wire::RenewRequest { request }).await.map(tonic::Response::into_inner)
    };
    let renewed = renew(Some(&enrolled.identity)).await.unwrap();
    assert_eq!(renewed.subject, enrolled.id);
    assert_ne!(renewed.certificate_pem, enrolled.certificate.certificate_pem);
    assert_eq!(renew(None).await.unwrap_err().code(), Code::Unauthenticated);
    aggregator.store.write(|tx| agent::revoke(tx, &enrolled.id, now())).unwrap();
    let status = renew(Some(&enrolled.identity)).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(status.message().contains("revoked by an administrator"), "{status}");
}

#[tokio::test]
async fn roles_are_kept_apart() {
    let aggregator = Aggregator::start().await;
    let (agent, reader) = (aggregator.enrol(Role::Agent).await, aggregator.enrol(Role::Reader).await);
    let status = aggregator.deliver(&reader).await.err().unwrap();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(status.message().contains("this call needs agent"), "{status}");
    let mut query = QueryClient::new(aggregator.channel(Some(&agent.identity)).await);
    assert_eq!(query.list_servers(wire::ListServersRequest {}).await.unwrap_err().code(), Code::PermissionDenied);
    let mut query = QueryClient::new(aggregator.channel(None).await);
    assert_eq!(query.list_servers(wire::ListServersRequest {}).await.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_not_even_heard() {
    let aggregator = Aggregator::start().await;
    let enrolled = aggregator.enrol(Role::Agent).await;
    // the same subject, signed by somebody else
    let folder = tempfile::tempdir().unwrap();
    let other = Authority::open(folder.path(), now()).unwrap();
    let key = KeyPair::generate().unwrap();
    let request = CertificateParams::default().serialize_request(&key).unwrap();
    let forged = other.client(request.der(), &enrolled.id, "agent", now(), 90).unwrap();
    let forged = tonic::transport::Identity::from_pem(forged.pem, key.serialize_pem());
    // TLS 1.3 lets the client finish first: the refusal comes with the connection or with the first call
    if let Ok(channel) = aggregator.try_channel(Some(&forged)).await {
        let renewal = EnrolmentClient::new(channel).renew(wire::RenewRequest::default()).await;
        let status = renewal.unwrap_err();
        assert!(matches!(status.code(), Code::Unavailable | Code::Unknown), "{status:?}");
    }
}
