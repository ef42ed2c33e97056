//! The wire: what agents and aggregator say to each other, and the report file that stands in for it.
//!
//! Plain domain types ([`Access`], [`Inventory`], [`Report`]) live here beside the generated [`wire`] types; the
//! modules under `convert` are the only places that know both, and every conversion from the wire can fail.
//! This crate knows nothing of databases, collectors or rules.

mod access;
mod convert;
mod days;
mod installed;
mod inventory;
mod labels;
mod report;
mod time;
mod token;

pub use access::{Access, AccessKey, Source, merge_all};
pub use convert::{CheckedBatch, CheckedRow, WireError, printable};
pub use days::{Days, DaysError};
pub use installed::{Installed, SqlInstance};
pub use inventory::{Inventory, NameRecord, Processor, RoleUse, VirtualMachine, is_virtual_by_firmware};
pub use labels::{LONGEST_LABEL, LabelError, Labels, MOST_TAGS, is_label};
pub use report::{REPORT_FORMAT, Report, ReportError, read_report, write_report};
pub use time::Instant;
pub use token::{EnrolToken, TokenError};

/// Generated from `caliper/v1/caliper.proto`.
#[allow(missing_docs, clippy::all, clippy::pedantic)] // generated code is documented in the .proto file
pub mod wire {
    tonic::include_proto!("caliper.v1");
}

/// The compiled descriptor set of `caliper.v1`, for gRPC reflection.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/caliper.v1.bin"));
