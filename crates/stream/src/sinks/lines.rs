//! Anomalies, scores, events or dead letters as JSON, an object a line, on standard output or at the end of a file.
//!
//! What was sent is written, and of a file is on the disk, when [`Sink::deliver`] returns; until then it may be written in part. A
//! file is added to. If a crash has cut its last line, that is taken off: it was not delivered, and comes again. So a
//! line may come twice, with the same `alert_id`. A closed pipe is the end, and no error.
//!
//! A dead letter has the fields that [`DeadLetter`](crate::anomaly::DeadLetter) says.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::{
    error::Error,
    sink::{Delivered, Outgoing, Sink},
    source::{Group, Read},
};

/// So much is kept before it is written, delivery or not.
const MOST_BYTES: usize = 1 << 20;

/// A file to which lines are added, or standard output.
pub struct Lines {
    /// None for standard output.
    file: Option<(PathBuf, File)>,
    pending: Vec<u8>,
    /// Whether something was written that may not yet be on the disk.
    is_unsynced: bool,
}

impl Lines {
    /// Opens a file, and makes it where it is not there; `-` is standard output.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let (pending, is_unsynced) = (Vec::new(), false);
        if path == Path::new("-") {
            return Ok(Self { file: None, pending, is_unsynced });
        }
        let opened = OpenOptions::new().read(true).append(true).create(true).open(path);
        let ended = opened.and_then(|mut file| end(path, &mut file).map(|()| file));
        let file = ended.map_err(|error| {
            Error::outside(format!(
                "{} cannot be opened to write: {error}; nothing was written",
                path.display()
            ))
        })?;
        Ok(Self { file: Some((path.to_owned(), file)), pending, is_unsynced })
    }

    fn line(&mut self, what: &impl Serialize) -> Result<(), Error> {
        let before = self.pending.len();
        if let Err(error) = serde_json::to_writer(&mut self.pending, what) {
            self.pending.truncate(before);
            return Err(Error::outside(format!(
                "what is to be written to {} is no JSON: {error}",
                self.name()
            )));
        }
        self.pending.push(b'\n');
        if self.pending.len() >= MOST_BYTES { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), Error> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let written = if let Some((_, file)) = &mut self.file {
            file.write_all(&self.pending)
        } else {
            let mut stdout = io::stdout().lock();
            stdout.write_all(&self.pending).and_then(|()| stdout.flush())
        };
        self.is_unsynced = true;
        written.map_err(|error| self.failed(&error))?;
        self.pending.clear();
        Ok(())
    }

    fn failed(&self, error: &io::Error) -> Error {
        let name = self.name();
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Error::enough(format!("{name} is read no further"));
        }
        let way_out = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => " Make room, and start again.",
            _ => "",
        };
        Error::outside(format!(
            "{name} cannot be written: {error}. What was found since the last delivery is not in it, or in part; how far was read is not committed, so a source \
             that can repeats it.{way_out}"
        ))
    }
}

impl Sink for Lines {
    fn send(&mut self, what: &Outgoing<'_>) -> Result<(), Error> {
        match what {
            Outgoing::Anomaly(hour) | Outgoing::Score(hour) => self.line(hour),
            Outgoing::Event(event) => self.line(event),
            Outgoing::DeadLetter(letter) => self.line(letter),
        }
    }

    fn deliver(&mut self, _read: &[Read], _group: Option<Group>) -> Result<Delivered, Error> {
        self.write()?;
        if let Some((_, file)) = self.file.as_ref().filter(|_| self.is_unsynced) {
            // A pipe or a terminal has no disk.
            match file.sync_data() {
                Err(error) if error.kind() != io::ErrorKind::InvalidInput => return Err(self.failed(&error)),
                _ => {}
            }
        }
        self.is_unsynced = false;
        Ok(Delivered::Alone)
    }

    fn name(&self) -> String {
        self.file.as_ref().map_or("standard output".to_owned(), |(path, _)| path.display().to_string())
    }
}

/// Makes a file end with a line; one that was cut is taken off.
fn end(path: &Path, file: &mut File) -> io::Result<()> {
    let there = file.metadata()?;
    if !there.is_file() || there.len() == 0 {
        return Ok(());
    }
    let length = there.len();
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(length.saturating_sub(MOST_BYTES as u64)))?;
    (&*file).take(MOST_BYTES as u64).read_to_end(&mut tail)?;
    let line = tail.iter().rposition(|&byte| byte == b'\n').map_or(&tail[..], |at| &tail[at + 1..]);
    let is_cut = line.starts_with(b"{") && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err();
    if is_cut {
        tracing::warn!(file = %path.display(), bytes = line.len(), "the last line was cut by a crash: it is taken off, and comes again");
        file.set_len(length - line.len() as u64)?;
    }
    if !is_cut && !line.is_empty() {
        file.write_all(b"\n")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "a test's files may be cut")]

    use std::fs;

    use super::*;
    use crate::anomaly::{Anomaly, AnomalyKind, DeadLetter, Event, EventKind};

    fn anomaly(wh: f64) -> Anomaly {
        let event_ts = 1_536_343_200_000;
        Anomaly {
            event_ts,
            hour: 4,
            kwh: wh,
            function: 1.2,
            timestamp: jiff::Timestamp::from_millisecond(event_ts).unwrap(),
            meter: "home".to_owned(),
            wh,
            expected_low_wh: 100.0,
            expected_high_wh: 500.0,
            score: 1.2,
            kind: AnomalyKind::Level,
            feature: "level".to_owned(),
            model_id: "0123456789abcdef".to_owned(),
            alert_id: crate::anomaly::alert_id("home", event_ts),
        }
    }

    #[test]
    fn what_was_sent_is_there_once_delivered_a_line_each() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let mut sink = Lines::open(&path).unwrap();
        sink.send(&Outgoing::Anomaly(&anomaly(1500.0))).unwrap();
        let (event, timestamp) = (EventKind::FlatLine, jiff::Timestamp::UNIX_EPOCH);
        let event = Event { event, timestamp, meter: "home".to_owned(), what: "still".to_owned() };
        sink.send(&Outgoing::Event(&event)).unwrap();
        let letter = DeadLetter {
            source: "p1",
            partition: 0,
            offset: 7,
            timestamp_ms: None,
            key: Some(b"\xff\0"),
            value: Some("ü".as_bytes()),
            reason: "cut",
        };
        sink.send(&Outgoing::DeadLetter(&letter)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
        assert_eq!(sink.deliver(&[], None).unwrap(), Delivered::Alone);
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert!(
            lines[0].starts_with(r#"{"EVENT_TS":1536343200000,"HOUR":4,"KWH":1500.0,"FN":1.2,"#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Anomaly>(lines[0]).unwrap(), anomaly(1500.0));
        let event =
            r#"{"event":"flat-line","timestamp":"1970-01-01T00:00:00Z","meter":"home","what":"still"}"#;
        let letter = r#"{"source":"p1","partition":0,"offset":7,"timestamp_ms":null,"reason":"cut","key_hex":"ff00","value":"ü"}"#;
        assert_eq!(lines[1..], [event, letter]);
    }

    #[test]
    fn a_line_that_a_crash_cut_is_taken_off_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        for (before, kept) in [
            ("{\"a\":1}\n{\"EVENT_TS\":15", "{\"a\":1}\n"),
            ("{\"EVENT", ""),
            ("{\"a\":1}", "{\"a\":1}\n"),
            ("notes", "notes\n"),
            ("{\"a\":1}\n", "{\"a\":1}\n"),
            ("", ""),
        ] {
            fs::write(&path, before).unwrap();
            let mut sink = Lines::open(&path).unwrap();
            sink.send(&Outgoing::Anomaly(&anomaly(1.0))).unwrap();
            sink.deliver(&[], None).unwrap();
            let found = fs::read_to_string(&path).unwrap();
            let added = found.strip_prefix(kept).unwrap();
            assert!(added.starts_with("{\"EVENT_TS\"") && added.lines().count() == 1, "{before}: {found}");
        }
    }

    #[test]
    fn a_disk_that_is_full_says_what_became_of_the_data() {
        let Ok(mut sink) = Lines::open(Path::new("/dev/full")) else { return }; // only Linux has it
        sink.send(&Outgoing::Anomaly(&anomaly(1.0))).unwrap();
        let error = sink.deliver(&[], None).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("/dev/full cannot be written: No space left on device"), "{text}");
        assert!(text.contains("not committed") && text.ends_with("Make room, and start again."), "{text}");
        assert_eq!(error.remedy(), crate::Remedy::Outside);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let error = Lines::open(Path::new("/nonexistent/anomalies")).map(|_| ()).unwrap_err();
        assert!(error.to_string().ends_with("nothing was written"), "{error}");
    }
}
