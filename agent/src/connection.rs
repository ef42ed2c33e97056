//! Connections to the aggregator over TLS that trusts one authority only, and what their failures mean in words.
//!
//! A refused certificate, an outage and a wrong clock are three different sentences, because they need three different
//! people.

mod trouble;

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use caliper_proto::EnrolToken;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

pub use trouble::Trouble;

use crate::identity::Identity;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(20);

/// Whom to connect to and whom to trust.
#[derive(Debug, Clone)]
pub struct Target {
    /// `host:port`.
    pub address: String,
    /// Server name in its certificate.
    pub name: String,
    /// The only authority trusted, PEM.
    pub authority_pem: String,
}

impl Target {
    /// The aggregator of an identity, at another address if the configuration names one.
    #[must_use]
    pub fn of(identity: &Identity, address: Option<&str>) -> Self {
        Self {
            address: address.unwrap_or(&identity.address).into(),
            name: identity.name.clone(),
            authority_pem: identity.authority_pem.clone(),
        }
    }

    /// The aggregator that a token leads to.
    #[must_use]
    pub fn of_token(token: &EnrolToken) -> Self {
        Self {
            address: token.address.clone(),
            name: token.name.clone(),
            authority_pem: pem("CERTIFICATE", &token.authority),
        }
    }

    /// Connects; with an identity the aggregator learns who calls.
    pub async fn connect(&self, identity: Option<&Identity>) -> Result<Channel, Trouble> {
        let mut tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(&self.authority_pem))
            .domain_name(&self.name)
            .timeout(CONNECT);
        if let Some(identity) = identity {
            tls = tls.identity(tonic::transport::Identity::from_pem(&identity.certificate_pem, &identity.key_pem));
        }
        let failed = |error: tonic::transport::Error| Trouble::of_connection(&self.address, &error);
        Endpoint::from_shared(format!("https://{}", self.address))
            .and_then(|endpoint| endpoint.tls_config(tls))
            .map_err(failed)?
            .connect_timeout(CONNECT)
            .http2_keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(20))
            .keep_alive_while_idle(true)
            .tcp_nodelay(true)
            .connect()
            .await
            .map_err(failed)
    }
}

/// DER in its text form.
fn pem(label: &str, der: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> = (0..body.len()).step_by(64).map(|at| &body[at..body.len().min(at + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
