//! Whether this Windows keeps the evidence that the agent reads: User Access Logging, sign-ins in the Security log, and
//! whether this account may ask for the rest.
//!
//! Pure: the answers come in, so that those of machines nobody has here can be tried.

use super::Check;

/// A category of the audit policy by its GUID, which is the same in every language of Windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audit {
    /// As `auditpol` names it.
    pub name: &'static str,
    /// Its first 32 bits; the rest is the same for all.
    pub id: u32,
    /// Whether only domain controllers have it.
    pub controllers: bool,
}

/// What evidence of the Security log needs (`auditpol /list /subcategory:* /v`).
pub const AUDITS: [Audit; 3] = [
    Audit { name: "Logon", id: 0x0CCE_9215, controllers: false },
    Audit { name: "Credential Validation", id: 0x0CCE_923F, controllers: true },
    Audit { name: "Kerberos Authentication Service", id: 0x0CCE_9242, controllers: true },
];
/// How all these GUIDs end.
pub const AUDIT_END: &str = "69AE-11D9-BED3-505054503030";
/// Bit of the policy: successful attempts are logged.
const SUCCESS: u32 = 1;

/// How the service of User Access Logging stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ual {
    /// No such service.
    Absent,
    /// Not to be started.
    Disabled,
    /// Not at work.
    Stopped,
    /// At work.
    Running,
}

/// What Windows answered.
#[derive(Debug)]
pub struct Sources {
    /// User Access Logging, or a sentence why nobody knows.
    pub ual: Result<Ual, String>,
    /// A number for each of [`AUDITS`], or a sentence why nobody knows.
    pub audits: Result<Vec<u32>, String>,
    /// Whether this is a domain controller.
    pub is_controller: bool,
    /// Questions of a collection that Windows refused, in sentences.
    pub refused: Vec<String>,
}

const ADMINISTRATOR: &str = "run this as administrator";

/// One line for each.
pub fn judge(sources: &Sources) -> Vec<Check> {
    let mut checks = vec![ual(&sources.ual), audit(sources)];
    checks.push(match sources.refused.first() {
        None => Check::ok("permission", "Windows answers every question of a collection"),
        Some(first) => {
            let more = sources.refused.len() - 1;
            let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            Check::failed(
                "permission",
                format!("{first}{more}: {ADMINISTRATOR}, or let the service run as LocalSystem"),
            )
        }
    });
    checks
}

fn ual(found: &Result<Ual, String>) -> Check {
    const NAME: &str = "access logging";
    match found {
        Ok(Ual::Running) => Check::ok(NAME, "User Access Logging is at work"),
        Ok(Ual::Disabled) => Check::failed(
            NAME,
            "User Access Logging is switched off: run `Set-Service UALSVC -StartupType Automatic` and `Start-Service \
             UALSVC` in PowerShell",
        ),
        Ok(Ual::Stopped) => {
            Check::failed(NAME, "User Access Logging does not run: run `Start-Service UALSVC` in PowerShell")
        }
        Ok(Ual::Absent) => Check::warning(
            NAME,
            "this Windows has no User Access Logging, which came with Windows Server 2012: event logs and sessions are all \
             the evidence there is",
        ),
        Err(problem) => Check::warning(NAME, format!("{problem}: {ADMINISTRATOR}")),
    }
}

fn audit(sources: &Sources) -> Check {
    const NAME: &str = "audit policy";
    let policies = match &sources.audits {
        Ok(policies) => policies,
        Err(problem) => return Check::warning(NAME, format!("{problem}: {ADMINISTRATOR}")),
    };
    let needed = AUDITS.iter().zip(policies).filter(|(audit, _)| sources.is_controller || !audit.controllers);
    let off: Vec<&Audit> = needed.filter(|(_, policy)| *policy & SUCCESS == 0).map(|(audit, _)| audit).collect();
    if off.is_empty() {
        return Check::ok(NAME, "successful sign-ins are logged");
    }
    let names: Vec<&str> = off.iter().map(|audit| audit.name).collect();
    let commands: Vec<String> = off
        .iter()
        .map(|audit| format!("`auditpol /set /subcategory:{{{:08X}-{AUDIT_END}}} /success:enable`", audit.id))
        .collect();
    Check::failed(
        NAME,
        format!(
            "successes of {} are not logged: switch them on by Group Policy, or run {}",
            names.join(", "),
            commands.join(" and ")
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    fn healthy() -> Sources {
        Sources { ual: Ok(Ual::Running), audits: Ok(vec![1, 0, 0]), is_controller: false, refused: vec![] }
    }

    fn line(sources: &Sources, name: &str) -> (State, String) {
        let check = judge(sources).into_iter().find(|check| check.name == name).unwrap();
        (check.state, check.finding)
    }

    #[test]
    fn a_server_that_keeps_its_evidence_is_well() {
        assert!(judge(&healthy()).iter().all(|check| check.state == State::Ok));
    }

    #[test]
    fn user_access_logging_that_is_off_has_its_remedy() {
        for (ual, state, part) in [
            (Ok(Ual::Disabled), State::Failed, "switched off: run `Set-Service UALSVC -StartupType Automatic`"),
            (Ok(Ual::Stopped), State::Failed, "does not run: run `Start-Service UALSVC`"),
            (Ok(Ual::Absent), State::Warning, "has no User Access Logging"),
            (Err("Windows refuses OpenService UALSVC".into()), State::Warning, "UALSVC: run this as administrator"),
        ] {
            let (found, finding) = line(&Sources { ual, ..healthy() }, "access logging");
            assert!(found == state && finding.contains(part), "{finding}");
        }
    }

    /// Failures only (2) are no evidence; what only controllers log is asked of controllers only.
    #[test]
    fn an_audit_policy_that_logs_no_successes_is_named_with_the_command() {
        for (policies, is_controller, missing) in [
            (vec![0, 0, 0], false, &["Logon"][..]),
            (vec![2, 3, 3], true, &["Logon"]),
            (vec![1, 0, 2], true, &["Credential Validation", "Kerberos Authentication Service"]),
            (vec![3, 1, 1], true, &[]),
        ] {
            let sources = Sources { audits: Ok(policies), is_controller, ..healthy() };
            let (state, finding) = line(&sources, "audit policy");
            assert_eq!(state == State::Ok, missing.is_empty(), "{finding}");
            for audit in AUDITS {
                assert_eq!(
                    finding.contains(&format!("{:08X}-69AE", audit.id)),
                    missing.contains(&audit.name),
                    "{finding}"
                );
            }
        }
        let (state, finding) = line(&Sources { audits: Err("no".into()), ..healthy() }, "audit policy");
        assert!(state == State::Warning && finding == "no: run this as administrator");
    }

    #[test]
    fn what_windows_refuses_is_told_with_the_number_of_the_rest() {
        let refused = vec!["Windows refuses NetSessionEnum (Access is denied.)".into(), "b".into()];
        let (state, finding) = line(&Sources { refused, ..healthy() }, "permission");
        assert_eq!(state, State::Failed);
        let expected = "Windows refuses NetSessionEnum (Access is denied.) (and 1 more): run this as administrator, or let \
                        the service run as LocalSystem";
        assert_eq!(finding, expected);
    }
}
