//! Stands before every route: who asks, what role the route needs, whether a form is ours; and around the router: the
//! headers every answer carries and the form errors take.

use axum::{
    Form,
    body::{Body, to_bytes},
    extract::{FromRequest, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use caliper_proto::Instant;
use serde::Deserialize;

use super::{Shared, error::WebError, frame, secret};
use crate::store::login::{self, Role, Visitor};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone, signed in or not.
    Anyone,
    /// This role and those above it.
    From(Role),
}

/// A session ends when it was not used for this long: 8 hours, in microseconds.
const IDLE: i64 = 8 * 3600 * 1_000_000;
/// A session ends at the latest after this long: 7 days, in microseconds.
const LONGEST: i64 = 7 * 24 * 3600 * 1_000_000;
/// The end is moved at most once in this time, so that reading pages seldom writes: 5 minutes, in microseconds.
const MOVED: i64 = 5 * 60 * 1_000_000;
/// Largest body taken: no form of ours is longer.
const LARGEST_BODY: usize = 64 * 1024;
/// Nothing but our own style sheet, pictures and forms.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// Name of the session's cookie; with TLS the prefix binds it to this host (RFC 6265bis).
pub fn session_cookie(tls: bool) -> &'static str {
    if tls { "__Host-caliper" } else { "caliper" }
}

/// Name of the cookie that guards forms before there is a session.
pub fn form_cookie(tls: bool) -> &'static str {
    if tls { "__Host-caliper-form" } else { "caliper-form" }
}

/// A `Set-Cookie` value no script and no other site can use; an empty `value` removes the cookie.
pub fn set_cookie(tls: bool, name: &str, value: &str) -> HeaderValue {
    let secure = if tls { "; Secure" } else { "" };
    let end = if value.is_empty() { "; Max-Age=0" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{end}");
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

/// When a session that is used now ends.
pub fn session_end(created: Instant, now: Instant) -> Instant {
    Instant::from_micros((now.micros() + IDLE).min(created.micros() + LONGEST)).unwrap_or(now)
}

/// Finds out who asks.
async fn visitor(state: &Shared, headers: &HeaderMap) -> Result<Option<Visitor>, WebError> {
    let program = bearer(headers);
    let Some(token) = program.or_else(|| cookie(headers, session_cookie(state.tls))) else { return Ok(None) };
    let (digest, now) = (secret::digest(token), state.now());
    let found = state.read(move |tx| Ok(login::visitor(tx, &digest, now)?)).await?;
    // a cookie never carries an API token, nor a header a session
    let Some(visitor) = found.filter(|visitor| visitor.csrf.is_empty() == program.is_some()) else { return Ok(None) };
    let end = session_end(visitor.created, now);
    if program.is_none() && end.micros() - visitor.expires.micros() > MOVED {
        state.write(move |tx| Ok(login::extend_session(tx, &digest, end)?)).await?;
    }
    Ok(Some(visitor))
}

/// Refuses a change that did not come from a form of ours.
async fn check_form(state: &Shared, visitor: Option<&Visitor>, request: Request) -> Result<Request, WebError> {
    #[derive(Deserialize)]
    struct Guarded {
        csrf: String,
    }
    if visitor.is_some_and(|visitor| visitor.csrf.is_empty()) {
        return Ok(request); // an API token
    }
    let site = request.headers().get("sec-fetch-site").map(HeaderValue::as_bytes);
    if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
        return Err(WebError::Forged);
    }
    let expected = match visitor {
        Some(visitor) => visitor.csrf.clone(),
        None => cookie(request.headers(), form_cookie(state.tls)).unwrap_or_default().to_owned(),
    };
    let (parts, body) = request.into_parts();
    let header = parts.headers.get("x-csrf-token").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let bytes = to_bytes(body, LARGEST_BODY).await.map_err(|_| WebError::BadRequest("the form is too long".into()))?;
    let given = if let Some(given) = header {
        given
    } else {
        let copy = Request::from_parts(parts.clone(), Body::from(bytes.clone()));
        Form::<Guarded>::from_request(copy, &()).await.map_err(|_| WebError::Forged)?.0.csrf
    };
    if expected.is_empty() || !secret::same(&expected, &given) {
        return Err(WebError::Forged);
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// Lets a request through to its route or refuses it. `changes`: whether the route changes anything, so that a form
/// must prove where it came from.
pub async fn gate(
    State((state, access, changes)): State<(Shared, Access, bool)>,
    mut request: Request,
    next: Next,
) -> Result<Response, WebError> {
    let visitor = visitor(&state, request.headers()).await?;
    if let Access::From(role) = access {
        match &visitor {
            None => return Err(WebError::SignIn),
            Some(visitor) if visitor.role < role => return Err(WebError::Forbidden(role)),
            Some(_) => {}
        }
    }
    if changes {
        request = check_form(&state, visitor.as_ref(), request).await?;
    }
    if let Some(visitor) = visitor {
        request.extensions_mut().insert(visitor);
    }
    Ok(next.run(request).await)
}

/// Gives errors their form and every answer its headers.
pub async fn finish(State(state): State<Shared>, request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with("/api/");
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let reading = request.method() == Method::GET;
    let mut response = next.run(request).await;
    let error = response.extensions_mut().remove::<WebError>().or_else(|| unshaped(&response));
    if let Some(error) = error {
        response = match error {
            error if api => error.problem(),
            WebError::SignIn if reading && target == "/" => Redirect::to("/sign-in").into_response(),
            WebError::SignIn if reading => Redirect::to(&format!("/sign-in?next={}", encode(&target))).into_response(),
            error => frame::error_page(&error),
        };
    }
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set("content-security-policy", CONTENT_SECURITY_POLICY);
    set("x-content-type-options", "nosniff");
    set("referrer-policy", "no-referrer");
    set("cross-origin-opener-policy", "same-origin");
    set("cache-control", "no-store");
    if state.tls {
        set("strict-transport-security", "max-age=31536000");
    }
    response
}

/// A refusal of the framework (no such route, wrong method, a query or form that cannot be read) in our words.
fn unshaped(response: &Response) -> Option<WebError> {
    match response.status() {
        StatusCode::NOT_FOUND => Some(WebError::NotFound("nothing stands at this address".into())),
        StatusCode::METHOD_NOT_ALLOWED => Some(WebError::Method),
        status if status.is_client_error() && status != StatusCode::UNAUTHORIZED => {
            Some(WebError::BadRequest("the address or the form holds a value that cannot be read".into()))
        }
        _ => None,
    }
}

/// Percent-encodes a text for the value of a query or one step of a path.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
            out.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
        }
    }
    out
}
