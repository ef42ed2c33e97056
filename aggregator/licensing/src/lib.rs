//! From an [`Estate`] to its [`Position`]: what must be licensed, what is owned, what is short, and what is cheapest.
//!
//! Pure and deterministic (invariant 2): no I/O, no clock, no randomness, no floating point for money or counts.
//! Knows nothing of agents, directories, databases or pages. [`assess`] is the way in.

mod assess;
mod assessment;
mod book;
mod cal;
pub mod catalogue;
mod checked;
mod draft;
mod estate;
pub mod explain;
mod file;
mod findings;
mod ledger;
mod names;
mod owned;
mod packs;
pub mod planner;
mod position;
mod prices;
mod ranking;
mod run;
mod slip;
mod sql;
mod standing;
mod switches;
mod version;
pub mod words;

pub use caliper_optimise as optimise;

pub use assess::{assess, assess_with};
pub use assessment::{
    Assessment, CalHolder, Coverage, HostLicence, HostOption, IdleCals, Licence, Proof, ProofPair, PurchaseHolders,
    Reason, Transfer, Transfers, UseCoverage,
};
pub use estate::{
    Access, Accesses, Assignment, AssignmentReason, CappedCounts, Channel, ClusterPeak, Device, Entitlement, Estate,
    EstateError, EstateFormat, Host, IncludedCals, InfraRoles, LicensedBy, MachineCals, Person, Policy, Population,
    Price, RanOn, RemoteDesktopMode, Server, SqlInstance, SqlModel, Stay, Unreported, Use, WebExempt,
};
pub use file::{EstateFile, FileError};
pub use position::{
    Confidence, FamilyPool, FamilyPurchase, GivenSuites, Interval, Line, Optimum, POSITION_FORMAT, Pool, PoolToBuy,
    PoolVersion, Position, Purchase, Reading, ReadingLine, Reclaim, Servers, ShoppingItem, SuiteCount, SuiteOffer,
    ToDo, Violation,
};
pub use run::{azure_machines, break_even_machines};
pub use version::VersionName;
