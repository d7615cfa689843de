//! What is to be told, to whom, and what became of it: one file of SQLite.
//!
//! An hour is taken in one transaction with all that follows from it, so that after a crash it either was never heard of, and is read again, or
//! its messages wait here. What names an hour or a message is unique: what comes again changes nothing.
//!
//! ```text
//! hour ──► episode ──► told (channel × episode: refused, waits, told, …) ──► delivery (waiting, done, dead)
//! ```

mod delivery;
mod held;
mod intake;
mod meters;
mod status;

use std::path::Path;

use jiff::{Timestamp, ZonedDateTime, tz::TimeZone};
use knowatt_stream::{
    Error,
    database::{Database, Sort},
};
use rusqlite::{OptionalExtension as _, Transaction, params};

pub use self::{
    delivery::{Became, Waiting},
    intake::Taken,
    meters::MeterSummary,
    status::{ChannelStatus, DeadLetter, Held},
};
use crate::{
    manners::{Manners, Said},
    message::{Facts, Message},
    words::{Setting, Words},
};

static SORT: Sort = Sort {
    application_id: 0x6b6e_776f,
    version: 1,
    tables: "
        CREATE TABLE about (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT;
        CREATE TABLE episode (
            id INTEGER PRIMARY KEY, key TEXT NOT NULL, meter TEXT NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,
            peak TEXT NOT NULL, heard_ms INTEGER NOT NULL, is_over INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX episode_of_meter ON episode (meter, last_ms);
        CREATE INDEX episode_over ON episode (last_ms) WHERE is_over = 1;
        CREATE INDEX episode_open ON episode (heard_ms) WHERE is_over = 0;
        CREATE TABLE hour (
            id TEXT PRIMARY KEY NOT NULL, episode INTEGER NOT NULL, start_ms INTEGER NOT NULL, is_final INTEGER NOT NULL, extra_wh REAL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX hour_of_episode ON hour (episode);
        CREATE TABLE told (
            channel TEXT NOT NULL, episode INTEGER NOT NULL, state TEXT NOT NULL, why TEXT, since_ms INTEGER NOT NULL, due_ms INTEGER,
            PRIMARY KEY (channel, episode)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX told_of_episode ON told (episode);
        CREATE INDEX told_due ON told (channel, due_ms) WHERE due_ms IS NOT NULL;
        CREATE TABLE channel (name TEXT PRIMARY KEY NOT NULL, last_ms INTEGER, month TEXT NOT NULL, used INTEGER NOT NULL) STRICT;
        CREATE TABLE delivery (
            id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, key TEXT NOT NULL, message TEXT NOT NULL, state TEXT NOT NULL,
            made_ms INTEGER NOT NULL, tries INTEGER NOT NULL, next_ms INTEGER NOT NULL, answer TEXT, ended_ms INTEGER,
            UNIQUE (channel, key)
        ) STRICT;
        CREATE INDEX delivery_waiting ON delivery (channel, id) WHERE state = 'waiting';
        CREATE INDEX delivery_ended ON delivery (ended_ms) WHERE state <> 'waiting';
        CREATE INDEX delivery_dead ON delivery (channel, id) WHERE state = 'dead';
    ",
    what: "what is to be told",
    loss: "messages that wait in it are lost, and what the topic still holds is told again, unless it is older than stale-after",
    is_open_to_readers: true,
};

const POSITION: &str = "position";
const SOURCE: &str = "source";

/// A channel, as far as it decides what is told.
pub struct ChannelRules {
    /// Its name.
    pub name: String,
    /// When it is told.
    pub manners: Manners,
    /// In which words.
    pub words: Words,
}

/// What decides what is told.
pub struct Rules {
    /// All channels.
    pub channels: Vec<ChannelRules>,
    /// What the facts are told with.
    pub setting: Setting,
    /// For what a template of the user's fails at.
    pub usual: Words,
}

impl Rules {
    /// An instant where people live; in UTC if that is not said.
    pub fn local(&self, now: Timestamp) -> ZonedDateTime {
        now.to_zoned_datetime(self.setting.zone.clone().unwrap_or(TimeZone::UTC))
    }

    fn message(&self, channel: &ChannelRules, key: String, facts: Facts) -> Result<Message, Error> {
        channel.words.message(key.clone(), facts.clone()).or_else(|error| {
            tracing::warn!(channel = channel.name, "the usual words are used: {error}");
            self.usual.message(key, facts)
        })
    }
}

/// The file.
pub struct Outbox {
    database: Database,
    /// When it was last cleared of what is old.
    pruned_ms: i64,
}

impl Outbox {
    /// Opens the file, or makes it; another process may only look into it meanwhile.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { database: Database::open(path, &SORT)?, pruned_ms: 0 })
    }

    /// One that is gone when the process is.
    pub fn in_memory() -> Result<Self, Error> {
        Ok(Self { database: Database::in_memory(&SORT)?, pruned_ms: 0 })
    }

    /// Looks into a file that another process may be working with.
    pub fn look_into(path: &Path) -> Result<Self, Error> {
        Ok(Self { database: Database::look_into(path, &SORT)?, pruned_ms: 0 })
    }

    /// How far a source was read, if it was this one.
    pub fn position(&self, source: &str) -> Result<Option<String>, Error> {
        let about = |name: &str| {
            let query = "SELECT value FROM about WHERE name = ?1";
            self.database.connection().query_row(query, [name], |row| row.get::<_, String>(0)).optional()
        };
        let of = about(SOURCE).and_then(|of| Ok((of, about(POSITION)?)));
        let (of, position) = of.map_err(|error| self.database.failed(&error))?;
        Ok(position.filter(|_| of.as_deref() == Some(source)))
    }

    /// Does something in one transaction.
    fn change<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, Error> {
        let mut changed = None;
        let ended = self.database.transaction().and_then(|transaction| {
            changed = Some(work(&transaction)?);
            transaction.commit()
        });
        match (ended, changed) {
            (Ok(()), Some(changed)) => Ok(changed),
            (Err(error), _) => Err(self.database.failed(&error)),
            (Ok(()), None) => Err(self.database.failed(&rusqlite::Error::InvalidQuery)),
        }
    }
}

/// The month of the budget.
fn month(now: &ZonedDateTime) -> String {
    now.strftime("%Y-%m").to_string()
}

/// What a channel has said so far.
fn said(transaction: &Transaction<'_>, channel: &str, now: &ZonedDateTime) -> rusqlite::Result<Said> {
    let query = "SELECT last_ms, month, used FROM channel WHERE name = ?1";
    let found = transaction.query_row(query, [channel], |row| {
        Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, String>(1)?, row.get::<_, u32>(2)?))
    });
    Ok(match found.optional()? {
        None => Said::default(),
        Some((last_ms, of, used)) => Said { last_ms, this_month: if of == month(now) { used } else { 0 } },
    })
}

/// Puts a message into the outbox; one of the same key is there already, and is left.
fn put(
    transaction: &Transaction<'_>,
    channel: &str,
    message: &Message,
    is_first_word: bool,
    now: &ZonedDateTime,
) -> rusqlite::Result<bool> {
    let now_ms = now.timestamp().as_millisecond();
    let text = serde_json::to_string(message)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let is_new = transaction.execute(
        "INSERT INTO delivery (channel, key, message, state, made_ms, tries, next_ms) VALUES (?1, ?2, ?3, 'waiting', ?4, 0, ?4) \
         ON CONFLICT DO NOTHING",
        params![channel, message.key, text, now_ms],
    )? > 0;
    if is_new {
        transaction.execute(
            "INSERT INTO channel VALUES (?1, ?2, ?3, 1) ON CONFLICT (name) DO UPDATE SET \
             used = CASE WHEN month = ?3 THEN used + 1 ELSE 1 END, month = ?3, last_ms = coalesce(?2, last_ms)",
            params![channel, is_first_word.then_some(now_ms), month(now)],
        )?;
    }
    Ok(is_new)
}

#[cfg(test)]
mod tests;
