//! The agent as a Windows service: what the service control manager starts, and how it is told about it.
//!
//! Knows how to start, report and end; what an agent does stands in `run`.

mod log;

use std::{
    io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use caliper_windows::{
    WindowsError, event_source,
    service::{self, Definition, State, Status},
};
use tokio::sync::watch;

use crate::{
    cli::{CliError, ServiceCommand},
    config::{Config, Remote},
    enroll,
    environment::Environment,
    run::Run,
    sentence::sentence,
    settings::Settings,
    state::Folder,
    uplink::Backoff,
};

/// Name of the service and of its source in the Application log.
pub const NAME: &str = "CaliperAgent";

/// Longest wait of Windows for the end: what an agent takes to say good-bye to the aggregator, and as much again.
const STOPPING: Duration = Duration::from_secs(20);
/// How often to look whether it has stopped.
const LOOK: Duration = Duration::from_millis(100);

/// Waiting times between attempts to enrol: from ten seconds to five minutes.
const ENROLMENT: (Duration, Duration) = (Duration::from_secs(10), Duration::from_mins(5));

/// Exit code of a service that could not start for want of memory or threads.
const NO_RUNTIME: u32 = 1;

/// Why the service could not be changed or run.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Windows says no.
    #[error("the service cannot be changed: run this as administrator")]
    Windows(#[from] WindowsError),
    /// Nobody knows where this program lies.
    #[error("cannot find out where this program lies: start it by its full path")]
    Program(#[source] io::Error),
    /// It was asked to stop and did not.
    #[error("the service did not stop within {} seconds: see its log", STOPPING.as_secs())]
    StillRunning,
    /// Not everything could be deleted.
    #[error("the service is removed, but not what it kept: delete the folder by hand")]
    Purge(#[source] io::Error),
    /// Somebody typed what only Windows starts.
    #[error("`service run` is started by Windows: use `run`, or `service start`")]
    NotAService(#[source] WindowsError),
}

fn definition(program: PathBuf) -> Definition {
    Definition {
        name: NAME,
        display: "Caliper agent",
        description: "Reports the edition, the processors and the use of this server to the Caliper aggregator.",
        program,
        arguments: &["service", "run"],
        // to pass folders on the way to its own, and to read the Security log
        privileges: &["SeChangeNotifyPrivilege", "SeSecurityPrivilege"],
        restart_after: [1, 5, 10].map(Duration::from_mins),
        stopping: STOPPING,
    }
}

/// Does what an administrator asks; returns a sentence.
pub fn control(
    command: ServiceCommand,
    named: Option<&Path>,
    environment: &Environment,
) -> Result<String, ServiceError> {
    Ok(match command {
        ServiceCommand::Install => {
            let program = std::env::current_exe().map_err(ServiceError::Program)?;
            let unknown = service::install(&definition(program))?;
            event_source::install(NAME)?;
            for setting in unknown {
                tracing::warn!("this Windows has no such setting of services: {setting}");
            }
            format!("service {NAME} is installed")
        }
        ServiceCommand::Uninstall { purge } => {
            let removed = if service::state(NAME)? == State::Absent {
                "is not installed"
            } else {
                stop()?;
                service::uninstall(NAME)?;
                "is removed"
            };
            event_source::uninstall(NAME)?;
            let kept = if purge {
                delete(named, environment).map_err(ServiceError::Purge)?;
                "were deleted"
            } else {
                "stay"
            };
            format!("service {NAME} {removed}; configuration, identity and queue {kept}")
        }
        ServiceCommand::Start => {
            service::start(NAME)?;
            format!("service {NAME} starts")
        }
        ServiceCommand::Stop => {
            stop()?;
            format!("service {NAME} has stopped")
        }
        ServiceCommand::Status => match service::state(NAME)? {
            State::Absent => "not installed",
            State::Stopped => "stopped",
            State::Changing => "starting or stopping",
            State::Running => "running",
        }
        .to_owned(),
        ServiceCommand::Run => unreachable!("`main` calls `run`"),
    })
}

/// Deletes configuration and state, wherever the configuration says that the state is.
fn delete(named: Option<&Path>, environment: &Environment) -> io::Result<()> {
    let file = named.unwrap_or(&environment.config);
    let state =
        Config::load(named, environment).map_or_else(|_| environment.state.clone(), |config| config.state.value);
    if file.exists() {
        fs_err::remove_file(file)?;
    }
    Folder::new(state).delete()
}

fn stop() -> Result<(), ServiceError> {
    service::stop(NAME)?;
    for _ in 0..STOPPING.as_millis() / LOOK.as_millis() {
        if matches!(service::state(NAME)?, State::Stopped | State::Absent) {
            return Ok(());
        }
        thread::sleep(LOOK);
    }
    Err(ServiceError::StillRunning)
}

/// What Windows starts: returns when the service has stopped.
pub fn run(named: Option<PathBuf>, environment: Environment) -> Result<(), ServiceError> {
    let (ask, asked) = watch::channel(false);
    let stop = move || {
        ask.send_replace(true);
    };
    let work = move |status: &Status| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return NO_RUNTIME };
        let ended = runtime.block_on(work(named, environment, status, asked));
        // a collection under way must not hold up the end
        runtime.shutdown_timeout(Duration::ZERO);
        match ended {
            Ok(()) => 0,
            Err(error) => {
                tracing::error!("{}", sentence(&error));
                u32::from(error.exit_code())
            }
        }
    };
    service::serve(NAME, STOPPING, stop, work).map_err(ServiceError::NotAService)
}

async fn work(
    named: Option<PathBuf>,
    environment: Environment,
    status: &Status,
    mut asked: watch::Receiver<bool>,
) -> Result<(), CliError> {
    let config = Config::load(named.as_deref(), &environment);
    log::listen(config.as_ref().ok());
    let config = config?;
    status.running();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "the service runs");
    let stop = async move {
        // the other end lives as long as the service
        let _ = asked.wait_for(|asked| *asked).await;
    };
    let mut stop = std::pin::pin!(stop);
    let backoff = Backoff::new(ENROLMENT.0, ENROLMENT.1);
    let folder = config.folder();
    let mut settings = Settings::new(named.clone(), environment.clone(), config);
    tokio::select! {
        identity = enroll::awaited(&folder, &mut settings, &environment, backoff) => {
            identity.map_err(crate::run::RunError::from)?;
        }
        () = &mut stop => return Ok(()),
    }
    let mut config = settings.config().clone().with_remote(&Remote::load(&folder));
    // the identity is there, wherever the file says by now that it should be
    config.state.value = folder.path().to_owned();
    let collector =
        crate::cli::collector(config.collect_from.value.clone(), environment.now, Some(config.folder().scratch()));
    let run =
        Run { named, config, environment, collector: std::sync::Arc::new(collector), backoff: Backoff::default() };
    run.forever(stop).await?;
    tracing::info!("the service has stopped");
    Ok(())
}
