//! What a stream knows between two messages: the meters of each partition, and how far each has been read.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Instant,
};

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
    meter::{Meter, State, Told},
    outlets::Outlets,
    source::{Body, Message, Place, Read},
    tables::{Model, Tables},
    watch::Settings,
};

/// A meter of which nothing came, by the newest time of its partition, for so long is forgotten.
const FORGOTTEN_MS: i64 = 7 * 24 * 3_600_000;

/// All that is known.
pub(crate) struct Work<'w> {
    decoders: &'w mut [LiveDecoder],
    pub(crate) tables: &'w mut Tables,
    pub(crate) settings: &'w Settings,
    partitions: BTreeMap<i32, Partition>,
    pub(crate) counts: Counts,
    source: String,
    /// Whether something was sent since the last checkpoint.
    has_found: bool,
    now: Instant,
    now_ms: i64,
    /// The time at which an hour was last looked up, and what it was on the clock on the wall: many meters have the same one.
    local: Option<(i64, DateTime)>,
    beaten: Instant,
}

/// What is known of a partition.
#[derive(Default)]
struct Partition {
    /// By name.
    places: HashMap<Box<[u8]>, usize>,
    meters: Vec<(Box<[u8]>, Meter)>,
    /// The one heard last.
    latest: usize,
    /// The newest time seen.
    clock_ms: Option<i64>,
    /// How far was read since the last checkpoint.
    next_offset: Option<i64>,
}

impl<'w> Work<'w> {
    pub(crate) fn new(
        decoders: &'w mut [LiveDecoder],
        tables: &'w mut Tables,
        settings: &'w Settings,
    ) -> Self {
        Self {
            decoders,
            tables,
            settings,
            partitions: BTreeMap::new(),
            counts: Counts::default(),
            source: String::new(),
            has_found: false,
            now: Instant::now(),
            now_ms: clock::now().as_millisecond(),
            local: None,
            beaten: Instant::now(),
        }
    }

    /// Begins with a source, of which nothing is known.
    pub(crate) fn begin(&mut self, source: String) {
        self.source = source;
        self.partitions.clear();
        self.has_found = false;
    }

    /// Takes up meters' states as they were kept.
    pub(crate) fn restore(&mut self, meters: &[(Vec<u8>, Vec<u8>)]) {
        let partition = self.partitions.entry(0).or_default();
        for (name, state) in meters {
            let Some(state) = std::str::from_utf8(state).ok().and_then(State::from_text) else {
                warn!(meter = %String::from_utf8_lossy(name), "its state was kept in a form that is not known; it begins anew");
                continue;
            };
            partition.places.insert(name.as_slice().into(), partition.meters.len());
            partition.meters.push((name.as_slice().into(), Meter { is_changed: false, ..Meter::new(state) }));
        }
    }

    /// The states of the meters that have changed since the last checkpoint.
    pub(crate) fn changed(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let meters = self.partitions.values().flat_map(|partition| &partition.meters);
        let changed = meters.filter(|(_, meter)| meter.is_changed);
        changed.map(|(name, meter)| (name.to_vec(), meter.state.to_text().into_bytes())).collect()
    }

    /// Whether something was found that is not delivered yet.
    pub(crate) fn has_found(&self) -> bool {
        self.has_found
    }

    /// Notes the time.
    pub(crate) fn now(&mut self, now: Instant) {
        self.now = now;
        self.now_ms = clock::now().as_millisecond();
    }

    pub(crate) fn assign(&mut self, partitions: &[i32]) {
        for partition in partitions {
            self.partitions.insert(*partition, Partition::default());
        }
    }

    pub(crate) fn drop_partitions(&mut self, partitions: &[i32]) {
        self.partitions.retain(|partition, _| !partitions.contains(partition));
    }

    /// How far was read since the last checkpoint.
    pub(crate) fn read(&self) -> Vec<Read> {
        let read = self.partitions.iter().filter_map(|(&partition, known)| {
            let next_offset = known.next_offset?;
            Some(Read { partition, next_offset, state_from: known.state_from(next_offset) })
        });
        read.collect()
    }

    /// Notes that it is committed.
    pub(crate) fn committed(&mut self) {
        self.has_found = false;
        self.counts.commits += 1;
        for partition in self.partitions.values_mut() {
            let Some(next_offset) = partition.next_offset.take() else { continue };
            let from = partition.state_from(next_offset);
            for (_, meter) in &mut partition.meters {
                meter.state.hours.forget_late(from);
                meter.is_changed = false;
            }
            let clock_ms = partition.clock_ms.unwrap_or(i64::MIN);
            if partition.meters.iter().any(|(_, meter)| is_forgotten(&meter.state, clock_ms)) {
                partition.forget(clock_ms);
            }
        }
    }

    /// Takes a message, and sends what follows from it.
    pub(crate) fn take(&mut self, message: Message<'_>, outlets: &mut Outlets) -> Result<(), Error> {
        let Message { place, is_committed, body } = message;
        let partition = self.partitions.entry(place.partition).or_default();
        if is_committed {
            self.counts.replayed += 1;
        } else {
            self.counts.messages += 1;
            partition.next_offset = Some(place.offset + 1);
        }
        let mut teller = Teller {
            tables: self.tables,
            settings: self.settings,
            counts: &mut self.counts,
            has_found: &mut self.has_found,
            outlets,
            source: &self.source,
            now: self.now,
            now_ms: self.now_ms,
            local: &mut self.local,
            place,
            is_committed,
        };
        match body {
            Body::Sample(sample) => teller.sample(partition, &sample, None),
            Body::Poison { bytes, why } => teller.poison(None, None, Some(bytes), &why),
            Body::Row { columns, fields, timestamp_ms } => {
                let Some(decoder) = self.decoders.first_mut() else { return Ok(()) };
                let row = fields.iter().map(String::as_str);
                match decoder.decode_row(columns, row, timestamp_ms) {
                    Live::Sample(sample) => teller.sample(partition, &sample, timestamp_ms),
                    Live::Nothing(_) => {
                        teller.nothing();
                        Ok(())
                    }
                    Live::Poison(why) | Live::NotNow(why) => {
                        teller.poison(timestamp_ms, None, Some(fields.join(",").as_bytes()), &why)
                    }
                }
            }
            Body::Record { decoder, record } => {
                let Some(decoder) = self.decoders.get_mut(decoder) else { return Ok(()) };
                teller.record(partition, decoder, &record)
            }
        }
    }

    /// Says which meters are silent, or no longer.
    pub(crate) fn look_for_silence(&mut self, now: Instant, outlets: &mut Outlets) -> Result<(), Error> {
        let Some(silent_after) = self.settings.silent_after else { return Ok(()) };
        let (mut meters, mut silent) = (0, 0);
        for (name, meter) in self.partitions.values_mut().flat_map(|partition| &mut partition.meters) {
            meters += 1;
            let is_silent = now.saturating_duration_since(meter.heard) >= silent_after;
            silent += u64::from(is_silent);
            if is_silent != meter.is_silent {
                meter.is_silent = is_silent;
                let (event, what) = if is_silent {
                    (EventKind::Silent, format!("nothing has come for {} min", silent_after.as_secs() / 60))
                } else {
                    (EventKind::Back, "it is heard again".to_owned())
                };
                let meter = String::from_utf8_lossy(name).into_owned();
                outlets.event(&Event { event, timestamp: clock::now(), meter, what })?;
                self.has_found = true;
            }
        }
        (self.counts.meters, self.counts.silent) = (meters, silent);
        Ok(())
    }

    /// Says that the stream is alive, if it is time.
    pub(crate) fn beat(&mut self, now: Instant, outlets: &mut Outlets) -> Result<(), Error> {
        let Some(heartbeat) = self.settings.heartbeat else { return Ok(()) };
        if now.saturating_duration_since(self.beaten) < heartbeat {
            return Ok(());
        }
        self.beaten = now;
        self.has_found = true;
        let what = format!("{} messages, {} anomalies", self.counts.messages, self.counts.all_anomalies());
        let (event, timestamp) = (EventKind::Heartbeat, clock::now());
        outlets.event(&Event { event, timestamp, meter: String::new(), what })
    }
}

fn is_forgotten(state: &State, clock_ms: i64) -> bool {
    clock_ms.saturating_sub(state.clock_ms) > FORGOTTEN_MS
}

impl Partition {
    /// The offset from which all must be read again to have the state of now, before `next_offset`.
    fn state_from(&self, next_offset: i64) -> i64 {
        let clock_ms = self.clock_ms.unwrap_or(i64::MIN);
        let known = || {
            self.meters.iter().map(|(_, meter)| &meter.state).filter(|state| !is_forgotten(state, clock_ms))
        };
        let mut from = known().filter_map(State::state_from).min().unwrap_or(next_offset);
        loop {
            let earlier = known().map(|state| state.hours.late_from(from)).min().unwrap_or(from);
            if earlier == from {
                return from;
            }
            from = earlier;
        }
    }

    /// The meter of that name.
    fn meter(&mut self, name: &[u8], now: Instant, clock_ms: i64) -> &mut Meter {
        if self.meters.get(self.latest).is_none_or(|(latest, _)| **latest != *name) {
            self.latest = self.places.get(name).copied().unwrap_or(self.meters.len());
            if self.latest == self.meters.len() {
                self.places.insert(name.into(), self.latest);
                self.meters.push((name.into(), Meter::new(State::heard_at(clock_ms))));
            }
        }
        let meter = &mut self.meters[self.latest].1;
        meter.heard = now;
        meter.is_changed = true;
        if is_forgotten(&meter.state, clock_ms) {
            meter.state = State::default();
        }
        meter.state.clock_ms = clock_ms;
        meter
    }

    /// Forgets the meters that have not been heard of for long.
    fn forget(&mut self, clock_ms: i64) {
        self.meters.retain(|(_, meter)| !is_forgotten(&meter.state, clock_ms));
        self.places = self.meters.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
        self.latest = 0;
    }
}

/// Says what follows from one message.
struct Teller<'t> {
    tables: &'t mut Tables,
    settings: &'t Settings,
    counts: &'t mut Counts,
    has_found: &'t mut bool,
    outlets: &'t mut Outlets,
    source: &'t str,
    now: Instant,
    now_ms: i64,
    local: &'t mut Option<(i64, DateTime)>,
    place: Place,
    is_committed: bool,
}

impl Teller<'_> {
    fn record(
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

    fn nothing(&mut self) {
        self.counts.nothing += u64::from(!self.is_committed);
    }

    fn poison(
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

    fn sample(
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
