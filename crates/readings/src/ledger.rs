//! The ledger: everything that was not used as read, by rule, with its line.
//!
//! Counts and the first example of each rule are kept in memory; every entry goes, as it arises, to
//! the writer the ledger was given. So nothing is dropped silently, and memory does not grow.

use std::{fmt, io::Write};

use jiff::Timestamp;

use crate::{clock::spell, sample::Sample};

/// Why something was not used as read. The name is what the ledger and its summary call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Rule {
    /// A row whose fields could not be read; it was left out.
    BadRow,
    /// A row without a value (empty, `?`, `null`, `unavailable`, …); it was left out.
    MissingValue,
    /// NaN or infinite; the row was left out.
    NotFinite,
    /// Below zero; the row was left out.
    Negative,
    /// More than any home's meter could read; the row was left out.
    Implausible,
    /// A wall-clock time that the zone skipped; the row was left out.
    NonexistentTime,
    /// Earlier than the row before it; sorted in, and used.
    OutOfOrder,
    /// W (or Wh) written for kW; the row was divided by a thousand, and used.
    UnitSlip,
    /// Below zero like all rows; turned, and used.
    SignFlipped,
    /// A register that went on near 0 after the highest number of its digits; counted on, and used.
    RegisterRollover,
    /// As if a digit had slipped; the row was left out.
    DigitSlip,
    /// A value that has stood still for two days; the row was left out.
    Stuck,
    /// The same time and value as the row before it; counted once.
    Duplicate,
    /// The same time as the row before it with another value; the first was kept.
    Conflict,
    /// A meter other than the one chosen; the row is not needed.
    OtherMeter,
    /// Energy given back to the grid; the row is not needed.
    Export,
    /// Gas, water, volts or money; the row is not needed.
    OtherQuantity,
    /// A Kafka record without a value, which deletes its key.
    Tombstone,
    /// A Kafka record of a transaction that was given up.
    Aborted,
    /// A row that runs over several lines, as a stray quotation mark would make it; it was used.
    SeveralLines,
    /// A register that fell, or came back, or jumped; the energy between the two rows is unknown.
    RegisterReset,
    /// A time without readings; never filled.
    Gap,
    /// An hour not covered whole; it was left out.
    PartialHour,
    /// An hour that an earlier input had given already; the earlier one was kept.
    Overlap,
    /// An hour in which more was given to the grid than taken; it counts as 0.
    NetExport,
    /// A meter that tells of nothing given, so that its net is what was taken.
    NoExport,
    /// Hours of a period that was to be left out.
    Excluded,
}

impl Rule {
    /// Every rule, in the order of the summary.
    pub const ALL: [Self; 27] = [
        Self::BadRow,
        Self::MissingValue,
        Self::NotFinite,
        Self::Negative,
        Self::Implausible,
        Self::NonexistentTime,
        Self::OutOfOrder,
        Self::UnitSlip,
        Self::SignFlipped,
        Self::RegisterRollover,
        Self::DigitSlip,
        Self::Stuck,
        Self::Duplicate,
        Self::Conflict,
        Self::OtherMeter,
        Self::Export,
        Self::OtherQuantity,
        Self::Tombstone,
        Self::Aborted,
        Self::SeveralLines,
        Self::RegisterReset,
        Self::Gap,
        Self::PartialHour,
        Self::Overlap,
        Self::NetExport,
        Self::NoExport,
        Self::Excluded,
    ];

    /// The name in the ledger.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadRow => "bad-row",
            Self::MissingValue => "missing-value",
            Self::NotFinite => "not-finite",
            Self::Negative => "negative",
            Self::Implausible => "implausible",
            Self::NonexistentTime => "nonexistent-time",
            Self::OutOfOrder => "out-of-order",
            Self::UnitSlip => "unit-slip",
            Self::SignFlipped => "sign-flipped",
            Self::RegisterRollover => "register-rollover",
            Self::DigitSlip => "digit-slip",
            Self::Stuck => "stuck",
            Self::Duplicate => "duplicate",
            Self::Conflict => "conflict",
            Self::OtherMeter => "other-meter",
            Self::Export => "export",
            Self::OtherQuantity => "other-quantity",
            Self::Tombstone => "tombstone",
            Self::Aborted => "aborted",
            Self::SeveralLines => "several-lines",
            Self::RegisterReset => "register-reset",
            Self::Gap => "gap",
            Self::PartialHour => "partial-hour",
            Self::Overlap => "overlap",
            Self::NetExport => "net-export",
            Self::NoExport => "no-export",
            Self::Excluded => "excluded",
        }
    }

    /// What becomes of a row to which the rule applies; none where the rule is not about one row.
    pub const fn fate(self) -> Option<Fate> {
        match self {
            Self::OutOfOrder | Self::UnitSlip | Self::SignFlipped | Self::RegisterRollover => {
                Some(Fate::Repaired)
            }
            Self::BadRow
            | Self::MissingValue
            | Self::NotFinite
            | Self::Negative
            | Self::Implausible
            | Self::NonexistentTime
            | Self::DigitSlip
            | Self::Stuck
            | Self::Conflict => Some(Fate::Quarantined),
            Self::Duplicate
            | Self::OtherMeter
            | Self::Export
            | Self::OtherQuantity
            | Self::Tombstone
            | Self::Aborted => Some(Fate::Ignored),
            Self::SeveralLines
            | Self::RegisterReset
            | Self::Gap
            | Self::PartialHour
            | Self::Overlap
            | Self::NetExport
            | Self::NoExport
            | Self::Excluded => None,
        }
    }

    /// Whether such rows speak against the input as a whole.
    pub(crate) const fn is_fault(self) -> bool {
        // That there is nothing is no fault: a plant at night, a quarter-hour that was not read.
        matches!(self.fate(), Some(Fate::Quarantined)) && !matches!(self, Self::MissingValue)
    }
}

/// What becomes of a row that is not used as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is used, changed by a stated rule.
    Repaired,
    /// It is doubted or cannot be read, and left out.
    Quarantined,
    /// It is not what is looked for, or was there before.
    Ignored,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that was not used as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The input's name.
    pub input: String,
    /// The line in it, counted from 1; none for what has no one line.
    pub line: Option<u64>,
    /// Which rule.
    pub rule: Rule,
    /// The instant concerned, where one could be read.
    pub at: Option<Timestamp>,
    /// What was found, what was expected, what became of it.
    pub what: String,
}

/// Input and line as compilers write them, and what there was.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.input, self.what),
            None => write!(f, "{}: {}", self.input, self.what),
        }
    }
}

/// What became of the rows: each of those read is one of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rows {
    /// Rows read, headers aside.
    pub read: u64,
    /// Used as they were read.
    pub used: u64,
    /// Used, changed by a stated rule.
    pub repaired: u64,
    /// Doubted or unreadable, and left out.
    pub quarantined: u64,
    /// Not looked for, or there before.
    pub ignored: u64,
}

/// Counts, first examples and, if asked for, every entry in full.
#[derive(Default)]
pub struct Ledger<'w> {
    rows: Rows,
    counts: [u64; Rule::ALL.len()],
    first: [Option<Entry>; Rule::ALL.len()],
    of_input: OfInput,
    full: Option<csv::Writer<&'w mut dyn Write>>,
    write_error: Option<csv::Error>,
}

/// What was noted of the input being read, to judge it as a whole.
#[derive(Default)]
pub(crate) struct OfInput {
    name: String,
    pub(crate) rows_read: u64,
    counts: [u64; Rule::ALL.len()],
    first: [Option<Entry>; Rule::ALL.len()],
}

impl OfInput {
    /// How many entries the rules have that satisfy a condition.
    pub(crate) fn count(&self, rules: impl Fn(Rule) -> bool) -> u64 {
        Rule::ALL.into_iter().filter(|&rule| rules(rule)).map(|rule| self.counts[rule as usize]).sum()
    }

    /// Where and what the first entry of a rule is.
    pub(crate) fn first(&self, rule: Rule) -> String {
        self.first[rule as usize].as_ref().map(Entry::to_string).unwrap_or_default()
    }
}

impl<'w> Ledger<'w> {
    /// A ledger that writes every entry as CSV: `input,line,rule,timestamp,what`.
    pub fn writing_to(writer: &'w mut dyn Write) -> Self {
        let mut full = csv::Writer::from_writer(writer);
        let write_error = full.write_record(["input", "line", "rule", "timestamp", "what"]).err();
        Self { full: Some(full), write_error, ..Self::default() }
    }

    /// What became of the rows.
    pub fn rows(&self) -> Rows {
        self.rows
    }

    /// How many entries a rule has.
    pub fn count(&self, rule: Rule) -> u64 {
        self.counts[rule as usize]
    }

    /// The first entry of a rule.
    pub fn first(&self, rule: Rule) -> Option<&Entry> {
        self.first[rule as usize].as_ref()
    }

    /// Flushes the full ledger; says whether every entry could be written.
    pub fn finish(&mut self) -> std::io::Result<()> {
        if let Some(error) = self.write_error.take() {
            return Err(error.into());
        }
        self.full.as_mut().map_or(Ok(()), csv::Writer::flush)
    }

    /// What was noted of the input being read.
    pub(crate) fn of_input(&self) -> &OfInput {
        &self.of_input
    }

    pub(crate) fn begin_input(&mut self, name: &str) {
        self.of_input = OfInput { name: name.to_owned(), ..OfInput::default() };
    }

    /// A row that is used.
    #[inline]
    pub(crate) fn row_used(&mut self, is_repaired: bool) {
        self.rows.read += 1;
        self.of_input.rows_read += 1;
        if is_repaired {
            self.rows.repaired += 1;
        } else {
            self.rows.used += 1;
        }
    }

    /// A row that is not used.
    pub(crate) fn left_out(
        &mut self,
        rule: Rule,
        line: u64,
        at: Option<Timestamp>,
        what: impl FnOnce() -> String,
    ) {
        self.rows.read += 1;
        self.of_input.rows_read += 1;
        if rule.fate() == Some(Fate::Ignored) {
            self.rows.ignored += 1;
        } else {
            self.rows.quarantined += 1;
        }
        self.note(rule, Some(line), at, what);
    }

    /// The same of a row with a time and a value.
    #[cold]
    pub(crate) fn row_left_out(&mut self, rule: Rule, sample: Sample, what: impl FnOnce() -> String) {
        self.left_out(rule, sample.line, Timestamp::from_millisecond(sample.at).ok(), what);
    }

    /// What is to be said of a row, whatever becomes of it.
    #[cold]
    pub(crate) fn row_note(&mut self, rule: Rule, sample: Sample, what: impl FnOnce() -> String) {
        self.note(rule, Some(sample.line), Timestamp::from_millisecond(sample.at).ok(), what);
    }

    /// A row that is earlier than the one before it.
    #[cold]
    pub(crate) fn out_of_order(&mut self, sample: Sample, last: Sample) {
        self.row_note(Rule::OutOfOrder, sample, || {
            format!("{} earlier than line {}; sorted in", spell(last.at - sample.at), last.line)
        });
    }

    /// A row of the same time as the one before it.
    #[cold]
    pub(crate) fn same_time(&mut self, sample: Sample, last: Sample) {
        if sample.value == last.value {
            self.row_left_out(Rule::Duplicate, sample, || {
                format!("the same as line {}; counted once", last.line)
            });
            return;
        }
        self.row_left_out(Rule::Conflict, sample, || {
            let (second, kept) = (sample.value, last.value);
            format!(
                "a second value ({second}) for the time of line {} ({kept}); the first was kept",
                last.line
            )
        });
    }

    /// Takes an entry; `what` is only called where its text is wanted.
    pub(crate) fn note(
        &mut self,
        rule: Rule,
        line: Option<u64>,
        at: Option<Timestamp>,
        what: impl FnOnce() -> String,
    ) {
        self.counts[rule as usize] += 1;
        self.of_input.counts[rule as usize] += 1;
        if self.full.is_none() && self.of_input.first[rule as usize].is_some() {
            return;
        }
        let entry = Entry { input: self.of_input.name.clone(), line, rule, at, what: what() };
        if let Some(writer) = &mut self.full
            && self.write_error.is_none()
        {
            let line = entry.line.map(|line| line.to_string()).unwrap_or_default();
            let at = entry.at.map(|at| at.to_string()).unwrap_or_default();
            let written = writer.write_record([&entry.input, &line, entry.rule.name(), &at, &entry.what]);
            self.write_error = written.err();
        }
        self.first[rule as usize].get_or_insert_with(|| entry.clone());
        self.of_input.first[rule as usize].get_or_insert(entry);
    }
}

impl fmt::Debug for Ledger<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = Rule::ALL.map(|rule| (rule.name(), self.count(rule)));
        f.debug_struct("Ledger").field("rows", &self.rows).field("counts", &counts).finish_non_exhaustive()
    }
}
