//! Version from the build number (rule B.5) and edition from the suite mask, with what has to be said about both.

/// The edition can only be told from UAL by this bit of `OSVERSIONINFOEX.wSuiteMask`.
const DATACENTER: u32 = 0x80;
/// The newest build that rule B.5 names.
const NEWEST: u32 = 26_100;

/// `OSVERSIONINFOEX.wProductType` of a client.
pub const WORKSTATION: u32 = 1;

/// Rule B.5: build number to version of Windows Server.
const VERSIONS: [(u32, &str); 19] = [
    (3790, "2003"),
    (6001, "2008"),
    (6002, "2008"),
    (6003, "2008"),
    (7600, "2008 R2"),
    (7601, "2008 R2"),
    (9200, "2012"),
    (9600, "2012 R2"),
    (14_393, "2016"),
    (16_299, "SAC 1709"),
    (17_134, "SAC 1803"),
    (17_763, "2019"),
    (18_362, "SAC 1903"),
    (18_363, "SAC 1909"),
    (19_041, "SAC 2004"),
    (19_042, "SAC 20H2"),
    (20_348, "2022"),
    (25_398, "Annual Channel 23H2"),
    (26_100, "2025"),
];

/// The version of Windows Server, or a warning that says why there is none.
pub fn version(build: u32) -> Result<&'static str, String> {
    match VERSIONS.iter().find(|(known, _)| *known == build) {
        Some((_, version)) => Ok(version),
        None if build > NEWEST => Err(format!(
            "build {build} is newer than any this program knows: take it for the newest version (rule B.5)"
        )),
        None => Err(format!("build {build} is of no Windows Server that this program knows (rule B.5)")),
    }
}

/// The edition as far as the suite mask tells it, and a warning where it is only inferred.
pub fn edition(suite_mask: u32) -> (&'static str, Option<String>) {
    if suite_mask & DATACENTER != 0 {
        return ("Datacenter", None);
    }
    let warning = format!(
        "edition Standard is inferred from suite mask {suite_mask:#x}, which only tells Datacenter apart: \
         check for Essentials, Foundation or Storage Server (rule B.4)"
    );
    ("Standard", Some(warning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_of_rule_b5() {
        assert_eq!(version(9600), Ok("2012 R2"));
        assert_eq!(version(17_763), Ok("2019"));
        assert_eq!(version(20_348), Ok("2022"));
        assert_eq!(version(26_100), Ok("2025"));
        assert!(version(27_000).unwrap_err().contains("newer than any"));
        assert!(version(10_240).unwrap_err().contains("of no Windows Server"));
    }

    #[test]
    fn only_datacenter_is_certain() {
        // masks of the real sets: 400 = Datacenter, 272 = not
        assert_eq!(edition(400), ("Datacenter", None));
        let (edition, warning) = edition(272);
        assert_eq!(edition, "Standard");
        assert!(warning.unwrap().contains("inferred from suite mask 0x110"));
    }
}
