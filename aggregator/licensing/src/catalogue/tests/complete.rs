//! Sections A, B, E(vi), F and the ids of all rules: what must be there, typed from the rules row by row.

use crate::{Confidence, VersionName, catalogue::*};

fn version(name: &str) -> VersionName {
    VersionName::from_name(name).expect(name)
}

/// Section A.1: versions, edition, sku of its licence, CAL families of access, and whether only Software Assurance allows it.
#[test]
fn every_edition_of_a_version_is_licensed_as_section_a_says() {
    let standard = "windows-server/standard/licence";
    let table: [(&[&str], &str, &str, &[&str]); 26] = [
        (&["2003", "2003 R2"], "Standard", standard, &["windows-server"]),
        (&["2003", "2003 R2"], "Enterprise", "windows-server/enterprise/licence", &["windows-server"]),
        (&["2003", "2003 R2"], "Datacenter", "windows-server/datacenter/processor", &["windows-server"]),
        (&["2003"], "Web", "windows-server/web/licence", &[]),
        (&["2008", "2008 R2"], "Standard", standard, &["windows-server"]),
        (&["2008", "2008 R2"], "Enterprise", "windows-server/enterprise/licence", &["windows-server"]),
        (&["2008", "2008 R2"], "Datacenter", "windows-server/datacenter/processor", &["windows-server"]),
        (&["2008", "2008 R2"], "Itanium", "windows-server/itanium/processor", &["windows-server"]),
        (&["2008", "2008 R2"], "Web", "windows-server/web/licence", &[]),
        (&["2008", "2008 R2"], "Foundation", "windows-server/foundation/licence", &[]),
        (&["2008 R2"], "HPC", "windows-server/hpc/licence", &[]),
        // SBS 2011 stands on 2008 R2
        (&["2008", "2008 R2"], "SBS", "sbs/standard/licence", &["sbs"]),
        (&["2008 R2"], "Essentials", "windows-server/essentials/licence", &[]),
        (&["2008 R2"], "SBS Premium Add-on", "sbs/premium-add-on/licence", &["sbs"]),
        (&["2012", "2012 R2"], "Standard", standard, &["windows-server"]),
        (&["2012", "2012 R2"], "Datacenter", "windows-server/datacenter/licence", &["windows-server"]),
        (&["2012", "2012 R2"], "Foundation", "windows-server/foundation/licence", &[]),
        (&["2012", "2012 R2"], "Essentials", "windows-server/essentials/licence", &[]),
        (&["2012", "2012 R2"], "Storage", "windows-server/storage/licence", &[]),
        // MultiPoint 2011 stands on 2008 R2
        (&["2008 R2", "2012", "2016"], "MultiPoint", "multipoint/standard/licence", &["windows-server", "multipoint"]),
        (&["2016", "2019", "2022", "2025"], "Standard", "windows-server/standard/core", &["windows-server"]),
        (&["2016", "2019", "2022", "2025"], "Datacenter", "windows-server/datacenter/core", &["windows-server"]),
        (&["2016", "2019"], "Essentials", "windows-server/essentials/licence", &[]),
        (&["2022"], "Essentials", "windows-server/essentials/licence", &[]),
        (&["2025"], "Essentials", "windows-server/essentials/licence", &[]),
        (&["2016"], "Storage", "windows-server/storage/licence", &[]),
    ];
    for (versions, edition, sku, families) in table {
        for name in versions {
            let right = catalogue().right(edition, version(name), Terms::Own);
            assert_eq!(right.map(|row| row.sku.as_str()), Some(sku), "{name} {edition}");
        }
        let row = catalogue().edition(edition).unwrap();
        assert_eq!(
            (row.families.as_slice(), row.cal),
            (&families.map_strings()[..], !families.is_empty()),
            "{edition}"
        );
    }
    // free, and only in Azure
    assert_eq!(catalogue().edition("Hyper-V").map(|row| (row.licence, row.cal)), Some((RunLicence::Free, false)));
    assert!(catalogue().right("Datacenter Azure", VersionName::V2022, Terms::Own).is_none());
    // A.2: there is no edition of that name
    assert!(catalogue().edition("Windows Server SE").is_none());
    // C.14 and A.1: by virtual machine, every version by core
    for name in ["2016", "2019", "2022", "2025"] {
        for edition in ["Standard", "Datacenter"] {
            let right = catalogue().right(edition, version(name), Terms::SoftwareAssurance);
            assert_eq!(right.map(|row| row.formula), Some(Formula::VirtualMachines), "{name} {edition}");
        }
    }
    assert!(catalogue().right("Standard", VersionName::V2012R2, Terms::SoftwareAssurance).is_none());
}

trait MapStrings {
    fn map_strings(&self) -> Vec<String>;
}

impl MapStrings for &[&str] {
    fn map_strings(&self) -> Vec<String> {
        self.iter().map(|text| (*text).to_owned()).collect()
    }
}

/// Section G.7 beside A.5 and C.1: formula, processors, operating systems managed.
#[test]
fn management_licences_mirror_those_to_run() {
    let table = [
        ("Standard", "2012", Formula::ProcessorsAndInstances, Some(2), Some(2)),
        ("Standard", "2012 R2", Formula::ProcessorsAndInstances, Some(2), Some(2)),
        ("Datacenter", "2012 R2", Formula::Processors, Some(2), None),
        ("Standard", "2016", Formula::CoreSets, None, Some(2)),
        ("Standard", "2025", Formula::CoreSets, None, Some(2)),
        ("Datacenter", "2019", Formula::CoreSets, None, None),
    ];
    for (edition, name, formula, processors, instances) in table {
        let row = catalogue().right_of(Product::SystemCenter, edition, version(name), Terms::Own).unwrap();
        assert_eq!((row.formula, row.processors, row.instances), (formula, processors, instances), "{edition} {name}");
    }
    let minimum = |id: &str| {
        let row = catalogue().core_minimum(id).unwrap();
        (row.per_processor, row.per_server, row.per_virtual_machine, row.per_customer)
    };
    assert_eq!(minimum("system-center"), (8, 16, 0, 0));
    assert_eq!(minimum("system-center-virtual"), (0, 0, 8, 16));
    let suite = &catalogue().server_suites[0];
    assert_eq!(suite.covers, [Product::WindowsServer, Product::SystemCenter]); // G.8
    assert_eq!(catalogue().server_suites.len(), 1);
}

/// Section B.1: the SKU numbers that `tables` leaves out; core installations, sets of three, the last ones.
#[test]
fn the_other_skus_are_those_of_the_published_table() {
    for (sku, id, edition, core) in [
        (0x3F, "ServerSBSPremiumCore", Some("SBS"), true),
        (0x1E, "ServerMediumBusinessManagement", None, false),
        (0x1F, "ServerMediumBusinessSecurity", None, false),
        (0x20, "ServerMediumBusinessMessaging", None, false),
        (0x23, "ServerWinSBV", None, false),
        (0x27, "ServerDatacenterVCore", Some("Datacenter"), true),
        (0x28, "ServerStandardVCore", Some("Standard"), true),
        (0x29, "ServerEnterpriseVCore", Some("Enterprise"), true),
        (0x2B, "ServerStorageExpressCore", Some("Storage"), true),
        (0x2C, "ServerStorageStandardCore", Some("Storage"), true),
        (0x2D, "ServerStorageWorkgroupCore", Some("Storage"), true),
        (0x2E, "ServerStorageEnterpriseCore", Some("Storage"), true),
        (0x33, "ServerForSBSolutions", None, false),
        (0x37, "ServerForSBSolutionsEM", None, false),
        (0x35, "ServerSolutionsPremiumCore", Some("SBS Premium Add-on"), true),
        (0x39, "ServerEmbeddedSolutionCore", Some("MultiPoint"), true),
        (0x4D, "ServerMultiPointPremium", Some("MultiPoint"), false),
        (0x6E, "ServerCloudStorage", None, false),
    ] {
        let row = catalogue().edition_sku(sku).unwrap_or_else(|| panic!("{sku:#x}"));
        assert_eq!(
            (row.ids.as_slice(), row.edition.as_deref(), row.core),
            (&[id.to_owned()][..], edition, core),
            "{sku:#x}"
        );
    }
    let last = catalogue().edition_sku(0x199).unwrap();
    assert_eq!((last.edition.as_deref(), last.core), (Some("Datacenter Azure"), true));
    // all of B.1: 47 of `tables` with an EditionID and 18 here, 0x199 and eight of Azure's own without, the unlicensed state
    assert_eq!(catalogue().edition_ids.len(), 47 + 18 + 1 + 8 + 1);
}

/// Section B.3: suffixes, and what they say.
#[test]
fn edition_ids_are_read_without_their_suffixes() {
    for (id, edition, evaluation, core) in [
        ("ServerStandardEvalCor", "Standard", true, true),
        ("ServerDatacenterACor", "Datacenter", false, true),
        ("SERVERSTANDARDNANO", "Standard", false, true),
        ("ServerSolutionEM", "Essentials", false, false),
        // those that no table has
        ("ServerWebEval", "Web", true, false),
        ("ServerEnterpriseEvalCor", "Enterprise", true, true),
        ("ServerWebV", "Web", false, false),
        ("ServerTurbineACor", "Datacenter Azure", false, true),
        ("ServerStorageStandardCor", "Storage", false, true),
        // one that is its own name, not a suffix
        ("ServerHPCV", "HPC", false, false),
    ] {
        let found = catalogue().normalised(id).unwrap_or_else(|| panic!("{id}"));
        let row = found.row.edition.as_deref();
        assert_eq!((row, found.evaluation, found.core), (Some(edition), evaluation, core), "{id}");
    }
    for unknown in ["", "Core", "V", "ServerMoonEval", "ProfessionalN"] {
        assert!(catalogue().normalised(unknown).is_none(), "{unknown}");
    }
}

/// Section F.3: an RDS CAL serves session hosts up to its own version; the letters of the matrix, typed from the page.
#[test]
fn rds_cals_serve_session_hosts_as_the_matrix_says() {
    let rds = catalogue().cal("rds").unwrap();
    let hosts = ["2008", "2008 R2", "2012", "2012 R2", "2016", "2019", "2022", "2025"];
    for (cal, serves) in [
        ("2008", "yynnnnnn"),
        ("2012", "yyyynnnn"),
        ("2016", "yyyyynnn"),
        ("2019", "yyyyyynn"),
        ("2022", "yyyyyyyn"),
        ("2025", "yyyyyyyy"),
    ] {
        for (host, letter) in hosts.iter().zip(serves.chars()) {
            let needed = rds.cal_for(version(host)).unwrap();
            assert_eq!(needed <= version(cal), letter == 'y', "CAL {cal}, host {host}");
        }
    }
}

/// Section E(vi): sku, version, units, minor, confidence of each price; none is used for money unless confirmed.
#[test]
fn prices_are_those_of_the_published_table() {
    use Confidence::{H, K, L, M};
    for (sku, version, units, minor, confidence) in [
        ("windows-server/standard/licence", "2008 R2", 1, 72_600, M),
        ("windows-server/enterprise/licence", "2008 R2", 1, 235_800, M),
        ("windows-server/web/licence", "2008 R2", 1, 40_300, M),
        ("windows-server/standard/licence", "2012 R2", 1, 88_200, H),
        ("windows-server/datacenter/licence", "2012 R2", 1, 615_500, H),
        ("windows-server/essentials/licence", "2012 R2", 1, 50_100, H),
        ("windows-server/datacenter/licence", "2012", 1, 480_900, K),
        ("windows-server/standard/core", "2016", 16, 88_200, M),
        ("windows-server/datacenter/core", "2016", 16, 615_500, M),
        ("windows-server/standard/core", "2019", 16, 97_200, M),
        ("windows-server/datacenter/core", "2019", 16, 615_500, M),
        ("windows-server/standard/core", "2022", 16, 106_900, M),
        ("windows-server/datacenter/core", "2022", 16, 615_500, M),
        ("windows-server/standard/core", "2025", 16, 117_600, M),
        ("windows-server/datacenter/core", "2025", 16, 677_100, M),
        ("windows-server/pay-as-you-go/core-month", "2025", 1, 3_358, M),
        // 0.046 an hour
        ("windows-server/pay-as-you-go/core-hour", "2025", 10, 46, M),
        ("windows-server-cal/user", "2025", 1, 4_200, L),
        ("windows-server-cal/device", "2025", 1, 4_200, L),
        // 28 to 29
        ("windows-server-cal/user", "2003", 1, 2_850, L),
        ("windows-server-cal/device", "2003", 1, 2_850, L),
        ("windows-server-cal/user", "2012", 1, 3_800, K),
        ("windows-server-cal/device", "2012", 1, 3_000, K),
        ("windows-server-cal/user", "2016", 1, 3_800, K),
        ("windows-server-cal/device", "2016", 1, 3_000, K),
        ("windows-server-cal/user", "2019", 1, 4_100, K),
        ("windows-server-cal/device", "2019", 1, 3_500, K),
        ("windows-server-cal/user", "2022", 1, 4_600, K),
        ("windows-server-cal/device", "2022", 1, 3_800, K),
        ("rds-cal/user", "2012", 1, 10_200, K),
        ("rds-cal/user", "2012 R2", 1, 12_500, K),
        ("windows-server-external-connector", "2008", 1, 199_900, K),
        ("rds-external-connector", "2008", 1, 799_900, K),
        ("sql-server/enterprise/core", "2017", 2, 1_425_600, M),
        ("sql-server/standard/core", "2017", 2, 371_700, L),
    ] {
        let row = catalogue().prices.iter().find(|row| (row.sku.as_str(), row.version.name()) == (sku, version));
        let row = row.unwrap_or_else(|| panic!("{sku} {version}"));
        assert_eq!((row.units, row.minor, row.confidence), (units, minor, confidence), "{sku} {version}");
        assert!(!row.verified && row.currency == "USD", "{sku} {version}");
    }
    assert_eq!(catalogue().prices.len(), 35);
}

/// The ids of sections 0 and A to K; those with letters behind the number are parts of one rule.
#[test]
fn every_rule_has_its_row() {
    let sections = [
        ("0", 8),
        ("A", 6),
        ("B", 6),
        ("C", 26),
        ("D", 11),
        ("E", 30),
        ("F", 11),
        ("G", 9),
        ("H", 2),
        ("I.1", 7),
        ("I", 5),
        ("K", 1),
    ];
    let mut ids = Vec::new();
    for (section, last) in sections {
        ids.extend((1..=last).map(|number| format!("{section}.{number}")));
    }
    // E.9 is three rules, I.1 seven
    ids.retain(|id| id != "E.9" && id != "I.1");
    ids.extend(["E.9a", "E.9b", "E.9c"].map(str::to_owned));
    for id in &ids {
        assert!(catalogue().rule(id).is_some(), "{id}");
    }
    assert_eq!(catalogue().rules.len(), ids.len());
    // section X
    assert!((1..=13).all(|number| catalogue().questions.iter().any(|row| row.id == format!("X.{number}"))));
    // confidences that the rules state, one of each letter
    let confidence = |id| catalogue().rule(id).unwrap().confidence;
    assert_eq!(
        ["C.1", "C.5", "C.18", "D.6", "G.7"].map(confidence),
        [Confidence::H, Confidence::M, Confidence::L, Confidence::K, Confidence::H]
    );
}
