//! The eight questions answered from evidence, and the recommendation that the cheapest mix is.
//!
//! Counts accesses that need a CAL only; what an estate cannot tell, the future above all, stays open.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::decide::{Answers, Counted, DISCLAIMER, Have, Kind, Recommendation, Recommended, considerations};
use crate::{
    assess::base_cals,
    assessment::Assessment,
    cal::Counted as Base,
    catalogue::Catalogue,
    checked::Checked,
    estate::{Estate, EstateError},
    findings::counted,
    prices::UnitPrice,
};

const USER_CAL: &str = "windows-server-cal/user";
const DEVICE_CAL: &str = "windows-server-cal/device";

/// Answers with what they rest on, and what follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The answers.
    pub answers: Answers,
    /// For each of the eight questions what its answer rests on, a sentence without a full stop.
    pub because: Vec<String>,
    /// The cheapest mix as a recommendation; costs in minor units.
    pub recommendation: Recommendation,
}

/// Which people and devices use each other.
struct Used {
    /// Per person: whether it has a device nobody else used, and whether it used one that others used too; `None`: no
    /// access that needs a CAL.
    people: Vec<Option<(bool, bool)>>,
    /// Per person the number of human beings behind it.
    heads: Vec<u64>,
    /// Per device the number of people.
    devices: Vec<u32>,
    /// People and devices that must hold a CAL of their own whatever the mix (E.28).
    forced: [u64; 2],
    /// Devices used by people or on their own.
    active_devices: u64,
}

impl Used {
    fn of(base: &Base) -> Self {
        let demand = &base.demand;
        let heads: Vec<u64> =
            (0..demand.forced_people.len()).map(|rank| demand.heads.get(rank).copied().unwrap_or(1)).collect();
        let mut devices = vec![0_u32; demand.forced_devices.len()];
        for pair in &demand.pairs {
            devices[pair.device as usize] += 1;
        }
        let mut people: Vec<Option<(bool, bool)>> =
            demand.forced_people.iter().map(|forced| forced.map(|_| (false, false))).collect();
        for pair in &demand.pairs {
            let (own, shared) = people[pair.person as usize].get_or_insert((false, false));
            *(if devices[pair.device as usize] == 1 { own } else { shared }) = true;
        }
        let forced_people = demand.forced_people.iter().zip(&heads).filter(|(forced, _)| forced.is_some());
        let forced_people = forced_people.map(|(_, heads)| *heads).fold(0, u64::saturating_add);
        let forced = [forced_people, demand.forced_devices.iter().flatten().count() as u64];
        let active =
            devices.iter().zip(&demand.forced_devices).filter(|(count, forced)| **count > 0 || forced.is_some());
        let active_devices = active.count() as u64;
        Self { people, heads, devices, forced, active_devices }
    }
}

/// What the evidence of an estate says; `given` holds the answers that no evidence can tell: 2 if nothing is entered,
/// 5 and 6.
pub fn evidence(
    estate: &Estate,
    catalogue: &Catalogue,
    assessment: &Assessment,
    given: &Answers,
) -> Result<Evidence, EstateError> {
    let checked = Checked::of(estate, catalogue)?;
    let base = base_cals(estate, catalogue)?;
    let used = Used::of(&base);

    let of = |wanted: fn(&(bool, bool)) -> bool| -> u64 {
        let people = used.people.iter().zip(&used.heads).filter(|(one, _)| one.as_ref().is_some_and(wanted));
        people.map(|(_, heads)| *heads).fold(0, u64::saturating_add)
    };
    let (users, own, on_shared) = (of(|_| true), of(|one| one.0), of(|one| one.1));
    let shared_devices = used.devices.iter().filter(|&&count| count > 1).count() as u64;
    let unmatched = estate.devices.iter().filter(|device| device.unresolved).count();
    let kinds = kinds(&checked, &base, &used, own);
    let have = given.have.filter(|_| owns_no_cal(estate)).unwrap_or_else(|| have(estate));
    let counted_well = given.counted_well.unwrap_or(unmatched == 0);
    let answers = Answers {
        users: Some(users),
        have: Some(have),
        unshared_percent: Some(percent(own, users)),
        kinds,
        counted_well: Some(counted_well),
        will_grow: given.will_grow,
        shared_percent: Some(percent(on_shared, users)),
        shared_devices: Some(shared_devices),
        user_price: None,
        device_price: None,
    };
    let people = |count: u64| counted(count as usize, "person", "people");
    let as_given = |is_given: bool, text: String| if is_given { "as you answered".to_owned() } else { text };
    let because = vec![
        format!("{} reached a server that needs a CAL within the window", people(users)),
        as_given(given.have.is_some() && owns_no_cal(estate), owned_in_words(estate)),
        format!("{} used a device that nobody else used", people(own)),
        if answers.kinds.is_empty() {
            "the kinds of their devices are not known".into()
        } else {
            format!("the kinds of the devices of these {}", people(own))
        },
        as_given(
            given.counted_well.is_some(),
            match unmatched {
                0 => "every address was matched with a device".into(),
                some => format!("{} not matched with a device", counted(some, "address is", "addresses are")),
            },
        ),
        as_given(given.will_grow.is_some(), "no evidence tells the future: answer it yourself".into()),
        format!("{} used a device that others used too", people(on_shared)),
        format!("{} used by two or more people", counted(shared_devices as usize, "device was", "devices were")),
    ];
    let recommendation = recommendation(estate, assessment, &answers, users, &used)?;
    Ok(Evidence { answers, because, recommendation })
}

fn recommendation(
    estate: &Estate,
    assessment: &Assessment,
    answers: &Answers,
    users: u64,
    used: &Used,
) -> Result<Recommendation, EstateError> {
    let prices = UnitPrice::of(estate, USER_CAL).zip(UnitPrice::of(estate, DEVICE_CAL));
    let with_cost = |users: u64, devices: u64| -> Result<Counted, EstateError> {
        let cost = prices.map(|(user, device)| Ok(user.cost(users)?.saturating_add(device.cost(devices)?)));
        Ok(Counted { users, devices, cost: cost.transpose()? })
    };
    let needed = |sku: &str| -> u64 {
        assessment.position.lines.iter().filter(|line| line.sku == sku).map(|line| line.needed).sum()
    };
    let best = with_cost(needed(USER_CAL), needed(DEVICE_CAL))?;
    // what acted on its own, or from nowhere known, is covered by itself only
    let all_user = with_cost(users, used.forced[1])?;
    let all_device = with_cost(used.forced[0], used.active_devices)?;
    let recommended = match (best.users, best.devices) {
        (_, 0) => Recommended::UserCals,
        (0, _) => Recommended::DeviceCals,
        _ => Recommended::Mix,
    };
    let mut reason = format!(
        "{} and {} cover every access, out of {} and {} that were seen",
        counted(best.users as usize, "User CAL", "User CALs"),
        counted(best.devices as usize, "Device CAL", "Device CALs"),
        counted(users as usize, "person", "people"),
        counted(used.active_devices as usize, "device", "devices"),
    );
    if assessment.position.optimum.proven {
        reason += if prices.is_some() { "; no mix is cheaper" } else { "; no mix has fewer CALs" };
        reason += ", which is proven (E.28)";
    }
    let mut next_steps =
        vec!["look at the whole position with `caliper plan`: what is owned is set against it there".to_owned()];
    if prices.is_none() {
        next_steps.push("give the prices you pay for User and Device CALs: here they count the same".into());
    } else {
        next_steps.push("see with `caliper plan --curve` at which prices another mix would be the cheapest".into());
    }
    if !assessment.position.warnings.is_empty() {
        next_steps.push("read the warnings of the position: they say what is not known yet".into());
    }
    Ok(Recommendation {
        recommended,
        counted: best,
        all_user,
        all_device,
        smaller: users.min(used.active_devices),
        larger: users.max(used.active_devices),
        reason,
        considerations: considerations(answers, recommended, false),
        next_steps,
        disclaimer: DISCLAIMER.into(),
    })
}

/// Of those with a device nobody else used: how many of a hundred have one of each kind that is known.
fn kinds(checked: &Checked<'_>, base: &Base, used: &Used, own: u64) -> Vec<Kind> {
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    let mut counted: Vec<(u32, &str)> = Vec::new();
    for pair in base.demand.pairs.iter().filter(|pair| used.devices[pair.device as usize] == 1) {
        let device = &checked.estate.devices[checked.devices.index[pair.device as usize] as usize];
        if let Some(kind) = &device.kind {
            counted.push((pair.person, kind));
        }
    }
    counted.sort_unstable();
    counted.dedup();
    for (_, kind) in counted {
        *found.entry(kind).or_default() += 1;
    }
    found.into_iter().map(|(name, people)| Kind { name: name.into(), percent: percent(people, own) }).collect()
}

/// Rounded to the nearest.
fn percent(part: u64, of: u64) -> u32 {
    let (part, of) = (u128::from(part), u128::from(of));
    (200 * part + of).checked_div(2 * of).map_or(0, |percent| percent.min(100) as u32)
}

fn owns_no_cal(estate: &Estate) -> bool {
    owned(estate, USER_CAL) == 0 && owned(estate, DEVICE_CAL) == 0
}

fn owned(estate: &Estate, sku: &str) -> u64 {
    estate.entitlements.iter().filter(|owned| owned.sku == sku).map(|owned| owned.quantity).fold(0, u64::saturating_add)
}

fn have(estate: &Estate) -> Have {
    match (owned(estate, USER_CAL), owned(estate, DEVICE_CAL)) {
        (0, 0) => Have::Unknown,
        (_, 0) => Have::User,
        (0, _) => Have::Device,
        _ => Have::Mix,
    }
}

fn owned_in_words(estate: &Estate) -> String {
    match (owned(estate, USER_CAL), owned(estate, DEVICE_CAL)) {
        (0, 0) => "no User or Device CAL is entered as owned".into(),
        (users, devices) => format!(
            "{} and {} are entered as owned",
            counted(users as usize, "User CAL", "User CALs"),
            counted(devices as usize, "Device CAL", "Device CALs")
        ),
    }
}
