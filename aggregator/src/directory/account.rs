//! What a directory knows of one account, whatever the directory's schema.

use caliper_proto::Instant;
use serde::{Deserialize, Serialize};

use super::{changes::Members, mark::Point};

/// The schema a directory speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Active Directory, Samba as a domain controller included.
    ActiveDirectory,
    /// Any other LDAP server with `inetOrgPerson` entries.
    Ldap,
}

impl Kind {
    /// As stored and configured.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ActiveDirectory => "active-directory",
            Self::Ldap => "ldap",
        }
    }
}

/// What an account stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountKind {
    /// A human being.
    User,
    /// A program: managed service account, user with service principal names, or named by the rule (rule E.15).
    Service,
    /// A machine.
    Computer,
}

impl AccountKind {
    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Service => "service",
            Self::Computer => "computer",
        }
    }

    /// The reverse of [`AccountKind::as_str`].
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::User, Self::Service, Self::Computer].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One account. Empty texts mean unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// `objectGUID` or `entryUUID`, lower case with hyphens; a plain directory without one: the DN.
    pub guid: String,
    /// What it stands for.
    pub kind: AccountKind,
    /// Why it is of this kind or external, where the directory or its settings say so; empty: nothing special.
    pub why: String,
    /// `S-1-5-21-…`.
    pub sid: String,
    /// Earlier SIDs of a migrated account.
    pub sid_history: Vec<String>,
    /// `sAMAccountName` or `uid`; machine accounts end with `$`.
    pub name: String,
    /// User principal name.
    pub upn: String,
    /// Mail address.
    pub mail: String,
    /// `employeeID` or `employeeNumber`.
    pub employee: String,
    /// For people to read.
    pub display_name: String,
    /// For people to filter.
    pub department: String,
    /// Of a computer.
    pub dns_host_name: String,
    /// Of a computer, for example `Windows Server 2019 Standard`.
    pub operating_system: String,
    /// Distinguished name.
    pub dn: String,
    /// Neither disabled nor expired.
    pub enabled: bool,
    /// When it expires; unset: never.
    pub expires: Option<Instant>,
    /// When it was made; unset: unknown.
    pub created: Option<Instant>,
    /// Neither employee nor on-site contractor (rule E.22), by organisational unit, group or name suffix.
    pub external: bool,
    /// Holds administrators' rights by itself or by a group.
    pub administrator: bool,
    /// What of the last two holds without any group.
    pub own: Own,
}

#[cfg(test)]
impl Account {
    /// An enabled account of which nothing is known but this.
    #[must_use]
    pub fn bare(kind: AccountKind, guid: &str, name: &str) -> Self {
        Self {
            guid: guid.into(),
            kind,
            why: String::new(),
            sid: String::new(),
            sid_history: Vec::new(),
            name: name.into(),
            upn: String::new(),
            mail: String::new(),
            employee: String::new(),
            display_name: String::new(),
            department: String::new(),
            dns_host_name: String::new(),
            operating_system: String::new(),
            dn: String::new(),
            enabled: true,
            external: false,
            administrator: false,
            expires: None,
            created: None,
            own: Own::default(),
        }
    }
}

/// What an account is by itself, not by a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Own {
    /// As in [`Account::external`].
    pub external: bool,
    /// As in [`Account::administrator`].
    pub administrator: bool,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Schema.
    pub kind: Kind,
    /// Where the search began.
    pub base: String,
    /// Short domain name in lower case; empty if the directory has none.
    pub netbios: String,
    /// Domain name in lower case.
    pub dns: String,
    /// Sorted by `guid`.
    pub accounts: Vec<Account>,
    /// Who is in groups that count; the accounts say so already.
    pub members: Members,
    /// From where changes can be asked for; none if the server cannot tell them.
    pub point: Option<Point>,
}
