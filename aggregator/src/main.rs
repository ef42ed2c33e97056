//! `caliper`: the aggregator's one binary. Reads arguments, environment and clock; everything else is the library's.

use std::{path::PathBuf, process::ExitCode};

use caliper_aggregator::{
    commands,
    context::{Clock, Context},
    sentence::sentence,
};
use clap::Parser;

/// Measures which Microsoft server licences an organisation really needs.
#[derive(Debug, Parser)]
#[command(name = "caliper", version)]
struct Cli {
    /// Folder that holds everything the aggregator remembers
    #[arg(long, global = true, value_name = "DIR", default_value = "/var/lib/caliper")]
    data: PathBuf,
    /// Configuration file [default: config.toml in the data folder if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

// one line per command here and one below
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List agents and readers, shut one out, ask agents to collect now
    Agents(commands::agents::AgentsArgs),
    /// Copy everything into one folder while the aggregator serves
    Backup(commands::backup::BackupArgs),
    /// Look at the catalogue of products, CALs and rules
    Catalogue(commands::catalogue::CatalogueArgs),
    /// Look at the configuration
    Config(commands::config::ConfigArgs),
    /// User CALs, Device CALs or both: eight questions, by hand or from evidence
    Decide(commands::decide::DecideArgs),
    /// Read people and computers from the directories
    Directory(commands::directory::DirectoryArgs),
    /// Why a position is as it is: any line, person, device, host or server, and what changed between two
    Explain(commands::explain::ExplainArgs),
    /// Find the cheapest mix of User and Device CALs for a file of pairs
    Optimise(commands::optimise::OptimiseArgs),
    /// Which person and which device each row of evidence stands for
    Matches(commands::matches::MatchesArgs),
    /// The licence position of an estate written in a file
    Plan(commands::plan::PlanArgs),
    /// Check a certificate written by `optimise`
    VerifyCertificate(commands::verify::VerifyArgs),
    /// Take in report files of servers without an agent
    Import(commands::import::ImportArgs),
    /// Print the position of a stored scan
    Report(commands::report::ReportArgs),
    /// Compute the licence position from everything stored, and keep it
    Scan(commands::scan::ScanArgs),
    /// Serve agents, programs and pages until stopped
    Serve(commands::serve::ServeArgs),
    /// Make, list and take back enrolment tokens
    Token(commands::token::TokenArgs),
    /// People who may sign in, and tokens for programs
    User(commands::user::UserArgs),
    /// Print the version
    Version(commands::version::VersionArgs),
}

fn run(context: &Context, command: Command) -> anyhow::Result<ExitCode> {
    Ok(match command {
        Command::Agents(args) => commands::agents::run(context, &args)?,
        Command::Backup(args) => commands::backup::run(context, &args)?,
        Command::Catalogue(args) => commands::catalogue::run(context, &args)?,
        Command::Config(args) => commands::config::run(context, &args)?,
        Command::Decide(args) => commands::decide::run(context, &args)?,
        Command::Directory(args) => commands::directory::run(context, &args)?,
        Command::Explain(args) => commands::explain::run(context, &args)?,
        Command::Optimise(args) => commands::optimise::run(context, &args)?,
        Command::Matches(args) => commands::matches::run(context, &args)?,
        Command::Plan(args) => commands::plan::run(context, &args)?,
        Command::VerifyCertificate(args) => commands::verify::run(context, &args)?,
        Command::Import(args) => commands::import::run(context, &args)?,
        Command::Report(args) => commands::report::run(context, &args)?,
        Command::Scan(args) => commands::scan::run(context, &args)?,
        Command::Serve(args) => commands::serve::run(context, &args)?,
        Command::Token(args) => commands::token::run(context, &args)?,
        Command::User(args) => commands::user::run(context, &args)?,
        Command::Version(args) => commands::version::run(context, &args),
    })
}

fn main() -> ExitCode {
    // usage errors end here with exit code 2
    let cli = Cli::parse();
    start_log();
    let clock = Clock::new(|| jiff::Timestamp::now().into());
    let context = Context { data: cli.data, config_file: cli.config, clock };
    run(&context, cli.command).unwrap_or_else(|error| {
        if is_broken_pipe(&error) {
            return ExitCode::SUCCESS;
        }
        eprintln!("error: {}", sentence(error.as_ref()));
        ExitCode::FAILURE
    })
}

/// Whoever reads the output has seen enough, as in `caliper explain … | head`.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    causes.any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Warnings and worse go to standard error, or what `CALIPER_LOG` asks for, for example `info`.
#[allow(clippy::disallowed_methods)] // the one place that reads the environment
fn start_log() {
    let filter = std::env::var("CALIPER_LOG").unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
