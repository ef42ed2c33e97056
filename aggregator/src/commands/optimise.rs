//! `caliper optimise`: the cheapest mix of User and Device CALs for a file of pairs, on its own,
//! without a store or an estate.
//!
//! `--json` prints one object, a contract with other tools: `users` and `devices` are the User and
//! Device CALs of the optimum, `cost` is in the unit of the prices, `proven` says that the demand adds
//! up to it, `seconds` is CPU time, and `graph` counts the users, devices and distinct pairs observed. With `--changes` all
//! of it is about the pairs afterwards, and `changes` says what they did.
//! With CALs owned it is another question, see `optimise/purchase.rs`, and `optimise/levels.rs` where they serve some pairs only.

mod changes;
mod cpu;
mod levels;
mod purchase;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use caliper_licensing::optimise::{Cover, Graph, GraphError, Prices, StandingCover, cheapest_cover, write_certificate};
use serde::Serialize;
use thiserror::Error;

use crate::context::Context;
use crate::pairs::{self, Pairs, PairsError};
use changes::Changed;
use cpu::CpuClock;
pub use levels::LevelsError;
use levels::Owned;

/// Arguments of `caliper optimise`.
#[derive(Debug, clap::Args)]
pub struct OptimiseArgs {
    /// Who was seen on which device: CSV `user,device`, or the binary layout for large graphs
    pub pairs: PathBuf,
    /// Price of a User CAL, an integer in any unit (cents, say)
    #[arg(long)]
    pub user_price: u64,
    /// Price of a Device CAL, in the same unit
    #[arg(long)]
    pub device_price: u64,
    /// Print one JSON object instead of sentences
    #[arg(long)]
    pub json: bool,
    /// Also write the proof that no mix is cheaper (with CALs owned: what a purchase costs at least), for `caliper
    /// verify-certificate`
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// Pairs that come and go afterwards: CSV `add,user,device` or `remove,user,device`; the optimum follows them without
    /// being computed anew
    #[arg(long, value_name = "FILE", conflicts_with_all = ["owned_users", "owned_devices"])]
    pub changes: Option<PathBuf>,
    /// User CALs owned: ask for the cheapest purchase instead of the cheapest mix. For pairs with levels one number for each, the
    /// lowest first: 120,40,0
    #[arg(long, value_name = "NUMBER[,NUMBER…]", value_delimiter = ',')]
    pub owned_users: Vec<u64>,
    /// Device CALs owned: the same
    #[arg(long, value_name = "NUMBER[,NUMBER…]", value_delimiter = ',')]
    pub owned_devices: Vec<u64>,
}

/// Why no optimum was printed.
#[derive(Debug, Error)]
pub enum OptimiseError {
    /// The pairs file cannot be used.
    #[error(transparent)]
    Pairs(#[from] PairsError),
    /// The changes cannot be opened or read; the source names the file.
    #[error("the changes cannot be read")]
    ReadChanges(#[source] io::Error),
    /// A line of the changes is none.
    #[error("{}, line {line}: {found}; each line must be add,user,device or remove,user,device", path.display())]
    Changes {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// What stands there.
        found: String,
    },
    /// The pairs are too many.
    #[error("the pairs make no graph; split them into independent parts")]
    Graph(#[from] GraphError),
    /// The certificate cannot be written; the source names the file.
    #[error("the certificate cannot be written; choose another file")]
    Certificate(#[source] io::Error),
    /// What is owned does not fit the levels of the pairs.
    #[error(transparent)]
    Levels(#[from] LevelsError),
    /// The result cannot be printed.
    #[error("the result cannot be printed; check where standard output goes")]
    Print(#[source] io::Error),
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Optimum {
    /// User CALs of the cheapest mix.
    users: usize,
    /// Device CALs of the cheapest mix.
    devices: usize,
    cost: u128,
    /// The demand adds up to the cost and every pair is covered.
    proven: bool,
    graph: Size,
    seconds: Seconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Changed>,
}

/// Users and devices seen in any pair, and distinct pairs.
#[derive(Debug, Serialize)]
struct Size {
    users: usize,
    devices: usize,
    pairs: usize,
}

impl Size {
    fn of(graph: &Graph) -> Self {
        Self { users: graph.active_users(), devices: graph.active_devices(), pairs: graph.pairs() }
    }
}

/// CPU seconds of each step.
#[derive(Debug, Serialize)]
struct Seconds {
    read: f64,
    build: f64,
    solve: f64,
}

/// Runs the command. It needs no store, so the context is not touched.
pub fn run(_: &Context, args: &OptimiseArgs) -> Result<ExitCode, OptimiseError> {
    let mut clock = CpuClock::start();
    let mut input = pairs::read(&args.pairs)?;
    let read = clock.lap();
    let owned = Owned::of(args, &input)?;
    if let Some(owned @ Owned { levels: 2.., .. }) = owned {
        levels::run(args, &input, &owned, read)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut graph = Graph::taking(input.users.count(), input.devices.count(), std::mem::take(&mut input.pairs))?;
    let build = clock.lap();
    if let Some(owned) = owned {
        let owned = (owned.users[0], owned.devices[0]);
        let found = purchase::solve(args, &graph, owned);
        let seconds = Seconds { read, build, solve: clock.lap() };
        write_file(args, |out| purchase::certify(out, args, &input, &found, owned))?;
        purchase::print(args, &graph, &found, owned, seconds).map_err(OptimiseError::Print)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut cover = cheapest_cover(&graph, Prices::Same(args.user_price), Prices::Same(args.device_price));
    let mut proven = cover.is_proven(&graph);
    let seconds = Seconds { read, build, solve: clock.lap() };
    let changes = match &args.changes {
        Some(path) => {
            let changed;
            (graph, cover, changed) = follow(args, path, &graph, &mut input)?;
            proven = cover.is_proven(&graph);
            Some(changed)
        }
        None => None,
    };

    write_file(args, |out| certify(out, args, &input, &cover))?;
    let optimum = Optimum {
        users: cover.user_count(),
        devices: cover.device_count(),
        cost: cover.cost,
        proven,
        graph: Size::of(&graph),
        seconds,
        changes,
    };
    print(args, &optimum).map_err(OptimiseError::Print)?;
    Ok(if proven { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Graph and cover after the changes.
fn follow(
    args: &OptimiseArgs,
    path: &Path,
    graph: &Graph,
    input: &mut Pairs,
) -> Result<(Graph, Cover, Changed), OptimiseError> {
    let mut standing = StandingCover::of(graph, args.user_price, args.device_price)?;
    let changes = changes::read(path, input)?;
    let before = standing.cover();
    let mut clock = CpuClock::start();
    standing.grow(input.users.count(), input.devices.count())?;
    let applied = standing.apply(&changes)?;
    let seconds = clock.lap();
    let cover = standing.cover();
    let moved = changes::moved(&before, &cover);
    let changed = Changed { added: applied.added, removed: applied.removed, moved, anew: applied.anew, seconds };
    Ok((standing.graph(), cover, changed))
}

/// Writes the certificate if one is asked for.
fn write_file(
    args: &OptimiseArgs,
    certify: impl FnOnce(&mut BufWriter<fs_err::File>) -> io::Result<()>,
) -> Result<(), OptimiseError> {
    let Some(path) = &args.certificate else { return Ok(()) };
    fs_err::File::create(path)
        .and_then(|file| {
            let mut out = BufWriter::new(file);
            certify(&mut out)?;
            out.flush()
        })
        .map_err(OptimiseError::Certificate)
}

fn certify(out: &mut impl Write, args: &OptimiseArgs, input: &Pairs, cover: &Cover) -> io::Result<()> {
    let prices = (args.user_price, args.device_price);
    write_certificate(out, cover, prices, input.users.by_number(), input.devices.by_number())
}

fn print(args: &OptimiseArgs, optimum: &Optimum) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut out, optimum)?;
        return writeln!(out);
    }
    let Optimum { users, devices, cost, graph, seconds, .. } = optimum;
    let all = |count: usize, price: u64| count as u128 * u128::from(price);
    if let Some(Changed { added, removed, moved, anew, seconds }) = &optimum.changes {
        let how = if *anew { "everything was solved anew" } else { "the optimum followed" };
        writeln!(
            out,
            "{added} pairs came and {removed} went: {how}, {moved} licences change hands ({seconds:.6} CPU seconds)."
        )?;
    }
    writeln!(
        out,
        "{users} User CALs and {devices} Device CALs license all {} observed pairs of {} people and {} devices.",
        graph.pairs, graph.users, graph.devices
    )?;
    writeln!(
        out,
        "They cost {cost}; User CALs for everybody would cost {}, Device CALs for every device {}.",
        all(graph.users, args.user_price),
        all(graph.devices, args.device_price)
    )?;
    let verdict = if optimum.proven { "Proven: no mix is cheaper." } else { "Not proven." };
    let Seconds { read, build, solve } = seconds;
    writeln!(out, "{verdict} CPU seconds: {read:.3} reading, {build:.3} building, {solve:.3} solving.")
}
