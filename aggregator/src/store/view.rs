//! What the pages and the REST API show: lists of what scans said, of servers and agents, one row type per list.
//!
//! Only reads. Knows nothing of HTML, JSON documents or roles.

pub mod accounts;
pub mod agents;
pub mod coverage;
pub mod devices;
pub mod evidence;
pub mod health;
mod list;
pub mod people;
pub mod scans;
pub mod servers;

pub use list::{List, Listing, Rows, Sort, count, each, one, rows};
