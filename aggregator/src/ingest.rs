//! How evidence comes in: over gRPC from agents, or from report files.
//!
//! Wire types end here (invariant 6); who speaks is decided by the certificate alone (invariant 5).
//! Knows nothing of directories, rules and pages.

use tokio::sync::watch;
use tonic::Status;

use crate::{sentence::sentence, store::StoreError};

pub mod connected;
pub mod delivery;
pub mod enrolment;
pub mod import;
pub mod peer;
pub mod query;
pub mod writer;

/// The store failed, not the caller: it may try again later. Details stay in our own log.
fn unavailable(error: &StoreError) -> Status {
    tracing::error!("{}", sentence(error));
    Status::unavailable("the aggregator cannot reach its database: try again later, its log says why")
}

/// Runs `work` where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Status> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| unavailable(&error)),
        Err(_) => Err(Status::internal("the aggregator failed at this request: its log says why")),
    }
}

/// Ends when the aggregator is to close; the sender gone means the same.
pub(crate) async fn closed(mut closing: watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}

#[cfg(test)]
mod tests;
