//! Why nothing was exported.

/// Why a model was not exported.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The table does not fit into what the engine takes.
    #[error("the table is too large for {target}: {what}")]
    TooLarge {
        /// The target's name.
        target: &'static str,
        /// How much is too much.
        what: String,
    },
    /// The jar could not be put together.
    #[error("the jar could not be made: {0}")]
    Jar(String),
    /// The library that writes the format refused.
    #[error("the {target} file cannot be written: {what}")]
    Format {
        /// The target's name.
        target: &'static str,
        /// What it said.
        what: String,
    },
}
