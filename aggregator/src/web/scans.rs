//! Scans: the history, one of them with its position, and the button that runs one.

use std::{sync::Arc, time::Duration};

use askama::Template;
use axum::{
    Extension,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};

use super::{
    Shared,
    ask::{Ask, Choice, Pager, choices, pager},
    error::WebError,
    export::{Table, csv},
    frame::{Frame, page},
    overview::read_position,
    position::{self, PositionView},
    text::{Count, When, took},
};
use crate::store::{
    login::Visitor,
    view::{
        self, Listing,
        scans::{self, Scan, Scans},
    },
};

/// How long the button waits for a scan before it shows the list with the scan still running.
const PATIENCE: Duration = Duration::from_secs(2);

/// The scan whose rows a list shows.
#[derive(Clone)]
pub struct ScanShown {
    /// Number.
    pub id: i64,
    /// When it ended.
    pub finished: When,
    /// Whether the address named it, so that links must name it, too.
    pub named: bool,
}

/// The scan an address asks for, or the latest that came to an end; `None` if there is none yet.
pub async fn shown_scan(state: &Shared, ask: &Ask) -> Result<Option<ScanShown>, WebError> {
    let wanted = ask.scan()?;
    let found = state
        .read(move |tx| match wanted {
            None => Ok(scans::latest_done(tx, None)?),
            Some(id) => {
                let done = Scans { state: "done".into(), ..Scans::default() };
                let none = || WebError::NotFound(format!("there is no finished scan {id}"));
                view::one(tx, &done, id)?.map(Some).ok_or_else(none)
            }
        })
        .await?;
    Ok(found.map(|scan| ScanShown { id: scan.id, finished: When(scan.finished), named: wanted.is_some() }))
}

#[derive(Template)]
#[template(path = "scans.html")]
struct ScansPage {
    frame: Frame,
    states: Vec<Choice>,
    triggers: Vec<Choice>,
    pager: Pager,
    rows: Vec<ScanRow>,
}

#[derive(Template)]
#[template(path = "scan.html")]
struct ScanPage {
    frame: Frame,
    scan: ScanRow,
    position: Option<PositionView>,
}

/// A scan in words.
struct ScanRow {
    started: When,
    took: String,
    people: Count,
    devices: Count,
    servers: Count,
    row: Scan,
}

fn words(row: Scan) -> ScanRow {
    ScanRow {
        started: When(Some(row.started)),
        took: row.finished.map(|finished| took(row.started, finished)).unwrap_or_default(),
        people: Count(row.people),
        devices: Count(row.devices),
        servers: Count(row.servers),
        row,
    }
}

/// The list an address asks for.
pub fn scans(ask: &Ask) -> Scans {
    Scans { state: ask.state.clone(), trigger: ask.trigger.clone(), below: None }
}

/// GET /scans
pub async fn list(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Query(ask): Query<Ask>,
) -> Result<Response, WebError> {
    let (total, found) = ask.find(&state, scans(&ask)).await?;
    let all = [("", "Any"), ("done", "Done"), ("running", "Running"), ("failed", "Failed")];
    page(&ScansPage {
        frame: Frame::new("Scans", "/scans", visitor),
        states: choices(&ask.state, &all),
        triggers: choices(&ask.trigger, &[("", "Any"), ("hand", "By hand"), ("schedule", "Schedule"), ("api", "REST")]),
        pager: pager(&ask, "/scans", total),
        rows: found.into_iter().map(words).collect(),
    })
}

/// GET /scans.csv
pub async fn export(State(state): State<Shared>, Query(ask): Query<Ask>) -> Result<Response, WebError> {
    csv(&state, "scans", scans(&ask), ask.order(Scans::SORTS))
}

/// GET /scans/{scan}
pub async fn scan(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<i64>,
) -> Result<Response, WebError> {
    let (row, position) = find(&state, id).await?;
    page(&ScanPage {
        frame: Frame::new(format!("Scan {id}"), "/scans", visitor),
        position: position.map(|text| read_position(Some(text), id)).transpose()?.map(|data| position::view(&data, id)),
        scan: words(row),
    })
}

/// A scan and, once it is done, its position as stored.
pub async fn find(state: &Shared, id: i64) -> Result<(Scan, Option<String>), WebError> {
    state
        .read(move |tx| {
            let none = || WebError::NotFound(format!("there is no scan {id}"));
            let scan = view::one(tx, &Scans::default(), id)?.ok_or_else(none)?;
            Ok((scan, scans::position(tx, id)?))
        })
        .await
}

/// POST /scans
pub async fn run_by_hand(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, WebError> {
    let running = tokio::spawn(run(Arc::clone(&state), visitor.name, "hand"));
    let target = match tokio::time::timeout(PATIENCE, running).await {
        Ok(Ok(id)) => format!("/scans/{}", id?),
        Ok(Err(_)) => return Err(WebError::Internal),
        // it goes on by itself and is in the list
        Err(_) => "/scans".to_owned(),
    };
    Ok(Redirect::to(&target).into_response())
}

/// Runs one scan to its end. It goes on when the one who asked hangs up.
pub async fn run(state: Shared, who: String, trigger: &'static str) -> Result<i64, WebError> {
    let busy = || WebError::Conflict("a scan is running already: wait until it is done".into());
    let place = Arc::clone(&state.scanning).try_acquire_owned().map_err(|_| busy())?;
    state.audit(&who, "ran a scan", trigger.to_owned()).await?;
    let run_scan = Arc::clone(&state.scanner.run);
    let done = tokio::task::spawn_blocking(move || {
        let done = run_scan(trigger);
        drop(place);
        done
    });
    done.await.map_err(|_| WebError::Internal)?.map_err(WebError::Conflict)
}

impl Table for Scans {
    const HEADINGS: &'static [&'static str] = &[
        "scan",
        "started",
        "finished",
        "trigger",
        "state",
        "failure",
        "people",
        "devices",
        "servers",
        "cost_minor",
        "estate_sha256",
    ];

    fn record(row: Scan) -> Vec<String> {
        vec![
            row.id.to_string(),
            When(Some(row.started)).iso(),
            When(row.finished).iso(),
            row.trigger,
            row.state,
            row.failure,
            row.people.to_string(),
            row.devices.to_string(),
            row.servers.to_string(),
            row.cost_minor.to_string(),
            row.estate_sha256,
        ]
    }
}
