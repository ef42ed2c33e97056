//! What must be covered in one family as the optimiser of bundles takes it: pairs and numbers, no versions.

use crate::{cal::demand::Demand, optimise, version::VersionName};

/// Between ranks, which go by name, and places, which do not.
pub(crate) struct Places {
    pub of_rank: Vec<u32>,
    pub rank_at: Vec<u32>,
}

impl Places {
    /// `places` by index into the estate.
    pub fn of(index: &[u32], places: &[u32]) -> Self {
        let of_rank: Vec<u32> = index.iter().map(|&index| places[index as usize]).collect();
        let mut rank_at = vec![0; of_rank.len()];
        of_rank.iter().zip(0..).for_each(|(&place, rank)| rank_at[place as usize] = rank);
        Self { of_rank, rank_at }
    }
}

/// What must be covered in one family; people who share an account can hold no suite.
#[derive(PartialEq, Eq)]
pub(crate) struct Need {
    pairs: Vec<(u32, u32)>,
    forced_users: Vec<u32>,
    forced_devices: Vec<u32>,
    /// Whether there are such people.
    pub left_out: bool,
}

impl Need {
    pub fn of(demand: &Demand) -> Self {
        let alone = |person: u32| demand.heads_of(person) == 1;
        let mut need = Self::relaxed(demand);
        let all = need.pairs.len() + need.forced_users.len();
        need.pairs.retain(|&(person, _)| alone(person));
        need.forced_users.retain(|&person| alone(person));
        need.left_out = need.pairs.len() + need.forced_users.len() < all;
        need
    }

    /// The same with people who share an account counted as one person each, which is never dearer.
    pub fn relaxed(demand: &Demand) -> Self {
        let forced = |side: &[Option<VersionName>]| -> Vec<u32> {
            (0..).zip(side).filter(|(_, forced)| forced.is_some()).map(|(rank, _)| rank).collect()
        };
        Self {
            pairs: demand.pairs.iter().map(|pair| (pair.person, pair.device)).collect(),
            forced_users: forced(&demand.forced_people),
            forced_devices: forced(&demand.forced_devices),
            left_out: false,
        }
    }

    /// Users or devices in it, in any order and more than once.
    pub fn members(&self, holder: optimise::Holder) -> impl Iterator<Item = u32> + '_ {
        let of_users = holder == optimise::Holder::User;
        let forced = if of_users { &self.forced_users } else { &self.forced_devices };
        self.pairs.iter().map(move |&(user, device)| if of_users { user } else { device }).chain(forced.iter().copied())
    }

    /// The same by other numbers.
    pub fn renumbered(self, people: &[u32], devices: &[u32]) -> Self {
        let of = |side: Vec<u32>, places: &[u32]| {
            let mut found: Vec<u32> = side.into_iter().map(|rank| places[rank as usize]).collect();
            found.sort_unstable();
            found
        };
        let pairs = self.pairs.into_iter().map(|(person, device)| (people[person as usize], devices[device as usize]));
        let mut pairs: Vec<(u32, u32)> = pairs.collect();
        pairs.sort_unstable();
        Self {
            pairs,
            forced_users: of(self.forced_users, people),
            forced_devices: of(self.forced_devices, devices),
            left_out: self.left_out,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty() && self.forced_users.is_empty() && self.forced_devices.is_empty() && !self.left_out
    }

    pub fn as_family(&self) -> optimise::Family<'_> {
        optimise::Family { pairs: &self.pairs, forced_users: &self.forced_users, forced_devices: &self.forced_devices }
    }
}
