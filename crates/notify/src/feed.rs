//! The loop of `knowatt notify`: from where anomalies come to the outbox.
//!
//! How far was read is committed after the outbox holds all that follows from it; so an hour is heard of at least once, and told once.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use jiff::tz::TimeZone;
use knowatt_readings::{FieldReader, LiveRecord, NoFields, Options};
use knowatt_stream::{Body, Error, Incoming, Message, Read, Remedy, Source, clock, pause::wait};
use tracing::warn;

use crate::{
    hour::{Origin, ScoredHour},
    notifier::{Counts, Notifier},
};

/// How long is waited for something to come.
const PATIENCE: Duration = Duration::from_millis(100);
/// So many hours at most are taken in one transaction.
const MOST_HOURS: usize = 1000;
const TICK: Duration = Duration::from_secs(1);
/// When nothing has come for so long, nothing waits to be read.
const QUIET: Duration = Duration::from_secs(60);
/// The first and the longest pause before the source is opened again.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];
/// So many records that cannot be read are said one by one; then the next of twice as many.
const UNREADABLE_TOLD: u64 = 16;

/// Opens a source, at the position that was kept if there is one.
pub(crate) type Open<'o> = dyn FnMut(Option<&str>) -> Result<Box<dyn Source>, Error> + 'o;

/// How a source is read.
pub(crate) struct Reading<'r> {
    /// Its name, under which its position is kept.
    pub(crate) name: &'r str,
    /// Where schemas come from.
    pub(crate) options: &'r Options,
    /// Where local hours are, if a record does not tell its own.
    pub(crate) zone: Option<&'r TimeZone>,
    /// Whether the source is told how far it was read.
    pub(crate) commits: bool,
}

/// Reads until the source ends or `stop` is set. `tick` is called about once a second.
pub(crate) fn feed(
    open: &mut Open<'_>,
    reading: &Reading<'_>,
    notifier: &Notifier,
    stop: &AtomicBool,
    tick: &mut dyn FnMut(&Counts),
) -> Result<(), Error> {
    let Reading { name, zone, commits, .. } = *reading;
    let mut fields = FieldReader::new(reading.options).map_err(|error| Error::change(error.to_string()))?;
    let (mut pause, mut has_run) = (PAUSES[0], false);
    loop {
        let began = Instant::now();
        let ended =
            notifier.position(name).and_then(|position| open(position.as_deref())).and_then(|source| {
                has_run = true;
                let batch = Batch::default();
                let reader = Reader { fields: &mut fields, zone };
                Feed { source, name, notifier, batch, reader, commits }.run(stop, tick)
            });
        match ended {
            Ok(()) => return Ok(()),
            Err(error) if error.remedy() == Remedy::Enough => return Ok(()),
            Err(error) if error.remedy() == Remedy::Again || has_run && error.remedy() == Remedy::Outside => {
                if stop.load(Ordering::Relaxed) {
                    warn!("{error}; ended all the same");
                    return Ok(());
                }
                if began.elapsed() > PAUSES[1] {
                    pause = PAUSES[0];
                }
                warn!("{error}; what was not committed is read again in {} s", pause.as_secs());
                wait(pause, stop, &mut || {});
                pause = (pause * 2).min(PAUSES[1]);
            }
            Err(error) => return Err(error),
        }
    }
}

/// What was read and is not in the outbox yet.
#[derive(Default)]
struct Batch {
    hours: Vec<ScoredHour>,
    read: Vec<Read>,
}

impl Batch {
    fn read(&mut self, partition: i32, next_offset: i64) {
        let read = Read { partition, next_offset, state_from: next_offset };
        match self.read.iter_mut().find(|known| known.partition == partition) {
            Some(known) => *known = read,
            None => self.read.push(read),
        }
    }
}

/// Understands records.
struct Reader<'f> {
    fields: &'f mut FieldReader,
    zone: Option<&'f TimeZone>,
}

struct Feed<'f> {
    source: Box<dyn Source>,
    name: &'f str,
    notifier: &'f Notifier,
    batch: Batch,
    reader: Reader<'f>,
    commits: bool,
}

impl Feed<'_> {
    fn run(mut self, stop: &AtomicBool, tick: &mut dyn FnMut(&Counts)) -> Result<(), Error> {
        let mut ticked = Instant::now();
        let mut heard = Instant::now();
        loop {
            // What has come goes on at once.
            let patience = if self.batch.read.is_empty() { PATIENCE } else { Duration::ZERO };
            match self.source.next(patience)? {
                Incoming::Message(message) => {
                    heard = Instant::now();
                    self.batch.read(message.place.partition, message.place.offset + 1);
                    if !message.is_committed {
                        match self.reader.hour(&message)? {
                            Ok(Some(hour)) => self.batch.hours.push(hour),
                            Ok(None) => {}
                            Err(why) => unreadable(self.notifier, self.name, &message, &why),
                        }
                    }
                }
                Incoming::Nothing => self.deliver()?,
                Incoming::Assigned(partitions) => {
                    tracing::info!(?partitions, "assigned");
                    heard = Instant::now();
                }
                Incoming::Revoked(partitions) => {
                    self.deliver()?;
                    self.source.give_up(&partitions)?;
                }
                Incoming::Lost(partitions) => {
                    return Err(Error::again(format!("the partitions {partitions:?} are another's now")));
                }
                Incoming::End => return self.deliver(),
            }
            if self.batch.hours.len() >= MOST_HOURS || self.source.waits() {
                self.deliver()?;
            }
            if stop.load(Ordering::Relaxed) {
                return self.deliver();
            }
            if ticked.elapsed() >= TICK {
                ticked = Instant::now();
                self.deliver()?;
                tick(&self.notifier.tick(heard.elapsed() >= QUIET)?);
            }
        }
    }

    /// Into the outbox; then the source is told.
    fn deliver(&mut self) -> Result<(), Error> {
        if self.batch.read.is_empty() {
            return Ok(());
        }
        let position = self.source.position();
        self.notifier.take(&self.batch.hours, self.name, position.as_deref())?;
        if self.commits {
            self.source.commit(&self.batch.read)?;
        }
        self.batch = Batch::default();
        Ok(())
    }
}

impl Reader<'_> {
    /// What a message says, or why it cannot be read; nothing, if it has no value.
    fn hour(&mut self, message: &Message<'_>) -> Result<Result<Option<ScoredHour>, String>, Error> {
        let (record, row);
        match &message.body {
            Body::Record { record: found, .. } => record = *found,
            Body::Row { columns, fields, timestamp_ms } => {
                row = as_json(columns, fields);
                record = LiveRecord { timestamp_ms: *timestamp_ms, key: None, value: Some(row.as_bytes()) };
            }
            Body::Poison { why, .. } => return Ok(Err(why.clone())),
            Body::Sample(_) => return Ok(Err("a reading, and no anomaly".to_owned())),
        }
        let Some(value) = record.value else { return Ok(Ok(None)) };
        match self.fields.read(value) {
            Ok(()) => {
                let origin = Origin {
                    now: clock::now(),
                    timestamp_ms: record.timestamp_ms,
                    key: record.key,
                    zone: self.zone,
                };
                Ok(ScoredHour::read(self.fields, origin).map(Some))
            }
            Err(NoFields::Nothing) => Ok(Ok(None)),
            Err(NoFields::Poison(why)) => Ok(Err(why)),
            Err(NoFields::NotNow(why)) => Err(Error::again(why)),
        }
    }
}

/// A row as the JSON that it could have been.
fn as_json(columns: &[String], fields: &[String]) -> String {
    let value = |field: &String| {
        let number = field.parse().ok().and_then(|number: f64| serde_json::Number::from_f64(number));
        let whole = field.parse::<i64>().ok().map(serde_json::Number::from);
        whole.or(number).map_or_else(|| serde_json::Value::from(field.as_str()), serde_json::Value::Number)
    };
    let object = columns.iter().cloned().zip(fields.iter().map(value));
    serde_json::Value::Object(object.collect()).to_string()
}

/// Says it; the record itself stays where it is.
fn unreadable(notifier: &Notifier, source: &str, message: &Message<'_>, why: &str) {
    let count = notifier.unreadable();
    let knowatt_stream::Place { partition, offset } = message.place;
    if count <= UNREADABLE_TOLD || count.is_power_of_two() {
        warn!(source, partition, offset, count, "nobody is told of it, as it cannot be read: {why}");
    }
}
