//! `caliper version`.

use std::process::ExitCode;

use crate::context::Context;

/// Prints the version.
#[derive(Debug, clap::Args)]
pub struct VersionArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints the version of the program and of the schema it writes.
#[must_use]
pub fn run(_: &Context, args: &VersionArgs) -> ExitCode {
    let version = env!("CARGO_PKG_VERSION");
    if args.json {
        println!("{}", serde_json::json!({ "version": version, "schema": crate::store::SCHEMA }));
    } else {
        println!("caliper {version}");
    }
    ExitCode::SUCCESS
}
