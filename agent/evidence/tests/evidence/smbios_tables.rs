//! SMBIOS tables: hand-made ones for each trap, real ones against independent readers, and any bytes at all.

use crate::samples::{EMPTY, Fitted, POPULATED, table};
use caliper_evidence::smbios::{self, Firmware};
use proptest::prelude::*;
use serde_json::Value as Json;

fn numbers(firmware: &Firmware) -> (Option<u32>, Option<u32>, Option<u32>, usize) {
    (firmware.sockets(), firmware.cores(), firmware.threads(), firmware.warnings.len())
}

#[test]
fn traps_of_firmware_tables() {
    let vmware = vec![(POPULATED, 0, 0, 0); 64];
    // (trap, sockets of the table, (sockets, cores, threads, warnings))
    let cases: [(&str, &[Fitted], _); 6] = [
        ("two alike", &[(POPULATED, 8, 8, 16); 2], (Some(2), Some(16), Some(32), 0)),
        ("one empty", &[(POPULATED, 8, 8, 16), (EMPTY, 0, 0, 0)], (Some(1), Some(8), Some(16), 0)),
        ("64 populated sockets without core counts", &vmware, (None, None, None, 1)),
        ("enabled below fitted", &[(POPULATED, 12, 6, 12)], (Some(1), Some(12), Some(12), 1)),
        ("more cores than a byte holds", &[(POPULATED, 288, 288, 576)], (Some(1), Some(288), Some(576), 0)),
        ("no processor at all", &[], (None, None, None, 0)),
    ];
    for (trap, sockets, expected) in cases {
        let firmware = smbios::read(&table(sockets)).unwrap();
        assert_eq!(numbers(&firmware), expected, "{trap}: {firmware:?}");
        assert_eq!((firmware.manufacturer.as_str(), firmware.model.as_str()), ("Maker", "Model 9"));
        assert_eq!(firmware.uuid, "00112233-4455-6677-8899-AABBCCDDEEFF");
    }
}

#[test]
fn the_three_layouts_are_the_same_table() {
    let bare = table(&[(POPULATED, 8, 8, 16)]);
    let length = u32::try_from(bare.len()).unwrap().to_le_bytes();
    let windows = [&[0, 3, 2, 0][..], &length, &bare].concat();
    let mut dump = vec![0; 32];
    dump[..5].copy_from_slice(b"_SM3_");
    dump.extend(&bare);
    let expected = smbios::read(&bare).unwrap();
    for bytes in [bare, windows, dump] {
        assert!(smbios::looks_like_smbios(&bytes, bytes.len() as u64));
        assert_eq!(smbios::read(&bytes).unwrap(), expected);
    }
}

#[test]
fn damage_is_named_by_its_offset() {
    let mut bytes = table(&[]);
    bytes.truncate(30);
    let error = smbios::read(&bytes).unwrap_err().to_string();
    assert_eq!(error, "byte 27: strings of a structure: expected two zero bytes, found none");
    assert!(!smbios::looks_like_smbios(b"no table of any kind, just a text file\n", 39));
    // the numbers of another format may make a chain too: here 80, 1 and 2
    let chain = [[80, 4, 0, 0, 0, 0], [1, 4, 0, 0, 0, 0], [2, 4, 0, 0, 0, 0]].concat();
    assert!(!smbios::looks_like_smbios(&chain, 18));
    assert!(smbios::looks_like_smbios(&chain[6..], 12));
}

#[test]
fn real_tables_agree_with_their_json() {
    let Some(data) = crate::shared::data() else { return };
    let mut seen = 0;
    for entry in fs_err::read_dir(data.join("smbios/go-smbios")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "dmi") {
            continue;
        }
        let bytes = fs_err::read(&path).unwrap();
        assert!(smbios::looks_like_smbios(&bytes, bytes.len() as u64), "{}", path.display());
        let firmware = smbios::read(&bytes).unwrap();
        let json: Json = serde_json::from_str(&fs_err::read_to_string(path.with_extension("json")).unwrap()).unwrap();
        let system = &json["SystemInformation"];
        // the other reader empties the texts that board makers forget to fill in
        let said = |text: &str| if text.contains("To Be Filled") { String::new() } else { text.to_owned() };
        assert_eq!(said(&firmware.manufacturer), system["Manufacturer"].as_str().unwrap().trim());
        assert_eq!(said(&firmware.model), system["ProductName"].as_str().unwrap().trim());
        assert_eq!(firmware.uuid.to_lowercase(), system["UUID"].as_str().unwrap());
        let none = Vec::new();
        let expected = json["ProcessorInformation"].as_array().unwrap_or(&none);
        assert_eq!(firmware.processors.len(), expected.len(), "{}", path.display());
        for (socket, expected) in firmware.processors.iter().zip(expected) {
            let number = |count: Option<u32>| u64::from(count.unwrap_or(0));
            assert_eq!(number(socket.cores), expected["CoreCount"], "{}", path.display());
            assert_eq!(number(socket.enabled_cores), expected["CoreEnabled"]);
            assert_eq!(number(socket.threads), expected["ThreadCount"]);
            assert_eq!(socket.populated, expected["Status"].as_u64().unwrap() & 0x40 != 0);
            assert_eq!(socket.model, expected["ProcessorVersion"].as_str().unwrap().trim());
        }
        seen += 1;
    }
    assert_eq!(seen, 6);
}

/// The processors of real servers, as another tool printed them, laid out again as a table: their sums must come back.
#[test]
fn sockets_of_real_servers_add_up() {
    let Some(data) = crate::shared::data() else { return };
    let text = fs_err::read_to_string(data.join("smbios/expected_dmidecode.json")).unwrap();
    let machines: serde_json::Map<String, Json> = serde_json::from_str(&text).unwrap();
    for (name, machine) in &machines {
        let count =
            |processor: &Json, key: &str| processor[key].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
        let sockets: Vec<Fitted> = machine["processors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|processor| {
                let populated = processor["Status"].as_str().is_some_and(|status| status.starts_with("Populated"));
                let status = if populated { POPULATED } else { EMPTY };
                (
                    status,
                    count(processor, "Core Count"),
                    count(processor, "Core Enabled"),
                    count(processor, "Thread Count"),
                )
            })
            .collect();
        let firmware = smbios::read(&table(&sockets)).unwrap();
        let populated = sockets.iter().filter(|socket| socket.0 == POPULATED);
        assert_eq!(populated.clone().count(), machine["populated"], "{name}");
        let all_known = populated.clone().count() > 0 && populated.clone().all(|socket| socket.1 > 0);
        let sum: u32 = populated.map(|socket| u32::from(socket.1)).sum();
        assert_eq!(firmware.cores(), all_known.then_some(sum), "{name}");
    }
    assert!(machines.len() > 20);
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = smbios::read(&bytes);
        let _ = smbios::looks_like_smbios(&bytes, bytes.len() as u64);
    }

    #[test]
    fn any_damage(at in 0_usize..200, byte in any::<u8>(), cut in 0_usize..250) {
        let mut bytes = table(&[(POPULATED, 8, 8, 16), (EMPTY, 0, 0, 0)]);
        let place = at % bytes.len();
        bytes[place] = byte;
        bytes.truncate(cut);
        let _ = smbios::read(&bytes);
    }
}
