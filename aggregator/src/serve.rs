//! Everything `caliper serve` runs, in one process: gRPC for agents and programs, pages, the clockwork.
//!
//! Claims the data folder first, so that two aggregators never share one.

use std::{
    fs::TryLockError,
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use caliper_proto::{
    DESCRIPTOR_SET,
    wire::{delivery_server::DeliveryServer, enrolment_server::EnrolmentServer, query_server::QueryServer},
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio::{net::TcpListener, sync::watch};
use tonic::transport::{Certificate, Server, ServerTlsConfig, server::TcpIncoming};

use crate::{
    authority::{Authority, AuthorityError, Identity},
    config::{Config, ConfigError},
    context::{Clock, Context},
    ingest::{closed, connected::Connected, delivery, enrolment, query, writer::Writer},
    scan::{self, Trigger},
    sentence::sentence,
    store::{Store, StoreError, private_folder},
    web::{self, WebState},
};

/// Held by the aggregator that serves; not empty while it runs and after it was killed.
const LOCK_FILE: &str = "caliper.lock";
/// How often it is looked up whether somebody wants an agent to collect.
const LOOK_UP: Duration = Duration::from_secs(2);
/// How long streams may take to end.
const FAREWELL: Duration = Duration::from_secs(10);
/// Time a newcomer has for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Calls at once on one connection; an agent needs one.
const MOST_STREAMS: u32 = 100;
/// Largest message of an agent, in bytes.
const LARGEST_MESSAGE: usize = 4 << 20;

/// Why the aggregator does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The authority cannot be used.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// Another aggregator is there already.
    #[error("another aggregator serves from the data folder `{}`: stop it first, or name another folder with --data", path.display())]
    Claimed {
        /// The data folder.
        path: PathBuf,
    },
    /// A port is taken or an address is not of this machine.
    #[error(
        "the aggregator cannot listen on {address}: stop the program that uses the port, or change `{key}` in the configuration"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The key that names it.
        key: &'static str,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The system gives no thread or signal.
    #[error("the aggregator cannot start")]
    Start(#[source] std::io::Error),
    /// The gRPC server failed.
    #[error("the gRPC server failed")]
    Grpc(#[source] tonic::transport::Error),
    /// The pages failed.
    #[error(transparent)]
    Pages(#[from] web::ServeError),
    /// The pages have no TLS.
    #[error("the pages cannot speak TLS")]
    Tls(#[source] rustls::Error),
    /// Nobody could sign in for the first time.
    #[error(transparent)]
    Invite(#[from] web::InviteError),
    /// The services cannot be described.
    #[error("the services cannot be described for reflection")]
    Reflection(#[source] tonic_reflection::server::Error),
}

/// Where the aggregator listens.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Addresses {
    /// gRPC.
    pub grpc: SocketAddr,
    /// Pages and REST.
    pub pages: SocketAddr,
    /// How browsers reach the pages.
    pub url: String,
    /// One-time link for the first administrator while there is none.
    pub invitation: Option<String>,
}

/// The data folder is ours as long as this lives.
#[derive(Debug)]
struct Claim {
    file: std::fs::File,
    /// Whether the last aggregator ended without saying so.
    killed: bool,
}

impl Claim {
    fn take(data: &Path) -> Result<Self, ServeError> {
        let folder = |source| StoreError::Folder { path: data.to_owned(), source };
        private_folder(data).map_err(folder)?;
        let path = data.join(LOCK_FILE);
        let options = fs_err::OpenOptions::new().read(true).append(true).create(true).open(path);
        let file = options.map_err(folder)?.into_parts().0;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ServeError::Claimed { path: data.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(folder(source).into()),
        }
        let killed = file.metadata().map_err(folder)?.len() > 0;
        Ok(Self { file, killed })
    }

    /// Leaves a mark that is there after a kill.
    fn mark(&mut self) -> Result<(), ServeError> {
        if !self.killed {
            let mark = b"an aggregator serves from this folder, or was killed\n";
            self.file.write_all(mark).and_then(|()| self.file.sync_all()).map_err(ServeError::Start)?;
        }
        Ok(())
    }

    /// Leaves the folder in order.
    fn release(self) {
        if let Err(error) = self.file.set_len(0) {
            tracing::warn!("the lock file cannot be emptied, the next start will check the database: {error}");
        }
    }
}

/// Serves until `closing` becomes true; calls `ready` once everything listens.
pub async fn serve(
    context: &Context,
    closing: watch::Receiver<bool>,
    ready: impl FnOnce(&Addresses),
) -> Result<(), ServeError> {
    let config = context.config()?;
    let mut claim = Claim::take(&context.data)?;
    let store = Arc::new(context.store()?);
    if claim.killed {
        tracing::info!("the last aggregator did not end in order: the database is being checked");
        store.check()?;
    }
    let authority = Arc::new(Authority::open(&context.data, context.clock.now())?);
    let grpc = listen("listen.grpc", config.listen.grpc).await?;
    let pages = listen("listen.pages", config.listen.pages).await?;
    let listening = [&grpc, &pages].map(TcpListener::local_addr);
    let [grpc_address, pages_address] = listening.map(|address| address.map_err(ServeError::Start));
    let (grpc_address, pages_address) = (grpc_address?, pages_address?);

    claim.mark()?;

    let names = names(&config, [grpc_address, pages_address]);
    let identity = authority.server(&names, context.clock.now())?;
    let url = url(&config, pages_address);
    let addresses = Addresses {
        grpc: grpc_address,
        invitation: web::first_administrator_link(&store, &url, context.clock.now())?,
        pages: pages_address,
        url,
    };
    let config = Arc::new(config);
    scan::recover(&store, context.clock.now())?;
    let scanner = scanner(&store, &config, &context.clock);
    let state = WebState::new(Arc::clone(&store), context.clock.clone(), scanner, config.pages.tls);
    let pages_tls = config.pages.tls.then(|| pages_tls(&identity)).transpose()?;
    let pages = web::serve(pages, pages_tls, web::router(state), closed(closing.clone()));

    let (writer, thread) = Writer::start(Arc::clone(&store), context.clock.clone()).map_err(ServeError::Start)?;
    let connected = Connected::default();
    let scheduler = tokio::spawn(scan::keep_schedules(Arc::clone(&store), Arc::clone(&config), context.clock.clone()));
    let messenger = tokio::spawn(tell(Arc::clone(&store), connected.clone(), closing.clone()));
    let (clock, days) = (context.clock.clone(), config.certificates.days);
    let enrolment = enrolment::Service::new(Arc::clone(&store), Arc::clone(&authority), clock, days);
    let delivery = delivery::Service::new(Arc::clone(&store), writer, connected, &config.agents, closing.clone());
    let grpc = grpc_server(&identity, &authority)?
        .add_service(EnrolmentServer::new(enrolment).max_decoding_message_size(LARGEST_MESSAGE))
        .add_service(DeliveryServer::new(delivery).max_decoding_message_size(LARGEST_MESSAGE))
        .add_service(QueryServer::new(query::Service::new(Arc::clone(&store))))
        .add_service(health().await)
        .add_service(described().build_v1().map_err(ServeError::Reflection)?)
        // the reflection libraries of Python and others still ask the older version
        .add_service(described().build_v1alpha().map_err(ServeError::Reflection)?)
        .serve_with_incoming_shutdown(TcpIncoming::from(grpc).with_nodelay(Some(true)), closed(closing.clone()));
    ready(&addresses);
    let outcome = tokio::select! {
        outcome = async { tokio::try_join!(
            async { grpc.await.map_err(ServeError::Grpc) },
            async { pages.await.map_err(ServeError::Pages) },
        ) } => outcome.map(|_| ()),
        () = async { closed(closing).await; tokio::time::sleep(FAREWELL).await; } => Ok(()),
    };
    messenger.abort();
    scheduler.abort();
    outcome?;
    // what was handed over is committed before the lock is given back
    let joined = tokio::task::spawn_blocking(move || thread.join()).await;
    if matches!(joined, Ok(Ok(()))) {
        store.settle()?;
        claim.release();
    }
    Ok(())
}

async fn listen(key: &'static str, address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, key, source })
}

/// Runs a scan for whoever asks on the pages or over REST.
fn scanner(store: &Arc<Store>, config: &Arc<Config>, clock: &Clock) -> web::Scanner {
    let (own_store, own_config, own_clock) = (Arc::clone(store), Arc::clone(config), clock.clone());
    let run: web::RunScan = Arc::new(move |trigger| {
        let trigger = if trigger == "hand" { Trigger::Hand } else { Trigger::Api };
        let scan = scan::run(&own_store, &own_config, &trigger, &own_clock).map_err(|error| sentence(&error))?;
        i64::try_from(scan).map_err(|_| "the number of the scan is too large: start a new data folder".into())
    });
    let (own_store, own_config, own_clock) = (Arc::clone(store), Arc::clone(config), clock.clone());
    let preview: web::PreviewRule = Arc::new(move |change| {
        scan::preview(&own_store, &own_config, own_clock.now().date(), change).map_err(|error| sentence(&error))
    });
    web::Scanner { run, preview, rules: config.people.rule.clone() }
}

/// Names by which the server may be called: its own, the configured addresses, and this machine.
fn names(config: &Config, listening: [SocketAddr; 2]) -> Vec<String> {
    let mut names = vec![config.grpc.name.clone()];
    let local = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let configured = config.grpc.addresses.iter().map(|address| host(address).to_owned());
    let own = listening.iter().map(SocketAddr::ip).filter(|ip| !ip.is_unspecified()).map(|ip| ip.to_string());
    for name in configured.chain(own).chain(local) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The host of `host`, `host:port`, `[address]:port` or a bare address.
fn host(address: &str) -> &str {
    if let Some((host, _)) = address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return host;
    }
    match address.split_once(':') {
        Some((host, port)) if !port.contains(':') => host,
        _ => address,
    }
}

/// How browsers reach the pages.
fn url(config: &Config, listening: SocketAddr) -> String {
    let scheme = if config.pages.tls { "https" } else { "http" };
    match config.grpc.addresses.first() {
        Some(address) if listening.ip().is_unspecified() => match host(address) {
            host if host.contains(':') => format!("{scheme}://[{host}]:{}", listening.port()),
            host => format!("{scheme}://{host}:{}", listening.port()),
        },
        _ => format!("{scheme}://{listening}"),
    }
}

fn pages_tls(identity: &Identity) -> Result<Arc<rustls::ServerConfig>, ServeError> {
    let own = |_| ServeError::Tls(rustls::Error::General("the certificate just made cannot be read".into()));
    let certificate = CertificateDer::from_pem_slice(identity.certificate_pem.as_bytes()).map_err(own)?;
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).map_err(own)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key))
        .map_err(ServeError::Tls)?;
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(tls))
}

fn grpc_server(identity: &Identity, authority: &Authority) -> Result<Server, ServeError> {
    let own = tonic::transport::Identity::from_pem(&identity.certificate_pem, &identity.key_pem);
    let tls = ServerTlsConfig::new()
        .identity(own)
        .client_ca_root(Certificate::from_pem(authority.certificate_pem()))
        // a newcomer has none yet; delivery, query and renewal insist on one, health and reflection tell nothing secret
        .client_auth_optional(true)
        .timeout(HANDSHAKE);
    let server = Server::builder()
        .max_concurrent_streams(MOST_STREAMS)
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20);
    server.tls_config(tls).map_err(ServeError::Grpc)
}

async fn health() -> tonic_health::pb::health_server::HealthServer<impl tonic_health::pb::health_server::Health> {
    let (reporter, service) = tonic_health::server::health_reporter();
    reporter.set_serving::<EnrolmentServer<enrolment::Service>>().await;
    reporter.set_serving::<DeliveryServer<delivery::Service>>().await;
    reporter.set_serving::<QueryServer<query::Service>>().await;
    service
}

fn described() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// Passes requests to collect on to the agents they are for, until the aggregator closes.
async fn tell(store: Arc<Store>, connected: Connected, closing: watch::Receiver<bool>) {
    while !*closing.borrow() {
        let (store, connected) = (Arc::clone(&store), connected.clone());
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || connected.tell(&store)).await {
            tracing::error!("{}", sentence(&error));
        }
        tokio::time::sleep(LOOK_UP).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_from_all_ways_of_writing_an_address() {
        for (address, expected) in [
            ("caliper.example.org", "caliper.example.org"),
            ("caliper.example.org:8444", "caliper.example.org"),
            ("10.0.0.1:8444", "10.0.0.1"),
            ("[::1]:8444", "::1"),
            ("[::1]", "::1"),
            ("::1", "::1"),
        ] {
            assert_eq!(host(address), expected, "{address}");
        }
    }
}
