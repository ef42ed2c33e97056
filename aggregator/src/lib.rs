//! The aggregator: takes evidence in, meets the directory, computes and shows the licence position.
//!
//! Bird's-eye view and code map: `ARCHITECTURE.md` at the top of the repository.

pub mod authority;
pub mod commands;
pub mod config;
pub mod context;
pub mod directory;
pub mod identity;
pub mod ingest;
pub mod own_catalogue;
pub mod pairs;
mod pattern;
pub mod report;
pub mod scan;
pub mod sentence;
pub mod serve;
pub mod store;
pub mod web;
