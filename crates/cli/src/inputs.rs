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
    Input, Intake, Ledger, Meter, Options, Readings, Rule,
    formats::{self, Format},
};
use knowatt_score::{Calendar, DayClasses, ModelFile, ScoreTable, SealedError};

use crate::{
    args::{ColumnArgs, InputArgs},
    output::{Output, OutputError, say},
    text::{DIM, YELLOW, counted, date, grouped},
    topics,
};

/// Inputs shorter than this are read before a progress bar would be seen.
const LONG_INPUT_BYTES: u64 = 8 << 20;

/// What to read, and how.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'a> {
    pub(crate) inputs: &'a [PathBuf],
    /// The format, unless it is told by the content.
    pub(crate) format: Option<&'static Format>,
    pub(crate) columns: &'a ColumnArgs,
}

impl<'a> From<&'a InputArgs> for Sources<'a> {
    fn from(args: &'a InputArgs) -> Self {
        Self { inputs: &args.inputs, format: args.format, columns: &args.columns }
    }
}

/// Reads all inputs as one meter's history, says what was not used, and writes the full ledger if asked:
/// then most of all, when reading stopped.
pub(crate) fn read(sources: Sources<'_>, zone: &str) -> Result<Readings> {
    read_then(sources, zone, |meter, _| meter.readings.clone())
}

/// The same, but gives what is made of the one meter, which the ledger may be told too.
pub(crate) fn read_then<Made>(
    sources: Sources<'_>,
    zone: &str,
    then: impl FnOnce(&Meter, &mut Ledger<'_>) -> Made,
) -> Result<Made> {
    read_meters(sources, Some(zone), |meters, ledger| Ok(then(only(meters)?, ledger)))?
}

/// The one meter there is.
fn only(meters: &[Meter]) -> Result<&Meter> {
    match meters {
        [only] => Ok(only),
        several => {
            const MOST: usize = 8;
            let mut names: Vec<String> =
                several.iter().take(MOST).map(|meter| format!("`{}`", shown(&meter.name))).collect();
            if several.len() > MOST {
                names.push(format!("and {} more", several.len() - MOST));
            }
            anyhow::bail!(
                "there are {} meters: {}; choose one with --meter NAME (knowatt train -o DIRECTORY/ makes a model of each)",
                several.len(),
                names.join(", ")
            )
        }
    }
}

/// A meter's name for people.
pub(crate) fn shown(meter: &str) -> String {
    if meter.is_empty() { "unnamed".to_owned() } else { meter.escape_debug().to_string() }
}

/// Reads all inputs, meter by meter, says what was not used, and writes the full ledger if asked. Without a zone the
/// hours are those of UTC, and every time needs an offset.
pub(crate) fn read_meters<Made>(
    Sources { inputs, format, columns }: Sources<'_>,
    zone: Option<&str>,
    then: impl FnOnce(&[Meter], &mut Ledger<'_>) -> Made,
) -> Result<Made> {
    let calendar = Calendar::new(zone.unwrap_or("UTC"), DayClasses::None)?;
    let mut full = columns.ledger.as_deref().map(Output::create).transpose()?;
    let ledger = full.as_mut().map_or_else(Ledger::default, |full| Ledger::writing_to(full));
    let options = Options {
        time_column: columns.time_column.clone(),
        value_column: columns.value_column.clone(),
        unit: columns.unit,
        kind: columns.kind.map(Into::into),
        net: columns.net,
        meter_column: columns.meter_column.clone(),
        date_order: columns.date_order.map(Into::into),
        avro_schema: columns.avro_schema.clone(),
        schema_registry: columns.schema_registry.clone(),
        ..Options::default()
    };
    let mut intake = Intake::new(calendar.zone().clone(), ledger);
    if zone.is_none() {
        intake = intake.without_zone();
    }
    if let Some(meter) = &columns.meter {
        intake = intake.only(meter);
    }
    let understood = read_all(inputs, format, &options, columns, &mut intake);
    let (meters, mut ledger) = intake.finish();
    let read = understood.and_then(|understood| {
        let meters = meters?;
        let made = then(&meters, &mut ledger);
        Ok((meters, understood, made))
    });
    let path = columns.ledger.as_deref();
    ledger.finish().with_context(|| OutputError(path.unwrap_or(Path::new("-")).to_owned()))?;
    match (&read, path) {
        (Ok((meters, understood, _)), _) => report(meters, &ledger, understood, calendar.zone(), path),
        (Err(_), Some(path)) => {
            say!("ledger    what was not used until it stopped is in {}", path.display());
        }
        (Err(_), None) => {}
    }
    drop(ledger);
    full.map_or(Ok(()), Output::finish)?;
    Ok(read?.2)
}

/// Reads one input after the other, with progress; gives how each was understood.
fn read_all(
    inputs: &[PathBuf],
    format: Option<&'static Format>,
    options: &Options,
    columns: &ColumnArgs,
    intake: &mut Intake<'_>,
) -> Result<Vec<String>> {
    let progress = progress_bar(inputs);
    let mut understood = Vec::new();
    for path in inputs {
        if let Some(address) = path.to_str().filter(|path| topics::is_topic(path)) {
            understood.push(topics::read(address, options, columns, intake)?);
            continue;
        }
        let bar = progress.clone();
        let input = if path == Path::new("-") {
            Input::from_reader("stdin", std::io::stdin())?
        } else {
            Input::open_watched(path, move |bytes| bar.inc(bytes))?
        };
        understood.push(formats::read(input, format, options, intake)?.to_string());
    }
    progress.finish_and_clear();
    Ok(understood)
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
    meters: &[Meter],
    ledger: &Ledger<'_>,
    understood: &[String],
    zone: &TimeZone,
    full: Option<&Path>,
) {
    let rows = ledger.rows();
    let readings = || meters.iter().flat_map(|meter| &meter.readings.rows);
    let (first, last) = (readings().map(|row| row.start).min(), readings().map(|row| row.start).max());
    if let (Some(first), Some(last)) = (first, last) {
        let hours = counted(readings().count() as u64, "hour");
        let of = if meters.len() > 1 {
            format!(" of {}", counted(meters.len() as u64, "meter"))
        } else {
            String::new()
        };
        let from = counted(rows.read, "row");
        say!("read      {hours}{of} from {from}, {} to {}", date(first, zone), date(last, zone));
    }
    let mut told: Vec<&String> = Vec::new();
    for understood in understood {
        if !told.contains(&understood) {
            say!("          {DIM}{understood}{DIM:#}");
            told.push(understood);
        }
    }
    // What was excluded is told line by line.
    let is_noted = |&rule: &Rule| ledger.count(rule) > 0 && rule != Rule::Excluded;
    let noted: Vec<Rule> = Rule::ALL.into_iter().filter(is_noted).collect();
    if noted.is_empty() {
        return;
    }
    let hint = full.map_or_else(
        || "--ledger FILE lists every entry".to_owned(),
        |path| format!("all in {}", path.display()),
    );
    let fates = [
        (rows.used, "used as read"),
        (rows.repaired, "repaired"),
        (rows.quarantined, "doubted and left out"),
        (rows.ignored, "not needed"),
    ];
    let fates = fates
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", grouped(*count)));
    say!(
        "{YELLOW}ledger{YELLOW:#}    {}: {}; {hint}",
        counted(rows.read, "row"),
        fates.collect::<Vec<_>>().join(", ")
    );
    for rule in noted {
        let count = grouped(ledger.count(rule));
        let first = ledger.first(rule).map(ToString::to_string).unwrap_or_default();
        say!("          {:<17} {count:>8}  {DIM}{first}{DIM:#}", rule.name());
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
