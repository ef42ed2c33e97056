//! Windows Server itself: versions, release channels, builds, editions, the ids by which an edition is told, and caps.

use serde::{Deserialize, Serialize};

use super::row::row;
use crate::version::VersionName;

/// How a version of Windows Server is licensed to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Server licence of 2003: not computed yet.
    Server,
    /// Per running instance: 2008 and 2008 R2.
    Instances,
    /// One licence covers two processors: 2012 and 2012 R2.
    Processors,
    /// Per physical core: 2016 and later.
    Cores,
}

/// How an edition is licensed to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunLicence {
    /// As its version says.
    ByVersion,
    /// A licence of its own kind, not computed yet.
    Own,
    /// None.
    Free,
}

/// What reports a SKU number or an `EditionID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reporter {
    /// Windows Server of the edition named, or one to be asked about if none is named.
    Server,
    /// A client operating system, never to be licensed as Windows Server.
    Client,
    /// A cloud's own machinery: ignored.
    Fabric,
    /// A copy whose activation has expired.
    Unlicensed,
}

row! {
    /// A version.
    VersionRow, "version", ["name"] {
        /// The version.
        name: VersionName,
        /// The oldest CAL that suffices for it (rule A.6).
        cal: VersionName,
        /// How it is licensed to run.
        model: Model,
    }
}

row! {
    /// A release channel.
    ChannelRow, "channel", ["id"] {
        /// `ltsc`, `sac` or `ac`.
        id: String,
        /// Its full name.
        name: String,
        /// Whether running its releases needs licences with active Software Assurance.
        software_assurance: bool,
    }
}

row! {
    /// A build of Windows Server (rule B.5). Clients share build numbers: ask only for machines that are servers.
    BuildRow, "build", ["build", "release"] {
        /// `CurrentBuild`.
        build: u32,
        /// Release, for example `2019` or `SAC 1809`.
        release: String,
        /// Version whose CAL covers it (rule A.6).
        version: VersionName,
        /// Id of a release channel.
        channel: String,
        /// How to tell it from another release of the same build; the first row without this word is the one to assume.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        told_by: Option<String>,
    }
}

row! {
    /// The first build of a version of another product, as its installation reports it (rule D.11): the builds from there up to
    /// the next row of the same `major` are of that version.
    ProductBuildRow, "product_build", ["family", "major", "minor"] {
        /// CAL family of the product, for example `sql-server`.
        family: String,
        /// First number of the build, for example 10 of `10.50.1600.1`.
        major: u32,
        /// Second number of the build, for example 50.
        minor: u32,
        /// Its version.
        version: VersionName,
    }
}

row! {
    /// An edition.
    EditionRow, "edition", ["name"] {
        /// Normalised name (rule B.3).
        name: String,
        /// Other spellings.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        also: Vec<String>,
        /// Whether access to it needs a CAL.
        cal: bool,
        /// CAL families, see [`CalRow`](super::CalRow), that access needs: the base family first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        families: Vec<String>,
        /// How it is licensed to run.
        licence: RunLicence,
    }
}

row! {
    /// A SKU number as `GetProductInfo` returns it, with the `EditionID`s of the registry (rule B.1).
    EditionIdRow, "edition_id", ["sku"] {
        /// `OperatingSystemSKU`.
        sku: u32,
        /// Name of the constant without `PRODUCT_`.
        product: String,
        /// `EditionID`; case does not matter.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ids: Vec<String>,
        /// Normalised edition; none: ask a human (rule A.2).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        edition: Option<String>,
        /// What reports it.
        #[serde(default = "server")]
        reporter: Reporter,
        /// Whether an evaluation copy (rule B.3).
        #[serde(default)]
        evaluation: bool,
        /// Whether an installation without desktop; never matters for licences (rule B.2).
        #[serde(default)]
        core: bool,
        /// What a human should know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    }
}

fn server() -> Reporter {
    Reporter::Server
}

row! {
    /// Limits of an edition that CALs cannot lift (rule A.4).
    CapRow, "cap", ["id"] {
        /// For example `foundation-2012`.
        id: String,
        /// Normalised edition.
        edition: String,
        /// Versions it holds for.
        versions: Vec<VersionName>,
        /// Most user accounts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        users: Option<u32>,
        /// Most devices.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        devices: Option<u32>,
        /// Most processors.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        processors: Option<u32>,
        /// Most physical cores over all processors.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cores: Option<u32>,
        /// Most instances per licence, physical and virtual together.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instances: Option<u32>,
        /// Whether it may run in a virtual machine.
        virtual_allowed: bool,
        /// Whether it is only sold with hardware.
        #[serde(default)]
        oem_only: bool,
    }
}
