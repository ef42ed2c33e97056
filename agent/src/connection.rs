//! Connections to the aggregator over TLS that trusts one authority only, and what their failures mean in words.
//!
//! A refused certificate, an outage and a wrong clock are three different sentences, because they need three different
//! people.

mod discovery;
#[cfg(any(not(windows), test))]
mod name_service;
mod proxy;
mod trouble;

use std::{fmt, io, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use caliper_proto::EnrolToken;
use tokio::{net::TcpStream, time::timeout};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

pub use discovery::{Resolver, SERVICE, ServiceRecord};
#[cfg(any(not(windows), test))]
pub use name_service::NameService;
pub use proxy::{Proxy, ProxyError};
pub use trouble::Trouble;

use crate::{environment::Environment, identity::Identity};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(20);

/// How the configuration leads to the aggregator. The default is the address of the token, without anybody in between.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// `host:port`, where the configuration names one.
    pub server: Option<String>,
    /// What connects to it for us.
    pub proxy: Option<Proxy>,
}

/// Whom to connect to and whom to trust.
#[derive(Debug, Clone)]
pub struct Target {
    /// `host:port`; empty if only DNS says where it is.
    pub address: String,
    /// What connects to it for us.
    pub proxy: Option<Proxy>,
    /// Whether DNS may name other addresses: only where the configuration names none.
    pub may_move: bool,
    /// Server name in its certificate.
    pub name: String,
    /// The only authority trusted, PEM.
    pub authority_pem: String,
}

impl Target {
    /// The aggregator of an identity, at another address if the configuration names one.
    #[must_use]
    pub fn of(identity: &Identity, route: &Route) -> Self {
        Self {
            address: route.server.clone().unwrap_or_else(|| identity.address.clone()),
            proxy: route.proxy.clone(),
            may_move: route.server.is_none(),
            name: identity.name.clone(),
            authority_pem: identity.authority_pem.clone(),
        }
    }

    /// The aggregator that a token leads to, likewise.
    #[must_use]
    pub fn of_token(token: &EnrolToken, route: &Route) -> Self {
        Self {
            address: route.server.clone().unwrap_or_else(|| token.address.clone()),
            proxy: route.proxy.clone(),
            may_move: route.server.is_none(),
            name: token.name.clone(),
            authority_pem: pem("CERTIFICATE", &token.authority),
        }
    }

    /// Connects, and says to which target: where the token has no address or it does not lead to the aggregator, and the
    /// configuration names no other, to the first of those that DNS names. The trouble is that of the token's address.
    pub async fn reach(
        &self,
        identity: Option<&Identity>,
        environment: &Environment,
    ) -> Result<(Channel, Self), Trouble> {
        // boxed, as these are large and whoever delivers holds several of them
        let mut trouble = Trouble::Nowhere;
        if !self.address.is_empty() {
            trouble = match Box::pin(self.connect(identity)).await {
                Ok(channel) => return Ok((channel, self.clone())),
                Err(trouble) if self.may_move && trouble.is_elsewhere() => trouble,
                Err(trouble) => return Err(trouble),
            };
        }
        match self.elsewhere(environment).await {
            Ok(others) => {
                for other in others {
                    match Box::pin(other.connect(identity)).await {
                        Ok(channel) => {
                            if self.address.is_empty() {
                                tracing::info!("the aggregator was found by DNS at {other}");
                            } else {
                                tracing::warn!("{trouble}; it was found by DNS at {other} instead");
                            }
                            return Ok((channel, other));
                        }
                        Err(other) => tracing::warn!("named by DNS: {other}"),
                    }
                }
            }
            Err(error) => tracing::warn!("DNS was asked where the aggregator is: {error}"),
        }
        Err(trouble)
    }

    /// The same aggregator at the addresses that DNS names, in the order to try; an error is a sentence.
    pub async fn elsewhere(&self, environment: &Environment) -> Result<Vec<Self>, String> {
        // the resolver may take its time
        let asked = tokio::task::spawn_blocking(environment.services).await;
        let records = asked.map_err(|_| "nobody answered".to_owned())??;
        let addresses = discovery::in_order(records, environment.random);
        let other = |address| Self { address, ..self.clone() };
        Ok(addresses.into_iter().filter(|address| *address != self.address).map(other).collect())
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
        let failed = |error: tonic::transport::Error| Trouble::of_connection(&self.to_string(), &error);
        let endpoint = Endpoint::from_shared(format!("https://{}", self.address))
            .and_then(|endpoint| endpoint.tls_config(tls))
            .map_err(failed)?
            .connect_timeout(self.proxy.as_ref().map_or(CONNECT, |_| CONNECT + 2 * proxy::STEP))
            .http2_keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(20))
            .keep_alive_while_idle(true)
            .tcp_nodelay(true);
        let channel = match &self.proxy {
            None => endpoint.connect().await,
            Some(proxy) => endpoint.connect_with_connector(proxy.clone()).await,
        };
        channel.map_err(failed)
    }

    /// The bare connection that TLS would go over.
    pub async fn dial(&self) -> Result<TcpStream, Trouble> {
        let Some(proxy) = &self.proxy else {
            let dialled = timeout(CONNECT, TcpStream::connect(&self.address)).await;
            let dialled = dialled.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut)));
            return dialled
                .map_err(|error| Trouble::Outage { address: self.address.clone(), detail: error.to_string() });
        };
        proxy.open(&self.address).await.map_err(|error| error.trouble())
    }
}

/// For sentences about the aggregator "at" it.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)?;
        self.proxy.as_ref().map_or(Ok(()), |proxy| write!(f, " through the proxy {proxy}"))
    }
}

/// DER in its text form.
fn pem(label: &str, der: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> = (0..body.len()).step_by(64).map(|at| &body[at..body.len().min(at + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
