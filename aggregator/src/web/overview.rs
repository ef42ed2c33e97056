//! The overview: what is needed, owned and short, what it costs, the proof, and what to do next.

use askama::Template;
use axum::{Extension, extract::State, response::Response};
use caliper_licensing::Position;
use caliper_proto::Instant;

use super::{
    Shared,
    error::WebError,
    frame::{Frame, page},
    position::{self, PositionView},
    text::{Count, When, ago},
};
use crate::store::{
    StoreError,
    login::Visitor,
    view::{
        self,
        coverage::Gaps,
        health::{self, Health},
        scans::{self, Scan},
    },
};

const DAY: i64 = 24 * 3600 * 1_000_000;
/// An agent is silent after two days: it may have been a weekend reboot, not a lost server.
pub const SILENT: i64 = 2 * DAY;
/// Certificates renew themselves long before; two weeks leave time to look.
pub const ENDING: i64 = 14 * DAY;
/// A scan older than this no longer says how things are.
const OLD: i64 = 7 * DAY;

/// One thing to do next.
pub struct Task {
    /// What is the matter.
    pub what: String,
    /// What to do about it.
    pub advice: &'static str,
    /// Where.
    pub link: &'static str,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    scan: Option<ScanView>,
    running: bool,
    position: Option<PositionView>,
    tasks: Vec<Task>,
    servers: u64,
    agents: u64,
    directories: usize,
}

/// The scan shown.
struct ScanView {
    id: i64,
    finished: When,
    ago: String,
    trigger: String,
    people: Count,
    devices: Count,
    servers: Count,
}

/// GET /
pub async fn overview(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, WebError> {
    let now = state.now();
    let (since, soon) = (earlier(now, SILENT), earlier(now, -ENDING));
    let (health, newest, shown, unreported) = state
        .read(move |tx| {
            let done = scans::latest_done(tx, None)?;
            let shown = match done {
                Some(scan) => Some((read_position(scans::position(tx, scan.id)?, scan.id)?, scan)),
                None => None,
            };
            let unreported = |scan| Gaps { scan, kind: "no-report".into(), ..Gaps::default() };
            let unreported = shown.as_ref().map(|(_, scan)| view::count(tx, &unreported(scan.id))).transpose()?;
            Ok((health::health(tx, since, soon)?, scans::newest(tx)?, shown, unreported.unwrap_or(0)))
        })
        .await?;
    let mut tasks = tasks(&health, newest.as_ref(), shown.as_ref().map(|(_, scan)| scan), now);
    if unreported > 0 {
        tasks.push(Task {
            what: match unreported {
                1 => "1 server that a directory knows reports nothing.".to_owned(),
                more => format!("{} servers that a directory knows report nothing.", Count(more)),
            },
            advice: "See what that may add",
            link: "/coverage?kind=no-report",
        });
    }
    let position = shown.as_ref().map(|(position, scan)| position::view(position, scan.id));
    page(&OverviewPage {
        frame: Frame::new("Overview", "/", visitor),
        running: newest.as_ref().is_some_and(|scan| scan.state == "running"),
        scan: shown.map(|(_, scan)| ScanView {
            id: scan.id,
            finished: When(scan.finished),
            ago: scan.finished.map(|finished| ago(finished, now)).unwrap_or_default(),
            trigger: scan.trigger,
            people: Count(scan.people),
            devices: Count(scan.devices),
            servers: Count(scan.servers),
        }),
        position,
        tasks,
        servers: health.servers,
        agents: health.agents,
        directories: health.directories.len(),
    })
}

/// An instant so many microseconds before another.
pub fn earlier(now: Instant, micros: i64) -> Instant {
    Instant::from_micros(now.micros() - micros).unwrap_or(now)
}

/// A stored position as data.
pub fn read_position(text: Option<String>, scan: i64) -> Result<Position, StoreError> {
    let damaged = || StoreError::Damaged { what: format!("position of scan {scan}") };
    serde_json::from_str(&text.ok_or_else(damaged)?).map_err(|_| damaged())
}

/// What somebody should do, the most pressing first.
fn tasks(health: &Health, newest: Option<&Scan>, done: Option<&Scan>, now: Instant) -> Vec<Task> {
    let mut tasks = Vec::new();
    let mut add = |what: String, advice, link| tasks.push(Task { what, advice, link });
    if let Some(scan) = newest.filter(|scan| scan.state == "failed") {
        add(format!("The last scan failed: {}", scan.failure), "See the scan", "/scans");
    }
    if health.dropped > 0 {
        let what = format!("Agents had to drop {} messages because their queue was full.", Count(health.dropped));
        add(what, "Find these agents and let them collect again", "/agents?state=dropping");
    }
    if health.silent > 0 {
        let what =
            format!("{} of {} agents have been silent for two days.", Count(health.silent), Count(health.agents));
        add(what, "See which, then run caliper-agent doctor there", "/agents?state=silent");
    }
    if health.ending > 0 {
        let what = format!("{} agents hold a certificate that ends within two weeks.", Count(health.ending));
        add(what, "Check why they do not renew it", "/agents?state=ending");
    }
    for directory in &health.directories {
        if directory.synced.is_none() {
            let what = format!("The directory {} has never been read: {}", directory.name, directory.outcome);
            add(what, "Run caliper directory sync, then scan again", "/people");
        }
    }
    if done.and_then(|scan| scan.finished).is_some_and(|finished| now.micros() - finished.micros() > OLD) {
        add("The last scan is older than a week.".to_owned(), "Run a scan now", "/scans");
    }
    tasks
}
