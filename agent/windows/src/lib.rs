//! What the agent asks of Windows: each call once, with checked sizes and plain types. Empty on other systems.
//!
//! The only crate of the workspace with `unsafe`: each block holds one call and says why it is sound. It knows nothing of
//! Caliper; what the answers mean is decided by who calls.

#[cfg(windows)]
pub mod audit;
#[cfg(windows)]
pub mod clock;
#[cfg(windows)]
pub mod dns;
#[cfg(windows)]
mod error;
#[cfg(windows)]
pub mod event_log;
#[cfg(windows)]
pub mod event_source;
#[cfg(windows)]
pub mod machine;
#[cfg(windows)]
pub mod private_folder;
#[cfg(windows)]
pub mod process;
#[cfg(windows)]
pub mod registry;
#[cfg(windows)]
pub mod service;
#[cfg(windows)]
pub mod sessions;
#[cfg(windows)]
mod text;
#[cfg(windows)]
pub mod wmi;

#[cfg(windows)]
pub use error::WindowsError;
