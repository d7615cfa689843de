//! How a message gets to a person: the one trait that every channel has.

use std::time::Duration;

use crate::message::Message;

/// A way to a person.
pub trait Channel: Send {
    /// Sends a message, and waits until it is known what became of it. Gives what came back, for people.
    ///
    /// A message is sent again after [`Failure::Again`], or if the process ended meanwhile; its `key` is the same then.
    fn send(&mut self, message: &Message) -> Result<String, Failure>;

    /// Looks, before a test is sent, for what sending would not tell.
    fn check(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

/// Why a message was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It may go another time.
    Again {
        /// What happened.
        why: String,
        /// How long the other side wants to be left alone.
        after: Option<Duration>,
    },
    /// It was refused, and would be again: somebody has to change something.
    Never {
        /// What came back, and what to do.
        why: String,
    },
}

impl Failure {
    /// One that may pass.
    pub fn again(why: impl Into<String>) -> Self {
        Self::Again { why: why.into(), after: None }
    }

    /// One that will not pass.
    pub fn never(why: impl Into<String>) -> Self {
        Self::Never { why: why.into() }
    }

    /// What happened.
    pub fn why(&self) -> &str {
        match self {
            Self::Again { why, .. } | Self::Never { why } => why,
        }
    }

    /// The same, with more to say.
    #[must_use]
    pub fn with(self, more: &str) -> Self {
        match self {
            Self::Again { why, after } => Self::Again { why: format!("{why}{more}"), after },
            Self::Never { why } => Self::Never { why: format!("{why}{more}") },
        }
    }
}
