//! What `kafka-dump-log --print-data-log` prints: a line a batch, then a line a record.
//!
//! Source: Kafka's `DumpLogSegments`.
//!
//! ```text
//! baseOffset: 0 lastOffset: 0 count: 1 … producerId: -1 … isTransactional: false isControl: false …
//! | offset: 0 CreateTime: 1700000000000 keySize: 1 valueSize: 7 sequence: -1 headerKeys: [] key: a payload: {"wh":1}
//! ```
//!
//! Before Kafka 2.3 there were no lines of batches, and those of records held it all. The sizes say where key and
//! payload end, also where they run over several lines. Bytes that are not UTF-8 were replaced as they were printed,
//! so that the sizes do not fit: such records are left out, and Avro is among them; the segment itself has them.
//! Records of transactions that were given up are dropped, and control records are none.

use super::{
    Format, Head, Options,
    lines::{self, Lines, MAX_LINE_BYTES},
};
use crate::{
    error::Error,
    input::Input,
    intake::Intake,
    message::show,
    record::{
        Record, Records, Sink,
        transactions::{MAX_HELD_BYTES, Transactions},
    },
};

/// The format.
pub(crate) const FORMAT: Format =
    Format { name: "dump-log", about: "Kafka records (kafka-dump-log)", is_fixed_table: false, detect, read };

const NAME: &str = "output of kafka-dump-log --print-data-log";

fn detect(head: &Head<'_>) -> bool {
    let mut lines = lines::of_head(head.bytes()).skip_while(|line| is_head(line));
    lines.next().is_some_and(|line| line.starts_with(b"baseOffset: ") || record_text(line).is_some())
}

fn read(input: Input, options: &Options, intake: &mut Intake<'_>) -> Result<String, Error> {
    let mut records = Records::begin(&input.name, options, intake)?;
    let what = parse(input, &mut records)?;
    records.end(&what)
}

/// Whether a line begins the dump of a file.
fn is_head(line: &[u8]) -> bool {
    [&b"Dumping "[..], b"Starting offset: ", b"Log starting offset: "]
        .iter()
        .any(|start| line.starts_with(start))
}

/// What stands in a record's first line.
fn record_text(line: &[u8]) -> Option<&[u8]> {
    let is_old = line.starts_with(b"offset: ") && after(line, b" position: ").is_some();
    if is_old { Some(line) } else { line.strip_prefix(b"| ").filter(|text| text.starts_with(b"offset: ")) }
}

/// A batch's line: whose it is, and whether it can be given up.
#[derive(Debug, Default, Clone, Copy)]
struct Batch {
    producer: i64,
    is_transactional: bool,
    is_control: bool,
}

impl Batch {
    fn of(line: &[u8]) -> Self {
        Self {
            producer: number(line, b" producerId: ").unwrap_or(-1),
            is_transactional: after(line, b" isTransactional: true").is_some(),
            is_control: after(line, b" isControl: true").is_some(),
        }
    }
}

/// A record's lines, as they are held back for the end of its transaction.
struct Held {
    line: u64,
    text: Vec<u8>,
}

/// Passes on every record; gives what else there is to say.
pub(crate) fn parse(input: Input, sink: &mut impl Sink) -> Result<String, Error> {
    let mut lines = Lines::new(input, NAME);
    let mut transactions = Transactions::new(|held: &Held| held.text.len());
    let mut batch = Batch::default();
    // The record whose lines are being read.
    let mut current: Option<Held> = None;
    loop {
        let is_more = lines.next()?;
        let line = lines.line();
        let begins = record_text(line);
        let is_batch = line.starts_with(b"baseOffset: ");
        if let Some(held) = &mut current
            && is_more
            && begins.is_none()
            && !is_batch
            && !is_head(line)
        {
            if held.text.len() + line.len() > MAX_LINE_BYTES {
                return Err(lines.broken(&format!("a record longer than {} KiB", MAX_LINE_BYTES >> 10)));
            }
            held.text.push(b'\n');
            held.text.extend(line);
            continue;
        }
        if let Some(held) = current.take() {
            take(held, batch, &mut transactions, sink, &lines)?;
        }
        if !is_more {
            break;
        }
        if is_batch {
            batch = Batch::of(line);
        } else if let Some(text) = begins {
            current = Some(Held { line: lines.number(), text: text.to_vec() });
        } else if !is_head(line) && !line.trim_ascii().is_empty() {
            sink.bad(lines.number(), format!("`{}` is no line of kafka-dump-log; left out", show(line)));
        }
    }
    let rest = transactions.rest();
    let undecided = rest.len();
    for held in rest {
        pass_on(&held, sink)?;
    }
    Ok(match undecided {
        0 => String::new(),
        count => format!("{count} records of transactions without an end, taken as committed"),
    })
}

/// Takes a record that was read to its end: passes it on, holds it back or ends its transaction.
fn take(
    held: Held,
    batch: Batch,
    transactions: &mut Transactions<Held>,
    sink: &mut impl Sink,
    lines: &Lines,
) -> Result<(), Error> {
    let head = head_of(&held.text);
    // Where there are no lines of batches, each record's holds it all.
    let batch = if number(head, b" producerId: ").is_some() { Batch::of(head) } else { batch };
    if let Some(marker) = after(&held.text, b" endTxnMarker: ") {
        for held in transactions.end(batch.producer) {
            if marker.starts_with(b"COMMIT") {
                pass_on(&held, sink)?;
            } else {
                sink.aborted(held.line);
            }
        }
        return Ok(());
    }
    if batch.is_control {
        return Ok(());
    }
    if !batch.is_transactional {
        return pass_on(&held, sink);
    }
    transactions.hold(batch.producer, held).map_err(|_| {
        lines.broken(&format!("transactions without an end of more than {} MiB", MAX_HELD_BYTES >> 20))
    })
}

fn pass_on(held: &Held, sink: &mut impl Sink) -> Result<(), Error> {
    match record(&held.text) {
        Ok(record) => sink.record(held.line, &record),
        Err(what) => {
            sink.bad(held.line, format!("{what}; left out"));
            Ok(())
        }
    }
}

/// What stands before key and payload, the headers' names aside.
fn head_of(text: &[u8]) -> &[u8] {
    let ends = [&b" headerKeys: ["[..], b" key: ", b" payload: "];
    let end = ends.iter().filter_map(|end| find(text, end)).min().unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn record(text: &[u8]) -> Result<Record<'_>, String> {
    let head = head_of(text);
    let broken = || format!("`{}` is no record of kafka-dump-log", show(text));
    let size = |names: [&[u8]; 2]| names.iter().find_map(|name| number(head, name)).ok_or_else(broken);
    let key_size = size([b" keySize: ", b" keysize: "])?;
    let value_size = size([b" valueSize: ", b" valuesize: "])?;
    let time = [&b" CreateTime: "[..], b" LogAppendTime: "].iter().find_map(|name| number(head, name));
    let offset = head.strip_prefix(b"offset: ").and_then(leading_number).ok_or_else(broken)?;
    let mut rest = text.get(head.len()..).unwrap_or_default();
    if let Some(names) = rest.strip_prefix(b" headerKeys: [") {
        // Behind the bracket that is followed by what must follow, for a name may hold brackets too.
        let next: &[u8] = match (key_size, value_size) {
            (0.., _) => b" key: ",
            (_, 0..) => b" payload: ",
            _ => b"",
        };
        let is_end = |after: &[u8]| match next {
            b"" => after.trim_ascii().is_empty(),
            next => after.starts_with(next) || after.trim_ascii().is_empty(),
        };
        let ends = names.iter().enumerate().filter(|(_, byte)| **byte == b']').map(|(at, _)| at + 1);
        let mut afters = ends.filter_map(|end| names.get(end..));
        rest = afters.find(|after| is_end(after)).ok_or_else(broken)?;
    }
    let replaced = || "bytes that are not text were replaced in the dump: read the segment itself".to_owned();
    let mut part = |name: &[u8], size: i64| -> Result<Option<&[u8]>, String> {
        let Ok(size) = usize::try_from(size) else { return Ok(None) };
        let Some(after) = rest.strip_prefix(name) else {
            return Err(if rest.trim_ascii().is_empty() {
                "without its payload: dump the log with --print-data-log".to_owned()
            } else {
                replaced()
            });
        };
        let (part, after) = after.split_at_checked(size).ok_or_else(replaced)?;
        rest = after;
        Ok(Some(part))
    };
    let key = part(b" key: ", key_size)?;
    let value = part(b" payload: ", value_size)?;
    // Replaced bytes are longer than those that there were.
    if !matches!(rest, b"" | b"\r" | b"\n" | b"\r\n") {
        return Err(replaced());
    }
    Ok(Record { partition: 0, offset, timestamp_ms: time.filter(|at| *at >= 0), key, value })
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn after<'t>(text: &'t [u8], part: &[u8]) -> Option<&'t [u8]> {
    text.get(find(text, part)? + part.len()..)
}

fn number(text: &[u8], name: &[u8]) -> Option<i64> {
    leading_number(after(text, name)?)
}

fn leading_number(text: &[u8]) -> Option<i64> {
    let end = text.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'-')).unwrap_or(text.len());
    std::str::from_utf8(text.get(..end)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::{Listed, input};

    fn listed(text: &str) -> (Vec<String>, String) {
        let mut listed = Listed::default();
        let told = parse(input(text.as_bytes()), &mut listed).unwrap();
        (listed.0, told)
    }

    fn batch(more: &str) -> String {
        format!("baseOffset: 0 lastOffset: 1 count: 2 baseSequence: -1 {more} partitionLeaderEpoch: 0\n")
    }

    #[test]
    fn sizes_say_where_key_and_payload_end() {
        let text = [
            "Dumping segments/t-0/00000000000000000000.log\nLog starting offset: 0\n",
            &batch("producerId: -1 isTransactional: false isControl: false"),
            "| offset: 0 CreateTime: 5 keySize: 1 valueSize: 8 sequence: -1 headerKeys: [] key: a payload: {\"wh\":1}\n",
            "| offset: 1 LogAppendTime: 6 keySize: -1 valueSize: 9 sequence: -1 headerKeys: [h,] key: ] payload: {\n| \"a\":2\n",
            "| offset: 2 CreateTime: -1 keySize: 4 valueSize: -1 sequence: -1 headerKeys: [] key: ü b\n",
            "| offset: 3 CreateTime: 7 keysize: 0 valuesize: 0 sequence: -1 headerKeys: [] key:  payload: \r\n",
        ]
        .concat();
        assert!(detect(&Head::new(text.as_bytes())));
        let expected = [
            r#"4: 0/0 @5 "a" "{\"wh\":1}""#,
            r#"5: 0/1 @6 - "{\n| \"a\":2""#,
            r#"7: 0/2 @- "\xc3\xbc b" -"#,
            r#"8: 0/3 @7 "" """#,
        ];
        assert_eq!(listed(&text).0, expected);
    }

    #[test]
    fn bytes_that_were_replaced_are_not_guessed() {
        let text = [
            "| offset: 0 CreateTime: 5 keySize: -1 valueSize: 8 sequence: -1 headerKeys: [] payload: \u{fffd}{\"wh\":1\n",
            "| offset: 1 CreateTime: 5 keySize: 1 valueSize: 1 sequence: -1 headerKeys: [] key: \u{fffd} payload: 1\n",
            "| offset: 2 CreateTime: 5 keySize: 1 valueSize: 1 sequence: -1 headerKeys: []\n",
            "| offset: x CreateTime: 5\nwhat\n",
        ]
        .concat();
        let found = listed(&text).0;
        assert!(found[0].starts_with("1: bad bytes that are not text"), "{found:?}");
        assert!(found[1].starts_with("2: bad bytes that are not text"), "{found:?}");
        assert!(found[2].starts_with("3: bad without its payload"), "{found:?}");
        assert!(found[3].starts_with("4: bad `offset: x CreateTime: 5\\nwhat` is no record"), "{found:?}");
    }

    #[test]
    fn transactions_that_were_given_up_are_dropped() {
        let open = batch("producerId: 1 isTransactional: true isControl: false");
        let end = batch("producerId: 1 isTransactional: true isControl: true");
        let record = |offset: i64| {
            format!(
                "| offset: {offset} CreateTime: 5 keySize: -1 valueSize: 1 sequence: 0 headerKeys: [] payload: {offset}\n"
            )
        };
        let marker = |of: &str| {
            format!(
                "| offset: 9 CreateTime: 5 keySize: 4 valueSize: 6 sequence: -1 headerKeys: [] endTxnMarker: {of} coordinatorEpoch: 0\n"
            )
        };
        let text = [
            &open,
            &record(1),
            &end,
            &marker("COMMIT"),
            &open,
            &record(2),
            &end,
            &marker("ABORT"),
            &open,
            &record(3),
        ]
        .map(String::as_str)
        .concat();
        let (found, told) = listed(&text);
        assert_eq!(found, [r#"2: 0/1 @5 - "1""#, "6: aborted", r#"10: 0/3 @5 - "3""#]);
        assert_eq!(told, "1 records of transactions without an end, taken as committed");
    }

    #[test]
    fn old_dumps_hold_it_all_in_the_records_line() {
        let text = "Starting offset: 0\noffset: 0 position: 0 CreateTime: 5 isvalid: true keysize: 1 valuesize: 8 magic: 2 \
            compresscodec: NONE producerId: -1 producerEpoch: -1 sequence: -1 isTransactional: false headerKeys: [] key: a payload: {\"wh\":1}\n";
        assert!(detect(&Head::new(text.as_bytes())));
        assert_eq!(listed(text).0, [r#"2: 0/0 @5 "a" "{\"wh\":1}""#]);
        assert!(!detect(&Head::new(b"offset: 3\n")));
    }
}
