//! A position as the overview and a scan's page show it: lines in words with links to the rows behind them, the chart,
//! the proof.

use caliper_licensing::Position;

use super::{
    chart::{Bar, Chart, chart},
    gate::encode,
    text::{Count, Money, confidence, product},
};
use crate::report::findings::{Finding, findings};

/// One line of the position.
pub struct LineView {
    /// Product in words.
    pub product: String,
    /// As other tools name it.
    pub sku: String,
    /// The rows behind the number.
    pub link: String,
    /// Licences needed.
    pub needed: Count,
    /// Licences owned.
    pub owned: Count,
    /// Licences missing.
    pub short: Count,
    /// Licences left over.
    pub surplus: Count,
    /// What closing the gap costs.
    pub cost: String,
    /// Rule ids.
    pub rules: String,
    /// How sure the rules are, in words.
    pub confidence: String,
}

/// A number at the top of the page.
pub struct Figure {
    /// What it counts.
    pub label: &'static str,
    /// The number.
    pub value: String,
    /// A few words below it.
    pub note: String,
    /// The rows behind it; empty: none.
    pub link: String,
    /// Whether something is missing.
    pub alarm: bool,
}

/// A position in words.
pub struct PositionView {
    /// Totals.
    pub figures: Vec<Figure>,
    /// All lines.
    pub lines: Vec<LineView>,
    /// Up to two charts.
    pub charts: Vec<Chart>,
    /// Whether the mix is proven to be the cheapest.
    pub proven: bool,
    /// The proof in one sentence.
    pub proof: String,
    /// What it says beside its lines.
    pub findings: Vec<Finding>,
    /// What the reader must know.
    pub warnings: Vec<String>,
}

/// The rows behind a line of a scan.
fn link(sku: &str, version: &str, scan: i64) -> String {
    let version = encode(version);
    match sku {
        "windows-server-cal/user" => format!("/people?scan={scan}&licence=user-cal&version={version}"),
        "windows-server-cal/device" => format!("/devices?scan={scan}&licence=device-cal&version={version}"),
        _ => match sku.split('/').nth(1) {
            Some(edition) if sku.starts_with("windows-server/") => format!("/servers?edition={}", encode(edition)),
            _ => "/servers".to_owned(),
        },
    }
}

fn total(position: &Position, sku: &str, scan: i64, label: &'static str) -> Figure {
    let lines = || position.lines.iter().filter(|line| line.sku == sku);
    let needed: u64 = lines().map(|line| line.needed).sum();
    let owned: u64 = lines().map(|line| line.owned).sum();
    let short: u64 = lines().map(|line| line.short).sum();
    figure(label, needed, owned, short, link(sku, "", scan))
}

fn figure(label: &'static str, needed: u64, owned: u64, short: u64, link: String) -> Figure {
    let mut note = format!("{} owned", Count(owned));
    if short > 0 {
        note = format!("{note}, {} short", Count(short));
    }
    Figure { label, value: Count(needed).to_string(), note, link, alarm: short > 0 }
}

fn figures(position: &Position, scan: i64) -> Vec<Figure> {
    let cores = || position.lines.iter().filter(|line| line.unit == "core");
    let mut figures = vec![
        total(position, "windows-server-cal/user", scan, "User CALs needed"),
        total(position, "windows-server-cal/device", scan, "Device CALs needed"),
        figure(
            "Core licences needed",
            cores().map(|line| line.needed).sum(),
            cores().map(|line| line.owned).sum(),
            cores().map(|line| line.short).sum(),
            "/servers".to_owned(),
        ),
    ];
    let short: u64 = position.lines.iter().map(|line| line.short).sum();
    let gaps = position.lines.iter().filter(|line| line.short > 0);
    let unpriced = gaps.clone().any(|line| line.currency.is_empty());
    let currency = gaps.clone().map(|line| line.currency.as_str()).find(|currency| !currency.is_empty());
    let minor = gaps.map(|line| line.cost_minor).fold(0_u64, u64::saturating_add);
    let (value, note) = match currency {
        _ if short == 0 => ("None".to_owned(), "everything needed is owned".to_owned()),
        None => ("No price".to_owned(), "add prices to the configuration to see the cost".to_owned()),
        Some(_) if unpriced => (
            Money { minor, currency: currency.unwrap_or_default().into() }.to_string(),
            "at least: some prices are missing".to_owned(),
        ),
        Some(currency) => (Money { minor, currency: currency.into() }.to_string(), "to close every gap".to_owned()),
    };
    figures.push(Figure { label: "Cost of what is short", value, note, link: "#lines".into(), alarm: short > 0 });
    figures
}

/// A product under the heading of its chart, which names the unit already.
fn label(sku: &str, version: &str) -> String {
    let product = product(sku, version);
    product.strip_suffix(", core licence").map_or(product.clone(), str::to_owned)
}

/// Puts a position into words; `scan` is where the links lead.
pub fn view(position: &Position, scan: i64) -> PositionView {
    let bars = |cores: bool| {
        let lines = position.lines.iter().filter(move |line| (line.unit == "core") == cores);
        lines.map(|line| Bar { label: label(&line.sku, &line.version), needed: line.needed, owned: line.owned })
    };
    let charts = [
        chart("Access licences", "chart-access", bars(false).collect()),
        chart("Core licences", "chart-cores", bars(true).collect()),
    ];
    let currency = position.lines.iter().map(|line| &line.currency).find(|currency| !currency.is_empty());
    let money = |minor| Money { minor, currency: currency.cloned().unwrap_or_default() };
    let optimum = &position.optimum;
    let proof = if currency.is_none() {
        "Without prices every CAL counts the same.".to_owned()
    } else if optimum.proven {
        format!(
            "All CALs of this mix cost {}, and no mix that covers every access costs less.",
            money(optimum.cost_minor)
        )
    } else {
        format!(
            "This mix costs {}; no mix can cost less than {}.",
            money(optimum.cost_minor),
            money(optimum.lower_bound_minor)
        )
    };
    let proof = match &position.purchase {
        Some(purchase) if purchase.saving_minor > 0 => format!(
            "{proof} With the CALs owned, the cheapest purchase found costs {}, {} less than what is short below.",
            money(purchase.cost_minor),
            money(purchase.saving_minor)
        ),
        _ => proof,
    };
    let lines = position.lines.iter().map(|line| LineView {
        product: product(&line.sku, &line.version),
        sku: line.sku.clone(),
        link: link(&line.sku, &line.version, scan),
        needed: Count(line.needed),
        owned: Count(line.owned),
        short: Count(line.short),
        surplus: Count(line.surplus),
        cost: if line.short == 0 {
            "–".to_owned()
        } else {
            Money { minor: line.cost_minor, currency: line.currency.clone() }.to_string()
        },
        rules: line.rules.join(", "),
        confidence: confidence(&format!("{:?}", line.confidence)),
    });
    PositionView {
        figures: figures(position, scan),
        lines: lines.collect(),
        charts: charts.into_iter().flatten().collect(),
        proven: optimum.proven,
        proof,
        findings: findings(position),
        warnings: position.warnings.clone(),
    }
}
