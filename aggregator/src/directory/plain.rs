//! Any LDAP server with `inetOrgPerson` entries; computers where it has `device` or Samba's machine entries.

use std::collections::HashSet;

use jiff::{ToSpan, civil::DateTime};

use super::{
    Account, AccountKind, DirectorySettings, Kind, Own, Problem, Snapshot,
    changes::{Changes, MOST, Members},
    entry::Entry,
    group::Groups,
    mark::Point,
    place::{dns_name, normal, split},
    search::Search,
};

const FILTER: &str = "(|(objectClass=inetOrgPerson)(objectClass=device)(objectClass=sambaSamAccount))";

const ATTRIBUTES: [&str; 17] = [
    "objectClass",
    "modifyTimestamp",
    "createTimestamp",
    "entryUUID",
    "nsUniqueId",
    "uid",
    "cn",
    "displayName",
    "mail",
    "employeeNumber",
    "departmentNumber",
    "ou",
    "sambaSID",
    "sambaAcctFlags",
    "description",
    "pwdAccountLockedTime",
    "nsAccountLock",
];

/// Reads everything below the base. `root` is the server's `RootDSE`.
pub(super) async fn read(
    search: &mut Search<'_>,
    settings: &DirectorySettings,
    root: &Entry,
) -> Result<Snapshot, Problem> {
    let base = base(settings, root)?;
    let entries = search.below(&base, FILTER, &ATTRIBUTES).await?;
    let known: HashSet<String> = entries.iter().map(|entry| normal(&entry.dn)).collect();
    let members = members(search, settings, &base, &known).await?;
    let mut accounts: Vec<Account> =
        entries.iter().filter_map(|entry| Some(members.applied(account(entry, settings)?))).collect();
    accounts.sort_by(|a, b| a.guid.cmp(&b.guid));
    let netbios = settings.netbios.clone().unwrap_or_default().to_lowercase();
    let point = newest(&entries).map(|newest| Point::Time { url: settings.server().to_owned(), newest });
    Ok(Snapshot { kind: Kind::Ldap, dns: dns_name(&base), base, netbios, accounts, members, point })
}

/// What an export says.
pub(super) fn exported(entries: &[Entry], settings: &DirectorySettings) -> Snapshot {
    let is_account =
        |entry: &&Entry| ["inetOrgPerson", "device", "sambaSamAccount"].iter().any(|class| entry.is_a(class));
    let accounts: Vec<&Entry> = entries.iter().filter(is_account).collect();
    let known: HashSet<String> = accounts.iter().map(|entry| normal(&entry.dn)).collect();
    let base = settings.base.clone().unwrap_or_else(|| domain(entries));
    let members = Members::exported(entries, &base, &settings.administrator_groups, &settings.external_groups, &known);
    let mut accounts: Vec<Account> =
        accounts.iter().filter_map(|entry| Some(members.applied(account(entry, settings)?))).collect();
    accounts.sort_by(|a, b| a.guid.cmp(&b.guid));
    let netbios = settings.netbios.clone().unwrap_or_default().to_lowercase();
    Snapshot { kind: Kind::Ldap, dns: dns_name(&base), base, netbios, accounts, members, point: None }
}

/// The `dc` parts that the first entry with some ends with.
pub(super) fn domain(entries: &[Entry]) -> String {
    let is_dc = |part: &str| part.trim_start().get(..3).is_some_and(|start| start.eq_ignore_ascii_case("dc="));
    let parts = entries.iter().map(|entry| {
        let parts = split(&entry.dn, b',');
        let first = parts.iter().rposition(|part| !is_dc(part)).map_or(0, |last| last + 1);
        parts[first..].join(",")
    });
    parts.into_iter().find(|domain| !domain.is_empty()).unwrap_or_default()
}

/// Reads what changed since `point`; `None` if everything has to be read. `known` holds the DNs of stored accounts in normal form.
pub(super) async fn changes(
    search: &mut Search<'_>,
    settings: &DirectorySettings,
    root: &Entry,
    point: &Point,
    known: &HashSet<String>,
) -> Result<Option<Changes>, Problem> {
    let Point::Time { url, newest: before } = point else { return Ok(None) };
    // another server's clock, and what it has received so far, may differ
    if url != settings.server() {
        return Ok(None);
    }
    let (base, Some(since)) = (base(settings, root)?, overlap(before)) else { return Ok(None) };
    let since = format!("(&{FILTER}(modifyTimestamp>={since}))");
    let entries = search.below(&base, &since, &ATTRIBUTES).await?;
    if entries.len() > MOST {
        return Ok(None);
    }
    let all = search.below(&base, FILTER, &["entryUUID", "nsUniqueId"]).await?;
    let present: HashSet<String> = all.iter().map(identifier).collect();
    let mut known = known.clone();
    known.extend(entries.iter().map(|entry| normal(&entry.dn)));
    let groups = Some(members(search, settings, &base, &known).await?);
    let mut accounts: Vec<Account> = entries.iter().filter_map(|entry| account(entry, settings)).collect();
    accounts.sort_by(|a, b| a.guid.cmp(&b.guid));
    let newest = newest(&entries).map_or_else(|| before.clone(), |newest| newest.max(before.clone()));
    let point = Point::Time { url: url.clone(), newest };
    Ok(Some(Changes { accounts, gone: Vec::new(), present: Some(present), groups, point }))
}

fn base(settings: &DirectorySettings, root: &Entry) -> Result<String, Problem> {
    let base = settings.base.clone().unwrap_or_else(|| root.text("namingcontexts"));
    if base.is_empty() { Err(Problem::NoBase) } else { Ok(base) }
}

async fn members(
    search: &mut Search<'_>,
    settings: &DirectorySettings,
    base: &str,
    known: &HashSet<String>,
) -> Result<Members, Problem> {
    let mut groups = Groups::new(base);
    let administrators = groups.members(search, &settings.administrator_groups, known).await?;
    let externals = groups.members(search, &settings.external_groups, known).await?;
    Ok(Members { administrators, externals, strangers: groups.strangers() })
}

/// When the newest of them was changed, as the server writes it; times of one server have the same form.
fn newest(entries: &[Entry]) -> Option<String> {
    entries.iter().map(|entry| entry.text("modifytimestamp")).max().filter(|newest| overlap(newest).is_some())
}

/// Ten minutes before: replicas receive changes late.
fn overlap(time: &str) -> Option<String> {
    let time = DateTime::strptime("%Y%m%d%H%M%S", time.get(..14)?).ok()?;
    Some(time.checked_sub(10.minutes()).ok()?.strftime("%Y%m%d%H%M%SZ").to_string())
}

/// What tells an entry from all others: `entryUUID`, in 389 Directory Server and its kin `nsUniqueId`, else its place.
fn identifier(entry: &Entry) -> String {
    let found = entry.first_text(&["entryuuid", "nsuniqueid"]);
    if found.is_empty() { entry.dn.to_lowercase() } else { found.to_lowercase() }
}

fn account(entry: &Entry, settings: &DirectorySettings) -> Option<Account> {
    let name = entry.first_text(&["uid", "cn"]);
    if name.is_empty() {
        return None;
    }
    let device = entry.is_a("device") && !entry.is_a("inetOrgPerson");
    let (kind, why) = if device || name.ends_with('$') {
        (AccountKind::Computer, None)
    } else if let Some(why) = settings.names_service(&name) {
        (AccountKind::Service, Some(why))
    } else {
        (AccountKind::User, None)
    };
    // a machine account is written with `$` in logs
    let (host, name) = match kind {
        AccountKind::Computer => {
            let host = name.trim_end_matches('$').to_lowercase();
            let short = host.split('.').next().unwrap_or_default().to_owned();
            (if host.contains('.') { host } else { String::new() }, format!("{short}$"))
        }
        AccountKind::User | AccountKind::Service => (String::new(), name),
    };
    let mail = entry.text("mail");
    // Samba marks a disabled account with D, 389 Directory Server with nsAccountLock, OpenLDAP's policy with a lock of year 0000
    let locked = entry.text("pwdaccountlockedtime").starts_with("0000")
        || entry.text("nsaccountlock").eq_ignore_ascii_case("true")
        || entry.text("sambaacctflags").contains('D');
    let external = settings.names_external(&entry.dn, "", &mail).filter(|_| kind == AccountKind::User);
    let own = Own { external: external.is_some(), administrator: false };
    Some(Account {
        guid: identifier(entry),
        kind,
        why: why.or(external).unwrap_or_default(),
        sid: entry.text("sambasid"),
        sid_history: Vec::new(),
        upn: String::new(),
        employee: entry.text("employeenumber"),
        display_name: entry.first_text(&["displayname", "cn"]),
        department: entry.first_text(&["departmentnumber", "ou"]),
        dns_host_name: host,
        operating_system: if kind == AccountKind::Computer { entry.text("description") } else { String::new() },
        dn: entry.dn.clone(),
        enabled: !locked,
        expires: None,
        created: entry.time("createtimestamp"),
        external: own.external,
        administrator: own.administrator,
        own,
        name,
        mail,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(attributes: &[(&str, &str)]) -> Entry {
        let mut entry = Entry::default();
        entry.dn = "UID=x,OU=People,DC=example,DC=com".to_owned();
        for (name, value) in attributes {
            entry.add(name, vec![value.as_bytes().to_vec()]);
        }
        entry
    }

    fn read(attributes: &[(&str, &str)]) -> Option<Account> {
        let settings = toml::from_str("name = 'corp'\nurl = 'ldaps://x'\nbind = 'x'\npassword_file = 'x'").unwrap();
        account(&entry(attributes), &settings)
    }

    #[test]
    fn a_person_is_known_by_uuid_else_by_place() {
        let uuid = "6f3e2d1c-0000-4000-8000-00000000000A";
        let person =
            read(&[("objectClass", "inetOrgPerson"), ("uid", "u1"), ("entryUUID", uuid), ("employeeNumber", "7")])
                .unwrap();
        assert_eq!((person.guid.as_str(), person.kind), ("6f3e2d1c-0000-4000-8000-00000000000a", AccountKind::User));
        assert_eq!((person.name.as_str(), person.employee.as_str()), ("u1", "7"));
        let person = read(&[("objectClass", "inetOrgPerson"), ("uid", "u1")]).unwrap();
        assert_eq!(person.guid, "uid=x,ou=people,dc=example,dc=com");
    }

    #[test]
    fn a_machine_gets_the_name_that_logs_write() {
        let machine =
            read(&[("objectClass", "device"), ("cn", "PC-1.example.com"), ("description", "Windows 11")]).unwrap();
        assert_eq!((machine.kind, machine.name.as_str()), (AccountKind::Computer, "pc-1$"));
        assert_eq!(
            (machine.dns_host_name.as_str(), machine.operating_system.as_str()),
            ("pc-1.example.com", "Windows 11")
        );
    }

    #[test]
    fn locked_accounts_are_disabled() {
        for (name, value, enabled) in [
            ("nsAccountLock", "TRUE", false),
            ("sambaAcctFlags", "[UD         ]", false),
            ("sambaAcctFlags", "[U          ]", true),
            ("pwdAccountLockedTime", "000001010000Z", false),
            ("pwdAccountLockedTime", "20240101000000Z", true),
        ] {
            assert_eq!(read(&[("uid", "u1"), (name, value)]).unwrap().enabled, enabled, "{name} {value}");
        }
    }

    #[test]
    fn identifiers_of_other_servers_are_known_too() {
        let unique = "66446001-1DD211B2-8F1EA4C2-00000000";
        let person = read(&[("uid", "u1"), ("nsUniqueId", unique)]).unwrap();
        assert_eq!(person.guid, "66446001-1dd211b2-8f1ea4c2-00000000");
    }

    #[test]
    fn changes_are_asked_for_from_a_while_before() {
        for (time, since) in [
            ("20260301000500Z", Some("20260228235500Z")),
            ("20261128054500.123Z", Some("20261128053500Z")),
            ("", None),
            ("yesterday noon", None),
            ("20261328054500Z", None),
        ] {
            assert_eq!(overlap(time).as_deref(), since, "{time}");
        }
    }

    #[test]
    fn domain_names_follow_from_the_base() {
        for (base, name) in
            [("dc=example,dc=com", "example.com"), ("ou=people, DC=Lab , dc=Net", "lab.net"), ("o=acme", "")]
        {
            assert_eq!(dns_name(base), name);
        }
    }
}
