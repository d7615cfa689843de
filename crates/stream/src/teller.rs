//! What follows from one message, counted, said and sent.

use std::{sync::Arc, time::Instant};

use jiff::{Timestamp, civil::DateTime};
use knowatt_readings::{Live, LiveDecoder, LiveRecord, LiveSample};
use knowatt_score::{Calendar, Feature, Recent, Scored, Slot};
use tracing::warn;

use crate::{
    anomaly::{Anomaly, AnomalyKind, DeadLetter, Event, EventKind, alert_id},
    clock,
    counts::Counts,
    error::Error,
    hours::{Hour, LeftOut, Sample},
    meter::Told,
    outlets::Outlets,
    partition::Partition,
    settings::Settings,
    source::Place,
    tables::{Model, Tables},
};

/// Says what follows from one message.
pub(crate) struct Teller<'t> {
    pub(crate) tables: &'t mut Tables,
    pub(crate) settings: &'t Settings,
    pub(crate) counts: &'t mut Counts,
    pub(crate) has_found: &'t mut bool,
    pub(crate) outlets: &'t mut Outlets,
    pub(crate) source: &'t str,
    pub(crate) now: Instant,
    pub(crate) now_ms: i64,
    pub(crate) local: &'t mut Option<(i64, DateTime)>,
    pub(crate) place: Place,
    pub(crate) is_committed: bool,
}

impl Teller<'_> {
    pub(crate) fn record(
        &mut self,
        partition: &mut Partition,
        decoder: &mut LiveDecoder,
        record: &LiveRecord<'_>,
    ) -> Result<(), Error> {
        match decoder.decode(record) {
            Live::Sample(sample) => self.sample(partition, &sample, record.timestamp_ms),
            Live::Nothing(_) => {
                self.nothing();
                Ok(())
            }
            Live::Poison(why) => self.poison(record.timestamp_ms, record.key, record.value, &why),
            Live::NotNow(why) => Err(Error::again(why)),
        }
    }

    pub(crate) fn nothing(&mut self) {
        self.counts.nothing += u64::from(!self.is_committed);
    }

    pub(crate) fn poison(
        &mut self,
        timestamp_ms: Option<i64>,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        reason: &str,
    ) -> Result<(), Error> {
        if self.is_committed {
            return Ok(());
        }
        self.counts.dead_letters += 1;
        *self.has_found = true;
        let Place { partition, offset } = self.place;
        let source = self.source;
        self.outlets.dead_letter(&DeadLetter { source, partition, offset, timestamp_ms, key, value, reason })
    }

    pub(crate) fn sample(
        &mut self,
        partition: &mut Partition,
        sample: &LiveSample<'_>,
        timestamp_ms: Option<i64>,
    ) -> Result<(), Error> {
        let LiveSample { meter: name, at_ms, value, kind, is_hour } = sample;
        if *at_ms
            > self.now_ms.saturating_add(i64::try_from(self.settings.future.as_millis()).unwrap_or(i64::MAX))
        {
            self.future(name, *at_ms);
            return Ok(());
        }
        self.counts.newest_ms = self.counts.newest_ms.max(Some(*at_ms));
        let clock_ms = partition.clock_ms.map_or(*at_ms, |clock| clock.max(*at_ms));
        partition.clock_ms = Some(clock_ms);
        // Who has no model costs no memory: names come from outside.
        if !partition.has(name) && self.tables.of_meter(name).is_none() {
            self.unknown_meter(name);
            return Ok(());
        }
        let meter = partition.meter(name, self.now, clock_ms);
        let generation = self.tables.generation();
        if meter.model.as_ref().is_none_or(|(of, _)| *of != generation) {
            meter.model = Some((generation, self.tables.of_meter(name).cloned()));
        }
        let Some((_, Some(model))) = &meter.model else {
            self.unknown_meter(name);
            return Ok(());
        };
        if *is_hour {
            let model = Arc::clone(model);
            return self.one_hour(name, &model, *at_ms, *value, timestamp_ms);
        }
        let sample = Sample { at_ms: *at_ms, value: *value, kind: *kind, offset: self.place.offset };
        let mut told = Vec::new();
        let model = Arc::clone(model);
        meter.state.push(sample, &self.settings.rules, &model.table, |what| told.push(what));
        told.into_iter().try_for_each(|what| self.tell(name, &model, sample.at_ms, what))
    }

    /// Scores what is held back of every meter: nothing comes any more.
    pub(crate) fn flush(&mut self, partition: &mut Partition) -> Result<(), Error> {
        for (name, meter) in &mut partition.meters {
            let Some(model) = self.tables.of_meter(name).cloned() else { continue };
            let mut told = Vec::new();
            meter.state.flush(&self.settings.rules, &model.table, |what| told.push(what));
            meter.is_changed |= !told.is_empty();
            let at_ms = meter.state.clock_ms;
            told.into_iter().try_for_each(|what| self.tell(name, &model, at_ms, what))?;
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
        let wh = if self.settings.rules.net { wh.max(0.0) } else { wh };
        let slot = self.slot(model.table.calendar(), start);
        let Ok(level) = model.table.score(slot, wh) else {
            self.left_out(name, start_ms, LeftOut::Negative);
            return Ok(());
        };
        self.counts.hours += u64::from(!self.is_committed);
        if level <= 1.0 {
            return Ok(());
        }
        let Ok(scored) = model.table.assess(start, wh, &mut Recent::default()) else { return Ok(()) };
        let hour = Hour { start_ms, wh, from: self.place.offset };
        self.anomaly(name, model, hour, &scored, AnomalyKind::Level, timestamp_ms.unwrap_or(start_ms))
    }

    /// The class of day and the local hour; all models are of one zone.
    fn slot(&mut self, calendar: &Calendar, start: Timestamp) -> Slot {
        let start_ms = start.as_millisecond();
        let known = self.local.filter(|(at, _)| *at == start_ms).map(|(_, local)| local);
        let local = known.unwrap_or_else(|| calendar.local(start));
        *self.local = Some((start_ms, local));
        Slot { day: calendar.day_class(local.date()), hour: local.hour().unsigned_abs() }
    }

    fn future(&mut self, name: &[u8], at_ms: i64) {
        if self.is_committed {
            return;
        }
        self.counts.future += 1;
        if self.counts.future == 1 {
            let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
            let meter = String::from_utf8_lossy(name);
            warn!(%meter, %at, "left out: its time is ahead of the clock here (of its kind, only the first is said)");
        }
    }

    fn unknown_meter(&mut self, name: &[u8]) {
        if self.is_committed {
            return;
        }
        self.counts.unknown_meter += 1;
        if self.counts.unknown_meter == 1 {
            let meter = String::from_utf8_lossy(name);
            warn!(%meter, "left out: there is no model for it, and no default (of its kind, only the first is said)");
        }
    }

    /// Counts what was left out; the first of each kind is said, with what may be done.
    fn left_out(&mut self, name: &[u8], at_ms: i64, why: LeftOut) {
        if self.is_committed {
            return;
        }
        let count = &mut self.counts.left_out[why as usize];
        *count += 1;
        if let Some(hint) = why.hint().filter(|_| *count == 1) {
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
                self.counts.hours += u64::from(!self.is_committed);
                if scored.score <= 1.0 {
                    return Ok(());
                }
                let is_level = scored.feature == Feature::Level;
                let kind = if is_level { AnomalyKind::Level } else { AnomalyKind::Floor };
                self.anomaly(name, model, hour, &scored, kind, hour.start_ms)
            }
            Told::Early(hour, scored) => {
                self.anomaly(name, model, hour, &scored, AnomalyKind::Early, hour.start_ms)
            }
            Told::Flat(since_ms) if !self.is_committed => {
                *self.has_found = true;
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

    fn anomaly(
        &mut self,
        name: &[u8],
        model: &Model,
        hour: Hour,
        scored: &Scored,
        kind: AnomalyKind,
        event_ts: i64,
    ) -> Result<(), Error> {
        if self.is_committed {
            return Ok(());
        }
        let Ok(timestamp) = Timestamp::from_millisecond(hour.start_ms) else { return Ok(()) };
        self.counts.anomalies[kind as usize] += 1;
        *self.has_found = true;
        let meter = String::from_utf8_lossy(name).into_owned();
        let alert_id = alert_id(&meter, hour.start_ms);
        self.outlets.anomaly(&Anomaly {
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
}
