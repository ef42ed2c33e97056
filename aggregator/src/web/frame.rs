//! What surrounds every page: title, navigation, who is signed in; and the style sheet.

use std::sync::LazyLock;

use askama::Template;
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use super::{error::WebError, secret};
use crate::store::login::{Role, Visitor};

const STYLE: &str = include_str!("../../assets/style.css");
const ICON: &str = include_str!("../../assets/icon.svg");

/// Address of the style sheet; it changes with the content, so browsers may keep it for ever.
static STYLE_PATH: LazyLock<String> = LazyLock::new(|| {
    let [a, b, c, d, ..] = secret::digest(STYLE);
    format!("/assets/style.css?v={a:02x}{b:02x}{c:02x}{d:02x}")
});

/// Version of this program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Handed to every template as `frame`.
pub struct Frame {
    /// Heading and window title.
    pub title: String,
    /// Path of the navigation entry that is current, or empty.
    pub place: &'static str,
    /// Who is signed in.
    pub visitor: Option<Visitor>,
    /// Address of the style sheet.
    pub style: &'static str,
    /// Of this program.
    pub version: &'static str,
}

/// The navigation: address and name.
pub const PLACES: [(&str, &str); 6] = [
    ("/", "Overview"),
    ("/servers", "Servers"),
    ("/people", "People"),
    ("/devices", "Devices"),
    ("/scans", "Scans"),
    ("/agents", "Agents"),
];

impl Frame {
    /// For someone signed in.
    pub fn new(title: impl Into<String>, place: &'static str, visitor: Visitor) -> Self {
        Self { visitor: Some(visitor), ..Self::outside(title, place) }
    }

    /// For nobody in particular.
    pub fn outside(title: impl Into<String>, place: &'static str) -> Self {
        Self { title: title.into(), place, visitor: None, style: &STYLE_PATH, version: VERSION }
    }

    /// The navigation's entries: address, name, whether current.
    pub fn places(&self) -> Vec<(&'static str, &'static str, bool)> {
        PLACES.iter().map(|(path, name)| (*path, *name, *path == self.place)).collect()
    }

    /// Whether the visitor has at least the role `operator`, who may run scans and revoke agents.
    pub fn operator(&self) -> bool {
        self.visitor.as_ref().is_some_and(|visitor| visitor.role >= Role::Operator)
    }

    /// Whether the visitor has at least the role `analyst`, who sees names.
    pub fn analyst(&self) -> bool {
        self.visitor.as_ref().is_some_and(|visitor| visitor.role >= Role::Analyst)
    }

    /// Secret of the session's forms.
    pub fn csrf(&self) -> &str {
        self.visitor.as_ref().map_or("", |visitor| &visitor.csrf)
    }
}

/// A page as a response.
pub fn page(template: &impl Template) -> Result<Response, WebError> {
    match template.render() {
        Ok(text) => Ok(Html(text).into_response()),
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            Err(WebError::Internal)
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    error: WebError,
}

/// An error as a page.
pub fn error_page(error: &WebError) -> Response {
    let frame = Frame::outside(error.title(), "");
    let mut response = page(&ErrorPage { frame, error: error.clone() }).unwrap_or_else(|_| Html("").into_response());
    *response.status_mut() = error.status();
    error.add_headers(&mut response);
    response
}

/// GET /assets/style.css
pub async fn style() -> Response {
    asset("text/css; charset=utf-8", STYLE)
}

/// GET /assets/icon.svg
pub async fn icon() -> Response {
    asset("image/svg+xml", ICON)
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    (StatusCode::OK, headers, text).into_response()
}
