//! A made-up organisation with known truth: its people, machines and servers, the evidence they leave behind, its
//! directory, and the licences it really needs.
//!
//! The truth is worked out from the [`plan`] alone, by trying every mix of CALs team by team ([`cover`]). Nothing
//! here may depend on Caliper's identity, licensing or optimiser: the lab is what they are compared with.

pub mod compare;
pub mod configuration;
pub mod cover;
pub mod directory;
pub mod evidence;
pub mod folder;
pub mod identity;
pub mod plan;
mod random;
pub mod rows;
pub mod truth;
