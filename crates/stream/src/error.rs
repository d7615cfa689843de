//! Why a stream stopped, and whether it may go on.

/// What went wrong, in words for the user, and what is to be done about it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what}")]
pub struct Error {
    what: String,
    remedy: Remedy,
}

/// What is to be done about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The user must change something: a setting, an address, a file.
    Change,
    /// It lies outside and will not pass by waiting: a broker that refuses, a device that is not there.
    Outside,
    /// Source and sink are to be opened again, and all that was not committed is read again.
    Again,
    /// Nothing went wrong: whoever read what is written has had enough of it.
    Enough,
}

impl Error {
    /// An error whose way out is to change something.
    pub fn change(what: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: Remedy::Change }
    }

    /// An error that lies outside.
    pub fn outside(what: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: Remedy::Outside }
    }

    /// An error after which all is begun again from what was committed.
    pub fn again(what: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: Remedy::Again }
    }

    /// The end, because nobody reads what is written any more.
    pub fn enough(what: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: Remedy::Enough }
    }

    /// What is to be done about it.
    pub fn remedy(&self) -> Remedy {
        self.remedy
    }
}
