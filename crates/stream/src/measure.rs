//! `knowatt measure`: from a source to a topic, in order, and nothing is lost while the broker is away.
//!
//! ```text
//! source ──► decoder ──► reading ──► queue (memory, then disk) ──► topic
//! ```
//!
//! Every so often there is a *checkpoint*: what is not delivered yet is put on the disk, with how far the source was read, in
//! one transaction; only then is the source told. So whatever the source has been told is on the topic or on the disk, and what it
//! has not been told it gives again, if it can. A reading is delivered at least once: what the broker confirmed
//! in the moments before the process was killed may come again.
//!
//! When the buffer is full, a source that can wait is not read any further ([`Source::can_wait`]); of the others the newest readings are
//! dropped, counted, and said. What a topic refuses for itself (a time that is too far ahead, say) goes to the dead letters.

#[cfg(feature = "kafka")]
mod configured;
mod intake;
mod queue;
#[cfg(feature = "kafka")]
mod topic;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use tracing::{info, warn};

#[cfg(feature = "kafka")]
pub use self::configured::Measure;
pub use self::intake::Intake;
#[cfg(feature = "kafka")]
pub use self::topic::{ReadingTopic, TopicOptions};
use self::{
    intake::{Poison, Taken},
    queue::{Next, Queue},
};
use crate::{
    anomaly::DeadLetter,
    buffer::{Buffer, Keeping, Measured},
    error::{Error, Remedy},
    hours::LeftOut,
    keep::Kept,
    sink::{Outgoing, Sink},
    source::{Incoming, Repeats, Source},
};

/// How long is waited for something to come.
const PATIENCE: Duration = Duration::from_millis(100);
/// The same while deliveries are waited for.
const SHORT: Duration = Duration::from_millis(10);
/// Messages between two looks at the clock and the topic.
const MESSAGES_A_LOOK: u32 = 256;
/// So many readings may be handed over and not delivered.
const MOST_IN_FLIGHT: u64 = 2_000;
/// So many readings that came, or were delivered, bring the next checkpoint: after a kill no more than about so many come again.
const MOST_UNKEPT: u64 = 2_000;
const TICK: Duration = Duration::from_secs(1);
/// How often it is said how many were dropped.
const BETWEEN_WARNINGS: Duration = Duration::from_secs(60);
/// How long is waited for a schema that the source's registry does not give, before asking again.
const REGISTRY_PAUSE: Duration = Duration::from_secs(1);
/// Before the source is opened again; twice as long each time.
const FIRST_PAUSE: Duration = if cfg!(test) { Duration::from_millis(1) } else { Duration::from_secs(1) };
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Takes readings, and delivers them in order.
pub trait Outlet {
    /// Takes a reading, to be delivered behind all that it took before, or says that it cannot now.
    fn send(&mut self, id: u64, reading: &Measured) -> bool;

    /// Tells what became of what it took, in order, waiting at most `patience` for something to tell.
    fn settle(&mut self, patience: Duration, tell: &mut dyn FnMut(Settled)) -> Result<(), Error>;

    /// For people: where it writes, without secrets.
    fn name(&self) -> String;
}

/// What became of readings that were taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// All up to this one are delivered.
    Delivered(u64),
    /// This one is refused for itself, for a reason that will not pass. Those before it are delivered.
    Refused(u64, String),
    /// All that is not told of as delivered or refused is to be sent again.
    Lost,
}

/// What is not in the options of source and topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The longest time between two checkpoints.
    pub commit_interval: Duration,
    /// How long is waited for deliveries at the end.
    pub drain: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { commit_interval: Duration::from_secs(1), drain: Duration::from_secs(10) }
    }
}

/// Counts since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages read, those read again for the open hours not included.
    pub messages: u64,
    /// Messages read again after a restart, for the open hours alone.
    pub replayed: u64,
    /// Messages without a value, as they should be.
    pub nothing: u64,
    /// Messages that could not be read.
    pub dead_letters: u64,
    /// Samples and hours left out, by [`LeftOut`].
    pub left_out: [u64; LeftOut::ALL.len()],
    /// Readings to be delivered that came.
    pub readings: u64,
    /// Readings that the broker confirmed.
    pub delivered: u64,
    /// Readings that the topic refused, or the disk did not give back.
    pub refused: u64,
    /// Readings dropped since the buffer was full.
    pub dropped: u64,
    /// Readings that wait, those of earlier runs included.
    pub waiting: u64,
}

impl Counts {
    /// Samples and hours left out, by why.
    pub fn left_out(&self) -> impl Iterator<Item = (LeftOut, u64)> {
        LeftOut::ALL.into_iter().zip(self.left_out)
    }
}

/// Opens the source, again and again if need be, behind the position that was kept.
pub type Open<'o> = dyn FnMut(Option<&str>) -> Result<Box<dyn Source>, Error> + 'o;

/// Where to, and what is kept on the way.
pub struct Way<'w> {
    /// What waits for the broker.
    pub buffer: Buffer,
    /// The topic.
    pub outlet: &'w mut dyn Outlet,
    /// Takes what cannot be read, or is refused; without one it is only logged.
    pub dead_letters: Option<Box<dyn Sink>>,
}

/// Measures until the source ends or `stop` is set; then as much is delivered as can be in the time given, and the rest stays in the
/// buffer. `tick` is called about once a second, with the counts so far.
pub fn measure(
    open: &mut Open<'_>,
    intake: &mut Intake,
    way: Way<'_>,
    settings: &Settings,
    stop: &AtomicBool,
    tick: &mut dyn FnMut(&Counts),
) -> Result<Counts, Error> {
    let Way { buffer, outlet, dead_letters } = way;
    let queue = Queue::new(buffer);
    let kept = queue.kept()?.unwrap_or_default();
    intake.restore(kept.meters);
    let mut run = Run {
        intake,
        queue,
        outlet,
        dead_letters,
        settings,
        stop,
        tick,
        counts: Counts::default(),
        position: kept.position,
        committed: Instant::now(),
        ticked: Instant::now(),
        can_wait: true,
        warned: None,
    };
    if run.queue.waiting() > 0 {
        info!("{} readings of an earlier run wait in the buffer", run.queue.waiting());
    }
    let mut pause = FIRST_PAUSE;
    loop {
        let began = Instant::now();
        let ended = open(run.position.as_deref()).and_then(|mut source| {
            let ended = run.until_end(source.as_mut());
            // Also after an error: the source's position is good for all that it gave.
            run.checkpoint(source.as_mut(), ended.is_ok())?;
            ended
        });
        match ended {
            Err(error) if error.remedy() == Remedy::Again && !run.is_stopped() => {
                if began.elapsed() > LONGEST_PAUSE {
                    pause = FIRST_PAUSE;
                }
                warn!("{error}; the source is opened again in {} s", pause.as_secs());
                run.deliver_for(pause)?;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            ended => {
                run.drain()?;
                return ended.map(|()| run.counts);
            }
        }
    }
}

/// All that is known while it runs.
struct Run<'r> {
    intake: &'r mut Intake,
    queue: Queue,
    outlet: &'r mut dyn Outlet,
    dead_letters: Option<Box<dyn Sink>>,
    settings: &'r Settings,
    stop: &'r AtomicBool,
    tick: &'r mut dyn FnMut(&Counts),
    counts: Counts,
    position: Option<String>,
    committed: Instant,
    ticked: Instant,
    /// Whether the source waits while nothing is taken.
    can_wait: bool,
    /// When it was said that readings were dropped, and how many had been.
    warned: Option<(Instant, u64)>,
}

impl Run<'_> {
    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Reads the source until it ends.
    fn until_end(&mut self, source: &mut dyn Source) -> Result<(), Error> {
        let (repeats, name) = (source.repeats(), source.name());
        self.can_wait = source.can_wait();
        if repeats == Repeats::Log {
            // It gives again what open hours are made of.
            self.intake.forget_all();
        }
        let mut unlooked = 0;
        loop {
            let mut is_idle = false;
            if self.can_wait && self.queue.is_full() {
                self.settle(PATIENCE)?;
            } else {
                let patience = if self.queue.has_unsent() {
                    Duration::ZERO
                } else if self.queue.in_flight() > 0 {
                    SHORT
                } else {
                    PATIENCE
                };
                match source.next(patience)? {
                    Incoming::Message(message) => {
                        self.take(&name, &message)?;
                        unlooked += 1;
                        if unlooked < MESSAGES_A_LOOK {
                            continue;
                        }
                    }
                    Incoming::Nothing => is_idle = true,
                    Incoming::Assigned(partitions) => self.intake.forget(&partitions),
                    Incoming::Revoked(partitions) => {
                        self.checkpoint(source, true)?;
                        source.give_up(&partitions)?;
                        self.intake.forget(&partitions);
                    }
                    Incoming::Lost(partitions) => {
                        let what = format!("the partitions {partitions:?} were taken over by another");
                        return Err(Error::again(what));
                    }
                    Incoming::End => return Ok(()),
                }
            }
            unlooked = 0;
            self.deliver()?;
            self.look();
            if self.is_stopped() {
                return Ok(());
            }
            let is_waited_for = is_idle && repeats == Repeats::Unacknowledged;
            let is_time = self.committed.elapsed() >= self.settings.commit_interval;
            if is_waited_for || is_time || self.queue.unkept() >= MOST_UNKEPT {
                self.checkpoint(source, true)?;
            }
        }
    }

    fn take(&mut self, source: &str, message: &crate::source::Message<'_>) -> Result<(), Error> {
        let mut is_said = false;
        loop {
            let Self { intake, queue, counts, .. } = self;
            let is_full = queue.is_full();
            let (mut came, mut dropped) = (0, 0);
            let taken = intake.take(message, counts, &mut |reading| {
                if is_full {
                    dropped += 1;
                } else {
                    came += 1;
                    queue.push(reading);
                }
            });
            self.counts.readings += came;
            self.counts.dropped += dropped;
            match taken {
                Taken::Done => return Ok(()),
                Taken::Poison(poison) => return self.poison(source, &poison),
                Taken::NotNow(why) => {
                    if !std::mem::replace(&mut is_said, true) {
                        warn!("{why}; waiting for it");
                    }
                    self.deliver_for(REGISTRY_PAUSE)?;
                    if self.is_stopped() {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn poison(&mut self, source: &str, poison: &Poison<'_>) -> Result<(), Error> {
        let Poison { place, timestamp_ms, key, value, why } = poison;
        self.counts.dead_letters += 1;
        self.dead_letter(&DeadLetter {
            source,
            partition: place.partition,
            offset: place.offset,
            timestamp_ms: *timestamp_ms,
            key: *key,
            value: value.as_deref(),
            reason: why,
        })
    }

    fn dead_letter(&mut self, letter: &DeadLetter<'_>) -> Result<(), Error> {
        let DeadLetter { source, partition, offset, reason, .. } = letter;
        warn!(source, partition, offset, "left out: {reason}");
        match &mut self.dead_letters {
            Some(sink) => sink.send(&Outgoing::DeadLetter(letter)),
            None => Ok(()),
        }
    }

    /// Hands over what there is, and takes note of what is delivered.
    fn deliver(&mut self) -> Result<(), Error> {
        self.settle(Duration::ZERO)?;
        while self.queue.in_flight() < MOST_IN_FLIGHT {
            match self.queue.next_to_send()? {
                Next::Reading(id, reading) => {
                    if !self.outlet.send(id, reading) {
                        break;
                    }
                    self.queue.sent(id);
                }
                Next::Damaged(id) => {
                    // What was before it is delivered first, so that it can be settled in its turn.
                    if self.queue.in_flight() > 0 {
                        break;
                    }
                    warn!(
                        "a reading that waited in the buffer is lost: the disk does not give back what was written"
                    );
                    self.counts.refused += 1;
                    self.queue.sent(id);
                    self.queue.settle(id);
                }
                Next::None => break,
            }
        }
        Ok(())
    }

    /// Takes note of what is delivered.
    fn settle(&mut self, patience: Duration) -> Result<(), Error> {
        let mut settled = Vec::new();
        self.outlet.settle(patience, &mut |what| settled.push(what))?;
        for what in settled {
            match what {
                Settled::Delivered(id) => {
                    let before = self.queue.waiting();
                    self.queue.settle(id);
                    self.counts.delivered += before - self.queue.waiting();
                }
                Settled::Refused(id, why) => {
                    self.counts.refused += 1;
                    self.refused(id, &why)?;
                    self.queue.settle(id);
                }
                Settled::Lost => self.queue.hand_over_again(),
            }
        }
        Ok(())
    }

    fn refused(&mut self, id: u64, why: &str) -> Result<(), Error> {
        self.queue.hand_over_again();
        let name = self.outlet.name();
        let Next::Reading(found, reading) = self.queue.next_to_send()? else { return Ok(()) };
        if found != id {
            return Ok(());
        }
        let reading = reading.clone();
        let value = as_json(&reading);
        self.dead_letter(&DeadLetter {
            source: &name,
            partition: 0,
            offset: i64::try_from(id).unwrap_or_default(),
            timestamp_ms: Some(reading.at_ms),
            key: Some(&reading.meter),
            value: Some(value.as_bytes()),
            reason: why,
        })?;
        // It is about to leave the buffer.
        self.dead_letters.as_mut().map_or(Ok(()), |sink| sink.deliver(&[], None).map(|_| ()))
    }

    /// Only delivers for a time.
    fn deliver_for(&mut self, time: Duration) -> Result<(), Error> {
        let until = Instant::now() + time;
        while Instant::now() < until && !self.is_stopped() {
            self.deliver()?;
            self.settle(PATIENCE)?;
            self.look();
        }
        Ok(())
    }

    /// Puts on the disk what is not delivered, with how far the source was read, and tells the source, unless it is broken.
    fn checkpoint(&mut self, source: &mut dyn Source, is_source_whole: bool) -> Result<(), Error> {
        self.committed = Instant::now();
        if let Some(sink) = &mut self.dead_letters {
            sink.deliver(&[], None)?;
        }
        let read = self.intake.read();
        let repeats = source.repeats();
        if repeats == Repeats::Position && !read.is_empty() {
            // It tells nobody, and its position may be that of what was committed.
            source.commit(&read)?;
        }
        let position = source.position();
        let meters = if repeats == Repeats::Log { Vec::new() } else { self.intake.changed() };
        let has_moved = position != self.position;
        let has_fresh = self.queue.fresh() > 0 || self.queue.has_delivered_on_disk();
        if has_moved || has_fresh || !meters.is_empty() {
            let kept = Kept { position, meters };
            if self.queue.keep(&kept)? == Keeping::DiskFull {
                self.warn_of_full();
                return Ok(());
            }
            self.position = kept.position;
        } else {
            self.queue.nothing_to_keep();
        }
        if repeats != Repeats::Position && is_source_whole && !read.is_empty() {
            source.commit(&read)?;
        }
        self.intake.committed();
        Ok(())
    }

    /// What is to be done once a second.
    fn look(&mut self) {
        if self.ticked.elapsed() < TICK {
            return;
        }
        self.ticked = Instant::now();
        self.counts.waiting = self.queue.waiting();
        self.warn_of_full();
        (self.tick)(&self.counts);
    }

    /// Says that the buffer is full, and how many readings were dropped for that, at once and then now and then.
    fn warn_of_full(&mut self) {
        if !self.queue.is_full() {
            if let Some((_, before)) = self.warned.take() {
                let dropped = self.counts.dropped - before;
                info!(dropped, "the buffer has room again");
            }
            return;
        }
        let is_time = self.warned.is_none_or(|(at, _)| at.elapsed() >= BETWEEN_WARNINGS);
        if is_time {
            let what = if self.queue.is_disk_full() { "the disk" } else { "the buffer" };
            let before = self.warned.map_or(self.counts.dropped, |(_, before)| before);
            let (dropped, waiting) = (self.counts.dropped - before, self.queue.waiting());
            if self.can_wait {
                warn!(waiting, "{what} is full: the source waits");
            } else {
                warn!(waiting, dropped, "{what} is full: the newest readings are dropped");
            }
            self.warned = Some((Instant::now(), before));
        }
    }

    /// Delivers what can be delivered at the end: while deliveries come, but after a signal no longer than the time given.
    fn drain(&mut self) -> Result<(), Error> {
        let mut until = Instant::now() + self.settings.drain;
        while self.queue.waiting() > 0 && Instant::now() < until {
            let before = self.queue.waiting();
            self.deliver()?;
            self.settle(SHORT)?;
            self.look();
            if self.queue.waiting() < before && !self.is_stopped() {
                until = Instant::now() + self.settings.drain;
            }
        }
        self.counts.waiting = self.queue.waiting();
        if self.queue.has_delivered_on_disk() {
            let kept = Kept { position: self.position.clone(), meters: Vec::new() };
            self.queue.keep(&kept)?;
        }
        Ok(())
    }
}

/// A reading that a topic refused, for the dead letters.
fn as_json(reading: &Measured) -> String {
    let Measured { meter, at_ms, value, kind, hour } = reading;
    let meter = String::from_utf8_lossy(meter);
    serde_json::json!({ "timestamp": at_ms, "meter": meter, "kind": kind.to_string(), "value": value, "hour": hour }).to_string()
}

#[cfg(test)]
mod tests;
