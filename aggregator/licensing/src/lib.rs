//! From an [`Estate`] to its [`Position`]: what must be licensed, what is owned, what is short, and what is cheapest.
//!
//! Pure and deterministic (invariant 2): no I/O, no clock, no randomness, no floating point for money or counts.
//! Knows nothing of agents, directories, databases or pages. [`assess`] is the way in.

mod assess;
mod assessment;
mod book;
mod cal;
pub mod catalogue;
mod checked;
mod estate;
mod file;
mod findings;
pub mod optimise;
mod owned;
mod packs;
mod position;
mod prices;
mod run;
mod version;

pub use assess::assess;
pub use assessment::{Assessment, Coverage, Licence, Proof, ProofPair};
pub use estate::{
    Access, Accesses, Device, Entitlement, Estate, EstateError, EstateFormat, Host, InfraRoles, Person, Policy, Price,
    Server,
};
pub use file::{EstateFile, FileError};
pub use position::{Confidence, Line, Optimum, POSITION_FORMAT, Position, Purchase, ShoppingItem};
pub use version::VersionName;
