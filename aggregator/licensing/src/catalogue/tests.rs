//! The program's own rows against the published tables, each typed again from the page or the rules; refusals.

mod complete;
mod hostile;
mod own;
mod refusals;
mod tables;
