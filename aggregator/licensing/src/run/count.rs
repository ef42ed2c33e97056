//! How many licences follow from processors, cores and instances, by the rights of an edition in the catalogue (A.5, C.1, C.6).

use crate::{
    catalogue::{Catalogue, Formula, Product, RightRow, Terms},
    estate::EstateError,
    version::VersionName,
};

/// What a count starts from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size<'a> {
    /// Physical cores of each processor; empty: unknown.
    pub processors: &'a [u32],
    /// Instances that use a right.
    pub instances: u64,
}

/// C.1: both minima apply. Without known processors the least possible.
pub(crate) fn set(catalogue: &Catalogue, minimum: &str, processors: &[u32]) -> u64 {
    let (each, all) = catalogue.core_minimum(minimum).map_or((0, 0), |row| (row.per_processor, row.per_server));
    processors.iter().map(|&cores| u64::from(cores.max(each))).sum::<u64>().max(u64::from(all))
}

/// Licences of that right; `None` for rights that do not attach to a host.
pub(crate) fn count(catalogue: &Catalogue, right: &RightRow, size: Size<'_>) -> Result<Option<u64>, EstateError> {
    let per = |number: Option<u32>| u64::from(number.unwrap_or(1).max(1));
    let processors = (size.processors.len() as u64).max(1).div_ceil(per(right.processors));
    let instances = size.instances.max(1).div_ceil(per(right.instances));
    let found = match right.formula {
        Formula::Instances => Some(instances),
        Formula::Processors => Some(processors),
        Formula::ProcessorsAndInstances => Some(processors.max(instances)),
        Formula::ProcessorSets => processors.checked_mul(instances),
        Formula::CoreSets => {
            let set = set(catalogue, right.minimum.as_deref().unwrap_or_default(), size.processors);
            if right.instances.is_some() { set.checked_mul(instances) } else { Some(set) }
        }
        Formula::VirtualMachines => return Ok(None),
    };
    found.map(Some).ok_or_else(|| EstateError::TooLarge("the licences of one host".into()))
}

/// The rights of an edition in a version: those of a provider where the estate is one's and they differ.
pub(crate) fn right<'a>(
    catalogue: &'a Catalogue,
    product: Product,
    edition: &str,
    version: VersionName,
    spla: bool,
) -> Option<&'a RightRow> {
    let of = |terms| catalogue.right_of(product, edition, version, terms);
    let of_provider = if spla { of(Terms::Spla) } else { None };
    of_provider.or_else(|| of(Terms::Own))
}

/// What a licence is counted in: the last word of its sku.
pub(crate) fn unit(sku: &str) -> &str {
    match sku.rsplit('/').next() {
        Some("virtual-core") => "core",
        Some(unit) => unit,
        None => "licence",
    }
}
