//! The families that suites without a name may serve, what must be covered in them, and the suites.

use super::{
    super::suites::{Group, Suites},
    needs::Places,
    plan::Reading,
};
use crate::{
    cal::{
        additive,
        basis::{AdministratorRule, Basis, Held, SetsApart, is_printer},
        connectors::may_be_chosen,
        demand::Demand,
        family::Family,
        servers::Need as Served,
        windows,
    },
    checked::Checked,
    estate::Accesses,
    findings::Rules,
    optimise::Holder,
    version::VersionName,
};

/// All families: the base CAL first, then the others in their order.
#[derive(Clone, Copy)]
pub(crate) struct Grounds<'g, 'a> {
    pub base: &'g windows::Ground<'a>,
    pub others: &'g [additive::Ground<'a>],
}

impl<'g, 'a> Grounds<'g, 'a> {
    pub fn checked(self) -> &'a Checked<'a> {
        self.base.checked
    }

    fn count(self) -> usize {
        1 + self.others.len()
    }

    pub fn family(self, at: usize) -> &'g Family<'a> {
        at.checked_sub(1).map_or(&self.base.family, |other| &self.others[other].used.family)
    }

    pub fn families(self) -> impl Iterator<Item = &'g Family<'a>> {
        (0..self.count()).map(move |at| self.family(at))
    }

    pub fn basis<'b>(self, at: usize, held: &'b Held, connected: &'b [bool]) -> Basis<'b>
    where
        'g: 'b,
    {
        match at.checked_sub(1) {
            None => self.base.basis(&self.base.checked.estate.policy, held, connected),
            Some(other) => self.others[other].basis(held, connected),
        }
    }
}

/// What is to be decided.
pub(super) struct Problem<'g, 'a> {
    pub grounds: Grounds<'g, 'a>,
    /// Families that somebody's suite may change, as positions among all.
    pub touched: Vec<usize>,
    /// Suites to give; what they cover is by touched family.
    pub groups: Vec<Group>,
    /// What is left once those named are covered, by touched family.
    actual: Vec<Demand>,
    /// The part of it that nothing but CALs and suites can cover, where that is less.
    least: Vec<Option<Demand>>,
    /// By touched family: the oldest version that any server reached needs.
    pub oldest: Vec<Option<VersionName>>,
    /// Whether nothing but CALs and suites can cover anything.
    pub is_plain: bool,
    /// People and devices in an order that names do not decide.
    pub places: [Places; 2],
}

impl<'g, 'a> Problem<'g, 'a> {
    /// `None` if no suite could serve anything.
    pub fn of(grounds: Grounds<'g, 'a>, suites: &Suites<'_>) -> Option<Self> {
        let checked = grounds.checked();
        let mut demands: Vec<Demand> = Vec::new();
        for at in 0..grounds.count() {
            let held = suites.held(checked, grounds.family(at), false);
            demands.push(Demand::of(&grounds.basis(at, &held, &[])));
        }
        let is_open = |demand: &Demand| !demand.pairs.is_empty() || demand.has_forced();
        let free = suites.groups(checked, &grounds.families().collect::<Vec<_>>());
        let is_covered = |at: usize| is_open(&demands[at]) && free.iter().any(|group| group.covers[at].is_some());
        let by_connector: Vec<bool> = grounds.families().map(|family| may_be_chosen(checked, family)).collect();
        // E.25: connectors of one family may bring those of another
        let coupled = (0..grounds.count()).any(|at| is_covered(at) && by_connector[at]);
        let touched: Vec<usize> =
            (0..grounds.count()).filter(|&at| is_covered(at) || (coupled && by_connector[at])).collect();
        if !touched.iter().any(|&at| is_covered(at)) {
            return None;
        }
        let least: Vec<Option<Demand>> = touched
            .iter()
            .map(|&at| {
                let held = suites.held(checked, grounds.family(at), false);
                least_demand(&grounds.basis(at, &held, &[]), by_connector[at])
            })
            .collect();
        let actual: Vec<Demand> =
            (0..).zip(demands).filter(|(at, _)| touched.contains(at)).map(|(_, demand)| demand).collect();
        let same = |(actual, least): (&Demand, &Option<Demand>)| {
            least.as_ref().is_none_or(|least| {
                actual.pairs == least.pairs
                    && actual.forced_people == least.forced_people
                    && actual.forced_devices == least.forced_devices
            })
        };
        let is_plain = actual.iter().zip(&least).all(same);
        let oldest = touched.iter().map(|&at| oldest(&grounds.basis(at, &Held::default(), &[]))).collect();
        let standing = checked.standing();
        let places = [
            Places::of(&checked.people.index, &standing.people),
            Places::of(&checked.devices.index, &standing.devices),
        ];
        let families: Vec<&Family<'_>> = touched.iter().map(|&at| grounds.family(at)).collect();
        let groups = suites.groups(checked, &families);
        Some(Self { grounds, touched, groups, actual, least, oldest, is_plain, places })
    }

    pub fn checked(&self) -> &'a Checked<'a> {
        self.grounds.checked()
    }

    /// By position among those touched.
    pub fn family(&self, at: usize) -> &'g Family<'a> {
        self.grounds.family(self.touched[at])
    }

    /// What must be covered, by touched family.
    pub fn demands(&self, reading: Reading) -> impl Iterator<Item = &Demand> {
        self.actual.iter().zip(&self.least).map(move |(actual, least)| match (reading, least) {
            (Reading::Loose, Some(least)) => least,
            _ => actual,
        })
    }

    /// Whether nobody else stands behind the account.
    pub fn is_alone(&self, person: u32) -> bool {
        self.actual[0].heads_of(person) == 1
    }

    /// Pairs in all families.
    pub fn size(&self) -> usize {
        self.actual.iter().map(|demand| demand.pairs.len()).sum()
    }

    /// Whom a suite of the group could serve, by rank, in an order that names do not decide.
    pub fn candidates(&self, group: &Group) -> Vec<u32> {
        let [people, devices] = &self.places;
        let of_users = group.holder == Holder::User;
        let places = if of_users { people } else { devices };
        let covered = self.actual.iter().zip(&group.covers).filter(|(_, covers)| covers.is_some());
        let mut found: Vec<u32> = covered
            .flat_map(|(demand, _)| super::needs::Need::relaxed(demand).members(group.holder).collect::<Vec<_>>())
            .filter(|&rank| !of_users || self.is_alone(rank))
            .map(|rank| places.of_rank[rank as usize])
            .collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|place| places.rank_at[place as usize]).collect()
    }
}

/// The part of the demand that stands whoever holds a suite: without everybody who could be exempt as an administrator, whom a
/// connector could serve, or whose host leaves a choice otherwise; `None` if nobody is.
fn least_demand(basis: &Basis<'_>, by_connector: bool) -> Option<Demand> {
    let administration = basis.accesses.flags.iter().any(|flags| flags & Accesses::ADMINISTRATION != 0);
    if !administration && !by_connector && !basis.has_modes {
        return None;
    }
    let all = |rule: AdministratorRule| AdministratorRule { most: if rule.most == 0 { 0 } else { u32::MAX }, ..rule };
    let basis = Basis {
        administrators: basis.administrators.map(all),
        has_modes: false,
        sets_apart: if by_connector { SetsApart::Externals } else { SetsApart::Nothing },
        rules: Rules::default(),
        ..*basis
    };
    let mut demand = Demand::of(&basis);
    // E.14: a printer whose users are left out here may need none of its own
    let estate = basis.checked.estate;
    for (device, &rank) in estate.devices.iter().zip(&basis.checked.devices.rank) {
        if is_printer(device) {
            demand.forced_devices[rank as usize] = None;
        }
    }
    Some(demand)
}

/// The oldest version that any server reached needs.
fn oldest(basis: &Basis<'_>) -> Option<VersionName> {
    let mut reached = vec![false; basis.needs.len()];
    basis.accesses.server.iter().for_each(|&at| reached[at as usize] = true);
    let needs = basis.needs.iter().zip(reached).filter(|(_, reached)| *reached);
    let versions = needs.filter_map(|(need, _)| match need {
        Served::Cal(cal) => Some(*cal),
        Served::Nothing(_) => None,
    });
    versions.min()
}
