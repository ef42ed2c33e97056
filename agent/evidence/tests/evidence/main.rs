//! The readers on artefacts made by hand and, where they lie beside the checkout, on real ones.

mod ese_made;
mod event_logs;
mod made;
mod samples;
mod shared;
mod smbios_tables;
mod ual_made;
mod ual_sets;
