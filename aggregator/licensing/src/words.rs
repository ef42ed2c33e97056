//! Licences, numbers and money in words, as every page, table and explanation writes them.
//!
//! Knows no position; a product that the program's catalogue does not know keeps its own name.

use std::fmt;

use crate::catalogue::{EquivalenceKind, catalogue};

/// ISO 4217 for money of no stated currency; an empty currency means that there is no price.
pub const NO_CURRENCY: &str = "XXX";

/// Characters that a terminal obeys instead of showing them: control characters, and those that turn the direction of text.
#[must_use]
pub fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A count with groups of three digits: `12,345`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(pub u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// Minor units with their currency: `1,234.50 EUR`; a dash without a currency, for then no price is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    /// Minor units.
    pub minor: u64,
    /// ISO 4217, or empty.
    pub currency: String,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // ISO 4217: digits after the point
        let digits = match self.currency.as_str() {
            "" => return f.write_str("no price"),
            "JPY" | "KRW" | "CLP" | "ISK" | "VND" | "XAF" | "XOF" | "XPF" | "PYG" | "UGX" | "RWF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        };
        let unit = 10_u64.pow(digits);
        write!(f, "{}", Count(self.minor / unit))?;
        if digits > 0 {
            write!(f, ".{:0width$}", self.minor % unit, width = digits as usize)?;
        }
        write!(f, "\u{a0}{}", self.currency)
    }
}

/// A product line in words: `windows-server/standard/core` of 2019 is `Windows Server 2019 Standard, core licence`.
#[must_use]
pub fn product(sku: &str, version: &str) -> String {
    let with = |name: &str| if version.is_empty() { name.to_owned() } else { format!("{name} {version}") };
    if let Some(row) = catalogue().cal_of_sku(sku) {
        if row.id == "client-management" {
            let unit = if row.user.as_deref() == Some(sku) { "user" } else { "operating system" };
            return format!("{} Client ML, by {unit}", with("System Center"));
        }
        // the name ends with `CAL` and a remark
        let (name, edition) = match row.id.as_str() {
            "multipoint" => ("MultiPoint Server Remote Desktop Services", ""),
            _ => row.name.split_once(" CAL").unwrap_or((&row.name, "")),
        };
        if edition.starts_with(" suite") {
            let unit = if row.user.as_deref() == Some(sku) { "user" } else { "device" };
            return format!("{} CAL Suite, by {unit}", with(name));
        }
        let kind = if row.connector.as_deref() == Some(sku) {
            "External Connector"
        } else if row.device.as_deref() == Some(sku) {
            "Device CAL"
        } else {
            "User CAL"
        };
        return format!("{} {kind}", with(name));
    }
    let parts: Vec<&str> = sku.split('/').collect();
    if let [id, unit @ ("user" | "device")] = parts.as_slice()
        && let Some(row) = catalogue().equivalence(id)
    {
        // plans have no versions, only the present one counts
        let name = if row.kind == EquivalenceKind::Plan { row.name.clone() } else { with(&row.name) };
        return format!("{name}, by {unit}");
    }
    let Some(family) = parts.first().and_then(|id| server_family(id)) else { return with(sku) };
    match parts.as_slice() {
        [_, edition, unit] => {
            let words: Vec<String> = edition.split('-').map(capital).collect();
            format!("{} {}, {}", with(family), words.join(" "), unit_licences(unit, 1))
        }
        _ => with(sku),
    }
}

fn server_family(id: &str) -> Option<&'static str> {
    Some(match id {
        "windows-server" => "Windows Server",
        "sql-server" => "SQL Server",
        "sbs" => "Small Business Server",
        "multipoint" => "MultiPoint Server",
        "system-center" => "System Center",
        "core-infrastructure-suite" => "Core Infrastructure Suite",
        _ => return None,
    })
}

/// All licences of a family counted in `unit`, in words: `rds-cal` is `Remote Desktop Services CALs`, `sql-server` by core
/// `SQL Server core licences`.
#[must_use]
pub fn family(id: &str, unit: &str) -> String {
    let user = format!("{id}/user");
    if catalogue().cal_of_sku(&user).is_some() {
        let name = product(&user, "");
        let name = name.strip_suffix(" User CAL").map(|name| format!("{name} CAL")).unwrap_or(name);
        return format!("{}s", name.strip_suffix(", by user").unwrap_or(&name));
    }
    server_family(id).map_or_else(|| id.to_owned(), |name| format!("{name} {}", unit_licences(unit, 2)))
}

/// What is counted, for one or several: `core licences`, `licence`.
pub(crate) fn unit_licences(unit: &str, count: u64) -> String {
    let noun = if count == 1 { "licence" } else { "licences" };
    match unit {
        "" | "licence" => noun.into(),
        "virtual-core" => format!("virtual core {noun}"),
        _ => format!("{unit} {noun}"),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_money_has_its_digits() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(Count(number).to_string(), text);
        }
        for (minor, currency, text) in [
            (123_450, "EUR", "1,234.50\u{a0}EUR"),
            (5, "USD", "0.05\u{a0}USD"),
            (1_234, "JPY", "1,234\u{a0}JPY"),
            (1_234, "KWD", "1.234\u{a0}KWD"),
            (7, "", "no price"),
        ] {
            assert_eq!(Money { minor, currency: currency.into() }.to_string(), text);
        }
    }

    #[test]
    fn families_are_named_in_words() {
        assert_eq!(family("windows-server-cal", "cal"), "Windows Server CALs");
        assert_eq!(family("rds-cal", "cal"), "Remote Desktop Services CALs");
        assert_eq!(family("sbs-cal", "cal"), "Small Business Server CAL Suites");
        assert_eq!(family("client-management-licence", "licence"), "System Center Client MLs");
        assert_eq!(family("sql-server", "core"), "SQL Server core licences");
        assert_eq!(family("sql-server", "licence"), "SQL Server licences");
        assert_eq!(family("something-else", "core"), "something-else");
    }

    #[test]
    fn products_are_named_in_words() {
        assert_eq!(product("windows-server-cal/user", "2019"), "Windows Server 2019 User CAL");
        assert_eq!(product("windows-server/datacenter/core", "2022"), "Windows Server 2022 Datacenter, core licence");
        assert_eq!(product("windows-server/standard/licence", "2012"), "Windows Server 2012 Standard, licence");
        assert_eq!(product("rds-cal/device", "2019"), "Remote Desktop Services 2019 Device CAL");
        assert_eq!(product("windows-server-external-connector", "2022"), "Windows Server 2022 External Connector");
        assert_eq!(product("exchange-standard-cal/user", ""), "Exchange Server Standard User CAL");
        assert_eq!(product("core-cal-suite/user", "2022"), "Core CAL Suite 2022, by user");
        assert_eq!(product("sbs-cal/user", "2008 R2"), "Small Business Server 2008 R2 CAL Suite, by user");
        assert_eq!(product("client-management-licence/user", "2022"), "System Center 2022 Client ML, by user");
        assert_eq!(product("client-management-licence/ose", ""), "System Center Client ML, by operating system");
        assert_eq!(product("system-center/datacenter/core", "2022"), "System Center 2022 Datacenter, core licence");
        assert_eq!(
            product("windows-server/standard/virtual-core", "2022"),
            "Windows Server 2022 Standard, virtual core licence"
        );
        assert_eq!(
            product("core-infrastructure-suite/standard/core", "2022"),
            "Core Infrastructure Suite 2022 Standard, core licence"
        );
        assert_eq!(
            product("sql-server/business-intelligence/licence", "2014"),
            "SQL Server 2014 Business Intelligence, licence"
        );
        assert_eq!(product("sql-server", ""), "sql-server");
    }
}
