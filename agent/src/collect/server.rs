//! The server's own facts: from its newest identity in UAL, with the firmware's table as a second opinion.

use caliper_evidence::{smbios::Firmware, ual::SystemIdentity};
use caliper_proto::{Inventory, Processor, is_virtual_by_firmware};

use super::{edition, installed};

/// What UAL knows of the server.
pub fn from_identity(identity: &SystemIdentity, warnings: &mut Vec<String>) -> Inventory {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let cores = identity.sockets.zip(identity.cores_per_socket).map(|(sockets, each)| sockets.saturating_mul(each));
    let version = identity.build.and_then(|build| match edition::version(build) {
        Ok(version) => Some(version.to_owned()),
        Err(warning) => {
            warnings.push(warning);
            None
        }
    });
    let edition = identity.suite_mask.map(|mask| {
        let (edition, warning) = edition::edition(mask);
        warnings.extend(warning);
        edition.to_owned()
    });
    Inventory {
        name: identity.host_name.clone(),
        domain: identity.domain.clone(),
        edition,
        version,
        build: identity.build,
        product_type: identity.product_type,
        model: text(&identity.model),
        manufacturer: text(&identity.manufacturer),
        uuid: text(&identity.uuid),
        sockets: identity.sockets,
        cores,
        logical_processors: logical_processors(identity, cores),
        is_virtual: is_virtual_by_firmware(&identity.manufacturer, &identity.model),
        ..Inventory::default()
    }
}

/// UAL names the number after one processor but stores the machine's; only a number below the cores is believed to be
/// of one processor.
fn logical_processors(identity: &SystemIdentity, cores: Option<u32>) -> Option<u32> {
    let stored = identity.logical_processors?;
    match (identity.sockets, cores) {
        (Some(sockets), Some(cores)) if stored < cores => Some(stored.saturating_mul(sockets)),
        _ => Some(stored),
    }
}

/// Adds the firmware's view: each processor, and what UAL did not know. A disagreement is a warning, UAL's number stays.
pub fn add_firmware(server: &mut Inventory, firmware: &Firmware, warnings: &mut Vec<String>) {
    let fill = |known: &mut Option<String>, text: &str| {
        if known.is_none() && !text.is_empty() {
            *known = Some(text.to_owned());
        }
    };
    fill(&mut server.manufacturer, &firmware.manufacturer);
    fill(&mut server.model, &firmware.model);
    fill(&mut server.uuid, &firmware.uuid);
    if server.is_virtual.is_none() {
        server.is_virtual = is_virtual_by_firmware(&firmware.manufacturer, &firmware.model);
    }
    server.installed.cloud = installed::cloud(firmware).or(server.installed.cloud.take());
    warnings.extend(firmware.warnings.iter().cloned());

    let fitted = firmware.processors.iter().filter(|processor| processor.populated);
    server.processors = fitted
        .filter_map(|processor| {
            Some(Processor {
                cores: processor.cores?,
                enabled_cores: processor.enabled_cores,
                logical_processors: processor.threads,
                model: processor.model.clone(),
            })
        })
        .collect();
    let cores = firmware.cores();
    for (what, known, told) in [
        ("sockets", &mut server.sockets, firmware.sockets()),
        ("cores", &mut server.cores, cores),
        ("logical processors", &mut server.logical_processors, firmware.threads()),
    ] {
        match (*known, told) {
            (None, told) => *known = told,
            (Some(known), Some(told)) if known != told => {
                warnings
                    .push(format!("{what}: Windows says {known}, the firmware table says {told}: check the machine"));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logical_processors_are_the_machines() {
        let identity = |sockets, each, logical| SystemIdentity {
            sockets: Some(sockets),
            cores_per_socket: Some(each),
            logical_processors: Some(logical),
            ..SystemIdentity::default()
        };
        // 2 and 16 single-core virtual sockets as UAL stores them in two real sets, then one that is really per socket
        for (sockets, each, stored, machine) in [(2, 1, 2, 2), (16, 1, 16, 16), (2, 12, 12, 24)] {
            let server = from_identity(&identity(sockets, each, stored), &mut Vec::new());
            assert_eq!(server.logical_processors, Some(machine), "{sockets} {each} {stored}");
        }
    }
}
