//! The purchase against brute force, and its bound checked by somebody who trusts nobody (E.28, E.29).

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::{Verified, VerifyError, verify_certificate, write_purchase_certificate};

/// Tries every set of users; each then fixes its devices.
fn brute_force(users: u32, pairs: &[(u32, u32)], [a, b, owned_users, owned_devices]: [u64; 4]) -> u128 {
    let cost = |chosen: u32| {
        let bare = pairs.iter().filter(|(user, _)| chosen >> user & 1 == 0);
        let devices = bare.map(|(_, device)| device).collect::<BTreeSet<_>>().len() as u64;
        let buy_users = u64::from(chosen.count_ones()).saturating_sub(owned_users);
        u128::from(a * buy_users + b * devices.saturating_sub(owned_devices))
    };
    (0..1_u32 << users).map(cost).min().unwrap_or(0)
}

/// Checks cover, counts, cost and the proof of the bound from their definitions.
fn checked(users: u32, devices: u32, pairs: &[(u32, u32)], [a, b, owned_users, owned_devices]: [u64; 4]) -> Purchase {
    let graph = Graph::new(users, devices, pairs).expect("small graph");
    let purchase = cheapest_purchase(&graph, a, b, owned_users, owned_devices);
    for &(user, device) in pairs {
        assert!(purchase.users[user as usize] || purchase.devices[device as usize], "({user}, {device}) is bare");
    }
    assert_eq!(purchase.buy_users, count(&purchase.users).saturating_sub(owned_users));
    assert_eq!(purchase.buy_devices, count(&purchase.devices).saturating_sub(owned_devices));
    assert_eq!(purchase.cost, u128::from(a * purchase.buy_users + b * purchase.buy_devices));
    assert_eq!(purchase.proven, purchase.cost == purchase.lower_bound);

    // every pair of the demand exists, and nobody bears more than the weight
    let LowerBound { user_weight, device_weight, demand } = &purchase.bound;
    let known: BTreeSet<_> = pairs.iter().copied().collect();
    let (mut of_user, mut of_device) = (BTreeMap::new(), BTreeMap::new());
    for demand in demand {
        assert!(known.contains(&(demand.user, demand.device)));
        *of_user.entry(demand.user).or_insert(0) += demand.amount;
        *of_device.entry(demand.device).or_insert(0) += demand.amount;
    }
    assert!(of_user.values().all(|amount| amount <= user_weight));
    assert!(of_device.values().all(|amount| amount <= device_weight));
    // with r = demand - weights * owned and the largest t that keeps t * weights within the prices, cost >= t * r; so
    // the next lower cost there is must lie below t * r for either price that may be the tighter one
    let demanded: i128 = demand.iter().map(|demand| i128::from(demand.amount)).sum();
    let (wu, wd) = (i128::from(*user_weight), i128::from(*device_weight));
    let rest = demanded - wu * i128::from(owned_users) - wd * i128::from(owned_devices);
    assert!(purchase.demanded <= purchase.lower_bound && purchase.lower_bound <= purchase.cost);
    let proved =
        verified(pairs, &purchase, [a, b, owned_users, owned_devices], ["", ""]).expect("a certificate that holds");
    assert_eq!(proved.purchase.expect("of a purchase").bound, purchase.demanded);
    if purchase.demanded > 0 {
        let before = i128::try_from(purchase.demanded).expect("small prices") - i128::from(gcd(a, b));
        assert!(wu == 0 || before * wu < rest * i128::from(a), "the bound is above what the users prove");
        assert!(wd == 0 || before * wd < rest * i128::from(b), "the bound is above what the devices prove");
    }
    purchase
}

fn small() -> impl Strategy<Value = (u32, u32, Vec<(u32, u32)>, [u64; 4])> {
    (1..9_u32, 1..9_u32).prop_flat_map(|(users, devices)| {
        let pairs = prop::collection::vec((0..users, 0..devices), 0..30);
        (Just(users), Just(devices), pairs, [0..7_u64, 0..7_u64, 0..9_u64, 0..9_u64])
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]
    #[test]
    fn small_purchases_are_the_best_and_proven((users, devices, pairs, terms) in small()) {
        let purchase = checked(users, devices, &pairs, terms);
        let best = brute_force(users, &pairs, terms);
        prop_assert_eq!((purchase.cost, purchase.lower_bound), (best, best), "{:?}", purchase);
    }
}

/// All graphs of 4 users and 4 devices with all inventories. Users may change places, so those with fewer devices come first, by
/// number of the set of devices: 3,876 graphs stand for all 65,536.
#[test]
fn every_small_graph_is_proven() {
    let mut graphs = 0;
    for devices_of in 0..1_u32 << 16 {
        let of = |user: u32| devices_of >> (4 * user) & 15;
        if (1..4).any(|user| of(user - 1) > of(user)) {
            continue;
        }
        graphs += 1;
        let pairs: Vec<(u32, u32)> =
            (0..16).filter(|place| devices_of >> place & 1 == 1).map(|place| (place / 4, place % 4)).collect();
        for owned in 0..25 {
            let (a, b) = [(1, 1), (5, 4), (2, 5)][(graphs + owned as usize) % 3];
            let terms = [a, b, owned / 5, owned % 5];
            let purchase = checked(4, 4, &pairs, terms);
            let brute = brute_force(4, &pairs, terms);
            assert_eq!((purchase.cost, purchase.lower_bound), (brute, brute), "{pairs:?} {terms:?}");
        }
    }
    assert_eq!(graphs, 3_876);
}

/// Everybody on every device: fewer devices are of no use until there is none, so the hull lies far below, and only trying
/// proves the answer.
#[test]
fn all_on_all_is_proven_by_search_not_by_demand() {
    let n = 10;
    let pairs: Vec<_> = (0..n).flat_map(|user| (0..n).map(move |device| (user, device))).collect();
    // 6 User licences owned: 4 more at 5, or 10 Device licences at 4
    let purchase = checked(n, n, &pairs, [5, 4, 6, 0]);
    assert_eq!((purchase.buy_users, purchase.buy_devices, purchase.cost), (4, 0, 20));
    // the hull at 6 users stands at 4 devices
    assert_eq!((purchase.demanded, purchase.lower_bound, purchase.proven), (16, 20, true));
    // enough of one kind
    assert_eq!(checked(n, n, &pairs, [5, 4, 10, 0]).cost, 0);
}

/// The one-cut theorem: what is owned is used up by the cheapest mix, so it is worth its price.
#[test]
fn what_the_cheapest_mix_needs_anyway_is_worth_its_price() {
    // two shared devices of 20 people, and 10 people with three devices each
    let shared = (0..20).map(|user| (user, user % 2));
    let roaming = (20..30).flat_map(|user| (0..3).map(move |n| (user, 2 + (user - 20) * 3 + n)));
    let pairs: Vec<_> = shared.chain(roaming).collect();
    for (owned_users, owned_devices) in [(0, 0), (10, 2), (4, 1)] {
        let purchase = checked(30, 32, &pairs, [500, 400, owned_users, owned_devices]);
        assert!(purchase.proven);
        assert_eq!(purchase.cost, u128::from(5000 - 500 * owned_users + 800 - 400 * owned_devices));
    }
    // 30 User licences do for everybody, though the cheapest mix has 10
    assert_eq!(checked(30, 32, &pairs, [500, 400, 30, 0]).cost, 0);
    // 20: ten of the shared lot may hold one, which frees one device
    let purchase = checked(30, 32, &pairs, [500, 400, 20, 0]);
    assert_eq!((purchase.cost, purchase.lower_bound, purchase.proven), (400, 400, true));
}

/// Offices of shared and roaming people: large enough for several cuts, with proofs to be checked.
fn office(seed: u64, people: u32, devices: u32) -> Vec<(u32, u32)> {
    let mut state = seed;
    let mut below = |bound: u32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % u64::from(bound)) as u32
    };
    let mut pairs = Vec::new();
    for user in 0..people {
        let (start, width) = match user % 10 {
            0..5 => (user % devices, 1),
            5..8 => (user / 40 * 40 % devices, 6),
            _ => (below(devices), devices),
        };
        let seen = 1 + below(3);
        pairs.extend((0..seen).map(|_| (user, (start + below(width)) % devices)));
    }
    pairs
}

/// What `caliper verify-certificate` says of the certificate of a purchase, after a change to its text.
fn verified(
    pairs: &[(u32, u32)],
    purchase: &Purchase,
    [a, b, owned_users, owned_devices]: [u64; 4],
    change: [&str; 2],
) -> Result<Verified, VerifyError> {
    let mut text = Vec::new();
    let name = |number: u32| number.to_string().into();
    write_purchase_certificate(&mut text, purchase, (a, b), (owned_users, owned_devices), name, name).expect("memory");
    let text = String::from_utf8(text).expect("ASCII");
    assert!(text.contains(change[0]), "{text}");
    let number = |name: &str| name.parse().ok();
    verify_certificate(pairs, number, number, text.replacen(change[0], change[1], 1).as_bytes())
}

/// Six people at one PC, four of whom have two more each. With six User CALs owned nothing must be bought; with five either a
/// sixth at 5, or one for the PC at 4.
#[test]
fn the_certificate_of_a_purchase_holds_and_none_that_says_more() {
    let roaming = (0..4).flat_map(|user| [(user, 1 + 2 * user), (user, 2 + 2 * user)]);
    let pairs: Vec<_> = (0..6).map(|user| (user, 0)).chain(roaming).collect();
    let terms = [5, 4, 5, 0];
    let purchase = checked(6, 9, &pairs, terms);
    assert_eq!((purchase.cost, purchase.lower_bound), (4, 4));
    let holds = verified(&pairs, &purchase, terms, ["", ""]).expect("it holds");
    let proved = holds.purchase.expect("licences are owned");
    assert_eq!((holds.cost, proved.owned_users, proved.bound), (4, 5, purchase.demanded));
    // (what the text says, what it is changed to)
    let (bound, more) = (format!("bound,{}", purchase.demanded), format!("bound,{}", purchase.demanded + 1));
    for change in [
        [bound.as_str(), more.as_str()],
        ["cost,4", "cost,3"],
        ["owned-users,5", "owned-users,6"],
        ["device-price,4", "device-price,3"],
        ["user,0\n", ""],
        ["purchase-certificate/1", "purchase-certificate/2"],
    ] {
        assert!(verified(&pairs, &purchase, terms, change).is_err(), "{change:?}");
    }
}

/// Costs are multiples of 2 here, so a bound of 9 must not pass for one of 10 where 8 is the truth.
#[test]
fn a_bound_between_two_possible_costs_is_refused() {
    let roaming = (0..4).flat_map(|user| [(user, 1 + 2 * user), (user, 2 + 2 * user)]);
    let pairs: Vec<_> = (0..6).map(|user| (user, 0)).chain(roaming).collect();
    let terms = [10, 8, 5, 0];
    let purchase = checked(6, 9, &pairs, terms);
    assert_eq!((purchase.cost, purchase.lower_bound), (8, 8));
    for more in 1..=2 {
        let bound = [format!("bound,{}", purchase.demanded), format!("bound,{}", purchase.demanded + more)];
        assert!(verified(&pairs, &purchase, terms, [&bound[0], &bound[1]]).is_err(), "{bound:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn bounds_of_larger_graphs_hold_and_owning_more_never_raises_them(
        seed in any::<u64>(), a in 1..60_u64, b in 1..60_u64, owned_users in 0..500_u64, owned_devices in 0..400_u64,
    ) {
        let pairs = office(seed, 500, 400);
        let one = checked(500, 400, &pairs, [a, b, owned_users, owned_devices]);
        let more = checked(500, 400, &pairs, [a, b, owned_users + 20, owned_devices]);
        prop_assert!(more.lower_bound <= one.cost);
        // never worse than the cheapest mix with what is owned set against it
        let graph = Graph::new(500, 400, &pairs).expect("small graph");
        let plain = cheapest_cover(&graph, Prices::Same(a), Prices::Same(b));
        let terms = Terms { user_price: a, device_price: b, owned_users, owned_devices };
        prop_assert!(one.cost <= terms.cost(plain.user_count() as u64, plain.device_count() as u64));
    }
}
