//! Devices: what a scan said of each, in numbers for viewers, with names for analysts; one device with the evidence.

use askama::Template;
use axum::{
    Extension,
    extract::{Path, Query, State},
    response::Response,
};

use super::{
    Shared,
    ask::{Ask, Choice, Column, Pager, choices, columns, pager, versions},
    error::WebError,
    export::{Table, csv},
    frame::{Frame, page},
    gate::encode,
    people::{groups_page, no_scan, nothing},
    scans::{ScanShown, shown_scan},
    text::{Count, EvidenceView, When, confidence, evidence, licence},
};
use crate::store::{
    login::Visitor,
    view::{
        self, Listing,
        devices::{self, Device, Devices},
        evidence::{self as accesses, MOST},
    },
};

/// Kinds of licence a device can need.
const LICENCES: [(&str, &str); 5] = [
    ("", "Any"),
    ("device-cal", "Device CAL"),
    ("people", "Covered by people"),
    ("exempt", "Exempt"),
    ("none", "None"),
];
const KINDS: [(&str, &str); 5] = [
    ("", "Any"),
    ("computer", "Computer"),
    ("address", "Address only"),
    ("several", "Several at one address"),
    ("server", "Server"),
];

#[derive(Template)]
#[template(path = "devices.html")]
struct DevicesPage {
    frame: Frame,
    scan: ScanShown,
    ask: Ask,
    licences: Vec<Choice>,
    versions: Vec<Choice>,
    kinds: Vec<Choice>,
    columns: Vec<Column>,
    pager: Pager,
    rows: Vec<DeviceRow>,
}

#[derive(Template)]
#[template(path = "device.html")]
struct DevicePage {
    frame: Frame,
    scan: ScanShown,
    device: DeviceRow,
    evidence: Vec<EvidenceView>,
    most: u32,
}

/// A device in words.
struct DeviceRow {
    link: String,
    licence: String,
    confidence: String,
    people: Count,
    servers: Count,
    first: When,
    last: When,
    row: Device,
}

fn words(row: Device, scan: i64) -> DeviceRow {
    DeviceRow {
        link: format!("/devices/{}?scan={scan}", encode(&row.device)),
        licence: licence(&row.licence, &row.version),
        confidence: confidence(&row.confidence),
        people: Count(row.people),
        servers: Count(row.servers),
        first: When(row.first_seen),
        last: When(row.last_seen),
        row,
    }
}

/// The list an address asks for.
pub fn devices(ask: &Ask, scan: i64) -> Devices {
    Devices {
        scan,
        text: ask.q.trim().to_owned(),
        licence: ask.licence.clone(),
        version: ask.version.clone(),
        kind: ask.kind.clone(),
    }
}

/// GET /devices
pub async fn list(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Query(ask): Query<Ask>,
) -> Result<Response, WebError> {
    let Some(scan) = shown_scan(&state, &ask).await? else { return no_scan(visitor, "Devices", "/devices") };
    let (id, frame) = (scan.id, Frame::new("Devices", "/devices", visitor));
    if !frame.analyst() {
        let groups = state.read(move |tx| Ok(devices::groups(tx, id)?)).await?;
        return page(&groups_page(frame, scan, "devices", groups));
    }
    let (total, found) = ask.find(&state, devices(&ask, id)).await?;
    let wanted = [
        ("Name", "name", false),
        ("Kind", "kind", false),
        ("Licence", "licence", false),
        ("People", "people", true),
        ("Servers", "servers", true),
        ("Last seen", "last", false),
        ("Why", "", false),
    ];
    page(&DevicesPage {
        frame,
        licences: choices(&ask.licence, &LICENCES),
        versions: versions(&ask.version),
        kinds: choices(&ask.kind, &KINDS),
        columns: columns(&ask, "/devices", Devices::SORTS, &wanted),
        pager: pager(&ask, "/devices", total),
        rows: found.into_iter().map(|row| words(row, id)).collect(),
        scan,
        ask,
    })
}

/// GET /devices.csv
pub async fn export(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Query(ask): Query<Ask>,
) -> Result<Response, WebError> {
    let scan = shown_scan(&state, &ask).await?.ok_or_else(nothing)?.id;
    state.audit(&visitor.name, "exported devices", format!("scan {scan}")).await?;
    csv(&state, "devices", devices(&ask, scan), ask.order(Devices::SORTS))
}

/// GET /devices/{device}
pub async fn device(
    State(state): State<Shared>,
    Extension(visitor): Extension<Visitor>,
    Path(device): Path<String>,
    Query(ask): Query<Ask>,
) -> Result<Response, WebError> {
    let scan = shown_scan(&state, &ask).await?.ok_or_else(nothing)?;
    let id = scan.id;
    let found = state
        .read(move |tx| {
            let listing = Devices { scan: id, ..Devices::default() };
            let Some(found) = view::one(tx, &listing, device)? else { return Ok(None) };
            let mut clients = found.addresses.clone();
            clients.push(found.name.clone());
            let evidence = accesses::of_clients(tx, &clients)?;
            Ok(Some((found, evidence)))
        })
        .await?;
    let Some((row, rows)) = found else {
        return Err(WebError::NotFound(format!("scan {id} knows no such device")));
    };
    // who works at a device is as personal as the person's own page
    state.audit(&visitor.name, "looked at a device", row.device.clone()).await?;
    page(&DevicePage {
        frame: Frame::new(row.name.clone(), "/devices", visitor),
        scan,
        device: words(row, id),
        evidence: evidence(rows),
        most: MOST,
    })
}

impl Table for Devices {
    const HEADINGS: &'static [&'static str] = &[
        "device",
        "name",
        "addresses",
        "kind",
        "licence",
        "version",
        "why",
        "confidence",
        "people",
        "servers",
        "first_seen",
        "last_seen",
    ];

    fn record(row: Device) -> Vec<String> {
        vec![
            row.device,
            row.name,
            row.addresses.join(" "),
            row.kind,
            row.licence,
            row.version,
            row.why,
            row.confidence,
            row.people.to_string(),
            row.servers.to_string(),
            When(row.first_seen).iso(),
            When(row.last_seen).iso(),
        ]
    }
}
