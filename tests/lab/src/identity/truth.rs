//! The true answer: whose each account is, which machine stands behind each row, and how many CALs that takes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Expect, Kind, Scenario, server_id};

/// The value of the `format` key.
pub const FORMAT: &str = "caliper-lab.identity/1";

/// The whole answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Truth {
    /// [`FORMAT`].
    pub format: String,
    /// What it was made from.
    pub seed: u64,
    /// Last day.
    pub as_of: String,
    /// User and Device CALs of the smallest mix; both kinds cost the same here.
    pub cals: u64,
    /// All that was seen, each once.
    pub rows: Vec<RowTruth>,
}

/// Rows of one server, principal and client with the same answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RowTruth {
    /// `name.domain`.
    pub server: String,
    /// As written.
    pub principal: String,
    /// As written.
    pub client: String,
    /// Which account; empty: a machine's own.
    pub account: String,
    /// Whose; empty: nobody's.
    pub person: String,
    /// Still here (rule E.19).
    pub active: bool,
    /// Which machine.
    pub device: String,
    /// What can be told of it.
    pub expect: Expect,
    /// In order.
    pub days: Vec<String>,
}

/// Server, principal, client, account, device, what can be told.
type Key<'a> = (usize, &'a str, &'a str, Option<usize>, String, Expect);

/// Works it out.
pub(super) fn truth(scenario: &Scenario) -> Truth {
    let mut rows: BTreeMap<Key<'_>, BTreeSet<usize>> = BTreeMap::new();
    // what servers do by themselves is nobody's
    for row in scenario.rows.iter().filter(|row| row.account.is_some() || row.machine.is_some()) {
        let device = match (row.machine, row.through) {
            (Some(machine), _) => device_label(scenario, machine),
            (None, through) => through.map(server_id).unwrap_or_default(),
        };
        let key = (row.server, row.principal.as_str(), row.client.as_str(), row.account, device, row.expect);
        rows.entry(key).or_default().insert(row.day);
    }
    let rows = rows.into_iter().map(|((server, principal, client, account, device, expect), days)| {
        let of = account.map(|at| &scenario.accounts[at]);
        let person = of.and_then(|account| account.person);
        RowTruth {
            server: server_id(server),
            principal: principal.to_owned(),
            client: client.to_owned(),
            account: of
                .map(|account| format!("{}\\{}#{}", account.domain, account.name, account.rid))
                .unwrap_or_default(),
            person: person.map(|at| format!("person-{at:04}")).unwrap_or_default(),
            active: person.is_none_or(|at| scenario.people[at].active),
            device,
            expect,
            days: days.into_iter().map(|day| scenario.date(day).to_string()).collect(),
        }
    });
    let rows: Vec<RowTruth> = rows.collect();
    Truth { format: FORMAT.into(), seed: scenario.seed, as_of: scenario.as_of.to_string(), cals: cals(scenario), rows }
}

fn device_label(scenario: &Scenario, machine: usize) -> String {
    let known = &scenario.machines[machine];
    format!("{}#{machine}", known.host)
}

/// The fewest CALs: one for everybody who works on a server, where no machine can hold one (rule E.6); one for each machine that nobody who
/// is still here works at (rule E.28) but a program or several people by one account (rules E.15, E.16); and of the rest the fewest people
/// and machines with one at an end of every pair, which are as many as pairs of which no two share an end (Kőnig).
fn cals(scenario: &Scenario) -> u64 {
    let mut on_servers: BTreeSet<usize> = BTreeSet::new();
    let mut pairs: BTreeSet<(usize, usize)> = BTreeSet::new();
    let mut alone: BTreeSet<usize> = BTreeSet::new();
    for row in &scenario.rows {
        let Some(account) = row.account.map(|at| &scenario.accounts[at]) else {
            alone.extend(row.machine);
            continue;
        };
        match (account.person, row.machine) {
            (Some(person), _) if !scenario.people[person].active => {}
            (Some(person), Some(machine)) => drop(pairs.insert((person, machine))),
            (Some(person), None) => drop(on_servers.insert(person)),
            (None, Some(machine)) => {
                debug_assert!(matches!(account.kind, Kind::Service | Kind::Shared));
                alone.insert(machine);
            }
            (None, None) => {}
        }
    }
    let used: BTreeSet<usize> = pairs.iter().map(|(_, machine)| *machine).collect();
    let alone = alone.difference(&used).count();
    let mut machines_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (person, machine) in pairs {
        if !on_servers.contains(&person) {
            machines_of.entry(person).or_default().push(machine);
        }
    }
    (on_servers.len() + alone + most_disjoint(&machines_of)) as u64
}

/// The most pairs of which no two share an end, by augmenting paths.
fn most_disjoint(machines_of: &BTreeMap<usize, Vec<usize>>) -> usize {
    fn place(
        person: usize,
        machines_of: &BTreeMap<usize, Vec<usize>>,
        tried: &mut BTreeSet<usize>,
        taken: &mut BTreeMap<usize, usize>,
    ) -> bool {
        for &machine in &machines_of[&person] {
            if tried.insert(machine)
                && taken.get(&machine).copied().is_none_or(|other| place(other, machines_of, tried, taken))
            {
                taken.insert(machine, person);
                return true;
            }
        }
        false
    }
    let mut taken = BTreeMap::new();
    machines_of.keys().filter(|person| place(**person, machines_of, &mut BTreeSet::new(), &mut taken)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: three people at one kiosk need one; a fourth with a machine of her own makes two.
    #[test]
    fn pairs_by_hand() {
        let of = |pairs: &[(usize, usize)]| {
            let mut machines_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
            for (person, machine) in pairs {
                machines_of.entry(*person).or_default().push(*machine);
            }
            most_disjoint(&machines_of)
        };
        assert_eq!(of(&[(0, 0), (1, 0), (2, 0)]), 1);
        assert_eq!(of(&[(0, 0), (1, 0), (2, 0), (3, 0), (3, 1)]), 2);
        // an augmenting path: 0 must move from machine 0 to 1
        assert_eq!(of(&[(0, 0), (0, 1), (1, 0)]), 2);
        assert_eq!(of(&[]), 0);
    }
}
