//! The loop: from the source to the queue, from the queue to the topic, and the checkpoints between.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use tracing::{info, warn};

use super::{
    Counts, Intake, Outlet, Settings, Settled,
    intake::{Poison, Taken},
    queue::{Next, Queue},
};
use crate::{
    anomaly::DeadLetter,
    buffer::{Keeping, Measured},
    decode::Raw,
    error::Error,
    keep::Kept,
    sink::{Outgoing, Sink},
    source::{Incoming, Message, Place, Repeats, Source},
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
/// All that is known while it runs.
pub(super) struct Run<'r> {
    pub(super) intake: &'r mut Intake,
    pub(super) queue: Queue,
    pub(super) outlet: &'r mut dyn Outlet,
    pub(super) dead_letters: Option<Box<dyn Sink>>,
    pub(super) settings: &'r Settings,
    pub(super) stop: &'r AtomicBool,
    pub(super) tick: &'r mut dyn FnMut(&Counts),
    pub(super) counts: Counts,
    pub(super) position: Option<String>,
    /// Since when something happened that neither the disk nor the source was told.
    pub(super) unnoted_since: Option<Instant>,
    pub(super) ticked: Instant,
    /// Whether the source waits while nothing is taken.
    pub(super) can_wait: bool,
    /// When it was said that readings were dropped, and how many had been.
    pub(super) warned: Option<(Instant, u64)>,
}

impl Run<'_> {
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Reads the source until it ends.
    pub(super) fn until_end(&mut self, source: &mut dyn Source) -> Result<(), Error> {
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
            if self.is_time_for_checkpoint(is_idle && repeats == Repeats::Unacknowledged) {
                self.checkpoint(source, true)?;
            }
        }
    }

    /// Whether it is time to note how far all is. A moment in which everything is delivered is waited for: then little is to be written, or
    /// nothing. Who waits for our acknowledgement before going on does not wait for long.
    fn is_time_for_checkpoint(&self, is_waited_for: bool) -> bool {
        let Some(since) = self.unnoted_since else { return false };
        let interval = self.settings.commit_interval;
        let interval = if is_waited_for { interval.min(PATIENCE) } else { interval };
        let is_all_delivered = self.queue.fresh() == 0;
        self.queue.unkept() >= MOST_UNKEPT
            || since.elapsed() >= 2 * interval
            || is_all_delivered && (is_waited_for || since.elapsed() >= interval)
    }

    fn take(&mut self, source: &str, message: &Message<'_>) -> Result<(), Error> {
        let mut is_said = false;
        self.unnoted_since.get_or_insert_with(Instant::now);
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
                        // It was not read, and must not be committed with what is behind it.
                        return Err(Error::again(why));
                    }
                }
            }
        }
    }

    fn poison(&mut self, source: &str, poison: &Poison<'_>) -> Result<(), Error> {
        let Poison { place: Place { partition, offset }, raw: Raw { timestamp_ms, key, value }, why } =
            poison;
        self.counts.dead_letters += 1;
        self.dead_letter(&DeadLetter {
            source,
            partition: *partition,
            offset: *offset,
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
                    self.unnoted_since.get_or_insert_with(Instant::now);
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
    pub(super) fn deliver_for(&mut self, time: Duration) -> Result<(), Error> {
        let until = Instant::now() + time;
        while Instant::now() < until && !self.is_stopped() {
            self.deliver()?;
            self.settle(PATIENCE)?;
            self.look();
        }
        Ok(())
    }

    /// Puts on the disk what is not delivered, with how far the source was read, and tells the source, unless it is broken.
    pub(super) fn checkpoint(&mut self, source: &mut dyn Source, is_source_whole: bool) -> Result<(), Error> {
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
                self.unnoted_since = Some(Instant::now());
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
        self.unnoted_since = None;
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
    pub(super) fn drain(&mut self) -> Result<(), Error> {
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
