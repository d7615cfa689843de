//! When a channel is told, and when it is not: pure rules, which know nothing of where it is written down.
//!
//! ```toml
//! [notify.manners]                 # of all channels; one may have its own, [notify.channels.NAME.manners]
//! min-score = 1.5
//! min-extra-wh = 200
//! meters = ["kitchen", "flat-*"]
//! kinds = ["level", "floor", "early"]
//! hours = "22-6"                   # of the day, the last one included
//! cooldown = "10m"
//! quiet-hours = "22:00-07:00"
//! urgent-above = 5.0               # such scores are told at once: no quiet hours, no cooldown, no digest
//! budget = 500                     # a month
//! digest = "18:00"                 # once a day all of it in one message
//! follow-up = true
//! stale-after = "24h"
//! ```
//!
//! What a channel [`refuses`](Manners::refuses) it is never told; what it may not be told now is [`Due`] later, and comes then: alone as it is,
//! of several a digest. Nothing is dropped for cooldown, quiet hours or budget.

mod times;

use std::{fmt, time::Duration};

use jiff::{SignedDuration, Timestamp, ZonedDateTime};
use knowatt_stream::{Error, Span, anomaly::AnomalyKind, config::parsed};
use serde::Deserialize;
use wildmatch::WildMatch;

pub use self::times::{Hours, QuietHours, TimeOfDay};
use crate::hour::ScoredHour;

/// The shortest time between two messages of a channel, unless it is said.
const COOLDOWN: Duration = Duration::from_secs(600);
/// What is older is not told, unless it is said.
const STALE_AFTER: Duration = Duration::from_secs(24 * 3600);

/// The keys of a table of manners, all of which may be left out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct MannersConfig {
    min_score: Option<f64>,
    min_extra_wh: Option<f64>,
    meters: Option<Vec<String>>,
    kinds: Option<Vec<AnomalyKind>>,
    #[serde(deserialize_with = "parsed")]
    hours: Option<Hours>,
    cooldown: Option<Span>,
    #[serde(deserialize_with = "parsed")]
    quiet_hours: Option<QuietHours>,
    urgent_above: Option<f64>,
    budget: Option<u32>,
    #[serde(deserialize_with = "parsed")]
    digest: Option<TimeOfDay>,
    follow_up: Option<bool>,
    stale_after: Option<Span>,
}

/// When a channel is told.
#[derive(Debug, Clone)]
pub struct Manners {
    min_score: f64,
    min_extra_wh: f64,
    /// Empty: all.
    meters: Vec<WildMatch>,
    /// Empty: all.
    kinds: Vec<AnomalyKind>,
    hours: Option<Hours>,
    cooldown: SignedDuration,
    quiet_hours: Option<QuietHours>,
    urgent_above: f64,
    budget: Option<u32>,
    digest: Option<TimeOfDay>,
    follow_up: bool,
    stale_after: Option<SignedDuration>,
}

/// Why something is not told, or not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Below the least score or the least extra energy.
    Small,
    /// Another channel's meter, kind or hour.
    Route,
    /// Of long ago.
    Stale,
    /// Too soon after the message before.
    Cooldown,
    /// People sleep.
    QuietHours,
    /// All messages of the month are used up.
    Budget,
    /// It is told once a day.
    Digest,
}

impl Why {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Small, Self::Route, Self::Stale, Self::Cooldown, Self::QuietHours, Self::Budget, Self::Digest];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Route => "route",
            Self::Stale => "stale",
            Self::Cooldown => "cooldown",
            Self::QuietHours => "quiet-hours",
            Self::Budget => "budget",
            Self::Digest => "digest",
        }
    }

    /// For people.
    pub fn told(self) -> &'static str {
        match self {
            Self::Small => "below min-score or min-extra-wh",
            Self::Route => "not for this channel (meters, kinds, hours)",
            Self::Stale => "older than stale-after",
            Self::Cooldown => "held by the cooldown",
            Self::QuietHours => "held over the quiet hours",
            Self::Budget => "held, as the month's budget is used up",
            Self::Digest => "held for the digest",
        }
    }
}

/// When something may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// At once.
    Now,
    /// Not before then, and why.
    Later(Timestamp, Why),
}

/// What a channel has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Said {
    /// When it was told last, in ms since 1970.
    pub last_ms: Option<i64>,
    /// How many messages there were this month.
    pub this_month: u32,
}

/// What is to be told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum What {
    /// An episode of that score has begun.
    Alert(f64),
    /// What was held back, of that highest score, is due.
    Held(f64),
    /// An episode that was told has ended.
    End,
}

impl Manners {
    /// By a channel's own keys, then those of all channels, then the usual ones. `budget` is the usual one of its kind.
    pub fn new(own: &MannersConfig, all: &MannersConfig, budget: Option<u32>) -> Result<Self, Error> {
        let number = |name: &str, own: Option<f64>, all: Option<f64>, usual: f64| {
            let number = own.or(all).unwrap_or(usual);
            let is_one = !number.is_nan() && number >= 0.0;
            is_one
                .then_some(number)
                .ok_or_else(|| Error::change(format!("{name} = {number} is not a number of 0 or more")))
        };
        let budget = own.budget.or(all.budget).or(budget);
        if budget == Some(0) {
            return Err(Error::change("budget = 0 would tell nothing: leave the channel out"));
        }
        let meters = own.meters.as_ref().or(all.meters.as_ref());
        let span = |span: Span| SignedDuration::try_from(span.0).unwrap_or(SignedDuration::MAX);
        let stale_after = span(own.stale_after.or(all.stale_after).unwrap_or(Span(STALE_AFTER)));
        Ok(Self {
            min_score: number("min-score", own.min_score, all.min_score, 1.0)?,
            min_extra_wh: number("min-extra-wh", own.min_extra_wh, all.min_extra_wh, 0.0)?,
            meters: meters
                .map(|meters| meters.iter().map(|meter| WildMatch::new(meter)).collect())
                .unwrap_or_default(),
            kinds: own.kinds.clone().or_else(|| all.kinds.clone()).unwrap_or_default(),
            hours: own.hours.or(all.hours),
            cooldown: span(own.cooldown.or(all.cooldown).unwrap_or(Span(COOLDOWN))),
            quiet_hours: own.quiet_hours.or(all.quiet_hours),
            urgent_above: number("urgent-above", own.urgent_above, all.urgent_above, f64::INFINITY)?,
            budget,
            digest: own.digest.or(all.digest),
            follow_up: own.follow_up.or(all.follow_up).unwrap_or(true),
            stale_after: Some(stale_after).filter(|span| !span.is_zero()),
        })
    }

    /// Whether it needs to know what time it is where people live.
    pub fn needs_zone(&self) -> bool {
        self.quiet_hours.is_some() || self.digest.is_some()
    }

    /// Whether the end of an episode is told too.
    pub fn follow_up(&self) -> bool {
        self.follow_up
    }

    /// The messages of a month.
    pub fn budget(&self) -> Option<u32> {
        self.budget
    }

    /// How long what may still be told has to be remembered; none for ever.
    pub fn stale_after(&self) -> Option<SignedDuration> {
        self.stale_after
    }

    /// Why the channel is not told of an hour, if it is not.
    pub fn refuses(&self, hour: &ScoredHour, now: Timestamp) -> Option<Why> {
        let is_routed = (self.meters.is_empty()
            || self.meters.iter().any(|meter| meter.matches(&hour.meter)))
            && (self.kinds.is_empty() || self.kinds.contains(&hour.kind))
            && self.hours.is_none_or(|hours| hours.contains(hour.hour));
        // Where it is not known what is normal, nothing is held back for it.
        let is_small = hour.score < self.min_score
            || hour.extra_wh().is_some_and(|extra_wh| extra_wh < self.min_extra_wh);
        if !is_routed {
            Some(Why::Route)
        } else if is_small {
            Some(Why::Small)
        } else if self.stale_after.is_some_and(|span| now.duration_since(hour.start) > span) {
            Some(Why::Stale)
        } else {
            None
        }
    }

    /// When the channel may be told.
    pub fn due(&self, what: What, said: Said, now: &ZonedDateTime) -> Due {
        let used = said.this_month;
        // The month's last message is not spent on good news.
        let reserved = u32::from(what == What::End);
        if let Some(budget) = self.budget
            && used.saturating_add(reserved) >= budget
        {
            return Due::Later(next_month(now), Why::Budget);
        }
        let score = match what {
            What::Alert(score) | What::Held(score) => score,
            What::End => f64::NEG_INFINITY,
        };
        if score > self.urgent_above {
            return Due::Now;
        }
        if let (Some(digest), What::Alert(_)) = (self.digest, what) {
            return Due::Later(digest.next(now), Why::Digest);
        }
        if let Some(end) = self.quiet_hours.and_then(|quiet| quiet.end(now)) {
            return Due::Later(end, Why::QuietHours);
        }
        if what == What::End {
            return Due::Now;
        }
        let free = said
            .last_ms
            .and_then(|last_ms| Timestamp::from_millisecond(last_ms).ok()?.checked_add(self.cooldown).ok());
        // A clock that was set back holds nothing for longer than the cooldown.
        let latest = now.timestamp().checked_add(self.cooldown).unwrap_or(Timestamp::MAX);
        match free.map(|free| free.min(latest)).filter(|free| *free > now.timestamp()) {
            Some(free) => Due::Later(free, Why::Cooldown),
            None => Due::Now,
        }
    }
}

/// When the next month begins.
fn next_month(now: &ZonedDateTime) -> Timestamp {
    let first = now.last_of_month().and_then(|last| last.tomorrow()).and_then(|first| first.start_of_day());
    first.map_or(Timestamp::MAX, |first| first.timestamp())
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.told())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hour::tests::at;

    pub(crate) fn manners(keys: &str) -> Manners {
        let own: MannersConfig = knowatt_stream::config::parse(keys).unwrap();
        Manners::new(&own, &MannersConfig::default(), None).unwrap()
    }

    fn now(text: &str) -> ZonedDateTime {
        text.parse().unwrap()
    }

    fn due(keys: &str, what: What, said: Said, at: &str) -> String {
        match manners(keys).due(what, said, &now(at)) {
            Due::Now => "now".to_owned(),
            Due::Later(due, why) => {
                format!(
                    "{} {}",
                    due.to_zoned_datetime(now(at).time_zone().clone()).strftime("%d %H:%M"),
                    why.name()
                )
            }
        }
    }

    const EVENING: &str = "2024-03-30T23:30:00+01:00[Europe/Paris]";
    const ALERT: What = What::Alert(2.0);

    #[test]
    fn a_channel_is_told_at_once_unless_something_is_against_it() {
        assert_eq!(due("", ALERT, Said::default(), EVENING), "now");
        let said = Said { last_ms: Some(now(EVENING).timestamp().as_millisecond() - 60_000), this_month: 3 };
        assert_eq!(due("", ALERT, said, EVENING), "30 23:39 cooldown");
        assert_eq!(due("", What::End, said, EVENING), "now");
        assert_eq!(due("cooldown = \"0s\"", ALERT, said, EVENING), "now");
        assert_eq!(due("budget = 4", ALERT, Said { last_ms: None, ..said }, EVENING), "now");
        assert_eq!(due("budget = 4", What::End, said, EVENING), "01 00:00 budget");
        assert_eq!(due("budget = 3", ALERT, said, EVENING), "01 00:00 budget");
    }

    #[test]
    fn quiet_hours_go_over_midnight_and_over_a_change_of_the_clocks() {
        let quiet = "quiet-hours = \"22:00-07:00\"";
        assert_eq!(due(quiet, ALERT, Said::default(), EVENING), "31 07:00 quiet-hours");
        assert_eq!(due(quiet, What::End, Said::default(), EVENING), "31 07:00 quiet-hours");
        assert_eq!(
            due(quiet, ALERT, Said::default(), "2024-03-31T06:59:00+02:00[Europe/Paris]"),
            "31 07:00 quiet-hours"
        );
        assert_eq!(due(quiet, ALERT, Said::default(), "2024-03-31T07:00:00+02:00[Europe/Paris]"), "now");
        let urgent = "quiet-hours = \"22:00-07:00\"\nurgent-above = 1.9";
        assert_eq!(due(urgent, ALERT, Said::default(), EVENING), "now");
        let twice = "quiet-hours = \"22:00-02:30\"";
        let second = "2024-10-27T02:15:00+01:00[Europe/Paris]";
        assert_eq!(due(twice, ALERT, Said::default(), second), "27 02:30 quiet-hours");
        let skipped = "quiet-hours = \"01:00-02:30\"";
        assert_eq!(
            due(skipped, ALERT, Said::default(), "2024-03-31T01:10:00+01:00[Europe/Paris]"),
            "31 03:30 quiet-hours"
        );
    }

    #[test]
    fn a_digest_is_told_at_its_time_and_urgent_things_before_it() {
        assert_eq!(due("digest = \"18:00\"", ALERT, Said::default(), EVENING), "31 18:00 digest");
        assert_eq!(due("digest = \"18:00\"", What::Held(2.0), Said::default(), EVENING), "now");
        assert_eq!(due("digest = \"18:00\"\nurgent-above = 1.9", ALERT, Said::default(), EVENING), "now");
    }

    #[test]
    fn what_is_small_old_or_anothers_is_refused() {
        let refuses = |keys: &str, later_h: i64| {
            let hour = at(4, 2.0);
            manners(keys).refuses(&hour, hour.start + SignedDuration::from_hours(later_h))
        };
        assert_eq!(refuses("", 1), None);
        assert_eq!(refuses("", 25), Some(Why::Stale));
        assert_eq!(refuses("stale-after = \"0s\"", 1000), None);
        assert_eq!(refuses("min-score = 2.5", 1), Some(Why::Small));
        assert_eq!(refuses("min-extra-wh = 382", 1), None);
        assert_eq!(refuses("min-extra-wh = 383", 1), Some(Why::Small));
        assert_eq!(refuses("meters = [\"h?me\", \"x\"]", 1), None);
        assert_eq!(refuses("meters = [\"flat-*\"]", 1), Some(Why::Route));
        assert_eq!(refuses("kinds = [\"floor\"]", 1), Some(Why::Route));
        assert_eq!(refuses("hours = \"22-4\"", 1), None);
        assert_eq!(refuses("hours = \"22-3\"", 1), Some(Why::Route));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let refused = |keys: &str| match knowatt_stream::config::parse::<MannersConfig>(keys) {
            Err(why) => why,
            Ok(own) => Manners::new(&own, &MannersConfig::default(), None).unwrap_err().to_string(),
        };
        assert!(refused("budget = 0").contains("tell nothing"));
        assert!(refused("min-score = nan").contains("min-score"));
        assert_eq!(refused("quiet-hours = \"22-7\""), "line 1: `22` is not a time of the day, as 18:00");
        assert!(refused("quiet-hours = \"22:00\"").contains("22:00-07:00"));
        assert!(refused("quiet-hours = \"22:00-22:00\"").contains("no length"));
        assert!(refused("hours = \"4-24\"").contains("22-6"));
        assert!(refused("digest = \"25:00\"").contains("18:00"));
        assert!(refused("silent = true").contains("unknown field `silent`"));
    }

    proptest! {
        #[test]
        fn whatever_is_held_is_due_later_and_then_told_once_nothing_else_is_said(
            (quiet, digest, budget, cooldown_m) in (any::<bool>(), any::<bool>(), prop::option::of(1_u32..5), 0_i64..3000),
            (used, since_m, score, minute) in (0_u32..6, -500_i64..3000, 1.0..10.0, 0_i64..2_000_000),
        ) {
            let mut keys = format!("cooldown = \"{cooldown_m}m\"\nurgent-above = 8\n");
            let more = [
                quiet.then(|| "quiet-hours = \"21:30-06:15\"".to_owned()),
                digest.then(|| "digest = \"02:30\"".to_owned()),
                budget.map(|budget| format!("budget = {budget}")),
            ];
            keys += &more.into_iter().flatten().collect::<Vec<_>>().join("\n");
            let manners = manners(&keys);
            let mut now = now("2022-01-01T00:00:00+01:00[Europe/Paris]") + SignedDuration::from_mins(minute);
            let mut said = Said { last_ms: Some(now.timestamp().as_millisecond() - since_m * 60_000), this_month: used };
            let mut what = What::Alert(score);
            let mut steps = 0;
            while let Due::Later(due, why) = manners.due(what, said, &now) {
                prop_assert!(due > now.timestamp(), "{why:?} is due at {due}, which is not after {now}");
                let month = now.month();
                now = due.to_zoned_datetime(now.time_zone().clone());
                if now.month() != month { said.this_month = 0 }
                what = What::Held(score);
                steps += 1;
                prop_assert!(steps < 8, "held for ever");
            }
        }
    }
}
