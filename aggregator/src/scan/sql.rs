//! Instances of SQL Server: what servers report, what is stated, and what was only used (section D of the rules).

use std::collections::BTreeMap;

use caliper_licensing::{Server, SqlInstance, catalogue::Catalogue};

use super::machines::{Fleet, short};

/// Id of the family in the catalogue.
pub(super) const FAMILY: &str = "sql-server";

/// The instances of the servers of a fleet, `servers`, in the same order. `used` are servers on which SQL Server was used.
///
/// What is stated beats what is reported, field by field. Of a failover cluster's instance, which every node reports, all but
/// one wait to take over. A server on which SQL Server was used without an instance being known counts as one.
pub(super) fn instances(
    stated: &[SqlInstance],
    fleet: &Fleet,
    servers: &[Server],
    used: &[u32],
    catalogue: &Catalogue,
    notes: &mut Vec<String>,
) -> Vec<SqlInstance> {
    let reported = reported(fleet, servers, used, catalogue, notes);
    let (mut instances, mut silent) = (Vec::new(), Vec::new());
    let mut unstated: BTreeMap<&str, Vec<SqlInstance>> = BTreeMap::new();
    for instance in &reported {
        unstated.entry(&instance.server).or_default().push(instance.clone());
    }
    for row in stated {
        let Some(server) = servers.iter().find(|server| short(&server.id) == short(&row.server)) else {
            silent.push(row.id.as_str());
            continue;
        };
        let others = unstated.entry(&server.id).or_default();
        let rows_of_server = stated.iter().filter(|other| short(&other.server) == short(&row.server)).count();
        let named = others.iter().position(|other| name(&other.id).eq_ignore_ascii_case(name(&row.id)));
        // with one of each there is nothing to confuse
        let found = named.or((rows_of_server == 1 && others.len() == 1).then_some(0)).map(|at| others.remove(at));
        let found = found.unwrap_or_default();
        instances.push(SqlInstance {
            server: server.id.clone(),
            version: row.version.or(found.version),
            edition: row.edition.clone().or(found.edition),
            // whoever says how a node is licensed says whether it waits, too
            passive: row.passive || row.model.is_none() && found.passive,
            ..row.clone()
        });
    }
    instances.extend(unstated.into_values().flatten());
    let mut unknown = Vec::new();
    for server in used.iter().map(|&at| &servers[at as usize].id) {
        if instances.iter().all(|instance| instance.server != *server) {
            unknown.push(server.as_str());
            let id = format!("{server}\\?");
            instances.push(SqlInstance { id, server: server.clone(), ..SqlInstance::default() });
        }
    }
    if !silent.is_empty() {
        notes.push(format!(
            "instances of SQL Server stated for servers that report nothing, left out: {}",
            silent.join(", ")
        ));
    }
    if !unknown.is_empty() {
        notes.push(format!(
            "servers on which SQL Server was used, taken to be one instance of unknown version and edition; say in \
             [[estate.sql]] which it is and how it is licensed (D.11): {}",
            unknown.join(", ")
        ));
    }
    instances
}

/// The instance's own name: what stands behind the server's.
fn name(id: &str) -> &str {
    id.rsplit('\\').next().unwrap_or_default()
}

fn reported(
    fleet: &Fleet,
    servers: &[Server],
    used: &[u32],
    catalogue: &Catalogue,
    notes: &mut Vec<String>,
) -> Vec<SqlInstance> {
    let mut instances: Vec<SqlInstance> = Vec::new();
    let mut unknown_builds = Vec::new();
    // by the name of the failover cluster's instance: where it stands in the list
    let mut nodes: BTreeMap<(String, String), Vec<(u32, usize)>> = BTreeMap::new();
    for ((server, reporting), at) in servers.iter().zip(&fleet.servers).zip(0_u32..) {
        for instance in &reporting.inventory.installed.sql_instances {
            let id = format!("{}\\{}", server.id, instance.name);
            // said twice
            if instances.iter().rev().take_while(|other| other.server == server.id).any(|other| other.id == id) {
                continue;
            }
            let number = instance.version.as_deref();
            let version = number.and_then(|number| catalogue.product_version(FAMILY, number));
            if let (Some(number), None) = (number, version) {
                unknown_builds.push(format!("{id} ({number})"));
            }
            if let Some(cluster) = &instance.cluster {
                let key = (cluster.to_lowercase(), instance.name.to_lowercase());
                nodes.entry(key).or_default().push((at, instances.len()));
            }
            let edition = instance.edition.clone();
            instances.push(SqlInstance { id, server: server.id.clone(), version, edition, ..SqlInstance::default() });
        }
    }
    let mut waiting = Vec::new();
    for nodes in nodes.into_values() {
        let active = nodes.iter().position(|(server, _)| used.contains(server)).unwrap_or(0);
        for (at, &(_, instance)) in nodes.iter().enumerate() {
            if at != active {
                instances[instance].passive = true;
                waiting.push(instances[instance].id.clone());
            }
        }
    }
    if !waiting.is_empty() {
        notes.push(format!(
            "nodes of failover clusters taken to wait until the instance's active node fails (D.11); say in [[estate.sql]] \
             how they are licensed if they do more: {}",
            waiting.join(", ")
        ));
    }
    if !unknown_builds.is_empty() {
        notes.push(format!(
            "instances of SQL Server of a build that the catalogue does not know count as the newest version; add a \
             `product_build` to a catalogue of your own (D.11): {}",
            unknown_builds.join(", ")
        ));
    }
    instances
}

#[cfg(test)]
mod tests {
    use caliper_licensing::{SqlModel, VersionName, catalogue::catalogue};
    use caliper_proto::{Installed, Instant, Inventory};

    use super::*;
    use crate::store::evidence::ServerRow;

    /// Name, edition, version, failover cluster's instance.
    type Reported<'a> = (&'a str, &'a str, &'a str, Option<&'a str>);

    fn fleet(servers: &[(&str, &[Reported<'_>])]) -> (Fleet, Vec<Server>) {
        let rows = servers.iter().zip(1..).map(|((name, instances), id)| {
            let sql_instances = (instances.iter())
                .map(|(name, edition, version, cluster)| caliper_proto::SqlInstance {
                    name: (*name).into(),
                    edition: Some((*edition).into()).filter(|text: &String| !text.is_empty()),
                    version: Some((*version).into()).filter(|text: &String| !text.is_empty()),
                    cluster: cluster.map(Into::into),
                })
                .collect();
            let installed = Installed { sql_instances, ..Installed::default() };
            let inventory =
                Inventory { name: (*name).into(), domain: "lab.net".into(), installed, ..Inventory::default() };
            ServerRow { id, inventory, observed: id, last_seen: Instant::default() }
        });
        let fleet = Fleet::of(rows.collect(), catalogue());
        let server = |id: &String| Server { id: id.clone(), ..Server::default() };
        let servers = fleet.servers.iter().map(|reporting| server(&reporting.id)).collect();
        (fleet, servers)
    }

    /// Id, version, edition, passive.
    fn told(instances: &[SqlInstance]) -> Vec<(&str, &str, &str, bool)> {
        fn row(it: &SqlInstance) -> (&str, &str, &str, bool) {
            let edition = it.edition.as_deref().unwrap_or_default();
            (&it.id, it.version.map_or("", VersionName::name), edition, it.passive)
        }
        instances.iter().map(row).collect()
    }

    #[test]
    fn what_servers_report_is_taken_with_version_and_edition() {
        let (fleet, servers) = fleet(&[
            (
                "db1",
                &[
                    ("MSSQLSERVER", "Enterprise Edition: Core-based Licensing", "16.0.1000.6", None),
                    ("DEV", "Developer Edition", "15.0.2000.5", None),
                ],
            ),
            ("db2", &[("NEXT", "Standard Edition", "99.0.1.1", None), ("", "", "", None), ("", "", "", None)]),
            ("web", &[]),
        ]);
        let mut notes = Vec::new();
        let found = instances(&[], &fleet, &servers, &[0, 2], catalogue(), &mut notes);
        assert_eq!(
            told(&found),
            [
                ("db1.lab.net\\MSSQLSERVER", "2022", "Enterprise Edition: Core-based Licensing", false),
                ("db1.lab.net\\DEV", "2019", "Developer Edition", false),
                ("db2.lab.net\\NEXT", "", "Standard Edition", false),
                ("db2.lab.net\\", "", "", false),
                // used, and nobody says what it is
                ("web.lab.net\\?", "", "", false),
            ]
        );
        assert!(notes[0].ends_with(": db2.lab.net\\NEXT (99.0.1.1)"), "{notes:?}");
        assert!(notes[1].ends_with(": web.lab.net"), "{notes:?}");
        assert_eq!(notes.len(), 2);
    }

    #[test]
    fn what_is_stated_beats_what_is_reported() {
        let standard = |name| (name, "Standard Edition", "16.0.1000.6", None);
        let (fleet, servers) = fleet(&[("db1", &[standard("A"), standard("B")]), ("db2", &[standard("MSSQLSERVER")])]);
        let row = |id: &str, server: &str, version| SqlInstance {
            id: id.into(),
            server: server.into(),
            version,
            model: Some(SqlModel::ServerCal),
            ..SqlInstance::default()
        };
        let stated =
            [row("db1\\b", "db1", Some(VersionName::V2019)), row("accounts", "DB2", None), row("gone", "db3", None)];
        let mut notes = Vec::new();
        let found = instances(&stated, &fleet, &servers, &[], catalogue(), &mut notes);
        assert_eq!(
            told(&found),
            [
                ("db1\\b", "2019", "Standard Edition", false),
                ("accounts", "2022", "Standard Edition", false),
                ("db1.lab.net\\A", "2022", "Standard Edition", false),
            ]
        );
        assert_eq!(found.iter().map(|it| it.model.is_some()).collect::<Vec<_>>(), [true, true, false]);
        assert_eq!((notes.len(), notes[0].ends_with("left out: gone")), (1, true), "{notes:?}");
    }

    #[test]
    fn of_a_failover_cluster_one_node_is_active() {
        let node = |cluster| ("SALES", "Standard Edition", "16.0.1000.6", Some(cluster));
        let (fleet, servers) = fleet(&[("n1", &[node("SQLFCI")]), ("n2", &[node("sqlfci")]), ("n3", &[node("OTHER")])]);
        for (used, waits) in [(&[][..], "n2"), (&[0], "n2"), (&[1], "n1"), (&[0, 1], "n2")] {
            let mut notes = Vec::new();
            let found = instances(&[], &fleet, &servers, used, catalogue(), &mut notes);
            let passive: Vec<_> = found.iter().filter(|it| it.passive).map(|it| it.id.as_str()).collect();
            assert_eq!(passive, [format!("{waits}.lab.net\\SALES")], "{used:?}");
            assert!(notes[0].ends_with(&passive[0]), "{notes:?}");
        }
    }
}
