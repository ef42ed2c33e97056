//! The way through a proxy: HTTP `CONNECT` (RFC 9110, 9.3.6), after which every byte is the aggregator's.
//!
//! TLS goes through it unopened, so a proxy learns an address and nothing else. No password is ever sent to one.

use std::{fmt, io, pin::Pin, task, time::Duration};

use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tonic::{
    codegen::{Service, http::uri::Authority},
    transport::Uri,
};

use super::Trouble;

/// Longest wait for the proxy, and then for its answer: it has to connect as well.
pub const STEP: Duration = Duration::from_secs(10);

/// Longest head of an answer read, in bytes.
const LONGEST: usize = 8 << 10;

/// Longest part of an answer repeated in an error, in characters.
const SHOWN: usize = 100;

/// A proxy that connects to the aggregator for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// `host:port`.
    address: String,
}

/// Why a proxy did not connect. Each is told as its own [`Trouble`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// No connection to the proxy itself, or it broke.
    #[error("no connection to {0} ({1})")]
    Unreachable(Proxy, String),
    /// It answered something else than yes when asked for an address: its first line.
    #[error("{0} answers `{2}` when asked for {1}")]
    Refused(Proxy, String, String),
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.address)
    }
}

impl Proxy {
    /// Reads `http://host:port`; whatever else an address of a proxy can hold, a password above all, is refused.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("http://")?;
        let address = rest.strip_suffix('/').unwrap_or(rest);
        crate::config::is_address(address).then(|| Self { address: address.to_owned() })
    }

    /// A connection to the aggregator at `host:port`, made by the proxy.
    pub async fn open(&self, address: &str) -> Result<TcpStream, ProxyError> {
        let unreachable = |detail: &str| ProxyError::Unreachable(self.clone(), detail.to_owned());
        // it stands in a line of the request
        let address: Authority = address.parse().map_err(|_| unreachable("the aggregator's address is none"))?;
        let connected = timeout(STEP, TcpStream::connect(&self.address)).await;
        let mut stream =
            connected.map_err(|_| unreachable("no answer"))?.map_err(|error| unreachable(&error.to_string()))?;
        let head = timeout(STEP, ask(&mut stream, &address)).await;
        let head = head.map_err(|_| unreachable("no answer"))?.map_err(|error| unreachable(&error.to_string()))?;
        let line = head.split(|byte| *byte == b'\r' || *byte == b'\n').next().unwrap_or_default();
        let line: String = String::from_utf8_lossy(line).chars().take(SHOWN).collect();
        match status(&line) {
            Some(200..=299) => Ok(stream),
            _ => Err(ProxyError::Refused(self.clone(), address.to_string(), caliper_proto::printable(line))),
        }
    }
}

/// Sends the request and returns the head of the answer, or as much of it as came.
async fn ask(stream: &mut TcpStream, address: &Authority) -> io::Result<Vec<u8>> {
    stream.set_nodelay(true)?;
    stream.write_all(format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).await?;
    let mut head = Vec::new();
    // one by one: what follows the head belongs to TLS
    while !head.ends_with(b"\r\n\r\n") && head.len() < LONGEST {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && !head.is_empty() => break,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(io::Error::new(error.kind(), "it closed the connection"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(head)
}

fn status(line: &str) -> Option<u16> {
    let mut words = line.split(' ');
    words.next().filter(|version| version.starts_with("HTTP/1."))?;
    words.next().filter(|code| code.len() == 3)?.parse().ok()
}

impl ProxyError {
    /// What it means for the aggregator.
    #[must_use]
    pub fn trouble(&self) -> Trouble {
        match self {
            Self::Unreachable(proxy, detail) => Trouble::NoProxy { proxy: proxy.to_string(), detail: detail.clone() },
            Self::Refused(proxy, address, line) => {
                let code = status(line);
                let advice = match code {
                    Some(407) => {
                        "it wants a user name and password, which this agent does not send: let it connect there without"
                    }
                    Some(500..=599) => {
                        "it cannot reach the aggregator: check that that runs, its address, and the proxy's log"
                    }
                    Some(_) => "let it connect to this address and port",
                    None => "it is no HTTP proxy: check `proxy` in the configuration",
                };
                let passes = matches!(code, Some(500..=599));
                Trouble::Barred {
                    proxy: proxy.to_string(),
                    address: address.clone(),
                    line: line.clone(),
                    advice,
                    passes,
                }
            }
        }
    }
}

/// For the transport, which asks for the address of the aggregator and speaks TLS over what comes back.
impl Service<Uri> for Proxy {
    type Response = TokioIo<TcpStream>;
    type Error = ProxyError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ProxyError>> + Send>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<Result<(), ProxyError>> {
        task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let proxy = self.clone();
        Box::pin(async move {
            let address = to.authority().map(ToString::to_string).unwrap_or_default();
            proxy.open(&address).await.map(TokioIo::new)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_address_is_a_proxy() {
        for text in ["http://proxy.example.org:3128", "http://10.0.0.1:8080/", "http://[fd00::1]:3128"] {
            let proxy = Proxy::read(text).unwrap();
            assert_eq!(proxy.to_string(), text.trim_end_matches('/'));
        }
        for text in [
            "proxy:3128",
            "https://proxy:3128",
            "http://proxy",
            "http://proxy:0",
            "http://user:password@proxy:3128",
            "http://proxy:3128/path",
            "http://pro\r\nxy:3128",
            "socks5://proxy:1080",
            "",
        ] {
            assert_eq!(Proxy::read(text), None, "{text}");
        }
    }

    #[test]
    fn answers_are_told_apart_by_who_has_to_do_something() {
        let proxy = Proxy::read("http://p:1").unwrap();
        for (line, passes, part) in [
            ("HTTP/1.1 407 Proxy Authentication Required", false, "user name and password"),
            ("HTTP/1.1 403 Forbidden", false, "let it connect to this address"),
            ("HTTP/1.0 503 Service Unavailable", true, "cannot reach the aggregator"),
            ("HTTP/1.1 99999 what", false, "no HTTP proxy"),
            ("SSH-2.0-OpenSSH", false, "no HTTP proxy"),
        ] {
            let trouble = ProxyError::Refused(proxy.clone(), "a:2".into(), line.into()).trouble();
            assert_eq!(trouble.passes(), passes, "{line}");
            let text = trouble.to_string();
            assert!(
                text.contains(part)
                    && text.contains(&format!(
                        "the proxy http://p:1 does not connect to the aggregator at a:2 (`{line}`)"
                    )),
                "{text}"
            );
        }
    }
}
