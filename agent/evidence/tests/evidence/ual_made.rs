//! User Access Logging in databases made by hand: several tenants, sums that do not hold, addresses of all kinds.

use std::io::Cursor;

use crate::made;
use crate::made::TABLE;
use crate::samples::{SIZE, client, user_access};
use caliper_evidence::ual;
use proptest::prelude::*;

fn read(rows: &[Vec<u8>]) -> ual::UalFile {
    ual::read(Cursor::new(user_access(rows))).unwrap()
}

#[test]
fn each_tenant_says_its_part() {
    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, 7];
    let file = read(&[
        client(1, 3, &[10, 0, 0, 7], "lab\\jane", 3),
        client(2, 4, &mapped, "lab\\jane", 4),
        client(1, 5, &[10, 0, 0, 8], "\\", 5),
    ]);
    assert!(file.is_ual && file.warnings.is_empty(), "{:?}", file.warnings);
    let accesses: Vec<_> = file.clients.iter().flat_map(ual::Client::accesses).collect();
    let seen: Vec<_> = accesses.iter().map(|row| (row.user.as_str(), row.client.as_str(), row.total)).collect();
    assert_eq!(seen, [("lab\\jane", "10.0.0.7", 3), ("lab\\jane", "10.0.0.7", 4), ("\\", "10.0.0.8", 5)]);
    assert_ne!(file.clients[0].tenant, file.clients[1].tenant);
    for access in accesses {
        assert_eq!((access.year, access.days.as_slice()), (2024, [61].as_slice()));
        // 2024-03-01T00:00:00Z in microseconds since 1970
        assert_eq!((access.first, access.last), (1_709_251_200_000_000, 1_709_251_200_000_000));
    }
}

#[test]
fn sums_that_do_not_hold_are_reported() {
    let file = read(&[client(1, 9, &[10, 0, 0, 7], "lab\\jane", 3)]);
    let [warning] = file.warnings.try_into().unwrap();
    assert!(
        warning.ends_with("user `lab\\jane`, client 10.0.0.7: the days add up to 3, the row says 9 accesses"),
        "{warning}"
    );
}

proptest! {
    /// Changes behind valid checksums, in a database that is recognised as UAL.
    #[test]
    fn changed_pages_never_panic(
        changes in prop::collection::vec((prop::sample::select(vec![4_u32, TABLE.0]), 0..600_usize, any::<u8>()), 1..8),
    ) {
        let row = client(1, 3, &[10, 0, 0, 7], "lab\\jane", 3);
        let mut bytes = user_access(&[row.clone(), row]);
        for (number, at, byte) in changes {
            let page = made::page_mut(&mut bytes, SIZE, number);
            page[at] = byte;
            made::seal(page, number);
        }
        if let Ok(file) = ual::read(Cursor::new(bytes)) {
            file.clients.iter().flat_map(ual::Client::accesses).for_each(drop);
        }
    }
}
