//! Where every format's rows arrive: told apart by meter and register, checked one by one, noted or passed on.

use std::collections::HashMap;

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    clock::{Clock, Millis, TimeError, spell},
    error::{Error, ErrorKind},
    ledger::{Ledger, OfInput, Rule},
    message::show,
    number::{self, Number},
    reading::{PLAUSIBLE_TIMES, Reading, Readings},
    record::schemas::Schemas,
    sample::Sample,
    series::{self, Asked, Column, Series, Unreadable},
    unit::{Flow, Kind},
};

/// The most meters, and registers of them, that one history may have.
const MOST_SERIES: usize = 100_000;

/// Takes rows from one input after the other and makes hourly [`Readings`] of them, meter by meter.
pub struct Intake<'w> {
    clock: Clock,
    zone: TimeZone,
    ledger: Ledger<'w>,
    input: String,
    inputs: usize,
    /// The meter whose rows are read; the others are left out.
    chosen: Option<Vec<u8>>,
    /// A meter that was there and not chosen.
    other: Option<String>,
    series: Vec<Series>,
    by_name: HashMap<(Vec<u8>, Flow, Vec<u8>), SeriesId>,
    /// The one used last.
    latest: Option<SeriesId>,
    /// What the user says of the input being read.
    pub(crate) asked: Asked,
    /// The schemas that an input before was written with.
    pub(crate) schemas: Option<Schemas>,
}

/// Which series a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeriesId(usize);

/// A meter's readings.
#[derive(Debug, Clone, PartialEq)]
pub struct Meter {
    /// Its name; empty where the inputs name none.
    pub name: String,
    /// Its hourly readings, at least one.
    pub readings: Readings,
}

impl<'w> Intake<'w> {
    /// An intake for the local hours of `zone`; what is not used goes to `ledger`.
    pub fn new(zone: TimeZone, ledger: Ledger<'w>) -> Self {
        Self {
            clock: Clock::new(zone.clone()),
            zone,
            ledger,
            input: String::new(),
            inputs: 0,
            chosen: None,
            other: None,
            series: Vec::new(),
            by_name: HashMap::new(),
            latest: None,
            asked: Asked::default(),
            schemas: None,
        }
    }

    /// Reads only this meter's rows.
    #[must_use]
    pub fn only(mut self, meter: &str) -> Self {
        self.chosen = Some(meter.trim().as_bytes().to_vec());
        self
    }

    /// Refuses times without an offset: the zone of the home is not known.
    #[must_use]
    pub fn without_zone(mut self) -> Self {
        self.clock.has_zone = false;
        self
    }

    /// The readings of all inputs, meter by meter in the order of their names, and the ledger, which may tell why
    /// there are none.
    pub fn finish(mut self) -> (Result<Vec<Meter>, Error>, Ledger<'w>) {
        if self.inputs > 1 {
            self.ledger.begin_input("all inputs"); // an hour may be of several
        }
        let mut series = self.series;
        series.sort_by(|a, b| a.key().cmp(&b.key()));
        let mut series = series.into_iter().peekable();
        let mut meters = Vec::new();
        let mut tells_given = false;
        while let Some(name) = series.peek().map(|first| first.meter.clone()) {
            let (mut taken, mut given, mut tells) = (Vec::new(), Vec::new(), false);
            while let Some(next) = series.next_if(|next| next.meter == name) {
                tells |= next.tells_given;
                let registers = if next.column.flow == Flow::Given { &mut given } else { &mut taken };
                registers.push(next.finish(&mut self.ledger));
            }
            tells_given |= tells;
            if self.asked.net && !tells {
                self.ledger.note(Rule::NoExport, None, None, || {
                    format!("the meter `{}` tells of nothing given; its net is what was taken", show(&name))
                });
            }
            let rows = series::readings(taken, given, &mut self.ledger);
            if !rows.is_empty() {
                meters.push(Meter {
                    name: String::from_utf8_lossy(&name).into_owned(),
                    readings: Readings { rows },
                });
            }
        }
        if meters.is_empty() {
            let rows = self.ledger.rows();
            let kind = match (self.chosen, self.other) {
                (Some(chosen), Some(found)) if rows.used + rows.repaired == 0 => {
                    ErrorKind::NoSuchMeter { name: show(&chosen), found }
                }
                _ => ErrorKind::NoHour(rows.used + rows.repaired),
            };
            return (Err(Error::new(&self.input, kind)), self.ledger);
        }
        if self.asked.net && !tells_given {
            return (Err(Error::new(&self.input, ErrorKind::NoExport)), self.ledger);
        }
        (Ok(meters), self.ledger)
    }

    /// Whether the field is a time in a form that is read.
    pub(crate) fn is_time(&mut self, field: &[u8]) -> bool {
        self.clock.instant(field, None, false) != Err(TimeError::Unreadable)
    }

    /// The meter whose rows alone are read.
    pub(crate) fn chosen(&self) -> Option<&[u8]> {
        self.chosen.as_deref()
    }

    /// The zone of the home, if it is known.
    pub(crate) fn zone(&self) -> Option<&TimeZone> {
        self.clock.has_zone.then_some(&self.zone)
    }

    /// Begins an input.
    pub(crate) fn begin(&mut self, input: &str) {
        input.clone_into(&mut self.input);
        self.inputs += 1;
        self.ledger.begin_input(input);
        self.latest = None;
    }

    /// The series of a meter's register; none if that meter was not chosen.
    #[inline]
    pub(crate) fn series(
        &mut self,
        meter: &[u8],
        register: &[u8],
        column: &Column,
    ) -> Result<Option<SeriesId>, Error> {
        let meter = meter.trim_ascii();
        if let Some(latest) = self.latest {
            let series = &self.series[latest.0];
            let (other, flow) = (series.register.as_slice(), series.column.flow);
            if series.meter == meter && other == register && flow == column.flow {
                return Ok(Some(latest));
            }
        }
        if self.chosen.as_ref().is_some_and(|chosen| chosen != meter) {
            self.other.get_or_insert_with(|| show(meter));
            return Ok(None);
        }
        let name = (meter.to_vec(), column.flow, register.to_vec());
        let id = match self.by_name.get(&name) {
            Some(id) => *id,
            None if self.series.len() == MOST_SERIES => {
                return Err(self.error(ErrorKind::TooManyMeters(MOST_SERIES)));
            }
            None => {
                self.series.push(Series::new(meter, register, column.clone(), self.zone.clone()));
                let id = SeriesId(self.series.len() - 1);
                self.by_name.insert(name, id);
                id
            }
        };
        if self.series[id.0].input != self.inputs {
            self.series[id.0].begin(self.inputs, column.clone(), self.asked);
        }
        self.latest = Some(id);
        Ok(Some(id))
    }

    /// The length of the intervals, where the input states it.
    pub(crate) fn cadence(&mut self, id: SeriesId, cadence: Millis) {
        self.series[id.0].state_cadence(cadence);
    }

    /// An error in the input being read.
    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(&self.input, kind)
    }

    /// A row that could not be split into its fields.
    pub(crate) fn bad_row(&mut self, line: u64, what: impl FnOnce() -> String) {
        self.ledger.left_out(Rule::BadRow, line, None, what);
    }

    /// A row that is not looked for.
    pub(crate) fn ignored(&mut self, rule: Rule, line: u64, what: impl FnOnce() -> String) {
        self.ledger.left_out(rule, line, None, what);
    }

    /// A row that runs over several lines; it is used all the same.
    pub(crate) fn several_lines(&mut self, line: u64, what: impl FnOnce() -> String) {
        self.ledger.note(Rule::SeveralLines, Some(line), None, what);
    }

    /// A row of a meter that was not chosen.
    pub(crate) fn other_meter(&mut self, line: u64, meter: &[u8]) {
        self.ignored(Rule::OtherMeter, line, || format!("meter `{}`; left out", show(meter)));
    }

    /// A row's time and value, as they stand in the input.
    #[inline]
    pub(crate) fn text(
        &mut self,
        id: SeriesId,
        line: u64,
        time: &[u8],
        value: &[u8],
        factor: f64,
    ) -> Result<(), Error> {
        match self.instant(id, line, time)? {
            Some(at) => self.field(id, line, at, value, factor),
            None => Ok(()),
        }
    }

    /// A row's instant, and its value as it stands in the input.
    #[inline]
    pub(crate) fn field(
        &mut self,
        id: SeriesId,
        line: u64,
        at: Millis,
        value: &[u8],
        factor: f64,
    ) -> Result<(), Error> {
        match number::parse(value) {
            Number::Finite(number) => self.reading(id, line, at, number * factor),
            _ => self.no_number(id, line, at, value),
        }
    }

    /// A row's instant, and a value that is no finite number.
    #[cold]
    pub(crate) fn no_number(
        &mut self,
        id: SeriesId,
        line: u64,
        at: Millis,
        value: &[u8],
    ) -> Result<(), Error> {
        self.bad_number(number::parse(value), line, at, value);
        self.unknown(id, line, at)
    }

    /// The instant of a row of a series; none if it names none, which is noted.
    #[inline]
    pub(crate) fn instant(&mut self, id: SeriesId, line: u64, time: &[u8]) -> Result<Option<Millis>, Error> {
        let (previous, descends) = self.series[id.0].before();
        match self.clock.instant(time, previous, descends) {
            Ok(at) => Ok(Some(at)),
            Err(TimeError::NoZone) => Err(self.error(ErrorKind::NoZone(show(time))).at(line)),
            Err(error) => {
                self.bad_time(error, line, time);
                Ok(None)
            }
        }
    }

    /// A row's instant and value, in Wh or W.
    #[inline]
    pub(crate) fn reading(&mut self, id: SeriesId, line: u64, at: Millis, value: f64) -> Result<(), Error> {
        let series = &mut self.series[id.0];
        // A register may stand higher than what is used between two rows.
        let most = if series.column.kind == Kind::Register { 1e3 * Reading::MAX_WH } else { Reading::MAX_WH };
        if !(-most..=most).contains(&value) || !PLAUSIBLE_TIMES.contains(&at) {
            self.implausible(line, at, value);
            return self.unknown(id, line, at);
        }
        let given = series.push(Sample::new(line, at, value), &mut self.ledger);
        given.map_err(|unreadable| unfit(&self.input, unreadable))
    }

    /// A row with a time and no value.
    pub(crate) fn missing(
        &mut self,
        id: SeriesId,
        line: u64,
        at: Millis,
        what: impl FnOnce() -> String,
    ) -> Result<(), Error> {
        self.ledger.left_out(Rule::MissingValue, line, Timestamp::from_millisecond(at).ok(), what);
        self.unknown(id, line, at)
    }

    /// Passes on that a row has a time but no usable value.
    fn unknown(&mut self, id: SeriesId, line: u64, at: Millis) -> Result<(), Error> {
        if !PLAUSIBLE_TIMES.contains(&at) {
            return Ok(());
        }
        let unknown = Sample::new(line, at, f64::NAN);
        let given = self.series[id.0].push(unknown, &mut self.ledger);
        given.map_err(|unreadable| unfit(&self.input, unreadable))
    }

    /// Ends the input, and says whether it was fit to be used as a whole.
    pub(crate) fn end(&mut self) -> Result<(), Error> {
        for series in self.series.iter_mut().filter(|series| series.input == self.inputs) {
            series.end(&mut self.ledger).map_err(|unreadable| unfit(&self.input, unreadable))?;
        }
        match fault(self.ledger.of_input()) {
            Some(kind) => Err(self.error(kind)),
            None => Ok(()),
        }
    }

    #[cold]
    fn bad_time(&mut self, error: TimeError, line: u64, time: &[u8]) {
        match error {
            TimeError::Unreadable | TimeError::NoZone => self.bad_row(line, || {
                let time = show(time);
                format!("`{time}` is not a time; expected like 2024-01-31T18:00:00+01:00 or 2024-01-31 18:00; left out")
            }),
            TimeError::Skipped => self.ledger.left_out(Rule::NonexistentTime, line, None, || {
                format!("{} does not exist there: the clocks went forward over it; left out", show(time))
            }),
        }
    }

    #[cold]
    fn bad_number(&mut self, number: Number, line: u64, at: Millis, value: &[u8]) {
        let shown = show(value);
        let (rule, what) = match number {
            Number::Missing => (Rule::MissingValue, format!("no value (`{shown}`); left out")),
            Number::NotFinite => (Rule::NotFinite, format!("`{shown}` is not a finite number; left out")),
            Number::Bad | Number::Finite(_) if value.contains(&b',') => (
                Rule::BadRow,
                format!("`{shown}` is not a number; decimals are written with a point; left out"),
            ),
            Number::Bad | Number::Finite(_) => (Rule::BadRow, format!("`{shown}` is not a number; left out")),
        };
        self.ledger.left_out(rule, line, Timestamp::from_millisecond(at).ok(), || what);
    }

    #[cold]
    fn implausible(&mut self, line: u64, at: Millis, value: f64) {
        let instant = Timestamp::from_millisecond(at).ok();
        if !PLAUSIBLE_TIMES.contains(&at) {
            self.ledger.left_out(Rule::Implausible, line, instant, || {
                "a time before 1970 or after 2199; left out".to_owned()
            });
        } else if value.is_finite() {
            self.ledger.left_out(Rule::Implausible, line, instant, || {
                format!("{value} is more than a home can use; left out")
            });
        } else {
            self.ledger.left_out(Rule::NotFinite, line, instant, || {
                format!("{value} is not a finite number; left out")
            });
        }
    }
}

/// Why an input is not fit to be used, if it is not: a good part of it contradicts itself, or most of it is unusable.
fn fault(input: &OfInput) -> Option<ErrorKind> {
    let rows = input.rows_read - input.count(|rule| rule == Rule::OtherMeter);
    let conflicts = input.count(|rule| rule == Rule::Conflict);
    if conflicts > LEAST_CONFLICTS && conflicts > rows / 20 {
        return Some(ErrorKind::Conflicts { conflicts, rows, first: input.first(Rule::Conflict) });
    }
    let unusable = input.count(Rule::is_fault);
    if unusable > rows / 2 {
        let faults = Rule::ALL.into_iter().filter(|rule| rule.is_fault());
        let rule = faults.max_by_key(|rule| input.count(|other| other == *rule))?;
        return Some(ErrorKind::MostlyUnusable { unusable, rows, rule, first: input.first(rule) });
    }
    None
}

/// So few conflicts say nothing about the input as a whole.
const LEAST_CONFLICTS: u64 = 24;

fn unfit(input: &str, unreadable: Unreadable) -> Error {
    Error::new(
        input,
        match unreadable {
            Unreadable::TooCoarse(cadence) => ErrorKind::TooCoarse(spell(cadence)),
            Unreadable::UnitChanges(line) => ErrorKind::UnitChanges(line),
            Unreadable::TooManyOutOfOrder => ErrorKind::TooManyOutOfOrder(crate::order::MOST_COLLECTED),
            Unreadable::LooksLikeRegister { rows, name } => ErrorKind::LooksLikeRegister(rows, name),
        },
    )
}
