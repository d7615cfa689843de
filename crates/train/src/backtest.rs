//! Backtest: what each model would have done on the home's own history.
//!
//! Rolling origin (Tashman 2000, *Out-of-sample tests of forecasting accuracy*): the last weeks are divided
//! into up to [`WINDOWS`] windows; before each, every candidate (a model with its shares) is trained on all that came
//! before, as it would have been then, and judged on the window itself, as it was (how many alerts?) and with mishaps
//! put in, [`TRIALS`] times by other seeds (what is found?).
//!
//! The rule of choice: a candidate is worth the mean of average precision and of the share of mishaps found. The
//! first candidate is taken unless another is worth more in every window, and by [`CLEAR`] or more on their mean; of
//! several such the one worth most. (The trials of a window are repeats of one experiment: how they spread says
//! nothing of the next month, so no test is made of it.)
//!
//! The figures reported for the choice are nested: each window is judged by what would have been chosen on the
//! *other* windows, so that no figure is one that was chosen on.

use std::thread;

use jiff::{SignedDuration, Timestamp};
use knowatt_score::{Backtest, Episodes, Figure, MONTH_HOURS, Recent};

use crate::{
    features::Shares,
    fitted_model::FittedModel,
    judge::{Judgement, judge},
    mishaps::{Mishaps, Usual, put_in},
    models::ModelName,
    random::Random,
    training_set::{LEAST_DAYS, TrainingRow, TrainingSet},
};

/// The most windows.
const WINDOWS: i32 = 3;
/// How often mishaps are put into each window.
const TRIALS: u64 = 6;
/// By how much another candidate must be worth more than the first: of 0.01, 0.03 and 0.05 the last did best on the
/// months after (`docs/decisions/0007-choice-and-edges.md`).
const CLEAR: f64 = 0.05;
/// A window is so much of the history …
const PART_OF_HISTORY: i64 = 6;
/// … but no less and no more than so many days.
const WINDOW_DAYS: (i64, i64) = (7, 30);
/// Readings before a window that its first floors and rises look at.
const HOURS_BEFORE: usize = 48;

/// A model with the shares of its features.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The model.
    pub model: ModelName,
    /// The shares.
    pub shares: Shares,
}

/// One window's figures of one candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowFigures {
    /// One judgement a trial.
    pub trials: Vec<Judgement>,
    /// Alerts a month of 30 days on the window as it was.
    pub alerts_per_month: f64,
}

/// A candidate with its figures, a window each.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateFigures {
    /// The candidate.
    pub candidate: Candidate,
    /// Its figures, window by window.
    pub windows: Vec<WindowFigures>,
}

/// When a window begins and ends; training ends where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its first instant.
    pub start: Timestamp,
    /// The instant after its last.
    pub end: Timestamp,
}

/// The result of a backtest.
#[derive(Debug, Clone, PartialEq)]
pub struct BacktestReport {
    /// The windows.
    pub windows: Vec<Window>,
    /// Every candidate's figures.
    pub candidates: Vec<CandidateFigures>,
    /// The index of the chosen one.
    pub chosen: usize,
    /// The nested figures of the choice, as the model file holds them.
    pub nested: Backtest,
}

/// The history does not make two windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{days} days with readings are too few for a backtest: it needs two weeks or more of nearly whole days, after {LEAST_DAYS} days to learn from"
)]
pub struct TooLittleHistory {
    /// How many local days have readings.
    pub days: usize,
}

/// A window with what a candidate is trained on and judged by.
struct Judged {
    window: Window,
    before: TrainingSet,
    within: Vec<TrainingRow>,
    trials: Vec<Mishaps>,
}

/// The windows of a history; at least two.
fn windows(set: &TrainingSet, seed: u64) -> Result<Vec<Judged>, TooLittleHistory> {
    let too_little = TooLittleHistory { days: set.days() };
    let (Some(first), Some(last)) = (set.rows.first(), set.rows.last()) else { return Err(too_little) };
    let end = last.start + SignedDuration::from_hours(1);
    let days = end.duration_since(first.start).as_hours() / 24;
    let length =
        SignedDuration::from_hours(24 * (days / PART_OF_HISTORY).clamp(WINDOW_DAYS.0, WINDOW_DAYS.1));
    let mut random = Random::new(seed);
    let mut judged = |place: i32| {
        let window = Window { start: end - length * place, end: end - length * (place - 1) };
        let before = set.filtered(|row| row.start < window.start);
        let within = set.filtered(|row| (window.start..window.end).contains(&row.start)).rows;
        let usual = Usual::of(&before.rows);
        let mut trial = || put_in(&within, &set.calendar, &usual, &mut random);
        let trials: Vec<_> = (0..TRIALS).map(|_| trial()).filter(Mishaps::has_any).collect();
        let is_fit = before.days() >= LEAST_DAYS
            && before.rows.len() >= LEAST_DAYS * 24 / 2
            && before.rows.iter().any(|row| row.wh > 0.0)
            && usize::try_from(length.as_hours() / 2).is_ok_and(|least| within.len() >= least)
            && !trials.is_empty();
        is_fit.then_some(Judged { window, before, within, trials })
    };
    let windows: Vec<_> = (1..=WINDOWS).rev().filter_map(&mut judged).collect();
    if windows.len() < 2 { Err(too_little) } else { Ok(windows) }
}

/// Judges every model with all shares; the first of `models` with the first shares is the one to beat.
pub fn backtest(
    set: &TrainingSet,
    models: &[ModelName],
    alerts_per_month: f64,
    seed: u64,
) -> Result<BacktestReport, TooLittleHistory> {
    let windows = windows(set, seed)?;
    let figures = |window: &Judged| -> Vec<Vec<WindowFigures>> {
        models.iter().map(|model| judge_model(window, *model, alerts_per_month, seed)).collect()
    };
    // A window a thread; what each finds does not depend on the others.
    let by_window: Vec<Vec<Vec<WindowFigures>>> = thread::scope(|scope| {
        let threads: Vec<_> = windows.iter().map(|window| scope.spawn(|| figures(window))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut candidates = Vec::new();
    for (m, &model) in models.iter().enumerate() {
        for (s, &shares) in Shares::ALL.iter().enumerate() {
            let windows = by_window.iter().map(|window| window[m][s].clone()).collect();
            candidates.push(CandidateFigures { candidate: Candidate { model, shares }, windows });
        }
    }
    let all: Vec<usize> = (0..windows.len()).collect();
    let chosen = choose(&candidates, &all);
    let nested: Vec<&WindowFigures> = all
        .iter()
        .map(|&held_out| {
            let others: Vec<usize> = all.iter().copied().filter(|&window| window != held_out).collect();
            &candidates[choose(&candidates, &others)].windows[held_out]
        })
        .collect();
    let nested = summary(&nested, reason(&candidates, chosen, &all));
    let windows = windows.into_iter().map(|judged| judged.window).collect();
    Ok(BacktestReport { windows, candidates, chosen, nested })
}

/// One model's figures on a window, by shares.
fn judge_model(judged: &Judged, model: ModelName, alerts_per_month: f64, seed: u64) -> Vec<WindowFigures> {
    let Judged { before, within, trials, .. } = judged;
    let starts: Vec<Timestamp> = within.iter().map(|row| row.start).collect();
    let fitted = FittedModel::fit(before, &*model.model(), seed);
    let lead_in = &before.rows[before.rows.len().saturating_sub(HOURS_BEFORE)..];
    Shares::ALL
        .iter()
        .map(|shares| {
            let (edges, _) = fitted.calibrate(shares, alerts_per_month);
            let scores = |wh: &mut dyn Iterator<Item = f64>| -> Vec<f64> {
                let mut recent = Recent::default();
                for row in lead_in {
                    recent.push(row.start, row.wh);
                }
                let score = |(row, wh): (&TrainingRow, f64)| {
                    recent.push(row.start, wh);
                    fitted.score(&edges, row.slot, &recent)
                };
                within.iter().zip(wh).map(score).collect()
            };
            let as_it_was = scores(&mut within.iter().map(|row| row.wh));
            let mut episodes = Episodes::above(1.0);
            let alerts =
                starts.iter().zip(&as_it_was).filter(|&(&start, &score)| episodes.push(start, score)).count();
            let judged = trials.iter().filter_map(|mishaps| {
                judge(&starts, &scores(&mut mishaps.wh.iter().copied()), &mishaps.label)
            });
            WindowFigures {
                trials: judged.collect(),
                alerts_per_month: alerts as f64 * MONTH_HOURS / within.len() as f64,
            }
        })
        .collect()
}

fn worth(judgement: &Judgement) -> f64 {
    f64::midpoint(judgement.average_precision, judgement.events)
}

/// By how much a candidate is worth more than the first, in each of some windows.
fn leads(candidates: &[CandidateFigures], candidate: usize, windows: &[usize]) -> Vec<f64> {
    let worth = |candidate: &CandidateFigures, window: usize| {
        let worths: Vec<f64> = candidate.windows[window].trials.iter().map(worth).collect();
        figure(&worths).mean
    };
    windows
        .iter()
        .map(|&window| worth(&candidates[candidate], window) - worth(&candidates[0], window))
        .collect()
}

fn choose(candidates: &[CandidateFigures], windows: &[usize]) -> usize {
    let lead = |candidate: usize| figure(&leads(candidates, candidate, windows)).mean;
    let is_clear = |&candidate: &usize| {
        lead(candidate) >= CLEAR && leads(candidates, candidate, windows).iter().all(|lead| *lead > 0.0)
    };
    // Of equals the first.
    (1..candidates.len()).filter(is_clear).rev().max_by(|&a, &b| lead(a).total_cmp(&lead(b))).unwrap_or(0)
}

/// Mean and standard deviation.
pub(crate) fn figure(values: &[f64]) -> Figure {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    Figure { mean, spread: libm::sqrt(squares / (count - 1.0).max(1.0)) }
}

impl CandidateFigures {
    /// The means over the windows, with their spread.
    pub fn summary(&self) -> Backtest {
        summary(&self.windows.iter().collect::<Vec<_>>(), String::new())
    }
}

fn summary(windows: &[&WindowFigures], choice: String) -> Backtest {
    let over = |value: &dyn Fn(&WindowFigures) -> f64| {
        figure(&windows.iter().map(|window| value(window)).collect::<Vec<_>>())
    };
    let mean = |window: &WindowFigures, value: fn(&Judgement) -> f64| {
        figure(&window.trials.iter().map(value).collect::<Vec<_>>()).mean
    };
    Backtest {
        windows: u32::try_from(windows.len()).unwrap_or(u32::MAX),
        average_precision: over(&|window| mean(window, |judgement| judgement.average_precision)),
        events: over(&|window| mean(window, |judgement| judgement.events)),
        alerts_per_month: over(&|window| window.alerts_per_month),
        choice,
    }
}

fn reason(candidates: &[CandidateFigures], chosen: usize, windows: &[usize]) -> String {
    let Candidate { model, shares } = candidates[chosen].candidate;
    if chosen == 0 {
        let others = candidates.len() - 1;
        return format!("{model} with {} shares: none of {others} others was clearly better", shares.name);
    }
    let lead = figure(&leads(candidates, chosen, windows)).mean;
    let first = candidates[0].candidate;
    format!(
        "{model} with {} shares: in every window better than {} with {} shares, by {lead:.3} on the mean",
        shares.name, first.model, first.shares.name
    )
}
