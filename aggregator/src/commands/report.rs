//! `caliper report`.

use std::{io, process::ExitCode, str::FromStr};

use caliper_licensing::Position;

use crate::{
    context::Context,
    report::{csv, table::Table},
    store::{Store, StoreError, scan as table},
};

/// Print the position of a stored scan
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// Number of the scan, or `latest`
    #[arg(long, value_name = "SCAN", default_value = "latest")]
    scan: Which,
    /// Print the position as JSON, `caliper.position/1`
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print its lines as CSV
    #[arg(long)]
    csv: bool,
}

/// A scan as people name it.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    /// The newest that came to an end.
    Latest,
    /// By its number.
    Number(u64),
}

impl FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "latest" => Ok(Self::Latest),
            number => number.parse().map(Self::Number).map_err(|_| "write `latest` or the number of a scan".into()),
        }
    }
}

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No scan ever came to an end.
    #[error("no scan is stored yet: run `caliper scan` first")]
    None,
    /// No scan of this number.
    #[error("there is no scan {0}: `caliper report` without --scan shows the latest")]
    Unknown(u64),
    /// A scan without a position.
    #[error("scan {scan} is {state} and has no position{}: run `caliper scan` again", reason(.failure))]
    Unfinished {
        /// Its number.
        scan: u64,
        /// `running` or `failed`.
        state: String,
        /// Why it failed, or empty.
        failure: String,
    },
    /// The lines cannot be written.
    #[error("the report cannot be printed: check where standard output goes")]
    Print(#[source] io::Error),
}

fn reason(failure: &str) -> String {
    if failure.is_empty() { String::new() } else { format!(" ({failure})") }
}

/// Prints one stored position, byte for byte as stored when JSON is asked for.
pub fn run(context: &Context, args: &ReportArgs) -> Result<ExitCode, ReportError> {
    let (scan, stored) = find(&context.store()?, args.scan)?;
    if args.json {
        println!("{}", stored.position);
        return Ok(ExitCode::SUCCESS);
    }
    let position: Position = serde_json::from_str(&stored.position)
        .map_err(|_| StoreError::Damaged { what: format!("position of scan {scan}") })?;
    if args.csv {
        csv::write(&position, io::stdout().lock()).map_err(ReportError::Print)?;
    } else {
        print!("{}", Table(&position));
    }
    Ok(ExitCode::SUCCESS)
}

/// A scan that came to an end, with its number.
pub fn find(store: &Store, which: Which) -> Result<(u64, table::Stored), ReportError> {
    let scan = match which {
        Which::Number(scan) => scan,
        Which::Latest => store.read(table::latest)?.ok_or(ReportError::None)?,
    };
    let stored: Option<table::Stored> = store.read(|tx| table::stored(tx, scan))?;
    let stored = stored.ok_or(ReportError::Unknown(scan))?;
    if stored.position.is_empty() {
        return Err(ReportError::Unfinished { scan, state: stored.state, failure: stored.failure });
    }
    Ok((scan, stored))
}
