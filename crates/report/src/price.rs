//! What energy costs.

use std::str::FromStr;

use serde::Serialize;

/// A price of a kilowatt-hour.
///
/// ```
/// use knowatt_report::Price;
///
/// let price: Price = "0.25 EUR".parse()?;
/// assert_eq!((price.per_kwh, price.currency.as_str()), (0.25, "EUR"));
/// assert!("EUR".parse::<Price>().is_err());
/// # Ok::<(), knowatt_report::NoPrice>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Price {
    /// The number.
    pub per_kwh: f64,
    /// Of what; may be empty.
    pub currency: String,
}

/// The longest name of a currency, in characters.
const MOST_CHARACTERS: usize = 8;

/// What is no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the price of a kWh is expected, such as 0.25 or \"0.25 EUR\"")]
pub struct NoPrice;

impl FromStr for Price {
    type Err = NoPrice;

    fn from_str(text: &str) -> Result<Self, NoPrice> {
        let (number, currency) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let per_kwh = number.parse::<f64>().ok().filter(|price| price.is_finite() && *price >= 0.0);
        let currency = currency.trim();
        let is_name = currency.chars().count() <= MOST_CHARACTERS && !currency.contains(char::is_control);
        per_kwh
            .filter(|_| is_name)
            .map(|per_kwh| Self { per_kwh, currency: currency.to_owned() })
            .ok_or(NoPrice)
    }
}
