//! The query service: positions, scans and servers for other programs.

use std::sync::Arc;

use caliper_licensing::Position;
use caliper_proto::{
    Instant,
    wire::{self, query_server::Query},
};
use tonic::{Request, Response, Status};

use super::{blocking, peer};
use crate::store::{
    Store, StoreError, server,
    token::Role,
    view::{
        self, Listing as _, Rows,
        scans::{self, Scans},
    },
};

const DEFAULT_LIMIT: u32 = 100;
const MOST_SCANS: u32 = 1000;

/// The service.
pub struct Service {
    store: Arc<Store>,
}

impl Service {
    /// Reads from `store` only.
    #[must_use]
    pub fn new(store: Arc<Store>) -> Self {
        Self { store }
    }
}

#[tonic::async_trait]
impl Query for Service {
    async fn get_position(
        &self,
        request: Request<wire::GetPositionRequest>,
    ) -> Result<Response<wire::Position>, Status> {
        peer::identify_as(&self.store, &request, Role::Reader).await?;
        let wanted = request.into_inner().scan;
        let store = Arc::clone(&self.store);
        let found = blocking(move || {
            store.read::<_, StoreError>(|tx| {
                let scan = match i64::try_from(wanted).unwrap_or(i64::MAX) {
                    0 => scans::latest_done(tx, None)?.map(|scan| scan.id),
                    id => Some(id),
                };
                let Some(scan) = scan else { return Ok(None) };
                let Some(json) = scans::position(tx, scan)? else { return Ok(None) };
                let position: Position = serde_json::from_str(&json)
                    .map_err(|_| StoreError::Damaged { what: format!("position of scan {scan}") })?;
                Ok(Some((scan, position)))
            })
        });
        match found.await? {
            Some((scan, position)) => Ok(Response::new(message(scan.unsigned_abs(), position))),
            None if wanted == 0 => Err(Status::not_found("no scan has finished yet: run `caliper scan`")),
            None => Err(Status::not_found(format!("there is no finished scan {wanted}: `ListScans` names them"))),
        }
    }

    async fn list_scans(
        &self,
        request: Request<wire::ListScansRequest>,
    ) -> Result<Response<wire::ListScansResponse>, Status> {
        peer::identify_as(&self.store, &request, Role::Reader).await?;
        let wire::ListScansRequest { limit, before } = request.into_inner();
        let limit = if limit == 0 { DEFAULT_LIMIT } else { limit.min(MOST_SCANS) };
        let below = (before != 0).then(|| i64::try_from(before).unwrap_or(i64::MAX));
        let store = Arc::clone(&self.store);
        let scans = blocking(move || {
            let listing = Scans { below, ..Scans::default() };
            let page = Rows::Page { skip: 0, take: limit.into() };
            store.read(|tx| view::rows(tx, &listing, Scans::SORTS[0], &page))
        });
        let scans = scans.await?.into_iter().map(|scan| wire::ScanSummary {
            scan: scan.id.unsigned_abs(),
            started_micros: scan.started.micros(),
            finished_micros: scan.finished.map_or(0, Instant::micros),
            trigger: scan.trigger,
            state: scan.state,
            cost_minor: scan.cost_minor,
        });
        Ok(Response::new(wire::ListScansResponse { scans: scans.collect() }))
    }

    async fn list_servers(
        &self,
        request: Request<wire::ListServersRequest>,
    ) -> Result<Response<wire::ListServersResponse>, Status> {
        peer::identify_as(&self.store, &request, Role::Reader).await?;
        let store = Arc::clone(&self.store);
        let servers = blocking(move || store.read(server::list)).await?;
        let servers = servers.into_iter().map(|server::Server { id, inventory, last_seen }| wire::ServerSummary {
            server: id.unsigned_abs(),
            name: inventory.name,
            domain: inventory.domain,
            edition: inventory.edition.unwrap_or_default(),
            version: inventory.version.unwrap_or_default(),
            sockets: inventory.sockets.unwrap_or_default(),
            cores: inventory.cores.unwrap_or_default(),
            last_seen_micros: last_seen.micros(),
        });
        Ok(Response::new(wire::ListServersResponse { servers: servers.collect() }))
    }
}

fn message(scan: u64, position: Position) -> wire::Position {
    let currency = position.lines.iter().map(|line| &line.currency).find(|currency| !currency.is_empty());
    wire::Position {
        scan,
        currency: currency.cloned().unwrap_or_default(),
        cost_minor: position.optimum.cost_minor,
        lower_bound_minor: position.optimum.lower_bound_minor,
        proven: position.optimum.proven,
        warnings: position.warnings,
        lines: position
            .lines
            .into_iter()
            .map(|line| wire::PositionLine {
                sku: line.sku,
                version: line.version,
                unit: line.unit,
                needed: line.needed,
                owned: line.owned,
                short: line.short,
                surplus: line.surplus,
                cost_minor: line.cost_minor,
                currency: line.currency,
                rules: line.rules,
                confidence: format!("{:?}", line.confidence),
                policies: line.policies,
            })
            .collect(),
    }
}
