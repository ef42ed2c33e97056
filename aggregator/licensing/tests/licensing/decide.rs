//! The decision tool: the eight questions answered by hand, and from evidence (section K).

use crate::estates::*;
use caliper_licensing::{
    Estate, EstateFile,
    catalogue::catalogue,
    planner::{AnswerError, Answers, Counted, Have, Kind, Recommended, evidence, recommend},
};

fn kind(name: &str, percent: u32) -> Kind {
    Kind { name: name.into(), percent }
}

fn counted(users: u64, devices: u64, cost: Option<u64>) -> Counted {
    Counted { users, devices, cost }
}

#[test]
fn answers_by_hand_come_to_the_published_numbers() {
    use Recommended::{DeviceCals, Mix, UserCals};
    let answers = |users, unshared, shared, shared_devices| Answers {
        users: Some(users),
        unshared_percent: Some(unshared),
        shared_percent: Some(shared),
        shared_devices: Some(shared_devices),
        ..Answers::default()
    };
    let with_kinds = |kinds: &[Kind], answers: Answers| Answers { kinds: kinds.to_vec(), ..answers };
    let table = [
        // row 57: 500 people, 90 of them (18 %) on 30 PCs
        ("57", answers(500, 82, 18, 30), Mix, (410, 30)),
        // row 59: 1,000 people, 3,000 devices
        (
            "59",
            with_kinds(&[kind("desktop", 100), kind("laptop", 100), kind("phone", 100)], answers(1000, 100, 0, 0)),
            UserCals,
            (1000, 0),
        ),
        // row 60: 2,400 people on 800 shared devices
        ("60", answers(2400, 0, 100, 800), DeviceCals, (0, 800)),
        // row 62: 600 people, 1,500 devices
        (
            "62",
            with_kinds(&[kind("desktop", 100), kind("laptop", 100), kind("phone", 50)], answers(600, 100, 0, 0)),
            UserCals,
            (600, 0),
        ),
        // row 64: 100 people on 50 PCs
        ("64", answers(100, 0, 100, 50), DeviceCals, (0, 50)),
        // one device each: a User CAL moves with its person
        ("a tie", answers(120, 100, 0, 0), UserCals, (120, 0)),
        // more shared devices than people at them
        ("too many", answers(100, 50, 50, 80), UserCals, (100, 0)),
        ("nobody", answers(0, 100, 0, 0), UserCals, (0, 0)),
    ];
    for (row, answers, recommended, (users, devices)) in table {
        let found = recommend(&answers).unwrap();
        assert_eq!((found.recommended, found.counted), (recommended, counted(users, devices, None)), "row {row}");
    }
}

#[test]
fn prices_and_what_no_count_shows_decide_too() {
    let answers = Answers {
        users: Some(100),
        unshared_percent: Some(100),
        user_price: Some(3800),
        device_price: Some(3000),
        counted_well: Some(true),
        will_grow: Some(false),
        have: Some(Have::User),
        ..Answers::default()
    };
    // 100 devices at 30 against 100 people at 38
    let found = recommend(&answers).unwrap();
    assert_eq!((found.recommended, found.counted), (Recommended::DeviceCals, counted(0, 100, Some(300_000))));
    assert_eq!(found.all_user, counted(100, 0, Some(380_000)));
    assert!(found.considerations[0].contains("E.21"), "{:?}", found.considerations);
    // devices that nobody can count or that will be more are better covered by their people
    for shaky in
        [Answers { will_grow: Some(true), ..answers.clone() }, Answers { counted_well: Some(false), ..answers.clone() }]
    {
        assert_eq!(recommend(&shaky).unwrap().recommended, Recommended::UserCals);
    }
}

#[test]
fn answers_that_cannot_be_are_refused() {
    let fifty = Answers { users: Some(50), ..Answers::default() };
    let table = [
        (Answers::default(), "how many people use your servers is not answered: give the number of people"),
        (
            Answers { unshared_percent: Some(101), ..fifty.clone() },
            "people with devices they do not share: 101 % is more than all of them, write 0 to 100",
        ),
        (
            Answers { kinds: vec![kind("laptop", 120)], ..fifty.clone() },
            "laptop: 120 % is more than all of them, write 0 to 100",
        ),
        (
            Answers { users: Some(u64::MAX), ..fifty.clone() },
            "the number of people: 18446744073709551615 is more than can be counted, correct the number",
        ),
        (
            Answers { user_price: Some(0), device_price: Some(1), ..fifty.clone() },
            "a price of 0 decides nothing: leave out both prices if they are not known",
        ),
    ];
    for (answers, message) in table {
        assert_eq!(recommend(&answers).unwrap_err().to_string(), message);
    }
    // the largest numbers that are taken do not wrap
    let most = Answers {
        users: Some(u32::MAX.into()),
        shared_devices: Some(u32::MAX.into()),
        user_price: Some(u32::MAX.into()),
        device_price: Some(u32::MAX.into()),
        kinds: (0..300).map(|at| kind(&format!("k{at}"), 100)).collect(),
        unshared_percent: Some(100),
        ..Answers::default()
    };
    assert_eq!(recommend(&most).unwrap().counted.users, u64::from(u32::MAX));
    assert_eq!(recommend(&Answers::default()), Err(AnswerError::NoUsers));
}

fn shifts() -> Estate {
    let mut seen: Vec<(u32, u32)> = (0..410).map(|at| (at, at)).collect();
    seen.extend((0..90).map(|at| (410 + at, 410 + at % 30)));
    pairs("2022", &seen)
}

/// Row 57 as evidence: 82 % have a PC of their own, 18 % share 30.
#[test]
fn evidence_answers_the_questions_of_the_shifts() {
    let mut estate = shifts();
    for (at, device) in estate.devices.iter_mut().enumerate().filter(|(at, _)| *at < 41) {
        device.kind = Some(if at % 2 == 0 { "laptop" } else { "desktop" }.into());
    }
    let found = evidence(&estate, catalogue(), &assessed(&estate), &Answers::default()).unwrap();
    let expected = Answers {
        users: Some(500),
        have: Some(Have::Unknown),
        unshared_percent: Some(82),
        // 21 and 20 of 410
        kinds: vec![kind("desktop", 5), kind("laptop", 5)],
        counted_well: Some(true),
        will_grow: None,
        shared_percent: Some(18),
        shared_devices: Some(30),
        ..Answers::default()
    };
    assert_eq!(found.answers, expected);
    assert_eq!(found.because.len(), 8);
    let recommendation = found.recommendation;
    assert_eq!((recommendation.recommended, recommendation.counted), (Recommended::Mix, counted(410, 30, None)));
    // E.28: the three baselines
    assert_eq!((recommendation.all_user, recommendation.all_device), (counted(500, 0, None), counted(0, 440, None)));
    assert_eq!((recommendation.smaller, recommendation.larger), (440, 500));
    assert_eq!(
        recommendation.reason,
        "410 User CALs and 30 Device CALs cover every access, out of 500 people and 440 devices that were seen; no mix has \
         fewer CALs, which is proven (E.28)"
    );
}

#[test]
fn what_evidence_cannot_tell_is_taken_as_answered() {
    let text = r#"
        format = "caliper.estate/1"
        server = [{ id = "S", version = 2022, edition = "Standard" }]
        person = [{ id = "anna" }, { id = "ben" }]
        device = [{ id = "pc" }, { id = "10.0.0.7", unresolved = true }]
        access = [{ person = "anna", device = "pc" }, { person = "ben", device = "10.0.0.7" }]
        price = [{ sku = "windows-server-cal/user", minor = 3800 }, { sku = "windows-server-cal/device", minor = 3000 }]
    "#;
    let estate = EstateFile::read(text).unwrap().finish();
    let given = Answers { will_grow: Some(true), have: Some(Have::Nothing), ..Answers::default() };
    let found = evidence(&estate, catalogue(), &assessed(&estate), &given).unwrap();
    assert_eq!((found.answers.will_grow, found.answers.have), (Some(true), Some(Have::Nothing)));
    assert_eq!(found.answers.counted_well, Some(false));
    assert_eq!(found.because[4], "1 address is not matched with a device");
    // ben, from an address of no machine known, can be covered by a User CAL only
    assert_eq!(found.recommendation.counted, counted(1, 1, Some(6800)));
    assert_eq!(found.recommendation.all_device, counted(1, 1, Some(6800)));
    assert_eq!(found.recommendation.all_user, counted(2, 0, Some(7600)));
}
