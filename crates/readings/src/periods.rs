//! Periods whose readings are not to be learned: a holiday away, a broken meter, builders in the house.
//!
//! A list of them is CSV with the columns `start` and `end`, and `why` for the owner's own words; a period
//! a line, blank lines and lines that begin with `#` aside. Start and end are local dates, the end's day
//! included, or times in either form that a row's time may have, the end excluded. An hour that lies in
//! a period in part is left out whole. A list is at most [`MOST_BYTES`] long, and a period that is
//! wrong refuses all of it: what was meant to be left out must not be learned.

use std::io::Read as _;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    clock::HOUR_MS,
    error::{Error, ErrorKind},
    input::Input,
    ledger::{Ledger, Rule},
    message::show,
    moment::{MomentError, is_date, moment_after},
    reading::Readings,
};

/// The longest list, in bytes.
const MOST_BYTES: u64 = 1 << 20;
/// The years that a date may have: those of readings.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2199;
const EXPECTED: &str = "a date (2007-10-20), RFC 3339 (2007-10-20T06:00:00Z) or the home's wall clock (2007-10-20 08:00), from 1970 to 2199";

/// Periods to be left out, of any number of lists.
#[derive(Debug, Clone, Default)]
pub struct Periods(Vec<Period>);

#[derive(Debug, Clone)]
struct Period {
    input: String,
    line: u64,
    start: Timestamp,
    /// Not in it.
    end: Timestamp,
    /// As it stands in the list.
    what: String,
}

/// What a period left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excluded {
    /// The list's name.
    pub input: String,
    /// The line in it, counted from 1.
    pub line: u64,
    /// The period as it stands there, and why.
    pub what: String,
    /// How many hours with readings lie in it.
    pub touched: u64,
    /// How many of them no period before it had left out.
    pub hours: u64,
}

impl Periods {
    /// Adds those of a list; wall-clock times are those of `zone`.
    ///
    /// ```
    /// use knowatt_readings::{Input, Ledger, Periods, Reading, Readings};
    ///
    /// let zone = knowatt_score::Calendar::new("Europe/Paris", Default::default())?.zone().clone();
    /// let mut periods = Periods::default();
    /// periods.add(Input::from_reader("away.csv", "start,end,why\n2024-05-02,2024-05-03,Rome\n".as_bytes())?, &zone)?;
    ///
    /// let first: jiff::Timestamp = "2024-05-01T00:00:00Z".parse()?;
    /// let rows = (0..96).map(|h| Reading { start: first + jiff::SignedDuration::from_hours(h), wh: 100.0 });
    /// let (left, excluded) = periods.exclude(&Readings { rows: rows.collect() }, &mut Ledger::default());
    /// assert_eq!((left.rows.len(), excluded[0].hours), (48, 48));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add(&mut self, input: Input, zone: &TimeZone) -> Result<(), Error> {
        let Input { name, reader, .. } = input;
        let mut content = Vec::new();
        let read = reader.take(MOST_BYTES + 1).read_to_end(&mut content);
        read.map_err(|error| Error::new(&name, ErrorKind::Io(error)))?;
        if content.len() as u64 > MOST_BYTES {
            return Err(Error::new(
                &name,
                ErrorKind::NotText("longer than 1 MiB; a list of periods is expected"),
            ));
        }
        let lines =
            (1..).zip(content.split(|&byte| byte == b'\n')).map(|(line, text)| (line, text.trim_ascii()));
        let mut lines = lines.filter(|(_, text)| !text.is_empty() && !text.starts_with(b"#"));
        let columns = match lines.next() {
            None => return Err(Error::new(&name, ErrorKind::NoPeriods)),
            Some((line, text)) => {
                Columns::of(&fields(text)).ok_or_else(|| Error::new(&name, ErrorKind::NoPeriods).at(line))?
            }
        };
        for (line, text) in lines {
            let period =
                columns.period(&fields(text), zone).map_err(|kind| Error::new(&name, kind).at(line))?;
            self.0.push(Period { input: name.clone(), line, ..period });
        }
        Ok(())
    }

    /// The readings of hours outside the periods, and what each period left out; the ledger is told.
    pub fn exclude(&self, readings: &Readings, ledger: &mut Ledger<'_>) -> (Readings, Vec<Excluded>) {
        let rows = &readings.rows;
        let mut is_left_out = vec![false; rows.len()];
        let mut exclude = |period: &Period| {
            let start = period.start.as_millisecond();
            let from = rows.partition_point(|row| row.start.as_millisecond() + HOUR_MS <= start);
            let to = rows.partition_point(|row| row.start < period.end);
            let mut hours = 0;
            for row in &mut is_left_out[from..to] {
                hours += u64::from(!std::mem::replace(row, true));
            }
            let Period { input, line, what, .. } = period.clone();
            if hours > 0 {
                ledger.begin_input(&input);
                ledger.note(Rule::Excluded, Some(line), rows.get(from).map(|row| row.start), || {
                    format!("{hours} h left out: {what}")
                });
            }
            Excluded { input, line, what, touched: (to - from) as u64, hours }
        };
        let excluded = self.0.iter().map(&mut exclude).collect();
        let left = rows.iter().zip(&is_left_out).filter(|(_, is_left_out)| !**is_left_out);
        (Readings { rows: left.map(|(row, _)| *row).collect() }, excluded)
    }
}

/// The fields of a line.
fn fields(line: &[u8]) -> csv::ByteRecord {
    let mut options = csv::ReaderBuilder::new();
    let mut reader = options.has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(line);
    reader.byte_records().next().and_then(Result::ok).unwrap_or_default()
}

/// Where the columns are.
struct Columns {
    start: usize,
    end: usize,
    why: Option<usize>,
}

impl Columns {
    fn of(header: &csv::ByteRecord) -> Option<Self> {
        let named = |name: &[u8]| header.iter().position(|column| column == name);
        Some(Self { start: named(b"start")?, end: named(b"end")?, why: named(b"why") })
    }

    /// A period, whose place is yet to be said.
    fn period(&self, fields: &csv::ByteRecord, zone: &TimeZone) -> Result<Period, ErrorKind> {
        let field = |at: usize| fields.get(at).unwrap_or_default();
        let wrong =
            |column, at| move |expected| ErrorKind::Period { column, found: show(field(at)), expected };
        let start = edge(field(self.start), zone, None, Some).map_err(wrong("start", self.start))?;
        let end = edge(field(self.end), zone, Some(start), |date| date.tomorrow().ok())
            .map_err(wrong("end", self.end))?;
        let (from, to) = (show(field(self.start)), show(field(self.end)));
        if start >= end {
            return Err(ErrorKind::PeriodReversed { start: from, end: to });
        }
        let why = self.why.map(|at| show(field(at))).filter(|why| !why.is_empty());
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        Ok(Period { input: String::new(), line: 0, start, end, what: format!("{from} to {to}{why}") })
    }
}

/// The instant of a period's start or end, or what was expected; `first` is the day that begins at the
/// edge that a date means.
fn edge(
    field: &[u8],
    zone: &TimeZone,
    previous: Option<Timestamp>,
    first: impl Fn(Date) -> Option<Date>,
) -> Result<Timestamp, &'static str> {
    if !is_date(field) {
        return moment_after(field, zone, previous).map_err(|error| match error {
            MomentError::Unreadable => EXPECTED,
            MomentError::Skipped => "a time that exists; the home's clocks skip this one in spring",
        });
    }
    let date = std::str::from_utf8(field).ok().filter(|text| text.len() == "2007-10-20".len());
    let date = date.and_then(|text| text.parse::<Date>().ok()).filter(|date| YEARS.contains(&date.year()));
    let midnight = date.and_then(first).and_then(|date| zone.to_timestamp(date.at(0, 0, 0, 0)).ok());
    midnight.ok_or(EXPECTED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::Reading;

    fn periods(zone: &str, list: &str) -> Result<Periods, String> {
        let calendar = knowatt_score::Calendar::new(zone, knowatt_score::DayClasses::None).unwrap();
        let input = Input::from_reader("p.csv", std::io::Cursor::new(list.to_owned())).unwrap();
        let mut periods = Periods::default();
        periods.add(input, calendar.zone()).map_err(|error| error.to_string())?;
        Ok(periods)
    }

    /// The edges of the periods, as RFC 3339.
    fn edges(zone: &str, lines: &str) -> Vec<(String, String)> {
        let periods = periods(zone, &format!("start,end\n{lines}")).unwrap();
        periods.0.iter().map(|period| (period.start.to_string(), period.end.to_string())).collect()
    }

    #[test]
    fn a_date_is_a_whole_local_day_and_a_time_ends_before_itself() {
        for (zone, line, start, end) in [
            ("Europe/Paris", "2007-10-20,2007-10-20", "2007-10-19T22:00:00Z", "2007-10-20T22:00:00Z"),
            ("Europe/Paris", "2007-10-28,2007-10-28", "2007-10-27T22:00:00Z", "2007-10-28T23:00:00Z"),
            (
                "Europe/Paris",
                "2007-10-20 08:00,2007-10-20T09:00:00Z",
                "2007-10-20T06:00:00Z",
                "2007-10-20T09:00:00Z",
            ),
            ("UTC", "2007-10-20,2007-10-21T06:00", "2007-10-20T00:00:00Z", "2007-10-21T06:00:00Z"),
            // A midnight that is skipped: the day begins at one.
            ("America/Sao_Paulo", "2008-10-19,2008-10-19", "2008-10-19T03:00:00Z", "2008-10-20T02:00:00Z"),
            // A time that comes twice is the earlier one, unless the period starts between the two.
            (
                "Europe/Paris",
                "2007-10-28 02:30,2007-10-28 02:10",
                "2007-10-28T00:30:00Z",
                "2007-10-28T01:10:00Z",
            ),
            ("UTC", "1970-01-01,2199-12-31", "1970-01-01T00:00:00Z", "2200-01-01T00:00:00Z"),
        ] {
            assert_eq!(edges(zone, line), [(start.to_owned(), end.to_owned())], "{line} in {zone}");
        }
    }

    #[test]
    fn an_hour_that_a_period_touches_is_left_out_whole_and_counted_once() {
        let list = "# mine\nstart,end,why\n\n2024-01-01T02:30Z,2024-01-01T04:00Z,\"meter, broken\"\n\
                    2024-01-01T03:00Z,2024-01-01T05:01Z\n2024-01-01T02:00Z,2024-01-01T04:00Z\n2023-01-01,2023-12-31\n";
        let first: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        let rows = (0..10).map(|h| Reading { start: first + jiff::SignedDuration::from_hours(h), wh: 1.0 });
        let mut ledger = Ledger::default();
        let (left, excluded) =
            periods("UTC", list).unwrap().exclude(&Readings { rows: rows.collect() }, &mut ledger);
        let hours: Vec<i64> =
            left.rows.iter().map(|row| row.start.duration_since(first).as_hours()).collect();
        assert_eq!(hours, [0, 1, 6, 7, 8, 9]);
        let told: Vec<_> = excluded.iter().map(|told| (told.line, told.touched, told.hours)).collect();
        assert_eq!(told, [(4, 2, 2), (5, 3, 2), (6, 2, 0), (7, 0, 0)]);
        assert_eq!(ledger.count(Rule::Excluded), 2);
        assert_eq!(
            ledger.first(Rule::Excluded).unwrap().to_string(),
            "p.csv:4: 2 h left out: 2024-01-01T02:30Z to 2024-01-01T04:00Z (meter, broken)"
        );
    }

    #[test]
    fn what_is_no_period_is_refused_with_its_line() {
        for (line, expected) in [
            ("2024-01-02,2024-01-01", "the period ends before it starts: 2024-01-02 to 2024-01-01"),
            ("2024-01-02 08:00,2024-01-02 08:00", "the period ends before it starts"),
            ("2024-01-02", "end is ``; expected a date (2007-10-20)"),
            ("yesterday,2024-01-01", "start is `yesterday`; expected a date"),
            ("20240102,20240103", "start is `20240102`; expected a date"),
            ("2024-02-30,2024-03-01", "start is `2024-02-30`"),
            ("2024-01-01,9999-12-31", "end is `9999-12-31`"),
            ("-009999-01-01,2024-01-01", "start is `-009999-01-01`"),
            ("2024-01-01,99999999999-01-01T00:00Z", "end is `99999999999-01-01T00:00Z`"),
            ("2024-03-31 02:30,2024-04-01", "start is `2024-03-31 02:30`; expected a time that exists"),
        ] {
            let message = periods("Europe/Paris", &format!("start,end\r\n\r\n{line}\r\n")).unwrap_err();
            assert!(message.starts_with(&format!("p.csv:3: {expected}")), "{message}");
        }
        for list in ["", "# start,end\n\n", "2024-01-01,2024-01-02\n", "from,to\n", "\0\u{1}\u{2}"] {
            let message = periods("UTC", list).unwrap_err();
            assert!(
                message.ends_with("start,end (or start,end,why) is expected first, then a period a line"),
                "{message}"
            );
        }
        assert!(periods("UTC", &"#\n".repeat(600_000)).unwrap_err().contains("longer than 1 MiB"));
    }
}
