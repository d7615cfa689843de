//! The model file: a score table with where it came from, as one JSON document that can be trusted.
//!
//! # Format, version 1
//! UTF-8 JSON, one object with these keys in this order, each on its own line, then a line feed:
//!
//! | key | value |
//! |---|---|
//! | `format` | `"knowatt-score-table"` |
//! | `version` | 1 |
//! | `calendar` | `zone` (IANA name), `day_classes`, `holidays` (ISO dates, rising) |
//! | `interval_s` | 3600: a reading is the energy of one hour |
//! | `unit` | `"Wh"` |
//! | `provenance` | see [`Provenance`] |
//! | `calibration` | see [`Calibration`], or null where the edges were given |
//! | `distillation` | see [`Distillation`], or null where the curves are the model itself |
//! | `backtest` | see [`Backtest`], or null where there was none |
//! | `population` | see [`Population`], or null where the edges were given |
//! | `curves` | `level`, `floors`, `step` and `rises`, see below |
//! | `sha256` | the SHA-256, in lower-case hexadecimal, of every byte of the file before the line that holds it |
//!
//! A set of curves is a list of one object a cell, with `day`, `hour`, `wh` and `score` (the knots, see
//! [`Curve`]), day class by day class, hour by hour. `level` is such a set; `floors` and `rises`
//! are lists of objects with `hours` and such a set as `cells`, shortest first, and may be empty; `step` is a
//! set or null (see [`Feature`]).
//!
//! It is a sealed document (see [`SealedKind`]). Nothing in the file depends on the clock, the machine or a
//! path: the same input, options and seed give the same bytes.
//!
//! # Limits
//! [`MAX_FILE_BYTES`]; per curve [`Curve::MAX_KNOTS`]; no control characters in texts. Reading opens
//! no other file (the zone database is compiled in) and runs nothing.

use std::{collections::BTreeMap, io::Read};

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    calendar::{Calendar, DayClasses, HOURS},
    curve::{Curve, CurveError, Knot},
    feature::{Feature, INTERVAL_S},
    population::Population,
    sealed::{DIGEST_HEX, SealedError, SealedKind, digest, json},
    table::{CurveSet, ScoreTable},
};

/// The version this program writes, and the newest it reads.
pub const VERSION: u32 = 1;

/// The largest model file that is read.
pub const MAX_FILE_BYTES: usize = 16 << 20;

const UNIT: &str = "Wh";

const KIND: SealedKind = SealedKind {
    format: "knowatt-score-table",
    version: VERSION,
    most_bytes: MAX_FILE_BYTES,
    called: "a knowatt model file",
};

/// Alerts are counted per month of 30 days: so many hourly readings.
pub const MONTH_HOURS: f64 = 30.0 * 24.0;

/// What a table was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Meter readings.
    Readings,
    /// A file of lowest and highest Wh by hour.
    Bounds,
}

/// Where the table came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// What was learned from.
    pub source: Source,
    /// SHA-256 of what was learned: for readings of each row's start (nanoseconds since 1970, UTC,
    /// as a 16-byte little-endian integer) and Wh (a little-endian double); for bounds of the rows likewise.
    pub sha256: String,
    /// How many rows were learned from.
    pub rows: u64,
    /// Start of the first reading.
    pub first: Option<Timestamp>,
    /// End of the last reading.
    pub end: Option<Timestamp>,
    /// The model's name.
    pub model: String,
    /// The options it was trained with, defaults included.
    pub options: BTreeMap<String, String>,
    /// The seed of every random choice.
    pub seed: u64,
    /// The program that wrote the file, with its version.
    pub tool: String,
}

impl Provenance {
    /// The last instant of the span learned from.
    pub fn last_instant(&self) -> Option<Timestamp> {
        self.end?.checked_sub(SignedDuration::from_nanos(1)).ok()
    }

    /// Refuses what no training writes.
    pub fn check(&self) -> Result<(), SealedError> {
        let Self { sha256, model, options, tool, first, end, .. } = self;
        if sha256.len() != DIGEST_HEX || !sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            return Err(SealedError::content("the digest of what was learned is not a SHA-256"));
        }
        let texts = options.iter().flat_map(|(key, value)| [key, value]).chain([model, tool]);
        if texts.flat_map(|text| text.chars()).any(char::is_control) {
            return Err(SealedError::content("a text in the provenance has a control character"));
        }
        if first.is_some() != end.is_some() || first >= end && end.is_some() {
            return Err(SealedError::content("the span learned from does not end after it begins"));
        }
        Ok(())
    }
}

/// How the score 1.0 was set: on readings the model had not seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Alerts (episodes) a month of 30 days that were asked for.
    pub alerts_per_month: f64,
    /// Four months in five are expected to bring at least so many …
    pub likely_fewest: f64,
    /// … and at most so many.
    pub likely_most: f64,
    /// Weeks with readings, each of them held out once (in at most 16 groups).
    pub weeks: u32,
    /// Readings scored while held out.
    pub readings: u64,
    /// Episodes above 1.0 among them, before the curves were distilled; the one whose peak set the edge
    /// lies at 1.0, not above it.
    pub episodes: u64,
    /// The same month by month, those without readings left out.
    pub months: Vec<CalibrationMonth>,
}

/// What a calendar month brought while it was held out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationMonth {
    /// Its first day, local.
    pub first_day: Date,
    /// Its readings, scored while held out.
    pub readings: u64,
    /// Episodes above 1.0 that began in it.
    pub episodes: u64,
}

impl Calibration {
    /// Refuses what no training writes.
    fn check(&self) -> Result<(), SealedError> {
        let Self { alerts_per_month, likely_fewest, likely_most, readings, episodes, months, .. } = self;
        if !(*alerts_per_month > 0.0 && 0.0 <= *likely_fewest && likely_fewest <= likely_most) {
            return Err(SealedError::content("the calibration has no range"));
        }
        let sum = |of: fn(&CalibrationMonth) -> u64| {
            months.iter().try_fold(0_u64, |sum, month| sum.checked_add(of(month)))
        };
        if sum(|month| month.readings) != Some(*readings)
            || sum(|month| month.episodes) != Some(*episodes)
            || months.iter().any(|month| month.first_day.day() != 1)
            || !months.is_sorted_by(|a, b| a.first_day < b.first_day)
        {
            return Err(SealedError::content("the months of the calibration are not all there is of it"));
        }
        Ok(())
    }
}

/// A mean over several windows, and how far they lie from it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The mean.
    pub mean: f64,
    /// The standard deviation over the windows.
    pub spread: f64,
}

/// How the model did on its own history: trained on what came before, judged on what came after, with
/// anomalies put in. Each window is judged by what would have been chosen on the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backtest {
    /// How many windows were judged.
    pub windows: u32,
    /// Average precision of the score over the hours.
    pub average_precision: Figure,
    /// Share of the anomalies found at four false alerts a month.
    pub events: Figure,
    /// Alerts a month of 30 days where nothing had been put in.
    pub alerts_per_month: Figure,
    /// Why this model was taken, in words.
    pub choice: String,
}

impl Backtest {
    /// Refuses what no training writes.
    pub fn check(&self) -> Result<(), SealedError> {
        if self.choice.contains(char::is_control) {
            return Err(SealedError::content("the backtest has a control character"));
        }
        Ok(())
    }
}

/// How far the curves are from the model they stand for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distillation {
    /// The largest error allowed, in score, from 0 Wh to the highest knot.
    pub tolerance: f64,
    /// The largest error found.
    pub largest_error: f64,
}

/// A score table with its provenance.
///
/// ```
/// use knowatt_score::ModelFile;
///
/// # let provenance = knowatt_score::Provenance {
/// #     source: knowatt_score::Source::Bounds, sha256: knowatt_score::sha256_hex(b""), rows: 24, first: None,
/// #     end: None, model: "envelope".into(), options: Default::default(), seed: 0, tool: "example".into() };
/// # let knots = [(100.0, 0.0), (400.0, 1.0)].map(|(wh, score)| knowatt_score::Knot { wh, score });
/// # let calendar = knowatt_score::Calendar::new("UTC", knowatt_score::DayClasses::None)?;
/// # let table = knowatt_score::ScoreTable::new(calendar, vec![knowatt_score::Curve::new(knots.to_vec())?; 24])?;
/// # let model = ModelFile { provenance, calibration: None, distillation: None, backtest: None, population: None, table };
/// let bytes: Vec<u8> = model.to_bytes();
/// assert_eq!(ModelFile::from_bytes(&bytes)?, model);
///
/// let damaged = String::from_utf8(bytes)?.replace("400", "900");
/// let error = ModelFile::from_bytes(damaged.as_bytes()).unwrap_err();
/// assert!(error.to_string().contains("was changed or damaged"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFile {
    /// What it was made from and how.
    pub provenance: Provenance,
    /// How 1.0 was set; none where the edges were given.
    pub calibration: Option<Calibration>,
    /// How true the curves are to the model; none where they are the model.
    pub distillation: Option<Distillation>,
    /// How it did on its own history, where that was tried.
    pub backtest: Option<Backtest>,
    /// How the training readings score, to notice drift; none where the edges were given.
    pub population: Option<Population>,
    /// The table.
    pub table: ScoreTable,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CurvePart {
    day: String,
    hour: u8,
    wh: Vec<f64>,
    score: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CurvesPart {
    level: Vec<CurvePart>,
    floors: Vec<HoursPart>,
    step: Option<Vec<CurvePart>>,
    rises: Vec<HoursPart>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoursPart {
    hours: u8,
    cells: Vec<CurvePart>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "format")]
    _format: String,
    #[serde(rename = "version")]
    _version: u32,
    calendar: Calendar,
    interval_s: u32,
    unit: String,
    provenance: Provenance,
    calibration: Option<Calibration>,
    distillation: Option<Distillation>,
    backtest: Option<Backtest>,
    population: Option<Population>,
    curves: CurvesPart,
    #[serde(rename = "sha256")]
    _sha256: String,
}

impl ModelFile {
    /// The file's bytes: the same for the same model, always.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut parts = Vec::new();
        let mut line = |key: &'static str, value: String| parts.push((key, value));
        line("calendar", json(self.table.calendar()));
        line("interval_s", json(&INTERVAL_S));
        line("unit", json(&UNIT));
        line("provenance", json(&self.provenance));
        line("calibration", json(&self.calibration));
        line("distillation", json(&self.distillation));
        line("backtest", json(&self.backtest));
        line("population", json(&self.population));
        line("curves", curves_json(&self.table));
        KIND.seal(&parts)
    }

    /// The digest at the end of the file's bytes.
    pub fn sha256(&self) -> String {
        digest(&self.to_bytes()).unwrap_or_default().to_owned()
    }

    /// Reads a whole file as [`ModelFile::read`] does, and the digest at its end, which names it.
    pub fn read_with_digest(source: impl Read) -> Result<(Self, String), SealedError> {
        KIND.read(source, |bytes| {
            Ok((Self::from_bytes(bytes)?, digest(bytes).unwrap_or_default().to_owned()))
        })
    }

    /// Reads a whole file, at most [`MAX_FILE_BYTES`] of it.
    pub fn read(source: impl Read) -> Result<Self, SealedError> {
        KIND.read(source, Self::from_bytes)
    }

    /// Reads the bytes of a file, and refuses what was changed since it was written, or breaks a rule of the format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealedError> {
        KIND.open::<Document>(bytes)?.into_model()
    }
}

impl Document {
    fn into_model(self) -> Result<ModelFile, SealedError> {
        if self.interval_s != INTERVAL_S || self.unit != UNIT {
            return Err(SealedError::content(format!("readings are in {UNIT} of {INTERVAL_S} s")));
        }
        self.provenance.check()?;
        self.calibration.as_ref().map_or(Ok(()), Calibration::check)?;
        if let Some(Distillation { tolerance, largest_error }) = self.distillation
            && !(0.0 <= largest_error && largest_error <= tolerance)
        {
            return Err(SealedError::content("the distillation error is over its tolerance"));
        }
        if self.population.as_ref().is_some_and(|population| !population.is_sound()) {
            return Err(SealedError::content("the population has no sound shares"));
        }
        self.backtest.as_ref().map_or(Ok(()), Backtest::check)?;
        let CurvesPart { level, floors, step, rises } = self.curves;
        let level = std::iter::once((Feature::Level, level));
        let floors = floors.into_iter().map(|part| (Feature::Floor { hours: part.hours }, part.cells));
        let step = step.into_iter().map(|cells| (Feature::Step, cells));
        let rises = rises.into_iter().map(|part| (Feature::Rise { hours: part.hours }, part.cells));
        let sets = level
            .chain(floors)
            .chain(step)
            .chain(rises)
            .map(|(feature, cells)| {
                Ok(CurveSet { feature, curves: read_curves(cells, self.calendar.day_classes())? })
            })
            .collect::<Result<_, SealedError>>()?;
        let table = ScoreTable::with_features(self.calendar, sets)
            .map_err(|error| SealedError::content(error.to_string()))?;
        Ok(ModelFile {
            provenance: self.provenance,
            calibration: self.calibration,
            distillation: self.distillation,
            backtest: self.backtest,
            population: self.population,
            table,
        })
    }
}

/// The `curves` of the file, a cell a line.
fn curves_json(table: &ScoreTable) -> String {
    let classes = table.calendar().day_classes();
    let (mut level, mut floors, mut step, mut rises) =
        (String::new(), Vec::new(), "null".to_owned(), Vec::new());
    for (feature, cells) in table.features() {
        let cells = cells.map(|(slot, curve)| {
            let day = classes.class_name(slot.day).unwrap_or_default().to_owned();
            let (wh, score) = curve.knots().iter().map(|knot| (knot.wh, knot.score)).unzip();
            format!("      {}", json(&CurvePart { day, hour: slot.hour, wh, score }))
        });
        let cells = format!("[\n{}\n    ]", cells.collect::<Vec<_>>().join(",\n"));
        let part = |hours| format!("{{\"hours\":{hours},\"cells\":{cells}}}");
        match feature {
            Feature::Level => level = cells,
            Feature::Floor { hours } => floors.push(part(hours)),
            Feature::Step => step = cells,
            Feature::Rise { hours } => rises.push(part(hours)),
        }
    }
    let (floors, rises) = (floors.join(","), rises.join(","));
    format!(
        "{{\n    \"level\": {level},\n    \"floors\": [{floors}],\n    \"step\": {step},\n    \"rises\": [{rises}]\n  }}"
    )
}

fn read_curves(parts: Vec<CurvePart>, day_classes: DayClasses) -> Result<Vec<Curve>, SealedError> {
    let names = day_classes.class_names();
    let cells = names.iter().flat_map(|name| (0..24_u8).map(move |hour| (*name, hour)));
    if parts.len() != names.len() * HOURS {
        return Err(SealedError::content(format!(
            "{} curves, but {} cells",
            parts.len(),
            names.len() * HOURS
        )));
    }
    cells
        .zip(parts)
        .map(|((day, hour), part)| {
            let place = || format!("the curve of {day}, hour {hour}");
            if (part.day.as_str(), part.hour) != (day, hour) {
                return Err(SealedError::content(format!("{} is missing or out of order", place())));
            }
            if part.wh.len() != part.score.len() {
                return Err(SealedError::content(format!(
                    "{} has {} Wh and {} scores",
                    place(),
                    part.wh.len(),
                    part.score.len()
                )));
            }
            let knots = part.wh.into_iter().zip(part.score).map(|(wh, score)| Knot { wh, score }).collect();
            Curve::new(knots)
                .map_err(|error: CurveError| SealedError::content(format!("{}: {error}", place())))
        })
        .collect()
}

#[cfg(test)]
mod tests;
