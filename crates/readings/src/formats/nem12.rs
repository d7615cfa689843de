//! NEM12: interval data of the Australian market.
//!
//! Source: AEMO, *Meter Data File Format Specification NEM12 & NEM13*, version 2.5. A record a line, fields by
//! commas, the first one telling which: 100 header, 200 what the next days are of, 300 one day, 400 the quality
//! of some of its intervals, 500 manual readings (not needed), 900 end. Exports of retailers often have no 100 and
//! 900. NEM13 (a reading every few weeks) cannot be read and is refused.
//!
//! - **Time** is Australian Eastern Standard Time, UTC+10 without daylight saving, wherever the meter is: the market
//!   runs on it. The first interval of a day starts at 00:00. (Western Australia has a market of its own, on UTC+8;
//!   its files are not told apart, and are two hours off.)
//! - **Meter** is the NMI, and a **register** a suffix of it. `E…` (master) and `D…` (average of master and check) are
//!   what the home took from the grid, and are added up; `B…` and `A…` are what it gave, read only for the net. All else, the check meters
//!   (`C…`, `F…`) and reactive energy (`K…`, `Q…`) among it, is another quantity.
//! - **Unit** is the 200 record's: Wh, kWh, MWh; or W, kW, MW, the mean power of the interval.
//! - **Quality** N (null), of a day or by a 400 record of some of its intervals, means that there is no value.
//!   Substituted, estimated and final values (S, E, F) are used as actual ones (A) are, for a bill would be.
//!
//! Limits: a line is at most [`MAX_LINE_BYTES`](super::lines::MAX_LINE_BYTES) long; memory holds one day.

use jiff::{civil::Date, tz::Offset};

use super::{
    Format,
    lines::Lines,
    sink::{self, Series, Sink, broken},
};
use crate::{
    clock::{MINUTE_MS, Millis},
    error::Error,
    input::Input,
    ledger::Rule,
    message::show,
    unit::{Flow, Kind},
};

pub(super) const FORMAT: Format = Format {
    name: "nem12",
    about: "AEMO NEM12",
    is_fixed_table: false,
    detect: |head| detect(head.bytes()),
    read: |input, options, intake| {
        sink::read_into(intake, input, |input, sink| read(input, options.net, sink))
    },
};

const WHAT: &str = "NEM12 file";
const DAY_MINUTES: usize = 24 * 60;
/// Hours of Australian Eastern Standard Time ahead of UTC.
const MARKET_TIME: i8 = 10;

/// Whether the input begins as such a file does.
pub(crate) fn detect(head: &[u8]) -> bool {
    let mut lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let Some(first) = lines.next() else { return false };
    let fields: Vec<&[u8]> = first.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).take(10).collect();
    match fields.as_slice() {
        [b"100", version, ..] => is_version(version, b"NEM12") || is_version(version, b"NEM13"),
        [b"200", _, _, _, suffix, _, _, unit, length, ..] => {
            suffix.len() == 2 && is_unit(unit) && interval_minutes(length).is_some()
        }
        [b"250", _, ..] => fields.len() == 10 && lines.next().is_none_or(|line| line.starts_with(b"250,")),
        _ => false,
    }
}

fn is_version(field: &[u8], version: &[u8]) -> bool {
    field.eq_ignore_ascii_case(version)
}

/// Whether it is a unit of energy or power, active or reactive.
fn is_unit(unit: &[u8]) -> bool {
    let unit = unit.to_ascii_lowercase();
    let unit = unit.strip_prefix(b"k").or(unit.strip_prefix(b"m")).unwrap_or(&unit);
    matches!(unit, b"wh" | b"w" | b"varh" | b"var" | b"vah" | b"va")
}

fn interval_minutes(field: &[u8]) -> Option<usize> {
    let minutes = std::str::from_utf8(field).ok()?.parse().ok()?;
    matches!(minutes, 1 | 5 | 15 | 30 | 60).then_some(minutes)
}

/// Reads a file, with what was given to the grid if the net is asked for, and says in a line what it holds.
pub(crate) fn read(input: Input, net: bool, sink: &mut dyn Sink) -> Result<String, Error> {
    let mut lines = Lines::new(input, "NEM12");
    let mut channel: Option<Channel> = None;
    let mut day: Option<Day> = None;
    let mut seen = Seen::default();
    while lines.next()? {
        let (line, text) = (lines.number(), lines.text().trim_ascii());
        if text.is_empty() {
            continue;
        }
        let mut fields = text.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
        let record = fields.next().unwrap_or_default();
        if record == b"400" {
            let known = day.as_mut().is_some_and(|day| day.qualify(fields));
            // Those of a channel that is not read belong to no day that was kept.
            if !known && channel.as_ref().is_none_or(|channel| channel.used.is_ok()) {
                sink.bad_row(line, &|| format!("`{}` is the quality of no intervals; left out", show(text)));
            }
            continue;
        }
        hand_over(day.take(), channel.as_ref(), sink)?;
        match record {
            b"100" if fields.next().is_some_and(|version| is_version(version, b"NEM13")) => {
                return Err(broken(lines.name(), WHAT, NEM13).at(line));
            }
            b"250" | b"550" => return Err(broken(lines.name(), WHAT, NEM13).at(line)),
            b"100" | b"500" | b"900" => {}
            b"200" => {
                channel = Channel::new(fields, net).map(|found| seen.note(found));
                if channel.is_none() {
                    sink.bad_row(line, &|| format!("`{}` is not a 200 record; left out", show(text)));
                }
            }
            b"300" => match &channel {
                None => sink
                    .bad_row(line, &|| "a day of no meter: no 200 record is before it; left out".to_owned()),
                Some(Channel { used: Err((rule, what)), .. }) => {
                    sink.ignored(*rule, line, &|| format!("a day of {what}; left out"));
                }
                Some(channel) => match Day::new(line, fields, channel.minutes) {
                    Ok(found) => day = Some(found),
                    Err(what) => sink.bad_row(line, &|| format!("{what}; left out")),
                },
            },
            _ => sink.bad_row(line, &|| format!("`{}` is not a record of NEM12; left out", show(record))),
        }
    }
    hand_over(day, channel.as_ref(), sink)?;
    Ok(seen.to_string())
}

const NEM13: &str = "NEM13 holds a reading every few weeks; a reading an hour or finer (NEM12) is needed";

/// What the days after a 200 record are of.
struct Channel {
    meter: Vec<u8>,
    suffix: Vec<u8>,
    minutes: usize,
    kind: Kind,
    flow: Flow,
    /// How many Wh or W one of the unit is; or why it is not read.
    used: Result<f64, (Rule, String)>,
}

impl Channel {
    fn new<'a>(mut fields: impl Iterator<Item = &'a [u8]>, net: bool) -> Option<Self> {
        let meter = fields.next()?.to_vec();
        let suffix = fields.nth(2)?.to_ascii_uppercase();
        let unit = fields.nth(2)?.to_ascii_lowercase();
        let minutes = interval_minutes(fields.next()?)?;
        let (scale, base) = match unit.as_slice() {
            [b'k', base @ ..] => (1e3, base),
            [b'm', base @ ..] => (1e6, base),
            base => (1.0, base),
        };
        let kind = if base == b"w" { Kind::Power } else { Kind::Energy };
        let other =
            |rule, what: &str| Err((rule, format!("{what} (suffix {}, in {})", show(&suffix), show(&unit))));
        let flow = if matches!(suffix.first(), Some(b'A' | b'B')) { Flow::Given } else { Flow::Taken };
        let used = match (suffix.first(), base) {
            (Some(b'E' | b'D'), b"wh" | b"w") => Ok(scale),
            (Some(b'A' | b'B'), b"wh" | b"w") if net => Ok(scale),
            (Some(b'A' | b'B'), b"wh" | b"w") => other(Rule::Export, "what was given to the grid"),
            _ => other(Rule::OtherQuantity, "another quantity"),
        };
        Some(Self { meter, suffix, minutes, kind, flow, used })
    }
}

/// One day, until what follows tells the quality of its intervals.
struct Day {
    line: u64,
    start: Millis,
    values: Vec<Vec<u8>>,
    is_null: Vec<bool>,
}

impl Day {
    fn new<'a>(
        line: u64,
        mut fields: impl Iterator<Item = &'a [u8]>,
        minutes: usize,
    ) -> Result<Self, String> {
        let date = fields.next().unwrap_or_default();
        let start = midnight(date).ok_or_else(|| format!("`{}` is not a date like 20240131", show(date)))?;
        let count = DAY_MINUTES / minutes;
        let values: Vec<Vec<u8>> = fields.by_ref().take(count).map(<[u8]>::to_vec).collect();
        let quality = fields.next().filter(|_| values.len() == count);
        let quality =
            quality.ok_or_else(|| format!("a day of fewer than {count} values and their quality"))?;
        if !is_quality(quality) {
            let found = show(quality);
            return Err(format!("`{found}` stands where the quality of {count} values is expected"));
        }
        Ok(Self { line, start, values, is_null: vec![quality.first() == Some(&b'N'); count] })
    }

    /// Takes a 400 record; false where it is none for this day.
    fn qualify<'a>(&mut self, mut fields: impl Iterator<Item = &'a [u8]>) -> bool {
        let mut number = || std::str::from_utf8(fields.next()?).ok()?.parse::<usize>().ok();
        let (Some(first), Some(last)) = (number(), number()) else { return false };
        let Some(quality) = fields.next().filter(|quality| is_quality(quality)) else { return false };
        let Some(intervals) = first.checked_sub(1).and_then(|first| self.is_null.get_mut(first..last)) else {
            return false;
        };
        intervals.fill(quality.first() == Some(&b'N'));
        true
    }
}

/// Whether it is a flag (A, E, F, N, S, V), perhaps with the two digits of a method.
fn is_quality(field: &[u8]) -> bool {
    matches!(field, [b'A' | b'E' | b'F' | b'N' | b'S' | b'V', rest @ ..] if rest.len() <= 2)
}

/// The instant at which a day such as 20240131 begins.
fn midnight(date: &[u8]) -> Option<Millis> {
    let (Ok(text), 8) = (std::str::from_utf8(date), date.len()) else { return None };
    let number: u32 = text.parse().ok()?;
    let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
    let date =
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let midnight =
        Offset::from_hours(MARKET_TIME).ok()?.to_timestamp(date.to_datetime(jiff::civil::Time::midnight()));
    Some(midnight.ok()?.as_millisecond())
}

fn hand_over(day: Option<Day>, channel: Option<&Channel>, sink: &mut dyn Sink) -> Result<(), Error> {
    let (Some(day), Some(channel)) = (day, channel) else { return Ok(()) };
    let Ok(factor) = channel.used else { return Ok(()) };
    let cadence = i64::try_from(channel.minutes).unwrap_or(i64::MAX).saturating_mul(MINUTE_MS);
    let (meter, register) = (channel.meter.as_slice(), channel.suffix.as_slice());
    let Channel { kind, flow, .. } = *channel;
    let series = Series { meter, register, flow, kind, kind_given: true, factor, cadence: Some(cadence) };
    let mut at = day.start;
    for (value, is_null) in day.values.iter().zip(day.is_null) {
        if is_null {
            sink.missing(series, day.line, at, &|| "no value: its quality is N (null); left out".to_owned())?;
        } else {
            sink.field(series, day.line, at, value)?;
        }
        at += cadence;
    }
    Ok(())
}

/// What a file holds, to be said in a line.
#[derive(Default)]
struct Seen {
    read: Vec<String>,
    given: Vec<String>,
    left_out: Vec<String>,
}

impl Seen {
    fn note(&mut self, channel: Channel) -> Channel {
        const MOST: usize = 20;
        let (list, known) = match channel.used {
            Ok(_) => {
                let list = if channel.flow == Flow::Given { &mut self.given } else { &mut self.read };
                (list, format!("{} of {} minutes", show(&channel.suffix), channel.minutes))
            }
            Err(_) => (&mut self.left_out, show(&channel.suffix)),
        };
        if list.len() < MOST && !list.contains(&known) {
            list.push(known);
        }
        channel
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.read.as_slice() {
            [] => f.write_str("nothing that the home took from the grid")?,
            read => write!(f, "what was taken from the grid in {}", read.join(" + "))?,
        }
        if !self.given.is_empty() {
            write!(f, ", less what was given to it in {}", self.given.join(" + "))?;
        }
        f.write_str(", in the market's time (UTC+10)")?;
        match self.left_out.as_slice() {
            [] => Ok(()),
            left_out => write!(f, "; {} not read", left_out.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::sink::Found, *};
    use crate::error::ErrorKind;

    fn found(text: &str) -> (Result<String, Error>, Vec<String>) {
        let mut found = Found::default();
        let input = Input::from_reader("nem12.csv", std::io::Cursor::new(text.as_bytes().to_vec())).unwrap();
        (read(input, false, &mut found), found.0)
    }

    fn day(date: &str, value: &str, count: usize, quality: &str) -> String {
        format!("300,{date},{}{quality},,,20240301000001,\r\n", format!("{value},").repeat(count))
    }

    const E1: &str = "200,(redacted),E1B1,E1,E1,,252129362,KWH,30,\r\n";

    #[test]
    fn a_day_starts_at_midnight_of_the_market_and_registers_are_told_apart() {
        let text = format!(
            "100,NEM12,200405011135,MDP1,Retailer1\n{E1}{}200,(redacted),E1E2,2,E2,N2,,Wh,15,\n{}900\n",
            day("20240229", "0.25", 48, "A"),
            day("20240229", "7", 96, "S14"),
        );
        let (what, found) = found(&text);
        let expected = "what was taken from the grid in E1 of 30 minutes + E2 of 15 minutes, in the market's time (UTC+10)";
        assert_eq!(what.unwrap(), expected);
        assert_eq!(found.len(), 48 + 96);
        assert_eq!(found[0], "3 (redacted)/E1 energy 1800s 2024-02-28T14:00:00Z = 250");
        assert_eq!(found[47], "3 (redacted)/E1 energy 1800s 2024-02-29T13:30:00Z = 250");
        assert_eq!(found[48], "5 (redacted)/E2 energy 900s 2024-02-28T14:00:00Z = 7");
    }

    #[test]
    fn null_intervals_are_missing_whether_a_day_or_some_of_it() {
        let text = format!(
            "{E1}{}400,1,46,F19,,\r\n400,47,48,N,,\r\n{}",
            day("20240301", "1", 48, "V"),
            day("20240302", "", 48, "N"),
        );
        let (_, found) = found(&text);
        assert!(found[45].ends_with("= 1000"));
        let missing = "no value: its quality is N (null); left out";
        assert_eq!(
            found[46],
            format!("2 (redacted)/E1 energy 1800s 2024-03-01T13:00:00Z missing: {missing}")
        );
        assert!(found[47..].iter().all(|row| row.ends_with(missing)));
        assert_eq!(found.len(), 96);
    }

    #[test]
    fn what_was_given_to_the_grid_and_other_quantities_are_left_out_by_the_day() {
        let text = format!(
            "{}{}400,1,48,N,,\n{}{}",
            E1.replace(",E1,,", ",B1,,"),
            day("20240301", "1", 48, "V"),
            E1.replace(",E1,,", ",K1,,").replace("KWH", "kVArh"),
            day("20240301", "1", 48, "A"),
        );
        let (what, found) = found(&text);
        let expected = [
            "2 export: a day of what was given to the grid (suffix B1, in kwh); left out",
            "5 other-quantity: a day of another quantity (suffix K1, in kvarh); left out",
        ];
        assert_eq!(found, expected);
        assert!(what.unwrap().starts_with("nothing that the home took"));
    }

    #[test]
    fn records_that_do_not_fit_are_left_out_with_a_reason() {
        let short = day("20240301", "1", 47, "A");
        let text = format!(
            "{}{E1}{short}{}{}",
            day("20240301", "1", 48, "A"),
            day("20240230", "1", 48, "A"),
            "300\n400,0,1,A\n700,x\n200,1\n"
        );
        let (_, found) = found(&text);
        let reasons: Vec<&str> = found.iter().map(|row| row.split("bad-row: ").nth(1).unwrap()).collect();
        let expected = [
            "a day of no meter: no 200 record is before it; left out",
            "a day of fewer than 48 values and their quality; left out",
            "`20240230` is not a date like 20240131; left out",
            "`` is not a date like 20240131; left out",
            "`400,0,1,A` is the quality of no intervals; left out",
            "`700` is not a record of NEM12; left out",
            "`200,1` is not a 200 record; left out",
        ];
        // A day of one value too few takes its quality for a value, and an empty field for the quality.
        assert_eq!(reasons[0], expected[0]);
        assert_eq!(reasons[1], "`` stands where the quality of 48 values is expected; left out");
        assert_eq!(reasons[2..], expected[2..]);
    }

    #[test]
    fn nem13_is_refused_with_its_line() {
        for text in [
            "100,NEM13,200405011135,MDP1,Retailer1\n",
            "\n250,1234567890,1141,01,11,11,METSER66,E,1,20031001103230,A\n",
        ] {
            let error = found(text).0.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Broken { .. }));
            assert!(error.to_string().contains("NEM13 holds a reading every few weeks"), "{error}");
            assert!(detect(text.as_bytes()));
        }
    }

    #[test]
    fn it_is_known_by_its_records() {
        assert!(detect(E1.as_bytes()));
        assert!(detect(b"\r\n100,NEM12,200405011135,MDP1,Retailer1\r\n"));
        for other in ["", "time,wh\n", "100,200,300\n", "200,5\n", "200,1,2,3,4,5,6,7,8\n", "100\n"] {
            assert!(!detect(other.as_bytes()), "{other}");
        }
    }
}
