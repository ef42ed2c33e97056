//! `caliper-lab`: makes the organisation, compares a position with its truth, makes rows for tests of delivery.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use caliper_lab::{
    compare::{Position, compare},
    configuration::Addresses,
    folder, identity,
    plan::Organisation,
    rows,
    truth::Truth,
};
use clap::Parser;
use jiff::civil::Date;

/// A made-up organisation with known truth.
#[derive(Debug, Parser)]
#[command(name = "caliper-lab", version)]
enum Cli {
    /// Write an organisation into a folder
    Make(Make),
    /// Print a position beside the truth; exit code 1 if they differ
    Compare {
        /// `truth.json` of the organisation
        #[arg(long, value_name = "FILE")]
        truth: PathBuf,
        /// Position as `caliper report --json` prints it
        #[arg(long, value_name = "FILE")]
        position: PathBuf,
    },
    /// Write an organisation whose people and machines are hard to tell from each other
    Identity {
        /// About how many people, at least 40
        #[arg(long, default_value_t = 300)]
        people: usize,
        /// Give everybody one account, so that only machines are hard to tell
        #[arg(long)]
        clear_people: bool,
        /// The same seed makes the same organisation
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Last day of the evidence
        #[arg(long, value_name = "DATE", default_value = "2026-11-20")]
        as_of: Date,
        /// Folder to write to
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Print how well people and machines were told apart, and the CALs beside the truth; exit code 1 if not well enough
    Evaluate {
        /// `truth.json` of `caliper-lab identity`
        #[arg(long, value_name = "FILE")]
        truth: PathBuf,
        /// As `caliper matches --json` prints them
        #[arg(long, value_name = "FILE")]
        matches: PathBuf,
        /// As `caliper report --json` prints it
        #[arg(long, value_name = "FILE")]
        position: PathBuf,
        /// Least precision and recall that will do
        #[arg(long, default_value_t = 0.99)]
        least: f64,
    },
    /// Write report files with many different access rows
    Rows {
        /// How many
        #[arg(long, default_value_t = 1_000_000)]
        count: u64,
        /// Name of the server they are from
        #[arg(long, default_value = "NW-FS9")]
        server: String,
        /// Folder to write to
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
struct Make {
    /// About how many people, at least 20
    #[arg(long, default_value_t = 60)]
    people: usize,
    /// The same seed makes the same organisation
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Last day of the evidence [default: today in UTC]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// Folder to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Address of the aggregator's pages
    #[arg(long, default_value = "127.0.0.1:8443")]
    pages: SocketAddr,
    /// Address of the aggregator's gRPC
    #[arg(long, default_value = "127.0.0.1:8444")]
    grpc: SocketAddr,
    /// URL of the directory server
    #[arg(long, default_value = "ldaps://127.0.0.70")]
    directory: String,
    /// Who reads the directory
    #[arg(long, default_value = "Administrator@nordwind.example")]
    bind: String,
    /// Authority of the directory server's certificate
    #[arg(long, value_name = "FILE", default_value = "ca.pem")]
    authority: PathBuf,
    /// Password of the directory's reader
    #[arg(long, value_name = "FILE", default_value = "password")]
    password_file: PathBuf,
    /// When to scan by schedule
    #[arg(long, default_value = "0 3 * * *")]
    cron: String,
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli {
        Cli::Make(make) => {
            let as_of = make.as_of.unwrap_or_else(|| jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date());
            let organisation = Organisation::new(make.people, make.seed, as_of);
            let addresses = Addresses {
                pages: make.pages,
                grpc: make.grpc,
                directory: make.directory,
                bind: make.bind,
                authority: make.authority,
                password_file: make.password_file,
                cron: make.cron,
            };
            folder::write(&organisation, &make.out, &addresses).context("the organisation cannot be written")?;
            println!(
                "{} people, {} devices, {} servers on {} hosts, seed {}, until {as_of}",
                organisation.people.len(),
                organisation.devices.len(),
                organisation.servers.len(),
                organisation.hosts.len(),
                make.seed
            );
        }
        Cli::Compare { truth, position } => {
            let truth: Truth = serde_json::from_str(&fs_err::read_to_string(truth)?).context("no truth of the lab")?;
            let position: Position =
                serde_json::from_str(&fs_err::read_to_string(position)?).context("no position of Caliper")?;
            let comparison = compare(&truth, &position);
            print!("{}", comparison.table);
            if !comparison.equal {
                println!("the position differs from the truth");
                return Ok(ExitCode::FAILURE);
            }
            println!("the position equals the truth");
        }
        Cli::Identity { people, clear_people, seed, as_of, out } => {
            let of = if clear_people { identity::People::Clear } else { identity::People::Muddled };
            let scenario = identity::Scenario::new(people, of, seed, as_of);
            identity::folder::write(&scenario, &out).context("the organisation cannot be written")?;
            println!(
                "{} people with {} accounts, {} machines, {} rows, seed {seed}, until {as_of}",
                scenario.people.len(),
                scenario.accounts.len(),
                scenario.machines.len(),
                scenario.rows.len()
            );
        }
        Cli::Evaluate { truth, matches, position, least } => {
            let truth = serde_json::from_str(&fs_err::read_to_string(truth)?).context("no truth of `identity`")?;
            let matches: Vec<identity::evaluation::Match> = fs_err::read_to_string(matches)?
                .lines()
                .map(serde_json::from_str)
                .collect::<Result<_, _>>()
                .context("no matches of Caliper")?;
            let position =
                serde_json::from_str(&fs_err::read_to_string(position)?).context("no position of Caliper")?;
            let evaluation = identity::evaluation::evaluate(&truth, &matches, &position);
            print!("{}", evaluation.text);
            if !evaluation.passes(least) {
                println!("not well enough: each of them at least {least}, the CALs within 1 % and inside the interval");
                return Ok(ExitCode::FAILURE);
            }
        }
        Cli::Rows { count, server, out } => {
            rows::write(&out, &server, count).context("the rows cannot be written")?;
            println!("{count} rows in {}", out.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn main() -> ExitCode {
    run(Cli::parse()).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
