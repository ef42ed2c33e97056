//! The aggregator's configuration for the organisation: where its directory is, what it owns and pays, when to scan.

use std::{fmt::Write as _, net::SocketAddr, path::PathBuf};

use crate::{
    directory::BASE,
    plan::{DOMAIN, NETBIOS, Organisation},
    truth,
};

/// What depends on the machine that the lab runs on.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Where the pages are served.
    pub pages: SocketAddr,
    /// Where agents are served.
    pub grpc: SocketAddr,
    /// `ldaps://…` of the directory server.
    pub directory: String,
    /// Who reads the directory.
    pub bind: String,
    /// PEM file of the authority that signed the directory server's certificate.
    pub authority: PathBuf,
    /// File with the password of the directory's reader.
    pub password_file: PathBuf,
    /// Cron expression of the scheduled scan.
    pub cron: String,
}

/// The text of `config.toml`.
#[must_use]
pub fn configuration(organisation: &Organisation, addresses: &Addresses) -> String {
    let Addresses { pages, grpc, directory, bind, authority, password_file, cron } = addresses;
    let mut text = format!(
        "# Made by caliper-lab from seed {}.\n\n[listen]\npages = \"{pages}\"\ngrpc = \"{grpc}\"\n\n\
         [pages]\ntls = false\n\n\
         [[directory]]\nname = \"{}\"\nurl = \"{directory}\"\nauthority = \"{}\"\nbind = \"{bind}\"\n\
         password_file = \"{}\"\nbase = \"{BASE}\"\nnetbios = \"{NETBIOS}\"\nexternal_units = [\"OU=Partners,{BASE}\"]\n",
        organisation.seed,
        DOMAIN,
        authority.display(),
        password_file.display(),
    );
    text += &estate(organisation);
    let _ = write!(text, "\n[[schedule]]\nname = \"nightly\"\ncron = \"{cron}\"\ntime_zone = \"Europe/Berlin\"\n");
    text
}

/// What evidence cannot tell: what is owned, what it costs, and the host without an agent.
fn estate(organisation: &Organisation) -> String {
    let mut text = "\n[estate]\ncurrency = \"EUR\"\n".to_owned();
    for (sku, version, quantity) in truth::owned(organisation).into_iter().filter(|(_, _, quantity)| *quantity > 0) {
        let _ =
            write!(text, "\n[[estate.entitlement]]\nsku = \"{sku}\"\nversion = \"{version}\"\nquantity = {quantity}\n");
    }
    for sku in truth::SKUS {
        let _ = write!(text, "\n[[estate.price]]\nsku = \"{sku}\"\nminor = {}\n", truth::price(sku));
    }
    for (at, host) in organisation.hosts.iter().enumerate().filter(|(_, host)| host.physical.is_none()) {
        let servers: Vec<&str> =
            organisation.servers.iter().filter(|server| server.host == at).map(|server| server.name).collect();
        let _ = write!(
            text,
            "\n[[estate.host]]\nname = \"{}\"\nprocessors = {:?}\nservers = {servers:?}\n",
            host.name, host.processors
        );
    }
    text
}
