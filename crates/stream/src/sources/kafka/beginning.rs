//! Where a partition is begun that was assigned.

use knowatt_readings::kafka::Topic;
use tracing::warn;

use super::Start;

/// Where to begin, and what lies below what was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Beginning {
    /// The offset read first.
    pub(super) from: i64,
    /// What lies below it was committed.
    pub(super) committed: i64,
    /// What is no longer there.
    pub(super) loss: Option<Loss>,
}

/// What is no longer there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// Records that were read, and that the state needs, from this offset on.
    State(i64),
    /// So many that had not been read.
    Unread(i64),
    /// All: the topic ends below what was committed.
    MadeAnew,
}

impl Beginning {
    /// Decides it by what the group has committed and what the partition holds, from `low` to before `high`.
    pub(super) fn of(
        committed: Option<i64>,
        state_from: Option<i64>,
        low: i64,
        high: i64,
        start: Start,
    ) -> Self {
        let Some(committed) = committed else {
            let from = if start == Start::Earliest { low } else { high };
            return Self { from, committed: from, loss: None };
        };
        if committed > high {
            return Self { from: low, committed: low, loss: Some(Loss::MadeAnew) };
        }
        if committed < low {
            return Self { from: low, committed: low, loss: Some(Loss::Unread(low - committed)) };
        }
        let wanted = state_from.map_or(committed, |from| from.clamp(0, committed));
        let loss = (wanted < low).then_some(Loss::State(wanted));
        Self { from: wanted.max(low), committed, loss }
    }

    /// Says what is no longer there.
    pub(super) fn tell(self, topic: &Topic, partition: i32) {
        let Self { from, committed, loss } = self;
        match loss {
            None => {}
            Some(Loss::State(wanted)) => warn!(
                %topic, partition, wanted, from, committed,
                "the topic no longer reaches back to where the state begins; hours before that are not known"
            ),
            Some(Loss::Unread(records)) => warn!(
                %topic, partition, records, from,
                "the topic has deleted records that had not been read; keep them longer (retention.ms)"
            ),
            Some(Loss::MadeAnew) => warn!(
                %topic, partition, from,
                "the topic ends below what was committed, so it was made anew: it is read from its beginning"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_begun_where_its_state_begins() {
        let begin = |committed, state_from| {
            let Beginning { from, committed, loss } =
                Beginning::of(committed, state_from, 100, 200, Start::Earliest);
            (from, committed, loss)
        };
        assert_eq!(begin(None, None), (100, 100, None));
        assert_eq!(begin(Some(150), None), (150, 150, None));
        assert_eq!(begin(Some(150), Some(120)), (120, 150, None));
        assert_eq!(begin(Some(150), Some(160)), (150, 150, None), "a state from what is still to come");
        assert_eq!(begin(Some(150), Some(40)), (100, 150, Some(Loss::State(40))));
        assert_eq!(begin(Some(200), Some(200)), (200, 200, None), "all was read");
        assert_eq!(begin(Some(90), Some(80)), (100, 100, Some(Loss::Unread(10))));
        assert_eq!(begin(Some(201), Some(150)), (100, 100, Some(Loss::MadeAnew)));
        assert_eq!(Beginning::of(None, None, 100, 200, Start::Latest).from, 200);
    }
}
