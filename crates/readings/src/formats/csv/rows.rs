//! Bytes to rows: the `csv` crate, with a limit on the length of a row.

use std::io::{self, Cursor, Read};

use ::csv::{ByteRecord, Reader, ReaderBuilder};

use crate::{Error, ErrorKind, Input};

/// The longest row that is read, in bytes.
pub const MAX_ROW_BYTES: usize = 256 << 10;

/// The rows of an input, in order.
pub(super) struct Rows {
    name: String,
    reader: Reader<RowGuard<Box<dyn Read>>>,
}

impl Rows {
    pub(super) fn new(input: Input) -> Result<Self, Error> {
        let Input { name, mut reader } = input;
        let start = first_line(&mut reader).map_err(|error| Error::new(&name, ErrorKind::Io(error)))?;
        let delimiter = delimiter(&start);
        let reader: Box<dyn Read> = Box::new(Cursor::new(start).chain(reader));
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(delimiter).buffer_capacity(256 << 10);
        Ok(Self { name, reader: builder.from_reader(RowGuard { reader, since_row: 0 }) })
    }

    /// Reads the next row into `row`; false where there is none.
    #[inline]
    pub(super) fn next(&mut self, row: &mut ByteRecord) -> Result<bool, Error> {
        self.reader.get_mut().since_row = 0;
        let line = self.reader.position().line();
        self.reader.read_byte_record(row).map_err(|error| {
            let kind = match error.into_kind() {
                ::csv::ErrorKind::Io(error) if is_too_long(&error) => ErrorKind::RowTooLong(MAX_ROW_BYTES),
                ::csv::ErrorKind::Io(error) => ErrorKind::Io(error),
                other => ErrorKind::Io(io::Error::other(format!("{other:?}"))),
            };
            Error::new(&self.name, kind).at(line)
        })
    }
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

/// Ends the reading of a row that does not end, before it fills the memory.
struct RowGuard<R> {
    reader: R,
    since_row: usize,
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
        Ok(count)
    }
}

fn is_too_long(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<RowTooLong>)
}
