//! The agent against an aggregator made up for the purpose: enrolment, delivery, the command line.
//!
//! The made-up one lives in `fake`; whole runs against the real one are in the workspace's `tests/`.

mod by_dns;
mod commands;
mod death;
mod delivery;
mod doctor;
mod enrolment;
mod fake;
#[cfg(not(windows))]
mod name_server;
mod place;
mod proxy;
mod through_proxy;
