//! Accounts by every name a log may use, and the people who own them.

use std::collections::HashMap;

use caliper_licensing::Confidence;
use jiff::civil::Date;

use super::{
    Machines, Principal,
    people::{Known, Person, full_name, people},
};
use crate::directory::{Account, AccountKind};

/// Names of one directory's domain, lower case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Domain {
    /// Short name; empty if unknown.
    pub netbios: String,
    /// Long name; empty if unknown.
    pub dns: String,
    /// As in the configuration.
    pub name: String,
}

impl Domain {
    /// Whether logs may write `text` (lower case) for this domain.
    #[must_use]
    pub fn is_called(&self, text: &str) -> bool {
        !text.is_empty() && (text == self.netbios || text == self.dns)
    }
}

/// An account and where it is.
#[derive(Debug, Clone, Copy)]
pub struct KnownAccount<'a> {
    /// Index of its domain.
    pub domain: usize,
    /// The account.
    pub account: &'a Account,
    /// Whether the last synchronisation found it.
    pub present: bool,
    /// How many people stand behind it, if it is a shared one.
    pub stands_for: Option<u32>,
    /// Names and user principal names that it had before.
    pub earlier: &'a [String],
}

/// What a principal belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Index into [`Roster::people`].
    Person(u32),
    /// A service account (rule E.15).
    Service,
    /// Index into the machines.
    Machine(u32),
}

/// An answer with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Whose account it is.
    pub owner: Owner,
    /// Whether the account is one only to administer with: the domain's born administrator, or the second account,
    /// with administrator's rights, of somebody who also has an ordinary one (rule E.7).
    pub administration: bool,
    /// How sure.
    pub confidence: Confidence,
    /// Why, in words.
    pub reason: &'static str,
}

/// Accounts and people, findable.
#[derive(Debug)]
pub struct Roster<'a> {
    domains: &'a [Domain],
    accounts: Vec<KnownAccount<'a>>,
    /// Owner of each account that is a person's.
    person_of: Vec<Option<u32>>,
    people: Vec<Person>,
    by_sid: HashMap<String, usize>,
    by_name: HashMap<(usize, String), usize>,
    by_bare_name: HashMap<String, Vec<usize>>,
    by_upn: HashMap<String, usize>,
    by_mail: HashMap<String, Vec<usize>>,
    by_earlier_name: HashMap<(usize, String), usize>,
    by_earlier_upn: HashMap<String, usize>,
    /// Of names that meant several accounts one after the other, these, the oldest first; without a domain: user principal names.
    in_turn: HashMap<(Option<usize>, String), Vec<usize>>,
    crowded: usize,
}

impl<'a> Roster<'a> {
    /// Joins accounts into people and makes them findable. The order of the accounts changes nothing but numbers.
    #[must_use]
    pub fn new(domains: &'a [Domain], accounts: impl IntoIterator<Item = KnownAccount<'a>>, known: &Known<'_>) -> Self {
        let accounts: Vec<KnownAccount<'a>> = accounts.into_iter().collect();
        let (people, person_of, crowded) = people(domains, &accounts, known);
        let mut roster = Self {
            domains,
            person_of,
            people,
            by_sid: HashMap::new(),
            by_name: HashMap::new(),
            by_bare_name: HashMap::new(),
            by_upn: HashMap::new(),
            by_mail: HashMap::new(),
            by_earlier_name: HashMap::new(),
            by_earlier_upn: HashMap::new(),
            in_turn: HashMap::new(),
            crowded,
            accounts,
        };
        // present accounts last: they win over those gone that had the same name
        let mut order: Vec<usize> = (0..roster.accounts.len()).collect();
        order.sort_by_key(|at| roster.accounts[*at].present);
        for &at in &order {
            for sid in &roster.accounts[at].account.sid_history {
                roster.by_sid.insert(sid.to_lowercase(), at);
            }
            for name in roster.accounts[at].earlier {
                let (name, domain) = (name.to_lowercase(), roster.accounts[at].domain);
                if name.contains('@') {
                    roster.by_earlier_upn.insert(name, at);
                } else {
                    roster.by_earlier_name.insert((domain, name), at);
                }
            }
        }
        for at in order {
            let KnownAccount { domain, account, .. } = roster.accounts[at];
            let name = account.name.to_lowercase();
            roster.by_name.insert((domain, name.clone()), at);
            roster.by_bare_name.entry(name).or_default().push(at);
            if !account.sid.is_empty() {
                roster.by_sid.insert(account.sid.to_lowercase(), at);
            }
            if !account.upn.is_empty() {
                roster.by_upn.insert(account.upn.to_lowercase(), at);
            }
            if !account.mail.is_empty() {
                roster.by_mail.entry(account.mail.to_lowercase()).or_default().push(at);
            }
        }
        roster.in_turn = roster.in_turn();
        roster
    }

    fn in_turn(&self) -> HashMap<(Option<usize>, String), Vec<usize>> {
        let mut all: HashMap<(Option<usize>, String), Vec<usize>> = HashMap::new();
        for (at, KnownAccount { domain, account, earlier, .. }) in self.accounts.iter().enumerate() {
            for name in [&account.name, &account.upn].into_iter().chain(*earlier).filter(|name| !name.is_empty()) {
                let domain = (!name.contains('@')).then_some(*domain);
                let holders = all.entry((domain, name.to_lowercase())).or_default();
                if !holders.contains(&at) {
                    holders.push(at);
                }
            }
        }
        all.retain(|_, holders| holders.len() > 1);
        for holders in all.values_mut() {
            holders.sort_by_key(|&at| {
                let KnownAccount { account, present, .. } = &self.accounts[at];
                (account.created, *present, &account.guid)
            });
        }
        all
    }

    /// Accounts that a principal's name meant one after the other, if there were several.
    fn holders(&self, principal: &Principal) -> Option<&Vec<usize>> {
        match principal {
            Principal::Name { domain: Some(domain), name } => {
                let domain = self.domains.iter().position(|known| known.is_called(domain))?;
                self.in_turn.get(&(Some(domain), name.clone()))
            }
            Principal::Upn { name, domain } => {
                let of_domain = self.domains.iter().position(|known| known.is_called(domain));
                let whole = self.in_turn.get(&(None, format!("{name}@{domain}")));
                whole.or_else(|| self.in_turn.get(&(Some(of_domain?), name.clone())))
            }
            _ => None,
        }
    }

    /// Days on which a principal's name begins to mean another account than before, ascending: somebody left, and somebody else got the
    /// name. Empty for nearly all.
    #[must_use]
    pub fn turns(&self, principal: &Principal) -> Vec<Date> {
        let later = self.holders(principal).into_iter().flat_map(|holders| &holders[1..]);
        let mut days: Vec<Date> =
            later.filter_map(|at| self.accounts[*at].account.created).map(caliper_proto::Instant::date).collect();
        days.dedup();
        days
    }

    /// As [`Roster::find`], for a name used on this day: of several accounts that had it the one made last before.
    #[must_use]
    pub fn find_on(&self, principal: &Principal, day: Date, machines: &Machines) -> Option<Match> {
        let Some(holders) = self.holders(principal) else { return self.find(principal, machines) };
        let made = |at: &usize| self.accounts[*at].account.created.is_none_or(|created| created.date() <= day);
        let at = holders.iter().rev().find(|at| made(at)).or(holders.first())?;
        self.matched(*at, Confidence::M, "had this name on that day", machines)
    }

    /// Everybody, in the order of their numbers.
    #[must_use]
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// The number of each account's owner, in the order of the accounts.
    #[must_use]
    pub fn owners(&self) -> &[Option<u32>] {
        &self.person_of
    }

    /// `domain\name` of each account, in the order of the accounts.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.accounts.iter().map(|account| full_name(self.domains, account))
    }

    /// How many employee numbers and mail addresses too many accounts carry to tell anybody by.
    #[must_use]
    pub fn crowded(&self) -> usize {
        self.crowded
    }

    /// Whose account it is: by SID, then domain and name, then UPN, then mail (rule I.3). `None`: nobody's known here.
    #[must_use]
    pub fn find(&self, principal: &Principal, machines: &Machines) -> Option<Match> {
        let (at, confidence, reason) = match principal {
            Principal::Nobody(_) => return None,
            Principal::Sid(sid) => (*self.by_sid.get(sid)?, Confidence::H, "same SID"),
            Principal::Name { domain: Some(domain), name } => self.in_domain(domain, name)?,
            Principal::Name { domain: None, name } => {
                (self.only(self.by_bare_name.get(name)?)?, Confidence::M, "the only account of that name")
            }
            Principal::Upn { name, domain } => {
                let whole = format!("{name}@{domain}");
                let by_mail = || self.by_mail.get(&whole).and_then(|all| self.only(all));
                if let Some(at) = self.by_upn.get(&whole) {
                    (*at, Confidence::H, "same user principal name")
                } else if let Some(found) = self.in_domain(domain, name) {
                    found
                } else if let Some(at) = self.by_earlier_upn.get(&whole) {
                    (*at, Confidence::M, "user principal name that the account had before")
                } else {
                    (by_mail()?, Confidence::M, "same mail address")
                }
            }
        };
        self.matched(at, confidence, reason, machines)
    }

    fn in_domain(&self, domain: &str, name: &str) -> Option<(usize, Confidence, &'static str)> {
        let called = self.domains.iter().position(|known| known.is_called(domain));
        if let Some(called) = called {
            let key = (called, name.to_owned());
            if let Some(at) = self.by_name.get(&key) {
                return Some((*at, Confidence::H, "same domain and name"));
            }
            return Some((*self.by_earlier_name.get(&key)?, Confidence::M, "name that the account had before"));
        }
        // a directory that does not say what its domain is called may be meant; a directory that does may not
        let unnamed = |at: &usize| self.domains[self.accounts[*at].domain].netbios.is_empty();
        let fitting: Vec<usize> = self.by_bare_name.get(name)?.iter().copied().filter(unnamed).collect();
        Some((self.only(&fitting)?, Confidence::L, "same name in a directory that names no domain"))
    }

    /// The only account, or the only person behind several.
    fn only(&self, fitting: &[usize]) -> Option<usize> {
        let first = *fitting.first()?;
        let same = |at: &usize| self.person_of[*at].is_some() && self.person_of[*at] == self.person_of[first];
        (fitting.len() == 1 || fitting.iter().all(same)).then_some(first)
    }

    fn matched(&self, at: usize, confidence: Confidence, reason: &'static str, machines: &Machines) -> Option<Match> {
        let account = self.accounts[at].account;
        let mut administration = false;
        let mut joined = Confidence::H;
        let owner = match account.kind {
            AccountKind::Service => Owner::Service,
            AccountKind::Computer => {
                let by_name = || machines.known(account.name.trim_end_matches('$').to_lowercase().as_str());
                Owner::Machine(machines.by_sid(&account.sid.to_lowercase()).or_else(by_name)?)
            }
            AccountKind::User => {
                let person = self.person_of[at]?;
                let found = &self.people[person as usize];
                administration = account.administrator && (account.sid.ends_with("-500") || found.ordinary);
                joined = found.confidence;
                Owner::Person(person)
            }
        };
        Some(Match { owner, administration, confidence: confidence.min(joined), reason })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::machine::tests::computer, *};

    fn user(name: &str, sid: &str) -> Account {
        Account { kind: AccountKind::User, sid: sid.into(), guid: name.into(), ..computer(name, "", "") }
    }

    fn domains() -> Vec<Domain> {
        vec![
            Domain { netbios: "lab".into(), dns: "lab.net".into(), name: "lab".into() },
            Domain { netbios: String::new(), dns: "example.com".into(), name: "plain".into() },
        ]
    }

    fn known(domain: usize, account: &Account) -> KnownAccount<'_> {
        KnownAccount { domain, account, present: true, stands_for: None, earlier: &[] }
    }

    /// Jane with two accounts, Bob, a service, a machine, the born administrator, and two strangers in a plain directory.
    fn accounts() -> Vec<(usize, Account)> {
        vec![
            (
                0,
                Account { employee: "7".into(), upn: "jane.doe@lab.net".into(), ..user("Jane", "S-1-5-21-1-2-3-1101") },
            ),
            (0, Account { employee: "7".into(), administrator: true, ..user("adm-jane", "S-1-5-21-1-2-3-1102") }),
            (0, Account { mail: "bob@lab.example".into(), ..user("bob", "S-1-5-21-1-2-3-1103") }),
            (0, Account { kind: AccountKind::Service, ..user("sqlsvc", "S-1-5-21-1-2-3-1104") }),
            (0, computer("PC-1$", "pc-1.lab.net", "Windows 11")),
            (0, Account { administrator: true, ..user("Verwalter", "S-1-5-21-1-2-3-500") }),
            (0, Account { administrator: true, ..user("only-admin", "S-1-5-21-1-2-3-1105") }),
            (1, Account { sid_history: vec!["S-1-5-21-9-9-9-1".into()], ..user("zoe", "") }),
            (1, Account { mail: "BOB@lab.example".into(), ..user("robert", "") }),
        ]
    }

    fn found(principal: &str) -> Option<(String, bool, Confidence)> {
        let (domains, accounts) = (domains(), accounts());
        let machines = Machines::new(&domains, accounts.iter().map(|(domain, account)| (*domain, account)), []);
        let roster =
            Roster::new(&domains, accounts.iter().map(|(domain, account)| known(*domain, account)), &Known::default());
        let found = roster.find(&Principal::parse(principal), &machines)?;
        let owner = match found.owner {
            Owner::Person(at) => roster.people()[at as usize].id.clone(),
            Owner::Service => "service".into(),
            Owner::Machine(at) => machines.get(at).id.clone(),
        };
        Some((owner, found.administration, found.confidence))
    }

    #[test]
    fn principals_find_their_owner_in_the_order_of_rule_i3() {
        use Confidence::{H, L, M};
        for (principal, owner, administration, confidence) in [
            ("S-1-5-21-1-2-3-1101", "lab\\jane", false, H),
            ("LAB\\JANE", "lab\\jane", false, H),
            ("lab.net\\jane", "lab\\jane", false, H),
            ("jane.doe@LAB.NET", "lab\\jane", false, H),
            // the implicit user principal name: account name and long name of the domain
            ("jane@lab.net", "lab\\jane", false, H),
            ("jane", "lab\\jane", false, M),
            // E.7: a second account, with administrator's rights, of somebody who has an ordinary one
            ("lab\\adm-jane", "lab\\jane", true, H),
            ("lab\\verwalter", "lab\\verwalter", true, H),
            // the only account somebody has is for everything
            ("lab\\only-admin", "lab\\only-admin", false, H),
            // two directories, joined by mail
            ("lab\\bob", "lab\\bob", false, M),
            ("robert", "lab\\bob", false, M),
            ("bob@lab.example", "lab\\bob", false, M),
            ("lab\\sqlsvc", "service", false, H),
            ("lab\\pc-1$", "pc-1.lab.net", false, H),
            ("S-1-5-21-9-9-9-1", "plain\\zoe", false, H),
            ("WORK\\zoe", "plain\\zoe", false, L),
        ] {
            assert_eq!(found(principal), Some((owner.to_owned(), administration, confidence)), "{principal}");
        }
        // a golden ticket's user, a local account, another domain's account: nobody known
        for principal in ["lab\\ghost", "DC-1\\jane", "jane@other.net", "S-1-5-21-1-2-3-9999", "nt authority\\system"] {
            assert_eq!(found(principal), None, "{principal}");
        }
    }

    #[test]
    fn a_person_is_active_while_any_account_is() {
        let domains = domains();
        let (enabled, disabled) = (user("jane", "S-1-5-21-1-2-3-1"), user("jane2", "S-1-5-21-1-2-3-2"));
        let enabled = Account { employee: "7".into(), ..enabled };
        let disabled = Account { employee: "7".into(), enabled: false, ..disabled };
        for (accounts, active) in [
            (vec![known(0, &enabled), known(0, &disabled)], true),
            (vec![known(0, &disabled)], false),
            (vec![KnownAccount { present: false, ..known(0, &enabled) }, known(0, &disabled)], false),
        ] {
            let roster = Roster::new(&domains, accounts, &Known::default());
            assert_eq!(roster.people().len(), 1);
            assert_eq!(roster.people()[0].active, active);
        }
    }

    #[test]
    fn the_order_of_accounts_changes_nothing() {
        let (domains, accounts) = (domains(), accounts());
        let forward =
            Roster::new(&domains, accounts.iter().map(|(domain, account)| known(*domain, account)), &Known::default());
        let backward = Roster::new(
            &domains,
            accounts.iter().rev().map(|(domain, account)| known(*domain, account)),
            &Known::default(),
        );
        assert_eq!(forward.people(), backward.people());
        assert_eq!(forward.people().len(), 5, "{:#?}", forward.people());
    }
}
