//! The pages asked through the router, without a network: who may see what, what stands on the pages.

mod access;
mod accounts;
mod api;
mod estate;
mod hostile;
mod pages;
mod sign_in;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use caliper_proto::Instant;
use tower::ServiceExt;

use super::{WebState, router, secret};
use crate::{
    config::Config,
    context::Clock,
    scan,
    store::{
        Store, StoreError,
        login::{self, Role},
    },
};

/// 2026-11-21 12:00 UTC.
pub const NOON: i64 = 1_795_262_400_000_000;
const DAY: i64 = 24 * 3600 * 1_000_000;

/// A store in a folder of its own, the router over it and a clock that tests move.
pub struct Office {
    pub store: Arc<Store>,
    pub router: Router,
    pub clock: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

/// An answer read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// `name=value` of a cookie that was set.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let lines = self.headers.get_all(header::SET_COOKIE).into_iter().map(|line| line.to_str().unwrap());
        let mut pairs = lines.filter_map(|line| line.split(';').next());
        pairs.find(|pair| pair.starts_with(&format!("{name}="))).map(str::to_owned)
    }

    /// Value of the hidden field that guards the first form.
    pub fn csrf(&self) -> String {
        let (_, rest) = self.text.split_once("name=\"csrf\" value=\"").expect("a form");
        rest.split('"').next().unwrap().to_owned()
    }
}

impl Office {
    /// Nothing in the store yet.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(folder.path()).unwrap());
        let clock = Arc::new(AtomicI64::new(NOON));
        let time = Arc::clone(&clock);
        let now = move || Instant::from_micros(time.load(Ordering::Relaxed)).unwrap();
        let runner = Arc::clone(&store);
        // stands for `scan::run`, which has its own tests
        let run: super::RunScan = Arc::new(move |trigger: &str| {
            let sql = "INSERT INTO scan (started, finished, trigger, state, position) VALUES (?1, ?1, ?2, 'done', ?3)";
            let position = r#"{"format":"caliper.position/1","lines":[],"optimum":{"cost_minor":0,"lower_bound_minor":0,"proven":true},"warnings":[]}"#;
            let row = rusqlite::params![NOON, trigger, position];
            runner
                .write(|tx| {
                    tx.execute(sql, row)?;
                    Ok::<_, StoreError>(tx.last_insert_rowid())
                })
                .map_err(|error| error.to_string())
        });
        let (previewed, time) = (Arc::clone(&store), Arc::clone(&clock));
        let preview: super::PreviewRule = Arc::new(move |change| {
            let today = Instant::from_micros(time.load(Ordering::Relaxed)).unwrap().date();
            scan::preview(&previewed, &Config::default(), today, change).map_err(|error| error.to_string())
        });
        let scanner = super::Scanner { run, preview, rules: Vec::new() };
        let state = WebState::new(Arc::clone(&store), Clock::new(now), scanner, false);
        Self { router: router(state), store, clock, _folder: folder }
    }

    /// Adds someone and opens a session; returns the cookie.
    pub fn session(&self, role: Role) -> String {
        let token = secret::token().unwrap();
        let now = self.now();
        let expires = Instant::from_micros(now.micros() + DAY).unwrap();
        self.store
            .write(|tx| {
                login::add(tx, role.name(), role, "no password", now)?;
                let (id, _) = login::password(tx, role.name())?.unwrap();
                login::begin_session(tx, id, &secret::digest(&token), "form-secret", now, expires)
            })
            .unwrap();
        format!("caliper={token}")
    }

    pub fn now(&self) -> Instant {
        Instant::from_micros(self.clock.load(Ordering::Relaxed)).unwrap()
    }

    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.ask(Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, cookie: &str, form: &str) -> Answer {
        let request = Request::post(path)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()));
        self.ask(request.unwrap()).await
    }

    /// Lines of the audit log, oldest first: `who action subject`.
    pub fn audit(&self) -> Vec<String> {
        self.store
            .read(|tx| {
                let mut statement =
                    tx.prepare("SELECT who || ' ' || action || ' ' || subject FROM audit ORDER BY id")?;
                let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
                Ok::<_, StoreError>(rows.map(|row| row.unwrap().trim_end().to_owned()).collect())
            })
            .unwrap()
    }
}
