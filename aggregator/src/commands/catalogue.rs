//! `caliper catalogue`: what the rules rest on, what waits for a human, and whether a file of one's own can be used.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use caliper_licensing::catalogue::{AnyRow, Catalogue, Origin};
use serde_json::{Value, json};

use crate::{
    config::ConfigError,
    context::Context,
    own_catalogue::{self, OwnCatalogueError},
};

/// Look at the catalogue of products, CALs and rules.
#[derive(Debug, clap::Args)]
pub struct CatalogueArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Say whether a catalogue file of your own can be used, and what it would change
    Check {
        /// The file
        file: PathBuf,
    },
    /// Print rows: every kind with its number of rows, the rows of one kind, or one row with its rule and sources
    Show {
        /// For example `cal` or `rule`
        kind: Option<String>,
        /// For example `rds` or `E.7`
        key: Option<String>,
        #[command(flatten)]
        which: Which,
    },
    /// List the rows that wait for a human: confirm them in a file of your own
    Unverified {
        #[command(flatten)]
        which: Which,
    },
}

#[derive(Debug, clap::Args)]
struct Which {
    /// A catalogue file of your own [default: `estate.catalogue` of the configuration]
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueCommandError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The catalogue.
    #[error(transparent)]
    Own(#[from] OwnCatalogueError),
    /// No such kind of row.
    #[error("there is no kind `{kind}` in the catalogue: name one of {known}")]
    Kind {
        /// As given.
        kind: String,
        /// Those there are.
        known: String,
    },
    /// No such row.
    #[error("there is no {kind} `{key}` in the catalogue: see `caliper catalogue show {kind}`")]
    Key {
        /// As given.
        kind: String,
        /// As given.
        key: String,
    },
    /// The rows cannot be printed.
    #[error("the catalogue cannot be printed, check where standard output goes")]
    Print(#[source] io::Error),
}

/// Does what was asked.
pub fn run(context: &Context, args: &CatalogueArgs) -> Result<ExitCode, CatalogueCommandError> {
    let mut text = Vec::new();
    match &args.action {
        Action::Check { file } => check(&mut text, file)?,
        Action::Show { kind, key, which } => {
            let catalogue = which.read(context)?;
            let rows = rows(&catalogue, kind.as_deref(), key.as_deref())?;
            match (which.json, kind, key) {
                (true, ..) => list_json(&mut text, &catalogue, &rows),
                (false, None, _) => kinds(&mut text, &catalogue, &rows),
                (false, Some(_), None) => list(&mut text, &rows),
                (false, Some(_), Some(_)) => rows.iter().try_for_each(|row| one(&mut text, &catalogue, row)),
            }
            .map_err(CatalogueCommandError::Print)?;
        }
        Action::Unverified { which } => {
            let catalogue = which.read(context)?;
            let waiting: Vec<AnyRow> = catalogue.rows().into_iter().filter(|row| !row.verified).collect();
            let written = if which.json {
                list_json(&mut text, &catalogue, &waiting)
            } else {
                unverified(&mut text, &catalogue, &waiting)
            };
            written.map_err(CatalogueCommandError::Print)?;
        }
    }
    // all at once: nobody is shown half of a list
    io::stdout().lock().write_all(&text).map_err(CatalogueCommandError::Print)?;
    Ok(ExitCode::SUCCESS)
}

impl Which {
    fn read(&self, context: &Context) -> Result<Catalogue, CatalogueCommandError> {
        let file = match &self.catalogue {
            Some(file) => Some(file.clone()),
            None => context.config()?.estate.catalogue,
        };
        Ok(own_catalogue::read(file.as_deref())?.into_owned())
    }
}

fn check(to: &mut Vec<u8>, file: &Path) -> Result<(), CatalogueCommandError> {
    let catalogue = own_catalogue::read(Some(file))?;
    let own: Vec<AnyRow> = catalogue.rows().into_iter().filter(|row| row.origin == Origin::Own).collect();
    let written =
        writeln!(to, "{}: fine, {} of its own over {}", file.display(), counted(own.len()), catalogue.version)
            .and_then(|()| own.iter().try_for_each(|row| writeln!(to, "  {} {}{}", row.kind, row.key, verdict(row))));
    written.map_err(CatalogueCommandError::Print)
}

fn counted(rows: usize) -> String {
    format!("{rows} {}", if rows == 1 { "row" } else { "rows" })
}

/// The rows of one kind, or with one key, or all.
fn rows(catalogue: &Catalogue, kind: Option<&str>, key: Option<&str>) -> Result<Vec<AnyRow>, CatalogueCommandError> {
    let mut rows = catalogue.rows();
    let Some(kind) = kind else { return Ok(rows) };
    let mut known: Vec<&str> = rows.iter().map(|row| row.kind).collect();
    known.dedup();
    if !known.contains(&kind) {
        return Err(CatalogueCommandError::Kind { kind: kind.to_owned(), known: known.join(", ") });
    }
    rows.retain(|row| row.kind == kind);
    let Some(key) = key else { return Ok(rows) };
    // SKU numbers of Windows are written in hexadecimal everywhere else
    let number = key.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let wanted = number.map_or_else(|| key.to_owned(), |number| number.to_string());
    rows.retain(|row| row.key.eq_ignore_ascii_case(&wanted) || row.key.starts_with(&format!("{wanted} ")));
    if rows.is_empty() {
        return Err(CatalogueCommandError::Key { kind: kind.to_owned(), key: key.to_owned() });
    }
    Ok(rows)
}

fn kinds(to: &mut impl Write, catalogue: &Catalogue, rows: &[AnyRow]) -> io::Result<()> {
    writeln!(to, "catalogue of {}; `caliper catalogue show KIND` prints the rows of one kind", catalogue.version)?;
    let mut at = 0;
    while let Some(first) = rows.get(at) {
        let same: Vec<&AnyRow> = rows[at..].iter().take_while(|row| row.kind == first.kind).collect();
        let waiting = same.iter().filter(|row| !row.verified).count();
        let own = same.iter().filter(|row| row.origin == Origin::Own).count();
        write!(to, "{:<14}{:>5}", first.kind, same.len())?;
        for (count, word) in [(waiting, "unverified"), (own, "of your own")] {
            if count > 0 {
                write!(to, "  {count} {word}")?;
            }
        }
        writeln!(to)?;
        at += same.len();
    }
    Ok(())
}

fn list(to: &mut impl Write, rows: &[AnyRow]) -> io::Result<()> {
    rows.iter().try_for_each(|row| writeln!(to, "{}{}{}", row.key, words(row), verdict(row)))
}

/// What it is called or says, for a list.
fn words(row: &AnyRow) -> String {
    let text = |name: &str| row.fields.get(name).and_then(toml::Value::as_str);
    let keys: Vec<&str> = row.key.split(' ').collect();
    let found = ["text", "title", "name", "product", "edition", "release", "sku"].iter().find_map(|name| text(name));
    match (row.kind, found) {
        ("price", _) => {
            let minor = row.fields.get("minor").and_then(toml::Value::as_integer).unwrap_or_default();
            format!("  {}.{:02} ({})", minor / 100, minor % 100, text("date").unwrap_or_default())
        }
        (_, Some(found)) if !keys.contains(&found) => format!("  {found}"),
        _ => String::new(),
    }
}

fn verdict(row: &AnyRow) -> String {
    let letter = row.confidence.map(|letter| format!("{letter:?}"));
    let waiting = (!row.verified).then(|| "unverified".to_owned());
    let own = (row.origin == Origin::Own).then(|| "your own".to_owned());
    let words: Vec<String> = [letter, waiting, own].into_iter().flatten().collect();
    if words.is_empty() { String::new() } else { format!("  [{}]", words.join(", ")) }
}

/// A row with everything behind it.
fn one(to: &mut impl Write, catalogue: &Catalogue, row: &AnyRow) -> io::Result<()> {
    writeln!(to, "[[{}]]{}", row.kind, verdict(row))?;
    write!(to, "{}", row.fields)?;
    let text = |name: &str| row.fields.get(name).and_then(toml::Value::as_str);
    let id = if row.kind == "rule" { text("id") } else { text("rule") };
    if let Some(rule) = id.and_then(|id| catalogue.rule(id)) {
        if row.kind != "rule" {
            writeln!(to, "# rule {}: {}", rule.id, rule.text)?;
        }
        for question in catalogue.questions_of(&rule.id) {
            writeln!(to, "# open question {}: {}", question.id, question.text)?;
        }
    }
    let sources = row.fields.get("source").and_then(toml::Value::as_array);
    for id in sources.into_iter().flatten().filter_map(toml::Value::as_str) {
        if let Some(source) = catalogue.source(id) {
            let place = if source.address.is_empty() { String::new() } else { format!(", {}", source.address) };
            writeln!(to, "# source {id}: {}{place}", source.title)?;
        }
    }
    Ok(())
}

fn unverified(to: &mut impl Write, catalogue: &Catalogue, rows: &[AnyRow]) -> io::Result<()> {
    for row in rows {
        writeln!(to, "{} {}{}{}", row.kind, row.key, words(row), verdict(row))?;
    }
    let open = catalogue.questions.iter().filter(|question| question.answer.is_none());
    for question in open.clone() {
        writeln!(to, "question {}  {} [{}]", question.id, question.text, question.rules.join(", "))?;
    }
    writeln!(
        to,
        "{} and {} questions wait for a human. To confirm a row write its kind, its key and `verified = true` into a file of \
         your own; `caliper catalogue check FILE` reads it, `--catalogue FILE` or `estate.catalogue` uses it.",
        counted(rows.len()),
        open.count()
    )
}

fn list_json(to: &mut impl Write, catalogue: &Catalogue, rows: &[AnyRow]) -> io::Result<()> {
    let rows: Vec<Value> =
        rows.iter().map(|row| json!({"kind": row.kind, "key": row.key, "row": row.fields})).collect();
    serde_json::to_writer_pretty(&mut *to, &json!({"version": catalogue.version, "rows": rows}))?;
    writeln!(to)
}
