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
mod run;
#[cfg(feature = "kafka")]
mod topic;

use std::{
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use tracing::{info, warn};

#[cfg(feature = "kafka")]
pub use self::configured::Measure;
pub use self::intake::Intake;
#[cfg(feature = "kafka")]
pub use self::topic::{ReadingTopic, TopicOptions};
use self::{queue::Queue, run::Run};
use crate::{
    buffer::{Buffer, Measured},
    counts::LeftOutCounts,
    error::{Error, Remedy},
    sink::Sink,
    source::Source,
};

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
    /// The time between two checkpoints; twice as long, if that brings a moment in which all is delivered.
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
    /// Samples and hours left out, by why.
    pub left_out: LeftOutCounts,
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
        unnoted_since: None,
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
                match ended {
                    Err(error) if error.remedy() == Remedy::Again => warn!("{error}; ended all the same"),
                    ended => ended?,
                }
                return Ok(run.counts);
            }
        }
    }
}

#[cfg(test)]
mod tests;
