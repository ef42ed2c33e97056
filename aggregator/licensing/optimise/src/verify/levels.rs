//! Checks the bound of a purchase of several levels. Shares no code with the solver and needs no theory:
//!
//! 1. Per user and device, the demand of its pairs up to any level is at most the weights up to that level. So whoever holds a level
//!    covers demand of no more than the weights it accounts for, and all holders account for all demand.
//! 2. Of those who hold a level or a higher one, all but so many as owned are bought. So the weight of what is bought is at least the
//!    demand less, level by level, weight times number owned of that level or higher.
//! 3. Whoever is bought accounts for all weights of its side at most, which t makes its price.

use std::io::BufRead;

use super::{Lines, VerifyError, fields, shows};
use crate::{Demand, Level, LevelBound, LevelNeeds, LevelTerms};

/// What a valid certificate of a purchase of several levels proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedLevels {
    /// Price of a User CAL, in the certificate's unit.
    pub user_price: u64,
    /// Price of a Device CAL, in the same unit.
    pub device_price: u64,
    /// User CALs owned of each level, the lowest first.
    pub owned_users: Vec<u64>,
    /// Device CALs owned of each level.
    pub owned_devices: Vec<u64>,
    /// Number of users who hold a level.
    pub users: usize,
    /// Number of devices that hold a level.
    pub devices: usize,
    /// What must be bought for them.
    pub cost: u128,
    /// Proved: nothing cheaper than this can be bought.
    pub bound: u128,
}

/// Checks `certificate` against `pairs`, in which users and devices have numbers and each pair has the level it needs;
/// `user` and `device` find the number of a name.
pub fn verify_level_certificate(
    pairs: &[(u32, u32, Level)],
    user: impl Fn(&str) -> Option<u32>,
    device: impl Fn(&str) -> Option<u32>,
    certificate: impl BufRead,
) -> Result<VerifiedLevels, VerifyError> {
    let mut lines = Lines { source: certificate, number: 0, text: String::new() };
    lines.next()?;
    let expected = "caliper.level-purchase-certificate/1";
    lines.must(lines.text == expected, expected)?;
    let user_price: u64 = lines.header("user-price")?;
    let device_price: u64 = lines.header("device-price")?;
    let owned_users = lines.numbers("owned-users", None)?;
    let levels = owned_users.len();
    let owned_devices = lines.numbers("owned-devices", Some(levels))?;
    let stated: u128 = lines.header("cost")?;
    let bound: u128 = lines.header("bound")?;
    let user_weights = lines.numbers("user-weights", Some(levels))?;
    let device_weights = lines.numbers("device-weights", Some(levels))?;
    let mut proof = LevelBound { user_weights, device_weights, demand: Vec::new() };

    let count = |number: fn(&(u32, u32, Level)) -> u32| pairs.iter().map(|pair| number(pair) as usize + 1).max();
    let mut held: [Vec<Level>; 2] =
        [vec![0; count(|pair| pair.0).unwrap_or(0)], vec![0; count(|pair| pair.1).unwrap_or(0)]];
    let find = |held: &[Vec<Level>; 2], side: usize, name: &str| {
        let number = if side == 0 { user(name) } else { device(name) };
        number.filter(|&number| (number as usize) < held[side].len())
    };
    while lines.next()? {
        let fields = fields(&lines.text).unwrap_or_default();
        match fields.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [kind @ ("user" | "device"), name, level] => {
                let side = usize::from(kind == "device");
                let index = lines.need(find(&held, side, name), "a user or device of the pairs")?;
                let level = level.parse().ok().filter(|&level: &Level| level > 0 && usize::from(level) <= levels);
                let level = lines.need(level, "a level of those owned")?;
                let before = std::mem::replace(&mut held[side][index as usize], level);
                lines.must(before == 0, "a user or device not named before")?;
            }
            ["demand", user_name, device_name, amount] => {
                let user = lines.need(find(&held, 0, user_name), "a user of the pairs")?;
                let device = lines.need(find(&held, 1, device_name), "a device of the pairs")?;
                let amount = lines.need(amount.parse().ok(), "an amount in whole units")?;
                proof.demand.push(Demand { user, device, amount });
            }
            _ => return Err(lines.error("a user, device or demand line")),
        }
    }

    let bare = |pair: &(u32, u32, Level)| held[0][pair.0 as usize] < pair.2 && held[1][pair.1 as usize] < pair.2;
    if let Some(index) = pairs.iter().position(bare) {
        return Err(VerifyError::Uncovered(index + 1));
    }
    let terms = LevelTerms { user_price, device_price, owned_users: &owned_users, owned_devices: &owned_devices };
    let cover = cost(&held, &terms);
    if cover != stated {
        return Err(VerifyError::Cost { cover, stated });
    }
    let nobody = [vec![0; held[0].len()], vec![0; held[1].len()]];
    let needs = LevelNeeds { pairs, users: &nobody[0], devices: &nobody[1] };
    let demand = proof.demand.iter().map(|demand| u128::from(demand.amount)).sum();
    let shown = Shown::of(&proof, &needs, &terms).ok_or(VerifyError::TooMuchDemand)?;
    if bound > stated || !shows(shown.weight, shown.sides, bound) {
        return Err(VerifyError::Bound { demand, stated: bound });
    }
    let [users, devices] = held.map(|side| side.into_iter().filter(|&level| level > 0).count());
    Ok(VerifiedLevels { user_price, device_price, owned_users, owned_devices, users, devices, cost: stated, bound })
}

/// What must be bought: the most by which holders of a level or higher exceed those owned, on either side.
fn cost(held: &[Vec<Level>; 2], terms: &LevelTerms<'_>) -> u128 {
    let sides = [(terms.user_price, terms.owned_users), (terms.device_price, terms.owned_devices)];
    let bought = |(held, (price, owned)): (&Vec<Level>, (u64, &[u64]))| {
        let short = |level: usize| {
            let holders = held.iter().filter(|&&held| usize::from(held) > level).count() as u128;
            holders.saturating_sub(owned[level..].iter().map(|&count| u128::from(count)).sum())
        };
        (0..owned.len()).map(short).max().unwrap_or(0) * u128::from(price)
    };
    held.iter().zip(sides).map(bought).sum()
}

/// What `bound` shows about `needs` at `terms`: nothing costs less. `None` if it is wrong in itself.
pub(crate) fn bound(bound: &LevelBound, needs: &LevelNeeds<'_>, terms: &LevelTerms<'_>) -> Option<u128> {
    let shown = Shown::of(bound, needs, terms)?;
    // the greatest bound shown, by bisection: what shows one shows every lower one
    let (mut low, mut high) = (0_u128, shown.weight.checked_mul(1 << 32)?.checked_add(1)?);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        *(if shows(shown.weight, shown.sides, middle) { &mut low } else { &mut high }) = middle;
    }
    Some(low)
}

/// The weight of what must be bought, and per side price and weights together.
pub(super) struct Shown {
    pub weight: u128,
    pub sides: [(u64, u64); 2],
}

impl Shown {
    /// `None` if a number is wrong.
    pub fn of(bound: &LevelBound, needs: &LevelNeeds<'_>, terms: &LevelTerms<'_>) -> Option<Self> {
        let (weights, owned) = ([&bound.user_weights, &bound.device_weights], [terms.owned_users, terms.owned_devices]);
        let levels = owned[0].len();
        let fits = weights.iter().all(|list| list.len() == levels) && owned[1].len() == levels;
        let mut known = needs.pairs.to_vec();
        known.sort_unstable();
        // (vertex, level of the pair, demand) of either side
        let mut borne: [Vec<(u32, Level, u64)>; 2] = [Vec::new(), Vec::new()];
        let mut sum = 0_u128;
        for demand in &bound.demand {
            // of a pair named several times, whichever is the highest
            let after = known.partition_point(|pair| (pair.0, pair.1) <= (demand.user, demand.device));
            let pair = known.get(after.checked_sub(1)?)?;
            (fits && (pair.0, pair.1) == (demand.user, demand.device)).then_some(())?;
            borne[0].push((pair.0, pair.2, demand.amount));
            borne[1].push((pair.1, pair.2, demand.amount));
            sum = sum.checked_add(u128::from(demand.amount))?;
        }
        let mut of_owned = 0_u128;
        let mut total = [0_u64; 2];
        for (side, least) in [needs.users, needs.devices].into_iter().enumerate() {
            let mut up_to = vec![0_u64];
            for (level, &weight) in weights[side].iter().enumerate() {
                up_to.push(up_to[level].checked_add(weight)?);
                let or_higher = owned[side][level..].iter().try_fold(0_u64, |sum, &count| sum.checked_add(count))?;
                of_owned = of_owned.checked_add(u128::from(weight).checked_mul(u128::from(or_higher))?)?;
            }
            total[side] = *up_to.last()?;
            for &level in least {
                sum = sum.checked_add(u128::from(*up_to.get(usize::from(level))?))?;
            }
            borne[side].sort_unstable();
            let mut rest = borne[side].as_slice();
            while let Some(&(vertex, ..)) = rest.first() {
                let (own, others) = rest.split_at(rest.partition_point(|one| one.0 == vertex));
                rest = others;
                let least = usize::from(*least.get(vertex as usize)?);
                let mut so_far = 0_u128;
                for &(_, level, amount) in own {
                    so_far += u128::from(amount);
                    let room = up_to.get(usize::from(level))?.checked_sub(up_to[least])?;
                    (so_far <= u128::from(room)).then_some(())?;
                }
            }
        }
        let sides = [(terms.user_price, total[0]), (terms.device_price, total[1])];
        Some(Self { weight: sum.saturating_sub(of_owned), sides })
    }
}
