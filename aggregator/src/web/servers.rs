//! Servers: what agents and imports said of each.

use askama::Template;
use axum::{
    Extension,
    extract::{Path, Query, State},
    response::Response,
};
use caliper_licensing::catalogue::catalogue;

use super::{
    Shared,
    ask::{Ask, Choice, Column, Pager, choices, columns, pager, versions},
    error::WebError,
    export::{Table, csv},
    frame::{Frame, page},
    text::{When, ago},
};
use crate::store::{
    login::Visitor,
    view::{
        self, Listing,
        servers::{Server, Servers},
    },
};

#[derive(Template)]
#[template(path = "servers.html")]
struct ServersPage {
    frame: Frame,
    ask: Ask,
    versions: Vec<Choice>,
    kinds: Vec<Choice>,
    origins: Vec<Choice>,
    columns: Vec<Column>,
    pager: Pager,
    rows: Vec<ServerRow>,
}

#[derive(Template)]
#[template(path = "server.html")]
struct ServerPage {
    frame: Frame,
    server: ServerRow,
    roles: Vec<(String, When, When)>,
}

/// A server in words; what is not known says so (invariant 4).
struct ServerRow {
    edition: String,
    version: String,
    kind: &'static str,
    cores: String,
    sockets: String,
    host: String,
    seen: When,
    seen_ago: String,
    first: When,
    row: Server,
}

const UNKNOWN: &str = "unknown";

fn or_unknown(text: Option<impl ToString>) -> String {
    text.map_or_else(|| UNKNOWN.to_owned(), |text| text.to_string())
}

/// Physical, virtual, or not known.
fn kind(row: &Server) -> &'static str {
    match row.inventory.is_virtual {
        Some(true) => "virtual",
        Some(false) => "physical",
        None => UNKNOWN,
    }
}

fn words(row: Server, now: caliper_proto::Instant) -> ServerRow {
    let facts = &row.inventory;
    ServerRow {
        edition: or_unknown(facts.edition.as_ref()),
        version: or_unknown(facts.version.as_ref()),
        kind: kind(&row),
        cores: or_unknown(facts.cores),
        sockets: or_unknown(facts.sockets),
        host: match (&facts.physical_host, facts.is_virtual) {
            (Some(host), _) => host.clone(),
            (None, Some(false)) => "itself".to_owned(),
            (None, _) => UNKNOWN.to_owned(),
        },
        seen: When(Some(row.last_seen)),
        seen_ago: ago(row.last_seen, now),
        first: When(Some(row.first_seen)),
        row,
    }
}

/// The list an address asks for.
pub fn servers(ask: &Ask) -> Servers {
    Servers {
        text: ask.q.trim().to_owned(),
        edition: ask.edition.clone(),
        version: ask.version.clone(),
        kind: ask.kind.clone(),
        origin: ask.origin.clone(),
    }
}

/// GET /servers
pub async fn list(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Query(ask): Query<Ask>,
) -> Result<Response, WebError> {
    let now = state.now();
    let (total, found) = ask.find(&state, servers(&ask)).await?;
    let wanted = [
        ("Name", "name", false),
        ("Version", "version", false),
        ("Edition", "edition", false),
        ("Machine", "", false),
        ("Cores", "cores", true),
        ("Host", "", false),
        ("Source", "", false),
        ("Last seen", "last", false),
    ];
    let kinds = [("", "Any"), ("physical", "Physical"), ("virtual", "Virtual"), ("unknown", "Unknown")];
    page(&ServersPage {
        frame: Frame::new("Servers", "/servers", visitor),
        versions: versions(&ask.version),
        kinds: choices(&ask.kind, &kinds),
        origins: choices(&ask.origin, &[("", "Any"), ("agent", "Agent"), ("import", "Import")]),
        columns: columns(&ask, "/servers", Servers::SORTS, &wanted),
        pager: pager(&ask, "/servers", total),
        rows: found.into_iter().map(|row| words(row, now)).collect(),
        ask,
    })
}

/// GET /servers.csv
pub async fn export(State(state): State<Shared>, Query(ask): Query<Ask>) -> Result<Response, WebError> {
    csv(&state, "servers", servers(&ask), ask.order(Servers::SORTS))
}

/// GET /servers/{server}
pub async fn server(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<i64>,
) -> Result<Response, WebError> {
    let none = move || WebError::NotFound(format!("there is no server {id}"));
    let row = state.read(move |tx| view::one(tx, &Servers::default(), id)?.ok_or_else(none)).await?;
    let roles = row.inventory.roles.iter().map(|role| {
        let known = || catalogue().role(&role.role_guid).map_or(&role.role_guid, |row| &row.name);
        let name = if role.name.is_empty() { known() } else { &role.name };
        (name.clone(), When(Some(role.first)), When(Some(role.last)))
    });
    page(&ServerPage {
        frame: Frame::new(row.name.clone(), "/servers", visitor),
        roles: roles.collect(),
        server: words(row, state.now()),
    })
}

impl Table for Servers {
    const HEADINGS: &'static [&'static str] = &[
        "server",
        "name",
        "domain",
        "version",
        "edition",
        "build",
        "machine",
        "sockets",
        "cores",
        "host",
        "source",
        "first_seen",
        "last_seen",
        "warnings",
    ];

    fn record(row: Server) -> Vec<String> {
        // an empty cell is unknown
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
        let facts = &row.inventory;
        vec![
            row.id.to_string(),
            row.name.clone(),
            row.domain.clone(),
            text(&facts.version),
            text(&facts.edition),
            number(facts.build),
            kind(&row).replace(UNKNOWN, ""),
            number(facts.sockets),
            number(facts.cores),
            text(&facts.physical_host),
            row.origin.clone(),
            When(Some(row.first_seen)).iso(),
            When(Some(row.last_seen)).iso(),
            row.warnings.join("; "),
        ]
    }
}
