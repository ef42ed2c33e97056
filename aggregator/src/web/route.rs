//! The table of routes: the one place that says which address exists and who may use it. The router is built from it,
//! and so are the tests that ask every route without the right to.

use axum::{
    Router,
    handler::Handler,
    http::Method,
    middleware,
    routing::{self, MethodRouter},
};

use super::{
    Shared, accounts, agents, api, coverage, devices, frame,
    gate::{self, Access},
    overview, people, probe, scans, servers, sign_in,
};
use crate::store::login::Role;

/// One address and method.
pub struct Route {
    /// GET or POST.
    pub method: Method,
    /// As axum writes it, for example `/people/{person}`.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    handler: MethodRouter<Shared>,
}

fn get<T: 'static>(path: &'static str, access: Access, handler: impl Handler<T, Shared>) -> Route {
    Route { method: Method::GET, path, access, handler: routing::get(handler) }
}

fn post<T: 'static>(path: &'static str, access: Access, handler: impl Handler<T, Shared>) -> Route {
    Route { method: Method::POST, path, access, handler: routing::post(handler) }
}

/// Every route there is.
pub fn table() -> Vec<Route> {
    let anyone = Access::Anyone;
    let viewer = Access::From(Role::Viewer);
    // names of people and of the devices they work at
    let analyst = Access::From(Role::Analyst);
    let operator = Access::From(Role::Operator);
    vec![
        get("/assets/style.css", anyone, frame::style),
        get("/assets/icon.svg", anyone, frame::icon),
        get("/sign-in", anyone, sign_in::ask),
        post("/sign-in", anyone, sign_in::sign_in),
        post("/sign-out", viewer, sign_in::sign_out),
        get("/invitation/{token}", anyone, sign_in::invitation),
        post("/invitation/{token}", anyone, sign_in::accept),
        get("/healthz", anyone, probe::health),
        get("/readyz", anyone, probe::ready),
        get("/", viewer, overview::overview),
        get("/servers", viewer, servers::list),
        get("/servers.csv", viewer, servers::export),
        get("/servers/{server}", viewer, servers::server),
        get("/coverage", viewer, coverage::list),
        get("/coverage.csv", viewer, coverage::export),
        get("/people", viewer, people::list),
        get("/people.csv", analyst, people::export),
        get("/people/{person}", analyst, people::person),
        post("/people/{person}/accounts", analyst, accounts::decide),
        get("/accounts", analyst, accounts::list),
        get("/accounts.csv", analyst, accounts::export),
        get("/accounts/rules", analyst, accounts::rules),
        post("/accounts/rules", analyst, accounts::keep),
        post("/accounts/rules/preview", analyst, accounts::preview),
        post("/accounts/decisions/undo", analyst, accounts::undo),
        get("/devices", viewer, devices::list),
        get("/devices.csv", analyst, devices::export),
        get("/devices/{device}", analyst, devices::device),
        get("/scans", viewer, scans::list),
        post("/scans", operator, scans::run_by_hand),
        get("/scans.csv", viewer, scans::export),
        get("/scans/{scan}", viewer, scans::scan),
        get("/agents", viewer, agents::list),
        get("/agents.csv", viewer, agents::export),
        post("/agents/{agent}/revoke", operator, agents::revoke),
        get("/api/v1/openapi.json", viewer, api::openapi),
        get("/api/v1/position", viewer, api::position),
        get("/api/v1/scans", viewer, api::scans),
        post("/api/v1/scans", operator, api::run_scan),
        get("/api/v1/scans/{scan}", viewer, api::scan),
        get("/api/v1/servers", viewer, api::servers),
        get("/api/v1/people", analyst, api::people),
        get("/api/v1/devices", analyst, api::devices),
        get("/api/v1/agents", viewer, api::agents),
    ]
}

/// The router over the table.
pub fn router(state: Shared) -> Router {
    let mut router = Router::new();
    for route in table() {
        let changes = route.method != Method::GET;
        let gate = middleware::from_fn_with_state((state.clone(), route.access, changes), gate::gate);
        router = router.route(route.path, route.handler.route_layer(gate));
    }
    router.layer(middleware::from_fn_with_state(state.clone(), gate::finish)).with_state(state)
}
