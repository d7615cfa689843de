//! One file a sink.

#[cfg(feature = "kafka")]
pub mod kafka;
pub mod lines;
#[cfg(feature = "mqtt")]
pub mod mqtt;
