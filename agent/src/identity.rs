//! Who this agent is for the aggregator: key, certificate and the authority that it trusts, in one private file.
//!
//! One file, so that being killed during a renewal leaves a key and a certificate that belong together.

use std::{fmt, io, path::PathBuf, time::Duration};

use caliper_proto::Instant;
use rcgen::{CertificateParams, DnType, KeyPair, PublicKeyData as _};
use serde::{Deserialize, Serialize};
use x509_parser::prelude::{FromDer as _, Pem, X509Certificate};

use crate::state::{Folder, replace_durably};

/// Longest identity file read, in bytes.
const LONGEST: u64 = 1 << 20;

/// What enrolment gave. The key never leaves the state folder.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// `host:port` of the aggregator, from the token; empty if only DNS or the configuration says where it is.
    pub address: String,
    /// Server name in the aggregator's certificate, from the token.
    pub name: String,
    /// Identity given by the aggregator, a UUID.
    pub subject: String,
    /// This agent's certificate, PEM.
    pub certificate_pem: String,
    /// The only authority trusted, PEM.
    pub authority_pem: String,
    /// This agent's private key, PEM.
    pub key_pem: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("address", &self.address)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// Why there is no usable identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Never enrolled.
    #[error("this agent is not enrolled: run `caliper-agent enroll --token-file FILE`")]
    Missing,
    /// The file cannot be read or written.
    #[error("cannot use the identity: run as the account of the agent, or correct the permissions")]
    Io(#[source] io::Error),
    /// The file is damaged.
    #[error("{path}: {problem}; enrol again with `caliper-agent enroll --token-file FILE`", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// No key could be made.
    #[error("cannot make a key")]
    Key(#[source] rcgen::Error),
}

/// From when until when a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First instant.
    pub from: Instant,
    /// Last instant.
    pub until: Instant,
}

impl Validity {
    /// Whether a third or less of the lifetime is left, so that it is time for a new certificate.
    #[must_use]
    pub fn is_due(self, now: Instant) -> bool {
        let lifetime = self.until.micros() - self.from.micros();
        self.until.micros() - now.micros() <= lifetime / 3
    }

    /// How long to wait before asking for a new certificate: until it is due, or a while if it is due and asking failed.
    #[must_use]
    pub fn next_attempt(self, now: Instant) -> Duration {
        let left = self.until.micros() - now.micros();
        let third = (self.until.micros() - self.from.micros()) / 3;
        let wait = if left > third { left - third } else { left / 4 };
        Duration::from_micros(u64::try_from(wait).unwrap_or(0)).max(Duration::from_mins(1))
    }
}

/// A new key and the request for its certificate.
pub struct Request {
    /// Private key, PEM.
    pub key_pem: String,
    /// PKCS#10, DER.
    pub der: Vec<u8>,
    public: Vec<u8>,
}

impl Request {
    /// Makes a P-256 key. The host name is a courtesy; the aggregator chooses the subject.
    pub fn new(host_name: &str) -> Result<Self, IdentityError> {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(IdentityError::Key)?;
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, host_name);
        let request = parameters.serialize_request(&key).map_err(IdentityError::Key)?;
        let public = key.subject_public_key_info();
        Ok(Self { key_pem: key.serialize_pem(), der: request.der().to_vec(), public })
    }

    /// Whether a certificate (PEM) is one for this key.
    #[must_use]
    pub fn is_answered_by(&self, certificate_pem: &str) -> bool {
        with_certificate(certificate_pem, |certificate| certificate.public_key().raw == self.public).unwrap_or(false)
    }
}

impl Identity {
    /// Reads the identity from the state folder.
    pub fn load(folder: &Folder) -> Result<Self, IdentityError> {
        let path = folder.identity();
        let length = match fs_err::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(IdentityError::Missing),
            Err(error) => return Err(IdentityError::Io(error)),
        };
        let damaged = |problem: String| IdentityError::Damaged { path: path.clone(), problem };
        if length > LONGEST {
            return Err(damaged(format!("{length} bytes long, at most {LONGEST} expected")));
        }
        let json = fs_err::read(&path).map_err(IdentityError::Io)?;
        // the reader's own words could quote the key
        let identity: Self = serde_json::from_slice(&json)
            .map_err(|error| damaged(format!("line {}, column {}: not an identity", error.line(), error.column())))?;
        identity.validity().ok_or_else(|| damaged("its certificate cannot be read".into()))?;
        Ok(identity)
    }

    /// Replaces the identity in the state folder, durably.
    pub fn save(&self, folder: &Folder) -> Result<(), IdentityError> {
        let json = serde_json::json!(self).to_string();
        replace_durably(&folder.identity(), json.as_bytes()).map_err(IdentityError::Io)
    }

    /// Validity of the certificate; `None` if it cannot be read.
    #[must_use]
    pub fn validity(&self) -> Option<Validity> {
        let seconds = with_certificate(&self.certificate_pem, |certificate| {
            let validity = certificate.validity();
            (validity.not_before.timestamp(), validity.not_after.timestamp())
        });
        let instant = |seconds: i64| Instant::from_micros(seconds.checked_mul(1_000_000)?);
        let (from, until) = seconds?;
        Some(Validity { from: instant(from)?, until: instant(until)? })
    }

    /// Whether key and certificate belong together.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        let Ok(key) = KeyPair::from_pem(&self.key_pem) else { return false };
        let public = key.subject_public_key_info();
        with_certificate(&self.certificate_pem, |certificate| certificate.public_key().raw == public).unwrap_or(false)
    }
}

fn with_certificate<T>(pem: &str, read: impl FnOnce(&X509Certificate<'_>) -> T) -> Option<T> {
    let pem = Pem::iter_from_buffer(pem.as_bytes()).next()?.ok()?;
    let (_, certificate) = X509Certificate::from_der(&pem.contents).ok()?;
    Some(read(&certificate))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(request: &Request) -> Identity {
        let key = KeyPair::from_pem(&request.key_pem).unwrap();
        let mut parameters = CertificateParams::default();
        parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2026, 4, 1);
        Identity {
            address: "host:1".into(),
            name: "aggregator".into(),
            subject: "s".into(),
            certificate_pem: parameters.self_signed(&key).unwrap().pem(),
            authority_pem: String::new(),
            key_pem: request.key_pem.clone(),
        }
    }

    fn at(text: &str) -> Instant {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    #[test]
    fn is_kept_privately_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::new(folder.path());
        assert!(matches!(Identity::load(&folder), Err(IdentityError::Missing)));
        let identity = signed(&Request::new("host").unwrap());
        identity.save(&folder).unwrap();
        assert_eq!(Identity::load(&folder).unwrap(), identity);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs_err::metadata(folder.identity()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs_err::write(folder.identity(), "{\"key_pem\": 7}").unwrap();
        assert!(matches!(Identity::load(&folder), Err(IdentityError::Damaged { .. })));
    }

    #[test]
    fn knows_its_own_certificate_from_a_foreign_one() {
        let (ours, theirs) = (Request::new("host").unwrap(), Request::new("host").unwrap());
        let identity = signed(&ours);
        assert!(ours.is_answered_by(&identity.certificate_pem) && identity.is_consistent());
        assert!(!theirs.is_answered_by(&identity.certificate_pem));
        assert!(!Identity { key_pem: theirs.key_pem, ..identity }.is_consistent());
        assert!(!ours.is_answered_by("no certificate"));
    }

    /// Ninety days from 1 January to 1 April: due when thirty are left, on 2 March.
    #[test]
    fn is_due_when_a_third_of_its_life_is_left() {
        let validity = signed(&Request::new("host").unwrap()).validity().unwrap();
        assert_eq!(validity, Validity { from: at("2026-01-01T00:00:00Z"), until: at("2026-04-01T00:00:00Z") });
        assert!(!validity.is_due(at("2026-03-01T23:59:59Z")));
        assert!(validity.is_due(at("2026-03-02T00:00:00Z")));
        let days = |now| validity.next_attempt(at(now)).as_secs() / 86_400;
        assert_eq!(days("2026-01-01T00:00:00Z"), 60);
        assert_eq!(days("2026-03-12T00:00:00Z"), 5, "a quarter of the twenty that are left");
        assert_eq!(validity.next_attempt(at("2027-01-01T00:00:00Z")), Duration::from_mins(1));
    }

    #[test]
    fn debug_output_hides_the_key() {
        let identity = signed(&Request::new("host").unwrap());
        assert!(!format!("{identity:?}").contains("PRIVATE"));
    }
}
