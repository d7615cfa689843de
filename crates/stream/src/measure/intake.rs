//! From what a source gives to readings: decoded, and where that is asked for made to hours.

use std::{collections::BTreeMap, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use knowatt_readings::{Kind, Live, LiveDecoder, LiveSample};
use tracing::warn;

use super::Counts;
use crate::{
    buffer::Measured,
    clock,
    decode::Raw,
    hours::{Found, Hours, LeftOut, Rules, Sample},
    partition::is_forgotten,
    source::{Message, Place, Read},
};

/// Makes readings of what comes.
pub struct Intake {
    decoders: Vec<LiveDecoder>,
    zone: TimeZone,
    hourly: Option<Hourly>,
    /// How far a time may be ahead of the clock.
    future: Duration,
    /// How far each partition was read since the last checkpoint.
    read: BTreeMap<i32, i64>,
}

/// Hours in the making.
struct Hourly {
    rules: Rules,
    partitions: BTreeMap<i32, Partition>,
}

/// A partition's; the only one of sources that have none is 0.
#[derive(Default)]
struct Partition {
    meters: BTreeMap<Vec<u8>, Open>,
    /// The newest time seen.
    clock_ms: Option<i64>,
}

/// A meter's.
#[derive(Default)]
struct Open {
    hours: Hours,
    /// The newest time of its partition when it was last heard; none while nothing has come since it was kept.
    heard_ms: Option<i64>,
    /// Since the last checkpoint.
    is_changed: bool,
}

/// What a message was.
pub(super) enum Taken<'m> {
    /// What it held is in the queue, or there was nothing in it.
    Done,
    /// It cannot be read.
    Poison(Poison<'m>),
    /// Whoever knows its schema does not answer.
    NotNow(String),
}

/// What cannot be read, as it came.
pub(super) struct Poison<'m> {
    pub(super) place: Place,
    pub(super) raw: Raw<'m>,
    pub(super) why: String,
}

impl Intake {
    /// Reads with these decoders; local hours are those of `zone`. With rules, samples are made to hours.
    pub fn new(decoders: Vec<LiveDecoder>, zone: TimeZone, hourly: Option<Rules>) -> Self {
        let hourly = hourly.map(|rules| Hourly { rules, partitions: BTreeMap::new() });
        Self { decoders, zone, hourly, future: Duration::from_secs(3_600), read: BTreeMap::new() }
    }

    /// Takes times that are ahead of the clock by no more than that.
    #[must_use]
    pub fn with_future(mut self, future: Duration) -> Self {
        self.future = future;
        self
    }

    /// Takes a message; what it holds is handed to `push`.
    pub(super) fn take<'m>(
        &mut self,
        message: &'m Message<'_>,
        counts: &mut Counts,
        push: &mut dyn FnMut(Measured),
    ) -> Taken<'m> {
        let Message { place, is_committed, body } = message;
        let live = match body.decode(&mut self.decoders) {
            Live::Sample(sample) if sample.at_ms > clock::ahead_ms(self.future) => {
                Live::Poison("its time is ahead of the clock here".to_owned())
            }
            live => live,
        };
        let taken = match live {
            Live::NotNow(why) => return Taken::NotNow(why),
            Live::Sample(sample) => {
                sampled(&self.zone, &mut self.hourly, &sample, *place, |found| match found {
                    Ok(reading) if !is_committed => push(reading),
                    Err(why) if !is_committed => _ = counts.left_out.add(why),
                    _ => {}
                });
                Taken::Done
            }
            Live::Nothing(_) => {
                counts.nothing += u64::from(!is_committed);
                Taken::Done
            }
            Live::Poison(_) if *is_committed => Taken::Done,
            Live::Poison(why) => Taken::Poison(Poison { place: *place, raw: body.raw(), why }),
        };
        self.read.insert(place.partition, place.offset + 1);
        *(if *is_committed { &mut counts.replayed } else { &mut counts.messages }) += 1;
        taken
    }

    /// How far was read since the last checkpoint.
    pub(super) fn read(&self) -> Vec<Read> {
        let of = |(&partition, &next_offset): (&i32, &i64)| {
            let known = self.hourly.as_ref().and_then(|hourly| hourly.partitions.get(&partition));
            let open = known.into_iter().flat_map(|known| known.meters.values());
            let from = open.filter_map(|open| open.hours.state_from()).min();
            Read { partition, next_offset, state_from: from.unwrap_or(next_offset) }
        };
        self.read.iter().map(of).collect()
    }

    /// The hours that are open and have changed since the last checkpoint, as they are kept.
    pub(super) fn changed(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let changed = self.meters().filter(|(_, open)| open.is_changed);
        changed
            .filter_map(|(name, open)| Some((name.clone(), serde_json::to_vec(&open.hours).ok()?)))
            .collect()
    }

    /// All that was read is committed.
    pub(super) fn committed(&mut self) {
        self.read.clear();
        for Partition { meters, clock_ms } in
            self.hourly.iter_mut().flat_map(|hourly| hourly.partitions.values_mut())
        {
            meters.retain(|_, open| {
                open.is_changed = false;
                open.heard_ms = open.heard_ms.or(*clock_ms);
                open.heard_ms.zip(*clock_ms).is_none_or(|(heard, clock)| !is_forgotten(heard, clock))
            });
        }
    }

    /// Goes on with the hours that were kept; only those of sources that have no partitions are.
    pub(super) fn restore(&mut self, meters: Vec<(Vec<u8>, Vec<u8>)>) {
        let Some(hourly) = &mut self.hourly else { return };
        let partition = hourly.partitions.entry(0).or_default();
        for (name, state) in meters {
            match serde_json::from_slice(&state) {
                Ok(hours) => {
                    partition.meters.insert(name, Open { hours, heard_ms: None, is_changed: false });
                }
                Err(error) => {
                    let meter = name.escape_ascii();
                    warn!(%meter, "its open hour was kept in a form that is not known, and is begun anew: {error}");
                }
            }
        }
    }

    fn meters(&self) -> impl Iterator<Item = (&Vec<u8>, &Open)> {
        let partitions = self.hourly.iter().flat_map(|hourly| hourly.partitions.values());
        partitions.flat_map(|partition| &partition.meters)
    }

    /// The meters of which something is known.
    #[cfg(test)]
    pub(super) fn known(&self) -> Vec<String> {
        self.meters().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect()
    }

    /// Nothing is known of these partitions any more.
    pub(super) fn forget(&mut self, partitions: &[i32]) {
        self.read.retain(|partition, _| !partitions.contains(partition));
        if let Some(hourly) = &mut self.hourly {
            hourly.partitions.retain(|partition, _| !partitions.contains(partition));
        }
    }

    /// Nothing is known of any partition.
    pub(super) fn forget_all(&mut self) {
        self.read.clear();
        if let Some(hourly) = &mut self.hourly {
            hourly.partitions.clear();
        }
    }
}

/// The readings that a sample makes, or why there is none.
fn sampled(
    zone: &TimeZone,
    hourly: &mut Option<Hourly>,
    sample: &LiveSample<'_>,
    place: Place,
    mut found: impl FnMut(Result<Measured, LeftOut>),
) {
    let LiveSample { meter, at_ms, value, kind, is_hour } = sample;
    let Some(Hourly { rules, partitions }) = hourly else {
        let hour = if *is_hour { local_hour(*at_ms, zone) } else { None };
        let meter = meter.to_vec();
        found(Ok(Measured { meter, at_ms: *at_ms, value: *value, kind: *kind, hour }));
        return;
    };
    let Partition { meters, clock_ms } = partitions.entry(place.partition).or_default();
    *clock_ms = (*clock_ms).max(Some(*at_ms));
    let open = meters.entry(meter.to_vec()).or_default();
    (open.is_changed, open.heard_ms) = (true, *clock_ms);
    let sample = Sample { at_ms: *at_ms, value: *value, kind: *kind, offset: place.offset };
    open.hours.push(sample, rules, zone, |what| match what {
        Found::Whole(hour) => found(Ok(Measured {
            meter: meter.to_vec(),
            at_ms: hour.start_ms,
            value: hour.wh,
            kind: Kind::Energy,
            hour: local_hour(hour.start_ms, zone),
        })),
        Found::LeftOut(why) => found(Err(why)),
        Found::SoFar(_) => {}
    });
}

fn local_hour(at_ms: i64, zone: &TimeZone) -> Option<u8> {
    let at = Timestamp::from_millisecond(at_ms).ok()?;
    u8::try_from(zone.to_datetime(at).hour()).ok()
}
