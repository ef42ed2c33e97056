//! What is installed on a server.

use super::{WireError, checked_text, printable};
use crate::{Installed, SqlInstance, wire};

/// Most entries in any list.
const MOST_ENTRIES: usize = 10_000;

impl From<Installed> for wire::Installed {
    fn from(installed: Installed) -> Self {
        let Installed {
            features,
            remote_desktop_licensing,
            licence_servers,
            sql_instances,
            cluster,
            cluster_nodes,
            cloud,
        } = installed;
        let sql_instances = sql_instances.into_iter().map(|instance| wire::SqlInstance {
            name: instance.name,
            edition: instance.edition.unwrap_or_default(),
            version: instance.version.unwrap_or_default(),
            cluster: instance.cluster.unwrap_or_default(),
        });
        Self {
            features,
            remote_desktop_licensing: remote_desktop_licensing.unwrap_or_default(),
            licence_servers,
            sql_instances: sql_instances.collect(),
            cluster: cluster.unwrap_or_default(),
            cluster_nodes,
            cloud: cloud.unwrap_or_default(),
        }
    }
}

impl TryFrom<wire::Installed> for Installed {
    type Error = WireError;

    fn try_from(wire: wire::Installed) -> Result<Self, WireError> {
        let sql_instances =
            limited("sql_instances", wire.sql_instances)?.into_iter().enumerate().map(|(at, instance)| {
                let text = |field, text| checked(&format!("sql_instances[{at}].{field}"), text);
                Ok(SqlInstance {
                    name: text("name", instance.name)?,
                    edition: known(text("edition", instance.edition)?),
                    version: known(text("version", instance.version)?),
                    cluster: known(text("cluster", instance.cluster)?),
                })
            });
        Ok(Self {
            sql_instances: sql_instances.collect::<Result<_, WireError>>()?,
            features: list("features", wire.features)?,
            remote_desktop_licensing: known(checked("remote_desktop_licensing", wire.remote_desktop_licensing)?),
            licence_servers: list("licence_servers", wire.licence_servers)?,
            cluster: known(checked("cluster", wire.cluster)?),
            cluster_nodes: list("cluster_nodes", wire.cluster_nodes)?,
            cloud: known(checked("cloud", wire.cloud)?),
        })
    }
}

fn limited<T>(field: &str, list: Vec<T>) -> Result<Vec<T>, WireError> {
    if list.len() > MOST_ENTRIES {
        let problem = format!("{} entries, at most {MOST_ENTRIES} expected", list.len());
        return Err(WireError::new(format!("installed.{field}"), problem));
    }
    Ok(list)
}

fn list(field: &str, texts: Vec<String>) -> Result<Vec<String>, WireError> {
    let texts = limited(field, texts)?.into_iter().enumerate();
    texts.map(|(at, text)| checked(&format!("{field}[{at}]"), text)).collect()
}

fn checked(field: &str, text: String) -> Result<String, WireError> {
    checked_text(&format!("installed.{field}"), &text)?;
    Ok(printable(text))
}

fn known(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Installed {
        Installed {
            features: vec!["RDS-RD-Server".into(), "Hyper-V".into()],
            remote_desktop_licensing: Some("per user".into()),
            licence_servers: vec!["lic1.lab.net".into()],
            sql_instances: vec![
                SqlInstance {
                    name: "MSSQLSERVER".into(),
                    edition: Some("Standard Edition".into()),
                    version: Some("16.0.1000.6".into()),
                    cluster: Some("SQLFCI".into()),
                },
                SqlInstance { name: "EXPRESS".into(), ..SqlInstance::default() },
            ],
            cluster: Some("CL1".into()),
            cluster_nodes: vec!["N1".into(), "N2".into()],
            cloud: Some("Azure".into()),
        }
    }

    #[test]
    fn goes_both_ways() {
        for installed in [whole(), Installed::default()] {
            assert_eq!(Installed::try_from(wire::Installed::from(installed.clone())).unwrap(), installed);
        }
    }

    #[test]
    fn refusals_name_the_field() {
        let mut long = wire::Installed::from(whole());
        long.sql_instances[1].edition = "x".repeat(2000);
        let error = Installed::try_from(long).unwrap_err().to_string();
        assert!(error.contains("installed.sql_instances[1].edition") && error.contains("2000 bytes"), "{error}");
        let many = wire::Installed { features: vec![String::new(); MOST_ENTRIES + 1], ..wire::Installed::default() };
        assert!(Installed::try_from(many).unwrap_err().to_string().contains("installed.features"));
    }
}
