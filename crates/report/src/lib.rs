//! Shows what is normal for a home, and what was not.
//!
//! [`Report`] is the page that a person opens: what is normal here, what was unusual, whether to trust it, and what if. [`Normal`] is what it
//! and the plots draw.

mod colour;
mod content;
mod history;
mod kept;
mod normal;
mod page;
#[cfg(feature = "plot")]
mod plot;
mod price;
mod unseen;

pub use colour::viridis;
pub use history::History;
use knowatt_score::ModelFile;
pub use normal::{Normal, Range};
#[cfg(feature = "plot")]
pub use plot::{Plot, PlotError};
pub use price::{NoPrice, Price};
pub use unseen::unseen_months;

/// The page: one HTML file.
#[derive(Debug)]
pub struct Report<'a> {
    /// The model.
    pub model: &'a ModelFile,
    /// The SHA-256 at the end of its file.
    pub sha256: &'a str,
    /// The meter's name; empty where it has none.
    pub meter: &'a str,
    /// Readings to show, and what was unusual among them.
    pub history: Option<History>,
    /// What energy costs.
    pub price: Option<Price>,
    /// Whether it is served, and is told what comes.
    pub is_live: bool,
}

impl Report<'_> {
    /// The file: the same bytes for the same model, readings and price. Fails where the model cannot be written as JavaScript.
    pub fn to_html(&self) -> Result<String, knowatt_export::Error> {
        page::html(self)
    }
}
