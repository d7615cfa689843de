//! What a stream knows between two messages: the meters of each partition, and how far each has been read.

use std::{collections::BTreeMap, time::Instant};

use knowatt_readings::{Live, LiveDecoder};
use tracing::warn;

use crate::{
    anomaly::{Event, EventKind},
    clock,
    error::Error,
    meter::{Meter, State},
    outlets::Outlets,
    partition::{Partition, is_forgotten},
    settings::Settings,
    source::{Message, Place, Read},
    tables::Tables,
    teller::{Context, Teller},
};

/// All that is known.
pub(crate) struct Work<'w> {
    decoders: &'w mut [LiveDecoder],
    partitions: BTreeMap<i32, Partition>,
    pub(crate) context: Context<'w>,
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
            partitions: BTreeMap::new(),
            context: Context::new(tables, settings),
            beaten: Instant::now(),
        }
    }

    /// Begins with a source, of which nothing is known.
    pub(crate) fn begin(&mut self, source: String) {
        self.context.source = source;
        self.context.has_found = false;
        self.partitions.clear();
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
            partition.add(name, Meter { is_changed: false, ..Meter::new(state) });
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
        self.context.has_found
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
    pub(crate) fn committed(&mut self, read: &[Read]) {
        self.context.has_found = false;
        self.context.counts.commits += 1;
        for Read { partition, state_from, .. } in read {
            let Some(partition) = self.partitions.get_mut(partition) else { continue };
            partition.next_offset = None;
            for (_, meter) in &mut partition.meters {
                meter.state.hours.forget_late(*state_from);
                meter.is_changed = false;
            }
            let clock_ms = partition.clock_ms.unwrap_or(i64::MIN);
            if partition.meters.iter().any(|(_, meter)| is_forgotten(meter.state.clock_ms, clock_ms)) {
                partition.forget(clock_ms);
            }
        }
    }

    /// Takes a message, and sends what follows from it.
    pub(crate) fn take(&mut self, message: Message<'_>, outlets: &mut Outlets) -> Result<(), Error> {
        let Message { place, is_committed, body } = message;
        let partition = self.partitions.entry(place.partition).or_default();
        if is_committed {
            self.context.counts.replayed += 1;
        } else {
            self.context.counts.messages += 1;
            partition.next_offset = Some(place.offset + 1);
        }
        let mut teller = Teller { context: &mut self.context, outlets, place, is_committed };
        match body.decode(self.decoders) {
            Live::Sample(sample) => teller.sample(partition, &sample, body.timestamp_ms()),
            Live::Nothing(_) => {
                teller.nothing();
                Ok(())
            }
            Live::Poison(why) => teller.poison(&body.raw(), &why),
            Live::NotNow(why) => Err(Error::again(why)),
        }
    }

    /// Scores what is held back, in case something earlier came: nothing comes any more.
    pub(crate) fn flush(&mut self, outlets: &mut Outlets) -> Result<(), Error> {
        for (&partition, known) in &mut self.partitions {
            let place = Place { partition, offset: known.next_offset.unwrap_or_default() };
            let mut teller = Teller { context: &mut self.context, outlets, place, is_committed: false };
            teller.flush(known)?;
        }
        Ok(())
    }

    /// Says which meters are silent, or no longer.
    pub(crate) fn look_for_silence(&mut self, now: Instant, outlets: &mut Outlets) -> Result<(), Error> {
        let Some(silent_after) = self.context.settings.silent_after else { return Ok(()) };
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
                self.context.has_found = true;
            }
        }
        (self.context.counts.meters, self.context.counts.silent) = (meters, silent);
        Ok(())
    }

    /// Says that the stream is alive, if it is time.
    pub(crate) fn beat(&mut self, now: Instant, outlets: &mut Outlets) -> Result<(), Error> {
        let Some(heartbeat) = self.context.settings.heartbeat else { return Ok(()) };
        if now.saturating_duration_since(self.beaten) < heartbeat {
            return Ok(());
        }
        self.beaten = now;
        self.context.has_found = true;
        let what = format!(
            "{} messages, {} anomalies",
            self.context.counts.messages,
            self.context.counts.all_anomalies()
        );
        let (event, timestamp) = (EventKind::Heartbeat, clock::now());
        outlets.event(&Event { event, timestamp, meter: String::new(), what })
    }
}
