//! Purchases over several levels against brute force (E.4, E.29).

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{VerifiedLevels, VerifyError, verify_level_certificate, write_level_purchase_certificate};

/// From the definition: of each level or higher no more may be held than is owned and bought.
fn cost(held: &[Level], owned: &[u64], price: u64) -> u128 {
    let short = |level: usize| {
        let holders = held.iter().filter(|&&held| usize::from(held) > level).count() as u64;
        holders.saturating_sub(owned[level..].iter().sum())
    };
    u128::from((0..owned.len()).map(short).max().unwrap_or(0) * price)
}

#[derive(Debug)]
struct Case {
    pairs: Vec<(u32, u32, Level)>,
    users: Vec<Level>,
    devices: Vec<Level>,
    owned: [Vec<u64>; 2],
    prices: [u64; 2],
}

impl Case {
    /// Tries every level of every user; devices then hold the least that is left to them.
    fn brute_force(&self) -> u128 {
        let levels = self.owned[0].len() as u32 + 1;
        let tried = |choice: u32| {
            let digits = (0..self.users.len() as u32).map(|place| (choice / levels.pow(place) % levels) as Level);
            let users: Vec<Level> = digits.zip(&self.users).map(|(level, &least)| level.max(least)).collect();
            let mut devices = self.devices.clone();
            for &(user, device, level) in &self.pairs {
                if users[user as usize] < level {
                    devices[device as usize] = devices[device as usize].max(level);
                }
            }
            cost(&users, &self.owned[0], self.prices[0]) + cost(&devices, &self.owned[1], self.prices[1])
        };
        (0..levels.pow(self.users.len() as u32)).map(tried).min().unwrap_or(0)
    }

    fn needs(&self) -> LevelNeeds<'_> {
        LevelNeeds { pairs: &self.pairs, users: &self.users, devices: &self.devices }
    }

    fn terms(&self) -> LevelTerms<'_> {
        LevelTerms {
            user_price: self.prices[0],
            device_price: self.prices[1],
            owned_users: &self.owned[0],
            owned_devices: &self.owned[1],
        }
    }

    fn solved(&self) -> LevelPurchase {
        let (needs, terms) = (self.needs(), self.terms());
        let found = cheapest_level_purchase(&needs, &terms);
        for &(user, device, level) in &self.pairs {
            assert!(found.users[user as usize] >= level || found.devices[device as usize] >= level, "{self:?}");
        }
        assert!(found.users.iter().zip(&self.users).all(|(held, least)| held >= least));
        assert!(found.devices.iter().zip(&self.devices).all(|(held, least)| held >= least));
        let [users, devices] = &self.owned;
        let real = cost(&found.users, users, self.prices[0]) + cost(&found.devices, devices, self.prices[1]);
        assert_eq!(found.cost, real);
        assert_eq!(found.bound.verified(&needs, &terms), Some(found.demanded), "{self:?}");
        found
    }
}

fn small() -> impl Strategy<Value = Case> {
    (1..4_usize, 1..6_usize, 1..8_usize).prop_flat_map(|(levels, users, devices)| {
        let level = 1..=levels as Level;
        let pairs = prop::collection::btree_map((0..users as u32, 0..devices as u32), level, 0..20);
        let least = |count| prop::collection::vec(prop_oneof![5 => Just(0), 1 => 0..=levels as Level], count);
        let owned = || prop::collection::vec(0..4_u64, levels);
        (pairs, least(users), least(devices), [owned(), owned()], [1..7_u64, 1..7_u64]).prop_map(
            |(pairs, users, devices, owned, prices): (BTreeMap<_, _>, _, _, _, _)| Case {
                pairs: pairs.into_iter().map(|((user, device), level)| (user, device, level)).collect(),
                users,
                devices,
                owned,
                prices,
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]
    #[test]
    fn small_purchases_are_the_best_and_proven(case in small()) {
        let (found, best) = (case.solved(), case.brute_force());
        prop_assert_eq!((found.cost, found.lower_bound), (best, best), "{:?}", found);
    }
}

/// All graphs of 3 users and 2 devices with pairs of no level or one of two, and all inventories of one each.
#[test]
fn every_small_graph_is_proven() {
    for graph in 0..3_u32.pow(6) {
        let level = |place: u32| (graph / 3_u32.pow(place) % 3) as Level;
        let pairs: Vec<_> = (0..6).filter(|&at| level(at) > 0).map(|at| (at / 2, at % 2, level(at))).collect();
        for owned in 0..16_u64 {
            let owns = |bit: u64| owned >> bit & 1;
            let case = Case {
                pairs: pairs.clone(),
                users: vec![0; 3],
                devices: vec![0; 2],
                owned: [vec![owns(0), owns(1)], vec![owns(2), owns(3)]],
                prices: [5, 4],
            };
            let (found, best) = (case.solved(), case.brute_force());
            assert_eq!((found.cost, found.lower_bound), (best, best), "{case:?}: {found:?}");
        }
    }
}

/// Older licences serve those who need no more, so they change who holds what (E.4, E.29).
#[test]
fn old_licences_go_where_they_suffice() {
    // ten people with a PC each; five of them need level 2
    let pairs: Vec<_> = (0..10).map(|at| (at, at, if at < 5 { 2 } else { 1 })).collect();
    let case = |users: [u64; 2], devices: [u64; 2]| Case {
        pairs: pairs.clone(),
        users: vec![0; 10],
        devices: vec![0; 10],
        owned: [users.to_vec(), devices.to_vec()],
        prices: [5, 4],
    };
    // (users owned, devices owned, cost)
    for (users, devices, least) in [
        ([0, 0], [0, 0], 40),
        // those of level 1 serve five at most
        ([7, 0], [0, 0], 20),
        ([0, 7], [0, 0], 12),
        ([3, 5], [2, 0], 0),
        ([5, 2], [0, 3], 0),
        ([5, 2], [0, 2], 4),
    ] {
        let found = case(users, devices).solved();
        assert_eq!((found.cost, found.lower_bound), (least, least), "{users:?} {devices:?}");
    }
}

/// The certificate of a case without anything held in any case, as text.
fn certificate(case: &Case) -> String {
    let mut text = Vec::new();
    let name = |number: u32| number.to_string().into();
    write_level_purchase_certificate(&mut text, &case.solved(), &case.terms(), name, name).expect("memory");
    String::from_utf8(text).expect("ASCII")
}

fn verified(case: &Case, text: &str) -> Result<VerifiedLevels, VerifyError> {
    let number = |name: &str| name.parse().ok();
    verify_level_certificate(&case.pairs, number, number, text.as_bytes())
}

/// Ten people with a PC each; five of them need level 2. With 5 and 2 User CALs and two Device CALs of level 2 owned, one of the five
/// is left: a Device CAL at 4.
fn ten_people() -> Case {
    Case {
        pairs: (0..10).map(|at| (at, at, if at < 5 { 2 } else { 1 })).collect(),
        users: vec![0; 10],
        devices: vec![0; 10],
        owned: [vec![5, 2], vec![0, 2]],
        prices: [5, 4],
    }
}

#[test]
fn the_certificate_of_levels_holds_and_none_that_says_more() {
    let case = ten_people();
    let text = certificate(&case);
    let holds = verified(&case, &text).expect("it holds");
    assert_eq!((holds.cost, holds.bound, holds.owned_users.as_slice()), (4, 4, &[5, 2][..]), "{text}");
    let holder = text.lines().find(|line| line.starts_with("device,")).expect("three devices hold a level");
    let (lower, absent) = (format!("{}1", &holder[..holder.len() - 1]), format!("{}3", &holder[..holder.len() - 1]));
    for (from, to) in [
        ("cost,4", "cost,3"),
        ("bound,4", "bound,5"),
        ("owned-users,5,2", "owned-users,5,3"),
        ("owned-users,5,2", "owned-users,7"),
        ("owned-devices,0,2", "owned-devices,0,2,0"),
        ("device-price,4", "device-price,3"),
        (holder, lower.as_str()),
        (holder, absent.as_str()),
        (holder, &format!("{holder}\n{holder}")),
        ("level-purchase-certificate/1", "purchase-certificate/1"),
    ] {
        assert!(text.contains(from), "{from} of {text}");
        assert!(verified(&case, &text.replacen(from, to, 1)).is_err(), "{from} to {to}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    /// Any number of the text is changed: what is still accepted must still be true.
    #[test]
    fn damaged_certificates_of_levels_never_lie(case in small(), at in any::<prop::sample::Index>(), by in -3..4_i64) {
        let case = Case { users: vec![0; case.users.len()], devices: vec![0; case.devices.len()], ..case };
        let text = certificate(&case);
        let numbers: Vec<_> = text.match_indices(|one: char| one.is_ascii_digit()).collect();
        let (place, digit) = numbers[at.index(numbers.len())];
        let then = (digit.parse::<i64>().expect("a digit") + by).rem_euclid(10).to_string();
        let damaged = format!("{}{then}{}", &text[..place], &text[place + 1..]);
        if let Ok(holds) = verified(&case, &damaged) {
            // the terms of the damaged text are what it speaks about
            let terms = Case {
                pairs: case.pairs.clone(),
                users: case.users.clone(),
                devices: case.devices.clone(),
                owned: [holds.owned_users, holds.owned_devices],
                prices: [holds.user_price, holds.device_price],
            };
            let best = terms.brute_force();
            prop_assert!(holds.bound <= best && best <= holds.cost, "{best}\n{damaged}");
        }
        let whole = verified(&case, &text);
        prop_assert!(whole.is_ok(), "{whole:?}\n{text}");
    }
}
