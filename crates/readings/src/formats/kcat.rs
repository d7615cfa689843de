//! What `kcat -C -J` prints: a JSON object a record, a line each.
//!
//! Source: kcat 1.7.1, `json.c`. `{"topic":"t","partition":0,"offset":0,"tstype":"create","ts":1700000000000,
//! "broker":1,"headers":[…],"key":"k","payload":"{\"hour\":20}"}`. Bytes from 0x80 on are printed as they are, so
//! that a payload of any bytes comes through whole, though the line is then not UTF-8. Where kcat itself decoded
//! Avro (`-s value=avro`), the payload is JSON and not text.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::value::RawValue;

use super::{
    Format, Head, Options,
    lines::{self, Lines},
};
use crate::{
    error::Error,
    input::Input,
    intake::Intake,
    message::show,
    record::{Record, Records, Sink},
};

/// The format.
pub(crate) const FORMAT: Format =
    Format { name: "kcat", about: "Kafka records (kcat -J)", is_fixed_table: false, detect, read };

fn detect(head: &Head<'_>) -> bool {
    let first = lines::of_head(head.bytes()).find(|line| !is_notice(line));
    first.is_some_and(|line| {
        line.starts_with(br#"{"topic":""#)
            && [&br#","partition":"#[..], br#","offset":"#]
                .iter()
                .all(|part| line.windows(part.len()).any(|window| window == *part))
    })
}

fn read(input: Input, options: &Options, intake: &mut Intake<'_>) -> Result<String, Error> {
    let mut records = Records::begin(&input.name, options, intake)?;
    parse(input, &mut records)?;
    records.end("")
}

/// What kcat says of itself, if its errors were written to the same file.
fn is_notice(line: &[u8]) -> bool {
    line.starts_with(b"% ")
}

/// Passes on every line.
pub(crate) fn parse(input: Input, sink: &mut impl Sink) -> Result<(), Error> {
    let mut lines = Lines::new(input, "kcat -J");
    while lines.next()? {
        let (line, number) = (lines.line(), lines.number());
        if line.trim_ascii().is_empty() || is_notice(line) {
            continue;
        }
        let bytes =
            serde_json::from_slice::<Line<Bytes<'_>>>(line).map(|line| line.map(|Bytes(bytes)| bytes));
        // What kcat decoded itself stands there as JSON.
        let read = bytes.or_else(|error| {
            let json = serde_json::from_slice::<Line<&RawValue>>(line);
            json.map(|line| line.map(unquoted)).map_err(|_| error)
        });
        match read {
            Ok(line) => sink.record(number, &line.record())?,
            Err(error) => sink.bad(number, format!("`{}` is no line of kcat: {error}; left out", show(line))),
        }
    }
    Ok(())
}

/// A line, its key and payload as bytes, or as the JSON that they stand in.
#[derive(serde::Deserialize)]
struct Line<T> {
    partition: i32,
    offset: i64,
    ts: Option<i64>,
    key: Option<T>,
    payload: Option<T>,
}

impl<T> Line<T> {
    fn map<U>(self, to: impl Fn(T) -> U) -> Line<U> {
        let Self { partition, offset, ts, key, payload } = self;
        Line { partition, offset, ts, key: key.map(&to), payload: payload.map(&to) }
    }
}

impl Line<Cow<'_, [u8]>> {
    fn record(&self) -> Record<'_> {
        let Self { partition, offset, .. } = *self;
        let timestamp_ms = self.ts.filter(|at| *at >= 0);
        Record { partition, offset, timestamp_ms, key: self.key.as_deref(), value: self.payload.as_deref() }
    }
}

/// A JSON text as the bytes that it stands for, and other JSON as it is written.
fn unquoted(json: &RawValue) -> Cow<'_, [u8]> {
    match serde_json::from_str::<Bytes<'_>>(json.get()) {
        Ok(Bytes(bytes)) => bytes,
        Err(_) => Cow::Borrowed(json.get().as_bytes()),
    }
}

/// The bytes of a JSON text, which need not be UTF-8.
struct Bytes<'a>(Cow<'a, [u8]>);

impl<'de: 'a, 'a> Deserialize<'de> for Bytes<'a> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct OfText;

        impl<'de> Visitor<'de> for OfText {
            type Value = Bytes<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Bytes<'de>, E> {
                Ok(Bytes(Cow::Borrowed(bytes)))
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes<'de>, E> {
                Ok(Bytes(Cow::Owned(bytes.to_vec())))
            }
        }

        json.deserialize_bytes(OfText)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::{Listed, input, readings};

    const TWO: &str = concat!(
        r#"{"topic":"t","partition":1,"offset":7,"tstype":"create","ts":1700000000000,"broker":1,"key":"a","payload":"{\"wh\": 1.5}"}"#,
        "\n",
        r#"{"topic":"t","partition":0,"offset":8,"tstype":"unknown","ts":-1,"broker":1,"headers":["h",null],"key":null,"payload":null}"#,
        "\n",
    );

    fn listed(bytes: &[u8]) -> Vec<String> {
        let mut listed = Listed::default();
        parse(input(bytes), &mut listed).unwrap();
        listed.0
    }

    #[test]
    fn every_line_is_a_record() {
        assert_eq!(listed(TWO.as_bytes()), [r#"1: 1/7 @1700000000000 "a" "{\"wh\": 1.5}""#, "2: 0/8 @- - -"]);
        assert!(detect(&Head::new(TWO.as_bytes())));
        assert!(detect(&Head::new([b"% Auto-selecting\n", TWO.as_bytes()].concat().as_slice())));
        for other in ["", "{\"hour\":1}\n", "{\"topic\":\"t\",\"wh\":1}\n", "timestamp,wh\n"] {
            assert!(!detect(&Head::new(other.as_bytes())), "{other}");
        }
    }

    #[test]
    fn a_payload_keeps_every_byte() {
        let line = b"{\"partition\":0,\"offset\":0,\"key\":\"\xff\",\"payload\":\"\\u0000\\u001f\\n\\\"\\\\\x7f\x80\xff\xc3\"}";
        let found = listed(line);
        assert_eq!(found, [r#"1: 0/0 @- "\xff" "\x00\x1f\n\"\\\x7f\x80\xff\xc3""#]);
    }

    #[test]
    fn what_kcat_decoded_itself_is_json() {
        let line = br#"{"partition":0,"offset":0,"key":{"id":1},"payload":{"wh":{"double":1.5}}}"#;
        assert_eq!(listed(line), [r#"1: 0/0 @- "{\"id\":1}" "{\"wh\":{\"double\":1.5}}""#]);
        let line = br#"{"partition":0,"offset":0,"key":{"id":1},"payload":"{\"wh\":1}"}"#;
        assert_eq!(listed(line), [r#"1: 0/0 @- "{\"id\":1}" "{\"wh\":1}""#]);
    }

    #[test]
    fn a_line_that_is_cut_anywhere_is_said() {
        let line = TWO.lines().next().unwrap();
        for length in 1..line.len() {
            let found = listed(&line.as_bytes()[..length]);
            assert!(found.len() == 1 && found[0].starts_with("1: bad"), "{length}: {found:?}");
        }
        let deep = format!("{{\"partition\":0,\"offset\":0,\"payload\":{}", "[".repeat(200_000));
        assert!(listed(deep.as_bytes())[0].starts_with("1: bad"));
    }

    #[test]
    fn lines_become_readings() {
        let line = |hour: i64| {
            let at = 1_700_002_800_000 + 3_600_000 * hour;
            format!(
                r#"{{"topic":"t","partition":0,"offset":{hour},"ts":{at},"key":"a","payload":"{{\"wh\":{hour}}}"}}"#
            )
        };
        let lines: Vec<_> = (0..5).map(line).collect();
        let (found, told) = readings(&FORMAT, lines.join("\n").as_bytes(), &Options::default());
        assert_eq!(found["a"].iter().map(|(_, wh)| *wh).collect::<Vec<_>>()[..4], [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(told, "time of the record, energy per interval in `wh` (Wh)");
    }
}
