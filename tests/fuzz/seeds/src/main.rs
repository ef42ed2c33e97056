//! Writes what each fuzz target begins from: small artefacts made by hand and, where they lie beside the checkout, parts of
//! real ones. `caliper-fuzz-seeds FOLDER` makes `FOLDER/TARGET/NAME`.

#[allow(dead_code)]
#[path = "../../../../agent/evidence/tests/evidence/made.rs"]
mod made;
#[allow(dead_code)]
#[path = "../../../../agent/evidence/tests/evidence/samples.rs"]
mod samples;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Head and first records of an event log.
const LOG: usize = 4096 + 16_384;
/// Larger databases are left out: each change has to be tried on all of it.
const DATABASE: usize = 200 << 10;

const REPORT: &str = include_str!("report.json");
const REGISTRY: &str = include_str!("registry.reg");
const EVENTS: &str = include_str!("events.jsonl");
const RECORDS: &str = include_str!("events.xml");
const FILE: &str = include_str!("agent.toml");
const POLICY: &str = "Server=caliper.example.org:8444\nCollectEvery=3h\nCollectAt=02:30, 14:00\nCollectJitter=20m\n\
    QueueMaxBytes=2097152\nLogLevel=warn\n";

fn main() -> io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        return Err(io::Error::other("usage: caliper-fuzz-seeds FOLDER"));
    };
    let folder = PathBuf::from(folder);
    made(&folder)?;
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/data");
    if data.is_dir() {
        real(&data, &folder)
    } else {
        eprintln!("no real artefacts at ../shared/data beside the checkout: only made ones");
        Ok(())
    }
}

fn write(folder: &Path, targets: &[&str], name: &str, bytes: &[u8]) -> io::Result<()> {
    for target in targets {
        fs::create_dir_all(folder.join(target))?;
        fs::write(folder.join(target).join(name), bytes)?;
    }
    Ok(())
}

fn made(folder: &Path) -> io::Result<()> {
    for size in [2048, 4096, 8192, 16384] {
        write(folder, &["ese"], &format!("made-{size}"), &samples::sample(size))?;
    }
    let rows = [
        samples::client(1, 3, &[10, 0, 0, 7], "lab\\jane", 3),
        samples::client(2, 4, &[0xFE; 16], "lab\\jane", 4),
        samples::client(1, 5, &[10, 0, 0, 8], "\\", 5),
    ];
    write(folder, &["ese", "user_access", "folder"], "made-clients", &samples::user_access(&rows))?;
    let sockets = [(samples::POPULATED, 8, 8, 16), (samples::EMPTY, 0, 0, 0), (samples::POPULATED, 288, 280, 576)];
    let bare = samples::table(&sockets);
    let length = u32::try_from(bare.len()).map_err(io::Error::other)?.to_le_bytes();
    let mut dump = vec![0; 32];
    dump[..5].copy_from_slice(b"_SM3_");
    dump.extend(&bare);
    for (name, bytes) in [("made-windows", [&[0, 3, 2, 0][..], &length, &bare].concat()), ("made-dump", dump)] {
        write(folder, &["smbios", "folder"], name, &bytes)?;
    }
    write(folder, &["smbios", "folder"], "made-bare", &bare)?;
    write(folder, &["report", "folder"], "made", REPORT.as_bytes())?;
    let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(REGISTRY.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    write(folder, &["registry_export", "folder"], "made", REGISTRY.as_bytes())?;
    write(folder, &["registry_export", "folder"], "made-utf16", &utf16)?;
    for (at, event) in EVENTS.lines().enumerate() {
        write(folder, &["event"], &format!("made-{at}"), event.as_bytes())?;
    }
    for (at, record) in RECORDS.lines().enumerate() {
        write(folder, &["event_xml"], &format!("made-{at}"), record.as_bytes())?;
    }
    write(folder, &["event_log", "folder"], "made", b"ElfFile\0")?;
    write(folder, &["config"], "made-file", FILE.as_bytes())?;
    write(folder, &["config"], "made-policy", format!("{POLICY}\0{FILE}").as_bytes())?;
    queues(folder)
}

/// Segments of three records, as one and as two files; the target puts the checksums right.
fn queues(folder: &Path) -> io::Result<()> {
    let position = br#"{"acknowledged":1}"#;
    let head = [0; 24];
    let record = |sequence: u64| {
        let payload = b"a message";
        let length = u32::try_from(payload.len()).unwrap_or_default();
        [&length.to_le_bytes()[..], &sequence.to_le_bytes(), &[0; 8], payload].concat()
    };
    let segment = [&head[..], &record(1), &record(2), &record(3)].concat();
    let next = [&head[..], &record(4), &record(5), &record(6)].concat();
    for (name, flags, place, rest) in [("made-one", 1, 0, segment.clone()), ("made-two", 3, 3, [segment, next].concat())] {
        let bytes = [&[flags, place, position.len() as u8][..], position, &rest].concat();
        write(folder, &["queue"], name, &bytes)?;
    }
    Ok(())
}

/// Real artefacts by their endings, without the zero bytes at their ends and event logs with their first chunk only.
fn real(data: &Path, folder: &Path) -> io::Result<()> {
    let mut pending = vec![data.to_owned()];
    let mut number = 0;
    while let Some(next) = pending.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                pending.push(path);
                continue;
            }
            let mut bytes = fs::read(&path)?;
            let targets: &[&str] = match path.extension().and_then(|ending| ending.to_str()) {
                Some("mdb") => &["ese", "user_access"],
                Some("evtx") => &["event_log"],
                Some("dmi") => &["smbios", "folder"],
                Some("reg") => &["registry_export", "folder"],
                _ => continue,
            };
            number += 1;
            if targets.contains(&"event_log") {
                bytes.truncate(LOG);
            }
            if !targets.contains(&"smbios") {
                let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
                // a database ends with a whole page
                let end = if targets.contains(&"ese") { used.next_multiple_of(4096).min(bytes.len()) } else { used };
                bytes.truncate(end);
            }
            if bytes.len() <= DATABASE {
                write(folder, targets, &format!("real-{number}"), &bytes)?;
            }
        }
    }
    Ok(())
}
