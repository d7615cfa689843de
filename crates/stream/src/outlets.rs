//! Where each kind of what goes out is sent to.

use tracing::{info, warn};

use crate::{
    anomaly::{Anomaly, DeadLetter, Event, EventKind},
    error::Error,
    sink::{Delivered, Outgoing, Sink},
    source::{Group, Read},
};

/// Where dead letters, events or scores go.
pub enum Route {
    /// Where the anomalies go, on a topic of their own.
    WithAnomalies,
    /// To a sink of their own.
    Own(Box<dyn Sink>),
    /// Nowhere but to the log.
    Log,
}

/// All sinks.
pub struct Outlets {
    /// Takes the anomalies.
    pub anomalies: Box<dyn Sink>,
    /// Takes what could not be read.
    pub dead_letters: Route,
    /// Takes what is no reading.
    pub events: Route,
    /// Takes the score of every hour, if that is wanted.
    pub scores: Option<Route>,
    /// How many dead letters there were.
    letters: u64,
}

/// So many dead letters are said one by one; then the next of twice as many.
const LETTERS_TOLD: u64 = 16;

impl Outlets {
    /// Sinks for each kind.
    pub fn new(anomalies: Box<dyn Sink>, dead_letters: Route, events: Route) -> Self {
        Self { anomalies, dead_letters, events, scores: None, letters: 0 }
    }

    /// The same, with one for the score of every hour.
    #[must_use]
    pub fn with_scores(self, scores: Option<Route>) -> Self {
        Self { scores, ..self }
    }

    /// Whether the score of every hour is wanted.
    pub(crate) fn takes_scores(&self) -> bool {
        self.scores.is_some()
    }

    pub(crate) fn anomaly(&mut self, anomaly: &Anomaly) -> Result<(), Error> {
        self.anomalies.send(&Outgoing::Anomaly(anomaly))
    }

    pub(crate) fn score(&mut self, score: &Anomaly) -> Result<(), Error> {
        let Some(scores) = &mut self.scores else { return Ok(()) };
        route(scores, &mut self.anomalies, &Outgoing::Score(score))
    }

    pub(crate) fn dead_letter(&mut self, letter: &DeadLetter<'_>) -> Result<(), Error> {
        let DeadLetter { source, partition, offset, reason, .. } = letter;
        self.letters += 1;
        // A cable that is bad, or a topic that is another, would flood the log.
        if self.letters <= LETTERS_TOLD || self.letters.is_power_of_two() {
            let count = self.letters;
            warn!(source, partition, offset, count, "left out, as it cannot be read: {reason}");
        }
        route(&mut self.dead_letters, &mut self.anomalies, &Outgoing::DeadLetter(letter))
    }

    pub(crate) fn event(&mut self, event: &Event) -> Result<(), Error> {
        if event.event != EventKind::Heartbeat {
            info!(meter = event.meter, "{}", event.what);
        }
        route(&mut self.events, &mut self.anomalies, &Outgoing::Event(event))
    }

    /// Delivers everything; what has a sink of its own first, as the positions are committed with the anomalies.
    pub(crate) fn deliver(&mut self, read: &[Read], group: Option<Group>) -> Result<Delivered, Error> {
        for route in [&mut self.dead_letters, &mut self.events].into_iter().chain(&mut self.scores) {
            if let Route::Own(sink) = route {
                sink.deliver(&[], None)?;
            }
        }
        self.anomalies.deliver(read, group)
    }
}

fn route(route: &mut Route, anomalies: &mut Box<dyn Sink>, what: &Outgoing<'_>) -> Result<(), Error> {
    match route {
        Route::WithAnomalies => anomalies.send(what),
        Route::Own(sink) => sink.send(what),
        Route::Log => Ok(()),
    }
}
