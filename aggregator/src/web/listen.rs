//! Serves the router over TLS, or without it on a loopback address only.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig, server::TlsStream};

use super::connection::Connection;

/// Time a client has for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Connections at once: far more than people look at the pages, far fewer than the agents have files left.
const CONNECTIONS: usize = 512;
/// A connection on which nothing moves for so long ends; a scan asked for over REST takes far less.
const IDLE: Duration = Duration::from_mins(10);

/// Why the pages cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Passwords would cross the network in clear.
    #[error("the pages are not served on {0} without TLS: listen on a loopback address or leave TLS on")]
    Plain(SocketAddr),
    /// The listener failed.
    #[error("the pages can no longer be served: check that the address is still there, then start again")]
    Listen(#[source] io::Error),
}

/// Address of the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// Serves until `shutdown` is ready, then lets requests under way finish.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let address = listener.local_addr().map_err(ServeError::Listen)?;
    let service = router.into_make_service_with_connect_info::<Peer>();
    match tls {
        Some(config) => {
            let listener = TlsListener::new(listener, address, config);
            axum::serve(listener, service).with_graceful_shutdown(shutdown).await
        }
        None if address.ip().is_loopback() => axum::serve(listener, service).with_graceful_shutdown(shutdown).await,
        None => return Err(ServeError::Plain(address)),
    }
    .map_err(ServeError::Listen)
}

/// Accepts connections whose handshake is done; a slow client never holds up another one.
struct TlsListener {
    address: SocketAddr,
    ready: mpsc::Receiver<(Connection<TlsStream<TcpStream>>, SocketAddr)>,
    accepting: tokio::task::JoinHandle<()>,
}

impl TlsListener {
    fn new(mut listener: TcpListener, address: SocketAddr, config: Arc<ServerConfig>) -> Self {
        let acceptor = TlsAcceptor::from(config);
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let (done, ready) = mpsc::channel(CONNECTIONS);
        let accepting = tokio::spawn(async move {
            while let Ok(place) = Arc::clone(&places).acquire_owned().await {
                let (stream, peer) = Listener::accept(&mut listener).await;
                let (acceptor, done) = (acceptor.clone(), done.clone());
                tokio::spawn(async move {
                    match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                        // the receiver is gone only when the server shuts down
                        Ok(Ok(stream)) => drop(done.send((Connection::new(stream, IDLE, place), peer)).await),
                        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake refused"),
                        Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
                    }
                });
            }
        });
        Self { address, ready, accepting }
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Listener for TlsListener {
    type Io = Connection<TlsStream<TcpStream>>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // the accepting task never ends by itself; were it gone there would be nothing to accept
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
