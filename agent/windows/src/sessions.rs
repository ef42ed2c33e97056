//! Who is connected right now: sessions of shared folders and of remote desktops.

use std::{ffi::c_void, net::IpAddr, ptr};

use windows_sys::{
    Win32::{
        Foundation::{ERROR_MORE_DATA, ERROR_SUCCESS},
        NetworkManagement::NetManagement::{MAX_PREFERRED_LENGTH, NetApiBufferFree},
        Networking::WinSock::AF_INET,
        Storage::FileSystem::{NetSessionEnum, SESSION_INFO_10},
        System::RemoteDesktop::{
            WTS_CURRENT_SERVER_HANDLE, WTS_INFO_CLASS, WTS_SESSION_INFOW, WTSActive, WTSClientAddress, WTSClientName,
            WTSDomainName, WTSEnumerateSessionsW, WTSFreeMemory, WTSQuerySessionInformationW, WTSUserName,
        },
    },
    core::PCWSTR,
};

use crate::{WindowsError, text::narrow};

/// A session of shared folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareSession {
    /// The other machine: a name or an address, maybe with two backslashes before it.
    pub client: String,
    /// The account without its domain; empty for a session of nobody.
    pub user: String,
    /// How long it has been there.
    pub seconds: u32,
    /// How long nothing was done in it.
    pub idle_seconds: u32,
}

/// A session of a remote desktop in which somebody is at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesktopSession {
    /// The account.
    pub user: String,
    /// Its domain, or the machine's name.
    pub domain: String,
    /// Name of the other machine; empty for the console.
    pub client: String,
    /// Address of the other machine, if it has one.
    pub address: Option<IpAddr>,
}

/// Longest text and most entries believed.
const LONGEST: usize = 1 << 10;
const MOST: u32 = 1 << 20;

/// All sessions of shared folders.
pub fn shares() -> Result<Vec<ShareSession>, WindowsError> {
    let mut sessions = Vec::new();
    let mut resume = 0;
    loop {
        let (mut buffer, mut read, mut total) = (ptr::null_mut::<SESSION_INFO_10>(), 0, 0);
        // SAFETY: no server means this one; no client and no account mean all; every other pointer is writable. Level 10
        // fills the buffer that Windows allocates with `SESSION_INFO_10`.
        let code = unsafe {
            NetSessionEnum(
                ptr::null(),
                ptr::null(),
                ptr::null(),
                10,
                (&raw mut buffer).cast(),
                MAX_PREFERRED_LENGTH,
                &raw mut read,
                &raw mut total,
                &raw mut resume,
            )
        };
        let more = code == ERROR_MORE_DATA && read > 0;
        if code == ERROR_SUCCESS || more {
            // SAFETY: Windows has filled the buffer with so many entries, and it is freed after their last use.
            let entries = unsafe { entries(buffer, read) };
            sessions.extend(entries.iter().map(|entry| ShareSession {
                // SAFETY: Windows gives texts that end with a zero, or null, and they live as long as the buffer.
                client: unsafe { text(entry.sesi10_cname) },
                // SAFETY: as before.
                user: unsafe { text(entry.sesi10_username) },
                seconds: entry.sesi10_time,
                idle_seconds: entry.sesi10_idle_time,
            }));
        }
        if !buffer.is_null() {
            // SAFETY: Windows allocated the buffer; it is freed once and not used after.
            unsafe { NetApiBufferFree(buffer.cast()) };
        }
        match code {
            ERROR_SUCCESS => return Ok(sessions),
            ERROR_MORE_DATA if more && sessions.len() < MOST as usize => {}
            code => return Err(WindowsError::of_code("NetSessionEnum", "", code)),
        }
    }
}

/// The remote desktops in which somebody is at work; those at the console have neither client nor address.
pub fn desktops() -> Result<Vec<DesktopSession>, WindowsError> {
    let (mut first, mut count) = (ptr::null_mut::<WTS_SESSION_INFOW>(), 0);
    // SAFETY: both pointers are writable; version 1 is the only one there is.
    let done = unsafe { WTSEnumerateSessionsW(WTS_CURRENT_SERVER_HANDLE, 0, 1, &raw mut first, &raw mut count) };
    if done == 0 {
        return Err(WindowsError::last("WTSEnumerateSessions", ""));
    }
    // SAFETY: Windows has put so many sessions there, and they are freed after their last use.
    let all = unsafe { entries(first, count) };
    let active = all.iter().filter(|session| session.State == WTSActive);
    let sessions = active.map(|session| desktop(session.SessionId)).collect();
    // SAFETY: Windows allocated it; it is freed once and not used after.
    unsafe { WTSFreeMemory(first.cast()) };
    Ok(sessions)
}

fn desktop(session: u32) -> DesktopSession {
    let text = |kind| {
        let units: Vec<u16> =
            ask(session, kind).chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
        narrow(&units)
    };
    DesktopSession {
        user: text(WTSUserName),
        domain: text(WTSDomainName),
        client: text(WTSClientName),
        address: address(&ask(session, WTSClientAddress)),
    }
}

/// What Windows answers about a session; empty if it does not, or the session has ended meanwhile.
fn ask(session: u32, kind: WTS_INFO_CLASS) -> Vec<u8> {
    let (mut buffer, mut bytes) = (ptr::null_mut::<u16>(), 0);
    // SAFETY: both pointers are writable.
    let done = unsafe {
        WTSQuerySessionInformationW(WTS_CURRENT_SERVER_HANDLE, session, kind, &raw mut buffer, &raw mut bytes)
    };
    if done == 0 || buffer.is_null() {
        return Vec::new();
    }
    // SAFETY: Windows has put so many bytes there, which are copied before they are freed.
    let answer = unsafe { entries(buffer.cast::<u8>(), bytes) }.to_vec();
    // SAFETY: Windows allocated it; it is freed once and not used after.
    unsafe { WTSFreeMemory(buffer.cast::<c_void>()) };
    answer
}

/// Out of the bytes of `WTS_CLIENT_ADDRESS`: family u32, then twenty bytes. Microsoft says where an IPv4 address stands in
/// them, and nothing of others, whose clients are known by name.
fn address(answer: &[u8]) -> Option<IpAddr> {
    let family = u32::from_le_bytes(*answer.first_chunk::<4>()?);
    let address: [u8; 4] = answer.get(6..10)?.try_into().ok()?;
    (family == u32::from(AF_INET)).then(|| IpAddr::from(address))
}

/// What Windows returned as an array of its own; empty where it returned none or more than can be.
///
/// # Safety
/// `first` must be null or the first of `count` that stay alive and unchanged as long as the slice is used.
unsafe fn entries<'a, T>(first: *const T, count: u32) -> &'a [T] {
    if first.is_null() || count > MOST {
        return &[];
    }
    // SAFETY: as the caller promises.
    unsafe { std::slice::from_raw_parts(first, count as usize) }
}

/// # Safety
/// `text` must be null or end with a zero.
unsafe fn text(text: PCWSTR) -> String {
    if text.is_null() {
        return String::new();
    }
    let mut length = 0;
    let mut unit = text;
    // SAFETY: everything up to the zero may be read, and the loop ends there.
    while length < LONGEST && unsafe { unit.read() } != 0 {
        length += 1;
        unit = unit.wrapping_add(1);
    }
    // SAFETY: so many units were just read.
    narrow(unsafe { entries(text, length as u32) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_machine_answers() {
        shares().unwrap();
        desktops().unwrap();
    }

    /// As Microsoft documents `WTS_CLIENT_ADDRESS`: an IPv4 address begins with an offset of two bytes.
    #[test]
    fn addresses_of_clients() {
        let answer = |family: u32, address: &[u8]| {
            let mut bytes = family.to_le_bytes().to_vec();
            bytes.extend(address);
            bytes.resize(24, 0);
            bytes
        };
        assert_eq!(address(&answer(2, &[0, 0, 10, 1, 2, 3])), Some("10.1.2.3".parse().unwrap()));
        assert_eq!((address(&answer(23, &[0x20, 1])), address(&answer(0, &[])), address(&[2, 0])), (None, None, None));
    }
}
