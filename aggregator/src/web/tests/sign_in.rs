//! Invitations, passwords, sessions.

use std::sync::atomic::Ordering;

use axum::http::StatusCode;

use super::{DAY, NOON, Office};
use crate::{
    store::login::{self, Role},
    web::{first_administrator_link, invitation_link, secret},
};

const PASSWORD: &str = "correct-horse-battery";

/// Path of a link made for `http://here`.
fn path(link: &str) -> String {
    link.strip_prefix("http://here").unwrap().to_owned()
}

async fn accept(office: &Office, path: &str, name: &str) -> super::Answer {
    let form = office.get(path, "").await;
    let cookie = form.cookie("caliper-form").unwrap();
    let fields = format!("csrf={}&name={name}&password={PASSWORD}&again={PASSWORD}", form.csrf());
    office.post(path, &cookie, &fields).await
}

async fn sign_in(office: &Office, name: &str, password: &str) -> super::Answer {
    let form = office.get("/sign-in", "").await;
    let cookie = form.cookie("caliper-form").unwrap();
    office.post("/sign-in", &cookie, &format!("csrf={}&name={name}&password={password}&next=/scans", form.csrf())).await
}

#[tokio::test]
async fn the_first_administrator_follows_a_link_once() {
    let office = Office::empty();
    let old = first_administrator_link(&office.store, "http://here/", office.now()).unwrap().unwrap();
    let link = first_administrator_link(&office.store, "http://here", office.now()).unwrap().unwrap();
    assert_eq!(office.get(&path(&old), "").await.status, StatusCode::NOT_FOUND, "a newer link replaces an older one");

    let welcome = accept(&office, &path(&link), "alice").await;
    assert_eq!((welcome.status, welcome.header("location")), (StatusCode::SEE_OTHER, "/"));
    let session = welcome.cookie("caliper").unwrap();
    assert!(office.get("/", &session).await.text.contains("alice <small>administrator</small>"));

    assert_eq!(office.get(&path(&link), "").await.status, StatusCode::NOT_FOUND, "used once");
    assert_eq!(first_administrator_link(&office.store, "http://here", office.now()).unwrap(), None);
    assert_eq!(office.audit(), ["alice accepted an invitation"]);
}

#[tokio::test]
async fn an_invitation_ends_after_a_day_and_grants_its_role() {
    let office = Office::empty();
    let link = invitation_link(&office.store, "http://here", Role::Viewer, office.now()).unwrap();
    office.clock.store(NOON + DAY - 1, Ordering::Relaxed);
    assert!(office.get(&path(&link), "").await.text.contains("a <strong>viewer</strong>"));
    office.clock.store(NOON + DAY, Ordering::Relaxed);
    assert_eq!(office.get(&path(&link), "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn weak_passwords_and_taken_names_are_refused_and_the_link_stays() {
    let office = Office::empty();
    let first = invitation_link(&office.store, "http://here", Role::Analyst, office.now()).unwrap();
    accept(&office, &path(&first), "alice").await;
    let link = path(&invitation_link(&office.store, "http://here", Role::Analyst, office.now()).unwrap());
    let form = office.get(&link, "").await;
    let cookie = form.cookie("caliper-form").unwrap();
    for (fields, problem) in [
        ("name=bob&password=short&again=short", "The password is too short"),
        ("name=bob&password=long-enough-1&again=long-enough-2", "The two passwords differ"),
        ("name=&password=long-enough-1&again=long-enough-1", "The name is empty"),
        ("name=a%20b&password=long-enough-1&again=long-enough-1", "The name holds a space"),
        ("name=alice&password=long-enough-1&again=long-enough-1", "This name is taken"),
    ] {
        let answer = office.post(&link, &cookie, &format!("csrf={}&{fields}", form.csrf())).await;
        assert!(answer.text.contains(problem), "{fields}: {}", answer.text);
    }
    assert_eq!(accept(&office, &link, "bob").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn signing_in_and_out() {
    let office = Office::empty();
    let hash = secret::hash_password("alice", PASSWORD).unwrap();
    office.store.write(|tx| login::add(tx, "alice", Role::Operator, &hash, office.now())).unwrap();

    for (name, password) in [("alice", "wrong-wrong-wrong"), ("nobody", PASSWORD)] {
        let answer = sign_in(&office, name, password).await;
        assert!(answer.text.contains("Name or password is wrong."));
        assert_eq!(answer.cookie("caliper"), None);
    }
    let answer = sign_in(&office, "alice", PASSWORD).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/scans"));
    let mut lines = answer.headers.get_all("set-cookie").into_iter().map(|line| line.to_str().unwrap());
    assert!(lines.any(|line| line.starts_with("caliper=") && line.ends_with("; Path=/; HttpOnly; SameSite=Strict")));
    let session = answer.cookie("caliper").unwrap();

    let overview = office.get("/", &session).await;
    assert_eq!(overview.status, StatusCode::OK);
    let out = office.post("/sign-out", &session, &format!("csrf={}", overview.csrf())).await;
    assert_eq!(out.header("location"), "/sign-in");
    assert_eq!(office.get("/", &session).await.status, StatusCode::SEE_OTHER, "the old cookie is worth nothing");
}

#[tokio::test]
async fn six_wrong_passwords_are_too_many() {
    let office = Office::empty();
    let hash = secret::hash_password("alice", PASSWORD).unwrap();
    office.store.write(|tx| login::add(tx, "alice", Role::Operator, &hash, office.now())).unwrap();
    for _ in 0..5 {
        sign_in(&office, "alice", "wrong-wrong-wrong").await;
    }
    let answer = sign_in(&office, "alice", PASSWORD).await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "900"));
    office.clock.store(NOON + 900 * 1_000_000, Ordering::Relaxed);
    assert_eq!(sign_in(&office, "alice", PASSWORD).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_session_slides_for_eight_hours_and_ends_after_seven_days() {
    let office = Office::empty();
    let hash = secret::hash_password("alice", PASSWORD).unwrap();
    office.store.write(|tx| login::add(tx, "alice", Role::Operator, &hash, office.now())).unwrap();
    let session = sign_in(&office, "alice", PASSWORD).await.cookie("caliper").unwrap();
    let hour = DAY / 24;
    for after in (0..7 * 24).step_by(7) {
        office.clock.store(NOON + after * hour, Ordering::Relaxed);
        assert_eq!(office.get("/", &session).await.status, StatusCode::OK, "used after {after} hours");
    }
    office.clock.store(NOON + 7 * DAY, Ordering::Relaxed);
    assert_eq!(office.get("/", &session).await.status, StatusCode::SEE_OTHER, "seven days are the end");

    office.clock.store(NOON, Ordering::Relaxed);
    let idle = sign_in(&office, "alice", PASSWORD).await.cookie("caliper").unwrap();
    office.clock.store(NOON + 8 * hour, Ordering::Relaxed);
    assert_eq!(office.get("/", &idle).await.status, StatusCode::SEE_OTHER, "eight hours unused are the end");
}

#[tokio::test]
async fn an_api_token_is_no_cookie_and_a_cookie_no_api_token() {
    let office = Office::empty();
    let cookie = office.session(Role::Viewer);
    let token = secret::token().unwrap();
    office
        .store
        .write(|tx| {
            let (id, _) = login::password(tx, "viewer")?.unwrap();
            let expires = caliper_proto::Instant::from_micros(NOON + DAY).unwrap();
            login::begin_session(tx, id, &secret::digest(&token), "", office.now(), expires)
        })
        .unwrap();
    let bearer = |token: &str| {
        let value = format!("Bearer {token}");
        let request = axum::http::Request::get("/").header("authorization", value);
        request.body(axum::body::Body::empty()).unwrap()
    };
    assert_eq!(office.ask(bearer(&token)).await.status, StatusCode::OK);
    assert_eq!(office.get("/", &format!("caliper={token}")).await.status, StatusCode::SEE_OTHER);
    assert_eq!(office.ask(bearer(cookie.strip_prefix("caliper=").unwrap())).await.status, StatusCode::SEE_OTHER);
}
