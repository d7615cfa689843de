//! Readings that wait for a broker, in one file of SQLite, in order, with how far the source was read when they came.
//!
//! [`Buffer::keep`] is one transaction: readings, position and the hours that are open are on the disk when it returns, all of them or
//! none. So a source that goes on from a kept position gives each reading once, however the process ends. What is delivered is
//! deleted by the next `keep`, or with [`Buffer::delete`]; a reading whose delivery was confirmed and not yet
//! noted when the process is killed is sent again: a producer's own numbering, by which a broker tells what it has already, does not outlive
//! the process. Delivery is at least once, and in order.
//!
//! The file is bounded: [`Buffer::is_full`] says when it holds as much as it may, in whole pages. It does not shrink when it empties; what is
//! free in it is used again. A reading that the disk does not give back as it was written is given as none, and the others go on.

use std::path::Path;

use knowatt_readings::Kind;
use rusqlite::{Row, params};

use crate::{
    database::{self, Database, Sort, digest},
    error::Error,
    keep::Kept,
    store,
};

static SORT: Sort = Sort {
    application_id: 0x6b6e_7762,
    version: 1,
    tables: concat!(
        "CREATE TABLE waiting (id INTEGER PRIMARY KEY NOT NULL, at_ms INTEGER NOT NULL, meter BLOB NOT NULL,
             kind INTEGER NOT NULL, value REAL NOT NULL, hour INTEGER, digest INTEGER NOT NULL) STRICT;",
        crate::store::tables!()
    ),
    what: "readings that wait for the broker",
    loss: "the readings that wait in it are lost then",
    is_open_to_readers: false,
};

/// A meter's reading, as it is put on a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The meter's name; empty where none is given.
    pub meter: Vec<u8>,
    /// Its time, in ms since 1970: for energy the start of its interval.
    pub at_ms: i64,
    /// In Wh, or W for power.
    pub value: f64,
    /// What it is.
    pub kind: Kind,
    /// The local hour, of the energy of a whole hour.
    pub hour: Option<u8>,
}

/// The file.
pub struct Buffer {
    database: Database,
    max_bytes: u64,
    is_full: bool,
    /// The numbers of what waits.
    oldest: Option<u64>,
    newest: Option<u64>,
}

/// Whether something was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// It is on the disk.
    Done,
    /// The disk is full; nothing was changed.
    DiskFull,
}

impl Buffer {
    /// Opens the buffer of a source, or makes it; see [`crate::Store::open`]. It is full when what waits takes up `max_bytes`.
    pub fn open(path: &Path, source: &str, max_bytes: u64) -> Result<Self, Error> {
        let mut database = Database::open(path, &SORT)?;
        store::belongs_to(&mut database, source)?;
        let mut buffer = Self { database, max_bytes, is_full: false, oldest: None, newest: None };
        buffer.look().map_err(|error| buffer.database.failed(&error))?;
        Ok(buffer)
    }

    /// The position and the states that were kept last; none where nothing was kept yet.
    pub fn load(&self) -> Result<Option<Kept>, Error> {
        store::load(&self.database)
    }

    /// The number of the oldest reading that waits.
    pub fn oldest(&self) -> Option<u64> {
        self.oldest
    }

    /// The number of the newest reading that waits.
    pub fn newest(&self) -> Option<u64> {
        self.newest
    }

    /// Whether it holds as much as it may.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Deletes what is delivered, up to and with that number, and keeps readings behind all that wait, each with a number above
    /// those before it, and the position and states with them.
    pub fn keep<'m>(
        &mut self,
        delivered: u64,
        readings: impl Iterator<Item = (u64, &'m Measured)>,
        kept: &Kept,
    ) -> Result<Keeping, Error> {
        let write = || {
            let transaction = self.database.transaction()?;
            transaction.execute("DELETE FROM waiting WHERE id <= ?1", [signed(delivered)])?;
            let mut insert =
                transaction.prepare("INSERT INTO waiting VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
            for (id, reading) in readings {
                let Measured { meter, at_ms, value, kind, hour } = reading;
                let sum = sum(id, reading);
                insert.execute(params![signed(id), at_ms, meter, number(*kind), value, hour, sum])?;
            }
            drop(insert);
            store::write(&transaction, kept)?;
            transaction.commit()
        };
        match write().and_then(|()| self.look()) {
            Ok(()) => Ok(Keeping::Done),
            Err(error) if database::is_full(&error) => Ok(Keeping::DiskFull),
            Err(error) => Err(self.database.failed(&error)),
        }
    }

    /// The oldest readings behind a number, at most so many; none for one that is not as it was written.
    pub fn read(&self, after: u64, most: usize) -> Result<Vec<(u64, Option<Measured>)>, Error> {
        let read = || {
            let mut query = self.database.connection().prepare(
                "SELECT id, at_ms, meter, kind, value, hour, digest FROM waiting WHERE id > ?1 ORDER BY id LIMIT ?2",
            )?;
            let rows = query.query_map(params![signed(after), signed(most as u64)], of_row)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| self.database.failed(&error))
    }

    /// Looks at how much there is.
    fn look(&mut self) -> rusqlite::Result<()> {
        let connection = self.database.connection();
        let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let pages = pragma("page_count")? - pragma("freelist_count")?;
        self.is_full = unsigned(pages * pragma("page_size")?) >= self.max_bytes;
        let edge = |query| connection.query_row(query, [], |row| row.get::<_, Option<i64>>(0));
        self.oldest = edge("SELECT min(id) FROM waiting")?.map(unsigned);
        self.newest = edge("SELECT max(id) FROM waiting")?.map(unsigned);
        Ok(())
    }
}

fn of_row(row: &Row<'_>) -> rusqlite::Result<(u64, Option<Measured>)> {
    let id = unsigned(row.get(0)?);
    let kind = match row.get::<_, i64>(3)? {
        0 => Kind::Energy,
        1 => Kind::Power,
        2 => Kind::Register,
        _ => return Ok((id, None)),
    };
    let (at_ms, meter, value) = (row.get(1)?, row.get(2)?, row.get(4)?);
    let hour = row.get::<_, Option<i64>>(5)?.map(u8::try_from).transpose();
    let Ok(hour) = hour else { return Ok((id, None)) };
    let reading = Measured { meter, at_ms, value, kind, hour };
    let is_whole = sum(id, &reading) == row.get::<_, i64>(6)?;
    Ok((id, is_whole.then_some(reading)))
}

fn number(kind: Kind) -> i64 {
    match kind {
        Kind::Energy => 0,
        Kind::Power => 1,
        Kind::Register => 2,
    }
}

fn sum(id: u64, reading: &Measured) -> i64 {
    let Measured { meter, at_ms, value, kind, hour } = reading;
    let numbers = [id.to_be_bytes(), at_ms.to_be_bytes(), number(*kind).to_be_bytes()].concat();
    // SQLite keeps a zero without its sign.
    digest(&[&numbers, &(value + 0.0).to_be_bytes(), &[hour.map_or(u8::MAX, |hour| hour)], meter])
}

/// Numbers of readings and counts are far below 2^63.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests;
