//! Licences to run, beside the worked examples of sections J.1 and J.4.

use crate::estates::*;
use caliper_licensing::{Confidence, Estate, Server};

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

/// C.7: Windows with another role uses a right of its own; the rows of J.1 stand in `worked.toml`.
#[test]
fn another_role_on_the_metal_uses_a_right() {
    for (below, expected) in [(Below::Windows, 32), (Below::HyperV, 16), (Below::NoWindows, 16)] {
        let assessment = assessed(&estate("2022", "Standard", &[8, 8], below, 2));
        assert_eq!((needed(&assessment, STANDARD), needed(&assessment, DATACENTER)), (expected, 0));
    }
}

#[test]
fn licences_of_2003_to_2008_r2_count_instances_and_processors() {
    use Below::{HyperV, NoWindows, Windows};
    let table = [
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
