//! A home's readings, replayed: the source of `knowatt demo --live` and of tests.

use std::time::{Duration, Instant};

use knowatt_readings::{Kind, LiveSample, Reading};

use crate::{
    error::Error,
    source::{Body, Incoming, Message, Place, Read, Repeats, Source},
};

/// Gives readings one after the other, so many a second.
pub struct Replay {
    readings: std::vec::IntoIter<Reading>,
    meter: String,
    /// The time between two readings.
    pause: Duration,
    next: Instant,
    offset: i64,
}

impl Replay {
    /// Replays the readings of a meter; as fast as can be, if `pause` is zero.
    pub fn new(meter: &str, readings: Vec<Reading>, pause: Duration) -> Self {
        let (readings, next) = (readings.into_iter(), Instant::now());
        Self { readings, meter: meter.to_owned(), pause, next, offset: 0 }
    }
}

impl Source for Replay {
    fn next(&mut self, patience: Duration) -> Result<Incoming<'_>, Error> {
        let wait = self.next.saturating_duration_since(Instant::now());
        std::thread::sleep(wait.min(patience));
        if wait > patience {
            return Ok(Incoming::Nothing);
        }
        let Some(reading) = self.readings.next() else { return Ok(Incoming::End) };
        self.next += self.pause;
        let place = Place { partition: 0, offset: self.offset };
        self.offset += 1;
        let body = Body::Sample(LiveSample {
            meter: self.meter.as_bytes().into(),
            at_ms: reading.start.as_millisecond(),
            value: reading.wh,
            kind: Kind::Energy,
            is_hour: false,
        });
        Ok(Incoming::Message(Message { place, is_committed: false, body }))
    }

    fn commit(&mut self, _: &[Read]) -> Result<(), Error> {
        Ok(())
    }

    fn repeats(&self) -> Repeats {
        Repeats::Never
    }

    fn name(&self) -> String {
        "replay".to_owned()
    }
}
