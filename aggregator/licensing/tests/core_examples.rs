//! The worked examples on licences to run of the rules, sections J.1 and J.4; numbers as there.

mod estates;

use caliper_licensing::{Confidence, Estate, Server};
use estates::*;

const STANDARD: &str = "windows-server/standard/core";
const DATACENTER: &str = "windows-server/datacenter/core";

/// What stands on the one host of an example.
#[derive(Clone, Copy)]
enum Below {
    /// A foreign hypervisor.
    NoWindows,
    /// Windows that only runs virtual machines.
    HyperV,
    /// Windows with other roles.
    Windows,
}

fn estate(version: &str, edition: &str, processors: &[u32], below: Below, machines: usize) -> Estate {
    let mut host = host("H", processors);
    host.windows = !matches!(below, Below::NoWindows);
    host.virtualization_only = matches!(below, Below::HyperV);
    let placed =
        |id: String, is_virtual: bool| Server { host: Some("H".into()), is_virtual, ..server(&id, version, edition) };
    let mut servers: Vec<Server> = (0..machines).map(|at| placed(format!("VM{at}"), true)).collect();
    if host.windows {
        servers.push(placed("H".into(), false));
    }
    Estate { hosts: vec![host], servers, currency: "USD".into(), ..Estate::default() }
}

#[test]
fn both_minima_and_the_stacks_give_the_published_numbers() {
    use Below::{HyperV, NoWindows, Windows};
    let table: &[(&str, &[u32], Below, usize, u64)] = &[
        ("1", &[4], Windows, 0, 16),
        ("2", &[2, 2], Windows, 0, 16),
        ("3", &[4, 4], Windows, 0, 16),
        ("4", &[6, 6], HyperV, 2, 16),
        ("5", &[8, 8], Windows, 0, 16),
        ("6", &[10], Windows, 0, 16),
        ("8", &[4, 4, 4, 4], Windows, 0, 32),
        ("9", &[10, 10, 10, 10], Windows, 0, 40),
        ("10", &[12, 12], Windows, 0, 24),
        ("12", &[16, 16], Windows, 0, 32),
        // T2: [S148] says 32 because "only packs of 16 exist"
        ("13, T2", &[20], Windows, 0, 20),
        ("15", &[9, 9], Windows, 0, 18),
        // T7: rights are per fully licensed server, not per 16 cores: 24 cores do not run 3 virtual machines
        ("16, T7", &[12, 12], HyperV, 2, 24),
        ("16", &[12, 12], HyperV, 4, 48),
        ("16", &[12, 12], HyperV, 6, 72),
        ("16", &[12, 12], NoWindows, 10, 120),
        ("18", &[16], NoWindows, 4, 32),
        ("18", &[8, 8], HyperV, 6, 48),
        ("20", &[8, 8, 8, 8], NoWindows, 10, 160),
        ("23", &[8, 8], HyperV, 2, 16),
        // C.8: five Linux machines need nothing, the Windows below them does
        ("24", &[8, 8], HyperV, 0, 16),
        ("25", &[8, 8], NoWindows, 0, 0),
        ("26", &[16], NoWindows, 4, 32),
        // C.7: another role uses a right
        ("C.7", &[8, 8], Windows, 2, 32),
    ];
    for &(row, processors, below, machines, expected) in table {
        let assessment = assessed(&estate("2022", "Standard", processors, below, machines));
        assert_eq!(needed(&assessment, STANDARD), expected, "row {row}");
        assert_eq!(needed(&assessment, DATACENTER), 0, "row {row}");
    }
    // rows 17 and 20: what runs is Datacenter
    for (row, processors, machines, expected) in [("17", &[12, 12][..], 40, 24), ("20", &[8, 8, 8, 8], 10, 32)] {
        let assessment = assessed(&estate("2022", "Datacenter", processors, HyperV, machines));
        assert_eq!((needed(&assessment, STANDARD), needed(&assessment, DATACENTER)), (0, expected), "row {row}");
    }
}

/// Rows 27 to 30: list prices of 16 cores of Standard and Datacenter, and the number of machines on either side.
#[test]
fn datacenter_wins_where_the_prices_say() {
    let table = [
        ("27", "2016", 882, 6155, (12, 5292), (13, 6155)),
        ("28", "2019", 972, 6155, (12, 5832), (13, 6155)),
        ("29", "2022", 1069, 6155, (10, 5345), (11, 6155)),
        ("30", "2025", 1176, 6771, (10, 5880), (11, 6771)),
    ];
    for (row, version, standard, datacenter, below, above) in table {
        for ((machines, cost), sku) in [(below, STANDARD), (above, DATACENTER)] {
            let mut estate = estate(version, "Standard", &[8, 8], Below::HyperV, machines);
            estate.prices = vec![price(STANDARD, standard * 100, 16), price(DATACENTER, datacenter * 100, 16)];
            let assessment = assessed(&estate);
            let line = assessment.position.lines.iter().find(|line| line.short > 0 && line.unit == "core").unwrap();
            assert_eq!((line.sku.as_str(), line.cost_minor), (sku, cost * 100), "row {row}, {machines} machines");
            assert_eq!(line.version, version);
        }
    }
}

#[test]
fn licences_of_2008_to_2012_r2_give_the_published_numbers() {
    use Below::{HyperV, NoWindows, Windows};
    let table = [
        ("45", "2012", "Standard", 1, Windows, 0, "windows-server/standard/licence", 1),
        ("46", "2012", "Standard", 4, Windows, 0, "windows-server/standard/licence", 2),
        ("48", "2012", "Standard", 4, HyperV, 6, "windows-server/standard/licence", 3),
        ("49", "2012 R2", "Standard", 2, NoWindows, 4, "windows-server/standard/licence", 2),
        ("49", "2012 R2", "Standard", 2, NoWindows, 5, "windows-server/standard/licence", 3),
        ("50", "2012", "Datacenter", 2, HyperV, 20, "windows-server/datacenter/licence", 1),
        ("52", "2008 R2", "Datacenter", 2, HyperV, 9, "windows-server/datacenter/processor", 2),
        // A.5: 2008 Standard per instance, Enterprise per four
        ("A.5", "2008", "Standard", 2, Windows, 2, "windows-server/standard/licence", 3),
        ("A.5", "2008 R2", "Enterprise", 2, HyperV, 5, "windows-server/enterprise/licence", 2),
        // A.1: 2003 has no rights to virtual machines
        ("A.1", "2003", "Standard", 2, Windows, 0, "windows-server/standard/licence", 1),
        ("A.1", "2003 R2", "Enterprise", 4, NoWindows, 3, "windows-server/enterprise/licence", 3),
        ("A.1", "2003 R2", "Datacenter", 4, Windows, 0, "windows-server/datacenter/processor", 4),
    ];
    for (row, version, edition, processors, below, machines, sku, expected) in table {
        let assessment = assessed(&estate(version, edition, &vec![4; processors], below, machines));
        assert_eq!(lines(&assessment, sku), [(version, expected, 0, expected, 0)], "row {row}");
    }
}

#[test]
fn the_newest_version_on_a_host_decides() {
    let mut estate = estate("2016", "Standard", &[8, 8], Below::NoWindows, 2);
    estate.servers[1].version = Some(version("2022"));
    assert_eq!(lines(&assessed(&estate), STANDARD), [("2022", 16, 0, 16, 0)]);
    estate.servers[1].version = None;
    let assessment = assessed(&estate);
    assert_eq!(lines(&assessment, STANDARD), [("2025", 16, 0, 16, 0)]);
    assert!(warns(&assessment, &["unknown version", "VM1"]));
}

#[test]
fn idle_datacenter_covers_standard_and_never_the_reverse() {
    let mut standard = estate("2022", "Standard", &[8, 8], Below::NoWindows, 6);
    standard.entitlements = vec![owns(DATACENTER, "2022", 16)];
    let assessment = assessed(&standard);
    assert_eq!(needed(&assessment, STANDARD), 0);
    assert_eq!(lines(&assessment, DATACENTER), [("2022", 16, 16, 0, 0)]);
    // too old, or too few for the whole server
    for idle in [owns(DATACENTER, "2019", 16), owns(DATACENTER, "2022", 14)] {
        standard.entitlements = vec![idle];
        assert_eq!(needed(&assessed(&standard), STANDARD), 48);
    }

    let mut datacenter = estate("2022", "Datacenter", &[8, 8], Below::NoWindows, 2);
    datacenter.entitlements = vec![owns(STANDARD, "2025", 64)];
    let assessment = assessed(&datacenter);
    assert_eq!(lines(&assessment, DATACENTER), [("2022", 16, 0, 16, 0)]);
    assert_eq!(lines(&assessment, STANDARD), [("2025", 0, 64, 0, 64)]);
}

/// Invariant 4.
#[test]
fn unknown_hosts_and_processors_are_never_zero_in_silence() {
    let mut floating = server("VM1", "2022", "Standard");
    floating.is_virtual = true;
    let homeless = Estate { servers: vec![floating], ..Estate::default() };
    let assessment = assessed(&homeless);
    assert!(warns(&assessment, &["unknown host", "VM1", "C.11"]));

    let bare = Estate { servers: vec![server("FS1", "2022", "Standard")], ..Estate::default() };
    assert!(warns(&assessed(&bare), &["no host", "FS1"]));

    let assessment = assessed(&estate("2022", "Standard", &[], Below::Windows, 0));
    assert_eq!(needed(&assessment, STANDARD), 16, "what any server needs at least");
    assert!(warns(&assessment, &["not known", "H"]));
    assert_eq!(assessment.position.lines[0].confidence, Confidence::L);

    // without prices nobody can tell which edition is cheaper
    let assessment = assessed(&estate("2022", "Standard", &[8, 8], Below::NoWindows, 12));
    assert!(warns(&assessment, &["without the prices", "C.19"]));
}

/// A.1: one licence of its own for each running copy.
#[test]
fn editions_of_their_own_kind_have_their_own_licences() {
    let table = [
        ("2019", "Essentials", "windows-server/essentials/licence", 1), // source S29
        ("2012 R2", "Foundation", "windows-server/foundation/licence", 1), // source S25
        ("2008 R2", "Web Server", "windows-server/web/licence", 1),     // source S21
        ("2012 R2", "Storage Server Workgroup", "windows-server/storage/licence", 1), // source S22
        ("2008 R2", "HPC", "windows-server/hpc/licence", 1),            // source S18
        ("2008 R2", "SBS Standard", "sbs/standard/licence", 1),         // source S22
        ("2016", "MultiPoint Premium", "multipoint/standard/licence", 1), // source S1
        ("2008 R2", "Itanium-Based Systems", "windows-server/itanium/processor", 2), // source S19
    ];
    for (version, edition, sku, expected) in table {
        let assessment = assessed(&estate(version, edition, &[8, 8], Below::Windows, 0));
        assert_eq!(lines(&assessment, sku), [(version, expected, 0, expected, 0)], "{edition}");
        assert_eq!(needed(&assessment, STANDARD), 0, "{edition}");
    }
    // E.12: free, and its guests count all the same
    let mut free = estate("2019", "Standard", &[8, 8], Below::HyperV, 2);
    free.servers.last_mut().unwrap().edition = Some("Hyper-V Server".into());
    assert_eq!(needed(&assessed(&free), STANDARD), 16);
    free.servers.retain(|server| !server.is_virtual);
    assert_eq!(needed(&assessed(&free), STANDARD), 0);
    // Azure Edition has no licence for hosts of one's own
    let azure = assessed(&estate("2022", "Datacenter: Azure Edition", &[8, 8], Below::NoWindows, 1));
    assert_eq!(azure.position.violations[0].of, "VM0");
    assert_eq!(needed(&azure, DATACENTER), 0);
}
