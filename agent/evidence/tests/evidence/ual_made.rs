//! User Access Logging in databases made by hand: several tenants, sums that do not hold, addresses of all kinds.

use std::io::Cursor;

use crate::made;
use crate::made::{LEAF, ROOT, TABLE, VALUES, node};
use caliper_evidence::ual;
use proptest::prelude::*;

const SIZE: usize = 4096;
/// 2024-03-01T00:00:00Z as a FILETIME, tenths of microseconds since 1601.
const MARCH: u64 = 133_537_248_000_000_000;

const CLIENTS: [made::ColumnOf<'static>; 8] = [
    ("RoleGuid", 1, 16, 0),
    ("TenantId", 2, 16, 0),
    ("TotalAccesses", 3, 14, 0),
    ("InsertDate", 4, 8, 0),
    ("LastAccess", 5, 8, 0),
    ("Address", 128, 9, 0),
    ("AuthenticatedUserName", 129, 10, 1200),
    ("Day61", 256, 17, 0),
];

/// A row of `CLIENTS` on 1 March, the 61st day of 2024.
fn client(tenant: u8, total: u32, address: &[u8], user: &str, day: u16) -> Vec<u8> {
    let user: Vec<u8> = user.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let times = MARCH.to_le_bytes();
    let fixed: [&[u8]; 5] = [&[0x11; 16], &[tenant; 16], &total.to_le_bytes(), &times, &times];
    made::record(false, &fixed, &[Some(address), Some(&user)], &[(256, 0, day.to_le_bytes().to_vec())])
}

fn read(rows: &[Vec<u8>]) -> ual::UalFile {
    let nodes: Vec<made::Node> = rows.iter().enumerate().map(|(at, row)| node(&[at as u8], row)).collect();
    let pages = [
        made::page(SIZE, TABLE.0, TABLE.1, 0, ROOT | LEAF, &[0; 16], &nodes),
        made::page(SIZE, VALUES.0, VALUES.1, 0, ROOT | LEAF, &[0; 16], &[]),
    ];
    ual::read(Cursor::new(made::database(SIZE, 3, "CLIENTS", &CLIENTS, &pages))).unwrap()
}

#[test]
fn tenants_add_up_to_one_access() {
    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, 7];
    let file = read(&[
        client(1, 3, &[10, 0, 0, 7], "lab\\jane", 3),
        client(2, 4, &mapped, "lab\\jane", 4),
        client(1, 5, &[10, 0, 0, 8], "\\", 5),
    ]);
    assert!(file.is_ual && file.warnings.is_empty(), "{:?}", file.warnings);
    assert_eq!(file.clients.len(), 3);
    let accesses = file.accesses();
    let seen: Vec<_> = accesses.iter().map(|row| (row.user.as_str(), row.client.as_str(), row.total)).collect();
    assert_eq!(seen, [("\\", "10.0.0.8", 5), ("lab\\jane", "10.0.0.7", 7)]);
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
        let pages = [
            made::page(SIZE, TABLE.0, TABLE.1, 0, ROOT | LEAF, &[0; 16], &[node(b"a", &row), node(b"b", &row)]),
            made::page(SIZE, VALUES.0, VALUES.1, 0, ROOT | LEAF, &[0; 16], &[]),
        ];
        let mut bytes = made::database(SIZE, 3, "CLIENTS", &CLIENTS, &pages);
        for (number, at, byte) in changes {
            let page = made::page_mut(&mut bytes, SIZE, number);
            page[at] = byte;
            made::seal(page, number);
        }
        if let Ok(file) = ual::read(Cursor::new(bytes)) {
            let _ = file.accesses();
        }
    }
}
