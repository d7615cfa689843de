//! One file a source.

mod replay;

pub use replay::Replay;
