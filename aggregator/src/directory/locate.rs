//! Which servers a domain has, as DNS says (RFC 2782, under Active Directory's names: MS-ADTS 6.3.2.3). Knows nothing of LDAP.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
    time::Duration,
};

use domain::{
    base::{Name, RelativeName},
    resolv::{
        lookup::srv::FoundSrvs,
        stub::{
            StubResolver,
            conf::{ResolvConf, ServerConf, Transport},
        },
    },
};

use super::{DirectorySettings, Kind, Problem};

/// Where a directory is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    /// As in `url` of the configuration.
    pub url: String,
    /// Where that is, as far as DNS was asked for it.
    pub addresses: Vec<SocketAddr>,
}

/// Most servers that are asked; a domain with more has sites.
const MOST: usize = 50;
/// The port of LDAP inside TLS, which SRV records do not tell.
const LDAPS: u16 = 636;

/// The servers of `domain`: those of the site first, if one is configured, else by priority and weight.
pub(super) async fn servers(settings: &DirectorySettings, domain: &str) -> Result<Vec<Server>, Problem> {
    let wrong = |detail: String| Problem::Locate { domain: domain.to_owned(), detail };
    let resolver = resolver(settings).ok_or_else(|| wrong("`dns_server` is no address".to_owned()))?;
    let zone = Name::<Vec<u8>>::from_str(domain).map_err(|error| wrong(error.to_string()))?;
    let mut servers: Vec<Server> = Vec::new();
    let mut passed_over = None;
    for service in services(settings) {
        // a plain directory's name is only asked for if the domain is no Active Directory
        if service == PLAIN && !servers.is_empty() {
            break;
        }
        let service = RelativeName::<Vec<u8>>::from_str(&service).map_err(|error| wrong(error.to_string()))?;
        // without records the library falls back to the domain itself at this port
        let answer = within(settings.connect_timeout(), resolver.lookup_srv(service, &zone, 0)).await;
        let answer = answer.ok_or_else(|| wrong("no answer in time".to_owned()))?;
        let records = answer.map_err(|error| wrong(error.to_string()))?.into_iter().flat_map(FoundSrvs::into_srvs);
        for record in records.filter(|record| record.port() != 0 && !record.target().is_root()) {
            let host = record.target().to_string().trim_end_matches('.').to_lowercase();
            if !trusted(settings, domain, &host) {
                passed_over = Some(host);
                continue;
            }
            let port = if settings.start_tls { record.port() } else { LDAPS };
            let scheme = if settings.start_tls { "ldap" } else { "ldaps" };
            let url = format!("{scheme}://{host}:{port}");
            if servers.len() == MOST || servers.iter().any(|server| server.url == url) {
                continue;
            }
            let found = within(settings.connect_timeout(), resolver.lookup_host(record.target())).await;
            let addresses: Vec<IpAddr> =
                found.and_then(Result::ok).map(|found| found.iter().collect()).unwrap_or_default();
            servers
                .push(Server { url, addresses: addresses.into_iter().map(|address| (address, port).into()).collect() });
        }
    }
    match passed_over {
        _ if !servers.is_empty() => Ok(servers),
        Some(host) => Err(Problem::Stranger { domain: domain.to_owned(), host }),
        None => Err(wrong("it has no SRV records for LDAP there".to_owned())),
    }
}

const PLAIN: &str = "_ldap._tcp";

/// What is asked for, before the domain.
fn services(settings: &DirectorySettings) -> Vec<String> {
    let mut services = Vec::new();
    if settings.kind != Some(Kind::Ldap) {
        services.extend(settings.site.as_ref().map(|site| format!("_ldap._tcp.{site}._sites.dc._msdcs")));
        services.push("_ldap._tcp.dc._msdcs".to_owned());
    }
    if settings.kind != Some(Kind::ActiveDirectory) {
        services.push(PLAIN.to_owned());
    }
    services
}

/// Whether the password may be sent there: who can forge an answer of DNS may have a certificate for a name of their own.
fn trusted(settings: &DirectorySettings, domain: &str, host: &str) -> bool {
    let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let domain = domain.trim_end_matches('.').to_lowercase();
    is_name && (settings.authority.is_some() || host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.')))
}

/// Asks the configured DNS server, else the system's; `None` if the configured one is no address.
fn resolver(settings: &DirectorySettings) -> Option<StubResolver> {
    let Some(server) = &settings.dns_server else { return Some(StubResolver::new()) };
    let address = server.parse().ok().or_else(|| Some(SocketAddr::new(server.parse().ok()?, 53)))?;
    let mut asked = ResolvConf::new();
    asked.servers.push(ServerConf::new(address, Transport::UdpTcp));
    asked.finalize();
    Some(StubResolver::from_conf(asked))
}

async fn within<T>(time: Duration, answer: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(time, answer).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> DirectorySettings {
        toml::from_str(&format!("name = 'corp'\nbind = 'b'\npassword_file = 'p'\ndomain = 'corp.example'\n{text}"))
            .unwrap()
    }

    #[test]
    fn the_site_is_asked_first_and_only_what_the_kind_has() {
        let site = "_ldap._tcp.Berlin._sites.dc._msdcs";
        for (text, expected) in [
            ("", &["_ldap._tcp.dc._msdcs", "_ldap._tcp"][..]),
            ("kind = 'ldap'", &["_ldap._tcp"]),
            ("kind = 'active-directory'\nsite = 'Berlin'", &[site, "_ldap._tcp.dc._msdcs"]),
        ] {
            assert_eq!(services(&settings(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_name_outside_the_domain_needs_an_authority_of_ones_own() {
        for (host, trusted_by_all, trusted_by_own) in [
            ("dc1.corp.example", true, true),
            ("dc1.berlin.corp.example", true, true),
            ("dc1.corp.example.evil.example", false, true),
            ("dc1.evilcorp.example", false, true),
            ("corp.example", false, true),
            ("", false, true),
            ("x@evil.example/dc1.corp.example", false, false),
            ("evil.example:1/.corp.example", false, false),
        ] {
            assert_eq!(trusted(&settings(""), "Corp.Example", host), trusted_by_all, "{host}");
            assert_eq!(trusted(&settings("authority = 'ca.pem'"), "corp.example", host), trusted_by_own, "{host}");
        }
    }

    #[test]
    fn a_dns_server_is_an_address_with_or_without_port() {
        for (server, usable) in [
            ("10.0.0.53", true),
            ("10.0.0.53:5353", true),
            ("fd00::53", true),
            ("[fd00::53]:53", true),
            ("dns1", false),
        ] {
            assert_eq!(resolver(&settings(&format!("dns_server = '{server}'"))).is_some(), usable, "{server}");
        }
    }
}
