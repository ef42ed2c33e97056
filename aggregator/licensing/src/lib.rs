//! From an [`Estate`] to its [`Position`]: what must be licensed, what is owned, what is short, and what is cheapest.
//!
//! Pure and deterministic (invariant 2): no I/O, no clock, no randomness, no floating point for money or counts.
//! Knows nothing of agents, directories, databases or pages.

mod estate;
pub mod optimise;
mod position;

pub use estate::{
    Access, Accesses, Device, Entitlement, Estate, EstateError, Host, Person, Policy, Price, Server, VersionName,
};
pub use position::{Confidence, Line, Optimum, POSITION_FORMAT, Position};
