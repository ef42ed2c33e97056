//! The certificate as text: a cover, and the disjoint demand that proves that no cover is cheaper.
//! Written line by line; [`super::verify_certificate`] reads it and shares no code with this module.
//!
//! ```text
//! caliper.certificate/1
//! user-price,5                 price of a User CAL, an integer in any unit
//! device-price,4               price of a Device CAL, in the same unit
//! cost,49751                   what the cover costs
//! user,ALICE                   a user in the cover; one line each
//! device,KIOSK-1               a device in the cover; one line each
//! demand,BOB,KIOSK-1,4         a pair and the part of the cost it accounts for; one line each
//! ```
//! Lines stand in this order and end with a line feed; names are those of the pairs file, quoted as
//! in CSV (RFC 4180) when they hold a comma or a quote. They never hold a line break.

use std::borrow::Cow;
use std::io::{self, Write};

use super::Cover;

/// First line of a certificate.
pub const CERTIFICATE_FORMAT: &str = "caliper.certificate/1";

/// Writes the certificate of `cover`, found at one price per side; `user` and `device` give names.
pub fn write_certificate<'names>(
    out: &mut impl Write,
    cover: &Cover,
    (user_price, device_price): (u64, u64),
    user: impl Fn(u32) -> Cow<'names, str>,
    device: impl Fn(u32) -> Cow<'names, str>,
) -> io::Result<()> {
    writeln!(out, "{CERTIFICATE_FORMAT}")?;
    writeln!(out, "user-price,{user_price}\ndevice-price,{device_price}\ncost,{}", cover.cost)?;
    for (index, _) in (0..).zip(&cover.users).filter(|(_, covered)| **covered) {
        writeln!(out, "user,{}", quoted(user(index)))?;
    }
    for (index, _) in (0..).zip(&cover.devices).filter(|(_, covered)| **covered) {
        writeln!(out, "device,{}", quoted(device(index)))?;
    }
    for demand in &cover.demand {
        let (user, device) = (quoted(user(demand.user)), quoted(device(demand.device)));
        writeln!(out, "demand,{user},{device},{}", demand.amount)?;
    }
    Ok(())
}

fn quoted(name: Cow<'_, str>) -> Cow<'_, str> {
    if name.contains([',', '"']) { format!("\"{}\"", name.replace('"', "\"\"")).into() } else { name }
}
