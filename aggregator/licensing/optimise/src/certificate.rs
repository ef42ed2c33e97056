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
//! A purchase for one who owns licences has a certificate of its own; its bound may lie below the cost:
//!
//! ```text
//! caliper.purchase-certificate/1
//! user-price,5
//! device-price,4
//! owned-users,8174             User CALs owned
//! owned-devices,557            Device CALs owned
//! cost,3464                    what must be bought for the cover, given these
//! bound,3431                   what no purchase can cost less than, as the demand shows
//! user-weight,175              prices of the proof: no user accounts for more demand than this
//! device-weight,414            the same for a device
//! user,ALICE                   users, devices and demand as above
//! ```
//! With t the largest number for which t times the weights stay within the prices, buying costs at least
//! t * (demand - user-weight * owned-users - device-weight * owned-devices), and a multiple of what divides both prices.
//!
//! Where licences of several levels are owned, numbers by level stand side by side, the lowest level first; the pairs name the level
//! each needs:
//!
//! ```text
//! caliper.level-purchase-certificate/1
//! user-price,5
//! device-price,4
//! owned-users,7000,1174        User CALs owned of level 1, 2, …
//! owned-devices,557,0          Device CALs owned, as many levels
//! cost,3464                    what must be bought for those who hold something, given these
//! bound,3431                   what no purchase can cost less than, as the demand shows
//! user-weights,100,75          who holds level 2 accounts for 100 and 75: no user's pairs up to a level bear more than that
//! device-weights,414,0         the same for a device
//! user,ALICE,2                 a user and the level that it holds; one line each
//! device,KIOSK-1,1             a device and the level that it holds; one line each
//! demand,BOB,KIOSK-1,4         a pair and the demand it bears; one line each
//! ```
//! With t the largest number for which t times the weights of a side together stay within its price, buying costs at least
//! t * (demand - the sum over all levels of weight times number owned of that level or higher), and a multiple of what divides both prices.
//! That proves the bound. Where it lies below the cost, the certificate does not say that nothing cheaper exists.
//!
//! Lines stand in this order and end with a line feed; names are those of the pairs file, quoted as
//! in CSV (RFC 4180) when they hold a comma or a quote. They never hold a line break.

use std::borrow::Cow;
use std::io::{self, Write};

use super::{Cover, Demand, LevelPurchase, LevelTerms, Purchase};

/// First line of a certificate.
pub const CERTIFICATE_FORMAT: &str = "caliper.certificate/1";
/// First line of the certificate of a purchase.
pub const PURCHASE_CERTIFICATE_FORMAT: &str = "caliper.purchase-certificate/1";

/// First line of the certificate of a purchase of several levels.
pub const LEVEL_PURCHASE_CERTIFICATE_FORMAT: &str = "caliper.level-purchase-certificate/1";

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
    write_rows(out, [&cover.users, &cover.devices], &cover.demand, user, device)
}

/// Writes the certificate of `purchase`, found at these prices for one who owns so many licences of users and of devices.
pub fn write_purchase_certificate<'names>(
    out: &mut impl Write,
    purchase: &Purchase,
    (user_price, device_price): (u64, u64),
    (owned_users, owned_devices): (u64, u64),
    user: impl Fn(u32) -> Cow<'names, str>,
    device: impl Fn(u32) -> Cow<'names, str>,
) -> io::Result<()> {
    let Purchase { cost, demanded, bound, .. } = purchase;
    writeln!(out, "{PURCHASE_CERTIFICATE_FORMAT}\nuser-price,{user_price}\ndevice-price,{device_price}")?;
    writeln!(out, "owned-users,{owned_users}\nowned-devices,{owned_devices}\ncost,{cost}\nbound,{demanded}")?;
    writeln!(out, "user-weight,{}\ndevice-weight,{}", bound.user_weight, bound.device_weight)?;
    write_rows(out, [&purchase.users, &purchase.devices], &bound.demand, user, device)
}

/// Writes the certificate of `purchase`, found at these terms where nobody holds anything in any case.
pub fn write_level_purchase_certificate<'names>(
    out: &mut impl Write,
    purchase: &LevelPurchase,
    terms: &LevelTerms<'_>,
    user: impl Fn(u32) -> Cow<'names, str>,
    device: impl Fn(u32) -> Cow<'names, str>,
) -> io::Result<()> {
    let LevelPurchase { users, devices, cost, demanded, bound, .. } = purchase;
    let LevelTerms { user_price, device_price, owned_users, owned_devices } = terms;
    writeln!(out, "{LEVEL_PURCHASE_CERTIFICATE_FORMAT}\nuser-price,{user_price}\ndevice-price,{device_price}")?;
    writeln!(out, "owned-users,{}\nowned-devices,{}", listed(owned_users), listed(owned_devices))?;
    writeln!(out, "cost,{cost}\nbound,{demanded}")?;
    writeln!(out, "user-weights,{}", listed(&bound.user_weights))?;
    writeln!(out, "device-weights,{}", listed(&bound.device_weights))?;
    for (index, level) in (0..).zip(users).filter(|(_, level)| **level > 0) {
        writeln!(out, "user,{},{level}", quoted(user(index)))?;
    }
    for (index, level) in (0..).zip(devices).filter(|(_, level)| **level > 0) {
        writeln!(out, "device,{},{level}", quoted(device(index)))?;
    }
    write_demand(out, &bound.demand, user, device)
}

fn listed(numbers: &[u64]) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

fn write_rows<'names>(
    out: &mut impl Write,
    [users, devices]: [&[bool]; 2],
    demand: &[Demand],
    user: impl Fn(u32) -> Cow<'names, str>,
    device: impl Fn(u32) -> Cow<'names, str>,
) -> io::Result<()> {
    for (index, _) in (0..).zip(users).filter(|(_, covered)| **covered) {
        writeln!(out, "user,{}", quoted(user(index)))?;
    }
    for (index, _) in (0..).zip(devices).filter(|(_, covered)| **covered) {
        writeln!(out, "device,{}", quoted(device(index)))?;
    }
    write_demand(out, demand, user, device)
}

fn write_demand<'names>(
    out: &mut impl Write,
    demand: &[Demand],
    user: impl Fn(u32) -> Cow<'names, str>,
    device: impl Fn(u32) -> Cow<'names, str>,
) -> io::Result<()> {
    for demand in demand {
        let (user, device) = (quoted(user(demand.user)), quoted(device(demand.device)));
        writeln!(out, "demand,{user},{device},{}", demand.amount)?;
    }
    Ok(())
}

fn quoted(name: Cow<'_, str>) -> Cow<'_, str> {
    if name.contains([',', '"']) { format!("\"{}\"", name.replace('"', "\"\"")).into() } else { name }
}
