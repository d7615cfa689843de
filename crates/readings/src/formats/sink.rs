//! What a format hands over, element by element: to the [`Intake`], and in its tests to a list.

use crate::{
    clock::Millis,
    error::{Error, ErrorKind},
    input::Input,
    intake::{Intake, SeriesId},
    ledger::Rule,
    message::show,
    number::{self, Number},
    series::Column,
    unit::{Flow, Kind},
};

/// Whose value it is, and what it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Series<'a> {
    /// The meter; empty where the input names none.
    pub(crate) meter: &'a [u8],
    /// One of several registers of the meter that are added up; empty where there is only one.
    pub(crate) register: &'a [u8],
    /// Which way the energy goes; what is given is handed over only where the net is asked for.
    pub(crate) flow: Flow,
    /// What the values are.
    pub(crate) kind: Kind,
    /// Whether the input or the user says so, so that it need not be doubted.
    pub(crate) kind_given: bool,
    /// How many Wh or W one of the input's unit is: counters turn over at a power of ten of it.
    pub(crate) factor: f64,
    /// The interval's length, where the input states it.
    pub(crate) cadence: Option<Millis>,
}

/// Takes what was found. Every element of an input ends in one of these, once.
pub(crate) trait Sink {
    /// A value, in Wh or W.
    fn reading(&mut self, series: Series<'_>, line: u64, at: Millis, value: f64) -> Result<(), Error>;
    /// A value in the input's unit, whose time is a wall-clock time of the home or RFC 3339.
    fn text(&mut self, series: Series<'_>, line: u64, time: &[u8], value: &[u8]) -> Result<(), Error>;
    /// A time without a value.
    fn missing(
        &mut self,
        series: Series<'_>,
        line: u64,
        at: Millis,
        what: &dyn Fn() -> String,
    ) -> Result<(), Error>;
    /// What could not be read.
    fn bad_row(&mut self, line: u64, what: &dyn Fn() -> String);
    /// What is not the home's use of electricity.
    fn ignored(&mut self, rule: Rule, line: u64, what: &dyn Fn() -> String);

    /// A value in the input's unit, as it stands there.
    fn field(&mut self, series: Series<'_>, line: u64, at: Millis, field: &[u8]) -> Result<(), Error> {
        match number::parse(field) {
            Number::Finite(number) => self.reading(series, line, at, number * series.factor),
            Number::NotFinite => self.reading(series, line, at, f64::INFINITY),
            Number::Missing => {
                self.missing(series, line, at, &|| format!("no value (`{}`); left out", show(field)))
            }
            Number::Bad => {
                self.bad_row(line, &|| format!("`{}` is not a number; left out", show(field)));
                Ok(())
            }
        }
    }
}

/// Reads one input into the intake with a format's parser.
pub(crate) fn read_into(
    intake: &mut Intake<'_>,
    input: Input,
    parse: impl FnOnce(Input, &mut dyn Sink) -> Result<String, Error>,
) -> Result<String, Error> {
    intake.begin(&input.name);
    let said = parse(input, &mut ToIntake { intake, column: None, latest: None })?;
    intake.end()?;
    Ok(said)
}

struct ToIntake<'i, 'w> {
    intake: &'i mut Intake<'w>,
    /// What was last known of a series.
    column: Option<Column>,
    /// The series whose cadence was stated last.
    latest: Option<SeriesId>,
}

impl ToIntake<'_, '_> {
    /// The series in the intake; none if its meter was not chosen, which is noted.
    fn id(&mut self, series: Series<'_>, line: u64) -> Result<Option<SeriesId>, Error> {
        let Series { meter, register, flow, kind, kind_given, factor, cadence } = series;
        let is_same = |column: &Column| {
            column.kind == kind
                && column.kind_given == kind_given
                && column.factor == factor
                && column.flow == flow
        };
        let column = self.column.take().filter(is_same);
        let column =
            column.unwrap_or_else(|| Column { name: "value".to_owned(), kind, kind_given, factor, flow });
        let id = self.intake.series(meter, register, self.column.insert(column))?;
        match (id, cadence) {
            (None, _) => self.intake.other_meter(line, meter),
            (Some(id), Some(cadence)) if self.latest != Some(id) => {
                self.intake.cadence(id, cadence);
                self.latest = Some(id);
            }
            _ => {}
        }
        Ok(id)
    }
}

impl Sink for ToIntake<'_, '_> {
    fn reading(&mut self, series: Series<'_>, line: u64, at: Millis, value: f64) -> Result<(), Error> {
        match self.id(series, line)? {
            Some(id) => self.intake.reading(id, line, at, value),
            None => Ok(()),
        }
    }

    fn text(&mut self, series: Series<'_>, line: u64, time: &[u8], value: &[u8]) -> Result<(), Error> {
        match self.id(series, line)? {
            Some(id) => self.intake.text(id, line, time, value, series.factor),
            None => Ok(()),
        }
    }

    fn missing(
        &mut self,
        series: Series<'_>,
        line: u64,
        at: Millis,
        what: &dyn Fn() -> String,
    ) -> Result<(), Error> {
        match self.id(series, line)? {
            Some(id) => self.intake.missing(id, line, at, what),
            None => Ok(()),
        }
    }

    fn bad_row(&mut self, line: u64, what: &dyn Fn() -> String) {
        self.intake.bad_row(line, what);
    }

    fn ignored(&mut self, rule: Rule, line: u64, what: &dyn Fn() -> String) {
        self.intake.ignored(rule, line, what);
    }
}

/// The error of an input that breaks off its format's rules.
pub(crate) fn broken(input: &str, format: &'static str, what: impl Into<String>) -> Error {
    Error::new(input, ErrorKind::Broken { format, what: format!("{}; nothing of it was used", what.into()) })
}

/// A list of all that was handed over, as lines of text.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct Found(pub(crate) Vec<String>);

#[cfg(test)]
impl Found {
    fn series(series: Series<'_>) -> String {
        let (meter, register) = (show(series.meter), show(series.register));
        let kind = match series.kind {
            Kind::Energy => "energy",
            Kind::Power => "power",
            Kind::Register => "register",
        };
        let cadence = series.cadence.map(|cadence| format!(" {}s", cadence / 1000)).unwrap_or_default();
        let flow = if series.flow == Flow::Given { " given" } else { "" };
        format!("{meter}/{register}{flow} {kind}{cadence}")
    }

    fn time(at: Millis) -> String {
        jiff::Timestamp::from_millisecond(at).map_or_else(|_| format!("{at} ms"), |at| at.to_string())
    }
}

#[cfg(test)]
impl Sink for Found {
    fn reading(&mut self, series: Series<'_>, line: u64, at: Millis, value: f64) -> Result<(), Error> {
        self.0.push(format!("{line} {} {} = {value}", Self::series(series), Self::time(at)));
        Ok(())
    }

    fn text(&mut self, series: Series<'_>, line: u64, time: &[u8], value: &[u8]) -> Result<(), Error> {
        let (time, value, factor) = (show(time), show(value), series.factor);
        self.0.push(format!("{line} {} {time} = {value} * {factor}", Self::series(series)));
        Ok(())
    }

    fn missing(
        &mut self,
        series: Series<'_>,
        line: u64,
        at: Millis,
        what: &dyn Fn() -> String,
    ) -> Result<(), Error> {
        self.0.push(format!("{line} {} {} missing: {}", Self::series(series), Self::time(at), what()));
        Ok(())
    }

    fn bad_row(&mut self, line: u64, what: &dyn Fn() -> String) {
        self.0.push(format!("{line} bad-row: {}", what()));
    }

    fn ignored(&mut self, rule: Rule, line: u64, what: &dyn Fn() -> String) {
        self.0.push(format!("{line} {rule}: {}", what()));
    }
}
