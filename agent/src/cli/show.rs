//! Answers for people and for programs.

use std::{collections::BTreeSet, io::Write};

use caliper_proto::Report;
use serde_json::json;

use super::CliError;
use crate::{config::Config, doctor::Check};

/// `version`.
pub fn version(output: &mut impl Write, json: bool) -> Result<(), CliError> {
    let version = env!("CARGO_PKG_VERSION");
    let text = if json { json!({ "version": version }).to_string() } else { format!("caliper-agent {version}") };
    writeln!(output, "{text}").map_err(CliError::Output)
}

/// `collect`: the contract as JSON, or a summary.
pub fn report(output: &mut impl Write, report: &Report, json: bool) -> Result<(), CliError> {
    let text = if json { report.to_json() } else { summary(report) };
    output.write_all(text.as_bytes()).map_err(CliError::Output)
}

fn summary(report: &Report) -> String {
    let server = &report.server;
    let known = |text: Option<String>| text.unwrap_or_else(|| "unknown".into());
    let number = |number: Option<u32>| known(number.map(|number| number.to_string()));
    let system = match (&server.version, &server.edition) {
        (None, None) => "unknown".into(),
        (version, edition) => {
            format!("Windows Server {} {}", known(version.clone()), known(edition.clone()))
        }
    };
    let count = |text: fn(&caliper_proto::AccessKey) -> &str| {
        report.accesses.iter().map(|row| text(&row.key)).filter(|text| !text.is_empty()).collect::<BTreeSet<_>>().len()
    };
    let mut text = format!(
        "server      {}\nsystem      {system}\nprocessors  {} sockets, {} cores\naccesses    {} rows, {} principals, {} clients\n",
        [server.name.as_str(), server.domain.as_str()].join(" ").trim(),
        number(server.sockets),
        number(server.cores),
        report.accesses.len(),
        count(|key| &key.principal),
        count(|key| &key.client),
    );
    for warning in &report.warnings {
        text.extend(["warning     ", warning, "\n"]);
    }
    text
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
