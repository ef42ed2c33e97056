//! `caliper plan --transfers`: who gets which CAL, by name, so for those who may see who works where.

use std::io::{self, Write};

use caliper_licensing::{Assessment, Transfer, Transfers};
use serde::Serialize;

use crate::web::text::{Count, product};

/// All families, as JSON.
#[derive(Debug, Serialize)]
struct Document<'a> {
    format: &'static str,
    families: &'a [Transfers],
}

/// Whether a transfer belongs to a group.
type IsIn = fn(&Transfer) -> bool;

/// Prints the transfers of an assessment.
pub(super) fn print(to: &mut impl Write, assessment: &Assessment, json: bool) -> io::Result<()> {
    let families = &assessment.transfers;
    if json {
        serde_json::to_writer_pretty(&mut *to, &Document { format: "caliper.transfers/1", families })?;
        return writeln!(to);
    }
    if families.is_empty() {
        return writeln!(
            to,
            "Nobody says who holds the CALs owned: list them as [[assignment]] or name them in `assigned_to`."
        );
    }
    for (at, family) in families.iter().enumerate() {
        let Transfers { cal, keep, transfers, buy } = family;
        let gap = if at == 0 { "" } else { "\n" };
        let stay = if *keep == 1 { "stays where it is" } else { "stay where they are" };
        writeln!(to, "{gap}{cal}: {} {stay}.", Count(*keep))?;
        let groups: [(&str, IsIn); 4] = [
            ("Hand out", |one| one.from.is_none() && one.to.is_some()),
            ("Move now", |one| one.from.is_some() && one.to.is_some() && one.day.is_none()),
            ("May move later, for those named below who need one now", |one| one.to.is_some() && one.day.is_some()),
            ("Take back, nobody needs them", |one| one.to.is_none()),
        ];
        for (heading, is_in) in groups {
            let mut of_group = transfers.iter().filter(|one| is_in(one)).peekable();
            if of_group.peek().is_some() {
                writeln!(to, "\n{heading}:")?;
            }
            for one in of_group {
                writeln!(to, "- {}", line(one))?;
            }
        }
        if !buy.is_empty() {
            writeln!(to, "\nBuy for:")?;
        }
        for holder in buy {
            writeln!(to, "- {}: version {} or later", holder.id, holder.needed)?;
        }
    }
    Ok(())
}

fn line(one: &Transfer) -> String {
    let part = |before: &str, name: Option<String>, behind: &str| {
        name.map_or_else(String::new, |name| format!("{before}{name}{behind}"))
    };
    [
        product(&one.sku, one.version.name()),
        part(" of ", one.entitlement.clone(), ""),
        part(" no. ", one.number.map(|number| number.to_string()), ""),
        part(", from ", one.from.clone(), ""),
        part(", to ", one.to.clone(), ""),
        part(", from ", one.day.map(|day| day.to_string()), " on"),
    ]
    .concat()
}
