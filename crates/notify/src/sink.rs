//! For `knowatt watch --notify`: anomalies straight into the outbox, beside where they go.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use knowatt_stream::{Delivered, Error, Group, Outgoing, Outlets, Read, Route, Sink};

use crate::{hour::ScoredHour, notifier::Notifier};

/// The outlets of a stream, of which people are told too.
///
/// Every hour's score is taken, so that the end of an episode is known when it is there.
pub fn beside(outlets: Outlets, notifier: &Arc<Notifier>) -> Outlets {
    let hours = Rc::default();
    let told = |beside| NotifySink { notifier: Arc::clone(notifier), hours: Rc::clone(&hours), beside };
    let Outlets { anomalies, dead_letters, events, scores, .. } = outlets;
    let scores = match scores {
        // They come by way of the anomalies' sink.
        Some(Route::WithAnomalies) => Route::WithAnomalies,
        Some(Route::Own(sink)) => Route::Own(Box::new(told(Some(sink)))),
        Some(Route::Log) | None => Route::Own(Box::new(told(None))),
    };
    Outlets::new(Box::new(told(Some(anomalies))), dead_letters, events).with_scores(Some(scores))
}

/// Takes what people may want to know, and passes all on.
struct NotifySink {
    notifier: Arc<Notifier>,
    /// In the order in which they came, to whichever of the sinks it was.
    hours: Rc<RefCell<Vec<ScoredHour>>>,
    beside: Option<Box<dyn Sink>>,
}

impl Sink for NotifySink {
    fn send(&mut self, what: &Outgoing<'_>) -> Result<(), Error> {
        match what {
            Outgoing::Anomaly(anomaly) => self.hours.borrow_mut().push(ScoredHour::from(*anomaly)),
            Outgoing::Score(score) => {
                let hour = ScoredHour::from(*score);
                // What is an anomaly comes as one.
                if !hour.is_anomaly() {
                    self.hours.borrow_mut().push(hour);
                }
            }
            Outgoing::DeadLetter(_) | Outgoing::Event(_) => {}
        }
        self.beside.as_mut().map_or(Ok(()), |beside| beside.send(what))
    }

    fn deliver(&mut self, read: &[Read], group: Option<Group>) -> Result<Delivered, Error> {
        // First, as with the other the positions may be committed.
        let hours = self.hours.take();
        if !hours.is_empty() {
            self.notifier.take(&hours, "watch", None)?;
        }
        self.beside.as_mut().map_or(Ok(Delivered::Alone), |beside| beside.deliver(read, group))
    }

    fn name(&self) -> String {
        self.beside.as_ref().map_or_else(|| "people".to_owned(), |beside| beside.name())
    }
}
