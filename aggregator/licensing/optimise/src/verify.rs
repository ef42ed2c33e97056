//! Checks a certificate against the pairs it speaks about. Shares no code with the solver and needs
//! no theory: (1) every pair is covered, so the cover is enough; (2) demand never exceeds the price
//! of a user or device, so any cover pays at least its sum; (3) that sum is the cover's cost. For one who owns licences the
//! price in (2) is a weight, and (3) is that the sum, less the weights of what is owned, shows the bound at the real prices.

pub(super) mod levels;

use std::io::BufRead;

use thiserror::Error;

use super::Level;
pub use levels::{VerifiedLevels, verify_level_certificate};

/// What a valid certificate proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Price of a User CAL, in the certificate's unit.
    pub user_price: u64,
    /// Price of a Device CAL, in the same unit.
    pub device_price: u64,
    /// Number of covered users.
    pub users: usize,
    /// Number of covered devices.
    pub devices: usize,
    /// Cost of the cover, proved to be the least; of a purchase, of what must be bought.
    pub cost: u128,
    /// If licences are owned.
    pub purchase: Option<VerifiedPurchase>,
}

/// What is special about a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedPurchase {
    /// User CALs owned.
    pub owned_users: u64,
    /// Device CALs owned.
    pub owned_devices: u64,
    /// Proved: nothing cheaper than this can be bought.
    pub bound: u128,
}

/// Why a certificate proves nothing.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The certificate cannot be read.
    #[error("the certificate cannot be read after line {after}")]
    Read {
        /// Last line read.
        after: usize,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// A line is not what it has to be.
    #[error("line {line} of the certificate is {found:?}, expected {expected}")]
    Line {
        /// Line number, from 1.
        line: usize,
        /// The line, shortened.
        found: String,
        /// What should stand there.
        expected: String,
    },
    /// The cover leaves a pair without a licence.
    #[error("the pair number {0} is covered neither by its user nor by its device")]
    Uncovered(usize),
    /// The stated cost is not that of the cover.
    #[error("the cover costs {cover}, but the certificate states {stated}")]
    Cost {
        /// Sum of the prices of the cover.
        cover: u128,
        /// The cost line.
        stated: u128,
    },
    /// The demand does not add up to the cost, so a cheaper cover may exist.
    #[error("the demand adds up to {demand}, which does not prove the cost of {cost}")]
    Unproven {
        /// Sum of all demand lines.
        demand: u128,
        /// The cost line.
        cost: u128,
    },
    /// Some user's or device's pairs bear more than its weights, or pairs that do not exist bear something.
    #[error("the demand is not that of pairs observed, or a user or device bears more than its weights up to a level")]
    TooMuchDemand,
    /// The demand does not show the bound, so a purchase below it may exist.
    #[error("the demand adds up to {demand}, which does not prove the bound of {stated}")]
    Bound {
        /// Sum of all demand lines.
        demand: u128,
        /// The bound line.
        stated: u128,
    },
}

/// Checks `certificate` against `pairs`, in which users and devices have numbers; `user` and
/// `device` find the number of a name.
pub fn verify_certificate(
    pairs: &[(u32, u32)],
    user: impl Fn(&str) -> Option<u32>,
    device: impl Fn(&str) -> Option<u32>,
    certificate: impl BufRead,
) -> Result<Verified, VerifyError> {
    let users = pairs.iter().map(|pair| pair.0 as usize + 1).max().unwrap_or(0);
    let devices = pairs.iter().map(|pair| pair.1 as usize + 1).max().unwrap_or(0);
    let find_user = |name: &str| user(name).map(|index| index as usize).filter(|&index| index < users);
    let find_device = |name: &str| device(name).map(|index| index as usize).filter(|&index| index < devices);
    let mut known = pairs.to_vec();
    known.sort_unstable();

    let (mut user_covered, mut device_covered) = (vec![false; users], vec![false; devices]);
    let (mut user_left, mut device_left) = (vec![0_u64; users], vec![0_u64; devices]);
    let mut lines = Lines { source: certificate, number: 0, text: String::new() };
    lines.next()?;
    let of_purchase = lines.text == "caliper.purchase-certificate/1";
    let expected = "caliper.certificate/1 or caliper.purchase-certificate/1";
    lines.must(of_purchase || lines.text == "caliper.certificate/1", expected)?;
    let user_price: u64 = lines.header("user-price")?;
    let device_price: u64 = lines.header("device-price")?;
    let owned = if of_purchase {
        Some((lines.header::<u64>("owned-users")?, lines.header::<u64>("owned-devices")?))
    } else {
        None
    };
    let stated: u128 = lines.header("cost")?;
    let bound: u128 = if of_purchase { lines.header("bound")? } else { stated };
    let (user_weight, device_weight) = if of_purchase {
        (lines.header("user-weight")?, lines.header("device-weight")?)
    } else {
        (user_price, device_price)
    };
    user_left.fill(user_weight);
    device_left.fill(device_weight);

    let mut demand = 0_u128;
    while lines.next()? {
        let fields = fields(&lines.text).unwrap_or_default();
        match fields.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["user", name] => {
                let index = lines.need(find_user(name), "a user of the pairs")?;
                lines.must(!std::mem::replace(&mut user_covered[index], true), "a user not named before")?;
            }
            ["device", name] => {
                let index = lines.need(find_device(name), "a device of the pairs")?;
                lines.must(!std::mem::replace(&mut device_covered[index], true), "a device not named before")?;
            }
            ["demand", user_name, device_name, amount] => {
                let by = lines.need(find_user(user_name), "a user of the pairs")?;
                let on = lines.need(find_device(device_name), "a device of the pairs")?;
                let real = known.binary_search(&(by as u32, on as u32)).is_ok();
                lines.must(real, "a pair that was observed")?;
                let amount: u64 = lines.need(amount.parse().ok(), "an amount in whole units")?;
                let left = user_left[by].checked_sub(amount);
                user_left[by] = lines.need(left, "no more demand than the user's price")?;
                let left = device_left[on].checked_sub(amount);
                device_left[on] = lines.need(left, "no more demand than the device's price")?;
                demand += u128::from(amount);
            }
            _ => return Err(lines.error("a user, device or demand line")),
        }
    }

    let bare = |pair: &(u32, u32)| !user_covered[pair.0 as usize] && !device_covered[pair.1 as usize];
    if let Some(index) = pairs.iter().position(bare) {
        return Err(VerifyError::Uncovered(index + 1));
    }
    let count = |covered: Vec<bool>| covered.into_iter().filter(|&one| one).count();
    let (users, devices) = (count(user_covered), count(device_covered));
    let (owned_users, owned_devices) = owned.unwrap_or_default();
    let bought =
        |count: usize, owned: u64, price: u64| u128::from((count as u64).saturating_sub(owned)) * u128::from(price);
    let cover = bought(users, owned_users, user_price) + bought(devices, owned_devices, device_price);
    if cover != stated {
        return Err(VerifyError::Cost { cover, stated });
    }
    let Some((owned_users, owned_devices)) = owned else {
        if demand != stated {
            return Err(VerifyError::Unproven { demand, cost: stated });
        }
        return Ok(Verified { user_price, device_price, users, devices, cost: stated, purchase: None });
    };
    let of_owned = [(user_weight, owned_users), (device_weight, owned_devices)]
        .iter()
        .try_fold(0_u128, |sum, one| sum.checked_add(u128::from(one.0) * u128::from(one.1)));
    let rest = of_owned.and_then(|of_owned| demand.checked_sub(of_owned)).unwrap_or(0);
    if !shows(rest, [(user_price, user_weight), (device_price, device_weight)], bound) {
        return Err(VerifyError::Bound { demand, stated: bound });
    }
    let purchase = Some(VerifiedPurchase { owned_users, owned_devices, bound });
    Ok(Verified { user_price, device_price, users, devices, cost: stated, purchase })
}

/// Whether buying costs at least `bound`, given what it weighs at least, and price and weight of a user and of a device: t * weight,
/// with the largest t for which no weight exceeds its price. Costs are multiples of what divides both prices, so the
/// greatest multiple below `bound` must be below that.
fn shows(weight: u128, sides: [(u64, u64); 2], bound: u128) -> bool {
    if bound == 0 {
        return true;
    }
    let (mut step, mut other) = (sides[0].0, sides[1].0);
    while other > 0 {
        (step, other) = (other, step % other);
    }
    let below = (bound - 1) / u128::from(step.max(1)) * u128::from(step);
    let mut weighted = sides.iter().filter(|side| side.1 > 0).peekable();
    weighted.peek().is_some()
        && weighted.all(|&(price, of_one)| {
            let (low, high) = (below.checked_mul(u128::from(of_one)), weight.checked_mul(u128::from(price)));
            low.zip(high).is_some_and(|(low, high)| low < high)
        })
}

struct Lines<Source> {
    source: Source,
    number: usize,
    text: String,
}

impl<Source: BufRead> Lines<Source> {
    /// Reads the next line into `text`; false at the end.
    fn next(&mut self) -> Result<bool, VerifyError> {
        self.text.clear();
        let read = self.source.read_line(&mut self.text);
        let length = read.map_err(|source| VerifyError::Read { after: self.number, source })?;
        self.number += 1;
        self.text.truncate(self.text.trim_end_matches(['\r', '\n']).len());
        Ok(length > 0)
    }

    fn header<Number: std::str::FromStr>(&mut self, key: &str) -> Result<Number, VerifyError> {
        self.next()?;
        let value = self.text.strip_prefix(key).and_then(|rest| rest.strip_prefix(','));
        self.need(value.and_then(|value| value.parse().ok()), &format!("{key},NUMBER"))
    }

    /// A number for each level, `count` of them.
    fn numbers(&mut self, key: &str, count: Option<usize>) -> Result<Vec<u64>, VerifyError> {
        self.next()?;
        let list = self.text.strip_prefix(key).and_then(|rest| rest.strip_prefix(','));
        let list: Option<Vec<u64>> = list.and_then(|list| list.split(',').map(|one| one.parse().ok()).collect());
        let fits = |list: &Vec<u64>| count.map_or(list.len() <= usize::from(Level::MAX), |count| count == list.len());
        self.need(list.filter(fits), &format!("{key},NUMBER,… with one number for each level"))
    }

    fn need<Value>(&self, value: Option<Value>, expected: &str) -> Result<Value, VerifyError> {
        value.ok_or_else(|| self.error(expected))
    }

    fn must(&self, holds: bool, expected: &str) -> Result<(), VerifyError> {
        self.need(holds.then_some(()), expected)
    }

    fn error(&self, expected: &str) -> VerifyError {
        let found = self.text.chars().take(80).collect();
        VerifyError::Line { line: self.number, found, expected: expected.to_owned() }
    }
}

/// Splits a CSV line (RFC 4180); none when its quotes do not match.
fn fields(line: &str) -> Option<Vec<String>> {
    let (mut fields, mut rest) = (Vec::new(), line);
    loop {
        let mut field = String::new();
        if let Some(mut quoted) = rest.strip_prefix('"') {
            loop {
                let (text, after) = quoted.split_once('"')?;
                field.push_str(text);
                let Some(more) = after.strip_prefix('"') else {
                    rest = after;
                    break;
                };
                field.push('"');
                quoted = more;
            }
        } else {
            let (text, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
            field.push_str(text);
            rest = after;
        }
        fields.push(field);
        if rest.is_empty() {
            return Some(fields);
        }
        rest = rest.strip_prefix(',')?;
    }
}
