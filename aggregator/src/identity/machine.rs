//! Machines by name: the directory's computers, the servers that report, and those that only a name is known of.

use std::collections::HashMap;

use super::{Domain, KnownAccount};
use crate::directory::{Account, AccountKind};

/// One machine, whatever its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Unique: `name.domain` in lower case, or the name alone.
    pub id: String,
    /// Host name in lower case, without domain.
    pub name: String,
    /// Whether the directory has it.
    pub in_directory: bool,
    /// Whether it runs Windows Server: it reports, or the directory says so (rule E.6).
    pub is_server: bool,
    /// The reporting server that it is.
    pub server: Option<u32>,
    /// Index of the directory's domain that it belongs to.
    pub domain: Option<usize>,
}

/// All machines known by name.
#[derive(Debug, Clone, Default)]
pub struct Machines {
    list: Vec<Machine>,
    by_id: HashMap<String, u32>,
    by_name: HashMap<String, Vec<u32>>,
    by_sid: HashMap<String, u32>,
    by_server: HashMap<u32, u32>,
}

impl Machines {
    /// Collects the directories' computers and the reporting servers, given as name and domain.
    #[must_use]
    pub fn new<'a>(
        domains: &[Domain],
        accounts: impl IntoIterator<Item = (usize, &'a Account)>,
        servers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut machines = Self::default();
        for (domain, account) in accounts {
            if account.kind != AccountKind::Computer {
                continue;
            }
            let name = account.name.trim_end_matches('$').to_lowercase();
            let dns = domains.get(domain).map_or("", |domain| domain.dns.as_str());
            let id = if account.dns_host_name.is_empty() {
                joined(&name, dns)
            } else {
                account.dns_host_name.to_lowercase()
            };
            let at = machines.intern_as(id, &name);
            let system = account.operating_system.to_lowercase();
            // Windows cuts its own name to 15 letters, and DNS may call the domain otherwise
            let host = account.dns_host_name.split('.').next().unwrap_or_default().to_lowercase();
            machines.also(at, &host);
            machines.by_id.entry(joined(&name, dns)).or_insert(at);
            let machine = &mut machines.list[at as usize];
            machine.in_directory = true;
            machine.domain = Some(domain);
            machine.is_server |=
                system.contains("server") && (system.contains("windows") || system.contains("hyper-v"));
            if !account.sid.is_empty() {
                machines.by_sid.insert(account.sid.to_lowercase(), at);
            }
        }
        for (number, (name, domain)) in servers.into_iter().enumerate() {
            let (name, domain) = (name.to_lowercase(), domain.to_lowercase());
            // a server may call its domain by the short name
            let dns = domains
                .iter()
                .find(|known| known.is_called(&domain))
                .map_or(domain.as_str(), |known| known.dns.as_str());
            let id = if dns.contains('.') { joined(&name, dns) } else { name.clone() };
            let at = machines.known(&joined(&name, dns)).unwrap_or_else(|| machines.intern_as(id, &name));
            let machine = &mut machines.list[at as usize];
            machine.is_server = true;
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            machine.server = Some(number);
            machines.by_server.insert(number, at);
        }
        machines
    }

    /// Makes computers known by the names they had before, where no other machine has them now.
    pub fn name_earlier(&mut self, domains: &[Domain], accounts: &[KnownAccount<'_>]) {
        for known in accounts.iter().filter(|known| known.account.kind == AccountKind::Computer) {
            let Some(at) = self.by_sid(&known.account.sid.to_lowercase()) else { continue };
            let dns = domains.get(known.domain).map_or("", |domain| domain.dns.as_str());
            for name in known.earlier.iter().filter_map(|name| name.strip_suffix('$')) {
                let id = joined(name, dns);
                if self.fitting(&id).is_empty() {
                    self.by_id.insert(id, at);
                    self.also(at, name);
                }
            }
        }
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, at: u32) -> &Machine {
        &self.list[at as usize]
    }

    /// All of them; the position is the number that the other functions return.
    #[must_use]
    pub fn all(&self) -> &[Machine] {
        &self.list
    }

    /// The machine of a reporting server.
    #[must_use]
    pub fn of_server(&self, server: u32) -> Option<u32> {
        self.by_server.get(&server).copied()
    }

    /// By the SID of its account, lower case.
    #[must_use]
    pub fn by_sid(&self, sid: &str) -> Option<u32> {
        self.by_sid.get(sid).copied()
    }

    /// By a name with or without domain, lower case; `None` if there is none or several that fit.
    #[must_use]
    pub fn known(&self, name: &str) -> Option<u32> {
        match self.fitting(name).as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// All that a name with or without domain, lower case, may mean.
    #[must_use]
    pub fn fitting(&self, name: &str) -> Vec<u32> {
        if let Some(at) = self.by_id.get(name) {
            return vec![*at];
        }
        let (short, domain) = name.split_once('.').unwrap_or((name, ""));
        let fitting = self.by_name.get(short).into_iter().flatten().copied();
        // a full name fits a machine whose domain is not known, never one of another domain
        fitting.filter(|at| domain.is_empty() || !self.get(*at).id.contains('.')).collect()
    }

    /// The only one of several of a name that belongs to this domain.
    #[must_use]
    pub fn of_domain(&self, fitting: &[u32], domain: Option<usize>) -> Option<u32> {
        let mut there = fitting.iter().copied().filter(|at| domain.is_some() && self.get(*at).domain == domain);
        there.next().filter(|_| there.next().is_none())
    }

    /// By name, made known if it was not.
    pub fn intern(&mut self, name: &str) -> u32 {
        self.known(name).unwrap_or_else(|| self.intern_as(name.to_owned(), name.split('.').next().unwrap_or(name)))
    }

    fn intern_as(&mut self, id: String, name: &str) -> u32 {
        if let Some(at) = self.by_id.get(&id) {
            return *at;
        }
        let at = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.by_id.insert(id.clone(), at);
        self.also(at, name);
        let (name, in_directory) = (name.to_owned(), false);
        self.list.push(Machine { id, name, in_directory, is_server: false, server: None, domain: None });
        at
    }

    /// Another host name of a machine.
    fn also(&mut self, at: u32, name: &str) {
        let known = self.by_name.entry(name.to_owned()).or_default();
        if !name.is_empty() && !known.contains(&at) {
            known.push(at);
        }
    }
}

fn joined(name: &str, domain: &str) -> String {
    if domain.is_empty() { name.to_owned() } else { format!("{name}.{domain}") }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn computer(name: &str, host: &str, system: &str) -> Account {
        Account {
            sid: format!("S-1-5-21-1-2-3-{}", name.len()),
            dns_host_name: host.into(),
            operating_system: system.into(),
            ..Account::bare(AccountKind::Computer, name, name)
        }
    }

    fn lab() -> Machines {
        let domains = [Domain { netbios: "lab".into(), dns: "lab.net".into(), name: "lab".into() }];
        let accounts = [
            computer("DC-1$", "DC-1.lab.net", "Windows Server 2019 Standard"),
            computer("DC-2$", "", "Windows Server 2019 Standard"),
            computer("PC-1$", "pc-1.lab.net", "Windows 10 Pro"),
        ];
        Machines::new(&domains, accounts.iter().map(|account| (0, account)), [("DC-1", "LAB"), ("FS-9", "WORKGROUP")])
    }

    #[test]
    fn a_machine_is_one_by_any_of_its_names() {
        let mut machines = lab();
        assert_eq!(machines.all().len(), 4, "DC-1 is in the directory and reports");
        for (name, id) in [
            ("dc-1", "dc-1.lab.net"),
            ("dc-1.lab.net", "dc-1.lab.net"),
            ("dc-2.lab.net", "dc-2.lab.net"),
            ("fs-9", "fs-9"),
            ("fs-9.lab.net", "fs-9"),
        ] {
            assert_eq!(machines.known(name).map(|at| machines.get(at).id.as_str()), Some(id), "{name}");
        }
        assert_eq!(machines.known("pc-1.other.net"), None, "another domain's machine is another machine");
        let phone = machines.intern("phone.lab.net");
        assert_eq!(machines.intern("phone"), phone);
        assert!(!machines.get(phone).in_directory);
    }

    #[test]
    fn servers_are_told_by_reporting_or_by_their_system() {
        let machines = lab();
        let facts = |name| machines.known(name).map(|at| (machines.get(at).is_server, machines.get(at).server));
        assert_eq!(facts("dc-1"), Some((true, Some(0))));
        assert_eq!(facts("dc-2"), Some((true, None)));
        assert_eq!(facts("fs-9"), Some((true, Some(1))));
        assert_eq!(facts("pc-1"), Some((false, None)));
    }
}
