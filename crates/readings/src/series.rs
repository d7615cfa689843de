//! One series of rows: a meter's, or one of its registers', from its rows to its hours.

use jiff::tz::TimeZone;

use crate::{
    clock::Millis,
    doubt::{Doubt, Looked, MOST_SLIPS, is_turned},
    ledger::{Ledger, Rule},
    order::{Given, Order},
    reading::Reading,
    resample::{self, Hour, Resampler, TooCoarse},
    sample::Sample,
    unit::{Flow, Kind},
};

/// Rows from which on values that never fall must be said to be a register or not.
const REGISTER_ROWS: u64 = 24;

/// What a format knows of a series.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    /// What holds the values, for messages.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Whether the user or the format said the kind, so that it need not be doubted.
    pub(crate) kind_given: bool,
    /// Wh or W per unit.
    pub(crate) factor: f64,
    /// What is given is only read where the net is asked for.
    pub(crate) flow: Flow,
}

/// What the user says of an input that would be doubted or left out otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked {
    /// Whether the unit is named.
    pub(crate) unit: bool,
    /// Whether what was given back is taken off: a value below zero is energy given.
    pub(crate) net: bool,
}

/// What cannot be read as a series at all.
#[derive(Debug)]
pub(crate) enum Unreadable {
    TooCoarse(Millis),
    /// From about that line on the values are a thousand times what they were.
    UnitChanges(u64),
    /// So many rows are out of order that they are not sorted.
    TooManyOutOfOrder,
    /// Energy values that hardly ever fall.
    LooksLikeRegister {
        rows: u64,
        name: String,
    },
}

impl From<TooCoarse> for Unreadable {
    fn from(TooCoarse(cadence): TooCoarse) -> Self {
        Self::TooCoarse(cadence)
    }
}

pub(crate) struct Series {
    pub(crate) meter: Vec<u8>,
    pub(crate) register: Vec<u8>,
    pub(crate) column: Column,
    /// The number of the input whose rows it has seen last.
    pub(crate) input: usize,
    order: Order,
    doubt: Doubt,
    resampler: Resampler,
    /// The last row that was passed on.
    previous: Option<Sample>,
    /// How many values were above the one before them, and how many below.
    rises: u64,
    falls: u64,
    /// The time of the last row of the input before.
    carried: Option<Millis>,
    /// Whether the rows come with the newest first.
    descends: bool,
    asked: Asked,
    /// Whether it tells of energy that was given.
    pub(crate) tells_given: bool,
}

impl Series {
    pub(crate) fn new(meter: &[u8], register: &[u8], column: Column, zone: TimeZone) -> Self {
        Self {
            meter: meter.to_vec(),
            register: register.to_vec(),
            column,
            input: 0,
            order: Order::default(),
            doubt: Doubt::default(),
            resampler: Resampler::new(zone),
            previous: None,
            rises: 0,
            falls: 0,
            carried: None,
            descends: false,
            asked: Asked::default(),
            tells_given: false,
        }
    }

    /// What tells it from the others, and puts them in order.
    pub(crate) fn key(&self) -> (&[u8], Flow, &[u8]) {
        (&self.meter, self.column.flow, &self.register)
    }

    /// Begins an input.
    pub(crate) fn begin(&mut self, input: usize, column: Column, asked: Asked) {
        self.asked = asked;
        self.tells_given |= column.flow == Flow::Given;
        self.input = input;
        self.resampler.begin(column.kind);
        self.column = column;
        self.order = Order::default();
        self.doubt = Doubt::default();
        self.carried = self.previous.take().map(|last| last.at);
        (self.rises, self.falls, self.descends) = (0, 0, false);
    }

    /// The interval's length, where the input states it.
    pub(crate) fn state_cadence(&mut self, cadence: Millis) {
        self.resampler.state_cadence(cadence);
    }

    /// The time of the row before, as it was given, and whether rows come with the newest first.
    #[inline]
    pub(crate) fn before(&self) -> (Option<Millis>, bool) {
        (self.order.last.map(|sample| sample.at).or(self.carried), self.descends)
    }

    /// Takes the next row as it is given, in whatever order.
    #[inline]
    pub(crate) fn push(&mut self, sample: Sample, ledger: &mut Ledger<'_>) -> Result<(), Unreadable> {
        if let Some(last) = self.order.last
            && sample.at != last.at
        {
            self.descends = sample.at < last.at;
            if self.descends && !sample.is_unknown() {
                ledger.out_of_order(sample, last);
            }
        }
        match self.order.push(sample) {
            Given::Next(sample) => self.take(sample, ledger),
            Given::Kept => Ok(()),
            Given::Head => self.take_kept(ledger),
            Given::TooMany => Err(Unreadable::TooManyOutOfOrder),
        }
    }

    /// Takes the rows that were kept.
    fn take_kept(&mut self, ledger: &mut Ledger<'_>) -> Result<(), Unreadable> {
        let rows = self.order.take();
        if self.order.begins_anew() && self.previous.is_some() {
            self.finish_run(ledger)?;
            self.resampler.begin(self.column.kind);
            self.doubt.begin_run();
            self.previous = None;
        }
        if self.previous.is_none() && !self.order.begins_anew() {
            self.doubt.is_turned = !self.is_signed() && is_turned(self.column.kind, &rows);
        }
        rows.into_iter().try_for_each(|row| self.take(row, ledger))
    }

    /// Takes the next row in order of time.
    #[inline]
    fn take(&mut self, mut sample: Sample, ledger: &mut Ledger<'_>) -> Result<(), Unreadable> {
        if let Some(last) = self.previous
            && sample.at == last.at
            && !last.is_unknown()
        {
            if !sample.is_unknown() {
                ledger.same_time(sample, last);
            }
            return Ok(());
        }
        if sample.is_unknown() {
            return self.pass_on(sample, ledger);
        }
        if sample.value < 0.0 && self.is_signed() {
            self.tells_given = true;
        } else if sample.value < 0.0 && self.column.kind != Kind::Register {
            if !self.doubt.is_turned {
                ledger.row_left_out(Rule::Negative, sample, || {
                    format!("{} is below zero; left out", sample.value)
                });
                return self.pass_on(sample.unknown(), ledger);
            }
            ledger.row_note(Rule::SignFlipped, sample, || {
                format!("{} like all before it is below zero; turned", sample.value)
            });
            sample = Sample { value: -sample.value, is_repaired: true, ..sample };
        }
        if let Some(last) = self.previous {
            self.falls += u64::from(sample.value < last.value);
            self.rises += u64::from(sample.value > last.value);
        }
        self.previous = Some(sample);
        let looked = self.looked();
        for row in self.doubt.look(sample, &looked, ledger).into_iter().flatten() {
            self.use_row(row, ledger)?;
        }
        if self.doubt.unit_slips > MOST_SLIPS {
            return Err(Unreadable::UnitChanges(sample.line));
        }
        Ok(())
    }

    fn looked(&self) -> Looked {
        Looked {
            kind: self.column.kind,
            factor: self.column.factor,
            cadence: self.resampler.cadence(),
            trusts_unit: self.asked.unit,
        }
    }

    /// Whether a value below zero is energy that was given.
    #[inline]
    fn is_signed(&self) -> bool {
        self.asked.net && self.column.flow == Flow::Taken && self.column.kind != Kind::Register
    }

    #[inline]
    fn use_row(&mut self, row: Sample, ledger: &mut Ledger<'_>) -> Result<(), Unreadable> {
        if !row.is_unknown() {
            ledger.row_used(row.is_repaired);
        }
        Ok(self.resampler.push(row, ledger)?)
    }

    #[inline]
    fn pass_on(&mut self, unknown: Sample, ledger: &mut Ledger<'_>) -> Result<(), Unreadable> {
        self.previous = Some(unknown);
        Ok(self.resampler.push(unknown, ledger)?)
    }

    fn finish_run(&mut self, ledger: &mut Ledger<'_>) -> Result<(), Unreadable> {
        if let Some(row) = self.doubt.finish() {
            self.use_row(row, ledger)?;
        }
        Ok(self.resampler.end(ledger)?)
    }

    /// Ends the input.
    pub(crate) fn end(&mut self, ledger: &mut Ledger<'_>) -> Result<(), Unreadable> {
        self.take_kept(ledger)?;
        let doubtful = self.column.kind == Kind::Energy && !self.column.kind_given;
        if doubtful && self.rises >= REGISTER_ROWS && self.falls <= self.rises / 10 {
            let name = self.column.name.clone();
            return Err(Unreadable::LooksLikeRegister { rows: self.rises + 1, name });
        }
        self.finish_run(ledger)
    }

    /// The hours of all inputs, complete or not, in order.
    pub(crate) fn finish(self, ledger: &mut Ledger<'_>) -> Vec<Hour> {
        self.resampler.finish(ledger)
    }
}

/// The hours of a meter that are covered whole: what its registers of energy taken from the grid add up to, less what
/// those of energy given back do, if there are any.
///
/// Registers that are there at the same time, most of the time, are all needed: an hour that one of them lacks is
/// unknown. Registers that take turns (tariffs of day and night, written only while they count) make up for one another.
pub(crate) fn readings(
    taken: Vec<Vec<Hour>>,
    given: Vec<Vec<Hour>>,
    ledger: &mut Ledger<'_>,
) -> Vec<Reading> {
    let sum = |registers: Vec<Vec<Hour>>| registers.into_iter().reduce(resample::added);
    let taken = sum(taken).unwrap_or_default();
    let hours = match sum(given) {
        Some(given) => resample::net(taken, &given),
        None => taken,
    };
    resample::complete(hours, ledger)
}
