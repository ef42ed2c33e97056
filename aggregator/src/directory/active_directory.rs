//! Active Directory's schema: users, computers, managed service accounts.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write as _,
};

use caliper_proto::Instant;

use super::{
    Account, AccountKind, DirectorySettings, Kind, Own, Problem, Snapshot,
    changes::{Changes, MOST, Members, fetch},
    dirsync,
    entry::Entry,
    group::Groups,
    mark::Point,
    place::normal,
    search::Search,
};

/// Managed service accounts are computers to the schema.
const FILTER: &str = "(|(&(objectCategory=person)(objectClass=user))(objectClass=computer))";

const ATTRIBUTES: [&str; 19] = [
    "objectClass",
    "objectGUID",
    "objectSid",
    "sIDHistory",
    "sAMAccountName",
    "userPrincipalName",
    "mail",
    "employeeID",
    "employeeNumber",
    "displayName",
    "department",
    "dNSHostName",
    "operatingSystem",
    "userAccountControl",
    "accountExpires",
    "servicePrincipalName",
    "primaryGroupID",
    "cn",
    "whenCreated",
];

/// Whose members count is decided by these.
const GROUPS: &str = "(objectClass=group)";

/// Domain Admins, Schema Admins, Enterprise Admins, inside a domain.
const ADMINISTRATOR_GROUPS: [u32; 3] = [512, 518, 519];
/// Built-in Administrators.
const BUILTIN_ADMINISTRATORS: &str = "S-1-5-32-544";
/// The account every domain is born with.
const ADMINISTRATOR: u32 = 500;

/// `userAccountControl`: the account is disabled.
const DISABLED: i64 = 0x2;
/// `accountExpires` of an account that never does, besides 0.
const NEVER: i64 = i64::MAX;
/// 1601-01-01 to 1970-01-01 in units of 100 ns.
const EPOCH: i64 = 116_444_736_000_000_000;

/// Reads a whole domain. `root` is the server's `RootDSE`.
pub(super) async fn read(
    search: &mut Search<'_>,
    settings: &DirectorySettings,
    root: &Entry,
    now: Instant,
) -> Result<Snapshot, Problem> {
    let (domain, base) = places(settings, root)?;
    let (netbios, dns) = names(search, root, &domain).await?;
    // before the entries: what changes while they are read is told again
    let point = start(search, root, &domain).await?;
    let entries = search.below(&base, FILTER, &ATTRIBUTES).await?;
    let known: HashSet<String> = entries.iter().map(|entry| normal(&entry.dn)).collect();
    let members = members(search, settings, &domain, &known).await?;
    let mut accounts: Vec<Account> =
        entries.iter().filter_map(|entry| Some(members.applied(account(entry, settings, now)?))).collect();
    accounts.sort_by(|a, b| a.guid.cmp(&b.guid));
    let netbios = settings.netbios.clone().unwrap_or(netbios).to_lowercase();
    Ok(Snapshot { kind: Kind::ActiveDirectory, base, netbios, dns, accounts, members, point })
}

/// What an export says of a domain: everything but the configuration is in it.
pub(super) fn exported(entries: &[Entry], settings: &DirectorySettings, now: Instant) -> Snapshot {
    let accounts: Vec<&Entry> = entries.iter().filter(|entry| entry.is_a("user") || entry.is_a("computer")).collect();
    let known: HashSet<String> = accounts.iter().map(|entry| normal(&entry.dn)).collect();
    let sid = |entry: &Entry| entry.sids("objectsid").pop();
    let domain = accounts.iter().find_map(|entry| Some(sid(entry)?.rsplit_once('-')?.0.to_owned()));
    let of_administrators: Vec<String> = ADMINISTRATOR_GROUPS
        .iter()
        .filter_map(|rid| Some(format!("{}-{rid}", domain.as_ref()?)))
        .chain([BUILTIN_ADMINISTRATORS.to_owned()])
        .collect();
    let mut wanted = settings.administrator_groups.clone();
    wanted.extend(
        (entries.iter().filter(|entry| sid(entry).is_some_and(|sid| of_administrators.contains(&sid))))
            .map(|entry| entry.dn.clone()),
    );
    let base = settings.base.clone().unwrap_or_else(|| super::plain::domain(entries));
    let members = Members::exported(entries, &base, &wanted, &settings.external_groups, &known);
    let mut accounts: Vec<Account> =
        accounts.iter().filter_map(|entry| Some(members.applied(account(entry, settings, now)?))).collect();
    accounts.sort_by(|a, b| a.guid.cmp(&b.guid));
    let dns = super::place::dns_name(&base);
    let short = dns.split('.').next().unwrap_or_default();
    let netbios = settings.netbios.as_deref().unwrap_or(short).to_lowercase();
    Snapshot { kind: Kind::ActiveDirectory, base, netbios, dns, accounts, members, point: None }
}

/// Reads what changed since `point`; `None` if everything has to be read. `known` holds the DNs of stored accounts in normal form.
pub(super) async fn changes(
    search: &mut Search<'_>,
    settings: &DirectorySettings,
    root: &Entry,
    point: &Point,
    known: &HashSet<String>,
    now: Instant,
) -> Result<Option<Changes>, Problem> {
    let (domain, base) = places(settings, root)?;
    // what is deleted loses its category
    let either = format!("(|{FILTER}{GROUPS}(isDeleted=TRUE))");
    let (identifiers, point, present) = match point {
        Point::DirSync { cookie, partial } => {
            let mut attributes = ATTRIBUTES.to_vec();
            attributes.extend(["name", "member", "isDeleted"]);
            let found = dirsync::changed(search, &domain, &either, &attributes, (cookie.clone(), *partial)).await?;
            let Some((identifiers, point)) = found else { return Ok(None) };
            (identifiers, point, None)
        }
        Point::Usn { instance, next } => {
            let Some(now) = count(search, root).await? else { return Ok(None) };
            if !matches!(&now, Point::Usn { instance: same, .. } if same == instance) {
                return Ok(None);
            }
            let since = format!("(&{either}(uSNChanged>={next}))");
            let entries = search.below(&domain, &since, &["objectGUID"]).await?;
            let identifiers: HashSet<Vec<u8>> =
                entries.iter().filter_map(|entry| Some(entry.bytes("objectguid").next()?.to_vec())).collect();
            if identifiers.len() > MOST {
                return Ok(None);
            }
            let all = search.below(&base, FILTER, &["objectGUID"]).await?;
            (identifiers, now, Some(all.iter().filter_map(|entry| entry.guid("objectguid")).collect()))
        }
        Point::Time { .. } => return Ok(None),
    };
    let entries = fetch(search, &base, FILTER, &ATTRIBUTES, &identifiers).await?;
    let accounts: BTreeMap<String, Account> = entries
        .values()
        .filter_map(|entry| account(entry, settings, now))
        .map(|account| (account.guid.clone(), account))
        .collect();
    let guid = |bytes: &Vec<u8>| Some(uuid::Uuid::from_bytes_le(bytes.as_slice().try_into().ok()?).to_string());
    let mut gone: Vec<String> =
        identifiers.iter().filter_map(guid).filter(|guid| !accounts.contains_key(guid)).collect();
    gone.sort_unstable();
    let groups = if identifiers.is_empty() {
        None
    } else {
        let mut known = known.clone();
        known.extend(accounts.values().map(|account| normal(&account.dn)));
        Some(members(search, settings, &domain, &known).await?)
    };
    Ok(Some(Changes { accounts: accounts.into_values().collect(), gone, present, groups, point }))
}

/// The domain, and where to search in it.
fn places(settings: &DirectorySettings, root: &Entry) -> Result<(String, String), Problem> {
    let domain = root.text("defaultnamingcontext");
    let base = settings.base.clone().unwrap_or_else(|| domain.clone());
    if base.is_empty() {
        return Err(Problem::NoBase);
    }
    Ok((if domain.is_empty() { base.clone() } else { domain }, base))
}

/// From where changes can be asked for: by replication, else by the server's count, else not.
async fn start(search: &mut Search<'_>, root: &Entry, domain: &str) -> Result<Option<Point>, Problem> {
    match dirsync::start(search, domain).await {
        Ok(point) => Ok(Some(point)),
        Err(problem @ (Problem::Partial { .. } | Problem::Base { .. } | Problem::Damaged { .. })) => {
            tracing::debug!(%problem, "a domain controller does not tell changes by replication");
            count(search, root).await
        }
        Err(other) => Err(other),
    }
}

/// The count of this domain controller's database.
async fn count(search: &mut Search<'_>, root: &Entry) -> Result<Option<Point>, Problem> {
    let service = root.text("dsservicename");
    let (Some(last), false) = (root.number("highestcommittedusn"), service.is_empty()) else { return Ok(None) };
    let own = search.one(&service, &["invocationId"]).await?.and_then(|entry| entry.guid("invocationid"));
    let next = u64::try_from(last).unwrap_or(0).saturating_add(1);
    Ok(own.map(|instance| Point::Usn { instance, next }))
}

/// Who is in a group that counts.
async fn members(
    search: &mut Search<'_>,
    settings: &DirectorySettings,
    domain: &str,
    known: &HashSet<String>,
) -> Result<Members, Problem> {
    let mut groups = Groups::new(domain);
    let mut wanted = settings.administrator_groups.clone();
    wanted.extend(administrator_groups(search, domain).await?);
    let administrators = groups.members(search, &wanted, known).await?;
    let externals = groups.members(search, &settings.external_groups, known).await?;
    Ok(Members { administrators, externals, strangers: groups.strangers() })
}

/// Short and long name of the domain, lower case.
async fn names(search: &mut Search<'_>, root: &Entry, domain: &str) -> Result<(String, String), Problem> {
    let partitions = format!("CN=Partitions,{}", root.text("configurationnamingcontext"));
    let filter = format!("(&(objectClass=crossRef)(nCName={}))", ldap3::ldap_escape(domain));
    let found = match search.below(&partitions, &filter, &["nETBIOSName", "dnsRoot"]).await {
        Ok(found) => found,
        // no right to read the configuration: the long name still follows from the base
        Err(Problem::Base { .. } | Problem::Partial { .. }) => Vec::new(),
        Err(other) => return Err(other),
    };
    let reference = found.first();
    let netbios = reference.map(|entry| entry.text("netbiosname")).unwrap_or_default().to_lowercase();
    let dns = reference.map(|entry| entry.text("dnsroot")).filter(|dns| !dns.is_empty());
    Ok((netbios, dns.unwrap_or_else(|| super::place::dns_name(domain)).to_lowercase()))
}

/// DNs of the groups every domain has. Found by SID: their names differ by language.
async fn administrator_groups(search: &mut Search<'_>, domain: &str) -> Result<Vec<String>, Problem> {
    let Some(own) = search.one(domain, &["objectSid"]).await?.and_then(|entry| entry.sids("objectsid").pop()) else {
        return Ok(Vec::new());
    };
    let mut filter = format!("(|(objectSid={BUILTIN_ADMINISTRATORS})");
    for group in ADMINISTRATOR_GROUPS {
        let _ = write!(filter, "(objectSid={own}-{group})");
    }
    filter.push(')');
    Ok(search.below(domain, &filter, &["cn"]).await?.into_iter().map(|entry| entry.dn).collect())
}

/// `None` for an entry without identifier or name, which no log can name either.
fn account(entry: &Entry, settings: &DirectorySettings, now: Instant) -> Option<Account> {
    let guid = entry.guid("objectguid")?;
    let name = entry.text("samaccountname");
    if name.is_empty() {
        return None;
    }
    let managed = entry.is_a("msDS-GroupManagedServiceAccount") || entry.is_a("msDS-ManagedServiceAccount");
    // E.15: an account with service principal names serves, whatever class it is of
    let has_names = entry.bytes("serviceprincipalname").next().is_some();
    let serves = has_names.then(|| "has service principal names".to_owned()).or_else(|| settings.names_service(&name));
    let (kind, why) = match (managed, entry.is_a("computer"), serves) {
        (true, _, _) => (AccountKind::Service, Some("managed service account".to_owned())),
        (false, false, Some(why)) => (AccountKind::Service, Some(why)),
        (false, true, _) => (AccountKind::Computer, None),
        (false, false, None) => (AccountKind::User, None),
    };
    let sid = entry.sids("objectsid").into_iter().next().unwrap_or_default();
    let (upn, mail) = (entry.text("userprincipalname"), entry.text("mail"));
    let person = kind == AccountKind::User;
    let administrator = person
        && (sid.ends_with(&format!("-{ADMINISTRATOR}"))
            || entry
                .number("primarygroupid")
                .is_some_and(|id| ADMINISTRATOR_GROUPS.iter().any(|rid| i64::from(*rid) == id)));
    let external = settings.names_external(&entry.dn, &upn, &mail).filter(|_| person);
    let own = Own { external: external.is_some(), administrator };
    Some(Account {
        guid,
        kind,
        why: why.or(external).unwrap_or_default(),
        sid,
        sid_history: entry.sids("sidhistory"),
        employee: entry.first_text(&["employeeid", "employeenumber"]),
        display_name: entry.first_text(&["displayname", "cn"]),
        department: entry.text("department"),
        dns_host_name: entry.text("dnshostname").to_lowercase(),
        operating_system: entry.text("operatingsystem"),
        dn: entry.dn.clone(),
        enabled: enabled(entry, now),
        expires: expires(entry),
        created: entry.time("whencreated"),
        external: own.external,
        administrator: own.administrator,
        own,
        name,
        upn,
        mail,
    })
}

fn enabled(entry: &Entry, now: Instant) -> bool {
    let disabled = entry.number("useraccountcontrol").is_some_and(|flags| flags & DISABLED != 0);
    !disabled && expires(entry).is_none_or(|expires| expires > now)
}

/// When the account expires, if it does.
fn expires(entry: &Entry) -> Option<Instant> {
    let filetime = entry.number("accountexpires").filter(|time| !matches!(*time, 0 | NEVER))?;
    // what lies beyond all calendars never comes
    Instant::from_micros(filetime.saturating_sub(EPOCH) / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> DirectorySettings {
        toml::from_str("name = 'corp'\nurl = 'ldaps://dc1'\nbind = 'x'\npassword_file = 'x'").unwrap()
    }

    /// As recorded from a Samba domain controller, attributes of interest only.
    fn entry(dn: &str, attributes: &[(&str, &[&str])]) -> Entry {
        let mut entry = Entry::default();
        entry.dn = dn.to_owned();
        entry.add("objectGUID", vec![vec![7; 16]]);
        let sid = [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0xf4, 1, 0, 0];
        entry.add("objectSid", vec![sid.to_vec()]);
        for (name, values) in attributes {
            entry.add(name, values.iter().map(|value| value.as_bytes().to_vec()).collect());
        }
        entry
    }

    #[test]
    fn each_class_stands_for_what_it_is() {
        const USER: &[&str] = &["top", "person", "organizationalPerson", "user"];
        const COMPUTER: &[&str] = &["top", "person", "organizationalPerson", "user", "computer"];
        const MANAGED: &[&str] = &["top", "user", "computer", "msDS-GroupManagedServiceAccount"];
        for (class, name, spn, kind) in [
            (USER, "jane", &[][..], AccountKind::User),
            (USER, "sqlsvc", &["MSSQLSvc/db1.corp.example:1433"][..], AccountKind::Service),
            (USER, "svc-backup", &[][..], AccountKind::Service),
            (COMPUTER, "PC1$", &["HOST/PC1"][..], AccountKind::Computer),
            (MANAGED, "web$", &[][..], AccountKind::Service),
        ] {
            let entry =
                entry("CN=x", &[("objectClass", class), ("sAMAccountName", &[name]), ("servicePrincipalName", spn)]);
            assert_eq!(account(&entry, &settings(), Instant::default()).unwrap().kind, kind, "{name}");
        }
    }

    #[test]
    fn disabled_and_expired_accounts_are_told() {
        // accountExpires 132223104000000000 is 2020-01-01 00:00 UTC
        let day = |micros| Instant::from_micros(micros).unwrap();
        let (before, after) = (day(1_577_836_799_000_000), day(1_577_836_800_000_000));
        for (control, expires, now, expected) in [
            ("512", "9223372036854775807", after, true),
            ("514", "0", after, false),
            ("512", "0", after, true),
            ("512", "132223104000000000", before, true),
            ("512", "132223104000000000", after, false),
        ] {
            let entry = entry("CN=x", &[("userAccountControl", &[control]), ("accountExpires", &[expires])]);
            assert_eq!(enabled(&entry, now), expected, "{control} {expires}");
        }
    }

    #[test]
    fn the_born_administrator_is_one_whatever_its_name() {
        let entry = entry("CN=x", &[("objectClass", &["user"]), ("sAMAccountName", &["Verwalter"])]);
        let account = account(&entry, &settings(), Instant::default()).unwrap();
        assert!(account.administrator);
        assert_eq!(account.sid, "S-1-5-21-1-2-3-500");
    }

    #[test]
    fn an_entry_without_name_is_no_account() {
        assert_eq!(account(&entry("CN=x", &[("objectClass", &["user"])]), &settings(), Instant::default()), None);
    }
}
