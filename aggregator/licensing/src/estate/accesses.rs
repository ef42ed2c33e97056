//! Who reached which server from where: columns of numbers, as there may be ten million.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// One access, for [`Accesses::of`]. Without a person the device alone is counted, and the reverse (rule E.28).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Access {
    /// Index into `Estate::people`, or [`Accesses::NONE`].
    pub person: u32,
    /// Index into `Estate::devices`, or [`Accesses::NONE`].
    pub device: u32,
    /// Index into `Estate::servers`.
    pub server: u32,
    /// Bit 0: administration only (rule E.7); bit 1: infrastructure only (rule E.13); bit 2: web only, bit 3: anonymous
    /// (rule E.9).
    pub flags: u8,
}

/// Accesses as columns; the order does not matter for the position. [`Accesses::NONE`] stands for an unknown person
/// or device.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Columns")]
pub struct Accesses {
    /// Index into `Estate::people`, or [`Accesses::NONE`].
    pub person: Vec<u32>,
    /// Index into `Estate::devices`, or [`Accesses::NONE`].
    pub device: Vec<u32>,
    /// Index into `Estate::servers`.
    pub server: Vec<u32>,
    /// Bit 0: administration only (rule E.7); bit 1: infrastructure only (rule E.13); bit 2: web only, bit 3: anonymous
    /// (rule E.9).
    pub flags: Vec<u8>,
}

/// As they are written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Columns {
    person: Vec<u32>,
    device: Vec<u32>,
    server: Vec<u32>,
    flags: Vec<u8>,
}

impl TryFrom<Columns> for Accesses {
    type Error = String;

    fn try_from(Columns { person, device, server, flags }: Columns) -> Result<Self, String> {
        let rows = [person.len(), device.len(), server.len(), flags.len()];
        if rows != [rows[0]; 4] {
            let [person, device, server, flags] = rows;
            return Err(format!(
                "accesses with {person} entries in `person`, {device} in `device`, {server} in `server`, {flags} in `flags`: \
                 each access has one in all four"
            ));
        }
        Ok(Self { person, device, server, flags })
    }
}

impl Accesses {
    /// Stands for an unknown person or device.
    pub const NONE: u32 = u32::MAX;
    /// Administration only.
    pub const ADMINISTRATION: u8 = 1;
    /// Infrastructure only.
    pub const INFRASTRUCTURE: u8 = 2;
    /// The web server role only (rule E.9).
    pub const WEB: u8 = 4;
    /// Through the Internet without saying who (rule E.9).
    pub const ANONYMOUS: u8 = 8;

    /// Sorted columns of the rows, each combination of person, device and server once: what it was used for is
    /// "only administration" or "only infrastructure" if every row of the combination says so.
    #[must_use]
    pub fn of(mut rows: Vec<Access>) -> Self {
        // One number is compared quicker than four.
        let key = |row: &Access| {
            let ends = u128::from(row.person) << 96 | u128::from(row.device) << 64;
            ends | u128::from(row.server) << 32 | u128::from(row.flags)
        };
        rows.sort_unstable_by_key(key);
        rows.dedup_by(|next, kept| {
            let same = (next.person, next.device, next.server) == (kept.person, kept.device, kept.server);
            if same {
                kept.flags &= next.flags;
            }
            same
        });
        Self {
            person: rows.iter().map(|row| row.person).collect(),
            device: rows.iter().map(|row| row.device).collect(),
            server: rows.iter().map(|row| row.server).collect(),
            flags: rows.iter().map(|row| row.flags).collect(),
        }
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.server.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.server.is_empty()
    }

    /// The rows in their order.
    pub fn rows(&self) -> impl Iterator<Item = Access> {
        (0..self.len()).map(|at| Access {
            person: self.person[at],
            device: self.device[at],
            server: self.server[at],
            flags: self.flags[at],
        })
    }
}

/// Who used something that needs a CAL of another family beside the base CAL, for example Remote Desktop or SQL Server.
/// The same accesses stand in `Estate::accesses` as well.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// Id of the family in the catalogue, for example `rds`, which gateway, web access, broker (rule F.8) and desktops by the
    /// virtualization host (rule F.10) use as well.
    pub cal: String,
    /// Of this family.
    pub accesses: Accesses,
    /// From when to when, as in `Estate::stays`, for the pool of this family over time (rule E.19).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stays: Vec<Stay>,
}

/// The time over which a person used a device to reach a server, for the pool over time (rule E.19).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stay {
    /// Index into `Estate::people`, or [`Accesses::NONE`].
    pub person: u32,
    /// Index into `Estate::devices`, or [`Accesses::NONE`].
    pub device: u32,
    /// Index into `Estate::servers`.
    pub server: u32,
    /// First day.
    pub first: Date,
    /// Last day.
    pub last: Date,
    /// As in [`Accesses`].
    #[serde(default)]
    pub flags: u8,
}
