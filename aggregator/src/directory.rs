//! LDAP in: people, service accounts and computers of an Active Directory or of a plain LDAP directory.
//!
//! [`read`] asks the server and returns everything or an error; [`synchronise`] asks for what has changed since, where the server can
//! tell, and stores a whole answer in one transaction, so that a broken connection never makes an account disappear. Knows nothing
//! of evidence or rules.

mod account;
mod active_directory;
mod changes;
mod connection;
mod dirsync;
mod entry;
mod error;
mod export;
mod group;
mod locate;
mod mark;
mod place;
mod plain;
mod search;
mod settings;
mod synchronisation;

pub use account::{Account, AccountKind, Kind, Own, Snapshot};
pub use changes::{Changes, Members};
pub use error::{DirectoryError, Problem};
pub use mark::{Mark, Point};
pub use place::normal;
pub use settings::DirectorySettings;
pub use synchronisation::{Outcome, Reading, read, synchronise};
