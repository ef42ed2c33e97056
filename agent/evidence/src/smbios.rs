//! Processors and system out of an SMBIOS table (DMTF DSP0134), the second opinion on what Windows says.
//!
//! Read are the layouts in which such tables are handed around: Windows' `RawSMBIOSData` (an 8-byte header), a
//! `dmidecode --dump-bin` file (an entry point, then the table), and the bare table. Firmware lies at times: a
//! hypervisor shows 64 populated sockets without cores, sockets are empty, cores are switched off. What the table does
//! not say stays unknown.

mod structures;

pub use structures::SmbiosError;
use structures::{Structure, structures};

const BIOS: u8 = 0;
const SYSTEM: u8 = 1;
const CHASSIS: u8 = 3;
const PROCESSOR: u8 = 4;
const CENTRAL_PROCESSOR: u8 = 3;
const POPULATED: u8 = 0x40;

/// What the table says of the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Firmware {
    /// Of the system.
    pub manufacturer: String,
    /// Product name of the system.
    pub model: String,
    /// As Windows prints it: upper case, the first three fields little-endian. Empty if there is none.
    pub uuid: String,
    /// Who made the firmware itself.
    pub bios_vendor: String,
    /// Asset tag of the chassis, by which some clouds are known.
    pub asset_tag: String,
    /// Every processor socket, in the order of the table.
    pub processors: Vec<Socket>,
    /// What looks odd.
    pub warnings: Vec<String>,
}

/// One processor socket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Socket {
    /// What is printed on the board.
    pub designation: String,
    /// Whether a processor is fitted.
    pub populated: bool,
    /// Cores fitted, if the table says.
    pub cores: Option<u32>,
    /// Cores not switched off, if the table says.
    pub enabled_cores: Option<u32>,
    /// Hardware threads, if the table says.
    pub threads: Option<u32>,
    /// Model string of the processor.
    pub model: String,
}

impl Firmware {
    /// Populated sockets; `None` if the table has none or claims some without telling their cores, as hypervisors do.
    #[must_use]
    pub fn sockets(&self) -> Option<u32> {
        self.total(|socket| socket.cores.map(|_| 1))
    }

    /// Cores fitted over all populated sockets; `None` unless every one of them tells.
    #[must_use]
    pub fn cores(&self) -> Option<u32> {
        self.total(|socket| socket.cores)
    }

    /// Hardware threads over all populated sockets; `None` unless every one of them tells.
    #[must_use]
    pub fn threads(&self) -> Option<u32> {
        self.total(|socket| socket.threads)
    }

    fn total(&self, of: impl Fn(&Socket) -> Option<u32>) -> Option<u32> {
        let populated: Vec<&Socket> = self.processors.iter().filter(|socket| socket.populated).collect();
        if populated.is_empty() { None } else { populated.into_iter().map(of).sum() }
    }

    fn check(&mut self) {
        let populated = self.processors.iter().filter(|socket| socket.populated);
        let silent = populated.clone().filter(|socket| socket.cores.is_none()).count();
        if silent > 0 {
            let all = populated.clone().count();
            self.warnings.push(format!(
                "firmware table: {silent} of {all} populated sockets do not say how many cores they have; not counted"
            ));
        }
        for socket in populated {
            if let (Some(cores), Some(enabled)) = (socket.cores, socket.enabled_cores)
                && enabled < cores
            {
                self.warnings.push(format!(
                    "firmware table: socket {} has {cores} cores fitted and {enabled} enabled (rule C.5)",
                    socket.designation
                ));
            }
        }
    }
}

/// Whether a file of `length` bytes that starts like this is an SMBIOS table in one of the known layouts.
#[must_use]
pub fn looks_like_smbios(start: &[u8], length: u64) -> bool {
    structures::looks_like_table(start, length)
}

/// Reads a table.
pub fn read(bytes: &[u8]) -> Result<Firmware, SmbiosError> {
    let mut firmware = Firmware::default();
    let (structures, broken) = structures(bytes)?;
    if let Some(error) = broken {
        firmware.warnings.push(format!("firmware table breaks off: {error}"));
    }
    for structure in structures {
        match structure.kind {
            SYSTEM if firmware.model.is_empty() && firmware.manufacturer.is_empty() => {
                firmware.manufacturer = structure.text(0x04);
                firmware.model = structure.text(0x05);
                firmware.uuid = structure.uuid(0x08).unwrap_or_default();
            }
            BIOS if firmware.bios_vendor.is_empty() => firmware.bios_vendor = structure.text(0x04),
            CHASSIS if firmware.asset_tag.is_empty() => firmware.asset_tag = structure.text(0x08),
            PROCESSOR if structure.byte(0x05) == Some(CENTRAL_PROCESSOR) => {
                firmware.processors.push(socket(&structure));
            }
            _ => {}
        }
    }
    firmware.check();
    Ok(firmware)
}

fn socket(structure: &Structure<'_>) -> Socket {
    // since SMBIOS 3.0 a count of 255 or more stands in a second, wider field; 0 means unknown
    let count = |narrow: usize, wide: usize| match structure.byte(narrow)? {
        0 => None,
        0xFF => structure.word(wide).map(u32::from).filter(|count| !matches!(count, 0 | 0xFFFF)).or(Some(0xFF)),
        count => Some(u32::from(count)),
    };
    Socket {
        designation: structure.text(0x04),
        populated: structure.byte(0x18).is_some_and(|status| status & POPULATED != 0),
        cores: count(0x23, 0x2A),
        enabled_cores: count(0x24, 0x2C),
        threads: count(0x25, 0x2E),
        model: structure.text(0x10),
    }
}
