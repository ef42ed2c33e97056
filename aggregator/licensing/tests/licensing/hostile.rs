//! Estates at the edges of what numbers hold, and beyond what can be: each is refused with the field and what to do, or its
//! number is right. Numbers that come out are worked out by hand beside each row.

use crate::estates;
use caliper_licensing::{Assessment, Estate, EstateFile, Host, Server, assess};

/// One server of 2022 with Standard, one person, one device.
const SMALL: &str = "format = 'caliper.estate/1'\n[[server]]\nid = 'S'\nversion = 2022\nedition = 'Standard'\n\
                     [[person]]\nid = 'u'\n[[device]]\nid = 'd'\n[[access]]\nperson = 'u'\ndevice = 'd'\n";
const HEAD: &str = "format = 'caliper.estate/1'\n";
const SERVER: &str = "format = 'caliper.estate/1'\n[[server]]\nid = 'S'\nversion = 2022\nedition = 'Standard'\n";

fn outcome(text: &str) -> Result<Assessment, String> {
    let file = EstateFile::read(text).map_err(|error| error.to_string())?;
    assess(&file.finish()).map_err(|error| error.to_string())
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let shown: String = text.chars().take(400).collect();
    match outcome(text) {
        Ok(assessment) => panic!("{shown}\nwas accepted: {:?}", assessment.position.lines),
        Err(error) => assert_eq!(error, expected, "{shown}"),
    }
}

#[track_caller]
fn needs(text: &str, sku: &str, count: u64) -> Assessment {
    let assessment = outcome(text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(estates::needed(&assessment, sku), count, "{:?}", assessment.position.lines);
    assessment
}

const U32: &str = "expected a whole number from 0 to 4294967295: correct it";
const U64: &str = "expected a whole number of 0 or more: correct it";

#[test]
fn numbers_that_cannot_be_name_their_line_and_field() {
    // field, text before the number, line of the number, what it may be
    let fields = [
        ("count", format!("{SERVER}[[person]]\nid = 'u'\ncount = "), U32),
        ("stands_for", format!("{SERVER}[[person]]\nid = 'u'\nstands_for = "), U32),
        (
            "quantity",
            format!("{SMALL}[[entitlement]]\nsku = 'windows-server-cal/user'\nversion = 2022\nquantity = "),
            U64,
        ),
        ("minor", format!("{SMALL}[[price]]\nsku = 'windows-server-cal/user'\nminor = "), U64),
        ("units", format!("{SMALL}[[price]]\nsku = 'windows-server-cal/user'\nminor = 5\nunits = "), U32),
        ("virtual_processors", format!("{SERVER}virtual = true\nvirtual_processors = "), U32),
        ("observed_days", format!("{SERVER}observed_days = "), U32),
        ("peak_virtual_machines", format!("{SERVER}[[host]]\nid = 'H'\npeak_virtual_machines = "), U32),
        ("isolated_containers", format!("{SERVER}[[host]]\nid = 'H'\nisolated_containers = "), U32),
        ("enabled_accounts", format!("{HEAD}enabled_accounts = "), U64),
        ("admin_exempt_per_server", format!("{HEAD}[policy]\nadmin_exempt_per_server = "), U32),
        ("window_days", format!("{HEAD}[policy]\nwindow_days = "), U32),
    ];
    for (field, before, most) in &fields {
        let line = before.matches('\n').count() + 1;
        let wrong = |number: &str| {
            let plain = number.replace("nan", "NaN").replace("1e3", "1000.0");
            let is_whole = number.parse::<i128>().is_ok();
            let kind = if is_whole { "invalid value: integer" } else { "invalid type: floating point" };
            refused(&format!("{before}{number}\n"), &format!("line {line}: `{field}`: {kind} `{plain}`, {most}"));
        };
        ["-1", "1.5", "nan", "inf", "1e3"].into_iter().for_each(wrong);
        if *most == U32 {
            ["4294967296", "9007199254740993", "9223372036854775807"].into_iter().for_each(wrong);
        }
    }
    for (list, text) in [
        ("processors", format!("{SERVER}[[host]]\nid = 'H'\nprocessors = [8, -8]\n")),
        ("fitted", format!("{SERVER}[[host]]\nid = 'H'\nfitted = [8, -8]\n")),
        (
            "count",
            format!(
                "{SMALL}[[entitlement]]\nsku = 'windows-server/standard/licence'\nversion = '2008 R2'\nquantity = 1\nincluded_cals = {{ device = true, count = -8 }}\n"
            ),
        ),
    ] {
        let line = text.matches('\n').count();
        refused(&text, &format!("line {line}: `{list}`: invalid value: integer `-8`, {U32}"));
    }
}

#[test]
fn numbers_at_the_edge_are_right_or_refused() {
    let most = u64::from(u32::MAX);
    let cal = |rest: &str| format!("{SMALL}{rest}");
    // as many owned as one entitlement may have: one needed, the others are surplus
    let owned = needs(
        &cal("[[entitlement]]\nsku = 'windows-server-cal/user'\nversion = 2022\nquantity = 4294967295\n"),
        "windows-server-cal/user",
        1,
    );
    assert_eq!(owned.position.lines[0].surplus, most - 1);
    let quantity = "entitlement of `windows-server-cal/user`: nobody owns so many: correct the quantity";
    for number in ["4294967296", "9007199254740993", "9223372036854775807"] {
        refused(
            &cal(&format!("[[entitlement]]\nsku = 'windows-server-cal/user'\nversion = 2022\nquantity = {number}\n")),
            quantity,
        );
    }
    // A.3: 4,294,967,295 licences with 5 CALs each are more than can be owned
    refused(
        &cal(
            "[[entitlement]]\nsku = 'windows-server/standard/licence'\nversion = '2008 R2'\nquantity = 4294967295\nincluded_cals = { count = 5 }\n",
        ),
        "`included_cals` of an entitlement of `windows-server/standard/licence`: nobody owns so many: correct the count or the quantity",
    );
    // 0.8: everybody behind the account, at no price; at the highest price that a file holds their cost does not fit
    let shared = format!("{SERVER}[[person]]\nid = 'u'\nstands_for = 4294967295\n[[access]]\nperson = 'u'\n");
    needs(&shared, "windows-server-cal/user", most);
    let price = |user: u64, device: u64| {
        format!(
            "[[price]]\nsku = 'windows-server-cal/user'\nminor = {user}\n[[price]]\nsku = 'windows-server-cal/device'\nminor = {device}\n"
        )
    };
    let highest = i64::MAX as u64;
    refused(
        &(shared + &price(highest, 1)),
        "the people behind an account: more than can be counted, check the prices and numbers",
    );
    // one CAL, the cheaper: by one cent the Device CAL
    let dear = needs(&cal(&price(highest, highest - 1)), "windows-server-cal/device", 1);
    assert_eq!(dear.position.optimum.cost_minor, highest - 1);
    // three people without a device: three times the highest price is 27,670,116,110,564,327,421, above 2^64
    refused(
        &format!("{SERVER}[[person]]\nid = 'u'\ncount = 3\n[[access]]\nperson = 'u'\n{}", price(highest, 1)),
        "the price of 3 packs of 1: more than can be counted, check the prices and numbers",
    );
    for (minor, units, problem) in [
        ("0", "1", "it is 0: leave it out if it is not known"),
        ("5", "0", "it is for 0 units: say how many units it buys"),
    ] {
        let text = cal(&format!("[[price]]\nsku = 'windows-server-cal/user'\nminor = {minor}\nunits = {units}\n"));
        refused(&text, &format!("price of `windows-server-cal/user`: {problem}"));
    }
    // C.1: two processors of 4,294,967,295 cores
    needs(&format!("{SERVER}processors = [4294967295, 4294967295]\n"), "windows-server/standard/core", 2 * most);
    // C.6, C.10: as many machines and as many containers, two for each 16 cores: 4,294,967,295 x 16
    needs(
        &format!(
            "{SERVER}host = 'H'\nvirtual = true\n[[host]]\nid = 'H'\nprocessors = [8]\npeak_virtual_machines = 4294967295\nisolated_containers = 4294967295\n"
        ),
        "windows-server/standard/core",
        most * 16,
    );
    // 4,294,967,295 machines, two for each set of two processors with 4,294,967,295 cores: 2^31 x (2^33 - 2), just below 2^64
    needs(
        &format!(
            "{SERVER}host = 'H'\nvirtual = true\n[[host]]\nid = 'H'\nprocessors = [4294967295, 4294967295]\npeak_virtual_machines = 4294967295\n"
        ),
        "windows-server/standard/core",
        (1 << 31) * (2 * most),
    );
    refused(
        &format!(
            "{SERVER}host = 'H'\nvirtual = true\n[[host]]\nid = 'H'\nprocessors = [4294967295, 4294967295, 4294967295]\npeak_virtual_machines = 4294967295\n"
        ),
        "the licences of one host: more than can be counted, check the prices and numbers",
    );
    // C.14, D.4, D.3 with the factor 4 of single cores (D.2)
    needs(
        &format!("{SERVER}virtual = true\nlicensed_by = 'virtual-machine'\nvirtual_processors = 4294967295\n"),
        "windows-server/standard/virtual-core",
        most,
    );
    let sql = "[[sql]]\nid = 'q'\nserver = 'S'\nversion = 2012\nedition = 'Standard'\nmodel = 'core'\n";
    needs(&format!("{SERVER}virtual = true\nvirtual_processors = 4294967295\n{sql}"), "sql-server/standard/core", most);
    needs(&format!("{SERVER}processors = [1, 4294967295]\n{sql}"), "sql-server/standard/core", 4 + most);
}

#[test]
fn what_nobody_has_is_refused_before_memory_is_taken() {
    let most = "more than 10000000 people and devices with those before: lower `count`";
    for count in ["10000001", "50000000", "4294967295"] {
        refused(&format!("{SERVER}[[person]]\nid = 'u'\ncount = {count}\n"), &format!("group `u`: {most}"));
        refused(&format!("{SERVER}[[device]]\nid = 'd'\ncount = {count}\n"), &format!("group `d`: {most}"));
    }
    refused(
        &format!("{SERVER}[[person]]\nid = 'u'\ncount = 1000\n[[device]]\nid = 'd'\ncount = 9999001\n"),
        &format!("group `d`: {most}"),
    );
    let groups = "[[person]]\nid = 'u'\ncount = 40000\n[[device]]\nid = 'd'\ncount = 40000\n[[access]]\nperson = 'u'\ndevice = 'd'\n";
    let split = "access 1: more accesses than fit: split the estate";
    refused(&format!("{SERVER}{groups}"), split);
    // the same access once more for each family: 26 x 2,000,000
    let families: Vec<String> = (0..25).map(|at| format!("'f{at}'")).collect();
    let families = families.join(", ");
    refused(
        &format!("{SERVER}[[person]]\nid = 'u'\ncount = 2000000\n[[access]]\nperson = 'u'\nuses = [{families}]\n"),
        split,
    );
}

#[test]
fn machines_without_number() {
    let machines = |count: u32, host: Option<&str>, cluster: Option<&str>| -> Vec<Server> {
        let machine = |at| Server {
            host: host.map(str::to_owned),
            cluster: cluster.map(str::to_owned),
            is_virtual: true,
            ..estates::server(&format!("v{at}"), "2022", "Standard")
        };
        (0..count).map(machine).collect()
    };
    // C.6: 1,000,000 machines on a host with 32 cores: 500,000 sets of 32
    let hosts = vec![estates::host("H", &[16, 16])];
    let estate = Estate { hosts, servers: machines(1_000_000, Some("H"), None), ..Estate::default() };
    assert_eq!(estates::needed(&assess(&estate).unwrap(), "windows-server/standard/core"), 16_000_000);
    // C.12 with one failed host of 64: each takes its share of 100,000 machines on unknown hosts, 100,000 / 63 rounded up to
    // 1,588, so 794 sets of 32 cores on each
    let host = |at| Host { cluster: Some("C".into()), ..estates::host(&format!("H{at}"), &[16, 16]) };
    let hosts = (0..64).map(host).collect();
    let estate = Estate { hosts, servers: machines(100_000, None, Some("C")), ..Estate::default() };
    assert_eq!(estates::needed(&assess(&estate).unwrap(), "windows-server/standard/core"), 64 * 794 * 32);
}

#[test]
fn machines_in_a_circle() {
    let circle = "over one or more virtual machines it runs on itself: correct the hosts";
    let virtual_on = |id: &str, host: &str| {
        format!("[[host]]\nid = '{id}'\n[[server]]\nid = '{id}'\nvirtual = true\nhost = '{host}'\n")
    };
    let two = virtual_on("A", "B") + &virtual_on("B", "A");
    refused(&format!("{HEAD}{two}"), &format!("`host` of server `A`: {circle}"));
    refused(&format!("{HEAD}{}", virtual_on("A", "A")), &format!("`host` of server `A`: {circle}"));
    let three = virtual_on("A", "B") + &virtual_on("B", "C") + &virtual_on("C", "A");
    refused(&format!("{HEAD}{three}"), &format!("`host` of server `A`: {circle}"));
    // a guest of a guest of H counts on H (C.11): two machines, one set of 16
    let nested = virtual_on("A", "B") + &virtual_on("B", "H") + "[[host]]\nid = 'H'\nprocessors = [8, 8]\n";
    needs(&format!("{HEAD}{nested}"), "windows-server/standard/core", 16);
}

#[test]
fn words_that_nobody_knows() {
    let server = |field: &str| format!("{SERVER}virtual = true\n{field}\n");
    let known = "write one of 2003, 2003 R2, 2008, 2008 R2, 2012, 2012 R2, 2016, 2019, 2022, 2025";
    let version = |written: &str| format!("{HEAD}[[server]]\nid = 'S'\nversion = {written}\n");
    for (written, shown) in [("1999", "1999"), ("2014", "2014"), ("'2022 R2'", "2022 R2"), ("''", "")] {
        refused(&version(written), &format!("line 4: `version`: `{shown}` is no version that is known: {known}"));
    }
    refused(&version("2019.0"), "line 4: `version`: a version is written 2019 or \"2012 R2\": correct it");
    for (field, expected) in [
        (
            "licensed_by = 'magic'",
            "line 7: unknown variant `magic`, expected one of `host`, `virtual-machine`, `azure`, `azure-hybrid-benefit`, `pay-as-you-go`, `provider`: correct it",
        ),
        ("remote_desktop = 'x'", "line 7: unknown variant `x`, expected `per-user` or `per-device`: correct it"),
        (
            "release = 'SAC 9999'",
            "`release` of server `S`: the catalogue knows no such release: write it like SAC 1809 or Annual Channel 23H2",
        ),
        (
            "host = 'nowhere'",
            "server `S` names host `nowhere`, which the estate does not have: add it or correct the name",
        ),
        (
            "cluster = 'c'",
            "`cluster` of server `S` names cluster `c`, which the estate does not have: add it or correct the name",
        ),
        ("cluster = ''", "`cluster` of server `S`: it is empty: name the cluster, or leave it out"),
        (
            "may_run_on = ['h']",
            "`may_run_on` of server `S` names host `h`, which the estate does not have: add it or correct the name",
        ),
    ] {
        refused(&server(field), expected);
    }
    for (policy, expected) in [
        (
            "infra_roles = 'maybe'",
            "line 3: unknown variant `maybe`, expected one of `strict`, `interval`, `ignore`: correct it",
        ),
        (
            "window_days = 'all'",
            "line 3: `window_days`: invalid type: string \"all\", expected a whole number from 0 to 4294967295: correct it",
        ),
        ("spla = 1", "line 3: `spla`: invalid type: integer `1`, expected a boolean: correct it"),
    ] {
        refused(&format!("{HEAD}[policy]\n{policy}\n"), expected);
    }
    refused(
        &format!("{HEAD}currency = '€'\n"),
        "`currency`: it is no code of three capital letters: write for example EUR",
    );
    refused("[[server]]\nid = 'S'\n", "line 1: missing field `format`: add it");
    // what may be spelled anyhow is named in a warning
    for (text, word) in [
        (format!("{HEAD}[[server]]\nid = 'S'\nversion = 2022\nedition = 'Premium'\n"), "edition"),
        (format!("{SMALL}[[access]]\nperson = 'u'\nuses = ['nonsense']\n"), "nonsense"),
        (format!("{SMALL}[[entitlement]]\nsku = 'nonsense'\nversion = 2022\nquantity = 1\n"), "nonsense"),
        (format!("{SERVER}products = {{ nonsense = 2019 }}\n"), "nonsense"),
    ] {
        let assessment = outcome(&text).unwrap();
        assert!(estates::warns(&assessment, &[word]), "{text}\n{:?}", assessment.position.warnings);
    }
}

#[test]
fn unknown_fields_everywhere() {
    for table in ["host", "server", "sql", "person", "device", "access", "entitlement", "assignment", "price"] {
        let text = format!("{HEAD}[[{table}]]\nnonsense = 1\n");
        let error = outcome(&text).unwrap_err();
        assert!(error.starts_with("line 3: unknown field `nonsense`, expected "), "{table}: {error}");
    }
    for text in
        [format!("{HEAD}nonsense = 1\n"), format!("{HEAD}[nonsense]\n"), format!("{HEAD}[[nonsense]]\nid = 1\n")]
    {
        let error = outcome(&text).unwrap_err();
        assert!(error.starts_with("line 2: unknown field `nonsense`, expected "), "{error}");
    }
}

#[test]
fn days_that_cannot_be() {
    for (written, expected) in [
        ("-1", "`as_of`: a day is written 2026-11-21: correct it".to_owned()),
        ("true", "`as_of`: a day is written 2026-11-21: correct it".into()),
        ("'2024-02-30'", "`as_of`: `2024-02-30` is no day: write it like 2026-11-21".into()),
        ("'-0001-01-01'", "`as_of`: `-0001-01-01` is no day: write it like 2026-11-21".into()),
        ("''", "`as_of`: `` is no day: write it like 2026-11-21".into()),
        ("2026-11-21T00:00:00Z", "`as_of`: `2026-11-21T00:00:00Z` is no day: write it like 2026-11-21".into()),
    ] {
        refused(&format!("{HEAD}as_of = {written}\n"), &format!("line 2: {expected}"));
    }
    // Software Assurance until the last day there is counts on every day before (A.6): CALs of 2019 serve 2022
    let owned = "[[entitlement]]\nsku = 'windows-server-cal/user'\nversion = 2019\nquantity = 5\nsoftware_assurance_until = 9999-12-31\n";
    for day in ["0000-01-01", "0001-01-01", "2026-11-21", "9999-12-31"] {
        let text = SMALL.replacen('\n', &format!("\nas_of = {day}\n"), 1) + owned;
        let assessment = needs(&text, "windows-server-cal/user", 1);
        assert_eq!(estates::lines(&assessment, "windows-server-cal/user"), [("2022", 1, 5, 0, 4)], "{day}");
    }
    // D.5: a host that ran it within 90 days of that last day, in the past or, by a slip, in the future
    for day in ["0000-01-01", "9999-12-31"] {
        let text = format!(
            "{HEAD}as_of = {day}\n[[host]]\nid = 'H'\nprocessors = [8]\n[[server]]\nid = 'S'\nversion = 2022\nhost = 'H'\nvirtual = true\n\
             [[sql]]\nid = 'q'\nserver = 'S'\nversion = 2022\nmodel = 'host'\nran_on = [{{ host = 'H', last = 9999-12-31 }}]\n"
        );
        needs(&text, "sql-server/enterprise/core", 8);
    }
    let stay = |first: &str, last: &str| format!("{SMALL}[[access]]\nperson = 'u'\nfirst = {first}\nlast = {last}\n");
    refused(&stay("2026-02-01", "2026-01-31"), "access 2: its `last` day is before its `first`: correct them");
    needs(&stay("0000-01-01", "9999-12-31"), "windows-server-cal/user", 1);
}

#[test]
fn names_that_mean_nothing_or_two_things() {
    let long = "x".repeat(65_536);
    for (text, expected) in [
        (format!("{SERVER}[[person]]\nid = ''\n"), "[[person]] number 1: an empty name: give it one"),
        (
            format!("{SERVER}[[person]]\nid = 'u'\n[[person]]\nid = 'v'\naccounts = ['']\n"),
            "[[person]] number 2: an empty name: give it one",
        ),
        (format!("{HEAD}[[server]]\nid = ''\n"), "[[server]] number 1: an empty name: give it one"),
        (
            format!("{SERVER}[[device]]\nid = '{long}'\n"),
            "[[device]] number 1: a name of more than 1000 bytes: shorten it",
        ),
        (
            format!("{SERVER}[[host]]\nid = \"a\\u0000b\"\n"),
            "[[host]] number 1: a name with a character that cannot be seen: leave the character out",
        ),
        (
            format!("{SERVER}[[device]]\nid = \"\\u001b[31mred\"\n"),
            "[[device]] number 1: a name with a character that cannot be seen: leave the character out",
        ),
        (
            format!("{SERVER}[[sql]]\nserver = 'S'\nid = \"\\u202egnp.exe\"\n"),
            "[[sql]] number 1: a name with a character that cannot be seen: leave the character out",
        ),
        (
            format!("{SERVER}[[access]]\nperson = ''\n"),
            "access 1 names the person ``, which the file does not have: add it or correct the name",
        ),
        (format!("{SERVER}[[access]]\n"), "access 1 names neither a person nor a device: name at least one"),
        (format!("{SERVER}[[server]]\nid = 'S'\n"), "server `S` stands twice in the estate: give each its own id"),
        (
            format!("{SERVER}[[host]]\nid = 'H'\n[[host]]\nid = 'H'\n"),
            "host `H` stands twice in the estate: give each its own id",
        ),
        (
            format!("{SERVER}processors = [8]\n[[host]]\nid = 'S'\n"),
            "host `S` stands twice in the estate: give each its own id",
        ),
        (
            format!("{SERVER}[[sql]]\nid = 'q'\nserver = 'S'\n[[sql]]\nid = 'q'\nserver = 'S'\n"),
            "SQL Server instance `q` stands twice in the estate: give each its own id",
        ),
        (
            format!("{SERVER}[[person]]\nid = 'u'\n[[person]]\nid = 'u'\n"),
            "the person name `u` stands twice: give each its own",
        ),
        (
            format!("{SERVER}[[person]]\nid = 'x-1'\n[[person]]\nid = 'x'\ncount = 3\n"),
            "the person name `x-1` stands twice: give each its own",
        ),
        (
            format!("{SERVER}[[person]]\nid = 'x'\ncount = 3\n[[person]]\nid = 'x-1'\n"),
            "the person name `x-1` stands twice: give each its own",
        ),
        (
            format!("{SERVER}[[device]]\nid = 'x-2'\n[[device]]\nid = 'x'\ncount = 3\n"),
            "the device name `x-2` stands twice: give each its own",
        ),
    ] {
        refused(&text, expected);
    }
    // names are compared exactly
    needs(
        &format!(
            "{SERVER}[[person]]\nid = 'u'\n[[person]]\nid = 'U'\n[[access]]\nperson = 'u'\n[[access]]\nperson = 'U'\n"
        ),
        "windows-server-cal/user",
        2,
    );
    // a group of nobody
    needs(
        &format!("{SERVER}[[person]]\nid = 'x'\ncount = 0\n[[access]]\nperson = 'x'\n"),
        "windows-server-cal/user",
        0,
    );
}

#[test]
fn texts_that_are_no_estate() {
    let nested = ["[", "{ a = "].map(|open| format!("{HEAD}x = {}", open.repeat(10_000)));
    for text in nested.iter().chain(&[format!("{HEAD}[{}]\n", vec!["a"; 10_000].join("."))]) {
        let error = outcome(text).unwrap_err();
        assert!(error.ends_with("it is nested too deep, correct it"), "{error}");
    }
    refused("", "line 1: missing field `format`: add it");
    refused("\0\0\0", "line 1: key with no value, expected `=`: correct it");
    for text in [SMALL.replace('\n', "\r\n"), format!("\u{feff}{SMALL}")] {
        needs(&text, "windows-server-cal/user", 1);
    }
}

#[test]
fn exported_estates() {
    let json = |accesses: &str, more: &str| {
        format!(
            r#"{{"format":"caliper.estate/1","as_of":"2026-01-01","servers":[{{"id":"S","version":"2022"}}],"people":[{{"id":"u"}}],
            "devices":[{{"id":"d"}}],"accesses":{accesses}{more}}}"#
        )
    };
    let one = r#"{"person":[0],"device":[0],"server":[0],"flags":[0]}"#;
    let assessed = |text: &str| -> Result<Assessment, String> {
        let estate: Estate = serde_json::from_str(text).map_err(|error| error.to_string())?;
        assess(&estate).map_err(|error| error.to_string())
    };
    assert_eq!(estates::cals(&assessed(&json(one, "")).unwrap()), (1, 0));
    let uneven = "accesses with 2 entries in `person`, 1 in `device`, 1 in `server`, 1 in `flags`: each access has one in all four";
    let of = |of: &str, kind: &str, number: u32| {
        format!("{of} 0: it names {kind} number {number}, counted from 0, of 1: add the {kind} or correct the number")
    };
    let row = |person: i64, device: i64, server: i64, flags: i64| {
        format!(r#"{{"person":[{person}],"device":[{device}],"server":[{server}],"flags":[{flags}]}}"#)
    };
    let none = i64::from(u32::MAX);
    for (text, expected) in [
        (json(r#"{"person":[0,0],"device":[0],"server":[0],"flags":[0]}"#, ""), uneven.to_owned()),
        (json(&row(1, 0, 0, 0), ""), of("access", "person", 1)),
        (json(&row(0, 7, 0, 0), ""), of("access", "device", 7)),
        (json(&row(0, 0, none, 0), ""), of("access", "server", u32::MAX)),
        (
            json(&row(none, none, 0, 0), ""),
            "access 0: it names neither a person nor a device: leave it out or name one".into(),
        ),
        (json(&row(-1, 0, 0, 0), ""), "invalid value: integer `-1`, expected u32".into()),
        (json(&row(0, 0, 0, 256), ""), "invalid value: integer `256`, expected u8".into()),
        (
            json(one, &format!(r#","uses":[{{"cal":"rds-cal","accesses":{}}}]"#, row(7, 0, 0, 0))),
            of("access of the uses of rds-cal", "person", 7),
        ),
        (
            json(one, r#","stays":[{"person":0,"device":0,"server":9,"first":"2026-01-01","last":"2026-01-02"}]"#),
            of("stay", "server", 9),
        ),
        (
            json(one, r#","stays":[{"person":0,"device":0,"server":0,"first":"2026-01-02","last":"2026-01-01"}]"#),
            "stay 0: its `last` day is before its `first`: correct them".into(),
        ),
        (json(one, r#","nonsense":1"#), "unknown field `nonsense`, expected one of `format`".into()),
        (
            json(one, "").replace("2022", "SE"),
            "server `S`: its version is none of Windows Server: correct it or leave it out".into(),
        ),
    ] {
        let error = assessed(&text).unwrap_err();
        assert!(error.starts_with(&expected), "{error}\n{expected}");
    }
    // unknown bits of flags mean nothing; the largest price of JSON is exact
    let priced = r#","prices":[{"sku":"windows-server-cal/user","minor":18446744073709551615},{"sku":"windows-server-cal/device","minor":18446744073709551615}]"#;
    assert_eq!(assessed(&json(one, priced)).unwrap().position.optimum.cost_minor, u64::MAX);
}
