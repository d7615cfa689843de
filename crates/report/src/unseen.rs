//! Which months of the year a model has never seen.

use jiff::Span;
use knowatt_score::{Calendar, Provenance};

/// The first and the last of the months of the year (1 to 12, round the turn of the year) that lie outside the span of
/// the readings learned from; none where all were seen, or nothing was learned.
pub fn unseen_months(provenance: &Provenance, calendar: &Calendar) -> Option<(i8, i8)> {
    let last = calendar.local(provenance.last_instant()?).date();
    let mut seen = [false; 12];
    let mut date = calendar.local(provenance.first?).date().first_of_month();
    while date <= last && !seen.iter().all(|seen| *seen) {
        *seen.get_mut(usize::from(date.month().unsigned_abs()) - 1)? = true;
        date = date.checked_add(Span::new().months(1)).ok()?;
    }
    let edge = |beside: usize| {
        let month = (0..12).find(|month| !seen[*month] && seen[(month + beside) % 12])?;
        i8::try_from(month + 1).ok()
    };
    // From the month after those seen to the one before them, around the year.
    Some((edge(11)?, edge(1)?))
}
