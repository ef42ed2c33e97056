//! `caliper serve`.

use std::{io::Write as _, process::ExitCode};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::{
    context::Context,
    serve::{Addresses, ServeError, serve},
};

/// Serves until stopped.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// Say in JSON where it listens
    #[arg(long)]
    json: bool,
}

/// Serves until SIGTERM or SIGINT; then ends streams in order and stores what was handed over.
pub fn run(context: &Context, args: &ServeArgs) -> Result<ExitCode, ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(ServeError::Start)?;
    runtime.block_on(async {
        let (close, closing) = watch::channel(false);
        let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Start)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Start)?;
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            // nobody listening means that it has ended already
            let _ = close.send(true);
        });
        serve(context, closing, |addresses| announce(addresses, args.json)).await
    })?;
    Ok(ExitCode::SUCCESS)
}

/// One line once everything listens; whoever started us waits for it.
fn announce(addresses: &Addresses, json: bool) {
    let line = if json {
        serde_json::json!({
            "ready": true,
            "grpc": addresses.grpc,
            "pages": addresses.pages,
            "url": addresses.url,
            "invitation": addresses.invitation,
        })
        .to_string()
    } else {
        let first = addresses.invitation.as_ref().map(|link| format!("first administrator: {link}\n"));
        format!("{}ready: pages on {}, gRPC on {}", first.unwrap_or_default(), addresses.url, addresses.grpc)
    };
    let mut out = std::io::stdout().lock();
    // a closed standard output is no reason not to serve
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
