//! Pools of CALs over time (0.4, E.19) of every family, and by version.

use caliper_licensing::{EstateFile, Pool, assess};
use jiff::civil::date;

/// Three people of the first quarter on a server of 2016, two of the second on one of 2022, all over Remote Desktop. A CAL of
/// 1 January is free on 1 April (31 + 28 + 31 = 90 days later), so two of the three serve twice and are of 2022 from the
/// beginning; 2016 is enough for the third. Of the window of 90 days up to 30 June only the two count.
const TWO_QUARTERS: &str = r#"
    format = "caliper.estate/1"
    as_of = 2026-06-30
    currency = "EUR"
    server = [
        { id = "OLD", version = 2016, edition = "Standard" },
        { id = "NEW", version = 2022, edition = "Standard" },
    ]
    person = [{ id = "early", count = 3 }, { id = "late", count = 2 }]
    device = [{ id = "pc-a", count = 3 }, { id = "pc-b", count = 2 }]
    access = [
        { person = "early", device = "pc-a", paired = true, server = "OLD", first = 2026-01-01, last = 2026-03-31, uses = ["rds-cal"] },
        { person = "late", device = "pc-b", paired = true, server = "NEW", first = 2026-04-01, last = 2026-06-30, uses = ["rds-cal"] },
    ]
    price = [
        { sku = "windows-server-cal/user", minor = 4000 },
        { sku = "windows-server-cal/device", minor = 5000 },
        { sku = "rds-cal/user", minor = 10000 },
        { sku = "rds-cal/device", minor = 12000 },
    ]
"#;

fn versions(pool: &Pool) -> Vec<(&str, u64, u64)> {
    pool.versions.iter().map(|one| (one.version.as_str(), one.users, one.devices)).collect()
}

#[test]
fn each_family_has_a_pool_and_each_pool_its_versions() {
    let position = assess(&EstateFile::read(TWO_QUARTERS).unwrap().finish()).unwrap().position;
    let lines: Vec<_> = position.lines.iter().filter(|line| line.unit == "user").map(|line| line.needed).collect();
    assert_eq!(lines, [2, 2]);
    let base = position.pool.expect("all accesses have days");
    let [rds] = &position.pools[..] else { panic!("{:?}", position.pools) };
    assert_eq!(rds.cal, "rds-cal");
    for (pool, cost) in [(&base, 3 * 4000), (&rds.pool, 3 * 10_000)] {
        assert_eq!((pool.users, pool.user_holders, pool.devices, pool.version.as_str()), (3, 5, 0, "2022"));
        assert_eq!((pool.cost_minor, pool.lower_bound_minor, pool.proven), (cost, cost, true));
        assert_eq!(versions(pool), [("2016", 1, 0), ("2022", 2, 0)]);
        assert_eq!((pool.busiest_of_users, pool.busiest_of_devices), (Some(date(2026, 1, 1)), None));
    }
}

/// One day earlier the CALs of January are not free yet (0.4), so five are held on 31 March and each version has its own.
#[test]
fn a_cal_that_is_not_free_yet_serves_nobody_else() {
    let text = TWO_QUARTERS.replace("first = 2026-04-01", "first = 2026-03-31");
    let position = assess(&EstateFile::read(&text).unwrap().finish()).unwrap().position;
    let pool = &position.pools[0].pool;
    assert_eq!((pool.users, pool.cost_minor, pool.proven), (5, 50_000, true));
    assert_eq!(versions(pool), [("2016", 3, 0), ("2022", 2, 0)]);
    assert_eq!(pool.busiest_of_users, Some(date(2026, 3, 31)));
}

/// Stays of a use that name nobody are refused by name.
#[test]
fn stays_of_uses_are_checked() {
    let mut estate = EstateFile::read(TWO_QUARTERS).unwrap().finish();
    estate.uses[0].stays[0].person = 99;
    let error = assess(&estate).unwrap_err().to_string();
    assert!(error.contains("stay of the uses of rds-cal"), "{error}");
}

/// E.29: of a pool of one User CAL of 2016 and two of 2022 one of each is owned, so one of 2022 is left to buy; a Device CAL owned
/// serves nobody there, but another pool might have used it.
#[test]
fn what_is_owned_is_set_against_the_versions_of_a_pool() {
    let owned = r#"
    entitlement = [
        { sku = "windows-server-cal/user", version = 2016, quantity = 1 },
        { sku = "windows-server-cal/user", version = 2022, quantity = 1 },
        { sku = "windows-server-cal/device", version = 2022, quantity = 1 },
    ]
    "#;
    let position = assess(&EstateFile::read(&format!("{TWO_QUARTERS}{owned}")).unwrap().finish()).unwrap().position;
    let pool = position.pool.unwrap();
    assert_eq!(versions(&pool), [("2016", 1, 0), ("2022", 2, 0)]);
    let to_buy = pool.to_buy.unwrap();
    assert_eq!((to_buy.users, to_buy.devices, to_buy.cost_minor, to_buy.lower_bound_minor), (1, 0, 4000, 0));
    assert_eq!(position.pools[0].pool.to_buy, None, "no CAL of Remote Desktop is owned");
}
