//! The worked examples on CALs of the rules, section J.5; numbers as there.

mod estates;

use caliper_licensing::{Access, Accesses, Estate, Licence};
use estates::*;

const USER: &str = "windows-server-cal/user";
const DEVICE: &str = "windows-server-cal/device";

#[test]
fn users_and_devices_are_counted_as_published() {
    // row 57: 410 people with a PC of their own, 90 in 3 shifts on 30 PCs
    let mut shifts: Vec<(u32, u32)> = (0..410).map(|at| (at, at)).collect();
    shifts.extend((0..90).map(|at| (410 + at, 410 + at % 30)));
    let spread = |people: u32, devices: u32| -> Vec<(u32, u32)> {
        (0..people.max(devices)).map(|at| (at % people, at % devices)).collect()
    };
    let table = [
        // row 55, SEED2: 15 users, many devices each
        ("55", spread(15, 60), (1, 1), (15, 0)),
        // row 56, SEED1: several users, 2 devices
        ("56", all_on_all(7, 2), (1, 1), (0, 2)),
        // row 57 [S144]: at equal prices the ties may fall on either side, so users are cheaper here
        ("57", shifts, (99, 100), (410, 30)),
        // rows 59 to 62 [S111]
        ("59", spread(1000, 3000), (1, 1), (1000, 0)),
        ("60", spread(2400, 800), (1, 1), (0, 800)),
        // row 64 [S16]: 100 users on 50 PCs
        ("64", spread(100, 50), (1, 1), (0, 50)),
        // row 66: u1-a, u2-a, u3-a, u3-b, u3-c
        ("66", vec![(0, 0), (1, 0), (2, 0), (2, 1), (2, 2)], (1, 1), (1, 1)),
    ];
    for (row, accesses, (user, device), expected) in table {
        let mut estate = pairs("2012 R2", &accesses);
        estate.prices = vec![price(USER, user, 1), price(DEVICE, device, 1)];
        let assessment = assessed(&estate);
        assert_eq!(cals(&assessment), expected, "row {row}");
        assert!(assessment.position.optimum.proven, "row {row}");
        assert_eq!(assessment.position.optimum.cost_minor, expected.0 * user + expected.1 * device, "row {row}");
        // A.6: 2012 R2 has no CAL of its own
        assert!(
            assessment
                .position
                .lines
                .iter()
                .filter(|line| line.sku.contains("cal/"))
                .all(|line| line.version == "2012")
        );
    }
}

#[test]
fn pure_administrators_need_none_up_to_two_per_server() {
    // row 73: 2 / 3 pure administrators of one server
    for (administrators, expected) in [(1, 0), (2, 0), (3, 1)] {
        let accesses: Vec<_> = (0..administrators)
            .map(|at| Access { flags: Accesses::ADMINISTRATION, ..on(at, Accesses::NONE, 0) })
            .collect();
        let estate = Estate {
            servers: vec![server("S", "2022", "Standard")],
            people: people(administrators as usize),
            accesses: Accesses::of(accesses),
            ..Estate::default()
        };
        let assessment = assessed(&estate);
        assert_eq!(cals(&assessment), (expected, 0), "{administrators} administrators");
        assert_eq!(assessment.people[0].licence, Licence::Exempt);
        assert!(assessment.people[0].reason.contains("E.7"));
    }
}
