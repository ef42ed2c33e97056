//! `caliper decide`: User CALs, Device CALs or both? The eight questions of the CAL decision tool, by hand or from evidence.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

use caliper_licensing::{
    EstateError, assess_with,
    planner::{AnswerError, Answers, Counted, Evidence, Have, Kind, Recommendation, Recommended, evidence, recommend},
    words::{Count, Money, NO_CURRENCY},
};
use serde::Serialize;
use thiserror::Error;

use super::plan::{self, PlanError};
use crate::{
    context::Context,
    own_catalogue::{self, OwnCatalogueError},
    sentence::Shown,
};

/// Arguments of `caliper decide`. Without any, the questions are asked one by one.
#[derive(Debug, clap::Args)]
pub struct DecideArgs {
    /// Answer from the evidence of this estate; only what no evidence can tell is then taken from the switches
    pub estate: Option<PathBuf>,
    /// More accesses: CSV `user,device` or `user,device,server`
    #[arg(long, value_name = "FILE", requires = "estate")]
    accesses: Option<PathBuf>,
    /// A catalogue file of your own, which confirms, changes or adds rows
    #[arg(long, value_name = "FILE", requires = "estate")]
    catalogue: Option<PathBuf>,
    /// 1: people who use servers, employees and on-site contractors
    #[arg(long, value_name = "COUNT", conflicts_with = "estate")]
    users: Option<u64>,
    /// 2: CALs you own now
    #[arg(long, value_name = "user|device|mix|nothing|unknown", value_parser = have)]
    cals_now: Option<Have>,
    /// 3: of a hundred people, how many have devices that they do not share
    #[arg(long, value_name = "PERCENT", conflicts_with = "estate")]
    devices_unshared_percent: Option<u32>,
    /// 4: of a hundred of these, how many use one of this kind; once for each kind
    #[arg(long, value_name = "KIND=PERCENT", value_parser = kind, conflicts_with = "estate")]
    device_kind: Vec<Kind>,
    /// 5: how well devices can be counted
    #[arg(long, value_name = "well|badly", value_parser = well)]
    devices_counted: Option<bool>,
    /// 6: whether people will have more devices in two or three years
    #[arg(long, value_name = "yes|no", value_parser = yes)]
    devices_growing: Option<bool>,
    /// 7: of a hundred people, how many use shared devices
    #[arg(long, value_name = "PERCENT", conflicts_with = "estate")]
    devices_shared_percent: Option<u32>,
    /// 8: how many shared devices there are
    #[arg(long, value_name = "COUNT", conflicts_with = "estate")]
    shared_devices: Option<u64>,
    /// What a User CAL costs, a whole number in any unit
    #[arg(long, value_name = "PRICE", requires = "device_price", conflicts_with = "estate")]
    user_price: Option<u64>,
    /// What a Device CAL costs, in the same unit
    #[arg(long, value_name = "PRICE", requires = "user_price", conflicts_with = "estate")]
    device_price: Option<u64>,
    /// Print answers and recommendation as JSON
    #[arg(long)]
    json: bool,
}

/// Why there is no recommendation.
#[derive(Debug, Error)]
pub enum DecideError {
    /// The estate cannot be read.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The catalogue of one's own cannot be used.
    #[error(transparent)]
    Catalogue(#[from] OwnCatalogueError),
    /// The estate contradicts itself.
    #[error("`{}` cannot be assessed", .path.display())]
    Estate {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        #[source]
        source: EstateError,
    },
    /// An answer cannot be.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// Nobody to ask.
    #[error("nothing is answered and nobody is there to ask: name an estate, or give --users and what else you know")]
    NothingAnswered,
    /// The questions were not answered to the end.
    #[error("the answer cannot be read, start again")]
    Read(#[source] io::Error),
    /// The recommendation cannot be printed.
    #[error("the recommendation cannot be printed, check where standard output goes")]
    Print(#[source] io::Error),
}

/// Answers and what follows, `caliper.decision/1`.
#[derive(Debug, Serialize)]
struct Decision {
    format: &'static str,
    answers: Answers,
    /// What each of the eight answers rests on; none by hand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    because: Vec<String>,
    recommendation: Recommendation,
    /// Of costs in minor units; empty: in the unit of the prices given.
    currency: String,
}

/// Prints a recommendation.
pub fn run(_: &Context, args: &DecideArgs) -> Result<ExitCode, DecideError> {
    let mut answers = Answers {
        users: args.users,
        have: args.cals_now,
        unshared_percent: args.devices_unshared_percent,
        kinds: args.device_kind.clone(),
        counted_well: args.devices_counted,
        will_grow: args.devices_growing,
        shared_percent: args.devices_shared_percent,
        shared_devices: args.shared_devices,
        user_price: args.user_price,
        device_price: args.device_price,
    };
    let format = "caliper.decision/1";
    let decision = if let Some(path) = &args.estate {
        let refused = |source| DecideError::Estate { path: path.clone(), source };
        let mut estate = plan::read(path, args.accesses.as_deref())?;
        let catalogue = own_catalogue::read(args.catalogue.as_deref())?;
        catalogue.supplement(&mut estate);
        let assessment = assess_with(&estate, &catalogue).map_err(refused)?;
        let Evidence { answers, because, recommendation } =
            evidence(&estate, &catalogue, &assessment, &answers).map_err(refused)?;
        let currency = if estate.currency.is_empty() { NO_CURRENCY.into() } else { estate.currency };
        Decision { format, answers, because, recommendation, currency }
    } else {
        if answers == Answers::default() {
            if !io::stdin().is_terminal() {
                return Err(DecideError::NothingAnswered);
            }
            answers = ask(&mut io::stdin().lock(), &mut io::stderr().lock()).map_err(DecideError::Read)?;
        }
        let recommendation = recommend(&answers)?;
        Decision { format, answers, because: Vec::new(), recommendation, currency: String::new() }
    };
    print(&mut Shown(io::stdout().lock()), &decision, args.json).map_err(DecideError::Print)?;
    Ok(ExitCode::SUCCESS)
}

const QUESTIONS: [&str; 8] = [
    "How many people use your servers, employees and on-site contractors?",
    "Which CALs do you own now: user, device, mix, nothing or unknown?",
    "Of a hundred people, how many have devices that they do not share?",
    "What do these use, for example desktop=100 laptop=50 phone=80?",
    "How well can you count the devices: well or badly?",
    "Will people have more devices in two or three years: yes or no?",
    "Of a hundred people, how many use shared devices?",
    "How many shared devices are there?",
];

/// Asks one question after another; an empty line leaves it open.
fn ask(from: &mut impl BufRead, to: &mut impl Write) -> io::Result<Answers> {
    writeln!(to, "An empty line leaves a question open.")?;
    let mut found = Answers::default();
    one(from, to, QUESTIONS[0], |text| into(&mut found.users, number(text)))?;
    one(from, to, QUESTIONS[1], |text| into(&mut found.have, have(text)))?;
    one(from, to, QUESTIONS[2], |text| into(&mut found.unshared_percent, number(text)))?;
    one(from, to, QUESTIONS[3], |text| {
        let kinds = text.split([' ', ',']).filter(|word| !word.is_empty()).map(kind);
        found.kinds = kinds.collect::<Result<_, _>>()?;
        Ok(())
    })?;
    one(from, to, QUESTIONS[4], |text| into(&mut found.counted_well, well(text)))?;
    one(from, to, QUESTIONS[5], |text| into(&mut found.will_grow, yes(text)))?;
    one(from, to, QUESTIONS[6], |text| into(&mut found.shared_percent, number(text)))?;
    one(from, to, QUESTIONS[7], |text| into(&mut found.shared_devices, number(text)))?;
    Ok(found)
}

/// Asks until the answer can be taken; the end of the input leaves all that follow open.
fn one(
    from: &mut impl BufRead,
    to: &mut impl Write,
    question: &str,
    mut take: impl FnMut(&str) -> Result<(), String>,
) -> io::Result<()> {
    loop {
        write!(to, "{question} ")?;
        to.flush()?;
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 || line.trim().is_empty() {
            return Ok(());
        }
        match take(line.trim()) {
            Ok(()) => return Ok(()),
            Err(problem) => writeln!(to, "  {problem}")?,
        }
    }
}

fn into<T>(to: &mut Option<T>, found: Result<T, String>) -> Result<(), String> {
    *to = Some(found?);
    Ok(())
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.trim_end_matches('%').trim().parse().map_err(|_| format!("`{text}` is no number: write digits only"))
}

fn have(text: &str) -> Result<Have, String> {
    Ok(match text {
        "user" => Have::User,
        "device" => Have::Device,
        "mix" => Have::Mix,
        "nothing" => Have::Nothing,
        "unknown" => Have::Unknown,
        _ => return Err(format!("`{text}`: write user, device, mix, nothing or unknown")),
    })
}

fn kind(text: &str) -> Result<Kind, String> {
    let sides =
        text.split_once('=').and_then(|(name, percent)| Some((name, percent.trim_end_matches('%').parse().ok()?)));
    match sides {
        Some((name, percent)) if !name.is_empty() => Ok(Kind { name: name.into(), percent }),
        _ => Err(format!("`{text}`: write KIND=PERCENT, for example laptop=50")),
    }
}

fn well(text: &str) -> Result<bool, String> {
    match text {
        "well" => Ok(true),
        "badly" => Ok(false),
        _ => Err(format!("`{text}`: write well or badly")),
    }
}

fn yes(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(format!("`{text}`: write yes or no")),
    }
}

fn print(to: &mut impl Write, decision: &Decision, json: bool) -> io::Result<()> {
    if json {
        serde_json::to_writer_pretty(&mut *to, decision)?;
        return writeln!(to);
    }
    let Decision { answers, because, recommendation, currency, .. } = decision;
    let Recommendation { recommended, counted, all_user, all_device, smaller, larger, reason, .. } = recommendation;
    if !because.is_empty() {
        for (((number, question), answer), because) in (1..).zip(QUESTIONS).zip(in_words(answers)).zip(because) {
            writeln!(to, "{number}. {question}\n   {answer}: {because}")?;
        }
        writeln!(to)?;
    }
    let kind = match recommended {
        Recommended::UserCals => "User CALs",
        Recommended::DeviceCals => "Device CALs",
        Recommended::Mix => "a mix of User and Device CALs",
    };
    writeln!(to, "Recommended: {kind}")?;
    writeln!(to, "  {reason}.\n")?;
    let cals = |counted: &Counted| {
        let cost = match (counted.cost, currency.as_str()) {
            (None, _) => String::new(),
            (Some(cost), "") => format!(", {}", Count(cost)),
            (Some(minor), currency) => format!(", {}", Money { minor, currency: currency.into() }),
        };
        format!("{} User CALs and {} Device CALs{cost}", Count(counted.users), Count(counted.devices))
    };
    writeln!(to, "  Recommended              {}", cals(counted))?;
    writeln!(to, "  A User CAL for everybody {}", cals(all_user))?;
    writeln!(to, "  A CAL for every device   {}", cals(all_device))?;
    writeln!(to, "  The smaller of both      {}, which need not cover everybody", Count(*smaller))?;
    writeln!(to, "  The larger of both       {}, which is never necessary", Count(*larger))?;
    for (title, texts) in [("Consider", &recommendation.considerations), ("Next", &recommendation.next_steps)] {
        writeln!(to, "\n{title}:")?;
        for text in texts {
            writeln!(to, "- {text}")?;
        }
    }
    writeln!(to, "\n{}", recommendation.disclaimer)
}

fn or_open<T>(answer: Option<T>, word: impl Fn(T) -> String) -> String {
    answer.map_or_else(|| "open".into(), word)
}

fn in_words(answers: &Answers) -> [String; 8] {
    let have = |have| match have {
        Have::User => "user",
        Have::Device => "device",
        Have::Mix => "mix",
        Have::Nothing => "nothing",
        Have::Unknown => "unknown",
    };
    let kinds: Vec<String> = answers.kinds.iter().map(|kind| format!("{} {} %", kind.name, kind.percent)).collect();
    let percent = |percent| format!("{percent} %");
    [
        or_open(answers.users, |users| Count(users).to_string()),
        or_open(answers.have, |kind| have(kind).into()),
        or_open(answers.unshared_percent, percent),
        if kinds.is_empty() { "open".into() } else { kinds.join(", ") },
        or_open(answers.counted_well, |well| if well { "well" } else { "badly" }.into()),
        or_open(answers.will_grow, |yes| if yes { "yes" } else { "no" }.into()),
        or_open(answers.shared_percent, percent),
        or_open(answers.shared_devices, |devices| Count(devices).to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_asked_until_they_are_answered() {
        let mut said = Vec::new();
        let mut typed = "many\n120\n\n90 %\ndesktop=100 phone=80\nwell\nperhaps\nno\n10\n".as_bytes();
        let answers = ask(&mut typed, &mut said).unwrap();
        let expected = Answers {
            users: Some(120),
            have: None,
            unshared_percent: Some(90),
            kinds: vec![Kind { name: "desktop".into(), percent: 100 }, Kind { name: "phone".into(), percent: 80 }],
            counted_well: Some(true),
            will_grow: Some(false),
            shared_percent: Some(10),
            // the input ended
            shared_devices: None,
            ..Answers::default()
        };
        assert_eq!(answers, expected);
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("`many` is no number: write digits only\n"), "{said}");
        assert!(said.contains("`perhaps`: write yes or no\n"), "{said}");
    }
}
