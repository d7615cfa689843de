//! Where readings come from: the one trait that every source has.
//!
//! A source hands over what comes, one [`Incoming`] after the other, and is told with [`Source::commit`] how far everything
//! that follows from it has been delivered. What was not committed is given again after a restart, if the
//! source can do that ([`Source::repeats`]).

use std::time::Duration;

use knowatt_readings::{LiveRecord, LiveSample};

use crate::error::Error;

/// Gives what comes.
pub trait Source {
    /// The next thing that comes, waiting at most `patience`.
    fn next(&mut self, patience: Duration) -> Result<Incoming<'_>, Error>;

    /// Everything up to there is delivered. Not called where the sink commits for the source (see [`Group`]).
    fn commit(&mut self, read: &[Read]) -> Result<(), Error>;

    /// Gives up partitions that were to be revoked: all that was read of them is committed, and they are no longer ours.
    /// Only sources that give [`Incoming::Revoked`] need it.
    fn give_up(&mut self, _partitions: &[i32]) -> Result<(), Error> {
        Ok(())
    }

    /// The consumer group, for a sink that commits in one transaction what it writes and how far was read.
    fn group(&self) -> Option<Group> {
        None
    }

    /// Whether what it reads from waits for a commit before it gives more.
    fn waits(&self) -> bool {
        false
    }

    /// Whether what was not committed is given again after a restart.
    fn repeats(&self) -> Repeats;

    /// Where to begin after a restart, for a source of [`Repeats::Position`]: behind all that was handed over so far. It is
    /// stored with the meters' state and given back when the source is opened.
    fn position(&self) -> Option<String> {
        None
    }

    /// Whether what comes waits where it is while nothing is taken; if not, it is lost.
    fn can_wait(&self) -> bool {
        self.repeats() != Repeats::Never
    }

    /// For people: what it reads, without secrets.
    fn name(&self) -> String;
}

/// How a source comes back after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeats {
    /// It goes back by itself to where the state is rebuilt from ([`Read::state_from`]), and marks what was read before.
    Log,
    /// It begins behind the position that it is opened with; the state is kept in the store.
    Position,
    /// What was not acknowledged is sent again; the state is kept in the store.
    Unacknowledged,
    /// What comes while nobody listens is lost.
    Never,
}

/// What comes.
#[derive(Debug)]
pub enum Incoming<'a> {
    /// Something to read.
    Message(Message<'a>),
    /// Nothing, for as long as was waited.
    Nothing,
    /// These partitions are ours from now on: nothing is known of them yet.
    Assigned(Vec<i32>),
    /// These partitions are wanted by another; they are ours until [`Source::give_up`].
    Revoked(Vec<i32>),
    /// These partitions are no longer ours, and what was not committed is another's to do.
    Lost(Vec<i32>),
    /// There is no more.
    End,
}

/// Something to read, with its place.
#[derive(Debug)]
pub struct Message<'a> {
    /// Where it stands.
    pub place: Place,
    /// Whether it was committed before: it is read again for the state alone, and nothing is written for it.
    pub is_committed: bool,
    /// What it is.
    pub body: Body<'a>,
}

/// Where a message stands in its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Of the topic; 0 where there are none.
    pub partition: i32,
    /// Rising within the partition.
    pub offset: i64,
}

/// What a message is.
#[derive(Debug)]
pub enum Body<'a> {
    /// A record, to be decoded by the decoder of that number (see [`Source`]'s options); most sources have one, 0.
    Record {
        /// Which decoder reads it.
        decoder: usize,
        /// What is read.
        record: LiveRecord<'a>,
    },
    /// A row of a table.
    Row {
        /// The columns' names.
        columns: &'a [String],
        /// The fields.
        fields: &'a [String],
        /// When it came; none where it was there before.
        timestamp_ms: Option<i64>,
    },
    /// A sample that the source itself understood.
    Sample(LiveSample<'a>),
    /// What the source itself found to be unreadable, as it came, and why.
    Poison {
        /// The bytes.
        bytes: &'a [u8],
        /// Why.
        why: String,
    },
}

/// How far a partition has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// The partition.
    pub partition: i32,
    /// The offset after the last one read.
    pub next_offset: i64,
    /// The offset from which all must be read again to have the same state after it.
    pub state_from: i64,
}

/// A consumer group, as a transaction needs it.
#[cfg(feature = "kafka")]
pub struct Group {
    /// The topic that is read.
    pub topic: String,
    /// The group, its generation and our membership.
    pub metadata: rdkafka::consumer::ConsumerGroupMetadata,
}

/// A consumer group; this build has none.
#[cfg(not(feature = "kafka"))]
pub enum Group {}
