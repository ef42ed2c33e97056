//! The Caliper agent: what runs on each server.
//!
//! Facts are collected, put into a durable queue on disk and delivered to the aggregator over gRPC with mutual TLS.
//! The agent knows nothing of licences, directories or other servers, and never enumerates accounts (invariant 8).

pub mod cli;
pub mod collect;
pub mod collection;
pub mod config;
pub mod connection;
pub mod doctor;
pub mod enroll;
pub mod environment;
pub mod identity;
pub mod limit;
pub mod log_file;
pub mod queue;
pub mod rows;
pub mod run;
pub mod schedule;
pub mod sentence;
#[cfg(windows)]
pub mod service;
pub mod settings;
pub mod state;
pub mod uplink;
pub mod zone;
