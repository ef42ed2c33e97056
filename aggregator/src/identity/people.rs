//! Accounts to people (rule E.16): each join has a reason and a confidence, and what people decided by hand beats everything else.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use caliper_licensing::Confidence;
use serde::{Deserialize, Serialize};

use super::{Domain, KnownAccount};
use crate::{
    directory::{Account, AccountKind},
    pattern,
};

/// A number or an address that more accounts carry than this tells nobody apart: `0`, `n/a`, the mail of a help desk.
const MOST_ACCOUNTS: usize = 8;

/// A human being with all accounts (rule E.16).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Unique: `domain\name` of the account that stands for the others.
    pub id: String,
    /// For people to read.
    pub name: String,
    /// `domain\name` of each account, sorted.
    pub accounts: Vec<String>,
    /// Of the account that stands for the others.
    pub department: String,
    /// Whether all accounts are external (rule E.22).
    pub external: bool,
    /// Whether any account is enabled and still there; without one nobody needs a licence (rule E.19).
    pub active: bool,
    /// Whether any account holds no administrator's rights.
    pub ordinary: bool,
    /// How many people stand behind a shared account.
    pub stands_for: Option<u32>,
    /// Why the accounts are one person's: one less than there are accounts.
    pub joins: Vec<Join>,
    /// Lowest of the joins.
    pub confidence: Confidence,
}

/// Why two accounts are one person's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Join {
    /// `domain\name`.
    pub one: String,
    /// `domain\name`.
    pub other: String,
    /// In words.
    pub why: String,
    /// How sure.
    pub confidence: Confidence,
}

/// What somebody decided of two accounts, by their positions in the list of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// One account.
    pub one: usize,
    /// The other one.
    pub other: usize,
    /// Whether both are one person's.
    pub same: bool,
    /// Who said so, in words.
    pub said: String,
}

/// What is known of who is who beside the directories.
#[derive(Debug, Clone, Default)]
pub struct Known<'a> {
    /// Names of administrators' second accounts, with `*` for the everyday name.
    pub administrator_patterns: &'a [String],
    /// By hand; of one pair the last counts.
    pub decisions: Vec<Decision>,
}

/// `domain\name`, lower case; the directory's name where the domain has no short one.
pub(super) fn full_name(domains: &[Domain], account: &KnownAccount<'_>) -> String {
    let domain = &domains[account.domain];
    let label = if domain.netbios.is_empty() { &domain.name } else { &domain.netbios };
    format!("{}\\{}", label.to_lowercase(), account.account.name.to_lowercase())
}

/// People, sorted by id; of each account whose it is; and how many numbers and addresses tell nobody apart.
pub(super) fn people(
    domains: &[Domain],
    accounts: &[KnownAccount<'_>],
    known: &Known<'_>,
) -> (Vec<Person>, Vec<Option<u32>>, usize) {
    let mut joining = Joining::of(domains, accounts);
    joining.by_hand(&known.decisions);
    joining.by_history();
    joining.by_value("employee number", Confidence::H, |account| &account.employee);
    joining.by_value("mail address", Confidence::M, |account| &account.mail);
    joining.by_pattern(known.administrator_patterns);
    let crowded = joining.crowded;
    let mut people: Vec<(Person, Vec<usize>)> = joining.into_groups();
    people.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    let mut person_of = vec![None; accounts.len()];
    let mut previous = String::new();
    for (number, (person, members)) in people.iter_mut().enumerate() {
        for &at in members.iter() {
            person_of[at] = u32::try_from(number).ok();
        }
        // plain directories may hold a name twice
        if person.id == previous {
            person.id = format!("{}#{}", person.id, accounts[members[0]].account.guid);
        } else {
            previous.clone_from(&person.id);
        }
    }
    (people.into_iter().map(|(person, _)| person).collect(), person_of, crowded)
}

/// Groups under construction.
struct Joining<'a> {
    accounts: &'a [KnownAccount<'a>],
    names: Vec<String>,
    /// Accounts of human beings by name, so that their order in the input decides nothing.
    users: Vec<usize>,
    head: Vec<usize>,
    /// Of heads.
    members: Vec<Vec<usize>>,
    /// Of heads.
    joins: Vec<Vec<Join>>,
    /// By hand: not the same person as these.
    apart: HashMap<usize, BTreeSet<usize>>,
    crowded: usize,
}

impl<'a> Joining<'a> {
    fn of(domains: &[Domain], accounts: &'a [KnownAccount<'a>]) -> Self {
        let names: Vec<String> = accounts.iter().map(|account| full_name(domains, account)).collect();
        let mut users: Vec<usize> =
            (0..accounts.len()).filter(|at| accounts[*at].account.kind == AccountKind::User).collect();
        users.sort_by_key(|&at| (&names[at], &accounts[at].account.guid));
        Self {
            accounts,
            names,
            users,
            head: (0..accounts.len()).collect(),
            members: (0..accounts.len()).map(|at| vec![at]).collect(),
            joins: vec![Vec::new(); accounts.len()],
            apart: HashMap::new(),
            crowded: 0,
        }
    }

    fn account(&self, at: usize) -> &'a Account {
        self.accounts[at].account
    }

    fn find(&mut self, mut at: usize) -> usize {
        while self.head[at] != at {
            self.head[at] = self.head[self.head[at]];
            at = self.head[at];
        }
        at
    }

    /// Makes two groups one, unless that contradicts what was decided or known better.
    fn join(&mut self, one: usize, other: usize, why: impl FnOnce() -> String, confidence: Confidence) {
        let (a, b) = (self.find(one), self.find(other));
        // already one by a better reason
        if a == b || self.contradicts(a, b) {
            return;
        }
        let (head, joined) = if self.members[a].len() >= self.members[b].len() { (a, b) } else { (b, a) };
        self.head[joined] = head;
        let members = std::mem::take(&mut self.members[joined]);
        self.members[head].extend(members);
        let joins = std::mem::take(&mut self.joins[joined]);
        let (first, second) = if self.names[one] <= self.names[other] { (one, other) } else { (other, one) };
        let join = Join { one: self.names[first].clone(), other: self.names[second].clone(), why: why(), confidence };
        self.joins[head].extend(joins.into_iter().chain([join]));
    }

    /// Whether somebody said that a member of one group is not a member of the other.
    fn contradicts(&self, a: usize, b: usize) -> bool {
        let of = |member: &usize| self.apart.get(member).into_iter().flatten();
        !self.apart.is_empty() && self.members[a].iter().flat_map(of).any(|other| self.members[b].contains(other))
    }

    /// Different numbers of employees are different people, whatever less certain reasons say.
    fn other_employees(&mut self, one: usize, other: usize) -> bool {
        let (one, other) = (self.find(one), self.find(other));
        let numbers = |group: usize| {
            let texts = self.members[group].iter().map(|at| self.accounts[*at].account.employee.trim().to_lowercase());
            texts.filter(|number| tells(number)).collect::<BTreeSet<_>>()
        };
        let (a, b) = (numbers(one), numbers(other));
        !a.is_empty() && !b.is_empty() && a.is_disjoint(&b)
    }

    fn by_hand(&mut self, decisions: &[Decision]) {
        let pair = |decision: &Decision| (decision.one.min(decision.other), decision.one.max(decision.other));
        // the last decision of each pair, in an order that does not depend on positions
        let last: BTreeMap<(usize, usize), &Decision> = decisions.iter().map(|one| (pair(one), one)).collect();
        let mut last: Vec<&Decision> = last.into_values().filter(|decision| decision.one != decision.other).collect();
        last.sort_by_key(|decision| {
            let (one, other) = (&self.names[decision.one], &self.names[decision.other]);
            (one.min(other).clone(), one.max(other).clone())
        });
        for decision in last.iter().filter(|decision| !decision.same) {
            self.apart.entry(decision.one).or_default().insert(decision.other);
            self.apart.entry(decision.other).or_default().insert(decision.one);
        }
        let is_user = |at: usize| self.accounts[at].account.kind == AccountKind::User;
        for decision in last.into_iter().filter(|one| one.same && is_user(one.one) && is_user(one.other)) {
            self.join(decision.one, decision.other, || decision.said.clone(), Confidence::H);
        }
    }

    fn by_history(&mut self) {
        let users = self.users.clone();
        let with_sid = users.iter().filter(|at| !self.account(**at).sid.is_empty());
        let by_sid: HashMap<String, usize> = with_sid.map(|at| (self.account(*at).sid.to_lowercase(), *at)).collect();
        for &at in &users {
            for sid in &self.account(at).sid_history {
                if let Some(&other) = by_sid.get(&sid.to_lowercase()) {
                    self.join(at, other, || format!("had the other's SID before ({sid})"), Confidence::H);
                }
            }
        }
    }

    /// Accounts with the same value, unless too many have it. Shared accounts belong to nobody alone.
    fn by_value(&mut self, called: &str, sure: Confidence, value: impl Fn(&Account) -> &String) {
        let mut carriers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for &at in self.users.iter().filter(|at| self.accounts[**at].stands_for.is_none()) {
            let text = value(self.account(at)).trim().to_lowercase();
            if tells(&text) {
                carriers.entry(text).or_default().push(at);
            }
        }
        for (text, carriers) in carriers {
            if carriers.len() > MOST_ACCOUNTS {
                self.crowded += 1;
                continue;
            }
            for (place, &at) in carriers.iter().enumerate() {
                // whom the first carrier is not, a later one may be
                for &other in &carriers[..place] {
                    let doubt = if sure == Confidence::H {
                        self.accounts[at].domain != self.accounts[other].domain
                            && !alike(self.account(at), self.account(other))
                    } else {
                        self.other_employees(at, other)
                    };
                    if !doubt {
                        self.join(at, other, || format!("same {called} ({text})"), sure);
                    }
                }
            }
        }
    }

    /// Second accounts of administrators, told by their names.
    fn by_pattern(&mut self, patterns: &[String]) {
        let everyday = |at: &usize| !self.account(*at).administrator && self.accounts[*at].stands_for.is_none();
        let by_name: HashMap<(usize, String), usize> = (self.users.iter().copied().filter(everyday))
            .map(|at| ((self.accounts[at].domain, self.account(at).name.to_lowercase()), at))
            .collect();
        for at in self.users.clone() {
            let KnownAccount { account, domain, stands_for, .. } = self.accounts[at];
            if !account.administrator || stands_for.is_some() {
                continue;
            }
            let named = patterns.iter().filter_map(|pattern| {
                let everyday = pattern::middle(pattern, &account.name)?;
                Some((pattern, *by_name.get(&(domain, everyday))?))
            });
            for (pattern, other) in named.collect::<Vec<_>>() {
                if !self.other_employees(at, other) {
                    let why = || format!("named as an administrator's second account (“{pattern}”)");
                    self.join(at, other, why, Confidence::M);
                }
            }
        }
    }

    fn into_groups(self) -> Vec<(Person, Vec<usize>)> {
        let Self { accounts, names, users, members, joins, .. } = self;
        let is_user: BTreeSet<usize> = users.into_iter().collect();
        (members.into_iter().zip(joins))
            .filter(|(members, _)| members.first().is_some_and(|at| is_user.contains(at)))
            .map(|(members, joins)| person(accounts, &names, members, joins))
            .collect()
    }
}

/// Whether an employee number or mail address, in lower case, is one: `0`, `n/a`, `extern` and the like stand for none.
fn tells(text: &str) -> bool {
    let is_number = text.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    is_number || text.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty())
}

/// Whether two accounts may be one person's by their names, as far as they have any: one word in common.
fn alike(one: &Account, other: &Account) -> bool {
    let words = |account: &Account| -> BTreeSet<String> {
        let text = account.display_name.to_lowercase();
        let words = text.split(|letter: char| !letter.is_alphanumeric());
        words.filter(|word| word.chars().nth(1).is_some()).map(str::to_owned).collect()
    };
    let (one, other) = (words(one), words(other));
    one.is_empty() || other.is_empty() || !one.is_disjoint(&other)
}

fn person(
    accounts: &[KnownAccount<'_>],
    names: &[String],
    mut members: Vec<usize>,
    mut joins: Vec<Join>,
) -> (Person, Vec<usize>) {
    let active = |at: usize| accounts[at].present && accounts[at].account.enabled;
    // the everyday account stands for the others
    members.sort_by_key(|&at| {
        (!active(at), accounts[at].account.administrator, names[at].clone(), &accounts[at].account.guid)
    });
    let main = accounts[members[0]].account;
    let mut accounts_of: Vec<String> = members.iter().map(|at| names[*at].clone()).collect();
    accounts_of.sort_unstable();
    joins.sort_unstable();
    let shared = members.iter().filter_map(|at| accounts[*at].stands_for).max();
    let person = Person {
        id: names[members[0]].clone(),
        name: if main.display_name.is_empty() { main.name.clone() } else { main.display_name.clone() },
        accounts: accounts_of,
        department: main.department.clone(),
        external: members.iter().all(|at| accounts[*at].account.external),
        active: members.iter().any(|at| active(*at)),
        ordinary: members.iter().any(|at| !accounts[*at].account.administrator),
        stands_for: shared,
        confidence: joins.iter().map(|join| join.confidence).min().unwrap_or(Confidence::H),
        joins,
    };
    (person, members)
}

#[cfg(test)]
mod tests {
    use super::{super::machine::tests::computer, *};

    fn user(name: &str) -> Account {
        let display_name = format!("{name} Smith");
        Account { kind: AccountKind::User, guid: name.into(), display_name, ..computer(name, "", "") }
    }

    fn domains() -> Vec<Domain> {
        ["lab", "old"].map(|name| Domain { netbios: name.into(), dns: format!("{name}.net"), name: name.into() }).into()
    }

    fn known(domain: usize, account: &Account) -> KnownAccount<'_> {
        KnownAccount { domain, account, present: true, stands_for: None, earlier: &[] }
    }

    /// The accounts of each person who has several, with the reasons.
    fn joined(accounts: &[KnownAccount<'_>], known: &Known<'_>) -> Vec<(String, Vec<String>)> {
        let (people, person_of, _) = people(&domains(), accounts, known);
        assert!(people.iter().all(|person| person.joins.len() + 1 == person.accounts.len()));
        assert_eq!(person_of.iter().flatten().count(), accounts.len());
        let several = people.into_iter().filter(|person| person.accounts.len() > 1);
        several
            .map(|person| (person.accounts.join(" "), person.joins.into_iter().map(|join| join.why).collect()))
            .collect()
    }

    fn patterns() -> Vec<String> {
        super::super::PeopleSettings::default().administrator_patterns
    }

    #[test]
    fn each_join_says_why() {
        let sid = "S-1-5-21-9-9-9-7";
        let all = [
            Account { employee: "7".into(), mail: "jane@lab.net".into(), ..user("jane") },
            Account { employee: "7".into(), ..user("jane2") },
            Account { mail: "JANE@lab.net".into(), ..user("jane3") },
            Account { administrator: true, ..user("adm-jane") },
            Account { sid_history: vec![sid.to_lowercase()], ..user("bob") },
        ];
        let old = Account { sid: sid.into(), ..user("robert") };
        let mut accounts: Vec<_> = all.iter().map(|account| known(0, account)).collect();
        accounts.push(known(1, &old));
        let patterns = patterns();
        let sayings = Known { administrator_patterns: &patterns, ..Known::default() };
        let expected = [
            ("lab\\bob old\\robert", vec!["had the other's SID before (s-1-5-21-9-9-9-7)"]),
            (
                "lab\\adm-jane lab\\jane lab\\jane2 lab\\jane3",
                vec![
                    "named as an administrator's second account (“adm-*”)",
                    "same employee number (7)",
                    "same mail address (jane@lab.net)",
                ],
            ),
        ];
        let expected: Vec<_> = (expected.into_iter())
            .map(|(names, why)| (names.to_owned(), why.into_iter().map(str::to_owned).collect::<Vec<_>>()))
            .collect();
        assert_eq!(joined(&accounts, &sayings), expected);
        // whatever the order
        accounts.reverse();
        assert_eq!(joined(&accounts, &sayings), expected);
    }

    #[test]
    fn what_tells_nobody_apart_joins_nobody() {
        let many: Vec<Account> =
            (0..=MOST_ACCOUNTS).map(|at| Account { employee: "9999".into(), ..user(&format!("u{at}")) }).collect();
        let accounts: Vec<_> = many.iter().map(|account| known(0, account)).collect();
        let (people, _, crowded) = people(&domains(), &accounts, &Known::default());
        assert_eq!((people.len(), crowded), (MOST_ACCOUNTS + 1, 1));
        assert_eq!(joined(&accounts[1..], &Known::default()).len(), 1);

        // one mailbox, but two employees; one number in two firms, but no name in common; and nobody without administrators' rights
        let patterns = patterns();
        let sayings = Known { administrator_patterns: &patterns, ..Known::default() };
        let ann = Account {
            employee: "1".into(),
            mail: "desk@lab.net".into(),
            display_name: "Ann Lee".into(),
            ..user("ann")
        };
        let bob = Account { employee: "2".into(), mail: "desk@lab.net".into(), ..user("bob") };
        let other = Account { employee: "1".into(), display_name: "Max Weber".into(), ..user("max") };
        let no_rights = Account { employee: "3".into(), ..user("adm-ann") };
        let other_number = Account { employee: "4".into(), administrator: true, ..user("ann.adm") };
        let accounts =
            [known(0, &ann), known(0, &bob), known(1, &other), known(0, &no_rights), known(0, &other_number)];
        assert_eq!(joined(&accounts, &sayings), []);
        // a shared account is nobody's alone
        let kiosk = Account { mail: "desk@lab.net".into(), ..user("kiosk") };
        let shared = KnownAccount { stands_for: Some(9), ..known(0, &kiosk) };
        assert_eq!(joined(&[known(0, &bob), shared], &sayings), []);
    }

    #[test]
    fn what_was_decided_by_hand_beats_everything() {
        let one = Account { employee: "7".into(), ..user("a") };
        let two = Account { employee: "7".into(), ..user("b") };
        let three = Account { employee: "8".into(), ..user("c") };
        let four = Account { employee: "8".into(), ..user("d") };
        let accounts = [&one, &two, &three, &four].map(|account| known(0, account));
        let say = |one: usize, other: usize, same: bool| Decision { one, other, same, said: "eve said so".into() };
        let names = |decisions: &[Decision]| -> Vec<String> {
            let sayings = Known { decisions: decisions.to_vec(), ..Known::default() };
            joined(&accounts, &sayings).into_iter().map(|(names, _)| names).collect()
        };
        assert_eq!(names(&[]), ["lab\\a lab\\b", "lab\\c lab\\d"]);
        assert_eq!(names(&[say(1, 0, false)]), ["lab\\c lab\\d"]);
        assert_eq!(names(&[say(0, 2, true)]), ["lab\\a lab\\b lab\\c lab\\d"]);
        // the last word about a pair counts
        assert_eq!(names(&[say(0, 1, false), say(1, 0, true)]), ["lab\\a lab\\b", "lab\\c lab\\d"]);
        // nobody comes back through others: not b with d, though a is c
        assert_eq!(names(&[say(0, 2, true), say(1, 3, false)]), ["lab\\a lab\\b lab\\c"]);
        let sayings = Known { decisions: vec![say(0, 2, true)], ..Known::default() };
        let (people, ..) = people(&domains(), &accounts, &sayings);
        assert!(people[0].joins.iter().any(|join| join.why == "eve said so" && join.confidence == Confidence::H));
    }

    #[test]
    fn old_names_lead_to_the_account_unless_somebody_else_has_them_now() {
        use super::super::{Machines, Owner, Principal, Roster};
        let (domains, earlier) = (domains(), ["miller".to_owned(), "jane.miller@lab.net".to_owned(), "bob".to_owned()]);
        let (jane, bob) = (user("jane"), user("bob"));
        let accounts = [KnownAccount { earlier: &earlier, ..known(0, &jane) }, known(0, &bob)];
        let roster = Roster::new(&domains, accounts, &Known::default());
        let machines = Machines::new(&domains, [], []);
        for (principal, owner) in [
            ("lab\\Miller", Some("lab\\jane")),
            ("miller@lab.net", Some("lab\\jane")),
            ("jane.miller@lab.net", Some("lab\\jane")),
            ("lab\\bob", Some("lab\\bob")),
            ("old\\miller", None),
        ] {
            let found = roster.find(&Principal::parse(principal), &machines);
            let id = found.map(|found| match found.owner {
                Owner::Person(at) => roster.people()[at as usize].id.clone(),
                other => format!("{other:?}"),
            });
            assert_eq!(id.as_deref(), owner, "{principal}");
        }
    }

    #[test]
    fn placeholders_are_no_numbers() {
        for employee in ["0", "000000", "n/a", "extern", "-", " "] {
            let two = ["ann", "bob"].map(|name| Account { employee: employee.into(), ..user(name) });
            assert_eq!(joined(&[known(0, &two[0]), known(0, &two[1])], &Known::default()), [], "{employee}");
        }
        for employee in ["7", "E-0012", "A7 "] {
            let two = ["ann", "bob"].map(|name| Account { employee: employee.into(), ..user(name) });
            assert_eq!(joined(&[known(0, &two[0]), known(0, &two[1])], &Known::default()).len(), 1, "{employee}");
        }
    }

    #[test]
    fn a_name_given_to_somebody_else_means_either_in_turn() {
        use super::super::{Machines, Owner, Principal, Roster};
        let domains = domains();
        let at = |day: &str| Some(format!("{day}T10:00:00Z").parse::<jiff::Timestamp>().unwrap().into());
        let old =
            Account { guid: "old".into(), created: at("2020-01-01"), upn: "jane@firm.example".into(), ..user("jane") };
        let new =
            Account { guid: "new".into(), created: at("2026-03-01"), upn: "jane@firm.example".into(), ..user("jane") };
        let named = Account { guid: "third".into(), ..user("june") };
        let earlier = ["jane".to_owned()];
        let gone = KnownAccount { present: false, ..known(0, &old) };
        let machines = Machines::new(&domains, [], []);
        let guid = |roster: &Roster<'_>, principal: &str, day: i8| {
            let found = roster.find_on(&Principal::parse(principal), jiff::civil::date(2026, 3, day), &machines);
            found.map(|found| match found.owner {
                Owner::Person(person) => roster.owners().iter().position(|owner| *owner == Some(person)).unwrap(),
                other => panic!("{other:?}"),
            })
        };
        for accounts in
            [[known(0, &new), gone], [KnownAccount { earlier: &earlier, ..known(0, &named) }, known(0, &new)]]
        {
            // by position, whichever comes first
            let new_at = accounts.iter().position(|account| account.account.guid == "new").unwrap();
            let roster = Roster::new(&domains, accounts, &Known::default());
            for principal in ["lab\\jane", "jane@lab.net"] {
                assert_eq!(roster.turns(&Principal::parse(principal)), [jiff::civil::date(2026, 3, 1)], "{principal}");
                assert_eq!(guid(&roster, principal, 1), Some(new_at), "{principal}");
                let before = roster.find_on(&Principal::parse(principal), jiff::civil::date(2026, 2, 28), &machines);
                assert_ne!(
                    before.map(|found| found.owner),
                    Some(Owner::Person(roster.owners()[new_at].unwrap())),
                    "{principal}"
                );
            }
            assert_eq!(roster.turns(&Principal::parse("lab\\june")), []);
        }
        let roster = Roster::new(&domains, [known(0, &new), gone], &Known::default());
        assert_eq!(roster.turns(&Principal::parse("jane@firm.example")), [jiff::civil::date(2026, 3, 1)]);
    }
}
