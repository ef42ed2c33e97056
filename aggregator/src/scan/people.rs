//! What rules, decisions and the mapping make of the directories' accounts, before evidence is met with them.

use std::collections::{BTreeMap, HashMap};

use rusqlite::Transaction;

use super::mapping::Mapped;
use crate::{
    identity::{Class, Decision, Domain, Known, KnownAccount, Roster, Rule, Standing},
    store::{
        StoreError,
        directory::{self, StoredAccount},
        people::{AccountKey, StoredDecision, Taken},
    },
};

/// Everything that says who is who.
#[derive(Debug, Clone)]
pub(super) struct Sayings {
    pub rules: Vec<Rule>,
    pub administrator_patterns: Vec<String>,
    pub mapping: Vec<Mapped>,
    pub decisions: Vec<StoredDecision>,
}

/// Accounts as they count, with what they had been called.
pub(super) struct Accounts {
    pub domains: Vec<Domain>,
    stored: Vec<StoredAccount>,
    standings: Vec<Standing>,
    domain_of: Vec<usize>,
    earlier: Vec<Vec<String>>,
    sayings: Sayings,
    decisions: Vec<Decision>,
    /// Accounts of the mapping that no directory knows.
    pub unknown: usize,
}

impl Accounts {
    /// Reads the directories and lets rules decide what each account stands for.
    pub fn read(tx: &Transaction<'_>, sayings: Sayings) -> Result<Self, StoreError> {
        let directories = directory::directories(tx)?;
        let mut stored = directory::accounts(tx)?;
        let mut names = directory::earlier_names(tx)?;
        let domains: Vec<Domain> = (directories.iter())
            .map(|(_, known)| Domain {
                netbios: known.netbios.clone(),
                dns: known.dns.clone(),
                name: known.name.clone(),
            })
            .collect();
        let place: HashMap<i64, usize> = directories.iter().enumerate().map(|(at, (row, _))| (*row, at)).collect();
        let domain_of: Vec<usize> =
            stored.iter().map(|account| place.get(&account.directory).copied().unwrap_or_default()).collect();
        let mut standings = Vec::with_capacity(stored.len());
        let mut earlier = Vec::with_capacity(stored.len());
        for (stored, &domain) in stored.iter_mut().zip(&domain_of) {
            let standing = Standing::of(&sayings.rules, &domains[domain], &stored.account);
            standing.apply(&mut stored.account);
            standings.push(standing);
            earlier.push(names.remove(&key(stored)).unwrap_or_default());
        }
        let mut accounts =
            Self { domains, stored, standings, domain_of, earlier, sayings, decisions: Vec::new(), unknown: 0 };
        accounts.decide();
        Ok(accounts)
    }

    /// Finds the accounts that the mapping and decisions by hand speak of; those by hand count last.
    fn decide(&mut self) {
        let mut by_name: HashMap<String, usize> = HashMap::new();
        // those present last: they win over those gone that had the same name
        let mut order: Vec<usize> = (0..self.stored.len()).collect();
        order.sort_by_key(|&at| self.stored[at].gone.is_none());
        for at in order.into_iter().filter(|_| !self.sayings.mapping.is_empty()) {
            let (account, domain) = (&self.stored[at].account, &self.domains[self.domain_of[at]]);
            let labels = [&domain.netbios, &domain.dns, &domain.name].into_iter().filter(|label| !label.is_empty());
            let full = labels.map(|label| format!("{label}\\{}", account.name));
            for name in full.chain([account.upn.clone(), account.sid.clone()]).filter(|name| !name.is_empty()) {
                by_name.insert(name.to_lowercase(), at);
            }
        }
        let mut of_person: BTreeMap<&str, usize> = BTreeMap::new();
        let mut decisions = Vec::new();
        for row in &self.sayings.mapping {
            let Some(&at) = by_name.get(&row.account.to_lowercase()) else {
                self.unknown += 1;
                continue;
            };
            match of_person.get(row.person.as_str()) {
                Some(&one) => {
                    let said = format!("the mapping says so (line {})", row.line);
                    decisions.push(Decision { one, other: at, same: true, said });
                }
                None => drop(of_person.insert(&row.person, at)),
            }
        }
        let place: HashMap<AccountKey, usize> = self.stored.iter().enumerate().map(|(at, it)| (key(it), at)).collect();
        for StoredDecision { one, other, same, made, made_by } in &self.sayings.decisions {
            // an account whose directory is gone decides nothing
            let (Some(&one), Some(&other)) = (place.get(one), place.get(other)) else { continue };
            let said = format!("{made_by} said so on {}", made.date());
            decisions.push(Decision { one, other, same: *same, said });
        }
        self.decisions = decisions;
    }

    /// As the rest of the scan takes them.
    pub fn known(&self) -> Vec<KnownAccount<'_>> {
        (self.stored.iter().zip(&self.standings).zip(self.domain_of.iter().zip(&self.earlier)))
            .map(|((stored, standing), (&domain, earlier))| KnownAccount {
                domain,
                account: &stored.account,
                present: stored.gone.is_none(),
                stands_for: standing.stands_for,
                earlier,
            })
            .collect()
    }

    /// What says who is who beside the directories.
    pub fn sayings(&self) -> Known<'_> {
        Known { administrator_patterns: &self.sayings.administrator_patterns, decisions: self.decisions.clone() }
    }

    /// What each account is taken for, to be shown.
    pub fn taken(&self, roster: &Roster<'_>) -> Vec<Taken> {
        (self.stored.iter().zip(&self.standings).zip(roster.owners().iter().zip(roster.names())))
            .map(|((stored, standing), (owner, name))| {
                let person = owner.map(|at| &roster.people()[at as usize]);
                // the account with the rights of somebody who has no other one is for everything (E.7)
                let born = stored.account.sid.ends_with("-500");
                let only = person.is_some_and(|person| !person.ordinary) && !born;
                let class = match standing.class {
                    Class::Administrator if only => Class::Person,
                    class => class,
                };
                let mut why = standing.why.clone();
                if class != standing.class {
                    why.push_str(", but is this person's only account");
                }
                if stored.gone.is_some() {
                    why.push_str("; no longer in the directory");
                } else if !stored.account.enabled {
                    why.push_str(if stored.account.expires.is_some() { "; disabled or expired" } else { "; disabled" });
                }
                Taken {
                    account: key(stored),
                    name,
                    stands_for: standing.stands_for,
                    class: class.as_str(),
                    why,
                    person: person.map(|person| person.id.clone()).unwrap_or_default(),
                }
            })
            .collect()
    }
}

fn key(stored: &StoredAccount) -> AccountKey {
    (stored.directory, stored.account.guid.clone())
}
