//! For `knowatt watch --notify`: anomalies straight into the outbox.

use std::sync::Arc;

use knowatt_stream::{Delivered, Error, Group, Outgoing, Read, Sink};

use crate::{hour::ScoredHour, notifier::Notifier};

/// Takes anomalies for people, and passes them on to where they go besides.
pub struct NotifySink {
    notifier: Arc<Notifier>,
    hours: Vec<ScoredHour>,
    beside: Box<dyn Sink>,
}

impl NotifySink {
    /// Beside another sink.
    pub fn new(notifier: Arc<Notifier>, beside: Box<dyn Sink>) -> Self {
        Self { notifier, hours: Vec::new(), beside }
    }
}

impl Sink for NotifySink {
    fn send(&mut self, what: &Outgoing<'_>) -> Result<(), Error> {
        if let Outgoing::Anomaly(anomaly) = what {
            self.hours.push(ScoredHour::from(*anomaly));
        }
        self.beside.send(what)
    }

    fn deliver(&mut self, read: &[Read], group: Option<Group>) -> Result<Delivered, Error> {
        // First, as with the other the positions may be committed.
        self.notifier.take(&std::mem::take(&mut self.hours), "watch", None)?;
        self.beside.deliver(read, group)
    }

    fn name(&self) -> String {
        self.beside.name()
    }
}
