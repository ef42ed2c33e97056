//! Windows Management Instrumentation: one query, its rows, and a time after which nobody waits for it any more.
//!
//! Providers of other makers hang now and then, and COM has no way to call a call back. So each query has a thread of its own,
//! which is left to itself when its time is over.

use std::{
    io,
    sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

use windows::{
    Win32::System::{
        Com::{
            CLSCTX_INPROC_SERVER, COINIT_MULTITHREADED, CoCreateInstance, CoInitializeEx, CoSetProxyBlanket,
            CoUninitialize, EOAC_NONE, RPC_C_AUTHN_LEVEL_PKT_PRIVACY, RPC_C_IMP_LEVEL_IMPERSONATE,
        },
        Rpc::{RPC_C_AUTHN_WINNT, RPC_C_AUTHZ_NONE},
        Variant::{VARIANT, VT_BOOL, VT_BSTR, VT_I2, VT_I4, VT_UI1},
        Wmi::{
            IEnumWbemClassObject, IWbemClassObject, IWbemLocator, IWbemServices, WBEM_E_INVALID_CLASS,
            WBEM_E_INVALID_NAMESPACE, WBEM_E_NOT_FOUND, WBEM_FLAG_CONNECT_USE_MAX_WAIT, WBEM_FLAG_FORWARD_ONLY,
            WBEM_FLAG_RETURN_IMMEDIATELY, WBEM_S_TIMEDOUT, WbemLocator,
        },
    },
    core::{BSTR, HRESULT, IUnknown, Interface as _, PCWSTR},
};

use crate::{WindowsError, text::wide};

/// What to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// For example `root\cimv2`.
    pub namespace: &'static str,
    /// Name of the class.
    pub class: &'static str,
    /// The properties wanted, in the order of the values of a row.
    pub columns: &'static [&'static str],
    /// What follows `WHERE` in WQL; empty for all rows.
    pub condition: String,
}

impl Query {
    fn text(&self) -> String {
        let (columns, class) = (self.columns.join(", "), self.class);
        let condition = if self.condition.is_empty() { String::new() } else { format!(" WHERE {}", self.condition) };
        format!("SELECT {columns} FROM {class}{condition}")
    }
}

/// The values of the columns asked for, empty where there is none: numbers in decimal, 1 and 0 for yes and no, times as
/// `yyyymmddHHMMSS.mmmmmmsUUU`.
pub type Row = Vec<String>;

/// Rows fetched at a time.
const BATCH: usize = 32;
/// Batches waiting to be taken.
const WAITING: usize = 4;
/// How long to wait for rows before looking at the clock again, in milliseconds.
const LOOK: i32 = 500;
/// Longest text believed, in characters.
const LONGEST: usize = 64 << 10;

/// Hands the rows of an answer to `take`, in no order. Returns false if this Windows has no such namespace or class.
///
/// After `patience` it is an error; the rows that came before have been taken then.
pub fn ask(query: Query, patience: Duration, mut take: impl FnMut(Row)) -> Result<bool, WindowsError> {
    let until = Instant::now() + patience;
    let about = format!("{}:{}", query.namespace, query.class);
    let too_slow = || {
        let reason = format!("no complete answer within {} seconds", patience.as_secs());
        WindowsError::new("WMI", &about, io::Error::new(io::ErrorKind::TimedOut, reason))
    };
    let (sender, rows) = sync_channel::<Vec<Row>>(WAITING);
    let asking = thread::Builder::new().name("wmi".into()).spawn(move || answer(&query, until, &sender));
    let asking = asking.map_err(|error| WindowsError::new("CreateThread", "", error))?;
    loop {
        match rows.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(batch) => batch.into_iter().for_each(&mut take),
            Err(RecvTimeoutError::Timeout) => return Err(too_slow()),
            // the thread has ended and says how
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    match asking.join() {
        Ok(Ok(End::Complete)) => Ok(true),
        Ok(Ok(End::Late)) => Err(too_slow()),
        Ok(Err(error)) if is_absent(error.code()) => Ok(false),
        Ok(Err(error)) => Err(WindowsError::new("WMI", &about, of(&error))),
        Err(_) => Err(WindowsError::new("WMI", &about, io::Error::other("the question broke down"))),
    }
}

enum End {
    Complete,
    Late,
}

fn is_absent(code: HRESULT) -> bool {
    [WBEM_E_INVALID_NAMESPACE, WBEM_E_INVALID_CLASS, WBEM_E_NOT_FOUND].iter().any(|absent| absent.0 == code.0)
}

/// Windows has sentences for few codes of WMI, so the number stands there too.
fn of(error: &windows::core::Error) -> io::Error {
    let (code, text) = (error.code().0, error.message());
    io::Error::other(format!("{code:#010x} {text}").trim_end().to_owned())
}

/// COM on one thread, until dropped.
struct Com;

impl Com {
    fn begin() -> windows::core::Result<Self> {
        // SAFETY: this thread is ours, has not entered COM before, and leaves it once, in `drop`.
        unsafe { CoInitializeEx(None, COINIT_MULTITHREADED) }.ok()?;
        Ok(Self)
    }
}

impl Drop for Com {
    fn drop(&mut self) {
        // SAFETY: entered once by `begin`, on this thread; every interface made since then has been dropped before.
        unsafe { CoUninitialize() };
    }
}

/// Runs on a thread of its own.
fn answer(query: &Query, until: Instant, sender: &SyncSender<Vec<Row>>) -> windows::core::Result<End> {
    let com = Com::begin()?;
    let ended = fetch(query, until, sender);
    drop(com);
    ended
}

fn fetch(query: &Query, until: Instant, sender: &SyncSender<Vec<Row>>) -> windows::core::Result<End> {
    // SAFETY: COM is there as long as this function runs, and the class makes this interface.
    let locator: IWbemLocator = unsafe { CoCreateInstance(&WbemLocator, None, CLSCTX_INPROC_SERVER) }?;
    let (namespace, nothing) = (BSTR::from(query.namespace), BSTR::new());
    let patient = WBEM_FLAG_CONNECT_USE_MAX_WAIT.0;
    // SAFETY: all texts outlive the call; empty ones mean this account, its language and its way of proving itself.
    let connected = unsafe { locator.ConnectServer(&namespace, &nothing, &nothing, &nothing, patient, &nothing, None) };
    let services: IWbemServices = connected?;
    let_it_act_for_us(&services.cast()?)?;
    let (language, text) = (BSTR::from("WQL"), BSTR::from(query.text()));
    let flags = WBEM_FLAG_FORWARD_ONLY | WBEM_FLAG_RETURN_IMMEDIATELY;
    // SAFETY: both texts outlive the call.
    let rows: IEnumWbemClassObject = unsafe { services.ExecQuery(&language, &text, flags, None) }?;
    let_it_act_for_us(&rows.cast()?)?;
    let columns: Vec<Vec<u16>> = query.columns.iter().map(|column| wide(column)).collect();
    loop {
        if Instant::now() >= until {
            return Ok(End::Late);
        }
        let mut objects = [const { None::<IWbemClassObject> }; BATCH];
        let mut count = 0;
        // SAFETY: both the array and the number are writable for the call.
        let code = unsafe { rows.Next(LOOK, &mut objects, &raw mut count) };
        code.ok()?;
        let batch: Vec<Row> = objects.iter().flatten().map(|object| row(object, &columns)).collect();
        // where nobody takes the rows any more, nobody wants more of them
        if !batch.is_empty() && sender.send(batch).is_err() {
            return Ok(End::Late);
        }
        if (count as usize) < BATCH && code.0 != WBEM_S_TIMEDOUT.0 {
            return Ok(End::Complete);
        }
    }
}

/// Providers look at what is ours, so they need to act as us.
fn let_it_act_for_us(proxy: &IUnknown) -> windows::core::Result<()> {
    // SAFETY: the interface is alive; no name of a server and no other account are named.
    let set = unsafe {
        CoSetProxyBlanket(
            proxy,
            RPC_C_AUTHN_WINNT,
            RPC_C_AUTHZ_NONE,
            None,
            RPC_C_AUTHN_LEVEL_PKT_PRIVACY,
            RPC_C_IMP_LEVEL_IMPERSONATE,
            None,
            EOAC_NONE,
        )
    };
    match set {
        // one that lives in this process is no proxy and acts as us anyway
        Err(error) if error.code() == windows::Win32::Foundation::E_NOINTERFACE => Ok(()),
        set => set,
    }
}

fn row(object: &IWbemClassObject, columns: &[Vec<u16>]) -> Row {
    let value = |column: &Vec<u16>| {
        let mut variant = VARIANT::default();
        // SAFETY: the name ends with a zero and outlives the call, `variant` is writable, and kind and origin may be left out.
        let got = unsafe { object.Get(PCWSTR(column.as_ptr()), 0, &raw mut variant, None, None) };
        got.map_or_else(|_| String::new(), |()| value(&variant))
    };
    columns.iter().map(value).collect()
}

fn value(variant: &VARIANT) -> String {
    // SAFETY: every variant begins with its kind.
    let inner = unsafe { &variant.Anonymous.Anonymous };
    match inner.vt {
        VT_BSTR => {
            // SAFETY: the kind says which member is there.
            let text = unsafe { &inner.Anonymous.bstrVal };
            String::from_utf16_lossy(&text[..text.len().min(LONGEST)])
        }
        // SAFETY: the kind says which member is there.
        VT_I4 => unsafe { inner.Anonymous.lVal }.to_string(),
        // SAFETY: as before.
        VT_I2 => unsafe { inner.Anonymous.iVal }.to_string(),
        // SAFETY: as before.
        VT_UI1 => unsafe { inner.Anonymous.bVal }.to_string(),
        // SAFETY: as before.
        VT_BOOL => u8::from(unsafe { inner.Anonymous.boolVal }.as_bool()).to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_mins(1);

    fn query(class: &'static str, columns: &'static [&'static str], condition: &str) -> Query {
        Query { namespace: r"root\cimv2", class, columns, condition: condition.into() }
    }

    #[test]
    fn this_system_is_one_row() {
        let mut rows = Vec::new();
        let columns = &["BuildNumber", "OperatingSystemSKU", "NoSuchProperty", "LocalDateTime"];
        assert!(ask(query("Win32_OperatingSystem", columns, ""), PATIENCE, |row| rows.push(row)).unwrap());
        let [row] = rows.try_into().unwrap();
        let [build, product, nothing, time] = row.try_into().unwrap();
        assert!(build.parse::<u32>().is_ok() && product.parse::<u32>().is_ok(), "{build} {product}");
        assert_eq!((nothing.as_str(), time.find('.')), ("", Some(14)), "{time}");
    }

    #[test]
    fn only_those_rows_come_that_are_asked_for() {
        let names = |condition: &str| {
            let mut names = Vec::new();
            let found = ask(query("Win32_Process", &["ProcessId"], condition), PATIENCE, |row| names.push(row));
            assert!(found.unwrap());
            names
        };
        let own = std::process::id().to_string();
        assert_eq!(names(&format!("ProcessId = {own}")), [[own.clone()]]);
        assert!(names("").contains(&vec![own]));
        assert!(names("ProcessId = 4294967295").is_empty());
    }

    #[test]
    fn what_is_not_there_is_no_error_and_what_is_late_is_one() {
        let nowhere = Query { namespace: r"root\no such namespace", ..query("X", &["Y"], "") };
        assert!(!ask(nowhere, PATIENCE, |row| panic!("{row:?}")).unwrap());
        let late = ask(query("Win32_OperatingSystem", &["BuildNumber"], ""), Duration::ZERO, |row| panic!("{row:?}"));
        let error = late.unwrap_err().to_string();
        assert_eq!(error, r"Windows refuses WMI root\cimv2:Win32_OperatingSystem");
        let wrong = ask(query("Win32_OperatingSystem", &["BuildNumber"], "= ="), PATIENCE, drop);
        assert!(wrong.is_err());
    }
}
