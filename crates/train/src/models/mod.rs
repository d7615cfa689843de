//! The models: each learns from a training set and gives any reading a raw score.
//!
//! To add one: a file here with an options type that implements [`Model`], and a line in
//! [`ModelName`]. Everything after it (calibration, distillation, the file) is shared.

mod autoencoder;
mod density;
mod envelope;
mod forest;
mod lattice;
mod mixture;
mod moments;
mod neighbours;
mod network;
mod parameters;
mod plain_autoencoder;
mod recency;
mod zscore;

use std::{fmt, str::FromStr};

use knowatt_score::Slot;

pub use autoencoder::Autoencoder;
pub use density::Density;
pub use envelope::Envelope;
pub use forest::Forest;
pub use mixture::Mixture;
pub use parameters::Parameters;
pub use plain_autoencoder::PlainAutoencoder;
pub use zscore::ZScore;

use crate::{
    distil::{Distilled, distil},
    edges::Edges,
    training_set::TrainingSet,
};

/// A model that is not fitted yet: its options.
pub trait Model {
    /// Learns from the rows. The same rows and seed give the same model, to the last bit.
    fn fit(&self, set: &TrainingSet, seed: u64) -> Box<dyn Fitted>;
}

/// A fitted model.
pub trait Fitted: fmt::Debug {
    /// What it is made of, to be written to a file.
    fn parameters(&self) -> Parameters;

    /// How unusual `wh` is in a slot, on the model's own scale: it does not fall as `wh` rises.
    fn raw(&self, slot: Slot, wh: f64) -> f64;

    /// The raw score of the low edge of normal, which will be score 0.
    fn raw_low(&self) -> f64;

    /// The slot's curve, once the edges are known. `highest_wh` is where the last knot should lie.
    ///
    /// A model whose raw score is a straight line says so here, exactly; others are distilled.
    fn curve(&self, slot: Slot, edges: Edges, highest_wh: f64) -> Distilled {
        distil(|wh| edges.score(self.raw(slot, wh)), highest_wh)
    }
}

/// The models by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelName {
    /// Lowest and highest Wh of each cell.
    Envelope,
    /// The distribution of log Wh in each cell.
    Density,
    /// Mean and standard deviation of √Wh in each cell.
    ZScore,
    /// A Gaussian mixture over the calendar and √Wh.
    Mixture,
    /// Mean and spread of √Wh by two random forests.
    Forest,
    /// What a denoising autoencoder cannot rebuild of √Wh, given hour and day.
    Autoencoder,
    /// The error of a plain autoencoder over day, hour and Wh.
    PlainAutoencoder,
}

impl ModelName {
    /// Every model.
    pub const ALL: [Self; 7] = [
        Self::Envelope,
        Self::Density,
        Self::ZScore,
        Self::Mixture,
        Self::Forest,
        Self::Autoencoder,
        Self::PlainAutoencoder,
    ];

    /// The name on the command line and in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Envelope => "envelope",
            Self::Density => "density",
            Self::ZScore => "zscore",
            Self::Mixture => "mixture",
            Self::Forest => "forest",
            Self::Autoencoder => "autoencoder",
            Self::PlainAutoencoder => "plain-autoencoder",
        }
    }

    /// The model with its default options.
    pub fn model(self) -> Box<dyn Model> {
        match self {
            Self::Envelope => Box::new(Envelope),
            Self::Density => Box::new(Density),
            Self::ZScore => Box::new(ZScore),
            Self::Mixture => Box::new(Mixture),
            Self::Forest => Box::new(Forest),
            Self::Autoencoder => Box::new(Autoencoder),
            Self::PlainAutoencoder => Box::new(PlainAutoencoder),
        }
    }
}

/// What a backtest chooses from unless told otherwise, the usual one first: the members that hold up and cost
/// little (`reports/models`).
pub const AUTO: [ModelName; 2] = [ModelName::ZScore, ModelName::Density];

/// A model, or that a backtest is to choose one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// The best of [`AUTO`] on the home's own history.
    #[default]
    Auto,
    /// This one.
    Model(ModelName),
}

impl Choice {
    /// The name on the command line and in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Model(model) => model.name(),
        }
    }
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == Self::Auto.name() { Ok(Self::Auto) } else { text.parse().map(Self::Model) }
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ModelName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|model| model.name() == text);
        found.ok_or_else(|| {
            format!("`{text}` is no model; there are {}", Self::ALL.map(Self::name).join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    //! What the tests of several models need.

    use jiff::{SignedDuration, Timestamp};
    use knowatt_readings::{Reading, Readings};
    use knowatt_score::{Calendar, DayClasses};
    use serde::{Serialize, de::DeserializeOwned};

    use crate::training_set::TrainingSet;

    /// Ten weeks of about 200 Wh an hour by night and 900 Wh by day.
    pub(super) fn made_up() -> TrainingSet {
        let start: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        let rows = (0..10 * 7 * 24_i64).map(|hour| Reading {
            start: start + SignedDuration::from_hours(hour),
            wh: if hour % 24 < 7 { 180.0 } else { 850.0 } + (hour * 37 % 101) as f64,
        });
        let calendar = Calendar::new("UTC", DayClasses::DayType).unwrap();
        TrainingSet::new(&Readings { rows: rows.collect() }, calendar)
    }

    /// What a model file would give back.
    pub(super) fn same_after_json<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
        value: &T,
    ) -> T {
        let json = serde_json::to_string(value).unwrap();
        let back: T = serde_json::from_str(&json).unwrap();
        assert_eq!(&back, value);
        assert!(serde_json::from_str::<T>(&json.replacen('{', "{\"other\":0,", 1)).is_err());
        back
    }
}
