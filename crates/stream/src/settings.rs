//! What a stream is told, besides where it reads and writes and by which models.

use std::time::Duration;

use crate::{hours::Rules, source::Repeats};

/// What is not in the models.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How hours are made of samples.
    pub rules: Rules,
    /// How far a sample's time may be ahead of the clock.
    pub future: Duration,
    /// How often all is delivered and committed; unless, as often as fits the source.
    pub commit_interval: Option<Duration>,
    /// After how long a meter of which nothing comes is silent.
    pub silent_after: Option<Duration>,
    /// How often an event says that the stream is alive.
    pub heartbeat: Option<Duration>,
    /// How often it is said how an open hour stands, where scores are wanted: not twice in one of these.
    pub open_every: Duration,
    /// The first pause before source and sinks are opened anew; the next ones are longer.
    pub pause: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            future: Duration::from_secs(3600),
            commit_interval: None,
            silent_after: Some(Duration::from_secs(6 * 3600)),
            heartbeat: None,
            open_every: Duration::from_secs(60),
            pause: Duration::from_secs(1),
        }
    }
}

impl Settings {
    /// How often a source of that kind is committed: what is kept by another is cheap, what is written to a card is not.
    pub(crate) fn commit_interval(&self, repeats: Repeats) -> Duration {
        self.commit_interval.unwrap_or(match repeats {
            Repeats::Log => Duration::from_millis(100),
            Repeats::Position | Repeats::Unacknowledged => Duration::from_secs(1),
            Repeats::Never => Duration::from_secs(10),
        })
    }
}
