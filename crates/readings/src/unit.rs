//! Units, and what kind of quantity a column holds. Never guessed: a name says it, or a flag does.

use std::{fmt, str::FromStr};

/// Words that make a column one of money or rates, whatever unit stands beside them.
const NOT_ENERGY: [&str; 16] = [
    "per", "price", "cost", "costs", "rate", "tariff", "charge", "eur", "usd", "gbp", "aud", "chf", "ct",
    "cent", "cents", "pence",
];

/// Which way energy goes between the grid and the home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Flow {
    /// From the grid.
    Taken,
    /// Back to the grid.
    Given,
}

/// A unit of energy or power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Watt-hours.
    Wh,
    /// Kilowatt-hours.
    KWh,
    /// Watts.
    W,
    /// Kilowatts.
    KW,
    /// Watt-minutes, as the relays and plugs of Shelly's first generation count.
    Wmin,
}

impl Unit {
    /// Every unit.
    pub const ALL: [Self; 5] = [Self::Wh, Self::KWh, Self::W, Self::KW, Self::Wmin];

    /// How it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wh => "Wh",
            Self::KWh => "kWh",
            Self::W => "W",
            Self::KW => "kW",
            Self::Wmin => "Wmin",
        }
    }

    /// How many Wh (or W) one of it is.
    pub const fn factor(self) -> f64 {
        match self {
            Self::Wh | Self::W => 1.0,
            Self::KWh | Self::KW => 1000.0,
            Self::Wmin => 1.0 / 60.0,
        }
    }

    /// What a column in this unit holds unless it is said to be a register.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Wh | Self::KWh | Self::Wmin => Kind::Energy,
            Self::W | Self::KW => Kind::Power,
        }
    }

    /// The unit that a column's name ends with or holds as a word of its own: `energy_kwh`, `Usage (kWh)`.
    ///
    /// A name that tells of money or of a rate (`price_eur_per_kwh`, `ct/kWh`) names no unit of energy.
    pub fn in_name(name: &str) -> Option<Self> {
        let lower = name.to_lowercase();
        let words = || lower.split(|c: char| !c.is_alphanumeric());
        let is_rate = lower.contains(['/', '€', '$', '£']) || words().any(|word| NOT_ENERGY.contains(&word));
        if is_rate {
            return None;
        }
        words().rev().find_map(|word| match word {
            "wmin" | "wattminute" | "wattminutes" => Some(Self::Wmin),
            "wh" | "watthour" | "watthours" => Some(Self::Wh),
            "kwh" | "kilowatthour" | "kilowatthours" => Some(Self::KWh),
            "w" | "watt" | "watts" => Some(Self::W),
            "kw" | "kilowatt" | "kilowatts" => Some(Self::KW),
            _ => None,
        })
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Unit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|unit| unit.name().eq_ignore_ascii_case(text));
        found.ok_or_else(|| format!("`{text}` is none of Wh, kWh, W, kW, Wmin"))
    }
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The energy used in the interval that starts at the row's time.
    Energy,
    /// The power at the row's time, which stands until the next row.
    Power,
    /// A counter that only rises: the energy used so far.
    Register,
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "energy" => Ok(Self::Energy),
            "power" => Ok(Self::Power),
            "register" => Ok(Self::Register),
            _ => Err(format!("`{text}` is none of energy, power, register")),
        }
    }
}

impl Kind {
    /// The kind that a field's name says in a word, as `register_wh` does.
    pub(crate) fn in_name(name: &str) -> Option<Self> {
        name.split(|c: char| !c.is_alphanumeric())
            .any(|word| word.eq_ignore_ascii_case("register"))
            .then_some(Self::Register)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Energy => "energy per interval",
            Self::Power => "power",
            Self::Register => "cumulative register",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_found_as_a_word_of_a_name_and_nowhere_else() {
        let names = [
            ("wh", Some(Unit::Wh)),
            ("energy_kwh", Some(Unit::KWh)),
            ("Usage (kWh)", Some(Unit::KWh)),
            ("Electricity 1 [W]", Some(Unit::W)),
            ("power.kW", Some(Unit::KW)),
            ("relay_wmin", Some(Unit::Wmin)),
            ("Global_active_power", None),
            ("weather", None),
            ("price_eur_per_kwh", None),
            ("ct/kWh", None),
            ("Tariff (kWh)", None),
            ("what", None),
            ("", None),
        ];
        for (name, unit) in names {
            assert_eq!(Unit::in_name(name), unit, "{name}");
        }
    }
}
