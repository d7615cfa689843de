//! Lines of bytes, whatever they hold, each at most [`MAX_LINE_BYTES`] long.

use std::io::{BufRead, BufReader, Read};

use crate::{
    error::{Error, ErrorKind},
    input::Input,
};

/// The longest line that is read, in bytes.
pub(crate) const MAX_LINE_BYTES: usize = 256 << 10;

/// The lines of an input, one after the other.
pub(crate) struct Lines {
    name: String,
    format: &'static str,
    reader: BufReader<Box<dyn Read>>,
    line: Vec<u8>,
    number: u64,
}

impl Lines {
    /// The lines of an input in this format.
    pub(crate) fn new(input: Input, format: &'static str) -> Self {
        let Input { name, reader, .. } = input;
        Self { name, format, reader: BufReader::with_capacity(64 << 10, reader), line: Vec::new(), number: 0 }
    }

    /// Reads the next line; false where there is none.
    pub(crate) fn next(&mut self) -> Result<bool, Error> {
        self.line.clear();
        let most = MAX_LINE_BYTES as u64 + 1;
        let read = self.reader.by_ref().take(most).read_until(b'\n', &mut self.line);
        let read = read.map_err(|error| Error::new(&self.name, ErrorKind::Io(error)).at(self.number + 1))?;
        self.number += u64::from(read > 0);
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if self.line.len() > MAX_LINE_BYTES {
            return Err(self.broken(&format!("a line longer than {} KiB", MAX_LINE_BYTES >> 10)));
        }
        Ok(read > 0)
    }

    /// The line last read, without its line feed.
    pub(crate) fn line(&self) -> &[u8] {
        &self.line
    }

    /// The same without the carriage return before it.
    pub(crate) fn text(&self) -> &[u8] {
        self.line.strip_suffix(b"\r").unwrap_or(&self.line)
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

    /// What is wrong at that line.
    pub(crate) fn broken(&self, what: &str) -> Error {
        let what = format!("{what}; nothing was used of it");
        self.error(ErrorKind::Broken { format: self.format, what })
    }
}

/// The first whole lines of a head that are not blank; the last one too if it is all there is.
pub(crate) fn of_head(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = head.iter().rposition(|byte| *byte == b'\n').unwrap_or(head.len());
    let lines = head.get(..end).unwrap_or_default().split(|byte| *byte == b'\n');
    lines.filter(|line| !line.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<(u64, Vec<u8>)>, Error> {
        let input = Input::from_reader("lines", std::io::Cursor::new(bytes.to_vec()))?;
        let (mut lines, mut found) = (Lines::new(input, "list"), Vec::new());
        while lines.next()? {
            found.push((lines.number(), lines.line().to_vec()));
        }
        Ok(found)
    }

    #[test]
    fn lines_are_bytes_between_line_feeds() {
        let expected = [(1, b"a\r".to_vec()), (2, vec![]), (3, b"\xff\0".to_vec())];
        assert_eq!(read(b"a\r\n\n\xff\0").unwrap(), expected);
        assert_eq!(read(b"a\r\n\n\xff\0\n").unwrap(), expected);
        assert!(read(b"").unwrap().is_empty());
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let longest = vec![b'a'; MAX_LINE_BYTES];
        assert!(read(&[&longest[..], b"\n", &longest[..]].concat()).is_ok());
        let error = read(&[b"x\n", &longest[..], b"a"].concat()).unwrap_err();
        assert_eq!(error.line(), Some(2));
        assert!(error.to_string().contains("a line longer than 256 KiB"), "{error}");
    }
}
