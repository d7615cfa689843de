//! The lines of an input, one after the other, none longer than [`MAX_LINE_BYTES`].

use std::io::{BufRead, BufReader, Read};

use crate::{
    error::{Error, ErrorKind},
    input::Input,
};

/// The longest line that is read, in bytes.
pub(crate) const MAX_LINE_BYTES: usize = 256 << 10;

/// Reads lines that end in LF or CRLF.
pub(crate) struct Lines {
    name: String,
    source: BufReader<Box<dyn Read>>,
    line: Vec<u8>,
    number: u64,
}

impl Lines {
    pub(crate) fn new(input: Input) -> Self {
        let Input { name, reader, .. } = input;
        Self { name, source: BufReader::with_capacity(64 << 10, reader), line: Vec::new(), number: 0 }
    }

    /// Reads the next line; false where there is none.
    pub(crate) fn next(&mut self) -> Result<bool, Error> {
        self.line.clear();
        let mut limited = (&mut self.source).take(MAX_LINE_BYTES as u64 + 1);
        let read = limited.read_until(b'\n', &mut self.line);
        self.number += 1;
        let count = read.map_err(|error| self.error(ErrorKind::Io(error)))?;
        if count > MAX_LINE_BYTES {
            return Err(self.error(ErrorKind::RowTooLong(MAX_LINE_BYTES)));
        }
        Ok(count > 0)
    }

    /// The line last read, without its end.
    pub(crate) fn text(&self) -> &[u8] {
        let text = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        text.strip_suffix(b"\r").unwrap_or(text)
    }

    /// The same with a carriage return, if there is one: bytes that are no text may end in it.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.line.strip_suffix(b"\n").unwrap_or(&self.line)
    }

    /// Its number, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The input's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// An error on the line last read.
    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(&self.name, kind).at(self.number)
    }
}

/// The whole lines of an input's first bytes that are not blank; without a line feed all of it is one.
pub(crate) fn of_head(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = head.iter().rposition(|byte| *byte == b'\n').unwrap_or(head.len());
    let lines = head.get(..end).unwrap_or_default().split(|byte| *byte == b'\n');
    lines.filter(|line| !line.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: Vec<u8>) -> Lines {
        Lines::new(Input::from_reader("lines", std::io::Cursor::new(bytes)).unwrap())
    }

    #[test]
    fn lines_come_without_their_ends_and_with_their_numbers() {
        let mut lines = lines(b"one\r\n\ntwo\rthree\nfour".to_vec());
        let mut found = Vec::new();
        while lines.next().unwrap() {
            found.push((lines.number(), String::from_utf8_lossy(lines.text()).into_owned()));
        }
        let expected = [(1, "one"), (2, ""), (3, "two\rthree"), (4, "four")];
        assert_eq!(found, expected.map(|(number, text)| (number, text.to_owned())));
    }

    #[test]
    fn a_line_longer_than_the_limit_is_an_error_with_its_number() {
        let mut bytes = b"short\n".to_vec();
        bytes.extend(std::iter::repeat_n(b'x', 2 * MAX_LINE_BYTES));
        let mut lines = lines(bytes);
        assert!(lines.next().unwrap());
        let error = lines.next().unwrap_err();
        assert_eq!(error.line(), Some(2));
        assert!(matches!(error.kind(), ErrorKind::RowTooLong(_)));
    }
}
