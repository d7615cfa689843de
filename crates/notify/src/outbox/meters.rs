//! What is known of a meter, for its sensors.

use jiff::{Timestamp, ZonedDateTime};
use knowatt_stream::Error;
use rusqlite::params;

use super::Outbox;

/// A meter's episodes, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeterSummary {
    /// When the last one began.
    pub last_alert: Option<Timestamp>,
    /// How many began this month.
    pub alerts_this_month: u32,
    /// Whether it goes on.
    pub is_open: bool,
}

impl Outbox {
    /// The meters that have had an episode, as far back as is remembered.
    pub fn meters(&self) -> Result<Vec<String>, Error> {
        let ask = || {
            let mut statement =
                self.database.connection().prepare("SELECT DISTINCT meter FROM episode ORDER BY meter")?;
            statement.query_map([], |row| row.get(0))?.collect()
        };
        let meters: rusqlite::Result<Vec<String>> = ask();
        meters.map_err(|error| self.database.failed(&error))
    }

    /// A meter's episodes.
    pub fn summary(&self, meter: &str, now: &ZonedDateTime) -> Result<MeterSummary, Error> {
        let month = now.first_of_month().and_then(|first| first.start_of_day());
        let since_ms = month.map_or(i64::MIN, |month| month.timestamp().as_millisecond());
        let query = "SELECT max(first_ms), count(*) FILTER (WHERE first_ms >= ?2), count(*) FILTER (WHERE is_over = 0) FROM episode WHERE meter = ?1";
        let found = self.database.connection().query_row(query, params![meter, since_ms], |row| {
            let last_ms: Option<i64> = row.get(0)?;
            let last_alert = last_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
            Ok(MeterSummary {
                last_alert,
                alerts_this_month: row.get(1)?,
                is_open: row.get::<_, u32>(2)? > 0,
            })
        });
        found.map_err(|error| self.database.failed(&error))
    }
}
