//! Each refusal with its whole message: file, row, reason, what to do.

use crate::catalogue::{Catalogue, LARGEST};

/// A user's own text and the message that refuses it.
const REFUSED: [(&str, &str); 72] = [
    ("[[price\n", "the file, line 1: unclosed array table, expected `]]`: correct it"),
    (
        "format = \"caliper.catalogue/2\"\n",
        "the file is of another format: begin it with format = \"caliper.catalogue/1\"",
    ),
    ("[[prices]]\n", "the file: there is no list `prices` in a catalogue: correct the name"),
    ("price = 5\n", "the file: `price` is no list of rows: write each row under [[price]]"),
    ("price = [5]\n", "the file: `price` is no list of rows: write each row under [[price]]"),
    (
        "[[equivalence]]\nverified = true\n",
        "the file, equivalence `number 1`: has no id, which tells it from others: add it",
    ),
    (
        "[[equivalence]]\nid = \"ems-e3\"\n[[equivalence]]\nid = \"ems-e3\"\n",
        "the file, equivalence `ems-e3`: stands twice: keep one",
    ),
    (
        "[[equivalence]]\nid = \"ems-e3\"\norigin = \"caliper\"\n",
        "the file, equivalence `ems-e3`: `origin` is set by the program: leave it out",
    ),
    (
        "[[equivalence]]\nid = \"ems-e3\"\ncover = []\n",
        "the file, equivalence `ems-e3`: unknown field `cover`, expected one of `id`, `name`, `kind`, `user`, `device`, \
         `covers`, `paired_with`, `note`, `rule`, `source`, `confidence`, `verified`, `origin`: correct it",
    ),
    ("[[equivalence]]\nid = \"mine\"\n", "the file, equivalence `mine`: missing field `name`: add it"),
    (
        "[[equivalence]]\nid = \"ems-e3\"\nconfidence = \"A\"\n",
        "the file, equivalence `ems-e3`: the confidence is `A`: write H, M, L or K",
    ),
    (
        "[[equivalence]]\nid = \"ems-e3\"\nrule = \"G.99\"\n",
        "the file, equivalence `ems-e3`: the rule `G.99` does not exist: correct its id",
    ),
    (
        "[[equivalence]]\nid = \"ems-e3\"\nsource = []\n",
        "the file, equivalence `ems-e3`: names no source: say where it was read",
    ),
    (
        "[[equivalence]]\nid = \"ems-e3\"\nsource = [\"S999\"]\n",
        "the file, equivalence `ems-e3`: the source `S999` does not exist: correct its id or add a [[source]]",
    ),
    (
        "[[equivalence]]\nid = \"ems-e3\"\ncovers = [\"windows\"]\n",
        "the file, equivalence `ems-e3`: the CAL family `windows` does not exist: correct its id or add it",
    ),
    (
        "[[equivalence]]\nid = \"bridge-ems\"\npaired_with = [\"core-cal-suite\"]\n",
        "the file, equivalence `bridge-ems`: the plan `core-cal-suite` does not exist: correct its id or add it",
    ),
    (
        "[[equivalence]]\nid = \"bridge-ems\"\npaired_with = []\n",
        "the file, equivalence `bridge-ems`: a bridge, and only a bridge, is paired with plans: correct `paired_with`",
    ),
    (
        "[[equivalence]]\nid = \"ems-e3\"\nuser = false\n",
        "the file, equivalence `ems-e3`: is sold neither for users nor for devices: set one",
    ),
    (
        "[[question]]\nid = \"X.1\"\nrules = [\"E.77\"]\n",
        "the file, question `X.1`: the rule `E.77` does not exist: correct its id",
    ),
    (
        "[[version]]\nname = \"2024\"\n",
        "the file, version `2024`: `2024` is no version that is known: write one of 2003, 2003 R2, 2005, 2007, 2008, 2008 R2, \
         2010, 2011, 2012, 2012 R2, 2013, 2014, 2015, 2016, 2017, 2018, 2019, 2020, 2022, 2025, SE",
    ),
    (
        "[[version]]\nname = \"2010\"\ncal = \"2008\"\nmodel = \"cores\"\nrule = \"A.1\"\n",
        "the file, version `2010`: is no version of Windows Server: correct its name",
    ),
    (
        "[[version]]\nname = \"2016\"\ncal = \"2019\"\n",
        "the file, version `2016`: its CAL is 2019, which is newer than itself: correct `cal`",
    ),
    (
        "[[version]]\nname = \"2016\"\ncal = \"2012 R2\"\n",
        "the file, version `2016`: its CAL is 2012 R2, which has no CAL of its own: correct `cal`",
    ),
    (
        "[[version]]\nname = \"2019\"\ncal = \"2016\"\n",
        "cals.toml, cal `windows-server`: a server of 2019 needs the CAL of 2016: correct its versions",
    ),
    (
        "[[product_build]]\nfamily = \"sql\"\nmajor = 16\nminor = 0\nversion = \"2022\"\nrule = \"D.11\"\n",
        "the file, product_build `sql 16 0`: the CAL family `sql` does not exist: correct its id or add it",
    ),
    (
        "[[product_build]]\nfamily = \"sql-server\"\nmajor = 16\nminor = 0\nversion = \"2010\"\n",
        "the file, product_build `sql-server 16 0`: 2010 is no version of `sql-server`: correct one",
    ),
    (
        "[[build]]\nbuild = 20348\nrelease = \"2022 again\"\nversion = \"2022\"\nchannel = \"ltsc\"\nrule = \"B.5\"\n",
        "the file, build `20348 2022 again`: is of the same build as `2022`: say with `told_by` how to tell them apart",
    ),
    (
        "[[build]]\nbuild = 30000\nrelease = \"next\"\nversion = \"2025\"\nchannel = \"ltsc\"\ntold_by = \"a guess\"\nrule = \"B.5\"\n",
        "the file, build `30000 next`: no release of this build is the one to assume: leave out one `told_by`",
    ),
    (
        "[[build]]\nbuild = 26100\nrelease = \"2025\"\nchannel = \"canary\"\n",
        "the file, build `26100 2025`: the channel `canary` does not exist: correct its id or add it",
    ),
    (
        "[[build]]\nbuild = 0\nrelease = \"none\"\nversion = \"2025\"\nchannel = \"ltsc\"\nrule = \"B.5\"\n",
        "the file, build `0 none`: no build has the number 0: correct it",
    ),
    (
        "[[edition]]\nname = \"Essentials\"\nalso = [\"Windows Server Standard\"]\n",
        "the file, edition `Essentials`: the spelling `Windows Server Standard` is also one of `Standard`: keep one",
    ),
    (
        "[[edition]]\nname = \"Web\"\ncal = true\n",
        "the file, edition `Web`: `cal` and `families` contradict each other: name the CALs that access needs, or none",
    ),
    (
        "[[edition_id]]\nsku = 8\nids = [\"serverstandard\"]\n",
        "the file, edition_id `8`: the EditionID `serverstandard` is also that of 0x07: keep one",
    ),
    (
        "[[edition_id]]\nsku = 7\nedition = \"Premium\"\n",
        "the file, edition_id `7`: the edition `Premium` does not exist: correct its id or add it",
    ),
    (
        "[[cap]]\nid = \"foundation-2012\"\nusers = 0\n",
        "the file, cap `foundation-2012`: `users` is 0: leave it out, or correct it",
    ),
    (
        "[[cap]]\nid = \"foundation-2012\"\nusers = 1000001\n",
        "the file, cap `foundation-2012`: `users` is 1000001, more than 1000000: correct it",
    ),
    (
        "[[cap]]\nid = \"foundation-2012\"\nversions = [\"2008\", \"2012\"]\n",
        "the file, cap `foundation-2012`: limits the same edition and version as `foundation-2008`: keep one",
    ),
    (
        "[[right]]\nid = \"2012-standard\"\nformula = \"instances\"\n",
        "the file, right `2012-standard`: its formula has no use for `processors`: leave it out",
    ),
    (
        "[[right]]\nid = \"2016-standard\"\nminimum = \"windows\"\n",
        "the file, right `2016-standard`: the core minimum `windows` does not exist: correct its id or add it",
    ),
    (
        "[[core_factor]]\nid = \"amd-2012\"\ndenominator = 0\n",
        "the file, core_factor `amd-2012`: `denominator` is 0: leave it out, or correct it",
    ),
    (
        "[[pack]]\nid = \"core-volume\"\nsizes = [16, 2]\n",
        "the file, pack `core-volume`: its sizes do not rise: write each once, the smallest first",
    ),
    (
        "[[cal]]\nid = \"windows-server\"\nbeside = [\"rds\"]\n",
        "the file, cal `windows-server`: needs itself beside itself: correct `beside`",
    ),
    (
        "[[cal]]\nid = \"rds\"\nuser = \"windows-server-cal/user\"\n",
        "the file, cal `rds`: the sku `windows-server-cal/user` is also one of `windows-server`: keep one",
    ),
    // T13, J.7: a public data set has both swapped
    (
        "[[role]]\nid = \"ad-ds\"\nguid = \"10a9226f-50ee-49d8-a393-9a501d47ce04\"\n\
         [[role]]\nid = \"file-server\"\nguid = \"ad495fc3-0eaa-413d-ba7d-8b13fa7ec598\"\n",
        "the file, role `ad-ds`: this is the GUID of `file-server`; public lists have both swapped: correct it",
    ),
    (
        "[[role]]\nid = \"dhcp-server\"\nguid = \"48EED6B2-9CDC-4358-B5A5-8DEA3B2F3F6A\"\n",
        "the file, role `dhcp-server`: `48EED6B2-9CDC-4358-B5A5-8DEA3B2F3F6A` is no GUID in lower case with hyphens: \
         correct it",
    ),
    (
        "[[price]]\nsku = \"windows-server-cal/user\"\nversion = \"2025\"\nunits = 5\ncurrency = \"EUR\"\nminor = 20000\n\
         rule = \"E.28\"\n",
        "the file, price `windows-server-cal/user 2025 5 EUR`: missing field `date`: add it",
    ),
    (
        "[[price]]\nsku = \"windows-server-cal/user\"\nversion = \"2025\"\nunits = 5\ncurrency = \"EUR\"\nminor = 20000\n\
         rule = \"E.28\"\ndate = \"May 2026\"\n",
        "the file, price `windows-server-cal/user 2025 5 EUR`: `May 2026` is no date: write 2026, 2026-05 or 2026-05-31",
    ),
    (
        "[[price]]\nsku = \"windows-server-cal/user\"\nversion = \"2025\"\nunits = 1\ncurrency = \"USD\"\nminor = 0\n",
        "the file, price `windows-server-cal/user 2025 1 USD`: the price of 0 cannot be: correct `minor`",
    ),
    // a release of two versions
    (
        "[[build]]\nbuild = 30000\nrelease = \"2019\"\nversion = \"2022\"\nchannel = \"ltsc\"\nrule = \"B.5\"\n",
        "the file, build `30000 2019`: `2019` is of version 2019 and channel `ltsc` in build 17763: a release has one of each, \
         correct it",
    ),
    // B.5: builds and EditionIDs are shared with clients
    (
        "[[edition_id]]\nsku = 48\nproduct = \"PROFESSIONAL\"\nids = [\"Professional\"]\nedition = \"Standard\"\nrule = \"B.1\"\n",
        "the file, edition_id `48`: the EditionID `Professional` is that of no server: correct it or its `reporter`",
    ),
    (
        "[[edition]]\nname = \"Premium\"\ncal = true\nfamilies = [\"windows-server\"]\nlicence = \"by-version\"\nrule = \"A.1\"\n",
        "the file, edition `Premium`: only Standard, Enterprise and Datacenter are licensed as the version says: write `own` or `free`",
    ),
    (
        "[[cap]]\nid = \"none\"\nedition = \"Standard\"\nversions = [\"2022\"]\nvirtual_allowed = true\nrule = \"A.4\"\n",
        "the file, cap `none`: limits nothing: give a number, or leave the row out",
    ),
    (
        "[[cap]]\nid = \"foundation-2012\"\nversions = [\"2012\", \"2012\"]\n",
        "the file, cap `foundation-2012`: names 2012 twice: keep one",
    ),
    (
        "[[right]]\nid = \"2016-standard\"\nversions = [\"2017\"]\n",
        "the file, right `2016-standard`: 2017 is no version of Windows Server: leave it out",
    ),
    (
        "[[right]]\nid = \"2016-standard\"\nsku = \"Windows Server\"\n",
        "the file, right `2016-standard`: `Windows Server` is no sku: write small letters, digits and hyphens, words apart by /",
    ),
    (
        "[[right]]\nid = \"2016-standard\"\nsku = \"windows-server/standard/licence\"\n",
        "the file, right `2016-standard`: its sku `windows-server/standard/licence` does not end with /core, which its formula \
         counts: correct one",
    ),
    (
        "[[right]]\nid = \"system-center-2016-standard\"\nsku = \"windows-server/standard/core\"\n",
        "the file, right `system-center-2016-standard`: its sku `windows-server/standard/core` does not begin with \
         `system-center`: correct one",
    ),
    (
        "[[server_suite]]\nid = \"core-infrastructure-suite\"\ncovers = [\"windows-server\", \"windows-server\"]\n",
        "the file, server_suite `core-infrastructure-suite`: `covers` names fewer than two products, or one twice: correct it",
    ),
    (
        "[[server_suite]]\nid = \"ems-e3\"\nname = \"mine\"\ncovers = [\"windows-server\", \"system-center\"]\nrule = \"G.8\"\n",
        "the file, server_suite `ems-e3`: a CAL family, suite or plan has the same id: choose another one",
    ),
    // the first row that fits counts
    (
        "[[core_factor]]\nid = \"mine\"\nversions = [\"2014\"]\nmodels = [\"64xx\"]\nnumerator = 1\ndenominator = 2\nrule = \"D.2\"\n",
        "the file, core_factor `mine`: comes after `any-other`, which fits every processor, so it never counts: change that row \
         or one before it",
    ),
    (
        "[[cal]]\nid = \"rds\"\ndevice = \"rds-cal/user\"\n",
        "the file, cal `rds`: `rds-cal/user` stands for two of its licences: give each its own",
    ),
    (
        "[[cal]]\nid = \"rds\"\nuser = \"rds-cal\"\n",
        "the file, cal `rds`: `rds-cal` does not say for whom: end it with /user, /device or the like",
    ),
    (
        "[[cal]]\nid = \"sql-server\"\nsame_as = [{ server = \"2008 R2\", cal = \"2008\" }, { server = \"2008 R2\", cal = \"2005\" }]\n",
        "the file, cal `sql-server`: `same_as` names 2008 R2 twice: keep one",
    ),
    (
        "[[equivalence]]\nid = \"ems-e3\"\ncovers = [\"windows-server\", \"windows-server\"]\n",
        "the file, equivalence `ems-e3`: covers `windows-server` twice: keep one",
    ),
    (
        "[[included]]\nid = \"2008-r2-standard\"\nsku = \"windows-server/standrad/licence\"\n",
        "the file, included `2008-r2-standard`: the licence `windows-server/standrad/licence` does not exist: correct its id or add it",
    ),
    (
        "[[included]]\nid = \"mine\"\nsku = \"windows-server/standard/licence\"\nversion = \"2008 R2\"\nfamily = \"windows-server\"\n\
         quantities = [10]\nrule = \"A.3\"\n",
        "the file, included `mine`: is about the same licence and version as `2008-r2-standard`: keep one",
    ),
    (
        "[[pack]]\nid = \"core-volume\"\nunits = [\"cores\"]\n",
        "the file, pack `core-volume`: `cores` is no unit: write one of core, user, device, licence, processor",
    ),
    // a slip of the pen would be a price that nothing uses
    (
        "[[price]]\nsku = \"windows-server-cal/usr\"\nversion = \"2025\"\nunits = 1\ncurrency = \"EUR\"\nminor = 4000\ndate = \"2026\"\n",
        "the file, price `windows-server-cal/usr 2025 1 EUR`: the product `windows-server-cal/usr` does not exist: correct its id or add it",
    ),
    (
        "[[price]]\nsku = \"ems-e3/device\"\nversion = \"2025\"\nunits = 1\ncurrency = \"EUR\"\nminor = 4000\ndate = \"2026\"\n",
        "the file, price `ems-e3/device 2025 1 EUR`: the product `ems-e3/device` does not exist: correct its id or add it",
    ),
    (
        "[[policy]]\nname = \"infra_roles\"\ndefault = \"strict\"\n",
        "the file, policy `infra_roles`: a switch is set under `policy` of an estate or of the configuration: leave `values` and \
         `default` out",
    ),
    ("[[question]]\nid = \"X.1\"\nanswer = \" \"\n", "the file, question `X.1`: its `answer` is empty: write it"),
    ("[[rule]]\nid = \"E.7\"\ntext = \"\"\n", "the file, rule `E.7`: its `text` is empty: write it"),
];

#[test]
fn a_bad_row_is_refused_with_its_file_its_key_and_what_to_do() {
    for (own, message) in REFUSED {
        match Catalogue::with(own) {
            Ok(_) => panic!("accepted: {own}"),
            Err(error) => assert_eq!(error.to_string(), message, "{own}"),
        }
    }
}

#[test]
fn a_file_that_is_no_catalogue_is_refused_by_its_size() {
    let message = Catalogue::with(&"#".repeat(LARGEST + 1)).unwrap_err().to_string();
    assert_eq!(message, "the file is larger than 4 MiB, which no catalogue is: name the right file");
}
