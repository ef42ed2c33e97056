//! Server licences of 2008 to 2012 R2, which count processors or instances instead of cores (rule A.5).

use super::{
    Choice, HostNeed, Product, cheapest,
    host::{Edition, Running},
};
use crate::{
    catalogue::Model,
    checked::Checked,
    findings::{Rules, counted},
};

/// What the host needs under the editions that may run what runs there; remembers it in `unpriced` if prices would be
/// needed to tell which is cheapest.
pub(super) fn need<'a>(checked: &Checked<'_>, running: &Running<'a>, unpriced: &mut Vec<&'a str>) -> HostNeed {
    let processors = (running.processors.len() as u64).max(1);
    let instances = running.instances();
    let pairs = processors.div_ceil(2);
    let choice = |product, count| Choice { product, count };
    let per_processors = checked.catalogue.version(running.version).model == Model::Processors;
    let (standard, enterprise, datacenter) = if per_processors {
        // A.5, 2012: a licence covers two processors and two instances; licences add up
        let standard = choice(Product::StandardLicence, pairs.max(instances.div_ceil(2)));
        (standard, None, choice(Product::DatacenterLicence, pairs))
    } else {
        // A.5, 2008: Standard per instance, Enterprise per four, Datacenter per processor
        (
            choice(Product::StandardLicence, instances),
            Some(choice(Product::EnterpriseLicence, instances.div_ceil(4))),
            choice(Product::DatacenterProcessor, processors),
        )
    };
    let choices: Vec<Choice> = match (running.edition, enterprise) {
        // Enterprise ended with 2008 R2: under 2012 only Datacenter may run it (down-edition)
        (Edition::Datacenter, _) | (Edition::Enterprise, None) => vec![datacenter],
        (Edition::Enterprise, Some(enterprise)) => vec![enterprise, datacenter],
        (Edition::Standard, None) => vec![standard, datacenter],
        (Edition::Standard, Some(enterprise)) => vec![standard, enterprise, datacenter],
    };
    let (chosen, without_price) = cheapest(checked.estate, &choices);
    if without_price && choices.len() > 1 && choices.iter().any(|other| other.count < chosen.count) {
        unpriced.push(running.host);
    }
    HostNeed {
        id: running.host.into(),
        version: running.version,
        chosen,
        options: choices,
        facts: vec![counted(processors as usize, "processor", "processors"), running.instances_in_words()],
        datacenter: per_processors.then_some(datacenter),
        rules: Rules::of(&["A.5"]),
        at_least: running.processors.is_empty(),
    }
}
