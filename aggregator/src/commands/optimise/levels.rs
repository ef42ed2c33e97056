//! `caliper optimise --owned-users N,N,… --owned-devices N,N,…`: what to buy where pairs need levels and older CALs serve some only.
//!
//! The pairs name their levels in a third column. `--json` prints one object: `users` and `devices` count who holds a CAL of
//! level 1, 2, …, owned or bought; what must be bought costs `cost`, nothing costs less than `lower_bound`, `proven` says that both are
//! equal. `demanded` is the part of the bound that the certificate shows.

use std::io::{self, Write};

use caliper_licensing::optimise::{
    Level, LevelNeeds, LevelPurchase, LevelTerms, cheapest_level_purchase, write_level_purchase_certificate,
};
use serde::Serialize;
use thiserror::Error;

use super::{OptimiseArgs, OptimiseError, cpu::CpuClock, purchase::verdict, write_file};
use crate::pairs::Pairs;

/// Why prices, levels and what is owned do not fit each other.
#[derive(Debug, Error)]
pub enum LevelsError {
    /// The two lists speak of different levels.
    #[error("--owned-users names {users} levels and --owned-devices {devices}; give one number for each level to both")]
    Lists {
        /// Length of one list.
        users: usize,
        /// Length of the other.
        devices: usize,
    },
    /// Levels are owned that no pair speaks of.
    #[error("CALs of {owned} levels are owned, but the pairs name none; add a column level")]
    NoLevels {
        /// How many numbers are given.
        owned: usize,
    },
    /// A pair needs more than there is a number for.
    #[error(
        "a pair needs level {needed}, but --owned-users and --owned-devices end at level {owned}; give 0 for levels not owned"
    )]
    TooHigh {
        /// The highest level of a pair.
        needed: Level,
        /// How many numbers are given.
        owned: usize,
    },
    /// A price is none.
    #[error("{option} is {price}; prices are at least 1 and below 4294967296 where levels are owned")]
    Price {
        /// Name of the option.
        option: &'static str,
        /// The price given.
        price: u64,
    },
}

/// What is owned, the lowest level first.
pub(super) struct Owned {
    pub levels: usize,
    pub users: Vec<u64>,
    pub devices: Vec<u64>,
}

impl Owned {
    /// `None` if the question is the cheapest mix.
    pub fn of(args: &OptimiseArgs, input: &Pairs) -> Result<Option<Self>, LevelsError> {
        let (mut users, mut devices) = (args.owned_users.clone(), args.owned_devices.clone());
        let levels = users.len().max(devices.len());
        if levels == 0 {
            return Ok(None);
        }
        for side in [&mut users, &mut devices] {
            if side.is_empty() {
                side.resize(levels, 0);
            }
        }
        if users.len() != devices.len() {
            return Err(LevelsError::Lists { users: users.len(), devices: devices.len() });
        }
        if let Some(&needed) = input.levels.iter().max().filter(|&&needed| usize::from(needed) > levels) {
            return Err(LevelsError::TooHigh { needed, owned: levels });
        }
        if levels > 1 {
            if input.levels.is_empty() {
                return Err(LevelsError::NoLevels { owned: levels });
            }
            for (option, price) in [("--user-price", args.user_price), ("--device-price", args.device_price)] {
                if !(1..1 << 32).contains(&price) {
                    return Err(LevelsError::Price { option, price });
                }
            }
        }
        Ok(Some(Self { levels, users, devices }))
    }
}

#[derive(Debug, Serialize)]
struct Bought {
    users: Vec<usize>,
    devices: Vec<usize>,
    cost: u128,
    lower_bound: u128,
    demanded: u128,
    proven: bool,
    seconds: Seconds,
}

#[derive(Debug, Serialize)]
struct Seconds {
    read: f64,
    solve: f64,
}

/// Solves, writes the certificate if one is asked for, and prints; `read` is what reading took.
pub(super) fn run(args: &OptimiseArgs, input: &Pairs, owned: &Owned, read: f64) -> Result<(), OptimiseError> {
    let mut clock = CpuClock::start();
    let pairs = input.with_levels();
    let nobody = [&input.users, &input.devices].map(|side| vec![0; side.count() as usize]);
    let terms = LevelTerms {
        user_price: args.user_price,
        device_price: args.device_price,
        owned_users: &owned.users,
        owned_devices: &owned.devices,
    };
    let found = cheapest_level_purchase(&LevelNeeds { pairs: &pairs, users: &nobody[0], devices: &nobody[1] }, &terms);
    let seconds = Seconds { read, solve: clock.lap() };
    write_file(args, |out| {
        write_level_purchase_certificate(out, &found, &terms, input.users.by_number(), input.devices.by_number())
    })?;
    print(args, owned, &found, seconds).map_err(OptimiseError::Print)
}

fn print(args: &OptimiseArgs, owned: &Owned, found: &LevelPurchase, seconds: Seconds) -> io::Result<()> {
    let counts = |side: &[Level]| -> Vec<usize> {
        (1..=owned.levels).map(|level| side.iter().filter(|&&held| usize::from(held) == level).count()).collect()
    };
    let bought = Bought {
        users: counts(&found.users),
        devices: counts(&found.devices),
        cost: found.cost,
        lower_bound: found.lower_bound,
        demanded: found.demanded,
        proven: found.cost == found.lower_bound,
        seconds,
    };
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut out, &bought)?;
        return writeln!(out);
    }
    for level in 0..owned.levels {
        writeln!(
            out,
            "Level {}: {} people hold a User CAL of {} owned, {} devices a Device CAL of {} owned.",
            level + 1,
            bought.users[level],
            owned.users[level],
            bought.devices[level],
            owned.devices[level]
        )?;
    }
    writeln!(out, "What must be bought of the highest level costs {}.", bought.cost)?;
    let Seconds { read, solve } = bought.seconds;
    let verdict = verdict(bought.cost, bought.lower_bound);
    writeln!(out, "{verdict} CPU seconds: {read:.3} reading, {solve:.3} solving.")
}
