//! What is kept over a restart where the source cannot give it again, and what keeps it.

use std::collections::BTreeMap;

use crate::error::Error;

/// What is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Where the source goes on, as it says it itself.
    pub position: Option<String>,
    /// Meters' names and their states: all of them when loaded, those that have changed when saved.
    pub meters: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Keeps it; [`crate::Store`] does, in a file.
pub trait Keep {
    /// What was saved last; none where nothing was saved yet.
    fn load(&self) -> Result<Option<Kept>, Error>;

    /// Keeps the position in place of the one before, and the states of these meters; other meters' states stay. When
    /// it returns, it is safe.
    fn save(&mut self, kept: &Kept) -> Result<(), Error>;
}

/// Keeps it for as long as the process lives: what was not delivered when a sink failed is worked out again from the state
/// before it.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    position: Option<String>,
    meters: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Keep for Memory {
    fn load(&self) -> Result<Option<Kept>, Error> {
        let meters = self.meters.iter().map(|(name, state)| (name.clone(), state.clone())).collect();
        Ok(Some(Kept { position: self.position.clone(), meters }))
    }

    fn save(&mut self, kept: &Kept) -> Result<(), Error> {
        self.position.clone_from(&kept.position);
        self.meters.extend(kept.meters.iter().cloned());
        Ok(())
    }
}
