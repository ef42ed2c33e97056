//! The user's own file: confirming, changing, adding; what becomes money.

use crate::{Estate, Policy, Price, VersionName, catalogue::*};

#[test]
fn nothing_of_ones_own_changes_nothing() {
    let plain = Catalogue::with("").unwrap();
    assert_eq!(&plain, catalogue());
    let mut estate = Estate::default();
    plain.supplement(&mut estate);
    assert_eq!(estate, Estate::default());
    assert!(catalogue().prices.iter().all(|row| !row.verified), "a price of the program must wait for a human");
}

#[test]
fn a_row_is_confirmed_by_its_key_alone() {
    let before = catalogue().equivalence("microsoft-365-f3").unwrap();
    assert!(!before.verified);
    let own = Catalogue::with("[[equivalence]]\nid = \"microsoft-365-f3\"\nverified = true\n").unwrap();
    let row = own.equivalence("microsoft-365-f3").unwrap();
    assert_eq!((row.verified, row.origin, row.confidence), (true, Origin::Own, crate::Confidence::H));
    // what it says and where it was read stays
    assert_eq!((&row.covers, &row.source), (&before.covers, &before.source));
    let others = |catalogue: &Catalogue| -> Vec<AnyRow> {
        catalogue.rows().into_iter().filter(|row| row.key != "microsoft-365-f3").collect()
    };
    assert_eq!(others(&own), others(catalogue()));
}

#[test]
fn a_row_is_changed_field_by_field_and_says_whose_it_is() {
    let own = Catalogue::with(
        "format = \"caliper.catalogue/1\"\n[[equivalence]]\nid = \"microsoft-365-business-premium\"\n\
         covers = [\"windows-server\"]\n[[rule]]\nid = \"E.7\"\nverified = false\nconfidence = \"L\"\n\
         [[question]]\nid = \"X.3\"\nanswer = \"Business Premium: yes\"\n",
    )
    .unwrap();
    let row = own.equivalence("microsoft-365-business-premium").unwrap();
    assert_eq!(
        (row.covers.as_slice(), row.source.as_slice()),
        (&["windows-server".to_owned()][..], &["own".to_owned()][..])
    );
    assert_eq!((row.name.as_str(), row.origin), ("Microsoft 365 Business Premium", Origin::Own));
    // doubted
    let rule = own.rule("E.7").unwrap();
    assert_eq!((rule.verified, rule.confidence), (false, crate::Confidence::L));
    assert_eq!(own.questions_of("G.5").count(), 0);
    assert_eq!(catalogue().questions_of("G.5").count(), 1);
}

#[test]
fn rows_can_be_added() {
    let own = Catalogue::with(
        "[[source]]\nid = \"contract\"\ntitle = \"our agreement, annex 2\"\naddress = \"\"\nkind = \"other\"\n\
         [[equivalence]]\nid = \"education-a3\"\nname = \"Microsoft 365 A3\"\nkind = \"plan\"\nuser = true\ndevice = false\n\
         covers = [\"windows-server\"]\nrule = \"G.5\"\nsource = [\"contract\"]\n",
    )
    .unwrap();
    let row = own.equivalence("education-a3").unwrap();
    assert_eq!((row.verified, row.confidence, row.origin), (true, crate::Confidence::H, Origin::Own));
    assert_eq!(own.equivalences.len(), catalogue().equivalences.len() + 1);
}

const PRICES: &str = "
[[price]]
sku = \"windows-server/standard/core\"
version = \"2022\"
units = 16
currency = \"USD\"
verified = true

[[price]]
sku = \"windows-server/standard/core\"
version = \"2025\"
units = 16
currency = \"USD\"
verified = true

[[price]]
sku = \"windows-server-cal/user\"
version = \"2025\"
units = 1
currency = \"USD\"
minor = 3950
date = \"2026-10-30\"
";

fn price(sku: &str, minor: u64, units: u32) -> Price {
    Price { sku: sku.into(), minor, units }
}

#[test]
fn confirmed_prices_become_money_and_others_do_not() {
    let own = Catalogue::with(PRICES).unwrap();
    let mut estate = Estate::default();
    own.supplement(&mut estate);
    // of the two versions confirmed the newest; nothing of what nobody confirmed
    let expected = [price("windows-server/standard/core", 117_600, 16), price("windows-server-cal/user", 3_950, 1)];
    assert_eq!(estate.prices.len(), 2);
    assert!(expected.iter().all(|price| estate.prices.contains(price)));
    assert_eq!(estate.currency, "USD");
    assert_eq!(estate.notes, ["rows of the catalogue that your own file confirms, changes or adds: 3"]);
    let once = estate.clone();
    own.supplement(&mut estate);
    assert_eq!(estate, once);
}

#[test]
fn prices_of_the_estate_come_first_and_currencies_are_not_mixed() {
    let own = Catalogue::with(PRICES).unwrap();
    let mine = price("windows-server-cal/user", 4_100, 1);
    let mut estate = Estate { prices: vec![mine.clone()], currency: "USD".into(), ..Estate::default() };
    own.supplement(&mut estate);
    assert_eq!(estate.prices, [mine.clone(), price("windows-server/standard/core", 117_600, 16)]);
    let mut estate = Estate { prices: vec![mine.clone()], currency: "EUR".into(), ..Estate::default() };
    own.supplement(&mut estate);
    assert_eq!(estate.prices, [mine]);
    assert!(estate.notes[0].starts_with("the prices of your catalogue are in USD"), "{:?}", estate.notes);
}

#[test]
fn two_currencies_cannot_both_be_confirmed() {
    let euro = PRICES.to_owned()
        + "[[price]]\nsku = \"windows-server-cal/device\"\nversion = \"2025\"\nunits = 1\ncurrency = \"EUR\"\nminor = 3500\n\
           date = \"2026\"\n";
    assert_eq!(
        Catalogue::with(&euro).unwrap_err().to_string(),
        "the file, price `windows-server-cal/device 2025 1 EUR`: is in EUR, but another confirmed price is in USD: keep one \
         currency"
    );
}

/// Section Y: names and defaults of the switches are those that an estate has.
#[test]
fn switches_are_those_of_an_estate() {
    let policy = serde_json::to_value(Policy::default()).unwrap();
    let mut written: Vec<(String, String)> = policy
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .map(|(name, value)| (name, if value == "null" { String::new() } else { value }))
        .collect();
    let mut rows: Vec<(String, String)> =
        catalogue().policies.iter().map(|row| (row.name.clone(), row.default.clone())).collect();
    written.sort();
    rows.sort();
    assert_eq!(rows, written);
    // every value can be written in an estate
    for row in &catalogue().policies {
        for value in &row.values {
            let value =
                if ["true", "false"].contains(&value.as_str()) { value.clone() } else { format!("\"{value}\"") };
            let text = format!("{{\"{}\":{value}}}", row.name);
            assert!(serde_json::from_str::<Policy>(&text).is_ok(), "{text}");
        }
    }
    assert_eq!(catalogue().version(VersionName::V2017).name, VersionName::V2016);
}
