//! Bytes to rows: `csv-core`, the state machine of the `csv` crate, fed from a buffer of our own.
//!
//! It is used without the crate's reader for two things that the reader does not give: a limit on the
//! length of a row, and the line on which a row begins. The reader's line numbers are off by one after a
//! CRLF and after blank lines (its issues 184, 208 and 395), because it counts the line feeds it has
//! consumed, and consumes those of a CRLF and of blank lines with the row that follows. So the last byte
//! consumed is looked at, here.

use std::io::{self, Read};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::Header;
use crate::{
    error::{Error, ErrorKind},
    input::Input,
};

/// The longest row that is read, in bytes.
pub const MAX_ROW_BYTES: usize = 256 << 10;

/// Bytes read at a time.
const BUFFER_BYTES: usize = 256 << 10;

/// The rows of an input, one after the other.
pub(super) struct Rows {
    name: String,
    source: Box<dyn Read>,
    buffer: Vec<u8>,
    /// What of the buffer was read and not yet consumed.
    unread: std::ops::Range<usize>,
    core: Reader,
    row: Row,
    line: u64,
    /// Lines of the input before the first row.
    lines_before: u64,
    line_feeds: u64,
    /// What ended the row last read; after a carriage return its line feed is still to come.
    ending: Ending,
}

/// What ended a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    LineFeed,
    CarriageReturn,
    /// The end of the input.
    End,
}

/// The fields of a row, unquoted.
pub(super) struct Row {
    bytes: Vec<u8>,
    /// Where each field ends.
    ends: Vec<usize>,
    fields: usize,
}

impl Row {
    /// How many fields it has.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.fields
    }

    /// A field, counted from 0; nothing where there is none.
    #[inline]
    pub(super) fn field(&self, at: usize) -> &[u8] {
        let ends = &self.ends[..self.fields];
        let start = if at == 0 { 0 } else { ends.get(at - 1).copied().unwrap_or_default() };
        let end = ends.get(at).copied().unwrap_or(start);
        &self.bytes[start..end]
    }

    /// The fields in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.fields).map(|at| self.field(at))
    }

    /// Line feeds within its fields.
    fn line_feeds(&self) -> u64 {
        self.iter().flat_map(|field| field.split(|&byte| byte == b'\n').skip(1)).count() as u64
    }
}

impl Rows {
    /// The rows from the header on; lines are counted from the beginning of the input.
    pub(super) fn new(input: Input, header: &Header) -> Result<Self, Error> {
        let Input { name, mut reader, .. } = input;
        let before = io::copy(&mut reader.by_ref().take(header.offset as u64), &mut io::sink());
        before.map_err(|error| Error::new(&name, ErrorKind::Io(error)))?;
        let mut rows = Self::from_parts(name, reader, header.delimiter, BUFFER_BYTES);
        rows.lines_before = header.lines_before;
        Ok(rows)
    }

    fn from_parts(name: String, source: Box<dyn Read>, delimiter: u8, buffer_bytes: usize) -> Self {
        Self {
            name,
            source,
            buffer: vec![0; buffer_bytes],
            unread: 0..0,
            core: ReaderBuilder::new().delimiter(delimiter).build(),
            row: Row { bytes: vec![0; 1024], ends: vec![0; 16], fields: 0 },
            line: 0,
            lines_before: 0,
            line_feeds: 0,
            ending: Ending::LineFeed,
        }
    }

    /// Whether the end of the input, and nothing else, ended the row last read.
    pub(super) fn is_cut_off(&self) -> bool {
        self.ending == Ending::End
    }

    /// The row last read.
    #[inline]
    pub(super) fn row(&self) -> &Row {
        &self.row
    }

    /// The line on which it begins, from 1.
    #[inline]
    pub(super) fn line(&self) -> u64 {
        self.lines_before + self.line
    }

    /// The line on which it ends.
    pub(super) fn last_line(&self) -> u64 {
        self.line() + self.line_feeds
    }

    /// How many line feeds it holds.
    #[inline]
    pub(super) fn line_feeds(&self) -> u64 {
        self.line_feeds
    }

    /// Reads the next row; false where there is none.
    #[inline]
    pub(super) fn next(&mut self) -> Result<bool, Error> {
        let before = self.core.line();
        let ending = self.read().map_err(|kind| Error::new(&self.name, kind).at(self.line() + 1))?;
        let Some(ending) = ending else { return Ok(false) };
        let (after, ended) = (self.core.line(), u64::from(ending == Ending::LineFeed));
        self.line = after - ended;
        // Beyond its own line feed and that of the CRLF before it, a row may hold some, or blank lines precede it.
        self.line_feeds = 0;
        if after - before != ended + u64::from(self.ending == Ending::CarriageReturn) {
            self.line_feeds = self.row.line_feeds();
            self.line -= self.line_feeds;
        }
        self.ending = ending;
        Ok(true)
    }

    /// Reads a row, if there is one, and tells what ended it.
    #[inline]
    fn read(&mut self) -> Result<Option<Ending>, ErrorKind> {
        let (mut length, mut is_end, mut last) = (0, false, None);
        self.row.fields = 0;
        loop {
            if self.unread.is_empty() && !is_end {
                is_end = self.fill()? == 0;
            }
            let input = &self.buffer[self.unread.clone()];
            let (bytes, ends) = (&mut self.row.bytes[length..], &mut self.row.ends[self.row.fields..]);
            let (result, consumed, written, ended) = self.core.read_record(input, bytes, ends);
            last = input[..consumed].last().copied().or(last);
            self.unread.start += consumed;
            length += written;
            self.row.fields += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if length >= MAX_ROW_BYTES => {
                    return Err(ErrorKind::RowTooLong(MAX_ROW_BYTES));
                }
                ReadRecordResult::OutputFull => self.row.bytes.resize(2 * self.row.bytes.len(), 0),
                ReadRecordResult::OutputEndsFull if self.row.fields >= MAX_ROW_BYTES => {
                    return Err(ErrorKind::RowTooLong(MAX_ROW_BYTES));
                }
                ReadRecordResult::OutputEndsFull => self.row.ends.resize(2 * self.row.ends.len(), 0),
                ReadRecordResult::Record => {
                    let by_line_feed = last == Some(b'\n');
                    let ending = if by_line_feed { Ending::LineFeed } else { Ending::CarriageReturn };
                    return Ok(Some(if is_end { Ending::End } else { ending }));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    /// Reads more of the source into the buffer.
    #[cold]
    fn fill(&mut self) -> Result<usize, ErrorKind> {
        loop {
            match self.source.read(&mut self.buffer) {
                Ok(count) => {
                    self.unread = 0..count;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ErrorKind::Io(error)),
            }
        }
    }
}

/// What separates the fields of the first line that is not blank.
pub(super) fn delimiter(start: &[u8]) -> u8 {
    let header = start.trim_ascii_start().split(|&byte| byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: &u8| header.split(|byte| byte == delimiter).count();
    // Of equals the last: a comma unless another is more frequent.
    b";\t,".iter().copied().max_by_key(count).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use std::io::Cursor;

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
            let source = Box::new(Cursor::new(text.as_bytes().to_vec()));
            let mut rows = Rows::from_parts(String::new(), source, b',', chunk);
            let mut found = Vec::new();
            while rows.next().unwrap() {
                found.push(rows.line());
            }
            prop_assert_eq!(found, lines, "{:?}", text);
        }

        #[test]
        fn rows_are_those_of_the_csv_crate(
            text in prop::collection::vec(prop::sample::select(b"a1,,,;\"\"\n\r \xff".to_vec()), 0..400),
            chunk in 1..50_usize,
        ) {
            let mut builder = ::csv::ReaderBuilder::new();
            let mut reader = builder.has_headers(false).flexible(true).from_reader(text.as_slice());
            let fields = |row: ::csv::ByteRecord| row.iter().map(<[u8]>::to_vec).collect::<Vec<_>>();
            let expected: Vec<_> = reader.byte_records().map(|row| fields(row.unwrap())).collect();
            let mut rows = Rows::from_parts(String::new(), Box::new(Cursor::new(text.clone())), b',', chunk);
            let mut found = Vec::new();
            while rows.next().unwrap() {
                found.push(rows.row().iter().map(<[u8]>::to_vec).collect::<Vec<_>>());
            }
            prop_assert_eq!(found, expected);
        }
    }
}
