//! The loop of `knowatt watch`: from the source to the sinks, one message after the other.
//!
//! Every so often, and at once where something was found and nothing more is waiting, there is a *checkpoint*: the sinks
//! deliver what they were given, then it is committed how far was read, in one transaction where both are
//! Kafka. So a reading is never lost; where the source repeats what was not committed, what is written for it again
//! has the same `alert_id`.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use knowatt_readings::LiveDecoder;
use tracing::{info, warn};

use crate::{
    counts::Counts,
    error::{Error, Remedy},
    hours::Rules,
    outlets::Outlets,
    sink::Delivered,
    source::{Incoming, Read, Source},
    tables::Tables,
    work::Work,
};

/// How long is waited for something to come.
const PATIENCE: Duration = Duration::from_millis(100);
/// Messages between two looks at the clock.
const MESSAGES_A_LOOK: u32 = 256;
/// How often models are looked at, and silent meters looked for.
const TICK: Duration = Duration::from_secs(1);
/// The longest pause before source and sinks are opened anew.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What is not in the models.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How hours are made of samples.
    pub rules: Rules,
    /// How far a sample's time may be ahead of the clock.
    pub future: Duration,
    /// How often all is delivered and committed.
    pub commit_interval: Duration,
    /// After how long a meter of which nothing comes is silent.
    pub silent_after: Option<Duration>,
    /// How often an event says that the stream is alive.
    pub heartbeat: Option<Duration>,
    /// The first pause before source and sinks are opened anew; the next ones are longer.
    pub pause: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            future: Duration::from_secs(3600),
            commit_interval: Duration::from_millis(100),
            silent_after: Some(Duration::from_secs(6 * 3600)),
            heartbeat: None,
            pause: Duration::from_secs(1),
        }
    }
}

/// Opens a source and its sinks, again and again if need be.
pub type Open<'o> = dyn FnMut() -> Result<(Box<dyn Source>, Outlets), Error> + 'o;

/// Watches until the source ends or `stop` is set; then everything is delivered and committed.
///
/// `tick` is called about once a second, with the counts so far.
pub fn watch(
    open: &mut Open<'_>,
    decoders: &mut [LiveDecoder],
    tables: &mut Tables,
    settings: &Settings,
    stop: &AtomicBool,
    tick: &mut dyn FnMut(&Counts),
) -> Result<Counts, Error> {
    let mut work = Work::new(decoders, tables, settings);
    let mut pause = settings.pause;
    loop {
        let began = Instant::now();
        let ended = open().and_then(|(mut source, mut outlets)| {
            work.begin(source.name());
            run(source.as_mut(), &mut outlets, &mut work, stop, tick)
        });
        match ended {
            Ok(()) => return Ok(work.counts),
            Err(error) if error.remedy() == Remedy::Again && !stop.load(Ordering::Relaxed) => {
                if began.elapsed() > LONGEST_PAUSE {
                    pause = settings.pause;
                }
                warn!("{error}; what was not committed is read again in {} s", pause.as_secs());
                wait(pause, stop);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Waits, but not beyond the end.
fn wait(pause: Duration, stop: &AtomicBool) {
    let until = Instant::now() + pause;
    while Instant::now() < until && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(PATIENCE.min(pause));
    }
}

fn run(
    source: &mut dyn Source,
    outlets: &mut Outlets,
    work: &mut Work<'_>,
    stop: &AtomicBool,
    tick: &mut dyn FnMut(&Counts),
) -> Result<(), Error> {
    let mut times = Times::now();
    let mut unlooked = 0;
    loop {
        let patience = if work.has_found() { Duration::ZERO } else { PATIENCE };
        match source.next(patience)? {
            Incoming::Message(message) => {
                work.take(message, outlets)?;
                unlooked += 1;
                if unlooked < MESSAGES_A_LOOK {
                    continue;
                }
            }
            Incoming::Nothing => {
                if work.has_found() {
                    checkpoint(source, outlets, work)?;
                    times.committed = Instant::now();
                }
            }
            Incoming::Assigned(partitions) => {
                info!(?partitions, "assigned");
                work.assign(&partitions);
            }
            Incoming::Revoked(partitions) => {
                checkpoint(source, outlets, work)?;
                source.give_up(&partitions)?;
                info!(?partitions, "given up, all that was read of them is committed");
                work.drop_partitions(&partitions);
            }
            Incoming::Lost(partitions) => {
                return Err(Error::again(format!(
                    "the partitions {partitions:?} were taken over by another"
                )));
            }
            Incoming::End => {
                return checkpoint(source, outlets, work);
            }
        }
        unlooked = 0;
        let now = Instant::now();
        work.now(now);
        if stop.load(Ordering::Relaxed) {
            return checkpoint(source, outlets, work);
        }
        if now - times.committed >= work.settings.commit_interval {
            checkpoint(source, outlets, work)?;
            times.committed = now;
        }
        if now - times.ticked >= TICK {
            times.ticked = now;
            work.tables.refresh();
            work.look_for_silence(now, outlets)?;
            work.beat(now, outlets)?;
            tick(&work.counts);
        }
    }
}

struct Times {
    committed: Instant,
    ticked: Instant,
}

impl Times {
    fn now() -> Self {
        Self { committed: Instant::now(), ticked: Instant::now() }
    }
}

/// Delivers what was found, and commits how far was read.
fn checkpoint(source: &mut dyn Source, outlets: &mut Outlets, work: &mut Work<'_>) -> Result<(), Error> {
    let read: Vec<Read> = work.read();
    if read.is_empty() && !work.has_found() {
        return Ok(());
    }
    if outlets.deliver(&read, source.group())? == Delivered::Alone {
        source.commit(&read)?;
    }
    work.committed();
    Ok(())
}

#[cfg(test)]
mod tests;
