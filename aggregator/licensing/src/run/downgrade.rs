//! Datacenter licences owned and not needed elsewhere may cover a host that would need Standard ones that are not owned; never
//! the reverse (A.5).

use std::{cmp::Reverse, collections::BTreeMap};

use super::{choice::HostNeed, stock::Stock};
use crate::owned::{Quantities, balance};

/// What is needed of one product, with what is owned.
struct Product {
    needed: Quantities,
    owned: Quantities,
}

impl Product {
    fn of(stock: &Stock, needs: &[HostNeed<'_>], sku: &str) -> Self {
        let mut needed = Quantities::new();
        for need in needs.iter().filter(|need| need.chosen.sku == sku) {
            let sum = needed.entry(need.version).or_default();
            *sum = sum.saturating_add(need.chosen.count);
        }
        Self { needed, owned: stock.of_sku(sku) }
    }

    /// Short and surplus over all versions.
    fn state(&self) -> (u64, u64) {
        let lines = balance(&self.needed, &self.owned);
        lines.iter().fold((0, 0), |(short, surplus), line| {
            (short.saturating_add(line.short), surplus.saturating_add(line.surplus))
        })
    }
}

/// The host that needs most is helped first. Each step looks at versions, not at hosts: there may be thousands.
/// `beside` is what the same hosts need of another product, which suites may serve as well (G.8).
pub(crate) fn use_idle_datacenter(stock: &Stock, needs: &mut [HostNeed<'_>], beside: &[HostNeed<'_>]) {
    let mut pairs: Vec<(&str, &str)> = needs
        .iter()
        .filter_map(|need| Some((need.chosen.sku, need.datacenter?.sku)))
        .filter(|(chosen, datacenter)| chosen != datacenter && chosen.contains("/standard/"))
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    let beside: BTreeMap<&str, _> = beside
        .iter()
        .map(|need| {
            (need.id, (need.chosen.count, need.version, need.chosen.sku, need.datacenter.map(|other| other.count)))
        })
        .collect();
    for (standard_sku, datacenter_sku) in pairs {
        let mut standard = Product::of(stock, needs, standard_sku);
        let mut datacenter = Product::of(stock, needs, datacenter_sku);
        let (mut short, _) = standard.state();
        let (mut other_short, mut idle) = datacenter.state();
        let mut order: Vec<usize> = (0..needs.len()).filter(|&at| needs[at].chosen.sku == standard_sku).collect();
        // of equally large ones the newest, then the one that takes least of Datacenter, then the one that needs most beside;
        // the others are alike
        let least = |at: usize| needs[at].datacenter.map(|choice| (choice.sku, choice.count));
        order.sort_by_key(|&at| {
            let need = &needs[at];
            (Reverse(need.chosen.count), Reverse(need.version), least(at), Reverse(beside.get(need.id)))
        });
        for at in order {
            if short == 0 || idle == 0 {
                break;
            }
            let need = &needs[at];
            let Some(choice) = need.datacenter else { continue };
            if choice.sku != datacenter_sku || choice.count > idle {
                continue;
            }
            let (kept, chosen, version) = (need.chosen, choice, need.version);
            let move_over = |from: &mut Product, less: u64, to: &mut Product, more: u64| {
                if let Some(sum) = from.needed.get_mut(&version) {
                    *sum = sum.saturating_sub(less);
                    if *sum == 0 {
                        from.needed.remove(&version);
                    }
                }
                let sum = to.needed.entry(version).or_default();
                *sum = sum.saturating_add(more);
            };
            move_over(&mut standard, kept.count, &mut datacenter, chosen.count);
            let (new_short, (new_other, new_idle)) = (standard.state().0, datacenter.state());
            if new_other > other_short || new_short >= short {
                move_over(&mut datacenter, chosen.count, &mut standard, kept.count);
            } else {
                (short, other_short, idle) = (new_short, new_other, new_idle);
                needs[at].chosen = chosen;
                needs[at].facts.push("idle Datacenter licences owned cover it".into());
            }
        }
    }
}
