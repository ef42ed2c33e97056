//! The virtual machines of a Hyper-V host, over WMI (`root\virtualization\v2`).
//!
//! Pure: the answers come in. Microsoft documents both classes; names of machines and their UUIDs stand in different ones.

use caliper_proto::{Instant, VirtualMachine};

use super::wmi::{self, Management, Question};

const NAMESPACE: &str = r"root\virtualization\v2";
/// `Msvm_ComputerSystem.EnabledState` of a machine that runs.
const RUNNING: &str = "2";
/// More machines than this no host has.
const MOST: usize = 100_000;

/// The machines that are there now, in the order of their identifiers; none if this is no Hyper-V host.
pub fn read(management: &mut impl Management, now: Instant) -> Result<Vec<VirtualMachine>, String> {
    let mut machines: Vec<VirtualMachine> = Vec::new();
    let columns = &["Name", "ElementName", "EnabledState", "InstallDate", "TimeOfLastStateChange"];
    let question = |class, columns, condition: &str| Question {
        namespace: NAMESPACE,
        class,
        columns,
        condition: condition.to_owned(),
    };
    management.ask(question("Msvm_ComputerSystem", columns, ""), &mut |row| {
        let [guid, name, state, installed, changed] = row else { return };
        // the host itself is a row too, with its name instead of an identifier
        let Ok(guid) = uuid::Uuid::try_parse(guid) else { return };
        let time = |text: &str| wmi::micros(text).and_then(Instant::from_micros);
        let last = if state == RUNNING { now } else { time(changed).unwrap_or_default() };
        let first = time(installed).unwrap_or(last).min(last);
        if machines.len() < MOST {
            machines.push(VirtualMachine {
                vm_guid: guid.to_string(),
                bios_guid: String::new(),
                name: name.clone(),
                first,
                last,
            });
        }
    })?;
    if machines.is_empty() {
        return Ok(machines);
    }
    machines.sort_by(|one, other| one.vm_guid.cmp(&other.vm_guid));
    let columns = &["VirtualSystemIdentifier", "BIOSGUID"];
    // without this there are rows of snapshots too
    let realized = "VirtualSystemType = 'Microsoft:Hyper-V:System:Realized'";
    management.ask(question("Msvm_VirtualSystemSettingData", columns, realized), &mut |row| {
        let [guid, bios] = row else { return };
        let (Ok(guid), Ok(bios)) = (uuid::Uuid::try_parse(guid), uuid::Uuid::try_parse(bios)) else { return };
        if let Ok(at) = machines.binary_search_by(|machine| machine.vm_guid.cmp(&guid.to_string())) {
            machines[at].bios_guid = bios.to_string();
        }
    })?;
    Ok(machines)
}

/// Joins what User Access Logging knows of the same machines, which has neither names nor always the same identifier. Machines
/// that are gone stay.
pub fn join(logged: Vec<VirtualMachine>, mut now: Vec<VirtualMachine>) -> Vec<VirtualMachine> {
    for old in logged {
        let is_same = |machine: &&mut VirtualMachine| [&machine.vm_guid, &machine.bios_guid].contains(&&old.vm_guid);
        match now.iter_mut().find(is_same) {
            Some(machine) => {
                machine.first = machine.first.min(old.first);
                machine.last = machine.last.max(old.last);
            }
            None => now.push(old),
        }
    }
    now.sort_by(|one, other| (&one.vm_guid, &one.bios_guid).cmp(&(&other.vm_guid, &other.bios_guid)));
    now
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::wmi::fake::FakeManagement;

    const WEB: &str = "1B44B3C4-6D0B-4C50-9AB9-9B3A0D6B6C11";
    const OFF: &str = "2C55C4D5-7E1C-4D61-8BCA-AC4B1E7C7D22";
    const BIOS: &str = "{F8D64E8A-0F3A-4A4F-9D7B-5C3C5A0E7B33}";

    fn at(text: &str) -> Instant {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    /// A fake: a host with one machine that runs and one that does not.
    fn fake() -> FakeManagement {
        let mut fake = FakeManagement::default();
        let mut system = |name, element, state, installed, changed| {
            let values = [
                ("Name", name),
                ("ElementName", element),
                ("EnabledState", state),
                ("InstallDate", installed),
                ("TimeOfLastStateChange", changed),
            ];
            fake.row("Msvm_ComputerSystem", &values);
        };
        system("HV1", "HV1", "2", "", "");
        system(OFF, "old", "3", "20250101000000.000000-000", "20260301120000.000000-000");
        system(WEB, "web", "2", "20260101000000.000000-000", "20260102000000.000000-000");
        for (kind, bios) in [("Realized", BIOS), ("Snapshot", "{00000000-0000-0000-0000-000000000000}")] {
            fake.row(
                "Msvm_VirtualSystemSettingData",
                &[
                    ("VirtualSystemIdentifier", WEB),
                    ("BIOSGUID", bios),
                    ("VirtualSystemType", &format!("Microsoft:Hyper-V:System:{kind}")),
                ],
            );
        }
        fake
    }

    #[test]
    fn machines_have_names_identifiers_and_times() {
        let now = at("2026-11-28T10:00:00Z");
        let [web, off] = read(&mut fake(), now).unwrap().try_into().unwrap();
        assert_eq!((web.name.as_str(), web.vm_guid), ("web", WEB.to_lowercase()));
        assert_eq!(web.bios_guid, BIOS.trim_matches(['{', '}']).to_lowercase());
        assert_eq!((web.first, web.last), (at("2026-01-01T00:00:00Z"), now));
        assert_eq!((off.name.as_str(), off.bios_guid.as_str()), ("old", ""));
        assert_eq!((off.first, off.last), (at("2025-01-01T00:00:00Z"), at("2026-03-01T12:00:00Z")));
        assert_eq!(read(&mut FakeManagement::default(), now), Ok(Vec::new()), "no Hyper-V host");
        let broken = FakeManagement { broken: vec![("Msvm_VirtualSystemSettingData", "refused")], ..fake() };
        assert_eq!(read(&mut { broken }, now), Err("refused".to_owned()));
    }

    #[test]
    fn what_was_logged_is_joined() {
        let now = at("2026-11-28T10:00:00Z");
        let logged = |guid: &str, first| VirtualMachine {
            vm_guid: guid.to_lowercase(),
            bios_guid: String::new(),
            name: String::new(),
            first: at(first),
            last: at("2025-06-01T00:00:00Z"),
        };
        let by_bios = BIOS.trim_matches(['{', '}']);
        let old = vec![logged(by_bios, "2024-01-01T00:00:00Z"), logged("00gone", "2024-02-01T00:00:00Z")];
        let [gone, web, _] = join(old, read(&mut fake(), now).unwrap()).try_into().unwrap();
        assert_eq!((gone.vm_guid.as_str(), gone.first), ("00gone", at("2024-02-01T00:00:00Z")));
        assert_eq!((web.name.as_str(), web.first, web.last), ("web", at("2024-01-01T00:00:00Z"), now));
    }
}
