//! Who holds which CAL, and what follows: what can be taken back (E.19), and who gets what with the fewest moves (0.4, E.29).

use crate::estates::{on, owns, price, server};
use caliper_licensing::{
    Accesses, Assessment, Assignment, Device, Entitlement, Estate, EstateFile, Person, Reclaim, Transfers, assess,
};
use jiff::{ToSpan, civil::date};
use proptest::prelude::*;

fn read(text: &str) -> Assessment {
    let file = EstateFile::read(&format!("format = \"caliper.estate/1\"\nas_of = 2026-06-30\n{text}"));
    assess(&file.unwrap_or_else(|error| panic!("{error}")).finish()).unwrap_or_else(|error| panic!("{error}"))
}

const WHO_IS_THERE: &str = r#"
server = [{ id = "S", version = 2022, edition = "Standard" }]
person = [
    { id = "ann" }, { id = "fay" }, { id = "gus" }, { id = "hal" }, { id = "kim" },
    # seen 121, 365 and 366 days before
    { id = "bob", last_seen = 2026-03-01 }, { id = "cid", last_seen = 2025-06-30 }, { id = "dan", last_seen = 2025-06-29 },
    { id = "eve", gone = true },
]
device = [{ id = "pc1" }, { id = "pc2" }, { id = "kiosk" }]
access = [
    { person = "ann", device = "pc1" }, { person = "kim", device = "pc2" },
    { person = "fay", device = "kiosk" }, { person = "gus", device = "kiosk" }, { person = "hal", device = "kiosk" },
]
"#;

/// Without prices the fewest CALs: ann, kim and the kiosk.
#[test]
fn what_can_be_taken_back() {
    let rows = [
        ("users", 1, "ann", "2026-01-01"),
        ("users", 2, "bob", "2026-01-01"),
        ("users", 3, "cid", "2025-01-01"),
        ("users", 4, "dan", "2025-01-01"),
        ("users", 5, "eve", "2026-06-20"),
        ("users", 6, "fay", "2026-05-01"),
        ("users", 7, "ann", "2026-01-01"),
        ("old", 1, "kim", "2026-01-01"),
    ];
    let mut text = format!(
        r#"{WHO_IS_THERE}
        entitlement = [
            {{ id = "users", sku = "windows-server-cal/user", version = 2022, quantity = 8 }},
            {{ id = "old", sku = "windows-server-cal/user", version = 2016, quantity = 1 }},
        ]
        "#
    );
    for (entitlement, number, to, from) in rows {
        text += &[
            "[[assignment]]\nentitlement = \"",
            entitlement,
            "\"\nnumber = ",
            &number.to_string(),
            "\nto = \"",
            to,
            "\"\nfrom = ",
            from,
            "\n",
        ]
        .concat();
    }
    let assessment = read(&text);
    let found: Vec<_> = (assessment.position.reclaim.iter())
        .map(|one| (one.version.as_str(), one.quantity, one.from.as_str(), one.why.as_str(), one.rules.join(" ")))
        .collect();
    let expected = [
        // E.4: kim needs 2022
        ("2016", 1, "1 person", "a newer version", "now", "0.4 E.4"),
        // the second of ann's
        ("2022", 1, "1 person", "another one", "now", "0.3 0.4"),
        // 0.4: who left frees it at once, ten days after it was given
        ("2022", 1, "1 person", "have left", "now", "0.4 E.19"),
        // fay: the kiosk holds one; from 1 May 90 days: 31 of May, 30 of June, 29 of July
        ("2022", 1, "1 person", "need none", "from 2026-07-30 on", "0.4 E.3 E.28"),
        ("2022", 1, "1 person", "more than 365 days", "now", "0.4 E.19"),
        ("2022", 2, "2 people", "not longer ago than 365 days", "2 may be given to others now", "0.4 E.19"),
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for expected in expected {
        let is = |one: &&(&str, u64, &str, &str, String)| {
            (one.0, one.1, one.2, one.4.as_str()) == (expected.0, expected.1, expected.2, expected.5)
                && one.3.contains(expected.3)
                && one.3.contains(expected.4)
        };
        assert_eq!(found.iter().filter(is).count(), 1, "{expected:?} in {found:#?}");
    }
    // a position names nobody
    let text = serde_json::to_string(&assessment.position.reclaim).expect("a text");
    let names = ["ann", "bob", "cid", "dan", "eve", "fay", "kim"];
    assert!(!text.split(|letter: char| !letter.is_alphabetic()).any(|word| names.contains(&word)), "{text}");
}

/// Three people need a User CAL at 4.00, as a Device CAL is at 5.00; two of the three owned are with others.
fn three(holders: &str) -> Assessment {
    read(&format!(
        r#"
        server = [{{ id = "S", version = 2022, edition = "Standard" }}]
        person = [{{ id = "a" }}, {{ id = "b" }}, {{ id = "c" }}, {{ id = "x", gone = true }}, {{ id = "y", last_seen = 2026-03-01 }}]
        device = [{{ id = "pc", count = 3 }}]
        access = [{{ person = "a", device = "pc-1" }}, {{ person = "b", device = "pc-2" }}, {{ person = "c", device = "pc-3" }}]
        price = [{{ sku = "windows-server-cal/user", minor = 400 }}, {{ sku = "windows-server-cal/device", minor = 500 }}]
        {holders}
        "#
    ))
}

const LEDGER: &str = r#"
    entitlement = [{ id = "users", sku = "windows-server-cal/user", version = 2022, quantity = 3 }]
    assignment = [
        { entitlement = "users", number = 1, to = "a", from = 2026-06-01 },
        { entitlement = "users", number = 2, to = "x", from = 2026-06-01 },
        { entitlement = "users", number = 3, to = "y", from = 2026-06-01 },
    ]
"#;

/// From whom, to whom, on which day.
type Moved<'a> = (&'a str, &'a str, String);

/// Licences kept, those that move, people to buy for.
fn plan(transfers: &Transfers) -> (u64, Vec<Moved<'_>>, Vec<&str>) {
    let moves = transfers.transfers.iter().map(|one| {
        let day = one.day.map_or_else(|| "now".to_owned(), |day| day.to_string());
        (one.from.as_deref().unwrap_or("-"), one.to.as_deref().unwrap_or("-"), day)
    });
    (transfers.keep, moves.collect(), transfers.buy.iter().map(|one| one.id.as_str()).collect())
}

#[test]
fn who_gets_what() {
    let assessment = three(LEDGER);
    // what is needed is owned, so nothing is short; if x and y kept theirs, b or c would need another for each
    let saves: Vec<_> = assessment.position.reclaim.iter().map(|one: &Reclaim| (one.saves, one.saves_minor)).collect();
    assert_eq!(saves, [(1, 400), (1, 400)]);
    // x left, so b can have that one at once; y's was given on 1 June: 29 more days of June, 31 of July, 30 of August
    let expected = (1, vec![("x", "b", "now".into()), ("y", "c", "2026-08-30".into())], vec!["c"]);
    assert_eq!(plan(&assessment.transfers[0]), expected);

    // nobody knows since when: it may move, and nothing must be bought
    let named = r#"entitlement = [{ sku = "windows-server-cal/user", version = 2022, quantity = 3, assigned_to = ["a", "x", "z"] }]"#;
    let expected = (1, vec![("x", "b", "now".into()), ("z", "c", "now".into())], vec![]);
    assert_eq!(plan(&three(named).transfers[0]), expected);
    // a free one before one that must move
    let free = r#"entitlement = [{ sku = "windows-server-cal/user", version = 2022, quantity = 4, assigned_to = ["a", "x", "z"] }]"#;
    let expected = (1, vec![("-", "b", "now".into()), ("x", "c", "now".into()), ("z", "-", "now".into())], vec![]);
    assert_eq!(plan(&three(free).transfers[0]), expected);
    // nothing known of holders, nothing to move
    let unknown = r#"entitlement = [{ sku = "windows-server-cal/user", version = 2022, quantity = 3 }]"#;
    assert_eq!(three(unknown).transfers, []);
}

/// E.29: the one who needs the new version gets the new licence, even from somebody who needs less.
#[test]
fn a_licence_worth_more_moves_where_otherwise_one_must_be_bought() {
    let assessment = read(
        r#"
        server = [{ id = "new", version = 2025, edition = "Standard" }, { id = "old", version = 2016, edition = "Standard" }]
        person = [{ id = "a" }, { id = "b" }]
        device = [{ id = "pc", count = 2 }]
        access = [{ person = "a", device = "pc-1", server = "old" }, { person = "b", device = "pc-2", server = "new" }]
        price = [{ sku = "windows-server-cal/user", minor = 400 }, { sku = "windows-server-cal/device", minor = 500 }]
        entitlement = [
            { id = "v25", sku = "windows-server-cal/user", version = 2025, quantity = 1, assigned_to = ["a"] },
            { id = "v16", sku = "windows-server-cal/user", version = 2016, quantity = 1 },
        ]
        "#,
    );
    assert_eq!(assessment.position.purchase.as_ref().map(|purchase| purchase.cost_minor), Some(0));
    let expected = (0, vec![("a", "b", "now".into()), ("-", "a", "now".into())], vec![]);
    let mut found = plan(&assessment.transfers[0]);
    found.1.sort_by_key(|one| one.0 == "-");
    assert_eq!(found, expected);
}

/// Versions 2016, 2019, 2022, 2025.
const VERSIONS: [&str; 4] = ["2016", "2019", "2022", "2025"];

/// A licence: its version, who holds it, whether it may move.
type Owned = (usize, Option<usize>, bool);

/// Everybody has a device of their own, at a price that nobody pays.
fn estate(needs: &[usize], owned: &[Owned]) -> Estate {
    let as_of = date(2026, 6, 30);
    let mut estate = Estate {
        as_of,
        servers: VERSIONS.iter().map(|version| server(version, version, "Standard")).collect(),
        people: (0..8).map(|at| Person { id: format!("p{at}"), ..Person::default() }).collect(),
        devices: (0..8).map(|at| Device { id: format!("d{at}"), ..Device::default() }).collect(),
        prices: vec![price("windows-server-cal/user", 1, 1), price("windows-server-cal/device", 1000, 1)],
        ..Estate::default()
    };
    let rows = needs.iter().enumerate().map(|(at, &need)| on(at as u32, at as u32, need as u32));
    estate.accesses = Accesses::of(rows.collect());
    for (at, &(version, holder, may_move)) in owned.iter().enumerate() {
        let id = format!("l{at}");
        let one = owns("windows-server-cal/user", VERSIONS[version], 1);
        estate.entitlements.push(Entitlement { id: Some(id.clone()), ..one });
        if let Some(holder) = holder {
            let from = as_of.saturating_sub(if may_move { 200.days() } else { 20.days() });
            let to = format!("p{holder}");
            estate.assignments.push(Assignment { entitlement: id, number: 1, to, from, ..Assignment::default() });
        }
    }
    estate
}

/// The most needs that can be served, and of all such plans the fewest moves of licences that somebody holds.
fn brute_force(needs: &[usize], owned: &[Owned]) -> (usize, usize) {
    fn best(needs: &[usize], owned: &[Owned], served: &mut Vec<bool>) -> (usize, std::cmp::Reverse<usize>) {
        let Some((&(version, holder, may_move), rest)) = owned.split_first() else {
            return (0, std::cmp::Reverse(0));
        };
        let mut most = best(needs, rest, served);
        for at in 0..needs.len() {
            let stays = holder == Some(at);
            if served[at] || needs[at] > version || !(stays || may_move || holder.is_none()) {
                continue;
            }
            served[at] = true;
            let (count, std::cmp::Reverse(moves)) = best(needs, rest, served);
            let moved = usize::from(!stays && holder.is_some());
            most = most.max((count + 1, std::cmp::Reverse(moves + moved)));
            served[at] = false;
        }
        most
    }
    let (count, std::cmp::Reverse(moves)) = best(needs, owned, &mut vec![false; needs.len()]);
    (count, moves)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_plan_buys_less_or_moves_fewer(
        needs in prop::collection::vec(0..4_usize, 1..6),
        owned in prop::collection::vec((0..4_usize, prop::option::weighted(0.8, 0..8_usize), any::<bool>()), 1..6),
    ) {
        prop_assume!(owned.iter().any(|one| one.1.is_some()));
        let estate = estate(&needs, &owned);
        let transfers = &assess(&estate).expect("sound").transfers[0];
        let (served, moves) = brute_force(&needs, &owned);
        prop_assert_eq!(transfers.buy.len(), needs.len() - served);
        let moved = transfers.transfers.iter().filter(|one| one.from.is_some() && one.to.is_some() && one.day.is_none());
        prop_assert_eq!(moved.count(), moves);
        let handed = transfers.transfers.iter().filter(|one| one.to.is_some() && one.day.is_none()).count();
        prop_assert_eq!(transfers.keep as usize + handed, served);

        // the order of the estate changes nothing
        let mut turned = estate.clone();
        turned.entitlements.reverse();
        turned.assignments.reverse();
        prop_assert_eq!(&assess(&turned).expect("sound").transfers[0], transfers);

        // done as planned, the next scan moves nothing
        let mut after = estate;
        for one in transfers.transfers.iter().filter(|one| one.day.is_none()) {
            let id = one.entitlement.clone().expect("all have ids");
            after.assignments.retain(|old| old.entitlement != id);
            if let Some(to) = &one.to {
                let from = after.as_of;
                let given = Assignment { entitlement: id, number: 1, to: to.clone(), from, ..Assignment::default() };
                after.assignments.push(given);
            }
        }
        if let Some(again) = assess(&after).expect("sound").transfers.first() {
            prop_assert!(again.transfers.iter().all(|one| one.day.is_some()), "{:?}", again.transfers);
            prop_assert_eq!(&again.buy, &transfers.buy);
        }
    }
}
