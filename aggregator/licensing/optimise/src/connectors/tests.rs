//! Plans against every choice of connectors and users, and their proofs against the verifier (E.22 to E.27).

use proptest::prelude::*;

use super::*;

fn external(user: u32, device: u32, candidate: u32) -> ExternalAccess {
    ExternalAccess { user: Some(user), device: Some(device), candidate }
}

/// Tries every set of connectors and users; the devices follow.
fn brute_force(problem: &ConnectorProblem<'_>) -> u128 {
    let price_of = |mask: u32, prices: Prices<'_>| -> u64 {
        (0..32).filter(|bit| mask >> bit & 1 == 1).map(|bit| prices.of(bit)).sum()
    };
    let table =
        |count: u32, prices: Prices<'_>| -> Vec<u64> { (0..1 << count).map(|mask| price_of(mask, prices)).collect() };
    let of_users = table(problem.users, problem.user_prices);
    let of_devices = table(problem.devices, problem.device_prices);
    let forced = problem.forced_users.iter().fold(0_u32, |mask, user| mask | 1 << user);
    let needed = problem.forced_devices.iter().fold(0_u32, |mask, device| mask | 1 << device);
    let mut best = u64::MAX;
    for connectors in 0..1_u32 << problem.candidates.len() {
        // per user: devices that need a licence if it has none; whether it must have one; what is needed anyhow
        let (mut without, mut must, mut anyhow) = (vec![0_u32; problem.users as usize], forced, needed);
        problem.pairs.iter().for_each(|pair| without[pair.0 as usize] |= 1 << pair.1);
        let open = |access: &&ExternalAccess| connectors >> access.candidate & 1 == 0;
        let mut possible = true;
        for access in problem.externals.iter().filter(open) {
            match (access.user, access.device) {
                (Some(user), Some(device)) => without[user as usize] |= 1 << device,
                (Some(user), None) => must |= 1 << user,
                (None, Some(device)) => anyhow |= 1 << device,
                (None, None) => possible = false,
            }
        }
        if !possible {
            continue;
        }
        let fixed = price_of(connectors, Prices::Each(problem.candidates));
        for users in (0..1_u32 << problem.users).filter(|users| users & must == must) {
            let bare = without.iter().enumerate().filter(|(user, _)| users >> user & 1 == 0);
            let devices = bare.fold(anyhow, |mask, (_, devices)| mask | devices);
            best = best.min(fixed + of_users[users as usize] + of_devices[devices as usize]);
        }
    }
    u128::from(best)
}

/// The plan, after the bound, the proof and the price were checked.
fn checked(problem: &ConnectorProblem<'_>, patience: u64) -> ConnectorPlan {
    let plan = solve(problem, patience).expect("small numbers");
    let shown = plan.verified_bound(problem).unwrap_or_else(|| panic!("{problem:?} {plan:?}"));
    let unit = u128::from(common_divisor(problem));
    assert_eq!(shown.div_ceil(unit) * unit, plan.lower_bound, "the proof shows the bound");
    assert!(plan.lower_bound <= plan.cost);
    assert_eq!(plan.proven, plan.lower_bound == plan.cost);
    plan
}

#[test]
fn every_graph_of_four_and_four_costs_what_brute_force_finds() {
    for graph in 0..1_u32 << 16 {
        let pairs = (0..16_u32).filter(|pair| graph >> pair & 1 == 1);
        let at = |pair: u32| (pair / 4, pair % 4);
        let is_ordinary = |pair: &u32| pair % 5 == 3;
        let ordinary: Vec<_> = pairs.clone().filter(is_ordinary).map(at).collect();
        // every third pair reaches two candidates
        let externals: Vec<_> = pairs
            .filter(|pair| !is_ordinary(pair))
            .flat_map(|pair| {
                let (user, device) = at(pair);
                let second = (pair % 3 == 0).then(|| external(user, device, (pair + 1) % 3));
                second.into_iter().chain([external(user, device, (pair * 5 / 7) % 3)])
            })
            .collect();
        let problem = ConnectorProblem {
            users: 4,
            devices: 4,
            user_prices: Prices::Same(5),
            device_prices: Prices::Same(4),
            pairs: &ordinary,
            forced_users: &[],
            forced_devices: &[],
            candidates: &[7, 9, 6],
            externals: &externals,
        };
        let plan = checked(&problem, branch::PATIENCE);
        assert!(plan.proven, "graph {graph:#b}");
        assert_eq!(plan.cost, brute_force(&problem), "graph {graph:#b}");
    }
}

#[derive(Debug, Clone)]
struct Instance {
    users: u32,
    devices: u32,
    user_prices: Vec<u64>,
    device_prices: Vec<u64>,
    pairs: Vec<(u32, u32)>,
    forced_users: Vec<u32>,
    forced_devices: Vec<u32>,
    candidates: Vec<u64>,
    externals: Vec<ExternalAccess>,
}

impl Instance {
    fn problem(&self) -> ConnectorProblem<'_> {
        ConnectorProblem {
            users: self.users,
            devices: self.devices,
            user_prices: Prices::Each(&self.user_prices),
            device_prices: Prices::Each(&self.device_prices),
            pairs: &self.pairs,
            forced_users: &self.forced_users,
            forced_devices: &self.forced_devices,
            candidates: &self.candidates,
            externals: &self.externals,
        }
    }
}

fn instance() -> impl Strategy<Value = Instance> {
    (1..9_u32, 1..9_u32, 1..6_u32).prop_flat_map(|(users, devices, candidates)| {
        let end = |count: u32| prop_oneof![15 => (0..count).prop_map(Some), 1 => Just(None)];
        let access = (end(users), end(devices), 0..candidates);
        let vertices = (
            prop::collection::vec(0..9_u64, users as usize),
            prop::collection::vec(0..9_u64, devices as usize),
            prop::collection::vec(0..16_u64, candidates as usize),
        );
        let accesses = (
            prop::collection::vec((0..users, 0..devices), 0..12),
            prop::collection::vec(0..users, 0..2),
            prop::collection::vec(0..devices, 0..2),
            prop::collection::vec(access, 0..40),
        );
        (Just((users, devices)), vertices, accesses).prop_map(|((users, devices), prices, accesses)| {
            let externals = accesses.3.into_iter();
            Instance {
                users,
                devices,
                user_prices: prices.0,
                device_prices: prices.1,
                candidates: prices.2,
                pairs: accesses.0,
                forced_users: accesses.1,
                forced_devices: accesses.2,
                externals: externals
                    .map(|(user, device, candidate)| ExternalAccess { user, device, candidate })
                    .collect(),
            }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn random_plans_cost_what_brute_force_finds(instance in instance(), turn in 0..40_usize) {
        let problem = instance.problem();
        let plan = checked(&problem, branch::PATIENCE);
        prop_assert!(plan.proven);
        prop_assert_eq!(plan.cost, brute_force(&problem));
        let mut turned = instance.clone();
        turned.externals.reverse();
        let length = turned.externals.len().max(1);
        turned.externals.rotate_left(turn % length);
        turned.pairs.reverse();
        let other = checked(&turned.problem(), branch::PATIENCE);
        prop_assert_eq!((&other.connectors, &other.users, &other.devices), (&plan.connectors, &plan.users, &plan.devices));
        // without any patience a plan and an honest bound are left
        let hasty = checked(&problem, 0);
        prop_assert!(hasty.lower_bound <= plan.cost && plan.cost <= hasty.cost);
    }
}

#[test]
fn connectors_pay_above_the_break_even_only() {
    // E.27: on one server from floor(235 / 5) + 1 = 48 external users on; each has a device of its own
    for (users, connectors, cost) in [(46, 0, 230), (47, 0, 235), (48, 1, 235)] {
        let externals: Vec<_> = (0..users).map(|user| external(user, user, 0)).collect();
        let problem = ConnectorProblem {
            users,
            devices: users,
            user_prices: Prices::Same(5),
            device_prices: Prices::Same(6),
            pairs: &[],
            forced_users: &[],
            forced_devices: &[],
            candidates: &[235],
            externals: &externals,
        };
        let plan = checked(&problem, branch::PATIENCE);
        assert_eq!(
            (plan.connectors.iter().filter(|&&one| one).count(), plan.cost),
            (connectors, cost),
            "{users} users"
        );
    }
}

#[test]
fn connectors_that_pay_only_together_are_found() {
    // E.27: each of three servers is reached by the same 10 users; no connector alone saves a licence, all three do
    let externals: Vec<_> = (0..30).map(|index| external(index % 10, index % 10, index / 10)).collect();
    let problem = ConnectorProblem {
        users: 10,
        devices: 10,
        user_prices: Prices::Same(5),
        device_prices: Prices::Same(5),
        pairs: &[],
        forced_users: &[],
        forced_devices: &[],
        candidates: &[16, 16, 16],
        externals: &externals,
    };
    let plan = checked(&problem, branch::PATIENCE);
    assert_eq!((plan.connectors, plan.cost, plan.proven), (vec![true; 3], 48, true));
}

#[test]
fn hostile_numbers_are_errors() {
    let externals = [external(0, 0, 0)];
    let base = ConnectorProblem {
        users: 1,
        devices: 1,
        user_prices: Prices::Same(1),
        device_prices: Prices::Same(1),
        pairs: &[],
        forced_users: &[],
        forced_devices: &[],
        candidates: &[1],
        externals: &externals,
    };
    let failed = |problem: ConnectorProblem<'_>| cheapest_with_connectors(&problem).expect_err("hostile");
    assert_eq!(failed(ConnectorProblem { user_prices: Prices::Same(u64::MAX), ..base }), ProblemError::TooMuch);
    assert_eq!(failed(ConnectorProblem { candidates: &[u64::MAX], ..base }), ProblemError::TooMuch);
    let unknown = |problem| matches!(failed(problem), ProblemError::Unknown { .. });
    assert!(unknown(ConnectorProblem { candidates: &[], ..base }));
    assert!(unknown(ConnectorProblem { users: 0, ..base }));
    assert!(unknown(ConnectorProblem { pairs: &[(0, 1)], ..base }));
    assert!(unknown(ConnectorProblem { forced_users: &[1], ..base }));
    assert!(matches!(failed(ConnectorProblem { devices: u32::MAX, ..base }), ProblemError::TooMany { .. }));
    assert!(matches!(
        failed(ConnectorProblem { device_prices: Prices::Each(&[1, 1]), ..base }),
        ProblemError::Prices { .. }
    ));
    let largest = ConnectorProblem {
        user_prices: Prices::Same(LIMIT),
        device_prices: Prices::Same(LIMIT),
        candidates: &[LIMIT],
        ..base
    };
    assert_eq!(checked(&largest, branch::PATIENCE).cost, u128::from(LIMIT));
}
