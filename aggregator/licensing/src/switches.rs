//! Which switches of the policy stand behind a line, and how they are set (section Y). A switch stands there if the estate holds
//! what it decides about, so that whoever reads the number knows what it was counted by.

use crate::{
    checked::Checked,
    estate::{Accesses, LicensedBy, SqlModel},
    position::Line,
};

/// What kind of lines a switch decides about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// CALs of every family.
    Cals,
    /// The CAL of Windows Server.
    Base,
    /// Licences to run Windows Server.
    Run,
    /// Of these the ones by core.
    Cores,
    /// Cores of any product.
    AnyCores,
    /// Those of SQL Server.
    SqlCores,
    /// Licences of editions with limits of their own.
    Capped,
}

/// The switches that decide about an estate's numbers, in the order of their names.
pub(crate) struct Switches<'a> {
    checked: &'a Checked<'a>,
    found: Vec<(About, String)>,
}

impl<'a> Switches<'a> {
    pub fn of(checked: &'a Checked<'a>) -> Self {
        let estate = checked.estate;
        let flags = estate.accesses.flags.iter().fold(0, |all, flags| all | flags);
        let by_machine = estate.servers.iter().any(|server| server.licensed_by == LicensedBy::VirtualMachine);
        let by_core = |model| matches!(model, Some(SqlModel::Core | SqlModel::Host | SqlModel::Processor));
        let table = [
            ("admin_exempt_per_server", About::Base, flags & Accesses::ADMINISTRATION != 0),
            ("allow_mixed_host_vm", About::Cores, by_machine),
            ("capped_edition_counts", About::Capped, true),
            ("cluster_peak", About::Run, estate.hosts.iter().any(|host| host.cluster.is_some())),
            ("disabled_cores_count", About::AnyCores, estate.hosts.iter().any(|host| !host.fitted.is_empty())),
            ("infra_roles", About::Base, flags & Accesses::INFRASTRUCTURE != 0),
            ("per_virtual_machine", About::Cores, estate.servers.iter().any(|server| server.is_virtual)),
            ("per_vm_requires_sa_cals", About::Base, by_machine),
            ("population", About::Base, true),
            ("spla", About::Run, true),
            ("sql_core_needs_windows_cal", About::Base, estate.sql.iter().any(|one| by_core(one.model))),
            ("web_exempt", About::Base, flags & (Accesses::WEB | Accesses::ANONYMOUS) != 0),
            ("window_days", About::Cals, true),
            ("window_days", About::SqlCores, estate.sql.iter().any(|one| !one.ran_on.is_empty())),
        ];
        let values = toml::Table::try_from(&estate.policy).unwrap_or_default();
        // a switch without a value goes by the estate
        let value = |name: &str| values.get(name).map_or("default".to_owned(), toml::Value::to_string);
        let decide = table.into_iter().filter(|(.., decides)| *decides);
        let found = decide.map(|(name, about, _)| (about, format!("{name} = {}", value(name)))).collect();
        Self { checked, found }
    }

    /// Writes them on a line.
    pub fn write(&self, line: &mut Line) {
        line.policies = (self.found.iter())
            .filter(|(about, _)| self.is(*about, &line.sku, &line.unit))
            .map(|(_, switch)| switch.clone())
            .collect();
    }

    fn is(&self, about: About, sku: &str, unit: &str) -> bool {
        let is_cal = || self.checked.catalogue.cal_of_sku(sku).is_some();
        let is_base = sku.starts_with("windows-server-cal/") || sku == "windows-server-external-connector";
        let runs = sku.starts_with("windows-server/");
        match about {
            About::Cals => is_base || is_cal(),
            About::Base => is_base,
            About::Run => runs,
            About::Cores => runs && sku.ends_with("core"),
            About::AnyCores => unit.ends_with("core"),
            About::SqlCores => unit == "core" && sku.starts_with("sql-server/"),
            About::Capped => {
                let catalogue = self.checked.catalogue;
                let mut editions = catalogue.rights.iter().filter(|right| right.sku == sku).map(|right| &right.edition);
                editions.any(|edition| catalogue.caps.iter().any(|cap| cap.edition == *edition))
            }
        }
    }
}
