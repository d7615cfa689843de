//! `[measure]`.

use std::{fmt, path::PathBuf, str::FromStr};

use serde::{Deserialize, Deserializer, de::Error as _};

/// `[measure]`; the topic, its format and its client are those of `[sink]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct MeasureConfig {
    /// The home's time zone: of times without an offset, and of hours.
    pub tz: Option<String>,
    /// Whether whole hours are made of what comes.
    pub hourly: bool,
    /// The file in which readings wait for the broker.
    pub buffer: Option<PathBuf>,
    /// How much it may hold.
    pub buffer_size: Option<Size>,
}

/// A number of bytes, as `100MB` or `64kB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

/// An empty database has some pages already.
const LEAST_BYTES: u64 = 100_000;

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let factor = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => Some(1),
            "k" | "kb" => Some(1_000),
            "m" | "mb" => Some(1_000_000),
            "g" | "gb" => Some(1_000_000_000),
            _ => None,
        };
        let bytes = factor.and_then(|factor: u64| number.parse::<u64>().ok()?.checked_mul(factor));
        let bytes = bytes.filter(|bytes| *bytes >= LEAST_BYTES);
        bytes.map(Self).ok_or_else(|| format!("`{text}` is not a size of 100kB or more, such as 100MB"))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes >= 1_000_000 => write!(f, "{} MB", bytes / 1_000_000),
            bytes => write!(f, "{} kB", bytes / 1000),
        }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_unit_or_is_in_bytes() {
        let sizes = ["100MB", "640 kB", "2g", "409600", "100KB"].map(|text| text.parse::<Size>().unwrap().0);
        assert_eq!(sizes, [100_000_000, 640_000, 2_000_000_000, 409_600, 100_000]);
        for wrong in ["", "20kB", "MB", "1.5MB", "-1", "1TB", "99999999999999999999", "18446744073709551615k"]
        {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }
}
