//! Where what was found goes to: the one trait that every sink has.

use crate::{
    anomaly::{Anomaly, DeadLetter, Event},
    error::Error,
    source::{Group, Read},
};

/// Takes what was found.
pub trait Sink {
    /// Takes one. It need not be delivered before [`Sink::deliver`] returns, and must not be lost after that.
    fn send(&mut self, what: &Outgoing<'_>) -> Result<(), Error>;

    /// Delivers all that was sent, and waits until it is. With a group it may commit `read` for the source in the same
    /// transaction, and says so.
    fn deliver(&mut self, read: &[Read], group: Option<Group>) -> Result<Delivered, Error>;

    /// For people: where it writes, without secrets.
    fn name(&self) -> String;
}

/// What a delivery did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// All that was sent is delivered; the source is still to be told.
    Alone,
    /// The source's positions were committed with it.
    WithPositions,
}

/// What goes out.
#[derive(Debug, Clone, Copy)]
pub enum Outgoing<'a> {
    /// A reading that is not normal.
    Anomaly(&'a Anomaly),
    /// The score of an hour, whatever it is.
    Score(&'a Anomaly),
    /// A record that could not be read.
    DeadLetter(&'a DeadLetter<'a>),
    /// Something about a meter that is no reading.
    Event(&'a Event),
}
