//! Bundles against every way to hold offers, and their bounds against the verifier (G.1 to G.6).

use proptest::prelude::*;

use super::*;

fn offer(holder: Holder, families: u32, price: u64) -> Offer {
    Offer { holder, families, price: Some(price), owned: 0 }
}

/// Tries every set of offers for everybody; none when nothing on sale or owned covers all.
fn brute_force(problem: &BundleProblem<'_>) -> Option<u128> {
    let of_side = |holder: Holder| -> Vec<usize> {
        (0..problem.offers.len()).filter(|&offer| problem.offers[offer].holder == holder).collect()
    };
    let sides = [of_side(Holder::User), of_side(Holder::Device)];
    let vertices: Vec<&[usize]> = (0..problem.users)
        .map(|_| sides[0].as_slice())
        .chain((0..problem.devices).map(|_| sides[1].as_slice()))
        .collect();
    let mut choice = vec![0_u32; vertices.len()];
    let mut best = None;
    loop {
        let mut held = vec![0_u64; problem.offers.len()];
        let mut covers = vec![0_u32; vertices.len()];
        for (vertex, offers) in vertices.iter().enumerate() {
            for (bit, &offer) in offers.iter().enumerate().filter(|(bit, _)| choice[vertex] >> bit & 1 == 1) {
                debug_assert!(bit < 32);
                held[offer] += 1;
                covers[vertex] |= problem.offers[offer].families;
            }
        }
        let device = |device: u32| (problem.users + device) as usize;
        let served = problem.families.iter().enumerate().all(|(number, family)| {
            let has = |vertex: usize| covers[vertex] >> number & 1 == 1;
            family.pairs.iter().all(|pair| has(pair.0 as usize) || has(device(pair.1)))
                && family.forced_users.iter().all(|&user| has(user as usize))
                && family.forced_devices.iter().all(|&one| has(device(one)))
        });
        let bought = held.iter().zip(problem.offers).map(|(&held, offer)| match held.saturating_sub(offer.owned) {
            0 => Some(0),
            buy => Some(u128::from(buy) * u128::from(offer.price?)),
        });
        if let (true, Some(cost)) = (served, bought.sum::<Option<u128>>()) {
            best = Some(best.map_or(cost, |best: u128| best.min(cost)));
        }
        // the next choice, like an odometer
        let Some(turn) = (0..vertices.len()).find(|&vertex| choice[vertex] + 1 < 1 << vertices[vertex].len()) else {
            return best;
        };
        choice[turn] += 1;
        choice[..turn].fill(0);
    }
}

/// Pairs, forced users, forced devices of a family.
type Lists = (Vec<(u32, u32)>, Vec<u32>, Vec<u32>);

#[derive(Debug, Clone)]
struct Instance {
    users: u32,
    devices: u32,
    families: Vec<Lists>,
    offers: Vec<Offer>,
}

impl Instance {
    fn families(&self) -> Vec<Family<'_>> {
        let lists = self.families.iter();
        lists.map(|(pairs, users, devices)| Family { pairs, forced_users: users, forced_devices: devices }).collect()
    }
}

fn instance(owned: bool) -> impl Strategy<Value = Instance> {
    (1..3_u32, 1..3_u32, 1..4_u32).prop_flat_map(move |(users, devices, families)| {
        let family = (
            prop::collection::vec((0..users, 0..devices), 0..5),
            prop::collection::vec(0..users, 0..2),
            prop::collection::vec(0..devices, 0..2),
        );
        let price = if owned {
            prop_oneof![5 => (0..9_u64).prop_map(Some), 1 => Just(None)].boxed()
        } else {
            (0..9_u64).prop_map(Some).boxed()
        };
        let offer = (1..1_u32 << families, price, 0..if owned { 3_u64 } else { 1 });
        let side = || prop::collection::vec(offer.clone(), 1..4);
        (Just((users, devices)), prop::collection::vec(family, families as usize), side(), side()).prop_map(
            |((users, devices), families, of_users, of_devices)| {
                let offers = |list: Vec<(u32, Option<u64>, u64)>, holder: Holder| {
                    list.into_iter().map(move |(families, price, owned)| Offer { holder, families, price, owned })
                };
                let offers = offers(of_users, Holder::User).chain(offers(of_devices, Holder::Device)).collect();
                Instance { users, devices, families, offers }
            },
        )
    })
}

/// Checks a random instance; whether it was proven, if it can be covered.
fn check_instance(instance: &Instance) -> Option<bool> {
    let families = instance.families();
    let problem = BundleProblem {
        users: instance.users,
        devices: instance.devices,
        families: &families,
        offers: &instance.offers,
    };
    let plan = match cheapest_bundles(&problem) {
        Ok(plan) => plan,
        Err(error) => {
            assert!(matches!(error, ProblemError::NotOnSale { .. }), "{error}");
            return None;
        }
    };
    let best = brute_force(&problem).expect("what was planned is possible");
    assert!(plan.lower_bound <= best && best <= plan.cost, "{} <= {best} <= {}", plan.lower_bound, plan.cost);
    assert_eq!(plan.proven, plan.lower_bound == plan.cost);
    assert_eq!(plan.verified_bound(&problem).expect("a valid proof").min(plan.cost), plan.lower_bound);
    Some(plan.proven)
}

/// Whether any two offers of one side are apart or nested.
fn is_laminar(offers: &[Offer]) -> bool {
    offers.iter().all(|one| {
        offers.iter().filter(|other| other.holder == one.holder).all(|other| {
            let both = one.families & other.families;
            both == 0 || both == one.families || both == other.families
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn bundles_that_are_apart_or_nested_are_exact(instance in instance(false)) {
        let proven = check_instance(&instance);
        if is_laminar(&instance.offers) {
            prop_assert!(proven.is_none_or(|proven| proven));
        }
    }

    #[test]
    fn with_owned_bundles_the_truth_lies_between_bound_and_plan(instance in instance(true), turn in 0..9_usize) {
        check_instance(&instance);
        let mut turned = instance.clone();
        for family in &mut turned.families {
            family.0.reverse();
            let length = family.0.len().max(1);
            family.0.rotate_left(turn % length);
        }
        let plan = |instance: &Instance| {
            let families = instance.families();
            let (users, devices, offers) = (instance.users, instance.devices, instance.offers.as_slice());
            cheapest_bundles(&BundleProblem { users, devices, families: &families, offers })
        };
        prop_assert_eq!(plan(&instance), plan(&turned));
    }
}

#[test]
fn a_suite_pays_for_those_who_need_enough_of_it() {
    // G.1: three families; user 0 needs all three, user 1 one; each alone costs 4, the suite 9
    let all = Family { pairs: &[(0, 0)], ..Family::default() };
    let first = Family { pairs: &[(0, 0), (1, 1)], ..Family::default() };
    let offers = [
        offer(Holder::User, 0b001, 4),
        offer(Holder::User, 0b010, 4),
        offer(Holder::User, 0b100, 4),
        offer(Holder::User, 0b111, 9),
        offer(Holder::Device, 0b001, 5),
    ];
    let problem = BundleProblem { users: 2, devices: 2, families: &[first, all, all], offers: &offers };
    let plan = cheapest_bundles(&problem).expect("small");
    assert_eq!((plan.cost, plan.proven, plan.buy), (13, true, vec![1, 0, 0, 1, 0]));
    // the same with a suite owned: only the single licence is bought
    let owned = offers.map(|offer| Offer { owned: u64::from(offer.families == 0b111), ..offer });
    let problem = BundleProblem { offers: &owned, ..problem };
    let plan = cheapest_bundles(&problem).expect("small");
    assert_eq!((plan.cost, plan.proven, plan.buy), (4, true, vec![1, 0, 0, 0, 0]));
}

#[test]
fn hostile_numbers_are_errors() {
    let family = [Family { pairs: &[(0, 0)], ..Family::default() }];
    let offers = [offer(Holder::User, 1, 1)];
    let base = BundleProblem { users: 1, devices: 1, families: &family, offers: &offers };
    let failed = |problem: BundleProblem<'_>| cheapest_bundles(&problem).expect_err("hostile");
    assert_eq!(failed(BundleProblem { offers: &[offer(Holder::User, 1, u64::MAX)], ..base }), ProblemError::TooMuch);
    assert_eq!(failed(BundleProblem { offers: &[], ..base }), ProblemError::NotOnSale { family: 0 });
    let unknown = |problem: BundleProblem<'_>| matches!(failed(problem), ProblemError::Unknown { .. });
    assert!(unknown(BundleProblem { offers: &[offer(Holder::User, 2, 1)], ..base }));
    assert!(unknown(BundleProblem { users: 0, ..base }));
    let many = vec![Family::default(); MOST_FAMILIES + 1];
    assert!(matches!(failed(BundleProblem { families: &many, ..base }), ProblemError::TooMany { .. }));
    let endless = [Offer { owned: u64::MAX, ..offers[0] }];
    assert_eq!(cheapest_bundles(&BundleProblem { offers: &endless, ..base }).expect("owned").cost, 0);
}
