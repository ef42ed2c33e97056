//! User CALs, Device CALs or both? The eight questions of the CAL decision tool, answered by hand (K.1).
//!
//! Counts what the answers come to and says why; what evidence says is worked out beside, in `evidence`.

use serde::{Deserialize, Serialize};

/// Which CALs somebody owns now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Have {
    /// User CALs only.
    User,
    /// Device CALs only.
    Device,
    /// Both.
    Mix,
    /// None.
    Nothing,
    /// Nobody knows.
    Unknown,
}

/// A kind of device and how many of a hundred people with devices of their own use one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kind {
    /// For example `laptop`.
    pub name: String,
    /// Of those people.
    pub percent: u32,
}

/// The eight questions; `None`: not answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Answers {
    /// 1: people who use servers, employees and on-site contractors.
    pub users: Option<u64>,
    /// 2: what is owned.
    pub have: Option<Have>,
    /// 3: of a hundred people, how many have devices that they do not share.
    pub unshared_percent: Option<u32>,
    /// 4: what these use; empty: one device each.
    pub kinds: Vec<Kind>,
    /// 5: whether devices can be counted well.
    pub counted_well: Option<bool>,
    /// 6: whether people will have more devices in two or three years.
    pub will_grow: Option<bool>,
    /// 7: of a hundred people, how many use shared devices.
    pub shared_percent: Option<u32>,
    /// 8: how many shared devices there are.
    pub shared_devices: Option<u64>,
    /// What a User CAL costs, in the unit of the other; both 1 if unknown.
    pub user_price: Option<u64>,
    /// What a Device CAL costs.
    pub device_price: Option<u64>,
}

/// What is recommended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recommended {
    /// A User CAL for everybody.
    UserCals,
    /// A Device CAL for every device.
    DeviceCals,
    /// Some of both.
    Mix,
}

/// Numbers of CALs and what they cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counted {
    /// User CALs.
    pub users: u64,
    /// Device CALs.
    pub devices: u64,
    /// In the unit of the prices; `None`: no prices.
    pub cost: Option<u64>,
}

/// A recommendation with everything said about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recommendation {
    /// Which kind.
    pub recommended: Recommended,
    /// How many.
    pub counted: Counted,
    /// Everybody holds a User CAL.
    pub all_user: Counted,
    /// Every device holds a Device CAL.
    pub all_device: Counted,
    /// The smaller of people and devices, which is no answer: it need not cover everybody.
    pub smaller: u64,
    /// The larger of both, which is more than anybody needs (J.7, T12).
    pub larger: u64,
    /// Why, one sentence.
    pub reason: String,
    /// What else to think of.
    pub considerations: Vec<String>,
    /// What to do now.
    pub next_steps: Vec<String>,
    /// How far to trust it.
    pub disclaimer: String,
}

/// An answer that cannot be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AnswerError {
    /// The first question decides everything.
    #[error("how many people use your servers is not answered: give the number of people")]
    NoUsers,
    /// More than a hundred of a hundred.
    #[error("{question}: {percent} % is more than all of them, write 0 to 100")]
    Percent {
        /// Which.
        question: String,
        /// As answered.
        percent: u32,
    },
    /// A number that cannot be meant.
    #[error("{question}: {number} is more than can be counted, correct the number")]
    TooLarge {
        /// Which.
        question: &'static str,
        /// As answered.
        number: u64,
    },
    /// A price of nothing.
    #[error("a price of 0 decides nothing: leave out both prices if they are not known")]
    NoPrice,
}

/// More than this is a slip of the pen.
const MOST: u64 = u32::MAX as u64;

pub(super) const DISCLAIMER: &str =
    "This is a first answer and no licence position: the terms that came with your licences decide.";

/// What the answers come to.
///
/// People without a device of their own count as sitting at the shared ones. Of equally cheap ways the one with more User
/// CALs is taken: a User CAL moves with its person.
pub fn recommend(answers: &Answers) -> Result<Recommendation, AnswerError> {
    let users = answers.users.ok_or(AnswerError::NoUsers)?;
    for (question, number) in [
        ("the number of people", users),
        ("the number of shared devices", answers.shared_devices.unwrap_or(0)),
        ("the price of a User CAL", answers.user_price.unwrap_or(1)),
        ("the price of a Device CAL", answers.device_price.unwrap_or(1)),
    ] {
        if number > MOST {
            return Err(AnswerError::TooLarge { question, number });
        }
    }
    let of_kinds = answers.kinds.iter().map(|kind| (kind.name.as_str(), Some(kind.percent)));
    let both = [
        ("people with devices they do not share", answers.unshared_percent),
        ("people on shared devices", answers.shared_percent),
    ];
    for (question, percent) in both.into_iter().chain(of_kinds) {
        if let Some(percent) = percent.filter(|&percent| percent > 100) {
            return Err(AnswerError::Percent { question: question.into(), percent });
        }
    }
    let prices = answers.user_price.zip(answers.device_price);
    if prices.is_some_and(|(user, device)| user == 0 || device == 0) {
        return Err(AnswerError::NoPrice);
    }

    let shared_percent = answers.shared_percent.or_else(|| answers.unshared_percent.map(|percent| 100 - percent));
    let shared_percent = shared_percent.unwrap_or(0);
    let unshared_percent = answers.unshared_percent.unwrap_or(100 - shared_percent);
    let of_users = |percent: u64, hundred: u64| (users * percent).div_ceil(hundred);
    let own = of_users(unshared_percent.into(), 100);
    // at least one each; all percentages together stay far below what fits
    let each = answers.kinds.iter().map(|kind| u64::from(kind.percent)).fold(0, u64::saturating_add).clamp(100, 10_000);
    let own_devices = of_users(u64::from(unshared_percent) * each, 10_000);
    let shared_devices = answers.shared_devices.unwrap_or(0);

    let (user_price, device_price) = prices.unwrap_or((1, 1));
    let weight = |users: u64, devices: u64| {
        u128::from(users) * u128::from(user_price) + u128::from(devices) * u128::from(device_price)
    };
    let counted = |users, devices| Counted {
        users,
        devices,
        cost: prices.and_then(|_| u64::try_from(weight(users, devices)).ok()),
    };
    let all_user = counted(users, 0);
    let all_device = counted(0, own_devices + shared_devices);
    let is_shaky = answers.counted_well == Some(false) || answers.will_grow == Some(true);
    let mut ways = vec![(Recommended::UserCals, all_user)];
    if own > 0 && own < users && shared_devices > 0 {
        ways.push((Recommended::Mix, counted(own, shared_devices)));
    }
    // devices of their own that nobody can count, or that will be more, are better covered by their people
    if all_device.devices > 0 && (own == 0 || !is_shaky) {
        ways.push((Recommended::DeviceCals, all_device));
    }
    // the first of equally cheap ones
    let cheapest = ways.iter().min_by_key(|(_, counted)| weight(counted.users, counted.devices));
    let (recommended, counted) = cheapest.copied().unwrap_or((Recommended::UserCals, all_user));
    let reason = match recommended {
        Recommended::UserCals => format!(
            "{users} User CALs cover everybody on whatever device; there are about {} devices, and CALs for them would not \
             cost less (E.2)",
            own_devices + shared_devices
        ),
        Recommended::DeviceCals => format!(
            "{} devices are used by {users} people, so a CAL for each device costs least (E.2, E.17)",
            all_device.devices
        ),
        Recommended::Mix => format!(
            "{own} people have devices of their own and are covered by User CALs; the other {} share {shared_devices} \
             devices, for which Device CALs cost less (E.3, E.17)",
            users - own
        ),
    };
    let mut next_steps = vec![
        "measure who really uses which server from where, and let `caliper plan` or a scan count: shares of a hundred are \
         guesses, and the cheapest mix is found from who uses what (E.28)"
            .to_owned(),
    ];
    if prices.is_none() {
        next_steps.push("ask what a User and a Device CAL cost you: here they cost the same".into());
    }
    Ok(Recommendation {
        recommended,
        counted,
        all_user,
        all_device,
        smaller: users.min(all_device.devices),
        larger: users.max(all_device.devices),
        reason,
        considerations: considerations(answers, recommended, unshared_percent + shared_percent < 100),
        next_steps,
        disclaimer: DISCLAIMER.into(),
    })
}

/// What speaks for and against, from the answers that no count shows.
pub(super) fn considerations(answers: &Answers, recommended: Recommended, some_use_nothing: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut say = |text: &str| found.push(text.to_owned());
    match (answers.have, recommended) {
        (Some(Have::User | Have::Mix), Recommended::DeviceCals) => say(
            "the User CALs you own cannot be turned into Device CALs before their Software Assurance is renewed (E.21): \
             using them up may be cheaper",
        ),
        (Some(Have::Device | Have::Mix), Recommended::UserCals) => say(
            "the Device CALs you own cannot be turned into User CALs before their Software Assurance is renewed (E.21): \
             using them up may be cheaper",
        ),
        (Some(Have::Unknown) | None, _) => {
            say("find out which CALs you own: the kind is fixed when a CAL is bought (E.21)");
        }
        _ => {}
    }
    match answers.counted_well {
        Some(false) if recommended != Recommended::UserCals => say(
            "devices cannot be counted well here: a device without a CAL that nobody knows of leaves a gap, a User CAL \
             covers its person on any device (E.2)",
        ),
        Some(true) => {}
        Some(false) => say("devices cannot be counted well here, which is one more reason for User CALs (E.2)"),
        None => {
            say("can you count the devices that reach your servers? Device CALs are only worth it if you can (E.2)");
        }
    }
    match answers.will_grow {
        Some(true) if recommended != Recommended::UserCals => {
            say("people will have more devices: each new one needs a Device CAL, or its person a User CAL (E.2)");
        }
        Some(true) => say("people will have more devices, which need no more User CALs (E.2)"),
        Some(false) => {}
        None => say("will people have more devices in two or three years? Then User CALs last longer (E.2)"),
    }
    if some_use_nothing {
        say(
            "some people have neither a device of their own nor a shared one in these answers: do they use servers at all?",
        );
    }
    say("a CAL must be as new as the newest server somebody reaches (E.4)");
    say("Remote Desktop and Rights Management need CALs of their own beside these (F.1, F.9)");
    found
}
