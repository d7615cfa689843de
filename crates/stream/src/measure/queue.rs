//! What was read and is not delivered yet: the newest in memory, the rest in the buffer.
//!
//! While the broker answers, a reading is delivered within milliseconds and is never written to the disk. What is not delivered by the next
//! checkpoint is. Each has a number, one above that of the one before; they are handed over by number, so the order is that
//! in which they came, whether they are in memory or not.

use std::collections::VecDeque;

use crate::{
    buffer::{Buffer, Keeping, Measured},
    error::Error,
    keep::Kept,
};

/// How many are read from the disk at a time.
const AT_A_TIME: usize = 500;

pub(super) struct Queue {
    buffer: Buffer,
    /// Not on the disk; their numbers have no gap.
    fresh: VecDeque<(u64, Measured)>,
    /// Read from the disk, to be handed over next.
    ahead: VecDeque<(u64, Option<Measured>)>,
    /// The number of the next to come.
    next: u64,
    /// All up to this one were handed over.
    sent: u64,
    /// All up to this one are delivered or given up.
    settled: u64,
    /// The same when it was last put on the disk.
    kept_settled: u64,
    is_disk_full: bool,
}

/// The next to be handed over.
pub(super) enum Next<'q> {
    Reading(u64, &'q Measured),
    /// The disk did not give it back as it was written.
    Damaged(u64),
    None,
}

impl Queue {
    pub(super) fn new(buffer: Buffer) -> Self {
        let next = buffer.newest().map_or(1, |newest| newest + 1);
        let settled = buffer.oldest().map_or(next, |oldest| oldest) - 1;
        let (fresh, ahead) = (VecDeque::new(), VecDeque::new());
        Self {
            buffer,
            fresh,
            ahead,
            next,
            sent: settled,
            settled,
            kept_settled: settled,
            is_disk_full: false,
        }
    }

    /// What was kept with the readings.
    pub(super) fn kept(&self) -> Result<Option<Kept>, Error> {
        self.buffer.load()
    }

    /// Whether no more should come.
    pub(super) fn is_full(&self) -> bool {
        self.buffer.is_full() || self.is_disk_full
    }

    pub(super) fn is_disk_full(&self) -> bool {
        self.is_disk_full
    }

    pub(super) fn push(&mut self, reading: Measured) {
        self.fresh.push_back((self.next, reading));
        self.next += 1;
    }

    /// How many are not delivered.
    pub(super) fn waiting(&self) -> u64 {
        self.next - 1 - self.settled
    }

    /// How many were handed over and are not delivered.
    pub(super) fn in_flight(&self) -> u64 {
        self.sent - self.settled
    }

    /// Whether some were not handed over.
    pub(super) fn has_unsent(&self) -> bool {
        self.sent + 1 < self.next
    }

    /// How many are in memory alone.
    pub(super) fn fresh(&self) -> usize {
        self.fresh.len()
    }

    /// How many came, or were delivered, of which the disk does not know.
    pub(super) fn unkept(&self) -> u64 {
        (self.fresh.len() as u64).max(self.settled - self.kept_settled)
    }

    /// All of which the disk does not know is delivered, and it need not know.
    pub(super) fn nothing_to_keep(&mut self) {
        self.kept_settled = self.settled;
    }

    /// Whether the disk holds what is delivered.
    pub(super) fn has_delivered_on_disk(&self) -> bool {
        self.buffer.oldest().is_some_and(|oldest| oldest <= self.settled)
    }

    /// The next to be handed over; it is, when [`Queue::sent`] says so.
    pub(super) fn next_to_send(&mut self) -> Result<Next<'_>, Error> {
        let wanted = self.sent + 1;
        if self.buffer.newest().is_some_and(|newest| wanted <= newest) {
            if self.ahead.front().is_none_or(|(id, _)| *id != wanted) {
                self.ahead = self.buffer.read(self.sent, AT_A_TIME)?.into();
            }
            return Ok(match self.ahead.front() {
                Some((id, Some(reading))) if *id == wanted => Next::Reading(wanted, reading),
                _ => Next::Damaged(wanted),
            });
        }
        let place =
            self.fresh.front().and_then(|(first, _)| usize::try_from(wanted.checked_sub(*first)?).ok());
        let found = place.and_then(|place| self.fresh.get(place));
        Ok(found.map_or(Next::None, |(id, reading)| Next::Reading(*id, reading)))
    }

    /// It was handed over.
    pub(super) fn sent(&mut self, id: u64) {
        self.sent = id;
        if self.ahead.front().is_some_and(|(front, _)| *front <= id) {
            self.ahead.pop_front();
        }
    }

    /// All up to this one are delivered, or given up.
    pub(super) fn settle(&mut self, id: u64) {
        self.settled = self.settled.max(id);
        self.sent = self.sent.max(id);
        while self.fresh.front().is_some_and(|(front, _)| *front <= self.settled) {
            self.fresh.pop_front();
        }
    }

    /// All that is not delivered is to be handed over once more.
    pub(super) fn hand_over_again(&mut self) {
        self.sent = self.settled;
        self.ahead.clear();
    }

    /// Puts on the disk what is in memory alone, with how far the source was read. If the disk is full, nothing is changed.
    pub(super) fn keep(&mut self, kept: &Kept) -> Result<Keeping, Error> {
        let fresh = self.fresh.iter().map(|(id, reading)| (*id, reading));
        let keeping = self.buffer.keep(self.settled, fresh, kept)?;
        self.is_disk_full = keeping == Keeping::DiskFull;
        if keeping == Keeping::Done {
            self.fresh.clear();
            self.kept_settled = self.settled;
        }
        Ok(keeping)
    }
}
