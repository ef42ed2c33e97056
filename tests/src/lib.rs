//! What the end-to-end tests are made of: the real programs as child processes, real directory servers, and the
//! made-up organisation of `caliper-lab`.
//!
//! A test that needs something this machine lacks says so in one line and passes; [`servers`] decides.

#![allow(clippy::must_use_candidate, clippy::return_self_not_must_use)] // commands are run for what they do

pub mod agent;
pub mod aggregator;
pub mod process;
pub mod programs;
pub mod resolver;
pub mod servers;
pub mod windows;
