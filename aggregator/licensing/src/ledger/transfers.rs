//! Who gets which licence (rules 0.4, E.29): nothing more is bought than the mix to choose asks for, licences stay where they
//! are as far as that allows, free ones are handed out before others move, and only what may move does.
//!
//! A need takes any licence of its version or newer. So of the needs and the licences from a version on only the numbers
//! matter: as many must be bought as the largest lack of any version says. A licence that stays with a holder who needs less
//! than it is worth lacks for the versions in between; as many stay as those lacks have room for.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use jiff::civil::Date;

use super::{Held, Holder, reclaim::free_on, wanted::Wanted};
use crate::{
    assessment::{CalHolder, Transfer, Transfers},
    checked::Checked,
    version::VersionName,
};

/// A licence of one side: held, or free.
#[derive(Debug, Clone, Copy)]
struct Licence<'l> {
    version: VersionName,
    entitlement: u32,
    held: Option<&'l Held<'l>>,
    /// Of a held one: the place of its holder in the estate, if it is there.
    holder: Option<u32>,
    /// When it may move; `None`: now.
    free_on: Option<Date>,
}

/// The transfers of a family; `None` if nobody knows who holds its licences.
pub(crate) fn transfers(checked: &Checked<'_>, wanted: &Wanted) -> Option<Transfers> {
    let sku = |held: &Held<'_>| &checked.estate.entitlements[held.entitlement as usize].sku;
    if !wanted.is_single || !checked.ledger.held.iter().any(|held| wanted.skus.contains(sku(held))) {
        return None;
    }
    let sides = [0, 1].map(|side| licences(checked, wanted, side));
    let mut found = Transfers { cal: wanted.family.clone(), keep: 0, transfers: Vec::new(), buy: Vec::new() };
    for (kind, licences) in sides.into_iter().enumerate() {
        Side { checked, wanted, kind, licences }.plan(&mut found);
    }
    Some(found)
}

/// All licences of a side, in an order that the estate's does not change.
fn licences<'l>(checked: &'l Checked<'_>, wanted: &Wanted, side: usize) -> Vec<Licence<'l>> {
    let estate = checked.estate;
    let mut found = Vec::new();
    let mut named = vec![0_u64; estate.entitlements.len()];
    for held in &checked.ledger.held {
        named[held.entitlement as usize] += 1;
        let entitlement = &estate.entitlements[held.entitlement as usize];
        if entitlement.sku == wanted.skus[side] {
            let holder = match (side, held.holder) {
                (0, Holder::Person(at)) | (1, Holder::Device(at)) => Some(at),
                _ => None,
            };
            found.push(Licence {
                version: wanted.version_of(checked, entitlement),
                entitlement: held.entitlement,
                held: Some(held),
                holder,
                free_on: free_on(checked, held),
            });
        }
    }
    // no more free ones than there are needs at all
    let most = wanted.needs[side].len() as u64;
    for ((entitlement, at), named) in estate.entitlements.iter().zip(0..).zip(named) {
        if entitlement.sku == wanted.skus[side] {
            let version = wanted.version_of(checked, entitlement);
            let free = entitlement.quantity.saturating_sub(named).min(most);
            let one = Licence { version, entitlement: at, held: None, holder: None, free_on: None };
            found.extend((0..free).map(|_| one));
        }
    }
    found.sort_by_cached_key(|licence| {
        let entitlement = &estate.entitlements[licence.entitlement as usize];
        (licence.version, &entitlement.id, entitlement.version, licence.held.map(|held| held.number))
    });
    found
}

/// Licences to be handed out, by version and by the day from which they may move.
#[derive(Default)]
struct Pool {
    by_version: BTreeMap<VersionName, BTreeSet<(Option<Date>, usize)>>,
}

impl Pool {
    /// One that serves `need`: the first to be free, of these the oldest.
    fn take(&mut self, need: VersionName) -> Option<usize> {
        let fronts = self.by_version.range(need..).filter_map(|(version, of)| Some((of.first()?.0, *version)));
        let (_, version) = fronts.min()?;
        self.by_version.get_mut(&version)?.pop_first().map(|(_, at)| at)
    }
}

/// One kind of licences of a family.
struct Side<'l, 'a> {
    checked: &'l Checked<'a>,
    wanted: &'l Wanted,
    /// People or devices.
    kind: usize,
    licences: Vec<Licence<'l>>,
}

impl Side<'_, '_> {
    fn plan(&self, to: &mut Transfers) {
        let needs = &self.wanted.needs[self.kind];
        let mut taken = vec![false; self.licences.len()];
        let mut served = vec![false; needs.len()];
        // whoever needs one and has one that will do: first those that may not move, then the oldest
        let mut own: Vec<Option<usize>> = vec![None; needs.len()];
        for (at, licence) in self.licences.iter().enumerate() {
            let Some(holder) = licence.holder.map(|holder| holder as usize) else { continue };
            if needs[holder].is_some_and(|need| licence.version >= need) {
                let better = own[holder].is_none_or(|other| {
                    (licence.free_on.is_none(), licence.version)
                        < (self.licences[other].free_on.is_none(), self.licences[other].version)
                });
                if better {
                    own[holder] = Some(at);
                }
            }
        }
        let mut keep = |holder: usize, licence: usize, taken: &mut [bool], served: &mut [bool]| {
            (taken[licence], served[holder]) = (true, true);
            to.keep += 1;
        };
        for (holder, own) in own.iter().enumerate() {
            if let Some(own) = own.filter(|&own| self.licences[own].free_on.is_some()) {
                keep(holder, own, &mut taken, &mut served);
            }
        }
        for (holder, licence) in self.kept(&own, &taken, &served) {
            keep(holder, licence, &mut taken, &mut served);
        }

        let mut open: Vec<usize> = (0..needs.len()).filter(|&at| needs[at].is_some() && !served[at]).collect();
        let rank = self.ranks();
        open.sort_by_key(|&at| (Reverse(needs[at]), rank[at]));
        for (is_free, waits) in [(true, false), (false, false), (false, true)] {
            let mut pool = Pool::default();
            for (at, licence) in self.licences.iter().enumerate() {
                if !taken[at] && licence.held.is_none() == is_free && licence.free_on.is_some() == waits {
                    pool.by_version.entry(licence.version).or_default().insert((licence.free_on, at));
                }
            }
            let mut rest = Vec::new();
            for at in open {
                let chosen = needs[at].and_then(|need| pool.take(need));
                if let Some(chosen) = chosen {
                    taken[chosen] = true;
                    to.transfers.push(self.transfer(&self.licences[chosen], Some(at)));
                }
                // what may move later does not help now
                if chosen.is_none() || waits {
                    rest.push(at);
                }
            }
            open = rest;
        }
        open.sort_by_key(|&at| rank[at]);
        to.buy.extend(
            open.into_iter()
                .filter_map(|at| Some(CalHolder { id: self.id(at), needed: needs[at]?, owned: None, count: 1 })),
        );
        let idle = self.licences.iter().zip(&taken).filter(|(licence, taken)| !**taken && licence.held.is_some());
        to.transfers.extend(idle.map(|(licence, _)| self.transfer(licence, None)));
    }

    /// Holders and their own licences: as many as can stay without more having to be bought.
    fn kept(&self, own: &[Option<usize>], taken: &[bool], served: &[bool]) -> Vec<(usize, usize)> {
        let needs = &self.wanted.needs[self.kind];
        let mut stay: Vec<(usize, usize)> =
            own.iter().enumerate().filter(|(at, _)| !served[*at]).filter_map(|(at, own)| Some((at, (*own)?))).collect();
        // what lacks from each version on
        let lack = VersionName::ALL.map(|version| {
            let needed = needs.iter().zip(served).filter(|(need, served)| **need >= Some(version) && !**served).count();
            let has = |(licence, taken): &(&Licence<'_>, &bool)| {
                licence.version >= version && licence.free_on.is_none() && !**taken
            };
            let owned = self.licences.iter().zip(taken).filter(has).count();
            (needed, owned)
        });
        let bought = lack.iter().map(|(needed, owned)| needed.saturating_sub(*owned)).max().unwrap_or(0);
        let rank = self.ranks();
        for (version, (needed, owned)) in VersionName::ALL.into_iter().zip(lack) {
            let spans = |&(holder, licence): &(usize, usize)| {
                needs[holder] < Some(version) && self.licences[licence].version >= version
            };
            let mut spanning: Vec<(usize, usize)> = stay.iter().copied().filter(spans).collect();
            let room = (bought + owned).saturating_sub(needed);
            if spanning.len() > room {
                // those that lack in the most versions to come go first
                spanning.sort_by_key(|&(holder, licence)| (self.licences[licence].version, rank[holder]));
                let mut gone = spanning.split_off(room);
                gone.sort_unstable();
                stay.retain(|one| gone.binary_search(one).is_err());
            }
        }
        stay
    }

    fn ranks(&self) -> &[u32] {
        if self.kind == 0 { &self.checked.people.rank } else { &self.checked.devices.rank }
    }

    fn id(&self, at: usize) -> String {
        let estate = self.checked.estate;
        if self.kind == 0 { estate.people[at].id.clone() } else { estate.devices[at].id.clone() }
    }

    fn transfer(&self, licence: &Licence<'_>, to: Option<usize>) -> Transfer {
        let estate = self.checked.estate;
        let entitlement = &estate.entitlements[licence.entitlement as usize];
        let from = licence.held.map(|held| match held.holder {
            Holder::Person(at) => estate.people[at as usize].id.clone(),
            Holder::Device(at) => estate.devices[at as usize].id.clone(),
            Holder::Host(at) => estate.hosts[at as usize].id.clone(),
            Holder::Server(at) => estate.servers[at as usize].id.clone(),
            Holder::Unknown(name) => name.to_owned(),
        });
        Transfer {
            sku: entitlement.sku.clone(),
            version: entitlement.version,
            entitlement: entitlement.id.clone(),
            number: licence.held.map(|held| held.number),
            from,
            to: to.map(|at| self.id(at)),
            day: licence.free_on,
        }
    }
}
