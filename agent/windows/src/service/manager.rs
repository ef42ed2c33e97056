//! Asking the service control manager: install, remove, start, stop, how it stands.

use std::{path::PathBuf, ptr, time::Duration};

use windows_service::{
    service::{
        Service, ServiceAccess, ServiceAction, ServiceActionType, ServiceErrorControl, ServiceFailureActions,
        ServiceFailureResetPeriod, ServiceInfo, ServiceStartType, ServiceState, ServiceType,
    },
    service_manager::{ServiceManager, ServiceManagerAccess},
};
use windows_sys::Win32::{
    Foundation::{
        ERROR_INVALID_LEVEL, ERROR_SERVICE_ALREADY_RUNNING, ERROR_SERVICE_DOES_NOT_EXIST, ERROR_SERVICE_NOT_ACTIVE,
    },
    System::Services::{
        ChangeServiceConfig2W, SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, SERVICE_REQUIRED_PRIVILEGES_INFOW,
    },
};

use crate::{WindowsError, text::wide};

/// A service as it is to be.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Short and without blanks.
    pub name: &'static str,
    /// What lists of services show.
    pub display: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Full path of the program.
    pub program: PathBuf,
    /// What the program is started with.
    pub arguments: &'static [&'static str],
    /// All privileges it keeps; the others of its account are taken away before it starts.
    pub privileges: &'static [&'static str],
    /// Waiting times before it is started again after the first, second and every further failure of a day.
    pub restart_after: [Duration; 3],
    /// How long Windows waits for its end when shutting down.
    pub stopping: Duration,
}

/// How a service stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// There is no such service.
    Absent,
    /// Installed, and not at work.
    Stopped,
    /// About to work, to stop, or paused.
    Changing,
    /// At work.
    Running,
}

fn manager(access: ServiceManagerAccess) -> Result<ServiceManager, WindowsError> {
    ServiceManager::local_computer(None::<&str>, access).map_err(|error| WindowsError::of("OpenSCManager", "", error))
}

/// The service, or `None` if there is none of that name.
fn open(name: &str, access: ServiceAccess) -> Result<Option<Service>, WindowsError> {
    match manager(ServiceManagerAccess::CONNECT)?.open_service(name, access) {
        Ok(service) => Ok(Some(service)),
        Err(error) => {
            let error = WindowsError::of("OpenService", name, error);
            if error.code() == Some(ERROR_SERVICE_DOES_NOT_EXIST) { Ok(None) } else { Err(error) }
        }
    }
}

/// Installs the service, or brings an installed one to this definition; its account and start type stay then.
///
/// It runs as `LocalSystem` and starts some time after Windows. Returns the settings that this Windows does not know.
pub fn install(definition: &Definition) -> Result<Vec<&'static str>, WindowsError> {
    let name = definition.name;
    let information = ServiceInfo {
        name: name.into(),
        display_name: definition.display.into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path: definition.program.clone(),
        launch_arguments: definition.arguments.iter().map(Into::into).collect(),
        dependencies: Vec::new(),
        account_name: None,
        account_password: None,
    };
    let access = ServiceAccess::CHANGE_CONFIG | ServiceAccess::START | ServiceAccess::QUERY_CONFIG;
    let service = match open(name, access)? {
        Some(service) => {
            let present =
                service.query_config().map_err(|error| WindowsError::of("QueryServiceConfig", name, error))?;
            let change = ServiceInfo { start_type: present.start_type, ..information };
            service.change_config(&change).map_err(|error| WindowsError::of("ChangeServiceConfig", name, error))?;
            service
        }
        None => manager(ServiceManagerAccess::CREATE_SERVICE)?
            .create_service(&information, access)
            .map_err(|error| WindowsError::of("CreateService", name, error))?,
    };
    configure(&service, definition)
}

fn configure(service: &Service, definition: &Definition) -> Result<Vec<&'static str>, WindowsError> {
    let name = definition.name;
    let restart = |delay| ServiceAction { action_type: ServiceActionType::Restart, delay };
    let failures = ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(Duration::from_hours(24)),
        reboot_msg: None,
        command: None,
        actions: Some(definition.restart_after.map(restart).to_vec()),
    };
    let of = |result: windows_service::Result<()>| {
        result.map_err(|error| WindowsError::of("ChangeServiceConfig2", name, error))
    };
    let mut unknown = Vec::new();
    for (setting, result) in [
        ("description", of(service.set_description(definition.description))),
        ("failure actions", of(service.update_failure_actions(failures))),
        ("failure actions after errors", of(service.set_failure_actions_on_non_crash_failures(true))),
        ("delayed start", of(service.set_delayed_auto_start(true))),
        ("time to stop at shutdown", of(service.set_preshutdown_timeout(definition.stopping))),
        ("privileges", require(service, definition)),
    ] {
        match result {
            Err(error) if error.code() == Some(ERROR_INVALID_LEVEL) => unknown.push(setting),
            result => result?,
        }
    }
    Ok(unknown)
}

/// Leaves the service these privileges only.
fn require(service: &Service, definition: &Definition) -> Result<(), WindowsError> {
    // each ends with a zero, and so does the list
    let mut list: Vec<u16> = definition.privileges.iter().flat_map(|privilege| wide(privilege)).collect();
    list.push(0);
    let privileges = SERVICE_REQUIRED_PRIVILEGES_INFOW { pmszRequiredPrivileges: list.as_mut_ptr() };
    // SAFETY: the handle is open with the right to change the configuration; the structure is the one of this level, and
    // the list it points to ends with two zeros; both outlive the call.
    let done = unsafe {
        ChangeServiceConfig2W(
            service.raw_handle(),
            SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO,
            ptr::from_ref(&privileges).cast(),
        )
    };
    if done == 0 { Err(WindowsError::last("ChangeServiceConfig2", definition.name)) } else { Ok(()) }
}

/// Removes the service; it disappears when it has stopped. Returns whether there was one.
pub fn uninstall(name: &str) -> Result<bool, WindowsError> {
    let Some(service) = open(name, ServiceAccess::DELETE)? else { return Ok(false) };
    service.delete().map_err(|error| WindowsError::of("DeleteService", name, error))?;
    Ok(true)
}

/// Asks it to start and does not wait for it; one that is running has started already.
pub fn start(name: &str) -> Result<(), WindowsError> {
    match existing(name, ServiceAccess::START)?.start::<&str>(&[]) {
        Ok(()) => Ok(()),
        Err(error) => {
            let error = WindowsError::of("StartService", name, error);
            if error.code() == Some(ERROR_SERVICE_ALREADY_RUNNING) { Ok(()) } else { Err(error) }
        }
    }
}

/// Asks it to stop and does not wait for it; one that is not running has stopped already.
pub fn stop(name: &str) -> Result<(), WindowsError> {
    match existing(name, ServiceAccess::STOP)?.stop() {
        Ok(_) => Ok(()),
        Err(error) => {
            let error = WindowsError::of("ControlService", name, error);
            if error.code() == Some(ERROR_SERVICE_NOT_ACTIVE) { Ok(()) } else { Err(error) }
        }
    }
}

fn existing(name: &str, access: ServiceAccess) -> Result<Service, WindowsError> {
    open(name, access)?.ok_or_else(|| WindowsError::of_code("OpenService", name, ERROR_SERVICE_DOES_NOT_EXIST))
}

/// How it stands.
pub fn state(name: &str) -> Result<State, WindowsError> {
    let Some(service) = open(name, ServiceAccess::QUERY_STATUS)? else { return Ok(State::Absent) };
    let status = service.query_status().map_err(|error| WindowsError::of("QueryServiceStatusEx", name, error))?;
    Ok(match status.current_state {
        ServiceState::Running => State::Running,
        ServiceState::Stopped => State::Stopped,
        _ => State::Changing,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use super::*;

    /// Wine's service manager loses handles, and sometimes never answers, when two threads of a process ask at once.
    fn in_turn() -> MutexGuard<'static, ()> {
        static TURN: Mutex<()> = Mutex::new(());
        TURN.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[test]
    fn a_service_that_is_not_there_is_absent_and_cannot_be_started() {
        let _turn = in_turn();
        let name = "CaliperTestAbsent";
        assert_eq!(state(name).unwrap(), State::Absent);
        assert!(!uninstall(name).unwrap());
        let error = start(name).unwrap_err();
        assert_eq!(error.to_string(), "Windows refuses OpenService CaliperTestAbsent");
        assert_eq!(error.code(), Some(ERROR_SERVICE_DOES_NOT_EXIST));
    }

    /// Installed twice, as a repair does it, and removed; never started.
    #[test]
    fn a_service_is_installed_changed_and_removed() {
        let _turn = in_turn();
        let name = "CaliperTestInstalled";
        let definition = Definition {
            name,
            display: "Caliper test",
            description: "made by a test",
            program: std::env::current_exe().unwrap(),
            arguments: &["service", "run"],
            privileges: &["SeChangeNotifyPrivilege"],
            restart_after: [60, 300, 600].map(Duration::from_secs),
            stopping: Duration::from_secs(20),
        };
        let unknown = install(&definition).unwrap();
        assert_eq!(install(&definition).unwrap(), unknown);
        assert_eq!(state(name).unwrap(), State::Stopped);
        stop(name).unwrap();
        assert!(uninstall(name).unwrap());
        assert_eq!(state(name).unwrap(), State::Absent);
    }
}
