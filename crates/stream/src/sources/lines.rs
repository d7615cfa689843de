//! Lines on standard input: rows of a table with a header, or JSON, an object a line.
//!
//! The first line tells which (see `sources/text.rs`). The last line counts without a line feed too; an empty line is nothing;
//! what cannot be split is poison. What was read and not delivered is given again when the source is opened again in
//! the same process, and lost with the process.

use std::time::Duration;

use super::{
    stdin::{Next, Stdin},
    text::{self, Found, NoHeader, Table},
};
use crate::{
    error::Error,
    source::{Body, Incoming, Message, Place, Read, Repeats, Source},
};
use knowatt_readings::LiveRecord;

/// The lines of standard input.
pub struct Lines {
    /// None once it is closed.
    stdin: Option<Stdin>,
    table: Table,
}

impl Lines {
    /// Begins to read, or goes on where the source before it was.
    pub fn open() -> Self {
        Self::of(Stdin::open())
    }

    fn of(mut stdin: Stdin) -> Self {
        let table = std::mem::take(&mut stdin.table);
        Self { stdin: Some(stdin), table }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if let Some(mut stdin) = self.stdin.take() {
            stdin.table = std::mem::take(&mut self.table);
            stdin.keep();
        }
    }
}

impl Source for Lines {
    fn next(&mut self, patience: Duration) -> Result<Incoming<'_>, Error> {
        let Some(stdin) = &mut self.stdin else { return Ok(Incoming::End) };
        let found = loop {
            match stdin.next(patience) {
                Ok(Next::Line) => {}
                Ok(Next::Nothing) => return Ok(Incoming::Nothing),
                Ok(Next::End) => return Ok(Incoming::End),
                Err(error) => return Err(Error::outside(format!("standard input cannot be read: {error}"))),
            }
            let Some((line, number, _)) = stdin.line() else { return Ok(Incoming::Nothing) };
            let found = self.table.read(line, number == 0);
            match found.map_err(|NoHeader(why)| no_header("standard input", &why))? {
                Found::Nothing => {}
                found => break found,
            }
        };
        let Some((line, number, came_ms)) = stdin.line() else { return Ok(Incoming::Nothing) };
        let body = body(found, &line.bytes, number == 0, &self.table, Some(came_ms));
        Ok(Incoming::Message(Message {
            place: Place { partition: 0, offset: number },
            is_committed: false,
            body,
        }))
    }

    fn commit(&mut self, read: &[Read]) -> Result<(), Error> {
        if let (Some(stdin), Some(read)) = (&mut self.stdin, read.last()) {
            stdin.acknowledge(read.next_offset);
        }
        Ok(())
    }

    fn repeats(&self) -> Repeats {
        Repeats::Never
    }

    fn can_wait(&self) -> bool {
        true // in the pipe
    }

    fn name(&self) -> String {
        "standard input".to_owned()
    }
}

/// The error of a first line that is no header.
pub(super) fn no_header(name: &str, why: &str) -> Error {
    Error::change(format!(
        "{name}: the first line is neither JSON nor the header of a table: {why}; nothing was read. Put a line with the columns' \
         names first, such as `timestamp,wh`"
    ))
}

/// What a line is for the stream.
pub(super) fn body<'a>(
    found: Found,
    line: &'a [u8],
    is_first: bool,
    table: &'a Table,
    timestamp_ms: Option<i64>,
) -> Body<'a> {
    match found {
        Found::Row => Body::Row { columns: table.columns(), fields: table.fields(), timestamp_ms },
        Found::Poison(why) => Body::Poison { bytes: &line[..line.len().min(text::MAX_LINE_BYTES)], why },
        Found::Nothing | Found::Record => {
            let record = LiveRecord { timestamp_ms, key: None, value: Some(text::record(line, is_first)) };
            Body::Record { decoder: 0, record }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that comes, each in a line.
    fn said(source: &mut impl Source) -> Vec<String> {
        let mut said = Vec::new();
        loop {
            match source.next(Duration::from_secs(60)).unwrap() {
                Incoming::Message(Message { place, body, .. }) => {
                    let body = match body {
                        Body::Row { columns, fields, .. } => {
                            format!("{}: {}", columns.join("|"), fields.join("|"))
                        }
                        Body::Record { record, .. } => {
                            String::from_utf8_lossy(record.value.unwrap()).into_owned()
                        }
                        Body::Poison { bytes, why } => format!("{why}: {}", String::from_utf8_lossy(bytes)),
                        Body::Sample(sample) => format!("{sample:?}"),
                    };
                    said.push(format!("{} {body}", place.offset));
                }
                Incoming::End => return said,
                other => said.push(format!("{other:?}")),
            }
        }
    }

    #[test]
    fn a_table_and_json_are_read_to_the_last_line() {
        let mut table = Lines::of(Stdin::of(b"\xef\xbb\xbftime,wh\r\n1,2\r\n\r\n1\r\n3,4"));
        assert_eq!(
            said(&mut table),
            ["1 time|wh: 1|2", "3 1 field where the header has 2: 1\r", "4 time|wh: 3|4"]
        );
        let mut json = Lines::of(Stdin::of(b"{\"wh\":1}\n\n{\"wh\":2}"));
        assert_eq!(said(&mut json), ["0 {\"wh\":1}", "2 {\"wh\":2}"]);
        assert!(said(&mut Lines::of(Stdin::of(b""))).is_empty());
    }

    #[test]
    fn a_table_without_header_is_an_error_that_says_so() {
        let mut source = Lines::of(Stdin::of(b"2024-01-01T00:00,12\n"));
        let error = source.next(Duration::from_secs(60)).unwrap_err();
        assert!(
            error.to_string().starts_with("standard input: the first line is neither JSON nor the header"),
            "{error}"
        );
        source.stdin = None; // it is not for another test
    }

    #[test]
    fn opened_again_it_gives_what_was_not_committed() {
        let mut first = Stdin::of(b"time,wh\n1,2\n3,4\n5,6\n");
        let mut source = Lines { table: Table::default(), stdin: None };
        for _ in 0..3 {
            assert!(matches!(first.next(Duration::from_secs(60)).unwrap(), Next::Line));
        }
        source.stdin = Some(first);
        source.commit(&[Read { partition: 0, next_offset: 0, state_from: 0 }]).unwrap();
        let mut stdin = source.stdin.take().unwrap();
        stdin.acknowledge(2);
        stdin.table = Table::known(Some("time,wh")).unwrap();
        stdin.give_again();
        assert_eq!(said(&mut Lines::of(stdin)), ["2 time|wh: 3|4", "3 time|wh: 5|6"]);
    }
}
