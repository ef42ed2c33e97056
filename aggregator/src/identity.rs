//! Who and what is behind the names in the evidence: principal to person, client to device, each with a confidence and
//! a reason (rules I.3, E.15, E.16).
//!
//! Pure functions over plain data. Knows nothing of the database, of licences or of where the names came from.

mod client;
mod machine;
mod people;
mod principal;
mod roster;
mod rule;
mod settings;
mod sighting;

pub use client::Client;
pub use machine::{Machine, Machines};
pub use people::{Decision, Join, Known, Person};
pub use principal::{Nobody, Principal};
pub use roster::{Domain, KnownAccount, Match, Owner, Roster};
pub use rule::{Class, Field, MOST_PEOPLE, Rule, Standing};
pub use settings::PeopleSettings;
pub use sighting::{Found, Sightings, Years, unite};
