//! InfluxDB line protocol: what is written to InfluxDB, and what `influx_inspect export` and `influxd inspect
//! export-lp` write.
//!
//! Source: the makers of InfluxDB, *Line protocol reference* (v2): `measurement,tag=value field=1.5,other=2i 1700000000000000000`.
//! A backslash escapes commas, spaces and equals signs; strings stand in quotation marks; lines with `#` in front, and
//! `CREATE DATABASE`, say nothing of readings.
//!
//! - **Time** is in nanoseconds, microseconds, milliseconds or seconds since 1970, told by its magnitude (below
//!   10¹¹: seconds, below 10¹⁴: milliseconds, below 10¹⁷: microseconds). A line without one is left out.
//! - **Value** is the field of `--value-column`, or the one whose name tells a unit, or `value`.
//! - **Unit** is told by the field's name, or by the measurement's (Home Assistant's is the unit: `kWh,entity_id=…
//!   value=…`), or by a tag `unit_of_measurement` or `unit`, or given. A line without one is another quantity.
//! - **Meter** is the tag of `--meter-column`, or one of [`METER_TAGS`].
//!
//! Limits: a line is at most [`MAX_LINE_BYTES`](super::lines::MAX_LINE_BYTES) long, and no string in it has a line
//! feed; memory holds one line.

use std::borrow::Cow;

use super::{
    Format, Options,
    lines::Lines,
    sink::{self, Series, Sink},
};
use crate::{
    clock::Millis,
    error::{Error, ErrorKind},
    input::Input,
    ledger::Rule,
    message::show,
    unit::{Flow, Kind, Unit},
};

pub(super) const FORMAT: Format = Format {
    name: "influx-line",
    about: "InfluxDB line protocol",
    is_fixed_table: false,
    detect: |head| detect(head.bytes()),
    read: |input, options, intake| sink::read_into(intake, input, |input, sink| read(input, options, sink)),
};

/// Tags that name the meter, the first of which that is there is taken.
pub(crate) const METER_TAGS: [&[u8]; 8] =
    [b"entity_id", b"meter", b"meter_id", b"device", b"device_id", b"deviceid", b"statistic_id", b"sensor"];

/// Whether the first lines are all of this protocol.
pub(crate) fn detect(head: &[u8]) -> bool {
    let mut lines = head.split_inclusive(|&byte| byte == b'\n').filter(|line| !says_nothing(line)).peekable();
    let mut known = 0;
    while let Some(line) = lines.next() {
        if lines.peek().is_none() && known > 0 && !line.ends_with(b"\n") {
            break; // the last line of the head is cut off
        }
        if Point::parse(line.trim_ascii()).is_none_or(|point| point.time.is_none()) {
            return false;
        }
        known += 1;
        if known == 5 {
            break;
        }
    }
    known > 0
}

fn says_nothing(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.is_empty() || line.starts_with(b"#") || line.starts_with(b"CREATE DATABASE ")
}

/// Reads an input, and says in a line what it holds.
pub(crate) fn read(input: Input, options: &Options, sink: &mut dyn Sink) -> Result<String, Error> {
    let mut lines = Lines::new(input, "InfluxDB line protocol");
    let mut chosen: Option<String> = None;
    let mut unknown: Option<String> = None;
    while lines.next()? {
        let (line, text) = (lines.number(), lines.text().trim_ascii());
        if says_nothing(text) {
            continue;
        }
        let Some(point) = Point::parse(text) else {
            sink.bad_row(line, &|| format!("`{}` is not line protocol; left out", show(text)));
            continue;
        };
        let value = match choose(&point, options).map_err(|kind| lines.error(kind))? {
            Ok(value) => value,
            Err(field) => {
                sink.ignored(Rule::OtherQuantity, line, &|| {
                    format!(
                        "`{}` of `{}` is no energy or power; left out",
                        show(field),
                        show(point.measurement)
                    )
                });
                unknown.get_or_insert_with(|| show(field));
                continue;
            }
        };
        let Some(at) = point.time else {
            sink.bad_row(line, &|| "a line without a time; left out".to_owned());
            continue;
        };
        chosen.get_or_insert_with(|| {
            format!(
                "{} in `{}` of `{}` ({})",
                value.kind,
                show(value.name),
                show(point.measurement),
                value.unit
            )
        });
        let meter = unescaped(point.meter(options));
        let kind_given = options.kind.is_some();
        let (kind, factor) = (value.kind, value.unit.factor());
        let (register, flow) = (&b""[..], Flow::Taken);
        let series = Series { meter: &meter, register, flow, kind, kind_given, factor, cadence: None };
        sink.field(series, line, at, value.number)?;
    }
    match (chosen, unknown) {
        (None, Some(field)) => Err(Error::new(lines.name(), ErrorKind::NoUnit(field))),
        (chosen, _) => Ok(chosen.unwrap_or_else(|| "no points".to_owned())),
    }
}

/// A line, its parts still escaped.
#[derive(Debug, PartialEq)]
struct Point<'a> {
    measurement: &'a [u8],
    tags: Vec<(&'a [u8], &'a [u8])>,
    fields: Vec<(&'a [u8], &'a [u8])>,
    time: Option<Millis>,
}

impl<'a> Point<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        let (measurement, mut rest) = until(text, b", ");
        if measurement.is_empty() {
            return None;
        }
        let mut tags = Vec::new();
        while let Some(tag) = rest.strip_prefix(b",") {
            let (key, after) = until(tag, b"=, ");
            let (value, after) = until(after.strip_prefix(b"=")?, b", ");
            tags.push((key, value));
            rest = after;
        }
        let mut fields = Vec::new();
        rest = rest.strip_prefix(b" ")?.trim_ascii_start();
        loop {
            let (key, after) = until(rest, b"=, ");
            let after = after.strip_prefix(b"=")?;
            let (value, after) = if after.starts_with(b"\"") { string(after)? } else { until(after, b", ") };
            if key.is_empty() || value.is_empty() {
                return None;
            }
            fields.push((key, value));
            match after.split_first() {
                Some((b',', after)) => rest = after,
                Some((b' ', after)) => break rest = after.trim_ascii(),
                Some(_) => return None,
                None => break rest = after,
            }
        }
        let time = if rest.is_empty() { None } else { Some(millis(rest)?) };
        Some(Self { measurement, tags, fields, time })
    }

    fn tag(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.tags.iter().find(|(key, _)| *unescaped(key) == *name).map(|&(_, value)| value)
    }

    fn meter(&self, options: &Options) -> &'a [u8] {
        let asked = options.meter_column.as_deref().map(str::as_bytes);
        let tag = match asked {
            Some(name) => self.tag(name),
            None => METER_TAGS.iter().find_map(|name| self.tag(name)),
        };
        tag.unwrap_or_default()
    }
}

/// The text before the first of `stops` that no backslash escapes, and what follows from there.
fn until<'a>(text: &'a [u8], stops: &[u8]) -> (&'a [u8], &'a [u8]) {
    let mut is_escaped = false;
    let stop = text.iter().position(|byte| {
        let stops_here = !is_escaped && stops.contains(byte);
        is_escaped = !is_escaped && *byte == b'\\';
        stops_here
    });
    text.split_at(stop.unwrap_or(text.len()))
}

/// A string with its quotation marks, and what follows it.
fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (inner, _) = until(text.get(1..)?, b"\"");
    let end = inner.len() + 2;
    (end <= text.len()).then(|| text.split_at(end))
}

fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter().peekable();
    while let Some(&byte) = bytes.next() {
        if byte == b'\\' && bytes.peek().is_some_and(|next| b", =\\\"".contains(next)) {
            plain.extend(bytes.next());
        } else {
            plain.push(byte);
        }
    }
    Cow::Owned(plain)
}

/// A time in whichever of the four units its magnitude tells.
fn millis(text: &[u8]) -> Option<Millis> {
    let number: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(match number.unsigned_abs() {
        0..100_000_000_000 => number.saturating_mul(1000),
        100_000_000_000..100_000_000_000_000 => number,
        100_000_000_000_000..100_000_000_000_000_000 => number.div_euclid(1000),
        _ => number.div_euclid(1_000_000),
    })
}

/// The field that is read.
struct Value<'a> {
    name: &'a [u8],
    /// Without the mark of an integer.
    number: &'a [u8],
    unit: Unit,
    kind: Kind,
}

/// The field that is read; or the first one, where none tells of energy or power.
fn choose<'a>(point: &Point<'a>, options: &Options) -> Result<Result<Value<'a>, &'a [u8]>, ErrorKind> {
    let first = point.fields.first().map(|field| field.0).unwrap_or_default();
    let asked = options.value_column.as_deref().map(str::as_bytes);
    let of_name = |name: &[u8]| {
        let mut fields = point.fields.iter().copied();
        fields.find(|(key, _)| *unescaped(key) == *name)
    };
    let unit_of = |name: &[u8]| Unit::in_name(&String::from_utf8_lossy(&unescaped(name)));
    let (name, value, unit) = if let Some(asked) = asked {
        let Some((name, value)) = of_name(asked) else { return Ok(Err(first)) };
        (name, value, options.unit.or_else(|| unit_of(name)).or_else(|| point.unit()))
    } else {
        let telling =
            || point.fields.iter().filter(|(key, value)| number(value).is_some() && unit_of(key).is_some());
        match (telling().next(), telling().nth(1)) {
            (Some(&(name, value)), None) => (name, value, options.unit.or_else(|| unit_of(name))),
            (Some(_), Some(_)) => {
                let candidates: Vec<String> =
                    telling().map(|(key, _)| format!("`{}`", show(key))).take(20).collect();
                let (candidates, flag) = (candidates.join(", "), "--value-column NAME");
                return Err(ErrorKind::SeveralColumns { role: "value", candidates, flag });
            }
            (None, _) => {
                let Some((name, value)) = of_name(b"value") else { return Ok(Err(first)) };
                (name, value, options.unit.or_else(|| point.unit()))
            }
        }
    };
    let (Some(unit), Some(number)) = (unit, number(value)) else { return Ok(Err(name)) };
    let kind = options.kind.unwrap_or(unit.kind());
    if (kind == Kind::Power) != (unit.kind() == Kind::Power) {
        return Ok(Err(name));
    }
    Ok(Ok(Value { name, number, unit, kind }))
}

impl Point<'_> {
    /// The unit that the measurement's name or a tag tells.
    fn unit(&self) -> Option<Unit> {
        let tag = self.tag(b"unit_of_measurement").or_else(|| self.tag(b"unit")).unwrap_or_default();
        [self.measurement, tag]
            .iter()
            .find_map(|name| Unit::in_name(&String::from_utf8_lossy(&unescaped(name))))
    }
}

/// A number as it stands there, without the `i` or `u` of an integer.
fn number(value: &[u8]) -> Option<&[u8]> {
    let number = value.strip_suffix(b"i").or(value.strip_suffix(b"u")).unwrap_or(value);
    std::str::from_utf8(number).ok()?.parse::<f64>().is_ok().then_some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::sink::Found, *};

    fn found(text: &str, options: &Options) -> (Result<String, Error>, Vec<String>) {
        let mut found = Found::default();
        let input = Input::from_reader("points.lp", std::io::Cursor::new(text.as_bytes().to_vec())).unwrap();
        (read(input, options, &mut found), found.0)
    }

    #[test]
    fn home_assistants_measurement_is_the_unit() {
        let text = "kWh,domain=sensor,entity_id=energy_total value=123.4,friendly_name_str=\"Energy, = total\" 1700000000000000000\n\
            °C,domain=sensor,entity_id=attic value=20.5 1700000000000000000\n\
            W,domain=sensor,entity_id=power value=250i 1700000000000000000\n";
        let (what, found) = found(text, &Options::default());
        assert_eq!(what.unwrap(), "energy per interval in `value` of `kWh` (kWh)");
        let expected = [
            "1 energy_total/ energy 2023-11-14T22:13:20Z = 123400",
            "2 other-quantity: `value` of `°C` is no energy or power; left out",
            "3 power/ power 2023-11-14T22:13:20Z = 250",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn the_unit_of_time_is_told_by_its_magnitude() {
        let times = ["1700000000", "1700000000000", "1700000000000000", "1700000000000000000"];
        let text = times.map(|time| format!("grid power_w=1 {time}\n")).concat();
        let (_, found) = found(&text, &Options::default());
        for (line, row) in (1..).zip(found) {
            assert_eq!(row, format!("{line} / power 2023-11-14T22:13:20Z = 1"));
        }
    }

    #[test]
    fn escapes_and_comments_are_understood() {
        let text = "# DML\n# CONTEXT-DATABASE: home\n\nmy\\ meter\\,1,meter_id=a\\ b\\,c\\=d Energy\\ (kWh)=2,note=\"a \\\"quoted\\\" word\" 1700000000\r\n";
        let (what, found) = found(text, &Options::default());
        assert_eq!(found, ["4 a b,c=d/ energy 2023-11-14T22:13:20Z = 2000"]);
        assert_eq!(what.unwrap(), "energy per interval in `Energy\\\\ (kWh)` of `my\\\\ meter\\\\,1` (kWh)");
        assert!(detect(text.as_bytes()));
    }

    #[test]
    fn flags_choose_field_tag_unit_and_kind() {
        let options = Options {
            value_column: Some("total".to_owned()),
            meter_column: Some("house".to_owned()),
            unit: Some(Unit::KWh),
            kind: Some(Kind::Register),
            ..Options::default()
        };
        let text = "e,house=7,meter=x total=1.5,power_w=3 1700000000\ne,house=7 other=1 1700000001\n";
        let (_, found) = found(text, &options);
        let expected = [
            "1 7/ register 2023-11-14T22:13:20Z = 1500",
            "2 other-quantity: `other` of `e` is no energy or power; left out",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_ambiguous_or_without_a_unit_is_an_error() {
        let error = found("e power_w=1,energy_kwh=2 1700000000\n", &Options::default()).0.unwrap_err();
        assert_eq!(error.line(), Some(1));
        assert!(matches!(error.kind(), ErrorKind::SeveralColumns { .. }));
        let error = found("e value=1 1700000000\n", &Options::default()).0.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NoUnit(field) if field == "value"));
    }

    #[test]
    fn lines_of_another_form_are_left_out_with_a_reason() {
        let text = "grid power_w=1\ngrid power_w=1 soon\ngrid\n,a=1 b=2 3\ngrid note=\"open 1\ngrid power_w=1 1700000000\n";
        let (_, found) = found(text, &Options::default());
        assert_eq!(found[0], "1 bad-row: a line without a time; left out");
        assert!(found[1..5].iter().all(|row| row.contains("is not line protocol; left out")), "{found:?}");
        assert_eq!(found.len(), 6);
    }

    #[test]
    fn other_formats_are_not_taken_for_it() {
        for other in [
            "",
            "time,wh\n2024-01-01 00:00,1\n",
            "a b\n",
            "x=1\n",
            "metric{a=\"b\"} 1 1700000000\n",
            "grid power_w=1\n",
        ] {
            assert!(!detect(other.as_bytes()), "{other}");
        }
        assert!(detect(b"CREATE DATABASE home WITH NAME autogen\ngrid power_w=1 1700000000\ngrid pow"));
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused_without_panic(text in prop::collection::vec(prop::sample::select(b"a1,= \\\"\n.i#\xc3".to_vec()), 0..200)) {
            detect(&text);
            let mut found = Found::default();
            let input = Input::from_reader("any", std::io::Cursor::new(text)).unwrap();
            let _ = read(input, &Options::default(), &mut found);
        }
    }
}
