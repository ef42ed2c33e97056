//! `caliper plan --curve`: how many User CALs go with how many Device CALs, and at which prices recommendations tip over.

use std::{
    fmt,
    io::{self, Write},
};

use caliper_licensing::{
    Assessment, Estate, EstateError,
    catalogue::Catalogue,
    planner::{Curve, HostBreakEven, Ratio, curve, datacenter_from_machines, host_break_evens},
    words::{Count, Money, NO_CURRENCY, product},
};
use serde::Serialize;

/// Curve and break-even prices, `caliper.curve/1`.
#[derive(Debug, Serialize)]
pub(super) struct TradeOff {
    format: &'static str,
    currency: String,
    cals: Curve,
    hosts: Vec<HostBreakEven>,
    /// From how many virtual machines on Datacenter by core is the cheaper one on any host (C.20).
    #[serde(skip_serializing_if = "Option::is_none")]
    datacenter_from_machines: Option<u64>,
}

impl TradeOff {
    pub fn of(
        estate: &Estate,
        catalogue: &Catalogue,
        assessment: &Assessment,
        most: usize,
    ) -> Result<Self, EstateError> {
        Ok(Self {
            format: "caliper.curve/1",
            currency: estate.currency.clone(),
            cals: curve(estate, catalogue, most)?,
            hosts: host_break_evens(estate, assessment)?,
            datacenter_from_machines: datacenter_from_machines(estate),
        })
    }

    pub fn print(&self, to: &mut impl Write, json: bool) -> io::Result<()> {
        if json {
            serde_json::to_writer_pretty(&mut *to, self)?;
            writeln!(to)
        } else {
            write!(to, "{self}")
        }
    }

    fn money(&self, minor: u64) -> Money {
        // as in positions: no currency stated is not the same as no price
        let currency = if self.currency.is_empty() { NO_CURRENCY } else { &self.currency };
        Money { minor, currency: currency.into() }
    }
}

impl fmt::Display for TradeOff {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Curve { corners, complete, ratio, at_prices, user_minor_from, user_minor_to } = &self.cals;
        writeln!(
            to,
            "Mixes of Windows Server CALs that cover every access, each the cheapest at some price of a User CAL:"
        )?;
        writeln!(to)?;
        writeln!(to, "{:>12}  {:>12}  A User CAL costs, in Device CALs", "User CALs", "Device CALs")?;
        for (at, corner) in corners.iter().enumerate() {
            let range = match (corner.above, corner.up_to) {
                (None, None) => "anything".to_owned(),
                (Some(above), None) => format!("more than {}", Exactly(above)),
                (None, Some(up_to)) => format!("up to {}", Exactly(up_to)),
                (Some(above), Some(up_to)) => format!("more than {} and up to {}", Exactly(above), Exactly(up_to)),
            };
            let roughly = if corner.exact { "" } else { ", or a mix that is not listed is cheaper" };
            let mark = if Some(at) == *at_prices { "  <- at your prices" } else { "" };
            let (users, devices) = (Count(corner.users).to_string(), Count(corner.devices).to_string());
            writeln!(to, "{users:>12}  {devices:>12}  {range}{roughly}{mark}")?;
        }
        if !complete {
            writeln!(to, "\nThere are more such mixes: ask for more with --points.")?;
        }
        match (ratio, user_minor_from) {
            (Some(ratio), Some(from)) => {
                write!(to, "\nAt your prices a User CAL costs {} Device CALs. ", Exactly(*ratio))?;
                let from = self.money((*from).max(1));
                match user_minor_to {
                    Some(up_to) => writeln!(
                        to,
                        "While Device CALs cost what they cost, the mix stays the same with User CALs from {from} to {}.",
                        self.money(*up_to)
                    )?,
                    None => writeln!(
                        to,
                        "While Device CALs cost what they cost, the mix stays the same with User CALs from {from} up."
                    )?,
                }
            }
            _ => writeln!(to, "\nGive the prices of User and Device CALs to see which mix they choose.")?,
        }
        if let Some(machines) = self.datacenter_from_machines {
            writeln!(
                to,
                "\nAt your prices Datacenter by core is cheaper than Standard from {machines} virtual machines on a host on, \
                 whatever its size (C.20)."
            )?;
        }
        for HostBreakEven { host, chosen, other, cheaper_below_minor, units, now_minor } in &self.hosts {
            writeln!(
                to,
                "Host {host}: {} × {}; {} × {} would be cheaper if {} cost less than {}, not {}.",
                Count(chosen.count),
                product(&chosen.sku, ""),
                Count(other.count),
                product(&other.sku, ""),
                if *units == 1 { "one".to_owned() } else { format!("a pack of {units}") },
                self.money(*cheaper_below_minor),
                self.money(*now_minor)
            )?;
        }
        Ok(())
    }
}

/// A fraction, and what it is about.
struct Exactly(Ratio);

impl fmt::Display for Exactly {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ratio { numerator, denominator } = self.0;
        if denominator == 1 {
            return write!(to, "{numerator}");
        }
        let ten_thousandths = self.0.ten_thousandths();
        write!(to, "{numerator}/{denominator} ({}.{:04})", ten_thousandths / 10_000, ten_thousandths % 10_000)
    }
}
