//! Enrolment: a token becomes a certificate, and a certificate becomes the next one.

use std::{io, path::Path};

use caliper_proto::{EnrolToken, Instant, TokenError, wire};
use tonic::{Code, Status};
use wire::enrolment_client::EnrolmentClient;

use crate::{
    connection::{Route, Target, Trouble},
    environment::Environment,
    identity::{Identity, IdentityError, Request},
    sentence::sentence,
    settings::Settings,
    state::Folder,
    uplink::Backoff,
};

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The token cannot be read.
    #[error("cannot read the token: name the file that holds it with `--token-file`")]
    ReadToken(#[source] io::Error),
    /// The text is no token.
    #[error("this is not an enrolment token: copy the whole line that the aggregator printed")]
    NoToken(#[source] TokenError),
    /// The folder for the result cannot be written. Found before the token is used.
    #[error("cannot write the state folder: run as administrator or set `state`; the token was not used")]
    Folder(#[source] io::Error),
    /// The aggregator says no: wrong, expired or used up.
    #[error("the aggregator at {address} does not accept the token: {message}")]
    Token {
        /// `host:port`.
        address: String,
        /// The aggregator's words, which end with what to do.
        message: String,
    },
    /// The aggregator answers with something else than a certificate for our key.
    #[error("the aggregator at {0} answered with a certificate that is not for this agent's key: see its log")]
    ForeignCertificate(String),
    /// No talking to it.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// The key or the certificate cannot be made or kept.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Reads a token from a file, or from `input` for `-`.
pub fn read_token(file: &Path, input: impl io::Read) -> Result<EnrolToken, EnrolError> {
    use io::Read as _;
    const MOST: u64 = 64 << 10;
    let mut text = String::new();
    let read = if file == Path::new("-") {
        input.take(MOST).read_to_string(&mut text)
    } else {
        fs_err::File::open(file).and_then(|file| file.take(MOST).read_to_string(&mut text))
    };
    read.map_err(EnrolError::ReadToken)?;
    EnrolToken::from_line(&text).map_err(EnrolError::NoToken)
}

/// Exchanges a token for an identity and keeps it in the state folder.
pub async fn enrol(
    token: &EnrolToken,
    route: &Route,
    folder: &Folder,
    environment: &Environment,
) -> Result<Identity, EnrolError> {
    // a token can be used up: find out before that the answer can be kept
    folder.prepare().map_err(EnrolError::Folder)?;
    let request = Request::new(&environment.host_name)?;
    let target = Target::of_token(token, route);
    let message = wire::EnrolRequest {
        token_id: token.id.clone(),
        token_secret: token.secret.clone(),
        request: request.der.clone(),
        host_name: environment.host_name.clone(),
    };
    let (channel, target) = target.reach(None, environment).await?;
    let answer = EnrolmentClient::new(channel).enrol(message).await.map_err(|status| refusal(&target, &status))?;
    let stays = Target { address: token.address.clone(), ..target };
    keep(answer.into_inner(), request, &stays, folder)
}

/// A sentence about a new identity.
#[must_use]
pub fn done(identity: &Identity) -> String {
    let Identity { address, subject, .. } = identity;
    match address.as_str() {
        "" => format!("enrolled as {subject}"),
        address => format!("enrolled at {address} as {subject}"),
    }
}

/// Waits for an identity: until somebody enrols, or a token in the state folder is accepted, which is then deleted.
///
/// For a service, which may be installed before there is a token or a network.
pub async fn awaited(
    folder: &Folder,
    settings: &mut Settings,
    environment: &Environment,
    mut backoff: Backoff,
) -> Result<Identity, IdentityError> {
    loop {
        settings.look();
        match Identity::load(folder) {
            Err(IdentityError::Missing) => {}
            found => return found,
        }
        if folder.token().exists() {
            match with_kept_token(folder, &settings.config().route(), environment).await {
                Ok(identity) => return Ok(identity),
                Err(error) => tracing::error!("{}", sentence(&error)),
            }
        } else {
            tracing::error!("{}", IdentityError::Missing);
        }
        tokio::time::sleep(backoff.next((environment.random)())).await;
    }
}

async fn with_kept_token(folder: &Folder, route: &Route, environment: &Environment) -> Result<Identity, EnrolError> {
    let path = folder.token();
    let token = read_token(&path, io::empty())?;
    let identity = enrol(&token, route, folder, environment).await?;
    tracing::info!("{}", done(&identity));
    if let Err(error) = fs_err::remove_file(&path) {
        tracing::warn!("enrolled, but the token file is still there: delete it yourself ({error})");
    }
    Ok(identity)
}

/// Renews the certificate with a new key.
pub async fn renew(
    identity: &Identity,
    target: &Target,
    folder: &Folder,
    environment: &Environment,
) -> Result<Identity, EnrolError> {
    let request = Request::new(&environment.host_name)?;
    let (channel, target) = target.reach(Some(identity), environment).await?;
    let message = wire::RenewRequest { request: request.der.clone() };
    let answer = EnrolmentClient::new(channel)
        .renew(message)
        .await
        .map_err(|status| Trouble::of_status(&target.address, &status))?;
    let stays = Target { address: identity.address.clone(), ..target };
    keep(answer.into_inner(), request, &stays, folder)
}

/// Whether the certificate should be renewed now.
#[must_use]
pub fn is_due(identity: &Identity, now: Instant) -> bool {
    identity.validity().is_some_and(|validity| validity.is_due(now))
}

fn keep(answer: wire::Certificate, request: Request, target: &Target, folder: &Folder) -> Result<Identity, EnrolError> {
    if !request.is_answered_by(&answer.certificate_pem) {
        return Err(EnrolError::ForeignCertificate(target.address.clone()));
    }
    let authority = Some(answer.authority_pem).filter(|pem| !pem.is_empty());
    let identity = Identity {
        address: target.address.clone(),
        name: target.name.clone(),
        subject: answer.subject,
        certificate_pem: answer.certificate_pem,
        authority_pem: authority.unwrap_or_else(|| target.authority_pem.clone()),
        key_pem: request.key_pem,
    };
    identity.save(folder)?;
    Ok(identity)
}

fn refusal(target: &Target, status: &Status) -> EnrolError {
    match status.code() {
        Code::Unauthenticated | Code::PermissionDenied | Code::FailedPrecondition | Code::ResourceExhausted => {
            EnrolError::Token { address: target.address.clone(), message: status.message().into() }
        }
        _ => EnrolError::Trouble(Trouble::of_status(&target.address, status)),
    }
}
