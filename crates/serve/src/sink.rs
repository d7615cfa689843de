//! Where `watch` puts what it finds: on the board at once, and in the store before it is committed how far was read.

use knowatt_stream::{Delivered, Error, Group, Outgoing, Outlets, Read, Route, Sink, clock};

use crate::{board::Board, hour::Hour, store::Store};

/// Outlets that show the score of every hour. What cannot be read goes to the log.
pub fn outlets(board: &Board, store: Option<&Store>) -> Outlets {
    let sink = BoardSink { board: board.clone(), store: store.cloned(), ended: Vec::new(), gone: Vec::new() };
    Outlets::new(Box::new(sink), Route::Log, Route::Log).with_scores(Some(Route::WithAnomalies))
}

struct BoardSink {
    board: Board,
    store: Option<Store>,
    /// Hours to be stored.
    ended: Vec<Hour>,
    /// Meters to be forgotten.
    gone: Vec<String>,
}

impl Sink for BoardSink {
    fn send(&mut self, what: &Outgoing<'_>) -> Result<(), Error> {
        // Every anomaly is a score too.
        if let Outgoing::Score(score) = what {
            let hour = Hour::of(score, clock::now().as_second());
            let taken = self.board.take(&hour);
            if self.store.is_some() {
                self.gone.extend(taken.gone);
                self.ended.extend(Some(hour).filter(|hour| taken.is_shown && !hour.is_open));
            }
        }
        Ok(())
    }

    fn deliver(&mut self, _read: &[Read], _group: Option<Group>) -> Result<Delivered, Error> {
        if let Some(store) = &self.store
            && !(self.ended.is_empty() && self.gone.is_empty())
        {
            store.keep(&self.ended, &self.gone)?;
        }
        self.ended.clear();
        self.gone.clear();
        Ok(Delivered::Alone)
    }

    fn name(&self) -> String {
        "pages".to_owned()
    }
}
