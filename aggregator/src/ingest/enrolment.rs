//! The enrolment service: a token for a certificate, a certificate for a fresh one.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, PoisonError},
};

use caliper_proto::{
    Instant, printable,
    wire::{self, enrolment_server::Enrolment},
};
use tonic::{Request, Response, Status};

use super::{blocking, peer};
use crate::{
    authority::{Authority, AuthorityError, ClientCertificate},
    context::Clock,
    sentence::sentence,
    store::{Store, StoreError, agent, token},
};

/// Failed enrolments from one address in one minute, after which the address must wait.
const MOST_FAILURES: u32 = 10;
const MINUTE: i64 = 60_000_000;
/// Addresses whose failures are remembered.
const MOST_ADDRESSES: usize = 10_000;
/// Longest host name kept, in characters.
const LONGEST_HOST_NAME: usize = 255;

/// The service.
pub struct Service {
    store: Arc<Store>,
    authority: Arc<Authority>,
    clock: Clock,
    days: u32,
    failures: Mutex<Failures>,
}

impl Service {
    /// Certificates will be valid for `days`.
    pub fn new(store: Arc<Store>, authority: Arc<Authority>, clock: Clock, days: u32) -> Self {
        Self { store, authority, clock, days, failures: Mutex::default() }
    }

    fn answer(&self, id: String, signed: ClientCertificate) -> Response<wire::Certificate> {
        Response::new(wire::Certificate {
            certificate_pem: signed.pem,
            authority_pem: self.authority.certificate_pem().to_owned(),
            subject: id,
            expires_micros: signed.expires.micros(),
        })
    }
}

#[tonic::async_trait]
impl Enrolment for Service {
    async fn enrol(&self, request: Request<wire::EnrolRequest>) -> Result<Response<wire::Certificate>, Status> {
        let now = self.clock.now();
        let address = request.remote_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip());
        let failures = || self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures().exhausted(address, now) {
            return Err(Status::resource_exhausted(
                "too many failed enrolments from this address: wait a minute, then try again with the right token",
            ));
        }
        let request = request.into_inner();
        let (store, authority, days) = (Arc::clone(&self.store), Arc::clone(&self.authority), self.days);
        // the aggregator decides who the newcomer is, whatever its request says (invariant 5)
        let id = uuid::Uuid::new_v4().to_string();
        let newcomer = id.clone();
        let outcome = blocking(move || {
            let admitted = store.write(|tx| admit(tx, &authority, &newcomer, &request, now, days));
            match admitted {
                Ok(signed) => Ok(Ok(signed)),
                Err(Denied::Store(error)) => Err(error),
                Err(denied) => Ok(Err(denied)),
            }
        })
        .await?;
        outcome.map(|signed| self.answer(id, signed)).map_err(|denied| {
            failures().note(address, now);
            denied.into()
        })
    }

    async fn renew(&self, request: Request<wire::RenewRequest>) -> Result<Response<wire::Certificate>, Status> {
        let caller = peer::identify(&self.store, &request).await?;
        let now = self.clock.now();
        let request = request.into_inner().request;
        let signed = self
            .authority
            .client(&request, &caller.id, caller.role.name(), now, self.days)
            .map_err(|error| Status::from(Denied::Authority(error)))?;
        let (store, id) = (Arc::clone(&self.store), caller.id.clone());
        let (serial, expires) = (signed.serial.clone(), signed.expires);
        blocking(move || store.write(|tx| agent::renew(tx, &id, &serial, expires))).await?;
        Ok(self.answer(caller.id, signed))
    }
}

/// Why nobody was let in; the transaction with the token's use is undone.
enum Denied {
    Store(StoreError),
    Token(token::Refused),
    Authority(AuthorityError),
}

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Denied> for Status {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Store(error) => super::unavailable(&error),
            Denied::Token(refused @ token::Refused::Unknown) => Self::unauthenticated(refused.to_string()),
            Denied::Token(refused) => Self::permission_denied(refused.to_string()),
            Denied::Authority(error @ AuthorityError::Request(_)) => Self::invalid_argument(sentence(&error)),
            Denied::Authority(error) => {
                tracing::error!("{}", sentence(&error));
                Self::internal("the aggregator cannot sign certificates: its log says why")
            }
        }
    }
}

fn admit(
    tx: &rusqlite::Transaction<'_>,
    authority: &Authority,
    id: &str,
    request: &wire::EnrolRequest,
    now: Instant,
    days: u32,
) -> Result<ClientCertificate, Denied> {
    let role = token::spend(tx, &request.token_id, &request.token_secret, now)?.map_err(Denied::Token)?;
    let signed = authority.client(&request.request, id, role.name(), now, days).map_err(Denied::Authority)?;
    let host_name = printable(request.host_name.chars().take(LONGEST_HOST_NAME).collect());
    let newcomer = agent::Newcomer {
        id,
        role,
        token: &request.token_id,
        host_name: &host_name,
        serial: &signed.serial,
        expires: signed.expires,
    };
    agent::insert(tx, &newcomer, now)?;
    Ok(signed)
}

/// Failed enrolments by address: how many since when.
#[derive(Default)]
struct Failures(HashMap<IpAddr, (u32, Instant)>);

impl Failures {
    fn exhausted(&self, address: IpAddr, now: Instant) -> bool {
        self.0.get(&address).is_some_and(|(count, since)| *count >= MOST_FAILURES && recent(*since, now))
    }

    fn note(&mut self, address: IpAddr, now: Instant) {
        if self.0.len() >= MOST_ADDRESSES {
            self.0.retain(|_, (_, since)| recent(*since, now));
        }
        if self.0.len() >= MOST_ADDRESSES {
            self.0.clear();
        }
        let (count, since) = self.0.entry(address).or_insert((0, now));
        if !recent(*since, now) {
            (*count, *since) = (0, now);
        }
        *count += 1;
    }
}

fn recent(since: Instant, now: Instant) -> bool {
    now.micros().saturating_sub(since.micros()) < MINUTE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_failures_in_a_minute_close_the_door_for_that_address_only() {
        let at = |micros| Instant::from_micros(micros).unwrap();
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let mut failures = Failures::default();
        for _ in 0..MOST_FAILURES {
            assert!(!failures.exhausted(one, at(5)));
            failures.note(one, at(5));
        }
        assert!(failures.exhausted(one, at(MINUTE + 4)) && !failures.exhausted(other, at(5)));
        assert!(!failures.exhausted(one, at(MINUTE + 5)));
        failures.note(one, at(MINUTE + 5));
        assert!(!failures.exhausted(one, at(MINUTE + 5)), "counting starts again");
    }
}
