//! What `train` learns from: the inputs' readings, or those of a fitted model with the inputs' added.

use std::path::Path;

use anyhow::{Context as _, Result};
use jiff::SignedDuration;
use knowatt_readings::{Excluded, Ledger, Meter, Periods, Readings};
use knowatt_score::{Calendar, Provenance};
use knowatt_train::{Choice, Options, Trained};

use crate::{
    args::{LearnArgs, Zone},
    commands::holidays,
    excluded,
    inputs::{self, Sources},
    output::say,
    text::{counted, date},
};

/// Readings with the options to learn them by.
pub(crate) struct History {
    /// The meter's name; empty where the inputs name none.
    pub(crate) meter: String,
    /// Whether its readings are what was taken less what was given back.
    pub(crate) is_net: bool,
    pub(crate) readings: Readings,
    pub(crate) excluded: Vec<Excluded>,
    pub(crate) zone: String,
    pub(crate) options: Options,
}

impl History {
    /// The history of some inputs, for a home in a zone.
    pub(crate) fn begin(sources: Sources<'_>, zone: &Zone, learn: &LearnArgs) -> Result<Self> {
        let (options, calendar, periods) = begun(zone, learn)?;
        let (meter, (readings, excluded)) = inputs::read_then(sources, &zone.0, |meter, ledger| {
            (meter.name.clone(), periods.exclude(&meter.readings, ledger))
        })?;
        Ok(Self::of((meter, sources.columns.net), readings, excluded, options, &calendar, learn))
    }

    /// The history of each meter of some inputs.
    pub(crate) fn of_each(sources: Sources<'_>, zone: &Zone, learn: &LearnArgs) -> Result<Vec<Self>> {
        let (options, calendar, periods) = begun(zone, learn)?;
        let each = |meters: &[Meter], ledger: &mut Ledger<'_>| -> Vec<_> {
            meters
                .iter()
                .map(|meter| (meter.name.clone(), periods.exclude(&meter.readings, ledger)))
                .collect()
        };
        let meters = inputs::read_meters(sources, Some(&zone.0), each)?;
        let history = |(meter, (readings, excluded))| {
            Self::of((meter, sources.columns.net), readings, excluded, options.clone(), &calendar, learn)
        };
        Ok(meters.into_iter().map(history).collect())
    }

    /// The history of a fitted model, with the inputs' added.
    pub(crate) fn carry_on(from: Trained, sources: Sources<'_>, learn: &LearnArgs) -> Result<Self> {
        let (zone, options) = carried_on(&from)?;
        let options = with_asked(options, learn);
        let calendar = Calendar::new(&zone, options.day_classes)?;
        holidays::check(&options.holidays, options.day_classes)?;
        let periods = excluded::periods(&learn.exclude, calendar.zone())?;
        let of = from.provenance.options.get(METER).cloned().unwrap_or_default();
        let join = |new: &Meter, ledger: &mut Ledger<'_>| {
            let (whole, carried) = joined(from.readings, &new.readings);
            (new.name.clone(), periods.exclude(&whole, ledger), carried)
        };
        let (meter, (readings, excluded), carried) = if sources.inputs.is_empty() {
            let none = Meter { name: of.clone(), readings: Readings::default() };
            join(&none, &mut Ledger::default())
        } else {
            inputs::read_then(sources, &zone, join)?
        };
        anyhow::ensure!(
            meter == of || meter.is_empty() || of.is_empty(),
            "the inputs are of the meter `{}`, and the fitted model is of `{}`",
            meter.escape_debug(),
            of.escape_debug()
        );
        let meter = if meter.is_empty() { of } else { meter };
        if !sources.inputs.is_empty() {
            tell_net(&from.provenance, sources.columns.net);
        }
        let is_net = sources.columns.net || from.provenance.options.contains_key(NET);
        say!(
            "carried   {} of the fitted model, {} added",
            counted(carried.kept, "hour"),
            counted(carried.added, "hour")
        );
        if carried.replaced > 0 {
            say!(
                "          {} had another value there, and have the newer one now",
                counted(carried.replaced, "hour")
            );
        }
        Ok(Self::of((meter, is_net), readings, excluded, options, &calendar, learn))
    }

    fn of(
        (meter, is_net): (String, bool),
        mut readings: Readings,
        excluded: Vec<Excluded>,
        mut options: Options,
        calendar: &Calendar,
        learn: &LearnArgs,
    ) -> Self {
        excluded::tell(&excluded);
        if let Some(days) = learn.last_days {
            keep_last(&mut readings, days);
            let first = readings.rows.first().map(|row| date(row.start, calendar.zone()));
            say!("kept      the last {days} days, from {}", first.unwrap_or_default());
        }
        // What was fine before stays so, as long as it is learned.
        let is_learned =
            |at: &jiff::Timestamp| readings.rows.binary_search_by_key(at, |row| row.start).is_ok();
        options.was_fine.retain(is_learned);
        Self { meter, is_net, readings, excluded, zone: calendar.zone_name().to_owned(), options }
    }
}

/// The option of a model file that names its meter.
pub(crate) const METER: &str = "meter";
/// The option of a model file that says that its readings were net.
pub(crate) const NET: &str = "net";

/// Says that readings are not of the kind that a model was made of: one of them was read with `--net`.
pub(crate) fn tell_net(learned: &Provenance, is_net: bool) {
    match (learned.options.contains_key(NET), is_net) {
        (true, false) => {
            say!(
                "note      the model is of net readings (--net); these are taken for such, though they were not read with --net"
            );
        }
        (false, true) => {
            say!("note      these are net readings (--net), and the model was not trained with --net");
        }
        _ => {}
    }
}

/// The options, calendar and periods that the arguments name.
fn begun(zone: &Zone, learn: &LearnArgs) -> Result<(Options, Calendar, Periods)> {
    let options = Options {
        day_classes: learn.day_class.unwrap_or_default(),
        holidays: learn.holidays.clone(),
        ..Options::default()
    };
    let options = with_asked(options, learn);
    holidays::check(&options.holidays, options.day_classes)?;
    let calendar = Calendar::new(&zone.0, options.day_classes)?;
    let periods = excluded::periods(&learn.exclude, calendar.zone())?;
    Ok((options, calendar, periods))
}

/// The options with what the arguments ask for in place.
fn with_asked(options: Options, learn: &LearnArgs) -> Options {
    Options {
        alerts_per_month: learn.alerts_per_month.unwrap_or(options.alerts_per_month),
        seed: learn.seed.unwrap_or(options.seed),
        ..options
    }
}

/// Reads a fitted model.
pub(crate) fn read_fitted(path: &Path) -> Result<Trained> {
    inputs::read_sealed(path, |source| Trained::read(source))
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

/// What became of a fitted model's hours, counted.
struct Carried {
    kept: u64,
    added: u64,
    /// Those whose newer value is another.
    replaced: u64,
}

/// Both in order of time; where both have an hour, the newer file's.
fn joined(older: Readings, newer: &Readings) -> (Readings, Carried) {
    let kept = older.rows.len() as u64;
    let mut replaced = 0;
    let mut rows = older.rows;
    rows.retain(|row| match newer.rows.binary_search_by_key(&row.start, |row| row.start) {
        Ok(at) => {
            replaced += u64::from(newer.rows[at].wh != row.wh);
            false
        }
        Err(_) => true,
    });
    rows.extend(&newer.rows);
    rows.sort_by_key(|row| row.start);
    let added = rows.len() as u64 - kept;
    (Readings { rows }, Carried { kept, added, replaced })
}

fn keep_last(readings: &mut Readings, days: u32) {
    let Some(last) = readings.rows.last() else { return };
    let span = SignedDuration::from_hours(24 * i64::from(days) - 1);
    let first = last.start.checked_sub(span).unwrap_or(jiff::Timestamp::MIN);
    readings.rows.retain(|row| row.start >= first);
}
