//! Licences bought with the hardware stay with their first server (rule C.24).

use std::collections::BTreeMap;

use super::{
    choice::HostNeed,
    stock::{Stock, is_assured},
};
use crate::{
    catalogue::Product,
    checked::Checked,
    draft::Draft,
    estate::{Channel, Entitlement},
    position::Reclaim,
    version::VersionName,
};

/// Lets OEM licences serve the hosts that they are assigned to and no others.
pub(super) fn stay(checked: &Checked<'_>, needs: &mut [HostNeed<'_>], stock: &mut Stock, draft: &mut Draft<'_>) {
    let tied = tied(checked);
    if tied.is_empty() {
        return;
    }
    let free = tied.iter().filter(|entitlement| checked.ledger.assigned_to(entitlement).is_empty());
    draft.warnings.about(free.map(|entitlement| entitlement.sku.as_str()), |count, list| {
        format!(
            "OEM licences of {count} product(s) stay with their first server, and nobody says which that is, so they count \
             for any (C.24): name it in `assigned_to`: {list}"
        )
    });
    for (entitlement, names, left) in tie(checked, needs, stock) {
        draft.reclaim.push(Reclaim {
            sku: entitlement.sku.clone(),
            version: entitlement.version.name().to_owned(),
            quantity: left,
            from: names.iter().take(5).copied().collect::<Vec<_>>().join(", "),
            why: "OEM licences that their server does not use, and that no other server may (C.24)".into(),
            rules: vec!["C.24".into()],
            ..Reclaim::default()
        });
    }
}

/// OEM licences to run Windows Server.
fn tied<'c>(checked: &'c Checked<'_>) -> Vec<&'c Entitlement> {
    (checked.estate.entitlements.iter())
        .filter(|entitlement| entitlement.channel == Channel::Oem && entitlement.quantity > 0)
        .filter(|entitlement| checked.catalogue.rights_of(Product::WindowsServer).any(|row| row.sku == entitlement.sku))
        .collect()
}

/// Takes licences out of the stock that the hosts they are assigned to do not use: which, the names of these hosts, how many.
pub(super) fn tie<'c>(
    checked: &'c Checked<'_>,
    needs: &mut [HostNeed<'_>],
    stock: &mut Stock,
) -> Vec<(&'c Entitlement, Vec<&'c str>, u64)> {
    let estate = checked.estate;
    let mut idle = Vec::new();
    let mut by_id: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, need) in needs.iter().enumerate() {
        by_id.entry(need.id).or_default().push(at);
    }
    // what each need still wants of the licences tied to its host
    let mut open: Vec<u64> = needs.iter().map(|need| need.chosen.count).collect();
    let named = tied(checked).into_iter().map(|entitlement| (entitlement, checked.ledger.assigned_to(entitlement)));
    let mut order: Vec<_> = named.filter(|(_, names)| !names.is_empty()).collect();
    order.sort_by(|one, two| {
        let key = |(entitlement, names): &(&'_ Entitlement, Vec<&str>)| {
            (entitlement.sku.clone(), entitlement.version, names.join("\0"), entitlement.quantity)
        };
        key(one).cmp(&key(two))
    });
    for (entitlement, names) in order {
        let counts_as = if is_assured(estate, entitlement) { VersionName::NEWEST } else { entitlement.version };
        let mut left = entitlement.quantity;
        for name in &names {
            for &at in by_id.get(name).map_or(&[][..], Vec::as_slice) {
                let need = &mut needs[at];
                if need.version > counts_as {
                    continue;
                }
                // what Standard needs, Datacenter may cover on the very host
                if let Some(datacenter) = need.datacenter
                    && datacenter.sku == entitlement.sku
                    && need.chosen.sku != datacenter.sku
                    && datacenter.count <= left
                {
                    need.chosen = datacenter;
                    open[at] = datacenter.count;
                }
                if need.chosen.sku == entitlement.sku {
                    let used = open[at].min(left);
                    open[at] -= used;
                    left -= used;
                }
            }
        }
        if left > 0 {
            stock.leave_out(&entitlement.sku, counts_as, left);
            idle.push((entitlement, names, left));
        }
    }
    idle
}
