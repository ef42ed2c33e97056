//! What went wrong with a connection, told apart by what has to be done about it.

use std::{error::Error, io};

use caliper_proto::Instant;
use rustls::{AlertDescription, CertificateError};
use tonic::{Code, Status};

use super::{ProxyError, SERVICE};

/// Why the aggregator cannot be talked to. Each has its own sentence and ends with what to do.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum Trouble {
    /// No connection, or it broke.
    #[error(
        "cannot reach the aggregator at {address} ({detail}): check that it runs, the name, the port and the firewall"
    )]
    Outage {
        /// `host:port`.
        address: String,
        /// What the system says.
        detail: String,
    },
    /// Nobody says where it is.
    #[error(
        "neither the token nor the configuration says where the aggregator is, and DNS does not lead there (`{SERVICE}` of this \
         computer's domain): set `server` in the configuration, or have that record made"
    )]
    Nowhere,
    /// The proxy cannot be reached.
    #[error(
        "cannot reach the proxy {proxy} ({detail}): check `proxy` in the configuration, that it runs, and the firewall"
    )]
    NoProxy {
        /// As in the configuration.
        proxy: String,
        /// What the system says.
        detail: String,
    },
    /// The proxy does not let us through.
    #[error("the proxy {proxy} does not connect to the aggregator at {address} (`{line}`): {advice}")]
    Barred {
        /// As in the configuration.
        proxy: String,
        /// `host:port`.
        address: String,
        /// First line of its answer.
        line: String,
        /// What to do.
        advice: &'static str,
        /// Whether it may connect later.
        passes: bool,
    },
    /// Its certificate comes from somebody else.
    #[error(
        "the certificate of the aggregator at {0} is not from the authority this agent trusts: somebody else answers \
         there, or the aggregator has a new authority; check the address, then enrol with a new token"
    )]
    ForeignAuthority(String),
    /// Its certificate is for another name.
    #[error(
        "the certificate of the aggregator at {0} is for another server name: check the address, then enrol with a new \
         token"
    )]
    WrongName(String),
    /// Its certificate is not valid at this computer's time.
    #[error(
        "the certificate of the aggregator at {0} is not valid at this computer's time: set this computer's clock; if it \
         is right, the aggregator needs a new certificate"
    )]
    Clock(String),
    /// TLS says that our certificate was revoked.
    #[error(
        "the aggregator at {0} has revoked this agent's certificate: enrol with a new token if it should report again"
    )]
    Revoked(String),
    /// TLS says that it does not take our certificate.
    #[error("the aggregator at {0} does not accept this agent's certificate, which is {1}: enrol with a new token")]
    Refused(String, &'static str),
    /// It knows us and turns us away: revoked, unknown, of another role. Its words end with what to do.
    #[error("the aggregator at {0} turns this agent away: {1}")]
    TurnedAway(String, String),
    /// It does not take what we send.
    #[error("the aggregator at {0} cannot take what this agent sends: {1}; install the same version of both")]
    Rejected(String, String),
    /// Our own certificate has ended.
    #[error("this agent's certificate ended on {0} and it is {1}: if the clock is right, enrol with a new token")]
    Expired(Instant, Instant),
    /// Our own certificate has not begun.
    #[error("this agent's certificate begins on {0} and this computer's clock says {1}: set the clock")]
    NotYet(Instant, Instant),
    /// It answers that it cannot now.
    #[error("the aggregator at {0} failed ({1}): see its log")]
    Unexpected(String, String),
}

impl Trouble {
    /// Whether trying again later can help without anybody doing anything.
    #[must_use]
    pub fn passes(&self) -> bool {
        matches!(
            self,
            Self::Outage { .. }
                | Self::Nowhere
                | Self::Unexpected(..)
                | Self::NoProxy { .. }
                | Self::Barred { passes: true, .. }
        )
    }

    /// Whether the aggregator may be at another address: nobody is at this one, or somebody else.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        matches!(
            self,
            Self::Outage { .. } | Self::ForeignAuthority(_) | Self::WrongName(_) | Self::Barred { passes: true, .. }
        )
    }

    /// Of an attempt to connect.
    #[must_use]
    pub fn of_connection(address: &str, error: &(dyn Error + 'static)) -> Self {
        Self::of_chain(address, error)
            .unwrap_or_else(|| Self::Outage { address: address.into(), detail: innermost(error) })
    }

    /// Of a call or a stream.
    #[must_use]
    pub fn of_status(address: &str, status: &Status) -> Self {
        if let Some(trouble) = status.source().and_then(|source| Self::of_chain(address, source)) {
            return trouble;
        }
        // HTTP/2 keeps only the text of what TLS says when the aggregator turns us away after the handshake
        if let Some(trouble) = Self::of_alert_text(address, &texts(status)) {
            return trouble;
        }
        if status.source().is_some() {
            return Self::Outage { address: address.into(), detail: innermost(status) };
        }
        let (address, message) = (address.to_owned(), status.message().to_owned());
        match status.code() {
            Code::PermissionDenied | Code::Unauthenticated => Self::TurnedAway(address, message),
            Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange | Code::Unimplemented => {
                Self::Rejected(address, message)
            }
            Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded | Code::Aborted => {
                Self::Outage { address, detail: message }
            }
            code => Self::Unexpected(address, format!("{code:?}: {message}")),
        }
    }

    /// Looks for what TLS or the proxy said below the layers of transport.
    fn of_chain(address: &str, error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(proxy) = error.downcast_ref::<ProxyError>() {
                return Some(proxy.trouble());
            }
            let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            let tls = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
            if let Some(tls) = tls.or_else(|| error.downcast_ref()) {
                return Self::of_tls(address, tls);
            }
            next = match inner {
                Some(inner) => Some(inner),
                None => error.source(),
            };
        }
        None
    }

    fn of_tls(address: &str, error: &rustls::Error) -> Option<Self> {
        let address = address.to_owned();
        match error {
            rustls::Error::InvalidCertificate(problem) => Some(match problem {
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    Self::WrongName(address)
                }
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => Self::Clock(address),
                _ => Self::ForeignAuthority(address),
            }),
            rustls::Error::AlertReceived(alert) => Self::of_alert(&address, *alert),
            _ => None,
        }
    }

    fn of_alert(address: &str, alert: AlertDescription) -> Option<Self> {
        let refused = |what| Some(Self::Refused(address.into(), what));
        match alert {
            AlertDescription::CertificateRevoked | AlertDescription::AccessDenied => {
                Some(Self::Revoked(address.into()))
            }
            AlertDescription::CertificateExpired => refused("expired"),
            AlertDescription::UnknownCA => refused("from another authority"),
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRequired
            | AlertDescription::DecryptError => refused("unknown to it"),
            _ => None,
        }
    }

    fn of_alert_text(address: &str, text: &str) -> Option<Self> {
        const ALERTS: [AlertDescription; 9] = [
            AlertDescription::CertificateRevoked,
            AlertDescription::AccessDenied,
            AlertDescription::CertificateExpired,
            AlertDescription::UnknownCA,
            AlertDescription::BadCertificate,
            AlertDescription::UnsupportedCertificate,
            AlertDescription::CertificateUnknown,
            AlertDescription::CertificateRequired,
            AlertDescription::DecryptError,
        ];
        let alert =
            ALERTS.into_iter().find(|alert| text.contains(&rustls::Error::AlertReceived(*alert).to_string()))?;
        Self::of_alert(address, alert)
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

fn texts(error: &(dyn Error + 'static)) -> String {
    chain(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
