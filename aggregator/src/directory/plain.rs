//! Any LDAP server with `inetOrgPerson` entries; computers where it has `device` or Samba's machine entries.

use std::collections::BTreeSet;

use super::{
    Account, AccountKind, DirectorySettings, Kind, Problem, Snapshot, entry::Entry, group::Groups, search::Search,
};

const FILTER: &str = "(|(objectClass=inetOrgPerson)(objectClass=device)(objectClass=sambaSamAccount))";

const ATTRIBUTES: [&str; 14] = [
    "objectClass",
    "entryUUID",
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
    let base = settings.base.clone().unwrap_or_else(|| root.text("namingcontexts"));
    if base.is_empty() {
        return Err(Problem::NoBase);
    }
    let entries = search.below(&base, FILTER, &ATTRIBUTES).await?;
    let known: BTreeSet<String> = entries.iter().map(|entry| entry.dn.to_lowercase()).collect();
    let mut groups = Groups::default();
    let administrators = groups.members(search, &settings.administrator_groups, &known).await?;
    let externals = groups.members(search, &settings.external_groups, &known).await?;
    let mut accounts: Vec<Account> = entries
        .iter()
        .filter_map(|entry| {
            let mut account = account(entry, settings)?;
            let dn = entry.dn.to_lowercase();
            account.administrator |= administrators.contains(&dn);
            account.external |= externals.contains(&dn);
            Some(account)
        })
        .collect();
    accounts.sort_by(|a, b| a.guid.cmp(&b.guid));
    let netbios = settings.netbios.clone().unwrap_or_default().to_lowercase();
    Ok(Snapshot { kind: Kind::Ldap, dns: dns_name(&base), base, netbios, accounts })
}

/// `dc=example,dc=com` is `example.com`; parts that are no `dc` do not count.
pub(super) fn dns_name(base: &str) -> String {
    let parts = base.split(',').filter_map(|part| part.trim().split_once('='));
    let labels: Vec<String> = parts
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("dc"))
        .map(|(_, label)| label.trim().to_lowercase())
        .collect();
    labels.join(".")
}

fn account(entry: &Entry, settings: &DirectorySettings) -> Option<Account> {
    let guid = Some(entry.text("entryuuid").to_lowercase()).filter(|guid| !guid.is_empty());
    let name = entry.first_text(&["uid", "cn"]);
    if name.is_empty() {
        return None;
    }
    let device = entry.is_a("device") && !entry.is_a("inetOrgPerson");
    let kind = if device || name.ends_with('$') {
        AccountKind::Computer
    } else if settings.names_service(&name) {
        AccountKind::Service
    } else {
        AccountKind::User
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
    Some(Account {
        guid: guid.unwrap_or_else(|| entry.dn.to_lowercase()),
        kind,
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
        external: kind == AccountKind::User && settings.names_external(&entry.dn, "", &mail),
        administrator: false,
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
    fn domain_names_follow_from_the_base() {
        for (base, name) in
            [("dc=example,dc=com", "example.com"), ("ou=people, DC=Lab , dc=Net", "lab.net"), ("o=acme", "")]
        {
            assert_eq!(dns_name(base), name);
        }
    }
}
