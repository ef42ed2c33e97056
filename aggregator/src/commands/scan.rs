//! `caliper scan`.

use std::{path::PathBuf, process::ExitCode};

use jiff::civil::Date;
use serde_json::json;

use crate::{
    config::ConfigError,
    context::Context,
    scan::{self, ScanError, Trigger},
    store::{StoreError, scan as table},
};

/// Compute the licence position from everything stored, and keep it
#[derive(Debug, clap::Args)]
pub struct ScanArgs {
    /// Last day of the window, YYYY-MM-DD, for evidence of an earlier time [default: today]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// Also write the estate that was assessed; `caliper plan FILE` gives the same position again
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
pub enum ScanCommandError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The scan.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The estate cannot be written.
    #[error("the scan is stored, but its estate cannot be written: choose another file")]
    Export(#[source] std::io::Error),
}

/// Runs one scan and says what it counted.
pub fn run(context: &Context, args: &ScanArgs) -> Result<ExitCode, ScanCommandError> {
    let config = context.config()?;
    let store = context.store()?;
    let as_of = args.as_of.unwrap_or_else(|| context.clock.now().date());
    let scan = scan::run_as_of(&store, &config, &Trigger::Hand, as_of, &context.clock)?;
    let counts: Option<table::Counts> = store.read(|tx| table::counts(tx, scan))?;
    let counts = counts.unwrap_or_default();
    if let Some(file) = &args.export {
        let stored: Option<table::Stored> = store.read(|tx| table::stored(tx, scan))?;
        fs_err::write(file, stored.map(|stored| stored.estate).unwrap_or_default())
            .map_err(ScanCommandError::Export)?;
    }
    if args.json {
        let line = json!({
            "scan": scan, "as_of": as_of, "people": counts.people, "devices": counts.devices, "servers": counts.servers,
            "cost_minor": counts.cost_minor, "estate_sha256": counts.estate_sha256,
        });
        println!("{line}");
    } else {
        println!(
            "scan {scan} as of {as_of}: {} people, {} devices, {} servers; `caliper report` shows the position",
            counts.people, counts.devices, counts.servers
        );
    }
    Ok(ExitCode::SUCCESS)
}
