//! Pools against every choice, on all graphs of four users and four devices and on random ones (0.4, E.19).

use proptest::prelude::*;

use super::*;

fn stay(user: u32, device: u32, first: u32, last: u32) -> Stay {
    Stay { user: Some(user), device: Some(device), first, last }
}

/// The least cost of all choices of users; the devices follow. Days are counted one by one.
fn brute_force(problem: &PoolProblem<'_>) -> u128 {
    let span = |end: fn(&Stay) -> Option<u32>, vertex: u32| {
        let of_vertex = || problem.stays.iter().filter(|stay| end(stay) == Some(vertex));
        let first = of_vertex().map(|stay| stay.first).min()?;
        let last = of_vertex().map(|stay| stay.last).max()?;
        Some((first, last.max(first + problem.minimum_days)))
    };
    let of_users: Vec<_> = (0..problem.users).map(|user| span(|stay| stay.user, user)).collect();
    let of_devices: Vec<_> = (0..problem.devices).map(|device| span(|stay| stay.device, device)).collect();
    let peak = |spans: &[Option<(u32, u32)>], chosen: u32| -> u64 {
        let held = (0..).zip(spans).filter(|(index, _)| chosen >> index & 1 == 1).filter_map(|(_, span)| *span);
        let held: Vec<_> = held.collect();
        let on = |day: u32| held.iter().filter(|span| span.0 <= day && day <= span.1).count() as u64;
        held.iter().map(|span| on(span.0)).max().unwrap_or(0)
    };
    let has = |mask: u32, end: Option<u32>| end.is_some_and(|end| mask >> end & 1 == 1);
    let choices = (0..1_u32 << problem.users).filter_map(|users| {
        let mut devices = 0_u32;
        for stay in problem.stays.iter().filter(|stay| !has(users, stay.user)) {
            devices |= 1 << stay.device?;
        }
        let needed = problem.stays.iter().filter(|stay| stay.user.is_none()).filter_map(|stay| stay.device);
        needed.for_each(|device| devices |= 1 << device);
        let cost = u128::from(problem.user_price) * u128::from(peak(&of_users, users));
        Some(cost + u128::from(problem.device_price) * u128::from(peak(&of_devices, devices)))
    });
    choices.min().expect("all users is a choice")
}

/// Solves and checks plan and proof; whether it was proven.
fn checked(problem: &PoolProblem<'_>) -> bool {
    let plan = cheapest_pool(problem).expect("small");
    let best = brute_force(problem);
    assert!(plan.lower_bound <= best && best <= plan.cost, "{} <= {best} <= {}", plan.lower_bound, plan.cost);
    assert_eq!(plan.proven, plan.lower_bound == plan.cost);
    assert_eq!(plan.verified_bound(problem).expect("a valid proof").min(plan.cost), plan.lower_bound);
    assert_eq!(rolling_peak(problem, &plan.users, &plan.devices), Ok((plan.user_peak, plan.device_peak)));
    plan.proven
}

#[test]
fn on_every_graph_of_four_and_four_the_truth_lies_between() {
    let mut proven = 0;
    for graph in 0..1_u32 << 16 {
        let stays: Vec<_> = (0..16_u32)
            .filter(|pair| graph >> pair & 1 == 1)
            .map(|pair| stay(pair / 4, pair % 4, pair * 37 % 200, pair * 37 % 200 + pair * 11 % 60))
            .collect();
        let problem =
            PoolProblem { users: 4, devices: 4, stays: &stays, user_price: 5, device_price: 4, minimum_days: 90 };
        proven += u32::from(checked(&problem));
    }
    assert_eq!(proven, 1 << 16, "small enough to be closed");
}

fn stays() -> impl Strategy<Value = (u32, u32, Vec<Stay>)> {
    (1..9_u32, 1..9_u32).prop_flat_map(|(users, devices)| {
        let end = |count: u32| prop_oneof![20 => (0..count).prop_map(Some), 1 => Just(None)];
        let one = (end(users), end(devices), 0..300_u32, 0..60_u32);
        let stays = prop::collection::vec(one, 0..30).prop_map(|list| {
            let known = list.into_iter().filter(|one| one.0.is_some() || one.1.is_some());
            known.map(|(user, device, first, days)| Stay { user, device, first, last: first + days }).collect()
        });
        (Just(users), Just(devices), stays)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn on_random_graphs_the_truth_lies_between(
        (users, devices, stays) in stays(),
        (user_price, device_price) in (0..9_u64, 0..9_u64),
        minimum_days in prop_oneof![Just(0_u32), Just(90), 0..200_u32],
        turn in 0..30_usize,
    ) {
        let problem = PoolProblem { users, devices, stays: &stays, user_price, device_price, minimum_days };
        prop_assert!(checked(&problem), "small enough to be closed");
        let mut turned = stays.clone();
        turned.reverse();
        let length = turned.len().max(1);
        turned.rotate_left(turn % length);
        prop_assert_eq!(cheapest_pool(&problem), cheapest_pool(&PoolProblem { stays: &turned, ..problem }));
    }
}

#[test]
fn a_licence_serves_a_second_person_after_ninety_days() {
    // 0.4: each of three people comes for ten days; a CAL given on day 0 is free again on day 90
    for (second, pool) in [(89, 2), (90, 1)] {
        let stays: Vec<_> = (0..3).map(|person| stay(person, person, person * second, person * second + 9)).collect();
        let problem =
            PoolProblem { users: 3, devices: 3, stays: &stays, user_price: 5, device_price: 9, minimum_days: 89 };
        let plan = cheapest_pool(&problem).expect("small");
        assert_eq!((plan.user_peak, plan.device_peak, plan.proven), (pool, 0, true), "every {second} days");
        assert_eq!(rolling_peak(&problem, &[true; 3], &[false; 3]), Ok((pool, 0)));
    }
}

#[test]
fn hostile_numbers_are_errors() {
    let stays = [stay(0, 0, 5, u32::MAX)];
    let base =
        PoolProblem { users: 1, devices: 1, stays: &stays, user_price: 1, device_price: 1, minimum_days: u32::MAX };
    assert_eq!(cheapest_pool(&base).expect("at the limit").cost, 1);
    let failed = |problem: PoolProblem<'_>| cheapest_pool(&problem).expect_err("hostile");
    assert_eq!(failed(PoolProblem { user_price: u64::MAX, ..base }), ProblemError::TooMuch);
    assert!(matches!(failed(PoolProblem { users: 0, ..base }), ProblemError::Unknown { what: "user", .. }));
    assert!(matches!(failed(PoolProblem { devices: u32::MAX, ..base }), ProblemError::TooMany { .. }));
    let backwards = failed(PoolProblem { stays: &[stay(0, 0, 5, 4)], ..base });
    assert_eq!(backwards, ProblemError::Backwards { index: 0, first: 5, last: 4 });
    assert!(rolling_peak(&base, &[], &[true]).is_err());
}
