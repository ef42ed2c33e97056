//! What each row of evidence stands for, so that people can check it row by row.

use caliper_licensing::{Confidence, catalogue::Catalogue};
use jiff::civil::Date;
use rusqlite::Transaction;

use super::{
    EstateSettings, Window,
    accesses::{self, Ask, Who},
    estate::device_facts,
    machines::Fleet,
    people::{Accounts, Sayings},
};
use crate::{
    identity::{Machines, Roster},
    store::{StoreError, evidence},
};

/// What a row of evidence stands for, for people to check.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Match {
    /// Id of the server.
    pub server: String,
    /// As the log wrote it.
    pub principal: String,
    /// As the log wrote it.
    pub client: String,
    /// Days of the window, with spaces between.
    pub days: String,
    /// Id of the person, or of the machine whose own account it is; empty: nobody's.
    pub person: String,
    /// `known`, `unresolved`, `service`, `machine` or `nobody`.
    pub who: &'static str,
    /// Id of the device; empty: none that could be counted.
    pub device: String,
    /// Of the device, as in the lists of a scan, or empty.
    pub kind: &'static str,
    /// How sure it is that the row is the device's, or empty.
    pub confidence: &'static str,
}

/// Hands over what each row of the window that ends on `as_of` stands for; rows that no person or device stands behind, as those between
/// servers, are left out. Ends when `each` says `false`.
pub(super) fn read(
    tx: &Transaction<'_>,
    settings: &EstateSettings,
    sayings: Sayings,
    catalogue: &Catalogue,
    as_of: Date,
    mut each: impl FnMut(Match) -> bool,
) -> Result<(), StoreError> {
    let window = Window::ending(as_of, settings.policy.window_days);
    let fleet = Fleet::of(evidence::servers(tx)?, catalogue);
    let accounts = Accounts::read(tx, sayings)?;
    let (domains, known) = (&accounts.domains, accounts.known());
    let servers = fleet.servers.iter().map(|server| (server.inventory.name.as_str(), server.inventory.domain.as_str()));
    let mut machines = Machines::new(domains, known.iter().map(|known| (known.domain, known.account)), servers);
    machines.name_earlier(domains, &known);
    let roster = Roster::new(domains, known.iter().copied(), &accounts.sayings());
    let ask = (Ask::Matches, &window);
    let found = accesses::read(tx, ask, catalogue, &fleet, domains, &roster, &mut machines)?;
    for one in &found.matches {
        let (person, who) = match &one.who {
            Who::Person { person, .. } => (roster.people()[*person as usize].id.clone(), "known"),
            Who::Unresolved(principal) => (principal.clone(), "unresolved"),
            Who::Service => (String::new(), "service"),
            Who::Machine(machine) => (machines.get(*machine).id.clone(), "machine"),
            Who::Nobody => (String::new(), "nobody"),
        };
        let device = one.device.map(|at| &found.devices.list[at as usize]);
        let device = device.map(|(device, seen)| device_facts(&machines, device, seen));
        let (device, kind) = device.map_or((String::new(), ""), |facts| (facts.id, facts.kind));
        let confidence = match one.device.and(one.confidence) {
            Some(Confidence::H) => "H",
            Some(Confidence::M) => "M",
            Some(Confidence::L) => "L",
            Some(Confidence::K) => "K",
            None => "",
        };
        let days = one.years.iter().flat_map(|(year, days)| days.dates(*year)).map(|date| date.to_string());
        let days = days.collect::<Vec<_>>().join(" ");
        let server = fleet.servers[one.server as usize].id.clone();
        let (principal, client) = (evidence::text(tx, one.principal)?, evidence::text(tx, one.client)?);
        if !each(Match { server, principal, client, days, person, who, device, kind, confidence }) {
            break;
        }
    }
    Ok(())
}
