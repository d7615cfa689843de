//! For `knowatt watch --notify`: anomalies straight into the outbox, beside where they go.

use std::sync::Arc;

use knowatt_stream::{Delivered, Error, Group, Outgoing, Outlets, Read, Route, Sink};

use crate::{hour::ScoredHour, notifier::Notifier};

/// The outlets of a stream, of which people are told too. `wants_scores` is whether every hour's score is of use.
pub fn beside(outlets: Outlets, notifier: &Arc<Notifier>, wants_scores: bool) -> Outlets {
    let told = |beside| NotifySink { notifier: Arc::clone(notifier), hours: Vec::new(), beside };
    let Outlets { anomalies, dead_letters, events, scores, .. } = outlets;
    let scores = match scores {
        // They come by way of the anomalies' sink.
        Some(Route::WithAnomalies) => Some(Route::WithAnomalies),
        Some(Route::Own(sink)) => Some(Route::Own(Box::new(told(Some(sink))) as Box<dyn Sink>)),
        Some(Route::Log) | None => wants_scores.then(|| Route::Own(Box::new(told(None)) as Box<dyn Sink>)),
    };
    Outlets::new(Box::new(told(Some(anomalies))), dead_letters, events).with_scores(scores)
}

/// Takes what people may want to know, and passes all on.
struct NotifySink {
    notifier: Arc<Notifier>,
    hours: Vec<ScoredHour>,
    beside: Option<Box<dyn Sink>>,
}

impl Sink for NotifySink {
    fn send(&mut self, what: &Outgoing<'_>) -> Result<(), Error> {
        match what {
            Outgoing::Anomaly(anomaly) => self.hours.push(ScoredHour::from(*anomaly)),
            Outgoing::Score(score) => {
                let hour = ScoredHour::from(*score);
                // What is an anomaly comes as one.
                if !hour.is_anomaly() {
                    self.hours.push(hour);
                }
            }
            Outgoing::DeadLetter(_) | Outgoing::Event(_) => {}
        }
        self.beside.as_mut().map_or(Ok(()), |beside| beside.send(what))
    }

    fn deliver(&mut self, read: &[Read], group: Option<Group>) -> Result<Delivered, Error> {
        // First, as with the other the positions may be committed.
        if !self.hours.is_empty() {
            self.notifier.take(&std::mem::take(&mut self.hours), "watch", None)?;
        }
        self.beside.as_mut().map_or(Ok(Delivered::Alone), |beside| beside.deliver(read, group))
    }

    fn name(&self) -> String {
        self.beside.as_ref().map_or_else(|| "people".to_owned(), |beside| beside.name())
    }
}
