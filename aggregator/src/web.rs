//! The dashboard's pages and the REST API: one router over one table of routes, each with the role it needs.
//!
//! Reads the store through `store::view` and shows what scans wrote there; what is decided on the pages goes to `store::people`.
//! Knows nothing of agents' connections, LDAP or licensing rules. Pages work without JavaScript; nothing is loaded from elsewhere.

mod accounts;
mod agents;
mod api;
mod ask;
mod chart;
mod connection;
mod coverage;
mod devices;
mod error;
mod export;
mod frame;
mod gate;
mod limit;
mod listen;
mod overview;
mod people;
mod position;
mod probe;
mod route;
mod scans;
pub mod secret;
mod servers;
mod sign_in;
pub(crate) mod text;

use std::sync::Arc;

use axum::Router;
use caliper_proto::Instant;
use rusqlite::Transaction;
use tokio::sync::Semaphore;

pub use self::{
    error::WebError,
    listen::{Peer, ServeError, serve},
    sign_in::check_name,
};
use crate::{
    context::Clock,
    identity::Rule,
    scan::{Preview, RuleChange},
    store::{
        Store, StoreError,
        login::{self, Role},
    },
};

/// Runs one scan to its end on the calling thread and returns its id; the argument is the scan's trigger. An error is
/// one sentence for the person who asked.
pub type RunScan = Arc<dyn Fn(&str) -> Result<i64, String> + Send + Sync>;

/// Works out what a change of the rules for accounts would do, on the calling thread. An error is one sentence.
pub type PreviewRule = Arc<dyn Fn(&RuleChange) -> Result<Preview, String> + Send + Sync>;

/// What the pages let be done that needs more than the store.
pub struct Scanner {
    /// Runs a scan.
    pub run: RunScan,
    /// Shows what a rule would change.
    pub preview: PreviewRule,
    /// Rules for accounts that stand in the configuration.
    pub rules: Vec<Rule>,
}

/// Life of an invitation in microseconds: 24 hours.
const INVITATION: i64 = 24 * 3600 * 1_000_000;

/// What every request may use.
pub struct WebState {
    store: Arc<Store>,
    clock: Clock,
    scanner: Scanner,
    tls: bool,
    limiter: limit::Limiter,
    /// Hashing takes memory and time on purpose; two at once are enough for people and too few for a flood.
    hashing: Semaphore,
    /// One scan at a time.
    scanning: Arc<Semaphore>,
}

impl WebState {
    /// `tls`: whether browsers reach the pages by HTTPS, which makes cookies stricter.
    pub fn new(store: Arc<Store>, clock: Clock, scanner: Scanner, tls: bool) -> Self {
        Self {
            store,
            clock,
            scanner,
            tls,
            limiter: limit::Limiter::default(),
            hashing: Semaphore::new(2),
            scanning: Arc::new(Semaphore::new(1)),
        }
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Reads the store away from the threads that serve connections.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, WebError> + Send + 'static,
    ) -> Result<T, WebError> {
        let store = Arc::clone(&self.store);
        tokio::task::spawn_blocking(move || store.read(work)).await.unwrap_or(Err(WebError::Internal))
    }

    /// Writes to the store away from the threads that serve connections.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, WebError> + Send + 'static,
    ) -> Result<T, WebError> {
        let store = Arc::clone(&self.store);
        tokio::task::spawn_blocking(move || store.write(work)).await.unwrap_or(Err(WebError::Internal))
    }

    /// Writes one line of the audit log.
    async fn audit(&self, who: &str, action: &'static str, subject: String) -> Result<(), WebError> {
        let (now, who) = (self.now(), who.to_owned());
        self.write(move |tx| Ok(login::audit(tx, now, &who, action, &subject)?)).await
    }
}

/// The state as handlers share it.
type Shared = Arc<WebState>;

/// All pages and the REST API.
pub fn router(state: WebState) -> Router {
    route::router(Arc::new(state))
}

/// Why no invitation can be made.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// The store refuses.
    #[error("the invitation cannot be stored")]
    Store(#[from] StoreError),
    /// No randomness.
    #[error("the invitation cannot be made")]
    Secret(#[from] secret::SecretError),
}

/// A one-time link for a new person of this role, valid for 24 hours. `base_url` is for example `https://host:8443`.
pub fn invitation_link(store: &Store, base_url: &str, role: Role, now: Instant) -> Result<String, InviteError> {
    let token = secret::token()?;
    let expires = Instant::from_micros(now.micros() + INVITATION).unwrap_or(now);
    store.write(|tx| login::invite(tx, &secret::digest(&token), role, expires))?;
    Ok(format!("{}/invitation/{token}", base_url.trim_end_matches('/')))
}

/// The link `serve` prints while nobody can administrate; `None` once somebody can. Older unused links of the role end.
pub fn first_administrator_link(store: &Store, base_url: &str, now: Instant) -> Result<Option<String>, InviteError> {
    if store.read(login::has_administrator)? {
        return Ok(None);
    }
    store.write(|tx| login::withdraw_invitations(tx, Role::Administrator))?;
    invitation_link(store, base_url, Role::Administrator, now).map(Some)
}

#[cfg(test)]
mod tests;
