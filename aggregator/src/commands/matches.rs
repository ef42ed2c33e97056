//! `caliper matches`.

use std::{io, process::ExitCode};

use jiff::civil::Date;

use crate::{
    config::{Config, ConfigError},
    context::Context,
    report::csv::harmless,
    scan::{self, ScanError},
    store::{Store, StoreError},
};

/// Print as CSV which person and which device each row of evidence stands for, by everything that is stored now
#[derive(Debug, clap::Args)]
pub struct MatchesArgs {
    /// Last day of the window, YYYY-MM-DD [default: today]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// Print a line of JSON for each instead
    #[arg(long)]
    json: bool,
}

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
pub enum MatchesError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The evidence.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lines cannot be written.
    #[error("the matches cannot be printed: check where standard output goes")]
    Print(#[source] io::Error),
}

/// Prints what each row of the window stands for.
pub fn run(context: &Context, args: &MatchesArgs) -> Result<ExitCode, MatchesError> {
    let (config, store) = (context.config()?, context.store()?);
    let as_of = args.as_of.unwrap_or_else(|| context.clock.now().date());
    let out = io::BufWriter::new(io::stdout().lock());
    let printed =
        if args.json { print_json(out, &store, &config, as_of) } else { print_csv(out, &store, &config, as_of) };
    printed?.map_err(MatchesError::Print)?;
    Ok(ExitCode::SUCCESS)
}

/// The outer error is that of the evidence, the inner one that of the output.
type Printed = Result<io::Result<()>, ScanError>;

fn print_json(mut out: impl io::Write, store: &Store, config: &Config, as_of: Date) -> Printed {
    let mut written = Ok(());
    scan::matches(store, config, as_of, |found| {
        written = serde_json::to_writer(&mut out, &found).map_err(io::Error::from).and_then(|()| out.write_all(b"\n"));
        written.is_ok()
    })?;
    Ok(written.and_then(|()| out.flush()))
}

fn print_csv(out: impl io::Write, store: &Store, config: &Config, as_of: Date) -> Printed {
    let mut out = csv::Writer::from_writer(out);
    let mut written = out
        .write_record(["server", "principal", "client", "days", "person", "who", "device", "kind", "confidence"])
        .map_err(io::Error::from);
    scan::matches(store, config, as_of, |found| {
        let cells = [
            &*found.server,
            &*found.principal,
            &*found.client,
            &*found.days,
            &*found.person,
            found.who,
            &*found.device,
            found.kind,
            found.confidence,
        ];
        written = out.write_record(cells.map(harmless)).map_err(io::Error::from);
        written.is_ok()
    })?;
    Ok(written.and_then(|()| out.flush()))
}
