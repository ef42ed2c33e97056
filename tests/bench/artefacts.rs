//! Artefacts of any size: a database of User Access Logging made from the format's description, and real event logs and
//! databases repeated.

use std::{
    io::Write as _,
    ops::Range,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use caliper_lab::rows;
use made::{LEAF, PARENT, ROOT, TABLE, VALUES, node};

#[allow(dead_code)]
#[path = "../../agent/evidence/tests/evidence/made.rs"]
mod made;

const PAGE: usize = 32_768;
/// Rows of a leaf: together they fill most of it.
const ROWS_PER_LEAF: u64 = 200;
const CHILDREN_PER_BRANCH: usize = 1_000;
/// Tenths of microseconds from 1601 to 1970.
const EPOCH: i64 = 116_444_736_000_000_000;

const HEADER: usize = 4_096;
const CHUNK: usize = 65_536;
/// A log holds no more chunks.
const MOST_CHUNKS: u64 = 65_535;

/// A database with these rows of the lab in its table `CLIENTS`, in three levels of pages.
pub fn user_access(file: &Path, rows: Range<u64>) -> anyhow::Result<()> {
    let count = rows.end - rows.start;
    let days: Vec<String> = (244..=271).map(|day| format!("Day{day}")).collect(); // 1 to 28 September 2026
    let mut columns: Vec<made::ColumnOf<'_>> = vec![
        ("RoleGuid", 1, 16, 0),
        ("TenantId", 2, 16, 0),
        ("TotalAccesses", 3, 14, 0),
        ("InsertDate", 4, 8, 0),
        ("LastAccess", 5, 8, 0),
        ("Address", 128, 9, 0),
        ("AuthenticatedUserName", 129, 10, 1200),
    ];
    columns.extend(days.iter().zip(256..).map(|(day, id)| (day.as_str(), id, 17, 0)));

    let leaves = count.div_ceil(ROWS_PER_LEAF);
    let first = made::FIRST_LEAF;
    let mut pages = vec![Vec::new(), made::page(PAGE, VALUES.0, VALUES.1, 0, ROOT | LEAF, &[0; 16], &[])];
    for leaf in 0..leaves {
        let from = rows.start + leaf * ROWS_PER_LEAF;
        let rows = from..rows.end.min(from + ROWS_PER_LEAF);
        let nodes: Vec<made::Node> =
            rows.map(|row| Ok(node(&key(row), &client(row)?))).collect::<anyhow::Result<_>>()?;
        let number = first + u32::try_from(leaf)?;
        let next = if leaf + 1 == leaves { 0 } else { number + 1 };
        pages.push(made::page(PAGE, number, TABLE.1, next, LEAF, b"", &nodes));
    }
    let numbers: Vec<u32> = (first..first + u32::try_from(leaves)?).collect();
    let mut branches = Vec::new();
    for children in numbers.chunks(CHILDREN_PER_BRANCH) {
        let number = first + u32::try_from(leaves + branches.len() as u64)?;
        pages.push(made::page(PAGE, number, TABLE.1, 0, PARENT, b"", &parents(children)));
        branches.push(number);
    }
    pages[0] = made::page(PAGE, TABLE.0, TABLE.1, 0, ROOT | PARENT, &[0; 16], &parents(&branches));
    Ok(fs_err::write(file, made::database(PAGE, 3, "CLIENTS", &columns, &pages))?)
}

fn key(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

fn parents(children: &[u32]) -> Vec<made::Node> {
    children.iter().map(|child| node(&child.to_be_bytes(), &child.to_le_bytes())).collect()
}

fn client(number: u64) -> anyhow::Result<Vec<u8>> {
    let row = rows::access(number);
    let role = u128::from_str_radix(&row.key.role_guid.replace('-', ""), 16)?.to_be_bytes();
    let role: Vec<u8> = [3, 2, 1, 0, 5, 4, 7, 6].into_iter().chain(8..16).map(|at| role[at]).collect();
    let total = u32::try_from(row.total)?.to_le_bytes();
    let time = |micros: i64| (micros * 10 + EPOCH).to_le_bytes();
    let address: std::net::Ipv4Addr = row.key.client.parse()?;
    let user: Vec<u8> = row.key.principal.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let day = row.days.iter().next().context("a row has a day")?;
    let fixed: [&[u8]; 5] = [&role, &[1; 16], &total, &time(row.first.micros()), &time(row.last.micros())];
    let count = u16::try_from(row.total)?.to_le_bytes().to_vec();
    Ok(made::record(true, &fixed, &[Some(&address.octets()), Some(&user)], &[(256 + day - 244, 0, count)]))
}

/// How long a log is to be.
#[derive(Clone, Copy)]
pub enum Until {
    Events(u64),
    Bytes(u64),
}

/// A log of the chunks of all real ones, again and again; returns how many events it holds.
pub fn event_log(file: &Path, until: Until) -> anyhow::Result<u64> {
    let mut chunks = Vec::new();
    for path in files(&data()?.join("evtx"))? {
        let bytes = fs_err::read(&path)?;
        let damaged = path.components().any(|part| part.as_os_str() == "robustness");
        if damaged || !bytes.starts_with(b"ElfFile\0") {
            continue;
        }
        for chunk in
            bytes[HEADER.min(bytes.len())..].chunks_exact(CHUNK).filter(|chunk| chunk.starts_with(b"ElfChnk\0"))
        {
            let number = |at: usize| u64::from_le_bytes(chunk[at..at + 8].try_into().unwrap_or_default());
            // numbers of the first and the last record
            let events = number(16).saturating_sub(number(8)) + 1;
            chunks.push((chunk.to_vec(), events));
        }
    }
    ensure!(!chunks.is_empty(), "no event logs");
    let (mut events, mut number) = (0, 0);
    let mut log = std::io::BufWriter::new(fs_err::File::create(file)?);
    log.write_all(&[0; HEADER])?;
    for (chunk, holds) in chunks.iter().cycle() {
        let long_enough = match until {
            Until::Events(most) => events >= most,
            Until::Bytes(most) => number * CHUNK as u64 >= most,
        };
        if long_enough || number == MOST_CHUNKS {
            break;
        }
        log.write_all(chunk)?;
        (events, number) = (events + holds, number + 1);
    }
    log.flush()?;
    let mut log = log.into_inner()?;
    let mut head = [0; 128];
    head[..8].copy_from_slice(b"ElfFile\0");
    head[16..24].copy_from_slice(&(number - 1).to_le_bytes());
    head[32..36].copy_from_slice(&128_u32.to_le_bytes());
    head[36..40].copy_from_slice(&[1, 0, 3, 0]);
    head[40..42].copy_from_slice(&4096_u16.to_le_bytes());
    head[42..44].copy_from_slice(&u16::try_from(number)?.to_le_bytes());
    std::io::Seek::rewind(&mut log)?;
    log.write_all(&head)?;
    Ok(events)
}

/// Databases of different rows, together at least so many bytes; returns how many rows they hold.
pub fn different_databases(folder: &Path, bytes: u64) -> anyhow::Result<u64> {
    const ROWS: u64 = 50_000;
    fs_err::create_dir_all(folder)?;
    let (mut rows, mut written) = (0, 0);
    while written < bytes {
        let file = folder.join(format!("{rows:08}.mdb"));
        user_access(&file, rows..rows + ROWS)?;
        written += fs_err::metadata(&file)?.len();
        rows += ROWS;
    }
    Ok(rows)
}

/// Copies of the databases of one real server, at least so many bytes.
pub fn databases(folder: &Path, bytes: u64) -> anyhow::Result<()> {
    let originals: Vec<PathBuf> = files(&data()?.join("ual/kstrike_HyperV-PC"))?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "mdb"))
        .collect();
    ensure!(!originals.is_empty(), "no databases");
    let mut written = 0;
    for number in 0.. {
        let copy = folder.join(format!("{number:04}"));
        fs_err::create_dir_all(&copy)?;
        for original in &originals {
            let name = original.file_name().context("a file has a name")?;
            written += fs_err::copy(original, copy.join(name))?;
            if written >= bytes {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// All files below a folder, in order.
pub fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let (mut found, mut pending) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = pending.pop() {
        for entry in fs_err::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() { pending.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

fn data() -> anyhow::Result<PathBuf> {
    let data = caliper_tests::programs::workspace().join("../shared/data");
    ensure!(data.is_dir(), "no real artefacts at ../shared/data beside the checkout: they are what is repeated");
    Ok(data)
}
