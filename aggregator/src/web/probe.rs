//! What load balancers and service managers ask: is the program there, can it read its store.

use axum::extract::State;

use super::{Shared, error::WebError};
use crate::store::view::scans;

/// GET /healthz: the program answers.
pub async fn health() -> &'static str {
    "ok\n"
}

/// GET /readyz: the store can be read.
pub async fn ready(State(state): State<Shared>) -> Result<&'static str, WebError> {
    state.read(|tx| Ok(scans::newest(tx)?)).await.map_err(|_| WebError::NotReady)?;
    Ok("ready\n")
}
