//! One file a sink.

#[cfg(feature = "mqtt")]
pub mod mqtt;
