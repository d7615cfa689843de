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
    keep::{Keep, Kept, Memory},
    outlets::Outlets,
    pause::wait,
    settings::Settings,
    sink::Delivered,
    source::{Incoming, Read, Repeats, Source},
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

/// Opens a source, at the position that was kept if there is one, and its sinks; again and again if need be.
pub type Open<'o> = dyn FnMut(Option<&str>) -> Result<(Box<dyn Source>, Outlets), Error> + 'o;

/// Watches until the source ends or `stop` is set; then everything is delivered and committed.
///
/// `tick` is called about once a second, with the counts so far.
pub fn watch(
    open: &mut Open<'_>,
    decoders: &mut [LiveDecoder],
    tables: &mut Tables,
    settings: &Settings,
    keep: Option<Box<dyn Keep>>,
    stop: &AtomicBool,
    tick: &mut dyn FnMut(&Counts),
) -> Result<Counts, Error> {
    let mut keep = keep.unwrap_or_else(|| Box::new(Memory::default()));
    let mut work = Work::new(decoders, tables, settings);
    let mut pause = settings.pause;
    let mut has_run = false;
    loop {
        let began = Instant::now();
        let ended = begin(open, keep.as_ref(), has_run, &mut work).and_then(|(source, outlets)| {
            has_run = true;
            let interval = settings.commit_interval(source.repeats());
            Stream { source, outlets, keep: keep.as_mut(), interval }.run(&mut work, stop, tick)
        });
        match ended {
            Ok(()) => return Ok(work.context.counts),
            // All that was delivered is committed, and what was not is read again by the next.
            Err(error) if error.remedy() == Remedy::Again && stop.load(Ordering::Relaxed) => {
                warn!("{error}; ended all the same");
                return Ok(work.context.counts);
            }
            Err(error) if error.remedy() == Remedy::Again => {
                if began.elapsed() > LONGEST_PAUSE {
                    pause = settings.pause;
                }
                warn!("{error}; what was not committed is read again in {} s", pause.as_secs());
                wait(pause, stop, &mut || tick(&work.context.counts));
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) if error.remedy() == Remedy::Enough => return Ok(work.context.counts),
            Err(error) => return Err(error),
        }
    }
}

/// Opens all, with what was kept of it.
fn begin(
    open: &mut Open<'_>,
    keep: &dyn Keep,
    has_run: bool,
    work: &mut Work<'_>,
) -> Result<(Box<dyn Source>, Outlets), Error> {
    let kept = keep.load()?.unwrap_or_default();
    let (source, outlets) = open(kept.position.as_deref()).map_err(|error| match error.remedy() {
        // What was there before comes back: a hub that starts anew, a cable that is pulled.
        Remedy::Outside if has_run => Error::again(error.to_string()),
        _ => error,
    })?;
    work.begin(source.name());
    if source.repeats() != Repeats::Log {
        work.restore(&kept.meters);
    }
    Ok((source, outlets))
}

/// A source and its sinks, while they are open.
struct Stream<'k> {
    source: Box<dyn Source>,
    outlets: Outlets,
    keep: &'k mut dyn Keep,
    interval: Duration,
}

impl Stream<'_> {
    fn run(
        mut self,
        work: &mut Work<'_>,
        stop: &AtomicBool,
        tick: &mut dyn FnMut(&Counts),
    ) -> Result<(), Error> {
        let mut times = Times::now();
        let mut to_commit = PATIENCE;
        let mut unlooked = 0;
        loop {
            // What was found goes out at once, but no more often than so: while much is found, each time is one to wait for a broker.
            let patience = if work.has_found() { to_commit } else { PATIENCE };
            match self.source.next(patience)? {
                Incoming::Message(message) => {
                    work.take(message, &mut self.outlets)?;
                    unlooked += 1;
                    if unlooked < MESSAGES_A_LOOK {
                        continue;
                    }
                }
                Incoming::Nothing if work.has_found() && times.committed.elapsed() >= PATIENCE => {
                    self.checkpoint(work)?;
                    times.committed = Instant::now();
                }
                Incoming::Nothing => {}
                Incoming::Assigned(partitions) => {
                    info!(?partitions, "assigned");
                    work.assign(&partitions);
                }
                Incoming::Revoked(partitions) => {
                    self.checkpoint(work)?;
                    self.source.give_up(&partitions)?;
                    info!(?partitions, "given up; all that was read of them is committed");
                    work.drop_partitions(&partitions);
                }
                Incoming::Lost(partitions) => {
                    return Err(Error::again(format!("the partitions {partitions:?} are another's now")));
                }
                Incoming::End => {
                    work.flush(&mut self.outlets)?;
                    return self.checkpoint(work);
                }
            }
            unlooked = 0;
            let now = Instant::now();
            work.context.now(now);
            if stop.load(Ordering::Relaxed) {
                return self.checkpoint(work);
            }
            if now - times.committed >= self.interval || self.source.waits() {
                self.checkpoint(work)?;
                times.committed = now;
            }
            to_commit = PATIENCE.saturating_sub(now.saturating_duration_since(times.committed));
            if now - times.ticked >= TICK {
                times.ticked = now;
                work.context.tables.refresh();
                work.look_for_silence(now, &mut self.outlets)?;
                work.beat(now, &mut self.outlets)?;
                tick(&work.context.counts);
            }
        }
    }

    /// Delivers what was found, keeps the state, and commits how far was read.
    fn checkpoint(&mut self, work: &mut Work<'_>) -> Result<(), Error> {
        let read: Vec<Read> = work.read();
        if read.is_empty() && !work.has_found() {
            return Ok(());
        }
        let delivered = self.outlets.deliver(&read, self.source.group())?;
        if self.source.repeats() != Repeats::Log {
            self.keep.save(&Kept { position: self.source.position(), meters: work.changed() })?;
        }
        if delivered == Delivered::Alone {
            self.source.commit(&read)?;
        }
        work.committed(&read);
        Ok(())
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

#[cfg(test)]
mod tests;
