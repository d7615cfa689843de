//! `knowatt inspect`: what a model file holds and where it came from.

use std::{
    io::{self, Read as _, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::Result;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use knowatt_report::unseen_months;
use knowatt_score::{Backtest, Calibration, MONTH_HOURS, ModelFile, ScoreTable, Source};
use knowatt_train::Trained;

use crate::{
    args::InspectArgs,
    inputs, output,
    text::{BOLD, DIM, counted, grouped, wh},
};

pub(crate) fn run(args: &InspectArgs) -> Result<ExitCode> {
    let model = read(&args.model)?;
    output::print(|out| {
        describe(out, &model)?;
        writeln!(out)?;
        ranges(out, &model.table)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// So much of a file tells of which kind it is.
const BEGINNING_BYTES: u64 = 256;

enum Either {
    Model(ModelFile),
    Fitted(Trained),
}

/// The model file, or the one that a fitted model gives.
fn read(path: &Path) -> Result<ModelFile> {
    inputs::read_sealed(path, |source| {
        // Enough to tell which of the two it is.
        let mut start = Vec::new();
        source.take(BEGINNING_BYTES).read_to_end(&mut start)?;
        let is_fitted = Trained::begins(&start);
        let whole = start.chain(source);
        Ok(if is_fitted {
            Either::Fitted(Trained::read(whole)?)
        } else {
            Either::Model(ModelFile::read(whole)?)
        })
    })
    .and_then(|either| match either {
        Either::Model(model) => Ok(model),
        Either::Fitted(trained) => Ok(trained.model_file(trained.alerts_per_month)?),
    })
}

/// One fact a line.
fn describe(out: &mut dyn Write, model: &ModelFile) -> io::Result<()> {
    let ModelFile { provenance, calibration, distillation, backtest, table, .. } = model;
    let calendar = table.calendar();
    let mut line = |name: &str, value: String| writeln!(out, "{BOLD}{name:<12}{BOLD:#} {value}");
    line("model", provenance.model.clone())?;
    line("time zone", calendar.zone_name().to_owned())?;
    line("days", format!("{} ({})", calendar.day_classes(), inputs::class_names(table)))?;
    if let [first, .., last] = calendar.holidays() {
        line("holidays", format!("{} dates, {first} to {last}", calendar.holidays().len()))?;
    }
    let rows = grouped(provenance.rows);
    match (provenance.source, provenance.first, provenance.end) {
        (Source::Readings, Some(first), Some(end)) => {
            let span = span(first, end, calendar.zone());
            line("learned from", format!("{rows} hourly readings, {span}"))?;
            if let Some(months) = unseen_months(provenance, calendar) {
                line("never seen", unseen(months))?;
            }
        }
        (Source::Readings, ..) => line("learned from", format!("{rows} hourly readings"))?,
        (Source::Bounds, ..) => line("given as", format!("bounds of {rows} cells; nothing was learned"))?,
    }
    match calibration {
        Some(calibration) => line("calibration", calibrated(calibration))?,
        None => line("calibration", "none: 0 and 1 are the bounds given".to_owned())?,
    }
    if let Some(Backtest { windows, average_precision, events, alerts_per_month, choice }) = backtest {
        line("chosen", choice.clone())?;
        let (found, spread) = (100.0 * events.mean, 100.0 * events.spread);
        line(
            "backtest",
            format!(
                "{found:.0} ± {spread:.0} % of made-up mishaps found, average precision {:.2} ± {:.2}, {:.1} ± {:.1} alerts a month, on {windows} windows, each by what the others would have chosen",
                average_precision.mean,
                average_precision.spread,
                alerts_per_month.mean,
                alerts_per_month.spread,
            ),
        )?;
    }
    let features: Vec<_> = table.features().map(|(feature, _)| feature.to_string()).collect();
    line("features", features.join(", "))?;
    let (mut cells, mut knots) = (0, 0);
    for (_, curve) in table.features().flat_map(|(_, cells)| cells) {
        cells += 1;
        knots += curve.knots().len();
    }
    let error = distillation.map_or_else(
        || "which are the model itself".to_owned(),
        |distillation| format!("within {:.4} of the model, in score", distillation.largest_error),
    );
    line("curves", format!("{cells} with {} knots, {error}", grouped(knots as u64)))?;
    let options: Vec<_> = provenance.options.iter().map(|(key, value)| format!("{key}={value}")).collect();
    line("options", format!("{} seed={}", options.join(" "), provenance.seed).trim_start().to_owned())?;
    line("data sha256", provenance.sha256.clone())?;
    line("written by", provenance.tool.clone())
}

fn span(first: Timestamp, end: Timestamp, zone: &TimeZone) -> String {
    let local = |instant: Timestamp| zone.to_datetime(instant).strftime("%Y-%m-%d %H:%M").to_string();
    format!("{} to {}", local(first), local(end))
}

/// The months of the year that lie outside the span of the readings.
fn unseen((first, last): (i8, i8)) -> String {
    let named =
        |month: i8| Date::new(2000, month, 1).map(|date| date.strftime("%B").to_string()).unwrap_or_default();
    format!("{} to {}: what is normal then is not known", named(first), named(last))
}

fn calibrated(calibration: &Calibration) -> String {
    let Calibration { alerts_per_month, likely_fewest, likely_most, weeks, readings, episodes, months: _ } =
        calibration;
    let months = *readings as f64 / MONTH_HOURS;
    format!(
        "{alerts_per_month} alerts a month asked for, so {likely_fewest:.0} to {likely_most:.0} in four months of five; {} in {months:.1} months not seen in training ({weeks} weeks, held out in turn)",
        counted(*episodes, "alert"),
    )
}

/// More day classes than these do not fit beside one another.
const MOST_COLUMNS: usize = 7;

/// What is normal, hour by hour.
fn ranges(out: &mut dyn Write, table: &ScoreTable) -> io::Result<()> {
    let classes = table.calendar().day_classes();
    let days: Vec<_> = classes.classes().take(MOST_COLUMNS).collect();
    write!(out, "{BOLD}normal{BOLD:#}      ")?;
    for &day in &days {
        write!(out, "{DIM}{:>22}{DIM:#}", classes.class_name(day).unwrap_or_default())?;
    }
    writeln!(out)?;
    for hour in 0..24_u8 {
        write!(out, "{DIM}{hour:>9}:00{DIM:#}")?;
        for &day in &days {
            let range =
                table.curve(knowatt_score::Slot { day, hour }).map(|curve| (curve.wh(0.0), curve.wh(1.0)));
            let (low, high) = range.unwrap_or_default();
            write!(out, "{:>22}", format!("{:.0} to {}", low, wh(high)))?;
        }
        writeln!(out)?;
    }
    if classes.count() > MOST_COLUMNS {
        writeln!(
            out,
            "{DIM}… and {} more day classes: knowatt evaluate --day CLASS{DIM:#}",
            classes.count() - MOST_COLUMNS
        )?;
    }
    Ok(())
}
