//! `caliper-agent`: fills in the outside world and runs the command line.

use std::{io, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use caliper_agent::{
    cli::{Cli, CliError, Command, execute},
    config::{Config, Policy},
    connection::ServiceRecord,
    environment::Environment,
    limit::Usage,
    log_file::filter,
    sentence::sentence,
};
use clap::Parser as _;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let environment = environment();
    #[cfg(windows)]
    if let Command::Service(caliper_agent::cli::ServiceCommand::Run) = cli.command {
        // logs to places of its own
        return end(caliper_agent::service::run(cli.config, environment).map_err(|error| CliError::from(error).into()));
    }
    listen(&cli, &environment);
    end(start(cli, environment))
}

fn end(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let known = error.downcast_ref::<CliError>();
            let text = known.map_or_else(|| format!("{error:#}"), |known| sentence(known));
            eprintln!("caliper-agent: {text}");
            ExitCode::from(known.map_or(1, CliError::exit_code))
        }
    }
}

fn start(cli: Cli, environment: Environment) -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start: free some memory")?;
    let result = runtime.block_on(async { Box::pin(execute(cli, environment, io::stdout(), stop())).await });
    // a collection under way must not hold up the end
    runtime.shutdown_timeout(Duration::ZERO);
    Ok(result?)
}

/// Logs go to standard error; the level is the configured one, `warn` for commands that answer on standard output.
fn listen(cli: &Cli, environment: &Environment) {
    let level = match &cli.command {
        Command::Run(_) => Config::load(cli.config.as_deref(), environment)
            .map_or_else(|_| "info".into(), |config| config.log_level.value),
        _ => "warn".into(),
    };
    let log = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(io::stderr).with_ansi(false);
    log.with_target(false).finish().with(filter(&level)).init();
}

fn environment() -> Environment {
    let (config, state) = places();
    Environment {
        now: || jiff::Timestamp::now().into(),
        random,
        zone: caliper_agent::zone::of_this_machine,
        host_name: host_name(),
        policy,
        services,
        usage,
        config,
        state,
    }
}

fn random() -> u64 {
    uuid::Uuid::new_v4().as_u128() as u64
}

#[cfg(windows)]
fn host_name() -> String {
    caliper_windows::machine::host_name().unwrap_or_default()
}

#[cfg(not(windows))]
fn host_name() -> String {
    sysinfo::System::host_name().unwrap_or_default()
}

#[cfg(windows)]
fn usage() -> Option<Usage> {
    use caliper_windows::process;
    Some(Usage { processor: process::processor_time().ok()?, memory: process::memory().ok()? })
}

#[cfg(not(windows))]
fn usage() -> Option<Usage> {
    use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};
    let own = Pid::from_u32(std::process::id());
    let mut system = System::new().ok()?;
    let what = ProcessRefreshKind::nothing().with_cpu().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, what);
    let process = system.process(own)?;
    Some(Usage { processor: Duration::from_millis(process.accumulated_cpu_time()), memory: process.memory() })
}

#[cfg(windows)]
fn services() -> Result<Vec<ServiceRecord>, String> {
    use caliper_agent::connection::SERVICE;
    use caliper_windows::{dns, machine};
    let domain = machine::dns_domain().map_err(|error| format!("{:#}", anyhow::Error::from(error)))?;
    if domain.is_empty() {
        return Ok(Vec::new());
    }
    let found =
        dns::services(&format!("{SERVICE}.{domain}")).map_err(|error| format!("{:#}", anyhow::Error::from(error)))?;
    let record = |service: dns::Service| ServiceRecord {
        priority: service.priority,
        weight: service.weight,
        port: service.port,
        target: service.target,
    };
    Ok(found.into_iter().map(record).collect())
}

#[cfg(not(windows))]
fn services() -> Result<Vec<ServiceRecord>, String> {
    use caliper_agent::connection::{NameService, SERVICE};
    let Ok(text) = fs_err::read_to_string("/etc/resolv.conf") else { return Ok(Vec::new()) };
    let (name_service, domain) = NameService::configured(&text, &host_name());
    domain.map_or(Ok(Vec::new()), |domain| name_service.services(&format!("{SERVICE}.{domain}"), random()))
}

#[cfg(windows)]
fn policy() -> Policy {
    use caliper_agent::config::{POLICIES, POLICY_KEY};
    use caliper_windows::registry;
    let value = |name: &str| {
        let number = || registry::number(POLICY_KEY, name).ok().flatten().map(|number| number.to_string());
        // what cannot be read is not set; `doctor` names what Windows refuses
        let text = registry::text(POLICY_KEY, name).ok().flatten().or_else(number)?;
        Some((name.to_owned(), text))
    };
    POLICIES.iter().filter_map(|(name, _)| value(name)).collect()
}

#[cfg(not(windows))]
fn policy() -> Policy {
    Policy::new()
}

#[cfg(windows)]
fn places() -> (PathBuf, PathBuf) {
    let folder = caliper_windows::machine::program_data().join("Caliper");
    (folder.join("config.toml"), folder)
}

#[cfg(not(windows))]
fn places() -> (PathBuf, PathBuf) {
    (PathBuf::from("/etc/caliper/agent.toml"), PathBuf::from("/var/lib/caliper-agent"))
}

#[cfg(unix)]
async fn stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

#[cfg(not(unix))]
async fn stop() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
