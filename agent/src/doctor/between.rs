//! Who stands where the aggregator should: asked only when TLS with the aggregator failed.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Longest wait for each answer.
const STEP: Duration = Duration::from_secs(5);

/// Bytes kept of an answer that is no TLS.
const MOST: usize = 512;

/// Looks at what answers there and says so if it is not an aggregator; sends nothing but a greeting.
pub fn look(stream: TcpStream, name: &str) -> Option<String> {
    stream.set_nonblocking(false).ok()?;
    stream.set_read_timeout(Some(STEP)).ok()?;
    stream.set_write_timeout(Some(STEP)).ok()?;
    let seen = Arc::new(Seen { issuer: Mutex::default(), provider: Arc::new(ring::default_provider()) });
    let mut connection = connection(&seen, name)?;
    let mut stream = Listening { stream, heard: Vec::new() };
    // it always fails: the verifier below takes nobody
    while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
    if stream.heard.starts_with(b"HTTP/") {
        let answer = String::from_utf8_lossy(&stream.heard);
        let line = answer.lines().next().unwrap_or_default().trim();
        return Some(format!(
            "something that speaks HTTP and not TLS answers there (`{line}`), such as a proxy: let this agent connect to \
             the aggregator directly"
        ));
    }
    let issuer = seen.issuer.lock().unwrap_or_else(PoisonError::into_inner).take();
    match issuer {
        Some(issuer) => Some(format!(
            "its certificate was issued by `{issuer}`: if that is a proxy that opens TLS, except the aggregator from it"
        )),
        None if stream.heard.is_empty() => {
            Some("the connection is closed before TLS begins, as firewalls and proxies do: let it through".into())
        }
        None => None,
    }
}

fn connection(seen: &Arc<Seen>, name: &str) -> Option<ClientConnection> {
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&seen.provider))
        .with_safe_default_protocol_versions()
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::<Seen>::clone(seen))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    ClientConnection::new(Arc::new(config), ServerName::try_from(name.to_owned()).ok()?).ok()
}

/// A connection of which the first bytes heard are kept.
struct Listening {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Read for Listening {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.stream.read(buffer)?;
        let room = MOST.saturating_sub(self.heard.len());
        self.heard.extend(&buffer[..length.min(room)]);
        Ok(length)
    }
}

impl Write for Listening {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Notes who issued the certificate shown, and refuses everybody.
#[derive(Debug)]
struct Seen {
    issuer: Mutex<Option<String>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let issuer =
            X509Certificate::from_der(certificate).ok().map(|(_, certificate)| certificate.issuer().to_string());
        *self.issuer.lock().unwrap_or_else(PoisonError::into_inner) = issuer.map(caliper_proto::printable);
        Err(rustls::Error::General("only looked at".into()))
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("only looked at".into()))
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("only looked at".into()))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
