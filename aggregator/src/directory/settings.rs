//! `[[directory]]` of the configuration.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use super::{
    Kind, Problem,
    place::{is_below, normal},
};
use crate::pattern;

/// One directory to read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DirectorySettings {
    /// Unique among directories.
    pub name: String,
    /// `ldaps://host[:port]`, or `ldap://host[:port]` together with `start_tls = true`; or a list of them, of which each is asked
    /// when those before it do not answer.
    #[serde(default, deserialize_with = "one_or_several")]
    pub url: Vec<String>,
    /// Instead of servers: the DNS name of a domain, whose servers DNS names.
    #[serde(default)]
    pub domain: Option<String>,
    /// Site of Active Directory whose servers are asked before all others of `domain`.
    #[serde(default)]
    pub site: Option<String>,
    /// `address` or `address:port` of the DNS server that knows `domain`; unset: the system's.
    #[serde(default)]
    pub dns_server: Option<String>,
    /// Instead of a server: a file that another one's directory was exported to, LDIF or CSV (`*.csv`); read anew every time.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// Turn an `ldap://` connection into an encrypted one before anything is said.
    #[serde(default)]
    pub start_tls: bool,
    /// PEM file with the certificate of the authority that signed the server's; unset: the system's authorities.
    #[serde(default)]
    pub authority: Option<PathBuf>,
    /// DN, `name@domain` or `DOMAIN\name` to sign in with; needs no more than the right to read.
    #[serde(default)]
    pub bind: String,
    /// File whose first line is the password; only the aggregator's account should be able to read it.
    #[serde(default)]
    pub password_file: PathBuf,
    /// Where to search; unset: what the server names as its default.
    #[serde(default)]
    pub base: Option<String>,
    /// Unset: found out.
    #[serde(default)]
    pub kind: Option<Kind>,
    /// Short domain name as logs write it before `\`; unset: asked (Active Directory only).
    #[serde(default)]
    pub netbios: Option<String>,
    /// Seconds to wait for a connection.
    #[serde(default = "ten")]
    pub connect_timeout_seconds: u64,
    /// Seconds to wait for one page of an answer.
    #[serde(default = "sixty")]
    pub operation_timeout_seconds: u64,
    /// Between two whole readings only what has changed is asked for, as far as the server can tell; `0`: always everything.
    #[serde(default = "a_day")]
    pub whole_every_hours: u32,
    /// Account names of programs, with `*` for anything (rule E.15).
    #[serde(default = "service_patterns")]
    pub service_patterns: Vec<String>,
    /// DNs of organisational units whose people are external (rule E.22).
    #[serde(default)]
    pub external_units: Vec<String>,
    /// Ends of user principal names or mail addresses of external people.
    #[serde(default)]
    pub external_suffixes: Vec<String>,
    /// DNs of groups whose members, also through other groups, are external.
    #[serde(default)]
    pub external_groups: Vec<String>,
    /// DNs of more groups of administrators, besides the directory's own.
    #[serde(default)]
    pub administrator_groups: Vec<String>,
}

fn ten() -> u64 {
    10
}

fn sixty() -> u64 {
    60
}

fn a_day() -> u32 {
    24
}

/// One text or a list of them.
fn one_or_several<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Written::deserialize(from)? {
        Written::One(one) => vec![one],
        Written::Several(several) => several,
    })
}

fn service_patterns() -> Vec<String> {
    vec!["svc-*".to_owned(), "svc_*".to_owned()]
}

impl DirectorySettings {
    /// Makes file names that are relative start from `folder`, the configuration's.
    pub fn resolve(&mut self, folder: &Path) {
        self.password_file = folder.join(&self.password_file);
        self.file = self.file.as_ref().map(|file| folder.join(file));
        self.authority = self.authority.as_ref().map(|file| folder.join(file));
    }

    /// How long to wait for a connection.
    #[must_use]
    pub fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.connect_timeout_seconds.max(1))
    }

    /// How long to wait for one operation.
    #[must_use]
    pub fn operation_timeout(&self) -> Duration {
        Duration::from_secs(self.operation_timeout_seconds.max(1))
    }

    /// Whether there is one place to read from, and the password would travel encrypted to every server; anything else is refused.
    pub fn check(&self) -> Result<(), Problem> {
        if [!self.url.is_empty(), self.domain.is_some(), self.file.is_some()].into_iter().filter(|set| *set).count()
            != 1
        {
            return Err(Problem::Source);
        }
        if self.file.is_none() && (self.bind.is_empty() || self.password_file.as_os_str().is_empty()) {
            return Err(Problem::SignIn);
        }
        for url in &self.url {
            let (scheme, host) = url.split_once("://").unwrap_or((url, ""));
            if host.is_empty() || !matches!(scheme, "ldap" | "ldaps") {
                return Err(Problem::Url { url: url.clone() });
            }
            if scheme == "ldap" && !self.start_tls {
                return Err(Problem::Plain { url: url.clone() });
            }
        }
        Ok(())
    }

    /// The same section with one of its servers.
    pub(super) fn with(&self, url: &str) -> Self {
        Self { url: vec![url.to_owned()], domain: None, ..self.clone() }
    }

    /// The first server.
    pub(super) fn server(&self) -> &str {
        self.url.first().map_or("", String::as_str)
    }

    /// Tells sections apart that understand the same answer differently: what was read with one of them is read anew, whole, with another.
    #[must_use]
    pub(super) fn meaning(&self) -> String {
        let meaning = Self {
            url: Vec::new(),
            domain: None,
            site: None,
            dns_server: None,
            file: None,
            authority: None,
            password_file: PathBuf::new(),
            connect_timeout_seconds: 0,
            operation_timeout_seconds: 0,
            whole_every_hours: 0,
            ..self.clone()
        };
        let text = serde_json::to_string(&meaning).unwrap_or_default();
        // another number where accounts are understood otherwise than before
        format!("{:x}", Sha256::digest(text + env!("CARGO_PKG_VERSION") + "/2"))
    }

    /// Why an account of this name is a program by the naming rule, if it is.
    #[must_use]
    pub fn names_service(&self, name: &str) -> Option<String> {
        let pattern = self.service_patterns.iter().find(|pattern| pattern::fits(pattern, name))?;
        Some(format!("named like “{pattern}”"))
    }

    /// Why an account is external by its place or by its names, if it is.
    #[must_use]
    pub fn names_external(&self, dn: &str, upn: &str, mail: &str) -> Option<String> {
        let (dn, upn, mail) = (normal(dn), upn.to_lowercase(), mail.to_lowercase());
        let unit = self.external_units.iter().find(|unit| is_below(&dn, &normal(unit)));
        let suffix = self.external_suffixes.iter().find(|suffix| {
            let suffix = suffix.to_lowercase();
            upn.ends_with(&suffix) || mail.ends_with(&suffix)
        });
        let by_unit = unit.map(|unit| format!("in the unit “{unit}”"));
        by_unit.or_else(|| suffix.map(|suffix| format!("address ends with “{suffix}”")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> DirectorySettings {
        let fixed = "name = 'corp'\nbind = 'reader@corp.example'\npassword_file = 'secret'\n";
        toml::from_str(&format!("{fixed}{text}")).unwrap()
    }

    #[test]
    fn a_password_never_travels_in_clear_text() {
        assert!(settings("url = 'ldaps://dc1.corp.example'").check().is_ok());
        assert!(settings("url = 'ldap://dc1:3389'\nstart_tls = true").check().is_ok());
        assert!(matches!(settings("url = 'ldap://dc1'").check(), Err(Problem::Plain { .. })));
        for url in ["dc1", "http://dc1", "ldaps://"] {
            assert!(matches!(settings(&format!("url = '{url}'")).check(), Err(Problem::Url { .. })), "{url}");
        }
        assert!(settings("url = ['ldaps://dc1', 'ldaps://dc2']").check().is_ok());
        assert!(matches!(settings("url = ['ldaps://dc1', 'ldap://dc2']").check(), Err(Problem::Plain { .. })));
        assert!(settings("domain = 'corp.example'").check().is_ok());
        for neither_or_both in
            ["url = []", "", "url = 'ldaps://dc1'\nfile = 'corp.ldif'", "url = 'ldaps://dc1'\ndomain = 'corp.example'"]
        {
            assert!(matches!(settings(neither_or_both).check(), Err(Problem::Source)), "{neither_or_both}");
        }
        let bare: DirectorySettings = toml::from_str("name = 'corp'\nurl = 'ldaps://dc1'\nbind = 'b'").unwrap();
        assert!(matches!(bare.check(), Err(Problem::SignIn)));
        let file: DirectorySettings = toml::from_str("name = 'corp'\nfile = 'corp.ldif'").unwrap();
        assert!(file.check().is_ok());
    }

    #[test]
    fn other_rules_mean_another_reading_other_servers_do_not() {
        let meaning = |text: &str| settings(text).meaning();
        let one = meaning("url = 'ldaps://dc1'");
        assert_eq!(meaning("url = ['ldaps://dc2', 'ldaps://dc3']\nwhole_every_hours = 1\nauthority = 'ca.pem'"), one);
        assert_eq!(meaning("domain = 'corp.example'\nsite = 'Berlin'\ndns_server = '10.0.0.53'"), one);
        for other in ["base = 'dc=b'", "external_units = ['ou=x']", "administrator_groups = ['cn=g']"] {
            assert_ne!(meaning(&format!("url = 'ldaps://dc1'\n{other}")), one, "{other}");
        }
    }

    #[test]
    fn services_are_told_by_name() {
        let settings = settings("url = 'ldaps://dc1'\nservice_patterns = ['svc-*', '*-robot', 'backup']");
        for (name, service) in
            [("SVC-sql", true), ("scan-robot", true), ("backup", true), ("backup2", false), ("jane.svc-", false)]
        {
            assert_eq!(settings.names_service(name).is_some(), service, "{name}");
        }
    }

    #[test]
    fn externals_are_told_by_place_and_suffix() {
        let settings = settings(
            "url = 'ldaps://dc1'\nexternal_units = ['OU=Partners,DC=corp,DC=example']\nexternal_suffixes = ['@partner.example']",
        );
        for (dn, upn, mail, external) in [
            ("CN=Ann,ou=partners,dc=corp,dc=example", "", "", true),
            ("CN=Ann,OU=Staff,DC=corp,DC=example", "ann@Partner.example", "", true),
            ("CN=Ann,OU=Staff,DC=corp,DC=example", "ann@corp.example", "ann@partner.example", true),
            ("CN=Ann,OU=Staff,DC=corp,DC=example", "ann@corp.example", "", false),
            ("CN=Ann,OU=NotPartners,DC=corp,DC=example", "", "", false),
        ] {
            assert_eq!(settings.names_external(dn, upn, mail).is_some(), external, "{dn} {upn} {mail}");
        }
    }
}
