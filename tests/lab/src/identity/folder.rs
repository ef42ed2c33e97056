//! The organisation in one folder.
//!
//! ```text
//! before/ after/    both directories, exported at the middle and at the end of the time    reports/NAME.json    of each server
//! config.toml       of the aggregator, which reads the directories from `directory/`       truth.json           the true answer
//! ```

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use caliper_proto::{Access, AccessKey, Days, Instant, Inventory, NameRecord, Report, merge_all};
use jiff::{civil::Date, tz::TimeZone};

use super::{DOMAINS, Row, SERVERS, Scenario, directory, server_address, truth};

/// Files of the directories, in the order of the domains.
pub const DIRECTORIES: [&str; 2] = ["alpha.ldif", "beta.ldif"];

/// Writes it all.
pub fn write(scenario: &Scenario, folder: &Path) -> std::io::Result<()> {
    for (place, after) in [("before", false), ("after", true)] {
        fs_err::create_dir_all(folder.join(place))?;
        for (domain, file) in DIRECTORIES.iter().enumerate() {
            fs_err::write(folder.join(place).join(file), directory::ldif(scenario, domain, after))?;
        }
    }
    fs_err::create_dir_all(folder.join("reports"))?;
    for (server, (name, _, reports)) in SERVERS.iter().enumerate() {
        if *reports {
            fs_err::write(folder.join("reports").join(format!("{name}.json")), report(scenario, server).to_json())?;
        }
    }
    fs_err::write(folder.join("config.toml"), configuration())?;
    let truth = serde_json::to_string(&truth::truth(scenario))?;
    fs_err::write(folder.join("truth.json"), truth + "\n")
}

fn configuration() -> String {
    let mut text = "[listen]\npages = \"127.0.0.1:0\"\ngrpc = \"127.0.0.1:0\"\n\n[pages]\ntls = false\n".to_owned();
    for (domain, file) in DOMAINS.iter().zip(DIRECTORIES) {
        let _ = write!(
            text,
            "\n[[directory]]\nname = \"{}\"\nfile = \"directory/{file}\"\nnetbios = \"{}\"\n",
            domain.dns, domain.netbios
        );
    }
    // nobody's work is exempt, and both kinds of CAL cost the same, so that their number has one answer
    text += "\n[estate]\ncurrency = \"EUR\"\npool_over_time = false\n\n[estate.policy]\nadmin_exempt_per_server = 0\n";
    for kind in ["user", "device"] {
        let _ = write!(text, "\n[[estate.price]]\nsku = \"windows-server-cal/{kind}\"\nminor = 4000\n");
    }
    let servers: Vec<&str> = SERVERS.iter().filter(|(_, _, reports)| *reports).map(|(name, ..)| *name).collect();
    let _ = write!(text, "\n[[estate.host]]\nname = \"esx1\"\nprocessors = [16, 16]\nservers = {servers:?}\n");
    text
}

fn report(scenario: &Scenario, server: usize) -> Report {
    let mut days: BTreeMap<AccessKey, Days> = BTreeMap::new();
    for row in scenario.rows.iter().filter(|row| row.server == server) {
        let date = scenario.date(row.day);
        days.entry(key(row, date)).or_default().insert_date(date);
    }
    let accesses = days.into_iter().map(|(key, days)| {
        let dates = || days.dates(key.year);
        let first = dates().next().map_or(Instant::default(), |date| at(date, 8));
        let last = dates().last().map_or(Instant::default(), |date| at(date, 16));
        Access { total: u64::from(days.len()), key, days, first, last }
    });
    let (name, domain, _) = SERVERS[server];
    let inventory = Inventory {
        name: name.into(),
        domain: DOMAINS[domain].dns.into(),
        edition: Some("Standard".into()),
        version: Some("2022".into()),
        build: Some(20348),
        product_type: Some(if server < DOMAINS.len() { 2 } else { 3 }),
        is_virtual: Some(true),
        addresses: vec![server_address(server)],
        names: (scenario.names.iter().filter(|(of, ..)| *of == server))
            .map(|(_, address, name, day)| NameRecord {
                address: address.clone(),
                host_name: name.clone(),
                last: at(scenario.date(*day), 15),
            })
            .collect(),
        ..Inventory::default()
    };
    Report { server: inventory, accesses: merge_all(accesses), warnings: Vec::new() }
}

fn key(row: &Row, date: Date) -> AccessKey {
    AccessKey {
        service: row.service.0.into(),
        role_guid: row.service.1.into(),
        principal: row.principal.clone(),
        client: row.client.clone(),
        source: row.source,
        year: date.year(),
    }
}

/// The hour of a day in UTC.
fn at(date: Date, hour: i8) -> Instant {
    date.at(hour, 0, 0, 0).to_zoned(TimeZone::UTC).map_or(Instant::default(), |time| time.timestamp().into())
}
