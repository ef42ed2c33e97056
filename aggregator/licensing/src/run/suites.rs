//! Suites of licences for servers (rule G.8): one is a licence to run Windows Server and to manage with System Center, both on
//! the host that it is assigned to and neither elsewhere.

use std::{cmp::Reverse, collections::BTreeMap};

use super::{by_product, choice::HostNeed, stock::Stock, stock::suites};
use crate::{
    book::Needed,
    catalogue::Product,
    checked::Checked,
    estate::EstateError,
    owned::{Quantities, balance, owned},
    version::VersionName,
};

/// What is owned of each product once suites are on their hosts.
#[derive(Default)]
pub(super) struct Shares {
    /// By sku of a product, for those of which a suite is owned.
    pub owned: BTreeMap<String, Quantities>,
    /// By sku of a suite: in use, owned.
    pub suites: BTreeMap<String, (Quantities, Quantities)>,
}

/// What both products need of one kind of licence, for example `datacenter/core`.
struct Kind {
    windows: String,
    center: String,
    /// By sku, what is owned of each suite.
    suites: Vec<(String, Quantities)>,
    /// Owned of suites, as far as they are still free for hosts.
    free: Quantities,
    /// Owned of Windows Server alone.
    alone: Quantities,
}

/// Gives suites to the hosts that need both products first, then to those that lack Windows Server, then to those that lack
/// System Center. `to_run` is what is needed of Windows Server by sku, on hosts and elsewhere. One on a host that needs both does the work of two anywhere else, so nothing is better.
pub(super) fn share(
    checked: &Checked<'_>,
    stock: &Stock,
    (windows, to_run): (&[HostNeed<'_>], &BTreeMap<&str, Needed>),
    managed: &[HostNeed<'_>],
) -> Result<Shares, EstateError> {
    let mut shares = Shares::default();
    for kind in kinds(checked, stock) {
        let (windows_sku, center_sku, of_kind) = (kind.windows.clone(), kind.center.clone(), kind.suites.clone());
        let [of_windows, of_center, mut used] = kind.given(stock, (windows, to_run), managed)?;
        for (sku, owned) in of_kind {
            // whichever comes first: licences of one kind and version are alike
            let mut here = Quantities::new();
            for (version, count) in &owned {
                let left = used.entry(*version).or_default();
                let taken = (*left).min(*count);
                *left -= taken;
                more(&mut here, *version, taken);
            }
            shares.suites.insert(sku, (here, owned));
        }
        shares.owned.insert(windows_sku, of_windows);
        shares.owned.insert(center_sku, of_center);
    }
    Ok(shares)
}

/// A host that a Datacenter suite runs may be managed by it, too, if Standard is short for that.
pub(super) fn manage_under_datacenter(
    checked: &Checked<'_>,
    stock: &Stock,
    windows: &[HostNeed<'_>],
    managed: &mut [HostNeed<'_>],
) {
    for kind in kinds(checked, stock) {
        kind.manage_under_datacenter(stock, windows, managed);
    }
}

/// Whether a suite is owned.
pub(super) fn are_owned(checked: &Checked<'_>) -> bool {
    let ids: Vec<&str> = suites(checked.catalogue).collect();
    let is_suite = |sku: &str| sku.split_once('/').is_some_and(|(id, _)| ids.contains(&id));
    checked.estate.entitlements.iter().any(|entitlement| entitlement.quantity > 0 && is_suite(&entitlement.sku))
}

/// Of each kind of licence of which a suite is owned.
fn kinds(checked: &Checked<'_>, stock: &Stock) -> Vec<Kind> {
    let estate = checked.estate;
    let mut kinds: BTreeMap<&str, Vec<(String, Quantities)>> = BTreeMap::new();
    for id in suites(checked.catalogue) {
        for entitlement in &estate.entitlements {
            let rest = entitlement.sku.strip_prefix(id).and_then(|rest| rest.strip_prefix('/'));
            let Some(rest) = rest else { continue };
            let of_kind = kinds.entry(rest).or_default();
            if of_kind.iter().all(|(sku, _)| *sku != entitlement.sku) {
                of_kind.push((entitlement.sku.clone(), owned(estate, &entitlement.sku, |version| version)));
            }
        }
    }
    let of = |(rest, suites): (&str, Vec<(String, Quantities)>)| {
        let sku = |product: Product| format!("{}/{rest}", product.word());
        let (windows, center) = (sku(Product::WindowsServer), sku(Product::SystemCenter));
        let mut alone = stock.of_sku(&windows);
        let mut free = Quantities::new();
        for (version, count) in suites.iter().flat_map(|(_, owned)| owned) {
            // what went to virtual machines is not there any more
            let known = alone.entry(*version).or_default();
            let count = (*count).min(*known);
            *known -= count;
            more(&mut free, *version, count);
        }
        Kind { windows, center, suites, free, alone }
    };
    kinds.into_iter().map(of).collect()
}

impl Kind {
    /// What hosts need of both products, by version.
    fn both(&self, windows: &[HostNeed<'_>], managed: &[HostNeed<'_>]) -> Quantities {
        let mut run: BTreeMap<&str, (VersionName, u64)> = BTreeMap::new();
        for need in windows.iter().filter(|need| need.chosen.sku == self.windows) {
            run.insert(need.id, (need.version, need.chosen.count));
        }
        let mut both = Quantities::new();
        for need in managed.iter().filter(|need| need.chosen.sku == self.center) {
            if let Some(&(version, count)) = run.get(need.id) {
                more(&mut both, version.max(need.version), count.min(need.chosen.count));
            }
        }
        both
    }

    /// The host that needs most is helped first, then the newest; of these what they take under Datacenter and what runs them
    /// decides, so that names decide only between hosts alike.
    fn manage_under_datacenter(&self, stock: &Stock, windows: &[HostNeed<'_>], managed: &mut [HostNeed<'_>]) {
        let runs: BTreeMap<&str, (VersionName, u64)> = (windows.iter())
            .filter(|need| need.chosen.sku == self.windows)
            .map(|need| (need.id, (need.version, need.chosen.count)))
            .collect();
        let mut order: Vec<usize> = (0..managed.len())
            .filter(|&at| {
                let need = &managed[at];
                let other = need.datacenter.is_some_and(|choice| choice.sku == self.center);
                other && need.chosen.sku != self.center && runs.contains_key(need.id)
            })
            .collect();
        order.sort_by_key(|&at| {
            let need = &managed[at];
            let datacenter = need.datacenter.map(|choice| choice.count);
            let size = (Reverse(need.chosen.count), Reverse(need.version), need.chosen.sku, datacenter);
            (size, Reverse(runs.get(need.id)), need.id)
        });
        for at in order {
            let kept = managed[at].chosen;
            let mut standard = Quantities::new();
            for need in managed.iter().filter(|need| need.chosen.sku == kept.sku) {
                more(&mut standard, need.version, need.chosen.count);
            }
            let is_short = balance(&standard, &stock.of_sku(kept.sku)).iter().any(|line| line.short > 0);
            let Some(choice) = managed[at].datacenter.filter(|_| is_short) else { continue };
            managed[at].chosen = choice;
            if balance(&self.both(windows, managed), &self.free).iter().any(|line| line.short > 0) {
                managed[at].chosen = kept;
            } else {
                managed[at].facts.push("the Datacenter suite that runs it manages it, too (G.8)".into());
            }
        }
    }

    /// (owned of Windows Server, owned of System Center, suites used) with suites on their hosts.
    fn given(
        mut self,
        stock: &Stock,
        (windows, to_run): (&[HostNeed<'_>], &BTreeMap<&str, Needed>),
        managed: &[HostNeed<'_>],
    ) -> Result<[Quantities; 3], EstateError> {
        let both = self.both(windows, managed);
        let on_both = take(&both, &mut self.free);
        let mut of_windows = self.alone;
        let mut of_center = stock.of_sku(&self.center);
        let mut used = on_both.clone();
        let to_manage = by_product(managed)?;
        for (sku, products, owned) in
            [(&self.windows, to_run, &mut of_windows), (&self.center, &to_manage, &mut of_center)]
        {
            add(owned, &on_both);
            let needed = products.get(sku.as_str()).map_or_else(Quantities::new, |needed| needed.by_version.clone());
            let short = balance(&needed, owned).into_iter().map(|line| (line.version, line.short)).collect();
            let given = take(&short, &mut self.free);
            add(owned, &given);
            add(&mut used, &given);
        }
        Ok([of_windows, of_center, used])
    }
}

/// Takes what serves a need, the newest need first, the oldest that will do, and says what was taken.
fn take(needed: &Quantities, from: &mut Quantities) -> Quantities {
    let mut taken = Quantities::new();
    for (&version, &needed) in needed.iter().rev() {
        let mut open = needed;
        for (&of, left) in from.range_mut(version..) {
            let count = open.min(*left);
            open -= count;
            *left -= count;
            more(&mut taken, of, count);
        }
    }
    taken
}

fn add(to: &mut Quantities, more_of: &Quantities) {
    for (&version, &count) in more_of {
        more(to, version, count);
    }
}

fn more(to: &mut Quantities, version: VersionName, count: u64) {
    if count > 0 {
        let sum = to.entry(version).or_default();
        *sum = sum.saturating_add(count);
    }
}
