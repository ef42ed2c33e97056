//! The commands of `caliper`, one module each: arguments, the call into the library, what is printed.
//!
//! Each module has an `…Args` struct and `run(&Context, …Args) -> Result<ExitCode, …Error>`. `main` lists them.

pub mod agents;
pub mod backup;
pub mod catalogue;
pub mod config;
pub mod decide;
pub mod directory;
pub mod explain;
pub mod import;
pub mod matches;
pub mod optimise;
pub mod plan;
pub mod report;
pub mod scan;
pub mod serve;
pub mod token;
pub mod user;
pub mod verify;
pub mod version;
