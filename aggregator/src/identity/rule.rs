//! Rules by which people say what accounts stand for, where the directory does not (rules E.15, E.16, E.22).

use serde::{Deserialize, Serialize};

use super::Domain;
use crate::{
    directory::{Account, AccountKind},
    pattern,
};

/// Behind a shared account no more people are believed than that.
pub const MOST_PEOPLE: u32 = 1_000_000;

/// What an account stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A human being's own account.
    Person,
    /// The account somebody administers with, besides an everyday one (rule E.7).
    Administrator,
    /// A program's (rule E.15).
    Service,
    /// Several people's: a shared account, or an application's that stands for the people behind it (rules 0.8, E.16).
    Shared,
    /// That of somebody who is neither employee nor on-site contractor (rule E.22).
    External,
    /// A machine's.
    Computer,
}

impl Class {
    /// All that a rule can say, with the words for it.
    pub const OF_RULES: [(Self, &'static str, &'static str); 5] = [
        (Self::Person, "person", "Person"),
        (Self::Administrator, "administrator", "Administrator's second account"),
        (Self::Service, "service", "Service account"),
        (Self::Shared, "shared", "Shared account"),
        (Self::External, "external", "External person"),
    ];

    /// As stored and configured.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::OF_RULES.iter().find(|(class, ..)| *class == self).map_or("computer", |(_, word, _)| word)
    }

    /// The reverse of [`Class::as_str`], for those a rule can say.
    #[must_use]
    pub fn of_rule(text: &str) -> Option<Self> {
        Self::OF_RULES.iter().find(|(_, word, _)| *word == text).map(|(class, ..)| *class)
    }
}

/// Where a rule looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// The account's name, with or without `domain\` before it.
    Name,
    /// The distinguished name.
    Dn,
    /// The user principal name.
    Upn,
    /// The mail address.
    Mail,
    /// The department.
    Department,
}

impl Field {
    /// All of them, as stored and configured, and as shown.
    pub const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Name, "name", "Account name"),
        (Self::Dn, "dn", "Distinguished name"),
        (Self::Upn, "upn", "User principal name"),
        (Self::Mail, "mail", "Mail address"),
        (Self::Department, "department", "Department"),
    ];

    /// As stored and configured.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(field, ..)| *field == self).map_or("", |(_, word, _)| word)
    }

    /// The reverse of [`Field::as_str`].
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, word, _)| *word == text).map(|(field, ..)| *field)
    }
}

/// `[[people.rule]]`, or one made on the pages: accounts like this stand for that. The first rule that fits decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Where to look.
    pub field: Field,
    /// With `*` for any text; case does not matter.
    pub like: String,
    /// What such accounts stand for.
    pub is: Class,
    /// How many people share such an account; of `shared` only, and needed there.
    #[serde(default)]
    pub people: Option<u32>,
}

impl Rule {
    /// What is wrong with it, if anything, as the end of a sentence.
    #[must_use]
    pub fn objection(&self) -> Option<String> {
        if self.like.trim_matches(['*', ' ']).is_empty() {
            return Some("would fit every account: write what the accounts have in common beside `*`".into());
        }
        if self.is == Class::Computer {
            return Some(
                "cannot make an account a computer: use person, administrator, service, shared or external".into(),
            );
        }
        match (self.is, self.people) {
            (Class::Shared, None) => {
                Some("says `shared` without how many people share such an account: add `people`".into())
            }
            (Class::Shared, Some(people)) if !(1..=MOST_PEOPLE).contains(&people) => {
                Some(format!("says {people} people, outside 1 to {MOST_PEOPLE}"))
            }
            (Class::Shared, Some(_)) | (_, None) => None,
            (_, Some(_)) => Some("says `people`, which only `shared` can have: remove it".into()),
        }
    }

    /// Whether it speaks of this account.
    #[must_use]
    pub fn fits(&self, domain: &Domain, account: &Account) -> bool {
        let text = match self.field {
            Field::Name => &account.name,
            Field::Dn => &account.dn,
            Field::Upn => &account.upn,
            Field::Mail => &account.mail,
            Field::Department => &account.department,
        };
        !text.is_empty() && pattern::fits(&self.like, text)
            || self.field == Field::Name
                && self.like.contains('\\')
                && [&domain.netbios, &domain.dns]
                    .iter()
                    .any(|label| !label.is_empty() && pattern::fits(&self.like, &format!("{label}\\{text}")))
    }

    /// In words, for reasons.
    #[must_use]
    pub fn words(&self) -> String {
        let field = Field::ALL.iter().find(|(field, ..)| *field == self.field).map_or("", |(.., label)| label);
        format!("{} like “{}”", field.to_lowercase(), self.like)
    }
}

/// What an account stands for, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What it stands for.
    pub class: Class,
    /// How many people stand behind it, if not one.
    pub stands_for: Option<u32>,
    /// Why, as part of a sentence.
    pub why: String,
}

impl Standing {
    /// By the first rule that fits, otherwise as the directory says. Machines are never the rules' business.
    #[must_use]
    pub fn of(rules: &[Rule], domain: &Domain, account: &Account) -> Self {
        let plain = |class, why: &str| Self { class, stands_for: None, why: why.to_owned() };
        if account.kind == AccountKind::Computer {
            return plain(Class::Computer, "machine account");
        }
        if let Some(rule) = rules.iter().find(|rule| rule.fits(domain, account)) {
            let why = format!("rule: {}", rule.words());
            return Self { class: rule.is, stands_for: rule.people.filter(|_| rule.is == Class::Shared), why };
        }
        let said = |otherwise| if account.why.is_empty() { otherwise } else { account.why.as_str() };
        match account.kind {
            AccountKind::Service => plain(Class::Service, said("service account by the directory's settings")),
            _ if account.external => plain(Class::External, said("member of a group of external people")),
            _ if account.administrator => plain(Class::Administrator, "holds administrators' rights"),
            _ => plain(Class::Person, "ordinary account"),
        }
    }

    /// Makes the account what it stands for.
    pub fn apply(&self, account: &mut Account) {
        match self.class {
            Class::Computer => return,
            Class::Service => account.kind = AccountKind::Service,
            Class::Person | Class::Administrator | Class::Shared | Class::External => account.kind = AccountKind::User,
        }
        account.external = self.class == Class::External;
        account.administrator |= self.class == Class::Administrator;
    }
}

#[cfg(test)]
mod tests {
    use super::{super::machine::tests::computer, *};

    fn rule(field: Field, like: &str, is: Class) -> Rule {
        Rule { field, like: like.into(), is, people: (is == Class::Shared).then_some(12) }
    }

    fn user(name: &str) -> Account {
        Account { kind: AccountKind::User, ..computer(name, "", "") }
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let domain = Domain { netbios: "lab".into(), dns: "lab.net".into(), name: "lab".into() };
        let rules = [
            rule(Field::Name, "LAB\\kiosk-0*", Class::Service),
            rule(Field::Name, "kiosk-*", Class::Shared),
            rule(Field::Dn, "*,ou=Partners,*", Class::External),
            rule(Field::Mail, "*@agency.example", Class::External),
            rule(Field::Department, "Robots", Class::Service),
        ];
        let in_unit = Account { dn: "CN=x,OU=partners,DC=lab,DC=net".into(), ..user("ann") };
        let by_mail = Account { mail: "bo@Agency.example".into(), ..user("bo") };
        let robot = Account { department: "robots".into(), external: true, ..user("r2") };
        let born = Account { administrator: true, ..user("root") };
        let spn = Account { kind: AccountKind::Service, why: "has service principal names".into(), ..user("sql") };
        for (account, class, stands_for, why) in [
            (user("kiosk-01"), Class::Service, None, "rule: account name like “LAB\\kiosk-0*”"),
            (user("Kiosk-11"), Class::Shared, Some(12), "rule: account name like “kiosk-*”"),
            (in_unit, Class::External, None, "rule: distinguished name like “*,ou=Partners,*”"),
            (by_mail, Class::External, None, "rule: mail address like “*@agency.example”"),
            (robot, Class::Service, None, "rule: department like “Robots”"),
            (born, Class::Administrator, None, "holds administrators' rights"),
            (spn, Class::Service, None, "has service principal names"),
            (user("jane"), Class::Person, None, "ordinary account"),
            (computer("KIOSK-01$", "", ""), Class::Computer, None, "machine account"),
        ] {
            let mut account = account;
            let found = Standing::of(&rules, &domain, &account);
            assert_eq!((found.class, found.stands_for, found.why.as_str()), (class, stands_for, why));
            found.apply(&mut account);
            assert_eq!(account.kind == AccountKind::Service, class == Class::Service);
            assert_eq!(account.external, class == Class::External);
        }
        // without the domain in the directory, a rule with one fits nobody
        assert!(!rules[0].fits(&Domain::default(), &user("kiosk-01")));
    }

    #[test]
    fn rules_that_cannot_be_meant_are_refused() {
        let ok = rule(Field::Name, "kiosk-*", Class::Shared);
        assert_eq!(ok.objection(), None);
        for (rule, part) in [
            (Rule { like: "**".into(), ..ok.clone() }, "every account"),
            (Rule { is: Class::Computer, ..ok.clone() }, "a computer"),
            (Rule { people: None, ..ok.clone() }, "add `people`"),
            (Rule { people: Some(0), ..ok.clone() }, "0 people"),
            (Rule { people: Some(MOST_PEOPLE + 1), ..ok.clone() }, "1000001 people"),
            (Rule { is: Class::Person, ..ok.clone() }, "remove it"),
        ] {
            let said = rule.objection().unwrap();
            assert!(said.contains(part), "{said}");
        }
    }
}
