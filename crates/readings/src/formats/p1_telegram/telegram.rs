//! One telegram: the values of its lines, and its checksum.

use jiff::{civil::DateTime, tz::Offset};

use crate::{clock::Millis, unit::Kind};

/// The set of registers that holds only the total.
pub(super) const TOTAL: u8 = 1;

/// What is known of a telegram so far.
#[derive(Debug)]
pub(super) struct Telegram {
    pub(super) line: u64,
    pub(super) at: Option<Millis>,
    pub(super) meter: Vec<u8>,
    pub(super) taken: Values,
    pub(super) given: Values,
    pub(super) checksum: Checksum,
}

impl Telegram {
    pub(super) fn new(line: u64) -> Self {
        let (meter, checksum) = (Vec::new(), Checksum(0));
        Self { line, at: None, meter, taken: Values::default(), given: Values::default(), checksum }
    }

    pub(super) fn line(&mut self, text: &[u8]) {
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
pub(super) struct Values {
    /// The counter of all tariffs, then those of each, in Wh.
    pub(super) counters_wh: [Option<f64>; 5],
    pub(super) power_w: Option<f64>,
}

impl Values {
    /// Which registers there are, a bit each, and what they show together, in Wh.
    pub(super) fn registers(&self) -> Option<(u8, f64)> {
        if let Some(total) = self.counters_wh[0] {
            return Some((TOTAL, total));
        }
        let tariffs = || (0_u8..).zip(self.counters_wh).filter_map(|(at, wh)| Some((at, wh?)));
        let set = tariffs().fold(0, |set, (at, _)| set | 1 << at);
        (set != 0).then(|| (set, tariffs().map(|(_, wh)| wh).sum()))
    }

    /// The power, or what a set of registers shows.
    pub(super) fn shown(&self, kind: Kind, set: u8) -> Option<f64> {
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
pub(super) struct Checksum(pub(super) u16);

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
    pub(super) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let [low, _] = self.0.to_le_bytes();
            self.0 = self.0 >> 8 ^ OF_BYTE[usize::from(low ^ byte)];
        }
    }
}
