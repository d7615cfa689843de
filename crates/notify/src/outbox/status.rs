//! What can be told of all that: for `knowatt notify status`.

use jiff::{Timestamp, ZonedDateTime};
use knowatt_stream::Error;
use rusqlite::{OptionalExtension as _, params};
use serde::Serialize;

use super::{Outbox, month};
use crate::manners::Why;

/// The most dead letters that are listed of a channel.
const MOST_DEAD: u32 = 10;

/// How it stands with a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChannelStatus {
    /// Its name.
    pub channel: String,
    /// Messages of this month, and whether there is a limit.
    pub this_month: u32,
    /// The limit, if the channel is configured and has one.
    pub budget: Option<u32>,
    /// Messages that were delivered, as far back as is remembered.
    pub delivered: u32,
    /// When the last one was.
    pub last_delivered: Option<Timestamp>,
    /// Messages that wait to be delivered.
    pub waiting: u32,
    /// Why the first of them could not be yet.
    pub waiting_because: Option<String>,
    /// Episodes that are not told now, or not at all, by the reason.
    pub held: Vec<Held>,
    /// Messages that could not be delivered and are not tried again.
    pub dead: u32,
    /// The last ones of them, the latest first.
    pub dead_letters: Vec<DeadLetter>,
}

/// Episodes that a channel is not told of, or not yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Why.
    pub why: &'static str,
    /// How many.
    pub episodes: u32,
    /// When the first of them is due; none for those that are not told.
    pub due: Option<Timestamp>,
}

/// A message that could not be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// When it was given up.
    pub at: Timestamp,
    /// Its title.
    pub title: String,
    /// How often it was tried.
    pub tries: u32,
    /// What came back.
    pub answer: String,
}

impl Outbox {
    /// How it stands with every channel that is known, those of `configured` with their budgets first.
    pub fn status(
        &self,
        configured: &[(String, Option<u32>)],
        now: &ZonedDateTime,
    ) -> Result<Vec<ChannelStatus>, Error> {
        let ask = || {
            let mut channels = configured.to_vec();
            let mut statement = self
                .database
                .connection()
                .prepare("SELECT channel FROM delivery UNION SELECT channel FROM told ORDER BY channel")?;
            for name in statement.query_map([], |row| row.get::<_, String>(0))? {
                let name = name?;
                if !channels.iter().any(|(channel, _)| *channel == name) {
                    channels.push((name, None));
                }
            }
            channels.into_iter().map(|(name, budget)| self.channel_status(name, budget, now)).collect()
        };
        let status: rusqlite::Result<Vec<ChannelStatus>> = ask();
        status.map_err(|error| self.database.failed(&error))
    }

    fn channel_status(
        &self,
        channel: String,
        budget: Option<u32>,
        now: &ZonedDateTime,
    ) -> rusqlite::Result<ChannelStatus> {
        let connection = self.database.connection();
        let count = |state: &str| {
            let query = "SELECT count(*) FROM delivery WHERE channel = ?1 AND state = ?2";
            connection.query_row(query, params![channel, state], |row| row.get::<_, u32>(0))
        };
        let used = "SELECT used FROM channel WHERE name = ?1 AND month = ?2";
        let this_month =
            connection.query_row(used, params![channel, month(now)], |row| row.get(0)).optional()?;
        let last = "SELECT max(ended_ms) FROM delivery WHERE channel = ?1 AND state = 'done'";
        let last: Option<i64> = connection.query_row(last, [&channel], |row| row.get(0))?;
        let why = "SELECT answer FROM delivery WHERE channel = ?1 AND state = 'waiting' ORDER BY id LIMIT 1";
        let waiting_because: Option<Option<String>> =
            connection.query_row(why, [&channel], |row| row.get(0)).optional()?;
        let mut statement = connection.prepare(
            "SELECT why, count(*), min(due_ms) FROM told WHERE channel = ?1 AND state IN ('refused', 'waits', 'end-waits') \
             GROUP BY why ORDER BY why",
        )?;
        let held = statement.query_map([&channel], |row| {
            let why = row.get::<_, Option<String>>(0)?.and_then(|why| Why::named(&why));
            let due: Option<i64> = row.get(2)?;
            Ok(Held { why: why.map_or("unknown", Why::told), episodes: row.get(1)?, due: due.and_then(time) })
        })?;
        let held = held.collect::<rusqlite::Result<_>>()?;
        let mut statement = connection.prepare(
            "SELECT ended_ms, message ->> 'title', tries, answer FROM delivery WHERE channel = ?1 AND state = 'dead' ORDER BY ended_ms DESC LIMIT ?2",
        )?;
        let dead_letters = statement.query_map(params![channel, MOST_DEAD], |row| {
            let at: Option<i64> = row.get(0)?;
            let text = |place| row.get::<_, Option<String>>(place).map(Option::unwrap_or_default);
            Ok(DeadLetter {
                at: at.and_then(time).unwrap_or_default(),
                title: text(1)?,
                tries: row.get(2)?,
                answer: text(3)?,
            })
        })?;
        let dead_letters = dead_letters.collect::<rusqlite::Result<_>>()?;
        Ok(ChannelStatus {
            this_month: this_month.unwrap_or_default(),
            budget,
            delivered: count("done")?,
            last_delivered: last.and_then(time),
            waiting: count("waiting")?,
            waiting_because: waiting_because.flatten(),
            held,
            dead: count("dead")?,
            dead_letters,
            channel,
        })
    }
}

fn time(ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(ms).ok()
}
