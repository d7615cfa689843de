//! What a fitted model is made of, as plain data: written to and read from the file of a fitted model.

use knowatt_score::HOURS;
use serde::{Deserialize, Serialize};

use super::{
    Fitted, density::FittedDensity, envelope::FittedEnvelope, forest::FittedForest, mixture::FittedMixture,
    zscore::FittedZScore,
};

/// The parameters of a fitted model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Parameters {
    /// Of an [`Envelope`](super::Envelope).
    Envelope(FittedEnvelope),
    /// Of a [`Density`](super::Density).
    Density(FittedDensity),
    /// Of a [`ZScore`](super::ZScore).
    #[serde(rename = "zscore")]
    ZScore(FittedZScore),
    /// Of a [`Mixture`](super::Mixture).
    Mixture(FittedMixture),
    /// Of a [`Forest`](super::Forest).
    Forest(FittedForest),
}

impl Parameters {
    /// The fitted model, if the parameters are sound and for so many day classes; else what is wrong with them.
    pub fn restore(self, day_classes: usize) -> Result<Box<dyn Fitted>, String> {
        let cells = day_classes * HOURS;
        let (is_sound, fitted): (bool, Box<dyn Fitted>) = match self {
            Self::Envelope(fitted) => (fitted.is_sound(cells), Box::new(fitted)),
            Self::Density(fitted) => (fitted.is_sound(cells), Box::new(fitted)),
            Self::ZScore(fitted) => (fitted.0.is_sound(cells), Box::new(fitted)),
            Self::Mixture(fitted) => (fitted.is_sound(cells), Box::new(fitted)),
            Self::Forest(fitted) => (fitted.0.is_sound(cells), Box::new(fitted)),
        };
        if is_sound { Ok(fitted) } else { Err(format!("the parameters are not those of {cells} cells")) }
    }
}
