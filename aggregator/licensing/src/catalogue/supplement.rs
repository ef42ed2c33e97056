//! What a user's own catalogue adds to an estate: the prices confirmed there, and a word that it was used.

use super::{Catalogue, Origin, PriceRow};
use crate::estate::{Estate, Price};

impl Catalogue {
    /// Adds what the user's own file confirms: prices of products for which the estate has none, those of the newest version
    /// confirmed, and a note that rows of one's own were used. Prices that nobody confirmed never become money. Adding twice is
    /// adding once; without rows of one's own nothing changes.
    pub fn supplement(&self, estate: &mut Estate) {
        let own = self.rows().iter().filter(|row| row.origin == Origin::Own).count();
        if own == 0 {
            return;
        }
        let confirmed: Vec<&PriceRow> = self.prices.iter().filter(|row| row.verified).collect();
        // the check lets only one currency be confirmed
        if let Some(first) = confirmed.first() {
            if estate.prices.is_empty() && estate.currency.is_empty() {
                estate.currency.clone_from(&first.currency);
            }
            if estate.currency == first.currency {
                add_prices(estate, &confirmed);
            } else {
                note(
                    estate,
                    format!(
                        "the prices of your catalogue are in {}, the estate's in another currency, so they are not used: \
                         state them in the same one",
                        first.currency
                    ),
                );
            }
        }
        note(estate, format!("rows of the catalogue that your own file confirms, changes or adds: {own}"));
    }
}

fn add_prices(estate: &mut Estate, confirmed: &[&PriceRow]) {
    let stated: Vec<String> = estate.prices.iter().map(|price| price.sku.clone()).collect();
    let newest = |row: &PriceRow| confirmed.iter().all(|other| other.sku != row.sku || other.version <= row.version);
    for row in confirmed.iter().filter(|row| newest(row) && !stated.contains(&row.sku)) {
        estate.prices.push(Price { sku: row.sku.clone(), minor: row.minor, units: row.units });
    }
}

fn note(estate: &mut Estate, text: String) {
    if !estate.notes.contains(&text) {
        estate.notes.push(text);
    }
}
