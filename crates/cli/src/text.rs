//! Numbers, dates and colours as people read them.

use anstyle::{AnsiColor, Color, Effects, RgbColor, Style};
use jiff::{Timestamp, tz::TimeZone};

pub(crate) const BOLD: Style = Style::new().effects(Effects::BOLD);
pub(crate) const DIM: Style = Style::new().effects(Effects::DIMMED);
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();

/// 2160 as 2,160.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Wh without decimals: 1,520 Wh.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, and Wh are not negative"
)]
pub(crate) fn wh(wh: f64) -> String {
    format!("{} Wh", grouped(wh.round() as u64))
}

/// `1 gap`, `2 gaps`.
pub(crate) fn counted(count: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A local date.
pub(crate) fn date(instant: Timestamp, zone: &TimeZone) -> String {
    zone.to_datetime(instant).date().to_string()
}

/// The colour of a score: green within normal, amber near its edge, red above.
pub(crate) fn score_style(score: f64) -> Style {
    let (r, g, b) = match score {
        s if s > 1.0 => {
            return Style::new().fg_color(Some(AnsiColor::BrightRed.into())).effects(Effects::BOLD);
        }
        s if s > 0.75 => (0xd7, 0x87, 0x00),
        s if s >= 0.0 => (0x3a, 0x9d, 0x5d),
        _ => return DIM,
    };
    Style::new().fg_color(Some(Color::Rgb(RgbColor(r, g, b))))
}
