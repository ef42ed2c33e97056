//! Asks this Windows what `sources` judges.

use caliper_windows::{WindowsError, audit, registry, service};

use super::sources::{AUDITS, Sources, Ual};
use crate::{collect, sentence::sentence};

const UAL: &str = "UALSVC";
const DISABLED: u32 = 4;

pub fn sources() -> Sources {
    let told = |error: WindowsError| sentence(&error);
    let is_controller = registry::text(r"SYSTEM\CurrentControlSet\Control\ProductOptions", "ProductType")
        .is_ok_and(|kind| kind.as_deref() == Some("LanmanNT"));
    Sources {
        ual: ual().map_err(told),
        audits: audit::policies(&AUDITS.map(|audit| audit.id)).map_err(told),
        is_controller,
        refused: collect::refused(),
    }
}

fn ual() -> Result<Ual, WindowsError> {
    let start = registry::number(&format!(r"SYSTEM\CurrentControlSet\Services\{UAL}"), "Start")?;
    Ok(match service::state(UAL)? {
        service::State::Absent => Ual::Absent,
        service::State::Running => Ual::Running,
        _ if start == Some(DISABLED) => Ual::Disabled,
        _ => Ual::Stopped,
    })
}
