//! Being a service: what the service control manager starts, asks and stops.

mod manager;

use std::{
    ffi::OsString,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use windows_service::{
    define_windows_service,
    service::{ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType},
    service_control_handler::{self, ServiceControlHandlerResult, ServiceStatusHandle},
    service_dispatcher,
};

use crate::WindowsError;

pub use manager::{Definition, State, install, start, state, stop, uninstall};

/// What the service control manager is told to wait at most for the next sign of life while starting.
const STARTING: Duration = Duration::from_secs(30);

/// How the work of a service tells the manager how far it is.
#[derive(Debug, Clone)]
pub struct Status {
    handle: Arc<OnceLock<ServiceStatusHandle>>,
    /// What the manager is told to wait at most for the end.
    stopping: Duration,
}

impl Status {
    /// The service does its work and can be stopped.
    pub fn running(&self) {
        self.report(ServiceState::Running, 0, Duration::ZERO);
    }

    fn starting(&self) {
        self.report(ServiceState::StartPending, 0, STARTING);
    }

    fn stopping(&self) {
        self.report(ServiceState::StopPending, 0, self.stopping);
    }

    fn stopped(&self, code: u32) {
        self.report(ServiceState::Stopped, code, Duration::ZERO);
    }

    fn report(&self, state: ServiceState, code: u32, wait_hint: Duration) {
        let Some(handle) = self.handle.get() else { return };
        let accepted = match state {
            ServiceState::Running => ServiceControlAccept::STOP | ServiceControlAccept::PRESHUTDOWN,
            _ => ServiceControlAccept::empty(),
        };
        let pending = matches!(state, ServiceState::StartPending | ServiceState::StopPending);
        let exit_code = if code == 0 { ServiceExitCode::Win32(0) } else { ServiceExitCode::ServiceSpecific(code) };
        // a manager that does not listen cannot be told so either
        let _ = handle.set_service_status(ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state: state,
            controls_accepted: accepted,
            exit_code,
            checkpoint: u32::from(pending),
            wait_hint,
            process_id: None,
        });
    }
}

/// What [`serve`] hands over to the thread that the service control manager starts.
struct Work {
    name: String,
    stopping: Duration,
    stop: Box<dyn Fn() + Send + Sync>,
    run: Box<dyn FnOnce(&Status) -> u32 + Send>,
}

static WORK: Mutex<Option<Work>> = Mutex::new(None);

define_windows_service!(entry, service_main);

/// Runs as the service of that name; returns when it has stopped, or at once if no service manager started this program.
///
/// The manager is told that the service starts before `work` begins, which calls [`Status::running`] and returns 0 or a
/// code for what went wrong. `stop` is called once the service is to end, by request or because Windows shuts down; it must
/// not wait, and `work` has to return within `stopping`.
pub fn serve(
    name: &str,
    stopping: Duration,
    stop: impl Fn() + Send + Sync + 'static,
    work: impl FnOnce(&Status) -> u32 + Send + 'static,
) -> Result<(), WindowsError> {
    let work = Work { name: name.to_owned(), stopping, stop: Box::new(stop), run: Box::new(work) };
    *WORK.lock().unwrap_or_else(PoisonError::into_inner) = Some(work);
    service_dispatcher::start(name, entry).map_err(|error| WindowsError::of("StartServiceCtrlDispatcher", name, error))
}

fn service_main(_: Vec<OsString>) {
    let Some(Work { name, stopping, stop, run }) = WORK.lock().unwrap_or_else(PoisonError::into_inner).take() else {
        return;
    };
    let status = Status { handle: Arc::default(), stopping };
    let told = status.clone();
    let control = move |control| match control {
        ServiceControl::Stop | ServiceControl::Preshutdown => {
            told.stopping();
            stop();
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    };
    // without a handle nobody can be told anything; the manager notices that the process ends
    let Ok(handle) = service_control_handler::register(name, control) else { return };
    let _ = status.handle.set(handle);
    status.starting();
    let code = run(&status);
    status.stopped(code);
}

impl WindowsError {
    fn of(call: &'static str, about: &str, error: windows_service::Error) -> Self {
        match error {
            windows_service::Error::Winapi(source) => Self::new(call, about, source),
            other => Self::new(call, about, std::io::Error::other(other.to_string())),
        }
    }
}
