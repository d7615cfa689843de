//! How a message gets to a person: the one trait that every channel has.

use std::time::Duration;

use crate::message::Message;

/// The longest time that another side may have us wait.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// A way to a person.
pub trait Channel: Send {
    /// Sends a message, and waits until it is known what became of it. Gives what came back, for people.
    ///
    /// A message is sent again after [`Then::Again`], or if the process ended meanwhile; its `key` is the same then.
    fn send(&mut self, message: &Message) -> Result<String, Failure>;

    /// Looks, before a test is sent, for what sending would not tell.
    fn check(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

/// Why a message was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What happened, and what to do, in our words.
    pub why: String,
    /// What the other side said, as it came: it may hold secrets, or be long.
    pub said: String,
    /// Whether it may go another time.
    pub then: Then,
}

/// What becomes of a message that was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It may go another time; not before so long, if the other side wants to be left alone.
    Again(Option<Duration>),
    /// It was refused, and would be again: somebody has to change something.
    Never,
}

impl Failure {
    /// One that may pass.
    pub fn again(why: impl Into<String>) -> Self {
        Self { why: why.into(), said: String::new(), then: Then::Again(None) }
    }

    /// One that will not pass.
    pub fn never(why: impl Into<String>) -> Self {
        Self { why: why.into(), said: String::new(), then: Then::Never }
    }

    /// The same, with more to say.
    #[must_use]
    pub fn with(self, more: &str) -> Self {
        Self { why: format!("{}{more}", self.why), ..self }
    }

    /// All of it; not to be shown as it is.
    pub(crate) fn told(&self) -> String {
        if self.said.is_empty() { self.why.clone() } else { format!("{}: {}", self.why, self.said) }
    }
}
