//! What is installed, out of a registry and the firmware's table: features, Remote Desktop licensing, SQL Server, cluster,
//! cloud. The same for a running Windows and for an export.

use caliper_evidence::smbios::Firmware;
use caliper_proto::{Installed, SqlInstance};

use super::registry::{
    CLUSTER, CLUSTER_NODES, FEATURES, LICENCE_SERVERS, LICENSING, LICENSING_POLICY, Registry, SQL, SQL_INSTANCES,
};

/// `InstallState` of a feature that is there.
const THERE: u32 = 1;
/// The feature of a session host; its licensing mode means nothing on other servers.
const SESSION_HOST: &str = "RDS-RD-Server";
/// Values of `LicensingMode`; 5 is what a session host has before anybody chooses.
const MODES: [(u32, &str); 3] = [(2, "per device"), (4, "per user"), (5, "not configured")];
/// Chassis asset tag of every virtual machine of Azure.
const AZURE: &str = "7783-7084-3265-9085-8269-3286-77";

/// What a registry says.
pub fn of_registry(registry: &impl Registry) -> Installed {
    let features = features(registry);
    let is_session_host = features.iter().any(|feature| feature == SESSION_HOST);
    Installed {
        remote_desktop_licensing: is_session_host.then(|| licensing(registry)).flatten(),
        licence_servers: if is_session_host { licence_servers(registry) } else { Vec::new() },
        sql_instances: sql_instances(registry),
        cluster: some(registry.text(CLUSTER, "ClusterName")),
        cluster_nodes: sorted(
            registry
                .keys(CLUSTER_NODES)
                .iter()
                .filter_map(|node| some(registry.text(&format!("{CLUSTER_NODES}\\{node}"), "NodeName")))
                .collect(),
        ),
        cloud: None,
        features,
    }
}

/// The public cloud that the firmware names.
pub fn cloud(firmware: &Firmware) -> Option<String> {
    let is = |text: &str, words: &str| text.trim().eq_ignore_ascii_case(words);
    let cloud = if is(&firmware.asset_tag, AZURE) {
        "Azure"
    } else if is(&firmware.manufacturer, "Amazon EC2") || is(&firmware.bios_vendor, "Amazon EC2") {
        "AWS"
    } else if is(&firmware.model, "Google Compute Engine") {
        "Google Cloud"
    } else {
        return None;
    };
    Some(cloud.to_owned())
}

fn features(registry: &impl Registry) -> Vec<String> {
    let is_there = |feature: &String| registry.number(&format!("{FEATURES}\\{feature}"), "InstallState") == Some(THERE);
    sorted(registry.keys(FEATURES).into_iter().filter(is_there).collect())
}

/// Group Policy beats what was chosen on the server.
fn licensing(registry: &impl Registry) -> Option<String> {
    let mode =
        registry.number(LICENSING_POLICY, "LicensingMode").or_else(|| registry.number(LICENSING, "LicensingMode"))?;
    MODES.iter().find(|(number, _)| *number == mode).map(|(_, words)| (*words).to_owned())
}

fn licence_servers(registry: &impl Registry) -> Vec<String> {
    let by_policy = registry.text(LICENSING_POLICY, "LicenseServers").unwrap_or_default();
    let names: Vec<String> =
        by_policy.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    if names.is_empty() { registry.list(LICENCE_SERVERS, "SpecifiedLicenseServers") } else { names }
}

fn sql_instances(registry: &impl Registry) -> Vec<SqlInstance> {
    let instance = |name: String| {
        // the folder of the instance in the registry, for example `MSSQL16.MSSQLSERVER`
        let id = some(registry.text(SQL_INSTANCES, &name))?;
        let text = |key, value| some(registry.text(&format!("{SQL}\\{id}\\{key}"), value));
        Some(SqlInstance {
            edition: text("Setup", "Edition"),
            version: text("Setup", "Version"),
            cluster: text("Cluster", "ClusterName"),
            name,
        })
    };
    let mut names = registry.names(SQL_INSTANCES);
    names.sort_unstable();
    names.into_iter().filter_map(instance).collect()
}

fn some(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use caliper_evidence::registry;

    use super::*;

    /// A fake, put together by hand after Microsoft's documentation of each key.
    const FAKE: &str = r#"Windows Registry Editor Version 5.00

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache\RDS-RD-Server]
"InstallState"=dword:00000001

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache\Hyper-V]
"InstallState"=dword:00000000

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache\Failover-Clustering]
"InstallState"=dword:00000001

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Terminal Server\RCM\Licensing Core]
"LicensingMode"=dword:00000004

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\TermService\Parameters\LicenseServers]
"SpecifiedLicenseServers"=hex(7):6c,00,69,00,63,00,31,00,00,00,6c,00,32,00,00,00,00,00

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL]
"MSSQLSERVER"="MSSQL16.MSSQLSERVER"
"DEV"="MSSQL15.DEV"

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Microsoft SQL Server\MSSQL16.MSSQLSERVER\Setup]
"Edition"="Enterprise Edition: Core-based Licensing"
"Version"="16.0.1000.6"

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Microsoft SQL Server\MSSQL16.MSSQLSERVER\Cluster]
"ClusterName"="SQLFCI"

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Microsoft SQL Server\MSSQL15.DEV\Setup]
"Edition"="Developer Edition"
"Version"="15.0.2000.5"

[HKEY_LOCAL_MACHINE\Cluster]
"ClusterName"="CL1"

[HKEY_LOCAL_MACHINE\Cluster\Nodes\1]
"NodeName"="N1"

[HKEY_LOCAL_MACHINE\Cluster\Nodes\2]
"NodeName"="N2"
"#;

    fn of(text: &str) -> Installed {
        of_registry(&registry::read(text.as_bytes()))
    }

    #[test]
    fn everything_installed_is_named() {
        let instance = |name: &str, edition: &str, version: &str, cluster: Option<&str>| SqlInstance {
            name: name.into(),
            edition: Some(edition.into()),
            version: Some(version.into()),
            cluster: cluster.map(str::to_owned),
        };
        let expected = Installed {
            features: vec!["Failover-Clustering".into(), "RDS-RD-Server".into()],
            remote_desktop_licensing: Some("per user".into()),
            licence_servers: vec!["lic1".into(), "l2".into()],
            sql_instances: vec![
                instance("DEV", "Developer Edition", "15.0.2000.5", None),
                instance("MSSQLSERVER", "Enterprise Edition: Core-based Licensing", "16.0.1000.6", Some("SQLFCI")),
            ],
            cluster: Some("CL1".into()),
            cluster_nodes: vec!["N1".into(), "N2".into()],
            cloud: None,
        };
        assert_eq!(of(FAKE), expected);
        assert_eq!(of("Windows Registry Editor Version 5.00\n"), Installed::default());
    }

    #[test]
    fn group_policy_beats_the_servers_own_licensing() {
        let policy = "\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services]\n\
                      \"LicensingMode\"=dword:00000002\n\"LicenseServers\"=\"a, b\"\n";
        let installed = of(&format!("{FAKE}{policy}"));
        assert_eq!(installed.remote_desktop_licensing.as_deref(), Some("per device"));
        assert_eq!(installed.licence_servers, ["a", "b"]);
        let none = FAKE.replace(
            "Licensing Core]\n\"LicensingMode\"=dword:00000004",
            "Licensing Core]\n\"LicensingMode\"=dword:00000005",
        );
        assert_eq!(of(&none).remote_desktop_licensing.as_deref(), Some("not configured"));
        // remote administration, as on every server
        let other = FAKE.replacen("dword:00000001", "dword:00000000", 1);
        assert_eq!((of(&other).remote_desktop_licensing, of(&other).licence_servers.len()), (None, 0));
    }

    #[test]
    fn clouds_are_known_by_their_firmware() {
        let firmware = |manufacturer: &str, model: &str, tag: &str, vendor: &str| Firmware {
            manufacturer: manufacturer.into(),
            model: model.into(),
            asset_tag: tag.into(),
            bios_vendor: vendor.into(),
            ..Firmware::default()
        };
        for (firmware, cloud_) in [
            (firmware("Microsoft Corporation", "Virtual Machine", AZURE, "Microsoft Corporation"), Some("Azure")),
            (firmware("Microsoft Corporation", "Virtual Machine", "", "Microsoft Corporation"), None),
            (firmware("Amazon EC2", "m5.large", "Amazon EC2", "Amazon EC2"), Some("AWS")),
            (firmware("Google", "Google Compute Engine", "", "Google"), Some("Google Cloud")),
            (firmware("VMware, Inc.", "VMware7,1", "No Asset Tag", "VMware, Inc."), None),
        ] {
            assert_eq!(cloud(&firmware).as_deref(), cloud_, "{firmware:?}");
        }
    }
}
