//! Everything the pages and the REST API refuse or fail at: one small list of stable codes, shown once as a page and
//! once as `application/problem+json`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{secret::SecretError, text::sentence};
use crate::store::{StoreError, login::Role};

/// Why a request gets no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    /// Nothing stands at this address.
    #[error("{0}")]
    NotFound(String),
    /// Nobody is signed in.
    #[error("sign in first; programs send `Authorization: Bearer` with a token from `caliper user api-token`")]
    SignIn,
    /// The role does not suffice.
    #[error("this needs the role {0} or a higher one: ask an administrator of Caliper")]
    Forbidden(Role),
    /// The form's secret is missing or old.
    #[error("the form is too old or came from elsewhere: go back, reload the page and try again")]
    Forged,
    /// A value nobody can follow.
    #[error("{0}")]
    BadRequest(String),
    /// The method is not offered here.
    #[error("this address does not take that method: see /api/v1/openapi.json")]
    Method,
    /// Too many failed attempts.
    #[error("too many failed attempts: try again in {0} seconds")]
    TooMany(u64),
    /// Something else is under way.
    #[error("{0}")]
    Conflict(String),
    /// Ours to repair; the cause is in the log.
    #[error("something went wrong inside Caliper: try again, then look into the aggregator's log")]
    Internal,
    /// The store cannot be read.
    #[error("the store cannot be read: look into the aggregator's log")]
    NotReady,
}

impl WebError {
    /// HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::SignIn => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) | Self::Forged => StatusCode::FORBIDDEN,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotReady => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not-found",
            Self::SignIn => "sign-in",
            Self::Forbidden(_) => "role",
            Self::Forged => "form",
            Self::BadRequest(_) => "bad-request",
            Self::Method => "method",
            Self::TooMany(_) => "too-many-attempts",
            Self::Conflict(_) => "conflict",
            Self::Internal => "internal",
            Self::NotReady => "not-ready",
        }
    }

    /// A few words for a heading.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "Not found",
            Self::SignIn => "Sign in",
            Self::Forbidden(_) => "Not for your role",
            Self::Forged => "Form too old",
            Self::BadRequest(_) => "Not understood",
            Self::Method => "Not possible here",
            Self::TooMany(_) => "Too many attempts",
            Self::Conflict(_) => "Not now",
            Self::Internal => "Our mistake",
            Self::NotReady => "Not ready",
        }
    }

    /// The text as a sentence for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        sentence(&self.to_string())
    }

    /// As `application/problem+json`.
    #[must_use]
    pub fn problem(&self) -> Response {
        #[derive(Serialize)]
        struct Problem<'a> {
            r#type: &'a str,
            title: &'a str,
            status: u16,
            code: &'a str,
            detail: String,
        }
        let problem = Problem {
            r#type: "about:blank",
            title: self.title(),
            status: self.status().as_u16(),
            code: self.code(),
            detail: self.to_string(),
        };
        let mut response = (self.status(), Json(problem)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        self.add_headers(&mut response);
        response
    }

    /// Headers that belong to the status.
    pub fn add_headers(&self, response: &mut Response) {
        match self {
            Self::TooMany(seconds) => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            }
            Self::SignIn => {
                let realm = HeaderValue::from_static("Bearer realm=\"caliper\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
            }
            _ => {}
        }
    }
}

/// Carries the error to the outermost layer, which knows whether a page or a problem document was asked for.
impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a page could not be answered");
        Self::Internal
    }
}

impl From<SecretError> for WebError {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::System => Self::Internal,
            refused => Self::BadRequest(refused.to_string()),
        }
    }
}
