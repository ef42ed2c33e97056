//! Signing in and out, and the one-time links by which people choose a name and a password.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::LazyLock,
};

use askama::Template;
use axum::{
    Extension, Form,
    extract::{ConnectInfo, Path, Query, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    Shared, WebState,
    error::WebError,
    frame::{Frame, page},
    gate::{self, cookie, form_cookie, session_cookie, set_cookie},
    listen::Peer,
    secret, text,
};
use crate::store::login::{self, Role, Visitor};

/// Longest sign-in name.
const LONGEST_NAME: usize = 64;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    csrf: String,
    next: String,
    name: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationPage {
    frame: Frame,
    csrf: String,
    role: Role,
    name: String,
    problem: Option<String>,
}

/// Where to go after signing in.
#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

/// What the sign-in form sends.
#[derive(Deserialize)]
pub struct Credentials {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// What the form of an invitation sends.
#[derive(Deserialize)]
pub struct Acceptance {
    name: String,
    password: String,
    again: String,
}

/// A path of ours, or the overview: never another site.
fn own_path(next: &str) -> &str {
    let ours = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t']);
    if ours { next } else { "/" }
}

/// A page with a form that can be sent before there is a session: the form repeats what a cookie holds.
fn guarded<T: Template>(
    state: &WebState,
    headers: &HeaderMap,
    make: impl FnOnce(String) -> T,
) -> Result<Response, WebError> {
    let name = form_cookie(state.tls);
    let (guard, fresh) = match cookie(headers, name).filter(|guard| guard.len() >= 43) {
        Some(guard) => (guard.to_owned(), false),
        None => (secret::token()?, true),
    };
    let set = set_cookie(state.tls, name, &guard);
    let mut response = page(&make(guard))?;
    if fresh {
        response.headers_mut().append(header::SET_COOKIE, set);
    }
    Ok(response)
}

/// GET /sign-in
pub async fn ask(
    State(state): State<Shared>,
    headers: HeaderMap,
    Query(Next { next }): Query<Next>,
) -> Result<Response, WebError> {
    let next = own_path(&next).to_owned();
    let frame = Frame::outside("Sign in", "");
    guarded(&state, &headers, |csrf| SignInPage { frame, csrf, next, name: String::new(), problem: None })
}

/// POST /sign-in
pub async fn sign_in(
    State(state): State<Shared>,
    peer: Option<Extension<ConnectInfo<Peer>>>,
    headers: HeaderMap,
    Form(form): Form<Credentials>,
) -> Result<Response, WebError> {
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Extension(ConnectInfo(peer))| peer.0.ip());
    let now = state.now();
    if let Some(seconds) = state.limiter.wait(&form.name, address, now) {
        return Err(WebError::TooMany(seconds));
    }
    // counted before the slow part, so that many attempts at once do not slip through; a success takes it back
    state.limiter.failed(&form.name, address, now);
    let name: String = form.name.chars().take(LONGEST_NAME + 1).collect();
    let asked = name.clone();
    let found = state.read(move |tx| Ok(login::password(tx, &asked)?)).await?;
    let Some(login) = verify(&state, form.password, found).await? else {
        state.audit(&name, "sign-in refused", address.to_string()).await?;
        let problem = Some("Name or password is wrong.".to_owned());
        let (frame, next) = (Frame::outside("Sign in", ""), own_path(&form.next).to_owned());
        return guarded(&state, &headers, |csrf| SignInPage { frame, csrf, next, name, problem });
    };
    state.limiter.succeeded(&form.name, address);
    begin(&state, login, &name, "signed in", own_path(&form.next)).await
}

/// Checks a password; an unknown name takes as long as a wrong password.
async fn verify(state: &Shared, password: String, found: Option<(i64, String)>) -> Result<Option<i64>, WebError> {
    static NOBODY: LazyLock<String> =
        LazyLock::new(|| secret::hash_password("", "a password nobody has").unwrap_or_default());
    let _place = state.hashing.acquire().await.map_err(|_| WebError::Internal)?;
    let check = move || {
        let (login, hash) = found.map_or((None, NOBODY.clone()), |(login, hash)| (Some(login), hash));
        if secret::check_password(&password, &hash) { login } else { None }
    };
    tokio::task::spawn_blocking(check).await.map_err(|_| WebError::Internal)
}

/// Opens a session and goes on to `next`.
async fn begin(state: &Shared, login: i64, name: &str, action: &'static str, next: &str) -> Result<Response, WebError> {
    let (token, csrf, now) = (secret::token()?, secret::token()?, state.now());
    let (digest, name) = (secret::digest(&token), name.to_owned());
    state
        .write(move |tx| {
            login::begin_session(tx, login, &digest, &csrf, now, gate::session_end(now, now))?;
            Ok(login::audit(tx, now, &name, action, "")?)
        })
        .await?;
    let mut response = Redirect::to(next).into_response();
    for (cookie, value) in [(session_cookie(state.tls), token.as_str()), (form_cookie(state.tls), "")] {
        response.headers_mut().append(header::SET_COOKIE, set_cookie(state.tls, cookie, value));
    }
    Ok(response)
}

/// POST /sign-out
pub async fn sign_out(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let name = session_cookie(state.tls);
    if let Some(token) = cookie(&headers, name) {
        let (digest, now) = (secret::digest(token), state.now());
        state
            .write(move |tx| {
                login::end_session(tx, &digest)?;
                Ok(login::audit(tx, now, &visitor.name, "signed out", "")?)
            })
            .await?;
    }
    let mut response = Redirect::to("/sign-in").into_response();
    response.headers_mut().append(header::SET_COOKIE, set_cookie(state.tls, name, ""));
    Ok(response)
}

/// What an invitation that grants nothing any more answers.
fn spent() -> WebError {
    WebError::NotFound(
        "this link was used already or is older than 24 hours: ask for a new one, or run `caliper user invite`".into(),
    )
}

/// GET /invitation/{token}
pub async fn invitation(
    State(state): State<Shared>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let (digest, now) = (secret::digest(&token), state.now());
    let role = state.read(move |tx| Ok(login::invitation(tx, &digest, now)?)).await?.ok_or_else(spent)?;
    let frame = Frame::outside("Welcome to Caliper", "");
    guarded(&state, &headers, |csrf| InvitationPage { frame, csrf, role, name: String::new(), problem: None })
}

/// POST /invitation/{token}
pub async fn accept(
    State(state): State<Shared>,
    Path(token): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Acceptance>,
) -> Result<Response, WebError> {
    let (digest, now) = (secret::digest(&token), state.now());
    let role = state.read(move |tx| Ok(login::invitation(tx, &digest, now)?)).await?.ok_or_else(spent)?;
    let name = form.name.trim().to_owned();
    let hash = match new_login(&state, &name, form.password, &form.again).await {
        Ok(hash) => hash,
        Err(WebError::BadRequest(problem)) => return refuse(&state, &headers, role, name, &problem),
        Err(other) => return Err(other),
    };
    let added = {
        let name = name.clone();
        state
            .write(move |tx| {
                // asked again inside the transaction: of two who follow the link at once, one wins
                let role = login::invitation(tx, &digest, now)?.ok_or_else(spent)?;
                if !login::add(tx, &name, role, &hash, now)? {
                    return Ok(None);
                }
                login::use_invitation(tx, &digest, now)?;
                Ok(login::password(tx, &name)?.map(|(login, _)| login))
            })
            .await?
    };
    match added {
        Some(login) => begin(&state, login, &name, "accepted an invitation", "/").await,
        None => refuse(&state, &headers, role, name, "this name is taken: choose another one"),
    }
}

/// Checks a name and a new password and hashes it.
async fn new_login(state: &Shared, name: &str, password: String, again: &str) -> Result<String, WebError> {
    check_name(name).map_err(|problem| WebError::BadRequest(problem.into()))?;
    if password != again {
        return Err(WebError::BadRequest("the two passwords differ: type the same one twice".into()));
    }
    let name = name.to_owned();
    let _place = state.hashing.acquire().await.map_err(|_| WebError::Internal)?;
    let hashed = tokio::task::spawn_blocking(move || secret::hash_password(&name, &password)).await;
    Ok(hashed.map_err(|_| WebError::Internal)??)
}

/// Whether a text can be a sign-in name; what is wrong with it otherwise.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("the name is empty: choose one");
    }
    if name.chars().count() > LONGEST_NAME {
        return Err("the name is longer than 64 characters: choose a shorter one");
    }
    if name.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("the name holds a space or a control character: choose one without");
    }
    Ok(())
}

fn refuse(
    state: &WebState,
    headers: &HeaderMap,
    role: Role,
    name: String,
    problem: &str,
) -> Result<Response, WebError> {
    let frame = Frame::outside("Welcome to Caliper", "");
    let problem = Some(text::sentence(problem));
    guarded(state, headers, |csrf| InvitationPage { frame, csrf, role, name, problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_paths_are_followed_after_signing_in() {
        for (next, target) in [
            ("/people?licence=user-cal", "/people?licence=user-cal"),
            ("", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nX: y", "/"),
        ] {
            assert_eq!(own_path(next), target, "{next}");
        }
    }
}
