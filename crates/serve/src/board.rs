//! What the pages show: of each meter the last two days, and the hour that is open.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::broadcast;
use tracing::warn;

use crate::hour::Hour;

/// Hours further from the newest are let go, and meters of which nothing was heard for so long.
pub(crate) const KEPT_S: i64 = 48 * 3600;
/// A home has some meters; more are not shown, so that names from outside cost no memory.
const MOST_METERS: usize = 64;
/// A page that is further behind is told everything anew.
const MOST_BEHIND: usize = 256;

/// The hours of a meter by their start.
type Hours = BTreeMap<i64, Hour>;

/// What became of an hour that was told.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Taken {
    /// Whether it is shown.
    pub(crate) is_shown: bool,
    /// Meters that were let go of.
    pub(crate) gone: Vec<String>,
}

/// What the pages show, and who listens.
#[derive(Debug, Clone)]
pub struct Board {
    meters: Arc<Mutex<BTreeMap<String, Hours>>>,
    told: broadcast::Sender<Arc<str>>,
    /// Whether it was said that there are too many meters.
    is_full: Arc<AtomicBool>,
}

impl Default for Board {
    /// Nothing is known yet.
    fn default() -> Self {
        Self { meters: Arc::default(), told: broadcast::Sender::new(MOST_BEHIND), is_full: Arc::default() }
    }
}

impl Board {
    /// Takes an hour in the place of what was known of it, and tells it to every page. An hour that has ended is not opened again;
    /// one that never ended, as a part of it is unknown, is gone when a later one comes. A meter whose clock was wrong by
    /// days is followed: what lies too far from the hour, before or after, is let go.
    pub(crate) fn take(&self, hour: &Hour) -> Taken {
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Taken::default();
        if !meters.contains_key(&hour.meter) {
            let is_silent = |hours: &Hours| hours.values().all(|known| hour.heard_s - known.heard_s > KEPT_S);
            taken.gone =
                meters.iter().filter(|(_, hours)| is_silent(hours)).map(|(meter, _)| meter.clone()).collect();
            meters.retain(|meter, _| !taken.gone.contains(meter));
            if meters.len() >= MOST_METERS {
                if !self.is_full.swap(true, Ordering::Relaxed) {
                    warn!(
                        meter = hour.meter,
                        "not shown: there are {MOST_METERS} meters already (only the first is said)"
                    );
                }
                return taken;
            }
        }
        let hours = meters.entry(hour.meter.clone()).or_default();
        if hour.is_open && hours.get(&hour.start_s).is_some_and(|known| !known.is_open) {
            return taken;
        }
        hours.insert(hour.start_s, hour.clone());
        hours.retain(|start_s, known| {
            (start_s - hour.start_s).abs() <= KEPT_S && !(known.is_open && *start_s < hour.start_s)
        });
        // While it is locked: whoever subscribes and then looks misses nothing.
        _ = self.told.send(json(&[hour]));
        taken.is_shown = true;
        taken
    }

    /// Listens from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Arc<str>> {
        self.told.subscribe()
    }

    /// All that is known, as JSON.
    pub(crate) fn all(&self) -> Arc<str> {
        let meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        json(&meters.values().flat_map(BTreeMap::values).collect::<Vec<_>>())
    }
}

fn json(hours: &[&Hour]) -> Arc<str> {
    serde_json::to_string(hours).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(meter: &str, hour: i64, wh: f64, is_open: bool) -> Hour {
        let (meter, start_s) = (meter.to_owned(), hour * 3600);
        let feature = "level".to_owned();
        Hour { meter, start_s, wh, low_wh: 0.0, high_wh: 1.0, score: wh, feature, is_open, heard_s: 0 }
    }

    fn known(board: &Board) -> Vec<(String, i64, f64)> {
        let hours: Vec<Hour> = serde_json::from_str(&board.all()).unwrap();
        hours.into_iter().map(|hour| (hour.meter, hour.start_s / 3600, hour.wh)).collect()
    }

    #[test]
    fn the_last_word_on_an_hour_is_the_one_that_stays_and_two_days_are_kept() {
        let board = Board::default();
        for (at, wh, is_open) in [(1, 1.0, false), (2, 0.2, true), (2, 0.7, false), (2, 0.1, true)] {
            board.take(&hour("a", at, wh, is_open));
        }
        assert_eq!(known(&board), [("a".to_owned(), 1, 1.0), ("a".to_owned(), 2, 0.7)]);
        board.take(&hour("a", 50, 3.0, false));
        assert_eq!(known(&board), [("a".to_owned(), 2, 0.7), ("a".to_owned(), 50, 3.0)]);
    }

    #[test]
    fn an_hour_of_which_a_part_is_unknown_is_gone_when_a_later_one_comes() {
        let board = Board::default();
        for (at, is_open) in [(1, false), (2, true), (3, true)] {
            board.take(&hour("a", at, 1.0, is_open));
        }
        assert_eq!(known(&board), [("a".to_owned(), 1, 1.0), ("a".to_owned(), 3, 1.0)]);
    }

    #[test]
    fn a_clock_that_was_days_ahead_is_followed_back() {
        let board = Board::default();
        for at in [1000, 1001, 10, 11, 12] {
            board.take(&hour("a", at, 1.0, false));
        }
        assert_eq!(known(&board).iter().map(|(_, at, _)| *at).collect::<Vec<_>>(), [10, 11, 12]);
    }

    #[test]
    fn meters_without_end_are_not_kept_and_those_that_are_silent_make_room() {
        let board = Board::default();
        let shown = (0..1000).filter(|meter| board.take(&hour(&meter.to_string(), 1, 1.0, false)).is_shown);
        assert_eq!(shown.count(), MOST_METERS);
        assert_eq!(known(&board).len(), MOST_METERS);
        let later = Hour { heard_s: KEPT_S + 1, ..hour("new", 60, 1.0, false) };
        let taken = board.take(&later);
        assert!(taken.is_shown && taken.gone.len() == MOST_METERS);
        assert_eq!(known(&board), [("new".to_owned(), 60, 1.0)]);
    }

    #[test]
    fn whoever_listens_and_then_looks_misses_nothing() {
        let board = Board::default();
        board.take(&hour("a", 1, 1.0, false));
        let mut listening = board.listen();
        let before = board.all();
        board.take(&hour("a", 2, 2.0, false));
        assert!(before.contains("\"start_s\":3600"));
        assert!(listening.try_recv().unwrap().contains("\"start_s\":7200"));
        for at in 0..1000 {
            board.take(&hour("a", at, 2.0, true));
        }
        assert!(matches!(listening.try_recv(), Err(broadcast::error::TryRecvError::Lagged(_))));
    }
}
