//! What a stream knows between two messages: the meters of each partition, and how far each has been read.

use std::{collections::BTreeMap, time::Instant};

use jiff::civil::DateTime;
use knowatt_readings::{Live, LiveDecoder};
use tracing::warn;

use crate::{
    anomaly::{Event, EventKind},
    clock,
    counts::Counts,
    error::Error,
    meter::{Meter, State},
    outlets::Outlets,
    partition::{Partition, is_forgotten},
    settings::Settings,
    source::{Body, Message, Place, Read},
    tables::Tables,
    teller::Teller,
};

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
        self.decoders.iter_mut().for_each(LiveDecoder::forget);
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

    /// Scores what is held back, in case something earlier came: nothing comes any more.
    pub(crate) fn flush(&mut self, outlets: &mut Outlets) -> Result<(), Error> {
        for (&partition, known) in &mut self.partitions {
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
                place: Place { partition, offset: known.next_offset.unwrap_or_default() },
                is_committed: false,
            };
            teller.flush(known)?;
        }
        Ok(())
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
