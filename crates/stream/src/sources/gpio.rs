//! Pulses on a line of a GPIO chip: a meter's S0 output, or what sees its light blink, wired to a small computer.
//!
//! Source: Linux' GPIO character device (`include/uapi/linux/gpio.h`, version 2, since Linux 5.10; its clock of the day since 5.11), as the crate
//! `gpiocdev` reads it. The kernel debounces the line, and gives each edge its time and a number, so that pulses which came faster than
//! they were read are counted all the same.
//!
//! What the samples are tells `sources/pulses.rs`.

use std::time::Duration;

use gpiocdev::{
    Request,
    line::{Bias, EdgeDetection, EdgeEvent, EventClock},
};

use super::pulses::{Counter, Pull, PulsesOptions, sample, until_minute};
use crate::{
    clock,
    error::Error,
    source::{Incoming, Read, Repeats, Source},
};

/// So many edges wait in the kernel.
const KERNEL_EVENTS: u32 = 1024;

/// How long a line must have been still, unless it is said otherwise.
const DEBOUNCE: Duration = Duration::from_millis(5);

/// Pulses on a line.
pub struct Gpio {
    request: Request,
    counter: Counter,
    meter: String,
    name: String,
    /// The number of the edge before.
    last_edge: Option<u32>,
    samples: i64,
}

impl Gpio {
    /// Asks for a line of a chip: `gpiochip0/17`.
    pub fn open(line: &str, options: &PulsesOptions) -> Result<Self, Error> {
        let PulsesOptions { meter, debounce, pull, .. } = options;
        let counter = Counter::of(options)?;
        let (chip, offset) = parse(line)?;
        let (bias, edge) = match pull {
            Pull::Up => (Bias::PullUp, EdgeDetection::FallingEdge),
            Pull::Down => (Bias::PullDown, EdgeDetection::RisingEdge),
            Pull::None => (Bias::Disabled, EdgeDetection::RisingEdge),
        };
        let request = Request::builder()
            .on_chip(&chip)
            .with_consumer("knowatt")
            .with_kernel_event_buffer_size(KERNEL_EVENTS)
            .with_line(offset)
            .with_bias(bias)
            .with_edge_detection(edge)
            .with_event_clock(EventClock::Realtime)
            .with_debounce_period(debounce.map_or(DEBOUNCE, |debounce| debounce.0))
            .request()
            .map_err(|error| {
                Error::outside(format!(
                    "line {offset} of {chip} cannot be watched: {error}; `gpioinfo` lists the lines there are and who uses them, and the user that knowatt \
                     runs as must be in the group that owns the chip (`gpio` on a Raspberry Pi)"
                ))
            })?;
        let name = format!("line {offset} of {chip}");
        Ok(Self { request, counter, meter: meter.clone(), name, last_edge: None, samples: 0 })
    }

    /// Takes all edges that came; waits for the first of them.
    fn read(&mut self, patience: Duration) -> Result<(), gpiocdev::Error> {
        let mut patience = until_minute(patience, clock::now_ms());
        while self.request.wait_edge_event(patience)? {
            let edge = self.request.read_edge_event()?;
            count(&mut self.counter, &mut self.last_edge, &edge, clock::now_ms());
            patience = Duration::ZERO;
        }
        self.counter.tick(clock::now_ms());
        Ok(())
    }
}

impl Source for Gpio {
    fn next(&mut self, patience: Duration) -> Result<Incoming<'_>, Error> {
        let mut next = self.counter.next();
        if next.is_none() {
            self.read(patience)
                .map_err(|error| Error::again(format!("{} cannot be read: {error}", self.name)))?;
            next = self.counter.next();
        }
        let Some((at_ms, wh)) = next else { return Ok(Incoming::Nothing) };
        self.samples += 1;
        Ok(sample(&self.meter, at_ms, wh, self.samples))
    }

    fn commit(&mut self, _read: &[Read]) -> Result<(), Error> {
        Ok(())
    }

    fn repeats(&self) -> Repeats {
        Repeats::Never
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// Counts an edge, and those before it that the kernel had no room for: they have numbers too.
fn count(counter: &mut Counter, last_edge: &mut Option<u32>, edge: &EdgeEvent, now_ms: i64) {
    let number = edge.line_seqno;
    let pulses = last_edge.map_or(1, |last| number.wrapping_sub(last).max(1));
    *last_edge = Some(number);
    if pulses > 1 {
        tracing::warn!(
            pulses = pulses - 1,
            "pulses came faster than they were read; they are counted, their times are not known"
        );
    }
    let at_ms = i64::try_from(edge.timestamp_ns / 1_000_000).unwrap_or(now_ms);
    counter.pulses(u64::from(pulses), at_ms, now_ms);
}

/// `gpiochip0/17` as the path of the chip and the line.
fn parse(line: &str) -> Result<(String, u32), Error> {
    let found = line.rsplit_once('/').and_then(|(chip, offset)| Some((chip, offset.parse().ok()?)));
    let (chip, offset) = found.filter(|(chip, _)| !chip.is_empty()).ok_or_else(|| {
        Error::change(format!(
            "`{line}` is no line of a GPIO chip; expected like gpiochip0/17 (`gpioinfo` lists them)"
        ))
    })?;
    let chip = if chip.starts_with('/') { chip.to_owned() } else { format!("/dev/{chip}") };
    Ok((chip, offset))
}

#[cfg(test)]
mod tests {
    use gpiocdev::line::EdgeKind;

    use super::*;

    fn options() -> PulsesOptions {
        PulsesOptions { per_kwh: Some(1000.0), ..PulsesOptions::default() }
    }

    #[test]
    fn a_line_is_a_chip_and_a_number() {
        assert_eq!(parse("gpiochip0/17").unwrap(), ("/dev/gpiochip0".to_owned(), 17));
        assert_eq!(parse("/dev/gpiochip4/3").unwrap(), ("/dev/gpiochip4".to_owned(), 3));
        for none in ["17", "gpiochip0", "gpiochip0/", "/17", "gpiochip0/-1", ""] {
            assert!(parse(none).is_err(), "{none}");
        }
    }

    #[test]
    fn a_chip_that_is_not_there_is_an_error_with_the_way_out() {
        let error = Gpio::open("gpiochip99/17", &options()).map(|_| ()).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("line 17 of /dev/gpiochip99 cannot be watched: "), "{text}");
        assert!(text.contains("gpioinfo"), "{text}");
        assert_eq!(error.remedy(), crate::Remedy::Outside);
    }

    #[test]
    fn edges_that_the_kernel_dropped_are_counted() {
        let mut counter = Counter::of(&options()).unwrap();
        // On no full minute.
        let (mut last, now) = (None, clock::now_ms() / 1000 * 1000 + 7);
        for (line_seqno, after_ms) in [(u32::MAX - 1, 0), (u32::MAX, 250), (4, 500), (4, 900)] {
            let timestamp_ns = u64::try_from(now + after_ms).unwrap() * 1_000_000 + 999_999;
            let edge = EdgeEvent { timestamp_ns, kind: EdgeKind::Falling, offset: 17, seqno: 1, line_seqno };
            count(&mut counter, &mut last, &edge, now + after_ms);
        }
        // There is a sample at each full minute too, and one may have just gone by.
        let is_edge = |sample: &(i64, f64)| sample.1 > 0.0 && sample.0 % 60_000 != 0;
        let found: Vec<_> = std::iter::from_fn(|| counter.next()).filter(is_edge).collect();
        assert_eq!(found, [(now, 1.0), (now + 250, 2.0), (now + 500, 7.0), (now + 900, 8.0)]);
    }
}
