//! A maker of tiny ESE databases, written from the format's description, for tests that need no real file.

/// Page flags: in the new record format, then root, leaf, branch above leaves, long values.
const NEW: u32 = 0x2000;
pub const ROOT: u32 = 0x1;
pub const LEAF: u32 = 0x2;
pub const PARENT: u32 = 0x4;
pub const LONG_VALUES: u32 = 0x80;

/// Numbers of the pages of [`database`] and the objects that own them.
pub const TABLE: (u32, u32) = (5, 10);
pub const VALUES: (u32, u32) = (6, 11);
pub const FIRST_LEAF: u32 = 7;
pub const SECOND_LEAF: u32 = 8;

#[derive(Clone)]
pub struct Node {
    pub shared: Option<u16>,
    pub key: Vec<u8>,
    pub data: Vec<u8>,
}

pub fn node(key: &[u8], data: &[u8]) -> Node {
    Node { shared: None, key: key.to_vec(), data: data.to_vec() }
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

fn xor(bytes: &[u8]) -> u32 {
    bytes.chunks(4).fold(0, |sum, word| sum ^ u32::from_le_bytes(word.try_into().unwrap()))
}

pub fn is_large(size: usize) -> bool {
    size > 8192
}

/// Writes the checksum of a page again, so that a change of its bytes reaches the readers behind the checksum.
pub fn seal(page: &mut [u8], number: u32) {
    if !is_large(page.len()) {
        let sum = xor(&page[8..]) ^ number;
        put(page, 0, &sum.to_le_bytes());
        return;
    }
    let quarter = page.len() / 4;
    for (at, place) in [(1, 40), (2, 48), (3, 56), (0, 0)] {
        let from = if at == 0 { 8 } else { at * quarter };
        let sum = xor(&page[from..(at + 1) * quarter]) ^ number;
        put(page, place, &sum.to_le_bytes());
    }
}

/// The same for the page of the header.
pub fn seal_header(header: &mut [u8]) {
    let sum = xor(&header[4..]) ^ 0x89AB_CDEF;
    put(header, 0, &sum.to_le_bytes());
}

/// One page. `prefix` is what tag 0 holds.
pub fn page(size: usize, number: u32, object: u32, next: u32, flags: u32, prefix: &[u8], nodes: &[Node]) -> Vec<u8> {
    let large = is_large(size);
    let start = if large { 80 } else { 40 };
    let mut bytes = vec![0; size];
    put(&mut bytes, 20, &next.to_le_bytes());
    put(&mut bytes, 24, &object.to_le_bytes());
    put(&mut bytes, 36, &(NEW | flags).to_le_bytes());
    // from Windows 11 24H2 on: the upper four bits count reserved tags
    put(&mut bytes, 34, &(u16::try_from(nodes.len() + 1).unwrap() | 0x1000).to_le_bytes());
    let mut values = vec![(prefix.to_vec(), 0_u16)];
    for node in nodes {
        let flag = if node.shared.is_some() { 4_u16 } else { 0 };
        let sizes = node.shared.into_iter().chain([u16::try_from(node.key.len()).unwrap()]);
        let mut value: Vec<u8> = sizes.flat_map(u16::to_le_bytes).collect();
        value.extend(&node.key);
        value.extend(&node.data);
        if large {
            value[1] |= u8::try_from(flag << 5).unwrap();
        }
        values.push((value, flag));
    }
    let mut at = 0;
    for (index, (value, flag)) in values.iter().enumerate() {
        put(&mut bytes, start + at, value);
        let tag = size - 4 * (index + 1);
        let flags = if large { 0 } else { flag << 13 };
        put(&mut bytes, tag, &u16::try_from(value.len()).unwrap().to_le_bytes());
        put(&mut bytes, tag + 2, &(u16::try_from(at).unwrap() | flags).to_le_bytes());
        at += value.len();
    }
    seal(&mut bytes, number);
    bytes
}

/// A tagged column of a record: its id, its flag byte, its bytes.
pub type Tagged = (u16, u8, Vec<u8>);

/// A record of fixed columns (in order, all present), variable columns and tagged columns.
pub fn record(large: bool, fixed: &[&[u8]], variable: &[Option<&[u8]>], tagged: &[Tagged]) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(fixed.len()).unwrap(), u8::try_from(127 + variable.len()).unwrap(), 0, 0];
    for value in fixed {
        bytes.extend(*value);
    }
    bytes.extend(vec![0; fixed.len().div_ceil(8)]);
    let end = u16::try_from(bytes.len()).unwrap();
    put(&mut bytes, 2, &end.to_le_bytes());
    let mut last = 0;
    for value in variable {
        last += u16::try_from(value.map_or(0, <[u8]>::len)).unwrap();
        bytes.extend((last | if value.is_none() { 0x8000 } else { 0 }).to_le_bytes());
    }
    for value in variable {
        bytes.extend(value.unwrap_or_default());
    }
    let mut at = 4 * tagged.len();
    for (id, _, value) in tagged {
        let bits = if large { 0 } else { 0x4000 };
        bytes.extend(id.to_le_bytes());
        bytes.extend((u16::try_from(at).unwrap() | bits).to_le_bytes());
        at += 1 + value.len();
    }
    for (_, flags, value) in tagged {
        bytes.push(*flags);
        bytes.extend(value);
    }
    bytes
}

/// A column of the catalogue: name, id, type, code page.
pub type ColumnOf<'name> = (&'name str, i32, i32, i32);

fn catalogue_row(large: bool, table: u32, kind: i16, id: i32, number: i32, code_page: i32, name: &str) -> Vec<u8> {
    let zero = 0_i32.to_le_bytes();
    let fixed: [&[u8]; 7] = [
        &table.to_le_bytes(),
        &kind.to_le_bytes(),
        &id.to_le_bytes(),
        &number.to_le_bytes(),
        &zero,
        &zero,
        &code_page.to_le_bytes(),
    ];
    record(large, &fixed, &[Some(name.as_bytes())], &[])
}

/// Header and its copy, the catalogue on page 4, then `pages` from page 5 on. One table, with a tree of long values.
pub fn database(size: usize, state: u32, name: &str, columns: &[ColumnOf<'_>], pages: &[Vec<u8>]) -> Vec<u8> {
    let large = is_large(size);
    let mut header = vec![0; size];
    for (at, number) in
        [(4, 0x89AB_CDEF_u32), (8, 0x620), (52, state), (232, 0x15E), (236, u32::try_from(size).unwrap())]
    {
        put(&mut header, at, &number.to_le_bytes());
    }
    seal_header(&mut header);

    let signed = |number: u32| i32::try_from(number).unwrap();
    let (table, values) = (TABLE.1, VALUES.1);
    let mut rows = vec![catalogue_row(large, table, 1, signed(table), signed(TABLE.0), 0, name)];
    for (name, id, kind, code_page) in columns {
        rows.push(catalogue_row(large, table, 2, *id, *kind, *code_page, name));
    }
    rows.push(catalogue_row(large, table, 4, signed(values), signed(VALUES.0), 0, "LV"));
    let keys: Vec<Node> = rows.iter().enumerate().map(|(at, row)| node(&[u8::try_from(at).unwrap()], row)).collect();

    let mut bytes = [header.clone(), header].concat();
    bytes.extend(vec![0; 3 * size]);
    bytes.extend(page(size, 4, 2, 0, ROOT | LEAF, &[0; 16], &keys));
    for page in pages {
        bytes.extend(page);
    }
    bytes
}

/// The bytes of page `number` in a database.
pub fn page_mut(bytes: &mut [u8], size: usize, number: u32) -> &mut [u8] {
    let start = (number as usize + 1) * size;
    &mut bytes[start..start + size]
}
