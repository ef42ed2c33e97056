//! An encrypted, signed-in connection to a directory.

use std::{fs::Permissions, io::Read as _, net::SocketAddr, path::Path, sync::Arc};

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, StdStream};
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer, pki_types::pem::PemObject};
use tokio::net::TcpStream;

use super::{DirectorySettings, Problem};

/// Connects, encrypts and signs in; at one of `addresses`, if there are any, whatever the server's name stands for. Referrals are never followed: `ldap3` leaves them to its caller.
pub(super) async fn open(settings: &DirectorySettings, addresses: &[SocketAddr]) -> Result<Ldap, Problem> {
    settings.check()?;
    let password = password(&settings.password_file)?;
    let mut connection =
        LdapConnSettings::new().set_conn_timeout(settings.connect_timeout()).set_starttls(settings.start_tls);
    if let Some(authority) = &settings.authority {
        connection = connection.set_config(encryption(authority)?);
    }
    let unreachable = |detail: String| Problem::Unreachable { url: settings.server().to_owned(), detail };
    let too_late = || unreachable(format!("no connection within {} s", settings.connect_timeout().as_secs()));
    if !addresses.is_empty() {
        let stream = tokio::time::timeout(settings.connect_timeout(), TcpStream::connect(addresses)).await;
        let stream = stream.map_err(|_| too_late())?.and_then(TcpStream::into_std);
        connection = connection.set_std_stream(StdStream::Tcp(stream.map_err(|error| unreachable(error.to_string()))?));
    }
    let (driver, mut ldap) =
        LdapConnAsync::with_settings(connection, settings.server()).await.map_err(|error| match error {
            ldap3::LdapError::Timeout { .. } => too_late(),
            other => Problem::from_ldap(other, settings),
        })?;
    tokio::spawn(async move {
        if let Err(error) = driver.drive().await {
            tracing::debug!(%error, "the connection to a directory ended");
        }
    });
    ldap.with_timeout(settings.operation_timeout());
    ldap.simple_bind(&settings.bind, &password)
        .await
        .and_then(ldap3::LdapResult::success)
        .map_err(|error| Problem::from_ldap(error, settings))?;
    Ok(ldap)
}

/// Most bytes read of a password file.
const LONGEST_PASSWORD: u64 = 4096;

/// First line of the password file.
fn password(path: &Path) -> Result<String, Problem> {
    let unreadable = |source| Problem::PasswordFile { path: path.to_owned(), source };
    let mut text = String::new();
    let file = fs_err::File::open(path).map_err(|error| unreadable(plain(&error)))?;
    file.take(LONGEST_PASSWORD).read_to_string(&mut text).map_err(|error| unreadable(plain(&error)))?;
    let permissions = fs_err::metadata(path).map_err(|error| unreadable(plain(&error)))?.permissions();
    if readable_by_others(&permissions) {
        tracing::warn!(file = %path.display(), "other accounts of this machine can read the password file: chmod 600");
    }
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(Problem::PasswordEmpty { path: path.to_owned() }),
    }
}

/// The path stands in the sentence around it already.
fn plain(error: &std::io::Error) -> std::io::Error {
    error.kind().into()
}

#[cfg(unix)]
fn readable_by_others(permissions: &Permissions) -> bool {
    use std::os::unix::fs::PermissionsExt;
    permissions.mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn readable_by_others(_: &Permissions) -> bool {
    false
}

/// Trusts the certificates in the PEM file `authority` and no others.
fn encryption(authority: &Path) -> Result<Arc<ClientConfig>, Problem> {
    let unusable = |detail: String| Problem::Authority { path: authority.to_owned(), detail };
    let text = fs_err::read(authority).map_err(|error| unusable(plain(&error).to_string()))?;
    let mut trusted = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        trusted.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if trusted.is_empty() {
        return Err(unusable("no certificate in it".to_owned()));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(error.to_string()))?
        .with_root_certificates(trusted)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
