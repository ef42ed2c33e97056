//! Coverage: which servers were not watched all the time, and what that may add to the numbers.

use askama::Template;
use axum::{
    Extension,
    extract::{Query, State},
    response::Response,
};

use super::{
    Shared,
    ask::{Ask, Choice, Column, Pager, choices, columns, pager},
    error::WebError,
    export::{Table, csv},
    frame::{Frame, page},
    overview::read_position,
    people::{no_scan, nothing},
    scans::{ScanShown, shown_scan},
    text::{Count, When},
};
use crate::store::{
    login::Visitor,
    view::{
        Listing,
        coverage::{Gap, Gaps},
        scans,
    },
};

const KINDS: [(&str, &str); 4] =
    [("", "Any"), ("no-report", "Reports nothing"), ("silent", "Silent"), ("part", "Watched in part")];

#[derive(Template)]
#[template(path = "coverage.html")]
struct CoveragePage {
    frame: Frame,
    scan: ScanShown,
    ask: Ask,
    kinds: Vec<Choice>,
    columns: Vec<Column>,
    pager: Pager,
    rows: Vec<GapRow>,
    /// What to find out because of them, as the position says it, and what it may add.
    to_do: Vec<(String, Count)>,
}

/// A gap in words.
struct GapRow {
    kind: &'static str,
    days: Count,
    last: When,
    /// What it may add, each by itself.
    may_add: String,
    advice: &'static str,
    row: Gap,
}

fn gaps(ask: &Ask, scan: i64) -> Gaps {
    Gaps { scan, text: ask.q.trim().to_owned(), kind: ask.kind.clone() }
}

/// `people`: those without a CAL, who may all have used it.
fn words(row: Gap, people: u64) -> GapRow {
    let cals = match people {
        0 => "no CAL: everybody has one".to_owned(),
        1 => "up to 1 CAL".to_owned(),
        people => format!("up to {} CALs", Count(people)),
    };
    let (may_add, advice) = match row.kind.as_str() {
        "no-report" => {
            let by_core = row.version.is_empty() || row.version.as_str() >= "2016";
            let run = if by_core { "at least 16 core licences" } else { "at least one server licence" };
            (format!("{cals}, and {run} unless its host is licensed"), "Install an agent, or import a report")
        }
        "silent" => (cals, "Run caliper-agent doctor there"),
        _ => (cals, "Wait, or import older evidence"),
    };
    GapRow {
        kind: KINDS.iter().find(|(word, _)| *word == row.kind).map_or("Unknown", |(_, label)| label),
        days: Count(row.days),
        last: When(row.last_seen),
        may_add,
        advice,
        row,
    }
}

/// GET /coverage
pub async fn list(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Query(ask): Query<Ask>,
) -> Result<Response, WebError> {
    let Some(scan) = shown_scan(&state, &ask).await? else { return no_scan(visitor, "Coverage", "/servers") };
    let id = scan.id;
    let (total, found) = ask.find(&state, gaps(&ask, id)).await?;
    let position = state.read(move |tx| Ok(read_position(scans::position(tx, id)?, id)?)).await?;
    let of_coverage = position.to_do.iter().filter(|to_do| to_do.rules.iter().any(|rule| rule == "I.4"));
    // of the base CAL, which has no name in front of it
    let of_people =
        of_coverage.clone().filter(|to_do| to_do.rules == ["I.4"] && to_do.what.contains("people without a CAL"));
    let people = of_people.map(|to_do| to_do.may_add).max().unwrap_or(0);
    let wanted = [
        ("Server", "name", false),
        ("What is missing", "kind", false),
        ("Version", "", false),
        ("Days watched", "days", true),
        ("Last seen", "last", false),
        ("May add", "", false),
        ("What to do", "", false),
    ];
    page(&CoveragePage {
        frame: Frame::new("Coverage", "/servers", visitor),
        kinds: choices(&ask.kind, &KINDS),
        columns: columns(&ask, "/coverage", Gaps::SORTS, &wanted),
        pager: pager(&ask, "/coverage", total),
        rows: found.into_iter().map(|row| words(row, people)).collect(),
        to_do: of_coverage.map(|to_do| (to_do.what.clone(), Count(to_do.may_add))).collect(),
        scan,
        ask,
    })
}

/// GET /coverage.csv
pub async fn export(State(state): State<Shared>, Query(ask): Query<Ask>) -> Result<Response, WebError> {
    let scan = shown_scan(&state, &ask).await?.ok_or_else(nothing)?.id;
    csv(&state, "coverage", gaps(&ask, scan), ask.order(Gaps::SORTS))
}

impl Table for Gaps {
    const HEADINGS: &'static [&'static str] = &["server", "missing", "version", "days_watched", "last_seen"];

    fn record(row: Gap) -> Vec<String> {
        vec![row.server, row.kind, row.version, row.days.to_string(), When(row.last_seen).iso()]
    }
}
