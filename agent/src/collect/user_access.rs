//! Rows of User Access Logging as rows of the report.

use std::collections::BTreeMap;

use caliper_evidence::ual::{self, DnsName, RoleName, UalFile};
use caliper_proto::{Access, AccessKey, Days, Instant, Inventory, NameRecord, RoleUse, Source, VirtualMachine};

/// Names of clients that are kept, the latest; the aggregator is told no more.
pub const MOST_NAMES: usize = 20_000;

/// What is gathered over all databases of a server, each fact once.
#[derive(Debug, Clone, Default)]
pub struct UserAccess {
    role_names: BTreeMap<String, String>,
    roles: BTreeMap<String, RoleUse>,
    /// Address and name, and when it was seen last.
    names: BTreeMap<(String, String), Instant>,
    /// Some were left out.
    older_names: bool,
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

    /// Takes a name of a client. A server may know as many as there are addresses, so only the latest stay.
    pub fn name_client(&mut self, name: DnsName) {
        let last = instant(name.last);
        let known = self.names.entry((name.address, name.host_name)).or_insert(last);
        *known = last.max(*known);
        if self.names.len() > MOST_NAMES + MOST_NAMES / 4 {
            self.keep_latest();
        }
    }

    fn keep_latest(&mut self) {
        let Some(more) = self.names.len().checked_sub(MOST_NAMES).filter(|more| *more > 0) else { return };
        let mut times: Vec<Instant> = self.names.values().copied().collect();
        times.sort_unstable();
        // of those seen at the very same time as the oldest that stays the first by address stay
        let oldest = times[more];
        let mut room = times[more..].iter().filter(|time| **time == oldest).count();
        self.names.retain(|_, last| {
            let stays = *last > oldest || (*last == oldest && room > 0);
            room -= usize::from(stays && *last == oldest);
            stays
        });
        self.older_names = true;
    }

    /// Takes the roles and virtual machines of one database.
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

    /// Adds roles, names and virtual machines to what is known of a server, in the order of their keys.
    pub fn describe(mut self, server: &mut Inventory, warnings: &mut Vec<String>) {
        self.keep_latest();
        if self.older_names {
            warnings.push(format!("more than {MOST_NAMES} names of clients are known, the older ones are left out"));
        }
        let named: Vec<String> = self.roles.keys().map(|guid| self.service(guid)).collect();
        let roles = self.roles.into_values().zip(named).map(|(role, name)| RoleUse { name, ..role });
        // a report file may have brought its own
        server.roles.extend(roles);
        let names = self.names.into_iter();
        server.names.extend(names.map(|((address, host_name), last)| NameRecord { address, host_name, last }));
        server.virtual_machines.extend(self.machines.into_values());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_names_the_latest_stay() {
        let mut known = UserAccess::default();
        let most = i64::try_from(MOST_NAMES).unwrap();
        // one at a time from the oldest on, then all from the newest on, as if a second database repeated the first
        for number in (0..3 * most).chain((0..3 * most).rev()) {
            let address = format!("{number:07}");
            known.name_client(DnsName { last: number, address, host_name: "pc".into() });
        }
        known.name_client(DnsName { last: 5 * most, address: "0000001".into(), host_name: "pc".into() });
        let (mut server, mut warnings) = (Inventory::default(), Vec::new());
        known.describe(&mut server, &mut warnings);
        let names: Vec<&str> = server.names.iter().map(|name| name.address.as_str()).collect();
        let latest: Vec<String> = (2 * most + 1..3 * most).map(|number| format!("{number:07}")).collect();
        assert_eq!(names[0], "0000001", "it was seen again");
        assert_eq!(names[1..], latest);
        assert_eq!(warnings, ["more than 20000 names of clients are known, the older ones are left out"]);
    }

    #[test]
    fn of_names_seen_at_the_same_time_the_first_stay() {
        let mut known = UserAccess::default();
        for number in (0..MOST_NAMES + 5).rev() {
            known.name_client(DnsName { last: 7, address: format!("{number:07}"), host_name: "pc".into() });
        }
        let mut server = Inventory::default();
        known.describe(&mut server, &mut Vec::new());
        assert_eq!((server.names.len(), server.names[MOST_NAMES - 1].address.as_str()), (MOST_NAMES, "0019999"));
    }
}
