//! Tests of the whole crate through its public face, as one program: linking it once is most of the time they take.

mod cal_connectors;
mod cal_examples;
mod cal_families;
mod cal_suites;
mod core_examples;
mod curve;
mod decide;
mod estates;
mod examples;
mod explanations;
mod holders;
mod hostile;
mod laws;
mod ledger;
mod mutations;
mod purchase;
mod rules;
mod run_examples;
mod servers;
mod sql_examples;
mod switches;
mod system_center;
mod unknowns;
mod what_if;
mod whole_laws;
mod worked;
