//! One file a sink.
