//! From an hour to its episode, and to what of it each channel is told.

use jiff::{SignedDuration, Timestamp, ZonedDateTime};
use knowatt_score::is_one_episode;
use knowatt_stream::Error;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{ChannelRules, Outbox, POSITION, Rules, SOURCE, put, said};
use crate::{
    hour::ScoredHour,
    manners::{Due, What, Why},
    message::{Message, MessageEvent},
    words::Told,
};

/// What became of hours that were taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Hours above 1.0 that were not known.
    pub hours: u64,
    /// What had come before.
    pub repeated: u64,
    /// Episodes that began.
    pub episodes: u64,
    /// Messages that were put into the outbox.
    pub messages: u64,
    /// What a channel is told later.
    pub held: u64,
    /// What a channel is not told.
    pub refused: u64,
}

/// An episode, as it is kept.
pub(super) struct Episode {
    pub(super) id: i64,
    /// `alert_id` of its first hour.
    pub(super) key: String,
    first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) peak: ScoredHour,
    pub(super) is_over: bool,
}

/// What is done in a transaction, and with what.
pub(super) struct Work<'t, 'c> {
    pub(super) transaction: &'t Transaction<'c>,
    pub(super) rules: &'t Rules,
    pub(super) now: &'t ZonedDateTime,
    pub(super) taken: Taken,
}

/// As [`read`] takes them.
pub(super) const COLUMNS: &str = "episode.id, key, first_ms, last_ms, peak, is_over";

impl Outbox {
    /// Takes hours, with how far their source was read.
    pub fn take(
        &mut self,
        hours: &[ScoredHour],
        source: &str,
        position: Option<&str>,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Taken, Error> {
        let now = rules.local(now);
        self.change(|transaction| {
            let mut work = Work { transaction, rules, now: &now, taken: Taken::default() };
            for hour in hours {
                work.hour(hour)?;
            }
            if let Some(position) = position {
                let set = "INSERT INTO about VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2";
                transaction.execute(set, [SOURCE, source])?;
                transaction.execute(set, [POSITION, position])?;
            }
            Ok(work.taken)
        })
    }
}

impl Work<'_, '_> {
    fn hour(&mut self, hour: &ScoredHour) -> rusqlite::Result<()> {
        let query = "SELECT is_final, episode FROM hour WHERE id = ?1";
        let known = self
            .transaction
            .query_row(query, [&hour.id], |row| Ok((row.get::<_, bool>(0)?, row.get::<_, i64>(1)?)));
        let known = known.optional()?;
        if !hour.is_anomaly() {
            return self.normal_hour(hour, known.is_some());
        }
        let mut episode = match known {
            Some((true, _)) => {
                self.taken.repeated += 1;
                return Ok(());
            }
            // An early word, and now more is known.
            Some((false, id)) => self.episode(id)?,
            None => self.episode_of(hour)?,
        };
        self.taken.hours += u64::from(known.is_none());
        self.transaction.execute(
            "INSERT INTO hour VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO UPDATE SET is_final = ?4, extra_wh = ?5",
            params![hour.id, episode.id, hour.start.as_millisecond(), hour.is_final(), hour.extra_wh()],
        )?;
        if hour.score > episode.peak.score || hour.id == episode.peak.id {
            episode.peak = hour.clone();
        }
        episode.last = episode.last.max(hour.start);
        self.transaction.execute(
            "UPDATE episode SET last_ms = ?2, peak = ?3, heard_ms = ?4 WHERE id = ?1",
            params![episode.id, episode.last.as_millisecond(), text(&episode.peak)?, self.now_ms()],
        )?;
        for channel in &self.rules.channels {
            self.consider(channel, &episode, hour)?;
        }
        Ok(())
    }

    /// An hour that is not above 1.0 tells that the one before it has ended, and after some of them so has an episode.
    fn normal_hour(&mut self, hour: &ScoredHour, is_known: bool) -> rusqlite::Result<()> {
        if !hour.is_final() {
            return Ok(());
        }
        if is_known {
            self.transaction.execute("UPDATE hour SET is_final = 1 WHERE id = ?1", [&hour.id])?;
        }
        match self.last_episode(&hour.meter)? {
            Some(episode) if !episode.is_over && is_behind(&episode, hour.start) => self.end(&episode),
            _ => Ok(()),
        }
    }

    /// The episode that an hour belongs to: the meter's last one, if that goes on, or else a new one. What comes so late that another has
    /// begun since is over.
    fn episode_of(&mut self, hour: &ScoredHour) -> rusqlite::Result<Episode> {
        let mut is_over = false;
        if let Some(last) = self.last_episode(&hour.meter)? {
            let is_near = is_one_episode(last.last, hour.start) && is_one_episode(hour.start, last.first);
            if is_near && !last.is_over {
                return Ok(last);
            }
            is_over = hour.start < last.first;
            if !is_over && !last.is_over {
                self.end(&last)?;
            }
        }
        self.taken.episodes += 1;
        let start_ms = hour.start.as_millisecond();
        self.transaction.execute(
            "INSERT INTO episode (key, meter, first_ms, last_ms, peak, heard_ms, is_over) VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6)",
            params![hour.id, hour.meter, start_ms, text(hour)?, self.now_ms(), is_over],
        )?;
        let id = self.transaction.last_insert_rowid();
        let (key, first, last) = (hour.id.clone(), hour.start, hour.start);
        Ok(Episode { id, key, first, last, peak: hour.clone(), is_over })
    }

    fn last_episode(&self, meter: &str) -> rusqlite::Result<Option<Episode>> {
        let query = format!("SELECT {COLUMNS} FROM episode WHERE meter = ?1 ORDER BY last_ms DESC LIMIT 1");
        self.transaction.query_row(&query, [meter], read).optional()
    }

    pub(super) fn episode(&self, id: i64) -> rusqlite::Result<Episode> {
        self.transaction.query_row(&format!("SELECT {COLUMNS} FROM episode WHERE id = ?1"), [id], read)
    }

    /// What a channel is told of an episode's newest hour.
    fn consider(
        &mut self,
        channel: &ChannelRules,
        episode: &Episode,
        hour: &ScoredHour,
    ) -> rusqlite::Result<()> {
        let query = "SELECT state FROM told WHERE channel = ?1 AND episode = ?2";
        let state = self
            .transaction
            .query_row(query, params![channel.name, episode.id], |row| row.get::<_, String>(0));
        let state = state.optional()?;
        if !matches!(state.as_deref(), None | Some("refused" | "waits")) {
            return Ok(());
        }
        let due = match channel.manners.refuses(hour, self.now.timestamp()) {
            Some(_) if state.is_some() => return Ok(()),
            Some(why) => {
                self.taken.refused += 1;
                return self.note(channel, episode, "refused", Some(why), None);
            }
            None => {
                let said = said(self.transaction, &channel.name, self.now)?;
                channel.manners.due(What::Alert(hour.score), said, self.now)
            }
        };
        match due {
            Due::Now => {
                let message = self.told(channel, episode, MessageEvent::Alert)?;
                self.put(channel, message, true)?;
                self.note(channel, episode, "told", None, None)
            }
            // What waits already is told when it was to be.
            Due::Later(..) if state.as_deref() == Some("waits") => Ok(()),
            Due::Later(due, why) => {
                self.taken.held += 1;
                self.note(channel, episode, "waits", Some(why), Some(due))
            }
        }
    }

    /// An episode has ended: whoever was told of it alone is told that too.
    pub(super) fn end(&mut self, episode: &Episode) -> rusqlite::Result<()> {
        self.transaction.execute("UPDATE episode SET is_over = 1 WHERE id = ?1", [episode.id])?;
        for channel in &self.rules.channels {
            // Of what was refused, nobody knows that it began.
            let query = "SELECT count(*) FROM told WHERE channel = ?1 AND episode = ?2 AND state = 'told' \
                         AND NOT EXISTS (SELECT 1 FROM delivery WHERE channel = ?1 AND key = ?3 AND state = 'dead')";
            let key = format!("{}-{}", episode.key, channel.name);
            let told: u32 =
                self.transaction
                    .query_row(query, params![channel.name, episode.id, key], |row| row.get(0))?;
            if told > 0 && channel.manners.follow_up() {
                self.follow_up(channel, episode)?;
            }
        }
        Ok(())
    }

    pub(super) fn follow_up(&mut self, channel: &ChannelRules, episode: &Episode) -> rusqlite::Result<()> {
        let said = said(self.transaction, &channel.name, self.now)?;
        match channel.manners.due(What::End, said, self.now) {
            Due::Now => {
                let message = self.told(channel, episode, MessageEvent::End)?;
                self.put(channel, message, false)?;
                self.note(channel, episode, "end-told", None, None)
            }
            Due::Later(_, Why::Budget) => self.note(channel, episode, "end-held", Some(Why::Budget), None),
            Due::Later(due, why) => self.note(channel, episode, "end-waits", Some(why), Some(due)),
        }
    }

    /// A message about one episode.
    pub(super) fn told(
        &self,
        channel: &ChannelRules,
        episode: &Episode,
        event: MessageEvent,
    ) -> rusqlite::Result<Message> {
        let (hours, extra_wh) = self.figures(episode)?;
        let told = Told {
            peak: &episode.peak,
            key: &episode.key,
            hours,
            extra_wh,
            is_over: episode.is_over || event == MessageEvent::End,
        };
        let facts = self.rules.setting.facts(event, &told, self.now.timestamp());
        let end = if event == MessageEvent::End { "-end" } else { "" };
        // Two channels may lead to one place, which is to take both.
        let key = format!("{}{end}-{}", episode.key, channel.name);
        self.rules.message(channel, key, facts).map_err(failed)
    }

    /// Hours and extra energy of an episode.
    pub(super) fn figures(&self, episode: &Episode) -> rusqlite::Result<(u32, Option<f64>)> {
        let query =
            "SELECT count(*), sum(extra_wh), min(start_ms), max(start_ms) FROM hour WHERE episode = ?1";
        let (count, extra_wh, first_ms, last_ms) =
            self.transaction.query_row(query, [episode.id], |row| {
                Ok((
                    row.get::<_, u32>(0)?,
                    row.get::<_, Option<f64>>(1)?,
                    row.get::<_, Option<i64>>(2)?,
                    row.get::<_, Option<i64>>(3)?,
                ))
            })?;
        // From its first hour to its last, with the pauses between them.
        let span_ms = last_ms.zip(first_ms).map_or(0, |(last, first)| last - first);
        let hours = u32::try_from(span_ms / 3_600_000 + 1).unwrap_or(count);
        Ok((hours.max(count.min(1)), extra_wh))
    }

    /// Puts a message into the outbox; the last one of a month says that it is.
    pub(super) fn put(
        &mut self,
        channel: &ChannelRules,
        mut message: Message,
        is_first_word: bool,
    ) -> rusqlite::Result<()> {
        let used = said(self.transaction, &channel.name, self.now)?.this_month;
        if let Some(budget) = channel.manners.budget().filter(|budget| used + 1 == *budget) {
            let last = format!(
                "This is the last of this month's {budget} messages here. What follows is told next month; `knowatt notify status` shows it now."
            );
            message.text = format!("{}\n{last}", message.text);
        }
        self.taken.messages +=
            u64::from(put(self.transaction, &channel.name, &message, is_first_word, self.now)?);
        Ok(())
    }

    /// Notes what a channel knows of an episode.
    pub(super) fn note(
        &self,
        channel: &ChannelRules,
        episode: &Episode,
        state: &str,
        why: Option<Why>,
        due: Option<Timestamp>,
    ) -> rusqlite::Result<()> {
        self.transaction.execute(
            "INSERT INTO told VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (channel, episode) DO UPDATE SET state = ?3, why = ?4, due_ms = ?6",
            params![channel.name, episode.id, state, why.map(Why::name), self.now_ms(), due.map(Timestamp::as_millisecond)],
        )?;
        Ok(())
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.now.timestamp().as_millisecond()
    }
}

/// Whether the hour after this one can no longer be of the episode.
fn is_behind(episode: &Episode, start: Timestamp) -> bool {
    let next = start.checked_add(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MAX);
    !is_one_episode(episode.last, next)
}

pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Episode> {
    let peak: String = row.get(4)?;
    let peak = serde_json::from_str(&peak).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Text, error.into())
    })?;
    let time = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or_default();
    let (first, last) = (time(row.get(2)?), time(row.get(3)?));
    Ok(Episode { id: row.get(0)?, key: row.get(1)?, first, last, peak, is_over: row.get(5)? })
}

fn text(hour: &ScoredHour) -> rusqlite::Result<String> {
    serde_json::to_string(hour).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

pub(super) fn failed(error: Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error.into())
}
