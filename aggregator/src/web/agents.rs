//! Agents and enrolment: how each agent is doing, and the button that revokes one.

use askama::Template;
use axum::{
    Extension,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use caliper_proto::Instant;

use super::{
    Shared,
    ask::{Ask, Choice, Column, Pager, choices, columns, pager},
    error::WebError,
    export::{Table, csv},
    frame::{Frame, page},
    overview::{ENDING, SILENT, earlier},
    text::{Count, When, ago, bytes},
};
use crate::store::{
    agent,
    login::{self, Visitor},
    view::{
        Listing,
        agents::{Agent, Agents},
    },
};

#[derive(Template)]
#[template(path = "agents.html")]
struct AgentsPage {
    frame: Frame,
    ask: Ask,
    states: Vec<Choice>,
    columns: Vec<Column>,
    pager: Pager,
    rows: Vec<AgentRow>,
}

/// An agent in words.
struct AgentRow {
    /// As in the filter.
    state: &'static str,
    label: &'static str,
    seen: When,
    seen_ago: String,
    queue: String,
    dropped: Count,
    certificate: String,
    row: Agent,
}

/// The first thing that is the matter, most serious first: key and words.
fn state(row: &Agent, now: Instant) -> (&'static str, &'static str) {
    if row.revoked.is_some() {
        ("revoked", "Revoked")
    } else if row.last_seen.unwrap_or(row.enrolled) < earlier(now, SILENT) {
        ("silent", "Silent")
    } else if row.dropped_messages > 0 {
        ("dropping", "Dropped messages")
    } else if row.certificate_expires < earlier(now, -ENDING) {
        ("ending", "Certificate ending")
    } else {
        ("well", "Well")
    }
}

fn words(row: Agent, now: Instant) -> AgentRow {
    let (state, label) = state(&row, now);
    AgentRow {
        state,
        label,
        seen: When(row.last_seen),
        seen_ago: row.last_seen.map_or_else(|| "never".to_owned(), |seen| ago(seen, now)),
        queue: if row.queued_messages == 0 {
            "empty".to_owned()
        } else {
            format!("{} ({})", Count(row.queued_messages), bytes(row.queued_bytes))
        },
        dropped: Count(row.dropped_messages),
        certificate: When(Some(row.certificate_expires)).day(),
        row,
    }
}

/// The list an address asks for.
pub fn agents(ask: &Ask, now: Instant) -> Agents {
    Agents {
        text: ask.q.trim().to_owned(),
        site: ask.site.trim().to_owned(),
        tag: ask.tag.trim().to_owned(),
        state: ask.state.clone(),
        since: earlier(now, SILENT),
        soon: earlier(now, -ENDING),
    }
}

/// GET /agents
pub async fn list(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Query(ask): Query<Ask>,
) -> Result<Response, WebError> {
    let now = state.now();
    let (total, found) = ask.find(&state, agents(&ask, now)).await?;
    let states = [
        ("", "Any"),
        ("well", "Well"),
        ("silent", "Silent"),
        ("dropping", "Dropped messages"),
        ("ending", "Certificate ending"),
        ("revoked", "Revoked"),
    ];
    let mut wanted = vec![
        ("Server", "name", false),
        ("Site and tags", "site", false),
        ("State", "", false),
        ("Last seen", "last", false),
        ("Waiting", "queue", true),
        ("Dropped", "dropped", true),
        ("Version", "", false),
        ("Certificate until", "certificate", false),
    ];
    let frame = Frame::new("Agents", "/agents", visitor);
    if frame.operator() {
        wanted.push(("Action", "", false));
    }
    page(&AgentsPage {
        frame,
        states: choices(&ask.state, &states),
        columns: columns(&ask, "/agents", Agents::SORTS, &wanted),
        pager: pager(&ask, "/agents", total),
        rows: found.into_iter().map(|row| words(row, now)).collect(),
        ask,
    })
}

/// GET /agents.csv
pub async fn export(State(state): State<Shared>, Query(ask): Query<Ask>) -> Result<Response, WebError> {
    csv(&state, "agents", agents(&ask, state.now()), ask.order(Agents::SORTS))
}

/// POST /agents/{agent}/revoke
pub async fn revoke(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    let now = state.now();
    state
        .write(move |tx| {
            if !agent::revoke(tx, &id, now)? {
                return Err(WebError::NotFound("there is no such agent, or it is revoked already".into()));
            }
            Ok(login::audit(tx, now, &visitor.name, "revoked an agent", &id)?)
        })
        .await?;
    Ok(Redirect::to("/agents?state=revoked").into_response())
}

impl Table for Agents {
    const HEADINGS: &'static [&'static str] = &[
        "agent",
        "server",
        "label",
        "site",
        "tags",
        "version",
        "enrolled",
        "last_seen",
        "queued_messages",
        "queued_bytes",
        "dropped_messages",
        "certificate_expires",
        "revoked",
    ];

    fn record(row: Agent) -> Vec<String> {
        vec![
            row.id,
            row.host_name,
            row.label,
            row.site,
            row.tags.join(", "),
            row.version.unwrap_or_default(),
            When(Some(row.enrolled)).iso(),
            When(row.last_seen).iso(),
            row.queued_messages.to_string(),
            row.queued_bytes.to_string(),
            row.dropped_messages.to_string(),
            When(Some(row.certificate_expires)).iso(),
            When(row.revoked).iso(),
        ]
    }
}
