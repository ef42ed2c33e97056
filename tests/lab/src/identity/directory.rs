//! Both directories as files, before and after what changed between two exports.

use std::fmt::Write as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::{ToSpan as _, civil::Date};

use super::{DOMAINS, EXPORTED, Kind, SERVERS, Scenario, WINDOW, machines::Joined};

/// What is exported of one entry.
struct Entry(String);

impl Entry {
    fn new(dn: &str) -> Self {
        let mut entry = Self(String::new());
        entry.add("dn", dn);
        entry
    }

    /// Text is written as it is only where every reader takes it so (RFC 2849).
    fn add(&mut self, name: &str, value: &str) -> &mut Self {
        let plain = value.bytes().all(|byte| (0x20..0x7f).contains(&byte))
            && !value.starts_with([' ', ':', '<'])
            && !value.ends_with(' ');
        if value.is_empty() {
            return self;
        }
        if plain {
            let _ = writeln!(self.0, "{name}: {value}");
        } else {
            self.bytes(name, value.as_bytes());
        }
        self
    }

    fn bytes(&mut self, name: &str, value: &[u8]) -> &mut Self {
        let _ = writeln!(self.0, "{name}:: {}", BASE64_STANDARD.encode(value));
        self
    }
}

/// LDIF of a domain; `after`: the second of two exports.
pub(super) fn ldif(scenario: &Scenario, domain: usize, after: bool) -> String {
    let base = format!(",DC={}", DOMAINS[domain].dns.replace('.', ",DC="));
    let mut text = String::from("version: 1\n\n");
    let mut administrators = Vec::new();
    let mut put = |entry: &Entry| {
        text += &entry.0;
        text.push('\n');
    };
    let exported = if after { WINDOW } else { EXPORTED };
    for account in scenario.accounts.iter().filter(|account| account.domain == domain) {
        let is_gone = account.deleted && account.to <= exported;
        // one that begins with the second export was made the day before it could be used
        if account.from > exported || is_gone {
            continue;
        }
        let now = account.earlier.as_ref().filter(|_| !after);
        let (name, upn, mail, display) = now
            .map_or((&account.name, &account.upn, &account.mail, &account.display), |earlier| {
                (&earlier.name, &earlier.upn, &earlier.mail, &earlier.display)
            });
        let unit = match account.kind {
            Kind::User => "Staff",
            Kind::Administrator => "Administrators",
            Kind::Service => "Services",
            Kind::Shared => "Shared",
        };
        let dn = format!("CN={},OU={unit}{base}", escaped(&format!("{display} {}", account.rid)));
        let mut entry = Entry::new(&dn);
        entry.add("objectClass", "user").bytes("objectGUID", &guid(scenario, domain, account.rid));
        entry.bytes("objectSid", &sid(domain, account.rid)).add("sAMAccountName", name).add("userPrincipalName", upn);
        entry.add("mail", mail).add("employeeID", &account.employee).add("displayName", display);
        if let Some(old) = account.history {
            let old = &scenario.accounts[old];
            entry.bytes("sIDHistory", &sid(old.domain, old.rid));
        }
        if account.name == "sqlagent" {
            entry.add("servicePrincipalName", "MSSQLSvc/app-a.alpha.example:1433");
        }
        let control = if account.to < WINDOW && account.to <= exported { "514" } else { "512" };
        entry.add("userAccountControl", control).add("whenCreated", &created(scenario, account.from));
        put(&entry);
        if account.kind == Kind::Administrator {
            administrators.push(dn);
        }
    }
    for machine in scenario.machines.iter().filter(|machine| machine.joined == Joined::Domain(domain)) {
        let host = machine.host_on(if after { WINDOW } else { 0 });
        let short: String = host.chars().take(15).collect();
        let mut entry = Entry::new(&format!("CN={short},OU=Machines{base}"));
        entry.add("objectClass", "computer").bytes("objectGUID", &guid(scenario, domain, machine.rid));
        entry
            .bytes("objectSid", &sid(domain, machine.rid))
            .add("sAMAccountName", &format!("{}$", short.to_uppercase()));
        entry.add("dNSHostName", &format!("{host}.{}", machine.suffix)).add("operatingSystem", "Windows 11 Enterprise");
        entry.add("userAccountControl", "4096").add("whenCreated", &created(scenario, 0));
        put(&entry);
    }
    for (at, (name, of, _)) in SERVERS.iter().enumerate().filter(|(_, (_, of, _))| *of == domain) {
        let mut entry = Entry::new(&format!("CN={name},OU=Servers{base}"));
        let rid = 2_000_000 + u32::try_from(at).unwrap_or(0);
        entry.add("objectClass", "computer").bytes("objectGUID", &guid(scenario, domain, rid));
        entry.bytes("objectSid", &sid(domain, rid)).add("sAMAccountName", &format!("{name}$"));
        entry.add("dNSHostName", &format!("{}.{}", name.to_lowercase(), DOMAINS[*of].dns));
        entry.add("operatingSystem", "Windows Server 2022 Standard").add("userAccountControl", "4096");
        put(&entry);
    }
    let mut group = Entry::new(&format!("CN=Domain Admins,CN=Users{base}"));
    group.add("objectClass", "group").bytes("objectSid", &sid(domain, 512)).add("sAMAccountName", "Domain Admins");
    for dn in administrators {
        group.add("member", &dn);
    }
    put(&group);
    text
}

/// A value of a distinguished name (RFC 4514).
fn escaped(value: &str) -> String {
    let mut text = String::new();
    for (at, letter) in value.char_indices() {
        if ",+\"\\<>;=#".contains(letter) && (letter != '#' || at == 0) {
            text.push('\\');
        }
        text.push(letter);
    }
    text
}

fn sid(domain: usize, rid: u32) -> Vec<u8> {
    let numbers: Vec<u32> =
        DOMAINS[domain].sid.split('-').skip(3).filter_map(|number| number.parse().ok()).chain([rid]).collect();
    let mut bytes = vec![1, numbers.len() as u8, 0, 0, 0, 0, 0, 5];
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    bytes
}

fn guid(scenario: &Scenario, domain: usize, rid: u32) -> Vec<u8> {
    let mut random = crate::random::Random::new(scenario.seed ^ (domain as u64) << 56 ^ u64::from(rid) << 20);
    [random.next().to_le_bytes(), random.next().to_le_bytes()].concat()
}

/// As `whenCreated` says it: long ago, or on the day before the first on which it could be used.
fn created(scenario: &Scenario, from: usize) -> String {
    let day: Date = match from {
        0 => scenario.date(0).saturating_sub(700.days()),
        day => scenario.date(day - 1),
    };
    format!("{}070000.0Z", day.strftime("%Y%m%d"))
}
