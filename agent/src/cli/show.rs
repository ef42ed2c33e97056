//! Answers for people and for programs.

use std::{
    io::{self, BufWriter, Write},
    mem,
};

use caliper_proto::{Access, AccessKey, Source, write_report};
use serde_json::json;

use super::CliError;
use crate::{
    collect::Collected,
    config::Config,
    doctor::Check,
    rows::{Rows, Table},
};

/// `version`.
pub fn version(output: &mut impl Write, json: bool) -> Result<(), CliError> {
    let version = env!("CARGO_PKG_VERSION");
    let text = if json { json!({ "version": version }).to_string() } else { format!("caliper-agent {version}") };
    writeln!(output, "{text}").map_err(CliError::Output)
}

/// `collect`: the contract as JSON, or a summary.
pub fn report(output: &mut impl Write, collected: &mut Collected, as_json: bool) -> io::Result<()> {
    if as_json { json(&mut BufWriter::new(output), collected) } else { summary(output, collected) }
}

/// A collection as report file.
pub fn json(output: &mut dyn Write, collected: &mut Collected) -> io::Result<()> {
    write_report(output, &collected.server, collected.rows.read()?, &collected.warnings)?;
    output.flush()
}

fn summary(output: &mut impl Write, collected: &mut Collected) -> io::Result<()> {
    let Collected { server, rows, warnings, progress: _ } = collected;
    let known = |text: Option<String>| text.unwrap_or_else(|| "unknown".into());
    let number = |number: Option<u32>| known(number.map(|number| number.to_string()));
    let system = match (&server.version, &server.edition) {
        (None, None) => "unknown".into(),
        (version, edition) => {
            format!("Windows Server {} {}", known(version.clone()), known(edition.clone()))
        }
    };
    let principals = different(rows, |key| &mut key.principal)?;
    let clients = different(rows, |key| &mut key.client)?;
    writeln!(
        output,
        "server      {}\nsystem      {system}\nprocessors  {} sockets, {} cores\n\
         accesses    {} rows, {principals} principals, {clients} clients",
        [server.name.as_str(), server.domain.as_str()].join(" ").trim(),
        number(server.sockets),
        number(server.cores),
        rows.count(),
    )?;
    warnings.iter().try_for_each(|warning| writeln!(output, "warning     {warning}"))
}

/// How many different texts rows have in one place, but for the empty one. They are as many as rows at worst, so they are
/// counted as rows are.
fn different(rows: &mut Rows, of: impl Fn(&mut AccessKey) -> &mut String) -> io::Result<u64> {
    let mut texts = Table::default();
    for access in rows.read()? {
        let mut access = access?;
        let text = mem::take(of(&mut access.key));
        if !text.is_empty() {
            let nothing = String::new;
            let (source, year) = (Source::Import, 0);
            let key = AccessKey {
                service: text,
                role_guid: nothing(),
                principal: nothing(),
                client: nothing(),
                source,
                year,
            };
            texts.join(&Access { key, ..access });
        }
    }
    Ok(texts.finish()?.count())
}

/// `config show`.
pub fn config(output: &mut impl Write, config: &Config, json: bool) -> Result<(), CliError> {
    let lines = config.lines();
    let text = if json {
        let values =
            lines.iter().map(|(key, value, origin)| json!({"key": key, "value": value, "origin": origin.to_string()}));
        format!("{:#}\n", values.collect::<serde_json::Value>())
    } else {
        let line = |(key, value, origin): &(&str, Option<String>, _)| {
            format!("{key:<16} {:<28} ({origin})\n", value.as_deref().unwrap_or("not set"))
        };
        lines.iter().map(line).collect()
    };
    output.write_all(text.as_bytes()).map_err(CliError::Output)
}

/// `doctor`.
pub fn checks(output: &mut impl Write, checks: &[Check], json: bool) -> Result<(), CliError> {
    let text = if json {
        format!("{:#}\n", json!(checks))
    } else {
        let line = |check: &Check| {
            let state = check.state.word();
            format!("{state:<8} {:<18} {}\n", check.name, check.finding)
        };
        checks.iter().map(line).collect()
    };
    output.write_all(text.as_bytes()).map_err(CliError::Output)
}
