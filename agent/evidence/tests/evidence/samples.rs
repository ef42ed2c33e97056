//! Small artefacts made by hand, of which tests know what must come out and from which fuzzing begins.

use crate::made::{self, FIRST_LEAF, LEAF, LONG_VALUES, Node, PARENT, ROOT, SECOND_LEAF, TABLE, VALUES, node};

pub const CLEAN: u32 = 3;

pub const COLUMNS: [made::ColumnOf<'static>; 4] =
    [("Id", 1, 4, 0), ("Name", 128, 10, 1200), ("Note", 256, 12, 1252), ("Many", 257, 17, 0)];

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// "abc" a hundred times, in the XPRESS example of [MS-XCA] 3.1, with the engine's three bytes in front.
pub const XPRESS: [u8; 16] =
    [0x18, 0x2c, 0x01, 0xff, 0xff, 0xff, 0x1f, 0x61, 0x62, 0x63, 0x17, 0x00, 0x0f, 0xff, 0x26, 0x01];
/// "hello" in seven bits a character: 35 bits, so three of the last byte count.
const SEVEN_BITS: [u8; 6] = [0x0a, 0xe8, 0x32, 0x9b, 0xfd, 0x06];

pub fn row(size: usize, id: i32, name: Option<&str>, tagged: &[made::Tagged]) -> Vec<u8> {
    let name = name.map(utf16);
    made::record(made::is_large(size), &[&id.to_le_bytes()], &[name.as_deref()], tagged)
}

/// Two leaves under a branch, and one long value in two chunks, the second compressed.
pub fn pages(size: usize) -> Vec<Vec<u8>> {
    let child = |number: u32| number.to_le_bytes();
    let branches = [node(b"row3", &child(FIRST_LEAF)), node(b"", &child(SECOND_LEAF))];
    let first = [
        node(b"row1", &row(size, 1, Some("Zoë 🦊"), &[(256, 0, b"plain".to_vec())])),
        node(b"row2", &row(size, 2, None, &[(256, 0x02, SEVEN_BITS.to_vec())])),
    ];
    let mut many = vec![4, 0, 6, 0];
    many.extend([7, 0, 9, 0]);
    let shared = |suffix: &[u8], data: Vec<u8>| Node { shared: Some(3), key: suffix.to_vec(), data };
    let second = [
        shared(b"3", row(size, 3, Some(""), &[(256, 0x02, XPRESS.to_vec()), (257, 0x08, many)])),
        shared(b"4", row(size, 4, Some("four"), &[(256, 0x04, 1_u32.to_le_bytes().to_vec())])),
        shared(b"5", row(size, 5, Some("five"), &[(256, 0x18, b"\x03onetwo".to_vec())])),
    ];
    // value 1: 3 bytes as they are, then 300 bytes compressed
    let values = [
        node(&[0, 0, 0, 1], &[1_u32.to_le_bytes(), 303_u32.to_le_bytes()].concat()),
        node(&[0, 0, 0, 1, 0, 0, 0, 0], b"xyz"),
        node(&[0, 0, 0, 1, 0, 0, 0, 3], &XPRESS),
    ];
    vec![
        made::page(size, TABLE.0, TABLE.1, 0, ROOT | PARENT, &[0; 16], &branches),
        made::page(size, VALUES.0, VALUES.1, 0, ROOT | LEAF | LONG_VALUES, &[0; 16], &values),
        made::page(size, FIRST_LEAF, TABLE.1, SECOND_LEAF, LEAF, b"", &first),
        made::page(size, SECOND_LEAF, TABLE.1, 0, LEAF, b"row", &second),
    ]
}

pub fn sample(size: usize) -> Vec<u8> {
    made::database(size, CLEAN, "T", &COLUMNS, &pages(size))
}

pub const SIZE: usize = 4096;
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
pub fn client(tenant: u8, total: u32, address: &[u8], user: &str, day: u16) -> Vec<u8> {
    let user: Vec<u8> = user.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let times = MARCH.to_le_bytes();
    let fixed: [&[u8]; 5] = [&[0x11; 16], &[tenant; 16], &total.to_le_bytes(), &times, &times];
    made::record(false, &fixed, &[Some(address), Some(&user)], &[(256, 0, day.to_le_bytes().to_vec())])
}

/// A database with these rows of `CLIENTS`.
pub fn user_access(rows: &[Vec<u8>]) -> Vec<u8> {
    let nodes: Vec<Node> = rows.iter().enumerate().map(|(at, row)| node(&[at as u8], row)).collect();
    let pages = [
        made::page(SIZE, TABLE.0, TABLE.1, 0, ROOT | LEAF, &[0; 16], &nodes),
        made::page(SIZE, VALUES.0, VALUES.1, 0, ROOT | LEAF, &[0; 16], &[]),
    ];
    made::database(SIZE, CLEAN, "CLIENTS", &CLIENTS, &pages)
}

/// (status, cores, enabled, threads) of a socket.
pub type Fitted = (u8, u16, u16, u16);
pub const POPULATED: u8 = 0x41;
pub const EMPTY: u8 = 0x00;

/// A table with one system and these sockets, laid out by hand from DSP0134 7.2 and 7.5.
pub fn table(sockets: &[Fitted]) -> Vec<u8> {
    let mut bytes = vec![1, 0x1B, 0, 1, 1, 2, 0, 0];
    bytes.extend([0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF]);
    bytes.extend([6, 0, 0]);
    bytes.extend(b"Maker\0Model 9 \0\0");
    for (status, cores, enabled, threads) in sockets {
        let narrow = |count: u16| u8::try_from(count).unwrap_or(0xFF);
        let mut socket = vec![0_u8; 0x30];
        socket[..8].copy_from_slice(&[4, 0x30, 0, 4, 1, 3, 0xFE, 0]);
        socket[0x10] = 2;
        socket[0x18] = *status;
        socket[0x23..0x26].copy_from_slice(&[narrow(*cores), narrow(*enabled), narrow(*threads)]);
        for (at, count) in [(0x2A, cores), (0x2C, enabled), (0x2E, threads)] {
            socket[at..at + 2].copy_from_slice(&count.to_le_bytes());
        }
        bytes.extend(socket);
        bytes.extend(b"CPU\0Fast 3000\0\0");
    }
    bytes.extend([127, 4, 0, 9, 0, 0]);
    bytes
}
