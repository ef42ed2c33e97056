//! Licences by physical core: Windows Server 2016 and later (section C of the rules).

use super::{
    Choice, HostNeed, Product, cheapest,
    host::{Edition, Running},
};
use crate::{estate::Estate, findings::Rules};

/// C.1: both minima apply, 8 cores per processor and 16 per server. Without known processors the least possible.
pub(crate) fn set(processors: &[u32]) -> u64 {
    processors.iter().map(|&cores| u64::from(cores.max(8))).sum::<u64>().max(16)
}

/// What the host needs under Standard stacks or under Datacenter; remembers it in `unpriced` if prices would be needed to
/// tell which is cheaper.
pub(super) fn need<'a>(estate: &Estate, running: &Running<'a>, unpriced: &mut Vec<&'a str>) -> HostNeed {
    let set = set(running.processors);
    let instances = running.instances();
    let datacenter = Choice { product: Product::DatacenterCore, count: set };
    // C.6: each full set of Standard covers two instances, of the whole server and not per 16 cores
    let standard = Choice { product: Product::StandardCore, count: set * instances.div_ceil(2) };

    let mut rules = Rules::of(&["C.1", "C.6", "C.11"]);
    if running.physical && running.only_machines && running.machines > 0 {
        rules.add("C.7");
    }
    if running.physical && running.machines == 0 {
        rules.add("C.8");
    }
    let mut options = vec![datacenter];
    let chosen = if running.edition == Edition::Datacenter {
        // what runs is Datacenter, which a Standard licence does not allow
        datacenter
    } else {
        rules.add("C.19");
        options.insert(0, standard);
        let (chosen, without_price) = cheapest(estate, &[standard, datacenter]);
        if without_price && instances > 2 {
            unpriced.push(running.host);
        }
        chosen
    };
    HostNeed {
        id: running.host.into(),
        version: running.version,
        chosen,
        options,
        facts: vec![cores_in_words(running.processors, set), running.instances_in_words()],
        datacenter: Some(datacenter),
        rules,
        at_least: running.processors.is_empty(),
    }
}

fn cores_in_words(processors: &[u32], set: u64) -> String {
    if processors.is_empty() {
        return format!("its processors are not known: at least {set} cores");
    }
    let cores: Vec<String> = processors.iter().map(u32::to_string).collect();
    format!(
        "processors of {} cores: the whole server is licensed for {set} cores, at least 8 per processor and 16 in all",
        cores.join(" + ")
    )
}
