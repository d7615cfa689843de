//! What follows from one message, counted, said and sent.

use std::time::Instant;

use jiff::{Timestamp, civil::DateTime};
use knowatt_readings::LiveSample;
use knowatt_score::{Calendar, Feature, Recent, Scored, Slot};
use tracing::warn;

use crate::{
    anomaly::{Anomaly, AnomalyKind, DeadLetter, Event, EventKind, alert_id},
    clock,
    counts::Counts,
    decode::Raw,
    error::Error,
    hours::{Hour, LeftOut, Sample},
    meter::{Meter, Told},
    outlets::Outlets,
    partition::Partition,
    settings::Settings,
    source::Place,
    tables::{Model, Tables},
};

/// What is needed for each message, and what has been counted.
pub(crate) struct Context<'w> {
    pub(crate) tables: &'w mut Tables,
    pub(crate) settings: &'w Settings,
    pub(crate) counts: Counts,
    pub(crate) source: String,
    /// Whether something was sent since the last checkpoint.
    pub(crate) has_found: bool,
    now: Instant,
    /// A sample of a later time is not believed.
    latest_ms: i64,
    /// The time at which an hour was last looked up, and what it was on the clock on the wall: many meters have the same one.
    local: Option<(i64, DateTime)>,
}

impl<'w> Context<'w> {
    pub(crate) fn new(tables: &'w mut Tables, settings: &'w Settings) -> Self {
        Self {
            tables,
            settings,
            counts: Counts::default(),
            source: String::new(),
            has_found: false,
            now: Instant::now(),
            latest_ms: clock::ahead_ms(settings.future),
            local: None,
        }
    }

    /// Notes the time.
    pub(crate) fn now(&mut self, now: Instant) {
        self.now = now;
        self.latest_ms = clock::ahead_ms(self.settings.future);
    }
}

/// Says what follows from one message.
pub(crate) struct Teller<'t, 'w> {
    pub(crate) context: &'t mut Context<'w>,
    pub(crate) outlets: &'t mut Outlets,
    pub(crate) place: Place,
    pub(crate) is_committed: bool,
}

impl Teller<'_, '_> {
    pub(crate) fn nothing(&mut self) {
        self.context.counts.nothing += u64::from(!self.is_committed);
    }

    pub(crate) fn poison(&mut self, raw: &Raw<'_>, reason: &str) -> Result<(), Error> {
        if self.is_committed {
            return Ok(());
        }
        self.context.counts.dead_letters += 1;
        self.context.has_found = true;
        let Place { partition, offset } = self.place;
        let Raw { timestamp_ms, key, value } = raw;
        self.outlets.dead_letter(&DeadLetter {
            source: &self.context.source,
            partition,
            offset,
            timestamp_ms: *timestamp_ms,
            key: *key,
            value: value.as_deref(),
            reason,
        })
    }

    pub(crate) fn sample(
        &mut self,
        partition: &mut Partition,
        sample: &LiveSample<'_>,
        timestamp_ms: Option<i64>,
    ) -> Result<(), Error> {
        let LiveSample { meter: name, at_ms, value, kind, is_hour } = sample;
        let context = &mut *self.context;
        if *at_ms > context.latest_ms {
            self.future(name, *at_ms);
            return Ok(());
        }
        context.counts.newest_ms = context.counts.newest_ms.max(Some(*at_ms));
        let clock_ms = partition.clock_ms.map_or(*at_ms, |clock| clock.max(*at_ms));
        partition.clock_ms = Some(clock_ms);
        // Who has no model costs no memory: names come from outside.
        let has_model = || context.tables.of_meter(name).is_some();
        let Some(Meter { state, model, .. }) = partition.hear(name, context.now, clock_ms, has_model) else {
            self.unknown_meter(name);
            return Ok(());
        };
        let generation = context.tables.generation();
        if model.as_ref().is_none_or(|(of, _)| *of != generation) {
            *model = Some((generation, context.tables.of_meter(name).cloned()));
        }
        let Some((_, Some(model))) = model else {
            self.unknown_meter(name);
            return Ok(());
        };
        if *is_hour {
            return self.one_hour(name, model, *at_ms, *value, timestamp_ms);
        }
        let sample = Sample { at_ms: *at_ms, value: *value, kind: *kind, offset: self.place.offset };
        let rules = &context.settings.rules;
        let mut ended = Ok(());
        state.push(sample, rules, &model.table, |told| {
            if ended.is_ok() {
                ended = self.tell(name, model, sample.at_ms, told);
            }
        });
        if self.outlets.takes_scores()
            && ended.is_ok()
            && let Some((hour, scored)) = state.so_far(&model.table, self.context.settings.open_every)
        {
            return self.hour(name, model, hour, &scored, AnomalyKind::Open, hour.start_ms);
        }
        ended
    }

    /// Scores what is held back of every meter: nothing comes any more.
    pub(crate) fn flush(&mut self, partition: &mut Partition) -> Result<(), Error> {
        let rules = &self.context.settings.rules;
        for (name, Meter { state, is_changed, .. }) in &mut partition.meters {
            let Some(model) = self.context.tables.of_meter(name).cloned() else { continue };
            let at_ms = state.clock_ms;
            let mut ended = Ok(());
            state.flush(rules, &model.table, |told| {
                *is_changed = true;
                if ended.is_ok() {
                    ended = self.tell(name, &model, at_ms, told);
                }
            });
            ended?;
        }
        Ok(())
    }

    /// An hour of the day and its energy, scored by itself.
    fn one_hour(
        &mut self,
        name: &[u8],
        model: &Model,
        start_ms: i64,
        wh: f64,
        timestamp_ms: Option<i64>,
    ) -> Result<(), Error> {
        let Ok(start) = Timestamp::from_millisecond(start_ms) else { return Ok(()) };
        let wh = if self.context.settings.rules.net { wh.max(0.0) } else { wh };
        let slot = self.slot(model.table.calendar(), start);
        let Ok(level) = model.table.score(slot, wh) else {
            self.left_out(name, start_ms, LeftOut::Negative);
            return Ok(());
        };
        self.context.counts.hours += u64::from(!self.is_committed);
        if level <= 1.0 && !self.outlets.takes_scores() {
            return Ok(());
        }
        let Ok(scored) = model.table.assess(start, wh, &mut Recent::default()) else { return Ok(()) };
        let hour = Hour { start_ms, wh, from: self.place.offset };
        self.hour(name, model, hour, &scored, AnomalyKind::Level, timestamp_ms.unwrap_or(start_ms))
    }

    /// The class of day and the local hour; all models are of one zone.
    fn slot(&mut self, calendar: &Calendar, start: Timestamp) -> Slot {
        let start_ms = start.as_millisecond();
        let known = self.context.local.filter(|(at, _)| *at == start_ms).map(|(_, local)| local);
        let local = known.unwrap_or_else(|| calendar.local(start));
        self.context.local = Some((start_ms, local));
        Slot { day: calendar.day_class(local.date()), hour: local.hour().unsigned_abs() }
    }

    fn future(&mut self, name: &[u8], at_ms: i64) {
        if self.is_committed {
            return;
        }
        self.context.counts.future += 1;
        if self.context.counts.future == 1 {
            let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
            let meter = String::from_utf8_lossy(name);
            warn!(%meter, %at, "left out: its time is ahead of the clock here (of its kind, only the first is said)");
        }
    }

    fn unknown_meter(&mut self, name: &[u8]) {
        if self.is_committed {
            return;
        }
        self.context.counts.unknown_meter += 1;
        if self.context.counts.unknown_meter == 1 {
            let meter = String::from_utf8_lossy(name);
            warn!(%meter, "left out: there is no model for it, and no default (of its kind, only the first is said)");
        }
    }

    /// Counts what was left out; the first of each kind is said, with what may be done.
    fn left_out(&mut self, name: &[u8], at_ms: i64, why: LeftOut) {
        if self.is_committed {
            return;
        }
        let is_first = self.context.counts.left_out.add(why) == 1;
        if let Some(hint) = why.hint().filter(|_| is_first) {
            let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
            let meter = String::from_utf8_lossy(name);
            warn!(%meter, %at, "left out: {hint} (of its kind, only the first is said; all are counted)");
        }
    }

    fn tell(&mut self, name: &[u8], model: &Model, at_ms: i64, told: Told) -> Result<(), Error> {
        match told {
            Told::LeftOut(why) => {
                self.left_out(name, at_ms, why);
                Ok(())
            }
            Told::Hour(hour, scored) => {
                self.context.counts.hours += u64::from(!self.is_committed);
                let is_level = scored.feature == Feature::Level;
                let kind = if is_level { AnomalyKind::Level } else { AnomalyKind::Floor };
                self.hour(name, model, hour, &scored, kind, hour.start_ms)
            }
            Told::Early(hour, scored) => {
                self.hour(name, model, hour, &scored, AnomalyKind::Early, hour.start_ms)
            }
            Told::Flat(since_ms) if !self.is_committed => {
                self.context.has_found = true;
                let since = Timestamp::from_millisecond(since_ms).unwrap_or_default();
                let what = format!("the same value for two days, since {since}");
                let meter = String::from_utf8_lossy(name).into_owned();
                self.outlets.event(&Event {
                    event: EventKind::FlatLine,
                    timestamp: clock::now(),
                    meter,
                    what,
                })
            }
            Told::Flat(_) => Ok(()),
        }
    }

    /// Sends on what is said of an hour: its score, where that is wanted, and what is above 1.0 and stays there.
    fn hour(
        &mut self,
        name: &[u8],
        model: &Model,
        hour: Hour,
        scored: &Scored,
        kind: AnomalyKind,
        event_ts: i64,
    ) -> Result<(), Error> {
        let is_anomaly = scored.score > 1.0 && kind != AnomalyKind::Open;
        let is_wanted = is_anomaly || self.outlets.takes_scores();
        if self.is_committed || !is_wanted {
            return Ok(());
        }
        let Some(record) = record(name, model, hour, scored, kind, event_ts) else { return Ok(()) };
        // How an open hour stands is no news to hurry for: a card would be written to each time.
        self.context.has_found |= kind != AnomalyKind::Open;
        self.outlets.score(&record)?;
        if is_anomaly {
            self.context.counts.anomalies[kind as usize] += 1;
            self.outlets.anomaly(&record)?;
        }
        Ok(())
    }
}

/// An hour and its score as they are written.
fn record(
    name: &[u8],
    model: &Model,
    hour: Hour,
    scored: &Scored,
    kind: AnomalyKind,
    event_ts: i64,
) -> Option<Anomaly> {
    let timestamp = Timestamp::from_millisecond(hour.start_ms).ok()?;
    let meter = String::from_utf8_lossy(name).into_owned();
    let alert_id = alert_id(&meter, hour.start_ms);
    Some(Anomaly {
        event_ts,
        hour: model.table.calendar().slot(timestamp).hour,
        kwh: hour.wh,
        function: scored.level,
        timestamp,
        meter,
        wh: hour.wh,
        expected_low_wh: scored.expected_low_wh,
        expected_high_wh: scored.expected_high_wh,
        score: scored.score,
        kind,
        feature: scored.feature.to_string(),
        model_id: model.id.clone(),
        alert_id,
    })
}
