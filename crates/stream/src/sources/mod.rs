//! One file a source.

pub mod follow;
#[cfg(feature = "serial")]
pub mod gpio;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod lines;
#[cfg(feature = "mqtt")]
pub mod mqtt;
pub mod p1;
pub mod pulses;
mod replay;
mod stdin;
mod text;

pub use replay::Replay;
