//! Opening inputs, reading them with progress, and saying what was not used.

use std::{
    fs,
    io::{IsTerminal as _, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;
use knowatt_readings::{
    Input, Intake, Ledger, Readings, Rule,
    formats::csv::{self, Layout},
};
use knowatt_score::{ModelFile, ScoreTable, SealedError};

use crate::{
    args::ColumnArgs,
    output::{Output, OutputError, say},
    text::{DIM, YELLOW, counted, date, grouped},
};

/// Inputs shorter than this are read before a progress bar would be seen.
const LONG_INPUT_BYTES: u64 = 8 << 20;

/// Reads all inputs as one meter's history, says what was not used, and writes the full ledger if asked:
/// then most of all, when reading stopped.
pub(crate) fn read(inputs: &[PathBuf], columns: &ColumnArgs, zone: &TimeZone) -> Result<Readings> {
    read_then(inputs, columns, zone, |readings, _| readings.clone())
}

/// The same, but gives what is made of the readings, which the ledger may be told too.
pub(crate) fn read_then<Made>(
    inputs: &[PathBuf],
    columns: &ColumnArgs,
    zone: &TimeZone,
    then: impl FnOnce(&Readings, &mut Ledger<'_>) -> Made,
) -> Result<Made> {
    let mut full = columns.ledger.as_deref().map(Output::create).transpose()?;
    let ledger = full.as_mut().map_or_else(Ledger::default, |full| Ledger::writing_to(full));
    let options = csv::Options {
        time_column: columns.time_column.clone(),
        value_column: columns.value_column.clone(),
        unit: columns.unit,
        kind: columns.kind.map(Into::into),
        meter_column: columns.meter_column.clone(),
        meter: columns.meter.clone(),
    };
    let mut intake = Intake::new(zone.clone(), ledger);
    let layouts = read_all(inputs, &options, &mut intake);
    let (readings, mut ledger) = intake.finish();
    let read = layouts.and_then(|layouts| {
        let readings = readings?;
        let made = then(&readings, &mut ledger);
        Ok((readings, layouts, made))
    });
    let path = columns.ledger.as_deref();
    ledger.finish().with_context(|| OutputError(path.unwrap_or(Path::new("-")).to_owned()))?;
    match (&read, path) {
        (Ok((readings, layouts, _)), _) => report(readings, &ledger, layouts, zone, path),
        (Err(_), Some(path)) => {
            say!("ledger    what was not used until it stopped is in {}", path.display());
        }
        (Err(_), None) => {}
    }
    drop(ledger);
    full.map_or(Ok(()), Output::finish)?;
    Ok(read?.2)
}

/// Reads one input after the other, with progress; gives how the columns of each were understood.
fn read_all(inputs: &[PathBuf], options: &csv::Options, intake: &mut Intake<'_>) -> Result<Vec<Layout>> {
    let progress = progress_bar(inputs);
    let mut layouts = Vec::new();
    for path in inputs {
        let bar = progress.clone();
        let input = if path == Path::new("-") {
            Input::from_reader("stdin", std::io::stdin())?
        } else {
            Input::open_watched(path, move |bytes| bar.inc(bytes))?
        };
        layouts.push(csv::read(input, options, intake)?);
    }
    progress.finish_and_clear();
    Ok(layouts)
}

/// Reads a model file.
pub(crate) fn read_model(path: &Path) -> Result<ModelFile> {
    read_sealed(path, |source| ModelFile::read(source))
}

/// Opens and reads a file of ours.
pub(crate) fn read_sealed<Sealed>(
    path: &Path,
    read: impl FnOnce(&mut dyn Read) -> Result<Sealed, SealedError>,
) -> Result<Sealed> {
    let named = || path.display().to_string();
    if path == Path::new("-") {
        return read(&mut std::io::stdin()).context("stdin");
    }
    anyhow::ensure!(!path.is_dir(), "{} is a directory; name the model file in it", named());
    let mut file = fs::File::open(path).with_context(named)?;
    read(&mut file).with_context(named)
}

/// The names of a table's day classes, for messages.
pub(crate) fn class_names(table: &ScoreTable) -> String {
    table.calendar().day_classes().class_names().join(", ")
}

fn report(
    readings: &Readings,
    ledger: &Ledger<'_>,
    layouts: &[Layout],
    zone: &TimeZone,
    full: Option<&Path>,
) {
    if let (Some(first), Some(last), Some(layout)) =
        (readings.rows.first(), readings.rows.last(), layouts.first())
    {
        let hours = counted(readings.rows.len() as u64, "hour");
        let rows = counted(ledger.rows_read(), "row");
        say!("read      {hours} from {rows}, {} to {}", date(first.start, zone), date(last.start, zone));
        say!("          {DIM}{layout}{DIM:#}");
    }
    // What was excluded is told line by line.
    let is_noted = |&rule: &Rule| ledger.count(rule) > 0 && rule != Rule::Excluded;
    let noted: Vec<Rule> = Rule::ALL.into_iter().filter(is_noted).collect();
    if noted.is_empty() {
        return;
    }
    let unused = ledger.rows_read() - ledger.rows_used();
    let hint = full.map_or_else(
        || "--ledger FILE lists every entry".to_owned(),
        |path| format!("all in {}", path.display()),
    );
    say!("{YELLOW}ledger{YELLOW:#}    {} left out; {hint}", counted(unused, "row"));
    for rule in noted {
        let count = grouped(ledger.count(rule));
        let first = ledger.first(rule).map(ToString::to_string).unwrap_or_default();
        say!("          {:<16} {count:>8}  {DIM}{first}{DIM:#}", rule.name());
    }
}

fn progress_bar(inputs: &[PathBuf]) -> ProgressBar {
    let bytes: u64 = inputs.iter().filter_map(|path| fs::metadata(path).ok()).map(|meta| meta.len()).sum();
    if bytes < LONG_INPUT_BYTES || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("reading   {bar:30} {bytes} of {total_bytes}, {eta} left");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
