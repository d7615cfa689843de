//! What was shown, kept over a restart: the hours of two days, in a file of SQLite.
//!
//! An hour is in it before it is committed how far was read; so what the source does not give again is here.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use knowatt_stream::{
    Error,
    database::{Database, Sort, digest},
};
use rusqlite::params;

use crate::{
    board::{Board, KEPT_S},
    hour::Hour,
};

static SORT: Sort = Sort {
    application_id: 0x6b6e_7770,
    version: 1,
    tables: "CREATE TABLE hours (meter TEXT NOT NULL, start_s INTEGER NOT NULL, hour TEXT NOT NULL, digest INTEGER NOT NULL, \
             PRIMARY KEY (meter, start_s)) STRICT, WITHOUT ROWID;",
    what: "what was shown",
    loss: "the page then begins without the hours before",
    is_open_to_readers: false,
};

/// The file.
#[derive(Clone)]
pub struct Store(Arc<Mutex<Database>>);

impl Store {
    /// Opens the file, or makes it, and puts what it holds on the board.
    pub fn open(path: &Path, board: &Board) -> Result<Self, Error> {
        let database = Database::open(path, &SORT)?;
        for (text, sum) in rows(&database).map_err(|error| database.failed(&error))? {
            let hour = serde_json::from_str::<Hour>(&text).ok().filter(|_| digest(&[text.as_bytes()]) == sum);
            _ = board.take(&hour.ok_or_else(|| database.damaged("an hour is not what was saved"))?);
        }
        Ok(Self(Arc::new(Mutex::new(database))))
    }

    /// Keeps hours that have ended, and lets go of those two days before and after, as the board does, and of meters.
    pub(crate) fn keep(&self, hours: &[Hour], gone: &[String]) -> Result<(), Error> {
        let mut database = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keep = || {
            let transaction = database.transaction()?;
            {
                let mut insert =
                    transaction.prepare("INSERT OR REPLACE INTO hours VALUES (?1, ?2, ?3, ?4)")?;
                let mut forget = transaction
                    .prepare("DELETE FROM hours WHERE meter = ?1 AND start_s NOT BETWEEN ?2 AND ?3")?;
                for meter in gone {
                    forget.execute(params![meter, 1, 0])?;
                }
                for hour in hours {
                    let text = serde_json::to_string(hour).unwrap_or_default();
                    insert.execute(params![hour.meter, hour.start_s, text, digest(&[text.as_bytes()])])?;
                    forget.execute(params![hour.meter, hour.start_s - KEPT_S, hour.start_s + KEPT_S])?;
                }
            }
            transaction.commit()
        };
        keep().map_err(|error: rusqlite::Error| database.failed(&error))
    }
}

fn rows(database: &Database) -> rusqlite::Result<Vec<(String, i64)>> {
    let mut query =
        database.connection().prepare("SELECT hour, digest FROM hours ORDER BY meter, start_s")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}
