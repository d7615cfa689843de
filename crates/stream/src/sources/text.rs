//! Lines of text as a table or as JSON, one by one as they come.
//!
//! The first line tells which: JSON begins with `{` or `[`, or is a number; anything else is the header of a table (RFC 4180,
//! as the `csv` crate reads it), separated by commas, semicolons or tabs, whichever the header has most of. A row is one line: a
//! field with a line feed in it is not read. Where columns are not separated by commas, a decimal comma is one.
//!
//! A line is at most [`MAX_LINE_BYTES`] long.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// The longest line that is read, in bytes.
pub(super) const MAX_LINE_BYTES: usize = 256 << 10;
/// The most columns.
const MAX_COLUMNS: usize = 1024;

/// A line as it was cut out of what came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Without its line feed; of a line that is too long the beginning.
    pub(super) bytes: Vec<u8>,
    /// How many bytes it took, its line feed too.
    pub(super) length: u64,
}

impl Line {
    /// Whether it is longer than is read.
    pub(super) fn is_too_long(&self) -> bool {
        self.bytes.len() > MAX_LINE_BYTES
    }
}

/// Cuts what comes into lines.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    partial: Vec<u8>,
    length: u64,
}

impl Splitter {
    /// Takes what came; whole lines are given to `found`.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut found: impl FnMut(Line)) {
        while let Some(at) = bytes.iter().position(|&byte| byte == b'\n') {
            self.keep(&bytes[..at]);
            self.length += 1;
            found(self.take());
            bytes = &bytes[at + 1..];
        }
        self.keep(bytes);
    }

    /// The last line, which has no line feed.
    pub(super) fn finish(&mut self) -> Option<Line> {
        (self.length > 0).then(|| self.take())
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = (MAX_LINE_BYTES + 1).saturating_sub(self.partial.len());
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.length += bytes.len() as u64;
    }

    fn take(&mut self) -> Line {
        Line { bytes: std::mem::take(&mut self.partial), length: std::mem::take(&mut self.length) }
    }
}

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing: blank, or a header.
    Nothing,
    /// A record, which is all of the line.
    Record,
    /// A row: its fields are in [`Table::fields`].
    Row,
    /// What cannot be read, and why.
    Poison(String),
}

/// The first line is no header.
#[derive(Debug)]
pub(super) struct NoHeader(pub(super) String);

/// What lines are, as the first of them told.
#[derive(Debug, Default)]
pub(super) struct Table {
    form: Option<Form>,
    columns: Vec<String>,
    fields: Vec<String>,
    output: Vec<u8>,
    ends: Vec<usize>,
}

#[derive(Debug)]
enum Form {
    Json,
    Csv { header: String, delimiter: u8, reader: Box<Reader> },
}

impl Table {
    /// A table whose header was read before; without one, JSON.
    pub(super) fn known(header: Option<&str>) -> Result<Self, NoHeader> {
        let mut table = Self::default();
        match header {
            Some(header) => drop(table.begin(header.as_bytes())?),
            None => table.form = Some(Form::Json),
        }
        Ok(table)
    }

    /// The header's line, of a table.
    pub(super) fn header(&self) -> Option<&str> {
        match &self.form {
            Some(Form::Csv { header, .. }) => Some(header),
            _ => None,
        }
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The fields of the row last read.
    pub(super) fn fields(&self) -> &[String] {
        &self.fields
    }

    /// Reads a line; `is_first` is the first one of a file.
    pub(super) fn read(&mut self, line: &Line, is_first: bool) -> Result<Found, NoHeader> {
        if line.is_too_long() {
            let kib = MAX_LINE_BYTES >> 10;
            return Ok(Found::Poison(format!("a line longer than {kib} KiB; its first {kib} KiB are kept")));
        }
        let text = trimmed(&line.bytes, is_first);
        if text.trim_ascii().is_empty() {
            return Ok(Found::Nothing);
        }
        let header = match &self.form {
            None => return self.begin(text),
            Some(Form::Json) => return Ok(Found::Record),
            Some(Form::Csv { header, .. }) => header,
        };
        if text == header.as_bytes() {
            return Ok(Found::Nothing); // one table after the other, each with its header
        }
        if is_first && is_json(text) {
            self.form = Some(Form::Json);
            return Ok(Found::Record);
        }
        let row = self.row(text);
        if is_first && row == Found::Row && !self.fields.iter().any(|field| is_number(field)) {
            return self.begin(text); // a new file with other columns
        }
        Ok(row)
    }

    /// Reads the first line.
    fn begin(&mut self, text: &[u8]) -> Result<Found, NoHeader> {
        if is_json(text) {
            self.form = Some(Form::Json);
            return Ok(Found::Record);
        }
        let count = |delimiter: u8| text.split(|&byte| byte == delimiter).count();
        let mut delimiter = b',';
        for other in [b';', b'\t'] {
            if count(other) > count(delimiter) {
                delimiter = other;
            }
        }
        let header = String::from_utf8_lossy(text).into_owned();
        let reader = Box::new(ReaderBuilder::new().delimiter(delimiter).build());
        self.columns.clear();
        self.form = Some(Form::Csv { header, delimiter, reader });
        if let Found::Poison(why) = self.row(String::from_utf8_lossy(text).as_bytes()) {
            self.form = None;
            return Err(NoHeader(why));
        }
        if let Some(number) = self.fields.iter().find(|field| is_number(field)) {
            let why = format!("`{number}` in it is a number, where a header names the columns");
            self.form = None;
            return Err(NoHeader(why));
        }
        self.columns = self.fields.iter().map(|name| name.trim().to_owned()).collect();
        Ok(Found::Nothing)
    }

    /// Splits a row into its fields.
    fn row(&mut self, text: &[u8]) -> Found {
        let Some(Form::Csv { delimiter, reader, .. }) = &mut self.form else { return Found::Record };
        reader.reset();
        self.output.resize(text.len() + 1, 0); // with room to spare, else the row is not seen to end
        self.ends.resize(MAX_COLUMNS, 0);
        let (mut at, mut written, mut fields, mut is_whole) = (0, 0, 0, false);
        for input in [text, b"\n"] {
            let (result, read, wrote, ended) =
                reader.read_record(input, &mut self.output[written..], &mut self.ends[fields..]);
            (at, written, fields) = (at + read, written + wrote, fields + ended);
            match result {
                ReadRecordResult::Record => is_whole = true,
                ReadRecordResult::OutputEndsFull => {
                    return Found::Poison(format!("more than {MAX_COLUMNS} fields"));
                }
                _ => {}
            }
            if is_whole {
                break;
            }
        }
        if !is_whole {
            return Found::Poison("a quotation mark that is not closed on its line".to_owned());
        }
        if at <= text.len() {
            return Found::Poison("a carriage return within the row".to_owned());
        }
        let Ok(output) = std::str::from_utf8(&self.output[..written]) else {
            return Found::Poison("not UTF-8 text".to_owned());
        };
        let width = if self.columns.is_empty() { fields } else { self.columns.len() };
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let found = starts
            .zip(&self.ends)
            .take(fields)
            .map(|(start, &end)| output.get(start..end).unwrap_or_default());
        // Trailing empty fields are nobody's.
        if fields < width || found.clone().skip(width).any(|field| !field.trim().is_empty()) {
            let plural = if fields == 1 { "" } else { "s" };
            return Found::Poison(format!("{fields} field{plural} where the header has {width}"));
        }
        self.fields.resize_with(width, String::new);
        for (field, found) in self.fields.iter_mut().zip(found) {
            field.clear();
            field.push_str(found);
            if *delimiter != b',' {
                point_for_comma(field);
            }
        }
        Found::Row
    }
}

/// A line without its carriage return, and the first one of a file without a byte order mark.
fn trimmed(line: &[u8], is_first: bool) -> &[u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let unmarked = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| is_first);
    unmarked.unwrap_or(line)
}

/// The record that a line is.
pub(super) fn record(line: &[u8], is_first: bool) -> &[u8] {
    trimmed(line, is_first).trim_ascii()
}

fn is_json(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    matches!(text, [b'{' | b'[', ..]) || std::str::from_utf8(text).is_ok_and(is_number)
}

fn is_number(field: &str) -> bool {
    let field = field.trim();
    field.parse::<f64>().is_ok_and(f64::is_finite) && field.contains(|c: char| c.is_ascii_digit())
}

/// A decimal comma as a point, and the points between thousands left out, if that makes a number of it.
fn point_for_comma(field: &mut String) {
    if field.bytes().filter(|&byte| byte == b',').count() != 1 {
        return;
    }
    let with_point: String =
        field.chars().filter(|&c| c != '.').map(|c| if c == ',' { '.' } else { c }).collect();
    if is_number(&with_point) {
        *field = with_point;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(text: &str) -> Line {
        Line { bytes: text.as_bytes().to_vec(), length: text.len() as u64 + 1 }
    }

    fn said(table: &mut Table, text: &str, is_first: bool) -> String {
        match table.read(&line(text), is_first) {
            Ok(Found::Row) => table.fields().join("|"),
            Ok(Found::Poison(why)) => format!("poison: {why}"),
            Ok(found) => format!("{found:?}"),
            Err(NoHeader(why)) => format!("no header: {why}"),
        }
    }

    #[test]
    fn the_first_line_tells_a_table_from_json() {
        for (first, second, expected) in [
            ("time,wh", "1,2", "1|2"),
            ("\u{feff}time;wh\r", "1;2,5\r", "1|2.5"),
            ("time\twh", "1\t1.234,5", "1|1234.5"),
            ("\"time\",\"wh, in all\"", "\"a \"\"b\"\"\",\"2,5\"", "a \"b\"|2,5"),
            ("time,wh", "1,2,,", "1|2"),
            ("time,wh", "1", "poison: 1 field where the header has 2"),
            ("time,wh", "1,2,3", "poison: 3 fields where the header has 2"),
            ("time,wh", "1,\"2", "poison: a quotation mark that is not closed on its line"),
            ("time,wh", "1\r,2", "poison: a carriage return within the row"),
            ("time,wh", "time,wh", "Nothing"),
            ("time,wh", " \r", "Nothing"),
            ("{\"wh\":1}", "anything", "Record"),
            ("0.5", "anything", "Record"),
            ("[1]", "", "Nothing"),
        ] {
            let mut table = Table::default();
            said(&mut table, first, true);
            assert_eq!(said(&mut table, second, false), expected, "{first} {second}");
            // A quotation mark that is not closed costs its own row only.
            if table.header().is_some() && table.columns().len() == 2 && expected.starts_with("poison") {
                assert_eq!(said(&mut table, "3,4", false), "3|4");
            }
        }
        assert_eq!(
            said(&mut Table::default(), "2024-01-01 00:00,12", true),
            "no header: `12` in it is a number, where a header names the columns"
        );
        let mut table = Table::default();
        said(&mut table, "time,wh", true);
        assert_eq!(
            table.read(&Line { bytes: b"1,\xff".to_vec(), length: 4 }, false).unwrap(),
            Found::Poison("not UTF-8 text".to_owned())
        );
    }

    #[test]
    fn a_new_file_may_have_its_header_or_none_or_another() {
        let mut table = Table::known(Some("time,wh")).unwrap();
        assert_eq!(said(&mut table, "time,wh", true), "Nothing");
        assert_eq!(said(&mut table, "a,2", true), "a|2");
        assert_eq!(said(&mut table, "at,kwh", true), "Nothing");
        assert_eq!(table.columns(), ["at", "kwh"]);
        assert_eq!(table.header(), Some("at,kwh"));
        assert_eq!(said(&mut table, "{}", true), "Record");
        assert_eq!(table.header(), None);
        assert_eq!(said(&mut Table::known(None).unwrap(), "a,b", false), "Record");
    }

    #[test]
    fn a_line_too_long_is_poison_and_the_next_one_is_read() {
        let (mut splitter, mut lines) = (Splitter::default(), Vec::new());
        let text = [vec![b'a'; MAX_LINE_BYTES], vec![b'\n'], vec![b'b'; MAX_LINE_BYTES + 9], b"\nc".to_vec()]
            .concat();
        for chunk in text.chunks(7777) {
            splitter.feed(chunk, |line| lines.push(line));
        }
        lines.extend(splitter.finish());
        assert_eq!(lines.iter().map(Line::is_too_long).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(lines.iter().map(|line| line.length).sum::<u64>(), text.len() as u64);
        let mut table = Table::default();
        said(&mut table, "time,wh", true);
        let Ok(Found::Poison(why)) = table.read(&lines[1], false) else { panic!() };
        assert_eq!(why, "a line longer than 256 KiB; its first 256 KiB are kept");
    }

    proptest! {
        #[test]
        fn lines_are_the_same_however_they_come(text in prop::collection::vec(prop_oneof![3 => any::<u8>(), 1 => Just(b'\n')], 0..300), size in 1..50_usize) {
            let (mut splitter, mut lines) = (Splitter::default(), Vec::new());
            for chunk in text.chunks(size) {
                splitter.feed(chunk, |line| lines.push(line.bytes));
            }
            lines.extend(splitter.finish().map(|line| line.bytes));
            let mut expected: Vec<_> = text.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
            expected.pop_if(|last| last.is_empty());
            prop_assert_eq!(lines, expected);
        }

        #[test]
        fn any_line_is_read_or_refused(header in "\\PC{0,30}", row in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut table = Table::default();
            if table.read(&line(&header), true).is_ok() {
                let row = Line { length: 0, bytes: row };
                if let Ok(Found::Row) = table.read(&row, false) {
                    prop_assert_eq!(table.fields().len(), table.columns().len());
                }
            }
        }

        #[test]
        fn what_the_csv_crate_writes_is_read(fields in prop::collection::vec("[^\n\r]{0,12}", 2..6)) {
            let columns: Vec<String> = (0..fields.len()).map(|at| format!("c{at}")).collect();
            let mut table = Table::default();
            said(&mut table, &columns.join(","), true);
            let quoted: Vec<_> = fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
            prop_assert_eq!(said(&mut table, &quoted.join(","), false), fields.join("|"));
        }
    }
}
