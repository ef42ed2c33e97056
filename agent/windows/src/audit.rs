//! What Windows is told to note in the Security log.

use windows_sys::{
    Win32::Security::Authentication::Identity::{AUDIT_POLICY_INFORMATION, AuditFree, AuditQuerySystemPolicy},
    core::GUID,
};

use crate::WindowsError;

/// The GUIDs of all subcategories end like this.
const END: GUID = GUID::from_u128(0x0000_0000_69AE_11D9_BED3_5050_5450_3030);

/// For subcategories by the first 32 bits of their GUIDs: bit 0 if successes are noted, bit 1 if failures are.
///
/// Needs the privilege `SeSecurityPrivilege` or the right to read the policy, as administrators have.
pub fn policies(subcategories: &[u32]) -> Result<Vec<u32>, WindowsError> {
    const CALL: &str = "AuditQuerySystemPolicy";
    let ids: Vec<GUID> = subcategories.iter().map(|id| GUID { data1: *id, ..END }).collect();
    let mut answer: *mut AUDIT_POLICY_INFORMATION = std::ptr::null_mut();
    // SAFETY: `ids` is read for its length, `answer` is writable; both outlive the call.
    let done = unsafe { AuditQuerySystemPolicy(ids.as_ptr(), ids.len() as u32, &raw mut answer) };
    if !done || answer.is_null() {
        return Err(WindowsError::last(CALL, ""));
    }
    // SAFETY: Windows has answered with one entry for each question, in their order.
    let entries = unsafe { std::slice::from_raw_parts(answer, ids.len()) };
    let policies = entries.iter().map(|entry| entry.AuditingInformation).collect();
    // SAFETY: Windows allocated it for us, and nothing refers to it any more.
    unsafe { AuditFree(answer.cast()) };
    Ok(policies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_has_an_answer_or_there_is_none_at_all() {
        if let Ok(answers) = policies(&[0x0CCE_9215, 0x0CCE_923F]) {
            assert!(answers.len() == 2 && answers.iter().all(|answer| *answer < 8), "{answers:?}");
        }
    }
}
