//! One file a source.
