//! Logs of P1 telegrams: what a smart meter of the Netherlands, Belgium, Luxembourg or Sweden says every second.
//!
//! Source: Netbeheer Nederland, *P1 Companion Standard* (DSMR 4 and 5, section 6), which e-MUCS (Belgium), Luxembourg
//! and the Swedish branch standard follow. A telegram begins with a line `/XXX5…`, has an OBIS code and values in
//! brackets on each line, and ends with `!` and a checksum.
//!
//! - **Time** is `0-0:1.0.0`, the meter's own: `YYMMDDhhmmss` and S (summer, UTC+2) or W (winter, UTC+1). Finnish
//!   meters, an hour ahead, are not told apart.
//! - **Value** is the counter of what was taken from the grid: `1-0:1.8.0`, or else the sum of the tariffs `1.8.1` to
//!   `1.8.4`, in kWh (or Wh, as it says). Where the first telegram has none, or with `--kind power`, it is the power
//!   `1-0:1.7.0`. What is given to the grid (`2.8`, `2.7`) stands in the same telegram and is
//!   read likewise where the net is asked for, and not otherwise.
//! - **Meter** is `0-0:96.1.1`, in hexadecimal, where it is sent.
//! - The **checksum** (CRC-16 with the polynomial of IBM, from `/` to `!`) must be right where there is one. It is
//!   reckoned with CRLF, so that a log kept with LF only is read too.
//!
//! The same parser reads telegrams as they come from a port ([`P1Telegrams`]).
//!
//! Lines between telegrams, such as a logger's own, are not read. Limits: a line is at most
//! [`MAX_LINE_BYTES`](super::lines::MAX_LINE_BYTES) long; memory holds a few numbers of one telegram.

mod telegram;

use self::telegram::{TOTAL, Telegram};
use super::{
    Format,
    lines::Lines,
    sink::{self, Series, Sink},
};
use crate::{
    clock::Millis,
    error::Error,
    input::Input,
    live::{self, Live, LiveSample},
    message::show,
    unit::{Flow, Kind},
};

pub(super) const FORMAT: Format = Format {
    name: "p1-telegram",
    about: "P1 telegrams",
    is_fixed_table: false,
    detect: |head| detect(head.bytes()),
    read: |input, options, intake| {
        sink::read_into(intake, input, |input, sink| read(input, options.kind, options.net, sink))
    },
};

/// Whether the input begins as a log of telegrams does.
pub(crate) fn detect(head: &[u8]) -> bool {
    let mut lines = head.split(|&byte| byte == b'\n');
    let Some(_) = lines.find(|line| is_start(line)) else { return false };
    lines
        .take(20)
        .any(|line| line.starts_with(b"1-0:") || line.starts_with(b"0-0:") || line.starts_with(b"1-3:0.2.8"))
}

/// Whether a telegram starts there: `/`, three letters or digits of the maker, a digit.
fn is_start(line: &[u8]) -> bool {
    matches!(line, [b'/', maker @ ..] if maker.len() >= 4
        && maker[..3].iter().all(u8::is_ascii_alphanumeric) && maker[3].is_ascii_digit())
}

/// Reads a log, and says in a line what it holds.
pub(crate) fn read(
    input: Input,
    kind: Option<Kind>,
    net: bool,
    sink: &mut dyn Sink,
) -> Result<String, Error> {
    let mut lines = Lines::new(input, "log of P1 telegrams");
    let mut telegrams = P1Telegrams::new(kind, net);
    while lines.next()? {
        if let Some(heard) = telegrams.line(lines.number(), lines.text()) {
            heard.hand_over(sink)?;
        }
    }
    if let Some(heard) = telegrams.end() {
        heard.hand_over(sink)?;
    }
    Ok(telegrams.understood())
}

/// P1 telegrams as they come, line by line.
///
/// ```
/// use knowatt_readings::{Live, P1Telegrams};
///
/// let mut telegrams = P1Telegrams::new(None, false);
/// let lines = ["/ISK5\\2M550T-1012", "", "0-0:1.0.0(241027023000S)", "1-0:1.8.0(001000.500*kWh)"];
/// assert!(lines.iter().all(|line| telegrams.push(line.as_bytes(), None).is_none()));
/// let Some(Live::Sample(sample)) = telegrams.push(b"!", None) else { panic!() };
/// assert_eq!((sample.at_ms, sample.value), (1_729_989_000_000, 1_000_500.0));
/// ```
#[derive(Debug)]
pub struct P1Telegrams {
    asked: Option<Kind>,
    net: bool,
    /// The first telegram's kind and registers; a telegram with other registers would give another sum.
    first: Option<(Kind, u8)>,
    /// The first telegram's registers of what is given; of those of power 0.
    given: Option<u8>,
    telegrams: u64,
    open: Option<Telegram>,
    /// Whether one had a checksum: then a meter sends one always.
    has_checksum: bool,
    /// When the line last pushed came.
    came_ms: Option<Millis>,
    /// How many in a row had not the values that the first one had.
    unlike_first: u32,
}

impl P1Telegrams {
    /// Telegrams of which the counters are read, or the power if that is asked for; with `net` less what was given to the grid.
    pub fn new(kind: Option<Kind>, net: bool) -> Self {
        Self {
            asked: kind,
            net,
            first: None,
            given: None,
            telegrams: 0,
            open: None,
            has_checksum: false,
            came_ms: None,
            unlike_first: 0,
        }
    }

    /// Takes the next line, without its line feed. With a telegram's last line there is a sample, or a poison that says why there is
    /// none; with the first line of one the poison of a telegram before it that broke off.
    ///
    /// `came_ms` is when the line came: the time of a telegram that has none, as DSMR 2.2 sends them.
    pub fn push(&mut self, line: &[u8], came_ms: Option<i64>) -> Option<Live<'static>> {
        self.came_ms = came_ms;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // What a bad contact leaves before a telegram must not cost it.
        let start = line.iter().rposition(|&byte| byte == b'/').map(|at| &line[at..]);
        let line = start.filter(|start| is_start(start)).unwrap_or(line);
        let live = self.line(0, line)?.live(self.net);
        match &live {
            Live::Poison(why) if why == NOT_AS_THE_FIRST => self.unlike_first += 1,
            Live::Sample(_) => self.unlike_first = 0,
            _ => {}
        }
        if self.unlike_first == MOST_UNLIKE_FIRST {
            (self.first, self.given, self.unlike_first) = (None, None, 0);
        }
        Some(live)
    }

    /// The telegram that has begun, if one has, is broken off: the line went dead.
    pub fn break_off(&mut self) -> Option<Live<'static>> {
        self.end().map(|heard| heard.live(self.net))
    }

    /// Whether a telegram has begun and not ended.
    pub fn is_within(&self) -> bool {
        self.open.is_some()
    }

    /// Takes a line without its line end.
    fn line(&mut self, number: u64, text: &[u8]) -> Option<Heard> {
        let mut heard = None;
        if is_start(text) {
            heard = self.end();
            self.open = Some(Telegram::new(number));
        }
        if let Some(checksum) = text.strip_prefix(b"!") {
            let mut telegram = self.open.take()?;
            telegram.checksum.add(b"!");
            return Some(self.take(telegram, checksum));
        }
        if let Some(open) = &mut self.open {
            open.checksum.add(text);
            open.checksum.add(b"\r\n");
            open.line(text);
        }
        heard
    }

    fn end(&mut self) -> Option<Heard> {
        let Telegram { line, .. } = self.open.take()?;
        Some(Heard { line, what: Err("a telegram that breaks off before its `!`".to_owned()) })
    }

    fn take(&mut self, telegram: Telegram, checksum: &[u8]) -> Heard {
        self.telegrams += 1;
        Heard { line: telegram.line, what: self.read(telegram, checksum.trim_ascii()) }
    }

    fn read(&mut self, telegram: Telegram, checksum: &[u8]) -> Result<Shown, String> {
        let expected = format!("{:04X}", telegram.checksum.0);
        if !checksum.is_empty() && !checksum.eq_ignore_ascii_case(expected.as_bytes()) {
            let found = show(checksum);
            return Err(format!("the telegram's checksum is {expected}, not {found} as it says"));
        }
        if checksum.is_empty() && self.has_checksum {
            return Err("a telegram whose checksum is missing, where one before it had one".to_owned());
        }
        self.has_checksum |= !checksum.is_empty();
        let at = telegram.at.or(self.came_ms).ok_or("a telegram without a time (0-0:1.0.0)")?;
        let Telegram { meter, taken, given, .. } = telegram;
        let found = match (taken.registers(), taken.power_w) {
            (Some((set, _)), _) if self.asked != Some(Kind::Power) => Some((Kind::Register, set)),
            (_, Some(_)) => Some((Kind::Power, 0)),
            _ => None,
        };
        let (kind, set) = self.first.or(found).ok_or("a telegram without a counter (1-0:1.8) or a power")?;
        self.first = Some((kind, set));
        if self.net && self.given.is_none() {
            self.given = match kind {
                Kind::Power => given.power_w.map(|_| 0),
                _ => given.registers().map(|(set, _)| set),
            };
        }
        let reads_given = self.given.is_some();
        let given = self.given.and_then(|set| given.shown(kind, set));
        Ok(Shown { meter, at, kind, taken: taken.shown(kind, set), given, reads_given })
    }

    fn understood(&self) -> String {
        let what = match self.first {
            None => "none that can be read".to_owned(),
            Some((Kind::Power, _)) => "the power taken from the grid (1-0:1.7.0)".to_owned(),
            Some((_, TOTAL)) => "the counter of what was taken from the grid (1-0:1.8.0)".to_owned(),
            Some((_, set)) => {
                let tariffs = (1..=4).filter(|tariff| set >> tariff & 1 == 1);
                let codes: Vec<String> = tariffs.map(|tariff| format!("1-0:1.8.{tariff}")).collect();
                format!("the counters of what was taken from the grid ({})", codes.join(" + "))
            }
        };
        let less = match (self.given, self.first) {
            (None, _) => "",
            (_, Some((Kind::Power, _))) => ", less that given to it (1-0:2.7.0)",
            _ => ", less that of what was given to it (1-0:2.8)",
        };
        format!("{} telegrams, {what}{less}", self.telegrams)
    }
}

/// A telegram that has ended: the line that it began on, and what it shows or why it shows nothing.
struct Heard {
    line: u64,
    what: Result<Shown, String>,
}

/// What a telegram shows, in Wh or W.
struct Shown {
    meter: Vec<u8>,
    at: Millis,
    kind: Kind,
    /// None where it has not the values that the first telegram had.
    taken: Option<f64>,
    /// Likewise, where it is read.
    given: Option<f64>,
    reads_given: bool,
}

/// After so many telegrams in a row that come with other values than the first, theirs are read: the meter was changed, or the
/// first was spoilt and had no checksum.
const MOST_UNLIKE_FIRST: u32 = 5;

const NOT_AS_THE_FIRST: &str = "the telegram has not the values that the first one had";

impl Heard {
    /// Hands over what a log's telegram shows.
    fn hand_over(self, sink: &mut dyn Sink) -> Result<(), Error> {
        let line = self.line;
        let Shown { meter, at, kind, taken, given, reads_given } = match self.what {
            Ok(shown) => shown,
            Err(why) => {
                sink.bad_row(line, &|| format!("{why}; left out"));
                return Ok(());
            }
        };
        let flows = [Some((Flow::Taken, taken)), reads_given.then_some((Flow::Given, given))];
        for (flow, value) in flows.into_iter().flatten() {
            let meter = meter.as_slice();
            let series =
                Series { meter, register: b"", flow, kind, kind_given: true, factor: 1000.0, cadence: None };
            match value {
                Some(value) => sink.reading(series, line, at, value)?,
                None => sink.missing(series, line, at, &|| format!("{NOT_AS_THE_FIRST}; left out"))?,
            }
        }
        Ok(())
    }

    /// As one sample.
    fn live(self, net: bool) -> Live<'static> {
        let Shown { meter, at, kind, taken, given, reads_given } = match self.what {
            Ok(shown) => shown,
            Err(why) => return Live::Poison(why),
        };
        if net && !reads_given {
            let why = "a telegram that tells of nothing given (1-0:2.8), and the net is asked for";
            return Live::Poison(why.to_owned());
        }
        let given = if reads_given { given } else { Some(0.0) };
        let Some(value) = taken.zip(given).map(|(taken, given)| taken - given) else {
            return Live::Poison(NOT_AS_THE_FIRST.to_owned());
        };
        live::checked(LiveSample { meter: meter.into(), at_ms: at, value, kind, is_hour: false })
    }
}

#[cfg(test)]
mod tests;
