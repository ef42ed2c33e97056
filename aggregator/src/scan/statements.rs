//! What a server's setup says of its licences, and what people state about it because nothing on it tells.

use caliper_licensing::{Host, LicensedBy, RemoteDesktopMode, Server};
use caliper_proto::Installed;

use super::{
    ServerSettings,
    machines::{Fleet, short},
};

/// The feature of a server that hands out RDS CALs.
const LICENCE_SERVER: &str = "RDS-Licensing";
/// Words of an agent for the mode of a session host.
const MODES: [(&str, RemoteDesktopMode); 2] =
    [("per device", RemoteDesktopMode::PerDevice), ("per user", RemoteDesktopMode::PerUser)];

/// Adds both to the servers of a fleet, in its order; what is stated beats what is reported.
pub(super) fn add(
    fleet: &Fleet,
    stated: &[ServerSettings],
    hosts: &[Host],
    servers: &mut [Server],
    notes: &mut Vec<String>,
) {
    let mut in_cloud = Vec::new();
    for (reporting, server) in fleet.servers.iter().zip(&mut *servers) {
        let installed = &reporting.inventory.installed;
        let given = stated.iter().find(|given| short(&given.name) == short(&server.id));
        let mode = installed.remote_desktop_licensing.as_deref();
        server.remote_desktop = MODES.iter().find(|(words, _)| mode == Some(words)).map(|(_, mode)| *mode);
        server.licence_server = installed.features.iter().any(|feature| feature == LICENCE_SERVER);
        if let Some(licensed_by) = paid_in(installed).filter(|_| server.is_virtual) {
            if given.is_none_or(|given| given.licensed_by.is_none()) {
                in_cloud.push(server.id.as_str());
            }
            server.licensed_by = licensed_by;
        }
        let Some(given) = given else { continue };
        server.licensed_by = given.licensed_by.unwrap_or(server.licensed_by);
        server.remote_desktop = given.remote_desktop.or(server.remote_desktop);
        server.disaster_recovery = given.disaster_recovery;
        server.web_workload = given.web_workload;
        server.managed = given.managed;
        let known = |name: &String| hosts.iter().find(|host| short(&host.id) == short(name));
        let id = |name: &String| known(name).map_or_else(|| name.clone(), |host| host.id.clone());
        server.may_run_on = given.may_run_on.iter().map(id).collect();
    }
    if !in_cloud.is_empty() {
        notes.push(format!(
            "virtual machines in a public cloud, taken to be paid with the machine (E.11); say `licensed_by` in [[estate.server]] for \
             those on licences of your own, as with Azure Hybrid Benefit (C.21): {}",
            in_cloud.join(", ")
        ));
    }
    let silent = stated.iter().filter(|given| servers.iter().all(|server| short(&server.id) != short(&given.name)));
    let silent: Vec<&str> = silent.map(|given| given.name.as_str()).collect();
    if !silent.is_empty() {
        notes.push(format!("servers stated in [[estate.server]] that report nothing, left out: {}", silent.join(", ")));
    }
}

/// Who is paid for Windows in a public cloud, unless somebody states otherwise (rule E.11).
fn paid_in(installed: &Installed) -> Option<LicensedBy> {
    installed.cloud.as_deref().map(|cloud| if cloud == "Azure" { LicensedBy::Azure } else { LicensedBy::Provider })
}

#[cfg(test)]
mod tests {
    use caliper_licensing::catalogue::catalogue;
    use caliper_proto::{Instant, Inventory};

    use super::*;
    use crate::{scan::machines::place, store::evidence::ServerRow};

    fn servers(stated: &[ServerSettings]) -> (Vec<Server>, Vec<String>) {
        let with = |name: &str, is_virtual: bool, change: fn(&mut Installed)| {
            let mut inventory = Inventory { name: name.into(), is_virtual: Some(is_virtual), ..Inventory::default() };
            change(&mut inventory.installed);
            inventory
        };
        let rows = [
            with("azure", true, |it| it.cloud = Some("Azure".into())),
            with("bare-metal", false, |it| it.cloud = Some("AWS".into())),
            with("elsewhere", true, |it| it.cloud = Some("AWS".into())),
            with("lic", true, |it| it.features = vec!["RDS-Licensing".into()]),
            with("ts", true, |it| it.remote_desktop_licensing = Some("per device".into())),
            with("ts-new", true, |it| it.remote_desktop_licensing = Some("not configured".into())),
        ];
        let rows = rows.into_iter().zip(1..);
        let rows = rows.map(|(inventory, id)| ServerRow { id, inventory, observed: id, last_seen: Instant::default() });
        let fleet = Fleet::of(rows.collect(), catalogue());
        let (hosts, mut servers, _) = place(&fleet, catalogue(), &[], &[true; 6], &[None; 6]);
        let mut notes = Vec::new();
        add(&fleet, stated, &hosts, &mut servers, &mut notes);
        (servers, notes)
    }

    #[test]
    fn what_a_server_says_of_its_licences() {
        let (servers, notes) = servers(&[]);
        let facts: Vec<_> = (servers.iter())
            .map(|server| (&*server.id, server.licensed_by, server.licence_server, server.remote_desktop))
            .collect();
        assert_eq!(
            facts,
            [
                ("azure", LicensedBy::Azure, false, None),
                ("bare-metal", LicensedBy::Host, false, None),
                ("elsewhere", LicensedBy::Provider, false, None),
                ("lic", LicensedBy::Host, true, None),
                ("ts", LicensedBy::Host, false, Some(RemoteDesktopMode::PerDevice)),
                ("ts-new", LicensedBy::Host, false, None),
            ]
        );
        assert_eq!((notes.len(), notes[0].ends_with("(C.21): azure, elsewhere")), (1, true), "{notes:?}");
    }

    #[test]
    fn what_people_state_beats_it() {
        let of = |name: &str| ServerSettings { name: name.into(), ..ServerSettings::default() };
        let (servers, notes) = servers(&[
            ServerSettings { licensed_by: Some(LicensedBy::AzureHybridBenefit), ..of("AZURE.lab.net") },
            ServerSettings { web_workload: true, ..of("elsewhere") },
            ServerSettings {
                remote_desktop: Some(RemoteDesktopMode::PerUser),
                managed: true,
                disaster_recovery: true,
                may_run_on: vec!["Bare-Metal.lab.net".into(), "nowhere".into()],
                ..of("ts")
            },
            of("gone"),
        ]);
        assert_eq!(servers[0].licensed_by, LicensedBy::AzureHybridBenefit);
        assert_eq!((servers[2].licensed_by, servers[2].web_workload), (LicensedBy::Provider, true));
        let ts = &servers[4];
        assert_eq!(
            (ts.remote_desktop, ts.managed, ts.disaster_recovery),
            (Some(RemoteDesktopMode::PerUser), true, true)
        );
        // the position refuses a host that does not exist, by name
        assert_eq!(ts.may_run_on, ["bare-metal", "nowhere"]);
        assert!(notes[0].ends_with("(C.21): elsewhere") && notes[1].ends_with("left out: gone"), "{notes:?}");
    }
}
