//! `caliper verify-certificate`: does a certificate prove the cheapest mix, or a purchase's bound, for a file of pairs?

use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use caliper_licensing::optimise::{
    LEVEL_PURCHASE_CERTIFICATE_FORMAT, VerifiedPurchase, VerifyError, verify_certificate, verify_level_certificate,
};
use thiserror::Error;

use crate::context::Context;
use crate::pairs::{self, Pairs, PairsError};

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
    /// The certificate speaks of levels, the pairs do not.
    #[error("the certificate is of several levels, but the pairs name none; give the file with the column level")]
    NoLevels,
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
    let mut certificate = BufReader::new(file);
    let start = certificate.fill_buf().map_err(VerifyCommandError::Open)?;
    if start.starts_with(LEVEL_PURCHASE_CERTIFICATE_FORMAT.as_bytes()) {
        return levels(&input, certificate);
    }
    let find = (|name: &str| input.users.find(name), |name: &str| input.devices.find(name));
    let found = verify_certificate(&input.pairs, find.0, find.1, certificate)?;
    let verdict = match found.purchase {
        None => format!(" for {}, and no mix is cheaper", found.cost),
        Some(VerifiedPurchase { owned_users, owned_devices, bound }) => {
            let least = least(found.cost, bound);
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

fn least(cost: u128, bound: u128) -> String {
    if cost == bound { "no purchase is cheaper".to_owned() } else { format!("no purchase costs less than {bound}") }
}

/// A purchase of several levels.
fn levels(input: &Pairs, certificate: impl BufRead) -> Result<ExitCode, VerifyCommandError> {
    if input.levels.len() != input.pairs.len() {
        return Err(VerifyCommandError::NoLevels);
    }
    let find = (|name: &str| input.users.find(name), |name: &str| input.devices.find(name));
    let found = verify_level_certificate(&input.with_levels(), find.0, find.1, certificate)?;
    let listed = |owned: &[u64]| owned.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let least = least(found.cost, found.bound);
    writeln!(
        io::stdout(),
        "The certificate holds: {} User CALs at {} and {} Device CALs at {} license every pair at its level; with {} and {} of them \
         owned from the lowest level up, what must be bought costs {}, and {least}.",
        found.users,
        found.user_price,
        found.devices,
        found.device_price,
        listed(&found.owned_users),
        listed(&found.owned_devices),
        found.cost
    )
    .map_err(VerifyCommandError::Print)?;
    Ok(ExitCode::SUCCESS)
}
