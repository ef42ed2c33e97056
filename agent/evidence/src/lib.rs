//! Readers of what Windows leaves behind: User Access Logging, event logs, SMBIOS tables, registry exports.
//!
//! They turn foreign bytes into plain rows and know nothing of wires, stores or licences. None of them panics or
//! allocates more than its input justifies, whatever the bytes; damage is stepped over with a warning where the rest
//! is still worth reading.

pub mod address;
pub mod ese;
pub mod event_log;
pub mod registry;
pub mod smbios;
mod text;
pub mod ual;
