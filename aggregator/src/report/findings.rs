//! What a position says beside its lines, in sentences: broken terms first, then how certain the numbers are, what to find
//! out, other readings of the contract, suites, and what can be taken back.

use caliper_licensing::{
    FamilyPurchase, GivenSuites, Interval, Line, Pool, Position, Purchase, Reading, Reclaim, Servers, SuiteOffer, ToDo,
    Violation,
};

use crate::web::text::{Count, Money, family, product};

/// Sentences under one heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// For example `Terms that are broken`.
    pub heading: &'static str,
    /// An anchor for links, unique.
    pub anchor: &'static str,
    /// At least one.
    pub sentences: Vec<String>,
}

/// Everything there is something to say about.
#[must_use]
pub fn findings(position: &Position) -> Vec<Finding> {
    let lines = position.lines.iter().chain(position.servers.iter().flat_map(|choice| &choice.lines));
    let currency = lines.map(|line| line.currency.as_str()).find(|code| !code.is_empty());
    let money = |minor| Money { minor, currency: currency.unwrap_or_default().to_owned() };
    let all = [
        ("Terms that are broken", "broken", position.violations.iter().map(broken).collect()),
        ("How certain the numbers are", "certain", position.intervals.iter().map(interval).collect()),
        (
            "What to find out, most valuable first",
            "find-out",
            position.to_do.iter().map(|to_do| find_out(to_do, &money)).collect(),
        ),
        ("Where the contract can be read otherwise", "readings", position.readings.iter().map(reading).collect()),
        (
            "What to buy beside the CALs owned",
            "purchases",
            (position.purchase.iter().map(|purchase| ("windows-server-cal", purchase)))
                .chain(position.purchases.iter().map(|FamilyPurchase { cal, purchase }| (cal.as_str(), purchase)))
                .filter(|(_, purchase)| purchase.cost_minor > 0 || purchase.saving_minor > 0)
                .map(|(cal, purchase)| cals(cal, purchase))
                .collect(),
        ),
        (
            "Editions for the server licences owned",
            "servers",
            (position.servers.iter().filter(|choice| choice.cost_minor > 0 || choice.saving_minor > 0))
                .map(|choice| editions(choice, &money))
                .collect(),
        ),
        (
            "Suites",
            "suites",
            (position.given_suites.iter().map(|given| given_suites(given, &money)))
                .chain(position.suites.iter().map(|offer| suites(offer, "CALs", &money)))
                .chain(
                    position
                        .server_suites
                        .iter()
                        .map(|offer| suites(offer, "licences to run and manage the hosts", &money)),
                )
                .collect(),
        ),
        ("What can be taken back", "take-back", position.reclaim.iter().map(|row| take_back(row, &money)).collect()),
        (
            "Over time",
            "over-time",
            (position.pool.iter().map(|pool| over_time("windows-server-cal", pool)))
                .chain(position.pools.iter().map(|of| over_time(&of.cal, &of.pool)))
                .collect(),
        ),
    ];
    let said = all.into_iter().filter(|(_, _, sentences): &(_, _, Vec<String>)| !sentences.is_empty());
    said.map(|(heading, anchor, sentences)| Finding { heading, anchor, sentences }).collect()
}

/// One sentence with a capital letter unless it begins with a name like `esx1` or `dc.example`, its rules before the full stop.
pub(super) fn sentence(text: &str, rules: &[String]) -> String {
    let text = text.trim_end_matches('.');
    let first = text.split(' ').next().unwrap_or_default();
    let is_word = first.chars().all(|letter| letter.is_alphabetic() || "-,:'".contains(letter));
    let mut letters = text.chars();
    let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    let capital = if is_word { capital } else { text.to_owned() };
    match (rules.is_empty(), text.ends_with(['?', '!'])) {
        (true, true) => capital,
        (true, false) => format!("{capital}."),
        (false, _) => format!("{capital} ({}).", rules.join(", ")),
    }
}

fn broken(violation: &Violation) -> String {
    let Violation { of, what, remedy, rules } = violation;
    format!("{of}: {} {}", sentence(what, rules), sentence(remedy, &[]))
}

fn interval(interval: &Interval) -> String {
    let Interval { of, unit, lowest, likely, highest, open_ended } = interval;
    let (lowest, likely, highest) = (Count(*lowest), Count(*likely), Count(*highest));
    let begin = format!("{}: at least {lowest}, most likely {likely}", family(of, unit));
    if *open_ended {
        format!("{begin} or more; what is not known could add any number.")
    } else {
        format!("{begin}, at most {highest}.")
    }
}

fn find_out(to_do: &ToDo, money: &impl Fn(u64) -> Money) -> String {
    let hangs = match (to_do.may_add, to_do.may_add_minor) {
        (0, _) => String::new(),
        (count, 0) => format!(" Licences that hang on it: up to {}.", Count(count)),
        (count, minor) => format!(" Licences that hang on it: up to {}, {}.", Count(count), money(minor)),
    };
    format!("{}{hangs}", sentence(&to_do.what, &to_do.rules))
}

fn reading(reading: &Reading) -> String {
    let lines = reading.lines.iter().map(|line| {
        format!("{} {} instead of {}", product(&line.sku, &line.version), Count(line.otherwise), Count(line.needed))
    });
    let lines: Vec<String> = lines.collect();
    // one switch and its value, or how else it would be done in words
    let policy = if reading.policy.contains('=') { "policy " } else { "" };
    format!("{} With {policy}{}: {}.", sentence(&reading.question, &[]), reading.policy, lines.join("; "))
}

fn editions(choice: &Servers, money: &impl Fn(u64) -> Money) -> String {
    let verdict = verdict("no choice", choice.proven, &money(choice.lower_bound_minor));
    let cost = money(choice.cost_minor);
    if choice.saving_minor == 0 {
        return format!("What the hosts are short of above costs {cost}; {verdict}.");
    }
    format!(
        "The cheapest choice for all hosts costs {cost}, {} less than what is short above: {}; {verdict}.",
        money(choice.saving_minor),
        use_and_buy(&choice.lines)
    )
}

/// `cal` is the family.
fn cals(cal: &str, purchase: &Purchase) -> String {
    let currency = purchase.lines.iter().map(|line| line.currency.as_str()).find(|code| !code.is_empty());
    let money = |minor| Money { minor, currency: currency.unwrap_or_default().to_owned() };
    let verdict = verdict("no purchase", purchase.proven, &money(purchase.lower_bound_minor));
    let (cals, cost) = (family(cal, "cal"), money(purchase.cost_minor));
    if purchase.saving_minor == 0 {
        return format!("{cals}: what is short above costs {cost}; {verdict}.");
    }
    format!(
        "{cals}: the cheapest purchase costs {cost}, {} less than what is short above: {}; {verdict}.",
        money(purchase.saving_minor),
        use_and_buy(&purchase.lines)
    )
}

fn verdict(none: &str, proven: bool, bound: &Money) -> String {
    if proven { format!("{none} is cheaper") } else { format!("none can cost less than {bound}") }
}

/// What to use of what is owned, and what to buy, line by line.
fn use_and_buy(lines: &[Line]) -> String {
    let lines = lines.iter().filter(|line| line.needed > 0).map(|line| {
        let name = product(&line.sku, &line.version);
        format!("{name}: use {}, buy {}", Count(line.needed - line.short), Count(line.short))
    });
    lines.collect::<Vec<String>>().join("; ")
}

/// `what` the suites hold.
fn suites(offer: &SuiteOffer, what: &str, money: &impl Fn(u64) -> Money) -> String {
    let buy: Vec<String> =
        offer.buy.iter().map(|one| format!("{} {}", Count(one.count), product(&one.sku, ""))).collect();
    let verdict = if offer.proven {
        "no way to buy them is cheaper".to_owned()
    } else {
        format!("none can cost less than {}", money(offer.lower_bound_minor))
    };
    let (cost, saving) = (money(offer.cost_minor), money(offer.saving_minor));
    format!(
        "Who owns none of the {what} above pays {cost} for {}, {saving} less than for single ones; {verdict}.",
        buy.join(", ")
    )
}

fn given_suites(given: &GivenSuites, money: &impl Fn(u64) -> Money) -> String {
    let verdict = if given.proven {
        "whoever else held them, no less would be left".to_owned()
    } else {
        format!("it cannot be less than {}", money(given.lower_bound_minor))
    };
    format!(
        "With the suites and plans owned where they save most that nobody is named for, {} are left to buy of {}; {verdict}.",
        money(given.cost_minor),
        given.cals.iter().map(|cal| family(cal, "cal")).collect::<Vec<String>>().join(", ")
    )
}

fn take_back(reclaim: &Reclaim, money: &impl Fn(u64) -> Money) -> String {
    let Reclaim { sku, version, quantity, from, why, rules, saves, saves_minor } = reclaim;
    let from = if from.is_empty() { String::new() } else { format!(" from {from}") };
    let saved = match (saves, saves_minor) {
        (0, _) => String::new(),
        (count, 0) => format!(" The numbers above count on {} of them.", Count(*count)),
        (count, minor) => {
            format!(" The numbers above count on {} of them; as many new ones cost {}.", Count(*count), money(*minor))
        }
    };
    format!("{} {}{from}: {}{saved}", Count(*quantity), product(sku, version), sentence(why, rules))
}

fn over_time(cal: &str, pool: &Pool) -> String {
    let money = |minor| Money { minor, currency: pool.currency.clone() };
    let kind = |count, unit: &str, holders, who: &str| {
        let name = product(&format!("{cal}/{unit}"), &pool.version);
        (count > 0).then(|| format!("{} {name} for {} {who}", Count(count), Count(holders)))
    };
    let users = kind(pool.users, "user", pool.user_holders, "people");
    // G.8: client licences are by operating system
    let unit = if cal == "client-management-licence" { "ose" } else { "device" };
    let devices = kind(pool.devices, unit, pool.device_holders, "devices");
    let pools: Vec<String> = users.into_iter().chain(devices).collect();
    let (cost, verdict) = match (pool.currency.is_empty(), pool.proven) {
        (true, true) => (String::new(), "fewer would not have done".to_owned()),
        (true, false) => (String::new(), "whether fewer would have done is not proven".to_owned()),
        (false, true) => (format!(", {} at list price", money(pool.cost_minor)), "no pool is cheaper".to_owned()),
        (false, false) => (
            format!(", {} at list price", money(pool.cost_minor)),
            format!("none can cost less than {}", money(pool.lower_bound_minor)),
        ),
    };
    let text = format!(
        "from {} to {} a pool that changes hands lawfully would have done: {}{cost}; {verdict}{}",
        pool.from,
        pool.to,
        if pools.is_empty() { "none".to_owned() } else { pools.join(" and ") },
        match &pool.to_buy {
            Some(to_buy) if !pool.currency.is_empty() => {
                format!("; given the CALs owned {} of it are left to buy", money(to_buy.cost_minor))
            }
            _ => String::new(),
        },
    );
    sentence(&text, &["0.4".to_owned(), "E.19".to_owned()])
}

#[cfg(test)]
mod tests {
    use caliper_licensing::{Confidence, Line, ReadingLine, SuiteCount};

    use super::*;

    #[test]
    fn everything_beside_the_lines_is_said_once_and_in_order() {
        let rules = vec!["A.4".to_owned()];
        let position = Position {
            violations: vec![Violation {
                of: "ESS1".into(),
                what: "26 accounts reach it, 25 are allowed".into(),
                remedy: "license it as Standard and give everybody a CAL".into(),
                rules: rules.clone(),
            }],
            intervals: vec![Interval {
                of: "windows-server-cal".into(),
                unit: "cal".into(),
                lowest: 1_200,
                likely: 1_210,
                highest: 1_300,
                open_ended: false,
            }],
            to_do: vec![ToDo {
                what: "find out who svc1 is".into(),
                may_add: 1,
                may_add_minor: 0,
                rules: rules.clone(),
            }],
            readings: vec![Reading {
                policy: "infra_roles = \"strict\"".into(),
                question: "Does DHCP count?".into(),
                lines: vec![ReadingLine {
                    sku: "windows-server-cal/device".into(),
                    version: "2022".into(),
                    needed: 1,
                    otherwise: 5,
                }],
            }],
            reclaim: vec![Reclaim {
                sku: "windows-server-cal/user".into(),
                version: "2019".into(),
                quantity: 3,
                from: "ann, bob, cid".into(),
                why: "not seen for 100 days".into(),
                rules,
                saves: 2,
                saves_minor: 800,
            }],
            pool: Some(Pool {
                from: jiff::civil::date(2026, 1, 1),
                to: jiff::civil::date(2026, 9, 30),
                version: "2022".into(),
                to_buy: None,
                versions: Vec::new(),
                busiest_of_users: Some(jiff::civil::date(2026, 3, 20)),
                busiest_of_devices: None,
                users: 45,
                devices: 0,
                user_holders: 105,
                device_holders: 0,
                cost_minor: 189_000,
                lower_bound_minor: 189_000,
                proven: true,
                currency: "EUR".into(),
                rules: vec!["0.4".into(), "E.19".into()],
                confidence: Confidence::M,
            }),
            servers: Some(Servers {
                lines: vec![Line {
                    sku: "windows-server/datacenter/core".into(),
                    version: "2022".into(),
                    unit: "core".into(),
                    needed: 32,
                    owned: 30,
                    short: 2,
                    surplus: 0,
                    cost_minor: 2_000,
                    currency: "EUR".into(),
                    rules: vec!["C.19".into()],
                    confidence: Confidence::H,
                    policies: Vec::new(),
                }],
                cost_minor: 2_000,
                lower_bound_minor: 2_000,
                proven: true,
                saving_minor: 1_200,
                shopping: Vec::new(),
            }),
            purchases: vec![FamilyPurchase {
                cal: "rds-cal".into(),
                purchase: Purchase {
                    lines: vec![Line {
                        sku: "rds-cal/user".into(),
                        version: "2022".into(),
                        unit: "cal".into(),
                        needed: 12,
                        owned: 10,
                        short: 2,
                        surplus: 0,
                        cost_minor: 30_000,
                        currency: "EUR".into(),
                        rules: vec!["F.1".into()],
                        confidence: Confidence::H,
                        policies: Vec::new(),
                    }],
                    cost_minor: 30_000,
                    lower_bound_minor: 28_000,
                    proven: false,
                    saving_minor: 15_000,
                    shopping: Vec::new(),
                },
            }],
            suites: Some(SuiteOffer {
                buy: vec![SuiteCount { sku: "core-cal-suite/user".into(), count: 4 }],
                cost_minor: 400,
                lower_bound_minor: 400,
                proven: true,
                saving_minor: 50,
            }),
            ..Position::default()
        };
        let found = findings(&position);
        let anchors: Vec<_> = found.iter().map(|finding| finding.anchor).collect();
        assert_eq!(
            anchors,
            ["broken", "certain", "find-out", "readings", "purchases", "servers", "suites", "take-back", "over-time"]
        );
        assert_eq!(
            found[0].sentences,
            ["ESS1: 26 accounts reach it, 25 are allowed (A.4). License it as Standard and give everybody a CAL."]
        );
        assert_eq!(sentence("nobody knows", &[]), "Nobody knows.");
        assert_eq!(sentence("esx1 needs 18 core licences", &[]), "esx1 needs 18 core licences.");
        assert_eq!(found[1].sentences, ["Windows Server CALs: at least 1,200, most likely 1,210, at most 1,300."]);
        assert_eq!(found[2].sentences, ["Find out who svc1 is (A.4). Licences that hang on it: up to 1."]);
        assert_eq!(
            found[3].sentences,
            ["Does DHCP count? With policy infra_roles = \"strict\": Windows Server 2022 Device CAL 5 instead of 1."]
        );
        assert_eq!(
            found[4].sentences,
            [
                "Remote Desktop Services CALs: the cheapest purchase costs 300.00\u{a0}EUR, 150.00\u{a0}EUR less than what is short \
                 above: Remote Desktop Services 2022 User CAL: use 10, buy 2; none can cost less than 280.00\u{a0}EUR."
            ]
        );
        assert_eq!(
            found[5].sentences,
            [
                "The cheapest choice for all hosts costs 20.00\u{a0}EUR, 12.00\u{a0}EUR less than what is short above: Windows Server 2022 \
                 Datacenter, core licence: use 30, buy 2; no choice is cheaper."
            ]
        );
        assert!(found[7].sentences[0].starts_with("3 Windows Server 2019 User CAL from ann, bob, cid: Not seen"));
        assert_eq!(
            found[8].sentences,
            [
                "From 2026-01-01 to 2026-09-30 a pool that changes hands lawfully would have done: 45 Windows Server 2022 User \
              CAL for 105 people, 1,890.00\u{a0}EUR at list price; no pool is cheaper (0.4, E.19)."
            ]
        );
        assert!(findings(&Position::default()).is_empty());
    }
}
