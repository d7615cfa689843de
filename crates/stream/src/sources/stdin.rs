//! Standard input, read by one thread for as long as the process lives.
//!
//! There is only one standard input, and what was read of it cannot be read again. So whoever closes a source that reads it
//! and opens another goes on where that one was: what was taken and not yet acknowledged is given once more.

use std::{
    collections::VecDeque,
    io::{self, Read},
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use super::text::{Line, Splitter, Table};
use crate::clock;

/// Bytes read at a time.
const CHUNK_BYTES: usize = 64 << 10;
/// So many chunks may wait to be taken.
const CHUNKS: usize = 16;

/// What the reader of before left.
static KEPT: Mutex<Option<Stdin>> = Mutex::new(None);

/// The lines of standard input, with the numbers that they have in it, from 0.
pub(super) struct Stdin {
    chunks: Receiver<io::Result<Chunk>>,
    /// Lines that were not acknowledged, and those that were not yet given.
    lines: VecDeque<Line>,
    came: VecDeque<i64>,
    /// The number of the first of them.
    first: i64,
    /// How many of them were given.
    given: usize,
    has_ended: bool,
    /// What the lines are, as far as the reader before knew.
    pub(super) table: Table,
    /// How many pulses the reader before counted.
    pub(super) pulses: Option<u64>,
}

/// Lines that came together, and when.
struct Chunk {
    came_ms: i64,
    lines: Vec<Line>,
}

/// What there is.
pub(super) enum Next {
    /// A line, to be had from [`Stdin::line`].
    Line,
    Nothing,
    End,
}

impl Stdin {
    /// Goes on where the one before was, or begins.
    pub(super) fn open() -> Self {
        let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).take();
        kept.unwrap_or_else(|| Self::read(io::stdin()))
    }

    /// The lines of anything.
    fn read(reader: impl Read + Send + 'static) -> Self {
        let (sender, chunks) = sync_channel(CHUNKS);
        thread::spawn(move || read_chunks(reader, &sender));
        let (lines, came, table) = (VecDeque::new(), VecDeque::new(), Table::default());
        Self { chunks, lines, came, first: 0, given: 0, has_ended: false, table, pulses: None }
    }

    /// Leaves it to the next one.
    pub(super) fn keep(mut self) {
        self.give_again();
        *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = Some(self);
    }

    /// Gives again what was not acknowledged.
    pub(super) fn give_again(&mut self) {
        self.given = 0;
    }

    /// Waits for the next line.
    pub(super) fn next(&mut self, patience: Duration) -> io::Result<Next> {
        while self.given == self.lines.len() {
            if self.has_ended {
                return Ok(Next::End);
            }
            match self.chunks.recv_timeout(patience) {
                Ok(chunk) => {
                    let Chunk { came_ms, lines } = chunk?;
                    self.came.extend(lines.iter().map(|_| came_ms));
                    self.lines.extend(lines);
                }
                Err(RecvTimeoutError::Timeout) => return Ok(Next::Nothing),
                Err(RecvTimeoutError::Disconnected) => self.has_ended = true,
            }
        }
        self.given += 1;
        Ok(Next::Line)
    }

    /// The line last given, its number and when it came.
    pub(super) fn line(&self) -> Option<(&Line, i64, i64)> {
        let at = self.given.checked_sub(1)?;
        Some((self.lines.get(at)?, self.first + i64::try_from(at).ok()?, *self.came.get(at)?))
    }

    /// The lines before that number need not be given again.
    pub(super) fn acknowledge(&mut self, number: i64) {
        while self.first < number && self.given > 0 {
            self.lines.pop_front();
            self.came.pop_front();
            self.first += 1;
            self.given -= 1;
        }
    }
}

fn read_chunks(mut reader: impl Read, sender: &SyncSender<io::Result<Chunk>>) {
    let mut splitter = Splitter::default();
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let mut lines = Vec::new();
        let read = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                _ = sender.send(Err(error));
                return;
            }
        };
        splitter.feed(&buffer[..read], |line| lines.push(line));
        if !lines.is_empty() && sender.send(Ok(Chunk { came_ms: clock::now_ms(), lines })).is_err() {
            return;
        }
    }
    if let Some(line) = splitter.finish() {
        _ = sender.send(Ok(Chunk { came_ms: clock::now_ms(), lines: vec![line] }));
    }
}

#[cfg(test)]
impl Stdin {
    /// As if this text stood on standard input.
    pub(super) fn of(text: &[u8]) -> Self {
        Self::read(io::Cursor::new(text.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(stdin: &mut Stdin, count: usize) -> Vec<String> {
        let mut found = Vec::new();
        for _ in 0..count {
            match stdin.next(Duration::from_secs(60)).unwrap() {
                Next::Line => {
                    let (line, number, _) = stdin.line().unwrap();
                    found.push(format!("{number} {}", String::from_utf8_lossy(&line.bytes)));
                }
                Next::Nothing => found.push("nothing".to_owned()),
                Next::End => found.push("end".to_owned()),
            }
        }
        found
    }

    #[test]
    fn what_was_not_acknowledged_is_given_again_to_the_next_reader() {
        let mut stdin = Stdin::of(b"a\nb\nc\nd");
        assert_eq!(take(&mut stdin, 3), ["0 a", "1 b", "2 c"]);
        stdin.acknowledge(1);
        stdin.keep();
        let mut stdin = Stdin::open();
        assert_eq!(take(&mut stdin, 4), ["1 b", "2 c", "3 d", "end"]);
        stdin.acknowledge(4);
        assert_eq!(take(&mut stdin, 2), ["end", "end"]);
    }
}
