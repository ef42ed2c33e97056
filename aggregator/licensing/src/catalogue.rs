//! The catalogue: products, versions, editions, CALs and rules as data, each row with its rule, its sources and how sure they are.
//!
//! The data are the files of `catalogue/data`, part of the program; a user's own file may confirm, change or add rows.
//! Only `supplement` knows estates; nothing here reads files.

mod access;
mod check;
mod error;
mod lookup;
mod money;
mod read;
mod row;
mod running;
mod supplement;
#[cfg(test)]
mod tests;
mod texts;
mod windows;

use std::sync::LazyLock;

pub use access::{
    CalRow, EquivalenceKind, EquivalenceRow, Externals, IncludedRow, LicenceServerRow, RoleAccess, RoleRow, SameAs,
};
pub use error::CatalogueError;
pub use lookup::Normalised;
pub use money::PriceRow;
pub use row::{AnyRow, Origin};
pub use running::{CoreFactorRow, CoreMinimumRow, Formula, PackRow, Product, RightRow, ServerSuiteRow, Terms};
pub use texts::{PolicyRow, QuestionRow, RuleRow, SourceKind, SourceRow};
pub use windows::{
    BuildRow, CapRow, ChannelRow, EditionIdRow, EditionRow, Model, ProductBuildRow, Reporter, RunLicence, VersionRow,
};

use read::{Lists, Places};
use row::{Row, key_of};

/// The value of the `format` key of a user's own file.
pub const FORMAT: &str = "caliper.catalogue/1";

/// No catalogue file is larger.
pub const LARGEST: usize = 4 << 20;

/// Day on which the program's own rows were last brought up to date.
const VERSION: &str = "2026-11-28";

/// Stands for the user's own file in refusals; who read it knows its name.
const OWN_FILE: &str = "the file";

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        [$((concat!($name, ".toml"), include_str!(concat!("catalogue/data/", $name, ".toml")))),+]
    };
}

/// The program's own files.
const FILES: [(&str, &str); 22] = files![
    "builds",
    "cals",
    "caps",
    "core-factors",
    "edition-ids",
    "editions",
    "equivalences",
    "licence-servers",
    "policies",
    "prices",
    "questions",
    "rights",
    "roles",
    "rules/0-precedence",
    "rules/a-products",
    "rules/b-mapping",
    "rules/c-cores",
    "rules/d-sql",
    "rules/e-access",
    "rules/f-g-additive",
    "rules/h-k-evidence",
    "sources",
];

/// Defines the catalogue's lists, and what is done to all of them.
macro_rules! lists {
    ($($(#[$doc:meta])* $list:ident: $row:ty,)+) => {
        /// All of it.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Catalogue {
            /// Day on which the program's own rows were last brought up to date, for example `2026-11-21`.
            pub version: String,
            $($(#[$doc])* pub $list: Vec<$row>,)+
        }

        impl Catalogue {
            const KINDS: [(&'static str, &'static [&'static str]); [$(<$row>::KIND),+].len()] =
                [$((<$row>::KIND, <$row>::KEY)),+];

            fn of(mut lists: Lists) -> Result<Self, CatalogueError> {
                let mut places = Places::new();
                let mut catalogue = Self {
                    version: VERSION.to_owned(),
                    $($list: lists.take::<$row>(&mut places)?,)+
                };
                catalogue.versions.sort_by_key(|row| row.name);
                check::check(&catalogue, &places)?;
                Ok(catalogue)
            }

            /// Every row of every kind, for lists; kind by kind, in the order of the files.
            #[must_use]
            pub fn rows(&self) -> Vec<AnyRow> {
                let mut rows = Vec::new();
                $(rows.extend(self.$list.iter().map(any));)+
                rows
            }
        }
    };
}

lists! {
    /// Versions of Windows Server, rising.
    versions: VersionRow,
    /// Release channels.
    channels: ChannelRow,
    /// Builds.
    builds: BuildRow,
    /// Builds of other products.
    product_builds: ProductBuildRow,
    /// Editions.
    editions: EditionRow,
    /// SKU numbers and `EditionID`s.
    edition_ids: EditionIdRow,
    /// Limits of editions.
    caps: CapRow,
    /// Rights to virtual machines.
    rights: RightRow,
    /// Licences for servers that cover several products.
    server_suites: ServerSuiteRow,
    /// Core minima.
    core_minima: CoreMinimumRow,
    /// Core factors, in the order in which they are tried.
    core_factors: CoreFactorRow,
    /// CAL families.
    cals: CalRow,
    /// Suites, bridges and plans.
    equivalences: EquivalenceRow,
    /// CALs that come with servers.
    included: IncludedRow,
    /// Remote Desktop licence servers.
    licence_servers: LicenceServerRow,
    /// Roles.
    roles: RoleRow,
    /// Sizes of packs.
    packs: PackRow,
    /// Prices.
    prices: PriceRow,
    /// Switches.
    policies: PolicyRow,
    /// Open questions.
    questions: QuestionRow,
    /// Rules.
    rules: RuleRow,
    /// Pages.
    sources: SourceRow,
}

/// The catalogue of this program.
#[must_use]
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> =
        LazyLock::new(|| Catalogue::of(program_lists().clone()).expect("a test reads these very files"));
    &CATALOGUE
}

fn program_lists() -> &'static Lists {
    static LISTS: LazyLock<Lists> = LazyLock::new(|| Lists::read(&FILES).expect("a test reads these very files"));
    &LISTS
}

impl Catalogue {
    /// The program's catalogue with the rows of the user's own file over it.
    ///
    /// `own` is a TOML text of the same shape with `format = "caliper.catalogue/1"`. A row with the key of a known one confirms
    /// it (`verified = true`) or changes the fields that it names; any other row is added. All of them have the origin
    /// [`Origin::Own`]. The whole must be sound, see the README of this crate.
    pub fn with(own: &str) -> Result<Self, CatalogueError> {
        if own.len() > LARGEST {
            return Err(CatalogueError::TooLarge);
        }
        let mut lists = program_lists().clone();
        lists.lay_over(OWN_FILE, own)?;
        Self::of(lists)
    }
}

fn any<R: Row>(row: &R) -> AnyRow {
    // rows hold texts, whole numbers, truth values and lists of them
    let fields = toml::Table::try_from(row).expect("a row can be written");
    let text = |name: &str| fields.get(name).and_then(toml::Value::as_str);
    AnyRow {
        kind: R::KIND,
        key: key_of(&fields, R::KEY).expect("a row has its key"),
        confidence: fields.get("confidence").cloned().and_then(|letter| letter.try_into().ok()),
        verified: fields.get("verified").and_then(toml::Value::as_bool).unwrap_or(true),
        origin: if text("origin") == Some("own") { Origin::Own } else { Origin::Caliper },
        fields,
    }
}
