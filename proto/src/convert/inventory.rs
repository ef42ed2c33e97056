//! Inventories.

use super::{WireError, checked_text, instant, printable};
use crate::{Installed, Instant, Inventory, NameRecord, Processor, RoleUse, VirtualMachine, wire};

/// Most entries in any list of an inventory.
const MOST_ENTRIES: usize = 100_000;

/// An inventory with the time it was observed and the warnings met, as it travels.
impl From<(&Inventory, &[String], Instant)> for wire::Inventory {
    fn from((inventory, warnings, observed): (&Inventory, &[String], Instant)) -> Self {
        let Inventory {
            name,
            domain,
            edition,
            version,
            build,
            product_type,
            model,
            manufacturer,
            uuid,
            sockets,
            cores,
            logical_processors,
            processors,
            is_virtual,
            physical_host,
            evaluation,
            addresses,
            roles,
            names,
            virtual_machines,
            installed,
        } = inventory.clone();
        Self {
            name,
            domain,
            edition: edition.unwrap_or_default(),
            version: version.unwrap_or_default(),
            build: build.unwrap_or_default(),
            product_type: product_type.unwrap_or_default(),
            manufacturer: manufacturer.unwrap_or_default(),
            model: model.unwrap_or_default(),
            uuid: uuid.unwrap_or_default(),
            sockets: sockets.unwrap_or_default(),
            cores: cores.unwrap_or_default(),
            logical_processors: logical_processors.unwrap_or_default(),
            processors: processors
                .into_iter()
                .map(|processor| wire::Processor {
                    cores: processor.cores,
                    enabled_cores: processor.enabled_cores.unwrap_or_default(),
                    logical_processors: processor.logical_processors.unwrap_or_default(),
                    model: processor.model,
                })
                .collect(),
            is_virtual: match is_virtual {
                None => wire::Tristate::Unknown,
                Some(false) => wire::Tristate::No,
                Some(true) => wire::Tristate::Yes,
            }
            .into(),
            physical_host: physical_host.unwrap_or_default(),
            evaluation,
            roles: roles
                .into_iter()
                .map(|role| wire::RoleUse {
                    role_guid: role.role_guid,
                    name: role.name,
                    first_micros: role.first.micros(),
                    last_micros: role.last.micros(),
                })
                .collect(),
            names: names
                .into_iter()
                .map(|record| wire::NameRecord {
                    address: record.address,
                    host_name: record.host_name,
                    last_micros: record.last.micros(),
                })
                .collect(),
            virtual_machines: virtual_machines
                .into_iter()
                .map(|vm| wire::VirtualMachine {
                    vm_guid: vm.vm_guid,
                    bios_guid: vm.bios_guid,
                    name: vm.name,
                    first_micros: vm.first.micros(),
                    last_micros: vm.last.micros(),
                })
                .collect(),
            warnings: warnings.to_vec(),
            observed_micros: observed.micros(),
            addresses,
            installed: Some(installed.into()).filter(|_| !inventory.installed.is_empty()),
        }
    }
}

impl TryFrom<wire::Inventory> for (Inventory, Vec<String>, Instant) {
    type Error = WireError;

    fn try_from(wire: wire::Inventory) -> Result<Self, WireError> {
        let lists = [
            ("processors", wire.processors.len()),
            ("roles", wire.roles.len()),
            ("names", wire.names.len()),
            ("virtual_machines", wire.virtual_machines.len()),
            ("warnings", wire.warnings.len()),
            ("addresses", wire.addresses.len()),
        ];
        for (field, length) in lists {
            if length > MOST_ENTRIES {
                return Err(WireError::new(field, format!("{length} entries, at most {MOST_ENTRIES} expected")));
            }
        }
        let texts = [
            ("name", &wire.name),
            ("domain", &wire.domain),
            ("edition", &wire.edition),
            ("version", &wire.version),
            ("manufacturer", &wire.manufacturer),
            ("model", &wire.model),
            ("uuid", &wire.uuid),
            ("physical_host", &wire.physical_host),
        ];
        for (field, text) in texts {
            checked_text(field, text)?;
        }
        let is_virtual = match wire::Tristate::try_from(wire.is_virtual) {
            Ok(wire::Tristate::Unknown) => None,
            Ok(wire::Tristate::No) => Some(false),
            Ok(wire::Tristate::Yes) => Some(true),
            Err(_) => return Err(WireError::new("is_virtual", format!("{} is none of 0, 1, 2", wire.is_virtual))),
        };
        let observed = instant("observed_micros", wire.observed_micros)?;
        let roles = wire.roles.into_iter().enumerate().map(|(at, role)| {
            Ok(RoleUse {
                first: instant(&format!("roles[{at}].first_micros"), role.first_micros)?,
                last: instant(&format!("roles[{at}].last_micros"), role.last_micros)?,
                role_guid: short(format!("roles[{at}].role_guid"), role.role_guid)?,
                name: short(format!("roles[{at}].name"), role.name)?,
            })
        });
        let names = wire.names.into_iter().enumerate().map(|(at, record)| {
            Ok(NameRecord {
                last: instant(&format!("names[{at}].last_micros"), record.last_micros)?,
                address: short(format!("names[{at}].address"), record.address)?,
                host_name: short(format!("names[{at}].host_name"), record.host_name)?,
            })
        });
        let machines = wire.virtual_machines.into_iter().enumerate().map(|(at, vm)| {
            Ok(VirtualMachine {
                first: instant(&format!("virtual_machines[{at}].first_micros"), vm.first_micros)?,
                last: instant(&format!("virtual_machines[{at}].last_micros"), vm.last_micros)?,
                vm_guid: short(format!("virtual_machines[{at}].vm_guid"), vm.vm_guid)?,
                bios_guid: short(format!("virtual_machines[{at}].bios_guid"), vm.bios_guid)?,
                name: short(format!("virtual_machines[{at}].name"), vm.name)?,
            })
        });
        let processors = wire.processors.into_iter().enumerate().map(|(at, processor)| {
            Ok(Processor {
                cores: processor.cores,
                enabled_cores: known(processor.enabled_cores),
                logical_processors: known(processor.logical_processors),
                model: short(format!("processors[{at}].model"), processor.model)?,
            })
        });
        let inventory = Inventory {
            roles: roles.collect::<Result<_, WireError>>()?,
            names: names.collect::<Result<_, WireError>>()?,
            virtual_machines: machines.collect::<Result<_, WireError>>()?,
            processors: processors.collect::<Result<_, WireError>>()?,
            name: printable(wire.name),
            domain: printable(wire.domain),
            edition: stated(wire.edition),
            version: stated(wire.version),
            build: known(wire.build),
            product_type: known(wire.product_type),
            model: stated(wire.model),
            manufacturer: stated(wire.manufacturer),
            uuid: stated(wire.uuid),
            sockets: known(wire.sockets),
            cores: known(wire.cores),
            logical_processors: known(wire.logical_processors),
            is_virtual,
            physical_host: stated(wire.physical_host),
            evaluation: wire.evaluation,
            addresses: wire
                .addresses
                .into_iter()
                .enumerate()
                .map(|(at, address)| short(format!("addresses[{at}]"), address))
                .collect::<Result<_, WireError>>()?,
            installed: wire.installed.map(Installed::try_from).transpose()?.unwrap_or_default(),
        };
        let warnings = wire
            .warnings
            .into_iter()
            .enumerate()
            .map(|(at, warning)| short(format!("warnings[{at}]"), warning).map(printable))
            .collect::<Result<_, WireError>>()?;
        Ok((inventory, warnings, observed))
    }
}

fn short(field: impl AsRef<str>, text: String) -> Result<String, WireError> {
    checked_text(field.as_ref(), &text)?;
    Ok(text)
}

fn known(number: u32) -> Option<u32> {
    (number != 0).then_some(number)
}

fn stated(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Inventory, Vec<String>, Instant) {
        let at = |micros| Instant::from_micros(micros).unwrap();
        let inventory = Inventory {
            name: "HV1".into(),
            domain: "lab.net".into(),
            edition: Some("Datacenter".into()),
            version: Some("2019".into()),
            build: Some(17763),
            product_type: Some(3),
            model: Some("PowerEdge R640".into()),
            manufacturer: Some("Dell Inc.".into()),
            uuid: Some("49704D56-60F8-0A10-1C09-0156A066C2C3".into()),
            sockets: Some(2),
            cores: Some(24),
            logical_processors: Some(48),
            processors: vec![
                Processor {
                    cores: 12,
                    enabled_cores: Some(10),
                    logical_processors: None,
                    model: "Xeon".into()
                };
                2
            ],
            is_virtual: Some(false),
            physical_host: None,
            evaluation: true,
            addresses: vec!["10.0.0.10".into()],
            roles: vec![RoleUse {
                role_guid: "10a9226f-50ee-49d8-a393-9a501d47ce04".into(),
                name: "File Server".into(),
                first: at(1),
                last: at(2),
            }],
            names: vec![NameRecord { address: "10.0.0.5".into(), host_name: "PC5".into(), last: at(3) }],
            virtual_machines: vec![VirtualMachine {
                vm_guid: "a".into(),
                bios_guid: "b".into(),
                name: "vm".into(),
                first: at(4),
                last: at(5),
            }],
            installed: Installed { cluster: Some("CL1".into()), ..Installed::default() },
        };
        (inventory, vec!["one warning".into()], at(6))
    }

    #[test]
    fn goes_both_ways() {
        let known = sample();
        let wire = wire::Inventory::from((&known.0, known.1.as_slice(), known.2));
        assert_eq!(<(Inventory, Vec<String>, Instant)>::try_from(wire), Ok(known));
        let unknown = (Inventory::default(), vec![], Instant::default());
        let wire = wire::Inventory::from((&unknown.0, unknown.1.as_slice(), unknown.2));
        assert_eq!(<(Inventory, Vec<String>, Instant)>::try_from(wire), Ok(unknown));
    }

    #[test]
    fn a_name_does_not_command_a_terminal() {
        let (mut inventory, _, observed) = sample();
        inventory.name = "HV1\u{1b}[2J".into();
        let warnings = ["one\r\u{9b}two".to_owned()];
        let wire = wire::Inventory::from((&inventory, &warnings[..], observed));
        let (inventory, warnings, _) = <(Inventory, Vec<String>, Instant)>::try_from(wire).unwrap();
        assert_eq!((inventory.name.as_str(), warnings[0].as_str()), ("HV1\u{fffd}[2J", "one\u{fffd}\u{fffd}two"));
    }

    #[test]
    fn refuses_and_names_the_field() {
        let refused = |change: fn(&mut wire::Inventory)| {
            let known = sample();
            let mut wire = wire::Inventory::from((&known.0, known.1.as_slice(), known.2));
            change(&mut wire);
            <(Inventory, Vec<String>, Instant)>::try_from(wire).unwrap_err().field
        };
        assert_eq!(refused(|wire| wire.is_virtual = 7), "is_virtual");
        assert_eq!(refused(|wire| wire.name = "x".repeat(2000)), "name");
        assert_eq!(refused(|wire| wire.roles[0].last_micros = i64::MAX), "roles[0].last_micros");
        assert_eq!(refused(|wire| wire.addresses[0] = "x".repeat(2000)), "addresses[0]");
    }
}
