//! People and their accounts: how many each has, what ties them together, and what looks as if it did.

use super::{DOMAINS, EXPORTED, Scenario, WINDOW};
use crate::random::Random;

/// How hard people's accounts are to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum People {
    /// One each, so that only machines are muddled.
    Clear,
    /// As in real directories.
    Muddled,
}

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Of a person.
    User,
    /// A person's second one, with administrator's rights.
    Administrator,
    /// A program's.
    Service,
    /// Of several people at one machine.
    Shared,
}

/// What an account was called before it was renamed.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// Account name.
    pub name: String,
    /// User principal name.
    pub upn: String,
    /// Mail address.
    pub mail: String,
    /// For people to read.
    pub display: String,
}

/// One account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Index of the domain.
    pub domain: usize,
    /// What it is for.
    pub kind: Kind,
    /// Account name.
    pub name: String,
    /// User principal name.
    pub upn: String,
    /// Mail address, or empty.
    pub mail: String,
    /// Number of the employee, or empty, or what people type where a number is asked for.
    pub employee: String,
    /// For people to read.
    pub display: String,
    /// Last part of the SID.
    pub rid: u32,
    /// Account whose SID it had before a migration.
    pub history: Option<usize>,
    /// Whose it is.
    pub person: Option<usize>,
    /// First day on which it can be used.
    pub from: usize,
    /// First day on which it cannot any more.
    pub to: usize,
    /// Before it was renamed between the two exports.
    pub earlier: Option<Earlier>,
    /// Whether it is deleted once it cannot be used any more, not only disabled.
    pub deleted: bool,
}

/// Where somebody works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At machines of their own.
    Office,
    /// In shifts at machines for everybody.
    Shift,
    /// Behind an address that a whole branch shares.
    Branch,
    /// On a terminal server, from a terminal.
    Terminal,
}

/// A human being.
#[derive(Debug, Clone)]
pub struct Person {
    /// Indexes.
    pub accounts: Vec<usize>,
    /// Indexes of the machines they work at.
    pub machines: Vec<usize>,
    /// Where.
    pub place: Place,
    /// Whether they also work from home.
    pub home: bool,
    /// Still here at the end (rule E.19).
    pub active: bool,
}

const GIVEN: [(&str, &str); 24] = [
    ("Anna", "anna"),
    ("Björn", "bjoern"),
    ("Chloé", "chloe"),
    ("Dağhan", "daghan"),
    ("Elif", "elif"),
    ("François", "francois"),
    ("Grace", "grace"),
    ("Håkon", "haakon"),
    ("Inês", "ines"),
    ("Jürgen", "juergen"),
    ("Karin", "karin"),
    ("Łukasz", "lukasz"),
    ("María", "maria"),
    ("Niamh", "niamh"),
    ("Ole", "ole"),
    ("Peter", "peter"),
    ("Quentin", "quentin"),
    ("Renée", "renee"),
    ("Sofia", "sofia"),
    ("Thomas", "thomas"),
    ("Uta", "uta"),
    ("Vít", "vit"),
    ("Wiebke", "wiebke"),
    ("Zoë", "zoe"),
];
const FAMILY: [(&str, &str); 30] = [
    ("Ahrens", "ahrens"),
    ("Böhm", "boehm"),
    ("Çelik", "celik"),
    ("Dvořák", "dvorak"),
    ("Eriksen", "eriksen"),
    ("Fuchs", "fuchs"),
    ("García", "garcia"),
    ("Hansen", "hansen"),
    ("Ibsen", "ibsen"),
    ("Jansen", "jansen"),
    ("Kowalski", "kowalski"),
    ("Lang", "lang"),
    ("Müller", "mueller"),
    ("Novák", "novak"),
    ("O'Brien", "obrien"),
    ("Peters", "peters"),
    ("Quast", "quast"),
    ("Roth", "roth"),
    ("Schmidt", "schmidt"),
    ("Tanaka", "tanaka"),
    ("Ulrich", "ulrich"),
    ("Vogel", "vogel"),
    ("Weber", "weber"),
    ("Xu", "xu"),
    ("Yılmaz", "yilmaz"),
    ("Zimmer", "zimmer"),
    ("Oberhauser", "oberhauser"),
    ("Lindgren", "lindgren"),
    ("Moreau", "moreau"),
    ("Fischer", "fischer"),
];

/// Account names that Active Directory allows and programs trip over.
const HOSTILE: [(&str, &str); 12] = [
    ("Ìpek \"İ\" Yılmaz", "ipek.yılmaz"),
    ("Jörg, Groß", "jörg.groß"),
    ("Мария Иванова", "мария.иванова"),
    ("山田 太郎", "山田.太郎"),
    ("=HYPERLINK(\"http://x\")", "o'neil'--"),
    ("<script>alert(1)</script>", "x&y(z)"),
    ("Anna \u{202e}gnp.exe", "anna_%like%"),
    ("Robert'); DROP TABLE person;--", "bobby tables"),
    ("*)(uid=*", "star)(uid=#"),
    ("\\\\server\\share", "back.slash{0}"),
    ("Ðorđe 😀", "dorde.😀"),
    ("+49 40 1234", "+49.40"),
];

struct Hiring<'a> {
    scenario: &'a mut Scenario,
    random: &'a mut Random,
    rid: u32,
    names: std::collections::HashSet<String>,
}

/// Hires people until there are `people`.
pub(super) fn hire(scenario: &mut Scenario, random: &mut Random, people: usize, of: People) {
    let mut hiring = Hiring { scenario, random, rid: 1100, names: std::collections::HashSet::new() };
    for (display, name) in HOSTILE {
        let domain = hiring.random.below(2);
        let person = hiring.person(Place::Office);
        hiring.account(person, domain, Kind::User, name, display);
        let account = hiring.last();
        account.employee = format!("{}", 900_000 + account.rid);
    }
    // each kind once, whatever the size, then by chance
    let mut round = 0;
    while hiring.scenario.people.len() < people {
        let kind = match of {
            People::Muddled if round < 11 => round * 9,
            People::Muddled => hiring.random.below(100),
            // one account each
            People::Clear => 99,
        };
        hiring.somebody(kind);
        round += 1;
    }
    hiring.programs();
}

impl Hiring<'_> {
    fn last(&mut self) -> &mut Account {
        self.scenario.accounts.last_mut().expect("an account was just made")
    }

    fn person(&mut self, place: Place) -> usize {
        let home = place == Place::Office && self.random.chance(15);
        let person = Person { accounts: Vec::new(), machines: Vec::new(), place, home, active: true };
        self.scenario.people.push(person);
        self.scenario.people.len() - 1
    }

    fn place(&mut self) -> Place {
        match self.random.below(100) {
            0..60 => Place::Office,
            60..80 => Place::Shift,
            80..90 => Place::Branch,
            _ => Place::Terminal,
        }
    }

    /// A name to read and one to sign in by that nobody has.
    fn name(&mut self) -> (String, String) {
        loop {
            let (given, family) = (*self.random.pick(&GIVEN), *self.random.pick(&FAMILY));
            let mut login = format!("{}.{}", given.1, family.1);
            if self.random.chance(15) {
                // longer than the 20 characters of an account name
                login = format!("{}.{}-{}", given.1, family.1, self.random.pick(&FAMILY).1);
            }
            if self.names.contains(&login.chars().take(20).collect::<String>()) {
                login = format!("{}.{}{}", given.1, family.1, self.random.below(1000));
            }
            // an account's name ends after 20 characters
            if self.names.insert(login.chars().take(20).collect()) {
                return (format!("{} {}", given.0, family.0), login);
            }
        }
    }

    fn account(&mut self, person: usize, domain: usize, kind: Kind, login: &str, display: &str) -> usize {
        let at = self.scenario.accounts.len();
        self.rid += 1;
        self.scenario.accounts.push(Account {
            domain,
            kind,
            name: login.chars().take(20).collect::<String>().trim_end_matches('.').to_owned(),
            upn: format!("{login}@{}", DOMAINS[domain].dns).replace(' ', "_"),
            mail: String::new(),
            employee: String::new(),
            display: display.to_owned(),
            rid: self.rid,
            history: None,
            person: Some(person),
            from: 0,
            to: WINDOW,
            earlier: None,
            deleted: false,
        });
        self.scenario.people[person].accounts.push(at);
        at
    }

    /// An ordinary person with one ordinary account; returns both with the name to sign in by.
    fn ordinary(&mut self, domain: usize) -> (usize, usize, String) {
        let (display, login) = self.name();
        let place = self.place();
        let person = self.person(place);
        let at = self.account(person, domain, Kind::User, &login, &display);
        let numbered = self.random.chance(85);
        let other_suffix = self.random.chance(30);
        let account = &mut self.scenario.accounts[at];
        account.mail = format!("{login}@corp.example");
        if numbered {
            account.employee = format!("{}", 100_000 + account.rid);
        }
        if other_suffix {
            account.upn = format!("{login}@corp.example");
        }
        (person, at, login)
    }

    fn administrator(&mut self, person: usize, of: usize, login: &str) -> usize {
        let (domain, display) = (self.scenario.accounts[of].domain, self.scenario.accounts[of].display.clone());
        // the name of the account must fit into 20 characters with what is put before or behind it
        let short: String = login.chars().take(10).collect();
        let short = if login.len() > 14 { format!("{short}{}", self.rid) } else { login.to_owned() };
        if short != login {
            // so that the pattern leads back to the name
            let account = &mut self.scenario.accounts[of];
            account.name.clone_from(&short);
        }
        let name = match self.random.below(3) {
            0 => format!("adm-{short}"),
            1 => format!("{short}-adm"),
            _ => format!("adm_{short}"),
        };
        self.account(person, domain, Kind::Administrator, &name, &format!("{display} (admin)"))
    }

    fn same_number(&mut self, at: usize, of: usize) {
        let number = self.scenario.accounts[of].employee.clone();
        self.scenario.accounts[at].employee = number;
    }

    fn somebody(&mut self, kind: usize) {
        let domain = usize::from(self.random.chance(35));
        match kind {
            // two accounts in one domain, one to administer with; by number or only by the pattern of the name
            0..10 => {
                let (person, of, login) = self.ordinary(domain);
                let at = self.administrator(person, of, &login);
                if self.random.chance(50) {
                    self.same_number(at, of);
                }
                self.scenario.people[person].place = Place::Office;
            }
            // migrated from one domain to the other
            10..19 => {
                let (person, old, login) = self.ordinary(0);
                let (when, display) =
                    (self.random.between(20, EXPORTED - 2), self.scenario.accounts[old].display.clone());
                let new = self.account(person, 1, Kind::User, &login, &display);
                let numbered = self.random.chance(50);
                let (employee, mail) = (self.scenario.accounts[old].employee.clone(), format!("{login}@corp.example"));
                self.scenario.accounts[old].to = when;
                let account = &mut self.scenario.accounts[new];
                (account.from, account.history) = (when, Some(old));
                if numbered {
                    (account.employee, account.mail) = (employee, mail);
                }
            }
            // one in each domain by the same mail address, one to administer each with
            19..25 => {
                let (person, first, login) = self.ordinary(0);
                let display = self.scenario.accounts[first].display.clone();
                let admin = self.administrator(person, first, &login);
                let name = self.scenario.accounts[first].name.clone();
                let second = self.account(person, 1, Kind::User, &name, &display);
                let mail = self.scenario.accounts[first].mail.clone();
                self.scenario.accounts[second].mail = mail;
                let other = self.administrator(person, second, &name);
                for at in [admin, other] {
                    if self.random.chance(50) {
                        self.same_number(at, first);
                    }
                }
                self.scenario.people[person].place = Place::Office;
            }
            // one in each domain under different names, by the number or the mail address
            25..31 => {
                let (person, first, login) = self.ordinary(0);
                let display = self.scenario.accounts[first].display.clone();
                let name: String =
                    format!("b{}", login.chars().take(6).filter(|letter| *letter != '.').collect::<String>());
                let name = format!("{name}{}", self.rid);
                let second = self.account(person, 1, Kind::User, &name, &display);
                let by_number = self.random.chance(50) && !self.scenario.accounts[first].employee.is_empty();
                if by_number {
                    self.same_number(second, first);
                } else {
                    self.scenario.accounts[second].mail = self.scenario.accounts[first].mail.to_uppercase();
                }
            }
            // married between the two exports
            31..36 => {
                let (_, at, login) = self.ordinary(domain);
                let (display, other) = self.name();
                let given = self.scenario.accounts[at].display.split(' ').next().unwrap_or_default().to_owned();
                let family = display.split(' ').next_back().unwrap_or_default().to_owned();
                let new = format!(
                    "{}.{}",
                    login.split('.').next().unwrap_or_default(),
                    other.split('.').next_back().unwrap_or("x")
                );
                if !self.names.insert(new.chars().take(20).collect()) {
                    return;
                }
                let account = &mut self.scenario.accounts[at];
                account.earlier = Some(Earlier {
                    name: account.name.clone(),
                    upn: account.upn.clone(),
                    mail: account.mail.clone(),
                    display: account.display.clone(),
                });
                account.name = new.chars().take(20).collect();
                account.upn = account.upn.replace(&login, &new);
                account.mail = account.mail.replace(&login, &new);
                account.display = format!("{given} {family}");
            }
            // somebody left, and the account's name went to somebody else
            36..40 => {
                let (leaver, old, login) = self.ordinary(domain);
                let display = self.scenario.accounts[old].display.clone();
                let person = self.person(Place::Office);
                let new = self.account(person, domain, Kind::User, &login, &display);
                self.scenario.people[leaver].active = false;
                self.scenario.people[leaver].place = Place::Office;
                let account = &mut self.scenario.accounts[old];
                (account.to, account.deleted) = (EXPORTED + 1, true);
                let (name, upn) = (account.name.clone(), account.upn.clone());
                let account = &mut self.scenario.accounts[new];
                (account.from, account.name, account.upn) = (EXPORTED + 6, name, upn);
                account.employee = format!("{}", 100_000 + account.rid);
            }
            // two people who are called the same, one without number
            40..45 => {
                let (_, one, login) = self.ordinary(domain);
                let display = self.scenario.accounts[one].display.clone();
                let place = self.place();
                let person = self.person(place);
                let at = self.account(
                    person,
                    domain,
                    Kind::User,
                    &format!("{}2", login.chars().take(19).collect::<String>()),
                    &display,
                );
                let numbered = self.random.chance(50);
                let account = &mut self.scenario.accounts[at];
                account.mail = format!("{login}.2@corp.example");
                if numbered {
                    account.employee = format!("{}", 100_000 + account.rid);
                }
            }
            // two people of one account name in two domains
            45..48 => {
                let (_, one, login) = self.ordinary(0);
                let place = self.place();
                let person = self.person(place);
                let (display, _) = self.name();
                let at = self.account(person, 1, Kind::User, &login, &display);
                self.scenario.accounts[one].upn = format!("{login}@{}", DOMAINS[0].dns);
                let account = &mut self.scenario.accounts[at];
                account.employee = format!("{}", 100_000 + account.rid);
                account.mail = format!("{login}@beta.example");
            }
            // people of other firms: what stands where the number should is none
            48..52 => {
                let word = *self.random.pick(&["0", "n/a", "extern", "000000", "-"]);
                for _ in 0..2 {
                    let (_, at, _) = self.ordinary(domain);
                    word.clone_into(&mut self.scenario.accounts[at].employee);
                }
            }
            // colleagues with one mailbox, by different numbers
            52..54 => {
                let (_, one, login) = self.ordinary(domain);
                let (_, two, _) = self.ordinary(domain);
                for at in [one, two] {
                    let account = &mut self.scenario.accounts[at];
                    account.mail = format!("team-{login}@corp.example");
                    account.employee = format!("{}", 100_000 + account.rid);
                }
            }
            // left during the window
            54..57 => {
                let (person, at, _) = self.ordinary(domain);
                self.scenario.people[person].active = false;
                self.scenario.people[person].place = Place::Office;
                self.scenario.accounts[at].to = self.random.between(20, 60);
            }
            _ => {
                self.ordinary(domain);
            }
        }
    }

    fn programs(&mut self) {
        let shared = (self.scenario.people.len() / 100).max(1);
        for number in 0..shared + 2 {
            let (name, kind) = match number {
                0 => ("svc-backup".to_owned(), Kind::Service),
                1 => ("sqlagent".to_owned(), Kind::Service),
                _ => (format!("reception{number}"), Kind::Shared),
            };
            let person = self.scenario.people.len();
            // nobody's: taken out of the people again
            self.person(Place::Office);
            let display = name.clone();
            self.account(person, 0, kind, &name, &display);
            self.last().person = None;
            self.scenario.people.pop();
        }
    }
}
