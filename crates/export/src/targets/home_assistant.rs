//! `home-assistant`: a package in YAML with a sensor, a binary sensor and an automation.
//!
//! For Home Assistant 2023.9 and later: since then a trigger-based template entity has an `action`, in which all scores are
//! found at once (*Release notes 2023.9*, *Template: trigger-based entities*). All its numbers are Python's, and YAML's and Jinja's literals are
//! read exactly, so the arithmetic is written as it stands in `knowatt_score::Curve`.
//!
//! - A reading is the difference of what the energy sensor said at the two ends of the hour, so it is of that hour or of none:
//!   none if the sensor was not there, began anew, or Home Assistant was not running at one of them. Its unit is read.
//! - What has to be remembered lies in attributes of the binary sensor, which is always on or off and so is always restored.
//! - YAML 1.1 takes a number for a float only with a dot, and with a sign if it has an exponent.
//! - No score is `none`, and the sensor unavailable.

use std::fmt::Write as _;

use knowatt_score::{DayClasses, Feature};

use super::Target;
use crate::{
    clock::Clock,
    error::Error,
    export::{Export, FeatureCurves},
    template::fill,
};

const PACKAGE: &str = include_str!("../../templates/package.yaml");

pub(super) struct HomeAssistant;

impl Target for HomeAssistant {
    fn name(&self) -> &'static str {
        "home-assistant"
    }

    fn summary(&self) -> &'static str {
        "a package for Home Assistant: sensors of the score, and a notification"
    }

    fn extension(&self) -> &'static str {
        "yaml"
    }

    fn export(&self, export: &Export<'_>) -> Result<Vec<u8>, Error> {
        let Clock { spans, day_classes, holidays } = &export.clock;
        let day = match day_classes {
            DayClasses::None => "0",
            DayClasses::DayType => "(1 if (ns.date + 3) % 7 >= 5 or ns.date in holidays else 0)",
            DayClasses::DayOfWeek => "((ns.date + 3) % 7)",
            DayClasses::DayOfMonth => "(as_datetime(ns.date * 86400).day - 1)",
        };
        let heading: String = export.heading().map(|line| format!("# {line}\n")).concat();
        let normal = export.level().cells.iter().map(|cell| {
            let [from, to] = [0.0, 1.0].map(|score| number(cell.curve.wh(score)));
            format!("            - [{from}, {to}]\n")
        });
        let features = export.features().iter().map(|set| feature(export, set)).collect::<String>();
        let text = fill(
            PACKAGE,
            &[
                ("HEADING", heading.trim_end()),
                ("SPANS_FROM", &list(spans.iter().map(|span| span.from_s))),
                ("SPANS_OFFSET", &list(spans.iter().map(|span| span.offset_s))),
                ("HOLIDAYS", &list(holidays)),
                ("NORMAL", normal.collect::<String>().trim_end()),
                ("FEATURES", features.trim_end()),
                ("DAY", day),
                ("END_S", &Clock::END_S.to_string()),
                ("MOST", &format!("{:?}", f64::MAX)),
                ("KEPT", &hours_kept(export).to_string()),
                ("SLUG", &slug(export.name.lower())),
                ("NAME", &format!("\"{}\"", export.name)),
            ],
        );
        Ok(text.into_bytes())
    }

    fn explain(&self, export: &Export<'_>, file: &str) -> String {
        let slug = slug(export.name.lower());
        format!(
            "{file} is a package for Home Assistant 2023.9 and later. Put the sensor that counts your energy in the line marked EDIT:\n\
             \n\
             sed -i '/EDIT/s/sensor.energy_total/sensor.YOUR_ENERGY/' {file}\n\
             \n\
             Copy it to the folder packages beside configuration.yaml, and have that folder read by these lines of configuration.yaml:\n\
             \n\
             homeassistant:\n  packages: !include_dir_named packages\n\
             \n\
             Check the configuration and restart (Developer tools, YAML). From the second full hour on there are\n\
             \n\
             sensor.{slug}          the score, with its parts and what is normal as attributes\n\
             binary_sensor.{slug}   on while the score is above 1.0\n\
             \n\
             and a notification when that begins. To have it on a phone, take the # off the last lines of the file.\n\
             If the score stays unavailable, look at the attribute counter of the binary sensor: it is what your meter says, in Wh.\n"
        )
    }
}

/// How many hours, the newest included, the model looks at.
fn hours_kept(export: &Export<'_>) -> u8 {
    let hours = export.features().iter().map(|set| match set.feature {
        Feature::Level => 1,
        Feature::Floor { hours } => hours,
        Feature::Step => 2,
        Feature::Rise { hours } => 24 + hours,
    });
    hours.max().unwrap_or(1)
}

/// What Home Assistant makes of a name for the entity (`homeassistant.util.slugify`).
fn slug(lower: &str) -> String {
    let words: Vec<_> = lower.split('_').filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "unknown".to_owned() } else { words.join("_") }
}

/// The inside of a list.
fn list(items: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

/// A number that YAML 1.1 takes for a float.
fn number(number: f64) -> String {
    let text = format!("{number:?}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let dot = if digits.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with('-') { "" } else { "+" };
    format!("{digits}{dot}e{sign}{exponent}")
}

/// The curves of a feature, a cell a line.
fn feature(export: &Export<'_>, set: &FeatureCurves<'_>) -> String {
    let (kind, hours) = match set.feature {
        Feature::Level => ("level", 1),
        Feature::Floor { hours } => ("floor", hours),
        Feature::Step => ("step", 1),
        Feature::Rise { hours } => ("rise", hours),
    };
    let mut text = format!(
        "            - name: {}\n              kind: {kind}\n              hours: {hours}\n              curves:\n",
        set.feature
    );
    for cell in &set.cells {
        let wh = list(cell.knots().iter().map(|knot| number(knot.wh)));
        let scores = list(cell.knots().iter().map(|knot| number(knot.score)));
        let day = export.clock.day_classes.class_name(cell.slot.day).unwrap_or_default();
        // Writing to a String cannot fail.
        _ = writeln!(text, "                - [[{wh}], [{scores}]]  # {day} {:02}:00", cell.slot.hour);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_dot_and_the_sign_that_yaml_wants() {
        let numbers = [0.0, -0.25, 1e-7, 2.5e-9, 1e16, 1e300];
        assert_eq!(numbers.map(number), ["0.0", "-0.25", "1.0e-7", "2.5e-9", "1.0e+16", "1.0e+300"]);
    }

    #[test]
    fn an_entity_is_called_what_home_assistant_calls_it() {
        for (name, entity) in [("anomoly_power", "anomoly_power"), ("_x__1_", "x_1"), ("__", "unknown")] {
            assert_eq!(slug(name), entity);
        }
    }
}
