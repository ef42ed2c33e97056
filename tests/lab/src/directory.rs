//! The organisation's directory as LDIF, for Active Directory and, smaller, for a plain LDAP server.

use std::fmt::Write as _;

use crate::plan::{DOMAIN, DOMAIN_SID, Joined, Organisation, Standing};

/// Base of the directory.
pub const BASE: &str = "DC=nordwind,DC=example";

/// SID of a person's account, the second one if `as_admin`.
#[must_use]
pub fn person_sid(person: usize, as_admin: bool) -> String {
    format!("{DOMAIN_SID}-{}", 10_000 + 2 * person + usize::from(as_admin))
}

/// All of it in Active Directory's schema, to be added to a domain of [`DOMAIN_SID`].
#[must_use]
pub fn active_directory(organisation: &Organisation) -> String {
    let mut ldif = String::new();
    let mut entry = |dn: String, lines: &[String]| {
        let _ = write!(ldif, "dn: {dn},{BASE}\n{}\n\n", lines.join("\n"));
    };
    let units = ["OU=Staff", "OU=Partners", "OU=Administrators", "OU=Services", "OU=Machines", "OU=Servers"];
    for unit in units {
        entry(unit.into(), &["objectClass: organizationalUnit".into()]);
    }
    for (at, person) in organisation.people.iter().enumerate() {
        let unit = if person.standing == Standing::External { "Partners" } else { "Staff" };
        // 512: an ordinary account; 2 more: disabled
        let control = if person.standing == Standing::Leaver { 514 } else { 512 };
        let account = |login: &str, as_admin: bool, control: u32| {
            let (given, family) = person.display_name.split_once(' ').unwrap_or((&person.display_name, ""));
            vec![
                "objectClass: user".to_owned(),
                format!("sAMAccountName: {login}"),
                format!("userPrincipalName: {login}@{DOMAIN}"),
                format!("givenName: {given}"),
                format!("sn: {family}"),
                format!("displayName: {}", person.display_name),
                format!("employeeID: {}", person.employee),
                format!("department: {}", person.department.name()),
                format!("objectSid: {}", person_sid(at, as_admin)),
                format!("userAccountControl: {control}"),
            ]
        };
        let mut lines = account(&person.login, false, control);
        lines.push(format!("mail: {}@{DOMAIN}", person.login));
        entry(format!("CN={},OU={unit}", person.login), &lines);
        if let Some(login) = &person.admin_login {
            entry(format!("CN={login},OU=Administrators"), &account(login, true, 512));
        }
    }
    for (at, (login, spn)) in services(organisation).iter().enumerate() {
        let mut lines = vec![
            "objectClass: user".to_owned(),
            format!("sAMAccountName: {login}"),
            format!("userPrincipalName: {login}@{DOMAIN}"),
            format!("objectSid: {DOMAIN_SID}-{}", 9_000 + at),
            "userAccountControl: 512".to_owned(),
        ];
        if let Some(spn) = spn {
            lines.push(format!("servicePrincipalName: {spn}"));
        }
        entry(format!("CN={login},OU=Services"), &lines);
    }
    entry(
        "CN=gmsa-report,OU=Services".into(),
        &[
            "objectClass: msDS-GroupManagedServiceAccount".to_owned(),
            "sAMAccountName: gmsa-report$".to_owned(),
            format!("objectSid: {DOMAIN_SID}-9100"),
            "msDS-ManagedPasswordInterval: 30".to_owned(),
            "userAccountControl: 4096".to_owned(),
        ],
    );
    let computers = organisation
        .devices
        .iter()
        .filter(|device| device.joined == Joined::Domain)
        .map(|device| (device.name.clone(), "Machines", "Windows 11 Enterprise".to_owned()));
    let servers = organisation.servers.iter().map(|server| {
        let system = format!("Windows Server {} {}", crate::plan::VERSIONS[server.version].0, server.edition.name());
        (server.name.to_owned(), "Servers", system)
    });
    for (at, (name, unit, system)) in computers.chain(servers).enumerate() {
        entry(
            format!("CN={name},OU={unit}"),
            &[
                "objectClass: computer".to_owned(),
                format!("sAMAccountName: {name}$"),
                format!("dNSHostName: {}.{DOMAIN}", name.to_lowercase()),
                format!("operatingSystem: {system}"),
                format!("objectSid: {DOMAIN_SID}-{}", 1_000_000 + at),
                // 4096: a workstation's or server's account
                "userAccountControl: 4096".to_owned(),
            ],
        );
    }
    let admins: Vec<String> = organisation
        .people
        .iter()
        .filter_map(|person| person.admin_login.as_ref())
        .map(|login| format!("member: CN={login},OU=Administrators,{BASE}"))
        .collect();
    entry("CN=Domain Admins,CN=Users".into(), &admins);
    ldif
}

/// People and services only, in `inetOrgPerson`; who has left is no longer in it.
#[must_use]
pub fn plain(organisation: &Organisation) -> String {
    let base = BASE.to_lowercase();
    let mut ldif = String::new();
    for unit in ["staff", "partners", "services"] {
        let _ = write!(ldif, "dn: ou={unit},{base}\nobjectClass: organizationalUnit\nou: {unit}\n\n");
    }
    for person in organisation.people.iter().filter(|person| person.standing != Standing::Leaver) {
        let unit = if person.standing == Standing::External { "partners" } else { "staff" };
        let family = person.display_name.split(' ').next_back().unwrap_or_default();
        for login in [Some(&person.login), person.admin_login.as_ref()].into_iter().flatten() {
            let _ = write!(
                ldif,
                "dn: uid={login},ou={unit},{base}\nobjectClass: inetOrgPerson\nuid: {login}\ncn: {}\nsn: {family}\n\
                 displayName: {}\nemployeeNumber: {}\nmail: {login}@{DOMAIN}\n\n",
                person.display_name, person.display_name, person.employee
            );
        }
    }
    for (login, _) in services(organisation) {
        let _ = write!(
            ldif,
            "dn: uid={login},ou=services,{base}\nobjectClass: inetOrgPerson\nuid: {login}\ncn: {login}\nsn: {login}\n\n"
        );
    }
    ldif
}

/// Accounts of programs: by the naming rule, and by a service principal name alone.
fn services(organisation: &Organisation) -> [(&'static str, Option<String>); 3] {
    let sql = organisation.servers[organisation.server("NW-SQL1")].name.to_lowercase();
    [("svc-web", None), ("svc-backup", None), ("sqlagent", Some(format!("MSSQLSvc/{sql}.{DOMAIN}:1433")))]
}
