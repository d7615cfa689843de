//! One file a source.

#[cfg(feature = "mqtt")]
pub mod mqtt;
mod replay;

pub use replay::Replay;
