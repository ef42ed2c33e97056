//! Cores of a machine as SQL Server counts them: with core factors on the metal (D.2, D.3), as they are in a virtual machine (D.4).

use crate::{
    catalogue::Catalogue,
    estate::{EstateError, Host, Policy},
    version::VersionName,
};

/// Cores of one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cores {
    /// Rounded up for the server as a whole.
    pub count: u64,
    /// Rounded up for each processor: the other reading (open question X.9).
    pub by_processor: u64,
    /// Whether only the least possible, for lack of facts.
    pub at_least: bool,
    /// Whether some factor is not 1.
    pub factor: bool,
}

/// D.3: the sum over processors of cores times factor, each with its minimum, rounded up. No minimum for the server (D.10).
pub(super) fn physical(
    catalogue: &Catalogue,
    policy: &Policy,
    host: &Host,
    version: VersionName,
) -> Result<Cores, EstateError> {
    let least = least(catalogue).0;
    // C.5, as for Windows Server
    let all_fitted = (policy.disabled_cores_count || host.processors.is_empty()) && !host.fitted.is_empty();
    let processors = if all_fitted { &host.fitted } else { &host.processors };
    let model = host.processor_model.as_deref().unwrap_or_default();
    if processors.is_empty() {
        return Ok(Cores { count: least, by_processor: least, at_least: true, factor: false });
    }
    let mut found = Cores { count: 0, by_processor: 0, at_least: false, factor: false };
    // a fraction: (above, below) of the line
    let mut sum = (0_u128, 1_u128);
    let large = || EstateError::TooLarge(format!("the cores of host `{}`", host.id));
    for &cores in processors {
        let (numerator, denominator) =
            catalogue.core_factor(version, model, cores).map_or((1, 1), |row| (row.numerator, row.denominator.max(1)));
        found.factor |= numerator != denominator;
        let (above, below) = (u128::from(cores) * u128::from(numerator), u128::from(denominator));
        let above = above.max(u128::from(least) * below);
        found.by_processor = u64::try_from(above.div_ceil(below))
            .ok()
            .and_then(|cores| found.by_processor.checked_add(cores))
            .ok_or_else(large)?;
        sum = plus(sum, (above, below)).ok_or_else(large)?;
    }
    found.count = u64::try_from(sum.0.div_ceil(sum.1)).map_err(|_| large())?;
    Ok(found)
}

/// D.4: virtual cores as the machine sees them; factors do not apply.
pub(super) fn of_machine(catalogue: &Catalogue, virtual_processors: Option<u32>) -> Cores {
    let count = u64::from(virtual_processors.unwrap_or(0)).max(least(catalogue).1);
    Cores { count, by_processor: count, at_least: virtual_processors.is_none(), factor: false }
}

/// The minima of a processor and of a virtual machine.
fn least(catalogue: &Catalogue) -> (u64, u64) {
    let row = catalogue.core_minimum("sql-server");
    row.map_or((0, 0), |row| (u64::from(row.per_processor), u64::from(row.per_virtual_machine)))
}

fn plus(one: (u128, u128), two: (u128, u128)) -> Option<(u128, u128)> {
    if one.1 == two.1 {
        return Some((one.0.checked_add(two.0)?, one.1));
    }
    let above = one.0.checked_mul(two.1)?.checked_add(two.0.checked_mul(one.1)?)?;
    let below = one.1.checked_mul(two.1)?;
    let (mut a, mut b) = (above, below);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    Some((above / a.max(1), below / a.max(1)))
}
