//! What `kafka-console-consumer` prints: a record a line, with what was asked for before its value.
//!
//! Source: Kafka's `DefaultMessageFormatter` (KIP-431 and before it) and Confluent's `AvroMessageFormatter`, which prints
//! Avro as JSON. Parts are separated by tabs and stand in this order, each only if it was asked for with `print.…`:
//!
//! ```text
//! CreateTime:1700000000000  Partition:0  Offset:7  Delivery:1  Epoch:0  NO_HEADERS  key  {"hour": 20, "kwh": 0.4}
//! ```
//!
//! Before Kafka 2.7 there was no more than the time, the key, and the partition's number behind the value.
//! With a time, partition or offset before it, a value may run over several lines. Values are JSON; Avro that
//! was printed as bytes is read as well where it begins with a zero and no byte was lost. Lines of JSON alone, from
//! wherever, are read as such values. Separators other than tab and line feed are not known.

use super::{
    Format, Head, Options,
    lines::{self, Lines, MAX_LINE_BYTES},
};
use crate::{
    error::Error,
    input::Input,
    intake::Intake,
    record::{Record, Records, Sink},
};

/// The format.
pub(crate) const FORMAT: Format = Format {
    name: "console-consumer",
    about: "Kafka records (kafka-console-consumer)",
    is_fixed_table: false,
    detect,
    read,
};

/// What the tools say of themselves, some of it on standard output.
const NOTICES: [&[u8]; 4] = [
    b"Option --property is deprecated",
    b"Processed a total of ",
    b"The consumer rebalance protocol",
    b"WARNING: ",
];

fn is_notice(line: &[u8]) -> bool {
    NOTICES.iter().any(|notice| line.starts_with(notice))
}

fn detect(head: &Head<'_>) -> bool {
    let Some(first) = lines::of_head(head.bytes()).find(|line| !is_notice(line)) else { return false };
    let (before, rest) = Before::of(first);
    // A number alone could be anything.
    before.is_some() || is_object(Parts::of(rest, false).value)
}

fn read(input: Input, options: &Options, intake: &mut Intake<'_>) -> Result<String, Error> {
    let mut records = Records::begin(&input.name, options, intake)?;
    parse(input, &mut records)?;
    records.end("")
}

/// Passes on every record.
pub(crate) fn parse(input: Input, sink: &mut impl Sink) -> Result<(), Error> {
    let mut lines = Lines::new(input, "output of kafka-console-consumer");
    // Whether records begin with a time, a partition or an offset; with headers.
    let (mut has_before, mut has_headers) = (false, false);
    let (mut record, mut number) = (Vec::new(), 0);
    let mut count = 0_u64;
    while lines.next()? {
        let line = lines.line();
        if is_notice(line) {
            continue;
        }
        let (before, rest) = Before::of(line);
        has_before = if count == 0 { before.is_some() } else { has_before };
        has_headers |= rest.starts_with(b"NO_HEADERS");
        if has_before && before.is_none() && count > 0 {
            // A value that runs on.
            if record.len() + line.len() > MAX_LINE_BYTES {
                return Err(lines.broken(&format!("a record longer than {} KiB", MAX_LINE_BYTES >> 10)));
            }
            record.push(b'\n');
            record.extend(line);
            continue;
        }
        if !has_before && line.trim_ascii().is_empty() {
            continue;
        }
        if count > 0 {
            pass_on(number, &record, has_headers, sink)?;
        }
        count += 1;
        number = lines.number();
        record.clear();
        record.extend(lines.line());
    }
    if count > 0 { pass_on(number, &record, has_headers, sink) } else { Ok(()) }
}

fn pass_on(line: u64, record: &[u8], has_headers: bool, sink: &mut impl Sink) -> Result<(), Error> {
    let (before, rest) = Before::of(record);
    let Before { timestamp_ms, partition, offset } = before.unwrap_or_default();
    let Parts { key, value } = Parts::of(rest, has_headers);
    let not_null = |text: &&[u8]| *text != b"null";
    let (key, value) = (key.filter(not_null), Some(value).filter(not_null));
    let record = Record { partition, offset, timestamp_ms, key, value };
    sink.record(line, &record)
}

/// What stands before headers, key and value.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Before {
    timestamp_ms: Option<i64>,
    partition: i32,
    offset: i64,
}

impl Before {
    /// Splits it off; none if there is none.
    fn of(line: &[u8]) -> (Option<Self>, &[u8]) {
        let (mut before, mut found, mut rest) = (Self::default(), false, line);
        while let Some(tab) = rest.iter().position(|byte| *byte == b'\t') {
            let Ok(part) = std::str::from_utf8(rest.get(..tab).unwrap_or_default()) else { break };
            let is_known = match part.split_once(':') {
                Some(("CreateTime" | "LogAppendTime", at)) => {
                    at.parse().map(|at| before.timestamp_ms = Some(at).filter(|at| *at >= 0)).is_ok()
                }
                Some(("Partition", number)) => number.parse().map(|number| before.partition = number).is_ok(),
                Some(("Offset", number)) => number.parse().map(|number| before.offset = number).is_ok(),
                Some(("Delivery" | "Epoch", _)) => found,
                _ => part == "NO_TIMESTAMP",
            };
            if !is_known {
                break;
            }
            found = true;
            rest = rest.get(tab + 1..).unwrap_or_default();
        }
        (found.then_some(before), rest)
    }
}

/// A record's key and value.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Parts<'a> {
    key: Option<&'a [u8]>,
    value: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Tells headers, key, value and a partition behind it apart.
    fn of(rest: &'a [u8], has_headers: bool) -> Self {
        let Some((before, value)) = split_at_value(rest) else { return Self { key: None, value: rest } };
        // `{…}`, tab, the partition: as before Kafka 2.7.
        let is_number = value.trim_ascii_end().iter().all(u8::is_ascii_digit);
        if is_number && let Some((key, value)) = split_at_value(before).filter(|(_, value)| is_object(value))
        {
            return Self { key: Some(key), value };
        }
        if is_number && is_object(before) {
            return Self { key: None, value: before };
        }
        let key = match (has_headers, before.iter().rposition(|byte| *byte == b'\t')) {
            // A header's text may hold a tab; a key hardly does.
            (true, Some(tab)) => before.get(tab + 1..),
            (true, None) => None,
            (false, _) => Some(before),
        };
        Self { key, value }
    }
}

fn is_object(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<Json>(text).is_ok()
}

/// Any JSON, which is not looked into.
type Json = serde::de::IgnoredAny;

/// What stands before the value, and the value; none if it stands alone.
///
/// It begins behind the last tab, for JSON is printed without any, or with one between its parts; Avro begins
/// behind the first tab that a zero follows.
fn split_at_value(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    if rest.first() == Some(&0) {
        return None;
    }
    let split = |tab: usize| Some((rest.get(..tab)?, rest.get(tab + 1..)?));
    if let Some(tab) = rest.windows(2).position(|pair| pair == b"\t\0") {
        return split(tab);
    }
    if is_object(rest) {
        return None;
    }
    let mut tabs = rest.iter().enumerate().filter(|(_, byte)| **byte == b'\t').map(|(at, _)| at);
    let is_several = rest.contains(&b'\n');
    let object = |tab: &usize| is_several && split(*tab).is_some_and(|(_, value)| is_object(value));
    // Each is tried at the most so often that a line of tabs takes no time.
    let of_object = tabs.clone().take(8).find(object);
    split(of_object.or_else(|| tabs.next_back())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::{Listed, input, readings};

    fn listed(text: &str) -> Vec<String> {
        let mut listed = Listed::default();
        parse(input(text.as_bytes()), &mut listed).unwrap();
        listed.0
    }

    #[test]
    fn parts_are_told_apart_however_many_there_are() {
        let value = r#"{"meter": "a", "wh": 1.5}"#;
        for (before, expected) in [
            ("", "0/0 @- -"),
            ("CreateTime:5\t", "0/0 @5 -"),
            ("NO_TIMESTAMP\tk\t", r#"0/0 @- "k""#),
            (
                "LogAppendTime:5\tPartition:1\tOffset:2\tDelivery:NOT_PRESENT\tEpoch:3\tNO_HEADERS\tk\t",
                r#"1/2 @5 "k""#,
            ),
            ("CreateTime:5\tNO_HEADERS\t", "0/0 @5 -"),
            ("CreateTime:5\tNO_HEADERS\tnull\t", "0/0 @5 -"),
            ("Partition:1\tOffset:2\t", "1/2 @- -"),
            ("{\"id\": 1}\t", r#"0/0 @- "{\"id\": 1}""#),
            ("Partition:x\t", r#"0/0 @- "Partition:x""#),
        ] {
            let text = format!("{before}{value}\n");
            let expected = format!("1: {expected} {value:?}");
            assert_eq!(listed(&text), [expected], "{before}");
            assert!(detect(&Head::new(text.as_bytes())), "{before}");
        }
    }

    #[test]
    fn headers_are_told_from_keys_once_a_record_has_none() {
        let text = "Offset:0\tNO_HEADERS\tk\t1\nOffset:1\th1:v,h2:\tx\tk\t2\nOffset:2\th1:v\t3\n";
        assert_eq!(listed(text), [r#"1: 0/0 @- "k" "1""#, r#"2: 0/1 @- "k" "2""#, r#"3: 0/2 @- - "3""#]);
    }

    #[test]
    fn the_partition_of_old_consumers_stands_behind_the_value() {
        let text = "CreateTime:5\tk\t{\"wh\":1}\t3\nCreateTime:6\t{\"wh\":2}\t3\nCreateTime:7\t17\t250\n";
        assert_eq!(
            listed(text),
            [r#"1: 0/0 @5 "k" "{\"wh\":1}""#, r#"2: 0/0 @6 - "{\"wh\":2}""#, r#"3: 0/0 @7 "17" "250""#]
        );
    }

    #[test]
    fn deletions_and_notices_are_told() {
        let text = "Option --property is deprecated and will be removed in a future version.\n\
            CreateTime:5\tk\tnull\nCreateTime:6\tk\t\nProcessed a total of 2 messages\n";
        assert_eq!(listed(text), [r#"2: 0/0 @5 "k" -"#, r#"3: 0/0 @6 "k" """#]);
        assert!(detect(&Head::new(text.as_bytes())));
    }

    #[test]
    fn a_value_may_run_over_several_lines_behind_a_time() {
        let text = "CreateTime:5\tk\t{\n\t\"wh\":\t1\n}\nCreateTime:6\tk\t{\"wh\":2}\n";
        assert_eq!(listed(text), [r#"1: 0/0 @5 "k" "{\n\t\"wh\":\t1\n}""#, r#"4: 0/0 @6 "k" "{\"wh\":2}""#]);
        let long = format!("CreateTime:5\tk\t{}", "x\n".repeat(200_000));
        let error = parse(input(long.as_bytes()), &mut Listed::default()).unwrap_err();
        assert!(error.to_string().contains("a record longer than 256 KiB"), "{error}");
    }

    #[test]
    fn avro_printed_as_bytes_is_split_off_at_its_zero() {
        let text = "CreateTime:5\tk\t\0\0\0\0\x01\x06a\tb\n\x07\nCreateTime:6\tk\t\0\0\0\0\x01x\n";
        assert_eq!(
            listed(text),
            [
                r#"1: 0/0 @5 "k" "\x00\x00\x00\x00\x01\x06a\tb\n\x07""#,
                r#"3: 0/0 @6 "k" "\x00\x00\x00\x00\x01x""#
            ]
        );
    }

    #[test]
    fn other_text_is_not_taken_for_records() {
        for text in
            ["", "timestamp,wh\n2024-01-01T00:00Z,1\n", "12\n13\n", "[1,2]\n", "{\n\"wh\":1}\n", "time\twh\n"]
        {
            assert!(!detect(&Head::new(text.as_bytes())), "{text}");
        }
    }

    #[test]
    fn a_line_of_tabs_takes_no_time() {
        let text = format!("Offset:1\t{}\n{}", "\t{".repeat(60_000), "\t".repeat(60_000));
        assert_eq!(listed(&text).len(), 1);
    }

    #[test]
    fn lines_become_readings() {
        let line = |hour: i64| {
            format!(
                "CreateTime:{}\t{{\"meter\":\"a\",\"wh\":{hour}}}\n",
                1_700_002_800_000 + 3_600_000 * hour
            )
        };
        let text: String = (0..5).map(line).collect();
        let (found, told) = readings(&FORMAT, text.as_bytes(), &Options::default());
        assert_eq!(found["a"].iter().map(|(_, wh)| *wh).collect::<Vec<_>>()[..4], [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(told, "time of the record, energy per interval in `wh` (Wh), meter in `meter`");
    }
}
