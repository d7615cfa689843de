//! What waits to be sent, and what became of it.

use jiff::Timestamp;
use knowatt_stream::Error;
use rusqlite::{OptionalExtension as _, params};

use super::Outbox;
use crate::message::Message;

/// A message that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// Its number; of a channel the lowest goes first.
    pub id: i64,
    /// What is sent.
    pub message: Message,
    /// How often it was tried.
    pub tries: u32,
    /// Not before then.
    pub next: Timestamp,
    /// Since when it waits.
    pub made: Timestamp,
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// It was sent; what came back.
    Done(String),
    /// It is tried again then; why.
    Again(Timestamp, String),
    /// It is not tried again; why.
    Dead(String),
}

impl Outbox {
    /// The first message that waits for a channel.
    pub fn next(&self, channel: &str) -> Result<Option<Waiting>, Error> {
        let query = "SELECT id, message, tries, next_ms, made_ms FROM delivery WHERE channel = ?1 AND state = 'waiting' ORDER BY id LIMIT 1";
        let found = self.database.connection().query_row(query, [channel], |row| {
            let time = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or_default();
            Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?, time(row.get(3)?), time(row.get(4)?)))
        });
        let found = found.optional().map_err(|error| self.database.failed(&error))?;
        let waiting = |(id, message, tries, next, made): (i64, String, u32, Timestamp, Timestamp)| {
            let message = serde_json::from_str(&message)
                .map_err(|error| self.database.damaged(&format!("message {id} is none: {error}")))?;
            Ok(Waiting { id, message, tries, next, made })
        };
        found.map(waiting).transpose()
    }

    /// Notes what became of a try. Of what is refused, the end is not told either.
    pub fn became(&mut self, waiting: &Waiting, became: &Became, now: Timestamp) -> Result<(), Error> {
        let (id, now_ms) = (waiting.id, now.as_millisecond());
        self.change(|transaction| match became {
            Became::Again(next, why) => transaction.execute(
                "UPDATE delivery SET tries = tries + 1, next_ms = ?2, answer = ?3 WHERE id = ?1",
                params![id, next.as_millisecond(), why],
            ),
            Became::Done(answer) => transaction.execute(
                "UPDATE delivery SET tries = tries + 1, state = 'done', answer = ?2, ended_ms = ?3 WHERE id = ?1",
                params![id, answer, now_ms],
            ),
            Became::Dead(answer) => {
                transaction.execute(
                    "DELETE FROM delivery WHERE state = 'waiting' AND (channel, key) = \
                     (SELECT channel, ?2 || '-end-' || channel FROM delivery WHERE id = ?1 AND key = ?2 || '-' || channel)",
                    params![id, waiting.message.facts.alert_id],
                )?;
                transaction.execute(
                    "UPDATE delivery SET tries = tries + 1, state = 'dead', answer = ?2, ended_ms = ?3 WHERE id = ?1",
                    params![id, answer, now_ms],
                )
            }
        })?;
        Ok(())
    }

    /// How many messages wait.
    pub fn waiting(&self) -> Result<u32, Error> {
        let query = "SELECT count(*) FROM delivery WHERE state = 'waiting'";
        let count = self.database.connection().query_row(query, [], |row| row.get(0));
        count.map_err(|error| self.database.failed(&error))
    }

    /// How many messages and episodes wait for each channel.
    pub fn waiting_for(&self) -> Result<Vec<(String, u32)>, Error> {
        let ask = || {
            let query = "SELECT channel, count(*) FROM (SELECT channel FROM delivery WHERE state = 'waiting' \
                         UNION ALL SELECT channel FROM told WHERE due_ms IS NOT NULL) GROUP BY channel ORDER BY channel";
            let mut statement = self.database.connection().prepare(query)?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        let waiting: rusqlite::Result<Vec<(String, u32)>> = ask();
        waiting.map_err(|error| self.database.failed(&error))
    }

    /// Has what could not be delivered tried again; how many messages it is.
    pub fn retry(&mut self, channel: Option<&str>, now: Timestamp) -> Result<usize, Error> {
        self.change(|transaction| {
            transaction.execute(
                "UPDATE delivery SET state = 'waiting', tries = 0, made_ms = ?2, next_ms = ?2, ended_ms = NULL \
                 WHERE state = 'dead' AND channel = coalesce(?1, channel)",
                params![channel, now.as_millisecond()],
            )
        })
    }
}
