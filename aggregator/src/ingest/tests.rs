//! The services as agents and programs meet them: over mutual TLS, against a whole aggregator in this process.

mod aggregator;
mod delivering;
mod enrolling;
mod importing;
mod querying;
