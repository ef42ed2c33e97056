//! `caliper optimise --owned-users N --owned-devices N`: what to buy when some CALs are owned, with the bound on what it must cost.
//!
//! `--json` prints one object: `users` and `devices` hold a CAL, owned or bought; `buy_users` and `buy_devices` are bought for
//! `cost`; nothing costs less than `lower_bound`; `proven` says that both are equal. `demanded` is the part of the bound that
//! disjoint demand shows, the rest was found by trying everything else.

use std::io::{self, Write};

use caliper_licensing::optimise::{Graph, Purchase, cheapest_purchase, write_purchase_certificate};
use serde::Serialize;

use super::{OptimiseArgs, Seconds, Size};
use crate::pairs::Pairs;

#[derive(Debug, Serialize)]
struct Bought {
    users: usize,
    devices: usize,
    buy_users: u64,
    buy_devices: u64,
    cost: u128,
    lower_bound: u128,
    demanded: u128,
    proven: bool,
    graph: Size,
    seconds: Seconds,
}

/// `owned` counts User and Device CALs, here as below.
pub(super) fn solve(args: &OptimiseArgs, graph: &Graph, (owned_users, owned_devices): (u64, u64)) -> Purchase {
    cheapest_purchase(graph, args.user_price, args.device_price, owned_users, owned_devices)
}

/// Writes what proves `demanded`.
pub(super) fn certify(
    out: &mut impl Write,
    args: &OptimiseArgs,
    input: &Pairs,
    found: &Purchase,
    owned: (u64, u64),
) -> io::Result<()> {
    let prices = (args.user_price, args.device_price);
    write_purchase_certificate(out, found, prices, owned, input.users.by_number(), input.devices.by_number())
}

pub(super) fn print(
    args: &OptimiseArgs,
    graph: &Graph,
    found: &Purchase,
    (owned_users, owned_devices): (u64, u64),
    seconds: Seconds,
) -> io::Result<()> {
    let count = |side: &[bool]| side.iter().filter(|&&holds| holds).count();
    let bought = Bought {
        users: count(&found.users),
        devices: count(&found.devices),
        buy_users: found.buy_users,
        buy_devices: found.buy_devices,
        cost: found.cost,
        lower_bound: found.lower_bound,
        demanded: found.demanded,
        proven: found.proven,
        graph: Size::of(graph),
        seconds,
    };
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut out, &bought)?;
        return writeln!(out);
    }
    let Bought { users, devices, buy_users, buy_devices, cost, lower_bound, .. } = bought;
    let Size { users: people, devices: machines, pairs } = bought.graph;
    writeln!(
        out,
        "{users} people with a User CAL and {devices} devices with a Device CAL license all {pairs} observed pairs of \
         {people} people and {machines} devices."
    )?;
    writeln!(
        out,
        "With {owned_users} User CALs and {owned_devices} Device CALs owned, buy {buy_users} User CALs and {buy_devices} \
         Device CALs for {cost}."
    )?;
    write!(out, "{}", verdict(cost, lower_bound))?;
    let Seconds { read, build, solve } = bought.seconds;
    writeln!(out, " CPU seconds: {read:.3} reading, {build:.3} building, {solve:.3} solving.")
}

/// What a bound says about a cost.
pub(super) fn verdict(cost: u128, lower_bound: u128) -> String {
    if cost == lower_bound {
        "Proven: no purchase is cheaper.".to_owned()
    } else {
        format!("Not proven: a purchase may cost {} less at most.", cost - lower_bound)
    }
}
