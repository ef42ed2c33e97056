//! The REST API, and that its description tells the truth.

use std::collections::BTreeSet;

use axum::http::{StatusCode, header};
use serde_json::Value;

use super::{
    Office,
    estate::{POSITION, furnish},
};
use crate::{store::login::Role, web::route};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn the_description_has_every_route_and_no_other() {
    let office = Office::empty();
    let cookie = office.session(Role::Viewer);
    let answer = office.get("/api/v1/openapi.json", &cookie).await;
    let document = json(&answer.text);
    assert_eq!(document["openapi"], "3.1.0");
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let routes: BTreeSet<(String, String)> = route::table()
        .iter()
        .filter(|route| route.path.starts_with("/api/"))
        .map(|route| (route.method.to_string(), route.path.to_owned()))
        .collect();
    assert_eq!(described, routes);
}

#[tokio::test]
async fn every_item_has_exactly_the_properties_described() {
    let office = Office::empty();
    furnish(&office, 2);
    let cookie = office.session(Role::Analyst);
    let document = json(&office.get("/api/v1/openapi.json", &cookie).await.text);
    for (path, schema) in
        [("scans", "Scan"), ("servers", "Server"), ("people", "Person"), ("devices", "Device"), ("agents", "Agent")]
    {
        let answer = json(&office.get(&format!("/api/v1/{path}"), &cookie).await.text);
        let keys: BTreeSet<&String> = answer["items"][0].as_object().unwrap().keys().collect();
        let described: BTreeSet<&String> =
            document["components"]["schemas"][schema]["properties"].as_object().unwrap().keys().collect();
        assert_eq!(keys, described, "{path}");
    }
}

#[tokio::test]
async fn a_position_is_the_stored_bytes_with_an_entity_tag() {
    let office = Office::empty();
    let cookie = office.session(Role::Viewer);
    let none = office.get("/api/v1/position", &cookie).await;
    assert_eq!((none.status, json(&none.text)["code"].as_str()), (StatusCode::NOT_FOUND, Some("not-found")));
    furnish(&office, 1);
    let latest = office.get("/api/v1/position", &cookie).await;
    assert_eq!(latest.text, POSITION);
    let tag = latest.header("etag").to_owned();
    let again = axum::http::Request::get("/api/v1/position")
        .header(header::COOKIE, &cookie)
        .header(header::IF_NONE_MATCH, &tag)
        .body(axum::body::Body::empty());
    let again = office.ask(again.unwrap()).await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    let older = office.get("/api/v1/position?scan=1", &cookie).await;
    assert_ne!(older.header("etag"), tag);
    assert_eq!(json(&older.text)["lines"][1]["needed"], 7);
}

#[tokio::test]
async fn a_cursor_leads_through_every_row_once() {
    let office = Office::empty();
    furnish(&office, 25);
    let cookie = office.session(Role::Analyst);
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let piece = json(&office.get(&format!("/api/v1/people?limit=10&cursor={cursor}"), &cookie).await.text);
        seen.extend(piece["items"].as_array().unwrap().iter().map(|item| item["person"].as_str().unwrap().to_owned()));
        match piece["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let expected: Vec<String> = (0..25).map(|at| format!("corp\\user{at:06}")).collect();
    assert_eq!(seen, expected);
    let newest = json(&office.get("/api/v1/scans?limit=2", &cookie).await.text);
    assert_eq!((&newest["items"][0]["id"], &newest["items"][1]["id"]), (&3.into(), &2.into()));
    let next = newest["next"].as_str().unwrap();
    assert_eq!(
        json(&office.get(&format!("/api/v1/scans?limit=2&cursor={next}"), &cookie).await.text)["items"][0]["id"],
        1
    );
    for query in ["limit=0", "limit=1001", "limit=x", "cursor=%21", "scan=x"] {
        let answer = office.get(&format!("/api/v1/people?{query}"), &cookie).await;
        assert_eq!(
            (answer.status, json(&answer.text)["code"].as_str()),
            (StatusCode::BAD_REQUEST, Some("bad-request"))
        );
    }
}

#[tokio::test]
async fn a_program_runs_a_scan() {
    let office = Office::empty();
    let cookie = office.session(Role::Operator);
    let request = axum::http::Request::post("/api/v1/scans")
        .header(header::COOKIE, &cookie)
        .header("x-csrf-token", "form-secret")
        .body(axum::body::Body::empty());
    let answer = office.ask(request.unwrap()).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::CREATED, "/api/v1/scans/1"));
    let scan = json(&answer.text);
    assert_eq!((&scan["state"], &scan["trigger"]), (&"done".into(), &"api".into()));
    assert_eq!(json(&office.get("/api/v1/scans/1", &cookie).await.text), scan);
}

#[tokio::test]
async fn probes_need_no_account() {
    let office = Office::empty();
    assert_eq!(office.get("/healthz", "").await.text, "ok\n");
    assert_eq!(office.get("/readyz", "").await.text, "ready\n");
}
