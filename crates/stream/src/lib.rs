//! Readings as they come: sources, hours in event time, scores, sinks.
//!
//! ```text
//! source ──► decoder ──► hours of each meter ──► score table ──► sink
//! ```
//!
//! One file a source ([`sources`]), one a sink ([`sinks`]), each behind a small trait ([`Source`], [`Sink`]).

pub mod anomaly;
mod error;
mod sink;
pub mod sinks;
mod source;
pub mod sources;

pub use error::{Error, Remedy};
pub use sink::{Delivered, Outgoing, Sink};
pub use source::{Body, Group, Incoming, Message, Place, Read, Repeats, Source};
