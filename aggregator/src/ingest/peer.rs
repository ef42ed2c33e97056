//! Who is calling: read from the client certificate, checked against the store.

use std::sync::Arc;

use tonic::{Request, Status};
use x509_parser::parse_x509_certificate;

use super::blocking;
use crate::store::{
    Store,
    agent::{Standing, standing},
    token::Role,
};

/// A caller with a certificate of ours that is not shut out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// UUID given at enrolment.
    pub id: String,
    /// What it may do.
    pub role: Role,
}

/// What a shut-out caller is told.
pub const REVOKED: &str =
    "this certificate was revoked by an administrator of the aggregator: enrol again with a new token";

/// Identifies the caller of `request`.
pub async fn identify<T>(store: &Arc<Store>, request: &Request<T>) -> Result<Peer, Status> {
    let certificates = request.peer_certs();
    let Some(leaf) = certificates.as_ref().and_then(|chain| chain.first()) else {
        return Err(Status::unauthenticated(
            "this call needs a client certificate: enrol with a token first (`caliper token create`)",
        ));
    };
    let (id, claimed) = subject(leaf)
        .ok_or_else(|| Status::unauthenticated("the client certificate names nobody: enrol again with a token"))?;
    let wanted = id.clone();
    let store = Arc::clone(store);
    match blocking(move || store.read(|tx| standing(tx, &wanted))).await? {
        Standing::Good(role) if role == claimed => Ok(Peer { id, role }),
        Standing::Revoked => Err(Status::permission_denied(REVOKED)),
        Standing::Good(_) | Standing::Unknown => Err(Status::permission_denied(
            "the aggregator does not know this certificate, perhaps since a backup was restored: enrol again with a token",
        )),
    }
}

/// Identifies the caller and insists on a role.
pub async fn identify_as<T>(store: &Arc<Store>, request: &Request<T>, role: Role) -> Result<Peer, Status> {
    let peer = identify(store, request).await?;
    if peer.role != role {
        let (has, needs) = (peer.role.name(), role.name());
        return Err(Status::permission_denied(format!(
            "this certificate is for the role {has}, this call needs {needs}: enrol with a token of that role (`caliper token create --role {needs}`)"
        )));
    }
    Ok(peer)
}

/// Identity and role that a certificate states; the TLS layer has checked who signed it.
fn subject(certificate: &[u8]) -> Option<(String, Role)> {
    let (_, certificate) = parse_x509_certificate(certificate).ok()?;
    let subject = certificate.subject();
    let name = subject.iter_common_name().next()?.as_str().ok()?;
    let role = subject.iter_organizational_unit().next()?.as_str().ok()?;
    Some((name.to_owned(), Role::from_name(role)?))
}
