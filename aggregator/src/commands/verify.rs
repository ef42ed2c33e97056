//! `caliper verify-certificate`: does a certificate prove the cheapest mix, or a purchase's bound, for a file of pairs?

use std::io::{self, BufReader, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use caliper_licensing::optimise::{VerifiedPurchase, VerifyError, verify_certificate};
use thiserror::Error;

use crate::context::Context;
use crate::pairs::{self, PairsError};

/// Arguments of `caliper verify-certificate`.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// The pairs the certificate speaks about, as given to `caliper optimise`
    pub pairs: PathBuf,
    /// The certificate written by `caliper optimise --certificate`
    pub certificate: PathBuf,
}

/// Why nothing was proved.
#[derive(Debug, Error)]
pub enum VerifyCommandError {
    /// The pairs file cannot be used.
    #[error(transparent)]
    Pairs(#[from] PairsError),
    /// The certificate cannot be opened; the source names it.
    #[error("the certificate cannot be opened")]
    Open(#[source] io::Error),
    /// The certificate proves nothing.
    #[error("the certificate does not hold; ask for a new one")]
    Refused(#[from] VerifyError),
    /// The result cannot be printed.
    #[error("the result cannot be printed; check where standard output goes")]
    Print(#[source] io::Error),
}

/// Runs the command. It needs no store, so the context is not touched.
pub fn run(_: &Context, args: &VerifyArgs) -> Result<ExitCode, VerifyCommandError> {
    let input = pairs::read(&args.pairs)?;
    let file = fs_err::File::open(&args.certificate).map_err(VerifyCommandError::Open)?;
    let found = verify_certificate(
        &input.pairs,
        |name| input.users.find(name),
        |name| input.devices.find(name),
        BufReader::new(file),
    )?;
    let verdict = match found.purchase {
        None => format!(" for {}, and no mix is cheaper", found.cost),
        Some(VerifiedPurchase { owned_users, owned_devices, bound }) => {
            let least = if found.cost == bound {
                "no purchase is cheaper".to_owned()
            } else {
                format!("no purchase costs less than {bound}")
            };
            format!(
                "; with {owned_users} and {owned_devices} of them owned, what must be bought costs {}, and {least}",
                found.cost
            )
        }
    };
    writeln!(
        io::stdout(),
        "The certificate holds: {} User CALs at {} and {} Device CALs at {} license every pair{verdict}.",
        found.users,
        found.user_price,
        found.devices,
        found.device_price
    )
    .map_err(VerifyCommandError::Print)?;
    Ok(ExitCode::SUCCESS)
}
