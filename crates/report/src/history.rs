//! Readings scored by the model, hour by hour: what was unusual among them, and month by month whether the model still fits.

use jiff::civil::Date;
use knowatt_readings::{Ledger, Reading, Readings};
use knowatt_score::{Calendar, DRIFT_LEAST_HOURS, Episode, Episodes, ModelFile, Recent, ScoreError, Scored};
use serde::Serialize;

use crate::{kept::Kept, normal::Normal};

/// A meter's readings beside what the model says of them.
#[derive(Debug, Serialize)]
pub struct History {
    /// Hours that follow one another: the first one's start in seconds since 1970, and how many they are.
    runs: Vec<(i64, i64)>,
    wh: Vec<f64>,
    /// To four decimals, for people; what is above 1.0 stays above it.
    score: Vec<f64>,
    alerts: Vec<Alert>,
    months: Vec<Month>,
    drift: Option<Drift>,
    kept: Kept,
}

/// Readings above 1.0 that a person is told of once.
#[derive(Debug, Serialize)]
struct Alert {
    first_s: i64,
    last_s: i64,
    /// How many hours were above 1.0.
    hours: usize,
    /// The hour that scored most, its reading, and what would have been normal.
    peak_s: i64,
    wh: f64,
    low_wh: f64,
    high_wh: f64,
    score: f64,
    /// What that score is of: the hour itself, or the hours before it.
    feature: String,
    /// What the hours above 1.0 used beyond what is typical.
    extra_wh: f64,
}

/// A calendar month of the readings.
#[derive(Debug, Serialize)]
struct Month {
    first_day: Date,
    readings: usize,
    alerts: usize,
    /// The population stability index; none of too few readings.
    drift: Option<f64>,
}

/// How far the readings are from those the model was made from.
#[derive(Debug, Serialize)]
struct Drift {
    index: f64,
    /// Whether more is used than was usual.
    is_more: bool,
}

impl History {
    /// Scores readings; the ledger is that of reading them.
    pub fn of(model: &ModelFile, readings: &Readings, ledger: &Ledger<'_>) -> Result<Self, ScoreError> {
        let ModelFile { table, population, .. } = model;
        let calendar = table.calendar();
        let normal = Normal::of(model);
        let mut recent = Recent::default();
        let scored: Vec<Scored> = readings
            .rows
            .iter()
            .map(|row| table.assess(row.start, row.wh, &mut recent))
            .collect::<Result<_, _>>()?;
        let mut episodes = Episodes::above(1.0);
        for (row, scored) in readings.rows.iter().zip(&scored) {
            episodes.push(row.start, scored.score);
        }
        let episodes = episodes.finish();
        let alerts =
            episodes.iter().filter_map(|episode| alert(episode, readings, &scored, &normal, calendar));
        let levels: Vec<f64> = scored.iter().map(|scored| scored.level).collect();
        let psi = |levels: &[f64]| {
            let population = population.as_ref().filter(|_| levels.len() >= DRIFT_LEAST_HOURS)?;
            Some(Drift {
                index: population.stability_index(levels),
                is_more: population.is_lower_than(levels),
            })
        };
        let month = |(first_day, rows): (Date, std::ops::Range<usize>)| Month {
            first_day,
            readings: rows.len(),
            alerts: readings.rows[rows.clone()].iter().filter(|row| begins_alert(&episodes, row)).count(),
            drift: psi(&levels[rows]).map(|drift| drift.index),
        };
        let months = calendar.months(readings.rows.iter().map(|row| row.start)).into_iter().map(month);
        Ok(Self {
            runs: runs(readings),
            wh: readings.rows.iter().map(|row| row.wh).collect(),
            score: scored.iter().map(|scored| shown(scored.score)).collect(),
            alerts: alerts.collect(),
            months: months.collect(),
            drift: psi(&levels),
            kept: Kept::of(ledger),
        })
    }
}

/// A score to four decimals; one above 1.0 stays above it.
fn shown(score: f64) -> f64 {
    let shown = rounded(score, 4);
    if score > 1.0 { shown.max(1.0001) } else { shown }
}

/// A number to so many decimals.
pub(crate) fn rounded(number: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    let rounded = (number * scale).round() / scale;
    if rounded.is_finite() { rounded } else { number }
}

fn alert(
    episode: &Episode,
    readings: &Readings,
    scored: &[Scored],
    normal: &Normal,
    calendar: &Calendar,
) -> Option<Alert> {
    let place = |start| readings.rows.binary_search_by_key(&start, |row| row.start).ok();
    let (first, last, peak) = (place(episode.first)?, place(episode.last)?, place(episode.peak)?);
    let extra = |place: usize| {
        let row = readings.rows[place];
        (row.wh - normal.range(calendar.slot(row.start)).typical_wh).max(0.0)
    };
    let at_peak = &scored[peak];
    Some(Alert {
        first_s: episode.first.as_second(),
        last_s: episode.last.as_second(),
        hours: episode.readings,
        peak_s: episode.peak.as_second(),
        wh: readings.rows[peak].wh,
        low_wh: at_peak.expected_low_wh,
        high_wh: at_peak.expected_high_wh,
        score: at_peak.score,
        feature: at_peak.feature.to_string(),
        extra_wh: (first..=last).filter(|&place| scored[place].score > 1.0).map(extra).sum(),
    })
}

fn begins_alert(episodes: &[Episode], reading: &Reading) -> bool {
    episodes.binary_search_by_key(&reading.start, |episode| episode.first).is_ok()
}

fn runs(readings: &Readings) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for row in &readings.rows {
        let start = row.start.as_second();
        match runs.last_mut() {
            Some((first, count)) if start - *first == *count * i64::from(knowatt_score::INTERVAL_S) => {
                *count += 1;
            }
            _ => runs.push((start, 1)),
        }
    }
    runs
}
