//! One file a sink.

pub mod lines;
#[cfg(feature = "mqtt")]
pub mod mqtt;
