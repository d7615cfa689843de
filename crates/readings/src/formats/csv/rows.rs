//! Bytes to rows: the `csv` crate, with a limit on the length of a row and a line number for each.
//!
//! The crate's own line numbers are not used as they are: they are off by one after a CRLF and after
//! blank lines (its issues 184, 208 and 395), because it counts the line feeds that it has consumed, and
//! consumes those of a CRLF and of blank lines with the row that follows. So the last byte consumed is
//! looked at.

use std::io::{self, Cursor, Read};

use ::csv::{ByteRecord, Reader, ReaderBuilder};

use crate::{Error, ErrorKind, Input};

/// The longest row that is read, in bytes.
pub const MAX_ROW_BYTES: usize = 256 << 10;

/// The rows of an input, in order.
pub(super) struct Rows {
    name: String,
    reader: Reader<RowGuard<Box<dyn Read>>>,
    line: u64,
    /// Whether the row last read ended in a carriage return, whose line feed is still to come.
    after_cr: bool,
}

impl Rows {
    pub(super) fn new(input: Input) -> Result<Self, Error> {
        let Input { name, mut reader } = input;
        let start = first_line(&mut reader).map_err(|error| Error::new(&name, ErrorKind::Io(error)))?;
        let delimiter = delimiter(&start);
        let reader: Box<dyn Read> = Box::new(Cursor::new(start).chain(reader));
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(delimiter).buffer_capacity(256 << 10);
        Ok(Self { name, reader: builder.from_reader(RowGuard::new(reader)), line: 0, after_cr: false })
    }

    /// The line on which the row last read begins, from 1.
    #[inline]
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Reads the next row into `row`; false where there is none.
    #[inline]
    pub(super) fn next(&mut self, row: &mut ByteRecord) -> Result<bool, Error> {
        self.reader.get_mut().since_row = 0;
        let before = self.reader.position().line();
        let is_row = self.reader.read_byte_record(row).map_err(|error| {
            let kind = match error.into_kind() {
                ::csv::ErrorKind::Io(error) if is_too_long(&error) => ErrorKind::RowTooLong(MAX_ROW_BYTES),
                ::csv::ErrorKind::Io(error) => ErrorKind::Io(error),
                other => ErrorKind::Io(io::Error::other(format!("{other:?}"))),
            };
            Error::new(&self.name, kind).at(self.line + 1)
        })?;
        let after = self.reader.position();
        let last = self.reader.get_ref().terminator_before(after.byte());
        let ended = u64::from(last == Some(b'\n'));
        self.line = after.line() - ended;
        // Beyond its own line feed and that of the CRLF before it, a row may hold some, or blank lines precede it.
        if after.line() - before != ended + u64::from(self.after_cr) {
            self.line -= line_feeds(row);
        }
        self.after_cr = last == Some(b'\r');
        Ok(is_row)
    }
}

/// Line feeds within the fields of a row.
pub(super) fn line_feeds(row: &ByteRecord) -> u64 {
    row.iter().flat_map(|field| field.split(|&byte| byte == b'\n').skip(1)).count() as u64
}

/// Reads as far as the first line feed (or as far as a row may go).
fn first_line(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    while start.len() < MAX_ROW_BYTES && !start.contains(&b'\n') {
        if reader.take(4096).read_to_end(&mut start)? == 0 {
            break;
        }
    }
    Ok(start)
}

fn delimiter(start: &[u8]) -> u8 {
    let header = start.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: &u8| header.split(|byte| byte == delimiter).count();
    // Of equals the last: a comma unless another is more frequent.
    b";\t,".iter().copied().max_by_key(count).unwrap_or(b',')
}

/// Ends the reading of a row that does not end, before it fills the memory; keeps what was read last.
struct RowGuard<R> {
    reader: R,
    since_row: usize,
    /// What was read last, and where it begins.
    chunk: Vec<u8>,
    chunk_start: u64,
    at_end: bool,
}

impl<R> RowGuard<R> {
    fn new(reader: R) -> Self {
        Self { reader, since_row: 0, chunk: Vec::new(), chunk_start: 0, at_end: false }
    }

    /// The byte before a position up to which was read, unless it was the end that ended the row.
    #[inline]
    fn terminator_before(&self, position: u64) -> Option<u8> {
        if self.at_end {
            return None;
        }
        let place = position.checked_sub(self.chunk_start + 1)?;
        self.chunk.get(usize::try_from(place).ok()?).copied()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the row is too long")]
struct RowTooLong;

impl<R: Read> Read for RowGuard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since_row > MAX_ROW_BYTES {
            return Err(io::Error::other(RowTooLong));
        }
        let count = self.reader.read(buffer)?;
        self.since_row += count;
        self.at_end = count == 0;
        if count > 0 {
            self.chunk_start += self.chunk.len() as u64;
            self.chunk.clear();
            self.chunk.extend_from_slice(&buffer[..count]);
        }
        Ok(count)
    }
}

fn is_too_long(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<RowTooLong>)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_row_has_the_line_it_begins_on(
            rows in prop::collection::vec((
                prop::sample::select(vec!["", "\n", "\r\n", "\n\n", "\r\n\n"]),
                prop::sample::select(vec!["a,1", "\"a\",1", "\"a\nb\",1", "\"a\r\n\r\nb\",\"\n\"", "a,"]),
                prop::sample::select(vec!["\n", "\r\n"]),
            ), 1..40),
            is_ended in any::<bool>(),
            chunk in 1..60_usize,
        ) {
            let (mut text, mut lines) = (String::new(), Vec::new());
            for (blank, row, end) in rows {
                text += blank;
                lines.push(1 + text.matches('\n').count() as u64);
                text += row;
                text += end;
            }
            let text = if is_ended { text.as_str() } else { text.trim_end() };
            let mut builder = ReaderBuilder::new();
            builder.has_headers(false).flexible(true).buffer_capacity(chunk);
            let reader: Box<dyn Read> = Box::new(Cursor::new(text.as_bytes().to_vec()));
            let mut rows = Rows { name: String::new(), reader: builder.from_reader(RowGuard::new(reader)), line: 0, after_cr: false };
            let (mut row, mut found) = (ByteRecord::new(), Vec::new());
            while rows.next(&mut row).unwrap() {
                found.push(rows.line());
            }
            prop_assert_eq!(found, lines, "{:?}", text);
        }
    }
}
