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
    let mut telegram: Option<Telegram> = None;
    let mut reader = Reader { asked: kind, net, first: None, given: None, telegrams: 0 };
    while lines.next()? {
        let (line, text) = (lines.number(), lines.text());
        if is_start(text) {
            break_off(telegram.replace(Telegram::new(line)), sink);
        }
        let Some(open) = &mut telegram else { continue };
        if let Some(checksum) = text.strip_prefix(b"!") {
            open.checksum.add(b"!");
            reader.take(open, checksum, sink)?;
            telegram = None;
        } else {
            open.checksum.add(text);
            open.checksum.add(b"\r\n");
            open.line(text);
        }
    }
    break_off(telegram, sink);
    Ok(reader.understood())
}

fn break_off(telegram: Option<Telegram>, sink: &mut dyn Sink) {
    if let Some(telegram) = telegram {
        sink.bad_row(telegram.line, &|| "a telegram that breaks off before its `!`; left out".to_owned());
    }
}

/// What is read of the telegrams.
struct Reader {
    asked: Option<Kind>,
    net: bool,
    /// The first telegram's kind and registers; a telegram with other registers would give another sum.
    first: Option<(Kind, u8)>,
    /// The first telegram's registers of what is given; of those of power 0.
    given: Option<u8>,
    telegrams: u64,
}

impl Reader {
    fn take(&mut self, telegram: &Telegram, checksum: &[u8], sink: &mut dyn Sink) -> Result<(), Error> {
        self.telegrams += 1;
        let line = telegram.line;
        let checksum = checksum.trim_ascii();
        let expected = format!("{:04X}", telegram.checksum.0);
        if !checksum.is_empty() && !checksum.eq_ignore_ascii_case(expected.as_bytes()) {
            let found = show(checksum);
            sink.bad_row(line, &|| {
                format!("the telegram's checksum is {expected}, not {found} as it says; left out")
            });
            return Ok(());
        }
        let Some(at) = telegram.at else {
            sink.bad_row(line, &|| "a telegram without a time (0-0:1.0.0); left out".to_owned());
            return Ok(());
        };
        let found = match (telegram.taken.registers(), telegram.taken.power_w) {
            (Some((set, _)), _) if self.asked != Some(Kind::Power) => Some((Kind::Register, set)),
            (_, Some(_)) => Some((Kind::Power, 0)),
            _ => None,
        };
        let Some(read) = self.first.or(found) else {
            sink.bad_row(line, &|| "a telegram without a counter (1-0:1.8) or a power; left out".to_owned());
            return Ok(());
        };
        self.first = Some(read);
        telegram.hand_over(Flow::Taken, read, at, sink)?;
        if self.net {
            let set = match read.0 {
                Kind::Power => telegram.given.power_w.map(|_| 0),
                _ => telegram.given.registers().map(|(set, _)| set),
            };
            self.given = self.given.or(set);
            if let Some(set) = self.given {
                return telegram.hand_over(Flow::Given, (read.0, set), at, sink);
            }
        }
        Ok(())
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

/// What is known of a telegram so far.
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

    /// Hands over what is read of it: the power, or what a set of registers shows.
    fn hand_over(
        &self,
        flow: Flow,
        (kind, set): (Kind, u8),
        at: Millis,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let (meter, line) = (self.meter.as_slice(), self.line);
        let series =
            Series { meter, register: b"", flow, kind, kind_given: true, factor: 1000.0, cadence: None };
        let values = if flow == Flow::Given { &self.given } else { &self.taken };
        let value = match kind {
            Kind::Power => values.power_w,
            _ => values.registers().filter(|found| found.0 == set).map(|(_, wh)| wh),
        };
        match value {
            Some(value) => sink.reading(series, line, at, value),
            None => sink.missing(series, line, at, &|| {
                "the telegram has not the values that the first one had; left out".to_owned()
            }),
        }
    }
}

/// What a telegram says of one direction.
#[derive(Default)]
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

    #[test]
    fn it_is_known_by_a_telegram_at_its_head() {
        assert!(detect(telegram(&DUTCH).as_bytes()));
        assert!(detect(format!("# my log\n{}", telegram(&DUTCH)).as_bytes()));
        for other in ["", "/", "/usr/bin/python3\n", "/abc5 is a path\ntime,wh\n"] {
            assert!(!detect(other.as_bytes()), "{other}");
        }
    }
}
