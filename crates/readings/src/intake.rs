//! Where every format's rows arrive: checked one by one, in order, noted or passed on.

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    clock::{Clock, Millis, TimeError},
    error::{Error, ErrorKind},
    ledger::{Ledger, OfInput, Rule},
    number::{self, Number},
    reading::{Reading, Readings},
    resample::{Resampler, Sample, TooCoarse, spell},
    unit::Kind,
};

/// Times before 1970 or from 2200 on are no readings.
pub(crate) const PLAUSIBLE_TIMES: std::ops::Range<Millis> = 0..7_258_118_400_000;

/// So many rows out of order say nothing about the input as a whole.
const LEAST_DISORDER: u64 = 24;

/// Rows from which on values that never fall must be said to be a register or not.
const REGISTER_ROWS: u64 = 48;

/// Takes a meter's rows from one input after the other and makes hourly [`Readings`] of them.
pub struct Intake<'w> {
    clock: Clock,
    resampler: Resampler,
    ledger: Ledger<'w>,
    input: String,
    inputs: usize,
    column: Column,
    /// The last row that was used.
    previous: Option<Sample>,
    /// How many values were below the one before them, and how many above.
    falls: u64,
    rises: u64,
    /// The time of the last row of the input before.
    carried: Option<Millis>,
    /// The meter that the inputs are of, where they name one.
    pub(crate) meter: Option<Vec<u8>>,
}

/// What a format knows of the values before the first row.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Whether the user said the kind, so that it need not be doubted.
    pub(crate) kind_given: bool,
    /// Wh or W per unit.
    pub(crate) factor: f64,
}

impl<'w> Intake<'w> {
    /// An intake for the local hours of `zone`; what is not used goes to `ledger`.
    pub fn new(zone: TimeZone, ledger: Ledger<'w>) -> Self {
        Self {
            clock: Clock::new(zone.clone()),
            resampler: Resampler::new(zone),
            ledger,
            input: String::new(),
            inputs: 0,
            column: Column { name: String::new(), kind: Kind::Energy, kind_given: false, factor: 1.0 },
            previous: None,
            falls: 0,
            rises: 0,
            carried: None,
            meter: None,
        }
    }

    /// The readings of all inputs, and the ledger, which may tell why there are none.
    pub fn finish(mut self) -> (Result<Readings, Error>, Ledger<'w>) {
        if self.inputs > 1 {
            self.ledger.begin_input("all inputs"); // an hour may be of several
        }
        let rows = self.resampler.finish(&mut self.ledger);
        if rows.is_empty() {
            let error = Error::new(&self.input, ErrorKind::NoHour(self.ledger.rows_used()));
            return (Err(error), self.ledger);
        }
        (Ok(Readings { rows }), self.ledger)
    }

    /// Whether the field is a time in a form that is read.
    pub(crate) fn is_time(&mut self, field: &[u8]) -> bool {
        self.clock.instant(field, None) != Err(TimeError::Unreadable)
    }

    pub(crate) fn begin(&mut self, input: &str, column: Column) {
        input.clone_into(&mut self.input);
        self.inputs += 1;
        self.ledger.begin_input(input);
        self.resampler.begin(column.kind);
        self.column = column;
        self.carried = self.previous.take().map(|last| last.at);
        (self.falls, self.rises) = (0, 0);
    }

    /// An error in the input being read.
    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(&self.input, kind)
    }

    /// A row that could not be split into its fields.
    pub(crate) fn bad_row(&mut self, line: u64, what: impl FnOnce() -> String) {
        self.left_out(Rule::BadRow, line, None, what);
    }

    /// A row that runs over several lines; it is used all the same.
    pub(crate) fn several_lines(&mut self, line: u64, what: impl FnOnce() -> String) {
        self.ledger.note(Rule::SeveralLines, Some(line), None, what);
    }

    /// A row of a meter that was not chosen.
    pub(crate) fn other_meter(&mut self, line: u64, meter: &[u8]) {
        self.left_out(Rule::OtherMeter, line, None, || format!("meter `{}`; left out", show(meter)));
    }

    /// A row's time and value, as they stand in the input.
    #[inline]
    pub(crate) fn row(&mut self, line: u64, time: &[u8], value: &[u8]) -> Result<(), Error> {
        let at = match self.clock.instant(time, self.previous.map(|sample| sample.at).or(self.carried)) {
            Ok(at) => at,
            Err(error) => {
                self.bad_time(error, line, time);
                return Ok(());
            }
        };
        match number::parse(value) {
            Number::Finite(number) => self.sample(line, at, number * self.column.factor, value),
            other => {
                self.bad_number(other, line, at, value);
                self.unknown(line, at)
            }
        }
    }

    #[inline]
    fn sample(&mut self, line: u64, at: Millis, number: f64, value: &[u8]) -> Result<(), Error> {
        // A register may stand higher than what is used between two rows.
        let most = if self.column.kind == Kind::Register { 1e3 * Reading::MAX_WH } else { Reading::MAX_WH };
        if !(0.0..=most).contains(&number) || !PLAUSIBLE_TIMES.contains(&at) {
            self.bad_sample(line, at, number, value);
            return self.unknown(line, at);
        }
        if let Some(last) = self.previous {
            if at < last.at || (at == last.at && !last.is_unknown()) {
                self.not_later(line, at, number, last);
                return Ok(());
            }
            self.falls += u64::from(number < last.value);
            self.rises += u64::from(number > last.value);
        }
        self.ledger.row_read();
        self.ledger.row_used();
        self.pass_on(Sample { line, at, value: number })
    }

    /// Passes on that a row has a time but no usable value, unless that is known already.
    fn unknown(&mut self, line: u64, at: Millis) -> Result<(), Error> {
        if !PLAUSIBLE_TIMES.contains(&at) || self.previous.is_some_and(|last| at <= last.at) {
            return Ok(());
        }
        self.pass_on(Sample { line, at, value: f64::NAN })
    }

    #[inline]
    fn pass_on(&mut self, sample: Sample) -> Result<(), Error> {
        self.previous = Some(sample);
        self.resampler.push(sample, &mut self.ledger).map_err(|coarse| too_coarse(&self.input, &coarse))
    }

    /// Ends the input, and says whether it was fit to be used as a whole.
    pub(crate) fn end(&mut self) -> Result<(), Error> {
        let input = self.input.clone();
        if let Some(kind) = fault(self.ledger.of_input()) {
            return Err(Error::new(&input, kind));
        }
        let doubtful = self.column.kind == Kind::Energy && !self.column.kind_given;
        if doubtful && self.rises >= REGISTER_ROWS && self.falls <= self.rises / 20 {
            return Err(Error::new(
                &input,
                ErrorKind::LooksLikeRegister(self.rises + 1, self.column.name.clone()),
            ));
        }
        self.resampler.end(&mut self.ledger).map_err(|coarse| too_coarse(&input, &coarse))
    }

    fn left_out(&mut self, rule: Rule, line: u64, at: Option<Millis>, what: impl FnOnce() -> String) {
        self.ledger.row_read();
        let at = at.and_then(|at| Timestamp::from_millisecond(at).ok());
        self.ledger.note(rule, Some(line), at, what);
    }

    #[cold]
    fn bad_time(&mut self, error: TimeError, line: u64, time: &[u8]) {
        match error {
            TimeError::Unreadable => self.left_out(Rule::BadRow, line, None, || {
                let time = show(time);
                format!("`{time}` is not a time; expected like 2024-01-31T18:00:00+01:00 or 2024-01-31 18:00; left out")
            }),
            TimeError::Skipped => self.left_out(Rule::NonexistentTime, line, None, || {
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
        self.left_out(rule, line, Some(at), || what);
    }

    #[cold]
    fn bad_sample(&mut self, line: u64, at: Millis, number: f64, value: &[u8]) {
        let shown = show(value);
        if !PLAUSIBLE_TIMES.contains(&at) {
            self.left_out(Rule::Implausible, line, Some(at), || {
                "a time before 1970 or after 2199; left out".to_owned()
            });
        } else if number < 0.0 {
            self.left_out(Rule::Negative, line, Some(at), || format!("{shown} is below zero; left out"));
        } else {
            self.left_out(Rule::Implausible, line, Some(at), || {
                format!("{shown} is more than a home can use; left out")
            });
        }
    }

    #[cold]
    fn not_later(&mut self, line: u64, at: Millis, number: f64, last: Sample) {
        if at < last.at {
            self.left_out(Rule::OutOfOrder, line, Some(at), || {
                format!("{} earlier than line {}; left out", spell(last.at - at), last.line)
            });
        } else if number == last.value {
            self.left_out(Rule::Duplicate, line, Some(at), || {
                format!("the same as line {}; counted once", last.line)
            });
        } else {
            self.left_out(Rule::Conflict, line, Some(at), || {
                let kept = last.value;
                format!(
                    "a second value ({number}) for the time of line {} ({kept}); the first was kept",
                    last.line
                )
            });
        }
    }
}

/// Why an input is not fit to be used, if it is not: a good part of it out of order, or most of it unusable.
fn fault(input: &OfInput) -> Option<ErrorKind> {
    let rows = input.rows_read - input.count(|rule| rule == Rule::OtherMeter);
    let disordered = input.count(|rule| matches!(rule, Rule::OutOfOrder | Rule::Conflict));
    if disordered > LEAST_DISORDER && disordered > rows / 20 {
        let backwards = input.count(|rule| rule == Rule::OutOfOrder) > 0;
        let rule = if backwards { Rule::OutOfOrder } else { Rule::Conflict };
        return Some(ErrorKind::NotInOrder { unusable: disordered, rows, first: input.first(rule) });
    }
    let unusable = input.count(Rule::is_fault);
    if unusable > rows / 2 {
        let faults = Rule::ALL.into_iter().filter(|rule| rule.is_fault());
        let rule = faults.max_by_key(|rule| input.count(|other| other == *rule))?;
        return Some(ErrorKind::MostlyUnusable { unusable, rows, rule, first: input.first(rule) });
    }
    None
}

fn too_coarse(input: &str, TooCoarse(cadence): &TooCoarse) -> Error {
    Error::new(input, ErrorKind::TooCoarse(spell(*cadence)))
}

/// A field from outside, made fit for a message.
pub(crate) fn show(field: &[u8]) -> String {
    const MOST: usize = 60;
    let text = String::from_utf8_lossy(&field[..field.len().min(4 * MOST)]);
    let mut shown: String = text.trim().escape_debug().take(MOST).collect();
    if text.chars().count() > MOST || field.len() > 4 * MOST {
        shown.push('…');
    }
    shown
}
