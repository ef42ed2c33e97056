//! Licences, numbers and money in words, as every page, table and explanation writes them.
//!
//! Knows no position; where a product is new here it keeps its own name.

use std::fmt;

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
    match sku {
        "windows-server-cal/user" => format!("{} User CAL", with("Windows Server")),
        "windows-server-cal/device" => format!("{} Device CAL", with("Windows Server")),
        _ => match sku.split('/').collect::<Vec<_>>().as_slice() {
            ["windows-server", edition, unit] => {
                let mut edition = (*edition).to_owned();
                if let Some(first) = edition.get_mut(..1) {
                    first.make_ascii_uppercase();
                }
                let kind = if *unit == "licence" { String::new() } else { format!("{unit} ") };
                format!("{} {edition}, {kind}licence", with("Windows Server"))
            }
            // a product the pages have no words for yet keeps its own name
            _ => with(sku),
        },
    }
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
    fn products_are_named_in_words() {
        assert_eq!(product("windows-server-cal/user", "2019"), "Windows Server 2019 User CAL");
        assert_eq!(product("windows-server/datacenter/core", "2022"), "Windows Server 2022 Datacenter, core licence");
        assert_eq!(product("windows-server/standard/licence", "2012"), "Windows Server 2012 Standard, licence");
        assert_eq!(product("sql-server", ""), "sql-server");
    }
}
