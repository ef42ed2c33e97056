//! The REST API under `/api/v1`, for programs: the same lists as the pages as JSON. `openapi.json` describes it.
//!
//! Lists are cut by an opaque cursor; errors are problem documents; a position carries an entity tag.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use super::{Shared, agents, ask::Ask, devices, error::WebError, people, scans, secret, servers};
use crate::store::{
    login::Visitor,
    view::{self, Listing, Rows, scans as stored},
};

const OPENAPI: &str = include_str!("../../openapi.json");

/// One piece of a list.
#[derive(Serialize)]
struct Piece<T> {
    items: Vec<T>,
    /// Where the next piece begins; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Answers with the rows after the cursor in the order of their keys.
async fn piece<L>(state: &Shared, ask: &Ask, listing: L, key: impl Fn(&L::Item) -> String) -> Result<Response, WebError>
where
    L: Listing,
    L::Item: Serialize,
{
    let wrong = || WebError::BadRequest("`cursor` is none that this list gave: start without one".into());
    let limit = ask.limit()?;
    let after = URL_SAFE_NO_PAD.decode(&ask.cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let rows = Rows::After { key: after.ok_or_else(wrong)?, take: limit + 1 };
    let mut items = state.read(move |tx| Ok(view::rows(tx, &listing, L::SORTS[0], &rows)?)).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(key(last)));
    Ok(Json(Piece { items, next }).into_response())
}

/// Number of the scan a list is about.
async fn scan_number(state: &Shared, ask: &Ask) -> Result<i64, WebError> {
    Ok(scans::shown_scan(state, ask).await?.ok_or_else(people::nothing)?.id)
}

/// GET /api/v1/openapi.json
pub async fn openapi() -> Response {
    json_text(OPENAPI.to_owned())
}

fn json_text(text: String) -> Response {
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// GET /api/v1/position: the bytes the scan stored, as `caliper report --json` prints them.
pub async fn position(
    State(state): State<Shared>,
    headers: HeaderMap,
    Query(ask): Query<Ask>,
) -> Result<Response, WebError> {
    let id = scan_number(&state, &ask).await?;
    let text = scans::find(&state, id).await?.1.ok_or_else(people::nothing)?;
    let digest = secret::digest(&text);
    let tag =
        HeaderValue::try_from(format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest))).map_err(|_| WebError::Internal)?;
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag);
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { json_text(text) };
    response.headers_mut().insert(header::ETAG, tag);
    // kept, but asked for again each time
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}

/// GET /api/v1/scans
pub async fn scans(State(state): State<Shared>, Query(ask): Query<Ask>) -> Result<Response, WebError> {
    piece(&state, &ask, scans::scans(&ask), |scan| scan.id.to_string()).await
}

/// POST /api/v1/scans: runs a scan to its end and answers with it.
pub async fn run_scan(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, WebError> {
    // its own task: a scan goes on when the one who asked hangs up
    let run = tokio::spawn(scans::run(Arc::clone(&state), visitor.name, "api"));
    let id = run.await.map_err(|_| WebError::Internal)??;
    let (scan, _) = scans::find(&state, id).await?;
    let place = HeaderValue::try_from(format!("/api/v1/scans/{id}")).map_err(|_| WebError::Internal)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(scan)).into_response())
}

/// GET /api/v1/scans/{scan}
pub async fn scan(State(state): State<Shared>, Path(id): Path<i64>) -> Result<Json<stored::Scan>, WebError> {
    Ok(Json(scans::find(&state, id).await?.0))
}

/// GET /api/v1/servers
pub async fn servers(State(state): State<Shared>, Query(ask): Query<Ask>) -> Result<Response, WebError> {
    piece(&state, &ask, servers::servers(&ask), |server| server.id.to_string()).await
}

/// GET /api/v1/people
pub async fn people(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Query(ask): Query<Ask>,
) -> Result<Response, WebError> {
    let scan = scan_number(&state, &ask).await?;
    state.audit(&visitor.name, "read people over REST", format!("scan {scan}")).await?;
    piece(&state, &ask, people::people(&ask, scan), |person| person.person.clone()).await
}

/// GET /api/v1/devices
pub async fn devices(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Query(ask): Query<Ask>,
) -> Result<Response, WebError> {
    let scan = scan_number(&state, &ask).await?;
    state.audit(&visitor.name, "read devices over REST", format!("scan {scan}")).await?;
    piece(&state, &ask, devices::devices(&ask, scan), |device| device.device.clone()).await
}

/// GET /api/v1/agents
pub async fn agents(State(state): State<Shared>, Query(ask): Query<Ask>) -> Result<Response, WebError> {
    piece(&state, &ask, agents::agents(&ask, state.now()), |agent| agent.id.clone()).await
}
