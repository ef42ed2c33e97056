//! C.17: whether enough CALs of those who use virtual machines licensed by themselves are under Software Assurance.

use super::{
    basis::{Basis, Held},
    counted::Counted,
    servers::Need,
    windows::Ground,
};
use crate::{
    draft::Draft,
    estate::{EstateError, LicensedBy, MachineCals},
    position::Violation,
    run::stock::is_assured,
};

/// Counts the CALs for these machines alone, and those owned under Software Assurance, if the policy requires it.
pub(super) fn of_machines(base: &Ground<'_>, held: &Held, draft: &mut Draft<'_>) -> Result<(), EstateError> {
    let estate = base.checked.estate;
    let by_machine = |server: &crate::estate::Server| server.licensed_by == LicensedBy::VirtualMachine;
    if estate.policy.per_vm_requires_sa_cals != MachineCals::Require || !estate.servers.iter().any(by_machine) {
        return Ok(());
    }
    let basis = base.basis(&estate.policy, held, &[]);
    let servers = estate.servers.iter().zip(basis.needs);
    let needs: Vec<Need> =
        servers.map(|(server, need)| if by_machine(server) { *need } else { Need::Nothing("C.17") }).collect();
    let (users, devices) = Counted::of(&Basis { needs: &needs, ..basis }, &base.family)?.counts();
    let assured = |sku: &str| {
        let owned = estate.entitlements.iter().filter(|row| row.sku == sku && is_assured(estate, row));
        owned.fold(0_u64, |sum, row| sum.saturating_add(row.quantity))
    };
    let (of_users, of_devices) = (assured(base.family.user), assured(base.family.device));
    if of_users < users || of_devices < devices {
        draft.violations.push(Violation {
            of: base.family.name.into(),
            what: format!(
                "virtual machines licensed by themselves need {users} User and {devices} Device CALs with Software Assurance, \
                 and {of_users} and {of_devices} owned have it (C.17, open question X.4)"
            ),
            remedy: "get Software Assurance for these CALs, or license the hosts of the machines by core".into(),
            rules: vec!["C.17".into()],
        });
    }
    Ok(())
}
