//! What well-known devices send, so that nobody has to know its paths and units.
//!
//! | preset | topics | value | source |
//! |---|---|---|---|
//! | `tasmota` | `tele/+/SENSOR` | `ENERGY.Total`, a register in kWh, at `Time`, the device's wall clock | Tasmota's *MQTT* and *Commands* pages: <https://tasmota.github.io/docs/> |
//! | `shelly-em` | `shellies/+/emeter/+/total` | a register in Wh, a bare number; each phase is a meter | Shelly's Gen1 API, *Shelly EM* and *Shelly 3EM: MQTT*: <https://shelly-api-docs.shelly.cloud/gen1/> |
//! | `shelly-relay` | `shellies/+/relay/+/energy` | a register in watt-minutes, a bare number, from 0 again when the device starts | the same, *Shelly1/1PM*, *Shelly Plug/PlugS: MQTT* |
//! | `shelly-gen2` | `+/status/+` | `aenergy.total`, a register in Wh: of `switch:0`, `pm1:0`, `cover:0` and others that measure | Shelly's Gen2+ API, *Switch*: <https://shelly-api-docs.shelly.cloud/gen2/> |
//! | `shelly-gen2-em` | `+/status/emdata:0` | `total_act`, a register in Wh, of all phases | the same, *EM data* |
//! | `zigbee2mqtt` | `zigbee2mqtt/+` | `energy`, a register in kWh | Its *MQTT Topics and Messages* and its devices' pages: <https://www.zigbee2mqtt.io/> |
//! | `zigbee2mqtt-power` | `zigbee2mqtt/+` | `power` in W | the same |
//! | `home-assistant` | must be given: `homeassistant/sensor/meter/state` | a bare number, as `mqtt_statestream` publishes an entity's state; its unit must be given, and kWh is a register | <https://www.home-assistant.io/integrations/mqtt_statestream/> |
//!
//! Shelly's `emeter/0/energy` counts watt-minutes since it was last sent, and is not for this. Gen2+ sends `status` if *Generic status update over MQTT*
//! is on. A Tasmota device whose `Timezone` was never set is an hour or many off: set it, or leave `Time` with `time = ""`.

use knowatt_readings::Unit;

/// Whose messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Tasmota's `SENSOR`.
    Tasmota,
    /// Shelly EM and 3EM, first generation.
    ShellyEm,
    /// Shelly plugs and relays, first generation.
    ShellyRelay,
    /// Shelly from the second generation on: whatever has `aenergy`.
    ShellyGen2,
    /// Shelly's three-phase meters from the second generation on.
    ShellyGen2Em,
    /// Of `zigbee2mqtt`: the counted energy.
    Zigbee2mqtt,
    /// Of `zigbee2mqtt`: the power.
    Zigbee2mqttPower,
    /// Home Assistant's `mqtt_statestream`.
    HomeAssistant,
}

/// What a preset says.
pub(super) struct Row {
    pub(super) filter: Option<&'static str>,
    pub(super) value: Option<&'static str>,
    pub(super) unit: Option<Unit>,
    pub(super) time: Option<&'static str>,
    pub(super) meter_level: Option<i32>,
}

impl Preset {
    /// All.
    pub const ALL: [Self; 8] = [
        Self::Tasmota,
        Self::ShellyEm,
        Self::ShellyRelay,
        Self::ShellyGen2,
        Self::ShellyGen2Em,
        Self::Zigbee2mqtt,
        Self::Zigbee2mqttPower,
        Self::HomeAssistant,
    ];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tasmota => "tasmota",
            Self::ShellyEm => "shelly-em",
            Self::ShellyRelay => "shelly-relay",
            Self::ShellyGen2 => "shelly-gen2",
            Self::ShellyGen2Em => "shelly-gen2-em",
            Self::Zigbee2mqtt => "zigbee2mqtt",
            Self::Zigbee2mqttPower => "zigbee2mqtt-power",
            Self::HomeAssistant => "home-assistant",
        }
    }

    pub(super) const fn row(self) -> Row {
        let (filter, value, unit) = match self {
            Self::Tasmota => ("tele/+/SENSOR", "ENERGY.Total", Unit::KWh),
            Self::ShellyEm => ("shellies/+/emeter/+/total", "", Unit::Wh),
            Self::ShellyRelay => ("shellies/+/relay/+/energy", "", Unit::Wmin),
            Self::ShellyGen2 => ("+/status/+", "aenergy.total", Unit::Wh),
            Self::ShellyGen2Em => ("+/status/emdata:0", "total_act", Unit::Wh),
            Self::Zigbee2mqtt => ("zigbee2mqtt/+", "energy", Unit::KWh),
            Self::Zigbee2mqttPower => ("zigbee2mqtt/+", "power", Unit::W),
            Self::HomeAssistant => {
                return Row { filter: None, value: None, unit: None, time: None, meter_level: Some(-2) };
            }
        };
        let value = if value.is_empty() { None } else { Some(value) };
        let time = if matches!(self, Self::Tasmota) { Some("Time") } else { None };
        Row { filter: Some(filter), value, unit: Some(unit), time, meter_level: None }
    }
}

impl std::str::FromStr for Preset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|preset| preset.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.map(Self::name).into();
            format!("`{text}` is none of {}", names.join(", "))
        })
    }
}
