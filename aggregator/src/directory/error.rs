//! Why a directory cannot be read, in sentences that end with what to do.

use std::{io, path::PathBuf};

use ldap3::LdapError;
use rustls::{CertificateError, Error as TlsError};

use super::DirectorySettings;
use crate::store::StoreError;

/// A directory could not be read or its answer not be stored; what was stored before is kept.
#[derive(Debug, thiserror::Error)]
#[error("directory `{name}`: {problem}")]
pub struct DirectoryError {
    /// As in the configuration.
    pub name: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a directory or with its section of the configuration.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// No place to read from, or several.
    #[error("set one of `url` (servers), `domain` (DNS names its servers) and `file` (an export in LDIF or CSV)")]
    Source,
    /// A server without an account.
    #[error("set `bind` and `password_file`, the account to sign in with")]
    SignIn,
    /// An export that cannot be read.
    #[error("the export `{}` cannot be read ({source}): check `file` and the rights of this account", path.display())]
    ExportFile {
        /// As configured.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// An export that is damaged.
    #[error("the export `{}` line {line}: {detail}", path.display())]
    Export {
        /// As configured.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// What is wrong and what to do.
        detail: String,
    },
    /// No LDAP address.
    #[error("`{url}` is no address of a directory: write ldaps://host or ldaps://host:port")]
    Url {
        /// As configured.
        url: String,
    },
    /// DNS names no server.
    #[error(
        "DNS names no server of `{domain}` ({detail}): check `domain`, set `dns_server` to a DNS server that knows it, or name servers in `url`"
    )]
    Locate {
        /// As configured.
        domain: String,
        /// What DNS says.
        detail: String,
    },
    /// DNS names a server to which no password is sent.
    #[error(
        "DNS names `{host}`, outside of `{domain}`: set `authority` to the certificate of the authority that signs its servers, or name servers in `url`"
    )]
    Stranger {
        /// As configured.
        domain: String,
        /// The last one named.
        host: String,
    },
    /// Without encryption.
    #[error("`{url}` would send the password in clear text: use ldaps:// or set start_tls = true")]
    Plain {
        /// As configured.
        url: String,
    },
    /// The password cannot be read.
    #[error("the password file `{}` cannot be read ({source}): create it with the password as its first line", path.display())]
    PasswordFile {
        /// As configured.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// No password: a directory would take that for an anonymous sign-in and say yes.
    #[error("the password file `{}` is empty: write the password as its first line", path.display())]
    PasswordEmpty {
        /// As configured.
        path: PathBuf,
    },
    /// No usable authority.
    #[error("the authority file `{}` holds no usable certificate ({detail}): give the PEM certificate of the authority that signed the directory's certificate", path.display())]
    Authority {
        /// As configured.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// Nobody answers.
    #[error("`{url}` does not answer ({detail}): check host, port, firewall and that the server runs")]
    Unreachable {
        /// As configured.
        url: String,
        /// What the network says.
        detail: String,
    },
    /// The certificate is of an authority nobody named.
    #[error(
        "the certificate of `{url}` is not signed by an authority known here: set authority = \"FILE\" to the PEM certificate of the authority that signed it"
    )]
    UnknownAuthority {
        /// As configured.
        url: String,
    },
    /// The certificate is for another name.
    #[error(
        "the certificate of `{url}` is for another name: write the host in the address as the certificate names it"
    )]
    OtherName {
        /// As configured.
        url: String,
    },
    /// Any other refusal of the encrypted connection.
    #[error("no encrypted connection to `{url}` ({detail}): check port, certificate and clock of the server")]
    Encryption {
        /// As configured.
        url: String,
        /// What was refused.
        detail: String,
    },
    /// Wrong name or password.
    #[error("`{bind}` was refused ({detail}): check the name in `bind` and the password in the password file")]
    Credentials {
        /// As configured.
        bind: String,
        /// What the server says.
        detail: String,
    },
    /// The base does not exist.
    #[error("the directory has no `{base}`: correct `base` or leave it out")]
    Base {
        /// As configured or found.
        base: String,
    },
    /// The server names no base.
    #[error("the directory names no default base: set `base`, for example base = \"dc=example,dc=com\"")]
    NoBase,
    /// The server stopped before the end.
    #[error(
        "the directory broke off the answer ({detail}): give `{bind}` the right to read everything, or raise the server's limits"
    )]
    Partial {
        /// Who asked.
        bind: String,
        /// What the server says.
        detail: String,
    },
    /// No answer in time.
    #[error("the directory did not answer within {seconds} s: try again, or raise operation_timeout_seconds")]
    Timeout {
        /// Limit in force.
        seconds: u64,
    },
    /// The answer is no LDAP.
    #[error(
        "the directory sent something that is no valid answer ({detail}): check that `url` leads to an LDAP server"
    )]
    Damaged {
        /// What is wrong.
        detail: String,
    },
    /// A complete answer without accounts where there were some.
    #[error("the directory now shows no account at all, {known} were known: check {suspect}")]
    Emptied {
        /// Accounts stored.
        known: u64,
        /// What may be wrong.
        suspect: String,
    },
    /// No server of several.
    #[error("none of the servers could be read: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Everywhere(Vec<Self>),
    /// The store.
    #[error("the answer cannot be stored: {0}")]
    Store(#[from] StoreError),
}

impl Problem {
    /// Whether another server of the same directory may answer. A refused password is not tried twice: accounts are locked for less.
    pub(super) fn is_of_the_server(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::UnknownAuthority { .. }
                | Self::OtherName { .. }
                | Self::Encryption { .. }
                | Self::Partial { .. }
                | Self::Timeout { .. }
                | Self::Damaged { .. }
        )
    }

    /// Sorts out what `ldap3` reports.
    pub(super) fn from_ldap(error: LdapError, settings: &DirectorySettings) -> Self {
        let url = || settings.server().to_owned();
        match error {
            LdapError::Timeout { .. } => Self::Timeout { seconds: settings.operation_timeout().as_secs() },
            LdapError::Io { source } => match source.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
                Some(tls) => Self::from_tls(tls, settings),
                None => Self::Unreachable { url: url(), detail: source.to_string() },
            },
            LdapError::Rustls { source } => Self::from_tls(&source, settings),
            LdapError::DNSName { .. } | LdapError::UrlParsing { .. } | LdapError::UnknownScheme(_) => {
                Self::Url { url: url() }
            }
            LdapError::LdapResult { result } => {
                // the text of Active Directory ends with a zero byte
                let detail = format!("result {}: {}", result.rc, result.text.trim_matches(['\0', ' ', '\n']));
                match result.rc {
                    49 | 48 | 7 | 8 => Self::Credentials { bind: settings.bind.clone(), detail },
                    32 => Self::Base { base: settings.base.clone().unwrap_or_default() },
                    _ => Self::Partial { bind: settings.bind.clone(), detail },
                }
            }
            LdapError::ResultRecv { .. } | LdapError::OpSend { .. } | LdapError::EndOfStream => {
                Self::Unreachable { url: url(), detail: "the connection broke".to_owned() }
            }
            other => Self::Damaged { detail: other.to_string() },
        }
    }

    fn from_tls(error: &TlsError, settings: &DirectorySettings) -> Self {
        let url = settings.server().to_owned();
        match error {
            TlsError::InvalidCertificate(CertificateError::UnknownIssuer) => Self::UnknownAuthority { url },
            TlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => Self::OtherName { url },
            other => Self::Encryption { url, detail: other.to_string() },
        }
    }
}
