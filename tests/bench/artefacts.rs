//! Artefacts of any size: a database of User Access Logging made from the format's description, event logs of real records with
//! other names, addresses and times each time they are repeated, and real databases repeated.

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

/// The chunks of all real event logs, what is written anew in each, and how many events it holds.
pub struct EventLogs(Vec<(Vec<u8>, Vec<Place>, u64)>);

impl EventLogs {
    pub fn real() -> anyhow::Result<Self> {
        let names = Names::known()?;
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
                chunks.push((chunk.to_vec(), places(chunk, &names), events));
            }
        }
        ensure!(!chunks.is_empty(), "no event logs");
        Ok(Self(chunks))
    }

    /// A log of them, again and again, with other names, addresses and times in each record; returns how many events it holds.
    /// Numbers make every log of a bench another one. Checksums are not put right: no reader here asks for them.
    pub fn write(&self, file: &Path, number_of_log: u64, until: Until) -> anyhow::Result<u64> {
        let (mut events, mut number) = (0, 0);
        let mut log = std::io::BufWriter::new(fs_err::File::create(file)?);
        log.write_all(&[0; HEADER])?;
        let mut seed = number_of_log << 32;
        for (chunk, places, holds) in self.0.iter().cycle() {
            let long_enough = match until {
                Until::Events(most) => events >= most,
                Until::Bytes(most) => number * CHUNK as u64 >= most,
            };
            if long_enough || number == MOST_CHUNKS {
                break;
            }
            let mut chunk = chunk.clone();
            for place in places {
                place.write(&mut chunk, seed);
            }
            seed += u64::from(places.last().map_or(0, |place| place.record)) + 1;
            log.write_all(&chunk)?;
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
}

/// Names of accounts and addresses in the real logs, as UTF-16.
struct Names {
    accounts: Vec<Vec<u8>>,
    addresses: Vec<Vec<u8>>,
}

impl Names {
    /// Those that independent readers found; those of Windows itself must stay as they are, as they count for nobody.
    fn known() -> anyhow::Result<Self> {
        const OF_WINDOWS: [&str; 6] = ["SYSTEM", "ANONYMOUS LOGON", "NETWORK SERVICE", "LOCAL SERVICE", "IUSR", "user"];
        let mut found: [std::collections::BTreeSet<String>; 2] = Default::default();
        for row in csv::Reader::from_path(data()?.join("evtx/expected_logons.csv"))?.deserialize() {
            let row: std::collections::HashMap<String, String> = row?;
            let name = row["user"].rsplit('\\').next().unwrap_or_default();
            let name = name.split('@').next().unwrap_or_default().trim_end_matches('$');
            let is_persons = !OF_WINDOWS.contains(&name) && !name.starts_with("DWM-") && !name.starts_with("UMFD-");
            if name.len() > 3 && is_persons {
                found[0].insert(name.to_owned());
            }
            let address = row["ip"].rsplit(':').next().unwrap_or_default();
            if address.parse::<std::net::Ipv4Addr>().is_ok_and(|address| !address.is_loopback()) {
                found[1].insert(address.to_owned());
            }
        }
        let [accounts, addresses] = found.map(|texts| {
            // the longest first: one may be the beginning of another
            let mut texts: Vec<String> = texts.into_iter().collect();
            texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
            texts.iter().map(|text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()).collect()
        });
        Ok(Self { accounts, addresses })
    }
}

/// Something in a chunk that is written anew.
pub struct Place {
    /// Number of the record in its chunk.
    record: u32,
    at: usize,
    what: What,
}

enum What {
    /// Letters of an account.
    Name(usize),
    /// Digits of one part of an address.
    Digits(usize),
    Time,
}

impl Place {
    /// The same seed gives the same text within a record; texts stay as long as they were.
    fn write(&self, chunk: &mut [u8], seed: u64) {
        let seed = seed + u64::from(self.record);
        // a permutation of all numbers (Knuth's multiplier), so that neighbours differ in every place
        let mixed = seed.wrapping_mul(6_364_136_223_846_793_005);
        match self.what {
            What::Time => {
                let place = &mut chunk[self.at..self.at + 8];
                let time = u64::from_le_bytes(place.try_into().unwrap_or_default());
                // up to a year later
                place.copy_from_slice(&(time + mixed % 31_536_000 * 10_000_000).to_le_bytes());
            }
            What::Name(length) => {
                let mut rest = mixed;
                for letter in 0..length {
                    chunk[self.at + 2 * letter] = b'a' + (rest % 26) as u8;
                    rest /= 26;
                }
            }
            What::Digits(digits) => {
                let number = match digits {
                    1 => 1 + mixed % 9,
                    2 => 10 + (mixed >> 8) % 90,
                    _ => 100 + (mixed >> 16) % 100,
                };
                for (digit, letter) in number.to_string().bytes().enumerate() {
                    chunk[self.at + 2 * digit] = letter;
                }
            }
        }
    }
}

/// What is written anew in a chunk, record by record.
fn places(chunk: &[u8], names: &Names) -> Vec<Place> {
    const FIRST: usize = 512;
    const RECORD: [u8; 4] = [0x2A, 0x2A, 0, 0];
    let mut places = Vec::new();
    let (mut start, mut record) = (FIRST, 0);
    while let Some(header) = chunk.get(start..start + 24).filter(|header| header.starts_with(&RECORD)) {
        let length = u32::from_le_bytes(header[4..8].try_into().unwrap_or_default()) as usize;
        let end = start + length;
        let Some(bytes) = chunk.get(start..end).filter(|bytes| bytes.len() > 24) else { break };
        // when it was written, which is within an hour of every time in it; some exports leave it out
        let time = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap_or_default());
        let written = time(&header[16..24]);
        let mut at = 16;
        while at + 8 <= bytes.len() {
            let begins = |text: &&Vec<u8>| bytes[at..].starts_with(text.as_slice());
            let mut step = 1;
            if written > 0 && time(&bytes[at..at + 8]).abs_diff(written) < 36_000_000_000 {
                places.push(Place { record, at: start + at, what: What::Time });
                step = 8;
            } else if let Some(name) = names.accounts.iter().find(&begins) {
                places.push(Place { record, at: start + at, what: What::Name(name.len() / 2) });
                step = name.len();
            } else if let Some(address) = names.addresses.iter().find(&begins) {
                step = address.len();
                let letters: Vec<u8> = address.iter().copied().step_by(2).collect();
                let mut part = start + at;
                for digits in letters.split(|letter| *letter == b'.') {
                    places.push(Place { record, at: part, what: What::Digits(digits.len()) });
                    part += 2 * (digits.len() + 1);
                }
            }
            at += step;
        }
        (start, record) = (end, record + 1);
    }
    places
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
