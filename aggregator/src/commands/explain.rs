//! `caliper explain`: why a position is as it is, from an estate file or from a stored scan.

use std::{
    borrow::Cow,
    fmt::Display,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use caliper_licensing::{
    Estate, EstateError,
    catalogue::Catalogue,
    explain::{ExplainError, Explainer, Subject, changes},
};
use serde::Serialize;

use super::{
    plan::{self, PlanError},
    report::{self, ReportError, Which},
};
use crate::{
    config::ConfigError,
    context::Context,
    own_catalogue::{self, OwnCatalogueError},
    report::{changes::ChangesInWords, explanation::InWords},
    sentence::Shown,
    store::StoreError,
};

/// Why a position is as it is: any line, person, device, host or server
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// The estate, a file as for `plan` (not with --scan), then what to explain: `line SKU [VERSION]`, `person ID`,
    /// `device ID`, `host ID`, `server ID`, `sql ID`, `family SKU`, `violation ID`, `suites` or `purchase`; nothing: the whole position
    #[arg(value_name = "ESTATE WHAT")]
    words: Vec<String>,
    /// More accesses: CSV `user,device` or `user,device,server`
    #[arg(long, value_name = "FILE", conflicts_with = "scan")]
    accesses: Option<PathBuf>,
    /// A catalogue file of your own: rows confirmed, changed or added, prices confirmed
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// Explain a stored scan instead of a file: its number, or `latest`
    #[arg(long, value_name = "SCAN")]
    scan: Option<Which>,
    /// What changed since another position and why: an estate file, or with --scan the number of an earlier scan
    #[arg(long, value_name = "OTHER")]
    against: Option<String>,
    /// More accesses of the other estate file
    #[arg(long, value_name = "FILE", requires = "against", conflicts_with = "scan")]
    against_accesses: Option<PathBuf>,
    /// The catalogue file of the other position, if it was another one
    #[arg(long, value_name = "FILE", requires = "against")]
    against_catalogue: Option<PathBuf>,
    /// Print JSON, `caliper.explanation/1` or `caliper.changes/1`
    #[arg(long)]
    json: bool,
}

/// Why nothing is explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainCommandError {
    /// No estate named.
    #[error("name an estate file, or a stored scan with --scan latest")]
    NoEstate,
    /// Words that are no question.
    #[error("`{0}` is nothing that can be explained: ask for {forms}", forms = Subject::FORMS)]
    Question(String),
    /// Against another position there is nothing else to ask.
    #[error("with --against the whole change is explained: leave out `{0}`")]
    QuestionAgainst(String),
    /// Not the number of a scan.
    #[error("--against {0}: with --scan name the number of an earlier scan")]
    NoScan(String),
    /// The estate file or the accesses.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The scan.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The catalogue of one's own.
    #[error(transparent)]
    Catalogue(#[from] OwnCatalogueError),
    /// The estate contradicts itself.
    #[error("{what} cannot be assessed")]
    Estate {
        /// The file or the scan.
        what: String,
        /// What is wrong and what to do.
        #[source]
        source: EstateError,
    },
    /// No answer.
    #[error(transparent)]
    Explain(#[from] ExplainError),
    /// The explanation cannot be printed.
    #[error("the explanation cannot be printed: check where standard output goes")]
    Print(#[source] io::Error),
}

/// Where an estate and its catalogue come from.
enum Place<'a> {
    File { path: PathBuf, accesses: Option<&'a Path>, catalogue: Option<&'a Path> },
    Scan { which: Which, catalogue: Option<&'a Path> },
}

/// An estate with the catalogue it is assessed by.
struct Read {
    estate: Estate,
    catalogue: Cow<'static, Catalogue>,
    /// For messages.
    what: String,
}

impl Read {
    fn refused(&self) -> impl Fn(EstateError) -> ExplainCommandError + '_ {
        |source| ExplainCommandError::Estate { what: self.what.clone(), source }
    }
}

/// Prints why.
pub fn run(context: &Context, args: &ExplainArgs) -> Result<ExitCode, ExplainCommandError> {
    let catalogue = args.catalogue.as_deref();
    let (place, question) = if let Some(which) = args.scan {
        (Place::Scan { which, catalogue }, args.words.as_slice())
    } else {
        let (estate, question) = args.words.split_first().ok_or(ExplainCommandError::NoEstate)?;
        (Place::File { path: estate.into(), accesses: args.accesses.as_deref(), catalogue }, question)
    };
    let subject = match question {
        [] => None,
        words if args.against.is_some() => return Err(ExplainCommandError::QuestionAgainst(words.join(" "))),
        words => Some(Subject::of(words).ok_or_else(|| ExplainCommandError::Question(words.join(" ")))?),
    };
    let read = read(context, place)?;
    let mut out = Shown(io::stdout().lock());
    if let Some(other) = &args.against {
        let before = self::read(context, other_place(other, args)?)?;
        let changes = changes((&before.estate, &before.catalogue), (&read.estate, &read.catalogue));
        let changes = changes.map_err(read.refused())?;
        print(&mut out, &changes, &ChangesInWords(&changes), args.json).map_err(ExplainCommandError::Print)?;
        return Ok(ExitCode::SUCCESS);
    }
    let explainer = Explainer::of(&read.estate, &read.catalogue).map_err(read.refused())?;
    let explained = match &subject {
        Some(subject) => explainer.explain(subject)?,
        None => explainer.whole()?,
    };
    print(&mut out, &explained, &InWords(&explained), args.json).map_err(ExplainCommandError::Print)?;
    Ok(ExitCode::SUCCESS)
}

fn other_place<'a>(other: &str, args: &'a ExplainArgs) -> Result<Place<'a>, ExplainCommandError> {
    let catalogue = args.against_catalogue.as_deref().or(args.catalogue.as_deref());
    if args.scan.is_some() {
        let which = other.parse().map_err(|_| ExplainCommandError::NoScan(other.to_owned()))?;
        return Ok(Place::Scan { which, catalogue });
    }
    Ok(Place::File { path: other.into(), accesses: args.against_accesses.as_deref(), catalogue })
}

fn read(context: &Context, place: Place<'_>) -> Result<Read, ExplainCommandError> {
    match place {
        Place::File { path, accesses, catalogue } => {
            let mut estate = plan::read(&path, accesses)?;
            let catalogue = own_catalogue::read(catalogue)?;
            catalogue.supplement(&mut estate);
            Ok(Read { estate, catalogue, what: format!("`{}`", path.display()) })
        }
        // a scan keeps its estate; the catalogue is the one configured now, unless one is named
        Place::Scan { which, catalogue } => {
            let catalogue = match catalogue {
                Some(path) => own_catalogue::read(Some(path))?,
                None => own_catalogue::read(context.config()?.estate.catalogue.as_deref())?,
            };
            let (scan, stored) = report::find(&context.store()?, which)?;
            let estate = serde_json::from_str(&stored.estate)
                .map_err(|_| StoreError::Damaged { what: format!("estate of scan {scan}") })?;
            Ok(Read { estate, catalogue, what: format!("scan {scan}") })
        }
    }
}

fn print(to: &mut impl Write, data: &impl Serialize, words: &impl Display, json: bool) -> io::Result<()> {
    if json {
        serde_json::to_writer_pretty(&mut *to, data)?;
        writeln!(to)
    } else {
        write!(to, "{words}")
    }
}
