//! The aggregator's own certificate authority: one key that signs the server's certificate and those of its clients.
//!
//! It knows nothing of tokens and who may have a certificate; it signs what it is told to.

use std::{
    fs::Permissions,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use caliper_proto::Instant;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SerialNumber, date_time_ymd,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use rustls::pki_types::{CertificateDer, CertificateSigningRequestDer, pem::PemObject as _};

/// Folder of the authority inside the data folder.
pub const FOLDER: &str = "authority";
/// Its certificate, PEM.
pub const CERTIFICATE_FILE: &str = "authority.pem";
/// Its private key, PEM, readable by the owner only.
pub const KEY_FILE: &str = "authority.key";

const DAY: u64 = 24 * 60 * 60;
const AUTHORITY_DAYS: u64 = 20 * 365;
/// Issued anew at each start; browsers accept no longer life than this.
const SERVER_DAYS: u64 = 825;
/// Longest request read, in bytes; one of a P-256 key is far below it.
const LONGEST_REQUEST: usize = 8 * 1024;

/// Why the authority cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// Its files cannot be written or read.
    #[error("the certificate authority in `{}` cannot be used: see to it that the aggregator's account may read and write there, or put the last backup in its place", path.display())]
    File {
        /// The authority's folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// Its files are no certificate and key.
    #[error("the certificate authority in `{}` is damaged: put `{FOLDER}` from the last backup in its place", path.display())]
    Damaged {
        /// The authority's folder.
        path: PathBuf,
        /// What is wrong with them.
        #[source]
        source: rcgen::Error,
    },
    /// The request is no signing request, or not signed with its own key.
    #[error("the certificate request cannot be used")]
    Request(#[source] rcgen::Error),
    /// A name cannot stand in a certificate.
    #[error("a certificate for {names} cannot be made: correct `grpc.name` and `grpc.addresses` in the configuration")]
    Names {
        /// All of them.
        names: String,
        /// What is wrong.
        #[source]
        source: rcgen::Error,
    },
    /// The system has no random numbers, or signing failed.
    #[error("no certificate can be signed")]
    Sign(#[source] rcgen::Error),
}

/// A certificate with its private key, both PEM.
pub struct Identity {
    /// The certificate.
    pub certificate_pem: String,
    /// The key. Never in a log.
    pub key_pem: String,
}

/// A client certificate just signed.
#[derive(Debug)]
pub struct ClientCertificate {
    /// PEM.
    pub pem: String,
    /// Lower-case hex.
    pub serial: String,
    /// End of its life.
    pub expires: Instant,
}

/// An authority ready to sign.
pub struct Authority {
    certificate_pem: String,
    certificate_der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Opens the authority in the data folder, making it the first time.
    pub fn open(data: &Path, now: Instant) -> Result<Self, AuthorityError> {
        let folder = data.join(FOLDER);
        let file = |source| AuthorityError::File { path: folder.clone(), source };
        if !folder.exists() {
            create(data, &folder, now)?;
        }
        let certificate_pem = fs_err::read_to_string(folder.join(CERTIFICATE_FILE)).map_err(file)?;
        let key_pem = fs_err::read_to_string(folder.join(KEY_FILE)).map_err(file)?;
        let damaged = |source| AuthorityError::Damaged { path: folder.clone(), source };
        let certificate_der = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(|_| damaged(rcgen::Error::CouldNotParseCertificate))?;
        let key = KeyPair::from_pem(&key_pem).map_err(damaged)?;
        let issuer = Issuer::from_ca_cert_der(&certificate_der, key).map_err(damaged)?;
        Ok(Self { certificate_pem, certificate_der, issuer })
    }

    /// Its certificate, PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Its certificate, DER: what a token carries.
    #[must_use]
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate_der
    }

    /// A new key and certificate for a server known by `names`, host names or addresses; the first is its subject.
    pub fn server(&self, names: &[String], now: Instant) -> Result<Identity, AuthorityError> {
        let wrong = |source| AuthorityError::Names { names: names.join(", "), source };
        let mut params = CertificateParams::new(names).map_err(wrong)?;
        params.distinguished_name = subject(names.first().map_or("caliper", String::as_str), None);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf(&mut params, now, SERVER_DAYS)?;
        let key = KeyPair::generate().map_err(AuthorityError::Sign)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(AuthorityError::Sign)?;
        Ok(Identity { certificate_pem: certificate.pem(), key_pem: key.serialize_pem() })
    }

    /// Signs a client certificate for the key of `request` (PKCS#10, DER). Only the key is taken from the request:
    /// the subject is `id`, the organisational unit `role`.
    pub fn client(
        &self,
        request: &[u8],
        id: &str,
        role: &str,
        now: Instant,
        days: u32,
    ) -> Result<ClientCertificate, AuthorityError> {
        if request.len() > LONGEST_REQUEST {
            return Err(AuthorityError::Request(rcgen::Error::CouldNotParseCertificationRequest));
        }
        let request = CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(request))
            .map_err(AuthorityError::Request)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = subject(id, Some(role));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let serial = leaf(&mut params, now, days.into())?;
        let certificate = params.signed_by(&request.public_key, &self.issuer).map_err(AuthorityError::Sign)?;
        let life = i64::from(days) * DAY.cast_signed() * 1_000_000;
        let expires = Instant::from_micros(now.micros().saturating_add(life)).unwrap_or(now);
        Ok(ClientCertificate { pem: certificate.pem(), serial, expires })
    }
}

fn subject(name: &str, role: Option<&str>) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    if let Some(role) = role {
        subject.push(DnType::OrganizationalUnitName, role);
    }
    subject
}

/// Sets what all certificates below the authority share; returns the serial number in lower-case hex.
fn leaf(params: &mut CertificateParams, now: Instant, days: u64) -> Result<String, AuthorityError> {
    let mut serial = [0_u8; 16];
    SystemRandom::new().fill(&mut serial).map_err(|_| AuthorityError::Sign(rcgen::Error::RingUnspecified))?;
    serial[0] = serial[0] & 0x7f | 0x40; // positive and always of the same length
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    lifetime(params, now, days);
    Ok(format!("{:032x}", u128::from_be_bytes(serial)))
}

/// From a day ago, because clocks of servers differ, to `days` from now.
fn lifetime(params: &mut CertificateParams, now: Instant, days: u64) {
    let epoch = date_time_ymd(1970, 1, 1);
    let seconds = u64::try_from(now.micros() / 1_000_000).unwrap_or_default();
    params.not_before = epoch + Duration::from_secs(seconds.saturating_sub(DAY));
    params.not_after = epoch + Duration::from_secs(seconds + days * DAY);
}

/// Makes the files in a folder beside, then moves it into place: another process sees all of it or nothing.
fn create(data: &Path, folder: &Path, now: Instant) -> Result<(), AuthorityError> {
    let file = |source| AuthorityError::File { path: folder.to_owned(), source };
    let key = KeyPair::generate().map_err(AuthorityError::Sign)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = subject("Caliper authority", None);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    lifetime(&mut params, now, AUTHORITY_DAYS);
    let certificate = params.self_signed(&key).map_err(AuthorityError::Sign)?;

    let owner = Permissions::from_mode(0o700);
    let beside = tempfile::Builder::new().prefix("authority-").permissions(owner).tempdir_in(data).map_err(file)?;
    let write = |name: &str, text: &str| -> std::io::Result<()> {
        let path = beside.path().join(name);
        let mut file = fs_err::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write(CERTIFICATE_FILE, &certificate.pem()).map_err(file)?;
    write(KEY_FILE, &key.serialize_pem()).map_err(file)?;
    match fs_err::rename(beside.path(), folder) {
        // another process was faster: its authority counts
        Err(_) if folder.join(KEY_FILE).exists() => Ok(()),
        done => done.map_err(file),
    }
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::*;

    use super::*;

    fn now() -> Instant {
        "2026-11-21T00:00:00Z".parse::<jiff::Timestamp>().unwrap().into()
    }

    #[test]
    fn stays_the_same_and_keeps_its_key_to_itself() {
        let data = tempfile::tempdir().unwrap();
        let first = Authority::open(data.path(), now()).unwrap();
        let again = Authority::open(data.path(), now()).unwrap();
        assert_eq!(first.certificate_der(), again.certificate_der());
        let mode = |name: &str| data.path().join(FOLDER).join(name).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(KEY_FILE), 0o600);
        assert_eq!(mode("."), 0o700);
    }

    #[test]
    fn a_client_gets_the_subject_we_choose_and_nothing_it_asked_for() {
        let data = tempfile::tempdir().unwrap();
        let authority = Authority::open(data.path(), now()).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut wish = CertificateParams::new(["caliper".to_owned()]).unwrap();
        wish.distinguished_name = subject("administrator", Some("reader"));
        wish.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let request = wish.serialize_request(&key).unwrap();
        let signed = authority.client(request.der(), "7", "agent", now(), 90).unwrap();

        let (_, pem) = parse_x509_pem(signed.pem.as_bytes()).unwrap();
        let certificate = pem.parse_x509().unwrap();
        assert_eq!(certificate.subject().to_string(), "CN=7, OU=agent");
        assert_eq!(certificate.raw_serial_as_string().replace(':', ""), signed.serial);
        assert!(certificate.subject_alternative_name().unwrap().is_none());
        let usage = certificate.extended_key_usage().unwrap().unwrap().value;
        assert!(usage.client_auth && !usage.server_auth);
        assert_eq!(signed.expires.to_string(), "2027-02-19T00:00:00.000000Z");
        assert_eq!(certificate.validity().not_after.timestamp() * 1_000_000, signed.expires.micros());
        let (_, root) = parse_x509_certificate(authority.certificate_der()).unwrap();
        certificate.verify_signature(Some(root.public_key())).unwrap();
    }

    #[test]
    fn refuses_what_is_no_request() {
        let data = tempfile::tempdir().unwrap();
        let authority = Authority::open(data.path(), now()).unwrap();
        for request in [&b""[..], b"hello", &[0x30; 9000]] {
            assert!(matches!(authority.client(request, "7", "agent", now(), 90), Err(AuthorityError::Request(_))));
        }
    }

    #[test]
    fn says_that_it_is_damaged() {
        let data = tempfile::tempdir().unwrap();
        drop(Authority::open(data.path(), now()).unwrap());
        fs_err::write(data.path().join(FOLDER).join(KEY_FILE), "").unwrap();
        assert!(matches!(Authority::open(data.path(), now()), Err(AuthorityError::Damaged { .. })));
    }
}
