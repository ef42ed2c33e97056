//! What the pages and the REST API show: lists of what scans said, of servers and agents, one row type per list.
//!
//! Reads, with the one exception that an agent can be revoked. Knows nothing of HTML, JSON or roles.

pub mod health;
mod list;
pub mod scans;

pub use list::{Rows, Sort};
