//! The machine this program runs on, as the operating system describes it.

use caliper_proto::{Inventory, Report};
use sysinfo::System;

use super::{CollectError, edition};

/// What an operating system says of its machine.
#[derive(Debug, Clone, Default)]
struct Machine {
    name: String,
    /// For example `Windows Server 2022 Standard` or `Ubuntu 24.04`.
    system: String,
    /// Of Windows: the build number.
    kernel: String,
    cores: Option<usize>,
    logical_processors: usize,
}

/// Describes the machine this program runs on; a machine that is no Windows Server is an error that says what it is.
///
/// Accesses are not read from a running system: its databases are locked. The report says so.
pub fn collect_local() -> Result<Report, CollectError> {
    describe(&Machine {
        name: System::host_name().unwrap_or_default(),
        system: System::long_os_version().or_else(|_| System::name()).unwrap_or_default(),
        kernel: System::kernel_version().unwrap_or_default(),
        cores: System::physical_core_count().ok(),
        logical_processors: std::thread::available_parallelism().map_or(0, usize::from),
    })
}

fn describe(machine: &Machine) -> Result<Report, CollectError> {
    let cores = machine.cores.and_then(|cores| u32::try_from(cores).ok());
    let logical = u32::try_from(machine.logical_processors).ok().filter(|logical| *logical > 0);
    if !machine.system.contains("Windows Server") {
        let number = |number: Option<u32>| number.map_or_else(|| "unknown".to_owned(), |number| number.to_string());
        let why = format!("{}, cores: {}, logical processors: {}", machine.system, number(cores), number(logical));
        return Err(CollectError::NotAServer { machine: machine.name.clone(), why });
    }
    let mut warnings = vec![
        "accesses were not read: the databases of a running server are locked; copy them and use `collect --from`"
            .to_owned(),
    ];
    let build: Option<u32> = machine.kernel.parse().ok();
    let version = build.and_then(|build| match edition::version(build) {
        Ok(version) => Some(version.to_owned()),
        Err(warning) => {
            warnings.push(warning);
            None
        }
    });
    let edition = ["Datacenter", "Standard", "Essentials", "Foundation"];
    let edition = edition.into_iter().find(|edition| machine.system.contains(edition)).map(str::to_owned);
    let server = Inventory {
        name: machine.name.clone(),
        edition,
        version,
        build,
        cores,
        logical_processors: logical,
        evaluation: machine.system.contains("Evaluation"),
        ..Inventory::default()
    };
    Ok(Report { server, accesses: Vec::new(), warnings })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(system: &str, kernel: &str) -> Machine {
        Machine {
            name: "box".into(),
            system: system.into(),
            kernel: kernel.into(),
            cores: Some(2),
            logical_processors: 4,
        }
    }

    #[test]
    fn only_windows_servers_are_reported() {
        let report = describe(&machine("Windows Server 2022 Datacenter Evaluation", "20348")).unwrap();
        assert_eq!(report.server.edition.as_deref(), Some("Datacenter"));
        assert_eq!(report.server.version.as_deref(), Some("2022"));
        assert!(report.server.evaluation);
        for system in ["Ubuntu 24.04", "Windows 11 Pro", ""] {
            let error = describe(&machine(system, "26100")).unwrap_err().to_string();
            assert!(error.starts_with("box is no Windows Server") && error.contains("collect --from"), "{error}");
        }
    }

    #[test]
    fn this_machine_answers() {
        // whatever it is, the answer names it
        match collect_local() {
            Ok(report) => assert!(!report.server.name.is_empty()),
            Err(error) => assert!(error.to_string().contains("no Windows Server"), "{error}"),
        }
    }
}
