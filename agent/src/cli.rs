//! The command line: what can be asked of the agent, and how it answers.

mod show;

use std::{
    ffi::OsString,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use caliper_proto::Instant;
use clap::{Args, Parser, Subcommand};

use crate::{
    collect::{self, CollectError, Collected, Progress},
    config::{self, Config, ConfigError, InitError, Wishes},
    doctor,
    enroll::{self, EnrolError},
    environment::Environment,
    identity::IdentityError,
    rows::Table,
    run::{Run, RunError},
    state::write_durably,
    uplink::Backoff,
};

/// Reports what Windows Server licences a server needs: its edition, its processors and who uses it.
#[derive(Debug, Parser)]
#[command(name = "caliper-agent", version, disable_help_subcommand = true)]
pub struct Cli {
    /// Configuration file; without it the usual one, which need not exist
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What can be asked.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Collect once and show the result; nothing is sent
    Collect(Collect),
    /// Exchange a token of the aggregator for a certificate
    Enroll(Enroll),
    /// Collect and deliver, until stopped
    Run(RunOnce),
    /// Check everything that delivery needs and say what to do
    Doctor(Json),
    /// Show or check the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Install, remove, start, stop or run the Windows service
    #[cfg(windows)]
    #[command(subcommand)]
    Service(ServiceCommand),
    /// Print the version
    Version(Json),
}

/// `collect`.
#[derive(Debug, Args)]
pub struct Collect {
    /// Folder of artefacts, in any layout, instead of this machine
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
    /// Print the whole report as JSON instead of a summary
    #[arg(long, conflicts_with = "output")]
    pub json: bool,
    /// Write the report to a file, for `caliper import`
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `enroll`.
#[derive(Debug, Args)]
pub struct Enroll {
    /// File that holds the token, deleted afterwards; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub token_file: PathBuf,
    /// Host and port of the aggregator, instead of those of the token and the configuration; kept unless the configuration has some
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    pub server: Option<String>,
}

fn address(text: &str) -> Result<String, &'static str> {
    if config::is_address(text) {
        Ok(text.into())
    } else {
        Err("expected `host:port`, for example `caliper.example.org:8444`")
    }
}

/// `run`.
#[derive(Debug, Args)]
pub struct RunOnce {
    /// Collect once, deliver everything and end when the aggregator has it
    #[arg(long)]
    pub once: bool,
    /// Give up after so many seconds; only with `--once`
    #[arg(long, value_name = "SECONDS", requires = "once")]
    pub timeout: Option<u64>,
}

/// Output for programs.
#[derive(Debug, Args)]
pub struct Json {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show every value and where it came from
    Show(Json),
    /// Check the file and say what is wrong
    Check,
    /// Write a first configuration, as an installer does; one that is there stays
    Init(Init),
}

/// `config init`; empty values are as good as none.
#[derive(Debug, Args)]
pub struct Init {
    /// Host and port of the aggregator; without it the one in the token
    #[arg(long, value_name = "HOST:PORT")]
    pub server: Option<String>,
    /// Proxy that connects to the aggregator
    #[arg(long, value_name = "http://HOST:PORT")]
    pub proxy: Option<String>,
    /// Where the server stands, for the aggregator's lists
    #[arg(long, value_name = "TEXT")]
    pub site: Option<String>,
    /// What else it is found by there, separated by commas
    #[arg(long, value_name = "TEXT,TEXT")]
    pub tags: Option<String>,
    /// error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// File that holds an enrolment token; a copy is kept for the service, which deletes it once enrolled
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<OsString>, // a path must not be empty
}

/// `service`.
#[cfg(windows)]
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ServiceCommand {
    /// Install the service, or bring it to this version; started or not stays as it was
    Install,
    /// Stop and remove the service; configuration, identity and queue stay
    Uninstall {
        /// Delete configuration, identity and queue as well
        #[arg(long)]
        purge: bool,
    },
    /// Start the service
    Start,
    /// Stop the service and wait for it
    Stop,
    /// Say how the service stands
    Status,
    /// What Windows starts; a person wants `run`
    Run,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Nothing was collected.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// Not enrolled.
    #[error(transparent)]
    Enrol(#[from] EnrolError),
    /// Not delivered.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The service could not be changed.
    #[cfg(windows)]
    #[error(transparent)]
    Service(#[from] crate::service::ServiceError),
    /// There is no first configuration.
    #[error(transparent)]
    Init(#[from] InitError),
    /// The result could not be written.
    #[error("cannot write the result: choose another file with `--output`")]
    Output(#[source] io::Error),
    /// At least one check failed; each has said so.
    #[error("at least one check failed: do what its line says")]
    Doctor,
}

impl CliError {
    /// The exit code, as documented in `agent/README.md`.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Init(InitError::Config(_)) => 2,
            Self::Run(RunError::Identity(IdentityError::Missing)) => 3,
            Self::Enrol(EnrolError::Trouble(trouble)) | Self::Run(RunError::Trouble(trouble)) => match trouble {
                trouble if trouble.passes() => 4,
                _ => 5,
            },
            Self::Enrol(EnrolError::Token { .. } | EnrolError::ForeignCertificate(_)) => 5,
            Self::Run(RunError::Timeout { .. } | RunError::Stopped(_)) => 6,
            _ => 1,
        }
    }
}

/// Does what the command line asks; answers go to `output`.
pub async fn execute(
    cli: Cli,
    environment: Environment,
    mut output: impl Write,
    stop: impl Future<Output = ()>,
) -> Result<(), CliError> {
    let named = cli.config.as_deref();
    match cli.command {
        Command::Version(Json { json }) => show::version(&mut output, json),
        Command::Collect(command) => {
            let config = if command.from.is_some() { None } else { Some(Config::load(named, &environment)?) };
            let from = command.from.clone().or_else(|| config.and_then(|config| config.collect_from.value));
            // the state folder may be the service's alone
            let mut collected = collector(from, environment.now, None)(&Progress::default())?;
            match &command.output {
                Some(path) => write_report(path, &mut collected).map_err(CliError::Output),
                None => show::report(&mut output, &mut collected, command.json).map_err(CliError::Output),
            }
        }
        Command::Enroll(command) => {
            let config = Config::load(named, &environment)?;
            let mut token = enroll::read_token(&command.token_file, io::stdin())?;
            let mut route = config.route();
            if let Some(server) = command.server {
                token.address.clone_from(&server);
                route.server = Some(server);
            }
            let identity = enroll::enrol(&token, &route, &config.folder(), &environment).await?;
            if command.token_file != std::path::Path::new("-")
                && let Err(error) = fs_err::remove_file(&command.token_file)
            {
                tracing::warn!("enrolled, but the token file is still there: delete it yourself ({error})");
            }
            writeln!(output, "{}", enroll::done(&identity)).map_err(CliError::Output)
        }
        Command::Run(command) => {
            let config = Config::load(named, &environment)?;
            let scratch = Some(config.folder().scratch());
            let collector = Arc::new(collector(config.collect_from.value.clone(), environment.now, scratch));
            let named = cli.config.clone();
            let run = Run { named, config, environment, collector, backoff: Backoff::default() };
            if command.once {
                Ok(run.once(command.timeout.map(Duration::from_secs), stop).await?)
            } else {
                Ok(run.forever(stop).await?)
            }
        }
        Command::Doctor(Json { json }) => {
            let checks = doctor::examine(named, &environment).await;
            show::checks(&mut output, &checks, json)?;
            if checks.iter().any(|check| check.state == doctor::State::Failed) { Err(CliError::Doctor) } else { Ok(()) }
        }
        Command::Config(ConfigCommand::Init(Init { server, proxy, site, tags, log_level, token_file })) => {
            let token_file = token_file.map(PathBuf::from);
            let done = config::init(named, Wishes { server, proxy, site, tags, log_level, token_file }, &environment)?;
            let path = named.unwrap_or(&environment.config);
            let written = if done.written { "is written" } else { "is there already and stays as it is" };
            let token = if done.token_kept { "; the service will enrol with the token" } else { "" };
            writeln!(output, "{} {written}{token}", path.display()).map_err(CliError::Output)
        }
        #[cfg(windows)]
        Command::Service(command) => {
            let answer = crate::service::control(command, named, &environment)?;
            writeln!(output, "{answer}").map_err(CliError::Output)
        }
        Command::Config(ConfigCommand::Show(Json { json })) => {
            show::config(&mut output, &Config::load(named, &environment)?, json)
        }
        Command::Config(ConfigCommand::Check) => {
            Config::load(named, &environment)?;
            let path = named.unwrap_or(&environment.config);
            let found = if path.exists() { "is correct" } else { "does not exist, which is correct: defaults hold" };
            writeln!(output, "{} {found}", path.display()).map_err(CliError::Output)
        }
    }
}

/// Writes a file whole or not at all. What is a link or a device (`/dev/stdout`, a pipe) is written through, not replaced.
fn write_report(path: &Path, collected: &mut Collected) -> io::Result<()> {
    if fs_err::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
        let mut file = BufWriter::new(fs_err::OpenOptions::new().write(true).truncate(true).open(path)?);
        show::json(&mut file, collected)?;
        return file.flush();
    }
    write_durably(path, |file| show::json(file, collected))
}

/// Collects from the folder, or else from this machine. What it cannot hold goes into `scratch`, see [`Table::new`].
pub(crate) fn collector(
    from: Option<PathBuf>,
    now: fn() -> Instant,
    scratch: Option<PathBuf>,
) -> impl Fn(&Progress) -> Result<Collected, CollectError> + Send + Sync {
    move |progress| {
        let rows = Table::new(scratch.clone());
        match &from {
            Some(folder) => collect::collect_from(folder, rows),
            None => collect::collect_local(now(), progress, rows),
        }
    }
}
