//! Modes against every choice of modes, on all graphs of four users and four devices and on random ones (F.6).

use proptest::prelude::*;

use super::*;

fn access(user: u32, host: u32, device: u32) -> HostAccess {
    HostAccess { user: Some(user), host, device: Some(device) }
}

/// The least cost of all choices that keep the modes given; unknown ends cost nothing here.
fn brute_force(problem: &ModeProblem<'_>, settled: &[Option<Mode>]) -> u128 {
    let choices = 0..1_u32 << settled.len();
    let of = |choice: u32, host: u32| if choice >> host & 1 == 1 { Mode::PerUser } else { Mode::PerDevice };
    let allowed = choices.filter(|&choice| {
        (0..).zip(settled).all(|(host, settled)| settled.is_none_or(|settled| settled == of(choice, host)))
    });
    let costs = allowed.map(|choice| {
        let (mut users, mut devices) = (0_u64, 0_u64);
        for access in problem.accesses {
            match (of(choice, access.host), access.user, access.device) {
                (Mode::PerUser, Some(user), _) => users |= 1 << user,
                (Mode::PerDevice, _, Some(device)) => devices |= 1 << device,
                _ => {}
            }
        }
        let price = |mask: u64, prices: Prices<'_>| -> u128 {
            (0..64).filter(|bit| mask >> bit & 1 == 1).map(|bit| u128::from(prices.of(bit))).sum()
        };
        price(users, problem.user_prices) + price(devices, problem.device_prices)
    });
    costs.min().expect("at least one choice")
}

#[test]
fn every_graph_of_four_and_four_costs_what_brute_force_finds() {
    let mut plans = 0;
    for graph in 0..1_u32 << 16 {
        let pairs = (0..16_u32).filter(|pair| graph >> pair & 1 == 1);
        // three hosts, so that neighbours in the graph meet on the same and on different ones
        let accesses: Vec<_> = pairs.map(|pair| access(pair / 4, (pair * 7 + pair / 5) % 3, pair % 4)).collect();
        let problem = ModeProblem {
            users: 4,
            devices: 4,
            hosts: &[None, None, None],
            accesses: &accesses,
            user_prices: Prices::Each(&[5, 4, 6, 5]),
            device_prices: Prices::Each(&[4, 5, 3, 4]),
        };
        let plan = cheapest_modes(&problem).expect("small");
        assert_eq!(plan.cost, brute_force(&problem, &[None; 3]), "graph {graph:#b}");
        assert!(plan.is_proven(&problem), "graph {graph:#b}");
        plans += 1;
    }
    assert_eq!(plans, 65_536);
}

#[derive(Debug, Clone)]
struct Instance {
    users: u32,
    devices: u32,
    hosts: Vec<Option<Mode>>,
    accesses: Vec<HostAccess>,
    user_prices: Vec<u64>,
    device_prices: Vec<u64>,
}

impl Instance {
    fn problem(&self) -> ModeProblem<'_> {
        ModeProblem {
            users: self.users,
            devices: self.devices,
            hosts: &self.hosts,
            accesses: &self.accesses,
            user_prices: Prices::Each(&self.user_prices),
            device_prices: Prices::Each(&self.device_prices),
        }
    }
}

fn instance() -> impl Strategy<Value = Instance> {
    (1..9_u32, 1..9_u32, 1..6_usize).prop_flat_map(|(users, devices, hosts)| {
        let end = |count: u32| prop_oneof![9 => (0..count).prop_map(Some), 1 => Just(None)];
        let access = (end(users), 0..hosts as u32, end(devices));
        let mode = prop_oneof![4 => Just(None), 1 => Just(Some(Mode::PerUser)), 1 => Just(Some(Mode::PerDevice))];
        (
            Just(users),
            Just(devices),
            prop::collection::vec(mode, hosts),
            prop::collection::vec(access, 0..30),
            prop::collection::vec(0..9_u64, users as usize),
            prop::collection::vec(0..9_u64, devices as usize),
        )
            .prop_map(|(users, devices, hosts, accesses, user_prices, device_prices)| {
                let accesses = accesses.into_iter().map(|(user, host, device)| HostAccess { user, host, device });
                Instance { users, devices, hosts, accesses: accesses.collect(), user_prices, device_prices }
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn random_modes_cost_what_brute_force_finds(instance in instance(), turn in 0..30_usize) {
        let problem = instance.problem();
        let plan = cheapest_modes(&problem).expect("small");
        prop_assert_eq!(plan.cost, brute_force(&problem, &settled(&problem)));
        prop_assert!(plan.is_proven(&problem));
        for (index, access) in instance.accesses.iter().enumerate() {
            let end = if plan.modes[access.host as usize] == Mode::PerUser { access.user } else { access.device };
            prop_assert_eq!(end.is_none(), plan.open.contains(&index));
        }
        // order changes nothing but the positions
        let mut turned = instance.clone();
        turned.accesses.reverse();
        let length = turned.accesses.len().max(1);
        turned.accesses.rotate_left(turn % length);
        let other = cheapest_modes(&turned.problem()).expect("small");
        prop_assert_eq!((&other.modes, &other.demand, other.open.len()), (&plan.modes, &plan.demand, plan.open.len()));
    }
}

#[test]
fn unknown_ends_settle_the_mode() {
    let lone_device = HostAccess { user: None, host: 0, device: Some(0) };
    let lone_user = HostAccess { user: Some(0), host: 0, device: None };
    let solve = |hosts: &[Option<Mode>], accesses: &[HostAccess]| {
        let (user_prices, device_prices) = (Prices::Same(5), Prices::Same(400));
        let problem = ModeProblem { users: 1, devices: 1, hosts, accesses, user_prices, device_prices };
        let plan = cheapest_modes(&problem).expect("small");
        assert!(plan.is_proven(&problem));
        (plan.modes[0], plan.cost, plan.open)
    };
    // a device of nobody known is licensed although a user would be cheaper
    assert_eq!(solve(&[None], &[lone_device, access(0, 0, 0)]), (Mode::PerDevice, 400, vec![]));
    assert_eq!(solve(&[None], &[lone_user, access(0, 0, 0)]), (Mode::PerUser, 5, vec![]));
    // both kinds: the cheaper mode, and the other end stays open
    assert_eq!(solve(&[None], &[lone_user, lone_device]), (Mode::PerUser, 5, vec![1]));
    // the mode it has is the mode it has
    assert_eq!(solve(&[Some(Mode::PerUser)], &[lone_device]), (Mode::PerUser, 0, vec![0]));
    assert_eq!(solve(&[Some(Mode::PerDevice)], &[access(0, 0, 0)]), (Mode::PerDevice, 400, vec![]));
}

#[test]
fn licences_are_shared_between_hosts() {
    // each host alone is cheaper per device (2 * 4 < 3 * 5); together the same three users serve both for 15
    let accesses: Vec<_> =
        (0..2_u32).flat_map(|host| (0..3).map(move |user| access(user, host, host * 2 + user % 2))).collect();
    let problem = ModeProblem {
        users: 3,
        devices: 4,
        hosts: &[None, None],
        accesses: &accesses,
        user_prices: Prices::Same(5),
        device_prices: Prices::Same(4),
    };
    let plan = cheapest_modes(&problem).expect("small");
    assert_eq!((plan.cost, plan.modes), (15, vec![Mode::PerUser, Mode::PerUser]));
}

#[test]
fn hostile_numbers_are_errors() {
    let accesses = [access(0, 0, 0)];
    let base = ModeProblem {
        users: 1,
        devices: 1,
        hosts: &[None],
        accesses: &accesses,
        user_prices: Prices::Same(1),
        device_prices: Prices::Same(1),
    };
    let failed = |problem: ModeProblem<'_>| cheapest_modes(&problem).expect_err("hostile");
    assert_eq!(failed(ModeProblem { user_prices: Prices::Same(u64::MAX), ..base }), ProblemError::TooMuch);
    assert_eq!(failed(ModeProblem { device_prices: Prices::Each(&[u64::MAX]), ..base }), ProblemError::TooMuch);
    assert!(matches!(failed(ModeProblem { hosts: &[], ..base }), ProblemError::Unknown { what: "host", .. }));
    assert!(matches!(failed(ModeProblem { users: 0, ..base }), ProblemError::Unknown { what: "user", .. }));
    assert!(matches!(failed(ModeProblem { devices: 0, ..base }), ProblemError::Unknown { what: "device", .. }));
    assert!(matches!(failed(ModeProblem { users: u32::MAX, ..base }), ProblemError::TooMany { .. }));
    assert!(matches!(failed(ModeProblem { user_prices: Prices::Each(&[]), ..base }), ProblemError::Prices { .. }));
}
