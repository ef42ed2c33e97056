//! The cheapest purchase for one who owns CALs (E.29), by example and against every possible mix.

use crate::estates::*;
use caliper_licensing::{Accesses, Assessment, Estate, FamilyPurchase, Person, Purchase, Use, VersionName};
use proptest::prelude::*;

const USER: &str = "windows-server-cal/user";
const DEVICE: &str = "windows-server-cal/device";

/// (needed, short) of a CAL in the purchase.
fn bought(purchase: &Purchase, sku: &str) -> (u64, u64) {
    let lines = purchase.lines.iter().filter(|line| line.sku == sku);
    lines.fold((0, 0), |(needed, short), line| (needed + line.needed, short + line.short))
}

fn purchase(assessment: &Assessment) -> &Purchase {
    assessment.position.purchase.as_ref().expect("CALs are owned that serve a need")
}

/// Row 57: 500 people, 90 of them in three shifts on 30 PCs; the cheapest mix is 410 User and 30 Device CALs.
fn shifts() -> Estate {
    let office = (0..410).map(|person| (person, person));
    let shifts = (410..500).map(|person| (person, 410 + person % 30));
    let mut estate = pairs("2019", &office.chain(shifts).collect::<Vec<_>>());
    // a second device for everybody in the office
    let mut rows: Vec<_> = estate.accesses.rows().collect();
    rows.extend((0..410).map(|person| on(person, 440 + person, 0)));
    estate.accesses = Accesses::of(rows);
    estate.devices = devices(850);
    estate.currency = "EUR".into();
    estate.prices = vec![price(USER, 500, 1), price(DEVICE, 400, 1)];
    estate
}

#[test]
fn what_is_owned_changes_what_is_cheapest_to_buy() {
    // CALs owned; (needed, short) of User and Device CALs in the purchase; its cost; how much less than the plain mix
    let cases = [
        // E.29: the plain mix uses up what is owned
        (vec![owns(USER, "2019", 300)], (410, 110), (30, 30), 67_000, 0),
        (vec![owns(USER, "2019", 410), owns(DEVICE, "2019", 30)], (410, 0), (30, 0), 0, 0),
        // a User CAL for everybody is owned: nothing to buy, though the plain mix wants 30 Device CALs
        (vec![owns(USER, "2022", 500)], (500, 0), (0, 0), 0, 12_000),
        // 60 idle User CALs free 20 of the 30 PCs, three people each
        (vec![owns(USER, "2025", 470)], (470, 0), (10, 10), 4_000, 8_000),
        // 61 free no more than 60
        (vec![owns(USER, "2025", 471)], (470, 0), (10, 10), 4_000, 8_000),
        // idle Device CALs: each frees somebody in the office for two
        (vec![owns(DEVICE, "2019", 50)], (400, 400), (50, 0), 200_000, 5_000),
        // row 69: too old for the need, so of no use; newer ones count beside them
        (vec![owns(USER, "2016", 500), owns(USER, "2019", 410)], (410, 0), (30, 30), 12_000, 0),
    ];
    for (owned, users, devices, cost, saving) in cases {
        let estate = Estate { entitlements: owned.clone(), ..shifts() };
        let assessment = assessed(&estate);
        let purchase = purchase(&assessment);
        assert_eq!((bought(purchase, USER), bought(purchase, DEVICE)), (users, devices), "{owned:?}");
        assert_eq!((purchase.cost_minor, purchase.saving_minor), (cost, saving), "{owned:?}");
        assert_eq!((purchase.proven, purchase.lower_bound_minor), (true, cost), "{owned:?}");
        // what is needed stays what is cheapest for one who owns nothing
        assert_eq!(cals(&assessment), (410, 30));
        assert_eq!(warns(&assessment, &["better use of the CALs owned"]), saving > 0);
    }
}

/// Each holder takes the newest owned that is left, the newest need first (E.29); what nobody needs stays idle.
#[test]
fn the_purchase_says_who_keeps_and_who_gets_a_cal() {
    // five people with a PC each; the first two reach a server of 2022 too
    let mut estate = pairs("2016", &(0..5).map(|at| (at, at)).collect::<Vec<_>>());
    estate.servers.push(server("T", "2022", "Standard"));
    let rows: Vec<_> = estate.accesses.rows().chain([on(0, 0, 1), on(1, 1, 1)]).collect();
    estate.accesses = Accesses::of(rows);
    estate.currency = "EUR".into();
    estate.prices = vec![price(USER, 500, 1), price(DEVICE, 400, 1)];
    estate.entitlements =
        vec![owns(USER, "2016", 2), owns(USER, "2025", 1), owns(DEVICE, "2012", 4), owns(DEVICE, "2022", 1)];
    let assessment = assessed(&estate);
    let purchase = purchase(&assessment);
    // one of 2022 each by the two newer CALs, two by those of 2016, and one new Device CAL
    assert_eq!((purchase.cost_minor, purchase.lower_bound_minor, purchase.proven), (400, 400, true));
    let holders = assessment.purchase_holders.as_ref().expect("there is a purchase");
    let all = || holders.people.iter().chain(&holders.devices);
    assert!(all().all(|one| one.owned.is_none_or(|owned| owned >= one.needed)), "{holders:?}");
    let mut kept: Vec<_> = all().filter_map(|one| one.owned).map(VersionName::name).collect();
    kept.sort_unstable();
    assert_eq!(kept, ["2016", "2016", "2022", "2025"]);
    let new: Vec<_> = all().filter(|one| one.owned.is_none()).map(|one| &one.id).collect();
    assert!(new.len() == 1 && new[0].starts_with('d'), "{holders:?}");
    let idle: Vec<_> =
        holders.idle.iter().map(|cals| (cals.sku.as_str(), cals.version.name(), cals.quantity)).collect();
    assert_eq!(idle, [(DEVICE, "2012", 4)]);
}

/// E.16: an account of six people at one PC, and somebody with two PCs. The cheapest mix is a Device CAL for the shared PC and a
/// User CAL for the other.
#[test]
fn people_behind_an_account_may_hold_what_is_owned() {
    let mut estate = pairs("2019", &[(0, 0), (1, 1), (1, 2)]);
    estate.people[0].stands_for = Some(6);
    estate.currency = "EUR".into();
    estate.prices = vec![price(USER, 500, 1), price(DEVICE, 400, 1)];
    // owned; (needed, short) of User and Device CALs in the purchase; its cost; how much less than the plain mix
    let cases = [
        // one for everybody, the six among them
        (owns(USER, "2019", 7), (7, 0), (0, 0), 0, 400),
        // one is missing: better one for the PC than a seventh User CAL
        (owns(USER, "2019", 6), (1, 0), (1, 1), 400, 0),
        (owns(DEVICE, "2019", 3), (0, 0), (3, 0), 0, 500),
        // a third Device CAL is cheaper than the User CAL of the plain mix
        (owns(DEVICE, "2019", 2), (0, 0), (3, 1), 400, 100),
    ];
    for (owned, users, devices, cost, saving) in cases {
        estate.entitlements = vec![owned.clone()];
        let assessment = assessed(&estate);
        let purchase = purchase(&assessment);
        assert_eq!((bought(purchase, USER), bought(purchase, DEVICE)), (users, devices), "{owned:?}");
        assert_eq!((purchase.cost_minor, purchase.saving_minor), (cost, saving), "{owned:?}");
        assert_eq!((purchase.proven, purchase.lower_bound_minor), (true, cost), "{owned:?}");
    }
    // eight owned in two versions: the account holds some of either
    estate.entitlements = vec![owns(USER, "2025", 4), owns(USER, "2022", 4)];
    let holders = assessed(&estate).purchase_holders.expect("there is a purchase");
    let held: u64 = holders.people.iter().map(|one| one.count).sum();
    let idle: u64 = holders.idle.iter().map(|cals| cals.quantity).sum();
    assert_eq!((held, idle, holders.devices.len()), (7, 1, 0), "{holders:?}");
    assert!(holders.people.iter().all(|one| one.owned.is_some()));
}

/// F.1: CALs of Remote Desktop beside the base CAL have a purchase of their own, by the same rule: 60 idle User CALs free 20 of the
/// 30 PCs of the shifts.
#[test]
fn every_family_has_its_own_purchase() {
    const RDS: [&str; 2] = ["rds-cal/user", "rds-cal/device"];
    let mut estate = shifts();
    estate.uses = vec![Use { cal: "rds-cal".into(), accesses: estate.accesses.clone(), ..Use::default() }];
    estate.prices.extend([price(RDS[0], 500, 1), price(RDS[1], 400, 1)]);
    estate.entitlements = vec![owns(RDS[0], "2019", 470)];
    let assessment = assessed(&estate);
    assert_eq!(assessment.position.purchase, None, "no base CAL is owned");
    let [FamilyPurchase { cal, purchase }] = assessment.position.purchases.as_slice() else {
        panic!("{:?}", assessment.position.purchases)
    };
    assert_eq!(cal, "rds-cal");
    assert_eq!((bought(purchase, RDS[0]), bought(purchase, RDS[1])), ((470, 0), (10, 10)));
    assert_eq!((purchase.cost_minor, purchase.saving_minor), (4_000, 8_000));
    assert_eq!((purchase.proven, purchase.lower_bound_minor), (true, 4_000));
    assert!(warns(&assessment, &["better use of the Remote Desktop Services CALs owned"]));
    let holders = assessment.uses[0].purchase_holders.as_ref().expect("there is a purchase");
    assert_eq!((holders.people.len(), holders.devices.len(), holders.idle.len()), (470, 10, 0));
    // the keys stand beside the name of the family
    let json = serde_json::to_value(&assessment.position).unwrap();
    assert_eq!((&json["purchases"][0]["cal"], &json["purchases"][0]["cost_minor"]), (&"rds-cal".into(), &4_000.into()));
}

#[test]
fn there_is_no_purchase_without_use_for_what_is_owned_or_without_prices() {
    let mut estate = shifts();
    assert_eq!(assessed(&estate).position.purchase, None);
    assert!(!serde_json::to_string(&assessed(&estate).position).unwrap().contains("\"purchase\""));
    estate.entitlements = vec![owns(USER, "2016", 500)];
    assert_eq!(assessed(&estate).position.purchase, None, "row 69: 2016 does not serve 2019");
    estate.entitlements = vec![owns(USER, "2019", 500)];
    estate.prices.pop();
    let assessment = assessed(&estate);
    assert_eq!(assessment.position.purchase, None);
    assert!(warns(&assessment, &["90 User CAL", "30 Device CAL", "give the prices of both"]));
}

/// Up to five people and devices on servers of three versions, with CALs of any version.
fn small() -> impl Strategy<Value = Estate> {
    const VERSIONS: [&str; 3] = ["2012", "2016", "2022"];
    let access = (prop_oneof![8 => 0..5_u32, 1 => Just(Accesses::NONE)], 0..5_u32, 0..3_u32);
    let owned = (any::<bool>(), 0..4_usize, 1..4_u64);
    let heads = prop::collection::vec(prop_oneof![6 => Just(None), 1 => (2..4_u32).prop_map(Some)], 5);
    (prop::collection::vec(access, 1..14), prop::collection::vec(owned, 0..4), heads, 1..6_u64, 1..6_u64).prop_map(
        |(rows, owned, heads, user, device)| Estate {
            currency: "EUR".into(),
            servers: VERSIONS.map(|version| server(version, version, "Standard")).into(),
            people: (people(5).into_iter().zip(heads))
                .map(|(person, stands_for)| Person { stands_for, ..person })
                .collect(),
            devices: devices(5),
            accesses: Accesses::of(rows.iter().map(|&(person, device, server)| on(person, device, server)).collect()),
            entitlements: (owned.into_iter())
                .map(|(user, level, count)| {
                    owns(if user { USER } else { DEVICE }, ["2008", "2012", "2016", "2025"][level], count)
                })
                .collect(),
            prices: vec![price(USER, user, 1), price(DEVICE, device, 1)],
            ..Estate::default()
        },
    )
}

/// E.29 from the definition: needs, newest first, each take the newest left if it is new enough.
fn short(estate: &Estate, sku: &str, needs: &[Option<VersionName>]) -> u64 {
    let mut owned: Vec<VersionName> = (estate.entitlements.iter())
        .filter(|row| row.sku == sku)
        .flat_map(|row| std::iter::repeat_n(row.version, row.quantity as usize))
        .collect();
    owned.sort_unstable();
    let mut needs: Vec<VersionName> = needs.iter().flatten().copied().collect();
    needs.sort_unstable();
    let mut short = 0;
    for need in needs.into_iter().rev() {
        if owned.last().is_some_and(|newest| *newest >= need) {
            owned.pop();
        } else {
            short += 1;
        }
    }
    short
}

/// The least to be paid over all versions that people may hold; devices then hold the least that is left to them.
fn brute_force(estate: &Estate) -> u64 {
    let levels = [None, Some(VersionName::V2012), Some(VersionName::V2016), Some(VersionName::V2022)];
    let cost = |choice: u32| {
        let people: Vec<_> = (0..5).map(|person| levels[(choice >> (2 * person) & 3) as usize]).collect();
        let mut devices = [None; 5];
        for row in estate.accesses.rows() {
            let need = estate.servers[row.server as usize].version;
            let holds = people.get(row.person as usize).copied().flatten();
            if holds < need {
                devices[row.device as usize] = devices[row.device as usize].max(need);
            }
        }
        // E.16: each of those behind an account needs one
        let people: Vec<_> = (people.iter().zip(&estate.people))
            .flat_map(|(level, person)| std::iter::repeat_n(*level, person.stands_for.unwrap_or(1) as usize))
            .collect();
        short(estate, USER, &people) * estate.prices[0].minor + short(estate, DEVICE, &devices) * estate.prices[1].minor
    };
    (0..1 << 10).map(cost).min().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn the_best_purchase_lies_between_bound_and_cost(estate in small(), more in 1..3_u64) {
        let best = brute_force(&estate);
        let assessment = assessed(&estate);
        let plain: u64 = assessment.position.lines.iter().filter(|line| line.sku.contains("cal/")).map(|line| line.cost_minor).sum();
        let Some(purchase) = &assessment.position.purchase else {
            // nothing owned is of any use
            prop_assert_eq!(plain, best);
            return Ok(());
        };
        prop_assert!(purchase.lower_bound_minor <= best && best <= purchase.cost_minor, "{:?}, best {}", purchase, best);
        prop_assert_eq!(purchase.proven, purchase.lower_bound_minor == purchase.cost_minor);
        prop_assert_eq!(purchase.cost_minor + purchase.saving_minor, plain);
        prop_assert_eq!(purchase.lines.iter().map(|line| line.cost_minor).sum::<u64>(), purchase.cost_minor);

        // owning more never raises what is at least to be paid
        let mut richer = estate.clone();
        richer.entitlements[0].quantity += more;
        let assessment = assessed(&richer);
        let bound = assessment.position.purchase.as_ref().map(|purchase| purchase.lower_bound_minor);
        prop_assert!(bound.is_none_or(|bound| bound <= purchase.lower_bound_minor));

        // the order of the estate changes nothing
        let mut turned = estate.clone();
        turned.entitlements.reverse();
        turned.people.reverse();
        let rows = estate.accesses.rows().map(|row| caliper_licensing::Access {
            person: if row.person == Accesses::NONE { row.person } else { 4 - row.person },
            ..row
        });
        turned.accesses = Accesses::of(rows.collect());
        let turned = assessed(&turned).position.purchase;
        prop_assert_eq!(turned.as_ref(), Some(purchase));
    }
}

/// (version, units, packs, cost) of what to buy of a sku.
fn shopping<'a>(assessment: &'a Assessment, sku: &str) -> Vec<(&'a str, u32, u64, u64)> {
    let items = assessment.position.shopping.iter().filter(|item| item.sku == sku);
    items.map(|item| (item.version.as_str(), item.units, item.packs, item.cost_minor)).collect()
}

const STANDARD: &str = "windows-server/standard/core";

/// C.2: cores are bought in packs of 2 and 16 that cannot be split between servers.
#[test]
fn cores_are_bought_in_packs_server_by_server() {
    // processors of each server, cores owned, (units, packs) to buy
    let cases = [
        (vec![vec![20]], 0, vec![(16, 1), (2, 2)]),   // J.1 row 13
        (vec![vec![9, 9]], 0, vec![(16, 1), (2, 1)]), // row 15
        (vec![vec![4, 4, 4, 4]], 0, vec![(16, 2)]),   // row 8
        // 48 cores together, but three packs of 16 would be split
        (vec![vec![12, 12], vec![12, 12]], 0, vec![(16, 2), (2, 8)]),
        // the smaller server is complete with what is owned
        (vec![vec![12, 12], vec![8, 8]], 16, vec![(16, 1), (2, 4)]),
        (vec![vec![8, 8]], 16, vec![]),
    ];
    for (machines, owned, expected) in cases {
        let mut estate = Estate { currency: "EUR".into(), ..Estate::default() };
        for (at, processors) in machines.iter().enumerate() {
            let id = format!("H{at}");
            estate.hosts.push(host(&id, processors));
            let mut server = server(&format!("S{at}"), "2022", "Standard");
            server.host = Some(id);
            estate.servers.push(server);
        }
        estate.entitlements = vec![owns(STANDARD, "2022", owned)];
        estate.prices = vec![price(STANDARD, 88_200, 16), price(STANDARD, 11_025, 2)];
        let assessment = assessed(&estate);
        let found = shopping(&assessment, STANDARD);
        assert_eq!(found.iter().map(|item| (item.1, item.2)).collect::<Vec<_>>(), expected, "{machines:?}");
        // C.3: a flat price per core, so the packs cost what the line says when nothing is left over
        let line = assessment.position.lines.iter().find(|line| line.sku == STANDARD).unwrap();
        assert_eq!(found.iter().map(|item| item.3).sum::<u64>(), line.cost_minor, "{machines:?}");
    }
}

/// E.30: CALs in packs of 1, 5, 10, 50. The mix is chosen by the smallest pack.
#[test]
fn cals_are_bought_in_the_cheapest_packs() {
    let mut estate = Estate { entitlements: vec![owns(USER, "2019", 352), owns(DEVICE, "2016", 7)], ..shifts() };
    for (units, minor) in [(5, 2_400), (10, 4_600), (50, 21_000)] {
        estate.prices.push(price(USER, minor, units));
    }
    let assessment = assessed(&estate);
    assert_eq!(cals(&assessment), (410, 30));
    // 58: one pack of 50 and eight more at 5 + 3 x 1 (39.00) rather than a pack of ten (46.00)
    assert_eq!(shopping(&assessment, USER), [("2019", 50, 1, 21_000), ("2019", 5, 1, 2_400), ("2019", 1, 3, 1_500)]);
    assert_eq!(shopping(&assessment, DEVICE), [("2019", 1, 30, 12_000)]);
    let line = |sku: &str| assessment.position.lines.iter().find(|line| line.sku == sku && line.needed > 0).unwrap();
    assert_eq!(line(USER).cost_minor, 58 * 500, "the line counts single licences");
    assert_eq!(purchase(&assessment).shopping, assessment.position.shopping);

    for (units, minor, words) in [(5, 1, "twice"), (501, 1, "500")] {
        let mut wrong = estate.clone();
        wrong.prices.push(price(USER, minor, units));
        let error = caliper_licensing::assess(&wrong).unwrap_err().to_string();
        assert!(error.contains("price of `windows-server-cal/user`") && error.contains(words), "{error}");
    }
}

/// E.30: of the newest version they serve older needs as well. Two servers, `n` people on each: CALs of 2016 and of 2022.
#[test]
fn packs_are_chosen_over_all_versions_of_a_product() {
    // people on each server, what is bought at 1 for 40, 5 for 190, 10 for 360
    type Row = (u32, u32, &'static [(&'static str, u32, u64, u64)]);
    let table: [Row; 4] = [
        // two packs of five are 380, one of ten 360
        (5, 5, &[("2022", 10, 1, 360)]),
        // 3 x 40 + 2 x 40 against one of five
        (3, 2, &[("2022", 5, 1, 190)]),
        // ten and one either way: each keeps its version
        (10, 1, &[("2016", 10, 1, 360), ("2022", 1, 1, 40)]),
        (0, 5, &[("2022", 5, 1, 190)]),
    ];
    for (old, new, expected) in table {
        let mut estate = pairs("2016", &[]);
        estate.servers.push(server("N", "2022", "Standard"));
        estate.people = people((old + new) as usize);
        let rows =
            (0..old).map(|at| on(at, Accesses::NONE, 0)).chain((old..old + new).map(|at| on(at, Accesses::NONE, 1)));
        estate.accesses = Accesses::of(rows.collect());
        estate.prices = vec![price(USER, 40, 1), price(USER, 190, 5), price(USER, 360, 10), price(DEVICE, 40, 1)];
        assert_eq!(shopping(&assessed(&estate), USER), expected, "{old} {new}");
    }
}
