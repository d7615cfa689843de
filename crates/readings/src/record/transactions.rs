//! Transactions: records that count once they are committed, and not if they are given up.
//!
//! Source: KIP-98. What a producer writes within a transaction is decided by a marker that follows in the same
//! partition. Until then it is held back, [`MAX_HELD_BYTES`] at the most.
//!
//! A segment may end before the marker, which is then in the next one. What is undecided at the end of an
//! input is taken as committed, for most transactions are; that is said.

use std::collections::BTreeMap;

/// The most that is held back, in bytes.
pub(crate) const MAX_HELD_BYTES: usize = 256 << 20;

/// More is held back than is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMuch;

/// What the producers of a partition wrote and did not decide upon yet.
#[derive(Debug)]
pub(crate) struct Transactions<T> {
    open: BTreeMap<i64, Vec<T>>,
    held_bytes: usize,
    bytes: fn(&T) -> usize,
}

impl<T> Transactions<T> {
    /// None; `bytes` is what each part takes.
    pub(crate) fn new(bytes: fn(&T) -> usize) -> Self {
        Self { open: BTreeMap::new(), held_bytes: 0, bytes }
    }

    /// Holds a part of a producer's transaction back.
    pub(crate) fn hold(&mut self, producer: i64, part: T) -> Result<(), TooMuch> {
        // With something for the part itself, as there may be many small ones.
        self.held_bytes += (self.bytes)(&part) + 128;
        if self.held_bytes > MAX_HELD_BYTES {
            return Err(TooMuch);
        }
        self.open.entry(producer).or_default().push(part);
        Ok(())
    }

    /// What a producer decided upon.
    pub(crate) fn end(&mut self, producer: i64) -> Vec<T> {
        let parts = self.open.remove(&producer).unwrap_or_default();
        let bytes: usize = parts.iter().map(|part| (self.bytes)(part) + 128).sum();
        self.held_bytes = self.held_bytes.saturating_sub(bytes);
        parts
    }

    /// What was never decided upon.
    pub(crate) fn rest(self) -> Vec<T> {
        self.open.into_values().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_producer_wrote_waits_for_its_own_marker() {
        let mut transactions = Transactions::new(|part: &&str| part.len());
        for (producer, part) in [(1, "a"), (2, "b"), (1, "c"), (3, "d")] {
            transactions.hold(producer, part).unwrap();
        }
        assert_eq!(transactions.end(1), ["a", "c"]);
        assert!(transactions.end(1).is_empty());
        assert_eq!(transactions.rest(), ["b", "d"]);
    }

    #[test]
    fn a_transaction_without_end_is_refused() {
        let mut transactions = Transactions::new(|part: &usize| *part);
        assert_eq!(transactions.hold(1, MAX_HELD_BYTES), Err(TooMuch));
        let mut transactions = Transactions::new(|part: &usize| *part);
        assert!((0..1000).all(|_| {
            transactions.hold(1, MAX_HELD_BYTES / 2).unwrap();
            transactions.end(1).len() == 1
        }));
    }
}
