//! One meter's rows, and not several meters' as one.

use super::{Layout, Options};
use crate::{error::ErrorKind, intake::show};

/// Sees to it that one meter's rows are read, not several meters' as one.
pub(super) struct Meter {
    column: String,
    chosen: Option<Vec<u8>>,
    asked_for: bool,
    found: bool,
    other: Option<String>,
}

impl Meter {
    pub(super) fn new(layout: &Layout, options: &Options, known: Option<Vec<u8>>) -> Self {
        Self {
            column: layout.meter.clone().unwrap_or_default(),
            chosen: options.meter.as_ref().map(|name| name.trim().as_bytes().to_vec()).or(known),
            asked_for: options.meter.is_some(),
            found: false,
            other: None,
        }
    }

    /// Whether the row is the chosen meter's: the one asked for, or the first one if it is the only one.
    #[inline]
    pub(super) fn is_chosen(&mut self, meter: &[u8]) -> Result<bool, ErrorKind> {
        let meter = meter.trim_ascii();
        let chosen = self.chosen.get_or_insert_with(|| meter.to_vec());
        if chosen == meter {
            self.found = true;
            return Ok(true);
        }
        if !self.asked_for {
            let (column, first, second) = (self.column.clone(), show(chosen), show(meter));
            return Err(ErrorKind::SeveralMeters { column, first, second });
        }
        self.other.get_or_insert_with(|| show(meter));
        Ok(false)
    }

    /// The meter that was read, unless the one asked for was not there.
    pub(super) fn was_there(self) -> Result<Option<Vec<u8>>, ErrorKind> {
        match (self.asked_for && !self.found, self.other) {
            (true, Some(found)) => {
                let name = show(&self.chosen.unwrap_or_default());
                Err(ErrorKind::NoSuchMeter { column: self.column, name, found })
            }
            _ => Ok(self.chosen),
        }
    }
}
