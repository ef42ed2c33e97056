//! `caliper plan`: the position of an estate written in a file, without a store or a network.

mod accesses;
mod curve;
mod transfers;
mod what_if;

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use caliper_licensing::{
    Estate, EstateError, EstateFile, FileError, Position, assess_with,
    planner::{ChangeError, changed},
};
use thiserror::Error;

use crate::{
    context::Context,
    own_catalogue::{self, OwnCatalogueError},
    report::table::Table,
    sentence::Shown,
};

/// Arguments of `caliper plan`.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// The estate: a TOML file that people write, or an exported estate in JSON
    pub estate: PathBuf,
    /// More accesses: CSV `user,device` or `user,device,server`
    #[arg(long, value_name = "FILE")]
    pub accesses: Option<PathBuf>,
    /// A catalogue file of your own: rows confirmed, changed or added, prices confirmed
    #[arg(long, value_name = "FILE")]
    pub catalogue: Option<PathBuf>,
    /// Print the position as JSON instead of a table
    #[arg(long)]
    pub json: bool,
    /// Instead of the position print which mixes of User and Device CALs are the cheapest at which prices
    #[arg(long)]
    pub curve: bool,
    /// How many mixes the curve shows at most
    #[arg(long, value_name = "COUNT", default_value_t = 20, requires = "curve")]
    pub points: u16,
    /// Instead of the position print who gets which CAL, with the fewest moves that the ledger of assignments allows
    #[arg(long, conflicts_with = "curve")]
    pub transfers: bool,
    /// What if
    #[command(flatten)]
    pub changes: what_if::WhatIfArgs,
}

/// Why there is no position.
#[derive(Debug, Error)]
pub enum PlanError {
    /// A file cannot be read; the source names it.
    #[error("the plan cannot start, correct the file's name or its rights")]
    Read(#[source] io::Error),
    /// The file is no text.
    #[error("`{}` is no text in UTF-8: name the right file, or save it as UTF-8", .0.display())]
    NoText(PathBuf),
    /// The file is larger than any estate.
    #[error("`{}` is larger than {} MiB, which no estate file is: name the right file", .0.display(), LARGEST >> 20)]
    TooLarge(PathBuf),
    /// The exported estate is damaged.
    #[error("`{}` begins like an exported estate but is none, export it again", .path.display())]
    Exported {
        /// The file.
        path: PathBuf,
        /// What is wrong where.
        #[source]
        source: serde_json::Error,
    },
    /// The estate file, or a line of the accesses, is not right.
    #[error("`{}` cannot be used", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong where, and what to do.
        #[source]
        source: FileError,
    },
    /// The accesses are no CSV of the right columns.
    #[error("`{}` line {line}: expected `user,device` or `user,device,server`, found {found}", .path.display())]
    Accesses {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// What stands there.
        found: String,
    },
    /// The catalogue of one's own.
    #[error(transparent)]
    Catalogue(#[from] OwnCatalogueError),
    /// The estate contradicts itself.
    #[error("`{}` cannot be assessed", .path.display())]
    Estate {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        #[source]
        source: EstateError,
    },
    /// A change that cannot be made.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The position cannot be printed.
    #[error("the position cannot be printed, check where standard output goes")]
    Print(#[source] io::Error),
}

/// An exported estate of ten million accesses has some hundred MiB.
const LARGEST: u64 = 2 << 30;

/// Prints the position.
pub fn run(_: &Context, args: &PlanArgs) -> Result<ExitCode, PlanError> {
    let mut estate = read(&args.estate, args.accesses.as_deref())?;
    let catalogue = own_catalogue::read(args.catalogue.as_deref())?;
    catalogue.supplement(&mut estate);
    let refused = |source| PlanError::Estate { path: args.estate.clone(), source };
    let mut assessment = assess_with(&estate, &catalogue).map_err(refused)?;
    let mut out = Shown(io::stdout().lock());
    let changes = args.changes.changes();
    if !changes.is_empty() {
        estate = changed(&estate, &assessment, &changes)?;
        let after = assess_with(&estate, &catalogue).map_err(refused)?;
        if !args.curve && !args.transfers {
            let what_if = what_if::WhatIf::of(&changes, assessment.position, after.position);
            what_if.print(&mut out, args.json).map_err(PlanError::Print)?;
            return Ok(ExitCode::SUCCESS);
        }
        assessment = after;
    }
    if args.curve {
        let most = args.points.into();
        let curve = curve::TradeOff::of(&estate, &catalogue, &assessment, most).map_err(refused)?;
        curve.print(&mut out, args.json).map_err(PlanError::Print)?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.transfers {
        transfers::print(&mut out, &assessment, args.json).map_err(PlanError::Print)?;
        return Ok(ExitCode::SUCCESS);
    }
    print(&mut out, &assessment.position, args.json).map_err(PlanError::Print)?;
    Ok(ExitCode::SUCCESS)
}

/// The estate of a file, with the accesses of a second one.
pub fn read(path: &Path, accesses: Option<&Path>) -> Result<Estate, PlanError> {
    let text = text(path)?;
    let refused = |path: &Path, source| PlanError::File { path: path.to_owned(), source };
    let mut file = if text.trim_start().starts_with('{') {
        let damaged = |source| PlanError::Exported { path: path.to_owned(), source };
        let estate: Estate = serde_json::from_str(&text).map_err(damaged)?;
        // while its rows stand as in the file
        let refused = |source| PlanError::Estate { path: path.to_owned(), source };
        estate.check_references().map_err(refused)?;
        EstateFile::of(estate)
    } else {
        EstateFile::read(&text).map_err(|source| refused(path, source))?
    };
    if let Some(path) = accesses {
        let input = fs_err::File::open(path).map_err(PlanError::Read)?;
        accesses::add(&mut file, path, input)?;
    }
    Ok(file.finish())
}

fn text(path: &Path) -> Result<String, PlanError> {
    let mut bytes = Vec::new();
    let read = fs_err::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    if read.map_err(PlanError::Read)? as u64 > LARGEST {
        return Err(PlanError::TooLarge(path.to_owned()));
    }
    String::from_utf8(bytes).map_err(|_| PlanError::NoText(path.to_owned()))
}

fn print(to: &mut impl Write, position: &Position, json: bool) -> io::Result<()> {
    if json {
        serde_json::to_writer_pretty(&mut *to, position)?;
        writeln!(to)
    } else {
        write!(to, "{}", Table(position))
    }
}
