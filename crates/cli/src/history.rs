//! What `train` learns from: the inputs' readings, or those of a fitted model with the inputs' added.

use std::path::Path;

use anyhow::{Context as _, Result};
use jiff::SignedDuration;
use knowatt_readings::{Excluded, Readings};
use knowatt_score::Calendar;
use knowatt_train::{Choice, Options, Trained};

use crate::{
    args::TrainArgs,
    commands::holidays,
    excluded, inputs,
    output::say,
    text::{counted, date},
    was_fine,
};

/// Readings with the options to learn them by.
pub(crate) struct History {
    pub(crate) readings: Readings,
    pub(crate) excluded: Vec<Excluded>,
    pub(crate) zone: String,
    pub(crate) options: Options,
}

impl History {
    /// Reads what the arguments name.
    pub(crate) fn read(args: &TrainArgs) -> Result<Self> {
        let from = args.from.as_deref().map(read_fitted).transpose()?;
        let (zone, mut options) = from.as_ref().map_or_else(|| Ok(begun(args)), carried_on)?;
        options.model = args.model.unwrap_or(options.model);
        options.alerts_per_month = args.alerts_per_month.unwrap_or(options.alerts_per_month);
        options.seed = args.seed.unwrap_or(options.seed);
        let calendar = Calendar::new(&zone, options.day_classes)?;
        holidays::check(&options.holidays, options.day_classes)?;
        let was_fine = was_fine::instants(&args.was_fine, calendar.zone())?;
        let periods = excluded::periods(&args.exclude, calendar.zone())?;
        let (mut readings, mut excluded) = (Readings::default(), Vec::new());
        if !args.inputs.is_empty() {
            (readings, excluded) =
                inputs::read_without(&args.inputs, &args.columns, calendar.zone(), &periods)?;
        }
        if let Some(from) = from {
            let kept = from.readings.rows.len() as u64;
            readings = joined(from.readings, &readings);
            let added = readings.rows.len() as u64 - kept;
            say!("carried   {} of the fitted model, {} added", counted(kept, "hour"), counted(added, "hour"));
        }
        if let Some(days) = args.last_days {
            keep_last(&mut readings, days);
            let first = readings.rows.first().map(|row| date(row.start, calendar.zone()));
            say!("kept      the last {days} days, from {}", first.unwrap_or_default());
        }
        // What was fine before stays so, as long as it is learned.
        let is_learned =
            |at: &jiff::Timestamp| readings.rows.binary_search_by_key(at, |row| row.start).is_ok();
        options.was_fine.retain(is_learned);
        options.was_fine.extend(was_fine);
        options.was_fine.sort_unstable();
        options.was_fine.dedup();
        Ok(Self { readings, excluded, zone, options })
    }
}

/// Reads a fitted model.
pub(crate) fn read_fitted(path: &Path) -> Result<Trained> {
    inputs::read_sealed(path, |source| Trained::read(source))
}

/// The zone and options that the arguments name.
fn begun(args: &TrainArgs) -> (String, Options) {
    let zone = args.tz.as_ref().map(|zone| zone.0.clone()).unwrap_or_default();
    let day_classes = args.day_class.unwrap_or_default();
    (zone, Options { day_classes, holidays: args.holidays.clone(), ..Options::default() })
}

/// The zone and options of a fitted model.
fn carried_on(from: &Trained) -> Result<(String, Options)> {
    let calendar = &from.model.calendar;
    let option = |name: &str| from.provenance.options.get(name).map(String::as_str);
    let broken = |name: &str| format!("the fitted model has no option `{name}` that is known");
    let regions = option("holidays").into_iter().flat_map(|codes| codes.split(','));
    let regions = regions.map(str::parse).collect::<Result<_, _>>().with_context(|| broken("holidays"))?;
    let model = option("model").and_then(|name| name.parse::<Choice>().ok());
    let options = Options {
        model: model.with_context(|| broken("model"))?,
        day_classes: calendar.day_classes(),
        alerts_per_month: from.alerts_per_month,
        seed: from.provenance.seed,
        holidays: regions,
        was_fine: from.was_fine.clone(),
    };
    Ok((calendar.zone_name().to_owned(), options))
}

/// Both in order of time; where both have an hour, the newer file's.
fn joined(older: Readings, newer: &Readings) -> Readings {
    let has_newer = |start: jiff::Timestamp| newer.rows.binary_search_by_key(&start, |row| row.start).is_ok();
    let mut rows = older.rows;
    rows.retain(|row| !has_newer(row.start));
    rows.extend(&newer.rows);
    rows.sort_by_key(|row| row.start);
    Readings { rows }
}

fn keep_last(readings: &mut Readings, days: u32) {
    let Some(last) = readings.rows.last() else { return };
    let span = SignedDuration::from_hours(24 * i64::from(days) - 1);
    let first = last.start.checked_sub(span).unwrap_or(jiff::Timestamp::MIN);
    readings.rows.retain(|row| row.start >= first);
}
