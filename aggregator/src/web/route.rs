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
    Shared, frame,
    gate::{self, Access},
    overview, sign_in,
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
    vec![
        get("/assets/style.css", anyone, frame::style),
        get("/assets/icon.svg", anyone, frame::icon),
        get("/sign-in", anyone, sign_in::ask),
        post("/sign-in", anyone, sign_in::sign_in),
        post("/sign-out", viewer, sign_in::sign_out),
        get("/invitation/{token}", anyone, sign_in::invitation),
        post("/invitation/{token}", anyone, sign_in::accept),
        get("/", viewer, overview::overview),
    ]
}

/// The router over the table.
pub fn router(state: Shared) -> Router {
    let mut router = Router::new();
    for route in table() {
        let gate = middleware::from_fn_with_state((state.clone(), route.access), gate::gate);
        router = router.route(route.path, route.handler.route_layer(gate));
    }
    router.layer(middleware::from_fn_with_state(state.clone(), gate::finish)).with_state(state)
}
