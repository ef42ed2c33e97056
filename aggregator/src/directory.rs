//! LDAP in: people, service accounts and computers of an Active Directory or of a plain LDAP directory.
//!
//! [`read`] asks the server and returns everything or an error; [`synchronise`] stores a whole answer in one
//! transaction, so that a broken connection never makes an account disappear. Knows nothing of evidence or rules.

mod account;
mod active_directory;
mod connection;
mod entry;
mod error;
mod group;
mod plain;
mod search;
mod settings;
mod synchronisation;

pub use account::{Account, AccountKind, Kind, Snapshot};
pub use error::{DirectoryError, Problem};
pub use settings::DirectorySettings;
pub use synchronisation::{Outcome, read, synchronise};
