//! What `knowatt measure` puts on a topic.

/// A meter's value at a time, as `knowatt measure` writes it to a topic.
///
/// As JSON `{"timestamp": 1536343200000, "meter": "home", "power_w": 230.5}`, with `energy_wh` or `register_wh` in place of `power_w`, and
/// `hour` where there is one; an hour as in the talk is `{"timestamp": …, "meter": "home", "hour": 4, "kwh": 310.5, "wh": 310.5}`. That is what `knowatt watch` and `knowatt train` read without being told more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading<'r> {
    /// In ms since 1970; of energy the start of its interval.
    pub timestamp_ms: i64,
    /// The meter.
    pub meter: &'r str,
    /// The value.
    pub quantity: Quantity,
    /// The local hour, of energy that is that hour's; of others it is not written.
    pub hour: Option<u8>,
}

/// A value, its kind and its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quantity {
    /// The energy of an interval.
    EnergyWh(f64),
    /// The power at a time.
    PowerW(f64),
    /// What was counted up to a time.
    RegisterWh(f64),
    /// The energy of a local hour, as in the talk: its field `kwh` holds Wh. `wh` beside it says so.
    HourWh(f64),
}

impl Quantity {
    pub(crate) fn value(self) -> f64 {
        match self {
            Self::EnergyWh(value) | Self::PowerW(value) | Self::RegisterWh(value) | Self::HourWh(value) => {
                value
            }
        }
    }

    /// The field's name.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::EnergyWh(_) => "energy_wh",
            Self::PowerW(_) => "power_w",
            Self::RegisterWh(_) => "register_wh",
            Self::HourWh(_) => "wh",
        }
    }
}
