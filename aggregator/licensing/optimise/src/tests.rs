//! The optimum against brute force, and the laws it obeys (E.28).

use proptest::prelude::*;

use super::*;

/// Tries every set of users; each then fixes its cheapest set of devices.
fn brute_force(pairs: &[(u32, u32)], user_prices: &[u64], device_prices: &[u64]) -> u128 {
    (0..1_u32 << user_prices.len())
        .map(|chosen| {
            let has = |user: u32| chosen >> user & 1 == 1;
            let users: u128 =
                (0..).zip(user_prices).filter(|(user, _)| has(*user)).map(|(_, &price)| u128::from(price)).sum();
            let mut forced = vec![false; device_prices.len()];
            for &(user, device) in pairs {
                forced[device as usize] |= !has(user);
            }
            let devices: u128 =
                forced.iter().zip(device_prices).filter(|(f, _)| **f).map(|(_, &price)| u128::from(price)).sum();
            users + devices
        })
        .min()
        .unwrap_or(0)
}

/// Checks cover and demand pair by pair, price by price, and returns the cost.
fn proven_cost(pairs: &[(u32, u32)], user_prices: &[u64], device_prices: &[u64]) -> u128 {
    let (users, devices) = (user_prices.len() as u32, device_prices.len() as u32);
    let graph = Graph::new(users, devices, pairs).expect("small graph");
    let cover = cheapest_cover(&graph, Prices::Each(user_prices), Prices::Each(device_prices));
    for &(user, device) in pairs {
        assert!(cover.users[user as usize] || cover.devices[device as usize], "({user}, {device}) is bare");
    }
    let (mut user_left, mut device_left) = (user_prices.to_vec(), device_prices.to_vec());
    for demand in &cover.demand {
        assert!(pairs.contains(&(demand.user, demand.device)) && demand.amount > 0);
        user_left[demand.user as usize] -= demand.amount;
        device_left[demand.device as usize] -= demand.amount;
    }
    let price = |covered: &[bool], prices: &[u64]| -> u128 {
        covered.iter().zip(prices).filter(|(c, _)| **c).map(|(_, &price)| u128::from(price)).sum()
    };
    assert_eq!(cover.cost, price(&cover.users, user_prices) + price(&cover.devices, device_prices));
    assert!(cover.is_proven(&graph));
    cover.cost
}

fn same(users: u32, devices: u32, pairs: &[(u32, u32)], prices: (u64, u64)) -> u128 {
    proven_cost(pairs, &vec![prices.0; users as usize], &vec![prices.1; devices as usize])
}

fn small_instance() -> impl Strategy<Value = (Vec<(u32, u32)>, Vec<u64>, Vec<u64>)> {
    (1..10_u32, 1..10_u32).prop_flat_map(|(users, devices)| {
        let price = prop_oneof![0..4_u64, 1..50_u64, Just(u64::MAX / 4)];
        (
            prop::collection::vec((0..users, 0..devices), 0..50),
            prop::collection::vec(price.clone(), users as usize),
            prop::collection::vec(price, devices as usize),
        )
    })
}

/// Large enough for kernels, several phases and long rows.
fn large_instance() -> impl Strategy<Value = (u32, u32, Vec<(u32, u32)>)> {
    (20..400_u32, 20..400_u32, 1..5_u32).prop_flat_map(|(users, devices, degree)| {
        let pairs = prop::collection::vec((0..users, 0..devices), 0..(degree * users) as usize);
        (Just(users), Just(devices), pairs)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn nothing_is_cheaper_on_small_graphs((pairs, user_prices, device_prices) in small_instance()) {
        let expected = brute_force(&pairs, &user_prices, &device_prices);
        prop_assert_eq!(proven_cost(&pairs, &user_prices, &device_prices), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn order_names_and_sides_change_nothing(
        (users, devices, pairs) in large_instance(), a in 1..60_u64, b in 1..60_u64, turn in 1..20_u32,
    ) {
        let cost = same(users, devices, &pairs, (a, b));
        let mut other = pairs.clone();
        other.reverse();
        other.extend_from_slice(&pairs);
        // The very same graph, so the very same mix among several equally cheap ones.
        prop_assert_eq!(Graph::new(users, devices, &other), Graph::new(users, devices, &pairs));
        prop_assert_eq!(same(users, devices, &other, (a, b)), cost);
        let scattered = Graph::taking(users, devices, other).expect("small graph");
        prop_assert_eq!(&scattered, &Graph::new(users, devices, &pairs).expect("small graph"));
        let cover = cheapest_cover(&scattered, Prices::Same(a), Prices::Same(b));
        prop_assert!(cover.is_proven(&scattered));
        prop_assert_eq!(cover.cost, cost);
        let renamed: Vec<_> = pairs.iter().map(|&(u, d)| ((u + turn) % users, devices - 1 - d)).collect();
        prop_assert_eq!(same(users, devices, &renamed, (a, b)), cost);
        let mirrored: Vec<_> = pairs.iter().map(|&(u, d)| (d, u)).collect();
        prop_assert_eq!(same(devices, users, &mirrored, (b, a)), cost);
    }

    #[test]
    fn more_pairs_are_never_cheaper((users, devices, pairs) in large_instance(), a in 1..9_u64, b in 1..9_u64) {
        let fewer = same(users, devices, &pairs[..pairs.len() / 2], (a, b));
        prop_assert!(fewer <= same(users, devices, &pairs, (a, b)));
    }

    #[test]
    fn cost_scales_with_prices((users, devices, pairs) in large_instance(), factor in 1..1_000_000_u64) {
        let cost = same(users, devices, &pairs, (5, 4));
        prop_assert_eq!(same(users, devices, &pairs, (5 * factor, 4 * factor)), cost * u128::from(factor));
    }

    #[test]
    fn a_price_per_vertex_is_proven_too((users, devices, pairs) in large_instance(), seed in any::<u64>()) {
        let price = |index: u64| seed.wrapping_mul(2 * index + 1) >> 20 & 0x3f;
        let user_prices: Vec<_> = (0..u64::from(users)).map(price).collect();
        let device_prices: Vec<_> = (0..u64::from(devices)).map(|index| price(index + 1000)).collect();
        proven_cost(&pairs, &user_prices, &device_prices);
    }
}

#[test]
fn shapes_with_a_known_answer() {
    // One shared kiosk: one Device CAL. One travelling person: one User CAL.
    let kiosk: Vec<_> = (0..1000).map(|user| (user, 0)).collect();
    assert_eq!(same(1000, 1, &kiosk, (5, 4)), 4);
    let traveller: Vec<_> = (0..1000).map(|device| (0, device)).collect();
    assert_eq!(same(1, 1000, &traveller, (5, 4)), 5);
    // A cycle through n users and n devices needs n licences, whichever is cheaper.
    for n in [2, 3, 1000, 50_001] {
        let cycle: Vec<_> = (0..n).flat_map(|i| [(i, i), (i, (i + 1) % n)]).collect();
        assert_eq!(same(n, n, &cycle, (5, 4)), u128::from(n) * 4);
        assert_eq!(same(n, n, &cycle, (1, 1)), u128::from(n));
    }
    // Everybody on everything: the cheaper side as a whole.
    let all: Vec<_> = (0..70).flat_map(|u| (0..90).map(move |d| (u, d))).collect();
    assert_eq!(same(70, 90, &all, (5, 4)), 350);
    assert_eq!(same(70, 90, &all, (6, 4)), 360);
    // Nothing observed, nothing needed.
    assert_eq!(same(0, 0, &[], (5, 4)), 0);
    assert_eq!(same(3, 2, &[], (5, 4)), 0);
}

#[test]
fn a_pair_outside_the_graph_is_refused() {
    let error = Graph::new(2, 2, &[(0, 0), (1, 2)]).expect_err("device 2 of 2");
    assert_eq!(error.to_string(), "pair 1 is (1, 2), but there are 2 users and 2 devices");
}

/// Ann shares K1 with Bob, who also has L1 and L2; prices 5 and 4, so Bob (5) and K1 (4) at 9.
const CERTIFICATE: &str = "caliper.certificate/1\nuser-price,5\ndevice-price,4\ncost,9\nuser,\"Bob, \"\"B\"\"\"\n\
                           device,K1\ndemand,Ann,K1,4\ndemand,\"Bob, \"\"B\"\"\",L1,4\ndemand,\"Bob, \"\"B\"\"\",L2,1\n";
const USERS: [&str; 2] = ["Ann", "Bob, \"B\""];
const DEVICES: [&str; 3] = ["K1", "L1", "L2"];
const PAIRS: [(u32, u32); 4] = [(0, 0), (1, 0), (1, 1), (1, 2)];

fn check(text: &str) -> Result<Verified, VerifyError> {
    let find = |names: &[&str], name: &str| names.iter().position(|one| *one == name).map(|index| index as u32);
    verify_certificate(&PAIRS, |name| find(&USERS, name), |name| find(&DEVICES, name), text.as_bytes())
}

#[test]
fn a_certificate_is_written_and_verified() {
    let verified = check(CERTIFICATE).expect("worked out by hand");
    assert_eq!((verified.users, verified.devices, verified.cost), (1, 1, 9));
    let graph = Graph::new(2, 3, &PAIRS).expect("small graph");
    let cover = cheapest_cover(&graph, Prices::Same(5), Prices::Same(4));
    let mut text = Vec::new();
    let user = |index: u32| USERS[index as usize].into();
    write_certificate(&mut text, &cover, (5, 4), user, |index| DEVICES[index as usize].into()).expect("in memory");
    assert_eq!(check(&String::from_utf8(text).expect("text")).expect("our own"), verified);
}

#[test]
fn a_tampered_certificate_is_refused() {
    let cases = [
        (
            "/1\n",
            "/2\n",
            "line 1 of the certificate is \"caliper.certificate/2\", expected caliper.certificate/1 or \
             caliper.purchase-certificate/1",
        ),
        ("user-price,5", "user-price,-5", "line 2 of the certificate is \"user-price,-5\", expected user-price,NUMBER"),
        (
            "device-price,4",
            "device-price",
            "line 3 of the certificate is \"device-price\", expected device-price,NUMBER",
        ),
        ("cost,9", "cost,8", "the cover costs 9, but the certificate states 8"),
        ("device,K1\n", "", "the pair number 1 is covered neither by its user nor by its device"),
        ("device,K1", "device,K9", "line 6 of the certificate is \"device,K9\", expected a device of the pairs"),
        (
            "device,K1\n",
            "device,K1\ndevice,K1\n",
            "line 7 of the certificate is \"device,K1\", expected a device not named before",
        ),
        ("Ann,K1,4", "Ann,L1,4", "line 7 of the certificate is \"demand,Ann,L1,4\", expected a pair that was observed"),
        (
            "Ann,K1,4",
            "Ann,K1,5",
            "line 7 of the certificate is \"demand,Ann,K1,5\", expected no more demand than the device's price",
        ),
        ("Ann,K1,4", "Ann,K1,x", "line 7 of the certificate is \"demand,Ann,K1,x\", expected an amount in whole units"),
        ("Ann,K1,4", "Ann,K1,3", "the demand adds up to 8, which does not prove the cost of 9"),
        (
            "demand,Ann,K1,4",
            "\"demand,Ann,K1,4",
            "line 7 of the certificate is \"\\\"demand,Ann,K1,4\", expected a user, device or demand line",
        ),
    ];
    for (good, bad, message) in cases {
        let tampered = CERTIFICATE.replacen(good, bad, 1);
        assert_ne!(tampered, CERTIFICATE, "{good}");
        assert_eq!(check(&tampered).expect_err(bad).to_string(), message);
    }
    assert!(check("").is_err());
}

proptest! {
    #[test]
    fn garbage_is_refused_without_a_panic(garbage in any::<Vec<u8>>(), keep in 0..CERTIFICATE.len() - 1) {
        let text = [&CERTIFICATE.as_bytes()[..keep], &garbage[..]].concat();
        let find = |names: &[&str], name: &str| names.iter().position(|one| *one == name).map(|index| index as u32);
        let found = verify_certificate(&PAIRS, |name| find(&USERS, name), |name| find(&DEVICES, name), &text[..]);
        // Only what says the same may pass.
        prop_assert!(found.is_err() || found.is_ok_and(|verified| verified.cost == 9));
    }
}
