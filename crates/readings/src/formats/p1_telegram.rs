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

use jiff::{civil::DateTime, tz::Offset};

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

/// The set of registers that holds only the total.
const TOTAL: u8 = 1;

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

/// What is known of a telegram so far.
#[derive(Debug)]
struct Telegram {
    line: u64,
    at: Option<Millis>,
    meter: Vec<u8>,
    taken: Values,
    given: Values,
    checksum: Checksum,
}

impl Telegram {
    fn new(line: u64) -> Self {
        let (meter, checksum) = (Vec::new(), Checksum(0));
        Self { line, at: None, meter, taken: Values::default(), given: Values::default(), checksum }
    }

    fn line(&mut self, text: &[u8]) {
        let Some((code, value)) = code_and_value(text) else { return };
        match code {
            b"0-0:1.0.0" => self.at = time(value),
            b"0-0:96.1.1" => self.meter = unhex(value).unwrap_or_else(|| value.to_vec()),
            [b'1', b'-', b'0', b':', flow @ (b'1' | b'2'), b'.', code @ ..] => {
                let values = if *flow == b'1' { &mut self.taken } else { &mut self.given };
                match code {
                    b"7.0" => values.power_w = quantity(value, b"w"),
                    [b'8', b'.', tariff @ b'0'..=b'4'] => {
                        values.counters_wh[usize::from(tariff - b'0')] = quantity(value, b"wh");
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// What a telegram says of one direction.
#[derive(Debug, Default)]
struct Values {
    /// The counter of all tariffs, then those of each, in Wh.
    counters_wh: [Option<f64>; 5],
    power_w: Option<f64>,
}

impl Values {
    /// Which registers there are, a bit each, and what they show together, in Wh.
    fn registers(&self) -> Option<(u8, f64)> {
        if let Some(total) = self.counters_wh[0] {
            return Some((TOTAL, total));
        }
        let tariffs = || (0_u8..).zip(self.counters_wh).filter_map(|(at, wh)| Some((at, wh?)));
        let set = tariffs().fold(0, |set, (at, _)| set | 1 << at);
        (set != 0).then(|| (set, tariffs().map(|(_, wh)| wh).sum()))
    }

    /// The power, or what a set of registers shows.
    fn shown(&self, kind: Kind, set: u8) -> Option<f64> {
        match kind {
            Kind::Power => self.power_w,
            _ => self.registers().filter(|found| found.0 == set).map(|(_, wh)| wh),
        }
    }
}

/// `1-0:1.8.1(001234.567*kWh)` as its code, without a `.255`, and what stands in its first brackets.
fn code_and_value(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let open = text.iter().position(|&byte| byte == b'(')?;
    let (code, rest) = text.split_at(open);
    let close = rest.iter().position(|&byte| byte == b')')?;
    let code = code.trim_ascii();
    Some((code.strip_suffix(b".255").unwrap_or(code), rest.get(1..close)?))
}

/// `001234.567*kWh` in the unit asked for, with or without `k`.
fn quantity(value: &[u8], base: &[u8]) -> Option<f64> {
    let star = value.iter().position(|&byte| byte == b'*')?;
    let (number, unit) = value.split_at(star);
    let unit = unit.get(1..)?.to_ascii_lowercase();
    let factor = if unit == base {
        1.0
    } else if unit.strip_prefix(b"k") == Some(base) {
        1000.0
    } else {
        return None;
    };
    let number: f64 = std::str::from_utf8(number).ok()?.parse().ok()?;
    number.is_finite().then_some(number * factor)
}

/// `YYMMDDhhmmssX`.
fn time(value: &[u8]) -> Option<Millis> {
    let (digits, season) = value.split_at_checked(12)?;
    let offset = match season {
        b"S" => 2,
        b"W" => 1,
        _ => return None,
    };
    let mut pairs = digits.chunks_exact(2).map(|pair| match pair {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => i8::try_from(10 * (tens - b'0') + (ones - b'0')).ok(),
        _ => None,
    });
    let mut next = || pairs.next().flatten();
    let (year, month, day) = (2000 + i16::from(next()?), next()?, next()?);
    let (hour, minute, second) = (next()?, next()?, next()?);
    let local = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    Some(Offset::from_hours(offset).ok()?.to_timestamp(local).ok()?.as_millisecond())
}

/// The text that pairs of hexadecimal digits stand for, if it can be printed.
fn unhex(value: &[u8]) -> Option<Vec<u8>> {
    const MOST_DIGITS: usize = 192;
    if value.is_empty() || value.len() % 2 == 1 || value.len() > MOST_DIGITS {
        return None;
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let text: Option<Vec<u8>> = value.chunks_exact(2).map(byte).collect();
    text.filter(|text| text.iter().all(u8::is_ascii_graphic))
}

/// CRC-16/ARC, as far as it has come.
#[derive(Debug)]
struct Checksum(u16);

/// What a byte makes of the checksum: a log of a year is tens of gigabytes.
const OF_BYTE: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0_u16;
    while byte < 256 {
        let mut rest = byte;
        let mut bit = 0;
        while bit < 8 {
            rest = if rest & 1 == 1 { rest >> 1 ^ 0xA001 } else { rest >> 1 };
            bit += 1;
        }
        table[byte as usize] = rest;
        byte += 1;
    }
    table
};

impl Checksum {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let [low, _] = self.0.to_le_bytes();
            self.0 = self.0 >> 8 ^ OF_BYTE[usize::from(low ^ byte)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::sink::Found, *};

    fn found(text: &str, kind: Option<Kind>) -> (String, Vec<String>) {
        let mut found = Found::default();
        let input = Input::from_reader("p1.log", std::io::Cursor::new(text.as_bytes().to_vec())).unwrap();
        (read(input, kind, false, &mut found).unwrap(), found.0)
    }

    /// A telegram of these lines with the right checksum.
    fn telegram(lines: &[&str]) -> String {
        let body = format!("/XMX5LGBBFG1009394887\r\n\r\n{}\r\n!", lines.join("\r\n"));
        let mut checksum = Checksum(0);
        checksum.add(body.as_bytes());
        format!("{body}{:04X}\r\n", checksum.0)
    }

    const DUTCH: [&str; 9] = [
        "1-3:0.2.8(42)",
        "0-0:1.0.0(241027023000S)",
        "0-0:96.1.1(4530303331)",
        "1-0:1.8.1(001000.500*kWh)",
        "1-0:1.8.2(002000.250*kWh)",
        "1-0:2.8.1(000009.000*kWh)",
        "0-0:96.14.0(0002)",
        "1-0:1.7.0(00.400*kW)",
        "0-1:24.2.1(241027020000S)(00012.345*m3)",
    ];

    #[test]
    fn the_checksum_is_the_catalogued_one() {
        let mut checksum = Checksum(0);
        checksum.add(b"123456789");
        assert_eq!(checksum.0, 0xBB3D);
    }

    #[test]
    fn tariffs_are_added_up_at_the_meters_own_time() {
        let mut winter = DUTCH;
        winter[1] = "0-0:1.0.0(241027023000W)";
        let (what, found) = found(&format!("{}\n{}", telegram(&DUTCH), telegram(&winter)), None);
        assert_eq!(what, "2 telegrams, the counters of what was taken from the grid (1-0:1.8.1 + 1-0:1.8.2)");
        let expected = [
            "1 E0031/ register 2024-10-27T00:30:00Z = 3000750",
            "14 E0031/ register 2024-10-27T01:30:00Z = 3000750",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_total_goes_before_tariffs_and_power_is_read_where_it_is_asked_for() {
        let swedish = ["0-0:1.0.0(240115120000W)", "1-0:1.8.0(00006678.394*kWh)", "1-0:1.7.0(0001.727*kW)"];
        let (what, rows) = found(&telegram(&swedish), None);
        assert_eq!(what, "1 telegrams, the counter of what was taken from the grid (1-0:1.8.0)");
        assert_eq!(rows, ["1 / register 2024-01-15T11:00:00Z = 6678394"]);
        let (_, rows) = found(&telegram(&swedish), Some(Kind::Power));
        assert_eq!(rows, ["1 / power 2024-01-15T11:00:00Z = 1727"]);
        let (_, rows) = found(&telegram(&[swedish[0], swedish[2]]), None);
        assert_eq!(rows, ["1 / power 2024-01-15T11:00:00Z = 1727"]);
    }

    #[test]
    fn a_log_with_line_feeds_only_and_one_without_checksums_are_read() {
        let (_, rows) = found(&telegram(&DUTCH).replace("\r\n", "\n"), None);
        assert_eq!(rows.len(), 1);
        assert!(rows[0].ends_with("= 3000750"), "{rows:?}");
        let without = telegram(&DUTCH);
        let (_, rows) = found(&without[..without.len() - 6], None);
        assert!(rows[0].ends_with("= 3000750"), "{rows:?}");
    }

    #[test]
    fn telegrams_that_are_spoilt_are_left_out_with_a_reason() {
        let whole = telegram(&DUTCH);
        let spoilt = whole.replace("001000.500", "009000.500");
        let broken_off = &whole[..100];
        let timeless = telegram(&DUTCH[2..]);
        let one_tariff = telegram(&[&DUTCH[..4], &DUTCH[5..]].concat());
        let text = format!(
            "{whole}a line of the logger's\n{spoilt}{broken_off}\n{timeless}{one_tariff}{broken_off}"
        );
        let (_, rows) = found(&text, None);
        assert_eq!(rows.len(), 6, "{rows:#?}");
        assert!(rows[1].contains("bad-row: the telegram's checksum is"), "{}", rows[1]);
        assert!(rows[2].ends_with("a telegram that breaks off before its `!`; left out"), "{}", rows[2]);
        assert!(rows[3].ends_with("a telegram without a time (0-0:1.0.0); left out"), "{}", rows[3]);
        assert!(rows[4].contains("missing: the telegram has not the values"), "{}", rows[4]);
        assert!(rows[5].ends_with("breaks off before its `!`; left out"), "{}", rows[5]);
    }

    /// What is told of bytes that come from a port.
    fn heard(telegrams: &mut P1Telegrams, bytes: &[u8], came_ms: Option<i64>) -> Vec<String> {
        let told = |live| match live {
            Live::Sample(LiveSample { at_ms, value, kind, .. }) => format!("{at_ms} {value} {kind}"),
            Live::Poison(why) => why,
            other => format!("{other:?}"),
        };
        let lines = bytes.split(|&byte| byte == b'\n');
        lines.filter_map(|line| telegrams.push(line, came_ms)).map(told).collect()
    }

    #[test]
    fn what_comes_from_a_port_is_read_as_a_log_is() {
        let whole = telegram(&DUTCH);
        let spoilt = whole.replace("001000.500", "009000.500");
        let unsigned = &whole[..whole.len() - 6];
        let wire =
            format!("7*kWh)\r\n{whole}\0\u{fe}{whole}{spoilt}{}\r\n{whole}{unsigned}\n", &whole[..100]);
        let told = heard(&mut P1Telegrams::new(None, false), wire.as_bytes(), None);
        let sample = "1729989000000 3000750 cumulative register";
        assert_eq!(told.len(), 6, "{told:#?}");
        assert_eq!((&*told[0], &*told[1], &*told[4]), (sample, sample, sample));
        assert!(told[2].starts_with("the telegram's checksum is "), "{}", told[2]);
        assert_eq!(told[3], "a telegram that breaks off before its `!`");
        assert!(told[5].starts_with("a telegram whose checksum is missing"), "{}", told[5]);
    }

    #[test]
    fn a_telegram_without_time_or_checksum_counts_when_it_came() {
        let old = "/ISk5\\2ME382-1004\r\n\r\n0-0:96.1.1(4b41)\r\n1-0:1.8.1(00001.000*kWh)\r\n1-0:1.7.0(0000.98*kW)\r\n!\r\n";
        let mut telegrams = P1Telegrams::new(None, false);
        assert_eq!(
            heard(&mut telegrams, old.as_bytes(), Some(1_700_000_000_000)),
            ["1700000000000 1000 cumulative register"]
        );
        assert_eq!(heard(&mut telegrams, old.as_bytes(), None), ["a telegram without a time (0-0:1.0.0)"]);
    }

    #[test]
    fn the_net_is_what_was_taken_less_what_was_given() {
        let mut telegrams = P1Telegrams::new(None, true);
        let told = heard(&mut telegrams, telegram(&DUTCH).as_bytes(), None);
        assert_eq!(told, ["1729989000000 2991750 cumulative register"]);
        let mut telegrams = P1Telegrams::new(None, true);
        let told = heard(&mut telegrams, telegram(&DUTCH[..5]).as_bytes(), None);
        assert!(told[0].starts_with("a telegram that tells of nothing given"), "{told:?}");
    }

    #[test]
    fn a_meter_with_other_registers_is_read_after_some_telegrams() {
        let mut telegrams = P1Telegrams::new(None, false);
        let one_tariff = telegram(&[&DUTCH[..4], &DUTCH[5..]].concat());
        heard(&mut telegrams, one_tariff.as_bytes(), None);
        let told = heard(&mut telegrams, telegram(&DUTCH).repeat(6).as_bytes(), None);
        assert!(told[..5].iter().all(|told| told == NOT_AS_THE_FIRST), "{told:?}");
        assert_eq!(told[5], "1729989000000 3000750 cumulative register");
    }

    #[test]
    fn it_is_known_by_a_telegram_at_its_head() {
        assert!(detect(telegram(&DUTCH).as_bytes()));
        assert!(detect(format!("# my log\n{}", telegram(&DUTCH)).as_bytes()));
        for other in ["", "/", "/usr/bin/python3\n", "/abc5 is a path\ntime,wh\n"] {
            assert!(!detect(other.as_bytes()), "{other}");
        }
    }
}
