//! What time alone brings: the end of episodes, and what was held back.

use jiff::{SignedDuration, Timestamp};
use knowatt_score::is_one_episode;
use knowatt_stream::Error;
use rusqlite::params;

use super::{
    ChannelRules, Outbox, Rules, Taken,
    intake::{COLUMNS, Episode, Work, failed, read},
    said,
};
use crate::{
    manners::{Due, What, Why},
    message::{MOST_LISTED, MessageEvent},
    words::Told,
};

/// An episode may still go on for as long as nothing was heard of it: what comes late, after an outage, comes quickly.
const SETTLE: SignedDuration = SignedDuration::from_mins(5);
/// What is so old is forgotten.
const KEPT: SignedDuration = SignedDuration::from_hours(35 * 24);
/// What was delivered, and what could not be, is kept so long to be looked at.
const ARCHIVED: SignedDuration = SignedDuration::from_hours(92 * 24);
/// How often what is old is looked for, and how much of it is forgotten each time at most.
const PRUNE_MS: i64 = 600_000;
const MOST_FORGOTTEN: i64 = 2000;

impl Outbox {
    /// Does what is due. `is_idle` is whether nothing waits to be read.
    pub fn tick(&mut self, rules: &Rules, now: Timestamp, is_idle: bool) -> Result<Taken, Error> {
        let local = rules.local(now);
        let pruned_ms = self.pruned_ms;
        let is_time = now.as_millisecond().saturating_sub(pruned_ms) >= PRUNE_MS;
        let taken = self.change(|transaction| {
            let mut work = Work { transaction, rules, now: &local, taken: Taken::default() };
            if is_idle {
                work.end_what_is_over()?;
            }
            for channel in &rules.channels {
                work.tell_what_was_held(channel)?;
                work.follow_up_what_was_held(channel)?;
            }
            if is_time {
                work.forget()?;
            }
            Ok(work.taken)
        })?;
        if is_time {
            self.pruned_ms = now.as_millisecond();
        }
        Ok(taken)
    }
}

/// What a channel is due to be told of.
fn held(state: &str) -> String {
    format!(
        "SELECT {COLUMNS} FROM told JOIN episode ON episode.id = told.episode \
         WHERE channel = ?1 AND due_ms <= ?2 AND state = '{state}' ORDER BY first_ms, episode.id"
    )
}

impl Work<'_, '_> {
    fn episodes(&self, query: &str, values: impl rusqlite::Params) -> rusqlite::Result<Vec<Episode>> {
        let mut statement = self.transaction.prepare(query)?;
        statement.query_map(values, read)?.collect()
    }

    /// By the clock: where only anomalies come, nothing says that there are no more.
    fn end_what_is_over(&mut self) -> rusqlite::Result<()> {
        let now = self.now.timestamp();
        let before = |span: SignedDuration| now.checked_sub(span).unwrap_or(Timestamp::MIN);
        let open = self.episodes(
            &format!("SELECT {COLUMNS} FROM episode WHERE is_over = 0 AND heard_ms <= ?1"),
            [before(SETTLE).as_millisecond()],
        )?;
        // The first instant at which an hour may begin of which nothing is known yet.
        let unknown = before(SignedDuration::from_hours(1) + SETTLE - SignedDuration::from_millis(1));
        for episode in open {
            if !is_one_episode(episode.last, unknown) {
                self.end(&episode)?;
            }
        }
        Ok(())
    }

    /// One as it is; several in one message.
    fn tell_what_was_held(&mut self, channel: &ChannelRules) -> rusqlite::Result<()> {
        let due = self.episodes(&held("waits"), params![channel.name, self.now_ms()])?;
        let Some(highest) = due.iter().map(|episode| episode.peak.score).reduce(f64::max) else {
            return Ok(());
        };
        let said = said(self.transaction, &channel.name, self.now)?;
        if let Due::Later(later, why) = channel.manners.due(What::Held(highest), said, self.now) {
            self.transaction.execute(
                "UPDATE told SET due_ms = ?3, why = ?4 WHERE channel = ?1 AND due_ms <= ?2 AND state = 'waits'",
                params![channel.name, self.now_ms(), later.as_millisecond(), why.name()],
            )?;
            return Ok(());
        }
        if let [alone] = due.as_slice() {
            let message = self.told(channel, alone, MessageEvent::Alert)?;
            self.put(channel, message, true)?;
            let state = if alone.is_over { "end-told" } else { "told" };
            return self.note(channel, alone, state, None, None);
        }
        self.digest(channel, due)
    }

    fn digest(&mut self, channel: &ChannelRules, mut due: Vec<Episode>) -> rusqlite::Result<()> {
        for episode in &due {
            self.note(channel, episode, "listed", None, None)?;
        }
        due.sort_by(|a, b| b.peak.score.total_cmp(&a.peak.score));
        let count = u32::try_from(due.len()).unwrap_or(u32::MAX);
        let told = due.iter().take(MOST_LISTED).map(|episode| {
            let Episode { peak, key, is_over, .. } = episode;
            let (hours, extra_wh) = self.figures(episode)?;
            Ok(Told { peak, key, hours, extra_wh, is_over: *is_over })
        });
        let told = told.collect::<rusqlite::Result<Vec<_>>>()?;
        let Some(facts) = self.rules.setting.digest(&told, count, self.now.timestamp()) else {
            return Ok(());
        };
        let first = due.first().map_or(0, |episode| episode.id);
        let key = format!("digest-{first}-{}-{}", self.now_ms(), channel.name);
        let message = self.rules.message(channel, key, facts).map_err(failed)?;
        self.put(channel, message, true)
    }

    fn follow_up_what_was_held(&mut self, channel: &ChannelRules) -> rusqlite::Result<()> {
        let due = self.episodes(&held("end-waits"), params![channel.name, self.now_ms()])?;
        due.iter().try_for_each(|episode| self.follow_up(channel, episode))
    }

    /// Forgets what is old, unless it could come again and would be told; a piece at a time.
    fn forget(&mut self) -> rusqlite::Result<()> {
        let before = |span: SignedDuration| {
            self.now.timestamp().checked_sub(span).unwrap_or(Timestamp::MIN).as_millisecond()
        };
        self.transaction.execute(
            "DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE state <> 'waiting' AND ended_ms < ?1 LIMIT ?2)",
            params![before(ARCHIVED), MOST_FORGOTTEN],
        )?;
        let stale_after = self.rules.channels.iter().map(|channel| channel.manners.stale_after());
        // Whoever is told however old it is has to remember for ever.
        let Some(longest) = stale_after.collect::<Option<Vec<_>>>().map(|spans| spans.into_iter().max())
        else {
            return Ok(());
        };
        let kept = longest.unwrap_or_default().max(KEPT);
        let mut old = self.transaction.prepare(
            "SELECT id FROM episode WHERE is_over = 1 AND last_ms < ?1 AND NOT EXISTS \
             (SELECT 1 FROM told WHERE told.episode = episode.id AND due_ms IS NOT NULL) LIMIT ?2",
        )?;
        let old = old.query_map(params![before(kept), MOST_FORGOTTEN], |row| row.get::<_, i64>(0))?;
        for episode in old.collect::<rusqlite::Result<Vec<_>>>()? {
            self.transaction.execute("DELETE FROM hour WHERE episode = ?1", [episode])?;
            self.transaction.execute("DELETE FROM told WHERE episode = ?1", [episode])?;
            self.transaction.execute("DELETE FROM episode WHERE id = ?1", [episode])?;
        }
        Ok(())
    }
}

impl Why {
    /// As it is kept.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.name() == name)
    }
}
