//! The switches where contract text leaves room (section Y of the rules).

use serde::{Deserialize, Serialize};

/// What DHCP, DNS and the like mean for the number (rule E.13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InfraRoles {
    /// They count like any other access.
    Strict,
    /// They count in the highest number, not in the lowest.
    #[default]
    Interval,
    /// They do not count.
    Ignore,
}

/// The switches where contract text leaves room (section Y of the rules), each with its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Days looked back (rules E.19, H.1).
    pub window_days: u32,
    /// People or devices per server that may administer it without a CAL (rule E.7).
    pub admin_exempt_per_server: u32,
    /// What use of DHCP, DNS and the like means (rule E.13).
    pub infra_roles: InfraRoles,
    /// Which visitors of web servers need none (rule E.9).
    pub web_exempt: WebExempt,
    /// What the caps of Foundation and Essentials count (rule A.4).
    pub capped_edition_counts: CappedCounts,
    /// How many virtual machines each host of a cluster must be ready for (rule C.12); `None`: worst case for two
    /// hosts, the load of one failed host for more.
    pub cluster_peak: Option<ClusterPeak>,
    /// Whether cores disabled at the hardware level count (rule C.5).
    pub disabled_cores_count: bool,
    /// Whether Standard by core and by virtual machine may stand on one server (rule C.18).
    pub allow_mixed_host_vm: bool,
    /// Whether licences by virtual machine may be bought at all: they need Software Assurance (rules C.14, C.19).
    pub per_virtual_machine: bool,
    /// What CALs need beside licences by virtual machine (rule C.17).
    pub per_vm_requires_sa_cals: MachineCals,
    /// Whether the estate is a provider's under SPLA, with its own rights (rule A.5).
    pub spla: bool,
    /// Whether people who reach SQL Server licensed by core need Windows Server CALs (rule D.8).
    pub sql_core_needs_windows_cal: bool,
    /// Who is counted: those observed, or all who could sign in (rule I.5).
    pub population: Population,
}

/// Which visitors of web servers need no CAL (rule E.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebExempt {
    /// Only those nobody can tell apart.
    #[default]
    AnonymousOnly,
    /// External people who use nothing but the web server role of a server that serves the public.
    PublicWeb,
}

/// What the caps of editions without CALs count (rule A.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CappedCounts {
    /// Enabled accounts.
    #[default]
    Accounts,
    /// People.
    People,
}

/// How many virtual machines each host of a cluster must be ready for (rule C.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClusterPeak {
    /// The most seen at once within 90 days.
    Observed,
    /// The hosts share the load of the largest failed one.
    NPlusOne,
    /// All that may run there.
    WorstCase,
}

/// What the CALs of those need who use virtual machines licensed by themselves (rule C.17): one source asks for Software
/// Assurance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MachineCals {
    /// Nothing more.
    Ignore,
    /// Somebody is told.
    #[default]
    Warn,
    /// CALs without Software Assurance do not do: a violation if too few have it.
    Require,
}

/// Who is counted (rule I.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Population {
    /// Those seen.
    #[default]
    Observed,
    /// Everybody in the estate, seen or not.
    Entitled,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            window_days: 90,
            admin_exempt_per_server: 2,
            infra_roles: InfraRoles::Interval,
            web_exempt: WebExempt::AnonymousOnly,
            capped_edition_counts: CappedCounts::Accounts,
            cluster_peak: None,
            disabled_cores_count: true,
            allow_mixed_host_vm: false,
            per_virtual_machine: false,
            per_vm_requires_sa_cals: MachineCals::Warn,
            spla: false,
            sql_core_needs_windows_cal: true,
            population: Population::Observed,
        }
    }
}
