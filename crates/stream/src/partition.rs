//! What a stream knows of a partition: its meters, and how far it has been read.

use std::{collections::HashMap, time::Instant};

use foldhash::fast::RandomState;

use crate::meter::{Meter, State};

/// A meter of which nothing came, by the newest time of its partition, for so long is forgotten.
const FORGOTTEN_MS: i64 = 7 * 24 * 3_600_000;

/// What is known of a partition.
#[derive(Default)]
pub(crate) struct Partition {
    /// By name; each message asks for one.
    places: HashMap<Box<[u8]>, usize, RandomState>,
    pub(crate) meters: Vec<(Box<[u8]>, Meter)>,
    /// The one heard last.
    latest: usize,
    /// The newest time seen.
    pub(crate) clock_ms: Option<i64>,
    /// How far was read since the last checkpoint.
    pub(crate) next_offset: Option<i64>,
}

/// Whether a meter was last heard so long ago, by the newest time of its partition then and now, that it is as if there had been none.
pub(crate) fn is_forgotten(heard_ms: i64, clock_ms: i64) -> bool {
    clock_ms.saturating_sub(heard_ms) > FORGOTTEN_MS
}

impl Partition {
    /// The offset from which all must be read again to have the state of now, before `next_offset`.
    pub(crate) fn state_from(&self, next_offset: i64) -> i64 {
        let clock_ms = self.clock_ms.unwrap_or(i64::MIN);
        let known = || {
            self.meters
                .iter()
                .map(|(_, meter)| &meter.state)
                .filter(|state| !is_forgotten(state.clock_ms, clock_ms))
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

    /// Takes a meter up.
    pub(crate) fn add(&mut self, name: &[u8], meter: Meter) {
        self.latest = self.meters.len();
        self.places.insert(name.into(), self.latest);
        self.meters.push((name.into(), meter));
    }

    /// The meter of that name, of which something has come. One that is not known is taken up, if it is wanted.
    pub(crate) fn hear(
        &mut self,
        name: &[u8],
        now: Instant,
        clock_ms: i64,
        is_wanted: impl FnOnce() -> bool,
    ) -> Option<&mut Meter> {
        if self.meters.get(self.latest).is_none_or(|(latest, _)| **latest != *name) {
            match self.places.get(name).copied() {
                Some(place) => self.latest = place,
                None if is_wanted() => self.add(name, Meter::new(State::heard_at(clock_ms))),
                None => return None,
            }
        }
        let meter = &mut self.meters[self.latest].1;
        meter.heard = now;
        meter.is_changed = true;
        if is_forgotten(meter.state.clock_ms, clock_ms) {
            meter.state = State::default();
        }
        meter.state.clock_ms = clock_ms;
        Some(meter)
    }

    /// Forgets the meters that have not been heard of for long.
    pub(crate) fn forget(&mut self, clock_ms: i64) {
        self.meters.retain(|(_, meter)| !is_forgotten(meter.state.clock_ms, clock_ms));
        self.places = self.meters.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
        self.latest = 0;
    }
}
