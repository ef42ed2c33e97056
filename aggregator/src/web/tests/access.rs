//! Every route of the table is asked without the right to: a route without this test cannot exist.

use axum::http::{Method, StatusCode};

use super::Office;
use crate::{
    store::login::Role,
    web::{
        gate::Access,
        route::{self, Route},
    },
};

/// What may be seen by anyone. A route added here needs a reason.
const PUBLIC: [(&str, &str); 8] = [
    ("GET", "/assets/style.css"), // how the sign-in page looks
    ("GET", "/assets/icon.svg"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/invitation/{token}"), // the token is the right
    ("POST", "/invitation/{token}"),
    ("GET", "/healthz"), // load balancers have no account; they learn nothing else
    ("GET", "/readyz"),
];

/// An address with every parameter filled in.
fn address(route: &Route) -> String {
    route.path.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect::<Vec<_>>().join("/")
}

#[test]
fn only_the_listed_routes_are_public() {
    let public: Vec<_> = route::table()
        .iter()
        .filter(|route| route.access == Access::Anyone)
        .map(|route| (route.method.to_string(), route.path))
        .collect();
    assert_eq!(public, PUBLIC.map(|(method, path)| (method.to_owned(), path)));
}

#[tokio::test]
async fn no_route_answers_a_stranger() {
    let office = Office::empty();
    for route in route::table() {
        if route.access == Access::Anyone {
            continue;
        }
        let path = address(&route);
        for cookie in ["", "caliper=made-up"] {
            let answer = match route.method {
                Method::GET => office.get(&path, cookie).await,
                _ => office.post(&path, cookie, "csrf=form-secret").await,
            };
            if route.path.starts_with("/api/") {
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
                assert_eq!(answer.header("content-type"), "application/problem+json");
            } else if route.method == Method::GET {
                assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
                assert!(answer.header("location").starts_with("/sign-in"), "{path}");
            } else {
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn no_route_answers_a_lower_role_and_every_route_answers_its_own() {
    let office = Office::empty();
    for route in route::table() {
        let Access::From(needed) = route.access else { continue };
        let path = address(&route);
        for role in Role::ALL {
            let cookie = office.session(role);
            let answer = match route.method {
                Method::GET => office.get(&path, &cookie).await,
                _ => office.post(&path, &cookie, "csrf=form-secret").await,
            };
            let refused = answer.status == StatusCode::FORBIDDEN || answer.status == StatusCode::UNAUTHORIZED;
            assert_eq!(refused, role < needed, "{role} at {path}: {}", answer.status);
            assert!(!answer.status.is_server_error(), "{role} at {path}: {}", answer.status);
        }
    }
}

#[tokio::test]
async fn no_change_is_made_without_the_secret_of_the_form() {
    let office = Office::empty();
    let cookie = office.session(Role::Administrator);
    for route in route::table().iter().filter(|route| route.method != Method::GET) {
        for form in ["", "csrf=", "csrf=guessed", "name=x"] {
            let answer = office.post(&address(route), &cookie, form).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{} {form}", route.path);
        }
    }
}

#[tokio::test]
async fn every_answer_carries_the_strict_headers() {
    let office = Office::empty();
    for path in ["/sign-in", "/", "/nowhere", "/api/v1/nowhere", "/assets/style.css"] {
        let answer = office.get(path, "").await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; img-src 'self';"), "{path}");
        assert!(!policy.contains("unsafe"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        let kept = if path.starts_with("/assets") { "public, max-age=31536000, immutable" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), kept);
        assert!(!answer.text.contains("style=") && !answer.text.contains("<script"), "{path}");
    }
}

#[tokio::test]
async fn unknown_addresses_are_a_page_or_a_problem() {
    let office = Office::empty();
    let page = office.get("/nowhere", "").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.text.contains("<h1>Not found</h1>"));
    let problem = office.get("/api/v1/nowhere", "").await;
    assert_eq!(problem.status, StatusCode::NOT_FOUND);
    let json: serde_json::Value = serde_json::from_str(&problem.text).unwrap();
    assert_eq!(json["code"], "not-found");
    assert_eq!(json["status"], 404);
}
