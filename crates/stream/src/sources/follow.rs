//! A file that is followed as it grows: rows of a table with a header, or JSON, an object a line.
//!
//! It is read from its beginning, or from where the store says that it was read to, and looked at each half second
//! from then on. A line without its line feed waits for it. What the lines are the first one tells (see `sources/text.rs`).
//!
//! - **Rotation**: where another file has taken the name, the old one is read to its end (until it has not grown for a second), and the new
//!   one from its beginning. A header of its own is skipped, other columns are taken.
//! - **Truncation**: a file that is shorter than what was read of it, or begins otherwise, is read from its beginning. If a copy
//!   of what it was lies beside it (`copytruncate`), that is read to its end first.
//! - **Restart**: the [position](Source::position) is the offset behind the last line that was given, and which file it is: its inode
//!   and a digest of its first bytes. A file that was renamed meanwhile is found in the same folder and read to its end. What was rotated
//!   more than once since then is not read but the last time, and what was packed is not found; that is said.
//!
//! Lines that were there when the file was opened have no time of arrival: they must hold a time. Packed files are refused.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    lines::{body, no_header},
    text::{Found, Line, NoHeader, Splitter, Table},
};
use crate::{
    anomaly::hex,
    clock,
    error::Error,
    source::{Incoming, Message, Place, Read, Repeats, Source},
};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// So many looks a rotated file must not have grown.
const QUIET_LOOKS: u32 = 2;
/// Bytes read at a time.
const CHUNK_BYTES: usize = 64 << 10;
/// The first bytes of a file, by which it is known again.
const HEAD_BYTES: usize = 1024;

/// How far which file was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The file's number in its file system.
    inode: u64,
    /// The digest of its first bytes, and how many they are.
    head: String,
    head_bytes: usize,
    /// Behind the last line that was given.
    offset: u64,
    /// The header of the table; none for JSON.
    header: Option<String>,
}

/// The lines of a file that grows.
pub struct Follow {
    path: PathBuf,
    reading: Reading,
    table: Table,
    splitter: Splitter,
    /// Lines that were cut and not yet given.
    lines: VecDeque<Cut>,
    current: Option<Cut>,
    /// Files of which not all was given, the oldest first.
    parts: VecDeque<Part>,
    /// Where the position of what is cut next lies in all that was read, one file behind the other.
    cut_to: i64,
    /// Likewise of what was given last.
    given_to: i64,
    look_every: Duration,
    next_look: Instant,
    quiet_looks: u32,
    /// Whether nothing is to be read before the file is looked at again.
    is_at_end: bool,
    buffer: Vec<u8>,
}

/// The file that is read.
struct Reading {
    file: File,
    inode: u64,
    /// How far it was read.
    read_to: u64,
    /// What was there when it was opened ends here.
    history_ends: u64,
}

/// A line, and where its end lies in all that was read.
struct Cut {
    line: Line,
    ends: i64,
    is_first: bool,
    came_ms: Option<i64>,
}

/// A file as a part of all that was read.
struct Part {
    inode: u64,
    head: Vec<u8>,
    /// Where its beginning lies.
    starts: i64,
    /// The header that its lines are read by.
    header: Option<String>,
}

impl Follow {
    /// Opens the file, at its beginning or at a [position](Source::position) that was kept.
    pub fn open(path: &Path, position: Option<&str>) -> Result<Self, Error> {
        let Some(position) = position else {
            return Ok(Self::begin(path, Reading::open(path, 0)?, Table::default(), Vec::new()));
        };
        let position: Position = serde_json::from_str(position).map_err(|error| {
            let path = path.display();
            Error::change(format!("the position kept for {path} is none: {error}; nothing was read"))
        })?;
        let known = match position.header.as_deref() {
            None if position.offset == 0 => Table::default(),
            header => Table::known(header).unwrap_or_default(),
        };
        if let Some((found, head)) = find(path, &position) {
            return Ok(Self::begin(path, Reading::open(&found, position.offset)?, known, head));
        }
        tracing::warn!(
            file = %path.display(),
            offset = position.offset,
            "the file that was followed is gone, or begins otherwise: what was written to it behind that offset is not read; \
             the file of that name is read from its beginning"
        );
        Ok(Self::begin(path, Reading::open(path, 0)?, known, Vec::new()))
    }

    fn begin(path: &Path, reading: Reading, table: Table, head: Vec<u8>) -> Self {
        let cut_to = i64::try_from(reading.read_to).unwrap_or_default();
        let header = table.header().map(str::to_owned);
        let part = Part { inode: reading.inode, head, starts: 0, header };
        Self {
            path: path.to_owned(),
            reading,
            table,
            splitter: Splitter::default(),
            lines: VecDeque::new(),
            current: None,
            parts: VecDeque::from([part]),
            cut_to,
            given_to: cut_to,
            look_every: LOOK,
            next_look: Instant::now(),
            quiet_looks: 0,
            is_at_end: false,
            buffer: vec![0; CHUNK_BYTES],
        }
    }

    /// Reads on, and gives how many bytes there were.
    fn read(&mut self) -> Result<usize, Error> {
        let reading = &mut self.reading;
        let read = match reading.file.read(&mut self.buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(0),
            Err(error) => return Err(failed(&self.path, &error)),
        };
        let chunk = &self.buffer[..read];
        let Some(part) = self.parts.back_mut() else { return Ok(0) };
        let room = HEAD_BYTES.saturating_sub(part.head.len());
        part.head.extend_from_slice(&chunk[..read.min(room)]);
        if let Some(what) = packed(&part.head) {
            let path = self.path.display();
            return Err(Error::change(format!(
                "{path} is {what}, which cannot be followed; nothing was read of it. Unpack it, and give it on standard input"
            )));
        }
        reading.read_to += read as u64;
        let (starts, history_ends) = (part.starts, reading.history_ends);
        let (lines, cut_to) = (&mut self.lines, &mut self.cut_to);
        let now = clock::now_ms();
        self.splitter.feed(chunk, |line| {
            let is_first = *cut_to == starts;
            *cut_to += i64::try_from(line.length).unwrap_or_default();
            let is_history = u64::try_from(*cut_to - starts).unwrap_or_default() <= history_ends;
            lines.push_back(Cut { line, ends: *cut_to, is_first, came_ms: (!is_history).then_some(now) });
        });
        // What comes later may be of a file that was truncated meanwhile: it is looked at first.
        self.is_at_end = read < CHUNK_BYTES;
        Ok(read)
    }

    /// Looks whether the file has grown, or another has taken its name.
    fn look(&mut self) -> Result<(), Error> {
        self.next_look = Instant::now() + self.look_every;
        if self.is_truncated()? && self.path.exists() {
            return self.begin_again();
        }
        if self.read()? > 0 {
            self.quiet_looks = 0;
            return Ok(());
        }
        match fs::metadata(&self.path) {
            Ok(there) if inode(&there) != self.reading.inode => {
                self.quiet_looks += 1;
                if self.quiet_looks >= QUIET_LOOKS { self.go_on_to_new_file() } else { Ok(()) }
            }
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()), // it may come back
            Err(error) => Err(failed(&self.path, &error)),
        }
    }

    /// Whether the file is no longer what was read.
    fn is_truncated(&mut self) -> Result<bool, Error> {
        let reading = &mut self.reading;
        let failed = |error: io::Error| failed(&self.path, &error);
        let length = reading.file.metadata().map_err(failed)?.len();
        let Some(part) = self.parts.back() else { return Ok(false) };
        let head = head_of(&mut reading.file, part.head.len()).map_err(failed)?;
        reading.file.seek(SeekFrom::Start(reading.read_to)).map_err(failed)?;
        Ok(length < reading.read_to || head != part.head)
    }

    /// Begins a truncated file anew; a copy of what it was is read to its end before.
    fn begin_again(&mut self) -> Result<(), Error> {
        let offset = self.reading.read_to;
        let head = self.parts.back().map(|part| part.head.clone()).unwrap_or_default();
        let is_copy =
            |path: &PathBuf| long_enough(path, offset, head.len()).is_some_and(|there| there == head);
        let copy = beside(&self.path).into_iter().find(is_copy);
        if let Some(copy) = copy.filter(|_| !head.is_empty()) {
            tracing::info!(file = %self.path.display(), copy = %copy.display(), "the file was truncated; the copy of it is read to its end first");
            let mut reading = Reading::open(&copy, offset)?;
            reading.history_ends = 0;
            if let Some(part) = self.parts.back_mut() {
                part.inode = reading.inode;
            }
            self.reading = reading;
            self.is_at_end = false;
            return Ok(());
        }
        tracing::warn!(file = %self.path.display(), offset, "the file was truncated: it is read from its beginning");
        self.begin_file()
    }

    fn go_on_to_new_file(&mut self) -> Result<(), Error> {
        tracing::info!(file = %self.path.display(), "another file has taken the name: it is read from its beginning");
        for missed in self.missed() {
            tracing::warn!(file = %missed.display(), "it was changed after the file that was read, and before the one that is read next: it was not read");
        }
        if let Some(line) = self.splitter.finish() {
            let is_first = self.parts.back().is_some_and(|part| part.starts == self.cut_to);
            self.cut_to += i64::try_from(line.length).unwrap_or_default();
            self.lines.push_back(Cut { line, ends: self.cut_to, is_first, came_ms: Some(clock::now_ms()) });
        }
        self.begin_file()
    }

    /// Files that had the name after the one that was read, and before the one that has it now, if it was rotated more than once.
    fn missed(&self) -> Vec<PathBuf> {
        let changed = |there: fs::Metadata| there.modified().ok();
        let Some(read) = self.reading.file.metadata().ok().and_then(changed) else { return Vec::new() };
        let name = self.path.file_name().unwrap_or_default().as_encoded_bytes();
        let is_missed = |path: &PathBuf| {
            let has_name = path.file_name().is_some_and(|other| other.as_encoded_bytes().starts_with(name));
            let there =
                fs::metadata(path).ok().filter(|there| there.is_file() && inode(there) != self.reading.inode);
            has_name && there.and_then(changed).is_some_and(|at| at > read)
        };
        beside(&self.path).into_iter().filter(is_missed).collect()
    }

    /// Reads the file that has the name now from its beginning. What is left of a line that has not ended is lost with it.
    fn begin_file(&mut self) -> Result<(), Error> {
        self.reading = Reading::open(&self.path, 0)?;
        self.reading.history_ends = 0;
        (self.is_at_end, self.quiet_looks) = (false, 0);
        if let Some(line) = self.splitter.finish() {
            tracing::warn!(file = %self.path.display(), bytes = line.length, "the line that had not ended is gone");
        }
        let header = self.table.header().map(str::to_owned);
        let part = Part { inode: self.reading.inode, head: Vec::new(), starts: self.cut_to, header };
        self.parts.push_back(part);
        Ok(())
    }
}

impl Source for Follow {
    fn next(&mut self, patience: Duration) -> Result<Incoming<'_>, Error> {
        let until = Instant::now() + patience;
        let found = loop {
            let Some(cut) = self.lines.pop_front() else {
                if !self.is_at_end {
                    self.read()?;
                    continue;
                }
                let now = Instant::now();
                if now >= self.next_look {
                    self.look()?;
                } else if now < until {
                    std::thread::sleep((self.next_look.min(until)) - now);
                }
                if self.lines.is_empty() && Instant::now() >= until {
                    return Ok(Incoming::Nothing);
                }
                continue;
            };
            let found = self.table.read(&cut.line, cut.is_first);
            let found = found.map_err(|NoHeader(why)| no_header(&self.path.display().to_string(), &why))?;
            if cut.is_first
                && let Some(part) = self.parts.iter_mut().rev().find(|part| part.starts < cut.ends)
            {
                part.header = self.table.header().map(str::to_owned);
            }
            if found != Found::Nothing {
                self.given_to = cut.ends;
                self.current = Some(cut);
                break found;
            }
        };
        while self.parts.get(1).is_some_and(|next| next.starts < self.given_to) {
            self.parts.pop_front();
        }
        let Some(Cut { line, ends, is_first, came_ms }) = &self.current else { return Ok(Incoming::Nothing) };
        let body = body(found, &line.bytes, *is_first, &self.table, *came_ms);
        // So that the next offset is that behind the line.
        let place = Place { partition: 0, offset: ends - 1 };
        Ok(Incoming::Message(Message { place, is_committed: false, body }))
    }

    fn commit(&mut self, _read: &[Read]) -> Result<(), Error> {
        Ok(()) // the position is kept by whoever asks for it
    }

    fn repeats(&self) -> Repeats {
        Repeats::Position
    }

    fn position(&self) -> Option<String> {
        let part = self.parts.front()?;
        let offset = u64::try_from(self.given_to - part.starts).ok()?;
        let head = &part.head[..part.head.len().min(usize::try_from(offset).unwrap_or(HEAD_BYTES))];
        let position = Position {
            inode: part.inode,
            head: digest(head),
            head_bytes: head.len(),
            offset,
            header: part.header.clone(),
        };
        serde_json::to_string(&position).ok()
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }
}

impl Reading {
    fn open(path: &Path, offset: u64) -> Result<Self, Error> {
        let failed = |error: io::Error| failed(path, &error);
        // Before it is opened: to open a pipe is to wait for who writes to it.
        let there = fs::metadata(path).map_err(failed)?;
        if !there.is_dir() && !there.is_file() {
            return Err(Error::change(format!(
                "{} is no file; a pipe or a device is given on standard input, with `--from -`",
                path.display()
            )));
        }
        if there.is_dir() {
            return Err(Error::change(format!(
                "{} is a folder; give the file in it that is to be followed",
                path.display()
            )));
        }
        let mut file = File::open(path).map_err(failed)?;
        let there = file.metadata().map_err(failed)?;
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        Ok(Self { file, inode: inode(&there), read_to: offset, history_ends: there.len() })
    }
}

/// The file that a position is of, and its first bytes: the one of that name, or one beside it that it was renamed or copied to.
fn find(path: &Path, position: &Position) -> Option<(PathBuf, Vec<u8>)> {
    let head = |path: &Path| {
        let head = long_enough(path, position.offset, position.head_bytes)?;
        (digest(&head) == position.head).then_some(head)
    };
    let is_same = |path: &Path| fs::metadata(path).is_ok_and(|there| inode(&there) == position.inode);
    let is_told = |_: &Path| position.head_bytes > 0;
    let named = || std::iter::once(path.to_owned());
    let renamed = || named().chain(beside(path)).filter(|path| is_same(path));
    let copied = || named().chain(beside(path)).filter(|path| is_told(path));
    renamed().chain(copied()).find_map(|path| head(&path).map(|head| (path, head)))
}

/// The files whose names begin as this one's does: those that it is rotated to.
fn beside(path: &Path) -> Vec<PathBuf> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let Some(stem) = path.file_stem().map(|stem| stem.as_encoded_bytes().to_vec()) else { return Vec::new() };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let is_rotated = |entry: &fs::DirEntry| {
        entry.file_name().as_encoded_bytes().starts_with(&stem)
            && Some(entry.file_name().as_os_str()) != path.file_name()
    };
    let mut found: Vec<_> = entries.flatten().filter(is_rotated).map(|entry| entry.path()).collect();
    found.sort();
    found
}

/// The first bytes of a file that is at least so long.
fn long_enough(path: &Path, length: u64, head_bytes: usize) -> Option<Vec<u8>> {
    let there = fs::metadata(path).ok()?;
    if !there.is_file() || there.len() < length {
        return None;
    }
    head_of(&mut File::open(path).ok()?, head_bytes).ok()
}

/// The first bytes, as many or all there are.
fn head_of(file: &mut File, bytes: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(bytes);
    file.seek(SeekFrom::Start(0))?;
    file.take(bytes as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn digest(head: &[u8]) -> String {
    hex(&Sha256::digest(head)[..16])
}

#[cfg(unix)]
fn inode(there: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(there)
}

/// Elsewhere files are known by their beginning alone.
#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> u64 {
    0
}

/// What a file is that begins so, if it is no plain text.
fn packed(head: &[u8]) -> Option<&'static str> {
    match head {
        [0x1f, 0x8b, ..] => Some("packed with gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("packed with zstd"),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some("packed with bzip2"),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some("packed with xz"),
        [b'P', b'K', 3, 4, ..] => Some("a zip archive or an Excel workbook"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16 text"),
        _ => None,
    }
}

fn failed(path: &Path, error: &io::Error) -> Error {
    let path = path.display();
    let what = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file; give one that is there, be it empty".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "permission denied; give the user that knowatt runs as the right to read it".to_owned()
        }
        _ => error.to_string(),
    };
    Error::outside(format!("{path} cannot be read: {what}"))
}

#[cfg(test)]
mod tests;
