//! Readings as they come: sources, hours in event time, scores, sinks.
//!
//! ```text
//! source ──► decoder ──► hours of each meter ──► score table ──► sink
//! ```
//!
//! One file a source ([`sources`]), one a sink ([`sinks`]), each behind a small trait ([`Source`], [`Sink`]).

pub mod anomaly;
#[cfg(feature = "kafka")]
pub mod avro;
#[cfg(feature = "sqlite")]
mod buffer;
pub mod clock;
pub mod config;
mod counts;
#[cfg(feature = "sqlite")]
pub mod database;
mod decode;
#[cfg(feature = "kafka")]
pub mod encode;
mod error;
pub mod hours;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "kafka")]
mod kafka;
mod keep;
#[cfg(feature = "sqlite")]
pub mod measure;
mod meter;
mod metrics;
#[cfg(feature = "mqtt")]
pub mod mqtt;
pub mod open;
mod outlets;
mod partition;
pub mod pause;
#[cfg(feature = "kafka")]
pub mod reading;
pub mod secret_file;
mod settings;
mod sink;
pub mod sinks;
mod socket;
mod source;
pub mod sources;
mod span;
#[cfg(feature = "sqlite")]
mod state_folder;
#[cfg(feature = "sqlite")]
mod store;
mod tables;
mod teller;
mod watch;
mod work;

#[cfg(feature = "sqlite")]
pub use buffer::{Buffer, Keeping, Measured};
pub use counts::{Counts, LeftOutCounts};
pub use error::{Error, Remedy};
#[cfg(feature = "http")]
pub use http::Health;
#[cfg(feature = "kafka")]
pub use kafka::Member;
pub use keep::{Keep, Kept};
pub use metrics::Metric;
pub use outlets::{Outlets, Route};
pub use settings::Settings;
pub use sink::{Delivered, Outgoing, Sink};
pub use socket::socket_address;
pub use source::{Body, Group, Incoming, Message, Place, Read, Repeats, Source};
pub use span::Span;
#[cfg(feature = "sqlite")]
pub use state_folder::state_folder;
#[cfg(feature = "sqlite")]
pub use store::Store;
pub use tables::{Model, Tables};
pub use watch::{Open, watch};
