//! What-if switches: what each changes, and what each says when it cannot.

use crate::estates::*;
use caliper_licensing::{
    Access, Accesses, Assessment, Estate, InfraRoles, Use,
    planner::{Change, Switch, changed},
};

const USER: &str = "windows-server-cal/user";
const DEVICE: &str = "windows-server-cal/device";

fn change(switch: Switch, value: &str) -> Change {
    Change { switch, value: value.into() }
}

fn with(estate: &Estate, changes: &[(Switch, &str)]) -> Result<Estate, String> {
    let changes: Vec<Change> = changes.iter().map(|&(switch, value)| change(switch, value)).collect();
    changed(estate, &assessed(estate), &changes).map_err(|error| error.to_string())
}

fn after(estate: &Estate, changes: &[(Switch, &str)]) -> Assessment {
    assessed(&with(estate, changes).expect("changes that can be made"))
}

/// Seven people on two PCs with 2012 R2, and one of them on a server with 2016.
fn office() -> Estate {
    let mut estate = pairs("2012 R2", &all_on_all(7, 2));
    estate.servers.push(server("NEW", "2016", "Standard"));
    let rows: Vec<Access> = estate.accesses.rows().chain([on(0, 0, 1)]).collect();
    estate.accesses = Accesses::of(rows);
    estate.currency = "EUR".into();
    estate
}

#[test]
fn each_switch_changes_what_it_says() {
    let office = office();
    assert_eq!(cals(&assessed(&office)), (0, 2));
    // a PC for each of the seven: the person is as good as the device, ties go to the person
    assert_eq!(cals(&after(&office, &[(Switch::ReplaceDevice, "d*=personal")])), (7, 0));
    // all on one PC
    assert_eq!(cals(&after(&office, &[(Switch::ReplaceDevice, "d0001=d0000")])), (0, 1));
    // E.4: the newest server reached decides
    assert_eq!(lines(&assessed(&office), DEVICE), [("2012", 1, 0, 1, 0), ("2016", 1, 0, 1, 0)]);
    assert_eq!(lines(&after(&office, &[(Switch::Upgrade, "S=2022")]), DEVICE), [("2022", 2, 0, 2, 0)]);
    assert_eq!(
        lines(&after(&office, &[(Switch::Upgrade, "*=2012 R2")]), DEVICE),
        [("2012", 1, 0, 1, 0), ("2016", 1, 0, 1, 0)]
    );
    assert_eq!(lines(&after(&office, &[(Switch::RemoveServer, "NEW")]), DEVICE), [("2012", 2, 0, 2, 0)]);
    assert_eq!(lines(&after(&office, &[(Switch::RemoveServer, "S")]), USER), [("2016", 1, 0, 1, 0)]);
    assert!(after(&office, &[(Switch::RemoveServer, "*")]).position.lines.is_empty());
    // 7 User CALs at 1 against 2 Device CALs at 4
    let prices = [(Switch::Price, "windows-server-cal/user=1"), (Switch::Price, "windows-server-cal/device=4")];
    let cheap_users = after(&office, &prices);
    assert_eq!((cals(&cheap_users), cheap_users.position.optimum.cost_minor), ((7, 0), 7));
    let owned = after(&office, &[(Switch::AddEntitlement, "windows-server-cal/device=1@2012+sa")]);
    assert_eq!(lines(&owned, DEVICE), [("2012", 1, 0, 1, 0), ("2016", 1, 1, 0, 0)]);
    let policy =
        with(&office, &[(Switch::Policy, "infra_roles=strict"), (Switch::Policy, "window_days=30")]).unwrap().policy;
    assert_eq!((policy.infra_roles, policy.window_days), (InfraRoles::Strict, 30));
}

#[test]
fn changes_are_made_in_whatever_order_they_are_given() {
    let office = office();
    let changes = [
        (Switch::Upgrade, "*=2022"),
        (Switch::RemoveServer, "NEW"),
        (Switch::Price, "windows-server-cal/device=500"),
        (Switch::ReplaceDevice, "d0000=d0001"),
        (Switch::Price, "windows-server-cal/user=400"),
    ];
    let mut backwards = changes;
    backwards.reverse();
    assert_eq!(assessed(&with(&office, &changes).unwrap()), assessed(&with(&office, &backwards).unwrap()));
    assert_eq!(lines(&after(&office, &changes), DEVICE), [("2022", 1, 0, 1, 0)]);
}

#[test]
fn all_prices_of_a_product_are_replaced() {
    let mut office = office();
    office.prices = vec![price(USER, 500, 1), price(USER, 2_000, 5), price(DEVICE, 600, 1)];
    let prices = |changes: &[(Switch, &str)]| with(&office, changes).unwrap().prices;
    assert_eq!(
        prices(&[(Switch::Price, "windows-server-cal/user=450/1"), (Switch::Price, "windows-server-cal/user=1800/5")]),
        [price(DEVICE, 600, 1), price(USER, 450, 1), price(USER, 1_800, 5)]
    );
    // the size that there is
    office.prices = vec![price(USER, 2_000, 5)];
    let changed = with(&office, &[(Switch::Price, "windows-server-cal/user=1800")]).unwrap();
    assert_eq!(changed.prices, [price(USER, 1_800, 5)]);
}

#[test]
fn a_device_goes_with_its_uses_and_keeps_what_it_did_alone() {
    let mut office = office();
    let alone = Access { person: Accesses::NONE, ..on(0, 0, 0) };
    let rows: Vec<Access> = office.accesses.rows().chain([alone]).collect();
    office.accesses = Accesses::of(rows);
    office.uses =
        vec![Use { cal: "rds-cal".into(), accesses: Accesses::of(vec![on(1, 0, 0), on(2, 1, 1)]), ..Use::default() }];
    let personal = with(&office, &[(Switch::ReplaceDevice, "d0000=personal")]).unwrap();
    assert_eq!(personal.devices.len(), 2 + 7);
    let of = |person: u32| {
        personal.devices.iter().position(|one| one.id == format!("device of u{person:04}")).unwrap() as u32
    };
    let rows: Vec<Access> = personal.accesses.rows().collect();
    assert!(rows.contains(&alone));
    assert!(rows.contains(&on(1, of(1), 0)) && rows.contains(&on(1, 1, 0)) && !rows.contains(&on(1, 0, 0)));
    assert_eq!(personal.uses[0].accesses, Accesses::of(vec![on(1, of(1), 0), on(2, 1, 1)]));
    let removed = with(&office, &[(Switch::RemoveServer, "S")]).unwrap();
    assert_eq!(removed.uses[0].accesses, Accesses::of(vec![on(2, 1, 0)]));
}

#[test]
fn what_cannot_be_done_names_the_switch_the_value_and_what_there_is() {
    let mut office = office();
    office.prices = vec![price(USER, 500, 1), price(USER, 2_000, 5)];
    let table = [
        (
            (Switch::RemoveServer, "FS9"),
            "--remove-server FS9: there is no server `FS9`, only NEW, S: name one of them, or use `*` for any ending",
        ),
        ((Switch::Upgrade, "S"), "--upgrade S: expected NAME=VALUE"),
        (
            (Switch::Upgrade, "S=2024"),
            "--upgrade S=2024: `2024` is no version of Windows Server: write one of 2003, 2003 R2, 2008, 2008 R2, 2012, \
             2012 R2, 2016, 2019, 2022, 2025",
        ),
        (
            (Switch::Upgrade, "NEW=2012"),
            "--upgrade NEW=2012: it runs 2016 already, which is newer: name a newer version",
        ),
        (
            (Switch::ReplaceDevice, "kiosk=personal"),
            "--replace-device kiosk=personal: there is no device `kiosk`, only d0000, d0001: name one of them, or use `*` \
             for any ending",
        ),
        (
            (Switch::ReplaceDevice, "d0000=laptop"),
            "--replace-device d0000=laptop: there is no device `laptop`, only d0000, d0001: name one of them; or \
             `personal` for a device for each person",
        ),
        (
            (Switch::Price, "cal=5"),
            "--price cal=5: this estate has nothing to do with `cal`, only with windows-server-cal/device, \
             windows-server-cal/user: name one of them",
        ),
        (
            (Switch::Price, "windows-server-cal/device=4.20"),
            "--price windows-server-cal/device=4.20: `4.20` is no price: write a whole number above 0 in cents or the \
             like, 4200 for 42.00",
        ),
        (
            (Switch::Price, "windows-server-cal/device=-1"),
            "--price windows-server-cal/device=-1: `-1` is no price: write a whole number above 0 in cents or the \
             like, 4200 for 42.00",
        ),
        (
            (Switch::Price, "windows-server-cal/device=420/0"),
            "--price windows-server-cal/device=420/0: `0` is no number of licences: write SKU=MINOR/UNITS, for example \
             /16 for a pack of 16 cores",
        ),
        (
            (Switch::Price, "windows-server-cal/user=420"),
            "--price windows-server-cal/user=420: the estate has packs of 1, 5: say which with SKU=MINOR/UNITS, the \
             others are then left out",
        ),
        (
            (Switch::Policy, "infra_roles=lax"),
            "--policy infra_roles=lax: unknown variant `lax`, expected one of `strict`, `interval`, `ignore`",
        ),
        ((Switch::Policy, "spla=2"), "--policy spla=2: invalid type: integer `2`, expected a boolean"),
        (
            (Switch::AddEntitlement, "windows-server-cal/user=many"),
            "--add-entitlement windows-server-cal/user=many: `many` is no number of licences: write \
             SKU=QUANTITY@VERSION, for example windows-server-cal/user=100@2022",
        ),
    ];
    for (change, message) in table {
        assert_eq!(with(&office, &[change]).unwrap_err(), message);
    }
    for value in ["window=3", "window=default"] {
        let message = with(&office, &[(Switch::Policy, value)]).unwrap_err();
        let names = format!(
            "--policy {value}: unknown field `window`, expected one of `window_days`, `admin_exempt_per_server`"
        );
        assert!(message.starts_with(&names), "{message}");
    }
}
