//! What everybody did on each day, and what servers wrote down of it.

use std::collections::{BTreeMap, HashSet};

use caliper_proto::Source;

use super::{
    APPLICATIONS, DESKTOPS, DOMAINS, EXPORTED, FILES, Kind, Place, SERVERS, Scenario, WINDOW,
    machines::{Joined, Net, Sixth},
    server_address,
};
use crate::random::Random;

/// What can be told of the device behind a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expect {
    /// Its name.
    Name,
    /// That it is one, by an address that is only its.
    Address,
    /// Nothing for certain: many stand behind the address, or nothing but the address is known of somebody who is elsewhere.
    Nothing,
}

/// One line that a server wrote.
#[derive(Debug, Clone)]
pub struct Row {
    /// Index of the server.
    pub server: usize,
    /// Name of the service, and GUID of its role or nothing.
    pub service: (&'static str, &'static str),
    /// Who, as written.
    pub principal: String,
    /// From where, as written.
    pub client: String,
    /// Kind of log.
    pub source: Source,
    /// From 0.
    pub day: usize,
    /// Whose account; none: a machine's own.
    pub account: Option<usize>,
    /// Which machine; none: a server that is in `through`.
    pub machine: Option<usize>,
    /// The server that stands between the machine and this one.
    pub through: Option<usize>,
    /// What can be told of the machine.
    pub expect: Expect,
}

const DIRECTORY: (&str, &str) = ("Active Directory Domain Services", "ad495fc3-0eaa-413d-ba7d-8b13fa7ec598");
const FILE: (&str, &str) = ("File Server", "10a9226f-50ee-49d8-a393-9a501d47ce04");
const KERBEROS: (&str, &str) = ("Kerberos sign-in", "");
const NTLM: (&str, &str) = ("NTLM credential check", "");
const NETWORK: (&str, &str) = ("network sign-in", "");
const DESKTOP: (&str, &str) = ("remote desktop session", "");

struct Log<'a> {
    scenario: &'a mut Scenario,
    random: &'a mut Random,
    day: usize,
}

/// Lives through all days.
pub(super) fn live(scenario: &mut Scenario, random: &mut Random) {
    let mut log = Log { scenario, random, day: 0 };
    for day in 0..WINDOW {
        log.day = day;
        log.servers();
        // five days a week
        if day % 7 < 5 {
            log.people();
            log.others();
        }
    }
    let names = names(log.scenario, log.random);
    log.scenario.names = names;
    log.settle();
}

impl Log<'_> {
    fn write(&mut self, row: Row) {
        self.scenario.rows.push(row);
    }

    /// Servers talk to themselves and to each other.
    fn servers(&mut self) {
        for (server, (name, domain, reports)) in SERVERS.iter().enumerate() {
            let targets = if *reports { vec![server, *domain] } else { vec![*domain] };
            for target in targets {
                self.write(Row {
                    server: target,
                    service: DIRECTORY,
                    principal: format!("{}\\{name}$", DOMAINS[*domain].netbios.to_lowercase()),
                    client: server_address(server),
                    source: Source::UserAccessLogging,
                    day: self.day,
                    account: None,
                    machine: None,
                    through: Some(server),
                    expect: Expect::Name,
                });
            }
        }
    }

    fn people(&mut self) {
        let mut on: HashSet<usize> = HashSet::new();
        let mut visits = Vec::new();
        for at in 0..self.scenario.people.len() {
            if !self.random.chance(75) {
                continue;
            }
            let person = &self.scenario.people[at];
            let machine = if self.random.chance(70) { person.machines[0] } else { *self.random.pick(&person.machines) };
            for &account in &person.accounts {
                let known = &self.scenario.accounts[account];
                let often = if known.kind == Kind::User { 95 } else { 40 };
                if (known.from..known.to).contains(&self.day) && self.random.chance(often) {
                    visits.push((at, account, machine));
                    on.insert(machine);
                }
            }
        }
        // one that nobody sits at is on as well
        for (at, machine) in self.scenario.machines.iter().enumerate() {
            let used = self.scenario.people.iter().any(|person| person.machines.contains(&at));
            if matches!(machine.joined, Joined::Domain(_)) && used && self.random.chance(10) {
                on.insert(at);
            }
        }
        let mut on: Vec<usize> = on.into_iter().collect();
        on.sort_unstable();
        for machine in on {
            self.own_account(machine);
        }
        for (person, account, machine) in visits {
            self.visit(person, account, machine);
        }
    }

    /// Addresses of a machine today: of the network it is in, and its other one.
    fn addresses(&self, machine: usize) -> (Vec<String>, Option<String>) {
        let known = &self.scenario.machines[machine];
        let other = match known.sixth {
            Sixth::None => None,
            Sixth::Steady => Some(format!("fd00:16::{machine:x}:1")),
            Sixth::Daily => Some(format!("fd00:16::{machine:x}:{:x}", 0x1000 + self.day)),
        };
        (known.held[self.day].clone(), other)
    }

    /// A domain's machine signs in by itself, and reads its policies.
    fn own_account(&mut self, machine: usize) {
        let known = self.scenario.machines[machine].clone();
        let Joined::Domain(domain) = known.joined else { return };
        let (addresses, other) = self.addresses(machine);
        let name = known.short_on(self.day);
        let short = DOMAINS[domain].netbios.to_lowercase();
        for client in addresses.into_iter().chain(other) {
            let mut write = |server, service, source, principal: String| {
                let row = Row {
                    server,
                    service,
                    principal,
                    client: client.clone(),
                    source,
                    day: self.day,
                    account: None,
                    machine: Some(machine),
                    through: None,
                    expect: Expect::Name,
                };
                self.scenario.rows.push(row);
            };
            // logs of domain controllers are overwritten at times
            if self.random.chance(93) {
                let principal = format!("{name}$@{}", DOMAINS[domain].dns);
                write(domain, KERBEROS, Source::DomainControllerLog, principal);
            }
            if self.random.chance(60) {
                write(domain, DIRECTORY, Source::UserAccessLogging, format!("{short}\\{name}$"));
            }
            if self.random.chance(20) {
                write(FILES[domain], FILE, Source::UserAccessLogging, format!("{short}\\{name}$"));
            }
        }
    }

    fn visit(&mut self, person: usize, account: usize, machine: usize) {
        let known = self.scenario.accounts[account].clone();
        let of_machine = self.scenario.machines[machine].clone();
        let (mut addresses, mut other) = self.addresses(machine);
        let domain = known.domain;
        let is_away = self.scenario.people[person].home && self.random.chance(15);
        let mut expect = match (&of_machine.net, of_machine.joined) {
            (Net::Behind(_), _) => Expect::Nothing,
            _ => Expect::Name,
        };
        if is_away {
            // a provider's address that neighbours have, too
            addresses = vec![format!("203.0.113.{}", person / 3 % 250 + 1)];
            other = None;
            expect = Expect::Nothing;
        }
        let client = self.random.pick(&addresses).clone();
        let written = Written::of(&known, self.day, self.random);
        let row = |server, service, source, principal: &str, client: &str, expect| Row {
            server,
            service,
            principal: principal.into(),
            client: client.into(),
            source,
            day: self.day,
            account: Some(account),
            machine: Some(machine),
            through: None,
            expect,
        };
        let mut rows = Vec::new();
        if self.scenario.people[person].place == Place::Terminal {
            // a session on the terminal server, and from there to the files
            let desktops = DESKTOPS[domain];
            if SERVERS[desktops].2 {
                rows.push(row(desktops, DESKTOP, Source::TerminalSessions, &written.short, &client, expect));
            }
            let mut through = row(
                FILES[domain],
                FILE,
                Source::UserAccessLogging,
                &written.short,
                &server_address(desktops),
                Expect::Name,
            );
            (through.machine, through.through) = (None, Some(desktops));
            rows.push(through);
            rows.push(row(domain, KERBEROS, Source::DomainControllerLog, &written.kerberos, &client, expect));
            self.scenario.rows.append(&mut rows);
            return;
        }
        let kept = self.random.chance(80);
        if kept && !is_away {
            rows.push(row(domain, KERBEROS, Source::DomainControllerLog, &written.kerberos, &client, expect));
        }
        if self.random.chance(25) && !is_away {
            rows.push(row(domain, DIRECTORY, Source::UserAccessLogging, &written.short, &client, expect));
        }
        let server = if self.random.chance(25) { APPLICATIONS } else { FILES[domain] };
        // files are asked for by the newer protocol where a machine speaks both
        let far = other.filter(|_| self.random.chance(50)).unwrap_or_else(|| client.clone());
        rows.push(row(server, FILE, Source::UserAccessLogging, &written.short, &far, expect));
        let has_name = matches!(of_machine.joined, Joined::Domain(_));
        if has_name && self.random.chance(25) {
            // signed in by name, so that the machine says its own
            let name = of_machine.short_on(self.day).to_lowercase();
            let expect = Expect::Name;
            rows.push(row(server, NETWORK, Source::SecurityLog, &written.short, &name, expect));
            if self.random.chance(20) {
                rows.push(row(domain, NTLM, Source::DomainControllerLog, &written.bare, &name, expect));
            }
        } else if self.random.chance(20) {
            rows.push(row(server, NETWORK, Source::SecurityLog, &written.principal, &far, expect));
        }
        self.scenario.rows.append(&mut rows);
    }

    /// Machines and programs that nobody sits at, and shared accounts.
    fn others(&mut self) {
        let machines = &self.scenario.machines;
        let named = |stem: &str| machines.iter().position(|machine| machine.host.starts_with(stem));
        let (display, backup) = (named("display"), named("backup"));
        let worked_at: HashSet<usize> =
            self.scenario.people.iter().flat_map(|person| person.machines.iter().copied()).collect();
        let spare: Vec<usize> = (0..machines.len())
            .filter(|at| machines[*at].host.starts_with("kiosk") && !worked_at.contains(at))
            .collect();
        if let Some(display) = display {
            self.own_account(display);
        }
        let accounts: Vec<(usize, Kind)> =
            self.scenario.accounts.iter().enumerate().map(|(at, account)| (at, account.kind)).collect();
        let shared = accounts.iter().filter(|(_, kind)| *kind == Kind::Shared).map(|(at, _)| *at);
        let shared: Vec<(usize, usize)> = shared.zip(spare).collect();
        for (account, machine) in shared {
            self.own_account(machine);
            self.program(account, machine, FILES[0]);
        }
        let service = accounts
            .iter()
            .find(|(at, kind)| *kind == Kind::Service && self.scenario.accounts[*at].name.starts_with("svc"));
        if let (Some((account, _)), Some(backup)) = (service, backup) {
            self.program(*account, backup, FILES[0]);
        }
    }

    fn program(&mut self, account: usize, machine: usize, server: usize) {
        let client = self.scenario.machines[machine].held[self.day][0].clone();
        let known = &self.scenario.accounts[account];
        let principal = format!("{}\\{}", DOMAINS[known.domain].netbios.to_lowercase(), known.name);
        self.write(Row {
            server,
            service: FILE,
            principal,
            client,
            source: Source::UserAccessLogging,
            day: self.day,
            account: Some(account),
            machine: Some(machine),
            through: None,
            expect: Expect::Name,
        });
    }

    /// What nothing in the evidence tells: an address of a single day at which no machine's own account was seen, or a machine without an account
    /// at a leased address that no server resolved to its name.
    fn settle(&mut self) {
        let machines = &self.scenario.machines;
        let own: HashSet<(&str, usize)> = (self.scenario.rows.iter())
            .filter(|row| row.account.is_none() && row.machine.is_some())
            .map(|row| (row.client.as_str(), row.day))
            .collect();
        let named: HashSet<(&str, &str)> = (self.scenario.names.iter())
            .map(|(_, address, name, _)| (address.as_str(), name.split('.').next().unwrap_or_default()))
            .collect();
        let told: Vec<Expect> = (self.scenario.rows.iter())
            .map(|row| {
                let Some(machine) = row.machine.map(|at| &machines[at]).filter(|_| row.expect == Expect::Name) else {
                    return row.expect;
                };
                let is_named = named.contains(&(row.client.as_str(), machine.host_on(row.day)));
                let is_daily = machine.sixth == Sixth::Daily && row.client.contains(':');
                match machine.joined {
                    Joined::Domain(_) if is_daily && !own.contains(&(row.client.as_str(), row.day)) => Expect::Nothing,
                    Joined::Domain(_) => Expect::Name,
                    _ if is_named => Expect::Name,
                    _ if is_daily || matches!(machine.net, Net::Leased(_)) => Expect::Nothing,
                    _ => Expect::Address,
                }
            })
            .collect();
        for (row, told) in self.scenario.rows.iter_mut().zip(told) {
            row.expect = told;
        }
    }
}

/// An account in the forms that logs write.
struct Written {
    /// `domain\name`.
    short: String,
    /// `name@realm`.
    kerberos: String,
    /// Any of the other forms.
    principal: String,
    /// The name alone.
    bare: String,
}

impl Written {
    fn of(account: &super::Account, day: usize, random: &mut Random) -> Self {
        let (mut name, mut upn) = (&account.name, &account.upn);
        if let Some(earlier) = account.earlier.as_ref().filter(|_| day < EXPORTED) {
            (name, upn) = (&earlier.name, &earlier.upn);
        }
        let domain = &DOMAINS[account.domain];
        let principal = match random.below(3) {
            0 => upn.clone(),
            1 => format!("{}\\{}", domain.dns, name.to_ascii_uppercase()),
            _ => format!("{}-{}", domain.sid, account.rid),
        };
        Self {
            short: format!(
                "{}\\{name}",
                if random.chance(80) { domain.netbios.to_lowercase() } else { domain.netbios.into() }
            ),
            kerberos: format!("{name}@{}", domain.dns),
            principal,
            bare: name.clone(),
        }
    }
}

/// What servers with files resolved: of each address and name the last day.
fn names(scenario: &Scenario, random: &mut Random) -> Vec<(usize, String, String, usize)> {
    let mut last: BTreeMap<(usize, String, String), usize> = BTreeMap::new();
    let short: Vec<bool> = scenario.machines.iter().map(|_| random.chance(50)).collect();
    for row in &scenario.rows {
        let Some(machine) = row.machine.filter(|_| row.server >= FILES[0]) else { continue };
        let known = &scenario.machines[machine];
        let at_home = row.client.starts_with("203.");
        if !known.resolved || at_home || !row.client.contains(['.', ':']) {
            continue;
        }
        let host = known.host_on(row.day);
        let name = if short[machine] { host.to_owned() } else { format!("{host}.{}", known.suffix) };
        let day = last.entry((row.server, row.client.clone(), name)).or_default();
        *day = row.day.max(*day);
    }
    last.into_iter().map(|((server, address, name), day)| (server, address, name, day)).collect()
}
