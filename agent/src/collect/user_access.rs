//! Rows of User Access Logging as rows of the report.

use std::collections::BTreeMap;

use caliper_evidence::ual::{self, RoleName, UalFile};
use caliper_proto::{Access, AccessKey, Days, Instant, NameRecord, RoleUse, Source, VirtualMachine};

/// What is gathered over all databases of a server, each fact once.
#[derive(Debug, Default)]
pub struct UserAccess {
    role_names: BTreeMap<String, String>,
    roles: BTreeMap<String, RoleUse>,
    dns_names: BTreeMap<(String, String), NameRecord>,
    machines: BTreeMap<(String, String), VirtualMachine>,
}

fn instant(micros: i64) -> Instant {
    Instant::from_micros(micros).unwrap_or_default()
}

impl UserAccess {
    /// Takes names of roles, of which the first counts; before any row whose service may be one of them.
    pub fn name(&mut self, roles: Vec<RoleName>) {
        for RoleName { role_guid, name } in roles {
            self.role_names.entry(role_guid).or_insert(name);
        }
    }

    /// Takes the roles, names and virtual machines of one database.
    pub fn add(&mut self, file: &UalFile) {
        for role in &file.roles {
            let (first, last) = (instant(role.first), instant(role.last));
            let known = self.roles.entry(role.role_guid.clone()).or_insert_with(|| RoleUse {
                role_guid: role.role_guid.clone(),
                name: String::new(),
                first,
                last,
            });
            known.first = known.first.min(first);
            known.last = known.last.max(last);
        }
        for name in &file.dns_names {
            let last = instant(name.last);
            let key = (name.address.clone(), name.host_name.clone());
            let known = self.dns_names.entry(key).or_insert_with(|| NameRecord {
                address: name.address.clone(),
                host_name: name.host_name.clone(),
                last,
            });
            known.last = known.last.max(last);
        }
        for machine in &file.virtual_machines {
            let (first, last) = (instant(machine.created), instant(machine.last_seen));
            let key = (machine.vm_guid.clone(), machine.bios_guid.clone());
            let known = self.machines.entry(key).or_insert_with(|| VirtualMachine {
                vm_guid: machine.vm_guid.clone(),
                bios_guid: machine.bios_guid.clone(),
                name: String::new(),
                first,
                last,
            });
            known.first = known.first.min(first);
            known.last = known.last.max(last);
        }
    }

    /// The service of a role: our table for roles of Windows, so that the text is the same on every server (some
    /// databases put the name of the operating system in front); else the server's own name; else the GUID.
    pub fn service(&self, role_guid: &str) -> String {
        match ual::role_name(role_guid) {
            Some(name) => name.to_owned(),
            None => self.role_names.get(role_guid).cloned().unwrap_or_else(|| role_guid.to_owned()),
        }
    }

    /// Roles, names and virtual machines in the order of their keys.
    pub fn into_facts(self) -> (Vec<RoleUse>, Vec<NameRecord>, Vec<VirtualMachine>) {
        let named: Vec<String> = self.roles.keys().map(|guid| self.service(guid)).collect();
        let roles = self.roles.into_values().zip(named).map(|(role, name)| RoleUse { name, ..role });
        (roles.collect(), self.dns_names.into_values().collect(), self.machines.into_values().collect())
    }
}

/// What a row of a database says, as a row of the report.
pub fn access(access: ual::Access, service: String) -> Access {
    let mut days = Days::default();
    for day in &access.days {
        // the reader lets only 1 to 366 through
        let _ = days.insert(*day);
    }
    Access {
        key: AccessKey {
            service,
            role_guid: access.role_guid,
            principal: access.user,
            client: access.client,
            source: Source::UserAccessLogging,
            year: access.year,
        },
        days,
        total: access.total,
        first: instant(access.first),
        last: instant(access.last),
    }
}
