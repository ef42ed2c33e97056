//! After every change the same as solved anew, whatever the way there.

use proptest::prelude::*;

use super::{
    super::{VerifyError, verify_certificate, with_most_users, write_certificate},
    *,
};

impl StandingCover {
    /// The three rules of `repair`, and that both sides tell the same.
    fn check_rules(&self) {
        let [users, devices] = &self.state.sides;
        let mut pairs = 0;
        for (user, at) in (0..).zip(&users.vertices) {
            assert!(at.near || at.residual == 0, "rule 1: user {user}");
            let carried: u64 = users.shares(user).iter().map(|share| share.amount).sum();
            assert_eq!(carried + at.residual, self.prices[USERS] / self.unit);
            for device in users.neighbours(user) {
                pairs += 1;
                assert!(devices.has(device, user));
                assert!(!at.near || devices.vertices[device as usize].near, "rule 2: {user}, {device}");
            }
            for share in users.shares(user) {
                assert!(users.has(user, share.other) && share.amount > 0);
                assert_eq!(devices.share(share.other, user), share.amount);
                assert!(at.near || !devices.vertices[share.other as usize].near, "rule 3: {user}, {}", share.other);
            }
        }
        assert_eq!(pairs, self.pairs);
        for (device, at) in (0..).zip(&devices.vertices) {
            assert!(!at.near || at.residual == 0, "rule 1: device {device}");
            let carried: u64 = devices.shares(device).iter().map(|share| share.amount).sum();
            assert_eq!(carried + at.residual, self.prices[DEVICES] / self.unit);
        }
    }

    /// The same graph, cost and cover as solved anew, with a proof that a stranger accepts.
    fn check_against_cold(&self) {
        self.check_rules();
        let graph = self.graph();
        let [user_price, device_price] = self.prices;
        let cold = cheapest_cover(&graph, Prices::Same(user_price), Prices::Same(device_price));
        let cover = self.cover();
        assert_eq!((self.cost(), cover.cost), (cold.cost, cold.cost));
        assert!(cover.is_proven(&graph));
        if user_price > 0 && device_price > 0 {
            let expected = with_most_users(&graph, &cold.demand, Prices::Same(user_price));
            assert_eq!((&cover.users, &cover.devices), (&expected.0, &expected.1));
        }
        assert_eq!(verified_cost(&graph, &cover, (user_price, device_price)).expect("a valid proof"), cold.cost);
    }
}

fn verified_cost(graph: &Graph, cover: &Cover, prices: (u64, u64)) -> Result<u128, VerifyError> {
    let mut text = Vec::new();
    let name = |index: u32| index.to_string().into();
    write_certificate(&mut text, cover, prices, name, name).expect("in memory");
    let pairs: Vec<_> =
        (0..graph.users()).flat_map(|user| graph.devices_of(user).map(move |device| (user, device))).collect();
    let number = |name: &str| name.parse().ok();
    verify_certificate(&pairs, number, number, &text[..]).map(|verified| verified.cost)
}

/// The cheapest choice of users, devices following; by trying all.
fn brute_force(pairs: &[(u32, u32)], users: u32, (user_price, device_price): (u64, u64)) -> u128 {
    let cost = |chosen: u32| {
        let bare = pairs.iter().filter(|(user, _)| chosen >> user & 1 == 0);
        let devices = bare.fold(0_u32, |devices, (_, device)| devices | 1 << device).count_ones();
        u128::from(chosen.count_ones()) * u128::from(user_price) + u128::from(devices) * u128::from(device_price)
    };
    (0..1 << users).map(cost).min().unwrap_or(0)
}

fn toggles(users: u32, devices: u32, most: usize) -> impl Strategy<Value = Vec<(u32, u32)>> {
    prop::collection::vec((0..users, 0..devices), 0..most)
}

/// Adds pairs that are not there and removes those that are.
fn toggle(present: &mut Vec<(u32, u32)>, pair: (u32, u32)) -> Change {
    let (user, device) = pair;
    if let Some(place) = present.iter().position(|one| *one == pair) {
        present.swap_remove(place);
        Change::Remove { user, device }
    } else {
        present.push(pair);
        Change::Add { user, device }
    }
}

fn prices() -> impl Strategy<Value = (u64, u64)> {
    prop_oneof![
        Just((5, 4)),
        Just((1, 1)),
        Just((47, 36)),
        (0..4_u64, 0..4_u64),
        (1..60_u64, 1..60_u64),
        (1..u64::MAX / 64, 1..u64::MAX / 64)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn each_change_leaves_the_cheapest(start in toggles(8, 8, 30), changes in toggles(8, 8, 60), prices in prices()) {
        let mut present = Vec::new();
        for &pair in &start {
            toggle(&mut present, pair);
        }
        let graph = Graph::new(8, 8, &present).expect("small");
        let mut standing = StandingCover::of(&graph, prices.0, prices.1).expect("small");
        for pair in changes {
            let change = toggle(&mut present, pair);
            let applied = standing.apply(&[change]).expect("in range");
            prop_assert_eq!(applied.added + applied.removed, 1);
            prop_assert!(!applied.anew);
            prop_assert_eq!(standing.cost(), brute_force(&present, 8, prices));
            prop_assert_eq!(standing.graph(), Graph::new(8, 8, &present).expect("small"));
            standing.check_against_cold();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    /// Long enough for rows to move, to be sorted again and for memory to be closed up.
    #[test]
    fn batches_leave_the_cheapest(
        batches in prop::collection::vec(toggles(40, 25, 90), 1..40), prices in prices(),
    ) {
        let mut present = Vec::new();
        let mut standing = StandingCover::of(&Graph::new(0, 0, &[]).expect("small"), prices.0, prices.1).expect("small");
        for batch in batches {
            let users = batch.iter().map(|pair| pair.0 + 1).max().unwrap_or(0);
            let devices = batch.iter().map(|pair| pair.1 + 1).max().unwrap_or(0);
            standing.grow(users, devices).expect("small");
            let near = |standing: &StandingCover| -> Vec<bool> {
                standing.state.sides.iter().flat_map(|side| side.vertices.iter().map(|at| at.near)).collect()
            };
            let before = near(&standing);
            let changes: Vec<_> = batch.iter().map(|&pair| toggle(&mut present, pair)).collect();
            let applied = standing.apply(&changes).expect("in range");
            let moved = near(&standing).iter().zip(&before).filter(|(now, before)| now != before).count();
            prop_assert_eq!(applied.moved, moved);
            prop_assert_eq!(standing.pairs(), present.len());
            standing.check_against_cold();
        }
    }

    #[test]
    fn the_way_does_not_show(start in toggles(30, 30, 200), noise in toggles(30, 30, 200), prices in prices()) {
        let mut present = Vec::new();
        let mut changes: Vec<_> = start.iter().map(|&pair| toggle(&mut present, pair)).collect();
        let settled = present.clone();
        let there: Vec<_> = noise.iter().map(|&pair| toggle(&mut present, pair)).collect();
        let back: Vec<_> = noise.iter().map(|&pair| toggle(&mut present, pair)).collect();
        changes.extend(there.into_iter().chain(back));
        let mut standing =
            StandingCover::of(&Graph::new(30, 30, &[]).expect("small"), prices.0, prices.1).expect("small");
        for change in changes {
            standing.apply(&[change]).expect("in range");
        }
        let direct = StandingCover::of(&Graph::new(30, 30, &settled).expect("small"), prices.0, prices.1).expect("small");
        prop_assert_eq!(standing.graph(), direct.graph());
        let (standing, direct) = (standing.cover(), direct.cover());
        prop_assert_eq!((standing.users, standing.devices, standing.cost), (direct.users, direct.devices, direct.cost));
    }
}

#[test]
fn a_bulk_event_is_solved_anew() {
    // 1,000 people, each on a machine of their own and on the kiosk of their site; then all of a site leave.
    let pairs: Vec<_> = (0..1000).flat_map(|user| [(user, user), (user, 1000 + user / 100)]).collect();
    let mut standing = StandingCover::of(&Graph::new(1000, 1010, &pairs).expect("small"), 5, 4).expect("small");
    // Device CALs for all machines and kiosks: 1,010 at 4; whoever leaves out a machine pays 5 for its user.
    assert_eq!(standing.cost(), 1010 * 4);
    let leave = |site: u32| {
        let of_site = pairs.iter().filter(move |(user, _)| user / 100 == site);
        of_site.map(|&(user, device)| Change::Remove { user, device }).collect::<Vec<_>>()
    };
    let applied = standing.apply(&leave(0)).expect("in range");
    // 200 of 2,000 is a tenth
    assert_eq!((applied.anew, applied.removed), (false, 200));
    standing.check_against_cold();
    let two_sites = [leave(1), leave(2)].concat();
    let applied = standing.apply(&two_sites).expect("in range");
    assert_eq!((applied.anew, applied.removed), (true, 400));
    assert_eq!(standing.cost(), 707 * 4);
    standing.check_against_cold();
}

#[test]
fn repairs_that_reach_too_far_end_in_solving_anew() {
    // A path through 1,000 users and 999 devices: all devices. With a device more at one end, it is all of one side.
    let pairs: Vec<_> = (0..999).flat_map(|i| [(i, i), (i + 1, i)]).collect();
    let standing = StandingCover::of(&Graph::new(1000, 1001, &pairs).expect("small"), 1, 1).expect("small");
    let near = |standing: &StandingCover| standing.state.sides[USERS].vertices[500].near;
    assert!(near(&standing));
    let longer = [Change::Add { user: 0, device: 999 }, Change::Add { user: 999, device: 1000 }];
    for (worth, anew) in [(u64::MAX, false), (100, true)] {
        let mut standing = standing.clone();
        let applied = standing.apply_within(&longer, worth);
        assert_eq!((applied.anew, applied.added, standing.cost()), (anew, 2, 1000));
        assert!(!near(&standing) && applied.moved >= 1000, "{applied:?}");
        standing.check_against_cold();
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    let mut standing = StandingCover::of(&Graph::new(2, 2, &[(0, 0)]).expect("small"), 5, 4).expect("small");
    let changes = [Change::Add { user: 1, device: 1 }, Change::Add { user: 1, device: 2 }];
    let error = standing.apply(&changes).expect_err("device 2 of 2");
    assert_eq!(error.to_string(), "pair 1 is (1, 2), but there are 2 users and 2 devices");
    assert_eq!(standing.pairs(), 1);
    standing.grow(2, 3).expect("small");
    assert_eq!(standing.apply(&changes).expect("in range").added, 2);
    assert!(standing.grow(u32::MAX, 0).is_err());
    // there already, and not there
    let idle = [Change::Add { user: 0, device: 0 }, Change::Remove { user: 0, device: 2 }];
    assert_eq!(standing.apply(&idle).expect("in range"), Applied::default());
}
