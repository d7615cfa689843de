//! What a fitted model is made of, as plain data: written to and read from the file of a fitted model.

use knowatt_score::HOURS;
use serde::{Deserialize, Serialize};

use super::{
    Fitted,
    autoencoder::{AutoencoderParameters, FittedAutoencoder},
    density::FittedDensity,
    envelope::FittedEnvelope,
    mixture::FittedMixture,
    moments::{CellMoments, FittedMoments},
    plain_autoencoder::{FittedPlainAutoencoder, PlainAutoencoderParameters},
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
    ZScore(CellMoments),
    /// Of a [`Mixture`](super::Mixture).
    Mixture(FittedMixture),
    /// Of a [`Forest`](super::Forest).
    Forest(CellMoments),
    /// Of an [`Autoencoder`](super::Autoencoder).
    Autoencoder(AutoencoderParameters),
    /// Of a [`PlainAutoencoder`](super::PlainAutoencoder).
    PlainAutoencoder(PlainAutoencoderParameters),
}

impl Parameters {
    /// The fitted model, if the parameters are sound and for so many day classes; else what is wrong with them.
    pub fn restore(self, day_classes: usize) -> Result<Box<dyn Fitted>, String> {
        let cells = day_classes * HOURS;
        let of_moments = |moments: CellMoments, parameters| {
            moments.is_sound(cells).then(|| Box::new(FittedMoments { cells: moments, parameters }) as _)
        };
        let fitted: Option<Box<dyn Fitted>> = match self {
            Self::Envelope(fitted) => fitted.is_sound(cells).then(|| Box::new(fitted) as _),
            Self::Density(fitted) => fitted.is_sound(cells).then(|| Box::new(fitted) as _),
            Self::ZScore(moments) => of_moments(moments, Self::ZScore),
            Self::Mixture(fitted) => fitted.is_sound(cells).then(|| Box::new(fitted) as _),
            Self::Forest(moments) => of_moments(moments, Self::Forest),
            Self::Autoencoder(parameters) => FittedAutoencoder::from_parameters(parameters, day_classes)
                .map(|fitted| Box::new(fitted) as _),
            Self::PlainAutoencoder(parameters) => {
                FittedPlainAutoencoder::from_parameters(parameters, day_classes)
                    .map(|fitted| Box::new(fitted) as _)
            }
        };
        fitted.ok_or_else(|| format!("the parameters are not those of {cells} cells"))
    }
}
