//! The trade-off between User and Device CALs, and the prices at which recommendations tip over.

use crate::estates::*;
use caliper_licensing::{
    Accesses, Estate, Server,
    catalogue::catalogue,
    planner::{Corner, Ratio, curve, datacenter_from_machines, host_break_evens},
};
use proptest::prelude::*;

const USER: &str = "windows-server-cal/user";
const DEVICE: &str = "windows-server-cal/device";
const STANDARD: &str = "windows-server/standard/core";
const DATACENTER: &str = "windows-server/datacenter/core";

fn ratio(numerator: u64, denominator: u64) -> Ratio {
    Ratio { numerator, denominator }
}

/// Row 57: 410 people with a PC of their own, 90 in three shifts on 30 PCs. A private PC is covered by one CAL of either
/// kind, which tips over at a ratio of 1; a PC of three by three User CALs or one Device CAL, at 1/3.
fn shifts() -> Estate {
    let mut seen: Vec<(u32, u32)> = (0..410).map(|at| (at, at)).collect();
    seen.extend((0..90).map(|at| (410 + at, 410 + at % 30)));
    pairs("2022", &seen)
}

#[test]
fn the_corners_of_the_shifts() {
    let mut estate = shifts();
    let corner = |users, devices, above, up_to| Corner { users, devices, above, up_to, exact: true };
    let corners = [
        corner(0, 440, Some(ratio(1, 1)), None),
        corner(410, 30, Some(ratio(1, 3)), Some(ratio(1, 1))),
        corner(500, 0, None, Some(ratio(1, 3))),
    ];
    let found = curve(&estate, catalogue(), 20).unwrap();
    assert_eq!(found.corners, corners);
    assert_eq!((found.complete, found.ratio, found.at_prices), (true, None, None));

    // (user price, device price), the mix, the smallest and the largest user price with it
    for (prices, at, from, to) in [
        ((4200, 4200), 1, 1401, Some(4200)),
        ((4201, 4200), 0, 4201, None),
        ((1400, 4200), 2, 0, Some(1400)),
        ((5, 10), 1, 4, Some(10)),
    ] {
        estate.prices = vec![price(USER, prices.0, 1), price(DEVICE, prices.1, 1)];
        let found = curve(&estate, catalogue(), 20).unwrap();
        assert_eq!(
            (found.at_prices, found.user_minor_from, found.user_minor_to),
            (Some(at), Some(from), to),
            "{prices:?}"
        );
        assert_eq!(found.corners, corners);
        // the same as the position says
        assert_eq!(cals(&assessed(&estate)), (found.corners[at].users, found.corners[at].devices), "{prices:?}");
    }
}

/// People seen from nowhere known and devices that act alone hold a CAL of their own in every mix (E.28).
#[test]
fn those_who_must_hold_one_stand_in_every_corner() {
    let mut estate = pairs("2022", &[(0, 0), (1, 0), (2, 1)]);
    let mut rows: Vec<_> = estate.accesses.rows().collect();
    rows.push(on(2, Accesses::NONE, 0));
    estate.accesses = Accesses::of(rows);
    let found: Vec<_> =
        curve(&estate, catalogue(), 5).unwrap().corners.iter().map(|one| (one.users, one.devices)).collect();
    assert_eq!(found, [(1, 1), (3, 0)]);
    estate.accesses = Accesses::default();
    let found: Vec<_> =
        curve(&estate, catalogue(), 5).unwrap().corners.iter().map(|one| (one.users, one.devices)).collect();
    assert_eq!(found, [(0, 0)]);
}

/// The lower hull of (users, devices) over all choices of users, by trying every choice.
fn hull(people: u32, seen: &[(u32, u32)]) -> Vec<(u64, u64)> {
    let mut fewest = vec![u64::MAX; people as usize + 1];
    for chosen in 0..1_u32 << people {
        let mut devices: Vec<u32> = seen.iter().filter(|pair| chosen >> pair.0 & 1 == 0).map(|pair| pair.1).collect();
        devices.sort_unstable();
        devices.dedup();
        let slot = &mut fewest[chosen.count_ones() as usize];
        *slot = (*slot).min(devices.len() as u64);
    }
    let enough = fewest.iter().position(|&devices| devices == 0).unwrap();
    let points = (0_u64..).zip(fewest[..=enough].iter().copied());
    let mut corners: Vec<(u64, u64)> = Vec::new();
    for point in points {
        // users rise and devices fall
        while let [.., one, two] = corners[..]
            && (one.1 - two.1) * (point.0 - one.0) <= (one.1 - point.1) * (two.0 - one.0)
        {
            corners.pop();
        }
        corners.push(point);
    }
    corners
}

proptest! {
    #[test]
    fn the_corners_are_those_of_all_choices(
        seen in prop::collection::vec((0..9_u32, 0..9_u32), 1..40), user in 1..9_u64, device in 1..9_u64,
    ) {
        let mut estate = pairs("2022", &seen);
        let people = estate.people.len() as u32;
        let expected = hull(people, &seen);
        estate.prices = vec![price(USER, user, 1), price(DEVICE, device, 1)];
        let found = curve(&estate, catalogue(), 1000).unwrap();
        let corners: Vec<_> = found.corners.iter().map(|one| (one.users, one.devices)).collect();
        prop_assert_eq!(&corners, &expected);
        prop_assert!(found.complete);
        let at = found.at_prices.unwrap();
        prop_assert_eq!(corners[at], cals(&assessed(&estate)));
        // the limits are sharp
        let mut mix_at = |user: u64| {
            estate.prices[0].minor = user;
            cals(&assessed(&estate))
        };
        prop_assert_eq!(mix_at(found.user_minor_from.unwrap().max(1)), corners[at]);
        if let Some(to) = found.user_minor_to {
            prop_assert_eq!(mix_at(to), corners[at]);
            prop_assert_ne!(mix_at(to + 1), corners[at]);
        }
        // with few corners allowed those next to the present prices are still exact
        let few = curve(&estate, catalogue(), 3).unwrap();
        prop_assert!(few.corners.iter().all(|one| corners.contains(&(one.users, one.devices))));
    }
}

/// Rows 27 to 30: 13 machines with the prices of 2016 and 2019, 11 with those of 2022 and 2025 (C.20).
#[test]
fn datacenter_is_cheaper_from_the_published_number_of_machines() {
    for (row, standard, datacenter, machines) in [
        ("27", 88_200, 615_500, 13),
        ("28", 97_200, 615_500, 13),
        ("29", 106_900, 615_500, 11),
        ("30", 117_600, 677_100, 11),
    ] {
        let estate = Estate {
            prices: vec![price(STANDARD, standard, 16), price(DATACENTER, datacenter, 16)],
            ..Estate::default()
        };
        assert_eq!(datacenter_from_machines(&estate), Some(machines), "row {row}");
    }
    // six sets cost as much as Datacenter: Standard stays until a seventh is needed
    let even = Estate { prices: vec![price(STANDARD, 100, 16), price(DATACENTER, 75, 2)], ..Estate::default() };
    assert_eq!(datacenter_from_machines(&even), Some(13));
    assert_eq!(datacenter_from_machines(&Estate::default()), None);
}

/// A host of 2 x 8 cores with ten machines, 2025: 5 sets of Standard for 5,880 USD, one of Datacenter for 6,771.
#[test]
fn a_host_tips_over_where_both_ways_cost_the_same() {
    let placed = |at: usize| Server {
        host: Some("H".into()),
        is_virtual: true,
        ..server(&format!("VM{at}"), "2025", "Standard")
    };
    let mut estate = Estate {
        hosts: vec![host("H", &[8, 8])],
        servers: (0..10).map(placed).collect(),
        prices: vec![price(STANDARD, 117_600, 16), price(DATACENTER, 677_100, 16)],
        ..Estate::default()
    };
    let found = host_break_evens(&estate, &assessed(&estate)).unwrap();
    let [one] = &found[..] else { panic!("{found:?}") };
    assert_eq!((one.chosen.sku.as_str(), one.other.sku.as_str()), (STANDARD, DATACENTER));
    assert_eq!((one.now_minor, one.units, one.cheaper_below_minor), (677_100, 16, 588_000));
    for (datacenter, chosen) in [(588_000, STANDARD), (587_999, DATACENTER)] {
        estate.prices[1].minor = datacenter;
        assert_eq!(assessed(&estate).hosts[0].chosen.sku, chosen);
    }
}
